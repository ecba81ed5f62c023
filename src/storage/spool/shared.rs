//! What the spool, its drafts and its readers have in common.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use ring::error::Unspecified;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::retry_on_intr;

use crate::config;
use crate::config::PeerName;
use crate::storage::disk;
use crate::storage::keys::Secret;
use crate::storage::spool::ObjectId;
use crate::storage::spool::SpoolError;
use crate::storage::spool::books::Books;
use crate::storage::spool::calls::Calls;
use crate::storage::spool::error::Limit;
use crate::storage::spool::folder::Folder;
use crate::storage::spool::queues::Queue;
use crate::storage::spool::sealing::HEADER_BYTES;
use crate::storage::spool::sealing::SiteKey;
use crate::storage::spool::sealing::TAG_BYTES;
use crate::storage::spool::small;

/// The file that says which numbers were given out, and what it is sealed as.
const NUMBER_FILE: &str = "number";
const NUMBER_LABEL: &str = "credence spool number 1";

/// Numbers that are reserved at once: so many are skipped by a restart, at most.
const NUMBERS_AT_ONCE: u64 = 1_024;

/// What there is one of.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) calls: Box<dyn Calls>,
    pub(super) site: SiteKey,
    free_bytes_min: u64,
    pub(super) root: Folder,
    pub(super) incoming: Folder,
    pub(super) queues_folder: Folder,
    pub(super) remembered: Folder,
    queues: RwLock<BTreeMap<PeerName, Arc<Queue>>>,
    books: Mutex<Books>,
    /// Held while a small file is written whose name several threads may write.
    small_files: Mutex<()>,
    poisoned: AtomicBool,
    _lock: File,
}

impl Shared {
    pub(super) fn open(
        calls: Box<dyn Calls>,
        settings: &config::Spool,
        key: &Secret,
    ) -> Result<Self, SpoolError> {
        let told = |source| SpoolError::of(settings.dir.clone(), source);
        disk::create_private_dir(&settings.dir).map_err(told)?;
        let root = Folder::at(&settings.dir)?;
        let lock = lock(&root)?;
        let shared = Self {
            incoming: root.within(&*calls, "incoming")?,
            queues_folder: root.within(&*calls, "queues")?,
            remembered: root.within(&*calls, "remembered")?,
            site: SiteKey::new(key),
            free_bytes_min: settings.free_bytes_min,
            queues: RwLock::default(),
            books: Mutex::new(Books::new(settings)),
            small_files: Mutex::default(),
            poisoned: AtomicBool::new(false),
            _lock: lock,
            calls,
            root,
        };
        shared.root.sync(&shared)?;
        Ok(shared)
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn small_files(&self) -> MutexGuard<'_, ()> {
        let lock = self.small_files.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a sync said. One that failed has lost what was written before it, also when it says that
    /// the disk is full.
    pub(super) fn synced(&self, result: io::Result<()>) -> Result<(), SpoolError> {
        result.map_err(|error| {
            self.poisoned.store(true, Ordering::SeqCst);
            SpoolError::Poisoned(error)
        })
    }

    pub(super) fn check_poison(&self) -> Result<(), SpoolError> {
        if self.poisoned.load(Ordering::SeqCst) {
            let words = "it failed before";
            return Err(SpoolError::Poisoned(io::Error::other(words)));
        }
        Ok(())
    }

    /// Whether there is room for another object, about which so many bytes are said.
    pub(super) fn room(&self, about: u64) -> Result<(), SpoolError> {
        let bytes = about.saturating_add((HEADER_BYTES + 2 * TAG_BYTES) as u64);
        self.books().room(bytes).map_err(SpoolError::Full)?;
        self.check_free(bytes)
    }

    /// Whether the disk has so many bytes more than must stay free.
    pub(super) fn check_free(&self, bytes: u64) -> Result<(), SpoolError> {
        let free = self.calls.free_bytes(self.incoming.file());
        let free = free.map_err(|error| SpoolError::of(self.incoming.path().to_owned(), error))?;
        if free < self.free_bytes_min.saturating_add(bytes) {
            return Err(SpoolError::Full(Limit::Free(self.free_bytes_min)));
        }
        Ok(())
    }

    /// The queue of a peer, made if it is not there.
    pub(super) fn queue(&self, name: &PeerName) -> Result<Arc<Queue>, SpoolError> {
        if let Some(queue) = self.queue_if_made(name) {
            return Ok(queue);
        }
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(name) {
            return Ok(Arc::clone(queue));
        }
        let queue = Arc::new(Queue::open(self, name)?);
        queues.insert(name.clone(), Arc::clone(&queue));
        Ok(queue)
    }

    /// The queue of a peer, if there is one.
    pub(super) fn queue_if_made(&self, name: &PeerName) -> Option<Arc<Queue>> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.get(name).map(Arc::clone)
    }

