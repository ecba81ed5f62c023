//! Objects that do not wait any more, and are not gone either.

use std::sync::Arc;

use super::Failure;
use super::Object;
use super::ObjectId;
use super::Queue;
use super::Study;
use super::Via;
use super::count_down;
use super::count_up;
use crate::config::Priority;
use crate::time::UtcMicros;

/// Where an object lies that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gateway::delivery) enum Place {
    /// It was tried often enough.
    Dead,
    /// The contract denied it when its turn came.
    Quarantined,
    /// It was delivered, and is kept until its destination has committed to keep it.
    Delivered,
}

/// An object that was set aside.
#[derive(Clone, Debug)]
pub(in crate::gateway::delivery) struct Aside {
    pub(in crate::gateway::delivery) place: Place,
    pub(in crate::gateway::delivery) bytes: u64,
    pub(in crate::gateway::delivery) priority: Priority,
    pub(in crate::gateway::delivery) received_at: UtcMicros,
    pub(in crate::gateway::delivery) study: Study,
    pub(in crate::gateway::delivery) via: Arc<Via>,
    /// Of a dead letter.
    pub(in crate::gateway::delivery) failure: Option<Failure>,
}

impl Queue {
    /// An object lies aside. Tells whether it is the first of its study there.
    pub(in crate::gateway::delivery) fn add_aside(&mut self, id: ObjectId, aside: Aside) -> bool {
        let key = (aside.place, aside.study.clone());
        let is_first = !self.aside_of.contains_key(&key);
        if self.aside.insert(id, aside).is_none() {
            count_up(&mut self.aside_of, key);
        }
        is_first
    }

    /// The object `id`, which was on its way, lies at `place` now. Tells whether it is the first of
    /// its study there.
    pub(in crate::gateway::delivery) fn set_aside(
        &mut self,
        now_us: u64,
        id: ObjectId,
        place: Place,
        failure: Option<Failure>,
    ) -> bool {
        let Some((study, waiting)) = self.leave(id) else {
            return false;
        };
        if place == Place::Delivered {
            self.count_delivered(now_us, waiting.bytes);
        }
        let aside = Aside {
            place,
            bytes: waiting.bytes,
            priority: waiting.priority,
            received_at: waiting.received_at,
            study,
            via: waiting.via,
            failure,
        };
        self.add_aside(id, aside)
    }

    /// What was set aside.
    pub(in crate::gateway::delivery) fn aside(&self) -> impl Iterator<Item = (ObjectId, &Aside)> {
        self.aside.iter().map(|(id, aside)| (*id, aside))
    }

    /// Forgets an object that was set aside and is gone.
    pub(in crate::gateway::delivery) fn forget(&mut self, id: ObjectId) -> Option<Aside> {
        let aside = self.aside.remove(&id)?;
        count_down(&mut self.aside_of, &(aside.place, aside.study.clone()));
        Some(aside)
    }

    /// An object that was set aside waits again.
    pub(in crate::gateway::delivery) fn bring_back(&mut self, now_us: u64, id: ObjectId) {
        if let Some(aside) = self.forget(id) {
            let object = Object {
                id,
                bytes: aside.bytes,
                priority: aside.priority,
                received_at: aside.received_at,
                study: aside.study,
                via: aside.via,
            };
            self.add(now_us, object);
        }
    }

    /// Takes objects that wait, and are not on their way, out of the queue: `wanted` says which.
    pub(in crate::gateway::delivery) fn withdraw(
        &mut self,
        wanted: impl Fn(&Study, ObjectId) -> bool,
    ) -> Vec<Object> {
        let mut objects = Vec::new();
        for (study, lane) in &self.lanes {
            let idle = lane
                .objects()
                .filter(|(id, _)| !self.taken.contains_key(id));
            for (id, waiting) in idle.filter(|(id, _)| wanted(study, *id)) {
                objects.push(Object {
                    id,
                    bytes: waiting.bytes,
                    priority: waiting.priority,
                    received_at: waiting.received_at,
                    study: study.clone(),
                    via: Arc::clone(&waiting.via),
                });
            }
        }
        for object in &objects {
            if let Some(waiting) = self.change(&object.study, |lane| lane.remove(object.id)) {
                self.uncount(&waiting);
            }
        }
        objects
    }
}
