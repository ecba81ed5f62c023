//! What a witness answers to a log that asks for its cosignature (C2SP tlog-witness,
//! `add-checkpoint`), and what convicts a log: two signatures of its key on the same size with
//! different roots.
//!
//! A value in, a value out. Who keeps the state makes it durable before the answer goes out, and
//! lets nobody else answer for that log meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Sha256;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::checkpoint::CheckpointError;
use crate::ledger::key::LogKey;
use crate::ledger::merkle::Tree;
use crate::ledger::merkle::verify_consistency;
use crate::ledger::note;
use crate::ledger::note::NOTE_BYTES_MAX;
use crate::ledger::note::NoteError;

/// Hashes in the longest consistency proof (tlog-witness, `add-checkpoint`).
pub const PROOF_HASHES_MAX: usize = 63;

/// Bytes of the longest request: the old size, the proof, an empty line, the note.
pub const WITNESS_REQUEST_BYTES_MAX: usize = 32 + PROOF_HASHES_MAX * 45 + NOTE_BYTES_MAX;

/// Bytes of the longest checkpoint that is witnessed, without its signatures. An origin, a size
/// and a root take less than 200; the rest is for a log's extension lines.
const TEXT_BYTES_MAX: usize = 2048;

/// Checkpoints that are kept of one log: the newest, and some before it, against which a fork that
/// grows up to one of their sizes is convicted.
const KEPT_MAX: usize = 64;

/// A request that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than [`WITNESS_REQUEST_BYTES_MAX`].
    #[error("the request has {0} bytes, at most {WITNESS_REQUEST_BYTES_MAX} are read")]
    TooLong(usize),
    /// Not of the form old size, proof, empty line, checkpoint.
    #[error("not a request: \"old\" and a size, hashes in base64, an empty line, a signed note")]
    Malformed,
    /// More than [`PROOF_HASHES_MAX`].
    #[error("a proof has at most {PROOF_HASHES_MAX} hashes")]
    Proof,
    /// The note around the checkpoint.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A log's request for a cosignature, read. Nothing of it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The size that the witness cosigned last, as the log believes.
    pub old_size: u64,
    /// The proof that the checkpoint continues the one of that size.
    pub proof: Vec<Sha256>,
    /// The checkpoint, as a signed note.
    pub note: String,
}

impl Request {
    /// Reads the body of an `add-checkpoint` request.
    ///
    /// # Errors
    /// When it is too long, or of another form.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > WITNESS_REQUEST_BYTES_MAX {
            return Err(RequestError::TooLong(body.len()));
        }
        let body = std::str::from_utf8(body).map_err(|_| RequestError::Malformed)?;
        let (head, note) = body.split_once("\n\n").ok_or(RequestError::Malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old.and_then(decimal).ok_or(RequestError::Malformed)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() >= PROOF_HASHES_MAX {
                return Err(RequestError::Proof);
            }
            let hash = STANDARD.decode(line).map_err(|_| RequestError::Malformed)?;
            let hash = hash.try_into().map_err(|_| RequestError::Malformed)?;
            proof.push(Sha256::from_bytes(hash));
        }
        note::parse(note)?;
        Ok(Self {
            old_size,
            proof,
            note: note.to_owned(),
        })
    }

    /// The body of the request.
    pub fn body(&self) -> String {
        let mut body = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            body.push_str(&STANDARD.encode(hash.as_bytes()));
            body.push('\n');
        }
        body.push('\n');
        body.push_str(&self.note);
        body
    }

    /// Which log the checkpoint says that it is of.
    pub fn origin(&self) -> &str {
        self.note.lines().next().unwrap_or_default()
    }
}

/// A number in its one decimal spelling.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (text == number.to_string()).then_some(number)
}

/// A checkpoint that the log signed, and the note with that signature alone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    checkpoint: Checkpoint,
    note: String,
}

impl Kept {
    fn open(note: &str, key: &LogKey) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::open(note, key)?;
        let note = note::signed_by(note, key)?;
        Ok(Self { checkpoint, note })
    }

    fn text(&self) -> &str {
        note::parse(&self.note).map_or("", |(text, _)| text)
    }
}

/// What a witness holds of one log: the checkpoints that it cosigned, up to the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    key: LogKey,
    /// By size, each once; at most [`KEPT_MAX`].
    kept: Vec<Kept>,
}

/// Why what a witness held cannot be taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeldError {
    /// A checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// They do not rise.
    #[error("the checkpoints are not in the order of their sizes, or more than {KEPT_MAX}")]
    Order,
}

/// What a witness answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: cosign this text, once `witnessed` is durable.
    Cosign {
        /// The text of the checkpoint.
        text: String,
        /// What is held from then on.
        witnessed: Box<Witnessed>,
        /// Whether that differs from what was held before.
        grown: bool,
    },
    /// 400: the old size is above the checkpoint's, or the checkpoint is none.
    BadRequest(&'static str),
    /// 403: not signed by the log's key.
    NotSigned,
    /// 409: another size than this was cosigned last.
    Conflict(u64),
    /// 409: the size that was cosigned last, with another root.
    OtherRoot,
    /// 422: the proof does not show that the checkpoint continues what was cosigned.
    BadProof,
}