    /// Every queue that there is.
    pub(super) fn queues(&self) -> Vec<Arc<Queue>> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.values().map(Arc::clone).collect()
    }

    /// Goes on with the numbers after those that were given out, or found.
    pub(super) fn begin_numbers(&self, highest: Option<ObjectId>) -> Result<(), SpoolError> {
        let foreign = || SpoolError::ForeignKey(self.root.path().join(NUMBER_FILE));
        let after = highest.map_or(1, |id| id.number().saturating_add(1));
        let read = small::read(self, &self.root, NUMBER_FILE, NUMBER_LABEL, 8)?;
        let mark = match read {
            Some(opened) => {
                let bytes = opened.ok_or_else(foreign)?;
                let bytes = bytes.try_into().map_err(|_| foreign())?;
                Some(u64::from_be_bytes(bytes))
            }
            None => None,
        };
        let next = mark.map_or(after, |mark| mark.max(after));
        self.books().begin_numbers(next);
        match mark {
            Some(_) => Ok(()),
            None => self.write_mark(next),
        }
    }

    /// The next number, for a draft.
    pub(super) fn number(&self) -> Result<ObjectId, SpoolError> {
        if let Some(id) = self.books().begin() {
            return Ok(id);
        }
        let _one_at_a_time = self.small_files();
        let next = self.books().next();
        let below = next.saturating_add(NUMBERS_AT_ONCE);
        if let Some(id) = self.books().begin() {
            return Ok(id);
        }
        self.write_mark(below)?;
        let mut books = self.books();
        books.reserve_numbers(below);
        books.begin().ok_or(SpoolError::Limits {
            what: "numbers",
            found: usize::MAX,
        })
    }

    fn write_mark(&self, below: u64) -> Result<(), SpoolError> {
        let text = below.to_be_bytes();
        small::write(self, &self.root, NUMBER_FILE, NUMBER_LABEL, &text)?;
        self.root.sync(self)
    }
}

/// Takes the folder's lock, which the system releases when the process ends, however it ends.
fn lock(root: &Folder) -> Result<File, SpoolError> {
    const NAME: &str = "lock";
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let opened = retry_on_intr(|| rustix::fs::openat(root.file(), OsStr::new(NAME), flags, mode));
    let file = match opened.map_err(io::Error::from) {
        Ok(file) => File::from(file),
        Err(source) => return Err(root.error(NAME, source)),
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Held(root.path().to_owned())),
        Err(TryLockError::Error(source)) => Err(root.error(NAME, source)),
    }
}

impl SpoolError {
    /// What the system said of a file or folder.
    pub(super) fn of(path: PathBuf, source: io::Error) -> Self {
        if disk::is_no_space(&source) {
            Self::Full(Limit::Disk)
        } else {
            Self::Io { path, source }
        }
    }
}

impl From<Unspecified> for SpoolError {
    fn from(_: Unspecified) -> Self {
        Self::Sealing
    }
}
