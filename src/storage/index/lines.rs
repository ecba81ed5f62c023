//! The journal's lines, taken apart for the index some at a time.

use std::str;

use crate::digest::Sha256;
use crate::ledger::Damage;
use crate::ledger::Harm;
use crate::storage::index::IndexError;
use crate::storage::index::skim::Faceted;
use crate::storage::index::skim::facets_of_line;
use crate::storage::reader::Batches;
use crate::storage::reader::JournalReader;
use crate::storage::reader::Position;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;

/// Entries that are taken apart before they are handed on, about.
pub(super) const CHUNK_ENTRIES: usize = 512;

/// Where in the journal to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    position: Position,
    batch_id: u64,
    next_seq: u64,
}

/// Reads entries for the index. The chain is not followed: the gateway has verified it when it
/// opened the journal, or wrote it itself.
#[derive(Debug)]
pub(super) struct Lines {
    batches: Batches,
    next_seq: u64,
    until: u64,
}

impl Lines {
    /// From entry `next_seq` up to, and without, entry `until`. A place for `next_seq` is gone to
    /// straight away; without one, the batch is searched for.
    pub(super) fn new(
        journal: &JournalReader,
        place: Option<Place>,
        next_seq: u64,
        until: u64,
    ) -> Result<Self, ReadError> {
        let batches = match place.filter(|place| place.next_seq == next_seq) {
            Some(place) => journal.batches_at(place.position, place.batch_id, next_seq)?,
            None => journal.batches_from(next_seq)?,
        };
        Ok(Self {
            batches,
            next_seq,
            until,
        })
    }

    /// Where the next one goes on; `None` in the middle of a batch.
    pub(super) fn place(&self) -> Option<Place> {
        let place = Place {
            position: self.batches.next_place(),
            batch_id: self.batches.next_id(),
            next_seq: self.next_seq,
        };
        (self.batches.next_seq() == self.next_seq).then_some(place)
    }

    /// The next entries; none at the end.
    pub(super) fn chunk(&mut self) -> Result<Vec<Faceted>, IndexError> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_ENTRIES && self.next_seq < self.until {
            match self.batches.step()? {
                Step::Batch => {}
                // What comes before is entered first; the next call comes upon it again.
                Step::Damaged(_) if !chunk.is_empty() => break,
                Step::Damaged(damage) => return Err(ReadError::from(damage).into()),
                Step::End(_) => break,
            }
            for seen in self.batches.batch.records() {
                if seen.seq < self.next_seq || seen.seq >= self.until {
                    continue;
                }
                let text = str::from_utf8(seen.line.text).unwrap_or_default();
                let facets = facets_of_line(text).map_err(|error| Damage {
                    entry: seen.seq,
                    harm: Harm::Unreadable(error),
                });
                let facets = facets.map_err(ReadError::from)?;
                chunk.push(Faceted {
                    seq: seen.seq,
                    line_hash: seen.line.hash,
                    keys: facets.iter().map(|facet| facet.key()).collect(),
                });
                self.next_seq = seen.seq.saturating_add(1);
            }
        }
        Ok(chunk)
    }
}

/// SHA-256 of the line of entry `seq`; `None` when the journal ends before it.
pub(super) fn line_hash_of(journal: &JournalReader, seq: u64) -> Result<Option<Sha256>, ReadError> {
    let mut batches = journal.batches_from(seq)?;
    match batches.step()? {
        Step::Batch => {
            let mut records = batches.batch.records();
            Ok(records
                .find(|seen| seen.seq == seq)
                .map(|seen| seen.line.hash))
        }
        Step::Damaged(damage) => Err(damage.into()),
        Step::End(_) => Ok(None),
    }
}
