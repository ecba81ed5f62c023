use super::said::*;
use super::*;
use crate::contract::fixtures::Ledger;

const LIMIT: &str = "limit of emergency access reached";

/// Lakeside has reached as many patients as it may.
fn at_the_limit() -> Ledger {
    let mut ledger = Ledger::new();
    for number in 1..=10 {
        assert_eq!(ledger.asked(&emergency(number)), "");
    }
    ledger
}

#[test]
fn the_eleventh_patient_within_an_hour_is_refused_and_the_first_still_served() {
    let mut ledger = at_the_limit();
    assert_eq!(ledger.asked(&emergency(11)), LIMIT);
    for number in 1..=10 {
        assert_eq!(ledger.asked(&emergency(number)), "");
    }
    assert_eq!(ledger.asked(&emergency(11)), LIMIT);
    ledger.is_replayable();
}

#[test]
fn another_ae_title_has_a_limit_of_its_own() {
    let mut ledger = at_the_limit();
    let other = Request {
        requester_ae: "LAKE_ER".parse().unwrap(),
        ..emergency(11)
    };
    assert_eq!(ledger.asked(&other), "");
    assert_eq!(ledger.asked(&emergency(12)), LIMIT);
}

#[test]
fn after_an_hour_there_is_room_again() {
    let mut ledger = at_the_limit();
    ledger.now = START.plus(HOUR_MICROS - 1);
    assert_eq!(ledger.asked(&emergency(11)), LIMIT);
    ledger.now = START.plus(HOUR_MICROS);
    assert_eq!(ledger.asked(&emergency(11)), "");
}

#[test]
fn a_patient_who_consented_is_not_counted_and_not_refused() {
    let mut ledger = Ledger::new();
    for number in 1..=20 {
        ledger.consent(Consent {
            patient: patient(number),
            purposes: BTreeSet::from([Purpose::Emergency]),
            ..grant()
        });
        assert_eq!(ledger.asked(&emergency(number)), "");
    }
    for number in 21..=30 {
        assert_eq!(ledger.asked(&emergency(number)), "");
    }
    assert_eq!(ledger.asked(&emergency(31)), LIMIT);
    assert_eq!(ledger.asked(&emergency(1)), "");
}

#[test]
fn what_was_refused_or_is_within_our_own_house_is_not_counted() {
    let mut ledger = at_the_limit();
    for number in 11..=40 {
        assert_eq!(ledger.asked(&emergency(number)), LIMIT);
    }
    let own = |number| Request {
        requester: slug("st-anna"),
        recipient: slug("st-anna"),
        requester_ae: "ER1".parse().unwrap(),
        ..emergency(number)
    };
    for number in 1..=40 {
        assert_eq!(ledger.asked(&own(number)), "");
    }
    ledger.now = START.plus(HOUR_MICROS);
    for number in 11..=20 {
        assert_eq!(ledger.asked(&emergency(number)), "");
    }
}

#[test]
fn the_limit_is_a_number_of_the_contract() {
    let none = with_number("patients_per_hour = 10", "patients_per_hour = 0");
    assert_eq!(Ledger::with(&none).asked(&emergency(1)), LIMIT);
    let two = with_number("patients_per_hour = 10", "patients_per_hour = 2");
    let mut ledger = Ledger::with(&two);
    for (number, expected) in [(1, ""), (2, ""), (3, LIMIT), (1, "")] {
        assert_eq!(ledger.asked(&emergency(number)), expected);
    }
}

#[test]
fn whether_an_emergency_outweighs_an_objection_is_a_number_of_the_contract() {
    let yes = Ledger::new();
    let no = with_number("overrides_denial = true", "overrides_denial = false");
    for (mut ledger, expected) in [(yes, ""), (Ledger::with(&no), "denied by the patient")] {
        ledger.consent(Consent {
            effect: Effect::Deny,
            patient: patient(1),
            purposes: Purpose::ALL.into(),
            ..grant()
        });
        assert_eq!(ledger.asked(&emergency(1)), expected);
        let routine = Request {
            purpose: Purpose::Treatment,
            ..emergency(1)
        };
        assert_eq!(ledger.asked(&routine), "denied by the patient");
    }
}
