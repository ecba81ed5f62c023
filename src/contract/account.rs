//! An account of a score: which entries gave it, what each weighed then and weighs still.
//!
//! It is kept beside a [`State`] that is folded from the ledger, and takes every number from
//! there: what a day brought, what an entry charged. Each line is then decayed by the steps of
//! the score itself, but in finer units, so that the lines add up to what the state holds but for
//! what rounding took, and that is told too.

use std::collections::VecDeque;

use serde::Serialize;

use crate::contract::acts::ReceiptStanding;
use crate::contract::body::Body;
use crate::contract::credit::Ceiling;
use crate::contract::credit::Incident;
use crate::contract::credit::Reputation;
use crate::contract::credit::Weights;
use crate::contract::credit::after_days;
use crate::contract::event::Event;
use crate::contract::names::InstitutionSlug;
use crate::contract::state::Applied;
use crate::contract::state::Rejection;
use crate::contract::state::Report;
use crate::contract::state::State;
use crate::contract::state::score_of;
use crate::time::Day;

mod several;
mod statement;

pub use several::Accounts;
pub use statement::Earlier;
pub use statement::Line;
pub use statement::Statement;
pub use statement::WaitingReport;

#[cfg(test)]
mod tests;

/// Lines that are kept one by one; of more, the oldest are kept as a sum.
pub const ACCOUNT_LINES_MAX: usize = 10_000;

/// Parts of a micro-unit that lines are decayed in, as bits: rounding a line down each day then
/// takes less than a thousandth of a micro-unit from it.
const FINE_BITS: u32 = 20;

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A day of exchange.
    Routine {
        /// Transfers in order.
        in_order: u64,
        /// Transfers that failed by the institution's fault.
        late: u64,
        /// Revocations that it answered in time.
        revocations_answered: u64,
    },
    /// An emergency access that was not reviewed in time.
    ReviewOverdue {
        /// The decision under review.
        decision: u64,
    },
    /// An emergency access that was reviewed and found unjustified.
    ReviewUnjustified {
        /// The decision under review.
        decision: u64,
    },
    /// Two signed checkpoints of its log that contradict each other.
    Equivocated,
    /// It signed a receipt about other bytes than our gateway saw.
    ReceiptDisputed {
        /// The decision of the transfer.
        decision: u64,
    },
    /// It spoke, signed, in the name of another institution.
    Misstated,
    /// A reported incident that an arbiter upheld.
    IncidentUpheld {
        /// What.
        incident: Incident,
        /// Entry of the report.
        report: u64,
        /// Entries that prove it.
        proof: Vec<u64>,
        /// Number of the case file.
        reference: String,
    },
}

/// A line as it is kept.
#[derive(Clone, Debug)]
struct Kept {
    day: Day,
    first: u64,
    last: u64,
    what: What,
    /// Good and bad, in micro-units, on its day.
    then: (u64, u64),
    /// What is left of it, in 2^-20 micro-units.
    now: (u64, u64),
    reversed: Option<u64>,
    ceiling: Option<Ceiling>,
    lifted: Option<u64>,
}

/// Lines of which only the sum is kept.
#[derive(Clone, Copy, Debug)]
struct Sum {
    lines: u64,
    last: Day,
    now: (u64, u64),
}

/// The account of one institution.
#[derive(Clone, Debug)]
pub struct Account {
    institution: InstitutionSlug,
    older: Option<Sum>,
    lines: VecDeque<Kept>,
    /// The exchange of the last day, which goes on.
    open: Option<Kept>,
}

/// What an event finds, as far as it is needed after it was applied.
struct Before {
    /// The transfer that ends is good evidence.
    good: bool,
    reputation: Option<Reputation>,
    report: Option<Report>,
}

const fn fine((good, bad): (u64, u64)) -> (u64, u64) {
    // Weights are at most 10^12: they stay below 2^60.
    let one = 1 << FINE_BITS;
    (good.saturating_mul(one), bad.saturating_mul(one))
}

const fn plain((good, bad): (u64, u64)) -> (u64, u64) {
    (good >> FINE_BITS, bad >> FINE_BITS)
}

