//! Reads the journal: from a gateway that runs, from a folder that was copied, before anything is
//! written to it and after.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::ledger::Checkpoint;
use crate::ledger::Damage;
use crate::ledger::Entry;
use crate::ledger::Harm;
use crate::ledger::Verifier;
use crate::storage::disk;
use crate::storage::frame::Batch;
use crate::storage::frame::BatchHead;
use crate::storage::marks::Mark;
use crate::storage::marks::Marks;

mod segment;

use segment::Content;
use segment::SegmentFile;

/// A place in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Position {
    /// Number of the segment, from 1.
    pub(super) segment: u32,
    /// Bytes into it.
    pub(super) offset: u64,
}

/// Where the journal ends.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// After the last whole batch.
    pub(super) position: Position,
    /// The last whole batch, when one was read.
    pub(super) last_batch: Option<Position>,
    /// What stands after it, if that is not nothing: a batch that was not written to its end.
    pub(super) torn: Option<TornBatch>,
}

/// A batch that is not whole, with none after it.
#[derive(Clone, Debug)]
pub(super) struct TornBatch {
    pub(super) position: Position,
    /// What would be wrong if it had been acknowledged.
    pub(super) damage: Damage,
}

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An entry is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

/// An entry as it lies in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The entry.
    pub entry: Entry,
    /// The sealed details beside it.
    pub sealed: Option<Vec<u8>>,
}

/// The journal in a data folder, for reading. Cheap to clone; may be used while another writes.
#[derive(Clone, Debug)]
pub struct JournalReader {
    dir: PathBuf,
    marks: Marks,
}

impl JournalReader {
    /// The journal of this data folder.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: journal_dir(data_dir),
            marks: Marks::default(),
        }
    }

    /// The entries from number `from` on, in order, up to the last that is whole. Read from 0,
    /// the chain is followed too, so that nothing can have been slipped in.
    pub fn entries(&self, from: u64) -> Entries {
        self.checked_entries(from, None)
    }

    /// The same; read from 0, the root is compared with the checkpoint's.
    pub(super) fn checked_entries(&self, from: u64, checkpoint: Option<Checkpoint>) -> Entries {
        Entries {
            dir: self.dir.clone(),
            marks: self.marks.clone(),
            batches: None,
            verifier: (from == 0).then(|| Verifier::new(checkpoint)),
            next: from,
            until: u64::MAX,
            waiting: VecDeque::new(),
            done: false,
        }
    }

    /// Entry `seq`; `None` when the journal ends before it.
    ///
    /// # Errors
    /// When the journal cannot be read, or is damaged there.
    pub fn get(&self, seq: u64) -> Result<Option<Stored>, ReadError> {
        let entries = self.unchecked_entries(seq);
        entries.until(seq.saturating_add(1)).next().transpose()
    }

    /// The batches from that with entry `from` on, without following the chain.
    pub(super) fn batches_from(&self, from: u64) -> Result<Batches, ReadError> {
        Batches::from_entry(&self.dir, from)
    }

    /// The batches from one on whose place, id and first entry are known.
    pub(super) fn batches_at(&self, at: Position, id: u64, seq: u64) -> Result<Batches, ReadError> {
        Batches::from_position(&self.dir, at, id, seq)
    }

    /// The same as [`entries`](Self::entries) without following the chain.
    pub fn unchecked_entries(&self, from: u64) -> Entries {
        Entries {
            verifier: None,
            ..self.checked_entries(from, None)
        }
    }
}

/// Entries in order. After an error there are no more.
#[derive(Debug)]
pub struct Entries {
    dir: PathBuf,
    marks: Marks,
    batches: Option<Batches>,
    verifier: Option<Verifier>,
    next: u64,
    until: u64,
    waiting: VecDeque<Stored>,
    done: bool,
}

impl Entries {
    /// Ends before entry `until`, without looking whether there is more.
    #[must_use]
    pub const fn until(mut self, until: u64) -> Self {
        self.until = until;
        self
    }

