//! The system calls that the spool rests on. A trait, because tests make each of them fail.
//!
//! All names are looked up in a folder that is held open, and none is followed when it is a symbolic
//! link. A call that a signal interrupted is made again: interrupted is not failed.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::retry_on_intr;

/// What the spool asks of the disk.
pub(super) trait Calls: fmt::Debug + Send + Sync {
    /// Makes a file that is not there yet, for its owner alone.
    fn create(&self, folder: &File, name: &OsStr) -> io::Result<File>;

    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// `fdatasync`: content and length.
    fn sync_file(&self, file: &File) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &File) -> io::Result<()>;

    /// Another name for a file.
    fn link(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()>;

    /// Another name instead of the one before.
    fn rename(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()>;

    /// Takes a name away.
    fn unlink(&self, folder: &File, name: &OsStr) -> io::Result<()>;

    /// Makes a folder that only its owner may look into.
    fn make_folder(&self, folder: &File, name: &OsStr) -> io::Result<()>;

    /// Bytes that may still be written to the disk that a folder is on.
    fn free_bytes(&self, folder: &File) -> io::Result<u64>;
}

/// The machine's disk.
#[derive(Debug)]
pub(super) struct RealCalls;

impl Calls for RealCalls {
    fn create(&self, folder: &File, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let made = retry_on_intr(|| rustix::fs::openat(folder, name, flags, mode))?;
        Ok(File::from(made))
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::fdatasync(file))?)
    }

    fn sync_folder(&self, folder: &File) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::fsync(folder))?)
    }

    fn link(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()> {
        let flags = AtFlags::empty();
        Ok(retry_on_intr(|| {
            rustix::fs::linkat(from.0, from.1, to.0, to.1, flags)
        })?)
    }

    fn rename(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()> {
        Ok(retry_on_intr(|| {
            rustix::fs::renameat(from.0, from.1, to.0, to.1)
        })?)
    }

    fn unlink(&self, folder: &File, name: &OsStr) -> io::Result<()> {
        let flags = AtFlags::empty();
        Ok(retry_on_intr(|| rustix::fs::unlinkat(folder, name, flags))?)
    }

    fn make_folder(&self, folder: &File, name: &OsStr) -> io::Result<()> {
        let mode = Mode::RWXU;
        Ok(retry_on_intr(|| rustix::fs::mkdirat(folder, name, mode))?)
    }

    fn free_bytes(&self, folder: &File) -> io::Result<u64> {
        let found = retry_on_intr(|| rustix::fs::fstatvfs(folder))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}
