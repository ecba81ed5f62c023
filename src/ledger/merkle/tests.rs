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
fn inclusion_proof(leaves: &[Sha256], index: usize) -> Option<Vec<Sha256>> {
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
fn consistency_proof(leaves: &[Sha256], old_size: usize) -> Option<Vec<Sha256>> {
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
    assert_eq!(inclusion_path(3, 3), None);
    assert_eq!(inclusion_path(0, 0), None);
    assert_eq!(consistency_path(0, 3), None);
    assert_eq!(consistency_path(4, 3), None);
    assert_eq!(Tree::from_parts(3, numbered_leaves(3)), None);
}

/// The hashes of a tree's whole nodes, in the order that they are told in.
fn stored(leaves: &[Sha256]) -> (Tree, Vec<Sha256>) {
    let (mut tree, mut hashes) = (Tree::new(), Vec::new());
    for leaf in leaves {
        tree.grow(*leaf, |node, hash| {
            assert_eq!(node.stored_index(), hashes.len() as u64);
            hashes.push(hash);
        });
    }
    (tree, hashes)
}

fn roots(hashes: &[Sha256], subtrees: &[Subtree]) -> Vec<Sha256> {
    let hash_of = |node: Node| {
        let place = usize::try_from(node.stored_index()).unwrap();
        hashes.get(place).copied().ok_or(node)
    };
    let roots = subtrees.iter().map(|subtree| subtree.root(hash_of));
    roots.collect::<Result<_, _>>().unwrap()
}

#[test]
fn nodes_are_stored_in_the_order_of_gos_tlog() {
    // StoredHashIndex of golang.org/x/mod/sumdb/tlog for levels 0 to 3.
    let places = [
        (0, vec![0, 1, 3, 4, 7, 8, 10, 11, 15]),
        (1, vec![2, 5, 9, 12, 17]),
        (2, vec![6, 13, 21]),
        (3, vec![14, 29]),
    ];
    for (level, places) in places {
        for (index, place) in (0..).zip(places) {
            assert_eq!(
                Node { level, index }.stored_index(),
                place,
                "{level} {index}"
            );
        }
    }
    let mut whole = 0;
    for size in 0..600 {
        let count = stored_count(size);
        assert_eq!((count, stored_leaves(count)), (whole, size));
        whole += 1 + u64::from(size.trailing_ones());
        assert_eq!(stored_leaves(stored_count(size + 1) - 1), size);
    }
    let top = Node {
        level: u8::MAX,
        index: u64::MAX,
    };
    assert_eq!(top.whole_at(), u64::MAX);
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
    fn stored_hashes_give_the_same_proofs_as_the_leaves(sizes in [1_usize..300, 1..300], at in 0_usize..300) {
        let [old, new] = [sizes[0].min(sizes[1]), sizes[0].max(sizes[1])];
        let leaves = numbered_leaves(new);
        let (tree, hashes) = stored(&leaves);
        let (old_size, size, index) = (old as u64, new as u64, at.min(new.saturating_sub(1)));
        let root = |size| roots(&hashes, &[Subtree::of_size(size)])[0];
        assert_eq!(root(size), tree.root());
        assert_eq!(root(old_size), naive_root(&leaves[..old]));
        let path = inclusion_path(index as u64, size).unwrap();
        assert_eq!(Some(roots(&hashes, &path)), inclusion_proof(&leaves, index));
        let path = consistency_path(old_size, size).unwrap();
        assert_eq!(Some(roots(&hashes, &path)), consistency_proof(&leaves, old));
        let nodes = path.iter().flat_map(|subtree| subtree.nodes()).count();
        assert!(nodes <= 20, "{nodes} hashes for one proof");
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
