//! `credence ledger verify`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::ledger::LogKey;
use crate::storage;
use crate::storage::Depth;
use crate::storage::Kept;
use crate::storage::Report;
use crate::storage::VerifyError;

/// Arguments of `credence ledger verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The data folder, a copy of it, or an export
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// A signed checkpoint of this ledger that was kept elsewhere: the ledger must continue it.
    /// May be given several times
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// The ledger's public key, kept from elsewhere; else the one in the folder is used, which
    /// shows damage but not a forgery of ledger and key together
    #[arg(long, value_name = "VKEY")]
    pub key: Option<LogKey>,
    /// Also apply every event to the contract's state, and compare every state that an entry names
    #[arg(long)]
    pub state: bool,
    /// Also verify every event's signature, and decide every decision anew; includes --state
    #[arg(long)]
    pub replay: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl Verify {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        match self.verify() {
            Ok(report) => {
                if self.json {
                    writeln!(out, "{}", self.as_json(&report))?;
                } else {
                    self.as_text(&report, out)?;
                }
                Ok(Exit::Success)
            }
            Err(error) => {
                if self.json {
                    let entry = match &error {
                        VerifyError::Damaged(damage) | VerifyError::Equivocation { damage, .. } => {
                            Some(damage.entry)
                        }
                        _ => None,
                    };
                    let report =
                        json!({ "verified": false, "entry": entry, "error": error.to_string() });
                    writeln!(out, "{report}")?;
                } else {
                    writeln!(out, "NOT verified: {error}")?;
                }
                Ok(Exit::Failure)
            }
        }
    }

    fn verify(&self) -> Result<Report, VerifyError> {
        let kept = self
            .checkpoint
            .iter()
            .map(|path| Kept::read(path))
            .collect::<Result<Vec<Kept>, VerifyError>>()?;
        storage::verify_against(&self.dir, self.key.as_ref(), self.depth(), &kept)
    }

    const fn depth(&self) -> Depth {
        match (self.replay, self.state) {
            (true, _) => Depth::Replay,
            (false, true) => Depth::State,
            (false, false) => Depth::Chain,
        }
    }

    fn as_json(&self, report: &Report) -> serde_json::Value {
        json!({
            "verified": true,
            "entries": report.verified.entries(),
            "root": report.verified.tree.root(),
            "signed": report.verified.signed,
            "kept": report.kept.iter().map(|kept| kept.size).collect::<Vec<u64>>(),
            "key": report.key.to_string(),
            "state": self.depth() != Depth::Chain,
            "replayed": self.replay,
            "torn": report.torn.as_ref().map(ToString::to_string),
        })
    }

    fn as_text(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "verified: {} entries, {} of them under a signed checkpoint\nroot {}\nkey  {}",
            report.verified.entries(),
            report.verified.signed,
            report.verified.tree.root(),
            report.key
        )?;
        for kept in &report.kept {
            writeln!(
                out,
                "continues the kept checkpoint over {} entries",
                kept.size
            )?;
        }
        if let Some(torn) = &report.torn {
            writeln!(
                out,
                "after the last entry: {torn} (not written to its end, or damaged before it was signed for)"
            )?;
        }
        match self.depth() {
            Depth::Chain => writeln!(
                out,
                "not done: contract state (--state), events' signatures and decisions (--replay)"
            ),
            Depth::State => writeln!(out, "not done: events' signatures and decisions (--replay)"),
            Depth::Replay => Ok(()),
        }
    }
}
