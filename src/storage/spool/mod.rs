//! The spool: objects that wait, sealed, for their destinations.
//!
//! The file system is its state; there is no log beside it.
//!
//! | name | what |
//! |---|---|
//! | `lock` | held by the one gateway that uses the folder |
//! | `number` | numbers below this one were given out; sealed, and so a proof of the key |
//! | `incoming/ID.draft` | an object that is being received |
//! | `queues/PEER/waiting/ID` | an object that waits for its destination |
//! | `queues/PEER/dead/ID` | one that was tried as often as it may be |
//! | `queues/PEER/quarantined/ID` | one that the contract no longer permits |
//! | `queues/PEER/delivered/ID` | one that is kept until its destination has committed to keep it |
//! | `queues/PEER/PLACE/ID.note` | why it is there; sealed |
//! | `queues/PEER/paused` | nothing is delivered from this queue |
//! | `remembered/NAME` | what others want to know after a restart; sealed |
//!
//! An object in several queues is one file with several names. How a file is sealed is told in
//! `sealing`. No name and no byte of a file tells anything of an object but how long it is, when it
//! came, in which order, and for whom. The key (`spool.key`) lies in the keys folder. The spool is
//! not part of a ledger's backup: what lies in it is on its way, and a copy of it would be delivered
//! twice.
//!
//! # Durability
//!
//! - An object MUST be written and its file synced before it gets a name in a queue, and the folder
//!   of every queue MUST be synced before anybody is told that it is kept.
//! - A file that was not kept MUST NOT be found in a queue as an object: the header, without which
//!   nothing unseals, is written last.
//! - A failed sync MUST NOT be retried: the spool is poisoned, and the gateway stops and looks
//!   again at its next start. Only where a draft's own file finds no room at its sync, that file
//!   goes, and the spool goes on: nobody was told of it.
//! - An object MAY be found after a crash that nobody was told of: its sender sends it again, and it
//!   arrives twice. It MUST NOT be the other way round.
//! - A delivered object MAY come back at a power cut as long as its folder was not synced (after at
//!   most [`REMOVALS_UNSYNCED_MAX`](folder::REMOVALS_UNSYNCED_MAX) removals), and then arrives twice.
//! - What a person or the contract decided of an object ([`Spool::put`], [`Spool::set_paused`]) MUST
//!   be synced before it is acknowledged.
//! - Want of room MUST be a refusal that leaves nothing behind.

mod books;
mod calls;
mod draft;
mod error;
mod folder;
mod group;
mod opening;
mod queues;
mod reader;
mod sealing;
mod shared;
mod small;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;

use crate::config;
use crate::config::PeerName;
use crate::storage::keys::Keys;
use crate::storage::keys::Secret;
use crate::storage::spool::calls::Calls;
use crate::storage::spool::calls::RealCalls;
use crate::storage::spool::shared::Shared;

pub use draft::Draft;
pub use error::Limit;
pub use error::SpoolError;
pub use opening::Findings;
pub use reader::Reader;

/// Bytes that can be said about an object.
pub const ABOUT_BYTES_MAX: usize = 65_536;

/// Bytes of a note beside an object.
pub const NOTE_BYTES_MAX: usize = 4_096;

/// Bytes of what can be remembered under one name.
pub const REMEMBERED_BYTES_MAX: usize = 16_777_216;

/// Queues that an object can be in.
pub const QUEUES_MAX: usize = config::DESTINATIONS_MAX;

/// The number of an object. A later one has a higher number, also after a restart, and no number is
/// given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(u64);

/// Where in its queue an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// It is to be delivered.
    Waiting,
    /// It was tried as often as it may be.
    Dead,
    /// The contract no longer permits it.
    Quarantined,
    /// It is kept until its destination has committed to keep it.
    Delivered,
}

/// An object that was found when the spool was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Whose queue it is in.
    pub queue: PeerName,
    /// Its number.
    pub id: ObjectId,
    /// Where in the queue.
    pub place: Place,
    /// Bytes of its data.
    pub bytes: u64,
    /// What was said about it; empty when its file is damaged, or cannot be read.
    pub about: Vec<u8>,
    /// The note beside it, if there is one and it unseals.
    pub note: Option<Vec<u8>>,
    /// The disk did not give it, in its words: nobody knows whether it is whole.
    pub unreadable: Option<String>,
}

/// How much lies in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Objects, each once.
    pub objects: u64,
    /// Bytes of their files, and of those that are being received.
    pub bytes: u64,
    /// `spool.bytes_max`.
    pub bytes_max: u64,
}

/// The spool. Blocking: to be used from threads that may wait for a disk.
#[derive(Debug)]
pub struct Spool {
    shared: Arc<Shared>,
}

