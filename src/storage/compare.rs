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
use crate::storage::export;
use crate::storage::export::ExportedLine;
use crate::storage::export::ExportedLines;
use crate::storage::export::UNENDED;
use crate::storage::reader;
use crate::storage::reader::Batches;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;

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
    let journal = reader::journal_dir(dir);
    let entries = dir.join(export::ENTRIES_FILE);
    if journal.is_dir() {
        of_journal(&journal, &mut push)?;
    } else if entries.is_file() {
        of_export(&entries, &mut push)?;
    } else {
        return Err(CompareError::NoLedger(dir.to_owned()));
    }
    Ok(*comparison.counts())
}

type Push<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), CompareError>;

fn of_journal(journal: &Path, push: Push<'_>) -> Result<(), CompareError> {
    let mut batches = Batches::from_start(journal)?;
    loop {
        let step = batches.step()?;
        for seen in batches.batch.records() {
            push(seen.line.text)?;
        }
        match step {
            Step::Batch => {}
            Step::Damaged(damage) => return Err(damage.into()),
            Step::End(_) => return Ok(()),
        }
    }
}

fn of_export(path: &Path, push: Push<'_>) -> Result<(), CompareError> {
    let failed = |source| CompareError::Io {
        path: path.to_owned(),
        source,
    };
    let mut lines = ExportedLines::open(path).map_err(failed)?;
    let mut entry = 0_u64;
    loop {
        match lines.next().map_err(failed)? {
            ExportedLine::Whole(line) => push(line)?,
            ExportedLine::Unended => {
                let harm = Harm::Frame(UNENDED);
                return Err(Damage { entry, harm }.into());
            }
            ExportedLine::End => return Ok(()),
        }
        entry = entry.saturating_add(1);
    }
}
