//! A Beta reputation with base rate, in integers.
//!
//! `r` is the weight of good evidence, `s` of bad, both in micro-units. The score is
//! `1000·(r+base_good)/(r+s+base_weight)`, floored: 500 without evidence. Each day both are
//! multiplied by a fixed-point constant and floored, so that half of `r` is gone after 90 days and
//! half of `s` after 365. n days are n such steps: a power would give other bits.
//!
//! Routine evidence is counted per counterparty and day, not per transfer, or volume would be
//! punished: of n transfers due on a day with a counterparty, `r += ok/n` and `s += 2·late/n`. Every
//! gain of a day shares two caps: 1 from one counterparty, 5 from all together.
//!
//! The numbers here are those of `gateway-config/credit.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::names::InstitutionSlug;
use crate::time::Day;

/// The score without any evidence, by the numbers as delivered.
pub const SCORE_COLD_START: u16 = 500;

/// Ceilings that one institution can have at a time; of more, the lowest are kept.
const CEILINGS_MAX: usize = 64;

/// By what a score is counted; weights in micro-units, factors times 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// What is good of the base rate.
    pub base_good: u64,
    /// The weight of the base rate against the evidence.
    pub base_weight: u64,
    /// What good evidence is multiplied by each day.
    pub decay_good: u64,
    /// What bad evidence is multiplied by each day.
    pub decay_bad: u64,
    /// Most that one counterparty can add to the good side in a day.
    pub gain_per_counterparty: u64,
    /// Most that all of them can.
    pub gain_per_day: u64,
    /// What a day on which everything with one counterparty came late adds to the bad side.
    pub late: u64,
}

impl Weights {
    /// The score without evidence.
    pub fn cold_start(&self) -> u16 {
        self.score(0, 0)
    }

    /// The score that these weights of good and bad evidence give, without any ceiling.
    pub(in crate::contract) fn score(&self, r: u64, s: u64) -> u16 {
        let good = u128::from(r).saturating_add(u128::from(self.base_good));
        let all = u128::from(r)
            .saturating_add(u128::from(s))
            .saturating_add(u128::from(self.base_weight));
        let score = good.saturating_mul(1000).checked_div(all).unwrap_or(0);
        u16::try_from(score).map_or(1000, |score| score.min(1000))
    }
}

/// What is held of one institution, or of one patient. Keys in the order of canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reputation {
    /// What the score cannot exceed.
    ceilings: Vec<Ceiling>,
    /// The last day with evidence.
    day: Day,
    /// Good evidence before `day`, decayed up to it, in micro-units.
    r: u64,
    /// Bad evidence likewise; charges of `day` are in it already.
    s: u64,
    /// What `day` brought, by counterparty.
    today: BTreeMap<InstitutionSlug, Tally>,
}

/// A score that is not exceeded, whatever the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Number of the entry that set it.
    pub entry: u64,
    /// The highest score.
    pub score: u16,
    /// The last day on which it holds; `None`: until it is lifted.
    pub until: Option<Day>,
}

/// A charge that can be reversed: what was added to the bad side, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The day on which it was added.
    pub day: Day,
    /// Whom it was charged to.
    pub institution: InstitutionSlug,
    /// What it weighed then, in micro-units.
    pub weight: u64,
}

/// What one day brought with one counterparty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tally {
    /// Gains other than by transfers, in micro-units.
    bonus: u64,
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

    /// What is good of it, within what one counterparty can give.
    fn gain(self, by: &Weights) -> u64 {
        self.share(by.gain_per_counterparty, self.delivered)
            .saturating_add(self.bonus)
            .min(by.gain_per_counterparty)
    }
}

/// One day's decay: multiply by `factor`·2^-64 and floor.
fn decayed(value: u64, factor: u64) -> u64 {
    let product = u128::from(value).saturating_mul(u128::from(factor));
    u64::try_from(product >> 64).unwrap_or(value)
}

