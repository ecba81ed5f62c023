//! The journal: the ledger's lines on disk, the truth. One writer.
//!
//! - A batch MUST be one write, and MUST be followed by `fdatasync` before it is acknowledged.
//! - A batch MUST NOT span segments. A segment is 16 MiB, allocated, synced and entered in its
//!   folder before the first batch goes into it.
//! - After an error of a write or a sync, other than want of space at the write, nothing MAY be
//!   acknowledged any more: the journal is poisoned, and only a new start can say what is durable.
//! - Want of space, at a write or when a segment is allocated, is a refusal: what was not written
//!   is cut off again, and the next attempt may find room. A reserve of one segment is kept for
//!   [`Priority::Reserved`]; while the reserve is not there, nothing else is taken in.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Chain;
use crate::ledger::Checkpoint;
use crate::ledger::Damage;
use crate::ledger::Head;
use crate::ledger::LogKey;
use crate::ledger::Tree;
use crate::ledger::line_hash;
use crate::storage::disk::Disk;
use crate::storage::disk::RealDisk;
use crate::storage::frame;
use crate::storage::frame::Record;
use crate::storage::reader::Entries;
use crate::storage::reader::JournalReader;
#[cfg(test)]
use crate::storage::reader::Position;
use crate::storage::reader::ReadError;
use crate::storage::slots;
use crate::storage::slots::Slot;
use crate::storage::slots::SlotError;

mod recovery;
mod segments;
#[cfg(test)]
mod tests;

use segments::Segments;
use segments::WriteError;

/// Bytes of a segment. The largest batch fits into one.
pub const SEGMENT_BYTES: u64 = 16 << 20;

const _: () = assert!(SEGMENT_BYTES >= (frame::HEAD_BYTES + frame::BODY_BYTES_MAX) as u64);

/// Whether a batch may use the reserve when the disk is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Refused when the disk is full.
    Normal,
    /// Denials, closures and erasures: what must still be recorded then.
    Reserved,
}

/// What the journal held when it was opened.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The end of the chain: writes the next line.
    pub chain: Chain,
    /// The tree over all entries: takes the next leaf.
    pub tree: Tree,
    /// The newest signed checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// A batch that was not written to its end, never acknowledged, and now dropped.
    pub torn: Option<Torn>,
}

/// A batch that was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// What its first entry would have been.
    pub first_seq: u64,
    /// Where it was torn, in words.
    pub damage: Damage,
}

/// Why the journal cannot be opened. Nothing may be recorded, so nothing may be released.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An acknowledged entry is damaged or missing.
    #[error("the ledger is damaged: {0}")]
    Damaged(#[from] Damage),
    /// The checkpoint is not one of this ledger's key, or cannot be read.
    #[error("the ledger's checkpoint is not to be believed: {0}")]
    Checkpoint(String),
}

/// Why a batch was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No room. Nothing was recorded; the next attempt may find room.
    #[error("no space left for the ledger: nothing was recorded")]
    NoSpace,
    /// The disk failed: what it holds is uncertain. Stop acknowledging, exit, recover.
    #[error("the ledger's disk failed, and the gateway must stop: {0}")]
    Poisoned(io::Error),
    /// The batch is empty or over the limits.
    #[error(
        "a batch has 1 to {} entries, each within its limits",
        frame::BATCH_ENTRIES_MAX
    )]
    Limits,
    /// The lines do not continue the chain.
    #[error("the line for entry {0} does not continue the chain")]
    OutOfOrder(u64),
}

impl AppendError {
    /// Whether the process must exit.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Poisoned(_))
    }
}

/// The journal, open for writing. The caller holds the folder's lock.
#[derive(Debug)]
pub struct Journal {
    data_dir: PathBuf,
    segments: Segments,
    chain: Chain,
    next_id: u64,
    /// Where in the current segment the last batch begins.
    last_batch: Option<u64>,
    checkpoint: Option<Checkpoint>,
    next_slot: usize,
    poisoned: bool,
}

impl Journal {
    /// Opens the journal in a data folder, or begins one: verifies what follows the newest
    /// checkpoint, drops a batch that was not written to its end, and makes room for the next.
    ///
    /// # Errors
    /// When an acknowledged entry is damaged, the journal is shorter than its checkpoint, or the
    /// folder cannot be used.
    pub fn open(data_dir: &Path, key: &LogKey) -> Result<(Self, Recovered), OpenError> {
        Self::open_on(Box::new(RealDisk), SEGMENT_BYTES, data_dir, key)
    }

    pub(super) fn open_on(
        disk: Box<dyn Disk>,
        segment_bytes: u64,
        data_dir: &Path,
        key: &LogKey,
    ) -> Result<(Self, Recovered), OpenError> {
        let found = recovery::recover(data_dir, key)?;
        let segments = Segments::open(disk, segment_bytes, data_dir, found.end.position).map_err(
            |source| OpenError::Io {
                path: data_dir.to_owned(),
                source,
            },
        )?;
        let last_batch = found.end.last_batch;
        let journal = Self {
            data_dir: data_dir.to_owned(),
            segments,
            chain: found.recovered.chain,
            next_id: found.next_id,
            last_batch: last_batch.map(|place| place.offset),
            checkpoint: found.recovered.checkpoint.clone(),
            next_slot: found.next_slot,
            poisoned: false,
        };
        Ok((journal, found.recovered))
    }

