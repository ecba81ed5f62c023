//! Objects that do not wait any more, and are not gone either.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Failure;
use super::Object;
use super::ObjectId;
use super::Place;
use super::Queue;
use super::Study;
use super::Via;
use super::count_down;
use super::count_up;
use crate::config::Priority;
use crate::time::UtcMicros;

/// Why an object was set aside: what lies, sealed, beside it. No patient data, and nothing that a
/// destination wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway::delivery) struct Note {
    /// Of a dead letter.
    pub(in crate::gateway::delivery) failure: Option<Failure>,
    /// The destination's Status (0000,0900), where there was one.
    pub(in crate::gateway::delivery) status: Option<u16>,
    /// The entry of the decision that denied it.
    pub(in crate::gateway::delivery) decision: Option<u64>,
    /// In words.
    pub(in crate::gateway::delivery) text: String,
    /// Tries that counted.
    pub(in crate::gateway::delivery) tries: u32,
    /// When it was set aside.
    pub(in crate::gateway::delivery) at: UtcMicros,
}

/// An object that was set aside; at [`Place::Waiting`], one that a start could not read, and that
/// waits for another.
#[derive(Clone, Debug)]
pub(in crate::gateway::delivery) struct Aside {
    pub(in crate::gateway::delivery) place: Place,
    pub(in crate::gateway::delivery) bytes: u64,
    /// `None`: it is damaged or cannot be read, and nothing of it is known.
    pub(in crate::gateway::delivery) known: Option<Known>,
    pub(in crate::gateway::delivery) note: Option<Box<Note>>,
}

/// What an order says.
#[derive(Clone, Debug)]
pub(in crate::gateway::delivery) struct Known {
    pub(in crate::gateway::delivery) priority: Priority,
    pub(in crate::gateway::delivery) received_at: UtcMicros,
    pub(in crate::gateway::delivery) study: Study,
    pub(in crate::gateway::delivery) via: Arc<Via>,
}

impl Aside {
    pub(in crate::gateway::delivery) fn study(&self) -> Study {
        self.known.as_ref().and_then(|known| known.study.clone())
    }
}

impl Queue {
    /// An object lies aside. Tells whether it is the first of its study there.
    pub(in crate::gateway::delivery) fn add_aside(&mut self, id: ObjectId, aside: Aside) -> bool {
        let key = (aside.place, aside.study());
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
        note: Option<Note>,
    ) -> bool {
        let Some((study, waiting)) = self.leave(id) else {
            return false;
        };
        if place == Place::Delivered {
            self.count_delivered(now_us, waiting.bytes);
        }
        let known = Known {
            priority: waiting.priority,
            received_at: waiting.received_at,
            study,
            via: waiting.via,
        };
        let aside = Aside {
            place,
            bytes: waiting.bytes,
            known: Some(known),
            note: note.map(Box::new),
        };
        self.add_aside(id, aside)
    }

    /// What was set aside.
    pub(in crate::gateway::delivery) fn aside(&self) -> impl Iterator<Item = (ObjectId, &Aside)> {
        self.aside.iter().map(|(id, aside)| (*id, aside))
    }

    /// How many that wait could not be read.
    pub(in crate::gateway::delivery) fn unread(&self) -> u64 {
        self.unread_amount().objects
    }

    /// Forgets an object that was set aside and is gone.
    pub(in crate::gateway::delivery) fn forget(&mut self, id: ObjectId) -> Option<Aside> {
        let aside = self.aside.remove(&id)?;
        count_down(&mut self.aside_of, &(aside.place, aside.study()));
        Some(aside)
    }

    /// An object that was set aside waits again.
    pub(in crate::gateway::delivery) fn bring_back(&mut self, now_us: u64, id: ObjectId) {
        let is_known = |aside: &Aside| aside.known.is_some();
        if !self.aside.get(&id).is_some_and(is_known) {
            return;
        }
        if let Some(aside) = self.forget(id)
            && let Some(known) = aside.known
        {
            let object = Object {
                id,
                bytes: aside.bytes,
                priority: known.priority,
                received_at: known.received_at,
                study: known.study,
                via: known.via,
            };
            self.add(now_us, object);
        }
    }

    /// Objects that wait, and are not on their way.
    pub(in crate::gateway::delivery) fn idle(&self) -> impl Iterator<Item = Object> {
        let lanes = self.lanes.iter();
        let objects = lanes.flat_map(|(study, lane)| lane.objects().map(move |one| (study, one)));
        let idle = objects.filter(|(_, (id, _))| !self.taken.contains_key(id));
        idle.map(|(study, (id, waiting))| Object {
            id,
            bytes: waiting.bytes,
            priority: waiting.priority,
            received_at: waiting.received_at,
            study: study.clone(),
            via: Arc::clone(&waiting.via),
        })
    }

    /// Takes an object that waits, and is not on its way, out of the queue.
    pub(in crate::gateway::delivery) fn withdraw(
        &mut self,
        study: &Study,
        id: ObjectId,
    ) -> Option<Object> {
        if self.taken.contains_key(&id) {
            return None;
        }
        let waiting = self.change(study, |lane| lane.remove(id))?;
        self.uncount(&waiting);
        Some(Object {
            id,
            bytes: waiting.bytes,
            priority: waiting.priority,
            received_at: waiting.received_at,
            study: study.clone(),
            via: waiting.via,
        })
    }
}
