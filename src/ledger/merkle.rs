//! The Merkle tree over the leaves (RFC 6962 §2.1): how it grows, the hashes in it that can be kept,
//! and its proofs.

use crate::digest::Sha256;

mod proof;
mod subtree;
#[cfg(test)]
mod tests;

pub use proof::consistency_path;
pub use proof::inclusion_path;
pub use proof::verify_consistency;
pub use proof::verify_inclusion;
pub use subtree::Node;
pub use subtree::Subtree;
pub use subtree::stored_count;
pub use subtree::stored_leaves;

/// Prefix of an inner node (RFC 6962 §2.1).
const NODE_PREFIX: u8 = 0x01;

/// A tree that grows leaf by leaf and keeps only the roots of its perfect subtrees: at most 64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Roots of the perfect subtrees, the largest first: one for each set bit of `size`.
    peaks: Vec<Sha256>,
}

impl Tree {
    /// The empty tree.
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// A tree from its parts, as [`Tree::peaks`] gave them; `None` when their number is not the
    /// one for this size.
    pub fn from_parts(size: u64, peaks: Vec<Sha256>) -> Option<Self> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        (peaks.len() == expected).then_some(Self { size, peaks })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, the largest first.
    pub fn peaks(&self) -> &[Sha256] {
        &self.peaks
    }

    /// Adds a leaf (see [`leaf_hash`](crate::ledger::leaf_hash)).
    pub fn push(&mut self, leaf: Sha256) {
        self.grow(leaf, |_, _| ());
    }

    /// Adds a leaf, and tells every node that is whole with it, the leaf first: in the order of
    /// [`Node::stored_index`].
    pub fn grow(&mut self, leaf: Sha256, mut whole: impl FnMut(Node, Sha256)) {
        let mut at = Node::leaf(self.size);
        let mut hash = leaf;
        whole(at, hash);
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
                at = at.parent();
                whole(at, hash);
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Sha256 {
        joined(&self.peaks)
    }
}

fn node_hash(left: &Sha256, right: &Sha256) -> Sha256 {
    Sha256::of(&[&[NODE_PREFIX], left.as_bytes(), right.as_bytes()])
}

/// The root over perfect subtrees that lie side by side, the largest first.
fn joined(peaks: &[Sha256]) -> Sha256 {
    let from_the_right = peaks.iter().rev().copied();
    from_the_right
        .reduce(|right, left| node_hash(&left, &right))
        .unwrap_or_else(|| Sha256::of(&[]))
}
