//! Dates of a search, as FHIR has them: each stands for all moments that it does not tell apart.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::time::UtcMicros;

/// The moments that a search is about: from the first on, before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Between {
    pub(super) from: UtcMicros,
    pub(super) until: UtcMicros,
}

impl Between {
    /// All moments.
    pub(super) const EVER: Self = Self {
        from: UtcMicros(i64::MIN),
        until: UtcMicros(i64::MAX),
    };

    /// Fewer moments: those that `date`, as in `ge2026-01-31`, is about, too; `None` when it is no date of a search.
    pub(super) fn and(self, date: &str) -> Option<Self> {
        let (prefix, rest) = match date.get(..2) {
            Some(prefix @ ("eq" | "ge" | "gt" | "le" | "lt")) => (prefix, date.get(2..)?),
            _ => ("eq", date),
        };
        let meant = meant(rest)?;
        let wanted = match prefix {
            "ge" => Self {
                from: meant.from,
                ..Self::EVER
            },
            "gt" => Self {
                from: meant.until,
                ..Self::EVER
            },
            "le" => Self {
                until: meant.until,
                ..Self::EVER
            },
            "lt" => Self {
                until: meant.from,
                ..Self::EVER
            },
            _ => meant,
        };
        Some(Self {
            from: self.from.max(wanted.from),
            until: self.until.min(wanted.until),
        })
    }
}

/// The moments that a date stands for: a day (UTC), a second, or as much less as its digits tell.
fn meant(text: &str) -> Option<Between> {
    let micros = |at: Timestamp| UtcMicros(at.as_microsecond());
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        let begins = |day: Date| day.to_zoned(TimeZone::UTC).ok();
        return Some(Between {
            from: micros(begins(day)?.timestamp()),
            until: micros(begins(day.tomorrow().ok()?)?.timestamp()),
        });
    }
    let from = micros(text.parse().ok()?);
    let digits = text.split_once('.').map_or(0, |(_, rest)| {
        rest.bytes().take_while(u8::is_ascii_digit).count()
    });
    let lasts = match digits {
        0 => 1_000_000,
        1 => 100_000,
        2 => 10_000,
        3 => 1_000,
        4 => 100,
        5 => 10,
        _ => 1,
    };
    Some(Between {
        from,
        until: from.plus(lasts),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn search(dates: &[&str]) -> Option<(i64, i64)> {
        let mut all = Between::EVER;
        for date in dates {
            all = all.and(date)?;
        }
        Some((all.from.0, all.until.0))
    }

    #[test]
    fn a_date_is_about_all_that_it_does_not_tell_apart() {
        assert_eq!(search(&["1970-01-02"]), Some((DAY, 2 * DAY)));
        assert_eq!(
            search(&["ge1970-01-02", "le1970-01-03"]),
            Some((DAY, 3 * DAY))
        );
        assert_eq!(
            search(&["gt1970-01-02", "lt1970-01-04"]),
            Some((2 * DAY, 3 * DAY))
        );
        let second = 1_000_000;
        assert_eq!(
            search(&["eq1970-01-01T00:00:01Z"]),
            Some((second, 2 * second))
        );
        assert_eq!(
            search(&["1970-01-01T01:00:01.250+01:00"]),
            Some((1_250_000, 1_251_000))
        );
    }

    #[test]
    fn what_is_no_date_of_a_search_is_none() {
        for date in [
            "",
            "ne1970-01-02",
            "ap1970-01-02",
            "1970-01-32",
            "1970-01-01T00:00",
            "ge",
            "é",
        ] {
            assert_eq!(search(&[date]), None, "{date}");
        }
    }
}
