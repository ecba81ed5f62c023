//! The segments that are written: the current one, the next, and the reserve.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::storage::disk;
use crate::storage::disk::Disk;
use crate::storage::journal::Priority;
use crate::storage::reader;
use crate::storage::reader::Position;

/// Why a write did not happen.
#[derive(Debug)]
pub(super) enum WriteError {
    /// No room; everything is as before.
    NoSpace,
    /// What is on the disk is uncertain.
    Fatal(io::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        if disk::is_no_space(&error) {
            Self::NoSpace
        } else {
            Self::Fatal(error)
        }
    }
}

/// The writing end of the journal.
#[derive(Debug)]
pub(super) struct Segments {
    disk: Box<dyn Disk>,
    bytes: u64,
    dir: PathBuf,
    number: u32,
    file: File,
    /// Everything before it is durable.
    offset: u64,
    /// The current segment was cut off at `offset` and is to be allocated again.
    is_short: bool,
    next: Option<File>,
    has_reserve: bool,
}

impl Segments {
    /// Opens the segment that ends at `end`, and syncs it: what was read from it may not have been
    /// durable. Then makes ready what comes next, as far as there is room.
    pub(super) fn open(
        disk: Box<dyn Disk>,
        bytes: u64,
        data_dir: &Path,
        end: Position,
    ) -> io::Result<Self> {
        let dir = reader::journal_dir(data_dir);
        let path = reader::segment_path(&dir, end.segment);
        let is_new = !path.exists();
        let file = open_file(&path)?;
        if is_new {
            disk.preallocate(&file, bytes)?;
        }
        disk.sync_data(&file)?;
        disk::sync_dir(&dir)?;
        let mut segments = Self {
            is_short: file.metadata()?.len() < bytes,
            has_reserve: fs::metadata(reserve_path(&dir)).is_ok_and(|file| file.len() >= bytes),
            disk,
            bytes,
            dir,
            number: end.segment,
            file,
            offset: end.offset,
            next: None,
        };
        match segments.prepare() {
            Ok(()) | Err(WriteError::NoSpace) => Ok(segments),
            Err(WriteError::Fatal(error)) => Err(error),
        }
    }

    /// Bytes of a segment.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the next batch would go.
    pub(super) const fn position(&self) -> Position {
        Position {
            segment: self.number,
            offset: self.offset,
        }
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Writes and syncs a batch; says where in its segment it begins.
    pub(super) fn append(&mut self, batch: &[u8], priority: Priority) -> Result<u64, WriteError> {
        if priority == Priority::Normal {
            self.make_reserve()?;
        }
        if self.is_short {
            self.lengthen(priority)?;
        }
        if self.offset.saturating_add(batch.len() as u64) > self.bytes {
            self.go_on(priority)?;
        }
        match self.write(batch) {
            Err(WriteError::NoSpace) if priority == Priority::Reserved => {
                self.go_on(priority)?;
                self.write(batch)?;
            }
            written => written?,
        }
        self.disk.sync_data(&self.file).map_err(WriteError::Fatal)?;
        let at = self.offset;
        self.offset = self.offset.saturating_add(batch.len() as u64);
        Ok(at)
    }

    /// Makes ready the next segment and the reserve.
    pub(super) fn prepare(&mut self) -> Result<(), WriteError> {
        self.make_reserve()?;
        if self.next.is_none() {
            let path = self.path(self.number.saturating_add(1));
            self.next = Some(self.make(&path)?);
        }
        Ok(())
    }

    fn path(&self, number: u32) -> PathBuf {
        reader::segment_path(&self.dir, number)
    }

    /// Writes a batch at the end; cuts it off again when there is no room.
    fn write(&mut self, batch: &[u8]) -> Result<(), WriteError> {
        let written = self.disk.write_at(&self.file, batch, self.offset);
        match written.map_err(WriteError::from) {
            Err(WriteError::NoSpace) => {
                self.cut_off()?;
                Err(WriteError::NoSpace)
            }
            written => written,
        }
    }

    fn cut_off(&mut self) -> Result<(), WriteError> {
        self.is_short = true;
        let cut = self.file.set_len(self.offset);
        cut.and_then(|()| self.disk.sync_data(&self.file))
            .map_err(WriteError::Fatal)
    }

    /// Allocates the current segment again, or leaves it.
    fn lengthen(&mut self, priority: Priority) -> Result<(), WriteError> {
        let allocated = self.disk.preallocate(&self.file, self.bytes);
        match allocated.map_err(WriteError::from) {
            Ok(()) => {
                self.is_short = false;
                Ok(())
            }
            Err(WriteError::NoSpace) => {
                self.cut_off()?;
                match priority {
                    Priority::Normal if self.next.is_none() => Err(WriteError::NoSpace),
                    Priority::Normal | Priority::Reserved => self.go_on(priority),
                }
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// Goes on in the next segment.
    fn go_on(&mut self, priority: Priority) -> Result<(), WriteError> {
        let number = self.number.checked_add(1).ok_or(WriteError::NoSpace)?;
        let path = self.path(number);
        let file = match self.next.take() {
            Some(file) => file,
            None => match self.make(&path) {
                Err(WriteError::NoSpace) if priority == Priority::Reserved && self.has_reserve => {
                    self.take_reserve(&path)?
                }
                made => made?,
            },
        };
        self.file = file;
        self.number = number;
        self.offset = 0;
        self.is_short = false;
        Ok(())
    }

    fn make_reserve(&mut self) -> Result<(), WriteError> {
        if !self.has_reserve {
            self.make(&reserve_path(&self.dir))?;
            self.has_reserve = true;
        }
        Ok(())
    }

    /// Turns the reserve into the segment at `path`: it needs no more room for that.
    fn take_reserve(&mut self, path: &Path) -> Result<File, WriteError> {
        let take = || {
            fs::rename(reserve_path(&self.dir), path)?;
            disk::sync_dir(&self.dir)?;
            open_file(path)
        };
        let file = take().map_err(WriteError::Fatal)?;
        self.has_reserve = false;
        Ok(file)
    }

    /// Makes an allocated file of zeroes, durable in its folder.
    fn make(&self, path: &Path) -> Result<File, WriteError> {
        let make = || {
            let file = open_file(path)?;
            self.disk.preallocate(&file, self.bytes)?;
            disk::synced(self.disk.sync_data(&file))?;
            disk::sync_dir(&self.dir)?;
            Ok(file)
        };
        make().map_err(|error: io::Error| {
            let error = WriteError::from(error);
            match (&error, fs::remove_file(path)) {
                (WriteError::NoSpace, Err(left)) if left.kind() != io::ErrorKind::NotFound => {
                    WriteError::Fatal(left)
                }
                _ => error,
            }
        })
    }
}

fn reserve_path(dir: &Path) -> PathBuf {
    dir.join("reserve")
}

fn open_file(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}
