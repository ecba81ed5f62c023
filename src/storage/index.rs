//! Where in the journal to look: for a study, a patient, an institution, a day, a kind of event.
//!
//! sled holds it. sled is not the truth here and is not trusted to be durable: whenever it is
//! missing, damaged, ahead of the journal or of another journal, it is thrown away and built anew;
//! when it is behind, it catches up. Nothing that the gateway decides depends on it, and no append
//! ever waits for it.
//!
//! Entries are taken in by *runs* of [`RUN_ENTRIES`]. A run is filled in memory and goes into the
//! store once, when it is full, as sorted blocks that are never changed (see `block`), together
//! with the [`Progress`] after it: one batch, all of it or nothing. What is behind the last full
//! run is read from the journal again when the gateway starts. So the store is only ever written at
//! its end, and in large pieces: one key for each facet of each entry, spread over all of the
//! store, is what sled is slow at.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::storage::reader::ReadError;

mod block;
mod catching_up;
mod facet;
mod indexer;
mod lines;
mod progress;
mod run;
mod skim;
mod store;
#[cfg(test)]
mod tests;

use block::Block;
pub use catching_up::CatchingUp;
pub use catching_up::Why;
pub use facet::Facet;
pub use indexer::Indexer;
use lines::Place;
use run::Run;
use store::Store;

/// Entries of a run: held in memory until it is full, and read again when the gateway starts.
const RUN_ENTRIES: u32 = 16_384;

/// Entries that one question returns at most.
pub const FOUND_MAX: usize = 10_000;

/// Where the store holds how far it goes.
const PROGRESS_KEY: &[u8] = b"\0progress";

/// Why the index did not answer. Only answers are lost: everything is in the journal.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// sled failed.
    #[error("the index failed: {0}")]
    Failed(#[from] sled::Error),
    /// sled panicked.
    #[error("the index is damaged: reading it panicked")]
    Panicked,
    /// The store holds something else than was written.
    #[error("the index is damaged: {0}")]
    Spoilt(&'static str),
    /// There is no index at the moment.
    #[error("the index is not there: it is being rebuilt, or cannot be")]
    Unavailable,
    /// The folder cannot be emptied.
    #[error("{}: {source}", path.display())]
    Io {
        /// The index's folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
}

impl IndexError {
    /// Whether the store is to be thrown away. A new one would fare no better where there is no
    /// room, or it must not be written.
    fn is_damage(&self) -> bool {
        match self {
            Self::Failed(sled::Error::Io(error)) => !matches!(
                error.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::PermissionDenied
            ),
            Self::Failed(_) | Self::Panicked | Self::Spoilt(_) => true,
            Self::Unavailable | Self::Io { .. } | Self::Journal(_) => false,
        }
    }
}

/// The index of a data folder.
#[derive(Debug)]
pub struct Index {
    dir: PathBuf,
    run_entries: u32,
    open: Mutex<Option<Open>>,
    /// Held by who feeds it.
    feeding: Mutex<()>,
    /// An answer came upon damage: the store is not to be opened again.
    spoilt: AtomicBool,
}

/// An open index.
#[derive(Debug)]
struct Open {
    store: Store,
    /// What is not in the store yet.
    run: Run,
    /// Whether it has caught up since it was opened: before, it answers nothing.
    ready: bool,
    /// Where in the journal to go on.
    place: Option<Place>,
}

impl Index {
    /// The index of this data folder, not yet opened.
    pub fn new(data_dir: &Path) -> Self {
        Self::with_runs_of(RUN_ENTRIES, data_dir)
    }

    fn with_runs_of(run_entries: u32, data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("index"),
            run_entries,
            open: Mutex::new(None),
            feeding: Mutex::new(()),
            spoilt: AtomicBool::new(false),
        }
    }

    /// Numbers of the entries with this facet that are below `before`, the newest first; at most
    /// `limit` of them, and never more than [`FOUND_MAX`]. May lag behind the journal.
    ///
    /// # Errors
    /// When there is no index, such as while it is being rebuilt.
    pub fn find(&self, facet: &Facet, before: u64, limit: usize) -> Result<Vec<u64>, IndexError> {
        self.find_in(facet, 0..before, limit)
    }

    /// The same of the entries in `range`: what is about an entry comes after it, and no older run is looked at.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_in(
        &self,
        facet: &Facet,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, IndexError> {
        let (key, limit, before) = (facet.key(), limit.min(FOUND_MAX), range.end);
        let (store, stored, mut found) = {
            let open = self.open();
            let open = open.as_ref().filter(|open| open.ready);
            let open = open.ok_or(IndexError::Unavailable)?;
            let found = open.run.find(&key, before, limit);
            (open.store.clone(), open.run.first(), found)
        };
        let mut end = stored.min(before);
        while found.len() < limit && end > range.start {
            let first = self.run_before(end);
            let more = find_in_run(&store, first, &key, end, limit - found.len());
            found.extend(more.inspect_err(|error| self.note_damage(error))?);
            end = first;
        }
        found.retain(|number| *number >= range.start);
        Ok(found)
    }

    /// How many entries are indexed; while it is being rebuilt, how far that is.
    ///
    /// # Errors
    /// When there is no index.
    pub fn entries(&self) -> Result<u64, IndexError> {
        let open = self.open();
        let open = open.as_ref().ok_or(IndexError::Unavailable)?;
        Ok(open.run.next_seq())
    }

    /// First entry of the run that holds the entry before `end`.
    const fn run_before(&self, end: u64) -> u64 {
        let last = end.saturating_sub(1);
        last - last % (self.run_entries as u64)
    }

    /// Damage that an answer came upon: no more answers, and a new index the next time it is fed.
    fn note_damage(&self, error: &IndexError) {
        if error.is_damage() {
            self.spoilt.store(true, Ordering::Relaxed);
            if let Some(open) = self.open().as_mut() {
                open.ready = false;
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers of the entries of a full run with this facet that are below `before`, the newest first.
fn find_in_run(
    store: &Store,
    first: u64,
    facet: &[u8],
    before: u64,
    limit: usize,
) -> Result<Vec<u64>, IndexError> {
    let spoilt = |_| IndexError::Spoilt("a block is not what was written in its place");
    let run = block::run_key(first);
    let below = u32::try_from(before.saturating_sub(first)).unwrap_or(u32::MAX);
    let mut end = block::block_key(first, facet, below);
    let mut found = Vec::new();
    loop {
        let last = store.last_below(&run, &end)?;
        let (key, value) = last.ok_or(IndexError::Spoilt("a run is missing"))?;
        let block = Block::read(&key, &value).map_err(spoilt)?;
        if !block.next.is_empty() && block.next < end.as_slice() {
            return Err(IndexError::Spoilt("a block is missing"));
        }
        let numbers = block.numbers_of(facet).map_err(spoilt)?;
        let numbers = numbers.into_iter().rev().filter(|number| *number < below);
        let numbers = numbers.map(|number| first.saturating_add(u64::from(number)));
        found.extend(numbers.take(limit.saturating_sub(found.len())));
        let begins_with_it = key.strip_prefix(run.as_slice());
        let begins_with_it = begins_with_it.is_some_and(|rest| rest.starts_with(facet));
        if found.len() >= limit || !begins_with_it {
            return Ok(found);
        }
        end = key;
    }
}
