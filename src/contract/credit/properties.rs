//! What holds of a reputation whatever happens to it.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "small numbers chosen by the tests"
)]

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::prop_oneof;
use proptest::proptest;

use super::*;
use crate::contract::fixtures::CREDIT;
use crate::contract::fixtures::slug;
use crate::contract::names::InstitutionSlug;
use crate::time::Day;

static PARAMETERS: LazyLock<Parameters> = LazyLock::new(|| Parameters::parse(CREDIT).unwrap());

/// What a side can lose to rounding by being decayed in parts: less than 1 a day, of which
/// 1/(1 - factor) are left at most. For half-lives of 90 and of 365 days.
const LOST_MAX: (u64, u64) = (131, 528);

fn by() -> &'static Weights {
    PARAMETERS.institutions()
}

fn partner(number: u8) -> InstitutionSlug {
    slug(&format!("partner-{number}"))
}

/// Something that happens to a reputation.
#[derive(Clone, Copy, Debug)]
enum Evidence {
    Transfers {
        with: u8,
        in_order: u64,
        late: u64,
    },
    Answered {
        with: u8,
    },
    Charge {
        weight: u64,
    },
    Ceiling {
        entry: u64,
        score: u16,
        days: Option<u16>,
    },
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let days = proptest::option::of(0..300_u16);
    prop_oneof![
        4 => (0..7_u8, 0..40_u64, 0..4_u64)
            .prop_map(|(with, in_order, late)| Evidence::Transfers { with, in_order, late }),
        1 => (0..7_u8).prop_map(|with| Evidence::Answered { with }),
        1 => (0..700_000_000_u64).prop_map(|weight| Evidence::Charge { weight }),
        1 => (0..1000_u64, 0..=1000_u16, days)
            .prop_map(|(entry, score, days)| Evidence::Ceiling { entry, score, days }),
    ]
}

/// Evidence with the day that it comes on, by rising day.
fn history(most: usize) -> impl Strategy<Value = Vec<(i32, Evidence)>> {
    vec((0..400_i32, evidence()), 0..most).prop_map(|mut history| {
        history.sort_by_key(|(day, _)| *day);
        history
    })
}

fn happens(reputation: &mut Reputation, day: i32, evidence: Evidence) {
    let on = Day(day);
    match evidence {
        Evidence::Transfers {
            with,
            in_order,
            late,
        } => {
            reputation.record_all(by(), on, &partner(with), in_order, late);
        }
        Evidence::Answered { with } => {
            let weight = PARAMETERS.revocation_honoured_weight();
            reputation.gain(by(), on, &partner(with), weight);
        }
        Evidence::Charge { weight } => reputation.charge(by(), on, weight),
        Evidence::Ceiling { entry, score, days } => reputation.set_ceiling(Ceiling {
            entry,
            score,
            until: days.map(|days| Day(day + i32::from(days))),
        }),
    }
}

fn fold(history: &[(i32, Evidence)]) -> Reputation {
    let mut reputation = Reputation::new(Day(0));
    for (day, evidence) in history {
        happens(&mut reputation, *day, *evidence);
    }
    reputation
}

/// A charge on `day`, as the ledger keeps it.
fn charge(day: i32, weight: u64) -> Charge {
    Charge {
        day: Day(day),
        institution: slug("lakeside"),
        weight,
    }
}

