//! How long to wait between two tries.

use std::time::Duration;

/// Waits that double from the first to the longest, each of them shortened by chance by up to a
/// half: destinations that fail together are not tried together, and no wait is ever longer than
/// `max`, so that a destination that returns is found within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    first_us: u64,
    max_us: u64,
}

impl Backoff {
    pub(super) fn new(first: Duration, max: Duration) -> Self {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self {
            first_us: micros(first).max(1),
            max_us: micros(max.max(first)).max(1),
        }
    }

    /// How long to wait after `failures` in a row, in microseconds; `chance` is any number.
    pub(super) fn delay_us(self, failures: u32, chance: u64) -> u64 {
        let doublings = failures.saturating_sub(1).min(63);
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        let full = self.first_us.saturating_mul(factor).min(self.max_us);
        let half = full / 2;
        let spread = full.saturating_sub(half).saturating_add(1);
        half.saturating_add(chance % spread)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(15))
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let most = |failures| backoff().delay_us(failures, SECOND * failures_full(failures) / 2);
        for failures in 1..40 {
            assert_eq!(most(failures), SECOND * failures_full(failures));
        }
        assert_eq!(backoff().delay_us(1, 0), SECOND / 2);
    }

    fn failures_full(failures: u32) -> u64 {
        (1_u64 << (failures - 1).min(10)).min(15)
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_longest_or_shorter_than_half_the_first(
            failures: u32,
            chance: u64,
        ) {
            let delay = backoff().delay_us(failures, chance);
            prop_assert!((SECOND / 2..=15 * SECOND).contains(&delay));
        }
    }
}
