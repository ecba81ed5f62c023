//! What commands have in common that speak with a gateway: a configuration, somebody who speaks,
//! and an answer.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::admin;
use crate::cli::Exit;
use crate::cli::configured;
use crate::config::Config;
use crate::gateway;
use crate::gateway::Editing;
use crate::gateway::GatewayError;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Whose gateway, and how the answer is printed.
#[derive(Args, Clone, Debug)]
pub struct Desk {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Who records what somebody said.
#[derive(Args, Clone, Debug)]
pub struct Speaker {
    /// Who records it; if absent, what the environment variable USER says, else the user's number
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// Who answers for what needs two persons. Never taken from the environment: several persons may
/// share an account.
#[derive(Args, Clone, Debug)]
pub struct Accountable {
    /// Who does this; must be named, as another person has to do what comes before or after
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

impl Accountable {
    /// The name.
    pub fn name(&self) -> String {
        self.by.clone()
    }
}

/// A patient.
#[derive(Args, Clone, Debug)]
pub struct Patient {
    /// The Patient ID (0010,0020)
    #[arg(long, value_name = "ID")]
    pub patient: String,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER")]
    pub issuer: Option<String>,
}

impl Patient {
    /// The patient's name, as the gateway takes it.
    pub fn name(&self) -> PatientName {
        PatientName {
            id: self.patient.clone(),
            issuer: self.issuer.clone().unwrap_or_default(),
        }
    }
}

impl Speaker {
    /// Who is at the keyboard, where nobody is named.
    pub fn name(&self) -> String {
        let user = || std::env::var("USER").ok();
        self.by
            .clone()
            .or_else(user)
            .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
    }
}

impl Desk {
    /// Puts `command` to the gateway that runs, else to its folder, and has `print` write the
    /// answer to `out`.
    ///
    /// # Errors
    /// When `out` cannot be written, or a running gateway does not answer.
    pub fn ask(
        &self,
        out: &mut dyn Write,
        command: Command,
        print: impl FnOnce(&mut dyn Write, &Answer) -> io::Result<()>,
    ) -> io::Result<Exit> {
        let answer = match self.answer(command)? {
            Ok(answer) => answer,
            Err(exit) => return Ok(exit),
        };
        if self.json {
            writeln!(out, "{}", content(&answer)?)?;
        } else {
            print(out, &answer)?;
        }
        Ok(Exit::Success)
    }

    /// The answer of the gateway, or what to exit with; why has then been told.
    ///
    /// # Errors
    /// When a running gateway does not answer.
    pub fn answer(&self, command: Command) -> io::Result<Result<Answer, Exit>> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(Err(exit)),
        };
        match answer(&config, command)? {
            Answer::Refused { reason } => {
                writeln!(io::stderr(), "credence: {reason}")?;
                Ok(Err(Exit::Failure))
            }
            answer => Ok(Ok(answer)),
        }
    }

    /// Records a change and says which entry holds it.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub fn record(&self, out: &mut dyn Write, change: Change, by: String) -> io::Result<Exit> {
        self.ask(
            out,
            Command::Change { change, by },
            |out, answer| match answer {
                Answer::Recorded { entry } => writeln!(out, "recorded as entry {entry}"),
                other => Err(unexpected(other)),
            },
        )
    }
}

/// What an answer holds, for a script: a list by itself, anything else as an object.
fn content(answer: &Answer) -> io::Result<serde_json::Value> {
    let mut value = serde_json::to_value(answer)?;
    if let Some(object) = value.as_object_mut() {
        object.remove("answer");
        if let [only] = object.values().collect::<Vec<_>>()[..]
            && !only.is_number()
        {
            return Ok(only.clone());
        }
    }
    Ok(value)
}

/// An answer to another question than the one that was put.
pub fn unexpected(answer: &Answer) -> io::Error {
    io::Error::other(format!("the gateway answered something else: {answer:?}"))
}

/// The answer of the gateway that runs on the folder, else of the folder itself.
///
/// # Errors
/// As [`answers`].
pub fn answer(config: &Config, command: Command) -> io::Result<Answer> {
    let mut answers = answers(config, vec![command])?;
    answers.pop().ok_or_else(|| io::Error::other("no answer"))
}