proptest! {
    #[test]
    fn a_score_lies_between_0_and_1000_whatever_happens(
        history in history(60), reversed in vec((0..400_i32, 0..u64::MAX), 0..5),
        lifted in 0..1000_u64, later in 0..2000_i32,
    ) {
        let mut reputation = fold(&history);
        for (day, weight) in reversed {
            // Charges that never were, too: nothing goes below zero.
            reputation.reverse(by(), Day(400), &charge(day, weight));
            assert!(reputation.score(by(), Day(400 + later)) <= 1000);
        }
        reputation.lift_ceiling(lifted);
        let lowest = reputation.ceiling(Day(400 + later)).map_or(1000, |ceiling| ceiling.score);
        assert!(reputation.score(by(), Day(400 + later)) <= lowest);
    }

    #[test]
    fn one_more_good_transfer_anywhere_in_a_history_never_lowers_the_score(
        history in history(60), with in 0..7_u8, day in 0..400_i32, later in 0..500_i32,
    ) {
        let more = Evidence::Transfers { with, in_order: 1, late: 0 };
        let at = history.partition_point(|(on, _)| *on <= day);
        let mut better = history.clone();
        better.insert(at, (day, more));
        let on = Day(400 + later);
        assert!(fold(&better).score(by(), on) >= fold(&history).score(by(), on));
    }

    #[test]
    fn one_more_late_transfer_anywhere_in_a_history_never_raises_the_score(
        history in history(60), with in 0..7_u8, day in 0..400_i32, later in 0..500_i32,
    ) {
        let more = Evidence::Transfers { with, in_order: 0, late: 1 };
        let at = history.partition_point(|(on, _)| *on <= day);
        let mut worse = history.clone();
        worse.insert(at, (day, more));
        let on = Day(400 + later);
        assert!(fold(&worse).score(by(), on) <= fold(&history).score(by(), on));
    }

    #[test]
    fn volume_alone_moves_no_score(history in history(60), times in 1..1000_u64) {
        let busier = history.iter().map(|(day, evidence)| match *evidence {
            Evidence::Transfers { with, in_order, late } => {
                let (in_order, late) = (in_order * times, late * times);
                (*day, Evidence::Transfers { with, in_order, late })
            }
            other => (*day, other),
        });
        let busier: Vec<_> = busier.collect();
        for day in [400, 500, 800].map(Day) {
            assert_eq!(fold(&busier).score(by(), day), fold(&history).score(by(), day));
        }
    }

    #[test]
    fn the_order_of_one_day_does_not_matter_with_bonuses_charges_and_ceilings(
        before in history(20),
        (one, other) in vec(evidence(), 0..20).prop_flat_map(|day| {
            (Just(day.clone()), Just(day).prop_shuffle())
        }),
    ) {
        let on = |day: Vec<Evidence>| {
            let mut reputation = fold(&before);
            for evidence in day {
                happens(&mut reputation, 400, evidence);
            }
            reputation
        };
        assert_eq!(on(one), on(other));
    }

    #[test]
    fn a_reversal_gives_what_the_score_would_have_been(
        history in history(60), weight in 0..700_000_000_u64, day in 0..400_i32,
        until_reversed in 0..400_i32, later in 0..400_i32,
    ) {
        let at = history.partition_point(|(on, _)| *on <= day);
        let mut charged = history.clone();
        charged.insert(at, (day, Evidence::Charge { weight }));
        let mut reversed = fold(&charged);
        let reversal = Day(400 + until_reversed);
        reversed.reverse(by(), reversal, &charge(day, weight));
        let never = fold(&history);
        let on = Day(reversal.0 + later);
        let ((r, s), (r_never, s_never)) = (reversed.weights_on(by(), on), never.weights_on(by(), on));
        assert_eq!(r, r_never);
        assert!(s.abs_diff(s_never) <= LOST_MAX.1, "{s} {s_never}");
        assert!(reversed.score(by(), on).abs_diff(never.score(by(), on)) <= 1);
    }

    #[test]
    fn reading_a_score_in_between_changes_nothing(history in history(40), on in 0..800_i32) {
        let mut read = Reputation::new(Day(0));
        for (day, evidence) in &history {
            let _ = read.score(by(), Day(on));
            happens(&mut read, *day, *evidence);
        }
        assert_eq!(read, fold(&history));
    }
}

#[test]
fn ceilings_hold_to_the_end_of_their_day_and_the_lowest_counts() {
    let mut reputation = Reputation::new(Day(0));
    for day in 0..400 {
        reputation.record_all(by(), Day(day), &partner(1), 1, 0);
    }
    let free = reputation.score(by(), Day(399));
    assert_eq!(free, 777);
    for (entry, score, until) in [
        (1, 449, Some(Day(450))),
        (2, 299, Some(Day(420))),
        (3, 900, None),
    ] {
        reputation.set_ceiling(Ceiling {
            entry,
            score,
            until,
        });
    }
    let on = |day| reputation.score(by(), Day(day));
    assert_eq!([399, 420, 421, 450].map(on), [299, 299, 449, 449]);
    // What it comes back to has decayed for 52 days.
    assert_eq!(on(451), 727);
    assert_eq!(reputation.ceiling(Day(451)).unwrap().score, 900);
}

#[test]
fn a_newcomer_with_one_late_day_is_past_500_after_three_good_days_and_near_the_others_in_a_month() {
    let mut late = Reputation::new(Day(0));
    let mut flawless = late.clone();
    late.record_all(by(), Day(0), &partner(1), 0, 1);
    flawless.record_all(by(), Day(0), &partner(1), 1, 0);
    let mut scores = vec![(late.score(by(), Day(0)), flawless.score(by(), Day(0)))];
    for day in 1..=30 {
        for reputation in [&mut late, &mut flawless] {
            reputation.record_all(by(), Day(day), &partner(1), 1, 0);
        }
        scores.push((late.score(by(), Day(day)), flawless.score(by(), Day(day))));
    }
    let at = [0, 1, 2, 3, 30].map(|day: usize| scores[day]);
    // Past the newcomer's 500 on the third good day; within the month 11 points short of never
    // having been late.
    assert_eq!(
        at,
        [(490, 504), (495, 509), (499, 514), (504, 519), (597, 608)]
    );
}
