//! The keyring: the only bridge between a patient and the pseudonym in the ledger.
//!
//! A row for each patient: HMAC-SHA256(lookup key, issuer ‖ `0x00` ‖ Patient ID), the pseudonym
//! (128 random bits) and a key of the patient's own. A row for each epoch, found by a digest of its
//! name, with a key of its own. Details are sealed under both together: a patient is forgotten, and
//! an epoch is dropped, by taking the row away. The wrapping key under which all rows lie is replaced
//! then, so that older copies of the file cannot be opened any more.
//!
//! - A row MUST be durable before its pseudonym is given out.
//! - Only a last row that is not whole MAY be dropped: nobody was given its pseudonym.
//! - After a failed sync the keyring MUST NOT be used any more.
//! - A row that was forgotten MUST NOT be openable once this was told: neither the row nor the old
//!   wrapping key is left.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use ring::hmac;

use crate::contract::Epoch;
use crate::contract::Pseudonym;
use crate::digest::Sha256;
use crate::storage::disk::Disk;
use crate::storage::disk::RealDisk;
use crate::storage::keys;
use crate::storage::keys::Keys;
use crate::storage::keys::KeysError;
use crate::storage::keys::Secret;
use crate::storage::sealed;

mod rows;
#[cfg(test)]
mod tests;

use rows::Kind;
use rows::Row;
use rows::Rows;

/// Patients and epochs in the largest keyring; each costs about 100 bytes of memory.
const ROWS_MAX: u32 = 4_000_000;

/// Keeps digests of studies apart from those of patients, whatever their identifiers are.
const STUDY_LABEL: &[u8] = b"credence study 1\0";

/// Keeps digests of epochs apart from those of patients.
const EPOCH_LABEL: &[u8] = b"credence epoch 1\0";

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
        /// Which row: the first one after the head is 1.
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
    /// The wrapping key cannot be replaced.
    #[error(transparent)]
    Keys(#[from] KeysError),
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
    /// What was sealed; `None` when the patient was forgotten or the epoch dropped.
    pub details: Option<Vec<u8>>,
}

/// The keyring, open. One writer; the caller holds the folder's lock.
pub struct Keyring {
    lookup: hmac::Key,
    rows: Rows,
    found: Found,
}

/// Where rows are found.
#[derive(Default)]
struct Found {
    pseudonyms: HashMap<[u8; 32], Pseudonym>,
    patients: HashMap<Pseudonym, u32>,
    epochs: HashMap<[u8; 32], [u8; 16]>,
    /// Rows of epochs by their number in sealed details.
    places: HashMap<[u8; 16], u32>,
}

impl Found {
    /// Whether the row names what no other row names.
    fn take(&mut self, place: u32, row: &Row) -> bool {
        match row.kind {
            Kind::Patient => {
                let pseudonym = Pseudonym::from_bytes(row.id);
                self.patients.insert(pseudonym, place).is_none()
                    && self.pseudonyms.insert(row.digest, pseudonym).is_none()
            }
            Kind::Epoch => {
                self.places.insert(row.id, place).is_none()
                    && self.epochs.insert(row.digest, row.id).is_none()
            }
        }
    }
}

impl Keyring {
    /// Opens the keyring in a data folder, or begins one.
    ///
    /// # Errors
    /// When it is damaged, was made with other keys, or cannot be used.
    pub fn open(data_dir: &Path, keys: &Keys) -> Result<Self, KeyringError> {
        Self::open_on(Box::new(RealDisk), data_dir, keys)
    }

