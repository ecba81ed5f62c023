//! `credence disclosures suspend`, `resume` and `suspensions`

use std::io;
use std::io::Write;

use clap::Args;

use crate::cli::Exit;
use crate::cli::columns;
use crate::cli::configured;
use crate::cli::desk::Accountable;
use crate::cli::desk::Desk;
use crate::cli::desk::Patient;
use crate::cli::desk::moment;
use crate::cli::desk::unexpected;
use crate::cli::refuse;
use crate::clock::Clock;
use crate::contract::InstitutionSlug;
use crate::contract::ORAL_SUSPENSION_DAYS_MAX;
use crate::contract::StatementForm;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedSuspension;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

/// Arguments of `credence disclosures suspend`.
#[derive(Args, Debug)]
pub struct Suspend {
    /// Whose accounting
    #[command(flatten)]
    pub patient: Patient,
    /// The agency: disclosures to this institution are left out
    #[arg(long, value_name = "INSTITUTION")]
    pub to: InstitutionSlug,
    /// How the agency said so: written or oral
    #[arg(long, value_name = "FORM")]
    pub statement: StatementForm,
    /// Until this day begins, or this moment (UTC); of an oral statement, 30 days from now, if absent
    #[arg(long, value_name = "WHEN", value_parser = moment, required_if_eq("statement", "written"))]
    pub until: Option<UtcMicros>,
    /// Number of the case file: at most 64 characters of printable ASCII, no patient data
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Who spoke for the agency, and what was said: 1 to 2000 characters, kept sealed
    #[arg(long, value_name = "TEXT")]
    pub said: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence disclosures resume`.
#[derive(Args, Debug)]
pub struct Resume {
    /// The number of the suspension, as suspensions prints it
    #[arg(value_name = "SUSPENSION")]
    pub suspension: u64,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence disclosures suspensions`.
#[derive(Args, Debug)]
pub struct Suspensions {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

impl Suspend {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.desk.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        // By a name that nobody has, nothing would be left out, and nobody would notice.
        if !config.institutions.contains_key(&self.to) {
            return refuse(&format!(
                "{} is not an institution of the configuration",
                self.to
            ));
        }
        let longest = || {
            let now = Clock::new().now();
            now.plus(ORAL_SUSPENSION_DAYS_MAX.saturating_mul(DAY_MICROS))
        };
        let change = Change::DisclosuresSuspend {
            patient: self.patient.name(),
            recipient: self.to.clone(),
            until: self.until.unwrap_or_else(longest),
            statement: self.statement,
            reference: self.reference.clone(),
            said: self.said.clone(),
        };
        self.desk.record(out, change, self.speaker.name())
    }
}

impl Resume {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let change = Change::DisclosuresResume {
            suspension: self.suspension,
        };
        self.desk.record(out, change, self.speaker.name())
    }
}

impl Suspensions {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        self.desk
            .ask(out, Command::Suspensions, |out, answer| match answer {
                Answer::Suspensions { suspensions } => print(out, suspensions),
                other => Err(unexpected(other)),
            })
    }
}

fn print(out: &mut dyn Write, suspensions: &[ListedSuspension]) -> io::Result<()> {
    if suspensions.is_empty() {
        return writeln!(out, "no suspension lasts");
    }
    let rows: Vec<_> = suspensions.iter().map(row).collect();
    let headings = [
        "suspension",
        "patient",
        "to",
        "until",
        "statement",
        "reference",
    ];
    columns::print(out, headings, &rows)
}

fn row(listed: &ListedSuspension) -> [String; 6] {
    let suspension = &listed.suspension;
    [
        listed.entry.to_string(),
        suspension.patient.to_string(),
        suspension.recipient.to_string(),
        suspension.until.to_string(),
        suspension.statement.to_string(),
        suspension.reference.clone(),
    ]
}
