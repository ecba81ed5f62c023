//! How far somebody has been told the ledger: a place in it, in place of a queue of its own.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Sha256;
use crate::storage::disk;

/// Bytes of the longest file that is read again: a place, and what is remembered beside it.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Readable by all: it says nothing of patients.
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

/// `<folder>/<name>.cursor` in the data folder: a [`Told`], or that and more. It is replaced as a whole, and synced with
/// its folder before the call returns.
#[derive(Clone, Debug)]
pub struct Cursor {
    path: PathBuf,
}

impl Cursor {
    /// That of one who is told, in the folder of those who are told in the same way.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data_dir: &Path, folder: &str, name: &str) -> io::Result<Self> {
        let dir = data_dir.join(folder);
        disk::create_dir(&dir)?;
        Ok(Self {
            path: dir.join(format!("{name}.cursor")),
        })
    }

    /// What was written last; `None` when nothing ever was.
    ///
    /// # Errors
    /// When there is a file, and it is not what was written.
    pub fn read<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        let kept = serde_json::from_slice(&bytes);
        kept.map(Some)
            .map_err(|_| io::Error::other(format!("{}: not a cursor", self.path.display())))
    }

    /// It was told so far.
    ///
    /// # Errors
    /// When the disk refuses. What was kept before is kept still, then.
    pub fn write<T: Serialize>(&self, kept: &T) -> io::Result<()> {
        let mut text = serde_json::to_vec(kept)?;
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
        let cursor = Cursor::open(dir.path(), "audit", "arr").unwrap();
        assert_eq!(cursor.read::<Told>().unwrap(), None);
        let told = Told {
            next: 7,
            after: Sha256::of(&[b"line"]),
        };
        cursor.write(&told).unwrap();
        assert_eq!(cursor.read().unwrap(), Some(told));
        std::fs::write(dir.path().join("audit/arr.cursor"), b"{}").unwrap();
        assert!(cursor.read::<Told>().is_err());
    }
}
