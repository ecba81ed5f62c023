//! What went by while contract and ledger were out of order: a file of lines for each time, which the
//! next gateway that starts records in its ledger.
//!
//! - An association's line MUST be synced before its first byte goes on.
//! - The file moves to `recorded/` only once the ledger's entry about it is durable.
//!
//! A line is a JSON object. No patient data: what goes by is not read.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::storage::disk;
use crate::storage::keys::random_id;
use crate::time::UtcMicros;

/// Bytes of the longest file that is read back.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Files whose times are not recorded yet.
const FILES_MAX: usize = 10_000;
/// Where files lie whose times the ledger has.
const RECORDED: &str = "recorded";
/// How names of files end.
const SUFFIX: &str = ".jsonl";

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BypassLine {
    /// The first one: two persons said so.
    Begun {
        /// Who asked for it.
        first: String,
        /// Who agreed.
        second: String,
        /// Why.
        reason: String,
        /// From when.
        from: UtcMicros,
        /// Until when, at the latest.
        until: UtcMicros,
    },
    /// An association is let through.
    Opened {
        /// Its number, from 1.
        number: u64,
        /// When.
        at: UtcMicros,
        /// Where it comes from.
        address: SocketAddr,
        /// The calling AE title.
        calling: AeTitle,
        /// The called AE title.
        called: AeTitle,
        /// Who calls.
        peer: String,
        /// Who is called.
        to: String,
    },
    /// It came to its end.
    Closed {
        /// Its number.
        number: u64,
        /// When.
        at: UtcMicros,
        /// Bytes of messages to the destination.
        bytes_to: u64,
        /// Bytes of messages from it.
        bytes_from: u64,
    },
    /// The last one: the time is over.
    Ended {
        /// When.
        at: UtcMicros,
    },
}

/// The file of a time that runs.
#[derive(Debug)]
pub struct BypassFile {
    file: File,
    path: PathBuf,
}

/// A time that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BypassTime {
    /// Its file.
    pub path: PathBuf,
    /// Digest of the file.
    pub sha256: Sha256,
    /// Who asked for it.
    pub first: String,
    /// Who agreed.
    pub second: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub from: UtcMicros,
    /// Until when: the last line's time.
    pub until: UtcMicros,
    /// Associations that were let through.
    pub associations: u64,
    /// Bytes of messages to destinations.
    pub bytes: u64,
    /// Its lines.
    pub lines: Vec<BypassLine>,
}

impl BypassFile {
    /// Begins a file in `dir`.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn begin(dir: &Path, from: UtcMicros, first: &BypassLine) -> io::Result<Self> {
        disk::create_private_dir(dir)?;
        let id = random_id().map_err(io::Error::other)?;
        let path = dir.join(format!("{}-{id}{SUFFIX}", from.compact()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let mut begun = Self { file, path };
        begun.write(first)?;
        disk::sync_dir(dir)?;
        Ok(begun)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line; it is durable when this returns.
    ///
    /// # Errors
    /// When the disk does not take it: nothing more may go by then.
    pub fn write(&mut self, line: &BypassLine) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        disk::synced(self.file.sync_data())
    }
}

/// The times in `dir` that no ledger has recorded, the oldest first; with `all`, those too that one
/// has. A last line that is not whole is left out: it was never synced.
///
/// # Errors
/// When a file cannot be read or does not begin as it should.
pub fn bypass_times(dir: &Path, all: bool) -> io::Result<Vec<BypassTime>> {
    let mut paths = files_of(dir)?;
    if all {
        paths.extend(files_of(&dir.join(RECORDED))?);
    }
    paths.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    paths.into_iter().map(|path| read(&path)).collect()
}

/// Puts the file of a recorded time away.
///
/// # Errors
/// When it cannot be moved.
pub fn bypass_recorded(time: &BypassTime) -> io::Result<()> {
    let (Some(dir), Some(name)) = (time.path.parent(), time.path.file_name()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let recorded = dir.join(RECORDED);
    disk::create_private_dir(&recorded)?;
    std::fs::rename(&time.path, recorded.join(name))?;
    disk::sync_dir(&recorded)?;
    disk::sync_dir(dir)
}

fn files_of(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let items = match disk::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        items => items?,
    };
    let mut paths = Vec::new();
    for item in items {
        let path = item?.path();
        let name = path.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| name.ends_with(SUFFIX)) {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            let told = format!("{} holds more than {FILES_MAX} files", dir.display());
            return Err(io::Error::other(told));
        }
    }
    Ok(paths)
}

