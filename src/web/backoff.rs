//! How long to wait before one who did not answer is asked again.

use std::time::Duration;

/// Pauses that double from the first to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// At the longest; the first counts where it is longer.
    pub max: Duration,
}

impl Backoff {
    /// The pause after so many failures in a row.
    pub fn pause(self, failures: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let longest = self.max.max(self.first);
        self.first.saturating_mul(doubled).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_is_asked_less_and_less_often() {
        let backoff = |first| Backoff {
            first: Duration::from_secs(first),
            max: Duration::from_secs(300),
        };
        let pause = |failures| backoff(10).pause(failures).as_secs();
        let pauses = [1, 2, 3, 4, 5, 6, 40].map(pause);
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(backoff(3_600).pause(9), Duration::from_secs(3_600));
    }
}
