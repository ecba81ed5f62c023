//! Checkpoints that somebody kept, and what they show: a ledger that was rolled back, or rewritten.
//!
//! A folder cannot show by itself that it is an old copy of itself. Whoever kept a later checkpoint
//! can: the log's key signed that there were more entries, or others.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use crate::contract::Body;
use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::Damage;
use crate::ledger::Entry;
use crate::ledger::Harm;
use crate::ledger::LogKey;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::NoteError;
use crate::ledger::Source;
use crate::storage::export::ExportedLine;
use crate::storage::export::ExportedLines;
use crate::storage::reader::Batches;
use crate::storage::reader::Step;
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

    /// Opens it with the log's key, or with one that the log had before it was restored.
    pub(super) fn open(&self, place: &Place, key: &LogKey) -> Result<Checkpoint, VerifyError> {
        let error = match Checkpoint::open(&self.note, key) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(error) => error,
        };
        let keys = place.log_keys()?;
        let ends = keys.iter().skip(1).map(|(entry, _)| *entry);
        for ((_, earlier), end) in keys.iter().zip(ends) {
            match Checkpoint::open(&self.note, earlier) {
                Ok(checkpoint) if checkpoint.size <= end => return Ok(checkpoint),
                Ok(Checkpoint { origin, size, .. }) => {
                    return Err(self.refused(format!(
                        "it covers {size} entries of the log {origin:?}, which ended before entry \
                         {end}, when the ledger was restored: the others are not in this ledger"
                    )));
                }
                Err(_) => {}
            }
        }
        Err(self.refused(self.told(error, key)))
    }

    fn refused(&self, why: String) -> VerifyError {
        VerifyError::Kept {
            file: self.file.clone(),
            why,
        }
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

impl Place {
    /// The keys that the ledger names for its checkpoints, in order, each with the number of the
    /// entry that names it. Reads as far as the lines can be read: what is wrong with them is for
    /// the verifier to say.
    pub(super) fn log_keys(&self) -> Result<Vec<(u64, LogKey)>, VerifyError> {
        let mut keys = Vec::new();
        let mut look = |line: &[u8]| {
            let text = std::str::from_utf8(line).unwrap_or_default();
            // Quotes within an event's texts are escaped, so only its kind can say so.
            let names_one = [r#""kind":"genesis""#, r#""kind":"restored""#];
            if !names_one.iter().any(|kind| text.contains(kind)) {
                return;
            }
            let Ok(entry) = Entry::read(text) else {
                return;
            };
            if let Body::Genesis { key, .. } | Body::Restored { key, .. } = &entry.event.body {
                keys.extend(key.parse().ok().map(|key| (entry.seq, key)));
            }
        };
        match self {
            Self::Journal(_, journal) => {
                let mut batches = Batches::from_start(journal)?;
                while let Step::Batch = batches.step()? {
                    batches
                        .batch
                        .records()
                        .for_each(|seen| look(seen.line.text));
                }
            }
            Self::Export(_, path) => {
                let failed = |source| VerifyError::Io {
                    path: path.clone(),
                    source,
                };
                let mut lines = ExportedLines::open(path).map_err(failed)?;
                while let ExportedLine::Whole(line) = lines.next().map_err(failed)? {
                    look(line);
                }
            }
        }
        Ok(keys)
    }
}

/// Why the ledger is not verified with this key, when another lies beside it: it may be one that
/// the log had before.
pub(super) fn foreign_key(place: &Place, found: LogKey, given: &LogKey) -> VerifyError {
    let keys = place.log_keys().unwrap_or_default();
    let at = keys.iter().position(|(_, key)| key == given);
    let next = at.and_then(|at| keys.get(at.saturating_add(1)));
    let found = Box::new(found);
    match next {
        Some((entry, _)) => VerifyError::EarlierKey {
            found,
            until: *entry,
        },
        None => VerifyError::ForeignKey { found },
    }
}

/// What to say of a damage: when only a kept checkpoint speaks against the entries, and a
/// checkpoint beside them vouches for them, the key signed two histories.
pub(super) fn convict(place: &Place, key: &LogKey, damage: Damage, own: Checkpoint) -> VerifyError {
    let covered = match &damage.harm {
        Harm::NotAsSigned(histories) if histories.signed.source == Source::Kept => {
            let kept = &histories.signed.checkpoint;
            own.origin == kept.origin && own.size >= kept.size
        }
        _ => false,
    };
    if covered
        && place
            .read(key, Depth::Chain, anchors(Some(&own), &[]), &mut |_| true)
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
