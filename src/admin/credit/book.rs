//! Scores day by day and what moved them: a fold over the ledger, without IO.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::contract::Accounts;
use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::Effect;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Rejection;
use crate::contract::State;
use crate::contract::Statement;
use crate::contract::score_of;
use crate::ledger::Entry;
use crate::time::Day;

/// Days of which scores are kept: ten years.
const DAYS_MAX: usize = 3_660;
/// Institutions of which scores are kept day by day.
const INSTITUTIONS_MAX: usize = 1_000;

/// Consents and objections that stand and name an institution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::admin) struct Named {
    /// Consents.
    pub(in crate::admin) granted: u64,
    /// Objections.
    pub(in crate::admin) denied: u64,
}

/// The score at the end of each day.
#[derive(Debug)]
struct Course {
    first: Day,
    scores: VecDeque<u16>,
}

/// What is told of an institution.
#[derive(Clone, Debug)]
pub(in crate::admin) struct History {
    /// What its score comes from, today.
    pub(in crate::admin) statement: Statement,
    /// The day of the first score.
    pub(in crate::admin) first: Day,
    /// The score of each day since, today's among them.
    pub(in crate::admin) scores: Vec<u16>,
}

/// See the module.
#[derive(Debug)]
pub(in crate::admin) struct Book {
    state: State,
    accounts: Accounts,
    courses: BTreeMap<InstitutionSlug, Course>,
    next: u64,
    day: Option<Day>,
    /// Counted when somebody asks, and again after the consents changed.
    named: Option<BTreeMap<InstitutionSlug, Named>>,
}

impl Book {
    pub(super) fn new() -> Self {
        let mut state = State::new();
        // Nobody asks this state for its root, and that is half of what an event costs.
        state.defer_root();
        Self {
            state,
            accounts: Accounts::default(),
            courses: BTreeMap::new(),
            next: 0,
            day: None,
            named: None,
        }
    }

    /// The entry that comes next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Takes in an entry.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), Rejection> {
        self.turn(entry.ledger_time.day());
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        self.accounts.follow(&mut self.state, at, &entry.event)?;
        self.next = entry.seq.saturating_add(1);
        let is_about_consents = matches!(
            entry.event.body,
            Body::ConsentGranted { .. } | Body::ConsentRevoked { .. } | Body::PatientErased { .. }
        );
        if is_about_consents {
            self.named = None;
        }
        Ok(())
    }

    /// Notes the scores of the days that ended before `day`.
    fn turn(&mut self, day: Day) {
        let Some(last) = self.day.replace(day) else {
            return;
        };
        let most = i32::try_from(DAYS_MAX).unwrap_or(i32::MAX);
        let first = last.0.max(day.0.saturating_sub(most));
        for ended in (first..day.0).map(Day) {
            for (institution, score) in self.state.scores(ended) {
                if let Some(course) = self.courses.get_mut(institution) {
                    course.note(ended, score);
                } else if self.courses.len() < INSTITUTIONS_MAX {
                    let course = Course::new(ended, score);
                    self.courses.insert(institution.clone(), course);
                }
            }
        }
    }

    /// What is known of an institution on `today`; `None`: nothing was ever evidence of it.
    pub(in crate::admin) fn history(
        &self,
        institution: &InstitutionSlug,
        today: Day,
    ) -> Option<History> {
        let today = self.day.map_or(today, |day| day.max(today));
        let account = self.accounts.get(institution)?;
        let statement = account.statement(&self.state, today)?;
        let course = self.courses.get(institution);
        let last = self.day.unwrap_or(today);
        let mut scores = course.map_or_else(Vec::new, |course| {
            course.scores.iter().copied().collect::<Vec<u16>>()
        });
        // From the last entry on, nothing but time moves it.
        let rest = last.0..=today.0;
        scores.extend(
            rest.map(Day)
                .take(DAYS_MAX)
                .map(|day| score_of(&self.state, institution, day)),
        );
        Some(History {
            statement,
            first: course.map_or(last, |course| course.first),
            scores,
        })
    }

    /// How many consents that stand name it.
    pub(in crate::admin) fn named(&mut self, institution: &InstitutionSlug) -> Named {
        let state = &self.state;
        let named = self.named.get_or_insert_with(|| count(state));
        named.get(institution).copied().unwrap_or_default()
    }
}

impl Course {
    fn new(first: Day, score: u16) -> Self {
        Self {
            first,
            scores: VecDeque::from([score]),
        }
    }

    fn note(&mut self, day: Day, score: u16) {
        let known = i32::try_from(self.scores.len()).unwrap_or(i32::MAX);
        if day.0 != self.first.0.saturating_add(known) {
            // Days were left out: what lies before them is too old.
            *self = Self::new(day, score);
            return;
        }
        self.scores.push_back(score);
        if self.scores.len() > DAYS_MAX {
            self.scores.pop_front();
            self.first = Day(self.first.0.saturating_add(1));
        }
    }
}

fn count(state: &State) -> BTreeMap<InstitutionSlug, Named> {
    let mut counts: BTreeMap<InstitutionSlug, Named> = BTreeMap::new();
    for (_, consent) in state.consents() {
        let Grantees::Named(named) = &consent.grantees else {
            continue;
        };
        for institution in named {
            let counts = match counts.get_mut(institution) {
                Some(counts) => counts,
                None => counts.entry(institution.clone()).or_default(),
            };
            let count = match consent.effect {
                Effect::Grant => &mut counts.granted,
                Effect::Deny => &mut counts.denied,
            };
            *count = count.saturating_add(1);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_has_a_score_for_each_day_and_forgets_the_oldest() {
        let mut course = Course::new(Day(10), 500);
        for day in 11..20 {
            course.note(Day(day), 501);
        }
        assert_eq!((course.first, course.scores.len()), (Day(10), 10));
        course.note(Day(30), 400);
        assert_eq!((course.first, course.scores.len()), (Day(30), 1));
        for day in 31..10_000 {
            course.note(Day(day), 400);
        }
        assert_eq!(course.scores.len(), DAYS_MAX);
        let last = course.first.0 + i32::try_from(DAYS_MAX).unwrap() - 1;
        assert_eq!(last, 9_999);
    }
}
