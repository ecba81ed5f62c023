//! What witnessing leaves on disk: checkpoints of other logs that we cosigned, proofs against
//! them, and the cosignatures that we got on our own.
//!
//! | name in the data folder | what |
//! |---|---|
//! | `witnessed/<origin>.json` | the checkpoints of one log that we cosigned, the newest last |
//! | `witnessed/<origin>.<size>.proof` | two checkpoints by which that log convicts itself |
//! | `witnessed/<origin>.convicted` | number of the entry in our ledger that records the first of them |
//! | `cosigned/<witness>.note` | our newest checkpoint that this witness cosigned |
//! | `cosigned/<witness>.<size>.held` | a checkpoint that the witness holds and our log contradicts |
//! | `checkpoint.cosigned` | our newest checkpoint that anybody cosigned, with all cosignatures |
//!
//! `<origin>` and `<witness>` are SHA-256 of the log's origin and of the witness's name. Each file
//! is replaced as a whole, and synced with its folder before the call returns.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::digest::Sha256;
use crate::ledger::CheckpointError;
use crate::ledger::Equivocation;
use crate::ledger::HeldError;
use crate::ledger::LogKey;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::Witnessed;
use crate::ledger::equivocation;
use crate::storage::disk;

/// Proofs that are kept against one log. One convicts; more are for whoever wants to know how long
/// it went on.
pub const PROOFS_MAX: usize = 16;

/// Bytes of the longest file of ours that is read again.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Readable by all: what is signed and public.
const MODE: u32 = 0o644;

const COSIGNED_FILE: &str = "checkpoint.cosigned";

/// Why what was kept cannot be used, or nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum WitnessedError {
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not written by us, or damaged.
    #[error("{}: not what this gateway wrote", .0.display())]
    Malformed(PathBuf),
    /// The checkpoints are not the log's.
    #[error("{}: {source}", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: HeldError,
    },
}

impl WitnessedError {
    /// Whether the disk had no room, and may have some later. After any other error of the disk,
    /// what it holds is uncertain.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::Io { source, .. } if disk::is_no_space(source))
    }
}

/// `witnessed/<origin>.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldText {
    origin: String,
    notes: Vec<String>,
}

/// `witnessed/<origin>.<size>.proof`: with the key, everything that a stranger needs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofText {
    key: String,
    size: u64,
    first: String,
    second: String,
}

/// What is kept of other logs.
#[derive(Clone, Debug)]
pub struct WitnessedLogs {
    dir: PathBuf,
}

impl WitnessedLogs {
    /// Those of this data folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data_dir: &Path) -> Result<Self, WitnessedError> {
        let dir = data_dir.join("witnessed");
        made(&dir)?;
        Ok(Self { dir })
    }

    /// What we hold of a log. Only a missing file means that nothing was ever cosigned: one that
    /// cannot be believed must not make a witness forget.
    ///
    /// # Errors
    /// When there is a file and it is not what was written.
    pub fn read(&self, key: LogKey) -> Result<Witnessed, WitnessedError> {
        let path = self.path(&key);
        let Some(bytes) = read_bounded(&path)? else {
            return Ok(Witnessed::nothing(key));
        };
        let text: HeldText = match serde_json::from_slice(&bytes) {
            Ok(text) => text,
            Err(_) => return Err(WitnessedError::Malformed(path)),
        };
        let notes = text.notes.iter().map(String::as_str);
        Witnessed::from_notes(key, notes).map_err(|source| WitnessedError::Held { path, source })
    }

    /// Keeps what we hold of a log from now on; returns when it is durable.
    ///
    /// # Errors
    /// When the disk refuses. Unless it had [no room](WitnessedError::is_no_space), nothing may be
    /// cosigned for that log any more.
    pub fn write(&self, witnessed: &Witnessed) -> Result<(), WitnessedError> {
        let key = witnessed.key();
        let text = HeldText {
            origin: key.name().to_owned(),
            notes: witnessed.notes().map(str::to_owned).collect(),
        };
        write_json(&self.path(key), &text)
    }

    /// Keeps a proof against a log; returns, when it is durable, where it lies. `None`: one of
    /// that size is there already, or there are [`PROOFS_MAX`] of them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_proof(
        &self,
        key: &LogKey,
        proof: &Equivocation,
    ) -> Result<Option<PathBuf>, WitnessedError> {
        let path = self
            .dir
            .join(format!("{}.{}.proof", name(key.name()), proof.size));
        if path.exists() || self.proofs(key)?.len() >= PROOFS_MAX {
            return Ok(None);
        }
        let text = ProofText {
            key: key.to_string(),
            size: proof.size,
            first: proof.first.clone(),
            second: proof.second.clone(),
        };
        write_json(&path, &text)?;
        Ok(Some(path))
    }

    /// Where the proofs against a log lie, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn proofs(&self, key: &LogKey) -> Result<Vec<PathBuf>, WitnessedError> {
        let failed = |source| WitnessedError::Io {
            path: self.dir.clone(),
            source,
        };
        let begins = format!("{}.", name(key.name()));
        let mut found = Vec::new();
        for entry in disk::read_dir(&self.dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let file = path.file_name().and_then(|file| file.to_str());
            if file.is_some_and(|file| file.starts_with(&begins) && file.ends_with(".proof")) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// The number of the ledger's entry that records a proof against a log; `None` when none does
    /// as far as this folder knows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn conviction(&self, key: &LogKey) -> Result<Option<u64>, WitnessedError> {
        let path = self.conviction_path(key);
        let Some(bytes) = read_bounded(&path)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).ok();
        match text.and_then(|text| text.trim_end().parse().ok()) {
            Some(entry) => Ok(Some(entry)),
            None => Err(WitnessedError::Malformed(path)),
        }
    }

    /// Notes which entry of the ledger records a proof against a log.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn convicted(&self, key: &LogKey, entry: u64) -> Result<(), WitnessedError> {
        let text = format!("{entry}\n");
        write_durably(&self.conviction_path(key), text.as_bytes())
    }

    fn conviction_path(&self, key: &LogKey) -> PathBuf {
        self.dir.join(format!("{}.convicted", name(key.name())))
    }

    fn path(&self, key: &LogKey) -> PathBuf {
        self.dir.join(format!("{}.json", name(key.name())))
    }
}

