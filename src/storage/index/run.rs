//! The newest entries, that are not in the store yet: a run that is being filled.

use crate::digest::Sha256;
use crate::storage::index::block;
use crate::storage::index::block::Postings;
use crate::storage::index::progress::Progress;
use crate::storage::index::skim::Faceted;
use crate::storage::index::store::Pair;

/// A run that is being filled, and how far it is.
#[derive(Debug)]
pub(super) struct Run {
    /// Number of its first entry: a multiple of what a run holds.
    first: u64,
    /// Entries that it holds when it is full.
    size: u32,
    entries: u32,
    last_line: Sha256,
    postings: Postings,
}

impl Run {
    /// The run that follows what the store holds.
    pub(super) const fn after(stored: &Progress) -> Self {
        Self {
            first: stored.next_seq,
            size: stored.run_entries,
            entries: 0,
            last_line: stored.last_line,
            postings: Postings::new(),
        }
    }

    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    /// Number of the entry that it takes next.
    pub(super) const fn next_seq(&self) -> u64 {
        self.first.saturating_add(self.entries as u64)
    }

    pub(super) const fn is_full(&self) -> bool {
        self.entries >= self.size
    }

    /// Takes the next entry.
    pub(super) fn add(&mut self, entry: Faceted) {
        for key in entry.keys {
            let numbers = self.postings.entry(key).or_default();
            // An institution that is requester and recipient is entered once.
            if numbers.last() != Some(&self.entries) {
                numbers.push(self.entries);
            }
        }
        self.last_line = entry.line_hash;
        self.entries = self.entries.saturating_add(1);
    }

    /// Numbers of its entries with this facet that are below `before`, the newest first.
    pub(super) fn find(&self, facet: &[u8], before: u64, limit: usize) -> Vec<u64> {
        let numbers = self.postings.get(facet).map_or(&[][..], Vec::as_slice);
        let numbers = numbers.iter().rev();
        let numbers = numbers.map(|number| self.first.saturating_add(u64::from(*number)));
        let numbers = numbers.filter(|number| *number < before);
        numbers.take(limit).collect()
    }

    /// How far the store goes when it holds this run.
    pub(super) const fn progress(&self) -> Progress {
        Progress {
            next_seq: self.next_seq(),
            run_entries: self.size,
            last_line: self.last_line,
        }
    }

    /// What the store is to hold: keys and values.
    pub(super) fn blocks(&self) -> Vec<Pair> {
        block::encode(self.first, &self.postings)
    }
}
