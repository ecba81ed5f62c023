//! The gateway's secret keys: in a folder of their own, apart from the data and its backups.
//!
//! | file | what |
//! |---|---|
//! | `log.pk8` | Ed25519 key that signs checkpoints (PKCS#8) |
//! | `statement.pk8` | Ed25519 key that signs events |
//! | `witness.pk8` | Ed25519 key that cosigns the checkpoints of others |
//! | `wrapping.key` | 32 bytes: seals the keyring's rows (AES-256-GCM); replaced when a row is forgotten |
//! | `wrapping.next` | its successor, while it takes over |
//! | `lookup.key` | 32 bytes: finds a patient in the keyring (HMAC-SHA256) |
//! | `spool.key` | 32 bytes: wraps the keys of the objects in the spool (AES-256-GCM) |
//! | `parcel.key` | 32 bytes: the X25519 key to which other gateways seal parcels for us (HPKE) |
//!
//! They are made at the first start. `ledger.vkey` in the data folder is written last, and from
//! then on a missing key is an error: a new one in its place would orphan all that the old one
//! signed or sealed. (`parcel.key` is newer than the others: where it is missing it is made, and what
//! was sealed to a lost one says so.) One key, one use: whoever gets hold of the one that speaks for the log cannot
//! speak for the institution, nor as a witness of others.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;

use crate::contract::InstitutionSlug;
use crate::ledger::KeyError;
use crate::ledger::LogKey;
use crate::ledger::LogSigner;
use crate::ledger::WitnessSigner;
use crate::parcel::ParcelSecret;
use crate::storage::disk;
use crate::storage::reader;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// Bytes of the longest key file that is read.
const KEY_FILE_BYTES_MAX: u64 = 4096;

pub(super) const VKEY_FILE: &str = "ledger.vkey";

/// What the origin of a ledger's checkpoints has after the institution.
const ORIGIN: &str = "credence";

/// The secret keys, and nothing that shows them.
#[derive(Debug)]
pub struct Keys {
    /// Signs checkpoints. Its name is the log's origin: `<institution>/credence`, and a number after
    /// it once the ledger was restored.
    pub log: LogSigner,
    /// Signs events. Its name is `<institution>/statements`.
    pub statement: Arc<LogSigner>,
    /// Cosigns checkpoints of other logs. Its name is `<institution>/witness`.
    pub witness: Arc<WitnessSigner>,
    /// Opens parcels that were sealed for us.
    pub parcel: ParcelSecret,
    pub(super) wrapping: Secret,
    pub(super) lookup: Secret,
    pub(super) spool: Secret,
    dir: PathBuf,
}

