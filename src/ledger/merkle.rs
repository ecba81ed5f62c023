//! The Merkle tree over the leaves (RFC 6962 §2.1), and its proofs (verified as RFC 9162 §2.1.3
//! and §2.1.4 describe).

use crate::digest::Sha256;

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
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The root; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Sha256 {
        self.peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| Sha256::of(&[]))
    }
}

fn node_hash(left: &Sha256, right: &Sha256) -> Sha256 {
    Sha256::of(&[&[NODE_PREFIX], left.as_bytes(), right.as_bytes()])
}

fn root_of(leaves: &[Sha256]) -> Sha256 {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree.root()
}

/// The two subtrees of a tree of two leaves or more: the left one holds the largest power of two
/// below the size.
fn halves(leaves: &[Sha256]) -> Option<(&[Sha256], &[Sha256])> {
    let last = leaves.len().checked_sub(1).filter(|last| *last > 0)?;
    leaves.split_at_checked(1 << last.ilog2())
}

/// The audit path of leaf `index` (RFC 6962 §2.1.1), from the leaf upwards; `None` when there is
/// no such leaf. Costs one hash a leaf.
pub fn inclusion_proof(leaves: &[Sha256], index: usize) -> Option<Vec<Sha256>> {
    let Some((left, right)) = halves(leaves) else {
        return (index < leaves.len()).then(Vec::new);
    };
    let (mut proof, sibling) = match index.checked_sub(left.len()) {
        None => (inclusion_proof(left, index)?, right),
        Some(index) => (inclusion_proof(right, index)?, left),
    };
    proof.push(root_of(sibling));
    Some(proof)
}

/// The proof that the tree of the first `old_size` leaves is a beginning of the whole (RFC 6962
/// §2.1.2); `None` when `old_size` is 0 or beyond the tree. Empty for equal sizes.
pub fn consistency_proof(leaves: &[Sha256], old_size: usize) -> Option<Vec<Sha256>> {
    if old_size == 0 || old_size > leaves.len() {
        return None;
    }
    subproof(leaves, old_size, true)
}

/// SUBPROOF(m, D\[n\], b) of RFC 6962 §2.1.2: `known` is its `b`.
fn subproof(leaves: &[Sha256], old_size: usize, known: bool) -> Option<Vec<Sha256>> {
    if old_size == leaves.len() {
        return Some(if known {
            Vec::new()
        } else {
            vec![root_of(leaves)]
        });
    }
    let (left, right) = halves(leaves)?;
    let (mut proof, sibling) = match old_size.checked_sub(left.len()) {
        None | Some(0) => (subproof(left, old_size, known)?, right),
        Some(rest) => (subproof(right, rest, false)?, left),
    };
    proof.push(root_of(sibling));
    Some(proof)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::leaf_hash;
    use proptest::prelude::ProptestConfig;
    use proptest::proptest;

    /// The leaves of the reference vectors of Certificate Transparency.
    const REFERENCE: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    /// Their tree heads, from no leaf to all eight.
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn digests(texts: &[&str]) -> Vec<Sha256> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn reference_leaves() -> Vec<Sha256> {
        REFERENCE.iter().map(|data| leaf_hash(data)).collect()
    }

    /// MTH of RFC 6962 §2.1, word for word.
    fn naive_root(leaves: &[Sha256]) -> Sha256 {
        match leaves {
            [] => Sha256::of(&[]),
            [leaf] => *leaf,
            _ => {
                let mut split = 1;
                while split << 1 < leaves.len() {
                    split <<= 1;
                }
                let (left, right) = leaves.split_at(split);
                node_hash(&naive_root(left), &naive_root(right))
            }
        }
    }

    fn numbered_leaves(count: usize) -> Vec<Sha256> {
        (0..count)
            .map(|number| leaf_hash(&number.to_be_bytes()))
            .collect()
    }

    #[test]
    fn the_tree_has_the_reference_roots() {
        let mut tree = Tree::new();
        assert_eq!(tree.root().to_string(), ROOTS[0]);
        for (leaf, root) in reference_leaves().into_iter().zip(&ROOTS[1..]) {
            tree.push(leaf);
            assert_eq!(tree.root().to_string(), *root);
        }
    }

    #[test]
    fn proofs_are_the_reference_proofs() {
        let leaves = reference_leaves();
        let path = digests(&[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]);
        assert_eq!(inclusion_proof(&leaves, 5), Some(path));
        let growth = digests(&[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]);
        assert_eq!(consistency_proof(&leaves, 6), Some(growth));
    }

    #[test]
    fn every_proof_of_every_small_tree_verifies_and_a_changed_one_does_not() {
        for size in 1..=20 {
            let leaves = numbered_leaves(size);
            let root = naive_root(&leaves);
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = inclusion_proof(&leaves, index).unwrap();
                let (index, size) = (index as u64, size as u64);
                assert!(verify_inclusion(leaf, index, size, &proof, &root));
                assert!(!verify_inclusion(leaf, index + 1, size, &proof, &root));
                assert!(!verify_inclusion(&root, index, size + 1, &proof, &root));
                for place in 0..proof.len() {
                    let mut bad = proof.clone();
                    bad[place] = Sha256::ZERO;
                    assert!(!verify_inclusion(leaf, index, size, &bad, &root));
                    bad.remove(place);
                    assert!(!verify_inclusion(leaf, index, size, &bad, &root));
                }
            }
        }
    }

    #[test]
    fn there_is_no_proof_of_what_is_not_there() {
        let leaves = numbered_leaves(3);
        assert_eq!(inclusion_proof(&leaves, 3), None);
        assert_eq!(inclusion_proof(&[], 0), None);
        assert_eq!(consistency_proof(&leaves, 0), None);
        assert_eq!(consistency_proof(&leaves, 4), None);
        assert_eq!(Tree::from_parts(3, leaves), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_incremental_tree_is_the_naive_tree(count in 0_usize..300) {
            let leaves = numbered_leaves(count);
            let mut tree = Tree::new();
            for leaf in &leaves {
                tree.push(*leaf);
            }
            assert_eq!(tree.root(), naive_root(&leaves));
            let copy = Tree::from_parts(tree.size(), tree.peaks().to_vec());
            assert_eq!(copy, Some(tree));
        }

        #[test]
        fn a_tree_grows_consistently(sizes in [1_usize..200, 1..200], flip in 0_usize..16) {
            let [old, new] = [sizes[0].min(sizes[1]), sizes[0].max(sizes[1])];
            let leaves = numbered_leaves(new);
            let (old_root, new_root) = (naive_root(&leaves[..old]), naive_root(&leaves));
            let proof = consistency_proof(&leaves, old).unwrap();
            let (old, new) = (old as u64, new as u64);
            assert!(verify_consistency(old, new, &old_root, &new_root, &proof));
            assert!(!verify_consistency(old, new, &Sha256::ZERO, &new_root, &proof));
            assert!(!verify_consistency(old, new, &old_root, &Sha256::ZERO, &proof));
            assert!(!verify_consistency(old, new.wrapping_add(1), &old_root, &old_root, &proof));
            if let Some(len) = std::num::NonZeroUsize::new(proof.len()) {
                let mut bad = proof;
                bad[flip % len] = Sha256::ZERO;
                assert!(!verify_consistency(old, new, &old_root, &new_root, &bad));
            }
        }
    }
}
