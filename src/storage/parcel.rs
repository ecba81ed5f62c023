//! The sealed files of a parcel: each is a sealed stream (`stream`) under a key of its own, which
//! HKDF-SHA256 (RFC 5869) makes of the parcel's key, the parcel's name and the file's. What says
//! which stream it is are a label and the same two names: a file of another parcel, or another file
//! of this one, does not open in its place.

use std::io;

use ring::error::Unspecified;
use ring::hkdf::HKDF_SHA256;
use ring::hkdf::Salt;
use zeroize::Zeroizing;

use crate::parcel::ContentKey;
use crate::parcel::ParcelId;
use crate::storage::stream::Opener;
use crate::storage::stream::Sealer;
use crate::storage::stream::StreamError;
use crate::storage::stream::StreamKey;

/// What the key of a file is derived for (HKDF's info), before parcel and name.
const KEY_LABEL: &[u8] = b"credence parcel file key 1\0";

/// Begins what says which stream it is.
const STREAM_LABEL: &[u8] = b"credence parcel file 1\0";

/// Seals the file `name` of parcel `id` into `to`.
///
/// # Errors
/// When no key can be derived.
pub fn seal_stream<W: io::Write>(
    key: &ContentKey,
    id: ParcelId,
    name: &str,
    to: W,
) -> io::Result<Sealer<W>> {
    let key = stream_key(key, id, name);
    let key = key.map_err(|_| io::Error::other("no key of a parcel's file"))?;
    Ok(Sealer::new(key, to))
}

/// Opens the file `name` of parcel `id`, of `sealed` bytes.
///
/// # Errors
/// When no sealed file has so many bytes.
pub fn open_stream<R: io::Read>(
    key: &ContentKey,
    id: ParcelId,
    name: &str,
    from: R,
    sealed: u64,
) -> Result<Opener<R>, StreamError> {
    let key = stream_key(key, id, name).map_err(|_| StreamError::Length(sealed))?;
    Opener::new(key, from, sealed)
}

fn stream_key(key: &ContentKey, id: ParcelId, name: &str) -> Result<StreamKey, Unspecified> {
    let derived = Salt::new(HKDF_SHA256, &[]).extract(key.as_bytes());
    let mut bytes = Zeroizing::new([0; 32]);
    let info = [KEY_LABEL, id.as_bytes(), name.as_bytes()];
    derived.expand(&info, HKDF_SHA256)?.fill(&mut *bytes)?;
    let about = [STREAM_LABEL, id.as_bytes(), name.as_bytes()].concat();
    StreamKey::new(&bytes, &about)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(id: u8, name: &str) -> Vec<u8> {
        let (key, id) = keys(id);
        let mut sealer = seal_stream(&key, id, name, Vec::new()).unwrap();
        sealer.write(b"data set").unwrap();
        sealer.finish().unwrap().to
    }

    fn keys(id: u8) -> (ContentKey, ParcelId) {
        let id = ParcelId::from_bytes([id; 16]);
        (ContentKey::from_bytes([9; 32]), id)
    }

    fn opens(id: u8, name: &str, sealed: &[u8]) -> bool {
        let (key, id) = keys(id);
        let opener = open_stream(&key, id, name, sealed, sealed.len() as u64);
        opener.unwrap().next().is_ok()
    }

    #[test]
    fn a_file_opens_in_its_own_place_only() {
        let file = sealed(1, "000001");
        assert!(opens(1, "000001", &file));
        assert!(!opens(1, "000002", &file));
        assert!(!opens(2, "000001", &file));
        assert_ne!(file, sealed(1, "000002"));
    }
}
