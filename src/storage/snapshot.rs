//! Snapshots of the contract's state, so that a start need not fold the whole journal.
//!
//! A snapshot is a copy, never the truth. It is believed only when the entry that follows it in the
//! journal names the root of the state that it was written from, and what is read from it hashes to
//! that root. Whatever is wrong with one, it is as if it were not there.
//!
//! The file: one line of JSON, `{"contract_version", "entries", "state_root"}`, then the state as
//! JSON.

use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::Body;
use crate::contract::CONTRACT_VERSION;
use crate::contract::State;
use crate::digest::Sha256;
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
    let head = Head {
        contract_version: CONTRACT_VERSION,
        entries,
        state_root: state.root(),
    };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".snapshot-")
        .tempfile_in(folder)?;
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, file.as_file());
    serde_json::to_writer(&mut writer, &head)?;
    writer.write_all(b"\n")?;
    serde_json::to_writer(&mut writer, state)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    Ok(())
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
pub(crate) fn snapshot_path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// The snapshot in `data_dir`, if the journal vouches for it.
///
/// # Errors
/// As [`read_snapshot`], or when the entry after it does not name its root.
pub(crate) fn recorded_snapshot(
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
