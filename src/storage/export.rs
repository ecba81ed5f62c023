//! A copy of the ledger for strangers: its lines, the newest checkpoint, the public key, and, if
//! wanted, its tiles. Sealed details stay behind.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Checkpoint;
use crate::ledger::Damage;
use crate::storage::checkpoints;
use crate::storage::disk;
use crate::storage::keys;
use crate::storage::keys::KeysError;
use crate::storage::keys::VKEY_FILE;
use crate::storage::lines::Lines;
use crate::storage::reader::ReadError;
use crate::storage::slots::SlotError;
use crate::storage::tiles::Tiles;

mod archive;
mod encrypted;
mod read;

pub(super) use archive::Archive;
use archive::Folder;
pub use encrypted::AgeRecipient;
use encrypted::EncryptedTar;
pub use encrypted::NotARecipient;
pub(super) use read::ExportedLine;
pub(super) use read::ExportedLines;
pub(super) use read::UNENDED;

/// One entry a line, each line ended by a newline.
pub(super) const ENTRIES_FILE: &str = "entries.jsonl";

/// The signed checkpoint (C2SP tlog-checkpoint).
pub(super) const CHECKPOINT_FILE: &str = "checkpoint";

/// What an export is to be.
#[derive(Clone, Debug, Default)]
pub struct ExportForm {
    /// Also a C2SP tlog-tiles folder.
    pub tiles: bool,
    /// One encrypted file for these, instead of files in clear; nobody: files in clear.
    pub recipients: Vec<AgeRecipient>,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Entries in the export.
    pub entries: u64,
    /// The newest signed checkpoint, when there is one.
    pub checkpoint: Option<Checkpoint>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The checkpoint is not to be believed.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(String),
    /// The public key.
    #[error(transparent)]
    Key(#[from] KeysError),
    /// No public key beside the ledger.
    #[error("{} holds no ledger", .0.display())]
    NoLedger(PathBuf),
    /// Tiles are those of a checkpoint.
    #[error("no checkpoint is signed yet, and tiles are those of a checkpoint")]
    Unsigned,
    /// The tiles would not be those of the checkpoint.
    #[error("the {size} entries that were signed for do not lead to the signed root: no tiles")]
    NotAsSigned {
        /// The checkpoint's size.
        size: u64,
    },
    /// While the ledger was copied it became shorter.
    #[error("the ledger was changed while it was copied: {found} of {expected} entries are there")]
    Changed {
        /// Entries that were there.
        found: u64,
        /// Entries that had been there.
        expected: u64,
    },
}

/// Copies the ledger in `dir` (a data folder, a copy of one, or an export) into `out_dir`, which is
/// made if it is not there. Works while a gateway writes. Does not verify the lines: whoever gets
/// the copy does; tiles are compared with the checkpoint.
///
/// # Errors
/// When the ledger cannot be read, or the copy is there already or cannot be written.
pub fn export(dir: &Path, out_dir: &Path, form: &ExportForm) -> Result<Exported, ExportError> {
    let no_ledger = || ExportError::NoLedger(dir.to_owned());
    let key = keys::read_vkey(dir)?.ok_or_else(no_ledger)?;
    let lines = Lines::of_folder(dir).ok_or_else(no_ledger)?;
    // The checkpoint first: the ledger may grow while it is read.
    let signed = checkpoints::newest(dir, &key)?;
    if form.tiles && signed.is_none() {
        return Err(ExportError::Unsigned);
    }
    let cosigned = checkpoints::cosigned(dir, &key).unwrap_or_default();
    disk::create_dir(out_dir).map_err(|source| ExportError::Io {
        path: out_dir.to_owned(),
        source,
    })?;
    let mut archive: Box<dyn Archive> = if form.recipients.is_empty() {
        Box::new(Folder::new(out_dir))
    } else {
        Box::new(EncryptedTar::begin(out_dir, &form.recipients)?)
    };
    let entries = write_lines(&lines, &mut *archive)?;
    if form.tiles {
        let signed = signed.as_ref().ok_or(ExportError::Unsigned)?;
        write_tiles(&lines, &signed.checkpoint, &mut *archive)?;
    }
    if let Some(signed) = &signed {
        archive.add(CHECKPOINT_FILE, signed.note.as_bytes())?;
    }
    if let Some(cosigned) = &cosigned {
        archive.add(checkpoints::COSIGNED_FILE, cosigned.note.as_bytes())?;
    }
    archive.add(VKEY_FILE, format!("{key}\n").as_bytes())?;
    archive.finish()?;
    Ok(Exported {
        entries,
        checkpoint: signed.map(|signed| signed.checkpoint),
    })
}

/// The newest checkpoint of the ledger in `dir`, opened and as it was signed; `None` when there is none.
///
/// # Errors
/// When it is not to be believed, or there is no ledger.
pub fn newest_checkpoint(dir: &Path) -> Result<Option<(Checkpoint, String)>, ExportError> {
    let key = keys::read_vkey(dir)?.ok_or_else(|| ExportError::NoLedger(dir.to_owned()))?;
    let newest = checkpoints::newest(dir, &key)?;
    Ok(newest.map(|signed| (signed.checkpoint, signed.note)))
}

/// Writes the lines of the entries in `range` to `out`, each ended by a newline, without following the chain;
/// gives the number of the entry after the last.
///
/// # Errors
/// When the ledger cannot be read or is damaged there, or `out` cannot be written.
pub fn write_range(
    dir: &Path,
    range: std::ops::Range<u64>,
    out: &mut dyn io::Write,
) -> Result<u64, ExportError> {
    let lines = Lines::of_folder(dir).ok_or_else(|| ExportError::NoLedger(dir.to_owned()))?;
    lines.each(range, |_, line| {
        let written = out.write_all(line).and_then(|()| out.write_all(b"\n"));
        written.map_err(|source| ExportError::Io {
            path: PathBuf::from(ENTRIES_FILE),
            source,
        })
    })
}

/// Writes the lines that are there now. What an archive says about a file before its first byte
/// includes its length: they are read twice.
fn write_lines(lines: &Lines, archive: &mut dyn Archive) -> Result<u64, ExportError> {
    let mut bytes = 0_u64;
    let entries = lines.each(0..u64::MAX, |_, line| {
        bytes = bytes.saturating_add(line.len() as u64 + 1);
        Ok::<_, ExportError>(())
    })?;
    archive.begin(ENTRIES_FILE, bytes)?;
    let found = lines.each(0..entries, |_, line| {
        archive.write(line)?;
        archive.write(b"\n")
    })?;
    expect_all(found, entries)?;
    archive.end()?;
    Ok(entries)
}

fn write_tiles(
    lines: &Lines,
    checkpoint: &Checkpoint,
    archive: &mut dyn Archive,
) -> Result<(), ExportError> {
    let size = checkpoint.size;
    let mut tiles = Tiles::new(archive);
    let found = lines.each(0..size, |_, line| tiles.push(line))?;
    expect_all(found, size)?;
    if tiles.finish()? == checkpoint.root {
        Ok(())
    } else {
        Err(ExportError::NotAsSigned { size })
    }
}

const fn expect_all(found: u64, expected: u64) -> Result<(), ExportError> {
    if found < expected {
        return Err(ExportError::Changed { found, expected });
    }
    Ok(())
}

impl From<ReadError> for ExportError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { path, source } => Self::Io { path, source },
            ReadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

impl From<SlotError> for ExportError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Io { path, source } => Self::Io { path, source },
            error @ (SlotError::Checkpoint { .. } | SlotError::Unreadable(_)) => {
                Self::Checkpoint(error.to_string())
            }
        }
    }
}
