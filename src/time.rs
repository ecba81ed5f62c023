//! Points in time as values. Nothing here reads a clock: time is an argument (see `clock`).

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Microseconds in one UTC day; the ledger's days have no leap seconds (POSIX time).
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds in one hour.
pub const HOUR_MICROS: i64 = DAY_MICROS / 24;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UtcMicros(pub i64);

/// A UTC calendar day, counted from 1970-01-01.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Day(pub i32);

impl UtcMicros {
    /// The day that this moment lies in. Saturates at the ends of [`Day`].
    pub fn day(self) -> Day {
        let days = self.0.div_euclid(DAY_MICROS);
        Day(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The first moment of the following day.
    pub fn next_midnight(self) -> Self {
        Self(
            i64::from(self.day().0)
                .saturating_add(1)
                .saturating_mul(DAY_MICROS),
        )
    }

    /// In 16 characters, to the second: `20260131T120000Z` (ISO 8601, basic format).
    pub fn compact(self) -> String {
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        at.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// ISO 8601 to the millisecond, cut off: `2026-01-31T12:00:00.123Z` (`instant` of FHIR, whose years have four
    /// digits). Saturates at the ends of what that has.
    pub fn instant(self) -> String {
        let at = jiff::Timestamp::from_microsecond(self.0.max(0)).unwrap_or(jiff::Timestamp::MAX);
        format!("{at:.3}")
    }

    /// The same day and time so many calendar years before (UTC); of 29 February, the 28th where there is none.
    #[must_use]
    pub fn years_before(self, years: u16) -> Self {
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        let at = at.to_zoned(jiff::tz::TimeZone::UTC);
        let before = at.checked_sub(jiff::Span::new().years(i64::from(years)));
        before.map_or(Self(i64::MIN), |before| {
            Self(before.timestamp().as_microsecond())
        })
    }

    /// This moment plus `micros`, saturating.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl Day {
    /// The day of a DICOM DA value (`YYYYMMDD`, PS3.5 §6.2); `None` for anything else.
    pub fn from_dicom(text: &str) -> Option<Self> {
        let date = jiff::civil::Date::strptime("%Y%m%d", text.trim()).ok()?;
        let epoch = jiff::civil::date(1970, 1, 1);
        Some(Self(epoch.until(date).ok()?.get_days()))
    }

    /// Year, month and day of the calendar. Saturates at the ends of what it has.
    pub fn ymd(self) -> (i32, u8, u8) {
        let at = i64::from(self.0).saturating_mul(86_400);
        let end = if self.0 < 0 {
            (-9999, 1, 1)
        } else {
            (9999, 12, 31)
        };
        let of = |at: jiff::Timestamp| {
            let at = at.to_zoned(jiff::tz::TimeZone::UTC);
            let month = u8::try_from(at.month()).unwrap_or(1);
            let day = u8::try_from(at.day()).unwrap_or(1);
            (at.year().into(), month, day)
        };
        jiff::Timestamp::from_second(at).map_or(end, of)
    }

    /// The calendar year. Saturates at the ends of what the calendar has: the years -9999 and 9999.
    pub fn year(self) -> i32 {
        let at = i64::from(self.0).saturating_mul(86_400);
        let end = if self.0 < 0 { -9999 } else { 9999 };
        let at = jiff::Timestamp::from_second(at);
        at.map_or(end, |at| at.to_zoned(jiff::tz::TimeZone::UTC).year().into())
    }
}

/// ISO 8601 with microseconds, as in the ledger's human-readable views.
impl fmt::Display for UtcMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at:.6}"),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

/// ISO 8601 calendar date.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = i64::from(self.0).saturating_mul(86_400);
        match jiff::Timestamp::from_second(at) {
            Ok(at) => write!(f, "{}", at.strftime("%F")),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_belongs_to_the_day_it_opens() {
        assert_eq!(UtcMicros(DAY_MICROS).day(), Day(1));
        assert_eq!(UtcMicros(DAY_MICROS - 1).day(), Day(0));
        assert_eq!(UtcMicros(-1).day(), Day(-1));
        assert_eq!(UtcMicros(5).next_midnight(), UtcMicros(DAY_MICROS));
    }

    #[test]
    fn years_before_are_those_of_the_calendar() {
        let begins = |text| UtcMicros(i64::from(Day::from_dicom(text).unwrap().0) * DAY_MICROS);
        for (day, before) in [("20260303", "20200303"), ("20240229", "20180228")] {
            assert_eq!(begins(day).years_before(6), begins(before));
        }
    }

    #[test]
    fn a_moment_has_a_compact_form() {
        assert_eq!(
            UtcMicros(DAY_MICROS + 1_500_000).compact(),
            "19700102T000001Z"
        );
    }

    #[test]
    fn an_instant_has_milliseconds_and_four_digits_of_a_year() {
        let at = UtcMicros(DAY_MICROS + 1_999_999);
        assert_eq!(at.instant(), "1970-01-02T00:00:01.999Z");
        assert_eq!(UtcMicros(i64::MIN).instant(), "1970-01-01T00:00:00.000Z");
        let last = UtcMicros(i64::MAX).instant();
        assert!(last.starts_with("9999-12-3"), "{last}");
    }

    #[test]
    fn a_dicom_date_is_eight_digits_of_a_real_day() {
        assert_eq!(Day::from_dicom("19700102"), Some(Day(1)));
        assert_eq!(Day::from_dicom("20260230"), None);
        assert_eq!(Day::from_dicom("1970.01.02"), None);
        assert_eq!(Day(1).to_string(), "1970-01-02");
        assert_eq!(
            (Day(-1).year(), Day(0).year(), Day(365).year()),
            (1969, 1970, 1971)
        );
        assert_eq!((Day(i32::MIN).year(), Day(i32::MAX).year()), (-9999, 9999));
    }
}
