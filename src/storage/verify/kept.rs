//! Checkpoints that somebody kept, and what they show: a ledger that was rolled back, or rewritten.
//!
//! A folder cannot show by itself that it is an old copy of itself. Whoever kept a later checkpoint
//! can: the log's key signed that there were more entries, or others.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::Damage;
use crate::ledger::Harm;
use crate::ledger::LogKey;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::NoteError;
use crate::ledger::Source;
use crate::storage::verify::Depth;
use crate::storage::verify::Place;
use crate::storage::verify::VerifyError;
use crate::storage::verify::anchors;

/// A signed checkpoint that somebody kept, not opened yet.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What to call it in messages: the file that it was read from.
    pub file: String,
    /// The signed note (C2SP tlog-checkpoint). Cosignatures of witnesses are ignored.
    pub note: String,
}

impl Kept {
    /// Reads a note from a file.
    ///
    /// # Errors
    /// When the file cannot be read, is too long, or is no text.
    pub fn read(path: &Path) -> Result<Self, VerifyError> {
        let failed = |source| VerifyError::Io {
            path: path.to_owned(),
            source,
        };
        let mut note = Vec::new();
        let limit = NOTE_BYTES_MAX as u64 + 1;
        let file = File::open(path).map_err(failed)?;
        file.take(limit).read_to_end(&mut note).map_err(failed)?;
        let not_text = |_| failed(io::Error::other("not text, hence no checkpoint"));
        Ok(Self {
            file: path.display().to_string(),
            note: String::from_utf8(note).map_err(not_text)?,
        })
    }

    pub(super) fn open(&self, key: &LogKey) -> Result<Checkpoint, VerifyError> {
        Checkpoint::open(&self.note, key).map_err(|error| VerifyError::Kept {
            file: self.file.clone(),
            why: self.told(error, key),
        })
    }

    /// Why it was not opened, with the origin in its first line when that is another.
    fn told(&self, error: CheckpointError, key: &LogKey) -> String {
        let origin = self.note.lines().next().unwrap_or_default();
        match error {
            CheckpointError::Note(NoteError::NotSigned) | CheckpointError::Origin
                if origin != key.name() =>
            {
                let ours = key.name();
                format!("it is about the log {origin:?}; this ledger's is {ours:?}")
            }
            CheckpointError::Note(NoteError::NotSigned) => {
                format!("it is not signed by the ledger's key {key}")
            }
            other => other.to_string(),
        }
    }
}

/// What to say of a damage: when only a kept checkpoint speaks against the entries, and a
/// checkpoint beside them vouches for them, the key signed two histories.
pub(super) fn convict(place: &Place, key: &LogKey, damage: Damage, own: Checkpoint) -> VerifyError {
    let covered = match &damage.harm {
        Harm::NotAsSigned(histories) if histories.signed.source == Source::Kept => {
            own.size >= histories.signed.checkpoint.size
        }
        _ => false,
    };
    if covered
        && place
            .read(key, Depth::Chain, anchors(Some(&own), &[]))
            .is_ok()
    {
        return VerifyError::Equivocation {
            damage,
            own: Box::new(own),
            key: Box::new(key.clone()),
        };
    }
    damage.into()
}
