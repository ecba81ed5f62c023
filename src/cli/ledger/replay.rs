//! `credence ledger replay`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::refuse;
use crate::cli::wording::answer;
use crate::ledger::Class;
use crate::ledger::Compared;
use crate::ledger::Difference;
use crate::ledger::Finding;
use crate::storage;

/// Arguments of `credence ledger replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// The data folder, a copy of it, or an export
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print JSON: one object a line for each difference, then one with the counts
    #[arg(long)]
    pub json: bool,
}

impl Replay {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let json = self.json;
        let mut tell = |finding: &Finding| {
            if json {
                writeln!(out, "{}", as_json(finding))
            } else {
                as_text(finding, out)
            }
        };
        let counts = match storage::compare(&self.dir, &mut tell) {
            Ok(counts) => counts,
            Err(storage::CompareError::Tell(error)) => return Err(error),
            Err(error) => return refuse(&error),
        };
        if json {
            writeln!(out, "{}", json!({ "replayed": counts }))?;
        } else {
            summary(&counts, out)?;
        }
        Ok(if counts.is_clean() {
            Exit::Success
        } else {
            Exit::Failure
        })
    }
}

fn as_json(finding: &Finding) -> Value {
    match finding {
        Finding::Different(difference) => json!({
            "entry": difference.entry,
            "class": difference.class,
            "differs_in": difference.members(),
            "recorded": difference.recorded,
            "reached": difference.reached,
        }),
        Finding::Rejected { entry, why } => json!({ "entry": entry, "rejected": why }),
    }
}

fn as_text(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    match finding {
        Finding::Different(difference) => {
            let Difference {
                entry,
                ledger_time,
                class,
                recorded,
                reached,
                ..
            } = &**difference;
            let by = match class {
                Class::OtherVersionSame | Class::OtherVersionDifferent => " by another version",
                Class::Same | Class::Different => "",
            };
            writeln!(
                out,
                "entry {entry}  {ledger_time}  differs in {}\n  recorded{by}: {}\n  reached now: {}",
                difference.members().join(", "),
                answer(recorded),
                answer(reached)
            )
        }
        Finding::Rejected { entry, why } => {
            writeln!(out, "entry {entry}  is not taken by the contract: {why}")
        }
    }
}

fn summary(counts: &Compared, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{} entries, {} decisions: {} reached again to the byte, {} different",
        counts.entries, counts.decisions, counts.same, counts.different
    )?;
    let others = counts
        .other_version_same
        .saturating_add(counts.other_version_different);
    if others > 0 {
        writeln!(
            out,
            "{others} reached by another version, decided anew by this one: {} same, {} different",
            counts.other_version_same, counts.other_version_different
        )?;
    }
    if counts.rejected > 0 {
        writeln!(
            out,
            "{} entries that the contract does not take",
            counts.rejected
        )?;
    }
    Ok(())
}
