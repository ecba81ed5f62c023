//! Keeps two gateways off one folder.

use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::storage::disk;

/// The lock on a data folder, held as long as this value lives. The system releases it when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why the folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is in use by another gateway", .0.display())]
    Held(PathBuf),
    /// The lock file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FolderLock {
    /// Takes the lock, and makes the folder if it is not there. Does not wait.
    ///
    /// # Errors
    /// When another process holds it, or the folder cannot be written to.
    pub fn take(data_dir: &Path) -> Result<Self, LockError> {
        let path = data_dir.join("lock");
        let open = || {
            disk::create_dir(data_dir)?;
            File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let failed = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        let file = open().map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(data_dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_gateway_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        let first = FolderLock::take(&data).unwrap();
        assert!(matches!(FolderLock::take(&data), Err(LockError::Held(_))));
        drop(first);
        assert!(FolderLock::take(&data).is_ok());
    }
}
