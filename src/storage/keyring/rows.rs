//! The rows of the keyring on disk, each sealed under the wrapping key (AES-256-GCM).
//!
//! Rows have one length and are appended; to take one away, all others are written anew under a new
//! wrapping key. The first row names nothing; it shows that the wrapping key is the right one.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::KeyringError;
use super::random;
use crate::storage::disk;
use crate::storage::disk::Disk;
use crate::storage::keys::KeysError;
use crate::storage::keys::Secret;
use crate::storage::keys::WrappingFile;
use crate::storage::sealed;

/// Bytes of a row before it is sealed: kind, lookup digest, id, key.
const PLAIN_BYTES: usize = 1 + 32 + 16 + 32;

/// Bytes of a row in the file: nonce, the row, tag.
pub(super) const ROW_BYTES: usize = 12 + PLAIN_BYTES + 16;

/// Every so many rows, room is kept for twice as many: a denial must be recorded on a full disk too,
/// also for a patient whom the gateway has not met.
const ROWS_AHEAD: u32 = 512;

/// Bytes that a disk writes as a whole, at the least.
const SECTOR_BYTES: u64 = 512;

/// Associated data of the first row.
const HEAD_LABEL: &[u8] = b"credence keyring 2 head";

/// Associated data of every other row.
const ROW_LABEL: &[u8] = b"credence keyring 2 row";

/// What a row's key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One patient's details.
    Patient,
    /// All details of an epoch.
    Epoch,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Patient => 1,
            Self::Epoch => 2,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Patient),
            2 => Some(Self::Epoch),
            _ => None,
        }
    }
}

/// A row, opened.
pub(super) struct Row {
    pub(super) kind: Kind,
    /// What it is found by: a keyed digest.
    pub(super) digest: [u8; 32],
    /// What it is named by in sealed details: random.
    pub(super) id: [u8; 16],
    pub(super) key: Secret,
}

impl Row {
    fn plain(&self) -> [u8; PLAIN_BYTES] {
        let mut plain = [0; PLAIN_BYTES];
        let bytes = [&[self.kind.byte()], &self.digest[..], &self.id, &self.key.0].concat();
        for (to, from) in plain.iter_mut().zip(bytes) {
            *to = from;
        }
        plain
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let (kind, rest) = plain.split_first()?;
        let (digest, rest) = rest.split_first_chunk()?;
        let (id, key) = rest.split_first_chunk()?;
        Some(Self {
            kind: Kind::of(*kind)?,
            digest: *digest,
            id: *id,
            key: Secret(key.try_into().ok()?),
        })
    }
}

/// The file. After a failed write or sync it is trusted no more.
pub(super) struct Rows {
    disk: Box<dyn Disk>,
    path: PathBuf,
    file: File,
    wrapping: Secret,
    wrapping_file: WrappingFile,
    /// How many there are, the first among them.
    count: u32,
    poisoned: bool,
}

impl Rows {
    /// Opens the file or begins it, and hands every row to `take` with its place.
    pub(super) fn open(
        disk: Box<dyn Disk>,
        data_dir: &Path,
        wrapping: Secret,
        wrapping_file: WrappingFile,
        take: impl FnMut(u32, &Row),
    ) -> Result<Self, KeyringError> {
        let path = data_dir.join("keyring");
        let open = || {
            disk::create_dir(data_dir)?;
            File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
        };
        let file = open().map_err(|source| KeyringError::Io {
            path: path.clone(),
            source,
        })?;
        let mut rows = Self {
            disk,
            path,
            file,
            wrapping,
            wrapping_file,
            count: 0,
            poisoned: false,
        };
        rows.settle_wrapping()?;
        rows.load(take)?;
        rows.keep_room();
        let synced = disk::sync_dir(data_dir).and_then(|()| rows.disk.sync_data(&rows.file));
        rows.told(synced)?;
        Ok(rows)
    }

