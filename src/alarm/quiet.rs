//! What is told of alerts, and what is only counted: the same alert about the same thing is told once, and again, with
//! its count, when a quiet time is over or it ends. No clock: time is an argument, that of the ledger where there is
//! an entry.

use serde::Deserialize;
use serde::Serialize;

use super::alert::Alert;
use crate::audit;
use crate::audit::Severity;
use crate::time::UtcMicros;

/// Alerts that are remembered; of one more, the oldest is told with its count and forgotten.
const HELD_MAX: usize = 512;

/// Things that alerts of one code are told about each by itself within a quiet time; all further ones are one.
/// A scan of a network is no flood of e-mail.
const SUBJECTS_MAX: usize = 10;

/// What is said of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is there.
    Raised,
    /// It was there before, so many times.
    Repeated,
    /// It is over.
    Ended,
}

impl State {
    /// In a word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Repeated => "repeated",
            Self::Ended => "ended",
        }
    }
}

/// Something to tell people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) state: State,
    /// The first entry and the last one that it stands for.
    pub(super) entries: (u64, u64),
    /// When this is told, if there is nothing in the way.
    pub(super) at: UtcMicros,
    pub(super) code: String,
    pub(super) severity: Severity,
    pub(super) text: String,
    /// How many times it was raised by now,
    pub(super) count: u64,
    /// from then
    pub(super) first: UtcMicros,
    /// to then.
    pub(super) last: UtcMicros,
}

/// An alert that was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    code: String,
    subject: String,
    text: String,
    told_at: UtcMicros,
    first: UtcMicros,
    last: UtcMicros,
    entries: (u64, u64),
    count: u64,
    /// Of these, those since it was told.
    since: u64,
}

/// All that was told lately, in the order in which it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Quiet {
    held: Vec<Held>,
}

impl Held {
    fn notice(&self, state: State, at: UtcMicros) -> Notice {
        Notice {
            state,
            entries: self.entries,
            at,
            code: self.code.clone(),
            severity: audit::alert_severity(&self.code),
            text: self.text.clone(),
            count: self.count,
            first: self.first,
            last: self.last,
        }
    }
}

impl Quiet {
    /// What is to be told now that `alert` was raised. `quiet_us` is for how long it is not told again.
    pub(super) fn hear(&mut self, alert: &Alert, quiet_us: i64) -> Vec<Notice> {
        let mut notices = self.due(alert.at, quiet_us);
        if let Some(begin) = audit::ended_by(&alert.code) {
            notices.push(self.end(alert, begin));
            return notices;
        }
        let mut subject = alert.subject();
        let alike = |held: &&Held| held.code == alert.code;
        let is_known = self.place(&alert.code, &subject).is_some();
        if !is_known && self.held.iter().filter(alike).count() >= SUBJECTS_MAX {
            subject = String::new();
        }
        if let Some(held) = self.of(&alert.code, &subject) {
            held.count = held.count.saturating_add(1);
            held.since = held.since.saturating_add(1);
            held.last = alert.at;
            held.entries.1 = alert.entry;
            held.text.clone_from(&alert.text);
            return notices;
        }
        if self.held.len() >= HELD_MAX {
            let oldest = self.held.remove(0);
            let untold = oldest.since > 0;
            notices.extend(untold.then(|| oldest.notice(State::Repeated, alert.at)));
        }
        let held = Held {
            code: alert.code.clone(),
            subject,
            text: alert.text.clone(),
            told_at: alert.at,
            first: alert.at,
            last: alert.at,
            entries: (alert.entry, alert.entry),
            count: 1,
            since: 0,
        };
        notices.push(held.notice(State::Raised, alert.at));
        self.held.push(held);
        notices
    }

    /// What is to be told at `now` although nothing new was raised.
    pub(super) fn due(&mut self, now: UtcMicros, quiet_us: i64) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.held.retain_mut(|held| {
            let over = held.told_at.plus(quiet_us);
            if now < over {
                return true;
            }
            if held.since == 0 {
                return false;
            }
            notices.push(held.notice(State::Repeated, over));
            held.told_at = over;
            held.since = 0;
            // Nothing was raised in the time after that either, if it is over too.
            now < over.plus(quiet_us)
        });
        notices
    }

    /// `alert` says that what `begin` said is over.
    fn end(&mut self, alert: &Alert, begin: &str) -> Notice {
        let began = self.place(begin, &alert.subject());
        let began = began.map(|place| self.held.remove(place));
        Notice {
            state: State::Ended,
            entries: (alert.entry, alert.entry),
            at: alert.at,
            code: alert.code.clone(),
            severity: alert.severity(),
            text: alert.text.clone(),
            count: began.as_ref().map_or(1, |held| held.count),
            first: began.as_ref().map_or(alert.at, |held| held.first),
            last: alert.at,
        }
    }

    fn place(&self, code: &str, subject: &str) -> Option<usize> {
        let mut all = self.held.iter();
        all.position(|held| held.code == code && held.subject == subject)
    }

    fn of(&mut self, code: &str, subject: &str) -> Option<&mut Held> {
        let mut all = self.held.iter_mut();
        all.find(|held| held.code == code && held.subject == subject)
    }
}

#[cfg(test)]
mod tests {
    use super::super::alert::tests::alert;
    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    /// What is told, in a word and with its count.
    fn told(notices: &[Notice]) -> Vec<String> {
        let told = notices.iter().map(|notice| {
            let (state, code, count) = (notice.state.as_str(), &notice.code, notice.count);
            format!("{state} {code} {count}")
        });
        told.collect()
    }

