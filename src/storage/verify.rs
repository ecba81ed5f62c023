//! Verifies a ledger in a folder: a data folder, a copy of one, or an export. Needs the public key
//! and nothing else, and changes nothing.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Anchor;
use crate::ledger::Chain;
use crate::ledger::Checkpoint;
use crate::ledger::Damage;
use crate::ledger::Harm;
use crate::ledger::Line;
use crate::ledger::LogKey;
use crate::ledger::Replay;
use crate::ledger::Source;
use crate::ledger::Tree;
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

mod kept;
#[cfg(test)]
mod tests;

pub use kept::Kept;

/// How much is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Chain, Merkle tree, checkpoint, and the sealed details' digests where they are.
    Chain,
    /// Also the contract's state: every event applied, every state that an entry names compared.
    State,
    /// Also the events' signatures, and every decision decided anew.
    Replay,
}

/// A ledger that is in order.
#[derive(Debug)]
pub struct Report {
    /// What was found.
    pub verified: Verified,
    /// The signed checkpoint beside the ledger, when there is one.
    pub checkpoint: Option<Checkpoint>,
    /// The kept checkpoints that the ledger continues.
    pub kept: Vec<Checkpoint>,
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
    /// The log's key signed two histories.
    #[error(
        "{damage}. Both were signed by {key}: the ledger's own checkpoint over {} entries fits \
         what lies here, the kept one does not. Keep both, and the ledger: they are the proof",
        own.size
    )]
    Equivocation {
        /// The last entry that may differ, and the two roots.
        damage: Damage,
        /// The checkpoint beside the ledger, which fits it.
        own: Box<Checkpoint>,
        /// Who signed.
        key: Box<LogKey>,
    },
    /// The checkpoint is not to be believed.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(String),
    /// A kept checkpoint is not to be believed, or not about this ledger.
    #[error("the kept checkpoint {file}: {why}")]
    Kept {
        /// Which.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The key given vouches for none of it.
    #[error(
        "nothing of it is signed by the key given: there is no checkpoint, and anybody can write such \
         a chain"
    )]
    Unsigned,
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
    /// The key given is one that the log had before.
    #[error(
        "the ledger says that the key given signed for it until it was restored at entry {until}; if \
         the institution confirms that {found} is its key now, verify with that and --replay"
    )]
    EarlierKey {
        /// The key in the folder.
        found: Box<LogKey>,
        /// The entry that named the next key.
        until: u64,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Whoever waited does not want to know any more.
    #[error("stopped")]
    Stopped,
}

impl VerifyError {
    /// Whether something is wrong with the ledger; not: it could not be looked at.
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_)
            | Self::Equivocation { .. }
            | Self::Checkpoint(_)
            | Self::Kept { .. }
            | Self::Unsigned
            | Self::NoLedger(_)
            | Self::NoKey(_)
            | Self::ForeignKey { .. }
            | Self::EarlierKey { .. } => true,
            Self::Key(_) | Self::Io { .. } | Self::Stopped => false,
        }
    }
}

/// Verifies the ledger in `dir`. Without a `key`, the one that lies beside the ledger is used:
/// that shows damage, but not a forgery of ledger and key together.
///
/// # Errors
/// The first damaged entry, or what keeps the ledger from being verified.
pub fn verify(dir: &Path, key: Option<&LogKey>, depth: Depth) -> Result<Report, VerifyError> {
    verify_against(dir, key, depth, &[])
}

/// The same; the ledger must also be a continuation of every checkpoint in `kept`.
///
/// # Errors
/// The first damaged entry, two histories, or what keeps the ledger from being verified.
pub fn verify_against(
    dir: &Path,
    key: Option<&LogKey>,
    depth: Depth,
    kept: &[Kept],
) -> Result<Report, VerifyError> {
    verify_heeding(dir, key, depth, kept, &mut |_| true)
}

/// The same; `heed` hears after each batch how many entries are verified, and says whether to go on.
///
/// # Errors
/// As [`verify_against`], and when it was not to go on.
pub fn verify_heeding(
    dir: &Path,
    key: Option<&LogKey>,
    depth: Depth,
    kept: &[Kept],
    heed: &mut dyn FnMut(u64) -> bool,
) -> Result<Report, VerifyError> {
    let place = Place::of(dir)?;
    let is_given = key.is_some();
    let key = match (keys::read_vkey(dir), key) {
        (Ok(Some(found)), Some(key)) if found != *key => {
            return Err(kept::foreign_key(&place, found, key));
        }
        (_, Some(key)) => key.clone(),
        (found, None) => found?.ok_or_else(|| VerifyError::NoKey(dir.to_owned()))?,
    };
    let kept = kept
        .iter()
        .map(|kept| kept.open(&place, &key))
        .collect::<Result<Vec<Checkpoint>, VerifyError>>()?;
    // The checkpoint first: the ledger may grow while it is read.
    let checkpoint = place.checkpoint(&key)?;
    let verified = place.read(&key, depth, anchors(checkpoint.as_ref(), &kept), heed);
    let (verified, torn) = match verified {
        Err(VerifyError::Damaged(damage)) => {
            return Err(match checkpoint {
                Some(own) => kept::convict(&place, &key, damage, own),
                None => damage.into(),
            });
        }
        verified => verified?,
    };
    if is_given && verified.signed == 0 && verified.entries() > 0 {
        return Err(VerifyError::Unsigned);
    }
    Ok(Report {
        verified,
        checkpoint,
        kept,
        key,
        torn,
    })
}