impl Charge {
    /// What it still weighs on `day`, in micro-units.
    pub fn weight_on(&self, by: &Weights, day: Day) -> u64 {
        let (_, weight) = after_days(by, (0, self.weight), self.day, day);
        weight
    }
}

/// `(r, s)` of day `from`, on `day`.
pub(in crate::contract) fn after_days(
    by: &Weights,
    (mut r, mut s): (u64, u64),
    from: Day,
    day: Day,
) -> (u64, u64) {
    let mut at = from;
    // Each step loses at least 1, so an idle eternity ends after some 10,000 steps.
    while at < day && (r > 0 || s > 0) {
        (r, s) = (decayed(r, by.decay_good), decayed(s, by.decay_bad));
        at = Day(at.0.saturating_add(1));
    }
    (r, s)
}

impl Reputation {
    /// No evidence yet; counted from `day`.
    pub const fn new(day: Day) -> Self {
        Self {
            ceilings: Vec::new(),
            day,
            r: 0,
            s: 0,
            today: BTreeMap::new(),
        }
    }

    /// Goes on to `day`. Days do not run back: an earlier day counts as the last one.
    fn turn(&mut self, by: &Weights, day: Day) {
        if day > self.day {
            (self.r, self.s) = self.weights_on(by, day);
            self.day = day;
            self.today.clear();
            self.ceilings.retain(|ceiling| ceiling.holds(day));
        }
    }

    /// Counts one transfer with `counterparty` on `day`.
    pub fn record(
        &mut self,
        by: &Weights,
        day: Day,
        counterparty: &InstitutionSlug,
        delivered: bool,
    ) {
        let (delivered, late) = if delivered { (1, 0) } else { (0, 1) };
        self.record_all(by, day, counterparty, delivered, late);
    }

    /// Counts transfers with `counterparty` on `day`.
    pub(in crate::contract) fn record_all(
        &mut self,
        by: &Weights,
        day: Day,
        counterparty: &InstitutionSlug,
        delivered: u64,
        late: u64,
    ) {
        self.turn(by, day);
        let tally = self.today.entry(counterparty.clone()).or_default();
        tally.delivered = tally.delivered.saturating_add(delivered);
        tally.late = tally.late.saturating_add(late);
    }

    /// Adds `weight` micro-units to the good side, within what `counterparty` can give on `day`.
    pub fn gain(&mut self, by: &Weights, day: Day, counterparty: &InstitutionSlug, weight: u64) {
        self.turn(by, day);
        let tally = self.today.entry(counterparty.clone()).or_default();
        tally.bonus = tally.bonus.saturating_add(weight);
    }

    /// Adds `weight` micro-units to the bad side on `day`.
    pub fn charge(&mut self, by: &Weights, day: Day, weight: u64) {
        self.turn(by, day);
        self.s = self.s.saturating_add(weight);
    }

    /// Takes a charge back on `day`: what is left of it.
    pub fn reverse(&mut self, by: &Weights, day: Day, charge: &Charge) {
        self.turn(by, day);
        self.s = self.s.saturating_sub(charge.weight_on(by, self.day));
    }

    /// Sets a ceiling.
    pub fn set_ceiling(&mut self, ceiling: Ceiling) {
        self.ceilings.push(ceiling);
        self.ceilings
            .sort_unstable_by_key(|ceiling| (ceiling.score, ceiling.entry));
        self.ceilings.truncate(CEILINGS_MAX);
    }

    /// Lifts the ceiling that entry `entry` set. `false` when there is none.
    pub fn lift_ceiling(&mut self, entry: u64) -> bool {
        let before = self.ceilings.len();
        self.ceilings.retain(|ceiling| ceiling.entry != entry);
        self.ceilings.len() < before
    }

    /// Every ceiling that was set and not lifted; those that ended stay until the next evidence.
    pub fn ceilings(&self) -> &[Ceiling] {
        &self.ceilings
    }