fn read(path: &Path) -> io::Result<BypassTime> {
    let told = |what: &str| io::Error::other(format!("{} {what}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read > FILE_BYTES_MAX) {
        return Err(told("is longer than 256 MiB"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            // Torn by a crash, and never synced.
            Err(_) if !line.ends_with('\n') => break,
            Err(_) => return Err(told("has a line that is none of ours")),
        }
    }
    let Some(BypassLine::Begun {
        first,
        second,
        reason,
        from,
        ..
    }) = lines.first().cloned()
    else {
        return Err(told("does not begin as it should"));
    };
    let mut time = BypassTime {
        path: path.to_owned(),
        sha256: Sha256::of(&[bytes.as_slice()]),
        first,
        second,
        reason,
        from,
        until: from,
        associations: 0,
        bytes: 0,
        lines: Vec::new(),
    };
    for line in &lines {
        match line {
            BypassLine::Begun { .. } => {}
            BypassLine::Opened { at, .. } => {
                time.associations = time.associations.saturating_add(1);
                time.until = time.until.max(*at);
            }
            BypassLine::Closed { at, bytes_to, .. } => {
                time.bytes = time.bytes.saturating_add(*bytes_to);
                time.until = time.until.max(*at);
            }
            BypassLine::Ended { at } => time.until = time.until.max(*at),
        }
    }
    time.lines = lines;
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcMicros {
        UtcMicros(seconds * 1_000_000)
    }

    fn begun() -> BypassLine {
        BypassLine::Begun {
            first: "anna".to_owned(),
            second: "bert".to_owned(),
            reason: "the ledger's disk is dead".to_owned(),
            from: at(100),
            until: at(1_900),
        }
    }

    fn opened(number: u64) -> BypassLine {
        BypassLine::Opened {
            number,
            at: at(110),
            address: "127.0.0.1:104".parse().unwrap(),
            calling: "CT1".parse().unwrap(),
            called: "CREDENCE".parse().unwrap(),
            peer: "ct1".to_owned(),
            to: "pacs".to_owned(),
        }
    }

    #[test]
    fn what_went_by_is_told_until_it_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("bypass");
        assert_eq!(bypass_times(&dir, true).unwrap(), []);
        let mut file = BypassFile::begin(&dir, at(100), &begun()).unwrap();
        file.write(&opened(1)).unwrap();
        let closed = BypassLine::Closed {
            number: 1,
            at: at(120),
            bytes_to: 5_000,
            bytes_from: 100,
        };
        file.write(&closed).unwrap();
        file.write(&BypassLine::Ended { at: at(1_900) }).unwrap();
        let [time] = bypass_times(&dir, false).unwrap().try_into().unwrap();
        assert_eq!((time.associations, time.bytes), (1, 5_000));
        assert_eq!((time.from, time.until), (at(100), at(1_900)));
        assert_eq!(
            time.sha256,
            Sha256::of(&[&std::fs::read(&time.path).unwrap()])
        );
        bypass_recorded(&time).unwrap();
        assert_eq!(bypass_times(&dir, false).unwrap(), []);
        assert_eq!(bypass_times(&dir, true).unwrap().len(), 1);
    }

    #[test]
    fn a_crash_leaves_what_was_synced() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = BypassFile::begin(folder.path(), at(100), &begun()).unwrap();
        file.write(&opened(1)).unwrap();
        file.file.write_all(b"{\"line\":\"opened\",\"nu").unwrap();
        let [time] = bypass_times(folder.path(), false)
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!((time.associations, time.until), (1, at(110)));
    }

    #[test]
    fn what_is_no_such_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{}\n", "{\"line\":\"ended\",\"at\":5}\n"] {
            std::fs::write(folder.path().join("1.jsonl"), text).unwrap();
            assert!(bypass_times(folder.path(), false).is_err(), "{text:?}");
        }
    }
}
