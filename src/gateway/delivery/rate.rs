//! How fast a queue is going, over the last minute.

/// Length of one slot, in microseconds.
const SLOT_US: u64 = 5_000_000;
/// Slots in a minute.
const SLOTS: u64 = 12;
/// The same, as a length.
const SLOTS_LEN: usize = 12;

/// Bytes by slot of time; what is older than a minute is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    slots: [u64; SLOTS_LEN],
    newest: u64,
    /// The slot in which the queue was last seen idle: what lies before it does not slow the rate.
    since_us: u64,
}

impl Rate {
    /// Work begins after a rest.
    pub(super) fn begin(&mut self, now_us: u64) {
        self.advance(now_us);
        self.since_us = now_us;
    }

    /// So many bytes were delivered.
    pub(super) fn add(&mut self, now_us: u64, bytes: u64) {
        self.advance(now_us);
        if let Some(slot) = self.slots.get_mut(index(self.newest)) {
            *slot = slot.saturating_add(bytes);
        }
    }

    /// Bytes a second over the last minute, or since work began.
    pub(super) fn per_second(&self, now_us: u64) -> u64 {
        let mut copy = self.clone();
        copy.advance(now_us);
        let bytes = copy
            .slots
            .iter()
            .fold(0_u64, |sum, slot| sum.saturating_add(*slot));
        let window = SLOT_US
            .saturating_mul(SLOTS - 1)
            .saturating_add(now_us % SLOT_US);
        let elapsed_us = now_us.saturating_sub(self.since_us).min(window).max(1);
        let per_second = u128::from(bytes) * 1_000_000 / u128::from(elapsed_us);
        u64::try_from(per_second).unwrap_or(u64::MAX)
    }

    fn advance(&mut self, now_us: u64) {
        let slot = now_us / SLOT_US;
        let passed = slot.saturating_sub(self.newest).min(SLOTS);
        for step in 0..passed {
            if let Some(old) = self.slots.get_mut(index(slot.saturating_sub(step))) {
                *old = 0;
            }
        }
        self.newest = self.newest.max(slot);
    }
}

fn index(slot: u64) -> usize {
    usize::try_from(slot % SLOTS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn what_was_delivered_in_the_last_minute_counts_and_no_more() {
        let mut rate = Rate::default();
        rate.begin(100 * SECOND);
        for second in 100..110 {
            rate.add(second * SECOND, 1_000);
        }
        assert_eq!(rate.per_second(110 * SECOND), 1_000);
        assert_eq!(rate.per_second(120 * SECOND), 500);
        assert_eq!(rate.per_second(300 * SECOND), 0);
    }

    #[test]
    fn a_rest_does_not_slow_the_rate_of_what_follows() {
        let mut rate = Rate::default();
        rate.begin(0);
        rate.add(SECOND, 1_000);
        rate.begin(3_600 * SECOND);
        rate.add(3_600 * SECOND, 4_000);
        assert_eq!(rate.per_second(3_602 * SECOND), 2_000);
    }
}
