//! Snapshots of the contract's state, so that a start need not fold the whole journal.
//!
//! A snapshot is a copy, never the truth. It is believed only when the entry that follows it in the
//! journal names the root of the state that it was written from, and what is read from it hashes to
//! that root. Whatever is wrong with one, it is as if it were not there.
//!
//! The file: one line of JSON, `{"contract_version", "entries", "state_root"}`, then the state as
//! JSON.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::Body;
use crate::contract::CONTRACT_VERSION;
use crate::contract::State;
use crate::digest::Sha256;
use crate::storage::disk;
use crate::storage::reader::JournalReader;

/// Where the snapshot lies in the data folder.
const FILE_NAME: &str = "snapshot.json";

/// Bytes of the first line.
const HEAD_BYTES_MAX: u64 = 1024;

/// Bytes that are read and written at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// A state that was read from a snapshot.
#[derive(Debug)]
pub struct Snapshot {
    /// How many entries it is the fold of: the next one has this number.
    pub entries: u64,
    /// The state.
    pub state: State,
}

/// Why a snapshot is not used. Never a reason not to start.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not written as one.
    #[error("not a snapshot: {0}")]
    Format(#[from] serde_json::Error),
    /// Another version of the contract wrote it.
    #[error("it is of contract version {0}, not {CONTRACT_VERSION}")]
    Version(u32),
    /// Its content is not what it says.
    #[error("its content does not have the root that it names")]
    Root,
    /// The journal does not vouch for it.
    #[error("entry {0} of the journal does not name its root")]
    NotRecorded(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    contract_version: u32,
    entries: u64,
    state_root: Sha256,
}

/// Writes the state after `entries` entries to `path`: whole, or not at all.
///
/// # Errors
/// When the disk refuses.
pub fn write_snapshot(path: &Path, entries: u64, state: &State) -> Result<(), SnapshotError> {
    let draft = path.with_extension("draft");
    let written = write_draft(&draft, entries, state)
        .and_then(|()| Ok(fs::rename(&draft, path)?))
        .and_then(|()| {
            Ok(disk::sync_dir(
                path.parent().unwrap_or_else(|| Path::new(".")),
            )?)
        });
    if written.is_err() {
        // Half a snapshot may be what fills the disk.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// The draft has one name, so that what a crash leaves of it is written over by the next one.
fn write_draft(draft: &Path, entries: u64, state: &State) -> Result<(), SnapshotError> {
    let head = Head {
        contract_version: CONTRACT_VERSION,
        entries,
        state_root: state.root(),
    };
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(draft)?;
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, &file);
    serde_json::to_writer(&mut writer, &head)?;
    writer.write_all(b"\n")?;
    serde_json::to_writer(&mut writer, state)?;
    writer.flush()?;
    drop(writer);
    Ok(file.sync_all()?)
}

/// Reads the snapshot at `path`.
///
/// # Errors
/// When it is not there, not one, of another version, or does not have the root that it names.
pub fn read_snapshot(path: &Path) -> Result<Snapshot, SnapshotError> {
    let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut line = Vec::new();
    file.by_ref()
        .take(HEAD_BYTES_MAX)
        .read_until(b'\n', &mut line)?;
    let head: Head = serde_json::from_slice(&line)?;
    if head.contract_version != CONTRACT_VERSION {
        return Err(SnapshotError::Version(head.contract_version));
    }
    let state: State = serde_json::from_reader(file)?;
    if state.root() != head.state_root {
        return Err(SnapshotError::Root);
    }
    Ok(Snapshot {
        entries: head.entries,
        state,
    })
}

/// Where the snapshot of `data_dir` lies.
pub fn snapshot_path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// The snapshot in `data_dir`, if the journal vouches for it.
///
/// # Errors
/// As [`read_snapshot`], or when the entry after it does not name its root.
pub fn recorded_snapshot(
    data_dir: &Path,
    journal: &JournalReader,
) -> Result<Snapshot, SnapshotError> {
    let snapshot = read_snapshot(&snapshot_path(data_dir))?;
    let next = journal.get(snapshot.entries).ok().flatten();
    let named = next.and_then(|stored| match stored.entry.event.body {
        Body::Stopped { state_root, .. } => Some(state_root),
        Body::Decision { decision, .. } => Some(decision.state_root),
        _ => None,
    });
    if named == Some(snapshot.state.root()) {
        Ok(snapshot)
    } else {
        Err(SnapshotError::NotRecorded(snapshot.entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Applied;
    use crate::ledger::fixtures::Scribe;
    use crate::time::UtcMicros;

    /// A state with something in it, and where to keep it.
    fn begun() -> (tempfile::TempDir, PathBuf, State) {
        let scribe = Scribe::new();
        let mut state = State::new();
        let event = scribe.signed(Body::Genesis {
            institution: crate::ledger::fixtures::own(),
            log_origin: "log".to_owned(),
            key: "key".to_owned(),
            statement_key: "key".to_owned(),
            created: UtcMicros(0),
        });
        let at = Applied {
            seq: 0,
            ledger_time: UtcMicros(0),
        };
        state.apply(at, &event).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = snapshot_path(folder.path());
        (folder, path, state)
    }

    #[test]
    fn what_was_written_is_read() {
        let (_folder, path, state) = begun();
        write_snapshot(&path, 1, &state).unwrap();
        let read = read_snapshot(&path).unwrap();
        assert_eq!((read.entries, read.state), (1, state));
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let (_folder, path, state) = begun();
        write_snapshot(&path, 1, &state).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            (r#""log_origin":"log""#, r#""log_origin":"lag""#),
            ("\n{", "\n{ "),
            ("\"contract_version\":", "\"contract_version\":9"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            fs::write(&path, &changed).unwrap();
            let read = read_snapshot(&path);
            // More space changes nothing that counts.
            assert_eq!(read.is_ok(), to == "\n{ ", "{to}");
        }
        for cut in [0, 10, text.len() - 1] {
            fs::write(&path, text.get(..cut).unwrap()).unwrap();
            assert!(read_snapshot(&path).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_snapshot_that_no_entry_vouches_for_is_not_used() {
        let (folder, path, state) = begun();
        write_snapshot(&path, 1, &state).unwrap();
        let journal = JournalReader::new(folder.path());
        let refused = recorded_snapshot(folder.path(), &journal).unwrap_err();
        assert!(
            matches!(refused, SnapshotError::NotRecorded(1)),
            "{refused}"
        );
    }
}