impl Spool {
    /// Opens the spool, or makes it. Removes what was being received when the process ended, and
    /// gives what waits, in order of the numbers.
    ///
    /// # Errors
    /// When the folder is in use, is open to others, was sealed with another key, or cannot be used.
    pub fn open(settings: &config::Spool, keys: &Keys) -> Result<(Self, Findings), SpoolError> {
        Self::open_on(Box::new(RealCalls), settings, &keys.spool)
    }

    fn open_on(
        calls: Box<dyn Calls>,
        settings: &config::Spool,
        key: &Secret,
    ) -> Result<(Self, Findings), SpoolError> {
        let shared = Shared::open(calls, settings, key)?;
        let names = opening::look(&shared)?;
        shared.begin_numbers(names.iter().map(|one| one.id).max())?;
        let shared = Arc::new(shared);
        let found = Findings::new(&shared, names);
        Ok((Self { shared }, found))
    }

    /// Begins an object; `about` is what is to be known of it later, sealed with it.
    ///
    /// # Errors
    /// [`SpoolError::Full`] over a limit, and what the disk says.
    pub fn begin(&self, about: &[u8]) -> Result<Draft, SpoolError> {
        self.shared.check_poison()?;
        if about.len() > ABOUT_BYTES_MAX {
            return Err(SpoolError::Limits {
                what: "bytes about an object",
                found: about.len(),
            });
        }
        self.shared.room(about.len() as u64)?;
        let id = self.shared.number()?;
        Draft::begin(&self.shared, id, about)
    }

    /// Whether another object may be received. Cheap: no file is touched.
    pub fn has_room(&self) -> bool {
        !self.is_poisoned() && self.shared.room(0).is_ok()
    }

    /// Opens an object for reading.
    ///
    /// # Errors
    /// When it is not there, is damaged, or cannot be read.
    pub fn read(&self, queue: &PeerName, id: ObjectId, place: Place) -> Result<Reader, SpoolError> {
        self.shared.check_poison()?;
        let queue = self.shared.queue(queue)?;
        let folder = queue.folder(place);
        let name = id.to_string();
        let path = folder.path().join(&name);
        match folder.open(&name)? {
            Some(file) => Reader::open(&self.shared.site, id, file, path),
            None => Err(missing(&queue, id, place)),
        }
    }

