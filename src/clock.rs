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
}

#[expect(clippy::disallowed_methods, reason = "this is the one reader of time")]
impl Clock {
    /// A clock whose monotonic part starts now.
    #[expect(
        clippy::new_without_default,
        reason = "reading the clock is an act, not a default"
    )]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Wall time now.
    pub fn now(&self) -> UtcMicros {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |n| -n),
        };
        UtcMicros(wall)
    }

    /// Both clocks at once.
    pub fn read(&self) -> Reading {
        Reading {
            wall: self.now(),
            monotonic_us: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
        }
    }
}
