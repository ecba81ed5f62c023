//! `credence patient`

use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::desk::Desk;
use crate::cli::desk::Patient as Named;
use crate::cli::desk::Speaker;
use crate::cli::desk::begins;
use crate::cli::desk::day;
use crate::contract::StandingEvidence;
use crate::gateway::control::Change;
use crate::gateway::control::PatientName;
use crate::time::Day;

/// Tell who is whom, who speaks for whom, and what a patient's standing rests on
///
/// Patients are named by Patient ID and issuer here, and by pseudonym in the ledger.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Patient {
    /// Record that two Patient IDs are one patient
    ///
    /// From then on the consents and the objections under either ID speak for both: a grant under
    /// one permits images of the other, and an objection under one stops images of the other,
    /// transfers that are under way included. Look at them first: credence consent list --patient.
    /// Where an ID has been merged before, all its others come along, up to 32. Nothing is moved or
    /// rewritten; credence patient unlink takes a merge back.
    Merge(Merge),
    /// Record that a merge was wrong: the two are two patients
    ///
    /// Each keeps the consents and objections recorded under its own ID, those of the time between
    /// as well; check under which ID they were recorded.
    Unlink(Unlink),
    /// Record who may consent in a patient's place, or that nobody may any more
    ///
    /// Only while one is named, credence consent grant and deny take --by-guardian. Who the guardian
    /// is stays sealed under the patient's key. Consents that a guardian gave outlast the guardian,
    /// until their own end or until they are revoked.
    Guardian(Guardian),
    /// What a patient's standing rests on
    #[command(subcommand)]
    Standing(Standing),
}

/// Arguments of `credence patient merge`.
#[derive(Args, Debug)]
pub struct Merge {
    /// The one that is merged
    #[command(flatten)]
    pub patient: Named,
    /// The Patient ID (0010,0020) that survives
    #[arg(long, value_name = "ID")]
    pub into: String,
    /// Its Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER")]
    pub into_issuer: Option<String>,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Arguments of `credence patient unlink`.
#[derive(Args, Debug)]
pub struct Unlink {
    /// The one that had been merged
    #[command(flatten)]
    pub patient: Named,
    /// The Patient ID (0010,0020) that it had been merged into
    #[arg(long, value_name = "ID")]
    pub from: String,
    /// Its Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER")]
    pub from_issuer: Option<String>,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Arguments of `credence patient guardian`.
#[derive(Args, Debug)]
pub struct Guardian {
    /// Whose guardian
    #[command(flatten)]
    pub patient: Named,
    /// Who it is, and on what grounds: 1 to 2000 characters, kept sealed; replaces who was named
    /// before
    #[arg(long, value_name = "TEXT", required_unless_present = "end")]
    pub name: Option<String>,
    /// The last day on which they may speak, in UTC; until it is ended, if absent
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, conflicts_with = "end")]
    pub until: Option<Day>,
    /// The patient speaks for themselves again
    #[arg(long, conflicts_with = "name")]
    pub end: bool,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Note what speaks for or against a patient's standing
///
/// Standing is 0 to 1000, 500 without evidence. Rules can weigh it in research and in what patients
/// ask for themselves; in care it does not exist, and a rule of care that names it is refused. To
/// object, to revoke or to complain never lowers it.
#[derive(Debug, Subcommand)]
pub enum Standing {
    /// Record evidence, with the ledger entries that prove it
    Note(Note),
}

/// Arguments of `credence patient standing note`.
#[derive(Args, Debug)]
pub struct Note {
    /// Whose
    #[command(flatten)]
    pub patient: Named,
    /// identity-proven (the patient proved who they are), grant-kept (a grant was kept until its
    /// agreed end), or link-abused (a self-service link was abused: the only one that lowers it)
    #[arg(long, value_name = "KIND")]
    pub evidence: StandingEvidence,
    /// Ledger entries that prove it, 1 to 32
    #[arg(long, value_name = "ENTRY", required = true, num_args = 1..)]
    pub proof: Vec<u64>,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Patient, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Patient::Merge(merge) => {
            let change = Change::PatientMerge {
                patient: merge.patient.name(),
                into: named(&merge.into, merge.into_issuer.as_deref()),
            };
            merge.desk.record(out, change, merge.speaker.name())
        }
        Patient::Unlink(unlink) => {
            let change = Change::PatientUnlink {
                patient: unlink.patient.name(),
                from: named(&unlink.from, unlink.from_issuer.as_deref()),
            };
            unlink.desk.record(out, change, unlink.speaker.name())
        }
        Patient::Guardian(guardian) => {
            let change = guardian.change();
            guardian.desk.record(out, change, guardian.speaker.name())
        }
        Patient::Standing(Standing::Note(note)) => {
            let change = Change::StandingNote {
                patient: note.patient.name(),
                evidence: note.evidence,
                proof: note.proof.clone(),
            };
            note.desk.record(out, change, note.speaker.name())
        }
    }
}

impl Guardian {
    fn change(&self) -> Change {
        let patient = self.patient.name();
        match &self.name {
            Some(guardian) => Change::GuardianName {
                patient,
                guardian: guardian.clone(),
                until: self.until.map(|day| begins(day).next_midnight()),
            },
            None => Change::GuardianEnd { patient },
        }
    }
}

fn named(id: &str, issuer: Option<&str>) -> PatientName {
    PatientName {
        id: id.to_owned(),
        issuer: issuer.unwrap_or_default().to_owned(),
    }
}
