//! `credence incident`

use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::columns;
use crate::cli::desk::Accountable;
use crate::cli::desk::Desk;
use crate::cli::desk::joined;
use crate::cli::desk::unexpected;
use crate::contract::Incident as Kind;
use crate::contract::InstitutionSlug;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedCharge;
use crate::gateway::control::ListedReport;

/// Report what an institution did wrong, decide on reports, and take charges back
///
/// A report counts for nothing by itself: it is disputed until an arbiter, who is not the person
/// that reported, upholds it. Nobody decides within 14 days (disputes.days of credit.toml): it
/// lapses. Nothing is ever edited: a charge that was wrong is reversed by an entry of its own.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Incident {
    /// List the reports that wait for an arbiter, and the charges that can be reversed
    ///
    /// A charge is shown with what it weighed when it was made and what is left of it today; it
    /// halves with bad_half_life_days of credit.toml.
    List(List),
    /// Say that an institution did wrong
    ///
    /// Names the ledger entries that prove it, so that an arbiter can look. Nothing is charged yet.
    Report(Report),
    /// Uphold or dismiss a report, as an arbiter
    ///
    /// Upheld, it charges the institution and, for an onward disclosure or contradictory statements,
    /// sets a ceiling to its score. Dismissed, it ends without a trace in the score. The arbiter is
    /// another person than who reported; letter case and spaces make no second person.
    Decide(Decide),
    /// Take back what an entry charged
    ///
    /// Records a compensating entry: what is left of the charge goes, and its ceiling with it. Takes
    /// the entry that charged: of a decision on a report, of a review that was late, or of one that
    /// was closed as unjustified.
    Reverse(Reverse),
    /// Lift the ceiling that an entry set; the charge stays
    ///
    /// The ceiling for contradictory statements has no end of its own: it holds until it is lifted.
    Lift(Lift),
}

/// Arguments of `credence incident list`.
#[derive(Args, Debug)]
pub struct List {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// Arguments of `credence incident report`.
#[derive(Args, Debug)]
pub struct Report {
    /// Who did it; not your own institution
    #[arg(value_name = "INSTITUTION")]
    pub institution: InstitutionSlug,
    /// What: digest-mismatch (what arrived is not what was sent), purpose-misuse (used for another
    /// purpose than it was released for), revocation-ignored (used after the consent was revoked),
    /// onward-disclosure (passed on without permission), equivocation (contradictory signed
    /// statements, or tampering)
    #[arg(long, value_name = "KIND")]
    pub kind: Kind,
    /// Ledger entries that prove it, 1 to 32
    #[arg(long, value_name = "ENTRY", required = true, num_args = 1..)]
    pub proof: Vec<u64>,
    /// Number of a case file, at most 64 characters; never patient data
    #[arg(
        long,
        value_name = "CASE",
        default_value = "",
        hide_default_value = true
    )]
    pub reference: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence incident decide`.
#[derive(Args, Debug)]
pub struct Decide {
    /// The number of the report, as list prints it
    #[arg(value_name = "REPORT")]
    pub report: u64,
    /// What was decided
    #[command(flatten)]
    pub finding: Finding,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Exactly one of the two.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Finding {
    /// It is proven, and counts
    #[arg(long)]
    pub upheld: bool,
    /// It does not count
    #[arg(long)]
    pub dismissed: bool,
}

/// Arguments of `credence incident reverse`.
#[derive(Args, Debug)]
pub struct Reverse {
    /// The number of the entry that charged, as list prints it
    #[arg(value_name = "ENTRY")]
    pub charge: u64,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence incident lift`.
#[derive(Args, Debug)]
pub struct Lift {
    /// The number of the entry that set the ceiling, as list prints it
    #[arg(value_name = "ENTRY")]
    pub charge: u64,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Incident, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Incident::List(list) => {
            list.desk
                .ask(out, Command::Incidents, |out, answer| match answer {
                    Answer::Incidents { reports, charges } => print(out, reports, charges),
                    other => Err(unexpected(other)),
                })
        }
        Incident::Report(report) => {
            let change = Change::IncidentReport {
                incident: report.kind,
                institution: report.institution.clone(),
                proof: report.proof.clone(),
                reference: report.reference.clone(),
            };
            report.desk.record(out, change, report.speaker.name())
        }
        Incident::Decide(decide) => {
            let change = Change::IncidentDecide {
                report: decide.report,
                upheld: decide.finding.upheld,
            };
            decide.desk.record(out, change, decide.speaker.name())
        }
        Incident::Reverse(reverse) => {
            let charge = reverse.charge;
            let change = Change::ChargeReverse { charge };
            reverse.desk.record(out, change, reverse.speaker.name())
        }
        Incident::Lift(lift) => {
            let charge = lift.charge;
            let change = Change::CeilingLift { charge };
            lift.desk.record(out, change, lift.speaker.name())
        }
    }
}

fn print(
    out: &mut dyn Write,
    reports: &[ListedReport],
    charges: &[ListedCharge],
) -> io::Result<()> {
    if reports.is_empty() {
        writeln!(out, "no report waits for an arbiter")?;
    } else {
        writeln!(out, "Reports that wait for an arbiter")?;
        let headings = [
            "report",
            "institution",
            "kind",
            "lapses",
            "by",
            "proof",
            "reference",
        ];
        let rows: Vec<_> = reports.iter().map(report).collect();
        columns::print(out, headings, &rows)?;
    }
    writeln!(out)?;
    if charges.is_empty() {
        return writeln!(out, "no charge can be reversed");
    }
    writeln!(out, "Charges that can be reversed, in units of evidence")?;
    let headings = ["entry", "institution", "day", "was", "is today"];
    let rows: Vec<_> = charges.iter().map(charge).collect();
    columns::print(out, headings, &rows)
}

fn report(listed: &ListedReport) -> [String; 7] {
    let report = &listed.report;
    [
        listed.entry.to_string(),
        report.institution.to_string(),
        report.incident.to_string(),
        if listed.lapsed {
            "LAPSED".to_owned()
        } else {
            report.lapses.to_string()
        },
        report.by.clone(),
        joined(&report.proof),
        report.reference.clone(),
    ]
}

fn charge(listed: &ListedCharge) -> [String; 5] {
    let charge = &listed.charge;
    [
        listed.entry.to_string(),
        charge.institution.to_string(),
        charge.day.to_string(),
        units(charge.weight / 1000),
        units(listed.weighs_milli),
    ]
}

/// Thousandths of a unit, as a decimal number.
fn units(milli: u64) -> String {
    format!("{}.{:03}", milli / 1000, milli % 1000)
}