/// 32 secret bytes.
pub(super) struct Secret(pub(super) [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file or the folder cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner have access.
    #[error("{} is accessible to others (mode {mode:o}); run: chmod {wanted:o} {}", path.display(), path.display())]
    Exposed {
        /// Which file or folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions that it should have.
        wanted: u32,
    },
    /// The ledger exists, a key to it does not.
    #[error("{} is missing, and the ledger in the data folder was made with it: restore it", .0.display())]
    Missing(PathBuf),
    /// A restore did not come to its end.
    #[error(
        "{} holds a journal and no ledger.vkey: a restore was cut off; empty the folder and restore \
         again, or put the ledger's public key back",
        .0.display()
    )]
    CutOff(PathBuf),
    /// A file is not what it should be.
    #[error("{} is not a key of the right form", .0.display())]
    Malformed(PathBuf),
    /// The signing key is another than the ledger's.
    #[error("the ledger was made with the key {ledger}, the keys folder holds {found}")]
    Foreign {
        /// The key in `ledger.vkey`.
        ledger: Box<LogKey>,
        /// The key in the keys folder.
        found: Box<LogKey>,
    },
    /// The name cannot stand in a signed note.
    #[error("the ledger's name: {0}")]
    Name(#[from] KeyError),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

impl Keys {
    /// Reads the keys, or makes them when the data folder has no ledger yet.
    ///
    /// # Errors
    /// When a key is missing, malformed, foreign or accessible to others.
    pub fn open(
        keys_dir: &Path,
        data_dir: &Path,
        institution: &InstitutionSlug,
    ) -> Result<Self, KeysError> {
        let ledger = read_vkey(data_dir)?;
        let may_make = ledger.is_none();
        // A first start writes the public key before there is a journal. A journal without one was left
        // by a restore that was cut off: to go on with it would be a fork.
        if may_make && reader::journal_dir(data_dir).exists() {
            return Err(KeysError::CutOff(data_dir.to_owned()));
        }
        if may_make {
            disk::create_private_dir(keys_dir).map_err(|source| KeysError::Io {
                path: keys_dir.to_owned(),
                source,
            })?;
        }
        check_private(keys_dir, 0o700)?;
        let lookup = secret(&keys_dir.join("lookup.key"), may_make)?;
        let wrapping = secret(&keys_dir.join("wrapping.key"), may_make)?;
        let spool = secret(&keys_dir.join("spool.key"), may_make)?;
        let parcel = parcel_secret(keys_dir)?;
        let statement = format!("{institution}/statements");
        let statement = signer(&keys_dir.join("statement.pk8"), may_make, &statement)?;
        let witness = format!("{institution}/witness");
        let witness = witness_signer(&keys_dir.join("witness.pk8"), may_make, &witness)?;
        let origin = match &ledger {
            Some(ledger) => ledger.name().to_owned(),
            None => format!("{institution}/{ORIGIN}"),
        };
        let log = signer(&keys_dir.join("log.pk8"), may_make, &origin)?;
        match ledger {
            Some(ledger) if ledger != *log.key() => Err(KeysError::Foreign {
                ledger: Box::new(ledger),
                found: Box::new(log.key().clone()),
            }),
            Some(_) => Ok(()),
            None => write_vkey(data_dir, log.key()),
        }?;
        Ok(Self {
            log,
            statement: Arc::new(statement),
            witness,
            parcel,
            wrapping,
            lookup,
            spool,
            dir: keys_dir.to_owned(),
        })
    }

    /// The keys of a ledger that is being restored: nothing is made but a key for the log that goes
    /// on as `origin`, and one for the witness, who no longer knows what it cosigned. Both lie beside
    /// those that they replace until [`Keys::take_over`].
    ///
    /// # Errors
    /// When a key is missing, malformed or accessible to others.
    pub fn for_restored(
        keys_dir: &Path,
        institution: &InstitutionSlug,
        origin: &str,
    ) -> Result<Self, KeysError> {
        check_private(keys_dir, 0o700)?;
        let statement = format!("{institution}/statements");
        let witness = format!("{institution}/witness");
        Ok(Self {
            lookup: secret(&keys_dir.join("lookup.key"), false)?,
            wrapping: secret(&keys_dir.join("wrapping.key"), false)?,
            // Of no use to the ledger: what it sealed is on the lost machine's disk, if anywhere.
            spool: secret(&keys_dir.join("spool.key"), true)?,
            parcel: parcel_secret(keys_dir)?,
            statement: Arc::new(signer(&keys_dir.join("statement.pk8"), false, &statement)?),
            log: signer(&keys_dir.join("log.next"), true, origin)?,
            witness: witness_signer(&keys_dir.join("witness.next"), true, &witness)?,
            dir: keys_dir.to_owned(),
        })
    }

    /// Puts the keys of a restored ledger in the place of those before, which are gone then, and its
    /// public key beside it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn take_over(&self, data_dir: &Path) -> Result<(), KeysError> {
        let replace = || {
            for name in ["witness", "log"] {
                let path = |extension: &str| self.dir.join(format!("{name}.{extension}"));
                fs::rename(path("next"), path("pk8"))?;
            }
            disk::sync_dir(&self.dir)
        };
        replace().map_err(|source| KeysError::Io {
            path: self.dir.clone(),
            source,
        })?;
        write_vkey(data_dir, self.log.key())
    }

    /// The wrapping key and where its successor is kept while it takes over.
    pub(super) fn wrapping_file(&self) -> WrappingFile {
        WrappingFile {
            path: self.dir.join("wrapping.key"),
            next: self.dir.join("wrapping.next"),
        }
    }
}

/// The wrapping key on disk. A new one takes over in three steps: it is written beside the old one
/// (`wrapping.next`); what it wraps is written anew; then it overwrites the old one, whose bytes are
/// gone with that. Whoever finds both tries which one opens.
#[derive(Clone, Debug)]
pub(super) struct WrappingFile {
    path: PathBuf,
    next: PathBuf,
}

impl WrappingFile {
    /// A successor that was being put in place.
    pub(super) fn next(&self) -> Result<Option<Secret>, KeysError> {
        let Some(bytes) = read_small(&self.next)? else {
            return Ok(None);
        };
        check_private(&self.next, 0o600)?;
        as_secret(&self.next, bytes).map(Some)
    }

    /// Writes a successor beside the key.
    pub(super) fn begin(&self) -> Result<Secret, KeysError> {
        let key = Secret(random()?);
        let written = disk::write_whole(&self.next, &key.0, 0o600);
        self.told(written)?;
        Ok(key)
    }

    /// Overwrites the key by its successor.
    pub(super) fn finish(&self, key: &Secret) -> Result<(), KeysError> {
        let overwrite = || {
            let file = fs::File::options().write(true).open(&self.path)?;
            file.write_all_at(&key.0, 0)?;
            file.sync_all()
        };
        self.told(overwrite())?;
        self.abandon()
    }

