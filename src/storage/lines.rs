//! The lines of a ledger in a folder, wherever they lie: in a journal, or in an export.

use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Damage;
use crate::ledger::Harm;
use crate::storage::export;
use crate::storage::export::ExportedLine;
use crate::storage::export::ExportedLines;
use crate::storage::export::UNENDED;
use crate::storage::reader;
use crate::storage::reader::Batches;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;

/// Where the lines lie.
#[derive(Clone, Debug)]
pub(super) enum Lines {
    /// In the segments of this folder.
    Journal(PathBuf),
    /// In this file, one after another.
    Export(PathBuf),
}

impl Lines {
    /// The lines of a data folder, a copy of one, or an export; `None` when it holds none.
    pub(super) fn of_folder(dir: &Path) -> Option<Self> {
        let journal = reader::journal_dir(dir);
        if journal.is_dir() {
            return Some(Self::Journal(journal));
        }
        let entries = dir.join(export::ENTRIES_FILE);
        entries.is_file().then_some(Self::Export(entries))
    }

    /// Hands over the numbers and lines of the entries in `range`, in order and without newlines,
    /// as far as there are any, and returns the number of the entry after the last. Does not follow
    /// the chain.
    ///
    /// # Errors
    /// When the ledger cannot be read or is damaged there, or the first error of `take`.
    pub(super) fn each<E: From<ReadError>>(
        &self,
        range: Range<u64>,
        take: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        if range.is_empty() {
            return Ok(range.start);
        }
        match self {
            Self::Journal(dir) => of_journal(dir, range, take),
            Self::Export(path) => of_export(path, range, take),
        }
    }
}

fn of_journal<E: From<ReadError>>(
    dir: &Path,
    range: Range<u64>,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<u64, E> {
    let mut batches = Batches::from_entry(dir, range.start)?;
    let mut next = range.start;
    loop {
        let step = batches.step()?;
        for seen in batches.batch.records() {
            if range.contains(&seen.seq) {
                take(seen.seq, seen.line.text)?;
                next = seen.seq.saturating_add(1);
            }
        }
        match step {
            _ if next >= range.end => return Ok(next),
            Step::Batch => {}
            Step::Damaged(damage) => return Err(ReadError::from(damage).into()),
            Step::End(_) => return Ok(next),
        }
    }
}

fn of_export<E: From<ReadError>>(
    path: &Path,
    range: Range<u64>,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<u64, E> {
    let failed = |source| ReadError::Io {
        path: path.to_owned(),
        source,
    };
    let mut lines = ExportedLines::open(path).map_err(failed)?;
    let mut entry = 0_u64;
    while entry < range.end {
        match lines.next().map_err(failed)? {
            ExportedLine::Whole(line) if range.contains(&entry) => take(entry, line)?,
            ExportedLine::Whole(_) => {}
            ExportedLine::Unended => {
                let harm = Harm::Frame(UNENDED);
                return Err(ReadError::from(Damage { entry, harm }).into());
            }
            ExportedLine::End => break,
        }
        entry = entry.saturating_add(1);
    }
    Ok(entry.max(range.start))
}
