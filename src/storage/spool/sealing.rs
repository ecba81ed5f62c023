//! An object's file, to the byte.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `CREDSPL1` |
//! | 8 | the object's number, big-endian |
//! | 12 | nonce of what follows, random |
//! | 44 | sealed: the object's key (32), length of its data (8), length of what is said about it (4) |
//! | 16 | tag |
//! | a + 16 | segment 0: what is said about the object |
//! | n · (65,536 + 16) | segments 1 to n of its data |
//! | r + 16 | segment n + 1, the last one: 1 to 65,536 bytes; 0 only when there is no data |
//!
//! AES-256-GCM throughout (NIST SP 800-38D), all numbers big-endian. The object's key is random and
//! wrapped by a key that HKDF-SHA256 (RFC 5869) makes of the site's key for this number. The segments
//! are a sealed stream (`storage::stream`), of which a label and the object's number say which one it
//! is; and since the header holds both lengths, a file that is too short or too long is known before
//! any of it is released.
//!
//! The header is written last. Until then its place holds zeroes, and the key is in memory only: a
//! draft that was given up cannot be opened by anybody.

use ring::aead::NONCE_LEN;
use ring::error::Unspecified;
use ring::hkdf::HKDF_SHA256;
use ring::hkdf::Prk;
use ring::hkdf::Salt;

use crate::storage::keys;
use crate::storage::keys::Secret;
use crate::storage::sealed;
use crate::storage::spool::ABOUT_BYTES_MAX;
use crate::storage::spool::ObjectId;
use crate::storage::stream;
use crate::storage::stream::StreamKey;

pub(super) use crate::storage::stream::Place;
pub(super) use crate::storage::stream::SEGMENT_BYTES;
pub(super) use crate::storage::stream::TAG_BYTES;

/// Bytes before segment 0.
pub(super) const HEADER_BYTES: usize = 88;

const MAGIC: &[u8; 8] = b"CREDSPL1";

/// Bytes of the header that are not sealed: magic, number.
const CLEAR_BYTES: usize = 16;

/// What is sealed in a header: key, length of the data, length of what is said about it.
const WRAPPED_BYTES: usize = 32 + 8 + 4;

/// What the key that wraps an object's key is derived for (HKDF's info), before the number.
const WRAPPING_LABEL: &[u8] = b"credence spool wrapping key 1";

/// What the key of small files is derived for.
const FILE_LABEL: &[u8] = b"credence spool file key 1";

/// Begins the associated data of a header.
const HEADER_LABEL: &[u8] = b"credence spool header 1\0";

/// Begins the associated data of a segment.
const SEGMENT_LABEL: &[u8] = b"credence spool segment 1\0";

/// How long the two parts of an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) data: u64,
    pub(super) about: u32,
}

impl Lengths {
    /// Bytes of the file; `None` when no file is that long.
    pub(super) fn file_bytes(self) -> Option<u64> {
        let before = HEADER_BYTES as u64 + u64::from(self.about) + TAG_BYTES as u64;
        stream::sealed_bytes(self.data)?.checked_add(before)
    }
}

/// The place of what is said about an object.
pub(super) const ABOUT: Place = Place {
    number: 0,
    is_last: false,
};

/// The site's key, made ready for deriving others.
#[derive(Debug)]
pub(super) struct SiteKey(Prk);

impl SiteKey {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(Salt::new(HKDF_SHA256, &[]).extract(&secret.0))
    }
}

/// The key of one object.
#[derive(Debug)]
pub(super) struct ObjectKey {
    id: ObjectId,
    bytes: Secret,
    key: StreamKey,
}

impl ObjectKey {
    /// A new one.
    pub(super) fn random(id: ObjectId) -> Result<Self, Unspecified> {
        let bytes = keys::random().map_err(|_| Unspecified)?;
        Self::from_bytes(id, bytes)
    }

    fn from_bytes(id: ObjectId, bytes: [u8; 32]) -> Result<Self, Unspecified> {
        let about = [SEGMENT_LABEL, &id.number().to_be_bytes()].concat();
        Ok(Self {
            id,
            key: StreamKey::new(&bytes, &about)?,
            bytes: Secret(bytes),
        })
    }

