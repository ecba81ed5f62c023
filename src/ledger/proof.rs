//! Proofs that a line is in the ledger, in a text of their own (C2SP tlog-proof): to be verified
//! offline, with the ledger's public key and nothing else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Sha256;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::checkpoint::CheckpointError;
use crate::ledger::entry::leaf_hash;
use crate::ledger::key::LogKey;
use crate::ledger::merkle::verify_inclusion;
use crate::ledger::note;
use crate::ledger::note::NOTE_BYTES_MAX;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Hashes of the longest audit path: one for each level of the largest tree.
const PATH_HASHES_MAX: usize = 64;

/// Bytes before the checkpoint in the longest proof that is read: more than the hashes need, as
/// other software may have added an `extra` line.
const HEAD_BYTES_MAX: usize = 16_384;

/// Bytes of the longest proof that is read.
pub const PROOF_BYTES_MAX: usize = HEAD_BYTES_MAX + NOTE_BYTES_MAX;

/// Shows that a line is entry [`index`](Self::index) of a ledger, under a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerProof {
    index: u64,
    path: Vec<Sha256>,
    note: String,
}

/// Why a proof is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Longer than [`PROOF_BYTES_MAX`].
    #[error("the proof has {0} bytes, at most {PROOF_BYTES_MAX} are read")]
    TooLong(usize),
    /// Not of the form that C2SP tlog-proof describes.
    #[error("not a tlog-proof: {0}")]
    Malformed(&'static str),
    /// The checkpoint in it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// All is well formed and signed, but not about this line.
    #[error("the line is not entry {index} of the ledger that was signed")]
    NotIncluded {
        /// The entry that it was said to be.
        index: u64,
    },
}

impl LedgerProof {
    /// From the entry's number, its audit path from the leaf upwards, and the signed note of the
    /// checkpoint that the path leads to.
    pub const fn new(index: u64, path: Vec<Sha256>, note: String) -> Self {
        Self { index, path, note }
    }

    /// Number of the entry.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint as a signed note.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// How many signatures the checkpoint bears besides the ledger's own: those of witnesses, say.
    pub fn other_signatures(&self) -> usize {
        note::signatures(&self.note).saturating_sub(1)
    }

    /// Reads a proof. Its `extra` line, if it has one, is not authenticated, and ignored.
    ///
    /// # Errors
    /// When the text is too long or malformed.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(ProofError::TooLong(text.len()));
        }
        let malformed = ProofError::Malformed;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed("its first line is not c2sp.org/tlog-proof@v1"));
        }
        if let Some(extra) = lines.next_if(|line| line.starts_with("extra ")) {
            let data = extra.trim_start_matches("extra ");
            if STANDARD.decode(data).is_err() {
                return Err(malformed("its extra line is not base64"));
            }
        }
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(decimal)
            .ok_or_else(|| malformed("no line \"index\" with a number"))?;
        let hashes = lines.map(hash).collect::<Option<Vec<_>>>();
        let path = hashes.ok_or_else(|| malformed("a hash is not 32 bytes in base64"))?;
        if path.len() > PATH_HASHES_MAX {
            return Err(malformed("more hashes than a tree has levels"));
        }
        Ok(Self::new(index, path, note.to_owned()))
    }

    /// Verifies that `line`, without a newline, is the entry, under a checkpoint that `key` signed;
    /// returns the checkpoint.
    ///
    /// # Errors
    /// When it is not, or cannot be told.
    pub fn verify(&self, line: &[u8], key: &LogKey) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(&self.note, key)?;
        let leaf = leaf_hash(line);
        let (index, size) = (self.index, checkpoint.size);
        if verify_inclusion(&leaf, index, size, &self.path, &checkpoint.root) {
            Ok(checkpoint)
        } else {
            Err(ProofError::NotIncluded { index })
        }
    }
}

impl fmt::Display for LedgerProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEADER}\nindex {}\n", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// A number without leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn hash(line: &str) -> Option<Sha256> {
    let bytes = STANDARD.decode(line).ok()?;
    Some(Sha256::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures;
    use crate::ledger::fixtures::Scribe;
    use crate::ledger::merkle::Tree;

    /// The line of entry 2 of 3, and its proof.
    fn proof() -> (String, LedgerProof) {
        let mut scribe = Scribe::new();
        let lines = ["a", "b", "c"].map(|text| scribe.alert(text).line);
        let mut first = Tree::new();
        for line in &lines[..2] {
            first.push(leaf_hash(line.as_bytes()));
        }
        let proof = LedgerProof::new(2, vec![first.root()], scribe.note());
        (lines[2].clone(), proof)
    }

    fn verified(text: &str, line: &str) -> Result<Checkpoint, ProofError> {
        LedgerProof::parse(text)?.verify(line.as_bytes(), fixtures::signer().key())
    }

    #[test]
    fn a_proof_reads_back_and_verifies_its_line_and_no_other() {
        let (line, proof) = proof();
        let text = proof.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 2\n"));
        assert_eq!(LedgerProof::parse(&text), Ok(proof));
        assert_eq!(verified(&text, &line).unwrap().size, 3);
        let other = format!("{line} ");
        let refused = Err(ProofError::NotIncluded { index: 2 });
        assert_eq!(verified(&text, &other), refused);
        let foreign = LogKey::new("somebody.else", [7; 32]).unwrap();
        let read = LedgerProof::parse(&text).unwrap();
        assert!(read.verify(line.as_bytes(), &foreign).is_err());
    }

    #[test]
    fn the_only_entry_has_an_empty_path() {
        let mut scribe = Scribe::new();
        let line = scribe.alert("alone").line;
        let text = LedgerProof::new(0, Vec::new(), scribe.note()).to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\n"));
        assert_eq!(verified(&text, &line).unwrap().size, 1);
    }

    #[test]
    fn extra_data_of_other_software_is_passed_over() {
        let (line, proof) = proof();
        let text = proof.to_string();
        let with = text.replacen("\nindex", "\nextra AAEC\nindex", 1);
        assert!(verified(&with, &line).is_ok());
        for bad in ["extra", "extra A", "extra AAEC\nextra AAEC", "Extra AAEC"] {
            let with = text.replacen("\nindex", &format!("\n{bad}\nindex"), 1);
            assert!(verified(&with, &line).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_changed_proof_does_not_verify() {
        let (line, proof) = proof();
        let text = proof.to_string();
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                if let Ok(text) = String::from_utf8(bytes) {
                    assert!(verified(&text, &line).is_err(), "{text}");
                }
            }
        }
        for end in 0..text.len() {
            if let Some(part) = text.get(..end) {
                assert!(verified(part, &line).is_err(), "{part}");
            }
        }
        for (from, to) in [
            ("index 2", "index 02"),
            ("index 2", "index +2"),
            ("index 2", "index 18446744073709551616"),
            ("index 2\n", "index 2\r\n"),
            ("index 2\n", "index 2\n\n"),
            ("\n\n", "\n"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text);
            assert!(verified(&bad, &line).is_err(), "{bad}");
        }
        let hash = STANDARD.encode([0; 32]);
        let long = text.replacen(
            "\n\n",
            &format!("\n{}\n", format!("{hash}\n").repeat(64)),
            1,
        );
        assert!(matches!(
            LedgerProof::parse(&long),
            Err(ProofError::Malformed(_))
        ));
        let long = " ".repeat(PROOF_BYTES_MAX + 1);
        assert_eq!(
            LedgerProof::parse(&long),
            Err(ProofError::TooLong(long.len()))
        );
    }
}