    /// Removes an object from a queue; the last one removes its file.
    ///
    /// # Errors
    /// When it is not there, or the disk fails.
    pub fn remove(&self, queue: &PeerName, id: ObjectId, place: Place) -> Result<(), SpoolError> {
        let shared = &self.shared;
        shared.check_poison()?;
        let queue = shared.queue(queue)?;
        let folder = queue.folder(place);
        let name = id.to_string();
        match shared.calls.unlink(folder.file(), OsStr::new(&name)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(missing(&queue, id, place));
            }
            Err(error) => return Err(folder.error(&name, error)),
        }
        shared.books().removed(id);
        small::remove(shared, folder, &note_name(id))?;
        if folder.counts_removal() {
            folder.sync(shared)?;
        }
        Ok(())
    }

    /// Makes durable what was removed from a queue. From one that nothing was ever put in, nothing was: it is
    /// not made for that, for which a full disk might have no room.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self, queue: &PeerName) -> Result<(), SpoolError> {
        let shared = &self.shared;
        shared.check_poison()?;
        let Some(queue) = shared.queue_if_made(queue) else {
            return Ok(());
        };
        for place in Place::ALL {
            let folder = queue.folder(place);
            shared.synced(shared.calls.sync_folder(folder.file()))?;
        }
        Ok(())
    }

    /// Puts an object elsewhere in its queue, with a note or none, and returns when that is durable.
    ///
    /// # Errors
    /// When it is not there, or the disk fails.
    pub fn put(
        &self,
        queue: &PeerName,
        id: ObjectId,
        from: Place,
        to: Place,
        note: Option<&[u8]>,
    ) -> Result<(), SpoolError> {
        let shared = &self.shared;
        shared.check_poison()?;
        if let Some(note) = note
            && note.len() > NOTE_BYTES_MAX
        {
            return Err(SpoolError::Limits {
                what: "bytes of a note",
                found: note.len(),
            });
        }
        let queue = shared.queue(queue)?;
        let (name, beside) = (id.to_string(), note_name(id));
        let (source, target) = (queue.folder(from), queue.folder(to));
        if source.open(&name)?.is_none() {
            return Err(missing(&queue, id, from));
        }
        // The note first: without the object it is removed at the next start.
        match note {
            Some(note) => {
                let label = note_label(&queue.name, id);
                small::write(shared, target, &beside, &label, note)?;
            }
            None => small::remove(shared, target, &beside)?,
        }
        if from != to {
            let name = OsStr::new(&name);
            let moved = shared
                .calls
                .rename((source.file(), name), (target.file(), name));
            moved.map_err(|error| target.error(&id.to_string(), error))?;
        }
        // Where a power cut brings the other name back too, the next start knows which one counts.
        target.sync(shared)?;
        if from != to {
            small::remove(shared, source, &beside)?;
        }
        Ok(())
    }

    /// Says, durably, whether a queue is paused.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn set_paused(&self, queue: &PeerName, paused: bool) -> Result<(), SpoolError> {
        self.shared.check_poison()?;
        let queue = self.shared.queue(queue)?;
        queue.set_paused(&self.shared, paused)
    }

    /// The queues that are paused.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn paused(&self) -> Result<BTreeSet<String>, SpoolError> {
        let mut paused = BTreeSet::new();
        for queue in self.shared.queues() {
            if queue.is_paused()? {
                paused.insert(queue.name.to_string());
            }
        }
        Ok(paused)
    }

    /// How much lies here.
    pub fn used(&self) -> Used {
        self.shared.books().used()
    }

    /// Whether a sync failed: the gateway must stop.
    pub fn is_poisoned(&self) -> bool {
        self.shared.check_poison().is_err()
    }

    /// Keeps bytes under a name, sealed, in place of those before.
    ///
    /// # Errors
    /// When there are too many, the name is none, or the disk fails.
    pub fn remember(&self, name: &str, bytes: &[u8]) -> Result<(), SpoolError> {
        let shared = &self.shared;
        shared.check_poison()?;
        check_name(name)?;
        if bytes.len() > REMEMBERED_BYTES_MAX {
            return Err(SpoolError::Limits {
                what: "bytes to remember",
                found: bytes.len(),
            });
        }
        let _one_at_a_time = shared.small_files();
        let folder = &shared.remembered;
        small::write(shared, folder, name, &remembered_label(name), bytes)?;
        folder.sync(shared)
    }

    /// What is kept under a name; `None` when nothing is, or it was changed by another than us.
    ///
    /// # Errors
    /// When the name is none, or the disk fails.
    pub fn remembered(&self, name: &str) -> Result<Option<Vec<u8>>, SpoolError> {
        check_name(name)?;
        let shared = &self.shared;
        let label = remembered_label(name);
        let read = small::read(
            shared,
            &shared.remembered,
            name,
            &label,
            REMEMBERED_BYTES_MAX,
        )?;
        Ok(read.flatten())
    }
}

impl Spool {
    /// What is kept under a name is not kept any more: it may be a key, so it is overwritten before it goes.
    ///
    /// # Errors
    /// When the name is none, or the disk fails.
    pub fn forget(&self, name: &str) -> Result<(), SpoolError> {
        let shared = &self.shared;
        shared.check_poison()?;
        check_name(name)?;
        let _one_at_a_time = shared.small_files();
        small::destroy(shared, &shared.remembered, name)?;
        shared.remembered.sync(shared)
    }

    /// The names that begin so under which something is kept, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn remembered_names(&self, prefix: &str) -> Result<BTreeSet<String>, SpoolError> {
        let names = self.shared.remembered.names()?.into_iter();
        let names = names.filter_map(|name| name.into_string().ok());
        Ok(names
            .filter(|name| name.starts_with(prefix) && check_name(name).is_ok())
            .collect())
    }
}

impl ObjectId {
    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The object of this number, if there is one: whoever asks for one that is not there is told.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The object whose file has this name.
    fn named(name: &str) -> Option<Self> {
        let id = Self(name.parse().ok()?);
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Place {
    const ALL: [Self; 4] = [
        Self::Waiting,
        Self::Dead,
        Self::Quarantined,
        Self::Delivered,
    ];

    /// Its name, which is also that of its folder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
            Self::Quarantined => "quarantined",
            Self::Delivered => "delivered",
        }
    }
}

fn note_name(id: ObjectId) -> String {
    format!("{id}.note")
}

/// What a note is sealed as.
fn note_label(queue: &PeerName, id: ObjectId) -> String {
    format!("credence spool note 1\0{queue}\0{id}")
}

fn remembered_label(name: &str) -> String {
    format!("credence spool remembered 1\0{name}")
}

fn check_name(name: &str) -> Result<(), SpoolError> {
    let good = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if (1..=40).contains(&name.len()) && name.bytes().all(good) {
        return Ok(());
    }
    Err(SpoolError::Name(name.to_owned()))
}

fn missing(queue: &queues::Queue, id: ObjectId, place: Place) -> SpoolError {
    SpoolError::Missing {
        id,
        path: queue.folder(place).path().to_owned(),
    }
}

#[cfg(test)]
mod tests;