    /// The lowest ceiling that holds on `day`.
    pub fn ceiling(&self, day: Day) -> Option<Ceiling> {
        let holding = self.ceilings.iter().filter(|ceiling| ceiling.holds(day));
        holding.copied().min_by_key(|ceiling| ceiling.score)
    }

    /// The score on `day`, 0 to 1000. Reading changes nothing.
    pub fn score(&self, by: &Weights, day: Day) -> u16 {
        let (r, s) = self.weights_on(by, day);
        let score = by.score(r, s);
        let ceiling = self.ceiling(day);
        ceiling.map_or(score, |ceiling| score.min(ceiling.score))
    }

    /// The last day with evidence.
    pub const fn last_day(&self) -> Day {
        self.day
    }

    /// What the last day's transfers and answered revocations add to `r` and `s`, in micro-units.
    pub(in crate::contract) fn brought(&self, by: &Weights) -> (u64, u64) {
        let gains = self.today.values();
        let gain = gains.fold(0_u64, |sum, tally| sum.saturating_add(tally.gain(by)));
        let losses = self.today.values();
        let loss = losses.fold(0_u64, |sum, tally| {
            sum.saturating_add(tally.share(by.late, tally.late))
        });
        (gain.min(by.gain_per_day), loss)
    }

    /// `r` and `s` with the last day's evidence, decayed up to `day`, in micro-units.
    pub fn weights_on(&self, by: &Weights, day: Day) -> (u64, u64) {
        let (gain, loss) = self.brought(by);
        let (r, s) = (self.r.saturating_add(gain), self.s.saturating_add(loss));
        after_days(by, (r, s), self.day, day)
    }
}

impl Ceiling {
    /// Whether it holds on `day`.
    pub fn holds(&self, day: Day) -> bool {
        self.until.is_none_or(|until| day <= until)
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

    use std::sync::LazyLock;

    use super::*;
    use crate::contract::credit::Parameters;
    use crate::contract::fixtures::CREDIT;

    /// One unit of evidence, in micro-units.
    const UNIT: u64 = 1_000_000;

    static PARAMETERS: LazyLock<Parameters> = LazyLock::new(|| Parameters::parse(CREDIT).unwrap());

    fn by() -> &'static Weights {
        PARAMETERS.institutions()
    }

    fn slug(number: u32) -> InstitutionSlug {
        format!("partner-{number}").parse().unwrap()
    }

    /// `partners` times `ok` good and `late` late transfers on every day up to `last`.
    fn routine(partners: u32, ok: u32, late: u32, last: i32) -> Reputation {
        let mut reputation = Reputation::new(Day(0));
        for day in 0..=last {
            for partner in 0..partners {
                for _ in 0..ok {
                    reputation.record(by(), Day(day), &slug(partner), true);
                }
                for _ in 0..late {
                    reputation.record(by(), Day(day), &slug(partner), false);
                }
            }
        }
        reputation
    }

    #[test]
    fn a_newcomer_has_five_hundred_and_keeps_it() {
        let newcomer = Reputation::new(Day(20_000));
        assert_eq!(newcomer.score(by(), Day(20_000)), SCORE_COLD_START);
        assert_eq!(newcomer.score(by(), Day(i32::MAX)), SCORE_COLD_START);
    }

