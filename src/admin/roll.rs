//! The accounts, as they are now: every request asks, so the file is read again only when it is another.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::identity::Accounts;
use crate::identity::AccountsError;

/// What tells one file from the one that took its place: inode, time of change in seconds and nanoseconds, length.
type Stamp = (u64, i64, i64, u64);

/// See the module.
#[derive(Debug)]
pub(super) struct Roll {
    path: PathBuf,
    read: Mutex<Option<(Stamp, Arc<Accounts>)>>,
}

impl Roll {
    /// Of this file, which need not be there.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: Mutex::new(None),
        }
    }

    /// The accounts. Blocks on the disk for a small file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn accounts(&self) -> Result<Arc<Accounts>, AccountsError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        // Of the file before it is read: one that changes meanwhile is read again.
        let stamp = fs::metadata(&self.path).ok().map(|about| {
            let (seconds, nanos) = (about.mtime(), about.mtime_nsec());
            (about.ino(), seconds, nanos, about.len())
        });
        if let (Some(stamp), Some((known, accounts))) = (stamp, &*read)
            && stamp == *known
        {
            return Ok(Arc::clone(accounts));
        }
        let accounts = Arc::new(Accounts::read(&self.path)?);
        *read = stamp.map(|stamp| (stamp, Arc::clone(&accounts)));
        Ok(accounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_read_and_the_same_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = Accounts::path(folder.path());
        let roll = Roll::new(path.clone());
        assert!(roll.accounts().unwrap().is_empty(), "there is none");
        let mut accounts = Accounts::default();
        let ada = "ada".parse().unwrap();
        accounts
            .add(ada, [crate::contract::Role::Auditor].into(), None)
            .unwrap();
        accounts.write(&path).unwrap();
        let first = roll.accounts().unwrap();
        assert!(!first.is_empty());
        assert!(Arc::ptr_eq(&first, &roll.accounts().unwrap()));
        Accounts::default().write(&path).unwrap();
        assert!(roll.accounts().unwrap().is_empty());
    }
}
