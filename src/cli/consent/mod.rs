//! `credence consent`

mod import;
mod named;
mod terms;

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::configured;
use crate::config::Config;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::Grantees;
use crate::gateway;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedConsent;
use crate::gateway::control::PatientName;

pub use import::Import;
pub use terms::Deny;
pub use terms::Grant;
pub use terms::Terms;

/// Grant, deny, import, revoke and list consents of patients
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Consent {
    /// Record that a patient permits institutions to receive images
    ///
    /// Prints the number of the consent, which revoke takes. Whatever is not named is not restricted:
    /// without --modality, images of every modality are meant.
    Grant(Grant),
    /// Record that a patient objects: institutions may not receive images
    ///
    /// A denial outweighs every grant. Prints its number, which revoke takes. Whatever is not named is
    /// not restricted: without --to no other institution may receive, without --purpose for no purpose.
    Deny(Deny),
    /// Record what Consent resources of HL7 FHIR R4 say
    ///
    /// All of the files, or nothing: whatever cannot be expressed or is not understood is told with its
    /// FHIR path, why, and what to do.
    Import(Import),
    /// Record that a consent or a denial no longer holds
    Revoke(Revoke),
    /// List the consents and denials that hold
    List(List),
}

/// Arguments of `credence consent revoke`.
#[derive(Args, Debug)]
pub struct Revoke {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The number of the consent, as grant and list print it
    #[arg(value_name = "CONSENT")]
    pub consent: u64,
    /// Who records it; the name of the user of this process if absent
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `credence consent list`.
#[derive(Args, Debug)]
pub struct List {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Only those of this Patient ID (0010,0020)
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER", requires = "patient")]
    pub issuer: Option<String>,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Consent, out: &mut dyn Write) -> io::Result<Exit> {
    let (file, json, command) = match arguments {
        Consent::Grant(grant) => (&grant.terms.config, grant.terms.json, grant.command()),
        Consent::Deny(deny) => (&deny.terms.config, deny.terms.json, deny.command()),
        Consent::Import(import) => return import::run(import, out),
        Consent::Revoke(revoke) => (&revoke.config, revoke.json, revoke.command()),
        Consent::List(list) => (&list.config, list.json, list.command()),
    };
    let config = match configured(file) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answers = runtime.block_on(ask(config, vec![command]))?;
    for answer in answers {
        match answer {
            Answer::Recorded { entry } if json => {
                let recorded = serde_json::json!({ "entry": entry, "consent": entry });
                writeln!(out, "{recorded}")?;
            }
            Answer::Recorded { entry } => match arguments {
                Consent::Grant(_) => writeln!(out, "consent {entry} recorded")?,
                Consent::Deny(_) => writeln!(out, "denial {entry} recorded")?,
                Consent::Import(_) | Consent::Revoke(_) | Consent::List(_) => {
                    writeln!(out, "recorded as entry {entry}")?;
                }
            },
            Answer::Consents { consents } if json => {
                writeln!(out, "{}", serde_json::to_string(&consents)?)?;
            }
            Answer::Consents { consents } => {
                for consent in &consents {
                    print(out, consent)?;
                }
            }
            Answer::Refused { reason } => {
                writeln!(io::stderr(), "credence: {reason}")?;
                return Ok(Exit::Failure);
            }
        }
    }
    Ok(Exit::Success)
}

/// The answers to `commands`, in their order, up to the first refusal: by way of the running
/// gateway, else on the folder itself.
async fn ask(config: Config, commands: Vec<Command>) -> io::Result<Vec<Answer>> {
    let data_dir: &Path = &config.gateway.data_dir;
    let mut answers = Vec::with_capacity(commands.len());
    for command in &commands {
        let answer = match gateway::control::send(data_dir, command).await {
            Ok(Some(answer)) => answer,
            Ok(None) if answers.is_empty() => return edit(&config, commands).await,
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
    Ok(answers)
}

/// On the folder itself: no gateway runs on it.
async fn edit(config: &Config, commands: Vec<Command>) -> io::Result<Vec<Answer>> {
    let editing = match gateway::edit(config) {
        Ok(editing) => editing,
        Err(error) => return Ok(vec![refused(error.to_string())]),
    };
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = gateway::control::perform(&editing.recorder(), command).await;
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

fn print(out: &mut dyn Write, listed: &ListedConsent) -> io::Result<()> {
    let terms = &listed.terms;
    let effect = match terms.effect {
        Effect::Grant => "grants",
        Effect::Deny => "denies",
    };
    let to = match &terms.grantees {
        Grantees::Any => "any institution".to_owned(),
        Grantees::Named(names) => joined(names),
    };
    let until = terms
        .valid_until
        .map_or_else(|| "revoked".to_owned(), |until| until.to_string());
    writeln!(
        out,
        "{}  patient {} {effect} {to} {} until {until}",
        listed.consent,
        terms.patient,
        joined(&terms.purposes),
    )
}

fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}

/// Who is at the keyboard, where nobody is named.
fn by(name: Option<&String>) -> String {
    name.cloned()
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| "unknown".to_owned())
}

impl Revoke {
    fn command(&self) -> Command {
        Command::ConsentRevoke {
            consent: ConsentId(self.consent),
            by: by(self.by.as_ref()),
        }
    }
}

impl List {
    fn command(&self) -> Command {
        Command::ConsentList {
            patient: self.patient.as_ref().map(|id| PatientName {
                id: id.clone(),
                issuer: self.issuer.clone().unwrap_or_default(),
            }),
        }
    }
}
