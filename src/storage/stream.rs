//! The sealed stream: bytes of any number in segments, each sealed and known to be at its place.
//!
//! AES-256-GCM (NIST SP 800-38D) under a key that seals this one stream. So a segment's nonce is what
//! the segment is: seven zeroes, its number (4 bytes, big-endian), whether it is the last one (1
//! byte), which is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015). The same, after what says
//! which stream it is, is the associated data. So a segment cannot be changed, moved, left out,
//! repeated, or taken from another stream, nor can the end be cut off.
//!
//! Every segment has [`SEGMENT_BYTES`] and a tag of [`TAG_BYTES`]; the last one has 1 to so many, and
//! none only when there is nothing at all.

use std::io;

use ring::aead::AES_256_GCM;
use ring::aead::Aad;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::error::Unspecified;

use crate::digest::Hasher;
use crate::digest::Sha256;

/// Bytes of data in every segment but the last.
pub(super) const SEGMENT_BYTES: usize = 65_536;

/// Bytes of a tag.
pub(super) const TAG_BYTES: usize = 16;

/// Which segment, and whether it is the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) is_last: bool,
}

impl Place {
    /// Number and last or not, as nonce and associated data end.
    fn bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.number.to_be_bytes();
        [a, b, c, d, u8::from(self.is_last)]
    }

    fn nonce(self) -> Nonce {
        let [a, b, c, d, last] = self.bytes();
        let nonce: [u8; NONCE_LEN] = [0, 0, 0, 0, 0, 0, 0, a, b, c, d, last];
        Nonce::assume_unique_for_key(nonce)
    }
}

/// The key of one stream.
#[derive(Debug)]
pub(super) struct StreamKey {
    key: LessSafeKey,
    about: Box<[u8]>,
}

impl StreamKey {
    /// The key of the stream that `about` says.
    pub(super) fn new(bytes: &[u8; 32], about: &[u8]) -> Result<Self, Unspecified> {
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes)?),
            about: about.into(),
        })
    }

    /// Seals a segment in place; gives the tag.
    pub(super) fn seal(
        &self,
        place: Place,
        segment: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Unspecified> {
        let associated = Aad::from(self.associated(place));
        let tag = self
            .key
            .seal_in_place_separate_tag(place.nonce(), associated, segment)?;
        tag.as_ref().try_into().map_err(|_| Unspecified)
    }

    /// Opens a segment and its tag in place; what is left when the tag is cut off is the text.
    pub(super) fn open(&self, place: Place, sealed: &mut [u8]) -> Result<usize, Unspecified> {
        let associated = Aad::from(self.associated(place));
        let opened = self.key.open_in_place(place.nonce(), associated, sealed)?;
        Ok(opened.len())
    }

    fn associated(&self, place: Place) -> Vec<u8> {
        [&self.about, &place.bytes()[..]].concat()
    }
}

/// Bytes of `data` bytes when they are sealed; `None` when no stream is that long.
pub(super) fn sealed_bytes(data: u64) -> Option<u64> {
    let segments = data.div_ceil(SEGMENT_BYTES as u64).max(1);
    if segments >= u64::from(u32::MAX) {
        return None;
    }
    segments.checked_mul(TAG_BYTES as u64)?.checked_add(data)
}

/// Seals a stream as it comes. Holds one segment.
#[derive(Debug)]
pub struct Sealer<W> {
    key: StreamKey,
    to: W,
    held: Vec<u8>,
    next: u32,
    hasher: Hasher,
    bytes: u64,
}

/// A stream that was sealed.
#[derive(Debug)]
pub struct SealedStream<W> {
    /// What it was written to.
    pub to: W,
    /// Bytes that were written.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: Sha256,
}

impl<W: io::Write> Sealer<W> {
    pub(super) fn new(key: StreamKey, to: W) -> Self {
        Self {
            key,
            to,
            held: Vec::with_capacity(SEGMENT_BYTES + TAG_BYTES),
            next: 0,
            hasher: Hasher::new(),
            bytes: 0,
        }
    }