/// Two checkpoints that no honest log signs both: one size, different roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivocation {
    /// The size.
    pub size: u64,
    /// The note that was held, with the log's signature alone.
    pub first: String,
    /// The note that contradicts it.
    pub second: String,
}

/// Whether these two notes convict the holder of `key`: both are signed by it, about one size,
/// with different roots.
///
/// # Errors
/// When one of them is not a checkpoint that `key` signed.
pub fn equivocation(
    first: &str,
    second: &str,
    key: &LogKey,
) -> Result<Option<Equivocation>, CheckpointError> {
    let (first, second) = (Kept::open(first, key)?, Kept::open(second, key)?);
    Ok(contradiction(&first, &second))
}

fn contradiction(first: &Kept, second: &Kept) -> Option<Equivocation> {
    let (one, other) = (&first.checkpoint, &second.checkpoint);
    (one.size == other.size && one.root != other.root).then(|| Equivocation {
        size: one.size,
        first: first.note.clone(),
        second: second.note.clone(),
    })
}

impl Witnessed {
    /// Of a log of which nothing was cosigned yet.
    pub const fn nothing(key: LogKey) -> Self {
        Self {
            key,
            kept: Vec::new(),
        }
    }

    /// The log's key.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// From the notes that [`Witnessed::notes`] gave.
    ///
    /// # Errors
    /// When one of them is not signed by `key`, or they are not in order.
    pub fn from_notes<'n>(
        key: LogKey,
        notes: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, HeldError> {
        let mut kept: Vec<Kept> = Vec::new();
        for note in notes {
            let next = Kept::open(note, &key)?;
            let rises = |last: &Kept| last.checkpoint.size < next.checkpoint.size;
            if kept.len() >= KEPT_MAX || !kept.last().is_none_or(rises) {
                return Err(HeldError::Order);
            }
            kept.push(next);
        }
        Ok(Self { key, kept })
    }

    /// The notes that are to be kept, the newest last; each has the log's signature alone.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|kept| kept.note.as_str())
    }

    /// The newest one, which a witness shows to whoever asks.
    pub fn newest(&self) -> Option<&str> {
        self.kept.last().map(|kept| kept.note.as_str())
    }

    /// Its text, which a cosignature is of.
    pub fn newest_text(&self) -> Option<&str> {
        self.kept.last().map(Kept::text)
    }

    /// The size of the newest checkpoint; 0 when there is none.
    pub fn size(&self) -> u64 {
        self.kept.last().map_or(0, |kept| kept.checkpoint.size)
    }

    /// Answers a request that is about this log, and tells what it proves against the log.
    /// The order is that of the standard.
    pub fn answer(&self, request: &Request) -> (Answer, Option<Equivocation>) {
        let asked = match Kept::open(&request.note, &self.key) {
            Ok(asked) => asked,
            Err(CheckpointError::Note(NoteError::NotSigned | NoteError::BadSignature)) => {
                return (Answer::NotSigned, None);
            }
            Err(_) => return (Answer::BadRequest("the checkpoint is malformed"), None),
        };
        if asked.text().len() > TEXT_BYTES_MAX {
            return (
                Answer::BadRequest("the checkpoint has too many bytes"),
                None,
            );
        }
        // Whatever the old size says: the two signatures prove it.
        let proven = self
            .kept
            .iter()
            .find_map(|kept| contradiction(kept, &asked));
        (self.judge(request, asked), proven)
    }

    fn judge(&self, request: &Request, asked: Kept) -> Answer {
        let (old, new) = (request.old_size, &asked.checkpoint);
        if old > new.size {
            return Answer::BadRequest("the old size is above the checkpoint's");
        }
        if old != self.size() {
            return Answer::Conflict(self.size());
        }
        let root = self.kept.last().map(|kept| kept.checkpoint.root);
        let root = root.unwrap_or_else(|| Tree::new().root());
        if old == new.size && root != new.root {
            return Answer::OtherRoot;
        }
        let continues = if old == 0 {
            request.proof.is_empty()
        } else {
            verify_consistency(old, new.size, &root, &new.root, &request.proof)
        };
        if !continues {
            return Answer::BadProof;
        }
        let text = asked.text().to_owned();
        let mut witnessed = self.clone();
        let grown = self.kept.is_empty() || new.size > old;
        if grown {
            let surplus = witnessed
                .kept
                .len()
                .saturating_sub(KEPT_MAX.saturating_sub(1));
            witnessed.kept.drain(..surplus);
            witnessed.kept.push(asked);
        }
        Answer::Cosign {
            text,
            witnessed: Box::new(witnessed),
            grown,
        }
    }
}

#[cfg(test)]
mod tests;
