//! Moments as people at the site read them off their clocks.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::time::Day;
use crate::time::UtcMicros;

/// A name that is none of a time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0:?}; one is named as in Europe/Vienna (IANA)")]
pub struct NoSuchZone(pub String);

/// A site's time zone, with its changes between summer and winter.
#[derive(Clone, Debug)]
pub struct ClockFace {
    name: String,
    zone: TimeZone,
}

impl ClockFace {
    /// That of the zone with this IANA name.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(name: &str) -> Result<Self, NoSuchZone> {
        let zone = TimeZone::get(name).map_err(|_| NoSuchZone(name.to_owned()))?;
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }

    /// That of the machine.
    pub fn of_system() -> Self {
        let zone = TimeZone::system();
        Self {
            name: zone.iana_name().unwrap_or("UTC").to_owned(),
            zone,
        }
    }

    /// UTC.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// The zone's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day that it is here.
    pub fn day(&self, at: UtcMicros) -> Day {
        let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
        let date = at.to_zoned(self.zone.clone()).date();
        Day::from_dicom(&date.strftime("%Y%m%d").to_string()).unwrap_or_default()
    }

    /// When a day begins here; where the clock skips midnight, the first moment after.
    pub fn begins(&self, day: Day) -> UtcMicros {
        let (year, month, date) = day.ymd();
        let year = i16::try_from(year).unwrap_or(i16::MAX);
        let [month, date] = [month, date].map(|part| i8::try_from(part).unwrap_or(1));
        let civil = jiff::civil::Date::new(year, month, date);
        let zoned = civil.and_then(|date| date.to_zoned(self.zone.clone()));
        zoned.map_or(UtcMicros(0), |at| {
            UtcMicros(at.timestamp().as_microsecond())
        })
    }

    /// The date, in words: `3 March 2026`.
    pub fn date(&self, at: UtcMicros) -> String {
        let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
        let zoned = at.to_zoned(self.zone.clone());
        zoned.strftime("%-d %B %Y").to_string()
    }

    /// Date and time as people write them down: `2026-10-25 02:30:00`.
    pub fn plain(&self, at: UtcMicros) -> String {
        let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
        let zoned = at.to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The moment that people mean by a day (`2026-10-25`: its beginning), a time on the site's clocks
    /// (`2026-10-25T02:30`), or a time with an offset (RFC 3339). What a clock shows twice is the first of both.
    pub fn moment(&self, text: &str) -> Option<UtcMicros> {
        let text = text.trim();
        if let Ok(exact) = text.parse::<Timestamp>() {
            return Some(UtcMicros(exact.as_microsecond()));
        }
        let local: DateTime = text.parse().ok()?;
        let zoned = self.zone.to_ambiguous_zoned(local).compatible().ok()?;
        Some(UtcMicros(zoned.timestamp().as_microsecond()))
    }

    /// Date, time and offset: `2026-10-25T02:30:00.000000+02:00` (RFC 3339). In the hour that a clock shows
    /// twice, the offset tells which.
    pub fn local(&self, at: UtcMicros) -> String {
        let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
        let zoned = at.to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> UtcMicros {
        UtcMicros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn the_hour_that_a_clock_shows_twice_is_told_apart_and_the_one_it_skips_never_shown() {
        let vienna = ClockFace::of("Europe/Vienna").unwrap();
        let shown = |text| vienna.local(micros(text));
        assert_eq!(
            shown("2026-10-25T00:30:00Z"),
            "2026-10-25T02:30:00.000000+02:00"
        );
        assert_eq!(
            shown("2026-10-25T01:30:00Z"),
            "2026-10-25T02:30:00.000000+01:00"
        );
        assert_eq!(
            shown("2026-03-29T00:59:59.9Z"),
            "2026-03-29T01:59:59.900000+01:00"
        );
        assert_eq!(
            shown("2026-03-29T01:00:00Z"),
            "2026-03-29T03:00:00.000000+02:00"
        );
    }

    #[test]
    fn a_moment_is_read_off_the_clocks_of_the_site() {
        let vienna = ClockFace::of("Europe/Vienna").unwrap();
        for (text, utc) in [
            ("2026-01-31", "2026-01-30T23:00:00Z"),
            ("2026-01-31T12:00", "2026-01-31T11:00:00Z"),
            (" 2026-07-31T12:00:30 ", "2026-07-31T10:00:30Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
        ] {
            assert_eq!(vienna.moment(text), Some(micros(utc)), "{text}");
        }
        for text in ["", "yesterday", "2026-02-30", "2026-01-31T25:00", "12:00"] {
            assert_eq!(vienna.moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let vienna = ClockFace::of("Europe/Vienna").unwrap();
        let day = Day::from_dicom("20260329").unwrap();
        assert_eq!(vienna.begins(day), micros("2026-03-28T23:00:00Z"));
        assert_eq!(
            vienna.begins(Day(day.0 + 1)),
            micros("2026-03-29T22:00:00Z"),
            "summer"
        );
        assert_eq!(vienna.day(micros("2026-03-28T23:00:00Z")), day);
        assert_eq!(vienna.day(micros("2026-03-28T22:59:59Z")), Day(day.0 - 1));
    }

    #[test]
    fn a_zone_that_there_is_not_is_refused() {
        assert!(ClockFace::of("Europe/Atlantis").is_err());
        assert_eq!(
            ClockFace::utc().local(UtcMicros(0)),
            "1970-01-01T00:00:00.000000+00:00"
        );
    }
}
