//! What is open: a bounded part of it, looked at once.

use std::collections::BTreeSet;

use crate::admin::console::Console;
use crate::admin::problem::Problem;
use crate::contract::Charge;
use crate::contract::OpenReceipt;
use crate::contract::Report;
use crate::contract::Review;
use crate::contract::State;
use crate::time::Day;
use crate::time::UtcMicros;

/// Rows of each list.
const ROWS: usize = 100;

/// The first rows, and how many there are in all.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<(u64, T)>,
    pub(super) all: usize,
}

/// A charge that can be taken back.
#[derive(Debug)]
pub(super) struct Charged {
    pub(super) charge: Charge,
    /// What is left of it, in thousandths of a unit.
    pub(super) left_milli: u64,
    /// It also set a ceiling, which stands.
    pub(super) ceiling: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Open {
    /// The next to be due first.
    pub(super) reviews: Rows<Review>,
    /// The next to lapse first.
    pub(super) reports: Rows<Report>,
    /// The newest first.
    pub(super) charges: Rows<Charged>,
    /// Of those that are late, the oldest first.
    pub(super) receipts: Rows<OpenReceipt>,
    pub(super) now: UtcMicros,
}

impl Open {
    /// What is open now.
    ///
    /// # Errors
    /// When the ledger is not being written.
    pub(super) async fn look(console: &Console) -> Result<Self, Problem> {
        let looked = console.recorder.view(Self::of);
        looked
            .await
            .map_err(|error| Problem::unavailable(error.to_string()))
    }

    fn of(state: &State, now: UtcMicros) -> Self {
        let late = state.receipts().filter(|(_, receipt)| receipt.overdue);
        Self {
            reviews: first_by(state.reviews(), |review| review.due),
            reports: first_by(state.reports(), |report| report.lapses),
            charges: charges(state, now.day()),
            receipts: first_by(late, |receipt| receipt.due),
            now,
        }
    }
}

/// The first of all, in the order of `key`; only these are copied.
fn first_by<'s, T: Clone + 's>(
    all: impl Iterator<Item = (u64, &'s T)>,
    key: impl Fn(&T) -> UtcMicros,
) -> Rows<T> {
    let mut all: Vec<(u64, &T)> = all.collect();
    all.sort_by_key(|(entry, one)| (key(one), *entry));
    let rows = all.iter().take(ROWS);
    Rows {
        rows: rows.map(|(entry, one)| (*entry, (*one).clone())).collect(),
        all: all.len(),
    }
}

fn charges(state: &State, day: Day) -> Rows<Charged> {
    let Some(by) = state
        .parameters()
        .map(|parameters| parameters.institutions())
    else {
        return Rows {
            rows: Vec::new(),
            all: 0,
        };
    };
    let all: Vec<(u64, &Charge)> = state.charges().collect();
    let newest = all.iter().rev().take(ROWS);
    let rows = newest.map(|(entry, charge)| {
        let reputation = state.reputation(&charge.institution);
        let ceilings = reputation.map(|known| known.ceilings()).unwrap_or_default();
        let standing: BTreeSet<u64> = ceilings
            .iter()
            .filter(|ceiling| ceiling.until.is_none_or(|until| day <= until))
            .map(|ceiling| ceiling.entry)
            .collect();
        let charged = Charged {
            charge: (*charge).clone(),
            left_milli: charge.weight_on(by, day) / 1000,
            ceiling: standing.contains(entry),
        };
        (*entry, charged)
    });
    Rows {
        rows: rows.collect(),
        all: all.len(),
    }
}

/// One review, as it is now; `None`: it does not wait.
///
/// # Errors
/// When the ledger is not being written.
pub(super) async fn review(
    console: &Console,
    decision: u64,
) -> Result<Option<(Review, UtcMicros)>, Problem> {
    let looked = console.recorder.view(move |state, now| {
        let review = state.review(decision).cloned();
        review.map(|review| (review, now))
    });
    looked
        .await
        .map_err(|error| Problem::unavailable(error.to_string()))
}
