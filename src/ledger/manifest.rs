//! What a transfer consisted of, as one digest: the root of an RFC 6962 tree over the salted SHA-256 of
//! each data set, sorted.
//!
//! Sorted: the order in which images came does not matter, so that two ends of a transfer agree whatever
//! their order was. Salted: who holds two ledgers and not the salt cannot tell that they speak of the same
//! images, nor test whether an image that they have is among them.

use crate::digest::Sha256;
use crate::ledger::entry::leaf_hash;
use crate::ledger::merkle::Tree;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// The digests of one transfer, salted.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    salt: [u8; SALT_BYTES],
    leaves: Vec<Sha256>,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Manifest({} instances)", self.leaves.len())
    }
}

impl Manifest {
    /// Of nothing yet.
    pub const fn new(salt: [u8; SALT_BYTES]) -> Self {
        Self {
            salt,
            leaves: Vec::new(),
        }
    }

    /// Adds the data set with this SHA-256.
    pub fn add(&mut self, digest: &Sha256) {
        self.leaves.push(self.salted(digest));
    }

    /// How many data sets there are.
    pub const fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The root over what was added, in whatever order.
    pub fn root(&self) -> Sha256 {
        Self::root_over(self.leaves.clone())
    }

    /// The root if `digest` had been added, too.
    pub fn root_with(&self, digest: &Sha256) -> Sha256 {
        let mut leaves = self.leaves.clone();
        leaves.push(self.salted(digest));
        Self::root_over(leaves)
    }

    fn salted(&self, digest: &Sha256) -> Sha256 {
        Sha256::of(&[&self.salt, digest.as_bytes()])
    }

    fn root_over(mut leaves: Vec<Sha256>) -> Sha256 {
        leaves.sort_unstable();
        let mut tree = Tree::new();
        for leaf in leaves {
            tree.push(leaf_hash(leaf.as_bytes()));
        }
        tree.root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(salt: u8, images: &[&[u8]]) -> Sha256 {
        let mut manifest = Manifest::new([salt; SALT_BYTES]);
        for image in images {
            manifest.add(&Sha256::of(&[image]));
        }
        manifest.root()
    }

    #[test]
    fn the_order_of_images_does_not_matter_and_each_of_them_does() {
        assert_eq!(of(1, &[b"a", b"b", b"c"]), of(1, &[b"c", b"a", b"b"]));
        assert_ne!(of(1, &[b"a", b"b", b"c"]), of(1, &[b"a", b"b"]));
        assert_ne!(of(1, &[b"a", b"b"]), of(1, &[b"a", b"b", b"b"]));
    }

    #[test]
    fn another_salt_makes_another_root_of_the_same_images() {
        assert_ne!(of(1, &[b"a"]), of(2, &[b"a"]));
    }

    #[test]
    fn one_more_is_what_it_would_be_if_it_were_added() {
        let mut manifest = Manifest::new([7; SALT_BYTES]);
        manifest.add(&Sha256::of(&[b"a"]));
        let more = Sha256::of(&[b"b"]);
        let with = manifest.root_with(&more);
        assert_ne!(with, manifest.root());
        manifest.add(&more);
        assert_eq!(with, manifest.root());
    }

    #[test]
    fn the_root_is_the_documented_one() {
        // SHA-256(0x00 ‖ SHA-256(salt ‖ SHA-256("a"))), as docs/two-hospitals.md has it.
        let salted = Sha256::of(&[&[1; 16], Sha256::of(&[b"a"]).as_bytes()]);
        assert_eq!(of(1, &[b"a"]), Sha256::of(&[&[0], salted.as_bytes()]));
    }
}
