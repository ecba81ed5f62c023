//! Scenarios: made-up behaviour of institutions, for `credence score simulate`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::parameters::Incident;
use crate::contract::names::InstitutionSlug;

/// Bytes of the longest scenario.
pub const SCENARIO_TEXT_BYTES_MAX: usize = 64 * 1024;

/// Days of the longest simulation: ten years.
pub const SCENARIO_DAYS_MAX: u32 = 3650;

/// Characters of a title.
const TITLE_CHARACTERS_MAX: usize = 100;

/// Institutions of a scenario.
const INSTITUTIONS_MAX: usize = 16;

/// Exchanges of one institution.
const EXCHANGES_MAX: usize = 8;

/// Incidents, and missed reviews, of one institution.
const EVENTS_MAX: usize = 128;

/// Counterparties of one institution.
const PARTNERS_MAX: u32 = 20;

/// Transfers with one counterparty on one day.
const TRANSFERS_PER_DAY_MAX: u32 = 1_000_000;

/// Reviews that can be missed on one day.
const MISSED_MAX: u32 = 1000;

/// A scenario. Days are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    pub title: String,
    /// Who behaves how.
    #[serde(rename = "institution")]
    pub(super) institutions: Vec<Behaviour>,
}

/// What one institution does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Behaviour {
    /// What it is called.
    pub(super) name: InstitutionSlug,
    /// The first day on which it is known.
    #[serde(default = "first_day")]
    pub(super) joins: u32,
    /// Its routine.
    #[serde(default, rename = "exchange")]
    pub(super) exchanges: Vec<Exchange>,
    /// What is reported of it.
    #[serde(default, rename = "incident")]
    pub(super) incidents: Vec<ReportedIncident>,
    /// Reviews of emergencies that it does not do in time.
    #[serde(default, rename = "review")]
    pub(super) reviews: Vec<MissedReviews>,
}

/// Routine exchange, every day from one to another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// With how many counterparties. They are numbered: two exchanges at a time are with the same.
    pub(super) partners: u32,
    /// Transfers on a day, with each of them.
    pub(super) transfers_per_day: u32,
    /// Of a thousand, so many come late or fail by its fault; spread evenly.
    #[serde(default)]
    pub(super) late_per_1000: u32,
    /// The first day; the one on which the institution joins, if absent.
    pub(super) from: Option<u32>,
    /// The last day; without, to the end.
    pub(super) until: Option<u32>,
}

/// An incident that somebody reported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportedIncident {
    /// The day on which the arbiter decides.
    pub(super) day: u32,
    /// What.
    pub(super) kind: Incident,
    /// Whether it counts.
    pub(super) upheld: bool,
    /// The day on which the charge is taken back, and its ceiling lifted.
    pub(super) reversed: Option<u32>,
    /// The day on which the ceiling is lifted, while the charge stays.
    pub(super) ceiling_lifted: Option<u32>,
}

/// Reviews that were not done in time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissedReviews {
    /// The day on which that is recorded.
    pub(super) day: u32,
    /// How many.
    pub(super) missed: u32,
}

/// Why a text is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Too much text.
    #[error("{bytes} bytes, limit {SCENARIO_TEXT_BYTES_MAX}")]
    TooLong {
        /// How much.
        bytes: usize,
    },
    /// Not TOML, or not the keys of a scenario.
    #[error("{0}")]
    Syntax(String),
    /// A number, or a count, out of its range.
    #[error("{of}: {key} is {value}, but must be {least} to {most}")]
    Range {
        /// Of which institution, or of the scenario.
        of: String,
        /// Which.
        key: &'static str,
        /// Its value.
        value: u64,
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
    },
    /// Two institutions of one name.
    #[error("{0} is there twice")]
    Twice(InstitutionSlug),
}

const fn first_day() -> u32 {
    1
}

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// Too long, not TOML, a key that is unknown or missing, or a number out of its range.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > SCENARIO_TEXT_BYTES_MAX {
            return Err(ScenarioError::TooLong { bytes: text.len() });
        }
        let scenario: Self =
            toml::from_str(text).map_err(|error| ScenarioError::Syntax(error.to_string()))?;
        let here = Checked("the scenario");
        here.count(
            "title",
            scenario.title.chars().count(),
            1,
            TITLE_CHARACTERS_MAX,
        )?;
        here.count(
            "institution",
            scenario.institutions.len(),
            1,
            INSTITUTIONS_MAX,
        )?;
        let mut names = BTreeSet::new();
        for institution in &scenario.institutions {
            if !names.insert(&institution.name) {
                return Err(ScenarioError::Twice(institution.name.clone()));
            }
            institution.check()?;
        }
        Ok(scenario)
    }
}

/// Whose numbers are looked at.
struct Checked<'a>(&'a str);

impl Checked<'_> {
    fn range(
        &self,
        key: &'static str,
        value: u64,
        least: u64,
        most: u64,
    ) -> Result<(), ScenarioError> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(ScenarioError::Range {
            of: self.0.to_owned(),
            key,
            value,
            least,
            most,
        })
    }

    fn number(
        &self,
        key: &'static str,
        value: u32,
        least: u32,
        most: u32,
    ) -> Result<(), ScenarioError> {
        self.range(key, value.into(), least.into(), most.into())
    }

    fn count(
        &self,
        key: &'static str,
        value: usize,
        least: usize,
        most: usize,
    ) -> Result<(), ScenarioError> {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.range(key, wide(value), wide(least), wide(most))
    }

    /// A day that is not before `least`.
    fn day(
        &self,
        key: &'static str,
        day: impl Into<Option<u32>>,
        least: u32,
    ) -> Result<(), ScenarioError> {
        match day.into() {
            Some(day) => self.number(key, day, least, SCENARIO_DAYS_MAX),
            None => Ok(()),
        }
    }
}

