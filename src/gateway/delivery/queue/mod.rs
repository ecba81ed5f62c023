//! The queue of one destination: what goes next, what a failure means, and what has been. Pure:
//! time and chance are arguments, and what is to be done is returned.

mod aside;
mod ended;
mod health;
mod lane;
mod progress;
mod together;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) use aside::Aside;
pub(super) use aside::Known;
pub(super) use aside::Note;
pub(super) use ended::Ended;
pub(super) use ended::Failure;
pub(super) use ended::Then;
pub(super) use health::Hold;
pub(super) use health::News;
pub(super) use lane::Waiting;
pub(super) use progress::Amount;
pub(super) use progress::Progress;

use super::backoff::Backoff;
use super::order::Via;
use super::rate::Rate;
use crate::config::Priority;
use crate::dicom::Uid;
use crate::storage::ObjectId;
use crate::storage::Place;
use crate::time::UtcMicros;

use health::Health;
use lane::Lane;
use lane::Rank;

/// The study of an object; those that name none are taken for one study.
pub(super) type Study = Option<Arc<Uid>>;

/// Answers A7xx in a row after which the destination, not only the study, is given a rest.
const BUSY_IN_ROW_MAX: u32 = 3;

/// By what terms a queue goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Between tries.
    pub(super) backoff: Backoff,
    /// Tries of an object that broke the association, was answered A7xx, or could not be read.
    pub(super) tries_max: u32,
    /// Tries of an object that was refused.
    pub(super) tries_refused_max: u32,
    /// Objects on their way at the same time, of different studies.
    pub(super) associations: usize,
    /// For so long nothing of a study may have come before any of it goes: then all of it goes
    /// together. `None`: each object goes as it comes.
    pub(super) quiet_us: Option<u64>,
}

/// An object that is to be delivered.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) id: ObjectId,
    pub(super) bytes: u64,
    pub(super) priority: Priority,
    pub(super) received_at: UtcMicros,
    pub(super) study: Study,
    pub(super) via: Arc<Via>,
}

/// An object to be delivered now.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: ObjectId,
    pub(super) study: Study,
    pub(super) via: Arc<Via>,
}

/// What [`Queue::take`] gives.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    /// Deliver this.
    Job(Job),
    /// Nothing before this moment, in monotonic microseconds.
    Wait(u64),
    /// Nothing until something changes.
    Nothing,
}

/// The queue of one destination.
#[derive(Debug)]
pub(super) struct Queue {
    terms: Terms,
    lanes: BTreeMap<Study, Lane>,
    ready: BTreeSet<(Rank, Study)>,
    later: BTreeSet<(u64, Study)>,
    taken: BTreeMap<ObjectId, Study>,
    health: Health,
    busy_in_row: u32,
    is_paused: bool,
    aside: BTreeMap<ObjectId, Aside>,
    /// How many objects lie at each place, by study.
    aside_of: BTreeMap<(Place, Study), u64>,
    /// How many objects wait for each way.
    ways: BTreeMap<Arc<Via>, u64>,
    /// Of those, how often in a row the destination accepted no presentation context.
    not_accepted: BTreeMap<Arc<Via>, u64>,
    rate: Rate,
    waiting: u64,
    waiting_bytes: u64,
    delivered: u64,
    delivered_bytes: u64,
}

