//! Verifies a ledger in a folder: a data folder, a copy of one, or an export. Needs the public key
//! and nothing else, and changes nothing.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Checkpoint;
use crate::ledger::Damage;
use crate::ledger::Harm;
use crate::ledger::Line;
use crate::ledger::LogKey;
use crate::ledger::Replay;
use crate::ledger::Verified;
use crate::ledger::Verifier;
use crate::storage::checkpoints;
use crate::storage::export;
use crate::storage::export::ExportedLine;
use crate::storage::export::ExportedLines;
use crate::storage::export::UNENDED;
use crate::storage::keys;
use crate::storage::keys::KeysError;
use crate::storage::reader;
use crate::storage::reader::Batches;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;
use crate::storage::slots::SlotError;

#[cfg(test)]
mod tests;

/// How much is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Chain, Merkle tree, checkpoint, and the sealed details' digests where they are.
    Chain,
    /// Also the events' signatures, and every decision decided anew.
    Replay,
}

/// A ledger that is in order.
#[derive(Debug)]
pub struct Report {
    /// What was found.
    pub verified: Verified,
    /// The signed checkpoint, when there is one.
    pub checkpoint: Option<Checkpoint>,
    /// The key that the ledger was verified with.
    pub key: LogKey,
    /// What stands after the last entry and is no whole batch. Nobody was told that it was
    /// recorded, unless it was damaged afterwards and before the next checkpoint.
    pub torn: Option<Damage>,
}

/// Why a ledger is not in order, or cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The first entry that is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The checkpoint is not to be believed.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(String),
    /// No ledger here.
    #[error("{} holds no ledger: neither journal/ nor entries.jsonl", .0.display())]
    NoLedger(PathBuf),
    /// No key was given, and none lies in the folder.
    #[error("{} holds no ledger.vkey: give the ledger's public key", .0.display())]
    NoKey(PathBuf),
    /// The key beside the ledger.
    #[error(transparent)]
    Key(#[from] KeysError),
    /// The ledger is signed with another key than the one given.
    #[error("the ledger in the folder names the key {found}, not the one given")]
    ForeignKey {
        /// The key in the folder.
        found: Box<LogKey>,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Verifies the ledger in `dir`. Without a `key`, the one that lies beside the ledger is used:
/// that shows damage, but not a forgery of ledger and key together.
///
/// # Errors
/// The first damaged entry, or what keeps the ledger from being verified.
pub fn verify(dir: &Path, key: Option<&LogKey>, depth: Depth) -> Result<Report, VerifyError> {
    let key = match (keys::read_vkey(dir), key) {
        (Ok(Some(found)), Some(key)) if found != *key => {
            return Err(VerifyError::ForeignKey {
                found: Box::new(found),
            });
        }
        (_, Some(key)) => key.clone(),
        (found, None) => found?.ok_or_else(|| VerifyError::NoKey(dir.to_owned()))?,
    };
    let replay = match depth {
        Depth::Chain => None,
        Depth::Replay => Some(Replay::new(key.clone())),
    };
    let journal = reader::journal_dir(dir);
    let entries = dir.join(export::ENTRIES_FILE);
    let signed = || checkpoints::newest(dir, &key).map(|newest| newest.map(|s| s.checkpoint));
    let checkpoint;
    let (verified, torn) = if journal.is_dir() {
        // The checkpoint first: the ledger may grow while it is read.
        checkpoint = signed()?;
        let lines = Lines::new(checkpoint.clone(), replay);
        lines.of_journal(Batches::from_start(&journal)?)?
    } else if entries.is_file() {
        checkpoint = signed()?;
        let lines = Lines::new(checkpoint.clone(), replay);
        (lines.of_export(&entries)?, None)
    } else {
        return Err(VerifyError::NoLedger(dir.to_owned()));
    };
    Ok(Report {
        verified,
        checkpoint,
        key,
        torn,
    })
}

/// What all lines go through, wherever they come from.
struct Lines {
    verifier: Verifier,
    replay: Option<Replay>,
}

impl Lines {
    const fn new(checkpoint: Option<Checkpoint>, replay: Option<Replay>) -> Self {
        Self {
            verifier: Verifier::new(checkpoint),
            replay,
        }
    }

    fn push(&mut self, line: Line<'_>) -> Result<(), Damage> {
        let seq = self.verifier.next_seq();
        self.verifier.push(line)?;
        if let Some(replay) = &mut self.replay
            && self.verifier.next_seq() > seq
        {
            let text = std::str::from_utf8(line.text).unwrap_or_default();
            replay.push(seq, text)?;
        }
        Ok(())
    }

    fn end_replay(&mut self) -> Result<(), Damage> {
        self.replay
            .take()
            .map_or(Ok(()), |replay| replay.finish().map(|_| ()))
    }

    fn of_journal(
        mut self,
        mut batches: Batches,
    ) -> Result<(Verified, Option<Damage>), VerifyError> {
        loop {
            let step = batches.step()?;
            for seen in batches.batch.records() {
                self.push(seen.line)?;
            }
            match step {
                Step::Batch => {}
                Step::Damaged(Damage { entry, harm }) => {
                    return Err(self.verifier.blame(entry, harm).into());
                }
                Step::End(end) => {
                    let torn = end.torn.map(|torn| torn.damage);
                    self.end_replay()?;
                    // An entry that was signed for was acknowledged: it is damaged, not torn.
                    let verified = self.verifier.finish().map_err(|damage| match &torn {
                        Some(torn) if torn.entry >= damage.entry => torn.clone(),
                        _ => damage,
                    })?;
                    return Ok((verified, torn));
                }
            }
        }
    }

    fn of_export(mut self, path: &Path) -> Result<Verified, VerifyError> {
        let failed = |source| VerifyError::Io {
            path: path.to_owned(),
            source,
        };
        let mut lines = ExportedLines::open(path).map_err(failed)?;
        loop {
            match lines.next().map_err(failed)? {
                ExportedLine::Whole(line) => self.push(Line::bare(line))?,
                ExportedLine::Unended => {
                    let entry = self.verifier.next_seq();
                    return Err(self.verifier.blame(entry, Harm::Frame(UNENDED)).into());
                }
                ExportedLine::End => {
                    self.end_replay()?;
                    return Ok(self.verifier.finish()?);
                }
            }
        }
    }
}

impl From<SlotError> for VerifyError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Io { path, source } => Self::Io { path, source },
            error @ (SlotError::Checkpoint { .. } | SlotError::Unreadable(_)) => {
                Self::Checkpoint(error.to_string())
            }
        }
    }
}

impl From<ReadError> for VerifyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { path, source } => Self::Io { path, source },
            ReadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}