    /// Reads the keyring of a folder that another process may be writing to. Nothing can be added to it, and
    /// nothing forgotten by it.
    ///
    /// # Errors
    /// When there is none, it is damaged or was made with other keys.
    pub fn read(data_dir: &Path, keys: &Keys) -> Result<Self, KeyringError> {
        let mut found = Found::default();
        let (wrapping, file) = (Secret(keys.wrapping.0), keys.wrapping_file());
        let rows = Rows::read(data_dir, wrapping, file, |place, row| {
            found.take(place, row);
        })?;
        Ok(Self {
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &keys.lookup.0),
            rows,
            found,
        })
    }

    fn open_on(disk: Box<dyn Disk>, data_dir: &Path, keys: &Keys) -> Result<Self, KeyringError> {
        let mut found = Found::default();
        let mut twice = None;
        let wrapping = Secret(keys.wrapping.0);
        let rows = Rows::open(
            disk,
            data_dir,
            wrapping,
            keys.wrapping_file(),
            |place, row| {
                if !found.take(place, row) {
                    twice.get_or_insert(place);
                }
            },
        )?;
        match twice {
            Some(place) => Err(rows.damaged(place)),
            None => Ok(Self {
                lookup: hmac::Key::new(hmac::HMAC_SHA256, &keys.lookup.0),
                rows,
                found,
            }),
        }
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
        if let Some(known) = self.found.pseudonyms.get(&digest) {
            return Ok(Identified::Known(*known));
        }
        let id = self.begin(Kind::Patient, digest)?;
        Ok(Identified::Created(Pseudonym::from_bytes(id)))
    }

    /// The patient's pseudonym, if there is one.
    pub fn pseudonym_of(&self, issuer: &[u8], patient_id: &[u8]) -> Option<Pseudonym> {
        let digest = self.digest(issuer, patient_id).ok()?;
        self.found.pseudonyms.get(&digest).copied()
    }

    /// A digest that names a study without telling its UID to whoever lacks the lookup key.
    pub fn blind(&self, study_instance_uid: &[u8]) -> Sha256 {
        Sha256::from_bytes(self.keyed(&[STUDY_LABEL, study_instance_uid]))
    }

    /// Seals details about a patient for one event (see [`event_id`](crate::storage::event_id)),
    /// which belong to `epoch`. Parts for several patients may be put one after another.
    ///
    /// # Errors
    /// When nobody has this pseudonym, a row cannot be read, or the epoch's not be made durable.
    pub fn seal(
        &mut self,
        pseudonym: &Pseudonym,
        epoch: &Epoch,
        event_id: &str,
        details: &[u8],
    ) -> Result<Vec<u8>, KeyringError> {
        let patient = self.key_of(self.found.patients.get(pseudonym))?;
        let patient = patient.ok_or(KeyringError::Unknown(*pseudonym))?;
        let digest = self.epoch_digest(epoch);
        let id = match self.found.epochs.get(&digest) {
            Some(id) => *id,
            None => self.begin(Kind::Epoch, digest)?,
        };
        let epoch = self.key_of(self.found.places.get(&id))?;
        let epoch = epoch.ok_or(KeyringError::Seal)?;
        let key = sealed::key_of(&patient, &epoch).map_err(|_| KeyringError::Seal)?;
        let associated = sealed::associated(pseudonym, &id, event_id);
        let sealed = sealed::seal(&key.0, random()?, &associated, details);
        let sealed = sealed.map_err(|_| KeyringError::Seal)?;
        sealed::part(pseudonym, &id, &sealed).ok_or(KeyringError::Seal)
    }

    /// Opens the sealed details of an event: a part for each patient.
    ///
    /// # Errors
    /// When they are damaged or belong to another event.
    pub fn unseal(&self, event_id: &str, details: &[u8]) -> Result<Vec<Unsealed>, KeyringError> {
        let parts = sealed::parts(details).ok_or(KeyringError::Unseal)?;
        let unseal = |part: sealed::Part<'_>| {
            let pseudonym = part.pseudonym;
            let patient = self.key_of(self.found.patients.get(&pseudonym))?;
            let epoch = self.key_of(self.found.places.get(&part.epoch))?;
            let details = match (patient, epoch) {
                (Some(patient), Some(epoch)) => {
                    let associated = sealed::associated(&pseudonym, &part.epoch, event_id);
                    let key = sealed::key_of(&patient, &epoch);
                    let opened = key.and_then(|key| sealed::open(&key.0, &associated, part.sealed));
                    Some(opened.map_err(|_| KeyringError::Unseal)?)
                }
                _ => None,
            };
            Ok(Unsealed { pseudonym, details })
        };
        parts.into_iter().map(unseal).collect()
    }

    /// How many patients there are.
    pub fn patients(&self) -> usize {
        self.found.patients.len()
    }

    /// Whether somebody has this pseudonym.
    pub fn knows(&self, pseudonym: &Pseudonym) -> bool {
        self.found.patients.contains_key(pseudonym)
    }

    /// Whether details of this epoch can be opened.
    pub fn knows_epoch(&self, epoch: &Epoch) -> bool {
        let digest = self.epoch_digest(epoch);
        self.found.epochs.contains_key(&digest)
    }

    /// Destroys the keys of these patients and epochs, as far as they are there: what was sealed
    /// under them cannot be opened any more, with older copies of the keyring neither.
    ///
    /// # Errors
    /// [`KeyringError::NoSpace`] leaves everything as it was. After any other, nobody can say
    /// which of two wrapping keys stands: a new start finds out.
    pub fn forget(
        &mut self,
        patients: &BTreeSet<Pseudonym>,
        epochs: &BTreeSet<Epoch>,
    ) -> Result<(), KeyringError> {
        let of_patients = patients.iter().map(|one| self.found.patients.get(one));
        let of_epochs = epochs.iter().map(|epoch| {
            let id = self.found.epochs.get(&self.epoch_digest(epoch))?;
            self.found.places.get(id)
        });
        let places: BTreeSet<u32> = of_patients.chain(of_epochs).flatten().copied().collect();
        let places: Vec<u32> = places.into_iter().collect();
        if places.is_empty() {
            return Ok(());
        }
        let mut found = Found::default();
        self.rows.forget(&places, |place, row| {
            found.take(place, row);
        })?;
        self.found = found;
        Ok(())
    }

    /// Makes a row with a new id and key, and durable.
    fn begin(&mut self, kind: Kind, digest: [u8; 32]) -> Result<[u8; 16], KeyringError> {
        if self.rows.len() >= ROWS_MAX {
            return Err(KeyringError::NoSpace);
        }
        let row = Row {
            kind,
            digest,
            id: random()?,
            key: Secret(random()?),
        };
        let place = self.rows.push(&row)?;
        if self.found.take(place, &row) {
            Ok(row.id)
        } else {
            Err(self.rows.damaged(place))
        }
    }

    /// Whether a write or a sync failed: what the disk holds is uncertain, and the gateway must
    /// stop.
    pub const fn is_poisoned(&self) -> bool {
        self.rows.is_poisoned()
    }

    fn digest(&self, issuer: &[u8], patient_id: &[u8]) -> Result<[u8; 32], KeyringError> {
        // A NUL in the issuer would let two patients look alike.
        if issuer.contains(&0) {
            return Err(KeyringError::Issuer);
        }
        Ok(self.keyed(&[issuer, &[0], patient_id]))
    }

    fn epoch_digest(&self, epoch: &Epoch) -> [u8; 32] {
        self.keyed(&[EPOCH_LABEL, epoch.to_string().as_bytes()])
    }

    fn keyed(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.lookup);
        for part in parts {
            context.update(part);
        }
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        digest
    }

    fn key_of(&self, place: Option<&u32>) -> Result<Option<Secret>, KeyringError> {
        let row = place.map(|place| self.rows.get(*place)).transpose()?;
        Ok(row.map(|row| row.key))
    }
}

fn random<const N: usize>() -> Result<[u8; N], KeyringError> {
    keys::random().map_err(|_| KeyringError::Seal)
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Keyring({} patients, {})",
            self.patients(),
            self.rows.path().display()
        )
    }
}
