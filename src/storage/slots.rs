//! The newest two checkpoints, in two files that are overwritten in turn.
//!
//! While one slot is written, the other stays as it is: a crash costs at most the newer of the
//! two, and with it no more than a longer tail to verify at the next start. That is why a slot is
//! overwritten in place, with one `fdatasync` and no rename; only a slot that is not there yet is made
//! by a rename, because there may be no other one to fall back on.
//!
//! A slot holds the signed note and, beside it, what the next start needs to go on from there: the
//! tree's peaks (which must add up to the signed root), the end of the chain, and the place in the
//! journal. Two lines of text, then spaces: SHA-256 of the second line, and the JSON.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::digest::Sha256;
use crate::digest::canonical_json;
use crate::ledger::Chain;
use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::LogKey;
use crate::ledger::Tree;
use crate::storage::disk;
use crate::storage::disk::Disk;
use crate::storage::reader::Position;
use crate::time::UtcMicros;

/// Bytes of a slot.
const SLOT_BYTES: usize = 16_384;

/// What a slot says, believed.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) checkpoint: Checkpoint,
    /// The checkpoint as a signed note.
    pub(super) note: String,
    pub(super) chain: Chain,
    pub(super) tree: Tree,
    /// After the last batch that the checkpoint covers.
    pub(super) end: Position,
    /// Where in that segment this last batch begins.
    pub(super) last_batch: u64,
    /// Id of the batch after it.
    pub(super) next_id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    note: String,
    peaks: Vec<Sha256>,
    last_line: Sha256,
    ledger_time: UtcMicros,
    end: Position,
    last_batch: u64,
    next_id: u64,
}

/// Why the checkpoints are not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SlotError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Checkpoint {
        path: PathBuf,
        source: CheckpointError,
    },
    #[error("neither of the two checkpoints in {} can be read", .0.display())]
    Unreadable(PathBuf),
}

/// The newest checkpoint of a folder, and the slot that the next one goes into.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) slot: Option<Slot>,
    pub(super) next_place: usize,
}

fn slot_path(data_dir: &Path, place: usize) -> PathBuf {
    data_dir.join(format!("checkpoint.{place}"))
}

/// Reads both slots. One that was torn in writing is passed over; one that is whole but was not
/// signed by `key` is an error, and so is when there are slots and none can be read.
pub(super) fn newest(data_dir: &Path, key: &LogKey) -> Result<Newest, SlotError> {
    let mut best: Option<(usize, Slot)> = None;
    let mut torn = false;
    for place in 0..2 {
        let path = slot_path(data_dir, place);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(SlotError::Io { path, source }),
        };
        let Some(text) = read_text(&bytes) else {
            torn = true;
            continue;
        };
        let slot = believe(text, key).map_err(|source| SlotError::Checkpoint { path, source })?;
        let newer = |(_, old): &(usize, Slot)| slot.checkpoint.size >= old.checkpoint.size;
        if best.as_ref().is_none_or(newer) {
            best = Some((place, slot));
        }
    }
    match best {
        Some((place, slot)) => Ok(Newest {
            slot: Some(slot),
            next_place: 1 - place,
        }),
        None if torn => Err(SlotError::Unreadable(data_dir.to_owned())),
        None => Ok(Newest {
            slot: None,
            next_place: 0,
        }),
    }
}

/// The text of a slot that was written to its end.
fn read_text(bytes: &[u8]) -> Option<Text> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let digest: Sha256 = lines.next()?.parse().ok()?;
    let json = lines.next()?;
    if Sha256::of(&[json.as_bytes()]) != digest {
        return None;
    }
    serde_json::from_str(json).ok()
}

fn believe(text: Text, key: &LogKey) -> Result<Slot, CheckpointError> {
    let checkpoint = Checkpoint::open(&text.note, key)?;
    let tree = Tree::from_parts(checkpoint.size, text.peaks)
        .filter(|tree| tree.root() == checkpoint.root)
        .ok_or(CheckpointError::Malformed)?;
    Ok(Slot {
        chain: Chain::resume(checkpoint.size, text.last_line, text.ledger_time),
        checkpoint,
        note: text.note,
        tree,
        end: text.end,
        last_batch: text.last_batch,
        next_id: text.next_id,
    })
}

/// Overwrites slot `place`, and returns when it is durable.
pub(super) fn write(data_dir: &Path, disk: &dyn Disk, place: usize, slot: &Slot) -> io::Result<()> {
    let json = canonical_json(&Text {
        note: slot.note.clone(),
        peaks: slot.tree.peaks().to_vec(),
        last_line: slot.chain.last_line(),
        ledger_time: slot.chain.ledger_time(),
        end: slot.end,
        last_batch: slot.last_batch,
        next_id: slot.next_id,
    })?;
    let digest = Sha256::of(&[json.as_bytes()]);
    let mut text = format!("{digest}\n{json}\n").into_bytes();
    if text.len() > SLOT_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the checkpoint is too long for its slot",
        ));
    }
    text.resize(SLOT_BYTES, b' ');
    let path = slot_path(data_dir, place);
    if !path.exists() {
        return disk::write_whole(&path, &text, 0o644);
    }
    let file = File::options().write(true).open(&path)?;
    disk.write_at(&file, &text, 0)?;
    disk::synced(disk.sync_data(&file))
}
