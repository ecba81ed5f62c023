//! Finding entries by what they are about: the index says where, the journal what. So a page costs by what it
//! shows, not by what the ledger holds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use super::problem::Problem;
use super::shelf;
use super::shelf::Found;
use crate::audit::Filter;
use crate::audit::Reading;
use crate::audit::ReadingError;
use crate::audit::Record;
use crate::gateway::Recorder;
use crate::storage::Facet;
use crate::storage::IndexError;

/// Entries that the index is asked for at a time.
const STEP: usize = 512;
/// Entries that are read for one answer.
const READ_MAX: usize = 500;
/// Times that the index is asked for one answer.
const STEPS_MAX: usize = 64;
/// Entries in between that are read, too, rather than looking for a place anew.
const GAP: u64 = 64;
/// Entries that are looked through where the index is not there.
const LOOKED_MAX: u64 = 4_000;

/// Why nothing is found.
#[derive(Debug, thiserror::Error)]
pub(super) enum CatalogueError {
    /// The journal.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Index(IndexError::Unavailable) => {
                Self::unavailable("the ledger is being indexed: try again soon")
            }
            CatalogueError::Index(_) | CatalogueError::Reading(_) => {
                tracing::warn!(%error, "the console cannot read the ledger");
                Self::unavailable("the ledger cannot be read")
            }
        }
    }
}

/// Looks entries up. Every method blocks on the disk.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    recorder: Recorder,
}

