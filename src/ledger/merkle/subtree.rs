//! The parts of a tree that hashes are kept of, and the order that they are kept in.

use crate::digest::Sha256;
use crate::ledger::merkle::joined;

/// Levels of the largest tree.
const LEVELS_MAX: u8 = 63;

/// The root of a perfect subtree: over the leaves `index · 2^level` to `(index + 1) · 2^level`, the
/// latter not among them. Once these leaves are there it does not change any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    pub(super) level: u8,
    pub(super) index: u64,
}

impl Node {
    /// A leaf.
    pub const fn leaf(index: u64) -> Self {
        Self { level: 0, index }
    }

    /// How far above the leaves: 0 for a leaf.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Its number on that level, from 0 on the left.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// The node above.
    pub(super) const fn parent(self) -> Self {
        Self {
            level: self.level.saturating_add(1),
            index: self.index >> 1,
        }
    }

    /// How many leaves a tree has with which this node is whole, at the least.
    pub fn whole_at(self) -> u64 {
        let next = self.index.saturating_add(1);
        next.saturating_mul(leaves_below(self.level))
    }

    /// Its place among the hashes of all nodes in the order in which they become whole, which is
    /// `StoredHashIndex` of Go's `golang.org/x/mod/sumdb/tlog`: a leaf, then the nodes above it that
    /// are whole with it.
    pub fn stored_index(self) -> u64 {
        let last_leaf = self.whole_at().saturating_sub(1);
        stored_count(last_leaf).saturating_add(self.level.into())
    }
}

fn leaves_below(level: u8) -> u64 {
    1_u64.checked_shl(level.into()).unwrap_or(u64::MAX)
}

/// How many nodes of a tree of `size` leaves are whole.
pub fn stored_count(size: u64) -> u64 {
    size.saturating_mul(2)
        .saturating_sub(size.count_ones().into())
}

/// The largest size of a tree whose whole nodes are among the first `count`.
pub fn stored_leaves(count: u64) -> u64 {
    // A half of the count, and a few more: as many as the size has bits set, halved.
    let mut size = count >> 1;
    while stored_count(size.saturating_add(1)) <= count && size < count {
        size = size.saturating_add(1);
    }
    size
}

/// The leaves from `start` to `end`, the latter not among them, as a proof needs them under one
/// hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Subtree {
    /// A whole tree.
    pub const fn of_size(size: u64) -> Self {
        Self {
            start: 0,
            end: size,
        }
    }

    /// Where its right half begins: at the largest power of two below its size. `None` for fewer
    /// than two leaves.
    pub(super) fn middle(self) -> Option<u64> {
        let leaves = self.end.checked_sub(self.start)?;
        let last = leaves.checked_sub(1).filter(|last| *last > 0)?;
        Some(self.start.saturating_add(1 << last.ilog2()))
    }

    /// The perfect subtrees in it from left to right, which is the largest first.
    pub fn nodes(self) -> impl Iterator<Item = Node> {
        let mut at = self.start;
        std::iter::from_fn(move || {
            let level = self.end.checked_sub(at)?.checked_ilog2()?;
            let level = u8::try_from(level).ok()?.min(LEVELS_MAX);
            let index = at.checked_shr(level.into())?;
            at = at.saturating_add(leaves_below(level));
            Some(Node { level, index })
        })
    }

    /// Its root, from the hashes of its nodes.
    ///
    /// # Errors
    /// The first error of `hash_of`.
    pub fn root<E>(self, mut hash_of: impl FnMut(Node) -> Result<Sha256, E>) -> Result<Sha256, E> {
        let mut peaks = Vec::new();
        for node in self.nodes() {
            peaks.push(hash_of(node)?);
        }
        Ok(joined(&peaks))
    }
}
