//! The door to sled: pairs of bytes, sorted, some of them written at once.
//!
//! sled 0.34 asserts on what it finds on the disk, so every call is guarded: a panic becomes an
//! error, and the store is then thrown away as a whole. It runs without its own flusher thread:
//! closing the store would wait for ever for one that has panicked.

use std::fs;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;

use crate::storage::disk;
use crate::storage::index::IndexError;

/// Bytes of sled's cache.
const CACHE_BYTES: u64 = 16 << 20;

/// A key and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// The store, open. Cheap to clone; it is closed with the last.
#[derive(Clone, Debug)]
pub(super) struct Store {
    db: sled::Db,
}

impl Store {
    /// Opens the store in this folder, or begins one.
    pub(super) fn open(dir: &Path) -> Result<Self, IndexError> {
        remove_leftovers(dir).map_err(|source| IndexError::Io {
            path: dir.to_owned(),
            source,
        })?;
        let config = sled::Config::default()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        guarded(|| Ok(Self { db: config.open()? }))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        guarded(|| Ok(self.db.get(key)?.map(|value| value.to_vec())))
    }

    /// The last pair whose key is not below `first` and is below `end`.
    pub(super) fn last_below(&self, first: &[u8], end: &[u8]) -> Result<Option<Pair>, IndexError> {
        guarded(|| {
            let last = self.db.range(first..end).next_back().transpose()?;
            Ok(last.map(|(key, value)| (key.to_vec(), value.to_vec())))
        })
    }

    /// Writes all of these, or none.
    pub(super) fn write(&self, pairs: Vec<Pair>) -> Result<(), IndexError> {
        guarded(|| {
            let mut batch = sled::Batch::default();
            for (key, value) in pairs {
                batch.insert(key, value);
            }
            self.db.apply_batch(batch)?;
            self.db.flush()?;
            Ok(())
        })
    }

    /// Loses a pair, as a damaged store does.
    #[cfg(test)]
    pub(super) fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        guarded(|| Ok(self.db.remove(key).map(drop)?))
    }

    /// Closes it. Closing a damaged one may panic as well.
    pub(super) fn close(self) {
        let _closed = guarded(|| {
            drop(self);
            Ok(())
        });
    }
}

/// Whether there is something in the store's place.
pub(super) fn is_there(dir: &Path) -> bool {
    match disk::read_dir(dir) {
        Ok(mut items) => items.next().is_some(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes the store from the disk. It must be closed.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    let removed = if dir.is_dir() {
        fs::remove_dir_all(dir)
    } else {
        fs::remove_file(dir)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what sled left when it was stopped while it wrote a snapshot of its page table: it would
/// take the torn file for the newest snapshot, and refuse to open.
fn remove_leftovers(dir: &Path) -> io::Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for item in disk::read_dir(dir)? {
        let item = item?;
        let name = item.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::info!(file = %name, "removed what an interrupted start had left in the index");
            fs::remove_file(item.path())?;
        }
    }
    Ok(())
}

/// Calls sled. Its panics become errors: it asserts on what it finds on the disk, and the index
/// must not take the gateway down with it. After one, the store is thrown away as a whole.
fn guarded<T>(call: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(IndexError::Panicked))
}