/// Reads a proof and verifies it again: both notes must be signed by the key that it names. Whose
/// key that is, is for the reader to know.
///
/// # Errors
/// When the file cannot be read or is no proof.
pub fn read_proof(path: &Path) -> Result<(LogKey, Equivocation), WitnessedError> {
    let malformed = || WitnessedError::Malformed(path.to_owned());
    let bytes = read_bounded(path)?.ok_or_else(malformed)?;
    let text: ProofText = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
    let key: LogKey = text.key.parse().map_err(|_| malformed())?;
    let proven: Result<_, CheckpointError> = equivocation(&text.first, &text.second, &key);
    match proven {
        Ok(Some(proof)) if proof.size == text.size => Ok((key, proof)),
        Ok(_) | Err(_) => Err(malformed()),
    }
}

/// What witnesses said about our own log.
#[derive(Clone, Debug)]
pub struct Cosigned {
    data_dir: PathBuf,
    dir: PathBuf,
}

impl Cosigned {
    /// Those of this data folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data_dir: &Path) -> Result<Self, WitnessedError> {
        let dir = data_dir.join("cosigned");
        made(&dir)?;
        Ok(Self {
            data_dir: data_dir.to_owned(),
            dir,
        })
    }

    /// The newest of our checkpoints that this witness cosigned, as it was written; not verified.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, witness: &str) -> Result<Option<String>, WitnessedError> {
        read_note(&self.path(witness))
    }

    /// Keeps a checkpoint with the cosignature of this witness; returns when it is durable.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, witness: &str, note: &str) -> Result<(), WitnessedError> {
        write_durably(&self.path(witness), note.as_bytes())
    }

    /// The newest checkpoint with the cosignatures of all who signed it; not verified.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_newest(&self) -> Result<Option<String>, WitnessedError> {
        read_note(&self.data_dir.join(COSIGNED_FILE))
    }

    /// Keeps the newest checkpoint with its cosignatures; returns when it is durable.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_newest(&self, note: &str) -> Result<(), WitnessedError> {
        write_durably(&self.data_dir.join(COSIGNED_FILE), note.as_bytes())
    }

    /// Keeps a checkpoint that a witness holds, signed by our key, and that our log contradicts.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_held(&self, witness: &str, size: u64, note: &str) -> Result<(), WitnessedError> {
        let path = self.dir.join(format!("{}.{size}.held", name(witness)));
        if path.exists() {
            return Ok(());
        }
        write_durably(&path, note.as_bytes())
    }

    fn path(&self, witness: &str) -> PathBuf {
        self.dir.join(format!("{}.note", name(witness)))
    }
}

/// A file name for the name of a log or a witness, which may hold anything.
fn name(of: &str) -> Sha256 {
    Sha256::of(&[of.as_bytes()])
}

fn made(dir: &Path) -> Result<(), WitnessedError> {
    disk::create_dir(dir).map_err(|source| WitnessedError::Io {
        path: dir.to_owned(),
        source,
    })
}

