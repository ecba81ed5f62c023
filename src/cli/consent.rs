//! `credence consent`

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
use crate::contract::Giver;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::gateway;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::ListedConsent;
use crate::gateway::control::PatientName;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Grant, revoke and list consents of patients
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
    /// Record that a consent no longer holds
    Revoke(Revoke),
    /// List the consents that hold
    List(List),
}

/// Arguments of `credence consent grant`.
#[derive(Args, Debug)]
pub struct Grant {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The Patient ID (0010,0020)
    #[arg(long, value_name = "ID")]
    pub patient: String,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER")]
    pub issuer: Option<String>,
    /// An institution that may receive; may be given several times
    #[arg(long, value_name = "INSTITUTION", required = true)]
    pub to: Vec<InstitutionSlug>,
    /// A purpose of use; may be given several times
    #[arg(long, value_name = "PURPOSE", default_value = "TREATMENT")]
    pub purpose: Vec<Purpose>,
    /// A modality, as CT; may be given several times
    #[arg(long, value_name = "MODALITY")]
    pub modality: Vec<String>,
    /// Only the study with this Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: Option<Uid>,
    /// Only studies of this day and later
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub study_from: Option<Day>,
    /// Only studies of this day and earlier
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub study_until: Option<Day>,
    /// The first day that the consent holds, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub from: Option<Day>,
    /// The last day that the consent holds, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub until: Option<Day>,
    /// Who records it; the name of the user of this process if absent
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
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

/// Reads a day of the form 2026-01-31.
fn day(text: &str) -> Result<Day, String> {
    let digits: String = text.split('-').collect();
    Day::from_dicom(&digits)
        .filter(|day| day.to_string() == text)
        .ok_or_else(|| "a day is written as 2026-01-31".to_owned())
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Consent, out: &mut dyn Write) -> io::Result<Exit> {
    let (file, json, command) = match arguments {
        Consent::Grant(grant) => (&grant.config, grant.json, grant.command()),
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
    match runtime.block_on(ask(config, command))? {
        Answer::Recorded { entry } if json => {
            writeln!(
                out,
                "{}",
                serde_json::json!({ "entry": entry, "consent": entry })
            )?;
        }
        Answer::Recorded { entry } => match arguments {
            Consent::Grant(_) => writeln!(out, "consent {entry} recorded")?,
            Consent::Revoke(_) | Consent::List(_) => writeln!(out, "recorded as entry {entry}")?,
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
        other => return Err(crate::cli::desk::unexpected(&other)),
    }
    Ok(Exit::Success)
}

/// By way of the running gateway, else on the folder itself.
async fn ask(config: Config, command: Command) -> io::Result<Answer> {
    let data_dir: &Path = &config.gateway.data_dir;
    if let Some(answer) = gateway::control::send(data_dir, &command).await? {
        return Ok(answer);
    }
    let editing = match gateway::edit(&config) {
        Ok(editing) => editing,
        Err(error) => {
            return Ok(Answer::Refused {
                reason: error.to_string(),
            });
        }
    };
    let answer = gateway::control::perform(&editing.recorder(), command).await;
    match editing.close().await {
        Ok(()) => Ok(answer),
        Err(error) => Err(io::Error::other(error)),
    }
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

/// The first moment of `day`.
fn begins(day: Day) -> UtcMicros {
    UtcMicros(i64::from(day.0).saturating_mul(DAY_MICROS))
}

impl Grant {
    fn command(&self) -> Command {
        let terms = Box::new(ConsentTerms {
            patient: PatientName {
                id: self.patient.clone(),
                issuer: self.issuer.clone().unwrap_or_default(),
            },
            effect: Effect::Grant,
            to: self.to.clone(),
            purposes: self.purpose.clone(),
            modalities: self.modality.clone(),
            study: self.study.as_ref().map(ToString::to_string),
            study_from: self.study_from,
            study_until: self.study_until,
            valid_from: self.from.map(begins),
            valid_until: self.until.map(|day| begins(day).next_midnight()),
            given_by: Giver::Patient,
        });
        Command::Change {
            change: Change::ConsentGrant { terms },
            by: by(self.by.as_ref()),
        }
    }
}

impl Revoke {
    fn command(&self) -> Command {
        let consent = ConsentId(self.consent);
        Command::Change {
            change: Change::ConsentRevoke { consent },
            by: by(self.by.as_ref()),
        }
    }
}

impl List {
    fn command(&self) -> Command {
        Command::Consents {
            patient: self.patient.as_ref().map(|id| PatientName {
                id: id.clone(),
                issuer: self.issuer.clone().unwrap_or_default(),
            }),
        }
    }
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
}
