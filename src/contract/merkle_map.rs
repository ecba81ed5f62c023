//! A map of which only the digest is kept here: it changes with every fact and costs little.
//!
//! To the byte:
//! - a *leaf* is a key (text without NUL) and a value:
//!   SHA-256(`0x00` ‖ key ‖ `0x00` ‖ canonical JSON of the value, RFC 8785);
//! - its *bucket* is the first 12 bits of SHA-256(key); a bucket's digest is
//!   SHA-256(`0x01` ‖ its leaves in byte order of their keys), or 32 zero bytes when it is empty;
//! - 16 buckets that share the upper 8 bits form a *group*, 16 groups that share the upper 4 a
//!   *family*; the digest of either is SHA-256(`0x02` ‖ the digests of its 16 members in order);
//! - the *root* is SHA-256(`0x03` ‖ the digests of the 16 families in order).
//!
//! So a change costs the hashing of one bucket and of three times 16 digests, with a million leaves
//! as with a hundred.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::digest::Hasher;
use crate::digest::Sha256;
#[cfg(debug_assertions)]
use crate::digest::canonical_json;

/// Members of a group, of a family, and of the root.
const FANOUT: u16 = 16;

/// Digests of keyed values, and one digest of them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MerkleMap {
    buckets: BTreeMap<u16, Bucket>,
    /// By the upper 8 bits; one that is not there has only empty buckets.
    groups: BTreeMap<u16, Sha256>,
    /// By the upper 4 bits.
    families: BTreeMap<u16, Sha256>,
    /// Buckets that changed since `root` was computed.
    changed: BTreeSet<u16>,
    root: Sha256,
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
    u16::from_be_bytes([first, second]) >> 4
}

/// The numbers of the 16 members of `parent`.
fn members(parent: u16) -> impl Iterator<Item = u16> {
    let first = parent.saturating_mul(FANOUT);
    (0..FANOUT).map(move |member| first.saturating_add(member))
}

impl MerkleMap {
    /// Nothing in it.
    pub(crate) fn new() -> Self {
        let mut map = Self {
            buckets: BTreeMap::new(),
            groups: BTreeMap::new(),
            families: BTreeMap::new(),
            changed: BTreeSet::new(),
            root: Sha256::ZERO,
        };
        map.root = map.top();
        map
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

    /// Computes the root anew from what changed.
    pub(crate) fn settle(&mut self) {
        let changed = std::mem::take(&mut self.changed);
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
        let groups: BTreeSet<u16> = changed.iter().map(|bucket| bucket / FANOUT).collect();
        for group in &groups {
            let buckets = members(*group).map(|number| self.buckets.get(&number));
            let digests: Vec<Sha256> = buckets
                .map(|bucket| bucket.map_or(Sha256::ZERO, |bucket| bucket.digest))
                .collect();
            put(&mut self.groups, *group, &digests, Sha256::ZERO);
        }
        let families: BTreeSet<u16> = groups.iter().map(|group| group / FANOUT).collect();
        let empty_group = hashed(2, [Sha256::ZERO; FANOUT as usize].iter());
        for family in families {
            let groups = members(family).map(|number| self.groups.get(&number).copied());
            let digests: Vec<Sha256> = groups.map(|group| group.unwrap_or(empty_group)).collect();
            put(&mut self.families, family, &digests, empty_group);
        }
        self.root = self.top();
    }

    fn top(&self) -> Sha256 {
        let empty_group = hashed(2, [Sha256::ZERO; FANOUT as usize].iter());
        let empty_family = hashed(2, [empty_group; FANOUT as usize].iter());
        let families = (0..FANOUT).map(|number| self.families.get(&number));
        hashed(3, families.map(|family| family.unwrap_or(&empty_family)))
    }

    /// The root as of the last [`MerkleMap::settle`].
    pub(crate) const fn root(&self) -> Sha256 {
        self.root
    }
}

/// Keeps the digest of `members` under `number`, unless all of them are `empty`.
fn put(level: &mut BTreeMap<u16, Sha256>, number: u16, members: &[Sha256], empty: Sha256) {
    if members.iter().all(|member| *member == empty) {
        level.remove(&number);
    } else {
        level.insert(number, hashed(2, members.iter()));
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

    /// The root of 4096 buckets, by the text above.
    fn root_of(buckets: &[Sha256]) -> Sha256 {
        let joined = |level, digests: &[Sha256]| {
            let bytes = digests.iter().flat_map(|digest| *digest.as_bytes());
            let bytes: Vec<u8> = std::iter::once(level).chain(bytes).collect();
            Sha256::of(&[&bytes])
        };
        let groups: Vec<_> = buckets.chunks(16).map(|group| joined(2, group)).collect();
        let families = groups.chunks(16).map(|family| joined(2, family));
        joined(3, &families.collect::<Vec<_>>())
    }

    #[test]
    fn the_root_is_what_the_text_above_says() {
        let mut buckets = [Sha256::ZERO; 4096];
        assert_eq!(MerkleMap::new().root(), root_of(&buckets));

        let mut map = MerkleMap::new();
        map.set("own", leaf("own", &"st-anna").unwrap());
        map.settle();
        let leaf = Sha256::of(&[b"\0own\0\"st-anna\""]);
        let [first, second, ..] = *Sha256::of(&[b"own"]).as_bytes();
        let number = (usize::from(first) << 4) | usize::from(second >> 4);
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
