//! The public keys of an identity provider: a JSON Web Key Set (RFC 7517).

use std::path::Path;
use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::AlgorithmParameters;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::jwk::KeyOperations;
use jsonwebtoken::jwk::PublicKeyUse;
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::config::SecretError;

/// Bytes of the longest key set.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// Members of a key that only its owner knows (RFC 7518 §6.2.2 and §6.3.2).
const PRIVATE_MEMBERS: [&str; 3] = ["d", "p", "k"];

/// Algorithms by RSA, which one key serves all (RFC 7518 §3.1).
const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Keys that sign tokens.
pub struct TokenKeys(Vec<TokenKey>);

/// One of them.
pub(super) struct TokenKey {
    /// Its name, if it has one.
    pub(super) id: Option<String>,
    /// By which algorithms it may sign. None of them is symmetric.
    algorithms: Vec<Algorithm>,
    /// The key.
    pub(super) key: DecodingKey,
}

/// Why a key set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeysError {
    /// It cannot be read, or others than its owner can write it, and so make tokens.
    #[error(transparent)]
    File(#[from] SecretError),
    /// Not a key set.
    #[error("{} is no JSON Web Key Set", .0.display())]
    NotAKeySet(PathBuf),
    /// A secret in it.
    #[error("{} holds a private or symmetric key, and is for public ones", .0.display())]
    Private(PathBuf),
    /// Nothing to verify with.
    #[error(
        "{} holds no public key that verifies RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 \
         or EdDSA (Ed25519)",
        .0.display()
    )]
    Empty(PathBuf),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({})", self.0.len())
    }
}

impl TokenKeys {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, others can write it, or it is no key set with a key of use.
    pub fn read(path: &Path) -> Result<Self, TokenKeysError> {
        let bytes = config::read_public(path, FILE_BYTES_MAX)?;
        Self::parse(&bytes, path)
    }

    /// A key set that lies at `path`, or at a URL. RFC 7517 §5: keys that are not understood are passed over.
    ///
    /// # Errors
    /// When it is no key set with a key of use, or holds a secret.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, TokenKeysError> {
        let set: KeySet = serde_json::from_slice(bytes)
            .map_err(|_| TokenKeysError::NotAKeySet(path.to_owned()))?;
        let is_private = |key: &Value| PRIVATE_MEMBERS.iter().any(|name| key.get(name).is_some());
        if set.keys.iter().any(is_private) {
            return Err(TokenKeysError::Private(path.to_owned()));
        }
        let keys: Vec<TokenKey> = set.keys.into_iter().filter_map(TokenKey::of).collect();
        if keys.is_empty() {
            return Err(TokenKeysError::Empty(path.to_owned()));
        }
        Ok(Self(keys))
    }

    /// The key that a token names; of those without a name, the only one for its algorithm.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&TokenKey> {
        let fits = |key: &&TokenKey| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id)
        };
        let mut fitting = self.0.iter().filter(fits);
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

impl TokenKey {
    /// A key that verifies signatures, if `value` is one.
    fn of(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        let signs = match &common.public_key_use {
            None | Some(PublicKeyUse::Signature) => true,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
        };
        let operations = common.key_operations.as_ref();
        let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        if !signs || !verifies {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => RSA.to_vec(),
            AlgorithmParameters::EllipticCurve(key) => of_curve(&key.curve)?,
            AlgorithmParameters::OctetKeyPair(key) => of_curve(&key.curve)?,
            // A symmetric key: who verifies with it can sign with it.
            AlgorithmParameters::OctetKey(_) => return None,
        };
        if let Some(only) = common.key_algorithm {
            let only = only.to_string().parse().ok()?;
            algorithms.retain(|algorithm| *algorithm == only);
        }
        if algorithms.is_empty() {
            return None;
        }
        Some(Self {
            id: common.key_id.clone(),
            algorithms,
            key: DecodingKey::from_jwk(&jwk).ok()?,
        })
    }
}

fn of_curve(curve: &EllipticCurve) -> Option<Vec<Algorithm>> {
    match curve {
        EllipticCurve::P256 => Some(vec![Algorithm::ES256]),
        EllipticCurve::P384 => Some(vec![Algorithm::ES384]),
        EllipticCurve::Ed25519 => Some(vec![Algorithm::EdDSA]),
        EllipticCurve::P521 => None,
    }
}
