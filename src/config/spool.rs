//! The spool: where instances wait for their destinations, how long they are tried, and how much
//! may wait.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::reading::Section;

/// `[spool]`: instances that wait, sealed, for their destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spool {
    /// Where they lie.
    pub dir: PathBuf,
    /// Bytes that may lie there; beyond it senders hear A700H.
    pub bytes_max: u64,
    /// Instances that may lie there; each costs about 1 KiB of memory while it waits.
    pub objects_max: u64,
    /// Bytes that stay free on its disk.
    pub free_bytes_min: u64,
    /// Bytes of one instance that are held in memory before they are sealed into a file, while it
    /// goes directly to its destination.
    pub memory_bytes_max: usize,
    /// From a destination's first failure to the next try.
    pub retry_first: Duration,
    /// Between two tries, at the longest: after it a destination that returned is found.
    pub retry_max: Duration,
    /// Tries of an instance under which the destination broke down or said that it is busy (A7xx).
    pub tries_max: u32,
    /// Tries of an instance that the destination refused for good.
    pub tries_refused_max: u32,
}

/// 64 GiB.
const BYTES_MAX: u64 = 64 << 30;

impl Spool {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
        let dir: Option<PathBuf> = section.optional("dir");
        Self {
            dir: base_dir.join(dir.unwrap_or_else(|| "spool".into())),
            bytes_max: section.number("bytes_max", BYTES_MAX, 1 << 20..=1 << 50),
            objects_max: section.number("objects_max", 1_000_000, 1..=100_000_000),
            free_bytes_min: section.number("free_bytes_min", 1 << 30, 0..=1 << 50),
            memory_bytes_max: section.number("memory_bytes_max", 1 << 20, 0..=64 << 20),
            retry_first: section.seconds("retry_first_s", Duration::from_secs(1), 1..=3_600),
            retry_max: section.seconds("retry_max_s", Duration::from_secs(15), 1..=86_400),
            tries_max: section.number("tries_max", 100, 1..=1_000_000),
            tries_refused_max: section.number("tries_refused_max", 3, 1..=1_000_000),
        }
    }
}