impl Behaviour {
    fn check(&self) -> Result<(), ScenarioError> {
        let here = Checked(self.name.as_str());
        let joins = self.joins;
        here.day("joins", joins, 1)?;
        here.count("exchange", self.exchanges.len(), 0, EXCHANGES_MAX)?;
        here.count("incident", self.incidents.len(), 0, EVENTS_MAX)?;
        here.count("review", self.reviews.len(), 0, EVENTS_MAX)?;
        for one in &self.exchanges {
            here.number("partners", one.partners, 1, PARTNERS_MAX)?;
            here.number(
                "transfers_per_day",
                one.transfers_per_day,
                0,
                TRANSFERS_PER_DAY_MAX,
            )?;
            here.number("late_per_1000", one.late_per_1000, 0, 1000)?;
            here.day("from", one.from, joins)?;
            here.day("until", one.until, one.from.unwrap_or(joins))?;
        }
        for one in &self.incidents {
            here.day("incident.day", one.day, joins)?;
            here.day("incident.reversed", one.reversed, one.day)?;
            here.day("incident.ceiling_lifted", one.ceiling_lifted, one.day)?;
        }
        for one in &self.reviews {
            here.day("review.day", one.day, joins)?;
            here.number("review.missed", one.missed, 1, MISSED_MAX)?;
        }
        Ok(())
    }
}

impl Exchange {
    /// Transfers in order and late ones, with each counterparty, on `day` of an institution that
    /// joined on day `joins`.
    pub(super) fn on(&self, day: u32, joins: u32) -> (u64, u64) {
        let from = self.from.unwrap_or(joins);
        if day < from || self.until.is_some_and(|until| day > until) {
            return (0, 0);
        }
        let due = u64::from(self.transfers_per_day);
        // Of all up to a day, so many were late: the difference of two days is the day's.
        let late_up_to = |days: u32| {
            let all = due.saturating_mul(u64::from(days));
            all.saturating_mul(u64::from(self.late_per_1000)) / 1000
        };
        let before = day.saturating_sub(from);
        let late = late_up_to(before.saturating_add(1)).saturating_sub(late_up_to(before));
        (due.saturating_sub(late), late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = \"A test\"\n[[institution]]\nname = \"lakeside\"\njoins = 3\n\
        [[institution.exchange]]\npartners = 2\ntransfers_per_day = 20\nlate_per_1000 = 10\n\
        [[institution.incident]]\nday = 9\nkind = \"equivocation\"\nupheld = true\n\
        [[institution.review]]\nday = 7\nmissed = 1\n";

    #[test]
    fn a_scenario_is_read_and_what_it_leaves_out_has_a_meaning() {
        let scenario = Scenario::parse(TEXT).unwrap();
        let one = scenario.institutions.first().unwrap();
        assert_eq!(
            (one.joins, one.incidents.len(), one.reviews.len()),
            (3, 1, 1)
        );
        let exchange = one.exchanges.first().unwrap();
        assert_eq!((exchange.from, exchange.until), (None, None));
        let bare = Scenario::parse("title = \"A\"\n[[institution]]\nname = \"a\"\n").unwrap();
        assert_eq!(bare.institutions.first().unwrap().joins, 1);
    }

    #[test]
    fn what_is_unknown_missing_or_out_of_range_is_refused() {
        for (from, to) in [
            ("title = \"A test\"", "title = \"\""),
            ("title = \"A test\"", "titel = \"A test\""),
            ("joins = 3", "joins = 0"),
            ("joins = 3", "joins = 3651"),
            ("joins = 3", "joins = 8"),
            ("joins = 3", "seed = 1"),
            ("partners = 2", "partners = 0"),
            ("partners = 2", "partners = 21"),
            ("partners = 2\n", ""),
            ("late_per_1000 = 10", "late_per_1000 = 1001"),
            ("late_per_1000 = 10", "from = 2"),
            ("late_per_1000 = 10", "from = 5\nuntil = 4"),
            ("late_per_1000 = 10", "late_percent = 1"),
            ("transfers_per_day = 20", "transfers_per_day = 1000001"),
            ("upheld = true", "upheld = true\nreversed = 8"),
            ("upheld = true", "upheld = true\nceiling_lifted = 8"),
            ("upheld = true\n", ""),
            ("equivocation", "theft"),
            ("missed = 1", "missed = 0"),
            ("lakeside", "Lakeside"),
        ] {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT, "{from}");
            assert!(Scenario::parse(&text).is_err(), "{to}");
        }
        let twice = format!("{TEXT}[[institution]]\nname = \"lakeside\"\n");
        assert!(matches!(
            Scenario::parse(&twice),
            Err(ScenarioError::Twice(_))
        ));
        let long = format!("{TEXT}#{}", "x".repeat(SCENARIO_TEXT_BYTES_MAX));
        assert!(matches!(
            Scenario::parse(&long),
            Err(ScenarioError::TooLong { .. })
        ));
    }

    #[test]
    fn late_transfers_are_spread_evenly() {
        let exchange = Exchange {
            partners: 1,
            transfers_per_day: 20,
            late_per_1000: 10,
            from: Some(3),
            until: Some(12),
        };
        let late: Vec<u64> = (1..15).map(|day| exchange.on(day, 1).1).collect();
        assert_eq!(late, [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(exchange.on(2, 1), (0, 0));
        assert_eq!(exchange.on(3, 1), (20, 0));
        assert_eq!(exchange.on(7, 1), (19, 1));
        assert_eq!(exchange.on(13, 1), (0, 0));
    }
}
