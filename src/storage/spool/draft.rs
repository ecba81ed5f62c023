//! An object while it is being received: sealed as it comes, in the spool only once it is kept.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::config::PeerName;
use crate::storage::disk;
use crate::storage::spool::ABOUT_BYTES_MAX;
use crate::storage::spool::Limit;
use crate::storage::spool::ObjectId;
use crate::storage::spool::Place;
use crate::storage::spool::QUEUES_MAX;
use crate::storage::spool::Shared;
use crate::storage::spool::SpoolError;
use crate::storage::spool::queues::Queue;
use crate::storage::spool::sealing;
use crate::storage::spool::sealing::HEADER_BYTES;
use crate::storage::spool::sealing::Lengths;
use crate::storage::spool::sealing::ObjectKey;
use crate::storage::spool::sealing::SEGMENT_BYTES;
use crate::storage::spool::sealing::TAG_BYTES;

/// Sealed bytes that are written at once: four segments. A draft holds no more in memory, but for
/// what is said about it.
const CHUNK_BYTES: usize = 4 * (SEGMENT_BYTES + TAG_BYTES);

/// An object that is being received. Dropped without [`Draft::keep`], it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    shared: Arc<Shared>,
    id: ObjectId,
    key: ObjectKey,
    name: String,
    /// Made when there is more than stays in memory.
    file: Option<File>,
    /// What follows the first [`Self::written`] bytes of the file; sealed up to [`Self::open_at`].
    buffer: Vec<u8>,
    open_at: usize,
    written: u64,
    about: u32,
    /// Bytes of data.
    bytes: u64,
    /// Segments that were sealed, [`sealing::ABOUT`] among them.
    sealed: u32,
    /// Bytes that are counted for it.
    counted: u64,
    /// Something failed: it cannot be kept.
    is_broken: bool,
    state: State,
}

/// What becomes of a draft when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its file goes.
    Open,
    /// It became an object.
    Kept,
}

impl Draft {
    /// A draft that was counted.
    pub(super) fn begin(
        shared: &Arc<Shared>,
        id: ObjectId,
        about: &[u8],
    ) -> Result<Self, SpoolError> {
        let length = u32::try_from(about.len()).ok();
        let length = length.filter(|_| about.len() <= ABOUT_BYTES_MAX);
        let key = ObjectKey::random(id).inspect_err(|_| shared.books().end_draft(0))?;
        // From here on dropping it counts it off.
        let mut draft = Self {
            shared: Arc::clone(shared),
            id,
            key,
            name: format!("{id}.draft"),
            file: None,
            buffer: vec![0; HEADER_BYTES],
            open_at: HEADER_BYTES,
            written: 0,
            about: length.unwrap_or_default(),
            bytes: 0,
            sealed: 0,
            counted: 0,
            is_broken: false,
            state: State::Open,
        };
        if length.is_none() {
            return Err(SpoolError::Limits {
                what: "bytes about an object",
                found: about.len(),
            });
        }
        draft.buffer.extend_from_slice(about);
        draft.seal(false)?;
        Ok(draft)
    }

