//! Credit scores: a Beta reputation with base rate, in integers.
//!
//! `r` is the weight of good evidence, `s` of bad, both in micro-units. The score is
//! `1000·(r+50)/(r+s+100)`, floored: 500 without evidence. Each day both are multiplied by a
//! fixed-point constant and floored, so that half of `r` is gone after 90 days and half of `s`
//! after 365. n days are n such steps: a power would give other bits.
//!
//! Evidence is counted per counterparty and day, not per transfer, or volume would be punished:
//! of n transfers of a day with a counterparty, `r += ok/n` and `s += 2·late/n`. So a
//! counterparty gives at most 1 a day; all together at most 5.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::names::InstitutionSlug;
use crate::time::Day;

/// The score without any evidence.
pub const SCORE_COLD_START: u16 = 500;

/// One unit of evidence, in micro-units.
const UNIT: u64 = 1_000_000;

/// Base rate: this much of [`PRIOR_WEIGHT`] is good.
const PRIOR_GOOD: u64 = 50 * UNIT;

/// Weight of the base rate against the evidence.
const PRIOR_WEIGHT: u64 = 100 * UNIT;

/// Most that one day may add to `r`, from all counterparties together.
const GAIN_PER_DAY_MAX: u64 = 5 * UNIT;

/// What a day on which everything with one counterparty came late adds to `s`.
const LATE_WEIGHT: u64 = 2 * UNIT;

/// 2^(-1/90), times 2^64, floored: half-life of good evidence, 90 days.
const DECAY_GOOD: u64 = 0xfe09_344c_1b2f_1d70;

/// 2^(-1/365), times 2^64, floored: half-life of bad evidence, 365 days.
const DECAY_BAD: u64 = 0xff83_a9bd_67d8_df88;

/// What is held of one institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reputation {
    /// Good evidence before `day`, decayed up to it, in micro-units.
    r: u64,
    /// Bad evidence likewise.
    s: u64,
    /// The last day with evidence.
    day: Day,
    /// What `day` brought, by counterparty.
    today: BTreeMap<InstitutionSlug, Tally>,
}

/// Transfers of one day with one counterparty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tally {
    delivered: u64,
    late: u64,
}

impl Tally {
    /// `weight · count / (delivered + late)`, floored.
    fn share(self, weight: u64, count: u64) -> u64 {
        let due = u128::from(self.delivered).saturating_add(u128::from(self.late));
        let weighted = u128::from(weight).saturating_mul(u128::from(count));
        let share = weighted.checked_div(due).unwrap_or(0);
        u64::try_from(share).unwrap_or(weight)
    }
}

/// One day's decay: multiply by `factor`·2^-64 and floor.
fn decayed(value: u64, factor: u64) -> u64 {
    let product = u128::from(value).saturating_mul(u128::from(factor));
    u64::try_from(product >> 64).unwrap_or(value)
}

impl Reputation {
    /// No evidence yet; counted from `day`.
    pub const fn new(day: Day) -> Self {
        Self {
            r: 0,
            s: 0,
            day,
            today: BTreeMap::new(),
        }
    }

    /// Counts one transfer with `counterparty` on `day`. Days do not run back: an earlier day
    /// counts as the last one.
    pub fn record(&mut self, day: Day, counterparty: &InstitutionSlug, delivered: bool) {
        if day > self.day {
            (self.r, self.s) = self.on(day);
            self.day = day;
            self.today.clear();
        }
        let tally = self.today.entry(counterparty.clone()).or_default();
        let count = if delivered {
            &mut tally.delivered
        } else {
            &mut tally.late
        };
        *count = count.saturating_add(1);
    }

    /// The score on `day`, 0 to 1000. Reading changes nothing.
    pub fn score(&self, day: Day) -> u16 {
        let (r, s) = self.on(day);
        let good = u128::from(r).saturating_add(u128::from(PRIOR_GOOD));
        let all = u128::from(r)
            .saturating_add(u128::from(s))
            .saturating_add(u128::from(PRIOR_WEIGHT));
        let score = good.saturating_mul(1000).checked_div(all).unwrap_or(0);
        u16::try_from(score).map_or(1000, |score| score.min(1000))
    }

