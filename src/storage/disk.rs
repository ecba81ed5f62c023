//! The system calls that durability rests on. A trait, because tests make each of them fail.

use std::fmt;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use rustix::io::retry_on_intr;

/// Bytes written at once where a file system cannot preallocate.
static ZEROES: [u8; 65_536] = [0; 65_536];

/// What the journal asks of the disk.
pub(super) trait Disk: fmt::Debug + Send {
    /// Makes `file` at least `bytes` long, with room on the disk for all of them; what is new
    /// reads as zero.
    fn preallocate(&self, file: &File, bytes: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// `fdatasync`.
    fn sync_data(&self, file: &File) -> io::Result<()>;
}

/// The machine's disk.
#[derive(Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn preallocate(&self, file: &File, bytes: u64) -> io::Result<()> {
        // A signal interrupts it on some file systems: tmpfs, XFS.
        let flags = FallocateFlags::empty();
        match retry_on_intr(|| rustix::fs::fallocate(file, flags, 0, bytes)) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => erase(file, file.metadata()?.len(), bytes),
            Err(error) => Err(error.into()),
        }
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        // Interrupted is not failed: no write was lost, and its error not yet told.
        Ok(retry_on_intr(|| rustix::fs::fdatasync(file))?)
    }
}

/// Keeps room for `bytes` from `offset` on without making the file longer. Where that cannot be, a
/// later write says so.
pub(super) fn keep_room(file: &File, offset: u64, bytes: u64) {
    let flags = FallocateFlags::KEEP_SIZE;
    let _kept = retry_on_intr(|| rustix::fs::fallocate(file, flags, offset, bytes));
}

/// Writes zeroes over `from..to` of `file`.
pub(super) fn erase(file: &File, from: u64, to: u64) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let step = usize::try_from(to - at).map_or(ZEROES.len(), |rest| rest.min(ZEROES.len()));
        file.write_all_at(ZEROES.get(..step).unwrap_or(&ZEROES), at)?;
        at += step as u64;
    }
    Ok(())
}

/// What is in `dir`. Opening a folder can be interrupted by a signal as opening a file can; the
/// standard library goes on by itself only for files.
pub(super) fn read_dir(dir: &Path) -> io::Result<std::fs::ReadDir> {
    loop {
        match std::fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            opened => return opened,
        }
    }
}

/// Bytes that are free for us on the file system that `dir` is on.
///
/// # Errors
/// When the folder is not there.
pub fn free_bytes(dir: &Path) -> io::Result<u64> {
    let found = retry_on_intr(|| rustix::fs::statvfs(dir))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Whether the disk is full, or our share of it.
pub(super) fn is_no_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// What a sync said. A sync that fails has lost what was written before it, also when it says that
/// the disk is full: that is never taken for a want of space after which one may go on.
pub(super) fn synced(result: io::Result<()>) -> io::Result<()> {
    result.map_err(|error| {
        if is_no_space(&error) {
            io::Error::other(format!("what was written cannot be synced: {error}"))
        } else {
            error
        }
    })
}

/// Makes names in `dir` durable: what was created, renamed or removed there.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    synced(File::open(dir)?.sync_all())
}

/// Makes everything durable that was written to the file system that `dir` is on.
pub(super) fn sync_file_system(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(dir)?)?)
}

/// Makes `dir` and what is missing above it, durably.
pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create_dir(parent)?;
    match std::fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_dir(parent)
}

/// Makes `dir`, which only its owner may look into, and what is missing above it, durably.
pub(super) fn create_private_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create_dir(parent)?;
    std::fs::DirBuilder::new().mode(0o700).create(dir)?;
    sync_dir(parent)
}

/// Writes a file that is either there as a whole or not at all, and synced; `mode` are its
/// permissions.
///
/// Until then it lies beside its place, with `.draft` after its whole name: files that differ only
/// in their extension may be written at the same time.
pub(super) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&draft)?;
    file.write_all(bytes)?;
    synced(file.sync_all())?;
    std::fs::rename(&draft, path)?;
    match path.parent() {
        Some(parent) if parent != Path::new("") => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_in_their_extension_are_written_at_the_same_time() {
        let dir = tempfile::tempdir().unwrap();
        let write = &|name: &str| {
            let path = dir.path().join(name);
            for turn in 0..100 {
                let text = format!("{name} {turn}");
                write_whole(&path, text.as_bytes(), 0o644).unwrap();
                assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            }
        };
        std::thread::scope(|scope| {
            for name in ["checkpoint.0", "checkpoint.cosigned"] {
                scope.spawn(move || write(name));
            }
        });
    }
}
