//! How one has been doing to whom something is brought again and again.

use std::time::Duration;

/// Failures in a row, and whether people know of them. No clock: microseconds of a monotonic one are an argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outage {
    failures: u32,
    /// The first failure in a row.
    since_us: Option<u64>,
    told: bool,
}

impl Outage {
    /// Failures in a row.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// It failed now. For how many seconds it has by now, when people are to be told of that: once in a row, after
    /// `alert_after`.
    pub fn failed(&mut self, now_us: u64, alert_after: Duration) -> Option<u64> {
        self.failures = self.failures.saturating_add(1);
        let since_us = *self.since_us.get_or_insert(now_us);
        let for_us = now_us.saturating_sub(since_us);
        let due = u64::try_from(alert_after.as_micros()).unwrap_or(u64::MAX);
        if self.told || for_us < due {
            return None;
        }
        self.told = true;
        Some(for_us / 1_000_000)
    }

    /// It works. What it was until now.
    pub fn recovered(&mut self) -> Before {
        let before = Before {
            was_failing: self.failures > 0,
            was_told: self.told,
        };
        *self = Self::default();
        before
    }
}

/// What it was before it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// It had failed.
    pub was_failing: bool,
    /// People were told so.
    pub was_told: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_its_end_only_if_it_was() {
        let after = Duration::from_secs(10);
        let mut outage = Outage::default();
        assert!(!outage.recovered().was_failing);
        assert_eq!(outage.failed(5_000_000, after), None);
        assert_eq!(outage.failed(14_999_999, after), None);
        assert!(!{ outage }.recovered().was_told);
        assert_eq!(outage.failed(15_000_000, after), Some(10));
        assert_eq!(outage.failed(99_000_000, after), None);
        assert_eq!(outage.failures(), 4);
        let both = Before {
            was_failing: true,
            was_told: true,
        };
        assert_eq!(outage.recovered(), both);
        assert_eq!(outage, Outage::default());
    }
}
