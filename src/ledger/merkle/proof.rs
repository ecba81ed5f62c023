//! Inclusion and consistency proofs: which subtrees' roots they are made of (RFC 6962 §2.1.1 and
//! §2.1.2), and how they are verified (RFC 9162 §2.1.3 and §2.1.4).

use crate::digest::Sha256;
use crate::ledger::merkle::Subtree;
use crate::ledger::merkle::node_hash;

/// The subtrees whose roots are the audit path of leaf `index` in the tree of `size` leaves, from
/// the leaf upwards (RFC 6962 §2.1.1); `None` when there is no such leaf.
pub fn inclusion_path(index: u64, size: u64) -> Option<Vec<Subtree>> {
    if index >= size {
        return None;
    }
    let mut path = Vec::new();
    let mut within = Subtree::of_size(size);
    while let Some(middle) = within.middle() {
        let (left, right) = halves(within, middle);
        let sibling;
        (within, sibling) = if index < middle {
            (left, right)
        } else {
            (right, left)
        };
        path.push(sibling);
    }
    path.reverse();
    Some(path)
}

/// The subtrees whose roots prove that the tree of the first `old_size` leaves is a beginning of
/// the one of `size` (RFC 6962 §2.1.2); `None` when `old_size` is 0 or above `size`. Empty for
/// equal sizes.
pub fn consistency_path(old_size: u64, size: u64) -> Option<Vec<Subtree>> {
    if old_size == 0 || old_size > size {
        return None;
    }
    let mut path = Vec::new();
    let mut within = Subtree::of_size(size);
    while old_size < within.end {
        let (left, right) = halves(within, within.middle()?);
        let sibling;
        (within, sibling) = if old_size <= left.end {
            (left, right)
        } else {
            (right, left)
        };
        path.push(sibling);
    }
    // Whoever verifies knows the old tree's root: it is not in the proof.
    if within.start > 0 {
        path.push(within);
    }
    path.reverse();
    Some(path)
}

const fn halves(whole: Subtree, middle: u64) -> (Subtree, Subtree) {
    let left = Subtree {
        start: whole.start,
        end: middle,
    };
    let right = Subtree {
        start: middle,
        end: whole.end,
    };
    (left, right)
}

/// Whether `leaf` is leaf `index` of the tree of `size` leaves with this root (RFC 9162
/// §2.1.3.2).
pub fn verify_inclusion(
    leaf: &Sha256,
    index: u64,
    size: u64,
    proof: &[Sha256],
    root: &Sha256,
) -> bool {
    if index >= size {
        return false;
    }
    let mut at = index;
    let mut last = size.saturating_sub(1);
    let mut node = *leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == *root
}

/// Whether the tree of `old_size` leaves with `old_root` is a beginning of the tree of `new_size`
/// leaves with `new_root` (RFC 9162 §2.1.4.2).
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: &Sha256,
    new_root: &Sha256,
    proof: &[Sha256],
) -> bool {
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    let mut at = old_size.saturating_sub(1);
    let mut last = new_size.saturating_sub(1);
    let whole = at.trailing_ones();
    at = at.checked_shr(whole).unwrap_or(0);
    last = last.checked_shr(whole).unwrap_or(0);
    // A tree that is a perfect subtree of the new one is its own first node.
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some(parts) => parts,
            None => return false,
        }
    };
    let mut old_node = *first;
    let mut new_node = *first;
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_node = node_hash(sibling, &old_node);
            new_node = node_hash(sibling, &new_node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_node = node_hash(&new_node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_node == *old_root && new_node == *new_root
}
