//! The keyring: the only bridge between a patient and the pseudonym in the ledger.
//!
//! A row for each patient: HMAC-SHA256(lookup key, issuer ‖ `0x00` ‖ Patient ID), the pseudonym
//! (128 random bits) and the key that seals the patient's details, all of it sealed under the
//! wrapping key (AES-256-GCM). Rows have one length and are only appended. The first row holds no
//! patient; it shows that the wrapping key is the right one.
//!
//! - A row MUST be durable before its pseudonym is given out.
//! - Only a last row that is not whole MAY be dropped: nobody was given its pseudonym.
//! - After a failed sync the keyring MUST NOT be used any more.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use ring::hmac;

use crate::contract::Pseudonym;
use crate::digest::Sha256;
use crate::storage::disk;
use crate::storage::disk::Disk;
use crate::storage::disk::RealDisk;
use crate::storage::keys;
use crate::storage::keys::Keys;
use crate::storage::keys::Secret;
use crate::storage::sealed;

#[cfg(test)]
mod tests;

/// Patients in the largest keyring; each costs about 100 bytes of memory.
const PATIENTS_MAX: u32 = 4_000_000;

/// Bytes of a row before it is sealed: lookup digest, pseudonym, sealing key.
const PLAIN_BYTES: usize = 32 + 16 + 32;

/// Bytes of a row in the file: nonce, the row, tag.
const ROW_BYTES: usize = 12 + PLAIN_BYTES + 16;

/// Bytes that a disk writes as a whole, at the least.
const SECTOR_BYTES: u64 = 512;

/// Keeps digests of studies apart from those of patients, whatever their identifiers are.
const STUDY_LABEL: &[u8] = b"credence study 1\0";

/// Associated data of the first row.
const HEAD_LABEL: &[u8] = b"credence keyring 1 head";

/// Associated data of a patient's row.
const ROW_LABEL: &[u8] = b"credence keyring 1 row";

/// Why the keyring does not serve.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The keyring.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was made with another wrapping key.
    #[error("{} was not sealed with this wrapping key", .0.display())]
    ForeignKey(PathBuf),
    /// A row in it is damaged.
    #[error("row {row} of {} is damaged", path.display())]
    Damaged {
        /// The keyring.
        path: PathBuf,
        /// Which row: the first patient's is 1.
        row: u32,
    },
    /// No room for another patient.
    #[error("no space left for another patient")]
    NoSpace,
    /// The disk failed before: what it holds is uncertain.
    #[error("the keyring's disk failed before, and the gateway must stop")]
    Poisoned,
    /// The patient cannot be told from others.
    #[error("an issuer of patient IDs has no NUL character")]
    Issuer,
    /// Nobody has this pseudonym (any more).
    #[error("the keyring does not know pseudonym {0}")]
    Unknown(Pseudonym),
    /// What is to be sealed is too long, or the system gave no random bytes.
    #[error("the details cannot be sealed")]
    Seal,
    /// The sealed details are damaged, or of another event.
    #[error("the sealed details do not open")]
    Unseal,
}

/// A patient's pseudonym, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identified {
    /// Made just now.
    Created(Pseudonym),
    /// Known before.
    Known(Pseudonym),
}

impl Identified {
    /// The pseudonym.
    pub const fn pseudonym(self) -> Pseudonym {
        match self {
            Self::Created(pseudonym) | Self::Known(pseudonym) => pseudonym,
        }
    }
}

/// One patient's part of sealed details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsealed {
    /// Whose.
    pub pseudonym: Pseudonym,
    /// What was sealed; `None` when the patient was forgotten, and with the key the details.
    pub details: Option<Vec<u8>>,
}

/// The keyring, open. One writer; the caller holds the folder's lock.
pub struct Keyring {
    disk: Box<dyn Disk>,
    path: PathBuf,
    file: File,
    wrapping: Secret,
    lookup: hmac::Key,
    rows: u32,
    pseudonyms: HashMap<[u8; 32], Pseudonym>,
    places: HashMap<Pseudonym, u32>,
    poisoned: bool,
}

/// A row, opened.
struct Row {
    digest: [u8; 32],
    pseudonym: Pseudonym,
    key: Secret,
}

impl Keyring {
    /// Opens the keyring in a data folder, or begins one.
    ///
    /// # Errors
    /// When it is damaged, was made with other keys, or cannot be used.
    pub fn open(data_dir: &Path, keys: &Keys) -> Result<Self, KeyringError> {
        Self::open_on(Box::new(RealDisk), data_dir, keys)
    }

