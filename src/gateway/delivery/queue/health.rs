//! Whether a destination is being tried, and when the next time.

use super::ObjectId;
use crate::gateway::delivery::backoff::Backoff;

/// Why nothing goes to a destination for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::delivery) enum Hold {
    /// It cannot be reached, or breaks down.
    Unreachable,
    /// It says that it is out of resources (A7xx), whatever it is sent.
    Busy,
    /// Decisions cannot be recorded now: not the destination's fault.
    NotRecorded,
}

/// What people should hear of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::delivery) enum News {
    /// It is down: two tries in a row failed.
    Down,
    /// It answers again.
    Back,
}

/// Failures in a row after which people hear that a destination is down.
const TOLD_AFTER: u32 = 2;

/// A destination that comes and goes is told of as often as this at the most.
const TOLD_AGAIN_US: u64 = 600_000_000;

/// See the module. While it is held, one object at a time is the probe that shows whether all
/// others can go: a destination that is down costs one try, not one for each object.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u32,
    hold: Option<Held>,
    probe: Option<ObjectId>,
    is_told: bool,
    told_at_us: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    why: Hold,
    until_us: u64,
}

impl Health {
    /// Whether an object may go: `Err` with the time when the next one may; `None` when that
    /// depends on how the probe ends.
    pub(super) fn admits(&self, now_us: u64) -> Result<(), Option<u64>> {
        match self.hold {
            None => Ok(()),
            Some(_) if self.probe.is_some() => Err(None),
            Some(held) if now_us < held.until_us => Err(Some(held.until_us)),
            Some(_) => Ok(()),
        }
    }

    /// This object goes.
    pub(super) fn goes(&mut self, id: ObjectId) {
        if self.hold.is_some() {
            self.probe = Some(id);
        }
    }

    /// It failed a moment ago, and has not answered since.
    pub(super) const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    pub(super) fn hold(&self) -> Option<(Hold, u64)> {
        self.hold.map(|held| (held.why, held.until_us))
    }

    /// This object shows whether a hold for this reason is over.
    pub(super) fn is_probe(&self, id: ObjectId, why: Hold) -> bool {
        self.probe == Some(id) && self.hold.is_some_and(|held| held.why == why)
    }

    /// It accepted an association: all may go. What it does next decides whether it works.
    pub(super) fn reached(&mut self) {
        if self.hold.is_some_and(|held| held.why == Hold::Unreachable) {
            self.hold = None;
            self.probe = None;
        }
    }

    /// It answered an object.
    pub(super) fn answered(&mut self) -> Option<News> {
        self.failures = 0;
        self.hold = None;
        self.probe = None;
        std::mem::take(&mut self.is_told).then_some(News::Back)
    }

    /// The object `id` could not be delivered for a reason that holds for all of them.
    pub(super) fn failed(
        &mut self,
        now_us: u64,
        id: ObjectId,
        why: Hold,
        backoff: Backoff,
        chance: u64,
    ) -> Option<News> {
        let is_known = self.hold.is_some_and(|held| now_us < held.until_us);
        let is_probe = self.probe == Some(id);
        if is_probe {
            self.probe = None;
        }
        // Several associations that end together are one failure.
        if is_known && !is_probe {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        let until_us = now_us.saturating_add(backoff.delay_us(self.failures, chance));
        self.hold = Some(Held { why, until_us });
        let is_due = |at_us: u64| now_us.saturating_sub(at_us) >= TOLD_AGAIN_US;
        let tell = why == Hold::Unreachable
            && self.failures >= TOLD_AFTER
            && !self.is_told
            && self.told_at_us.is_none_or(is_due);
        if tell {
            self.is_told = true;
            self.told_at_us = Some(now_us);
        }
        tell.then_some(News::Down)
    }

    /// The object `id` goes back without having shown anything.
    pub(super) fn showed_nothing(&mut self, id: ObjectId) {
        if self.probe == Some(id) {
            self.probe = None;
        }
    }

    /// The next try may be now.
    pub(super) fn try_now(&mut self, now_us: u64) {
        if let Some(held) = &mut self.hold {
            held.until_us = held.until_us.min(now_us);
        }
    }
}