/// The answers to `commands`, in their order, up to the first refusal: by way of the running
/// gateway, else on the folder itself.
///
/// # Errors
/// When a running gateway does not answer, or the ledger could not be closed.
pub fn answers(config: &Config, commands: Vec<Command>) -> io::Result<Vec<Answer>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(ask(config, commands))
}

/// A gateway that starts has taken the folder before its socket is there: how often it is looked for,
const SOCKET_LOOKS: u32 = 50;
/// and after how long each time.
const SOCKET_LOOK: Duration = Duration::from_millis(100);

async fn ask(config: &Config, commands: Vec<Command>) -> io::Result<Vec<Answer>> {
    let mut looks = 0;
    loop {
        if let Some(answers) = by_socket(config, &commands).await? {
            return Ok(answers);
        }
        match open(config, &commands) {
            Ok(editing) => return edit(editing, commands).await,
            Err(error) if error.is_held() && looks < SOCKET_LOOKS => {
                looks = looks.saturating_add(1);
                tokio::time::sleep(SOCKET_LOOK).await;
            }
            Err(error) => return Ok(vec![refused(error.to_string())]),
        }
    }
}

/// By way of the gateway that runs; `None`: none answers on the socket.
async fn by_socket(config: &Config, commands: &[Command]) -> io::Result<Option<Vec<Answer>>> {
    let data_dir: &Path = &config.gateway.data_dir;
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = match admin::send(data_dir, command).await {
            Ok(Some(answer)) => answer,
            Ok(None) if answers.is_empty() => return Ok(None),
            Err(error) if answers.is_empty() => return Err(error),
            // What was recorded is to be told, not only that this went wrong.
            Ok(None) => refused("the gateway has ended".to_owned()),
            Err(error) => refused(error.to_string()),
        };
        let is_refused = matches!(answer, Answer::Refused { .. });
        answers.push(answer);
        if is_refused {
            break;
        }
    }
    Ok(Some(answers))
}

/// Opens the folder itself: no gateway runs on it.
fn open(config: &Config, commands: &[Command]) -> Result<Editing, GatewayError> {
    match commands.iter().any(Command::is_a_change) {
        true => gateway::edit(config),
        false => gateway::look(config),
    }
}

async fn edit(mut editing: Editing, commands: Vec<Command>) -> io::Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = editing.perform(command).await;
        let is_refused = matches!(answer, Answer::Refused { .. });
        answers.push(answer);
        if is_refused {
            break;
        }
    }
    match editing.close().await {
        Ok(()) => Ok(answers),
        Err(error) => Err(io::Error::other(error)),
    }
}

const fn refused(reason: String) -> Answer {
    Answer::Refused { reason }
}

/// Reads a day of the form 2026-01-31.
///
/// # Errors
/// When it is written otherwise, or there is no such day.
pub fn day(text: &str) -> Result<Day, String> {
    let digits: String = text.split('-').collect();
    Day::from_dicom(&digits)
        .filter(|day| day.to_string() == text)
        .ok_or_else(|| "a day is written as 2026-01-31".to_owned())
}

/// Reads a moment: a day, or a time in UTC as 2026-01-31T12:00:00Z.
///
/// # Errors
/// When it is written otherwise.
pub fn moment(text: &str) -> Result<UtcMicros, String> {
    if let Ok(day) = day(text) {
        return Ok(begins(day));
    }
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed
        .map(|at| UtcMicros(at.as_microsecond()))
        .map_err(|_| "a moment is written as 2026-01-31 or 2026-01-31T12:00:00Z".to_owned())
}

/// The first moment of `day`.
pub fn begins(day: Day) -> UtcMicros {
    UtcMicros(i64::from(day.0).saturating_mul(DAY_MICROS))
}

/// Texts with commas between.
pub fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(day("1970-01-02"), Ok(Day(1)));
        for text in ["19700102", "1970-1-2", "1970-01-32", "1970-0102", ""] {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_day_or_a_time() {
        assert_eq!(moment("1970-01-02"), Ok(UtcMicros(DAY_MICROS)));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(UtcMicros(1_000_000)));
        for text in ["yesterday", "1970-01-01 00:00", ""] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