fn read_bounded(path: &Path) -> Result<Option<Vec<u8>>, WitnessedError> {
    let read = || {
        if fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Ok(None);
        }
        fs::read(path).map(Some)
    };
    match read() {
        Ok(Some(bytes)) => Ok(Some(bytes)),
        Ok(None) => Err(WitnessedError::Malformed(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WitnessedError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn read_note(path: &Path) -> Result<Option<String>, WitnessedError> {
    let Some(bytes) = read_bounded(path)? else {
        return Ok(None);
    };
    match String::from_utf8(bytes) {
        Ok(note) if note.len() <= NOTE_BYTES_MAX => Ok(Some(note)),
        Ok(_) | Err(_) => Err(WitnessedError::Malformed(path.to_owned())),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), WitnessedError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| WitnessedError::Io {
        path: path.to_owned(),
        source: error.into(),
    })?;
    bytes.push(b'\n');
    write_durably(path, &bytes)
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), WitnessedError> {
    disk::write_whole(path, bytes, MODE).map_err(|source| WitnessedError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Answer;
    use crate::ledger::Checkpoint;
    use crate::ledger::Tree;
    use crate::ledger::WitnessRequest;
    use crate::ledger::fixtures;

    fn note(leaves: &[&str]) -> String {
        let mut tree = Tree::new();
        for leaf in leaves {
            tree.push(Sha256::of(&[leaf.as_bytes()]));
        }
        Checkpoint::sign(&tree, &fixtures::signer()).unwrap()
    }

    fn held(note: String) -> Witnessed {
        let key = fixtures::signer().key().clone();
        let request = WitnessRequest {
            old_size: 0,
            proof: Vec::new(),
            note,
        };
        match Witnessed::nothing(key).answer(&request) {
            (Answer::Cosign { witnessed, .. }, None) => *witnessed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_held_of_a_log_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let logs = WitnessedLogs::open(dir.path()).unwrap();
        let key = fixtures::signer().key().clone();
        let nothing = logs.read(key.clone()).unwrap();
        assert_eq!(nothing, Witnessed::nothing(key.clone()));
        let held = held(note(&["a"]));
        logs.write(&held).unwrap();
        assert_eq!(logs.read(key).unwrap(), held);
    }

    #[test]
    fn a_witness_does_not_forget_because_its_file_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let logs = WitnessedLogs::open(dir.path()).unwrap();
        let key = fixtures::signer().key().clone();
        let held = held(note(&["a"]));
        logs.write(&held).unwrap();
        let path = logs.path(&key);
        let good = fs::read(&path).unwrap();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            fs::write(&path, &bad).unwrap();
            if let Ok(read) = logs.read(key.clone()) {
                // Only the origin, which is there for people, can differ.
                assert_eq!(read, held, "{place}");
            }
        }
        fs::write(&path, "").unwrap();
        assert!(logs.read(key.clone()).is_err());
        fs::write(&path, " ".repeat(1_048_577)).unwrap();
        assert!(logs.read(key).is_err());
    }

    #[test]
    fn a_proof_is_kept_once_for_each_size_and_verifies_again() {
        let dir = tempfile::tempdir().unwrap();
        let logs = WitnessedLogs::open(dir.path()).unwrap();
        let key = fixtures::signer().key().clone();
        let mut leaves = Vec::new();
        for size in 1..=PROOFS_MAX + 2 {
            leaves.push("a");
            let first = note(&leaves);
            let mut other = leaves.clone();
            other[0] = "b";
            let proof = equivocation(&first, &note(&other), &key).unwrap().unwrap();
            let kept = logs.keep_proof(&key, &proof).unwrap();
            assert_eq!(kept.is_some(), size <= PROOFS_MAX);
            assert_eq!(logs.keep_proof(&key, &proof).unwrap(), None);
            if let Some(path) = kept {
                assert_eq!(read_proof(&path).unwrap(), (key.clone(), proof));
            }
        }
        let proofs = logs.proofs(&key).unwrap();
        assert_eq!(proofs.len(), PROOFS_MAX);
        let text = fs::read_to_string(&proofs[0]).unwrap();
        let changed = text.replace("\"size\": 1", "\"size\": 2");
        assert_ne!(changed, text);
        fs::write(&proofs[0], changed).unwrap();
        assert!(read_proof(&proofs[0]).is_err());
    }

    #[test]
    fn cosigned_checkpoints_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let cosigned = Cosigned::open(dir.path()).unwrap();
        assert_eq!(cosigned.read("one").unwrap(), None);
        assert_eq!(cosigned.read_newest().unwrap(), None);
        cosigned.write("one", "note").unwrap();
        cosigned.write_newest("newest").unwrap();
        assert_eq!(cosigned.read("one").unwrap().as_deref(), Some("note"));
        assert_eq!(cosigned.read_newest().unwrap().as_deref(), Some("newest"));
        assert_eq!(cosigned.read("two").unwrap(), None);
        cosigned.keep_held("one", 7, "first").unwrap();
        cosigned.keep_held("one", 7, "second").unwrap();
        let held = cosigned.dir.join(format!("{}.7.held", name("one")));
        assert_eq!(fs::read_to_string(held).unwrap(), "first");
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let error = |kind| WitnessedError::Io {
            path: PathBuf::new(),
            source: io::Error::from(kind),
        };
        assert!(error(io::ErrorKind::StorageFull).is_no_space());
        assert!(!error(io::ErrorKind::Other).is_no_space());
    }
}