impl Catalogue {
    pub(super) const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }

    /// One entry; `None`: there is none of this number.
    pub(super) fn entry(&self, seq: u64) -> Result<Option<Record>, CatalogueError> {
        let stored = self.recorder.journal().get(seq);
        let Some(stored) = stored.map_err(ReadingError::from)? else {
            return Ok(None);
        };
        let mut reading = Reading::of_journal(self.recorder.journal(), None);
        Ok(Some(reading.record(stored)?))
    }

    /// Up to `limit` entries of a kind before entry `before` that `takes` and `filter` take, the newest first.
    /// `facets` narrow what is read: an entry has one of each list.
    pub(super) fn newest_first(
        &self,
        kind: &str,
        facets: &[Vec<Facet>],
        filter: &Filter,
        (before, limit): (u64, usize),
        takes: impl Fn(&Record) -> bool,
    ) -> Result<Found, CatalogueError> {
        let of_kind = vec![Facet::Kind(kind.to_owned())];
        let lists: Vec<&[Facet]> = std::iter::once(of_kind.as_slice())
            .chain(facets.iter().map(Vec::as_slice))
            .collect();
        let mut found = Found::default();
        let (mut end, mut read) = (before, 0_usize);
        for _ in 0..STEPS_MAX {
            let (candidates, floor) = match self.candidates(&lists, end) {
                Ok(found) => found,
                // While it is built anew, the ledger is looked through instead.
                Err(IndexError::Unavailable) => {
                    let filter = Filter {
                        kind: Some(kind.to_owned()),
                        ..filter.clone()
                    };
                    let journal = self.recorder.journal();
                    let looked = shelf::newest_first(&journal, None, &filter, end, limit)?;
                    found
                        .records
                        .extend(looked.records.into_iter().filter(&takes));
                    found.before = looked.before;
                    return Ok(found);
                }
                Err(error) => return Err(error.into()),
            };
            for numbers in candidates.chunks(STEP / 8) {
                for record in self.read(numbers)?.into_values().rev() {
                    // The ledger's time never runs back: what comes before is older yet.
                    if filter.from.is_some_and(|from| record.at() < from) {
                        return Ok(found);
                    }
                    if filter.takes(&record) && takes(&record) {
                        let entry = record.entry.seq;
                        found.records.push(record);
                        if found.records.len() >= limit {
                            found.before = (entry > 0).then_some(entry);
                            return Ok(found);
                        }
                    }
                }
                read = read.saturating_add(numbers.len());
                if read >= READ_MAX {
                    found.before = numbers.last().copied().filter(|last| *last > 0);
                    return Ok(found);
                }
            }
            end = floor;
            if end == 0 {
                return Ok(found);
            }
        }
        found.before = Some(end);
        Ok(found)
    }

    /// Up to `limit` entries about the patients of `filter` before entry `before`, of whatever kind, the newest first:
    /// what names them, and what follows from decisions about them. `None`: there are too many to be told so.
    pub(super) fn of_patients(
        &self,
        filter: &Filter,
        (before, limit): (u64, usize),
    ) -> Result<Option<Found>, CatalogueError> {
        let mut named = BTreeSet::new();
        for patient in &filter.patients {
            named.extend(
                self.recorder
                    .find(&Facet::Patient(*patient), 0..before, STEP)?,
            );
            if named.len() >= STEP {
                return Ok(None);
            }
        }
        let mut numbers = named.clone();
        for decision in named {
            let about = Facet::About(decision);
            let follow = self.recorder.find(&about, decision..before, STEP)?;
            numbers.extend(follow.iter().copied());
            if follow.len() >= STEP || numbers.len() >= READ_MAX {
                return Ok(None);
            }
        }
        let mut found = Found::default();
        let numbers: Vec<u64> = numbers.into_iter().rev().collect();
        for numbers in numbers.chunks(STEP / 8) {
            for record in self.read(numbers)?.into_values().rev() {
                if !filter.takes(&record) {
                    continue;
                }
                let entry = record.entry.seq;
                found.records.push(record);
                if found.records.len() >= limit {
                    found.before = (entry > 0).then_some(entry);
                    return Ok(Some(found));
                }
            }
        }
        Ok(Some(found))
    }

    /// Numbers before `end` that are in every list, the newest first, and the number down to which these are all.
    fn candidates(&self, lists: &[&[Facet]], end: u64) -> Result<(Vec<u64>, u64), IndexError> {
        let mut floor = 0;
        let mut common: Option<BTreeSet<u64>> = None;
        for list in lists {
            let mut either = BTreeSet::new();
            for facet in *list {
                let numbers = self.recorder.find(facet, 0..end, STEP)?;
                if numbers.len() >= STEP {
                    floor = floor.max(numbers.last().copied().unwrap_or(0));
                }
                either.extend(numbers);
            }
            common = Some(match common {
                Some(common) => common.intersection(&either).copied().collect(),
                None => either,
            });
        }
        let common = common.unwrap_or_default();
        let numbers = common.range(floor..).rev().copied().collect();
        Ok((numbers, floor))
    }

    /// What is about entry `about`, in order: the newest `limit`, and whether there is more.
    pub(super) fn about(
        &self,
        about: u64,
        limit: usize,
    ) -> Result<(Vec<Record>, bool), CatalogueError> {
        match self.numbers_about(about, limit.saturating_add(1)) {
            Ok(mut numbers) => {
                let more = numbers.len() > limit;
                // The index tells the newest first.
                numbers.truncate(limit);
                let records = self.read(&numbers)?;
                Ok((records.into_values().collect(), more))
            }
            Err(IndexError::Unavailable) => {
                let after = about.saturating_add(1);
                let range = after..after.saturating_add(LOOKED_MAX);
                let mut records: Vec<Record> = self.range(range)?.into_values().collect();
                records.retain(|record| Record::follows(record.body()) == Some(about));
                let left = records.len().saturating_sub(limit);
                records.drain(..left);
                Ok((records, left > 0))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Numbers of what is about entry `about`, the newest first.
    pub(super) fn numbers_about(&self, about: u64, limit: usize) -> Result<Vec<u64>, IndexError> {
        let range = about..u64::MAX;
        self.recorder.find(&Facet::About(about), range, limit)
    }

    /// Entries with `facet` from entry `from` on: the newest `limit`, in order.
    pub(super) fn since(
        &self,
        facet: &Facet,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, CatalogueError> {
        let numbers = self.recorder.find(facet, from..u64::MAX, limit)?;
        Ok(self.read(&numbers)?.into_values().collect())
    }

    /// The entries of these numbers. What lies close together is read in one go.
    pub(super) fn read(&self, numbers: &[u64]) -> Result<BTreeMap<u64, Record>, CatalogueError> {
        let wanted: BTreeSet<u64> = numbers.iter().copied().collect();
        let mut found = BTreeMap::new();
        for range in ranges(&wanted) {
            let mut records = self.range(range)?;
            records.retain(|seq, _| wanted.contains(seq));
            found.append(&mut records);
        }
        Ok(found)
    }

    fn range(&self, range: Range<u64>) -> Result<BTreeMap<u64, Record>, CatalogueError> {
        let journal = self.recorder.journal();
        let mut reading = Reading::of_journal(journal.clone(), None);
        let mut found = BTreeMap::new();
        for stored in journal.unchecked_entries(range.start).until(range.end) {
            let record = reading.record(stored.map_err(ReadingError::from)?)?;
            found.insert(record.entry.seq, record);
        }
        Ok(found)
    }
}

/// Ranges that hold all of these numbers, with no longer gap in them than is worth reading.
fn ranges(numbers: &BTreeSet<u64>) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for number in numbers {
        let next = number.saturating_add(1);
        match ranges.last_mut() {
            Some(last) if number.saturating_sub(last.end) <= GAP => last.end = next,
            _ => ranges.push(*number..next),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_close_together_is_read_in_one_go() {
        let told = |numbers: &[u64]| ranges(&numbers.iter().copied().collect());
        assert_eq!(told(&[]), []);
        assert_eq!(told(&[7]), vec![Range { start: 7, end: 8 }]);
        assert_eq!(told(&[9, 7, 8]), vec![Range { start: 7, end: 10 }]);
        assert_eq!(
            told(&[0, GAP + 1, 3 * GAP]),
            [0..GAP + 2, 3 * GAP..3 * GAP + 1]
        );
    }
}
