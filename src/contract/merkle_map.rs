//! A map of which only the digest is kept here: it changes with every fact and costs little.
//!
//! To the byte:
//! - a *leaf* is a key (text without NUL) and a value:
//!   SHA-256(`0x00` ‖ key ‖ `0x00` ‖ canonical JSON of the value, RFC 8785);
//! - its *bucket* is the first byte of SHA-256(key); a bucket's digest is
//!   SHA-256(`0x01` ‖ its leaves in byte order of their keys), or 32 zero bytes when it is empty;
//! - buckets form 16 *groups* by the upper four bits of their number; a group's digest is
//!   SHA-256(`0x02` ‖ the digests of its 16 buckets in order);
//! - the *root* is SHA-256(`0x03` ‖ the digests of the 16 groups in order).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::digest::canonical_json;

/// Groups, and buckets in each.
const GROUPS: usize = 16;

/// Digests of keyed values, and one digest of them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MerkleMap {
    buckets: BTreeMap<u8, Bucket>,
    groups: [Sha256; GROUPS],
    /// Buckets that changed since `root` was computed.
    changed: BTreeSet<u8>,
    root: Sha256,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bucket {
    leaves: BTreeMap<String, Sha256>,
    digest: Sha256,
}

/// The digest of a leaf.
///
/// # Errors
/// When `value` has no JSON form.
pub(crate) fn leaf<T: Serialize>(key: &str, value: &T) -> Result<Sha256, serde_json::Error> {
    let text = canonical_json(value)?;
    Ok(Sha256::of(&[&[0], key.as_bytes(), &[0], text.as_bytes()]))
}

/// SHA-256 of the byte `level` and `digests`.
fn hashed<'a>(level: u8, digests: impl Iterator<Item = &'a Sha256>) -> Sha256 {
    let mut hasher = Hasher::new();
    hasher.update(&[level]);
    for digest in digests {
        hasher.update(digest.as_bytes());
    }
    hasher.finish()
}

fn bucket_of(key: &str) -> u8 {
    let [first, ..] = *Sha256::of(&[key.as_bytes()]).as_bytes();
    first
}

impl MerkleMap {
    /// Nothing in it.
    pub(crate) fn new() -> Self {
        let group = hashed(2, [Sha256::ZERO; GROUPS].iter());
        let groups = [group; GROUPS];
        Self {
            buckets: BTreeMap::new(),
            groups,
            changed: BTreeSet::new(),
            root: hashed(3, groups.iter()),
        }
    }

    /// Sets the leaf of `key`. The root follows at [`MerkleMap::settle`].
    pub(crate) fn set(&mut self, key: String, leaf: Sha256) {
        let number = bucket_of(&key);
        let bucket = self.buckets.entry(number).or_default();
        bucket.leaves.insert(key, leaf);
        self.changed.insert(number);
    }

    /// Removes `key`, if it is there.
    pub(crate) fn remove(&mut self, key: &str) {
        let number = bucket_of(key);
        if let Some(bucket) = self.buckets.get_mut(&number) {
            bucket.leaves.remove(key);
            self.changed.insert(number);
        }
    }

    /// Computes the root anew from what changed.
    pub(crate) fn settle(&mut self) {
        let mut groups = BTreeSet::new();
        for number in std::mem::take(&mut self.changed) {
            groups.insert(number >> 4);
            if let Some(bucket) = self.buckets.get_mut(&number) {
                if bucket.leaves.is_empty() {
                    self.buckets.remove(&number);
                } else {
                    bucket.digest = hashed(1, bucket.leaves.values());
                }
            }
        }
        for group in groups {
            let numbers = (0..16).map(|low| (group << 4) | low);
            let buckets = numbers.map(|number| self.buckets.get(&number));
            let digests: Vec<Sha256> = buckets
                .map(|bucket| bucket.map_or(Sha256::ZERO, |bucket| bucket.digest))
                .collect();
            if let Some(digest) = self.groups.get_mut(usize::from(group)) {
                *digest = hashed(2, digests.iter());
            }
        }
        self.root = hashed(3, self.groups.iter());
    }

    /// The root as of the last [`MerkleMap::settle`].
    pub(crate) const fn root(&self) -> Sha256 {
        self.root
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::proptest;

    use super::*;

    fn of(pairs: &BTreeMap<u16, u32>) -> MerkleMap {
        let mut map = MerkleMap::new();
        for (key, value) in pairs.iter().rev() {
            map.set(
                format!("k/{key}"),
                leaf(&format!("k/{key}"), value).unwrap(),
            );
        }
        map.settle();
        map
    }

    /// The root of 256 buckets, by the text above.
    fn root_of(buckets: &[Sha256]) -> Sha256 {
        let joined = |level, digests: &[Sha256]| {
            let bytes = digests.iter().flat_map(|digest| *digest.as_bytes());
            let bytes: Vec<u8> = std::iter::once(level).chain(bytes).collect();
            Sha256::of(&[&bytes])
        };
        let groups = buckets.chunks(16).map(|group| joined(2, group));
        joined(3, &groups.collect::<Vec<_>>())
    }

    #[test]
    fn the_root_is_what_the_text_above_says() {
        let mut buckets = [Sha256::ZERO; 256];
        assert_eq!(MerkleMap::new().root(), root_of(&buckets));

        let mut map = MerkleMap::new();
        map.set("own".into(), leaf("own", &"st-anna").unwrap());
        map.settle();
        let leaf = Sha256::of(&[b"\0own\0\"st-anna\""]);
        let number = usize::from(Sha256::of(&[b"own"]).as_bytes()[0]);
        buckets[number] = Sha256::of(&[&[1], leaf.as_bytes()]);
        assert_eq!(map.root(), root_of(&buckets));

        map.remove("own");
        map.settle();
        assert_eq!(map, MerkleMap::new());
    }

    proptest! {
        #[test]
        fn the_root_depends_on_what_is_in_it_and_not_on_how_it_came(
            steps in vec((0..300_u16, any::<Option<u32>>()), 0..200),
        ) {
            let mut expected = BTreeMap::new();
            let mut map = MerkleMap::new();
            for (number, value) in steps {
                let key = format!("k/{number}");
                match value {
                    Some(value) => {
                        expected.insert(number, value);
                        map.set(key.clone(), leaf(&key, &value).unwrap());
                    }
                    None => {
                        expected.remove(&number);
                        map.remove(&key);
                    }
                }
                map.settle();
            }
            assert_eq!(map, of(&expected));
            let mut other = expected.clone();
            other.insert(7, expected.get(&7).map_or(0, |value| value.wrapping_add(1)));
            assert_ne!(map.root(), of(&other).root());
        }
    }
}