    /// Removes the successor, its bytes first: once it took over, the next one replaces it, and it
    /// must not be found in a freed block then.
    pub(super) fn abandon(&self) -> Result<(), KeysError> {
        let remove = || {
            if let Ok(file) = fs::File::options().write(true).open(&self.next) {
                match file.write_all_at(&[0; 32], 0) {
                    // What needs room to overwrite does not overwrite in place: nothing is gained
                    // there by trying again, and the file can go.
                    Err(error) if disk::is_no_space(&error) => {}
                    written => {
                        written?;
                        file.sync_all()?;
                    }
                }
            }
            match fs::remove_file(&self.next) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            disk::sync_dir(self.next.parent().unwrap_or_else(|| Path::new(".")))
        };
        self.told(remove())
    }

    fn told(&self, result: io::Result<()>) -> Result<(), KeysError> {
        result.map_err(|source| KeysError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

/// 16 random lower-case hexadecimal digits: what tells one run of the gateway from another.
///
/// # Errors
/// When the system gives no random bytes.
pub fn random_id() -> Result<String, KeysError> {
    Ok(format!("{:016x}", u64::from_be_bytes(random()?)))
}

/// The public key beside a ledger, in a data folder or an export; `None` when there is none.
///
/// # Errors
/// When the file cannot be read or is no verifier key.
pub fn read_vkey(dir: &Path) -> Result<Option<LogKey>, KeysError> {
    let path = dir.join(VKEY_FILE);
    let Some(bytes) = read_small(&path)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).ok();
    match text.and_then(|text| text.parse().ok()) {
        Some(key) => Ok(Some(key)),
        None => Err(KeysError::Malformed(path)),
    }
}

/// Writes the public key into a folder.
pub(super) fn write_vkey(dir: &Path, key: &LogKey) -> Result<(), KeysError> {
    let path = dir.join(VKEY_FILE);
    let write = || {
        disk::create_dir(dir)?;
        disk::write_whole(&path, format!("{key}\n").as_bytes(), 0o644)
    };
    write().map_err(|source| KeysError::Io {
        path: path.clone(),
        source,
    })
}

/// The Ed25519 key in a file, under this name.
fn signer(path: &Path, may_make: bool, name: &str) -> Result<LogSigner, KeysError> {
    let pkcs8 = read_or_make(path, may_make, || {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        Ok(pkcs8.map_err(|_| KeysError::Random)?.as_ref().to_vec())
    })?;
    LogSigner::from_pkcs8(name, &pkcs8).map_err(|error| match error {
        KeyError::Pkcs8 => KeysError::Malformed(path.to_owned()),
        KeyError::Name | KeyError::Vkey | KeyError::Id => KeysError::Name(error),
    })
}

/// The same, for cosigning.
fn witness_signer(
    path: &Path,
    may_make: bool,
    name: &str,
) -> Result<Arc<WitnessSigner>, KeysError> {
    let signer = WitnessSigner::new(signer(path, may_make, name)?);
    signer.map(Arc::new).map_err(KeysError::Name)
}

fn secret(path: &Path, may_make: bool) -> Result<Secret, KeysError> {
    let bytes = read_or_make(path, may_make, || random::<32>().map(Vec::from))?;
    as_secret(path, bytes)
}

/// The key of parcels: made where an earlier build left none.
fn parcel_secret(keys_dir: &Path) -> Result<ParcelSecret, KeysError> {
    let path = keys_dir.join("parcel.key");
    let secret = secret(&path, true)?;
    ParcelSecret::from_bytes(&secret.0).ok_or(KeysError::Malformed(path))
}

fn as_secret(path: &Path, bytes: Vec<u8>) -> Result<Secret, KeysError> {
    match bytes.try_into() {
        Ok(bytes) => Ok(Secret(bytes)),
        Err(_) => Err(KeysError::Malformed(path.to_owned())),
    }
}

/// Random bytes from the system.
///
/// # Errors
/// When the system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(KeysError::Random),
    }
}

