//! A copy of the ledger for strangers: its lines, the newest checkpoint, the public key. Sealed
//! details stay behind.

use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Checkpoint;
use crate::ledger::Damage;
use crate::ledger::LINE_BYTES_MAX;
use crate::storage::disk;
use crate::storage::keys;
use crate::storage::keys::KeysError;
use crate::storage::reader;
use crate::storage::reader::Batches;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;
use crate::storage::slots;
use crate::storage::slots::SlotError;

/// One entry a line, each line ended by a newline.
pub(super) const ENTRIES_FILE: &str = "entries.jsonl";

/// The signed checkpoint (C2SP tlog-checkpoint).
pub(super) const CHECKPOINT_FILE: &str = "checkpoint";

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Entries in the export.
    pub entries: u64,
    /// The newest signed checkpoint, when there is one.
    pub checkpoint: Option<Checkpoint>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The checkpoint is not to be believed.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(String),
    /// The public key.
    #[error(transparent)]
    Key(#[from] KeysError),
    /// No public key beside the ledger.
    #[error("{} holds no ledger", .0.display())]
    NoLedger(PathBuf),
}

/// Copies the ledger of a data folder into `out_dir`, which is made if it is not there. Works while
/// a gateway writes. Does not verify: whoever gets the copy does.
///
/// # Errors
/// When the ledger cannot be read, or the copy is there already or cannot be written.
pub fn export(data_dir: &Path, out_dir: &Path) -> Result<Exported, ExportError> {
    let key =
        keys::read_vkey(data_dir)?.ok_or_else(|| ExportError::NoLedger(data_dir.to_owned()))?;
    let slot = slots::newest(data_dir, &key)?.slot;
    let batches = Batches::from_start(&reader::journal_dir(data_dir))?;
    let told = |path: PathBuf| move |source| ExportError::Io { path, source };
    disk::create_dir(out_dir).map_err(told(out_dir.to_owned()))?;
    let entries = write_lines(batches, &out_dir.join(ENTRIES_FILE))?;
    if let Some(slot) = &slot {
        let path = out_dir.join(CHECKPOINT_FILE);
        disk::write_whole(&path, slot.note.as_bytes(), 0o644).map_err(told(path))?;
    }
    keys::write_vkey(out_dir, &key)?;
    Ok(Exported {
        entries,
        checkpoint: slot.map(|slot| slot.checkpoint),
    })
}

fn write_lines(mut batches: Batches, path: &Path) -> Result<u64, ExportError> {
    let failed = |source| ExportError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = BufWriter::new(File::create_new(path).map_err(failed)?);
    let mut entries = 0;
    loop {
        match batches.step()? {
            Step::Batch => {}
            Step::Damaged(damage) => return Err(damage.into()),
            Step::End(_) => break,
        }
        for seen in batches.batch.records() {
            file.write_all(seen.line.text).map_err(failed)?;
            file.write_all(b"\n").map_err(failed)?;
            entries += 1;
        }
    }
    let file = file
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(entries)
}

impl From<ReadError> for ExportError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { path, source } => Self::Io { path, source },
            ReadError::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

impl From<SlotError> for ExportError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Io { path, source } => Self::Io { path, source },
            error @ (SlotError::Checkpoint { .. } | SlotError::Unreadable(_)) => {
                Self::Checkpoint(error.to_string())
            }
        }
    }
}

/// What is wrong with a line that does not end; follows "entry 12".
pub(super) const UNENDED: &str = "its line does not end";

/// Bytes read ahead from an exported file.
const READ_AHEAD_BYTES: usize = 262_144;

/// The entries' lines of an export, one after another.
pub(super) struct ExportedLines {
    file: BufReader<File>,
    line: Vec<u8>,
}

/// What comes next in an export.
pub(super) enum ExportedLine<'a> {
    /// A line, without its newline.
    Whole(&'a [u8]),
    /// A line that does not end, or is longer than any line can be.
    Unended,
    /// Nothing.
    End,
}

impl ExportedLines {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufReader::with_capacity(READ_AHEAD_BYTES, File::open(path)?),
            line: Vec::new(),
        })
    }

    pub(super) fn next(&mut self) -> io::Result<ExportedLine<'_>> {
        self.line.clear();
        // Two more bytes: the newline, and one that shows that the line is too long.
        let limit = LINE_BYTES_MAX as u64 + 2;
        let mut rest = self.file.by_ref().take(limit);
        if rest.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(ExportedLine::End);
        }
        if self.line.pop_if(|byte| *byte == b'\n').is_none() {
            return Ok(ExportedLine::Unended);
        }
        Ok(ExportedLine::Whole(&self.line))
    }
}
