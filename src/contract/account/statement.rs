//! The account as it is told on a day.

use serde::Serialize;
use serde::Serializer;

use super::Account;
use super::Kept;
use super::What;
use super::added;
use super::after_days;
use super::fine;
use super::plain;
use super::score_of;
use super::weights;
use crate::contract::credit::Ceiling;
use crate::contract::credit::Incident;
use crate::contract::credit::Reputation;
use crate::contract::names::InstitutionSlug;
use crate::contract::state::State;
use crate::time::Day;
use crate::time::UtcMicros;

/// A ceiling as it is told: days are ISO 8601 dates.
#[derive(Serialize)]
struct ToldCeiling {
    entry: u64,
    score: u16,
    until: Option<String>,
}

impl From<&Ceiling> for ToldCeiling {
    fn from(ceiling: &Ceiling) -> Self {
        Self {
            entry: ceiling.entry,
            score: ceiling.score,
            until: ceiling.until.map(|day| day.to_string()),
        }
    }
}

fn iso<T: ToString, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

fn told_ceilings<'a, S: Serializer>(
    ceilings: impl IntoIterator<Item = &'a Ceiling>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ceilings.into_iter().map(ToldCeiling::from))
}

fn told_ceiling<S: Serializer>(
    ceiling: &Option<Ceiling>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    ceiling
        .as_ref()
        .map(ToldCeiling::from)
        .serialize(serializer)
}

/// A line; weights in micro-units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    #[serde(serialize_with = "iso")]
    pub day: Day,
    /// The first entry that it is about.
    pub first_entry: u64,
    /// The last one.
    pub last_entry: u64,
    /// What it is about.
    #[serde(flatten)]
    pub what: What,
    /// What it added to the good side.
    pub good_then_micro: u64,
    /// What it added to the bad side.
    pub bad_then_micro: u64,
    /// What is left of it on the good side.
    pub good_now_micro: u64,
    /// And on the bad side.
    pub bad_now_micro: u64,
    /// The entry that took the charge back.
    pub reversed_by: Option<u64>,
    /// The ceiling that it set.
    #[serde(serialize_with = "told_ceiling")]
    pub ceiling: Option<Ceiling>,
    /// The entry that lifted that ceiling while the charge stayed.
    pub ceiling_lifted_by: Option<u64>,
}

/// Lines that are too old to be told one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Earlier {
    /// How many.
    pub lines: u64,
    /// The day of the last of them.
    #[serde(serialize_with = "iso")]
    pub until: Day,
    /// What is left of them on the good side, in micro-units.
    pub good_now_micro: u64,
    /// And on the bad side.
    pub bad_now_micro: u64,
}

/// A reported incident on which no arbiter has decided: it weighs nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingReport {
    /// Entry of the report.
    pub entry: u64,
    /// What.
    pub incident: Incident,
    /// When it lapses.
    #[serde(serialize_with = "iso")]
    pub lapses: UtcMicros,
    /// Number of the case file.
    pub reference: String,
}

/// Where a score comes from: `earlier`, `lines` and `rounding` add up to `good` and `bad`, and the
/// score follows from these: 1000·(good + base good) / (good + bad + base weight), rounded down,
/// and not above the ceiling. Weights in micro-units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Whose.
    pub institution: InstitutionSlug,
    /// On which day.
    #[serde(serialize_with = "iso")]
    pub on: Day,
    /// The score, 0 to 1000.
    pub score: u16,
    /// What it would be without a ceiling.
    pub score_without_ceiling: u16,
    /// The ceilings that hold, the lowest first.
    #[serde(serialize_with = "told_ceilings")]
    pub ceilings: Vec<Ceiling>,
    /// Good evidence.
    pub good_micro: u64,
    /// Bad evidence.
    pub bad_micro: u64,
    /// What is good of the base rate.
    pub base_good_micro: u64,
    /// What the base rate weighs.
    pub base_weight_micro: u64,
    /// Lines that are too old to be told one by one.
    pub earlier: Option<Earlier>,
    /// What counts, oldest first.
    pub lines: Vec<Line>,
    /// What the state holds more on the good side than the lines do.
    pub rounding_good_micro: i64,
    /// And on the bad side.
    pub rounding_bad_micro: i64,
    /// What does not count yet.
    pub waiting: Vec<WaitingReport>,
}

impl Kept {
    fn told(&self) -> Line {
        let (good_now_micro, bad_now_micro) = plain(self.now);
        Line {
            day: self.day,
            first_entry: self.first,
            last_entry: self.last,
            what: self.what.clone(),
            good_then_micro: self.then.0,
            bad_then_micro: self.then.1,
            good_now_micro,
            bad_now_micro,
            reversed_by: self.reversed,
            ceiling: self.ceiling,
            ceiling_lifted_by: self.lifted,
        }
    }
}

fn difference(held: u64, told: u64) -> i64 {
    let size = i64::try_from(held.abs_diff(told)).unwrap_or(i64::MAX);
    if held < told {
        size.saturating_neg()
    } else {
        size
    }
}

impl Account {
    /// What the score comes from on `day`, which is not before the last evidence; `None` before
    /// there are policies.
    pub fn statement(&self, state: &State, day: Day) -> Option<Statement> {
        let by = weights(state)?;
        let reputation = state.reputation(&self.institution);
        let (good, bad) = reputation.map_or((0, 0), |known| known.weights_on(by, day));
        let from = reputation.map_or(day, Reputation::last_day);
        let open = self.open.iter().cloned().map(|open| {
            let then = reputation.map_or((0, 0), |known| known.brought(by));
            let now = fine(then);
            Kept { then, now, ..open }
        });
        let lines = self.lines.iter().cloned().chain(open);
        let mut lines: Vec<Line> = lines
            .map(|line| {
                let now = after_days(by, line.now, from, day);
                Kept { now, ..line }.told()
            })
            .collect();
        lines.sort_by_key(|line| (line.day, line.first_entry));
        let earlier = self.older.map(|older| {
            let now = after_days(by, older.now, from, day);
            let (good_now_micro, bad_now_micro) = plain(now);
            Earlier {
                lines: older.lines,
                until: older.last,
                good_now_micro,
                bad_now_micro,
            }
        });
        let start = earlier.map_or((0, 0), |sum| (sum.good_now_micro, sum.bad_now_micro));
        let told = lines.iter().fold(start, |sum, line| {
            added(sum, (line.good_now_micro, line.bad_now_micro))
        });
        let ceilings = reputation.map(Reputation::ceilings).unwrap_or_default();
        let ceilings = ceilings.iter().filter(|ceiling| ceiling.holds(day));
        Some(Statement {
            institution: self.institution.clone(),
            on: day,
            score: score_of(state, &self.institution, day),
            score_without_ceiling: by.score(good, bad),
            ceilings: ceilings.copied().collect(),
            good_micro: good,
            bad_micro: bad,
            base_good_micro: by.base_good,
            base_weight_micro: by.base_weight,
            earlier,
            lines,
            rounding_good_micro: difference(good, told.0),
            rounding_bad_micro: difference(bad, told.1),
            waiting: self.waiting(state, day),
        })
    }

    fn waiting(&self, state: &State, day: Day) -> Vec<WaitingReport> {
        let reports = state.reports().filter(|(_, report)| {
            report.institution == self.institution && report.lapses.day() >= day
        });
        let waiting = reports.map(|(entry, report)| WaitingReport {
            entry,
            incident: report.incident,
            lapses: report.lapses,
            reference: report.reference.clone(),
        });
        waiting.collect()
    }
}
