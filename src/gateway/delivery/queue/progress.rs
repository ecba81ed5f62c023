//! What is told of a queue.

use super::Hold;
use super::Place;
use super::Queue;
use crate::time::UtcMicros;

/// Objects and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway::delivery) struct Amount {
    pub(in crate::gateway::delivery) objects: u64,
    pub(in crate::gateway::delivery) bytes: u64,
}

/// How a queue goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::delivery) struct Progress {
    pub(in crate::gateway::delivery) is_paused: bool,
    pub(in crate::gateway::delivery) hold: Option<Hold>,
    /// What waits, with what is on its way.
    pub(in crate::gateway::delivery) waiting: Amount,
    /// What would wait if it could be read.
    pub(in crate::gateway::delivery) unread: Amount,
    pub(in crate::gateway::delivery) on_their_way: u64,
    /// Since the gateway started.
    pub(in crate::gateway::delivery) delivered: Amount,
    pub(in crate::gateway::delivery) dead: Amount,
    pub(in crate::gateway::delivery) quarantined: Amount,
    pub(in crate::gateway::delivery) uncommitted: Amount,
    /// Bytes a second, over the last minute.
    pub(in crate::gateway::delivery) rate: u64,
    /// When the oldest that waits was received.
    pub(in crate::gateway::delivery) oldest: Option<UtcMicros>,
    /// In how many microseconds the next try is, where nothing goes before.
    pub(in crate::gateway::delivery) next_try_in_us: Option<u64>,
    /// Seconds until all is delivered, at the present rate.
    pub(in crate::gateway::delivery) ends_in_s: Option<u64>,
}

impl Queue {
    pub(in crate::gateway::delivery) fn progress(&self, now_us: u64) -> Progress {
        let firsts = self.lanes.values().filter_map(|lane| lane.first());
        let rate = self.rate.per_second(now_us);
        let waiting = Amount {
            objects: self.waiting,
            bytes: self.waiting_bytes,
        };
        let is_going = !self.is_paused && waiting.objects > 0;
        Progress {
            is_paused: self.is_paused,
            hold: self.health.hold().map(|(why, _)| why),
            waiting,
            unread: self.unread_amount(),
            on_their_way: u64::try_from(self.taken.len()).unwrap_or(u64::MAX),
            delivered: Amount {
                objects: self.delivered,
                bytes: self.delivered_bytes,
            },
            dead: self.amount(Place::Dead),
            quarantined: self.amount(Place::Quarantined),
            uncommitted: self.amount(Place::Delivered),
            rate,
            oldest: firsts.map(|(_, waiting)| waiting.received_at).min(),
            next_try_in_us: self.next_try_us().map(|at| at.saturating_sub(now_us)),
            ends_in_s: (is_going && rate > 0).then(|| waiting.bytes.div_ceil(rate)),
        }
    }

    /// `None` when something can go now, or nothing will.
    fn next_try_us(&self) -> Option<u64> {
        if self.is_paused || self.waiting == 0 || !self.taken.is_empty() {
            return None;
        }
        if let Some((_, until_us)) = self.health.hold() {
            return Some(until_us);
        }
        if !self.ready.is_empty() {
            return None;
        }
        self.later.first().map(|(due_us, _)| *due_us)
    }

    pub(super) fn unread_amount(&self) -> Amount {
        self.amount(Place::Waiting)
    }

    fn amount(&self, place: Place) -> Amount {
        let there = self.aside.values().filter(|aside| aside.place == place);
        there.fold(Amount::default(), |sum, aside| Amount {
            objects: sum.objects.saturating_add(1),
            bytes: sum.bytes.saturating_add(aside.bytes),
        })
    }
}
