//! Restoring a ledger from a backup.
//!
//! Entries after the backup may be lost, and others may hold checkpoints over them. If the ledger
//! went on as before, it would sign other entries under the same numbers: nobody could tell that from
//! a fork. So the log ends, and another begins with the same entries: with a new origin, a new key, and
//! an entry that says so and names the last checkpoint of the old one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::clock::Clock;
use crate::config::Config;
use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::PROOF_NOTE_BYTES_MAX;
use crate::contract::Pseudonym;
use crate::contract::Rejection;
use crate::contract::State;
use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::EntryError;
use crate::ledger::LogKey;
use crate::ledger::Stamp;
use crate::ledger::WitnessKey;
use crate::storage;
use crate::storage::AppendError;
use crate::storage::BackupError;
use crate::storage::Depth;
use crate::storage::Journal;
use crate::storage::JournalReader;
use crate::storage::Keys;
use crate::storage::KeysError;
use crate::storage::Layout;
use crate::storage::OpenError;
use crate::storage::Priority;
use crate::storage::ReadError;
use crate::storage::Record;
use crate::storage::VerifyError;
use crate::storage::random_id;

/// A restored ledger.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The entry that says so.
    pub entry: u64,
    /// The key that signs its checkpoints from there on.
    pub key: LogKey,
    /// The key that signed them before.
    pub before: LogKey,
    /// The key by which the gateway cosigns for others from now on.
    pub witness: WitnessKey,
}

/// Why nothing was restored. The data folder may hold a part of it then, without a public key: it
/// is to be emptied before the next attempt.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup is not in order.
    #[error("the backup does not verify: {0}")]
    Verify(#[from] VerifyError),
    /// Nobody signed for what is in the backup.
    #[error("the backup holds no signed checkpoint")]
    Unsigned,
    /// The backup or the data folder.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The restored journal.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An entry cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The contract.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The entry that says so.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The text that is signed.
    #[error(transparent)]
    Text(#[from] serde_json::Error),
    /// The disk.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Another institution's ledger, or none.
    #[error("the backup is not a ledger of {0}")]
    OtherInstitution(crate::contract::InstitutionSlug),
    /// Events of the ledger are signed by another key.
    #[error("statement.pk8 in the keys folder is not the key that signed the backup's events")]
    OtherStatementKey,
}

/// What a ledger is restored from.
#[derive(Clone, Copy, Debug)]
pub struct RestoreFrom<'a> {
    /// The folder that holds the backup.
    pub backup: &'a Path,
    /// The newest keyring, where it is not the backup's.
    pub keyring: Option<&'a Path>,
    /// How many patients whom the backup speaks of were erased after it.
    pub forgotten: usize,
    /// The ledger's public key, where the backup's own is not to be believed.
    pub key: Option<&'a LogKey>,
}

/// Restores the ledger in a backup into the data folder of `config`, which must be empty or not
/// there. The keys folder must hold the institution's keys.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(
    config: &Config,
    clock: Clock,
    from: &RestoreFrom<'_>,
    by: String,
) -> Result<Restored, RestoreError> {
    let gateway = &config.gateway;
    let backup = from.backup;
    let report = storage::verify(backup, from.key, Depth::Replay)?;
    if report.checkpoint.is_none() {
        return Err(RestoreError::Unsigned);
    }
    let before = report.key;
    let (mut state, patients) = folded(backup)?;
    if state.own() != Some(&gateway.institution) {
        let configured = gateway.institution.clone();
        return Err(RestoreError::OtherInstitution(configured));
    }
    let now = clock.read();
    let origin = format!("{}/credence/{}", gateway.institution, now.wall.compact());
    let keys = Keys::for_restored(&gateway.keys_dir, &gateway.institution, &origin)?;
    let statement = keys.statement.key().to_string();
    if state.statement_key_of(&gateway.institution) != Some(statement.as_str()) {
        return Err(RestoreError::OtherStatementKey);
    }
    let layout = Layout {
        backup,
        keyring: from.keyring,
        keys: &keys,
        patients: &patients,
        forgotten: from.forgotten,
    };
    let _lock = layout.lay_out(&gateway.data_dir)?;
    let (mut journal, recovered) = Journal::open(&gateway.data_dir, &before)?;
    let author = gateway.institution.clone();
    let body = Body::Restored {
        log_origin: origin,
        key: keys.log.key().to_string(),
        checkpoint: storage::newest_note(backup, &before, PROOF_NOTE_BYTES_MAX)?,
        by,
    };
    let author_seq = state.next_author_seq(&author);
    let event = keys.statement.sign_event(author, author_seq, body)?;
    let boot = random_id()?;
    let stamp = Stamp {
        wall: now.wall,
        mono_us: now.monotonic_us,
        boot: &boot,
    };
    let (mut chain, mut tree) = (recovered.chain, recovered.tree);
    let linked = chain.next(stamp, event, None)?;
    let at = Applied {
        seq: linked.entry.seq,
        ledger_time: linked.entry.ledger_time,
    };
    state.apply(at, &linked.entry.event)?;
    let record = Record {
        line: linked.line,
        sealed: None,
    };
    journal.append(&[record], Priority::Normal)?;
    tree.push(linked.leaf);
    journal.write_checkpoint(&Checkpoint::sign(&tree, &keys.log)?, &tree)?;
    keys.take_over(&gateway.data_dir)?;
    Ok(Restored {
        entry: at.seq,
        key: keys.log.key().clone(),
        before,
        witness: keys.witness.key().clone(),
    })
}

/// The state that a backup adds up to, and the patients whom it speaks of and has not forgotten.
fn folded(backup: &Path) -> Result<(State, BTreeSet<Pseudonym>), RestoreError> {
    let mut state = State::new();
    let mut patients = BTreeSet::new();
    for stored in JournalReader::new(backup).entries(0) {
        let entry = stored?.entry;
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        state.apply(at, &entry.event)?;
        match &entry.event.body {
            Body::Decision { request, .. } => patients.extend(request.patient),
            Body::ConsentGranted { consent, .. } => {
                patients.insert(consent.patient);
            }
            _ => {}
        }
    }
    patients.retain(|patient| !state.is_erased(*patient));
    Ok((state, patients))
}
