//! How far a receiver of audits has been told: a place in the ledger, in place of a queue of its own.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::digest::Sha256;
use crate::storage::disk;

/// Bytes of the longest file that is read again.
const FILE_BYTES_MAX: u64 = 4_096;

/// Readable by all: it says nothing but a number.
const MODE: u32 = 0o644;

/// A place in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The entry that is to be told next.
    pub next: u64,
    /// Digest of the line before it, by which the ledger is known to be the same one still.
    pub after: Sha256,
}

impl Told {
    /// Nothing is told yet.
    pub const NOTHING: Self = Self {
        next: 0,
        after: Sha256::ZERO,
    };
}

/// `audit/<receiver>.cursor` in the data folder. It is replaced as a whole, and synced with its folder before the
/// call returns.
#[derive(Clone, Debug)]
pub struct AuditCursor {
    path: PathBuf,
}

impl AuditCursor {
    /// That of a receiver.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data_dir: &Path, receiver: &str) -> io::Result<Self> {
        let dir = data_dir.join("audit");
        disk::create_dir(&dir)?;
        Ok(Self {
            path: dir.join(format!("{receiver}.cursor")),
        })
    }

    /// How far it was told; `None` when it never was.
    ///
    /// # Errors
    /// When there is a file, and it is not what was written.
    pub fn read(&self) -> io::Result<Option<Told>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        let told = serde_json::from_slice(&bytes);
        told.map(Some)
            .map_err(|_| io::Error::other(format!("{}: not a cursor", self.path.display())))
    }

    /// It was told so far.
    ///
    /// # Errors
    /// When the disk refuses. What was kept before is kept still, then.
    pub fn write(&self, told: &Told) -> io::Result<()> {
        let mut text = serde_json::to_vec(told)?;
        text.push(b'\n');
        disk::write_whole(&self.path, &text, MODE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_a_damaged_one_is_not_taken_for_none() {
        let dir = tempfile::tempdir().unwrap();
        let cursor = AuditCursor::open(dir.path(), "arr").unwrap();
        assert_eq!(cursor.read().unwrap(), None);
        let told = Told {
            next: 7,
            after: Sha256::of(&[b"line"]),
        };
        cursor.write(&told).unwrap();
        assert_eq!(cursor.read().unwrap(), Some(told));
        std::fs::write(dir.path().join("audit/arr.cursor"), b"{}").unwrap();
        assert!(cursor.read().is_err());
    }
}
