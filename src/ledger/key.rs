//! Ed25519 keys (RFC 8032) that have a name, as C2SP signed-note has them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::UnparsedPublicKey;

use crate::contract::Body;
use crate::contract::Event;
use crate::contract::InstitutionSlug;
use crate::contract::Signature;
use crate::digest::Sha256;

/// Type byte of Ed25519 (C2SP signed-note, "Signature types").
const ED25519_TYPE: u8 = 0x01;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name that a signed note cannot carry.
    #[error("a key's name is not empty and has neither white space, '+' nor control characters")]
    Name,
    /// Not `name+id+base64` of a key of this type.
    #[error(
        "a verifier key is written name+8 hexadecimal digits+base64 of 33 bytes (Ed25519; the first \
         byte is 1 for a log, 4 for a witness)"
    )]
    Vkey,
    /// The id is not that of name and key.
    #[error("the verifier key's id does not belong to its name and key")]
    Id,
    /// Not a private key.
    #[error("not an Ed25519 private key in PKCS#8 form")]
    Pkcs8,
}

/// SHA-256(name ‖ `0x0A` ‖ type ‖ public key), its first four bytes (C2SP signed-note).
pub(super) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> Result<[u8; 4], KeyError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(bad) {
        return Err(KeyError::Name);
    }
    let digest = Sha256::of(&[name.as_bytes(), b"\n", &[kind], public]);
    let [a, b, c, d, ..] = *digest.as_bytes();
    Ok([a, b, c, d])
}

/// The text form of a public key of this type: the *vkey* of signed notes.
pub(super) fn vkey_text(name: &str, id: [u8; 4], kind: u8, public: &[u8; 32]) -> String {
    let mut typed = vec![kind];
    typed.extend_from_slice(public);
    let id = u32::from_be_bytes(id);
    format!("{name}+{id:08x}+{}", STANDARD.encode(typed))
}

/// Name and public key of a vkey of this type; white space around it is ignored.
pub(super) fn read_vkey(text: &str, kind: u8) -> Result<(&str, [u8; 32]), KeyError> {
    let mut parts = text.trim().splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Vkey);
    };
    let typed = STANDARD.decode(key).map_err(|_| KeyError::Vkey)?;
    let public = match typed.split_first() {
        Some((found, public)) if *found == kind => public.try_into(),
        _ => return Err(KeyError::Vkey),
    };
    let public = public.map_err(|_| KeyError::Vkey)?;
    let own = u32::from_be_bytes(key_id(name, kind, &public)?);
    if id != format!("{own:08x}") {
        return Err(KeyError::Id);
    }
    Ok((name, public))
}

/// A public key and its name. Its text form is the *vkey* of signed notes.
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    name: Box<str>,
    id: [u8; 4],
    public: [u8; 32],
}

impl LogKey {
    /// The key with this name.
    ///
    /// # Errors
    /// When a signed note cannot carry the name.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, KeyError> {
        Ok(Self {
            name: name.into(),
            id: key_id(name, ED25519_TYPE, &public)?,
            public,
        })
    }

    /// The name, which is also the origin of the log's checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256(name ‖ `0x0A` ‖ `0x01` ‖ public key), its first four bytes.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The public key's 32 bytes (RFC 8032 §5.1.5).
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Whether the same key signs under both names.
    pub fn is_of(&self, other: &Self) -> bool {
        self.public == other.public
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(message, signature)
            .is_ok()
    }

    /// Whether the event's signature is this key's.
    pub fn verifies_event(&self, event: &Event) -> bool {
        Event::signed_text(&event.author, event.author_seq, &event.body)
            .is_ok_and(|text| self.verifies(text.as_bytes(), event.signature.as_bytes()))
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&vkey_text(&self.name, self.id, ED25519_TYPE, &self.public))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({self})")
    }
}

impl FromStr for LogKey {
    type Err = KeyError;

    /// Reads a vkey; white space around it is ignored.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, public) = read_vkey(text, ED25519_TYPE)?;
        Self::new(name, public)
    }
}

/// A private key and its name. Signs checkpoints and events; never shown.
pub struct LogSigner {
    pair: Ed25519KeyPair,
    key: LogKey,
}

impl LogSigner {
    /// The signer with this name; `pkcs8` is an Ed25519 key as PKCS#8 version 1 or 2 (RFC 8410).
    ///
    /// # Errors
    /// When the name or the key is malformed.
    pub fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| KeyError::Pkcs8)?;
        Self::from_pair(name, pair)
    }

    pub(super) fn from_pair(name: &str, pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let public = pair.public_key().as_ref();
        let public = public.try_into().map_err(|_| KeyError::Pkcs8)?;
        let key = LogKey::new(name, public)?;
        Ok(Self { pair, key })
    }

    /// The public half.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// Signs (RFC 8032; deterministic).
    pub fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(self.pair.sign(message).as_ref()) {
            *to = *from;
        }
        Signature::from_bytes(bytes)
    }

    /// States `body` in the author's name.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn sign_event(
        &self,
        author: InstitutionSlug,
        author_seq: u64,
        body: Body,
    ) -> Result<Event, serde_json::Error> {
        let text = Event::signed_text(&author, author_seq, &body)?;
        Ok(Event {
            author,
            author_seq,
            body,
            signature: self.sign(text.as_bytes()),
        })
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSigner({})", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures;

    /// The verifier key in the tests of Go's `golang.org/x/mod/sumdb/note`.
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_vkey_reads_back() {
        let key: LogKey = VKEY.parse().unwrap();
        assert_eq!(key.name(), "PeterNeumann");
        assert_eq!(key.id(), [0xc7, 0x4f, 0x20, 0xa3]);
        assert_eq!(key.to_string(), VKEY);
    }

    #[test]
    fn a_mangled_vkey_is_refused() {
        for start in 0..VKEY.len() {
            for end in start..=VKEY.len() {
                let part = VKEY.get(start..end).unwrap();
                assert_eq!(part.parse::<LogKey>().is_ok(), part == VKEY);
            }
        }
        for place in 0..VKEY.len() {
            let mut bytes = VKEY.as_bytes().to_vec();
            bytes[place] += 1;
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.parse::<LogKey>().is_err(), "{text}");
        }
        let unknown_type = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert_eq!(unknown_type.parse::<LogKey>(), Err(KeyError::Vkey));
        assert_eq!(LogKey::new("two words", [0; 32]), Err(KeyError::Name));
    }

    #[test]
    fn an_event_carries_its_authors_signature() {
        let scribe = fixtures::Scribe::new();
        let mut event = scribe.event("seen");
        assert!(scribe.signer.key().verifies_event(&event));
        event.author_seq += 1;
        assert!(!scribe.signer.key().verifies_event(&event));
    }

    #[test]
    fn a_signer_shows_its_public_half_only() {
        let signer = fixtures::signer();
        let text = format!("{signer:?}");
        assert_eq!(text, format!("LogSigner({})", signer.key()));
    }
}
