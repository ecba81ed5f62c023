//! What a patient grants or denies, as `grant` and `deny` take it.

use std::path::PathBuf;

use clap::Args;

use crate::cli::consent::by;
use crate::contract::Effect;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::gateway::control::Command;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Arguments of `credence consent grant`.
#[derive(Args, Debug)]
pub struct Grant {
    /// An institution that may receive; may be given several times
    #[arg(long, value_name = "INSTITUTION", required = true)]
    pub to: Vec<InstitutionSlug>,
    /// A purpose of use; may be given several times
    #[arg(long, value_name = "PURPOSE", default_value = "TREATMENT")]
    pub purpose: Vec<Purpose>,
    /// Of whose images, and which
    #[command(flatten)]
    pub terms: Terms,
}

/// Arguments of `credence consent deny`.
#[derive(Args, Debug)]
pub struct Deny {
    /// An institution that may not receive; may be given several times; any if absent
    #[arg(long, value_name = "INSTITUTION")]
    pub to: Vec<InstitutionSlug>,
    /// A purpose of use; may be given several times; every purpose, EMERGENCY too, if absent
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Vec<Purpose>,
    /// Of whose images, and which
    #[command(flatten)]
    pub terms: Terms,
}

/// What `grant` and `deny` have in common.
#[derive(Args, Debug)]
pub struct Terms {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The Patient ID (0010,0020)
    #[arg(long, value_name = "ID")]
    pub patient: String,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER")]
    pub issuer: Option<String>,
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
    /// The first day on which it holds, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub from: Option<Day>,
    /// The last day on which it holds, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub until: Option<Day>,
    /// Who records it; the name of the user of this process if absent
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Print one JSON object
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

/// The first moment of `day`.
fn begins(day: Day) -> UtcMicros {
    UtcMicros(i64::from(day.0).saturating_mul(DAY_MICROS))
}

impl Grant {
    pub(super) fn command(&self) -> Command {
        self.terms.command(Effect::Grant, &self.to, &self.purpose)
    }
}

impl Deny {
    /// An objection that names no purpose means all of them.
    pub(super) fn command(&self) -> Command {
        let purposes: &[Purpose] = if self.purpose.is_empty() {
            &Purpose::ALL
        } else {
            &self.purpose
        };
        self.terms.command(Effect::Deny, &self.to, purposes)
    }
}

impl Terms {
    fn command(&self, effect: Effect, to: &[InstitutionSlug], purposes: &[Purpose]) -> Command {
        Command::ConsentGrant {
            terms: Box::new(ConsentTerms {
                patient: PatientName {
                    id: self.patient.clone(),
                    issuer: self.issuer.clone().unwrap_or_default(),
                },
                effect,
                to: to.to_vec(),
                purposes: purposes.to_vec(),
                modalities: self.modality.clone(),
                study: self.study.as_ref().map(ToString::to_string),
                study_from: self.study_from,
                study_until: self.study_until,
                valid_from: self.from.map(begins),
                valid_until: self.until.map(|day| begins(day).next_midnight()),
                by: by(self.by.as_ref()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    enum Wish {
        Grant(Grant),
        Deny(Deny),
    }

    fn terms(line: &str) -> ConsentTerms {
        let words = std::iter::once("consent").chain(line.split(' '));
        let command = match Wish::try_parse_from(words).unwrap() {
            Wish::Grant(grant) => grant.command(),
            Wish::Deny(deny) => deny.command(),
        };
        match command {
            Command::ConsentGrant { terms } => *terms,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(day("1970-01-02"), Ok(Day(1)));
        for text in ["19700102", "1970-1-2", "1970-01-32", "1970-0102", ""] {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_grant_is_for_treatment_unless_it_says_otherwise() {
        let grant = terms("grant --config c --patient 1 --to lakeside");
        assert_eq!(grant.effect, Effect::Grant);
        assert_eq!(grant.purposes, [Purpose::Treatment]);
        assert_eq!(grant.to, ["lakeside".parse().unwrap()]);
    }

    #[test]
    fn a_denial_is_for_every_purpose_and_institution_unless_it_says_otherwise() {
        let deny = terms("deny --config c --patient 1 --until 1970-01-01");
        assert_eq!(deny.effect, Effect::Deny);
        assert_eq!(deny.purposes, Purpose::ALL);
        assert!(deny.to.is_empty());
        assert_eq!(deny.valid_until, Some(UtcMicros(DAY_MICROS)));
        let deny = terms("deny --config c --patient 1 --to hill --purpose RESEARCH --modality CT");
        assert_eq!(deny.purposes, [Purpose::Research]);
        assert_eq!(deny.to, ["hill".parse().unwrap()]);
        assert_eq!(deny.modalities, ["CT"]);
    }
}