    /// Opens the file for reading alone, while another process may be writing to it: of a last row that is
    /// not whole, whoever is to be told of it has not been.
    pub(super) fn read(
        data_dir: &Path,
        wrapping: Secret,
        wrapping_file: WrappingFile,
        mut take: impl FnMut(u32, &Row),
    ) -> Result<Self, KeyringError> {
        let path = data_dir.join("keyring");
        let file = File::open(&path).map_err(|source| KeyringError::Io {
            path: path.clone(),
            source,
        })?;
        let mut rows = Self {
            disk: Box::new(disk::RealDisk),
            path,
            file,
            wrapping,
            wrapping_file,
            count: 0,
            // Whatever would write is refused.
            poisoned: true,
        };
        let mut head = [0; ROW_BYTES];
        let read = rows.file.read_exact_at(&mut head, 0);
        rows.told(read)?;
        if let Some(next) = rows.wrapping_file.next()?
            && sealed::open(&next.0, HEAD_LABEL, &head).is_ok()
        {
            // The writer is about to put it in the old one's place.
            rows.wrapping = next;
        }
        rows.check_head(0, &head).unwrap_or(Ok(()))?;
        let length = rows.file.metadata().map(|file| file.len());
        let whole = rows.told(length)? / ROW_BYTES as u64;
        rows.count = u32::try_from(whole).map_err(|_| KeyringError::NoSpace)?;
        for place in 1..rows.count {
            match rows.get(place) {
                Ok(row) => take(place, &row),
                Err(_) if place.saturating_add(1) == rows.count => rows.count = place,
                Err(error) => return Err(error),
            }
        }
        Ok(rows)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// How many rows there are, but for the first.
    pub(super) const fn len(&self) -> u32 {
        self.count.saturating_sub(1)
    }

    /// Writes and syncs a row; gives its place.
    pub(super) fn push(&mut self, row: &Row) -> Result<u32, KeyringError> {
        let place = self.count;
        self.append(ROW_LABEL, &row.plain())?;
        Ok(place)
    }

    /// The row at a place.
    pub(super) fn get(&self, place: u32) -> Result<Row, KeyringError> {
        let mut bytes = [0; ROW_BYTES];
        let read = self.file.read_exact_at(&mut bytes, offset(place));
        read.map_err(|source| KeyringError::Io {
            path: self.path.clone(),
            source,
        })?;
        self.open_row(place, &bytes)
    }

    /// Writes all rows but those at `places` (which rise) anew, under a new wrapping key that
    /// replaces the old one. `NoSpace` leaves everything as it was.
    pub(super) fn forget(
        &mut self,
        places: &[u32],
        mut take: impl FnMut(u32, &Row),
    ) -> Result<(), KeyringError> {
        if self.poisoned {
            return Err(KeyringError::Poisoned);
        }
        let next = match self.wrapping_file.begin() {
            Err(KeysError::Io { source, .. }) if disk::is_no_space(&source) => {
                return Err(KeyringError::NoSpace);
            }
            begun => begun?,
        };
        let draft = self.path.with_extension("draft");
        let file = match self.rewrite(&draft, &next, places, &mut take) {
            Err(KeyringError::Io { source, .. }) if disk::is_no_space(&source) => {
                match fs::remove_file(&draft) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => self.told(removed)?,
                }
                self.wrapping_file.abandon()?;
                return Err(KeyringError::NoSpace);
            }
            Err(error) => {
                self.poisoned = true;
                return Err(error);
            }
            Ok(file) => file,
        };
        let parent = self.path.parent().unwrap_or_else(|| Path::new("."));
        let renamed = fs::rename(&draft, &self.path).and_then(|()| disk::sync_dir(parent));
        self.told(renamed)?;
        self.poisoned = true;
        self.wrapping_file.finish(&next)?;
        self.poisoned = false;
        self.file = file;
        self.wrapping = next;
        self.count = self.count.saturating_sub(count_of(places));
        self.keep_room();
        Ok(())
    }

    fn rewrite(
        &self,
        draft: &Path,
        wrapping: &Secret,
        places: &[u32],
        take: &mut impl FnMut(u32, &Row),
    ) -> Result<File, KeyringError> {
        let told = |source| KeyringError::Io {
            path: draft.to_owned(),
            source,
        };
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(draft)
            .map_err(told)?;
        let room = u64::from(self.count.saturating_sub(count_of(places)));
        let bytes = room.saturating_mul(ROW_BYTES as u64);
        self.disk.preallocate(&file, bytes).map_err(told)?;
        let mut writer = BufWriter::new(&file);
        let head = seal(wrapping, HEAD_LABEL, &[0; PLAIN_BYTES])?;
        writer.write_all(&head).map_err(told)?;
        let mut next_place = 1;
        for place in 1..self.count {
            if places.binary_search(&place).is_ok() {
                continue;
            }
            let row = self.get(place)?;
            let sealed = seal(wrapping, ROW_LABEL, &row.plain())?;
            writer.write_all(&sealed).map_err(told)?;
            take(next_place, &row);
            next_place += 1;
        }
        writer.flush().map_err(told)?;
        drop(writer);
        disk::synced(file.sync_all()).map_err(told)?;
        Ok(file)
    }

    /// Finds out which of two wrapping keys is the one, if a new one was taking over.
    fn settle_wrapping(&mut self) -> Result<(), KeyringError> {
        let Some(next) = self.wrapping_file.next()? else {
            return Ok(());
        };
        // Neither key may be thrown away unless the other one is seen to open the keyring.
        let mut head = [0; ROW_BYTES];
        let read = self.file.read_exact_at(&mut head, 0);
        self.told(read)?;
        if sealed::open(&next.0, HEAD_LABEL, &head).is_ok() {
            self.wrapping_file.finish(&next)?;
            self.wrapping = next;
        } else if sealed::open(&self.wrapping.0, HEAD_LABEL, &head).is_ok() {
            self.wrapping_file.abandon()?;
        } else {
            return Err(KeyringError::ForeignKey(self.path.clone()));
        }
        Ok(())
    }

