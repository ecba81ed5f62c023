//! Checkpoints (C2SP tlog-checkpoint): the log's signed word on how long it is and what its root
//! is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Sha256;
use crate::ledger::key::LogKey;
use crate::ledger::key::LogSigner;
use crate::ledger::merkle::Tree;
use crate::ledger::note;
use crate::ledger::note::NoteError;

/// Size and root of a log at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log. Always the name of the key that signs.
    pub origin: String,
    /// Entries in the log.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Sha256,
}

/// Why a checkpoint is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text in the note.
    #[error("not a checkpoint: origin, size in decimal, root in base64, each on a line")]
    Malformed,
    /// Signed by the right key, but about another log.
    #[error("the checkpoint is about another log than its key's")]
    Origin,
}

impl Checkpoint {
    /// The checkpoint of a tree.
    pub fn of(origin: &str, tree: &Tree) -> Self {
        Self {
            origin: origin.to_owned(),
            size: tree.size(),
            root: tree.root(),
        }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Signs the root of `tree` in the log's name, and returns the note.
    ///
    /// # Errors
    /// When the origin cannot stand in a note.
    pub fn sign(tree: &Tree, signer: &LogSigner) -> Result<String, CheckpointError> {
        let checkpoint = Self::of(signer.key().name(), tree);
        Ok(note::sign(&checkpoint.text(), signer)?)
    }

    /// Reads a signed checkpoint. Extension lines are ignored, and so are the signatures of
    /// witnesses.
    ///
    /// # Errors
    /// When it is malformed, or not signed by `key`.
    pub fn open(signed: &str, key: &LogKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note::open(signed, key)?)?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin)
        }
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Malformed);
        };
        let number: u64 = size.parse().map_err(|_| CheckpointError::Malformed)?;
        let root = STANDARD
            .decode(root)
            .map_err(|_| CheckpointError::Malformed)?;
        let root = root.try_into().map_err(|_| CheckpointError::Malformed)?;
        if origin.is_empty() || size != number.to_string() || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: Sha256::from_bytes(root),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures;

    #[test]
    fn a_signed_checkpoint_reads_back() {
        let signer = fixtures::signer();
        let mut tree = Tree::new();
        tree.push(Sha256::of(&[b"leaf"]));
        let note = Checkpoint::sign(&tree, &signer).unwrap();
        let read = Checkpoint::open(&note, signer.key()).unwrap();
        assert_eq!(read, Checkpoint::of(signer.key().name(), &tree));
        let text = read.text();
        assert_eq!(text.lines().nth(1), Some("1"));
        assert!(note.starts_with(&text));
    }

    #[test]
    fn a_size_has_one_spelling() {
        let good = "log\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(Checkpoint::parse(good).unwrap().size, 12);
        for bad in ["012", "+12", " 12", "", "-1", "99999999999999999999"] {
            let text = good.replace("12", bad);
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Malformed));
        }
        let short = "log\n12\nCsUY\n";
        assert_eq!(Checkpoint::parse(short), Err(CheckpointError::Malformed));
    }

    #[test]
    fn a_key_does_not_speak_for_another_log() {
        let signer = fixtures::signer();
        let foreign = Checkpoint::of("another.example/log", &Tree::new());
        let note = note::sign(&foreign.text(), &signer).unwrap();
        assert_eq!(
            Checkpoint::open(&note, signer.key()),
            Err(CheckpointError::Origin)
        );
    }
}
