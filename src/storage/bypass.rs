//! What went by while contract and ledger were out of order: a file of lines for each time, which the
//! next gateway that starts records in its ledger.
//!
//! - An association's line MUST be synced before its first byte goes on.
//! - The file moves to `recorded/` only once the ledger's entry about it is durable.
//!
//! A line is a JSON object. No patient data: what goes by is not read.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
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

/// The file of a time that runs; locked as long as this value lives.
#[derive(Debug)]
pub struct BypassFile {
    file: File,
    path: PathBuf,
    /// Bytes of whole lines; `None` when what the file holds is uncertain.
    good: Option<u64>,
}

/// What a folder tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BypassFound {
    /// A time that is over.
    Over(BypassTime),
    /// One that runs, in another process.
    Running(PathBuf),
    /// A file that does not begin as it should.
    Unreadable(PathBuf),
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
    /// No line of it was changed by others; a last one that a crash tore does not count.
    pub is_whole: bool,
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
        let draft = dir.join(format!("{}-{id}{SUFFIX}.draft", from.compact()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        file.lock()?;
        let mut begun = Self {
            file,
            path,
            good: Some(0),
        };
        begun.write(first)?;
        std::fs::rename(&draft, &begun.path)?;
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
        let Some(good) = self.good.take() else {
            return Err(io::Error::other("an earlier line could not be written"));
        };
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        if let Err(error) = self.file.write_all_at(text.as_bytes(), good) {
            // Half a line must not stand before a whole one.
            if disk::is_no_space(&error) && self.file.set_len(good).is_ok() {
                self.good = Some(good);
            }
            return Err(error);
        }
        disk::synced(self.file.sync_data())?;
        self.good = Some(good.saturating_add(text.len() as u64));
        Ok(())
    }
}

/// The times in `dir` that no ledger has recorded, the oldest first; with `all`, those too that one
/// has. A last line that is not whole is left out: it was never synced.
///
/// # Errors
/// When the folder or a file cannot be read.
pub fn bypass_times(dir: &Path, all: bool) -> io::Result<Vec<BypassFound>> {
    let mut paths = files_of(dir)?;
    if all {
        paths.extend(files_of(&dir.join(RECORDED))?);
    }
    paths.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    paths.into_iter().map(read).collect()
}

/// Makes sure that a recorded file can be put away.
///
/// # Errors
/// When it cannot.
pub fn bypass_prepare(dir: &Path) -> io::Result<()> {
    let recorded = dir.join(RECORDED);
    disk::create_private_dir(&recorded)?;
    let probe = recorded.join("probe");
    File::create(&probe)?;
    std::fs::remove_file(probe)
}

/// Puts the file of a recorded time away.
///
/// # Errors
/// When it cannot be moved.
pub fn bypass_recorded(path: &Path) -> io::Result<()> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let recorded = dir.join(RECORDED);
    std::fs::rename(path, recorded.join(name))?;
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

fn read(path: PathBuf) -> io::Result<BypassFound> {
    let mut bytes = Vec::new();
    let file = File::open(&path)?;
    match file.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(BypassFound::Running(path)),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let mut is_whole = u64::try_from(bytes.len()).is_ok_and(|read| read <= FILE_BYTES_MAX);
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) => {
                // Torn by a crash it was never synced; else somebody changed it.
                is_whole &= !line.ends_with('\n');
                break;
            }
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
        return Ok(BypassFound::Unreadable(path));
    };
    let mut time = BypassTime {
        path,
        sha256: Sha256::of(&[bytes.as_slice()]),
        first,
        second,
        reason,
        from,
        until: from,
        associations: 0,
        bytes: 0,
        is_whole,
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
    Ok(BypassFound::Over(time))
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

    fn only(dir: &Path) -> BypassTime {
        match &*bypass_times(dir, false).unwrap() {
            [BypassFound::Over(time)] => time.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_line_that_was_changed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = BypassFile::begin(folder.path(), at(100), &begun()).unwrap();
        let path = file.path().to_owned();
        drop(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text + "{}\n").unwrap();
        assert!(!only(folder.path()).is_whole);
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
        let path = file.path().to_owned();
        let running = [BypassFound::Running(path)];
        assert_eq!(bypass_times(&dir, false).unwrap(), running);
        drop(file);
        let time = only(&dir);
        assert_eq!((time.associations, time.bytes), (1, 5_000));
        assert_eq!((time.from, time.until), (at(100), at(1_900)));
        assert_eq!(
            time.sha256,
            Sha256::of(&[&std::fs::read(&time.path).unwrap()])
        );
        bypass_prepare(&dir).unwrap();
        bypass_recorded(&time.path).unwrap();
        assert_eq!(bypass_times(&dir, false).unwrap(), []);
        assert_eq!(bypass_times(&dir, true).unwrap().len(), 1);
    }

    #[test]
    fn a_crash_leaves_what_was_synced() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = BypassFile::begin(folder.path(), at(100), &begun()).unwrap();
        file.write(&opened(1)).unwrap();
        let good = file.good.unwrap();
        let torn = b"{\"line\":\"opened\",\"nu";
        file.file.write_all_at(torn, good).unwrap();
        drop(file);
        let time = only(folder.path());
        assert_eq!((time.associations, time.until), (1, at(110)));
        assert!(time.is_whole);
    }

    #[test]
    fn what_is_no_such_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{}\n", "{\"line\":\"ended\",\"at\":5}\n"] {
            std::fs::write(folder.path().join("1.jsonl"), text).unwrap();
            let found = bypass_times(folder.path(), false).unwrap();
            assert!(matches!(&*found, [BypassFound::Unreadable(_)]), "{text:?}");
        }
    }
}