    /// Takes the next piece, of any length.
    ///
    /// # Errors
    /// When what it is written to refuses.
    pub fn write(&mut self, mut piece: &[u8]) -> io::Result<()> {
        while !piece.is_empty() {
            let room = SEGMENT_BYTES.saturating_sub(self.held.len());
            if room == 0 {
                // Only now is it known that this segment is not the last one.
                self.seal(false)?;
                continue;
            }
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.held.extend_from_slice(now);
            piece = later;
        }
        Ok(())
    }

    /// Seals the last segment.
    ///
    /// # Errors
    /// When what it is written to refuses.
    pub fn finish(mut self) -> io::Result<SealedStream<W>> {
        self.seal(true)?;
        self.to.flush()?;
        Ok(SealedStream {
            to: self.to,
            bytes: self.bytes,
            sha256: self.hasher.finish(),
        })
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let number = self.next;
        let next = number.checked_add(1);
        self.next = next.ok_or_else(|| io::Error::other("a stream of too many segments"))?;
        let tag = self.key.seal(Place { number, is_last }, &mut self.held);
        let tag = tag.map_err(|_| io::Error::other("a segment cannot be sealed"))?;
        self.held.extend_from_slice(&tag);
        self.to.write_all(&self.held)?;
        self.hasher.update(&self.held);
        self.bytes = self.bytes.saturating_add(self.held.len() as u64);
        self.held.clear();
        Ok(())
    }
}

/// Why a stream does not open.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It does not unseal at this place: changed, of another stream, or under another key.
    #[error("it does not unseal from byte {0} on: it was changed, or is another's")]
    Damaged(u64),
    /// It ends before it should.
    #[error("it is cut off: byte {0} and what follows is missing")]
    CutOff(u64),
    /// No stream is that short or long.
    #[error("no sealed stream has {0} bytes")]
    Length(u64),
    /// What it is read from fails.
    #[error("{0}")]
    Read(io::Error),
}

/// Opens a stream, segment by segment: no byte is given before its segment has been found whole.
#[derive(Debug)]
pub struct Opener<R> {
    key: StreamKey,
    from: R,
    next: u32,
    read: u64,
    /// Sealed bytes that follow; `None` after the last segment.
    left: Option<u64>,
    hasher: Hasher,
}