    /// `r` and `s` with the last day's evidence, decayed up to `day`.
    fn on(&self, day: Day) -> (u64, u64) {
        let gains = self.today.values();
        let gain = gains.fold(0_u64, |sum, tally| {
            sum.saturating_add(tally.share(UNIT, tally.delivered))
        });
        let losses = self.today.values();
        let loss = losses.fold(0_u64, |sum, tally| {
            sum.saturating_add(tally.share(LATE_WEIGHT, tally.late))
        });
        let mut r = self.r.saturating_add(gain.min(GAIN_PER_DAY_MAX));
        let mut s = self.s.saturating_add(loss);
        let mut at = self.day;
        // Each step loses at least 1, so an idle eternity ends after some 10,000 steps.
        while at < day && (r > 0 || s > 0) {
            (r, s) = (decayed(r, DECAY_GOOD), decayed(s, DECAY_BAD));
            at = Day(at.0.saturating_add(1));
        }
        (r, s)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::arithmetic_side_effects,
        reason = "small numbers chosen by the tests"
    )]

    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::proptest;

    use super::*;

    fn slug(number: u32) -> InstitutionSlug {
        format!("partner-{number}").parse().unwrap()
    }

    /// `partners` times `ok` good and `late` late transfers on every day up to `last`.
    fn routine(partners: u32, ok: u32, late: u32, last: i32) -> Reputation {
        let mut reputation = Reputation::new(Day(0));
        for day in 0..=last {
            for partner in 0..partners {
                for _ in 0..ok {
                    reputation.record(Day(day), &slug(partner), true);
                }
                for _ in 0..late {
                    reputation.record(Day(day), &slug(partner), false);
                }
            }
        }
        reputation
    }

    #[test]
    fn a_newcomer_has_five_hundred_and_keeps_it() {
        let newcomer = Reputation::new(Day(20_000));
        assert_eq!(newcomer.score(Day(20_000)), SCORE_COLD_START);
        assert_eq!(newcomer.score(Day(i32::MAX)), SCORE_COLD_START);
    }

    #[test]
    fn decay_gives_the_golden_values() {
        let start = Reputation {
            r: 1_000_000_000,
            s: 1_000_000_000,
            day: Day(0),
            today: BTreeMap::new(),
        };
        assert_eq!(start.on(Day(1)), (992_327_946, 998_102_768));
        assert_eq!(start.on(Day(2)), (984_714_752, 996_209_136));
        assert_eq!(start.on(Day(90)), (499_999_966, 842_894_856));
        assert_eq!(start.on(Day(365)), (60_138_931, 499_999_861));
        assert_eq!(start.on(Day(i32::MAX)), (0, 0));
    }

    #[test]
    fn one_good_transfer_a_day_gives_the_golden_series() {
        for (day, r, score) in [
            (0, 1_000_000, 504),
            (1, 1_992_327, 509),
            (10, 10_587_596, 547),
            (100, 70_465_362, 706),
            (400, 124_402_505, 777),
        ] {
            let reputation = routine(1, 1, 0, day);
            assert_eq!(reputation.on(Day(day)), (r, 0), "day {day}");
            assert_eq!(reputation.score(Day(day)), score, "day {day}");
        }
    }

    #[test]
    fn two_late_of_three_a_day_give_the_golden_series() {
        for (day, r, s, score) in [
            (0, 333_333, 1_333_333, 495),
            (1, 664_108, 2_664_136, 490),
            (30, 9_227_788, 40_178_313, 396),
            (100, 23_488_406, 122_655_851, 298),
        ] {
            let reputation = routine(1, 1, 2, day);
            assert_eq!(reputation.on(Day(day)), (r, s), "day {day}");
            assert_eq!(reputation.score(Day(day)), score, "day {day}");
        }
    }

    #[test]
    fn five_partners_settle_at_926_871_and_524_with_a_tenth_one_and_ten_percent_late() {
        for (late, score) in [(1, 926), (10, 871), (100, 524)] {
            let mut reputation = Reputation::new(Day(0));
            let tally = Tally {
                delivered: 1000 - late,
                late,
            };
            for day in 0..6000 {
                (reputation.r, reputation.s) = reputation.on(Day(day));
                reputation.day = Day(day);
                reputation.today = (0..5).map(|partner| (slug(partner), tally)).collect();
            }
            assert_eq!(reputation.score(Day(5999)), score);
        }
    }

    #[test]
    fn a_day_gives_one_for_a_counterparty_and_five_in_all() {
        assert_eq!(routine(1, 1000, 0, 0).on(Day(0)), (UNIT, 0));
        assert_eq!(routine(5, 1, 0, 0).on(Day(0)), (5 * UNIT, 0));
        assert_eq!(routine(9, 1, 0, 0).on(Day(0)), (5 * UNIT, 0));
    }

    #[test]
    fn volume_is_not_punished() {
        assert_eq!(
            routine(1, 9, 1, 0).score(Day(0)),
            routine(1, 900, 100, 0).score(Day(0))
        );
    }

    #[test]
    fn the_clock_running_back_counts_as_the_last_day() {
        let mut reputation = routine(1, 1, 0, 10);
        let before = reputation.clone();
        reputation.record(Day(3), &slug(0), true);
        assert_eq!(reputation.day, before.day);
        assert_eq!(reputation.on(Day(10)), before.on(Day(10)));
        assert_eq!(reputation.score(Day(3)), before.score(Day(10)));
    }

    proptest! {
        #[test]
        fn a_score_lies_between_0_and_1000(
            r in any::<u64>(), s in any::<u64>(), delivered in any::<u64>(), late in any::<u64>(),
            days in 0..3000_i32,
        ) {
            let today = BTreeMap::from([(slug(0), Tally { delivered, late })]);
            let reputation = Reputation { r, s, day: Day(0), today };
            assert!(reputation.score(Day(days)) <= 1000);
        }

        #[test]
        fn more_good_evidence_never_lowers_a_score(
            history in vec((0..40_i32, 0..7_u32, any::<bool>()), 0..60), partner in 0..7_u32,
            later in 0..100_i32,
        ) {
            let mut history = history;
            history.sort_unstable_by_key(|(day, ..)| *day);
            let mut less = Reputation::new(Day(0));
            for (day, partner, good) in history {
                less.record(Day(day), &slug(partner), good);
            }
            let mut more = less.clone();
            more.record(Day(40), &slug(partner), true);
            assert!(more.score(Day(40 + later)) >= less.score(Day(40 + later)));
            let mut same_day = less.clone();
            same_day.record(less.day, &slug(partner), true);
            assert!(same_day.score(Day(40 + later)) >= less.score(Day(40 + later)));
        }

        #[test]
        fn the_order_within_a_day_does_not_matter(
            events in vec((0..7_u32, any::<bool>()), 0..40), rotation in 0..40_usize,
        ) {
            let fold = |events: &[(u32, bool)]| {
                let mut reputation = routine(3, 1, 1, 4);
                for (partner, good) in events {
                    reputation.record(Day(5), &slug(*partner), *good);
                }
                reputation
            };
            let mut other = events.clone();
            other.rotate_left(rotation.min(events.len()));
            assert_eq!(fold(&events), fold(&other));
        }
    }
}