    /// Appends a batch, and returns when it is durable. The lines must continue the chain.
    ///
    /// # Errors
    /// When it was not recorded, or nobody can say whether it was
    /// ([fatal](AppendError::is_fatal)).
    pub fn append(&mut self, batch: &[Record], priority: Priority) -> Result<(), AppendError> {
        self.check_poison()?;
        let chain = self.follow(batch)?;
        let bytes = frame::encode(self.next_id, self.chain.next_seq(), batch)
            .filter(|bytes| bytes.len() as u64 <= self.segments.bytes())
            .ok_or(AppendError::Limits)?;
        let written = self.segments.append(&bytes, priority);
        let at = self.told(written)?;
        self.last_batch = Some(at);
        self.chain = chain;
        self.next_id = self.next_id.saturating_add(1);
        Ok(())
    }

    /// Makes the next segment and the reserve ready, if they are not. To be called between
    /// batches, so that no batch has to wait for it.
    ///
    /// # Errors
    /// [`AppendError::NoSpace`] means that refusals are near; the journal is still good.
    pub fn prepare(&mut self) -> Result<(), AppendError> {
        self.check_poison()?;
        let prepared = self.segments.prepare();
        self.told(prepared)
    }

    /// Keeps a signed checkpoint over all that was appended; `tree` is the tree that it is about.
    ///
    /// # Errors
    /// [`AppendError::OutOfOrder`] when the tree has another size than the journal.
    pub fn write_checkpoint(&mut self, note: &str, tree: &Tree) -> Result<(), AppendError> {
        self.check_poison()?;
        let (Some(last_batch), true) = (self.last_batch, tree.size() == self.chain.next_seq())
        else {
            return Err(AppendError::OutOfOrder(self.chain.next_seq()));
        };
        let slot = Slot {
            checkpoint: Checkpoint::of("", tree),
            note: note.to_owned(),
            chain: self.chain,
            tree: tree.clone(),
            end: self.segments.position(),
            last_batch,
            next_id: self.next_id,
        };
        let disk = self.segments.disk();
        let written = slots::write(&self.data_dir, disk, self.next_slot, &slot);
        self.told(written.map_err(WriteError::from))?;
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }

    /// The entries from number `from` on. From 0, all that was found when the journal was opened
    /// is verified against the checkpoint on the way.
    pub fn entries(&self, from: u64) -> Entries {
        JournalReader::new(&self.data_dir)
            .checked_entries(from, self.checkpoint.clone())
            .until(self.chain.next_seq())
    }

    /// The entries from number `from` on, which were verified before.
    pub fn entries_from(&self, from: u64) -> Entries {
        JournalReader::new(&self.data_dir)
            .unchecked_entries(from)
            .until(self.chain.next_seq())
    }

    /// For reading from elsewhere while this one writes.
    pub fn reader(&self) -> JournalReader {
        JournalReader::new(&self.data_dir)
    }

    /// How many entries are durable.
    pub const fn len(&self) -> u64 {
        self.chain.next_seq()
    }

    /// Whether nothing was ever recorded.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the last batch begins and ends.
    #[cfg(test)]
    pub(super) fn last_batch_place(&self) -> (Position, Position) {
        let end = self.segments.position();
        let offset = self.last_batch.unwrap_or(0);
        (Position { offset, ..end }, end)
    }

    /// The chain after these lines.
    fn follow(&self, batch: &[Record]) -> Result<Chain, AppendError> {
        let mut chain = self.chain;
        for record in batch {
            let line = record.line.as_bytes();
            match Head::parse(line) {
                Ok(head) if chain.fits(&head) => chain = chain.after(&head, line_hash(line)),
                _ => return Err(AppendError::OutOfOrder(chain.next_seq())),
            }
        }
        Ok(chain)
    }

    fn check_poison(&self) -> Result<(), AppendError> {
        if self.poisoned {
            let words = "it failed before";
            return Err(AppendError::Poisoned(io::Error::other(words)));
        }
        Ok(())
    }

    fn told<T>(&mut self, result: Result<T, WriteError>) -> Result<T, AppendError> {
        match result {
            Ok(value) => Ok(value),
            Err(WriteError::NoSpace) => Err(AppendError::NoSpace),
            Err(WriteError::Fatal(error)) => {
                self.poisoned = true;
                Err(AppendError::Poisoned(error))
            }
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { path, source } => Self::Io { path, source },
            ReadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

impl From<SlotError> for OpenError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Io { path, source } => Self::Io { path, source },
            error @ (SlotError::Checkpoint { .. } | SlotError::Unreadable(_)) => {
                Self::Checkpoint(error.to_string())
            }
        }
    }
}