    /// Its number.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// Bytes of data that it has.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the next piece of the object's data, of any length.
    ///
    /// # Errors
    /// When there is no room for it or the disk does not take it: it can only be dropped then.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), SpoolError> {
        self.unbroken(|draft| draft.take(piece))
    }

    /// Makes it an object that waits in `queues`, and returns when nothing but the loss of the disk
    /// or of the key can undo that. On an error it is in none of them, unless undoing failed too or
    /// the spool is poisoned: then it may be found at the next start, though nobody was told that it
    /// is kept.
    ///
    /// # Errors
    /// When there is no room, or the disk fails.
    pub fn keep(mut self, queues: &[PeerName]) -> Result<ObjectId, SpoolError> {
        let mut named: Vec<&PeerName> = queues.iter().collect();
        named.sort();
        named.dedup();
        if !(1..=QUEUES_MAX).contains(&named.len()) {
            return Err(SpoolError::Limits {
                what: "queues",
                found: named.len(),
            });
        }
        self.shared.check_poison()?;
        self.unbroken(Self::finish)?;
        let queues = named.into_iter().map(|name| self.shared.queue(name));
        let queues: Vec<Arc<Queue>> = queues.collect::<Result<_, _>>()?;
        self.enter(&queues)?;
        self.state = State::Kept;
        let id = self.id;
        let mut books = self.shared.books();
        books.keep(id, self.counted, queues.len());
        drop(books);
        Ok(id)
    }

    fn unbroken(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<(), SpoolError>,
    ) -> Result<(), SpoolError> {
        if self.is_broken {
            let source = io::Error::other("an earlier part of it could not be written");
            return Err(self.shared.incoming.error(&self.name, source));
        }
        let done = act(self);
        self.is_broken = done.is_err();
        done
    }

    fn take(&mut self, mut piece: &[u8]) -> Result<(), SpoolError> {
        while !piece.is_empty() {
            let held = self.buffer.len().saturating_sub(self.open_at);
            let room = SEGMENT_BYTES.saturating_sub(held);
            if room == 0 {
                // Only now is it known that this segment is not the last one.
                self.seal(false)?;
                if self.buffer.len() >= CHUNK_BYTES {
                    self.flush()?;
                }
                continue;
            }
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.buffer.extend_from_slice(now);
            self.bytes = self.bytes.saturating_add(now.len() as u64);
            piece = later;
        }
        Ok(())
    }

    /// Seals what the buffer holds open, as the next segment.
    fn seal(&mut self, is_last: bool) -> Result<(), SpoolError> {
        let place = sealing::Place {
            number: self.sealed,
            is_last,
        };
        let open = self.buffer.get_mut(self.open_at..).unwrap_or_default();
        let tag = self.key.seal(place, open)?;
        self.buffer.extend_from_slice(&tag);
        self.open_at = self.buffer.len();
        let next = self.sealed.checked_add(1);
        self.sealed = next.ok_or(SpoolError::Limits {
            what: "segments of an object",
            found: usize::MAX,
        })?;
        Ok(())
    }

    /// Writes the whole buffer, all of which is sealed.
    fn flush(&mut self) -> Result<(), SpoolError> {
        let shared = Arc::clone(&self.shared);
        let bytes = self.buffer.len() as u64;
        shared.books().grow(bytes).map_err(SpoolError::Full)?;
        self.counted = self.counted.saturating_add(bytes);
        shared.check_free(bytes)?;
        let told = |source| shared.incoming.error(&self.name, source);
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let made = shared
                    .calls
                    .create(shared.incoming.file(), OsStr::new(&self.name));
                made.map_err(told)?
            }
        };
        let file = self.file.insert(file);
        let written = shared.calls.write_at(file, &self.buffer, self.written);
        written.map_err(told)?;
        self.written = self.written.saturating_add(bytes);
        self.buffer.clear();
        self.open_at = 0;
        Ok(())
    }

    /// The last segment, the header, and the sync of the file.
    fn finish(&mut self) -> Result<(), SpoolError> {
        self.seal(true)?;
        let lengths = Lengths {
            data: self.bytes,
            about: self.about,
        };
        let header = self.key.header(&self.shared.site, lengths)?;
        let was_begun = self.written > 0;
        if !was_begun && let Some(place) = self.buffer.first_chunk_mut() {
            *place = header;
        }
        self.flush()?;
        let shared = Arc::clone(&self.shared);
        let told = |source| shared.incoming.error(&self.name, source);
        let Some(file) = &self.file else {
            return Err(told(io::Error::other("it has no file")));
        };
        if was_begun {
            let written = shared.calls.write_at(file, &header, 0);
            written.map_err(told)?;
        }
        match shared.calls.sync_file(file) {
            // Nobody was told of this file, and it goes: what of it did not reach the disk is missed
            // by nobody. (A file system may find its room only now, with delayed allocation.)
            Err(error) if disk::is_no_space(&error) => Err(SpoolError::Full(Limit::Disk)),
            result => shared.synced(result),
        }
    }

    /// Gives the synced file its names in the queues, and syncs their folders.
    fn enter(&self, queues: &[Arc<Queue>]) -> Result<(), SpoolError> {
        let shared = &self.shared;
        let (draft, name) = (OsStr::new(&self.name), self.id.to_string());
        let from = (shared.incoming.file(), draft);
        for (entered, queue) in queues.iter().enumerate() {
            let folder = queue.folder(Place::Waiting);
            let to = (folder.file(), OsStr::new(&name));
            let named = match queues.len() {
                1 => shared.calls.rename(from, to),
                _ => shared.calls.link(from, to),
            };
            if let Err(source) = named {
                // Nobody was told that it is kept. What cannot be undone is a whole object, which
                // is delivered after the next start.
                for queue in queues.iter().take(entered) {
                    let folder = queue.folder(Place::Waiting);
                    let _undone = shared.calls.unlink(folder.file(), OsStr::new(&name));
                }
                return Err(folder.error(&name, source));
            }
        }
        for queue in queues {
            let folder = queue.folder(Place::Waiting);
            folder.sync(shared)?;
        }
        if queues.len() > 1 {
            // Left, it is removed at the next start: a name of an object that has others.
            let _removed = shared.calls.unlink(from.0, draft);
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.state == State::Kept {
            return;
        }
        let mut freed = self.counted;
        if self.file.take().is_some() {
            let folder = self.shared.incoming.file();
            let removed = self.shared.calls.unlink(folder, OsStr::new(&self.name));
            let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
            if removed.is_err_and(|error| !is_gone(&error)) {
                // It takes its room until the next start.
                freed = 0;
            }
        }
        self.shared.books().end_draft(freed);
    }
}
