//! What the end of a try means for the object, for its study, and for the destination.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::BUSY_IN_ROW_MAX;
use super::Hold;
use super::News;
use super::ObjectId;
use super::Queue;
use super::Via;
use super::count_up;
use super::lane::Lane;

/// How a try to deliver an object ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::delivery) enum Ended {
    /// The destination has it.
    Delivered,
    /// The contract denies it now.
    Denied,
    /// No association, and nothing of the object had left: not the object's fault.
    Unreachable,
    /// The decision could not be recorded: nobody's fault.
    NotRecorded,
    /// The permit ended before the first byte: it is asked again soon.
    Withheld,
    /// It was tried and failed.
    Failed(Failure),
}

/// Why a try failed that counts against the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::gateway::delivery) enum Failure {
    /// The association died while the object was on its way: perhaps of the object.
    Broken,
    /// A7xx, out of resources (PS3.4 §B.2.3).
    Busy,
    /// Any other status of failure.
    Refused,
    /// The destination accepts no presentation context for it.
    NoContext,
    /// The contract could not be asked about it.
    NotJudged,
    /// The spool's file could not be read.
    Unreadable,
    /// The gateway itself failed over it.
    Internal,
    /// The spool's file is not what was written.
    Damaged,
}

impl Failure {
    /// Its name in notes and lists.
    pub(in crate::gateway::delivery) const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Busy => "busy",
            Self::Refused => "refused",
            Self::NoContext => "no-context",
            Self::NotJudged => "not-judged",
            Self::Unreadable => "unreadable",
            Self::Internal => "internal",
            Self::Damaged => "damaged",
        }
    }
}

/// What is to be done with the object. Until that is done it stays on its way, and its study waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::delivery) enum Then {
    /// Nothing: it waits again.
    Waits,
    /// Take it out of the spool, then [`Queue::gone`].
    Remove,
    /// Put it in quarantine, then [`Queue::set_aside`].
    Quarantine,
    /// Put it among the dead letters after so many tries, then [`Queue::set_aside`].
    Bury {
        /// Tries that counted.
        tries: u32,
    },
}

impl Queue {
    /// A try of the object `id` ended so. `chance` is any number.
    pub(in crate::gateway::delivery) fn ended(
        &mut self,
        now_us: u64,
        id: ObjectId,
        ended: Ended,
        chance: u64,
    ) -> (Then, Option<News>) {
        let news = self.hear(now_us, id, ended, chance);
        self.hear_of_way(id, ended);
        let then = match ended {
            Ended::Delivered => Then::Remove,
            Ended::Denied => Then::Quarantine,
            Ended::Unreachable | Ended::NotRecorded => {
                self.put_back(id);
                Then::Waits
            }
            // Soon, and not at once: where the clock makes every permit end before it is used, each
            // try would cost the ledger a decision.
            Ended::Withheld => {
                self.put_back_for_later(now_us, id, chance);
                Then::Waits
            }
            Ended::Failed(failure) => self.count(now_us, id, failure, chance),
        };
        (then, news)
    }

    /// What the end of a try tells of the destination.
    fn hear(&mut self, now_us: u64, id: ObjectId, ended: Ended, chance: u64) -> Option<News> {
        let backoff = self.terms.backoff;
        match ended {
            Ended::Delivered | Ended::Failed(Failure::Refused | Failure::NoContext) => {
                self.busy_in_row = 0;
                self.health.answered()
            }
            Ended::Unreachable | Ended::Failed(Failure::Broken) => {
                self.health
                    .failed(now_us, id, Hold::Unreachable, backoff, chance)
            }
            Ended::NotRecorded => {
                self.health
                    .failed(now_us, id, Hold::NotRecorded, backoff, chance)
            }
            Ended::Failed(Failure::Busy) => {
                self.busy_in_row = self.busy_in_row.saturating_add(1);
                if self.busy_in_row < BUSY_IN_ROW_MAX {
                    return self.health.answered();
                }
                self.health.failed(now_us, id, Hold::Busy, backoff, chance)
            }
            Ended::Denied
            | Ended::Withheld
            | Ended::Failed(
                Failure::NotJudged | Failure::Unreadable | Failure::Internal | Failure::Damaged,
            ) => {
                self.health.showed_nothing(id);
                None
            }
        }
    }

