#![allow(
    clippy::arithmetic_side_effects,
    reason = "small numbers chosen by the tests"
)]

use super::*;
use crate::contract::fixtures::CREDIT;

/// The courses of a scenario, by the numbers as delivered.
fn run(text: &str, days: u32) -> Vec<Course> {
    let parameters = Parameters::parse(CREDIT).unwrap();
    let scenario = Scenario::parse(text).unwrap();
    let courses = simulate(&parameters, &scenario, days);
    assert_eq!(courses, simulate(&parameters, &scenario, days));
    courses
}

/// The score at the end of a day.
fn on(course: &Course, day: u32) -> u16 {
    course.scores[usize::try_from(day - course.joins).unwrap()]
}

/// The first day at or above a score.
fn first(course: &Course, score: u16) -> Option<u32> {
    (course.joins..)
        .zip(&course.scores)
        .find_map(|(day, one)| (*one >= score).then_some(day))
}

#[test]
fn a_simulated_course_is_what_the_same_evidence_gives_day_by_day() {
    let courses = run(
        "title = \"A\"\n[[institution]]\nname = \"a\"\n[[institution.exchange]]\n\
        partners = 1\ntransfers_per_day = 1\n",
        401,
    );
    // The golden series of the reputation, one day later: days are counted from 1.
    for (day, score) in [(1, 504), (2, 509), (11, 547), (101, 706), (401, 777)] {
        assert_eq!(on(&courses[0], day), score, "day {day}");
    }
}

#[test]
fn good_partners_settle_where_the_design_expects_them() {
    let courses = run(
        include_str!("../../../../gateway-config/scenarios/good-partner.toml"),
        3650,
    );
    assert_eq!(
        courses.iter().map(|one| on(one, 3650)).collect::<Vec<_>>(),
        [779, 926]
    );
}

#[test]
fn a_slow_partner_never_reaches_700_and_one_that_mends_does_within_a_year() {
    let courses = run(
        include_str!("../../../../gateway-config/scenarios/slow-partner.toml"),
        1095,
    );
    let [slow, mends] = courses.as_slice() else {
        panic!()
    };
    assert_eq!([on(slow, 365), on(slow, 1095)], [609, 540]);
    assert_eq!([on(mends, 365), on(mends, 1095)], [609, 740]);
    // 358 days after the last late transfer.
    assert_eq!((first(slow, 700), first(mends, 700)), (None, Some(723)));
}

#[test]
fn one_leak_is_felt_for_years_and_a_reversal_gives_all_of_it_back() {
    let courses = run(
        include_str!("../../../../gateway-config/scenarios/one-leak.toml"),
        1095,
    );
    let [leaked, reversed, clear] = courses.as_slice() else {
        panic!()
    };
    let days = [365, 366, 425, 426, 456, 457, 730, 1095];
    let expected = [929, 929, 931, 931, 931, 931, 933, 933];
    assert_eq!(days.map(|day| on(clear, day)), expected);
    // The ceiling holds for 90 days, up to and with day 456; the charge is felt for years.
    let expected = [929, 449, 449, 449, 449, 757, 823, 875];
    assert_eq!(days.map(|day| on(leaked, day)), expected);
    let expected = [929, 449, 449, 931, 931, 931, 933, 933];
    assert_eq!(days.map(|day| on(reversed, day)), expected);
}

#[test]
fn those_who_vouch_for_each_other_reach_their_steady_state_and_nothing_from_outside() {
    let text = include_str!("../../../../gateway-config/scenarios/colluding-institutions.toml");
    let courses = run(text, 3650);
    assert_eq!(
        courses.iter().map(|one| on(one, 3650)).collect::<Vec<_>>(),
        [782, 919, 500]
    );
}

#[test]
fn a_new_name_begins_at_five_hundred() {
    let text = include_str!("../../../../gateway-config/scenarios/whitewashing-newcomer.toml");
    let courses = run(text, 730);
    let [stayed, new] = courses.as_slice() else {
        panic!()
    };
    let expected = [747, 371, 598];
    assert_eq!([180, 181, 730].map(|day| on(stayed, day)), expected);
    // 94 days of flawless exchange until 700, as for everybody.
    assert_eq!((on(new, 200), first(new, 700)), (504, Some(293)));
}