fn read_or_make(
    path: &Path,
    may_make: bool,
    make: impl FnOnce() -> Result<Vec<u8>, KeysError>,
) -> Result<Vec<u8>, KeysError> {
    if let Some(bytes) = read_small(path)? {
        check_private(path, 0o600)?;
        return Ok(bytes);
    }
    if !may_make {
        return Err(KeysError::Missing(path.to_owned()));
    }
    let bytes = make()?;
    match disk::write_whole(path, &bytes, 0o600) {
        Ok(()) => Ok(bytes),
        Err(source) => Err(KeysError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The bytes of a small file; `None` when it does not exist.
fn read_small(path: &Path) -> Result<Option<Vec<u8>>, KeysError> {
    let read = || {
        if fs::metadata(path)?.len() > KEY_FILE_BYTES_MAX {
            return Ok(None);
        }
        fs::read(path).map(Some)
    };
    match read() {
        Ok(Some(bytes)) => Ok(Some(bytes)),
        Ok(None) => Err(KeysError::Malformed(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeysError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn check_private(path: &Path, wanted: u32) -> Result<(), KeysError> {
    match fs::metadata(path) {
        Ok(found) if found.permissions().mode() & OTHERS == 0 => Ok(()),
        Ok(found) => Err(KeysError::Exposed {
            path: path.to_owned(),
            mode: found.permissions().mode() & 0o7777,
            wanted,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(KeysError::Missing(path.to_owned()))
        }
        Err(source) => Err(KeysError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::own;

    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (keys, data) = (dir.path().join("keys"), dir.path().join("data"));
        (dir, keys, data)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn keys_are_made_once_and_are_private() {
        let (_dir, keys, data) = folders();
        let first = Keys::open(&keys, &data, &own()).unwrap();
        let again = Keys::open(&keys, &data, &own()).unwrap();
        assert_eq!(first.log.key(), again.log.key());
        assert_eq!(first.wrapping.0, again.wrapping.0);
        assert_ne!(first.wrapping.0, first.lookup.0);
        assert_eq!(read_vkey(&data).unwrap().as_ref(), Some(first.log.key()));
        for name in [
            "",
            "log.pk8",
            "statement.pk8",
            "witness.pk8",
            "wrapping.key",
            "lookup.key",
            "spool.key",
            "parcel.key",
        ] {
            let mode = fs::metadata(keys.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & OTHERS, 0, "{name}");
        }
        let bytes = format!("{:?}", &first.wrapping.0[..4]);
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(!format!("{first:?}").contains(bytes));
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let (_dir, keys, data) = folders();
        Keys::open(&keys, &data, &own()).unwrap();
        for (name, mode, good) in [("lookup.key", 0o640, 0o600), ("", 0o755, 0o700)] {
            let path = keys.join(name);
            set_mode(&path, mode);
            let refused = Keys::open(&keys, &data, &own()).unwrap_err().to_string();
            assert!(refused.contains(&format!("chmod {good:o}")), "{refused}");
            set_mode(&path, good);
        }
        assert!(Keys::open(&keys, &data, &own()).is_ok());
    }

    #[test]
    fn a_lost_key_is_not_replaced_by_a_new_one() {
        for name in [
            "log.pk8",
            "statement.pk8",
            "wrapping.key",
            "lookup.key",
            "spool.key",
        ] {
            let (_dir, keys, data) = folders();
            Keys::open(&keys, &data, &own()).unwrap();
            fs::remove_file(keys.join(name)).unwrap();
            let refused = Keys::open(&keys, &data, &own());
            assert!(matches!(refused, Err(KeysError::Missing(_))), "{name}");
            assert!(!keys.join(name).exists());
        }
    }

    #[test]
    fn the_key_of_parcels_is_made_where_an_earlier_build_left_none() {
        let (_dir, keys, data) = folders();
        let first = Keys::open(&keys, &data, &own()).unwrap();
        let again = Keys::open(&keys, &data, &own()).unwrap();
        assert_eq!(first.parcel.public(), again.parcel.public());
        fs::remove_file(keys.join("parcel.key")).unwrap();
        let made = Keys::open(&keys, &data, &own()).unwrap();
        assert_ne!(first.parcel.public(), made.parcel.public());
    }

    #[test]
    fn an_unfinished_first_start_is_finished() {
        let (_dir, keys, data) = folders();
        let lookup = Keys::open(&keys, &data, &own()).unwrap().lookup.0;
        fs::remove_file(data.join(VKEY_FILE)).unwrap();
        fs::remove_file(keys.join("log.pk8")).unwrap();
        let finished = Keys::open(&keys, &data, &own()).unwrap();
        assert_eq!(finished.lookup.0, lookup);
    }

    #[test]
    fn another_gateways_keys_are_refused() {
        let (_dir, keys, data) = folders();
        Keys::open(&keys, &data, &own()).unwrap();
        let (_other_dir, other_keys, other_data) = folders();
        Keys::open(&other_keys, &other_data, &own()).unwrap();
        let refused = Keys::open(&other_keys, &data, &own());
        assert!(matches!(refused, Err(KeysError::Foreign { .. })));
    }

    #[test]
    fn a_key_file_of_another_form_is_refused() {
        for (name, bytes) in [("log.pk8", 48), ("wrapping.key", 31), ("lookup.key", 5000)] {
            let (_dir, keys, data) = folders();
            Keys::open(&keys, &data, &own()).unwrap();
            fs::write(keys.join(name), vec![1; bytes]).unwrap();
            let refused = Keys::open(&keys, &data, &own());
            assert!(matches!(refused, Err(KeysError::Malformed(_))), "{name}");
        }
    }
}
