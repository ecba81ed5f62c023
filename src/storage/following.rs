//! A ledger that grows, read by one who keeps a place in it.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::ledger::line_hash;
use crate::storage::ExportError;
use crate::storage::JournalReader;
use crate::storage::ReadError;
use crate::storage::Stored;
use crate::storage::Told;
use crate::storage::newest_checkpoint;

/// Why it cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// How long it is, is not known.
    #[error(transparent)]
    Size(#[from] ExportError),
    /// It is shorter than what was signed.
    #[error("the ledger ends before entry {0}, of which a checkpoint speaks")]
    Short(u64),
    /// An entry has no line.
    #[error("entry {0} cannot be written as the line that it was")]
    Unwritable(u64),
}

/// See the module. Everything here blocks on the disk.
#[derive(Clone, Debug)]
pub struct Following {
    data: PathBuf,
    journal: JournalReader,
}

impl Following {
    /// The ledger in a data folder.
    pub const fn new(data: PathBuf, journal: JournalReader) -> Self {
        Self { data, journal }
    }

    /// How many entries are signed for: nothing after them is told to anybody.
    ///
    /// # Errors
    /// When the checkpoints cannot be read.
    pub fn size(&self) -> Result<u64, FollowError> {
        let newest = newest_checkpoint(&self.data)?;
        Ok(newest.map_or(0, |(checkpoint, _)| checkpoint.size))
    }

    /// The place after the first `size` entries.
    ///
    /// # Errors
    /// When there are fewer, or the last of them cannot be read.
    pub fn end(&self, size: u64) -> Result<Told, FollowError> {
        let Some(last) = size.checked_sub(1) else {
            return Ok(Told::NOTHING);
        };
        let stored = self.journal.get(last)?.ok_or(FollowError::Short(size))?;
        let line = stored.entry.line();
        let line = line.map_err(|_| FollowError::Unwritable(last))?;
        Ok(Told {
            next: size,
            after: line_hash(line.as_bytes()),
        })
    }

    /// Gives `take` the entries from `told` on, in order, up to where it breaks, and those before `until` at most; the
    /// place after the last of them. `None` when the ledger is not the one that `told` is a place in: then nothing
    /// was given.
    ///
    /// # Errors
    /// When it cannot be read, ends before `until`, or `take` has one.
    pub fn each<E: From<FollowError>>(
        &self,
        told: Told,
        until: u64,
        mut take: impl FnMut(Stored) -> Result<ControlFlow<()>, E>,
    ) -> Result<Option<Told>, E> {
        let mut next = told.next;
        for stored in self.journal.unchecked_entries(told.next).until(until) {
            let stored = stored.map_err(FollowError::from)?;
            if next == told.next && stored.entry.prev != told.after {
                return Ok(None);
            }
            next = stored.entry.seq.saturating_add(1);
            if take(stored)?.is_break() {
                break;
            }
        }
        if next <= told.next {
            return Err(FollowError::Short(until).into());
        }
        Ok(Some(self.end(next)?))
    }
}
