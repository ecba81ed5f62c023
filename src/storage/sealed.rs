//! Details that only the keyring's owner can read, as they lie beside a line.
//!
//! One part for each patient, one after another, each sealed (AES-256-GCM; NIST SP 800-38D) under
//! a key that needs two: the patient's and the epoch's. Whichever of them is destroyed, the part
//! cannot be opened any more. HKDF-SHA256 (RFC 5869): salt the epoch's key, input the patient's.
//!
//! | bytes | what |
//! |---|---|
//! | 16 | pseudonym |
//! | 16 | number of the epoch's key, random |
//! | 4 | length of what follows, big-endian |
//! | 12 | nonce, random |
//! | | ciphertext |
//! | 16 | tag |
//!
//! Associated data: a label, the pseudonym, the event's id. A part cannot be moved to another
//! event or patient.

use ring::aead::AES_256_GCM;
use ring::aead::Aad;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::error::Unspecified;
use ring::hkdf::HKDF_SHA256;
use ring::hkdf::Salt;

use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::storage::keys::Secret;

/// Begins the associated data of a part.
const LABEL: &[u8] = b"credence sealed details 1\0";

/// What the key of a part is derived for (HKDF's info).
const KEY_LABEL: &[u8] = b"credence details key 1";

/// The id of an event: whose, and the author's own count.
pub fn event_id(author: &InstitutionSlug, author_seq: u64) -> String {
    format!("{author}/{author_seq}")
}

/// A part as it was found.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) pseudonym: Pseudonym,
    /// Number of the epoch's key.
    pub(super) epoch: [u8; 16],
    /// Nonce, ciphertext and tag.
    pub(super) sealed: &'a [u8],
}

/// Seals bytes: nonce, ciphertext, tag.
pub(super) fn seal(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    associated: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(associated),
        &mut sealed,
    )?;
    sealed.splice(..0, nonce);
    Ok(sealed)
}

/// Opens what [`seal`] made; fails when anything of it was changed.
pub(super) fn open(
    key: &[u8; 32],
    associated: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
    let (nonce, ciphertext) = sealed.split_first_chunk().ok_or(Unspecified)?;
    let mut bytes = ciphertext.to_vec();
    let opened = key.open_in_place(
        Nonce::assume_unique_for_key(*nonce),
        Aad::from(associated),
        &mut bytes,
    )?;
    let length = opened.len();
    bytes.truncate(length);
    Ok(bytes)
}

/// The key of a part.
pub(super) fn key_of(patient: &Secret, epoch: &Secret) -> Result<Secret, Unspecified> {
    let derived = Salt::new(HKDF_SHA256, &epoch.0).extract(&patient.0);
    let mut key = [0; 32];
    derived.expand(&[KEY_LABEL], HKDF_SHA256)?.fill(&mut key)?;
    Ok(Secret(key))
}

/// The associated data of a part.
pub(super) fn associated(pseudonym: &Pseudonym, epoch: &[u8; 16], event_id: &str) -> Vec<u8> {
    [LABEL, pseudonym.as_bytes(), epoch, event_id.as_bytes()].concat()
}

/// A part's bytes; `None` when it is too long.
pub(super) fn part(pseudonym: &Pseudonym, epoch: &[u8; 16], sealed: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(sealed.len()).ok()?;
    Some(
        [
            &pseudonym.as_bytes()[..],
            epoch,
            &length.to_be_bytes(),
            sealed,
        ]
        .concat(),
    )
}

/// The parts of sealed details; `None` when they are not whole.
pub(super) fn parts(mut bytes: &[u8]) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (pseudonym, rest) = bytes.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (sealed, rest) = rest.split_at_checked(length)?;
        parts.push(Part {
            pseudonym: Pseudonym::from_bytes(*pseudonym),
            epoch: *epoch,
            sealed,
        });
        bytes = rest;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST's test case 14 for GCM: an all-zero key, nonce and block.
    #[test]
    fn sealing_is_aes_256_gcm() {
        let sealed = seal(&[0; 32], [0; 12], b"", &[0; 16]).unwrap();
        let hex: String = sealed[12..]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        );
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let sealed = seal(&[1; 32], [2; 12], b"about", b"secret").unwrap();
        assert_eq!(open(&[1; 32], b"about", &sealed).unwrap(), b"secret");
        assert!(open(&[1; 32], b"other", &sealed).is_err());
        assert!(open(&[3; 32], b"about", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[place] ^= 1;
            assert!(open(&[1; 32], b"about", &bad).is_err());
            assert!(open(&[1; 32], b"about", &sealed[..place]).is_err());
        }
    }

    /// RFC 5869's algorithm by hand: with HMAC, for an output of one block.
    #[test]
    fn a_parts_key_needs_the_patients_and_the_epochs() {
        let (patient, epoch) = (Secret([1; 32]), Secret([2; 32]));
        let mac = |key: &[u8], text: &[u8]| {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
            ring::hmac::sign(&key, text).as_ref().to_vec()
        };
        let extracted = mac(&epoch.0, &patient.0);
        let expected = mac(&extracted, &[KEY_LABEL, &[1]].concat());
        assert_eq!(key_of(&patient, &epoch).unwrap().0[..], expected);
        let swapped = key_of(&epoch, &patient).unwrap().0;
        assert_ne!(swapped[..], expected);
    }

    #[test]
    fn parts_are_read_one_after_another() {
        let (one, two) = (
            Pseudonym::from_bytes([1; 16]),
            Pseudonym::from_bytes([2; 16]),
        );
        let blob = [
            part(&one, &[8; 16], b"first").unwrap(),
            part(&two, &[9; 16], b"").unwrap(),
        ]
        .concat();
        let found = parts(&blob).unwrap();
        assert_eq!((found[0].pseudonym, found[0].sealed), (one, &b"first"[..]));
        assert_eq!((found[1].pseudonym, found[1].sealed), (two, &b""[..]));
        assert_eq!((found[0].epoch, found[1].epoch), ([8; 16], [9; 16]));
        for end in 1..blob.len() {
            assert!(parts(&blob[..end]).is_none_or(|parts| parts.len() == 1));
        }
    }
}
