//! A copy of a data folder that a ledger can be restored from, made while a gateway writes: the
//! journal as far as it goes now, the newest checkpoint, the keyring, the public key. No secret key:
//! without the wrapping key nobody can read whose entries these are. Nothing of the spool: what lies
//! there is on its way, and would be delivered again from a copy.
//!
//! The checkpoint is read first, then the journal, then the keyring: a checkpoint is about entries
//! that are in the journal by then, and a row is durable before the journal names its pseudonym.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::contract::Pseudonym;
use crate::ledger::Checkpoint;
use crate::storage::checkpoints;
use crate::storage::disk;
use crate::storage::disk::RealDisk;
use crate::storage::keyring::Keyring;
use crate::storage::keyring::KeyringError;
use crate::storage::keys;
use crate::storage::keys::Keys;
use crate::storage::keys::KeysError;
use crate::storage::lock::FolderLock;
use crate::storage::lock::LockError;
use crate::storage::reader;
use crate::storage::reader::Batches;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;
use crate::storage::slots;
use crate::storage::slots::SlotError;

/// Where the keyring lies in a data folder.
const KEYRING_FILE: &str = "keyring";

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Entries in the copy.
    pub entries: u64,
    /// The newest signed checkpoint, when there is one.
    pub checkpoint: Option<Checkpoint>,
}

/// Why there is no copy, or nothing was restored from one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The checkpoint is not to be believed.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(String),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The folder's lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nothing to copy.
    #[error("{} holds no ledger", .0.display())]
    NoLedger(PathBuf),
    /// Something is there already.
    #[error("{} is there already and not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The keyring is older than the last erasure.
    #[error(
        "the keyring {} does not open with wrapping.key: something was forgotten after it was \
         copied; give the newest keyring with --keyring",
        .0.display()
    )]
    OldKeyring(PathBuf),
    /// The keyring lacks a patient whom the ledger speaks of and has not forgotten.
    #[error(
        "the keyring {} does not know {missing} of the patients that the ledger speaks of: give the \
         newest with --keyring, or, if they were erased after the backup, --forgotten {missing}",
        path.display()
    )]
    PatientsMissing {
        /// The keyring.
        path: PathBuf,
        /// How many.
        missing: usize,
    },
}

/// Copies the ledger of a data folder into `out_dir`, which is made, or is empty.
///
/// # Errors
/// When something cannot be read or written, or the journal is damaged.
pub fn back_up(data_dir: &Path, out_dir: &Path) -> Result<BackedUp, BackupError> {
    let no_ledger = || BackupError::NoLedger(data_dir.to_owned());
    let key = keys::read_vkey(data_dir)?.ok_or_else(no_ledger)?;
    let slot = slots::newest(data_dir, &key)?.slot;
    let cosigned = checkpoints::cosigned(data_dir, &key)?;
    make_empty(out_dir)?;
    let entries = copy_journal(data_dir, out_dir)?;
    if let Some(slot) = &slot {
        let written = slots::write(out_dir, &RealDisk, 0, slot);
        written.map_err(told(out_dir))?;
    }
    if let Some(cosigned) = cosigned {
        let path = out_dir.join(checkpoints::COSIGNED_FILE);
        disk::write_whole(&path, cosigned.note.as_bytes(), 0o600).map_err(told(&path))?;
    }
    let keyring = data_dir.join(KEYRING_FILE);
    copy(&keyring, &out_dir.join(KEYRING_FILE), u64::MAX)?;
    // Last: a copy that was cut off is no ledger.
    keys::write_vkey(out_dir, &key)?;
    Ok(BackedUp {
        entries,
        checkpoint: slot.map(|slot| slot.checkpoint),
    })
}

/// What a data folder is made of when a ledger is restored.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// The folder that holds the backup.
    pub backup: &'a Path,
    /// The newest keyring, if it is not the backup's.
    pub keyring: Option<&'a Path>,
    /// The keys that it must open with.
    pub keys: &'a Keys,
    /// The patients whom it must know.
    pub patients: &'a BTreeSet<Pseudonym>,
    /// But for so many of them, who were erased after the backup.
    pub forgotten: usize,
}

