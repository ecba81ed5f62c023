//! Where some batches of a journal begin, kept in memory: a look at one entry need not step over all that its segment
//! has before it. Batches are only ever added behind others, so what was seen stays true; and every reader still
//! compares id and number of the batch that it finds there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::reader::Position;

/// Bytes between two marks.
const EVERY_BYTES: u64 = 256 * 1024;
/// Marks that are kept: those of 16 GiB. One more, and they are gathered anew.
const MARKS_MAX: usize = 65_536;

/// A batch that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Where it begins.
    pub(super) at: Position,
    /// Its id.
    pub(super) id: u64,
    /// Its first entry.
    pub(super) seq: u64,
}

/// See the module. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Arc<Mutex<BTreeMap<u64, Mark>>>);

impl Marks {
    /// The last one at entry `entry` or before.
    pub(super) fn before(&self, entry: u64) -> Option<Mark> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, mark) = marks.range(..=entry).next_back()?;
        Some(*mark)
    }

    /// Notes a batch, if that is far enough from the one before.
    pub(super) fn note(&self, mark: Mark) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = marks
            .range(..=mark.seq)
            .next_back()
            .map(|(_, mark)| mark.at);
        let is_far = before.is_none_or(|before| {
            let bytes = mark.at.offset.saturating_sub(before.offset);
            before.segment != mark.at.segment || bytes >= EVERY_BYTES
        });
        if is_far {
            if marks.len() >= MARKS_MAX {
                marks.clear();
            }
            marks.insert(mark.seq, mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(segment: u32, offset: u64, seq: u64) -> Mark {
        let at = Position { segment, offset };
        Mark { at, id: seq, seq }
    }

    #[test]
    fn the_last_before_an_entry_is_found_and_those_too_near_are_not_kept() {
        let marks = Marks::default();
        assert_eq!(marks.before(7), None);
        let (first, far) = (mark(1, 0, 0), mark(1, EVERY_BYTES, 40));
        for mark in [first, mark(1, EVERY_BYTES - 1, 30), far] {
            marks.note(mark);
        }
        assert_eq!(marks.before(39), Some(first));
        assert_eq!(marks.before(40), Some(far));
        // A segment begins with one.
        marks.note(mark(2, 0, 50));
        assert_eq!(marks.before(99), Some(mark(2, 0, 50)));
    }
}
