//! How far something long has come, on a terminal.

use std::io;
use std::io::IsTerminal as _;
use std::io::Write as _;
use std::time::Duration;

use crate::clock::Clock;

/// From one line to the next, in microseconds.
const EVERY_US: u64 = 200_000;

/// Between two looks at the clock.
const ENTRIES: u64 = 1024;

/// A line on standard error that is written again and again; none where that is no terminal.
pub(super) struct Progress {
    clock: Clock,
    began_us: u64,
    told_us: u64,
    is_terminal: bool,
    shown: bool,
}

impl Progress {
    pub(super) fn begin() -> Self {
        let clock = Clock::new();
        let now_us = clock.read().monotonic_us;
        Self {
            clock,
            began_us: now_us,
            told_us: now_us,
            is_terminal: io::stderr().is_terminal(),
            shown: false,
        }
    }

    /// So many of so many are done.
    pub(super) fn at(&mut self, done: u64, of: u64) {
        if !self.is_terminal || !done.is_multiple_of(ENTRIES) {
            return;
        }
        let now_us = self.clock.read().monotonic_us;
        if now_us.saturating_sub(self.told_us) < EVERY_US {
            return;
        }
        self.told_us = now_us;
        self.shown = true;
        let percent = done.saturating_mul(100).checked_div(of).unwrap_or(100);
        let passed = Duration::from_micros(now_us.saturating_sub(self.began_us));
        let left = left(passed, done, of);
        let _ = write!(
            io::stderr(),
            "\r{percent:>3} %  {done} of {of} entries, {} s left \u{1b}[K",
            left.as_secs()
        );
    }

    /// There is nothing more to come.
    pub(super) fn end(self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// How long the rest takes, if it goes on as it went.
fn left(passed: Duration, done: u64, of: u64) -> Duration {
    let micros = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
    let rest = u128::from(of.saturating_sub(done)) * u128::from(micros) / u128::from(done.max(1));
    Duration::from_micros(u64::try_from(rest).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_what_is_done() {
        let second = Duration::from_secs(1);
        assert_eq!(left(second, 1, 4), 3 * second);
        assert_eq!(left(second, 4, 4), Duration::ZERO);
        assert_eq!(left(second, 0, 3), 3 * second);
    }
}
