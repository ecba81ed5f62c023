//! Where in the journal to look: for a study, a patient, an institution, a day, a kind of event.
//!
//! sled holds it. sled is not the truth here and is not trusted to be durable: whenever it is
//! missing, damaged, ahead of the journal or of another journal, it is thrown away and built anew;
//! when it is behind, it catches up. Nothing that the gateway decides depends on it, and no append
//! ever waits for it. sled 0.34 panics on some damaged files, so every call is guarded.

use std::fs;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::ledger::EntryError;
use crate::ledger::line_hash;
use crate::storage::reader::JournalReader;
use crate::storage::reader::ReadError;

mod facet;
mod indexer;
#[cfg(test)]
mod tests;

pub use facet::Facet;
pub use indexer::Indexer;

/// Bytes of sled's cache.
const CACHE_BYTES: u64 = 4 << 20;

/// Entries that are entered at once.
const CHUNK_ENTRIES: usize = 256;

/// Entries that one question returns at most.
pub const FOUND_MAX: usize = 10_000;

/// Where it is written how far the index goes: number of the next entry, digest of the last line.
const PROGRESS_KEY: &[u8] = b"\0progress";

/// Why the index did not answer. Only answers are lost: everything is in the journal.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// sled failed.
    #[error("the index failed: {0}")]
    Failed(#[from] sled::Error),
    /// sled panicked.
    #[error("the index is damaged")]
    Panicked,
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
    /// An entry has no line.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// How far the index goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    next_seq: u64,
    last_line: Sha256,
}

/// The index of a data folder.
#[derive(Debug)]
pub struct Index {
    dir: PathBuf,
    db: Mutex<Option<sled::Db>>,
}

impl Index {
    /// The index of this data folder, not yet opened.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("index"),
            db: Mutex::new(None),
        }
    }

    /// Numbers of the entries with this facet that are below `before`, the newest first; at most
    /// `limit` of them, and never more than [`FOUND_MAX`]. May lag behind the journal.
    ///
    /// # Errors
    /// When there is no index.
    pub fn find(&self, facet: &Facet, before: u64, limit: usize) -> Result<Vec<u64>, IndexError> {
        let db = self.db()?;
        let (first, end) = (facet.key(0), facet.key(before));
        guarded(|| {
            let found = db.range(first..end).keys().rev();
            let number = |key: sled::Result<sled::IVec>| Ok(Facet::number(&key?));
            let numbers = found.take(limit.min(FOUND_MAX)).map(number);
            numbers.collect()
        })
    }

    /// How many entries are indexed.
    ///
    /// # Errors
    /// When there is no index.
    pub fn entries(&self) -> Result<u64, IndexError> {
        Ok(progress(&self.db()?)?.map_or(0, |progress| progress.next_seq))
    }

    /// Enters what the journal holds below entry `until` and the index does not; opens the index,
    /// or begins a new one, if need be. `go_on` is asked between chunks.
    ///
    /// # Errors
    /// When the journal cannot be read, or not even a new index works.
    pub fn catch_up(
        &self,
        journal: &JournalReader,
        until: u64,
        go_on: impl Fn() -> bool,
    ) -> Result<(), IndexError> {
        match self.try_catch_up(journal, until, &go_on) {
            Err(IndexError::Failed(_) | IndexError::Panicked) => {
                self.wipe()?;
                self.try_catch_up(journal, until, &go_on)
            }
            caught_up => caught_up,
        }
    }

    fn try_catch_up(
        &self,
        journal: &JournalReader,
        until: u64,
        go_on: &impl Fn() -> bool,
    ) -> Result<(), IndexError> {
        let (db, mut next) = match self.db() {
            Ok(db) => {
                let next = progress(&db)?.map_or(0, |progress| progress.next_seq);
                (db, next)
            }
            Err(_) => self.open(journal, until)?,
        };
        let mut entries = journal.unchecked_entries(next).until(until);
        while next < until && go_on() {
            let mut batch = sled::Batch::default();
            let mut last = None;
            for stored in entries.by_ref().take(CHUNK_ENTRIES) {
                let entry = stored?.entry;
                for facet in facet::facets_of(&entry) {
                    batch.insert(facet.key(entry.seq), &[]);
                }
                last = Some(entry);
            }
            let Some(last) = last else {
                return Ok(());
            };
            let progress = after(&last)?;
            next = progress.next_seq;
            batch.insert(PROGRESS_KEY, progress.encode());
            guarded(|| Ok(db.apply_batch(batch)?))?;
        }
        Ok(())
    }

    /// Opens what is there, and throws it away if it does not fit the journal.
    fn open(&self, journal: &JournalReader, until: u64) -> Result<(sled::Db, u64), IndexError> {
        let opened = open_db(&self.dir).and_then(|db| {
            let progress = progress(&db)?;
            Ok((db, progress))
        });
        let next = match &opened {
            Ok((_, None)) => Some(0),
            Ok((_, Some(found))) if fits(journal, until, found)? => Some(found.next_seq),
            _ => None,
        };
        let (db, next) = match (opened, next) {
            (Ok((db, _)), Some(next)) => (db, next),
            (opened, _) => {
                drop(opened);
                self.wipe()?;
                (open_db(&self.dir)?, 0)
            }
        };
        *self.db.lock().unwrap_or_else(PoisonError::into_inner) = Some(db.clone());
        Ok((db, next))
    }

    fn db(&self) -> Result<sled::Db, IndexError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        db.clone().ok_or(IndexError::Unavailable)
    }

    /// Removes the index from the disk.
    fn wipe(&self) -> Result<(), IndexError> {
        let db = self
            .db
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Closing a damaged index may panic as well.
        let _closed = guarded(|| {
            drop(db);
            Ok(())
        });
        let removed = if self.dir.is_dir() {
            fs::remove_dir_all(&self.dir)
        } else {
            fs::remove_file(&self.dir)
        };
        match removed {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(IndexError::Io {
                path: self.dir.clone(),
                source,
            }),
            _ => Ok(()),
        }
    }
}

