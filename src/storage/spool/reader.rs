//! Reading an object: every segment is opened before any byte of it is given.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use bytes::Bytes;

use crate::storage::spool::ObjectId;
use crate::storage::spool::SpoolError;
use crate::storage::spool::sealing::ABOUT;
use crate::storage::spool::sealing::HEADER_BYTES;
use crate::storage::spool::sealing::Lengths;
use crate::storage::spool::sealing::ObjectKey;
use crate::storage::spool::sealing::Place;
use crate::storage::spool::sealing::SEGMENT_BYTES;
use crate::storage::spool::sealing::SiteKey;
use crate::storage::spool::sealing::TAG_BYTES;

/// Bytes that are read at first: the header, and what is said about most objects.
const FIRST_BYTES: usize = 8_192;

/// Reads an object's data, segment by segment, and is not disturbed when the object is removed.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    id: ObjectId,
    key: ObjectKey,
    lengths: Lengths,
    about: Vec<u8>,
    /// Segments that were given.
    given: u32,
    /// Where in the file the next one begins.
    at: u64,
    left: u64,
    is_ended: bool,
}

impl Reader {
    /// Opens the file of object `id`, and what is said about it.
    pub(super) fn open(
        site: &SiteKey,
        id: ObjectId,
        file: File,
        path: PathBuf,
    ) -> Result<Self, SpoolError> {
        let damaged = |what| SpoolError::Damaged { id, what };
        let told = |source| SpoolError::of(path.clone(), source);
        let metadata = file.metadata().map_err(told)?;
        if !metadata.is_file() {
            return Err(damaged("it is not a file"));
        }
        let mut first = vec![0; FIRST_BYTES];
        let read = read_up_to(&file, &mut first, 0).map_err(told)?;
        first.truncate(read);
        let header = first.first_chunk::<HEADER_BYTES>();
        let header = header.ok_or_else(|| damaged("it is shorter than a header"))?;
        let (key, lengths) = ObjectKey::from_header(site, id, header).map_err(damaged)?;
        if lengths.file_bytes() != Some(metadata.len()) {
            return Err(damaged("it is not as long as its header says"));
        }
        let end = usize::try_from(lengths.about).unwrap_or(usize::MAX);
        let end = end.saturating_add(HEADER_BYTES + TAG_BYTES);
        if read < end {
            first.resize(end, 0);
            let rest = first.get_mut(read..).unwrap_or_default();
            let filled = file.read_exact_at(rest, read as u64);
            filled.map_err(|error| cut_off(error, id, told))?;
        }
        first.truncate(end);
        let mut about = first.split_off(HEADER_BYTES);
        let length = key.open(ABOUT, &mut about);
        let length = length.map_err(|_| damaged("what is said about it does not unseal"))?;
        about.truncate(length);
        Ok(Self {
            file,
            path,
            id,
            key,
            lengths,
            about,
            given: 0,
            at: end as u64,
            left: lengths.data,
            is_ended: false,
        })
    }

    /// What was said about the object when it was begun.
    pub fn about(&self) -> &[u8] {
        &self.about
    }

    pub(super) fn into_about(self) -> Vec<u8> {
        self.about
    }

    /// Bytes of the object's data.
    pub const fn bytes(&self) -> u64 {
        self.lengths.data
    }

    /// The next piece of the data; `None` after the last one. No empty pieces.
    ///
    /// # Errors
    /// When it does not unseal, or cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator goes on after an error, this one must not"
    )]
    pub fn next(&mut self) -> Result<Option<Bytes>, SpoolError> {
        if self.is_ended {
            return Ok(None);
        }
        let id = self.id;
        let damaged = |what| SpoolError::Damaged { id, what };
        let text = usize::try_from(self.left).map_or(SEGMENT_BYTES, |left| left.min(SEGMENT_BYTES));
        let mut segment = vec![0; text + TAG_BYTES];
        let read = self.file.read_exact_at(&mut segment, self.at);
        read.map_err(|error| {
            cut_off(error, id, |source| {
                SpoolError::of(self.path.clone(), source)
            })
        })?;
        let number = self.given.checked_add(1);
        let place = Place {
            number: number.ok_or_else(|| damaged("it has too many segments"))?,
            is_last: self.left == text as u64,
        };
        let opened = self.key.open(place, &mut segment);
        let opened = opened.map_err(|_| damaged("a segment of it does not unseal"))?;
        segment.truncate(opened);
        self.given = place.number;
        self.at = self.at.saturating_add((text + TAG_BYTES) as u64);
        self.left = self.left.saturating_sub(text as u64);
        self.is_ended = place.is_last;
        Ok((!segment.is_empty()).then(|| Bytes::from(segment)))
    }
}

/// Fills as much of `bytes` as the file has.
fn read_up_to(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A file that was cut off while it was read is damaged; any other error is the disk's.
fn cut_off(
    error: io::Error,
    id: ObjectId,
    told: impl FnOnce(io::Error) -> SpoolError,
) -> SpoolError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let what = "it was cut off";
        return SpoolError::Damaged { id, what };
    }
    told(error)
}
