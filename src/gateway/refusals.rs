//! Alerts about what peers do wrong: told at once, but not as often as a peer can do it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::recorder::Recorder;
use crate::config::Config;

/// Who did what: an address, an alert's code, and which of its reasons.
type Subject = (IpAddr, &'static str, &'static str);

/// Of which subjects the ledger was told, and what came since. `None` stands for all for which there
/// is no room.
#[derive(Debug)]
pub(super) struct Refusals {
    every: Duration,
    subjects_max: usize,
    told: Mutex<BTreeMap<Option<Subject>, Since>>,
}

/// What came since an alert.
#[derive(Clone, Copy, Debug)]
struct Since {
    at: Instant,
    more: u64,
}

impl Refusals {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            every: config.timeouts.refused_alert,
            subjects_max: config.limits.refused_addresses_max,
            told: Mutex::default(),
        }
    }

    /// Records an alert, unless one about the same address for the same reason was recorded less than
    /// `refused_alert_s` ago; the next one then says how many there were.
    pub(super) async fn tell(
        &self,
        recorder: &Recorder,
        from: IpAddr,
        (code, reason): (&'static str, &'static str),
        text: &str,
    ) {
        let Some(more) = self.due((from, code, reason), Instant::now()) else {
            return;
        };
        let before = match more {
            0 => String::new(),
            more => format!(" ({more} more before, not told one by one)"),
        };
        recorder.alert(code, format!("{text}{before}")).await;
    }

    /// How many were not told, when it is time to tell again.
    fn due(&self, subject: Subject, now: Instant) -> Option<u64> {
        // A count that is half made is a count all the same.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |since: &Since| now.saturating_duration_since(since.at) >= self.every;
        let mut key = Some(subject);
        if !told.contains_key(&key) && told.len() >= self.subjects_max {
            let mut untold = 0_u64;
            told.retain(|key, since| {
                let is_stale = key.is_some() && due(since);
                untold = untold.saturating_add(if is_stale { since.more } else { 0 });
                !is_stale
            });
            if let Some(others) = told.get_mut(&None) {
                others.more = others.more.saturating_add(untold);
            }
            if told.len() >= self.subjects_max {
                key = None;
            }
        }
        let Some(since) = told.get_mut(&key) else {
            told.insert(key, Since { at: now, more: 0 });
            return Some(0);
        };
        if due(since) {
            let more = since.more;
            *since = Since { at: now, more: 0 };
            return Some(more);
        }
        since.more = since.more.saturating_add(1);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(subjects_max: usize) -> Refusals {
        Refusals {
            every: Duration::from_secs(60),
            subjects_max,
            told: Mutex::default(),
        }
    }

    fn subject(host: u8) -> Subject {
        ([10, 0, 0, host].into(), "user-refused", "passcode")
    }

    #[tokio::test]
    async fn a_flood_is_told_once_and_then_counted() {
        let refusals = refusals(8);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(refusals.due(subject(1), at(0)), Some(0));
        for second in 1..60 {
            assert_eq!(refusals.due(subject(1), at(second)), None);
        }
        assert_eq!(refusals.due(subject(2), at(59)), Some(0), "somebody else");
        assert_eq!(refusals.due(subject(1), at(60)), Some(59));
        assert_eq!(refusals.due(subject(1), at(200)), Some(0));
    }

    #[tokio::test]
    async fn many_addresses_take_no_more_room_than_a_few() {
        let refusals = refusals(4);
        let begin = Instant::now();
        let told = (0..200).filter(|host| refusals.due(subject(*host), begin).is_some());
        // One each for those that fit, and one for all others together.
        assert_eq!(told.count(), 5);
        assert_eq!(refusals.told.lock().unwrap().len(), 5);
        let later = begin + Duration::from_secs(61);
        assert_eq!(refusals.due(subject(250), later), Some(0));
        assert!(refusals.told.lock().unwrap().len() <= 5);
    }
}
