//! The only reader of time. Everything else gets time as an argument.

use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::time::UtcMicros;

/// One look at both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Wall clock, UTC, in microseconds.
    pub wall: UtcMicros,
    /// Monotonic microseconds since this [`Clock`] was made.
    pub monotonic_us: u64,
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    ahead_us: i64,
}

#[expect(clippy::disallowed_methods, reason = "this is the one reader of time")]
impl Clock {
    /// A clock whose monotonic part starts now.
    #[expect(
        clippy::new_without_default,
        reason = "reading the clock is an act, not a default"
    )]
    pub fn new() -> Self {
        Self::ahead_by(0)
    }

    /// A clock whose wall time is ahead by so many microseconds: what would be due then, is due.
    pub fn ahead_by(ahead_us: i64) -> Self {
        Self {
            started: Instant::now(),
            ahead_us,
        }
    }

    /// Wall time now.
    pub fn now(&self) -> UtcMicros {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |n| -n),
        };
        UtcMicros(wall).plus(self.ahead_us)
    }

    /// Both clocks at once.
    pub fn read(&self) -> Reading {
        Reading {
            wall: self.now(),
            monotonic_us: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
        }
    }
}