    #[test]
    fn decay_gives_the_golden_values() {
        let start = Reputation {
            r: 1_000_000_000,
            s: 1_000_000_000,
            ..Reputation::new(Day(0))
        };
        assert_eq!(start.weights_on(by(), Day(1)), (992_327_946, 998_102_768));
        assert_eq!(start.weights_on(by(), Day(2)), (984_714_752, 996_209_136));
        assert_eq!(start.weights_on(by(), Day(90)), (499_999_966, 842_894_856));
        assert_eq!(start.weights_on(by(), Day(365)), (60_138_931, 499_999_861));
        assert_eq!(start.weights_on(by(), Day(i32::MAX)), (0, 0));
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
            assert_eq!(reputation.weights_on(by(), Day(day)), (r, 0), "day {day}");
            assert_eq!(reputation.score(by(), Day(day)), score, "day {day}");
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
            assert_eq!(reputation.weights_on(by(), Day(day)), (r, s), "day {day}");
            assert_eq!(reputation.score(by(), Day(day)), score, "day {day}");
        }
    }

    #[test]
    fn five_partners_settle_at_926_871_and_524_with_a_tenth_one_and_ten_percent_late() {
        for (late, score) in [(1, 926), (10, 871), (100, 524)] {
            let mut reputation = Reputation::new(Day(0));
            let tally = Tally {
                bonus: 0,
                delivered: 1000 - late,
                late,
            };
            for day in 0..6000 {
                (reputation.r, reputation.s) = reputation.weights_on(by(), Day(day));
                reputation.day = Day(day);
                reputation.today = (0..5).map(|partner| (slug(partner), tally)).collect();
            }
            assert_eq!(reputation.score(by(), Day(5999)), score);
        }
    }

    #[test]
    fn a_day_gives_one_for_a_counterparty_and_five_in_all() {
        assert_eq!(routine(1, 1000, 0, 0).weights_on(by(), Day(0)), (UNIT, 0));
        assert_eq!(routine(5, 1, 0, 0).weights_on(by(), Day(0)), (5 * UNIT, 0));
        assert_eq!(routine(9, 1, 0, 0).weights_on(by(), Day(0)), (5 * UNIT, 0));
    }

    #[test]
    fn volume_is_not_punished() {
        assert_eq!(
            routine(1, 9, 1, 0).score(by(), Day(0)),
            routine(1, 900, 100, 0).score(by(), Day(0))
        );
    }

    #[test]
    fn the_clock_running_back_counts_as_the_last_day() {
        let mut reputation = routine(1, 1, 0, 10);
        let before = reputation.clone();
        reputation.record(by(), Day(3), &slug(0), true);
        assert_eq!(reputation.day, before.day);
        assert_eq!(
            reputation.weights_on(by(), Day(10)),
            before.weights_on(by(), Day(10))
        );
        assert_eq!(reputation.score(by(), Day(3)), before.score(by(), Day(10)));
    }

    proptest! {
        #[test]
        fn a_score_lies_between_0_and_1000(
            r in any::<u64>(), s in any::<u64>(), delivered in any::<u64>(), late in any::<u64>(),
            days in 0..3000_i32,
        ) {
            let today = BTreeMap::from([(slug(0), Tally { bonus: delivered, delivered, late })]);
            let reputation = Reputation { r, s, today, ..Reputation::new(Day(0)) };
            assert!(reputation.score(by(), Day(days)) <= 1000);
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
                less.record(by(), Day(day), &slug(partner), good);
            }
            let mut more = less.clone();
            more.record(by(), Day(40), &slug(partner), true);
            assert!(more.score(by(), Day(40 + later)) >= less.score(by(), Day(40 + later)));
            let mut same_day = less.clone();
            same_day.record(by(), less.day, &slug(partner), true);
            assert!(same_day.score(by(), Day(40 + later)) >= less.score(by(), Day(40 + later)));
        }

        #[test]
        fn the_order_within_a_day_does_not_matter(
            events in vec((0..7_u32, any::<bool>()), 0..40), rotation in 0..40_usize,
        ) {
            let fold = |events: &[(u32, bool)]| {
                let mut reputation = routine(3, 1, 1, 4);
                for (partner, good) in events {
                    reputation.record(by(), Day(5), &slug(*partner), *good);
                }
                reputation
            };
            let mut other = events.clone();
            other.rotate_left(rotation.min(events.len()));
            assert_eq!(fold(&events), fold(&other));
        }
    }
}
