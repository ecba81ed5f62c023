//! `credence retention`

use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::columns;
use crate::cli::desk::Accountable;
use crate::cli::desk::Desk;
use crate::cli::desk::unexpected;
use crate::contract::Epoch;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedEpoch;

/// List the epochs of sealed details, and drop those that were kept long enough
///
/// An epoch is a calendar year (UTC) of one retention class, as 2026/default; the tables retention and
/// retention_class of the configuration say how many years each is kept. Its details are sealed
/// under a key of its own; dropping destroys that key, as credence erase does a patient's. The lines
/// stay, and with them every proof.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Retention {
    /// List the epochs that hold details, and from when each is due
    ///
    /// Epochs of a class that the configuration no longer has are not found: leave the row of a class
    /// until its last epoch is dropped.
    List(List),
    /// Destroy the key of an epoch, or of every epoch that is due
    ///
    /// Final. Refused while a hold speaks of the year; the hold is named.
    Drop(Drop),
}

/// Arguments of `credence retention list`.
#[derive(Args, Debug)]
pub struct List {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// Arguments of `credence retention drop`.
#[derive(Args, Debug)]
pub struct Drop {
    /// This epoch, as 2026/default; its year must be over, but it need not be due
    #[arg(long, value_name = "EPOCH", required_unless_present = "due")]
    pub epoch: Option<Epoch>,
    /// Every epoch that is due
    #[arg(long, conflicts_with = "epoch")]
    pub due: bool,
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
pub fn run(arguments: &Retention, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Retention::List(list) => list
            .desk
            .ask(out, Command::Epochs, |out, answer| match answer {
                Answer::Epochs { epochs } => print(out, epochs),
                other => Err(unexpected(other)),
            }),
        Retention::Drop(arguments) => arguments.run(out),
    }
}

impl Drop {
    fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        if let Some(epoch) = &self.epoch {
            return self.drop_one(out, epoch);
        }
        let epochs = match self.desk.answer(Command::Epochs)? {
            Ok(Answer::Epochs { epochs }) => epochs,
            Ok(other) => return Err(unexpected(&other)),
            Err(exit) => return Ok(exit),
        };
        let due: Vec<_> = epochs.into_iter().filter(|listed| listed.due).collect();
        if due.is_empty() && !self.desk.json {
            writeln!(out, "no epoch is due")?;
        }
        for listed in due {
            match self.drop_one(out, &listed.epoch)? {
                Exit::Success => {}
                failed => return Ok(failed),
            }
        }
        Ok(Exit::Success)
    }

    fn drop_one(&self, out: &mut dyn Write, epoch: &Epoch) -> io::Result<Exit> {
        let change = Change::DetailsDrop {
            epoch: epoch.clone(),
        };
        if !self.desk.json {
            write!(out, "{epoch}: ")?;
        }
        self.desk.record(out, change, self.speaker.name())
    }
}

fn print(out: &mut dyn Write, epochs: &[ListedEpoch]) -> io::Result<()> {
    if epochs.is_empty() {
        return writeln!(out, "no epoch holds details");
    }
    let rows: Vec<_> = epochs.iter().map(row).collect();
    columns::print(out, ["epoch", "kept for", "due", "held by"], &rows)
}

fn row(listed: &ListedEpoch) -> [String; 4] {
    let hold = listed.hold;
    [
        listed.epoch.to_string(),
        format!("{} years", listed.years),
        if listed.due { "yes" } else { "no" }.to_owned(),
        hold.map_or_else(String::new, |hold| format!("hold {hold}")),
    ]
}
