//! One segment file, for reading.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Damage;
use crate::storage::frame;
use crate::storage::frame::Batch;
use crate::storage::frame::BatchHead;
use crate::storage::frame::HEAD_BYTES;
use crate::storage::journal::SEGMENT_BYTES;
use crate::storage::reader::ReadError;

/// Bytes read ahead.
const READ_AHEAD_BYTES: usize = 262_144;

/// What stands at some place of a segment.
#[derive(Debug)]
pub(super) enum Content {
    /// A whole batch. Its records were read, unless it was to be skipped.
    Batch(BatchHead),
    /// Zeroes, or nothing, up to the segment's end.
    Nothing,
    /// Something else.
    Broken {
        /// The record that is wrong, when the head of the batch could be read.
        damage: Option<Damage>,
        /// Whether a whole batch follows in this segment.
        followed: bool,
    },
}

/// An open segment.
#[derive(Debug)]
pub(super) struct SegmentFile {
    file: BufReader<File>,
    path: PathBuf,
    offset: u64,
}

impl SegmentFile {
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        match File::open(path) {
            Ok(file) => Ok(Self {
                file: BufReader::with_capacity(READ_AHEAD_BYTES, file),
                path: path.to_owned(),
                offset: 0,
            }),
            Err(source) => Err(ReadError::Io {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The head of the batch at `offset`, if it can be read.
    pub(super) fn head_at(&mut self, offset: u64) -> Result<Option<BatchHead>, ReadError> {
        let head = self.seek(offset).and_then(|()| self.read_head());
        self.told(head)
    }

    /// Whether there is a whole batch anywhere in it.
    pub(super) fn holds_batch(&mut self) -> Result<bool, ReadError> {
        let rest = self.rest(0);
        let rest = self.told(rest)?;
        Ok(!is_zero(&rest) && has_batch(&rest))
    }

    /// Reads what stands at `offset`. The records of a batch that ends before entry `skip_before`
    /// are not read.
    pub(super) fn read(
        &mut self,
        offset: u64,
        batch: &mut Batch,
        skip_before: u64,
    ) -> Result<Content, ReadError> {
        let content = self.try_read(offset, batch, skip_before);
        self.told(content)
    }

    fn try_read(
        &mut self,
        offset: u64,
        batch: &mut Batch,
        skip_before: u64,
    ) -> io::Result<Content> {
        self.seek(offset)?;
        let mut damage = None;
        if let Some(head) = self.read_head()? {
            if head.next_seq() <= skip_before {
                self.seek(offset.saturating_add(head.len()))?;
                return Ok(Content::Batch(head));
            }
            if is_filled(self.file.read_exact(batch.body_for(&head)))? {
                match batch.check(&head) {
                    Ok(()) => {
                        self.offset = offset.saturating_add(head.len());
                        return Ok(Content::Batch(head));
                    }
                    Err(found) => damage = Some(found),
                }
            } else {
                batch.clear();
            }
        }
        let rest = self.rest(offset)?;
        if is_zero(&rest) {
            return Ok(Content::Nothing);
        }
        Ok(Content::Broken {
            damage,
            followed: has_batch(&rest),
        })
    }

    /// The head at the place where we are; `None` when there is none.
    fn read_head(&mut self) -> io::Result<Option<BatchHead>> {
        let mut bytes = [0; HEAD_BYTES];
        self.offset = self.offset.saturating_add(HEAD_BYTES as u64);
        let filled = is_filled(self.file.read_exact(&mut bytes))?;
        Ok(filled.then(|| BatchHead::parse(&bytes)).flatten())
    }

    /// Everything from `offset` on, at most a segment's length.
    fn rest(&mut self, offset: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        self.file
            .by_ref()
            .take(SEGMENT_BYTES)
            .read_to_end(&mut bytes)?;
        self.offset = u64::MAX;
        Ok(bytes)
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        if offset == self.offset {
            return Ok(());
        }
        match i64::try_from(offset)
            .ok()
            .zip(i64::try_from(self.offset).ok())
        {
            Some((to, from)) => self.file.seek_relative(to.saturating_sub(from))?,
            None => {
                self.file.seek(SeekFrom::Start(offset))?;
            }
        }
        self.offset = offset;
        Ok(())
    }

    fn told<T>(&self, result: io::Result<T>) -> Result<T, ReadError> {
        result.map_err(|source| ReadError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

/// Whether the bytes were there.
fn is_filled(read: io::Result<()>) -> io::Result<bool> {
    match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    const ZEROES: [u8; 4096] = [0; 4096];
    let mut chunks = bytes.chunks(ZEROES.len());
    chunks.all(|chunk| ZEROES.starts_with(chunk))
}

fn has_batch(bytes: &[u8]) -> bool {
    let mut from = 0;
    while let Some(place) = frame::find_magic(bytes, from) {
        if bytes.get(place..).is_some_and(frame::is_whole_batch) {
            return true;
        }
        from = place.saturating_add(1);
    }
    false
}