impl Layout<'_> {
    /// Lays the backup out as a data folder, but for its checkpoints and public key: these are those
    /// of the log that goes on. Gives the folder's lock.
    ///
    /// # Errors
    /// When something is there already, cannot be copied, or the keyring is not the newest; the folder
    /// is empty again then.
    pub fn lay_out(&self, data_dir: &Path) -> Result<FolderLock, BackupError> {
        make_empty(data_dir)?;
        let lock = FolderLock::take(data_dir)?;
        let laid_out = self.copy_and_check(data_dir);
        if laid_out.is_err() {
            // Half a ledger is none; what fails here besides was told already.
            let _removed = fs::remove_dir_all(reader::journal_dir(data_dir));
            let _removed = fs::remove_file(data_dir.join(KEYRING_FILE));
        }
        laid_out.map(|()| lock)
    }

    fn copy_and_check(&self, data_dir: &Path) -> Result<(), BackupError> {
        copy_journal(self.backup, data_dir)?;
        let of_backup = || self.backup.join(KEYRING_FILE);
        let from = self.keyring.map_or_else(of_backup, Path::to_owned);
        copy(&from, &data_dir.join(KEYRING_FILE), u64::MAX)?;
        let opened = Keyring::open(data_dir, self.keys).map_err(|error| match error {
            KeyringError::ForeignKey(_) => BackupError::OldKeyring(from.clone()),
            error => error.into(),
        })?;
        let missing = self.patients.iter().filter(|one| !opened.knows(one));
        match missing.count() {
            missing if missing == self.forgotten => Ok(()),
            missing => Err(BackupError::PatientsMissing {
                path: from,
                missing,
            }),
        }
    }
}

fn make_empty(dir: &Path) -> Result<(), BackupError> {
    // The lock's file may be left of an earlier attempt.
    let is_lock = |item: &io::Result<fs::DirEntry>| {
        item.as_ref().is_ok_and(|item| item.file_name() == "lock")
    };
    let is_empty = |mut items: fs::ReadDir| items.all(|item| is_lock(&item));
    match disk::read_dir(dir).map(is_empty) {
        Ok(true) => return Ok(()),
        Ok(false) => return Err(BackupError::NotEmpty(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(told(dir)(source)),
    }
    disk::create_private_dir(dir).map_err(told(dir))
}

/// Copies the segments up to the last whole batch; how many entries these are.
fn copy_journal(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let (from, to) = (reader::journal_dir(from), reader::journal_dir(to));
    let mut batches = Batches::from_start(&from)?;
    let end = loop {
        match batches.step()? {
            Step::Batch => {}
            Step::Damaged(damage) => return Err(ReadError::from(damage).into()),
            Step::End(end) => break end,
        }
    };
    disk::create_dir(&to).map_err(told(&to))?;
    for number in 1..=end.position.segment {
        let last = number == end.position.segment;
        let bytes = if last { end.position.offset } else { u64::MAX };
        let (from, to) = (
            reader::segment_path(&from, number),
            reader::segment_path(&to, number),
        );
        copy(&from, &to, bytes)?;
    }
    disk::sync_dir(&to).map_err(told(&to))?;
    Ok(batches.next_seq())
}

/// Copies the first `bytes` bytes of a file, and syncs the copy.
fn copy(from: &Path, to: &Path, bytes: u64) -> Result<(), BackupError> {
    let mut source = File::open(from).map_err(told(from))?.take(bytes);
    let mut write = || {
        let mut copy = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)?;
        io::copy(&mut source, &mut copy)?;
        copy.sync_all()
    };
    write().map_err(told(to))
}

fn told(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Io { path, source }
}

impl From<SlotError> for BackupError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Io { path, source } => Self::Io { path, source },
            error @ (SlotError::Checkpoint { .. } | SlotError::Unreadable(_)) => {
                Self::Checkpoint(error.to_string())
            }
        }
    }
}
