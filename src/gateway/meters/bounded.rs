//! A family of series that cannot grow without end.

use std::hash::Hash;
use std::sync::Mutex;
use std::sync::PoisonError;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;

/// What tells the series of a family apart.
pub(super) trait Labels: Clone + Eq + Hash + EncodeLabelSet {
    /// The series that counts for these labels once the family is full. There are few of these, whatever comes.
    fn others(&self) -> Self;
}

/// A family of at most `max` series, beside those of [`Labels::others`].
#[derive(Debug)]
pub(super) struct Bounded<S, M> {
    family: Family<S, M>,
    made: Mutex<usize>,
    max: usize,
}

impl<S: Labels, M: Clone + Default> Bounded<S, M> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            family: Family::default(),
            made: Mutex::new(0),
            max,
        }
    }

    /// The family, to be registered: it is one with this.
    pub(super) fn family(&self) -> Family<S, M> {
        self.family.clone()
    }

    /// The series of `labels`. Takes a lock: whoever counts often keeps what this gives.
    pub(super) fn series(&self, labels: &S) -> M {
        if let Some(known) = self.known(labels) {
            return known;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have made it while we waited.
        if let Some(known) = self.known(labels) {
            return known;
        }
        if *made >= self.max {
            return self.family.get_or_create_owned(&labels.others());
        }
        *made = made.saturating_add(1);
        self.family.get_or_create_owned(labels)
    }

    fn known(&self, labels: &S) -> Option<M> {
        self.family.get(labels).map(|series| series.clone())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::super::labels::OfPolicy;
    use super::*;

    fn of(policy: &str) -> OfPolicy {
        OfPolicy {
            policy: policy.into(),
            verdict: "permit",
        }
    }

    #[test]
    fn what_finds_no_room_is_counted_with_the_others() {
        let family: Bounded<OfPolicy, Counter> = Bounded::new(2);
        for policy in ["a", "b", "c", "d", "a"] {
            family.series(&of(policy)).inc();
        }
        let count = |policy: &str| family.known(&of(policy)).map(|series| series.get());
        assert_eq!(
            ["a", "b", "c", "d", "others"].map(count),
            [Some(2), Some(1), None, None, Some(2)]
        );
    }
}
