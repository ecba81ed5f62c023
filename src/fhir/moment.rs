//! FHIR dateTime (R4 §2.24.0.1): a year, a month, a day, or a second with its offset from UTC. Each
//! stands for all the time that it does not tell apart.

use crate::fhir::element::Element;
use crate::fhir::element::Reading;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Microseconds in a second.
const SECOND_MICROS: i64 = 1_000_000;

/// The time that a dateTime stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// From the first to the last of these days; taken as days of UTC where an instant is needed.
    Days(Day, Day),
    /// From this moment, for as long as its precision: a second, or a microsecond.
    Instant { from: UtcMicros, lasts_micros: i64 },
}

impl Moment {
    /// Reads a dateTime.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains('T') {
            return Self::instant(text);
        }
        let day = |month: &str, day: &str| {
            let year = text.get(..4)?;
            Day::from_dicom(&[year, month, day].concat())
        };
        match *shape(text).as_bytes() {
            [b'Y'] => Some(Self::Days(day("01", "01")?, day("12", "31")?)),
            [b'M'] => {
                let month = text.get(5..7)?;
                let last = ["31", "30", "29", "28"];
                let last = last.iter().find_map(|last| day(month, last))?;
                Some(Self::Days(day(month, "01")?, last))
            }
            [b'D'] => {
                let only = day(text.get(5..7)?, text.get(8..10)?)?;
                Some(Self::Days(only, only))
            }
            _ => None,
        }
    }

    fn instant(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let offset_at = time.find(['Z', '+', '-'])?;
        let (clock, offset) = time.split_at_checked(offset_at)?;
        let (whole, fraction) = match clock.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (clock, None),
        };
        let sound = shape(date) == "D"
            && digits(whole) == "99:99:99"
            && fraction.is_none_or(|digits| !digits.is_empty() && all_digits(digits))
            && (offset == "Z" || matches!(digits(offset).as_str(), "+99:99" | "-99:99"));
        if !sound {
            return None;
        }
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(Self::Instant {
            from: UtcMicros(at.as_microsecond()),
            lasts_micros: if fraction.is_some() { 1 } else { SECOND_MICROS },
        })
    }

    /// Its first moment.
    pub(super) fn begins(self) -> UtcMicros {
        match self {
            Self::Days(first, _) => midnight(first),
            Self::Instant { from, .. } => from,
        }
    }

    /// The first moment after it.
    pub(super) fn ends(self) -> UtcMicros {
        match self {
            Self::Days(_, last) => midnight(last).next_midnight(),
            Self::Instant { from, lasts_micros } => from.plus(lasts_micros),
        }
    }
}

fn midnight(day: Day) -> UtcMicros {
    UtcMicros(i64::from(day.0).saturating_mul(DAY_MICROS))
}

/// The text with every digit as 9.
fn digits(text: &str) -> String {
    let mask = |c: char| if c.is_ascii_digit() { '9' } else { c };
    text.chars().map(mask).collect()
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `Y`, `M` or `D` for a year, a month or a day, nothing for anything else.
fn shape(text: &str) -> &'static str {
    match digits(text).as_str() {
        "9999" => "Y",
        "9999-99" => "M",
        "9999-99-99" => "D",
        _ => "",
    }
}

/// A dateTime at `key`, if there is one.
pub(super) fn moment(element: &Element<'_>, key: &str, reading: &mut Reading) -> Option<Moment> {
    let text = element.text(key, reading)?;
    let moment = Moment::parse(text);
    if moment.is_none() {
        reading.fault(
            element.at(key),
            "is no FHIR dateTime",
            "write 2026, 2026-01, 2026-01-31 or 2026-01-31T12:00:00+01:00",
        );
    }
    moment
}

/// A Period at `key`: its start and its end, either of which may be open.
pub(super) fn period(
    element: &Element<'_>,
    key: &str,
    reading: &mut Reading,
) -> Option<(Option<Moment>, Option<Moment>)> {
    let period = element.child(key, reading)?;
    period.only(&["start", "end"], reading);
    if !period.has("start") && !period.has("end") {
        reading.fault(
            &period.path,
            "has neither start nor end",
            "give one of them",
        );
    }
    let start = moment(&period, "start", reading);
    let end = moment(&period, "end", reading);
    if let (Some(start), Some(end)) = (start, end)
        && end.ends() <= start.begins()
    {
        reading.fault(&period.path, "ends before it starts", "exchange them");
    }
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, until: &str) -> Option<Moment> {
        Some(Moment::Days(
            Day::from_dicom(from).unwrap(),
            Day::from_dicom(until).unwrap(),
        ))
    }

    #[test]
    fn a_date_stands_for_all_its_days() {
        assert_eq!(Moment::parse("2022"), days("20220101", "20221231"));
        assert_eq!(Moment::parse("2024-02"), days("20240201", "20240229"));
        assert_eq!(Moment::parse("2022-12-31"), days("20221231", "20221231"));
    }

    #[test]
    fn an_instant_lasts_as_long_as_it_is_precise() {
        let second = Moment::parse("1970-01-01T01:00:05+01:00").unwrap();
        assert_eq!(second.begins(), UtcMicros(5_000_000));
        assert_eq!(second.ends(), UtcMicros(6_000_000));
        let fraction = Moment::parse("1970-01-01T00:00:00.250Z").unwrap();
        assert_eq!(fraction.begins(), UtcMicros(250_000));
        assert_eq!(fraction.ends(), UtcMicros(250_001));
        assert_eq!(
            Moment::parse("1970-01-01").unwrap().ends(),
            UtcMicros(DAY_MICROS)
        );
    }

    #[test]
    fn anything_else_is_no_date_time() {
        for text in [
            "",
            "22",
            "2022-13",
            "2022-02-30",
            "2022-1-1",
            "20220101",
            "2022-01-01T",
            "2022-01-01T10:00:00",
            "2022-01-01T10:00Z",
            "2022-01-01T10:00:00.Z",
            "2022-01-01 10:00:00Z",
            "2022-01-01T25:00:00Z",
            "2022-01-01T10:00:00+01:00[Europe/Berlin]",
            "２０２２",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
