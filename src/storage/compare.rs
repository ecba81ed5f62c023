//! Decides the decisions of a ledger in a folder anew: a data folder, a copy of one, or an export.
//! Needs neither key nor checkpoint, and changes nothing.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Compared;
use crate::ledger::Comparison;
use crate::ledger::Damage;
use crate::ledger::EntryError;
use crate::ledger::Finding;
use crate::ledger::Harm;
use crate::storage::lines::Lines;
use crate::storage::reader::ReadError;

/// Why the decisions cannot be decided anew.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// No ledger here.
    #[error("{} holds no ledger: neither journal/ nor entries.jsonl", .0.display())]
    NoLedger(PathBuf),
    /// The first entry that cannot be read.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A file cannot be read, or the findings not be told.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The findings cannot be told.
    #[error(transparent)]
    Tell(io::Error),
}

impl From<ReadError> for CompareError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { path, source } => Self::Io { path, source },
            ReadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

/// Goes through the ledger in `dir` and hands every finding to `tell`, in the ledger's order.
///
/// # Errors
/// When the ledger cannot be read to its end, or `tell` fails.
pub fn compare(
    dir: &Path,
    tell: &mut dyn FnMut(&Finding) -> io::Result<()>,
) -> Result<Compared, CompareError> {
    let mut comparison = Comparison::new();
    let mut push = |line: &[u8]| -> Result<(), CompareError> {
        let text = std::str::from_utf8(line).map_err(|_| Damage {
            entry: comparison.counts().entries,
            harm: Harm::Unreadable(EntryError::NotText),
        })?;
        for finding in comparison.push(text)? {
            tell(&finding).map_err(CompareError::Tell)?;
        }
        Ok(())
    };
    let lines = Lines::of_folder(dir).ok_or_else(|| CompareError::NoLedger(dir.to_owned()))?;
    lines.each(0..u64::MAX, |_, line| push(line))?;
    Ok(*comparison.counts())
}
