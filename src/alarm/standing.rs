//! Which alerts stand now: a fold over the alerts of the ledger, in order, for whoever shows them.

use super::alert::Alert;
use crate::audit;
use crate::audit::Severity;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

/// How long an alert stands that nobody raises again. One that another alert ends stands until then, unless the
/// gateway was started meanwhile: what was so before it is raised again when it is still so.
const STANDS_US: i64 = DAY_MICROS;

/// Alerts that stand at the same time; the one that was raised longest ago gives way to one more.
const STANDING_MAX: usize = 500;

/// An alert that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// Its kind.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was said last.
    pub text: String,
    /// How many times, since it stands.
    pub count: u64,
    /// Since when.
    pub first: UtcMicros,
    /// Raised last.
    pub last: UtcMicros,
    /// The entry that raised it last.
    pub entry: u64,
    subject: String,
    /// It stands until it is ended.
    is_held: bool,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// In the order in which they were raised last.
    rows: Vec<Stands>,
}

impl Standing {
    /// `alert` was raised, after all that were heard of before.
    pub fn hear(&mut self, alert: &Alert) {
        self.rows.retain(|row| stands(row, alert.at));
        let subject = alert.subject();
        let code = audit::ended_by(&alert.code).unwrap_or(&alert.code);
        let mut rows = self.rows.iter();
        let before = rows.position(|row| row.code == code && row.subject == subject);
        let before = before.map(|place| self.rows.remove(place));
        // What ends something, and what is good news, is nothing to look at.
        if alert.severity() == Severity::Success {
            return;
        }
        if self.rows.len() >= STANDING_MAX {
            self.rows.remove(0);
        }
        let count = before.as_ref().map_or(0, |before| before.count);
        self.rows.push(Stands {
            code: alert.code.clone(),
            severity: alert.severity(),
            text: alert.text.clone(),
            count: count.saturating_add(1),
            first: before.map_or(alert.at, |before| before.first),
            last: alert.at,
            entry: alert.entry,
            subject,
            is_held: audit::is_ended(&alert.code),
        });
    }

    /// The gateway was started.
    pub fn restarted(&mut self) {
        for row in &mut self.rows {
            row.is_held = false;
        }
    }

    /// What stands at `now`: the worst first, and of what is equally bad the newest.
    pub fn at(&self, now: UtcMicros) -> Vec<&Stands> {
        let mut rows: Vec<&Stands> = self.rows.iter().rev().collect();
        rows.retain(|row| stands(row, now));
        rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
        rows
    }
}

fn stands(row: &Stands, now: UtcMicros) -> bool {
    row.is_held || now.0.saturating_sub(row.last.0) < STANDS_US
}

#[cfg(test)]
mod tests {
    use super::super::alert::tests::alert;
    use super::*;

    const DAY_S: i64 = 86_400;

    fn heard(alerts: &[(i64, &str, &str)]) -> Standing {
        let mut standing = Standing::default();
        for (entry, (second, code, text)) in alerts.iter().enumerate() {
            standing.hear(&alert(entry as u64, *second, code, text));
        }
        standing
    }

    fn shown(standing: &Standing, second: i64) -> Vec<(&str, u64)> {
        let rows = standing.at(UtcMicros(second * 1_000_000)).into_iter();
        rows.map(|row| (row.code.as_str(), row.count)).collect()
    }

    #[test]
    fn what_is_over_stands_no_more() {
        let standing = heard(&[
            (0, "destination-down", "destination a: 1 waits"),
            (1, "destination-down", "destination b: 1 waits"),
            (2, "destination-down", "destination b: 2 wait"),
            (3, "destination-back", "destination a: it answers again"),
        ]);
        assert_eq!(shown(&standing, 4), [("destination-down", 2)]);
        let b = standing.at(UtcMicros(4))[0];
        assert_eq!(
            (b.text.as_str(), b.first.0, b.entry),
            ("destination b: 2 wait", 1_000_000, 2)
        );
    }

    #[test]
    fn what_something_ends_stands_until_then_or_until_a_day_after_a_start() {
        let down = (0, "destination-down", "destination a: 1 waits");
        let mut standing = heard(&[down, (0, "dead-letter", "x")]);
        assert_eq!(shown(&standing, 3 * DAY_S), [("destination-down", 1)]);
        let back = (0, "destination-back", "destination a: it answers again");
        assert_eq!(shown(&heard(&[down, back]), 1), []);
        standing.restarted();
        assert_eq!(shown(&standing, DAY_S - 1).len(), 2);
        assert_eq!(shown(&standing, DAY_S), []);
    }

    #[test]
    fn the_worst_comes_first_and_then_the_newest() {
        let standing = heard(&[
            (0, "log-forked", "x"),
            (1, "certificate-expires", "x"),
            (2, "dead-letter", "x"),
            (3, "spool-full", "x"),
            (4, "notify", "x"),
        ]);
        let codes: Vec<&str> = shown(&standing, 5).into_iter().map(|row| row.0).collect();
        let expected = [
            "log-forked",
            "spool-full",
            "dead-letter",
            "certificate-expires",
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn after_a_day_nothing_stands_that_was_not_raised_again() {
        let mut standing = heard(&[(0, "spool-full", "x"), (9, "dead-letter", "x")]);
        assert_eq!(shown(&standing, DAY_S).len(), 1);
        assert_eq!(shown(&standing, DAY_S + 9).len(), 0);
        standing.hear(&alert(7, DAY_S + 9, "spool-full", "x"));
        assert_eq!(shown(&standing, DAY_S + 9), [("spool-full", 1)]);
    }

    #[test]
    fn what_stands_is_bounded() {
        let mut standing = Standing::default();
        for host in 0..=STANDING_MAX as u64 {
            standing.hear(&alert(
                host,
                0,
                "tls-refused",
                &format!("of 10.0.0.{host}: no"),
            ));
        }
        let rows = standing.at(UtcMicros(0));
        assert_eq!(
            (rows.len(), rows[0].entry),
            (STANDING_MAX, STANDING_MAX as u64)
        );
        assert!(rows.iter().all(|row| row.entry > 0));
    }
}