/// What a ledger is held against.
fn anchors(own: Option<&Checkpoint>, kept: &[Checkpoint]) -> Vec<Anchor> {
    let of = |source| {
        move |checkpoint: &Checkpoint| Anchor {
            checkpoint: checkpoint.clone(),
            source,
        }
    };
    let own = own.into_iter().map(of(Source::Beside));
    own.chain(kept.iter().map(of(Source::Kept))).collect()
}

/// Where the lines of a ledger are.
enum Place {
    /// In a journal: the data folder and the journal in it.
    Journal(PathBuf, PathBuf),
    /// In an export: its folder and the file of entries in it.
    Export(PathBuf, PathBuf),
}

impl Place {
    fn of(dir: &Path) -> Result<Self, VerifyError> {
        let journal = reader::journal_dir(dir);
        let entries = dir.join(export::ENTRIES_FILE);
        if journal.is_dir() {
            Ok(Self::Journal(dir.to_owned(), journal))
        } else if entries.is_file() {
            Ok(Self::Export(dir.to_owned(), entries))
        } else {
            Err(VerifyError::NoLedger(dir.to_owned()))
        }
    }

    /// The checkpoint beside the lines.
    fn checkpoint(&self, key: &LogKey) -> Result<Option<Checkpoint>, VerifyError> {
        let (Self::Journal(dir, _) | Self::Export(dir, _)) = self;
        Ok(checkpoints::newest(dir, key)?.map(|signed| signed.checkpoint))
    }

    /// Reads all lines and verifies them.
    fn read(
        &self,
        key: &LogKey,
        depth: Depth,
        anchors: Vec<Anchor>,
        heed: &mut dyn FnMut(u64) -> bool,
    ) -> Outcome {
        let verifier = Verifier::resume_against(Chain::new(), Tree::new(), anchors);
        let replay = match depth {
            Depth::Chain => None,
            Depth::State => Some(Replay::of_state(key.clone())),
            Depth::Replay => Some(Replay::in_batches(key.clone())),
        };
        let lines = Lines { verifier, replay };
        match self {
            Self::Journal(_, journal) => lines.of_journal(Batches::from_start(journal)?, heed),
            Self::Export(_, entries) => Ok((lines.of_export(entries)?, None)),
        }
    }
}

/// What was found, and what stands after it that is no whole batch.
type Outcome = Result<(Verified, Option<Damage>), VerifyError>;

/// What all lines go through, wherever they come from.
struct Lines {
    verifier: Verifier,
    replay: Option<Replay>,
}

impl Lines {
    fn push(&mut self, line: Line<'_>) -> Result<(), Damage> {
        let seq = self.verifier.next_seq();
        if let Err(damage) = self.verifier.push(line) {
            // A signature that still waits is of an entry before this one.
            self.replay.as_mut().map_or(Ok(()), Replay::settle)?;
            return Err(damage);
        }
        if let Some(replay) = &mut self.replay
            && self.verifier.next_seq() > seq
        {
            let text = std::str::from_utf8(line.text).unwrap_or_default();
            replay.push(seq, text)?;
        }
        Ok(())
    }

    /// The lines ended here.
    fn finish(mut self) -> Result<Verified, Damage> {
        let replayed = self.replay.take().map_or(Ok(()), |replay| {
            let finished = replay.finish();
            finished.map(|_| ())
        });
        match (self.verifier.finish(), replayed) {
            (Err(damage), Err(replayed)) if replayed.entry >= damage.entry => Err(damage),
            (_, Err(replayed)) => Err(replayed),
            (finished, Ok(())) => finished,
        }
    }

    /// The damage to report when something about entry `entry` was found out elsewhere.
    fn blame(mut self, damage: Damage) -> Damage {
        let Damage { entry, harm } = damage;
        let damage = self.verifier.blame(entry, harm);
        match self.replay.as_mut().map(Replay::settle) {
            Some(Err(signature)) if signature.entry < damage.entry => signature,
            _ => damage,
        }
    }

    fn of_journal(mut self, mut batches: Batches, heed: &mut dyn FnMut(u64) -> bool) -> Outcome {
        loop {
            let step = batches.step()?;
            for seen in batches.batch.records() {
                self.push(seen.line)?;
            }
            if !heed(self.verifier.next_seq()) {
                return Err(VerifyError::Stopped);
            }
            match step {
                Step::Batch => {}
                Step::Damaged(damage) => return Err(self.blame(damage).into()),
                Step::End(end) => {
                    let torn = end.torn.map(|torn| torn.damage);
                    // An entry that was signed for was acknowledged: it is damaged, not torn.
                    let verified = self
                        .finish()
                        .map_err(|damage| match (&damage.harm, &torn) {
                            (Harm::Truncated { .. }, Some(torn)) if torn.entry >= damage.entry => {
                                torn.clone()
                            }
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
                    let harm = Harm::Frame(UNENDED);
                    return Err(self.blame(Damage { entry, harm }).into());
                }
                ExportedLine::End => return Ok(self.finish()?),
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
