//! `credence hold`

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
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedHold;
use crate::gateway::control::PatientName;

/// Place, lift and list legal holds: what is held is neither erased nor dropped
///
/// A hold on a patient refuses credence erase for that patient. It also refuses credence retention
/// drop for the years that it speaks of (all, unless --from-year or --until-year says otherwise): the
/// key of an epoch is one for everybody in it. The refusal names the hold and its reference.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Hold {
    /// Place a hold, on one patient or on everybody
    Place(Place),
    /// Lift a hold
    Lift(Lift),
    /// List the holds that stand
    List(List),
}

/// Arguments of `credence hold place`.
#[derive(Args, Debug)]
pub struct Place {
    /// The Patient ID (0010,0020)
    #[arg(long, value_name = "ID", required_unless_present = "everybody")]
    pub patient: Option<String>,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER", requires = "patient")]
    pub issuer: Option<String>,
    /// Hold everybody's details
    #[arg(long, conflicts_with = "patient")]
    pub everybody: bool,
    /// Number of the case file: at most 64 characters of printable ASCII, no patient data
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Only what was recorded in this year and later
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(1970..=9999))]
    pub from_year: Option<u16>,
    /// Only what was recorded in this year and earlier
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(1970..=9999))]
    pub until_year: Option<u16>,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence hold lift`.
#[derive(Args, Debug)]
pub struct Lift {
    /// The number of the hold, as list prints it
    #[arg(value_name = "HOLD")]
    pub hold: u64,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence hold list`.
#[derive(Args, Debug)]
pub struct List {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Hold, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Hold::Place(place) => {
            let patient = place.patient.as_ref().map(|id| PatientName {
                id: id.clone(),
                issuer: place.issuer.clone().unwrap_or_default(),
            });
            let change = Change::HoldPlace {
                patient,
                reference: place.reference.clone(),
                from_year: place.from_year,
                until_year: place.until_year,
            };
            place.desk.record(out, change, place.speaker.name())
        }
        Hold::Lift(lift) => {
            let change = Change::HoldLift { hold: lift.hold };
            lift.desk.record(out, change, lift.speaker.name())
        }
        Hold::List(list) => list
            .desk
            .ask(out, Command::Holds, |out, answer| match answer {
                Answer::Holds { holds } => print(out, holds),
                other => Err(unexpected(other)),
            }),
    }
}

fn print(out: &mut dyn Write, holds: &[ListedHold]) -> io::Result<()> {
    if holds.is_empty() {
        return writeln!(out, "no hold stands");
    }
    let rows: Vec<_> = holds.iter().map(row).collect();
    columns::print(out, ["hold", "patient", "years", "reference"], &rows)
}

fn row(listed: &ListedHold) -> [String; 4] {
    let hold = &listed.hold;
    let year = |year: Option<u16>| year.map(|year| year.to_string()).unwrap_or_default();
    let years = match (hold.from_year, hold.until_year) {
        (None, None) => "all".to_owned(),
        (from, until) => format!("{}-{}", year(from), year(until)),
    };
    let patients = hold.patients.as_ref();
    [
        listed.entry.to_string(),
        patients.map_or_else(|| "everybody".to_owned(), joined),
        years,
        hold.reference.clone(),
    ]
}