impl<R: io::Read> Opener<R> {
    /// Reads a stream of `sealed` bytes.
    pub(super) fn new(key: StreamKey, from: R, sealed: u64) -> Result<Self, StreamError> {
        let whole = (SEGMENT_BYTES + TAG_BYTES) as u64;
        let last = sealed % whole;
        let is_sound = sealed >= TAG_BYTES as u64
            && (last == 0 || last > TAG_BYTES as u64 || sealed == TAG_BYTES as u64)
            && sealed / whole < u64::from(u32::MAX);
        if !is_sound {
            return Err(StreamError::Length(sealed));
        }
        Ok(Self {
            key,
            from,
            next: 0,
            read: 0,
            left: Some(sealed),
            hasher: Hasher::new(),
        })
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// When a segment does not unseal, or cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator goes on after an error, this one must not"
    )]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, StreamError> {
        let Some(left) = self.left else {
            return Ok(None);
        };
        let whole = SEGMENT_BYTES + TAG_BYTES;
        let now = usize::try_from(left).map_or(whole, |left| left.min(whole));
        let rest = left.saturating_sub(now as u64);
        let mut segment = vec![0; now];
        self.from.read_exact(&mut segment).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                StreamError::CutOff(self.read)
            } else {
                StreamError::Read(error)
            }
        })?;
        self.hasher.update(&segment);
        let place = Place {
            number: self.next,
            is_last: rest == 0,
        };
        let opened = self.key.open(place, &mut segment);
        let opened = opened.map_err(|_| StreamError::Damaged(self.read))?;
        segment.truncate(opened);
        self.next = self.next.saturating_add(1);
        self.read = self.read.saturating_add(now as u64);
        self.left = (rest > 0).then_some(rest);
        Ok(Some(segment))
    }

    /// SHA-256 of the sealed bytes that were read.
    pub fn sha256(self) -> Sha256 {
        self.hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(about: &[u8]) -> StreamKey {
        StreamKey::new(&[7; 32], about).unwrap()
    }

    fn seal(data: &[u8]) -> SealedStream<Vec<u8>> {
        let mut sealer = Sealer::new(key(b"one"), Vec::new());
        for piece in data.chunks(50_000) {
            sealer.write(piece).unwrap();
        }
        sealer.finish().unwrap()
    }

    fn open_as(about: &[u8], sealed: &[u8]) -> Result<(Vec<u8>, Sha256), StreamError> {
        let mut opener = Opener::new(key(about), sealed, sealed.len() as u64)?;
        let mut data = Vec::new();
        while let Some(piece) = opener.next()? {
            data.extend(piece);
        }
        Ok((data, opener.sha256()))
    }

    fn data(bytes: usize) -> Vec<u8> {
        (0..=250).cycle().take(bytes).collect()
    }

    #[test]
    fn what_was_sealed_opens_whatever_its_length() {
        let whole = SEGMENT_BYTES;
        for bytes in [0, 1, whole - 1, whole, whole + 1, 2 * whole, 3 * whole + 5] {
            let sealed = seal(&data(bytes));
            assert_eq!(sealed_bytes(bytes as u64), Some(sealed.bytes));
            assert_eq!(sealed.to.len() as u64, sealed.bytes);
            assert_eq!(sealed.sha256, Sha256::of(&[&sealed.to]));
            let opened = open_as(b"one", &sealed.to).unwrap();
            assert_eq!(opened, (data(bytes), sealed.sha256));
            assert!(open_as(b"two", &sealed.to).is_err());
        }
    }

    #[test]
    fn segments_that_are_moved_repeated_or_left_out_are_found() {
        let sealed = seal(&data(3 * SEGMENT_BYTES + 5)).to;
        let segment = |at: usize| sealed.chunks(SEGMENT_BYTES + TAG_BYTES).nth(at).unwrap();
        for order in [
            &[0, 2, 1, 3][..],
            &[0, 1, 1, 2, 3],
            &[0, 1, 3],
            &[0, 1, 2],
            &[1, 2, 3],
        ] {
            let bad: Vec<u8> = order.iter().flat_map(|at| segment(*at).to_vec()).collect();
            assert!(open_as(b"one", &bad).is_err(), "{order:?}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_off_is_found_wherever_it_is_cut() {
        let sealed = seal(&data(SEGMENT_BYTES + 40)).to;
        for bytes in (0..100).chain(SEGMENT_BYTES - 40..sealed.len()) {
            let part = &sealed[..bytes];
            assert!(open_as(b"one", part).is_err(), "{bytes}");
            let whole = Opener::new(key(b"one"), part, sealed.len() as u64);
            let mut opener = whole.unwrap();
            let ended = loop {
                match opener.next() {
                    Ok(Some(_)) => {}
                    ended => break ended,
                }
            };
            assert!(matches!(ended, Err(StreamError::CutOff(_))), "{ended:?}");
        }
    }

    #[test]
    fn a_stream_whose_length_cannot_be_is_not_begun() {
        let whole = (SEGMENT_BYTES + TAG_BYTES) as u64;
        for bytes in [0, 15, whole + 1, whole + 16, u64::MAX] {
            let opener = Opener::new(key(b"one"), io::empty(), bytes);
            assert!(matches!(opener, Err(StreamError::Length(_))), "{bytes}");
        }
    }

    #[test]
    fn every_changed_bit_of_a_short_stream_is_found() {
        let sealed = seal(&data(100)).to;
        for place in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[place / 8] ^= 1 << (place % 8);
            assert!(open_as(b"one", &bad).is_err(), "bit {place}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_changed_bit_of_a_long_stream_is_found(
            bytes in 0_usize..300_000,
            place in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let mut sealed = seal(&data(bytes)).to;
            let place = place.index(sealed.len());
            sealed[place] ^= 1 << bit;
            prop_assert!(open_as(b"one", &sealed).is_err());
        }
    }
}
