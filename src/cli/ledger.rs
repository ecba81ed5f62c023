//! `credence ledger`

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::entry_summary;
use crate::storage;
use crate::storage::JournalReader;

mod replay;
mod verify;

pub use replay::Replay;
pub use verify::Verify;

/// Verify, read and export a ledger
///
/// Works on the data folder of a gateway, running or not, and on copies of it.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Verify chain, Merkle tree and checkpoint; name the first damaged entry
    ///
    /// Exits with 0 when the ledger is whole, and with 1 when it is not. Needs no secret. An older
    /// copy of a ledger is whole, too: only a later checkpoint that was kept elsewhere
    /// (--checkpoint) shows that entries were taken back.
    Verify(Verify),
    /// Decide every recorded decision again, from the ledger alone, and report the differences
    ///
    /// Shows that the recorded answers are those of the recorded rules, consents and scores. Goes
    /// through the whole ledger, and does not stop at the first difference. Decisions that another
    /// version of the contract or of the rule engine reached are decided anew by this one and
    /// counted apart. Does not verify signatures or the chain: that is "ledger verify".
    ///
    /// Exits with 0 when there are no differences, and with 1 when there are.
    Replay(Replay),
    /// Show the entries, oldest first
    Show(Show),
    /// Write a copy that strangers can verify: entries, checkpoint, public key
    Export(Export),
}

/// Arguments of `credence ledger show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The data folder, or a copy of it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Only the entry with this number, in full
    #[arg(long, value_name = "N")]
    pub entry: Option<u64>,
    /// Print the entries as they stand in the journal: JSON, one a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `credence ledger export`.
#[derive(Args, Debug)]
pub struct Export {
    /// The data folder, or a copy of it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The folder to write; must not exist
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Ledger, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Ledger::Verify(verify) => verify.run(out),
        Ledger::Replay(replay) => replay.run(out),
        Ledger::Show(show) => show.run(out),
        Ledger::Export(export) => export.run(out),
    }
}

impl Show {
    fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let reader = JournalReader::new(&self.dir);
        let from = self.entry.unwrap_or(0);
        let mut shown = false;
        for stored in reader.entries(from) {
            let entry = match stored {
                Ok(stored) => stored.entry,
                Err(error) => return refuse(&error),
            };
            if self.json {
                let line = entry.line().map_err(io::Error::other)?;
                writeln!(out, "{line}")?;
            } else if self.entry.is_some() {
                writeln!(out, "{}", serde_json::to_string_pretty(&entry)?)?;
            } else {
                writeln!(out, "{}", entry_summary::of(&entry))?;
            }
            shown = true;
            if self.entry.is_some() {
                break;
            }
        }
        match self.entry {
            Some(entry) if !shown => refuse(&format!("there is no entry {entry}")),
            _ => Ok(Exit::Success),
        }
    }
}

fn refuse(reason: &dyn std::fmt::Display) -> io::Result<Exit> {
    writeln!(io::stderr(), "credence: {reason}")?;
    Ok(Exit::Failure)
}

impl Export {
    fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let dir: &Path = &self.dir;
        match storage::export(dir, &self.out) {
            Ok(exported) => {
                let signed = exported.checkpoint.as_ref().map_or(0, |c| c.size);
                if self.json {
                    let report = json!({ "entries": exported.entries, "signed": signed });
                    writeln!(out, "{report}")?;
                } else {
                    writeln!(
                        out,
                        "{} entries, {signed} of them signed for",
                        exported.entries
                    )?;
                }
                Ok(Exit::Success)
            }
            Err(error) => refuse(&error),
        }
    }
}