    fn fill(&mut self) -> Result<(), ReadError> {
        let batches = match &mut self.batches {
            Some(batches) => batches,
            none => none.insert(Batches::from_mark(&self.dir, self.next, &self.marks)?),
        };
        let step = batches.step()?;
        for seen in batches.batch.records() {
            if let Some(verifier) = &mut self.verifier {
                verifier.push(seen.line)?;
            }
            if seen.seq < self.next {
                continue;
            }
            // A batch may have hundreds of entries, and reading one costs more than stepping over all.
            if seen.seq >= self.until && self.verifier.is_none() {
                self.done = true;
                break;
            }
            let unreadable = |error| Damage {
                entry: seen.seq,
                harm: Harm::Unreadable(error),
            };
            let text = std::str::from_utf8(seen.line.text).unwrap_or_default();
            self.waiting.push_back(Stored {
                entry: Entry::read(text).map_err(unreadable)?,
                sealed: seen.sealed.map(<[u8]>::to_vec),
            });
            self.next = seen.seq.saturating_add(1);
        }
        match step {
            Step::Batch => Ok(()),
            Step::Damaged(damage) => Err(damage.into()),
            Step::End(_) => {
                self.done = true;
                Ok(())
            }
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Stored, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.waiting.pop_front() {
                Some(stored) if stored.entry.seq < self.until => return Some(Ok(stored)),
                Some(_) => self.done = true,
                None => {}
            }
            if self.done || self.next >= self.until {
                // Only the end tells whether all that was signed for is there.
                let verified = self.verifier.take().map(Verifier::finish)?;
                return verified.err().map(|damage| Err(damage.into()));
            }
            if let Err(error) = self.fill() {
                self.done = true;
                self.verifier = None;
                self.waiting.clear();
                return Some(Err(error));
            }
        }
    }
}

/// What a step through the journal came upon. The batch's records are those that are in order.
#[derive(Debug)]
pub(super) enum Step {
    /// A whole batch.
    Batch,
    /// A damaged one, which is not the last.
    Damaged(Damage),
    /// Nothing more.
    End(End),
}

/// Walks through the batches of a journal.
#[derive(Debug)]
pub(super) struct Batches {
    segments: VecDeque<(u32, PathBuf)>,
    file: Option<SegmentFile>,
    /// The next batch.
    at: Position,
    id: u64,
    seq: u64,
    /// Batches that end before this entry are stepped over.
    skip_before: u64,
    end: Position,
    last_batch: Option<Position>,
    /// The batch of the last step.
    pub(super) batch: Batch,
    marks: Option<Marks>,
}

impl Batches {
    /// From the beginning.
    pub(super) fn from_start(dir: &Path) -> Result<Self, ReadError> {
        let start = Position {
            segment: 1,
            offset: 0,
        };
        Self::from_position(dir, start, 1, 0)
    }

    /// From a batch whose place, id and first entry are known.
    pub(super) fn from_position(
        dir: &Path,
        at: Position,
        id: u64,
        seq: u64,
    ) -> Result<Self, ReadError> {
        let mut segments = segments(dir)?;
        segments.retain(|(number, _)| *number >= at.segment);
        Ok(Self {
            segments,
            file: None,
            at,
            id,
            seq,
            skip_before: 0,
            end: at,
            last_batch: None,
            batch: Batch::default(),
            marks: None,
        })
    }

    /// From a batch whose place is known, and nothing else.
    pub(super) fn from_unnumbered(dir: &Path, at: Position) -> Result<Self, ReadError> {
        let path = segment_path(dir, at.segment);
        let head = SegmentFile::open(&path)?.head_at(at.offset)?;
        let (id, seq) = head.map_or((0, 0), |head| (head.id, head.first_seq));
        Self::from_position(dir, at, id, seq)
    }

    /// From the batch that holds entry `from`.
    pub(super) fn from_entry(dir: &Path, from: u64) -> Result<Self, ReadError> {
        let segments: Vec<(u32, PathBuf)> = segments(dir)?.into();
        let mut batches = match last_that_begins_before(&segments, from)? {
            None => Self::from_start(dir)?,
            Some((segment, head)) => {
                let at = Position { segment, offset: 0 };
                Self::from_position(dir, at, head.id, head.first_seq)?
            }
        };
        batches.skip_before = from;
        Ok(batches)
    }

    /// The same, from the nearest of these marks; those on the way are noted.
    fn from_mark(dir: &Path, from: u64, marks: &Marks) -> Result<Self, ReadError> {
        let mut batches = Self::from_entry(dir, from)?;
        // A mark in an earlier segment is farther than the beginning of this one.
        let near = marks
            .before(from)
            .filter(|mark| mark.at.segment == batches.at.segment);
        if let Some(mark) = near {
            (batches.at, batches.id, batches.seq) = (mark.at, mark.id, mark.seq);
            batches.end = mark.at;
        }
        batches.marks = Some(marks.clone());
        Ok(batches)
    }

    /// After the last whole batch.
    pub(super) const fn next_place(&self) -> Position {
        self.end
    }

    /// Id of the batch after the last step's.
    pub(super) const fn next_id(&self) -> u64 {
        self.id
    }

    /// Number of the entry after the last step's batch.
    pub(super) const fn next_seq(&self) -> u64 {
        self.seq
    }

