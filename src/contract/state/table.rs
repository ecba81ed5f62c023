//! Facts of one kind under their keys, each of them a leaf of the Merkle map.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::contract::merkle_map::MerkleMap;
use crate::contract::merkle_map::leaf;

/// A kind of facts. Its fields stand in the order of canonical JSON, as a leaf needs it.
pub(super) trait Fact: Serialize {
    /// What such a fact is found by; its text, with the kind, is the key of the leaf.
    type Key: Ord + Clone + Display;
    /// The first part of the leaf's key.
    const KIND: &'static str;
}

/// See the module. As a snapshot: pairs of key and fact, by rising key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table<F: Fact> {
    rows: BTreeMap<F::Key, F>,
}

impl<F: Fact> Table<F> {
    pub(super) const fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, key: &F::Key) -> Option<&F> {
        self.rows.get(key)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&F::Key, &F)> {
        self.rows.iter()
    }

    pub(super) fn range(
        &self,
        keys: impl std::ops::RangeBounds<F::Key>,
    ) -> impl Iterator<Item = (&F::Key, &F)> {
        self.rows.range(keys)
    }

    pub(super) fn put(
        &mut self,
        map: &mut MerkleMap,
        key: F::Key,
        fact: F,
    ) -> Result<(), serde_json::Error> {
        let text = name::<F>(&key);
        map.set(&text, leaf(&text, &fact)?);
        self.rows.insert(key, fact);
        Ok(())
    }

    pub(super) fn remove(&mut self, map: &mut MerkleMap, key: &F::Key) -> Option<F> {
        let fact = self.rows.remove(key)?;
        map.remove(&name::<F>(key));
        Some(fact)
    }

    /// Puts a leaf for each fact into `map`.
    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        for (key, fact) in &self.rows {
            let text = name::<F>(key);
            map.set(&text, leaf(&text, fact)?);
        }
        Ok(())
    }
}

fn name<F: Fact>(key: &F::Key) -> String {
    format!("{}/{key}", F::KIND)
}

impl<F: Fact> Serialize for Table<F>
where
    F::Key: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.rows)
    }
}

impl<'de, F> Deserialize<'de> for Table<F>
where
    F: Fact + Deserialize<'de>,
    F::Key: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Collected from a sorted list, the tree's nodes are full: half the memory.
        let rows: Vec<(F::Key, F)> = Vec::deserialize(deserializer)?;
        Ok(Self {
            rows: rows.into_iter().collect(),
        })
    }
}
