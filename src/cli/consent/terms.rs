//! What a patient grants or denies, as `grant` and `deny` take it.

use std::io;
use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::desk::Desk;
use crate::cli::desk::Patient;
use crate::cli::desk::Speaker;
use crate::cli::desk::begins;
use crate::cli::desk::day;
use crate::cli::desk::unexpected;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ConsentTerms;
use crate::time::Day;

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
    /// Whose
    #[command(flatten)]
    pub patient: Patient,
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
    /// The patient's guardian says so; must have been named: credence patient guardian
    #[arg(long)]
    pub by_guardian: bool,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

impl Grant {
    pub(super) fn change(&self) -> Change {
        self.terms.change(Effect::Grant, &self.to, &self.purpose)
    }
}

impl Deny {
    /// An objection that names no purpose means all of them.
    pub(super) fn change(&self) -> Change {
        let purposes: &[Purpose] = if self.purpose.is_empty() {
            &Purpose::ALL
        } else {
            &self.purpose
        };
        self.terms.change(Effect::Deny, &self.to, purposes)
    }
}

impl Terms {
    fn change(&self, effect: Effect, to: &[InstitutionSlug], purposes: &[Purpose]) -> Change {
        let terms = Box::new(ConsentTerms {
            patient: self.patient.name(),
            effect,
            to: to.to_vec(),
            purposes: purposes.to_vec(),
            modalities: self.modality.clone(),
            study: self.study.as_ref().map(ToString::to_string),
            study_from: self.study_from,
            study_until: self.study_until,
            valid_from: self.from.map(begins),
            valid_until: self.until.map(|day| begins(day).next_midnight()),
            given_by: if self.by_guardian {
                Giver::Guardian
            } else {
                Giver::Patient
            },
        });
        Change::ConsentGrant { terms }
    }

    /// Records it and says under which number.
    pub(super) fn record(
        &self,
        out: &mut dyn Write,
        change: Change,
        what: &str,
    ) -> io::Result<Exit> {
        let by = self.speaker.name();
        let command = Command::Change { change, by };
        let entry = match self.desk.answer(command)? {
            Ok(Answer::Recorded { entry }) => entry,
            Ok(other) => return Err(unexpected(&other)),
            Err(exit) => return Ok(exit),
        };
        if self.desk.json {
            writeln!(out, "{}", json!({ "entry": entry, "consent": entry }))?;
        } else {
            writeln!(out, "{what} {entry} recorded")?;
        }
        Ok(Exit::Success)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::time::DAY_MICROS;
    use crate::time::UtcMicros;

    #[derive(Debug, Parser)]
    enum Wish {
        Grant(Grant),
        Deny(Deny),
    }

    fn terms(line: &str) -> ConsentTerms {
        let words = std::iter::once("consent").chain(line.split(' '));
        let change = match Wish::try_parse_from(words).unwrap() {
            Wish::Grant(grant) => grant.change(),
            Wish::Deny(deny) => deny.change(),
        };
        match change {
            Change::ConsentGrant { terms } => *terms,
            other => panic!("{other:?}"),
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