    /// Goes on by one batch.
    pub(super) fn step(&mut self) -> Result<Step, ReadError> {
        let mut again = true;
        loop {
            self.batch.clear();
            let Some((number, path)) = self.segments.front().cloned() else {
                return Ok(self.finish(None));
            };
            if number != self.at.segment {
                self.at = Position {
                    segment: number,
                    offset: 0,
                };
            }
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(SegmentFile::open(&path)?),
            };
            let skip_before = self.skip_before;
            match file.read(self.at.offset, &mut self.batch, skip_before)? {
                Content::Batch(head) if (head.id, head.first_seq) == (self.id, self.seq) => {
                    self.last_batch = Some(self.at);
                    if let Some(marks) = &self.marks {
                        let (at, id, seq) = (self.at, self.id, self.seq);
                        marks.note(Mark { at, id, seq });
                    }
                    self.at.offset = self.at.offset.saturating_add(head.len());
                    self.end = self.at;
                    self.id = self.id.saturating_add(1);
                    self.seq = head.next_seq();
                    if self.seq > skip_before {
                        return Ok(Step::Batch);
                    }
                }
                Content::Batch(head) => {
                    self.batch.clear();
                    return Ok(Step::Damaged(self.out_of_place(head.first_seq)));
                }
                Content::Nothing => {
                    self.segments.pop_front();
                    self.file = None;
                }
                Content::Broken { damage, followed } => {
                    let damage = damage.unwrap_or(Damage {
                        entry: self.seq,
                        harm: Harm::Frame("the head of its batch is damaged"),
                    });
                    if !followed && !self.later_batches()? {
                        return Ok(self.finish(Some(damage)));
                    }
                    if !again {
                        return Ok(Step::Damaged(damage));
                    }
                    // A writer may have finished this batch and the next while we looked.
                    again = false;
                }
            }
        }
    }

    fn finish(&mut self, torn: Option<Damage>) -> Step {
        self.batch.clear();
        Step::End(End {
            position: self.end,
            last_batch: self.last_batch,
            torn: torn.map(|damage| TornBatch {
                position: self.at,
                damage,
            }),
        })
    }

    fn out_of_place(&self, found: u64) -> Damage {
        let harm = if found > self.seq {
            Harm::Missing { found }
        } else {
            Harm::Frame("a batch stands in its place that belongs elsewhere")
        };
        Damage {
            entry: self.seq,
            harm,
        }
    }

    /// Whether a segment after this one holds a whole batch.
    fn later_batches(&self) -> Result<bool, ReadError> {
        for (_, path) in self.segments.iter().skip(1) {
            if SegmentFile::open(path)?.holds_batch()? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The last segment that begins at entry `from` or before, and its first head; `None` when there is none.
fn last_that_begins_before(
    segments: &[(u32, PathBuf)],
    from: u64,
) -> Result<Option<(u32, BatchHead)>, ReadError> {
    let mut left = segments;
    let mut best = None;
    while let Some((number, path)) = left.get(left.len() / 2) {
        let middle = left.len() / 2;
        match SegmentFile::open(path)?.head_at(0)? {
            Some(head) if head.first_seq <= from => {
                best = Some((*number, head));
                left = left.get(middle.saturating_add(1)..).unwrap_or_default();
            }
            Some(_) => left = left.get(..middle).unwrap_or_default(),
            // Empty, or damaged: on which side to go on it does not tell.
            None => return last_readable_before(segments, from),
        }
    }
    Ok(best)
}

/// The same, by looking at one after the other.
fn last_readable_before(
    segments: &[(u32, PathBuf)],
    from: u64,
) -> Result<Option<(u32, BatchHead)>, ReadError> {
    for (number, path) in segments.iter().rev() {
        match SegmentFile::open(path)?.head_at(0)? {
            Some(head) if head.first_seq <= from => return Ok(Some((*number, head))),
            Some(_) | None => {}
        }
    }
    Ok(None)
}

/// Whether a ledger was begun in this data folder.
pub fn has_ledger(data_dir: &Path) -> bool {
    journal_dir(data_dir).is_dir()
}

/// Bytes of the journal in this data folder.
///
/// # Errors
/// When it cannot be read.
pub fn journal_bytes(data_dir: &Path) -> Result<u64, ReadError> {
    let mut bytes = 0_u64;
    for (_, path) in segments(&journal_dir(data_dir))? {
        let found = std::fs::metadata(&path);
        let found = found.map_err(|source| ReadError::Io { path, source })?;
        bytes = bytes.saturating_add(found.len());
    }
    Ok(bytes)
}

/// The folder of segments in a data folder.
pub(super) fn journal_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("journal")
}

/// The file of a segment.
pub(super) fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.segment"))
}

/// The segments of a journal by rising number.
fn segments(dir: &Path) -> Result<VecDeque<(u32, PathBuf)>, ReadError> {
    let failed = |source| ReadError::Io {
        path: dir.to_owned(),
        source,
    };
    let mut numbers = Vec::new();
    for item in disk::read_dir(dir).map_err(failed)? {
        let name = item.map_err(failed)?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(".segment"))
            .and_then(|number| number.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    let with_path = |number| (number, segment_path(dir, number));
    Ok(numbers.into_iter().map(with_path).collect())
}
