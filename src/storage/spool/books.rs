//! How much lies in the spool, and which number comes next.

use std::collections::BTreeMap;

use crate::config;
use crate::storage::spool::ObjectId;
use crate::storage::spool::Used;
use crate::storage::spool::error::Limit;

/// The counts, under one lock.
#[derive(Debug)]
pub(super) struct Books {
    bytes_max: u64,
    objects_max: u64,
    /// Of files of objects and drafts.
    bytes: u64,
    drafts: u64,
    objects: BTreeMap<ObjectId, Held>,
    next: u64,
    /// Numbers below it may be given out: the disk knows that they were.
    reserved: u64,
}

/// One object's file.
#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: u64,
    /// Queues that it is in.
    queues: usize,
}

impl Books {
    pub(super) const fn new(settings: &config::Spool) -> Self {
        Self {
            bytes_max: settings.bytes_max,
            objects_max: settings.objects_max,
            bytes: 0,
            drafts: 0,
            objects: BTreeMap::new(),
            next: 1,
            reserved: 1,
        }
    }

    /// Whether there is room for another object of `bytes`.
    pub(super) fn room(&self, bytes: u64) -> Result<(), Limit> {
        let objects = u64::try_from(self.objects.len()).unwrap_or(u64::MAX);
        if objects.saturating_add(self.drafts) >= self.objects_max {
            return Err(Limit::Objects(self.objects_max));
        }
        if self.bytes.saturating_add(bytes) > self.bytes_max {
            return Err(Limit::Bytes(self.bytes_max));
        }
        Ok(())
    }

    /// Counts a draft, and gives it a number; `None` when more numbers must be reserved first.
    pub(super) fn begin(&mut self) -> Option<ObjectId> {
        if self.next >= self.reserved {
            return None;
        }
        let id = ObjectId::from_number(self.next);
        self.next = self.next.saturating_add(1);
        self.drafts = self.drafts.saturating_add(1);
        Some(id)
    }

    /// Goes on from `next`; none is reserved.
    pub(super) const fn begin_numbers(&mut self, next: u64) {
        self.next = next;
        self.reserved = next;
    }

    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn reserve_numbers(&mut self, below: u64) {
        self.reserved = self.reserved.max(below);
    }

    /// A draft grows.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), Limit> {
        let grown = self.bytes.saturating_add(bytes);
        if grown > self.bytes_max {
            return Err(Limit::Bytes(self.bytes_max));
        }
        self.bytes = grown;
        Ok(())
    }

    /// A draft of so many bytes is no more, and they are free again.
    pub(super) const fn end_draft(&mut self, bytes: u64) {
        self.drafts = self.drafts.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// A draft of so many bytes became an object in so many queues.
    pub(super) fn keep(&mut self, id: ObjectId, bytes: u64, queues: usize) {
        self.drafts = self.drafts.saturating_sub(1);
        self.objects.insert(id, Held { bytes, queues });
    }

    /// An object was found in a queue.
    pub(super) fn found(&mut self, id: ObjectId, bytes: u64) {
        let held = self.objects.entry(id).or_insert_with(|| {
            self.bytes = self.bytes.saturating_add(bytes);
            Held { bytes, queues: 0 }
        });
        held.queues = held.queues.saturating_add(1);
    }

    /// An object is in one queue less.
    pub(super) fn removed(&mut self, id: ObjectId) {
        let Some(held) = self.objects.get_mut(&id) else {
            return;
        };
        held.queues = held.queues.saturating_sub(1);
        if held.queues == 0 {
            self.bytes = self.bytes.saturating_sub(held.bytes);
            self.objects.remove(&id);
        }
    }

    pub(super) fn used(&self) -> Used {
        Used {
            objects: u64::try_from(self.objects.len()).unwrap_or(u64::MAX),
            bytes: self.bytes,
            bytes_max: self.bytes_max,
        }
    }
}
