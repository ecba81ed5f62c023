//! Why the spool did not do something, sorted by what the caller does then.

use std::io;
use std::path::PathBuf;

use crate::storage::spool::ABOUT_BYTES_MAX;
use crate::storage::spool::NOTE_BYTES_MAX;
use crate::storage::spool::ObjectId;
use crate::storage::spool::QUEUES_MAX;
use crate::storage::spool::REMEMBERED_BYTES_MAX;

/// Why the spool did not do something.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// No room. Nothing of the object is left; a later one may find room (A700H to its sender).
    #[error("no room in the spool: {0}")]
    Full(Limit),
    /// A sync failed: nobody knows what the disk holds. The gateway must stop, and look again at its
    /// next start; no sync is tried again.
    #[error("the spool's disk failed, and the gateway must stop: {0}")]
    Poisoned(io::Error),
    /// A file or folder cannot be used. What was being kept was not kept.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An object does not unseal: it was changed, cut off, put together from several, or sealed
    /// with another key.
    #[error("object {id} of the spool is damaged: {what}")]
    Damaged {
        /// Which.
        id: ObjectId,
        /// What does not hold.
        what: &'static str,
    },
    /// It is not there (any more).
    #[error("object {id} is not in {path}", path = .path.display())]
    Missing {
        /// Which.
        id: ObjectId,
        /// The folder.
        path: PathBuf,
    },
    /// Sealed with another key than that in the keys folder.
    #[error(
        "{} does not open with spool.key: restore the key that this spool was sealed with, or \
         move the spool's folder away",
        .0.display()
    )]
    ForeignKey(PathBuf),
    /// Others than the owner have access.
    #[error("{} is accessible to others (mode {mode:o}); run: chmod 700 {}", path.display(), path.display())]
    Exposed {
        /// Which folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another process holds it.
    #[error("the spool {} is in use by another gateway", .0.display())]
    Held(PathBuf),
    /// More than the format holds.
    #[error(
        "the spool takes {ABOUT_BYTES_MAX} bytes about an object, {NOTE_BYTES_MAX} of a note, \
         {REMEMBERED_BYTES_MAX} to remember, 1 to {QUEUES_MAX} queues for an object; {what}: {found}"
    )]
    Limits {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
    },
    /// What is remembered has a name of 1 to 40 of a-z, 0-9 and '-'.
    #[error("{0:?} is no name for something to remember: 1 to 40 of a-z, 0-9 and '-'")]
    Name(String),
    /// The system gave no random bytes, or did not seal.
    #[error("the system gave no random bytes, or nothing could be sealed")]
    Sealing,
}

/// Which limit an object would have exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// `spool.bytes_max`.
    #[error("spool.bytes_max = {0} is reached")]
    Bytes(u64),
    /// `spool.objects_max`.
    #[error("spool.objects_max = {0} is reached")]
    Objects(u64),
    /// `spool.free_bytes_min`.
    #[error("less than spool.free_bytes_min = {0} are free on its disk")]
    Free(u64),
    /// The disk, or our share of it.
    #[error("its disk is full")]
    Disk,
}

impl SpoolError {
    /// Whether the process must exit.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Poisoned(_))
    }

    /// Whether it was for want of room.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}