    /// Reads all rows. Drops a last one that is not whole; writes the first one if there is none.
    fn load(&mut self, mut take: impl FnMut(u32, &Row)) -> Result<(), KeyringError> {
        let length = self.file.metadata().map(|file| file.len());
        let length = self.told(length)?;
        let whole = length / ROW_BYTES as u64;
        let rows = u32::try_from(whole).map_err(|_| KeyringError::NoSpace)?;
        let cloned = self.file.try_clone();
        let mut file = BufReader::new(self.told(cloned)?);
        for row in 0..rows {
            let mut bytes = [0; ROW_BYTES];
            let read = file.read_exact(&mut bytes);
            self.told(read)?;
            let is_last = row == rows - 1 && whole * ROW_BYTES as u64 == length;
            match self.check_head(row, &bytes) {
                Some(head) => head?,
                None => match self.open_row(row, &bytes) {
                    Ok(opened) => take(row, &opened),
                    Err(_) if is_last && is_torn(row, &bytes) => break,
                    Err(error) => return Err(error),
                },
            }
            self.count = row + 1;
        }
        let good = offset(self.count);
        if good < length {
            let cut = self.file.set_len(good);
            self.told(cut)?;
        }
        if self.count == 0 {
            self.append(HEAD_LABEL, &[0; PLAIN_BYTES])?;
        }
        Ok(())
    }

    /// Whether the first row was sealed with our wrapping key; `None` for every other row.
    fn check_head(&self, row: u32, bytes: &[u8]) -> Option<Result<(), KeyringError>> {
        (row == 0).then(|| match sealed::open(&self.wrapping.0, HEAD_LABEL, bytes) {
            Ok(_) => Ok(()),
            Err(_) => Err(KeyringError::ForeignKey(self.path.clone())),
        })
    }

    fn open_row(&self, row: u32, bytes: &[u8]) -> Result<Row, KeyringError> {
        let plain = sealed::open(&self.wrapping.0, ROW_LABEL, bytes).ok();
        let opened = plain.and_then(|plain| Row::read(&plain));
        opened.ok_or_else(|| self.damaged(row))
    }

    /// What to say of a row that is not what it should be.
    pub(super) fn damaged(&self, row: u32) -> KeyringError {
        KeyringError::Damaged {
            path: self.path.clone(),
            row,
        }
    }

    /// Writes and syncs a row.
    fn append(&mut self, label: &[u8], plain: &[u8]) -> Result<(), KeyringError> {
        if self.poisoned {
            return Err(KeyringError::Poisoned);
        }
        if self.count.is_multiple_of(ROWS_AHEAD) {
            self.keep_room();
        }
        let bytes = seal(&self.wrapping, label, plain)?;
        let end = offset(self.count);
        match self.disk.write_at(&self.file, &bytes, end) {
            Err(error) if disk::is_no_space(&error) => {
                let cut = self.file.set_len(end);
                self.told(cut)?;
                return Err(KeyringError::NoSpace);
            }
            written => self.told(written)?,
        }
        let synced = self.disk.sync_data(&self.file);
        self.told(synced)?;
        self.count += 1;
        Ok(())
    }

    fn keep_room(&self) {
        let bytes = u64::from(2 * ROWS_AHEAD) * ROW_BYTES as u64;
        disk::keep_room(&self.file, offset(self.count), bytes);
    }

    /// Names the file in an error, and trusts it no more.
    fn told<T>(&mut self, result: io::Result<T>) -> Result<T, KeyringError> {
        result.map_err(|source| {
            self.poisoned = true;
            KeyringError::Io {
                path: self.path.clone(),
                source,
            }
        })
    }
}

fn seal(wrapping: &Secret, label: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyringError> {
    sealed::seal(&wrapping.0, random()?, label, plain).map_err(|_| KeyringError::Seal)
}

fn offset(place: u32) -> u64 {
    u64::from(place) * ROW_BYTES as u64
}

fn count_of(places: &[u32]) -> u32 {
    u32::try_from(places.len()).unwrap_or(u32::MAX)
}

/// Whether a row reads as one that was never synced: the file grew, but one of the sectors under
/// the row kept its zeroes.
fn is_torn(row: u32, bytes: &[u8; ROW_BYTES]) -> bool {
    let start = offset(row);
    let to_boundary = SECTOR_BYTES - start % SECTOR_BYTES;
    let first = usize::try_from(to_boundary).map_or(ROW_BYTES, |first| first.min(ROW_BYTES));
    let (before, after) = bytes.split_at(first);
    let is_zero = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| *byte == 0);
    is_zero(before) || is_zero(after)
}