impl Progress {
    fn encode(self) -> Vec<u8> {
        [&self.next_seq.to_be_bytes()[..], self.last_line.as_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (next_seq, last_line) = bytes.split_first_chunk()?;
        Some(Self {
            next_seq: u64::from_be_bytes(*next_seq),
            last_line: Sha256::from_bytes(last_line.try_into().ok()?),
        })
    }
}

/// The progress after this entry.
fn after(entry: &Entry) -> Result<Progress, EntryError> {
    Ok(Progress {
        next_seq: entry.seq.saturating_add(1),
        last_line: line_hash(entry.line()?.as_bytes()),
    })
}

/// Whether an index that goes so far is one of this journal.
fn fits(journal: &JournalReader, until: u64, found: &Progress) -> Result<bool, IndexError> {
    let Some(last) = found.next_seq.checked_sub(1).filter(|last| *last < until) else {
        return Ok(false);
    };
    match journal.get(last)? {
        Some(stored) => Ok(after(&stored.entry)? == *found),
        None => Ok(false),
    }
}

fn open_db(dir: &Path) -> Result<sled::Db, IndexError> {
    let config = sled::Config::default()
        .path(dir)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(5_000));
    guarded(|| Ok(config.open()?))
}

/// How far the index goes; `None` when it is empty. What cannot be read is damage.
fn progress(db: &sled::Db) -> Result<Option<Progress>, IndexError> {
    guarded(|| match db.get(PROGRESS_KEY)? {
        None if db.is_empty() => Ok(None),
        None => Err(IndexError::Panicked),
        Some(bytes) => Progress::decode(&bytes)
            .map(Some)
            .ok_or(IndexError::Panicked),
    })
}

/// Calls sled. Its panics become errors: it asserts on what it finds on the disk, and the index
/// must not take the gateway down with it. After one, the database is thrown away as a whole.
fn guarded<T>(call: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(IndexError::Panicked))
}