impl Queue {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            lanes: BTreeMap::new(),
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
            taken: BTreeMap::new(),
            health: Health::default(),
            busy_in_row: 0,
            is_paused: false,
            aside: BTreeMap::new(),
            aside_of: BTreeMap::new(),
            ways: BTreeMap::new(),
            not_accepted: BTreeMap::new(),
            rate: Rate::default(),
            waiting: 0,
            waiting_bytes: 0,
            delivered: 0,
            delivered_bytes: 0,
        }
    }

    /// An object waits from now on, at its place in the order of reception.
    pub(super) fn add(&mut self, now_us: u64, mut object: Object) {
        if self.waiting == 0 {
            self.rate.begin(now_us);
        }
        // One copy of each way, however many objects want it.
        if let Some((known, _)) = self.ways.get_key_value(&object.via) {
            object.via = Arc::clone(known);
        }
        let study = object.study.clone();
        let (via, bytes) = (Arc::clone(&object.via), object.bytes);
        let quiet_us = self.terms.quiet_us;
        let inserted = self.change(&study, |lane| {
            if let Some(quiet_us) = quiet_us {
                lane.wait_until(now_us.saturating_add(quiet_us));
            }
            lane.insert(&object)
        });
        if inserted {
            count_up(&mut self.ways, via);
            self.waiting = self.waiting.saturating_add(1);
            self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        }
    }

    /// The next object, if one may go now.
    pub(super) fn take(&mut self, now_us: u64) -> Turn {
        if self.is_paused || self.taken.len() >= self.terms.associations {
            return Turn::Nothing;
        }
        if let Err(until) = self.health.admits(now_us) {
            return until.map_or(Turn::Nothing, Turn::Wait);
        }
        self.promote(now_us);
        let Some(study) = self.next_study() else {
            let due = self.later.first().map(|(due_us, _)| *due_us);
            return due.map_or(Turn::Nothing, Turn::Wait);
        };
        let job = self.change(&study, |lane| {
            lane.is_taken = true;
            lane.first().map(|(id, waiting)| Job {
                id,
                study: study.clone(),
                via: Arc::clone(&waiting.via),
            })
        });
        let Some(job) = job else {
            return Turn::Nothing;
        };
        self.taken.insert(job.id, study);
        self.health.goes(job.id);
        Turn::Job(job)
    }

    /// Whose turn it is. While the destination fails, those under whose objects it broke down come
    /// after all others, whatever their rank: one object that it cannot take must not stop the rest.
    fn next_study(&self) -> Option<Study> {
        let trusted = |study: &Study| self.lanes.get(study).is_some_and(|lane| !lane.is_suspect);
        let mut ready = self.ready.iter().map(|(_, study)| study);
        let first = ready.next()?;
        if !self.health.is_failing() || trusted(first) {
            return Some(first.clone());
        }
        Some(ready.find(|study| trusted(study)).unwrap_or(first).clone())
    }

    /// What will most likely be taken after `id`, if that is delivered: to be read meanwhile.
    pub(super) fn likely_after(&self, id: ObjectId) -> Option<ObjectId> {
        if self.is_paused || self.health.hold().is_some() {
            return None;
        }
        let study = self.taken.get(&id)?;
        let same = self.lanes.get(study).and_then(Lane::rank_after_first);
        let other = self.ready.first().map(|(rank, _)| *rank);
        let first = match (same, other) {
            (Some(same), Some(other)) => same.min(other),
            (same, other) => same.or(other)?,
        };
        Some(first.first)
    }

    /// All that wait, or are on their way.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = ObjectId> {
        let lanes = self.lanes.values();
        lanes.flat_map(|lane| lane.objects().map(|(id, _)| id))
    }

    /// The destination accepted an association.
    pub(super) fn reached(&mut self) {
        self.health.reached();
    }

    /// A direct instance of this study has to wait behind this queue.
    pub(super) fn holds_up(&self, study: &Study) -> bool {
        self.is_paused || self.lanes.contains_key(study)
    }

    /// Something waits, and the destination could not be reached.
    pub(super) fn is_down(&self) -> bool {
        let hold = self.health.hold();
        self.waiting > 0 && matches!(hold, Some((Hold::Unreachable, _)))
    }

    pub(super) const fn set_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    /// All that waits may be tried now, whatever failed before.
    pub(super) fn try_now(&mut self, now_us: u64) {
        self.health.try_now(now_us);
        self.not_accepted.clear();
        while let Some((_, study)) = self.later.first().cloned() {
            self.change(&study, |lane| lane.retry_at_us = None);
        }
    }

    /// Ways that objects which wait want to go, each once.
    pub(super) fn ways(&self) -> impl Iterator<Item = &Arc<Via>> {
        self.ways.keys()
    }

    fn promote(&mut self, now_us: u64) {
        while let Some((due_us, study)) = self.later.first().cloned() {
            if due_us > now_us {
                return;
            }
            self.change(&study, |lane| lane.retry_at_us = None);
        }
    }

    /// Changes a lane and files it anew.
    fn change<T>(&mut self, study: &Study, change: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = self.lanes.entry(study.clone()).or_default();
        if let Some(rank) = lane.rank() {
            self.ready.remove(&(rank, study.clone()));
        }
        if let Some(due_us) = lane.retry_at_us {
            self.later.remove(&(due_us, study.clone()));
        }
        let result = change(lane);
        match (lane.rank(), lane.retry_at_us) {
            (None, _) => {
                self.lanes.remove(study);
            }
            (Some(_), _) if lane.is_taken => {}
            (Some(_), Some(due_us)) => {
                self.later.insert((due_us, study.clone()));
            }
            (Some(rank), None) => {
                self.ready.insert((rank, study.clone()));
            }
        }
        result
    }

    /// The object leaves the lane that it is first of.
    fn leave(&mut self, id: ObjectId) -> Option<(Study, Waiting)> {
        let study = self.taken.remove(&id)?;
        let waiting = self.change(&study, |lane| {
            lane.is_taken = false;
            // What failed was this object, and not those that follow.
            lane.failures = 0;
            lane.is_suspect = false;
            lane.remove(id)
        })?;
        self.uncount(&waiting);
        Some((study, waiting))
    }

    /// An object does not wait any more.
    fn uncount(&mut self, waiting: &Waiting) {
        count_down(&mut self.ways, &waiting.via);
        if !self.ways.contains_key(&waiting.via) {
            self.not_accepted.remove(&waiting.via);
        }
        self.waiting = self.waiting.saturating_sub(1);
        self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting.bytes);
    }
}

fn count_up<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

/// Counts that came to nothing are dropped.
fn count_down<K: Ord>(counts: &mut BTreeMap<K, u64>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
