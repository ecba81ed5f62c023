//! How long an archive says nothing, and what that calls for.

use std::time::Duration;

use crate::config::Peer;
use crate::config::Timeouts;

/// How often a silent retrieval is looked after.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// The silence of an archive within one retrieval.
#[derive(Debug)]
pub(super) struct Silence {
    pending_interval: Duration,
    limit: Duration,
    since_word: Duration,
    since_pending: Duration,
    arrived: u32,
}

/// What a tick calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// A Pending response, so that the requestor knows that we are alive.
    Pending,
    /// The end: the archive is lost.
    End,
}

impl Silence {
    pub(super) const fn of(archive: &Peer, timeouts: &Timeouts) -> Self {
        Self {
            pending_interval: timeouts.pending_interval,
            limit: archive.timeouts.move_silence,
            since_word: Duration::ZERO,
            since_pending: Duration::ZERO,
            arrived: 0,
        }
    }

    /// The archive said something.
    pub(super) const fn broken(&mut self) {
        self.since_word = Duration::ZERO;
        self.since_pending = Duration::ZERO;
    }

    /// A tick has passed; `arrived` instances have been heard of so far: an archive that sends
    /// images on another association is not silent.
    pub(super) fn tick(&mut self, arrived: u32) -> Due {
        self.since_word = self.since_word.saturating_add(TICK);
        self.since_pending = self.since_pending.saturating_add(TICK);
        if arrived != self.arrived {
            self.arrived = arrived;
            self.since_word = Duration::ZERO;
        }
        if self.since_word >= self.limit {
            return Due::End;
        }
        if self.since_pending >= self.pending_interval {
            self.since_pending = Duration::ZERO;
            return Due::Pending;
        }
        Due::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence() -> Silence {
        Silence {
            pending_interval: Duration::from_secs(2),
            limit: Duration::from_secs(5),
            since_word: Duration::ZERO,
            since_pending: Duration::ZERO,
            arrived: 0,
        }
    }

    #[test]
    fn a_silent_archive_is_waited_for_with_pending_responses_and_then_lost() {
        let mut silence = silence();
        let due: Vec<Due> = (0..5).map(|_| silence.tick(0)).collect();
        let expected = [
            Due::Nothing,
            Due::Pending,
            Due::Nothing,
            Due::Pending,
            Due::End,
        ];
        assert_eq!(due, expected);
    }

    #[test]
    fn images_that_arrive_break_the_silence() {
        let mut silence = silence();
        assert!((1..20).all(|arrived| silence.tick(arrived) != Due::End));
    }

    #[test]
    fn a_word_breaks_the_silence() {
        let mut silence = silence();
        for _ in 0..20 {
            assert_ne!(silence.tick(0), Due::End);
            silence.broken();
        }
    }
}
