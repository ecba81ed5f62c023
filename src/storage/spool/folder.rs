//! A folder that is held open: names in it are looked up there, whatever becomes of its path.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use rustix::fs::Dir;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::io::retry_on_intr;

use crate::storage::spool::Shared;
use crate::storage::spool::SpoolError;
use crate::storage::spool::calls::Calls;
use crate::storage::spool::group::Group;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// A private folder.
#[derive(Debug)]
pub(super) struct Folder {
    file: File,
    path: PathBuf,
    syncs: Group,
    /// Since it was opened.
    removals: AtomicU32,
}

/// Removals of delivered objects after which a folder is synced. As many may come back at a power
/// cut, and are delivered twice; a process that is killed loses none of them.
pub(super) const REMOVALS_UNSYNCED_MAX: u32 = 32;

impl Folder {
    /// Opens the folder at `path`, which may be reached by symbolic links: the administrator's.
    pub(super) fn at(path: &Path) -> Result<Self, SpoolError> {
        let open = || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let file = retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?;
            Ok(File::from(file))
        };
        Self::private(open(), path.to_owned())
    }

    /// Opens a folder in this one, and makes it when it is not there. A symbolic link is refused.
    pub(super) fn within(&self, calls: &dyn Calls, name: &str) -> Result<Self, SpoolError> {
        let path = self.path.join(name);
        let open = || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file =
                retry_on_intr(|| rustix::fs::openat(&self.file, name, flags, Mode::empty()))?;
            io::Result::Ok(File::from(file))
        };
        let opened = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match calls.make_folder(&self.file, OsStr::new(name)) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    _ => open(),
                }
            }
            opened => opened,
        };
        Self::private(opened, path)
    }

    fn private(opened: io::Result<File>, path: PathBuf) -> Result<Self, SpoolError> {
        let found = opened.and_then(|file| Ok((file.metadata()?.mode(), file)));
        match found {
            Ok((mode, file)) if mode & OTHERS == 0 => Ok(Self {
                file,
                path,
                syncs: Group::default(),
                removals: AtomicU32::new(0),
            }),
            Ok((mode, _)) => Err(SpoolError::Exposed {
                path,
                mode: mode & 0o7777,
            }),
            Err(source) => Err(SpoolError::of(path, source)),
        }
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self, shared: &Shared) -> Result<(), SpoolError> {
        self.syncs.sync(shared, self)
    }

    /// Whether a removal is one after which it is synced.
    pub(super) fn counts_removal(&self) -> bool {
        let before = self.removals.fetch_add(1, Ordering::Relaxed);
        before.wrapping_add(1).is_multiple_of(REMOVALS_UNSYNCED_MAX)
    }

    /// Opens a file in it for reading; `None` when there is none.
    pub(super) fn open(&self, name: &str) -> Result<Option<File>, SpoolError> {
        self.open_for(OFlags::RDONLY, name)
    }

    /// Opens a file in it for writing over; `None` when there is none.
    pub(super) fn open_to_write(&self, name: &str) -> Result<Option<File>, SpoolError> {
        self.open_for(OFlags::WRONLY, name)
    }

    fn open_for(&self, access: OFlags, name: &str) -> Result<Option<File>, SpoolError> {
        // Not to be kept waiting by a pipe that somebody put there.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = retry_on_intr(|| rustix::fs::openat(&self.file, name, flags, Mode::empty()));
        match opened.map_err(io::Error::from) {
            Ok(file) => Ok(Some(File::from(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.error(name, source)),
        }
    }

    /// The names in it.
    pub(super) fn names(&self) -> Result<Vec<OsString>, SpoolError> {
        loop {
            match self.read_names() {
                Err(Errno::INTR) => {}
                Err(errno) => return Err(SpoolError::of(self.path.clone(), errno.into())),
                Ok(names) => return Ok(names),
            }
        }
    }

    fn read_names(&self) -> Result<Vec<OsString>, Errno> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.file)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// An error about a name in it.
    pub(super) fn error(&self, name: &str, source: io::Error) -> SpoolError {
        SpoolError::of(self.path.join(name), source)
    }
}
