//! A map of which only the digest is kept here: it changes with every fact and costs little.
//!
//! To the byte:
//! - a *leaf* is a key (text without NUL) and a value:
//!   SHA-256(`0x00` ‖ key ‖ `0x00` ‖ canonical JSON of the value, RFC 8785);
//! - its *bucket* is the first 16 bits of SHA-256(key); a bucket's digest is
//!   SHA-256(`0x01` ‖ its leaves in byte order of their keys);
//! - above the buckets stands a tree: a *node* has four members, which share all but the last two
//!   bits of their numbers; its digest is SHA-256(`0x02` ‖ the digests of its members in order);
//! - a bucket without leaves, and a node without members, has 32 zero bytes for a digest;
//! - the *root* is SHA-256(`0x03` ‖ the digest of the topmost node).
//!
//! So a change costs the hashing of one bucket and of eight nodes, with a million leaves as with a
//! hundred.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::digest::Hasher;
use crate::digest::Sha256;
#[cfg(debug_assertions)]
use crate::digest::canonical_json;

/// Members of a node.
const FANOUT: u16 = 4;

/// Bytes that a node's digest is of: hashed in one piece, which takes half as long as in five.
const NODE_BYTES: usize = 1 + 4 * 32;

/// Levels of nodes above the 65,536 buckets: 4^8 of them.
const LEVELS: usize = 8;

/// Digests of keyed values, and one digest of them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MerkleMap {
    buckets: BTreeMap<u16, Bucket>,
    /// Nodes that have members, from those right above the buckets to the topmost.
    levels: [BTreeMap<u16, Sha256>; LEVELS],
    /// Buckets that changed since `root` was computed.
    changed: BTreeSet<u16>,
    root: Sha256,
    /// The root is computed only by [`MerkleMap::settle_now`].
    deferred: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bucket {
    leaves: BTreeMap<Box<str>, Sha256>,
    digest: Sha256,
}

/// The digest of a leaf. `value` must have its keys in the order of canonical JSON: then plain
/// JSON is canonical, and many times cheaper. Debug builds, hence tests, check it.
///
/// # Errors
/// When `value` has no JSON form.
pub(crate) fn leaf<T: Serialize>(key: &str, value: &T) -> Result<Sha256, serde_json::Error> {
    let text = serde_json::to_vec(value)?;
    #[cfg(debug_assertions)]
    debug_assert_eq!(
        std::str::from_utf8(&text).ok(),
        Some(canonical_json(value)?.as_str()),
        "keys in the order of canonical JSON"
    );
    Ok(Sha256::of(&[&[0], key.as_bytes(), &[0], &text]))
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

fn bucket_of(key: &str) -> u16 {
    let [first, second, ..] = *Sha256::of(&[key.as_bytes()]).as_bytes();
    u16::from_be_bytes([first, second])
}

/// The digest of the node whose members `member` looks up; `None` when there are none.
fn node<'a>(number: u16, member: impl Fn(u16) -> Option<&'a Sha256>) -> Option<Sha256> {
    let first = number.saturating_mul(FANOUT);
    let mut text = [0; NODE_BYTES];
    let mut some = false;
    let (level, places) = text.split_first_mut()?;
    *level = 2;
    for (place, bytes) in (0..FANOUT).zip(places.as_chunks_mut::<32>().0) {
        if let Some(digest) = member(first.saturating_add(place)) {
            *bytes = *digest.as_bytes();
            some = true;
        }
    }
    some.then(|| Sha256::of(&[&text]))
}

impl MerkleMap {
    /// Nothing in it.
    pub(crate) fn new() -> Self {
        Self {
            buckets: BTreeMap::new(),
            levels: Default::default(),
            changed: BTreeSet::new(),
            root: hashed(3, std::iter::once(&Sha256::ZERO)),
            deferred: false,
        }
    }

    /// Sets the leaf of `key`. The root follows at [`MerkleMap::settle`].
    pub(crate) fn set(&mut self, key: &str, leaf: Sha256) {
        let number = bucket_of(key);
        let bucket = self.buckets.entry(number).or_default();
        bucket.leaves.insert(key.into(), leaf);
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

    /// Leaves the root as it is from now on, until [`MerkleMap::settle_now`] each time.
    pub(crate) const fn defer(&mut self) {
        self.deferred = true;
    }

    /// Computes the root anew from what changed, unless that is deferred.
    pub(crate) fn settle(&mut self) {
        if !self.deferred {
            self.settle_now();
        }
    }

    /// Computes the root anew from what changed.
    pub(crate) fn settle_now(&mut self) {
        let mut changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return;
        }
        for number in &changed {
            if let Some(bucket) = self.buckets.get_mut(number) {
                if bucket.leaves.is_empty() {
                    self.buckets.remove(number);
                } else {
                    bucket.digest = hashed(1, bucket.leaves.values());
                }
            }
        }
        let buckets = &self.buckets;
        let mut below: Option<&BTreeMap<u16, Sha256>> = None;
        for level in &mut self.levels {
            changed = changed.iter().map(|number| number / FANOUT).collect();
            for number in &changed {
                let digest = node(*number, |member| match below {
                    None => buckets.get(&member).map(|bucket| &bucket.digest),
                    Some(below) => below.get(&member),
                });
                match digest {
                    Some(digest) => level.insert(*number, digest),
                    None => level.remove(number),
                };
            }
            below = Some(level);
        }
        let top = below.and_then(|top| top.get(&0)).unwrap_or(&Sha256::ZERO);
        self.root = hashed(3, std::iter::once(top));
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
            let key = format!("k/{key}");
            map.set(&key, leaf(&key, value).unwrap());
        }
        map.settle();
        map
    }

    /// The root of 65,536 buckets, by the text above.
    fn root_of(buckets: &[Sha256]) -> Sha256 {
        let joined = |level, digests: &[Sha256]| {
            let bytes = digests.iter().flat_map(|digest| *digest.as_bytes());
            let bytes: Vec<u8> = std::iter::once(level).chain(bytes).collect();
            Sha256::of(&[&bytes])
        };
        let mut level = buckets.to_vec();
        while level.len() > 1 {
            let nodes = level.chunks(4).map(|members| {
                let some = members.iter().any(|member| *member != Sha256::ZERO);
                if some {
                    joined(2, members)
                } else {
                    Sha256::ZERO
                }
            });
            level = nodes.collect();
        }
        joined(3, &level)
    }

    #[test]
    fn the_root_is_what_the_text_above_says() {
        let mut buckets = vec![Sha256::ZERO; 65_536];
        assert_eq!(MerkleMap::new().root(), root_of(&buckets));

        let mut map = MerkleMap::new();
        map.set("own", leaf("own", &"st-anna").unwrap());
        map.settle();
        let leaf = Sha256::of(&[b"\0own\0\"st-anna\""]);
        let [first, second, ..] = *Sha256::of(&[b"own"]).as_bytes();
        let number = usize::from(u16::from_be_bytes([first, second]));
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
                        map.set(&key, leaf(&key, &value).unwrap());
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