    /// A step of a table: at a second, an alert or only the time, and what is told then.
    type Step<'a> = (i64, Option<(&'a str, &'a str)>, &'a [&'a str]);

    fn walk(steps: &[Step<'_>]) {
        let mut quiet = Quiet::default();
        for (entry, (second, raised, expected)) in steps.iter().enumerate() {
            let notices = match raised {
                Some((code, text)) => {
                    quiet.hear(&alert(entry as u64, *second, code, text), HOUR_US)
                }
                None => quiet.due(UtcMicros(second * 1_000_000), HOUR_US),
            };
            assert_eq!(told(&notices), *expected, "step {entry}, at {second} s");
        }
    }

    #[test]
    fn the_same_is_told_once_and_then_with_its_count() {
        walk(&[
            (
                0,
                Some(("spool-full", "spool: a")),
                &["raised spool-full 1"],
            ),
            (10, Some(("spool-full", "spool: b")), &[]),
            (3_599, Some(("spool-full", "spool: c")), &[]),
            (3_599, None, &[]),
            (3_600, None, &["repeated spool-full 3"]),
            (3_601, None, &[]),
            (3_700, Some(("spool-full", "spool: d")), &[]),
            (7_200, None, &["repeated spool-full 4"]),
            // An hour without any: the next one is news.
            (10_800, None, &[]),
            (
                10_801,
                Some(("spool-full", "spool: e")),
                &["raised spool-full 1"],
            ),
        ]);
    }

    #[test]
    fn what_nobody_looked_at_for_long_is_told_in_its_order() {
        walk(&[
            (
                0,
                Some(("spool-full", "spool: a")),
                &["raised spool-full 1"],
            ),
            (10, Some(("spool-full", "spool: b")), &[]),
            (
                9_000,
                Some(("spool-full", "spool: c")),
                &["repeated spool-full 2", "raised spool-full 1"],
            ),
        ]);
    }

    #[test]
    fn another_thing_and_another_code_are_told_by_themselves() {
        walk(&[
            (0, Some(("dead-letter", "a: x")), &["raised dead-letter 1"]),
            (1, Some(("dead-letter", "b: x")), &["raised dead-letter 1"]),
            (2, Some(("quarantined", "a: x")), &["raised quarantined 1"]),
            (3, Some(("dead-letter", "b: y")), &[]),
        ]);
    }

    #[test]
    fn an_end_is_told_with_the_count_of_what_is_over() {
        walk(&[
            (
                0,
                Some(("destination-down", "pacs: no")),
                &["raised destination-down 1"],
            ),
            (5, Some(("destination-down", "pacs: no")), &[]),
            (
                6,
                Some(("destination-back", "ws: yes")),
                &["ended destination-back 1"],
            ),
            (
                9,
                Some(("destination-back", "pacs: yes")),
                &["ended destination-back 2"],
            ),
            // Down again is news, however soon.
            (
                10,
                Some(("destination-down", "pacs: no")),
                &["raised destination-down 1"],
            ),
        ]);
    }

    #[test]
    fn an_end_says_since_when_it_was() {
        let mut quiet = Quiet::default();
        quiet.hear(&alert(4, 7, "disk-low", "disk of a: 1"), HOUR_US);
        let over = quiet.hear(&alert(9, 60, "disk-enough", "disk of a: 2"), HOUR_US);
        assert_eq!(over[0].first, UtcMicros(7_000_000));
        assert_eq!(over[0].last, UtcMicros(60_000_000));
        assert_eq!(over[0].entries, (9, 9));
        assert_eq!(quiet, Quiet::default());
    }

    #[test]
    fn many_things_of_one_code_are_one_after_the_first_ten() {
        let mut quiet = Quiet::default();
        let mut news = 0;
        for host in 0..200 {
            let text = format!("connection of 10.0.0.{host}: no");
            news += quiet
                .hear(&alert(host, 0, "tls-refused", &text), HOUR_US)
                .len();
        }
        assert_eq!(news, SUBJECTS_MAX + 1);
        assert_eq!(quiet.held.len(), SUBJECTS_MAX + 1);
        let later = quiet.due(UtcMicros(HOUR_US), HOUR_US);
        assert_eq!(told(&later), ["repeated tls-refused 190"]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_gives_way_is_told() {
        let mut quiet = Quiet::default();
        let code = |number: usize| format!("code-{}", "x".repeat(number));
        for number in 0..HELD_MAX {
            quiet.hear(&alert(number as u64, 0, &code(number), "a"), HOUR_US);
        }
        quiet.hear(&alert(600, 1, &code(0), "a"), HOUR_US);
        let news = quiet.hear(&alert(601, 2, "one-more", "a"), HOUR_US);
        assert_eq!(told(&news), ["repeated code- 2", "raised one-more 1"]);
        assert_eq!(quiet.held.len(), HELD_MAX);
    }

    #[test]
    fn what_is_remembered_survives_a_restart() {
        let mut quiet = Quiet::default();
        quiet.hear(&alert(1, 0, "notify", "a"), HOUR_US);
        let text = serde_json::to_string(&quiet).unwrap();
        assert_eq!(serde_json::from_str::<Quiet>(&text).unwrap(), quiet);
    }
}