    fn open_on(disk: Box<dyn Disk>, data_dir: &Path, keys: &Keys) -> Result<Self, KeyringError> {
        let path = data_dir.join("keyring");
        let open = || {
            disk::create_dir(data_dir)?;
            File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
        };
        let file = open().map_err(|source| KeyringError::Io {
            path: path.clone(),
            source,
        })?;
        let mut keyring = Self {
            disk,
            path,
            file,
            wrapping: Secret(keys.wrapping.0),
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &keys.lookup.0),
            rows: 0,
            pseudonyms: HashMap::new(),
            places: HashMap::new(),
            poisoned: false,
        };
        keyring.load()?;
        let synced = disk::sync_dir(data_dir).and_then(|()| keyring.disk.sync_data(&keyring.file));
        keyring.told(synced)?;
        Ok(keyring)
    }

    /// The patient's pseudonym; made, and durable, if there was none.
    ///
    /// # Errors
    /// When a new row cannot be made durable. The patient has no pseudonym then.
    pub fn pseudonym_for(
        &mut self,
        issuer: &[u8],
        patient_id: &[u8],
    ) -> Result<Identified, KeyringError> {
        let digest = self.digest(issuer, patient_id)?;
        if let Some(known) = self.pseudonyms.get(&digest) {
            return Ok(Identified::Known(*known));
        }
        let row = Row {
            digest,
            pseudonym: Pseudonym::from_bytes(random()?),
            key: Secret(random()?),
        };
        if self.rows > PATIENTS_MAX {
            return Err(KeyringError::NoSpace);
        }
        let plain = [&row.digest[..], row.pseudonym.as_bytes(), &row.key.0].concat();
        let place = self.rows;
        self.append(ROW_LABEL, &plain)?;
        self.remember(&row, place)?;
        Ok(Identified::Created(row.pseudonym))
    }

    /// The patient's pseudonym, if there is one.
    pub fn pseudonym_of(&self, issuer: &[u8], patient_id: &[u8]) -> Option<Pseudonym> {
        let digest = self.digest(issuer, patient_id).ok()?;
        self.pseudonyms.get(&digest).copied()
    }

    /// A digest that names a study without telling its UID to whoever lacks the lookup key.
    pub fn blind(&self, study_instance_uid: &[u8]) -> Sha256 {
        let mut context = hmac::Context::with_key(&self.lookup);
        context.update(STUDY_LABEL);
        context.update(study_instance_uid);
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Sha256::from_bytes(digest)
    }

    /// Seals details about a patient for one event (see [`event_id`](crate::storage::event_id)).
    /// Parts for several patients may be put one after another.
    ///
    /// # Errors
    /// When nobody has this pseudonym, or the row cannot be read.
    pub fn seal(
        &self,
        pseudonym: &Pseudonym,
        event_id: &str,
        details: &[u8],
    ) -> Result<Vec<u8>, KeyringError> {
        let key = self
            .key_of(pseudonym)?
            .ok_or(KeyringError::Unknown(*pseudonym))?;
        let associated = sealed::associated(pseudonym, event_id);
        let sealed = sealed::seal(&key.0, random()?, &associated, details);
        let sealed = sealed.map_err(|_| KeyringError::Seal)?;
        sealed::part(pseudonym, &sealed).ok_or(KeyringError::Seal)
    }

    /// Opens the sealed details of an event: a part for each patient.
    ///
    /// # Errors
    /// When they are damaged or belong to another event.
    pub fn unseal(&self, event_id: &str, details: &[u8]) -> Result<Vec<Unsealed>, KeyringError> {
        let parts = sealed::parts(details).ok_or(KeyringError::Unseal)?;
        let unseal = |part: sealed::Part<'_>| {
            let pseudonym = part.pseudonym;
            let associated = sealed::associated(&pseudonym, event_id);
            let open = |key: Secret| sealed::open(&key.0, &associated, part.sealed);
            let details = self.key_of(&pseudonym)?.map(open).transpose();
            let details = details.map_err(|_| KeyringError::Unseal)?;
            Ok(Unsealed { pseudonym, details })
        };
        parts.into_iter().map(unseal).collect()
    }

    /// How many patients there are.
    pub fn patients(&self) -> usize {
        self.places.len()
    }

    /// Whether a write or a sync failed: what the disk holds is uncertain, and the gateway must
    /// stop.
    pub const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    fn digest(&self, issuer: &[u8], patient_id: &[u8]) -> Result<[u8; 32], KeyringError> {
        // A NUL in the issuer would let two patients look alike.
        if issuer.contains(&0) {
            return Err(KeyringError::Issuer);
        }
        let mut context = hmac::Context::with_key(&self.lookup);
        context.update(issuer);
        context.update(&[0]);
        context.update(patient_id);
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Ok(digest)
    }

    /// Reads all rows. Drops a last one that is not whole; writes the first one if there is none.
    fn load(&mut self) -> Result<(), KeyringError> {
        let length = self.file.metadata().map(|file| file.len());
        let length = self.told(length)?;
        let whole = length / ROW_BYTES as u64;
        let rows = u32::try_from(whole).map_err(|_| KeyringError::NoSpace)?;
        let cloned = self.file.try_clone();
        let mut file = BufReader::new(self.told(cloned)?);
        for row in 0..rows {
            let mut bytes = [0; ROW_BYTES];
            let read = file.read_exact(&mut bytes);
            self.told(read)?;
            let is_last = row == rows - 1 && whole * ROW_BYTES as u64 == length;
            match self.open_row(row, &bytes) {
                Ok(Some(opened)) => self.remember(&opened, row)?,
                Ok(None) => {}
                Err(_) if is_last && is_torn(row, &bytes) => break,
                Err(error) => return Err(error),
            }
            self.rows = row + 1;
        }
        let good = u64::from(self.rows) * ROW_BYTES as u64;
        if good < length {
            let cut = self.file.set_len(good);
            self.told(cut)?;
        }
        if self.rows == 0 {
            self.append(HEAD_LABEL, &[0; PLAIN_BYTES])?;
        }
        Ok(())
    }

    /// Opens row `row`; `None` for the first.
    fn open_row(&self, row: u32, bytes: &[u8]) -> Result<Option<Row>, KeyringError> {
        if row == 0 {
            return match sealed::open(&self.wrapping.0, HEAD_LABEL, bytes) {
                Ok(_) => Ok(None),
                Err(_) => Err(KeyringError::ForeignKey(self.path.clone())),
            };
        }
        let damaged = || KeyringError::Damaged {
            path: self.path.clone(),
            row,
        };
        let plain = sealed::open(&self.wrapping.0, ROW_LABEL, bytes).map_err(|_| damaged())?;
        let (digest, rest) = plain.split_first_chunk().ok_or_else(damaged)?;
        let (pseudonym, key) = rest.split_first_chunk().ok_or_else(damaged)?;
        Ok(Some(Row {
            digest: *digest,
            pseudonym: Pseudonym::from_bytes(*pseudonym),
            key: Secret(key.try_into().map_err(|_| damaged())?),
        }))
    }

    fn remember(&mut self, row: &Row, place: u32) -> Result<(), KeyringError> {
        let before = self.pseudonyms.insert(row.digest, row.pseudonym).is_some();
        if self.places.insert(row.pseudonym, place).is_some() || before {
            return Err(KeyringError::Damaged {
                path: self.path.clone(),
                row: place,
            });
        }
        Ok(())
    }

    fn key_of(&self, pseudonym: &Pseudonym) -> Result<Option<Secret>, KeyringError> {
        let Some(place) = self.places.get(pseudonym) else {
            return Ok(None);
        };
        let mut bytes = [0; ROW_BYTES];
        let at = u64::from(*place) * ROW_BYTES as u64;
        let read = self.file.read_exact_at(&mut bytes, at);
        read.map_err(|source| KeyringError::Io {
            path: self.path.clone(),
            source,
        })?;
        Ok(self.open_row(*place, &bytes)?.map(|row| row.key))
    }

    /// Writes and syncs a row.
    fn append(&mut self, label: &[u8], plain: &[u8]) -> Result<(), KeyringError> {
        if self.poisoned {
            return Err(KeyringError::Poisoned);
        }
        let sealed = sealed::seal(&self.wrapping.0, random()?, label, plain);
        let bytes = sealed.map_err(|_| KeyringError::Seal)?;
        let end = u64::from(self.rows) * ROW_BYTES as u64;
        match self.disk.write_at(&self.file, &bytes, end) {
            Err(error) if disk::is_no_space(&error) => {
                let cut = self.file.set_len(end);
                self.told(cut)?;
                return Err(KeyringError::NoSpace);
            }
            written => self.told(written)?,
        }
        let synced = self.disk.sync_data(&self.file);
        self.told(synced)?;
        self.rows += 1;
        Ok(())
    }

    /// Names the file in an error, and trusts it no more.
    fn told<T>(&mut self, result: io::Result<T>) -> Result<T, KeyringError> {
        result.map_err(|source| {
            self.poisoned = true;
            KeyringError::Io {
                path: self.path.clone(),
                source,
            }
        })
    }
}

/// Whether a row reads as one that was never synced: the file grew, but one of the sectors under
/// the row kept its zeroes.
fn is_torn(row: u32, bytes: &[u8; ROW_BYTES]) -> bool {
    let start = u64::from(row) * ROW_BYTES as u64;
    let to_boundary = SECTOR_BYTES - start % SECTOR_BYTES;
    let first = usize::try_from(to_boundary).map_or(ROW_BYTES, |first| first.min(ROW_BYTES));
    let (before, after) = bytes.split_at(first);
    let is_zero = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| *byte == 0);
    is_zero(before) || is_zero(after)
}

fn random<const N: usize>() -> Result<[u8; N], KeyringError> {
    keys::random().map_err(|_| KeyringError::Seal)
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} patients)", self.patients())
    }
}
