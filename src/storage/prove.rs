//! Makes the proof of one entry, from a data folder, a copy of one, or an export.

use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::LedgerProof;
use crate::ledger::LogKey;
use crate::ledger::ProofError;
use crate::ledger::leaf_hash;
use crate::storage::checkpoints;
use crate::storage::checkpoints::Signed;
use crate::storage::hashes::Hashes;
use crate::storage::hashes::HashesError;
use crate::storage::keys;
use crate::storage::keys::KeysError;
use crate::storage::lines::Lines;
use crate::storage::reader::ReadError;
use crate::storage::slots::SlotError;

/// A proof that has been verified, and what it is about.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The proof.
    pub proof: LedgerProof,
    /// The entry's line, without a newline.
    pub line: String,
    /// The checkpoint that the proof leads to.
    pub checkpoint: Checkpoint,
    /// The key that it was verified with.
    pub key: LogKey,
    /// Why the checkpoint with cosignatures, which is there, was passed over.
    pub passed_over: Option<String>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// No public key beside the ledger, or no ledger.
    #[error("{} holds no ledger", .0.display())]
    NoLedger(PathBuf),
    /// The public key.
    #[error(transparent)]
    Key(#[from] KeysError),
    /// The checkpoint in the folder is not to be believed.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(String),
    /// The checkpoint that was given is not to be believed.
    #[error("the given checkpoint is not to be believed: {0}")]
    Given(#[from] CheckpointError),
    /// No checkpoint covers the entry.
    #[error("entry {entry} is not signed for: the checkpoint is about {size} entries")]
    NotSigned {
        /// The entry.
        entry: u64,
        /// Entries that are signed for.
        size: u64,
    },
    /// The ledger.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tree.
    #[error(transparent)]
    Hashes(#[from] HashesError),
    /// What was made does not verify.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// Proves that entry `entry` is in the ledger in `dir`, under the checkpoint in the note `given`,
/// else under the one with witnesses' cosignatures if it covers the entry, else under the newest.
///
/// # Errors
/// When no checkpoint covers the entry, or the ledger cannot be read or is not the one that was
/// signed.
pub fn prove(dir: &Path, entry: u64, given: Option<String>) -> Result<Proved, ProveError> {
    let no_ledger = || ProveError::NoLedger(dir.to_owned());
    let key = keys::read_vkey(dir)?.ok_or_else(no_ledger)?;
    let lines = Lines::of_folder(dir).ok_or_else(no_ledger)?;
    let (signed, passed_over) = signed(dir, &key, entry, given)?;
    let Signed { checkpoint, note } = signed;
    let size = checkpoint.size;
    if entry >= size {
        return Err(ProveError::NotSigned { entry, size });
    }
    let mut line = Vec::new();
    let found = lines.each(entry..entry.saturating_add(1), |_, text| {
        line.extend_from_slice(text);
        Ok::<_, ReadError>(())
    })?;
    if found <= entry {
        return Err(HashesError::Short { found, size }.into());
    }
    let leaf = leaf_hash(&line);
    let path = Hashes::read(dir)?.inclusion_proof(entry, &leaf, &checkpoint)?;
    // As a stranger would: from the text.
    let proof = LedgerProof::parse(&LedgerProof::new(entry, path, note).to_string())?;
    proof.verify(&line, &key)?;
    let line = String::from_utf8(line).map_err(|_| ProofError::NotIncluded { index: entry })?;
    Ok(Proved {
        proof,
        line,
        checkpoint,
        key,
        passed_over,
    })
}

/// The checkpoint to prove under, and why the one with cosignatures is passed over.
fn signed(
    dir: &Path,
    key: &LogKey,
    entry: u64,
    given: Option<String>,
) -> Result<(Signed, Option<String>), ProveError> {
    if let Some(note) = given {
        return Ok((checkpoints::opened(note, key)?, None));
    }
    let passed_over = match checkpoints::cosigned(dir, key) {
        Ok(None) => None,
        Ok(Some(cosigned)) if cosigned.checkpoint.size > entry => return Ok((cosigned, None)),
        Ok(Some(cosigned)) => {
            let size = cosigned.checkpoint.size;
            Some(ProveError::NotSigned { entry, size }.to_string())
        }
        Err(error) => Some(error.to_string()),
    };
    match checkpoints::newest(dir, key)? {
        Some(newest) => Ok((newest, passed_over)),
        None => Err(ProveError::NotSigned { entry, size: 0 }),
    }
}

impl From<SlotError> for ProveError {
    fn from(error: SlotError) -> Self {
        Self::Checkpoint(error.to_string())
    }
}

#[cfg(test)]
mod tests;