    /// Seals a segment in place; gives the tag.
    pub(super) fn seal(
        &self,
        place: Place,
        segment: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Unspecified> {
        self.key.seal(place, segment)
    }

    /// Opens a segment and its tag in place; what is left when the tag is cut off is the text.
    pub(super) fn open(&self, place: Place, sealed: &mut [u8]) -> Result<usize, Unspecified> {
        self.key.open(place, sealed)
    }

    /// The header of the object's file.
    pub(super) fn header(
        &self,
        site: &SiteKey,
        lengths: Lengths,
    ) -> Result<[u8; HEADER_BYTES], Unspecified> {
        let wrapped = [
            &self.bytes.0[..],
            &lengths.data.to_be_bytes(),
            &lengths.about.to_be_bytes(),
        ]
        .concat();
        let nonce = keys::random().map_err(|_| Unspecified)?;
        let key = wrapping_key(site, self.id)?;
        let sealed = sealed::seal(&key.0, nonce, &header_associated(self.id), &wrapped)?;
        let header = [MAGIC, &self.id.number().to_be_bytes()[..], &sealed].concat();
        header.try_into().map_err(|_| Unspecified)
    }

    /// Reads the header of the file of object `id`.
    pub(super) fn from_header(
        site: &SiteKey,
        id: ObjectId,
        header: &[u8; HEADER_BYTES],
    ) -> Result<(Self, Lengths), &'static str> {
        let (clear, sealed) = header.split_at(CLEAR_BYTES);
        let (magic, number) = clear.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err("it does not begin as an object does");
        }
        if number != id.number().to_be_bytes() {
            return Err("it is another object's file");
        }
        let opened = wrapping_key(site, id)
            .and_then(|key| sealed::open(&key.0, &header_associated(id), sealed))
            .map_err(|_| "its header does not unseal")?;
        let parts = parts_of(&opened).filter(|(_, lengths)| {
            usize::try_from(lengths.about).is_ok_and(|about| about <= ABOUT_BYTES_MAX)
                && lengths.file_bytes().is_some()
        });
        let (key, lengths) = parts.ok_or("its header does not hold what it must")?;
        let key = Self::from_bytes(id, key).map_err(|_| "its key is none")?;
        Ok((key, lengths))
    }
}

fn parts_of(opened: &[u8]) -> Option<([u8; 32], Lengths)> {
    let (key, rest) = opened.split_first_chunk()?;
    let (data, about) = rest.split_first_chunk()?;
    let lengths = Lengths {
        data: u64::from_be_bytes(*data),
        about: u32::from_be_bytes(about.try_into().ok()?),
    };
    (opened.len() == WRAPPED_BYTES).then_some((*key, lengths))
}

fn header_associated(id: ObjectId) -> Vec<u8> {
    [HEADER_LABEL, &id.number().to_be_bytes()].concat()
}

fn wrapping_key(site: &SiteKey, id: ObjectId) -> Result<Secret, Unspecified> {
    derived(site, &[WRAPPING_LABEL, &id.number().to_be_bytes()])
}

fn derived(site: &SiteKey, info: &[&[u8]]) -> Result<Secret, Unspecified> {
    let mut key = [0; 32];
    site.0.expand(info, HKDF_SHA256)?.fill(&mut key)?;
    Ok(Secret(key))
}

/// Seals a small file as a whole: nonce, ciphertext, tag. `name` says which file it is.
pub(super) fn seal_file(site: &SiteKey, name: &str, text: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let key = derived(site, &[FILE_LABEL])?;
    let nonce = keys::random().map_err(|_| Unspecified)?;
    sealed::seal(&key.0, nonce, name.as_bytes(), text)
}

/// Opens what [`seal_file`] made.
pub(super) fn open_file(site: &SiteKey, name: &str, bytes: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let key = derived(site, &[FILE_LABEL])?;
    sealed::open(&key.0, name.as_bytes(), bytes)
}

/// Bytes that [`seal_file`] adds.
pub(super) const FILE_OVERHEAD_BYTES: usize = NONCE_LEN + TAG_BYTES;
