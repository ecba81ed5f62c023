//! The signed checkpoints in a folder, whatever folder of a ledger it is: a data folder, a copy of
//! one, or an export.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::LogKey;
use crate::ledger::NOTE_BYTES_MAX;
use crate::storage::backup::BackupError;
use crate::storage::export;
use crate::storage::reader;
use crate::storage::slots;
use crate::storage::slots::SlotError;

/// A checkpoint that also bears witnesses' cosignatures (C2SP tlog-cosignature).
pub(super) const COSIGNED_FILE: &str = "checkpoint.cosigned";

/// A checkpoint, believed, and the note that it came in.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    pub(super) note: String,
}

/// The newest checkpoint that the ledger's key signed; `None` when there is none yet.
pub(super) fn newest(dir: &Path, key: &LogKey) -> Result<Option<Signed>, SlotError> {
    if !reader::journal_dir(dir).is_dir() {
        return in_file(&dir.join(export::CHECKPOINT_FILE), key);
    }
    let slot = slots::newest(dir, key)?.slot;
    Ok(slot.map(|slot| Signed {
        checkpoint: slot.checkpoint,
        note: slot.note,
    }))
}

/// The checkpoint with cosignatures, if there is one. They are not verified here.
pub(super) fn cosigned(dir: &Path, key: &LogKey) -> Result<Option<Signed>, SlotError> {
    in_file(&dir.join(COSIGNED_FILE), key)
}

/// The newest signed note that has at most `bytes_max` bytes: the one with cosignatures, else the
/// ledger's own.
///
/// # Errors
/// When a checkpoint cannot be read or is not to be believed.
pub fn newest_note(
    dir: &Path,
    key: &LogKey,
    bytes_max: usize,
) -> Result<Option<String>, BackupError> {
    let notes = [cosigned(dir, key)?, newest(dir, key)?]
        .into_iter()
        .flatten();
    let mut notes = notes.map(|signed| signed.note);
    Ok(notes.find(|note| note.len() <= bytes_max))
}

/// The checkpoint in a file; `None` when there is no such file.
fn in_file(path: &Path, key: &LogKey) -> Result<Option<Signed>, SlotError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut note = Vec::new();
        let limit = NOTE_BYTES_MAX as u64 + 1;
        File::open(path)?.take(limit).read_to_end(&mut note)?;
        Ok(note)
    };
    let note = match read() {
        Ok(note) => note,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(SlotError::Io { path, source });
        }
    };
    let opened = String::from_utf8(note)
        .map_err(|_| CheckpointError::Malformed)
        .and_then(|note| opened(note, key));
    match opened {
        Ok(signed) => Ok(Some(signed)),
        Err(source) => {
            let path = path.to_owned();
            Err(SlotError::Checkpoint { path, source })
        }
    }
}

/// A note as a checkpoint of this key's ledger.
pub(super) fn opened(note: String, key: &LogKey) -> Result<Signed, CheckpointError> {
    let checkpoint = Checkpoint::open(&note, key)?;
    Ok(Signed { checkpoint, note })
}