    /// What the end of a try tells of its way: whether the destination has a presentation context
    /// for it.
    fn hear_of_way(&mut self, id: ObjectId, ended: Ended) {
        let Some(via) = self.way_of_taken(id) else {
            return;
        };
        match ended {
            Ended::Failed(Failure::NoContext) => count_up(&mut self.not_accepted, via),
            Ended::Delivered
            | Ended::Failed(Failure::Broken | Failure::Busy | Failure::Refused) => {
                self.not_accepted.remove(&via);
            }
            Ended::Denied
            | Ended::Unreachable
            | Ended::NotRecorded
            | Ended::Withheld
            | Ended::Failed(
                Failure::NotJudged | Failure::Unreadable | Failure::Internal | Failure::Damaged,
            ) => {}
        }
    }

    fn way_of_taken(&self, id: ObjectId) -> Option<Arc<Via>> {
        let lane = self.lanes.get(self.taken.get(&id)?)?;
        lane.get(id).map(|waiting| Arc::clone(&waiting.via))
    }

    /// Counts a try against the object.
    fn count(&mut self, now_us: u64, id: ObjectId, failure: Failure, chance: u64) -> Then {
        let terms = self.terms;
        // What one object has shown as often as it may, holds for all that want to go its way.
        let way = self.way_of_taken(id);
        let of_way = way.and_then(|via| self.not_accepted.get(&via).copied());
        let is_known = of_way.is_some_and(|times| times >= u64::from(terms.tries_refused_max));
        let counted = self.of_taken(id, |lane| {
            lane.failures = lane.failures.saturating_add(1);
            lane.is_suspect |= failure == Failure::Broken;
            let failures = lane.failures;
            let object = lane.get_mut(id)?;
            let (tries, is_over) = match failure {
                Failure::Broken
                | Failure::Busy
                | Failure::NotJudged
                | Failure::Unreadable
                | Failure::Internal => {
                    object.tries = object.tries.saturating_add(1);
                    (object.tries, object.tries >= terms.tries_max)
                }
                Failure::Refused | Failure::NoContext => {
                    object.refusals = object.refusals.saturating_add(1);
                    let is_over = object.refusals >= terms.tries_refused_max;
                    (
                        object.refusals,
                        is_over || (is_known && failure == Failure::NoContext),
                    )
                }
                Failure::Damaged => (1, true),
            };
            Some((tries, is_over, failures))
        });
        match counted.flatten() {
            Some((tries, true, _)) => Then::Bury { tries },
            Some((_, false, failures)) => {
                let wait_us = terms.backoff.delay_us(failures, chance);
                let at_us = now_us.saturating_add(wait_us);
                self.of_taken(id, |lane| lane.retry_at_us = Some(at_us));
                self.put_back(id);
                Then::Waits
            }
            None => Then::Waits,
        }
    }

    /// The object waits again, first of its study.
    pub(in crate::gateway::delivery) fn put_back(&mut self, id: ObjectId) {
        self.health.showed_nothing(id);
        self.of_taken(id, |lane| lane.is_taken = false);
        self.taken.remove(&id);
    }

    /// The object is tried again later, and nothing counts against it.
    pub(in crate::gateway::delivery) fn put_back_for_later(
        &mut self,
        now_us: u64,
        id: ObjectId,
        chance: u64,
    ) {
        let backoff = self.terms.backoff;
        self.of_taken(id, |lane| {
            lane.failures = lane.failures.saturating_add(1);
            let wait_us = backoff.delay_us(lane.failures, chance);
            lane.retry_at_us = Some(now_us.saturating_add(wait_us));
        });
        self.put_back(id);
    }

    /// The object's file is not there any more, and nobody here removed it.
    pub(in crate::gateway::delivery) fn vanished(&mut self, id: ObjectId) {
        self.health.showed_nothing(id);
        self.leave(id);
    }

    /// A delivered object is out of the spool.
    pub(in crate::gateway::delivery) fn gone(&mut self, now_us: u64, id: ObjectId) {
        if let Some((_, waiting)) = self.leave(id) {
            self.count_delivered(now_us, waiting.bytes);
        }
    }

    pub(super) fn count_delivered(&mut self, now_us: u64, bytes: u64) {
        self.delivered = self.delivered.saturating_add(1);
        self.delivered_bytes = self.delivered_bytes.saturating_add(bytes);
        self.rate.add(now_us, bytes);
    }

    fn of_taken<T>(&mut self, id: ObjectId, change: impl FnOnce(&mut Lane) -> T) -> Option<T> {
        let study = self.taken.get(&id)?.clone();
        Some(self.change(&study, change))
    }
}