const fn added(one: (u64, u64), other: (u64, u64)) -> (u64, u64) {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

impl Kept {
    const fn new(day: Day, entry: u64, what: What, then: (u64, u64)) -> Self {
        Self {
            day,
            first: entry,
            last: entry,
            what,
            then,
            now: fine(then),
            reversed: None,
            ceiling: None,
            lifted: None,
        }
    }
}

impl Account {
    /// Nothing is known yet.
    pub const fn new(institution: InstitutionSlug) -> Self {
        Self {
            institution,
            older: None,
            lines: VecDeque::new(),
            open: None,
        }
    }

    /// Applies the event of one entry to `state` and notes what it does to the institution's
    /// score. Every event must come this way, from the first.
    ///
    /// # Errors
    /// As [`State::apply`]; the account is then as before.
    pub fn follow(
        &mut self,
        state: &mut State,
        at: Applied,
        event: &Event,
    ) -> Result<(), Rejection> {
        if !concerned(state, event).contains(&self.institution) {
            return state.apply(at, event);
        }
        let before = self.before(state, event);
        state.apply(at, event)?;
        self.turn(state, before.reputation.as_ref());
        self.note(state, at, event, before);
        Ok(())
    }

    /// Whether a transfer was good or late evidence.
    fn evidence(&self, state: &State, event: &Event) -> Option<bool> {
        let mut evidence = state.evidence(event).into_iter();
        let ours = evidence.find(|(institution, _)| *institution == self.institution);
        ours.map(|(_, good)| good)
    }

    fn before(&self, state: &State, event: &Event) -> Before {
        let report = match &event.body {
            Body::IncidentDecided { report, .. } => {
                let mut reports = state.reports();
                let found = reports.find(|(entry, _)| entry == report);
                found.map(|(_, report)| report.clone())
            }
            _ => None,
        };
        Before {
            good: self.evidence(state, event) == Some(true),
            reputation: state.reputation(&self.institution).cloned(),
            report,
        }
    }

    /// Goes on to the day that the state is at, as the state did.
    fn turn(&mut self, state: &State, before: Option<&Reputation>) {
        let (Some(before), Some(after), Some(by)) =
            (before, state.reputation(&self.institution), weights(state))
        else {
            return;
        };
        let (from, day) = (before.last_day(), after.last_day());
        if from >= day {
            return;
        }
        if let Some(mut open) = self.open.take() {
            open.then = before.brought(by);
            open.now = fine(open.then);
            self.keep(open);
        }
        for line in &mut self.lines {
            line.now = after_days(by, line.now, from, day);
        }
        if let Some(older) = &mut self.older {
            older.now = after_days(by, older.now, from, day);
        }
    }

    fn keep(&mut self, line: Kept) {
        self.lines.push_back(line);
        if self.lines.len() <= ACCOUNT_LINES_MAX {
            return;
        }
        if let Some(oldest) = self.lines.pop_front() {
            let older = self.older.get_or_insert(Sum {
                lines: 0,
                last: oldest.day,
                now: (0, 0),
            });
            older.lines = older.lines.saturating_add(1);
            older.last = older.last.max(oldest.day);
            older.now = added(older.now, oldest.now);
        }
    }

    fn note(&mut self, state: &State, at: Applied, event: &Event, before: Before) {
        match &event.body {
            Body::Receipt {
                decision,
                standing: ReceiptStanding::Disputed,
                ..
            } => {
                let decision = *decision;
                self.charged(state, at, What::ReceiptDisputed { decision });
            }
            Body::Misstated { .. } => self.charged(state, at, What::Misstated),
            Body::TransferClosed { .. } | Body::Receipt { .. } => {
                let good = before.good;
                self.routine(state, at, |in_order, late, _| {
                    let count = if good { in_order } else { late };
                    *count = count.saturating_add(1);
                });
            }
            // An answer that came too late leaves the reputation as it was.
            Body::RevocationHonoured { .. }
                if state.reputation(&self.institution) != before.reputation.as_ref() =>
            {
                self.routine(state, at, |_, _, answered| {
                    *answered = answered.saturating_add(1);
                });
            }
            Body::ReviewOverdue { review, .. } => {
                let decision = *review;
                self.charged(state, at, What::ReviewOverdue { decision });
            }
            Body::ReviewClosed { review, .. } => {
                let decision = *review;
                self.charged(state, at, What::ReviewUnjustified { decision });
            }
            Body::IncidentDecided { report: entry, .. } => {
                if let Some(report) = before.report {
                    let what = What::IncidentUpheld {
                        incident: report.incident,
                        report: *entry,
                        proof: report.proof,
                        reference: report.reference,
                    };
                    self.charged(state, at, what);
                }
            }
            Body::Equivocated { .. } => self.charged(state, at, What::Equivocated),
            Body::ChargeReversed { charge, .. } => self.reversed(state, at, *charge, &before),
            Body::CeilingLifted { charge, .. } => {
                if let Some(line) = self.line(*charge) {
                    line.lifted = Some(at.seq);
                }
            }
            _ => {}
        }
    }

    /// Counts in the line of the day.
    fn routine(
        &mut self,
        state: &State,
        at: Applied,
        count: impl FnOnce(&mut u64, &mut u64, &mut u64),
    ) {
        let reputation = state.reputation(&self.institution);
        let day = reputation.map_or_else(|| at.ledger_time.day(), Reputation::last_day);
        let nothing = What::Routine {
            in_order: 0,
            late: 0,
            revocations_answered: 0,
        };
        let line = Kept::new(day, at.seq, nothing, (0, 0));
        let open = self.open.get_or_insert(line);
        open.last = at.seq;
        if let What::Routine {
            in_order,
            late,
            revocations_answered,
        } = &mut open.what
        {
            count(in_order, late, revocations_answered);
        }
    }

    /// A line for the charge that the entry made, if it made one.
    fn charged(&mut self, state: &State, at: Applied, what: What) {
        let mut charges = state.charges();
        let Some((_, charge)) = charges.find(|(entry, _)| *entry == at.seq) else {
            return;
        };
        let reputation = state.reputation(&self.institution);
        let ceilings = reputation.map(Reputation::ceilings).unwrap_or_default();
        let ceiling = ceilings.iter().find(|ceiling| ceiling.entry == at.seq);
        let line = Kept::new(charge.day, at.seq, what, (0, charge.weight));
        self.keep(Kept {
            ceiling: ceiling.copied(),
            ..line
        });
    }

    /// Takes from a line what the reversal of its charge took.
    fn reversed(&mut self, state: &State, at: Applied, charge: u64, before: &Before) {
        let (Some(before), Some(after), Some(by)) = (
            before.reputation.as_ref(),
            state.reputation(&self.institution),
            weights(state),
        ) else {
            return;
        };
        let day = after.last_day();
        let (_, was) = before.weights_on(by, day);
        let (_, is) = after.weights_on(by, day);
        let (_, taken) = fine((0, was.saturating_sub(is)));
        if let Some(line) = self.line(charge) {
            line.now.1 = line.now.1.saturating_sub(taken);
            line.reversed = Some(at.seq);
        } else if let Some(older) = &mut self.older {
            older.now.1 = older.now.1.saturating_sub(taken);
        }
    }

    fn line(&mut self, entry: u64) -> Option<&mut Kept> {
        let charge =
            |line: &&mut Kept| line.first == entry && !matches!(line.what, What::Routine { .. });
        self.lines.iter_mut().find(charge)
    }
}

/// Institutions whose scores the event may move.
fn concerned(state: &State, event: &Event) -> Vec<InstitutionSlug> {
    match &event.body {
        Body::Receipt {
            institution,
            standing: ReceiptStanding::Disputed,
            ..
        }
        | Body::Misstated { institution, .. }
        | Body::RevocationHonoured { institution, .. }
        | Body::ReviewOverdue { institution, .. }
        | Body::ReviewClosed { institution, .. }
        | Body::IncidentDecided { institution, .. }
        | Body::ChargeReversed { institution, .. }
        | Body::CeilingLifted { institution, .. }
        | Body::Equivocated { institution, .. } => vec![institution.clone()],
        Body::TransferClosed { .. } | Body::Receipt { .. } => {
            let evidence = state.evidence(event).into_iter();
            evidence.map(|(institution, _)| institution).collect()
        }
        _ => Vec::new(),
    }
}

fn weights(state: &State) -> Option<&Weights> {
    Some(state.parameters()?.institutions())
}
