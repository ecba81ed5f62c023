//! The instances of one study that wait in one queue, in the order in which they were received.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Object;
use super::ObjectId;
use super::Via;
use crate::config::Priority;
use crate::time::UtcMicros;

/// What a lane knows of an object that waits in it.
#[derive(Clone, Debug)]
pub(in crate::gateway::delivery) struct Waiting {
    pub(in crate::gateway::delivery) bytes: u64,
    pub(in crate::gateway::delivery) priority: Priority,
    pub(in crate::gateway::delivery) received_at: UtcMicros,
    pub(in crate::gateway::delivery) via: Arc<Via>,
    /// Tries under which the destination broke down or was busy, or the spool could not be read.
    pub(super) tries: u32,
    /// Tries that the destination refused for good, or had no presentation context for.
    pub(super) refusals: u32,
}

/// The first of its objects goes first, also after failures: what comes later waits for it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    objects: BTreeMap<ObjectId, Waiting>,
    by_priority: BTreeMap<Priority, u32>,
    /// The first object is on its way.
    pub(super) is_taken: bool,
    /// Not before this, in monotonic microseconds.
    pub(super) retry_at_us: Option<u64>,
    /// In a row.
    pub(super) failures: u32,
    /// The destination broke down under its first object: others are to show first that it works.
    pub(super) is_suspect: bool,
}

/// Who comes first: the most urgent, then the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    priority: Priority,
    pub(super) first: ObjectId,
}

impl Lane {
    /// A lane is as urgent as the most urgent of its objects, as it cannot overtake the others.
    pub(super) fn rank(&self) -> Option<Rank> {
        let (priority, _) = self.by_priority.first_key_value()?;
        let (first, _) = self.objects.first_key_value()?;
        Some(Rank {
            priority: *priority,
            first: *first,
        })
    }

    /// Its rank when the first object will have gone.
    pub(super) fn rank_after_first(&self) -> Option<Rank> {
        let mut objects = self.objects.iter();
        let (_, leaving) = objects.next()?;
        let (first, _) = objects.next()?;
        let mut priorities = self.by_priority.iter();
        let stays =
            |(priority, count): &(&Priority, &u32)| **priority != leaving.priority || **count > 1;
        let (priority, _) = priorities.find(stays)?;
        Some(Rank {
            priority: *priority,
            first: *first,
        })
    }

    pub(super) fn insert(&mut self, object: &Object) -> bool {
        let waiting = Waiting {
            bytes: object.bytes,
            priority: object.priority,
            received_at: object.received_at,
            via: Arc::clone(&object.via),
            tries: 0,
            refusals: 0,
        };
        let is_new = self.objects.insert(object.id, waiting).is_none();
        if is_new {
            let count = self.by_priority.entry(object.priority).or_default();
            *count = count.saturating_add(1);
        }
        is_new
    }

    /// Nothing of it goes before `at_us`.
    pub(super) fn wait_until(&mut self, at_us: u64) {
        let until_us = self
            .retry_at_us
            .map_or(at_us, |until_us| until_us.max(at_us));
        self.retry_at_us = Some(until_us);
    }

    pub(super) fn remove(&mut self, id: ObjectId) -> Option<Waiting> {
        let removed = self.objects.remove(&id)?;
        if let Some(count) = self.by_priority.get_mut(&removed.priority) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_priority.remove(&removed.priority);
            }
        }
        Some(removed)
    }

    pub(super) fn get(&self, id: ObjectId) -> Option<&Waiting> {
        self.objects.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ObjectId) -> Option<&mut Waiting> {
        self.objects.get_mut(&id)
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = (ObjectId, &Waiting)> {
        self.objects.iter().map(|(id, waiting)| (*id, waiting))
    }

    /// Its first object, which is the one on its way when one is.
    pub(super) fn first(&self) -> Option<(ObjectId, &Waiting)> {
        self.objects().next()
    }
}
