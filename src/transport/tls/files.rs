//! The files of `[tls]`: read within limits, and watched for changes.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::config::Config;
use crate::config::SecretError;
use crate::config::SecretFile;

/// Bytes of the longest certificate chain.
const CHAIN_BYTES_MAX: u64 = 65_536;

/// Bytes of the longest file of authorities.
const AUTHORITIES_BYTES_MAX: u64 = 1_048_576;

/// Bytes of the longest list of revoked certificates.
const CRL_BYTES_MAX: u64 = 16_777_216;

/// Why there is no TLS, or no newer one.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is too long.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A file has nothing of what it should have.
    #[error("{} holds no {what}", path.display())]
    Nothing {
        /// Which.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// The private key cannot be used.
    #[error("private key: {0}")]
    Secret(#[from] SecretError),
    /// The private key is none, or an encrypted one.
    #[error("{} holds no unencrypted private key in PEM", .0.display())]
    NoKey(PathBuf),
    /// Certificate and key do not fit, or cannot be used for TLS.
    #[error("{}: {problem}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What rustls says.
        problem: String,
    },
}

/// The bytes of a file of at most `limit`.
fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Io {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(failed)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(bytes);
    }
    Err(TlsError::TooLong {
        path: path.to_owned(),
        limit,
    })
}

/// The certificates of a PEM file; at least one.
fn certificates(path: &Path, limit: u64) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = bounded(path, limit)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(TlsError::Nothing {
            path: path.to_owned(),
            what: "certificate in PEM",
        }),
    }
}

/// A certificate and those between it and an authority.
pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    certificates(path, CHAIN_BYTES_MAX)
}

/// Certificates of authorities.
pub(super) fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    certificates(path, AUTHORITIES_BYTES_MAX)
}

/// A private key.
pub(super) fn key(file: &SecretFile) -> Result<PrivateKeyDer<'static>, TlsError> {
    let secret = file.read()?;
    match PrivateKeyDer::from_pem_slice(secret.bytes()) {
        Ok(key) => Ok(key),
        Err(_) => Err(TlsError::NoKey(file.path()?)),
    }
}

/// The lists of revoked certificates in a file: any number in PEM, or one in DER.
pub(super) fn crls(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let bytes = bounded(path, CRL_BYTES_MAX)?;
    let read: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(lists) if !lists.is_empty() => Ok(lists),
        // DER of a SEQUENCE begins so.
        Ok(_) | Err(_) if bytes.first() == Some(&0x30) => Ok(vec![bytes.into()]),
        Ok(_) | Err(_) => Err(TlsError::Nothing {
            path: path.to_owned(),
            what: "list of revoked certificates in PEM or DER",
        }),
    }
}

/// Which versions of the files are there: their lengths, times and inodes, links followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Versions(Vec<Option<Version>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    bytes: u64,
    seconds: i64,
    nanoseconds: i64,
    inode: u64,
    mode: u32,
}

impl Versions {
    /// The files of `config` as they are now.
    pub(super) fn of(config: &Config) -> Self {
        let tls = &config.tls;
        let identity = tls.identity.iter();
        let key = tls.identity.iter().filter_map(|own| own.key.path().ok());
        let houses = config.institutions.values();
        let paths = identity
            .map(|own| own.certificate.clone())
            .chain(key)
            .chain(tls.authorities.iter().cloned())
            .chain(tls.crls.iter().cloned())
            .chain(houses.flat_map(|house| house.authorities.iter().cloned()));
        let version = |path: PathBuf| {
            let found = fs::metadata(path).ok()?;
            Some(Version {
                bytes: found.len(),
                seconds: found.mtime(),
                nanoseconds: found.mtime_nsec(),
                inode: found.ino(),
                mode: found.mode(),
            })
        };
        Self(paths.map(version).collect())
    }
}
