//! How long details are kept, and why a person is forgotten.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use utoipa::ToSchema;

use crate::time::Day;

/// Characters of the longest name of a retention class.
const CLASS_CHARACTERS_MAX: usize = 40;

/// Why a person is forgotten: the grounds of Article 17(1) GDPR, and a mistake of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErasureReason {
    /// (a) Nobody needs the details any more.
    NoLongerNecessary,
    /// (b) The consent that they rested on was withdrawn.
    ConsentWithdrawn,
    /// (c) The person objected.
    Objection,
    /// (d) They should not have been recorded.
    Unlawful,
    /// (e) The law demands it.
    LegalObligation,
    /// They were recorded of the wrong person.
    RecordedInError,
}

impl ErasureReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::NoLongerNecessary,
        Self::ConsentWithdrawn,
        Self::Objection,
        Self::Unlawful,
        Self::LegalObligation,
        Self::RecordedInError,
    ];

    /// The code, as in the line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoLongerNecessary => "no-longer-necessary",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::Objection => "objection",
            Self::Unlawful => "unlawful",
            Self::LegalObligation => "legal-obligation",
            Self::RecordedInError => "recorded-in-error",
        }
    }
}

impl fmt::Display for ErasureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no reason for an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a reason is no-longer-necessary, consent-withdrawn, objection, unlawful, legal-obligation or \
     recorded-in-error"
)]
pub struct UnknownErasureReason;

impl FromStr for ErasureReason {
    type Err = UnknownErasureReason;

    fn from_str(text: &str) -> Result<Self, UnknownErasureReason> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.as_str() == text)
            .ok_or(UnknownErasureReason)
    }
}

/// The details of one calendar year (of ledger time, UTC) that are kept equally long: they are
/// sealed under one key more than the patient's own, and go with it. As text: `2026/default`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// The year: 1970 to 9999.
    pub year: u16,
    /// The retention class: 1 to 40 of `a` to `z`, `0` to `9`, `-`.
    pub class: Box<str>,
}

/// Years of ledger time that have epochs.
const YEARS: std::ops::RangeInclusive<u16> = 1970..=9999;

/// A text that is no epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an epoch is a year and a retention class, as 2026/default")]
pub struct NotAnEpoch;

impl Epoch {
    /// The epoch of what is recorded on `day`; `None` when the class is misnamed.
    pub fn of(day: Day, class: &str) -> Option<Self> {
        Self::new(u16::try_from(day.year()).ok()?, class)
    }

    /// The epoch of a year; `None` when there is none, or the class is misnamed.
    pub fn new(year: u16, class: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let named = (1..=CLASS_CHARACTERS_MAX).contains(&class.len()) && class.bytes().all(fits);
        (named && YEARS.contains(&year)).then(|| Self {
            year,
            class: class.into(),
        })
    }

    /// Whether nothing more can come to it on `day`: ledger time never runs back.
    pub fn is_over(&self, day: Day) -> bool {
        i32::from(self.year) < day.year()
    }

    /// Whether it has been over for `years` years on `day`: what it holds is older than that.
    pub fn is_due(&self, day: Day, years: u16) -> bool {
        i32::from(self.year).saturating_add(i32::from(years)) < day.year()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.year, self.class)
    }
}

impl FromStr for Epoch {
    type Err = NotAnEpoch;

    fn from_str(text: &str) -> Result<Self, NotAnEpoch> {
        let (year, class) = text.split_once('/').ok_or(NotAnEpoch)?;
        let number = year.parse().map_err(|_| NotAnEpoch)?;
        let epoch = Self::new(number, class).ok_or(NotAnEpoch)?;
        // One epoch has one spelling.
        (epoch.to_string() == text)
            .then_some(epoch)
            .ok_or(NotAnEpoch)
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::from_dicom(text).unwrap()
    }

    #[test]
    fn an_epoch_is_a_year_of_a_class() {
        let epoch = Epoch::of(day("20261231"), "default").unwrap();
        assert_eq!(epoch.to_string(), "2026/default");
        assert_eq!("2026/default".parse(), Ok(epoch.clone()));
        assert_eq!(Epoch::of(day("20260101"), "default"), Some(epoch));
        for bad in [
            "2026",
            "2026/",
            "2026/De",
            "26/default",
            "02026/a",
            "1969/a",
            "2026/a/b",
        ] {
            assert_eq!(bad.parse::<Epoch>(), Err(NotAnEpoch), "{bad}");
        }
        let long = "a".repeat(CLASS_CHARACTERS_MAX + 1);
        assert_eq!(Epoch::of(day("20260101"), &long), None);
    }

    #[test]
    fn an_epoch_is_due_when_all_that_it_holds_is_older_than_the_years() {
        let epoch: Epoch = "2020/default".parse().unwrap();
        assert!(!epoch.is_over(day("20201231")));
        assert!(epoch.is_over(day("20210101")));
        // The youngest entry is of 2020-12-31: six years old on 2026-12-31, older a day later.
        assert!(!epoch.is_due(day("20261231"), 6));
        assert!(epoch.is_due(day("20270101"), 6));
    }

    #[test]
    fn every_reason_reads_back() {
        for reason in ErasureReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{reason}\""));
        }
        assert_eq!("whim".parse::<ErasureReason>(), Err(UnknownErasureReason));
    }
}
