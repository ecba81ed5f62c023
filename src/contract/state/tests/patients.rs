use super::said::*;
use super::*;
use crate::contract::Giver;
use crate::contract::LINKED_PATIENTS_MAX;
use crate::contract::fixtures::Ledger;

fn linked(one: u8, into: u8) -> Body {
    Body::PatientLinked {
        patient: patient(one),
        into: patient(into),
        by: "desk".to_owned(),
    }
}

fn unlinked(one: u8, from: u8) -> Body {
    Body::PatientUnlinked {
        patient: patient(one),
        from: patient(from),
        by: "desk".to_owned(),
    }
}

/// Lakeside fetches a study of this patient for treatment.
fn pull_of(number: u8) -> Request {
    Request {
        patient: Some(patient(number)),
        ..pull()
    }
}

fn of(number: u8) -> Consent {
    Consent {
        patient: patient(number),
        ..grant()
    }
}

fn objection(number: u8) -> Consent {
    Consent {
        effect: Effect::Deny,
        ..of(number)
    }
}

/// Which of two patients Lakeside may have, and why not.
fn answers(ledger: &Ledger) -> [String; 2] {
    [1, 2].map(|number| {
        let decision = ledger.decide(&pull_of(number));
        decision.short_reason().to_owned()
    })
}

#[test]
fn a_consent_under_one_id_of_a_merged_patient_speaks_for_the_others() {
    for (one, into) in [(1, 2), (2, 1)] {
        let mut ledger = Ledger::new();
        ledger.consent(of(1));
        assert_eq!(answers(&ledger), ["", "no consent"]);
        ledger.say(linked(one, into));
        assert_eq!(answers(&ledger), ["", ""]);
        ledger.is_replayable();
        ledger.say(unlinked(one, into));
        assert_eq!(answers(&ledger), ["", "no consent"]);
        ledger.is_replayable();
    }
}

#[test]
fn an_objection_under_one_id_of_a_merged_patient_stops_the_others() {
    for (one, into) in [(1, 2), (2, 1)] {
        let mut ledger = Ledger::new();
        ledger.consent(of(1));
        ledger.consent(of(2));
        ledger.consent(objection(2));
        assert_eq!(answers(&ledger), ["", "denied by the patient"]);
        ledger.say(linked(one, into));
        let denied = "denied by the patient";
        assert_eq!(answers(&ledger), [denied, denied]);
        ledger.say(unlinked(one, into));
        assert_eq!(answers(&ledger), ["", denied]);
    }
}

#[test]
fn merges_of_merged_patients_are_one_group() {
    let mut ledger = Ledger::new();
    ledger.consent(of(1));
    for (one, into) in [(1, 2), (3, 4), (2, 4)] {
        ledger.say(linked(one, into));
    }
    let group: BTreeSet<Pseudonym> = [1, 2, 3, 4].map(patient).into();
    for number in 1..=4 {
        assert_eq!(ledger.state.patients_linked_to(patient(number)), group);
        assert_eq!(ledger.decide(&pull_of(number)).short_reason(), "");
    }
    ledger.say(unlinked(2, 4));
    let apart = |numbers: [u8; 2]| -> BTreeSet<Pseudonym> { numbers.map(patient).into() };
    assert_eq!(ledger.state.patients_linked_to(patient(1)), apart([1, 2]));
    assert_eq!(ledger.state.patients_linked_to(patient(3)), apart([3, 4]));
    assert_eq!(ledger.decide(&pull_of(3)).short_reason(), "no consent");
}

#[test]
fn circles_and_second_merges_are_refused() {
    let mut ledger = Ledger::new();
    ledger.say(linked(1, 2));
    ledger.say(linked(2, 3));
    for (one, into) in [(1, 1), (2, 1), (3, 1), (3, 2), (1, 4), (1, 2)] {
        assert_eq!(
            ledger.rejects(linked(one, into)),
            Rejection::Linked(patient(one)),
            "{one} into {into}"
        );
    }
    for (one, from) in [(1, 3), (3, 2), (2, 1), (4, 1)] {
        assert_eq!(
            ledger.rejects(unlinked(one, from)),
            Rejection::NotLinked(patient(one)),
            "{one} from {from}"
        );
    }
}

#[test]
fn a_patient_has_only_so_many_ids() {
    let most = u8::try_from(LINKED_PATIENTS_MAX).unwrap();
    // A star, and a chain.
    for into in [|_| 1, |number: u8| number - 1] {
        let mut ledger = Ledger::new();
        for number in 2..=most {
            ledger.say(linked(number, into(number)));
        }
        let group = ledger.state.patients_linked_to(patient(most));
        assert_eq!(group.len(), LINKED_PATIENTS_MAX);
        assert_eq!(
            ledger.rejects(linked(200, 1)),
            Rejection::TooManyLinked(patient(1))
        );
        assert_eq!(
            ledger.rejects(linked(1, 200)),
            Rejection::TooManyLinked(patient(200))
        );
    }
}

#[test]
fn what_is_said_under_one_id_affects_transfers_under_all() {
    let mut ledger = Ledger::new();
    let (at, merged) = ledger.next(linked(1, 2));
    ledger.state.apply(at, &merged).unwrap();
    ledger.events.push((at, merged.clone()));
    assert!(affects(&ledger.state, &merged).everything);
    let consent = ledger.consent(of(1));
    let revoked = ledger.next(revoked(consent, patient(1))).1;
    let granted = ledger.events.last().unwrap().1.clone();
    for event in [granted, revoked] {
        let affected = affects(&ledger.state, &event);
        assert!(affected.touches(&pull_of(1)) && affected.touches(&pull_of(2)));
        assert!(!affected.touches(&pull_of(3)));
    }
    let (_, apart) = ledger.next(unlinked(1, 2));
    assert!(affects(&ledger.state, &apart).everything);
}

fn guardian(number: u8, until: Option<UtcMicros>) -> Body {
    Body::GuardianNamed {
        patient: patient(number),
        until,
        by: "desk".to_owned(),
    }
}

fn by_guardian(number: u8) -> Body {
    Body::ConsentGranted {
        consent: Consent {
            given_by: Giver::Guardian,
            ..of(number)
        },
        by: "desk".to_owned(),
    }
}

#[test]
fn only_a_guardian_who_was_named_consents_in_the_patients_place() {
    let mut ledger = Ledger::new();
    let nobody = Rejection::NoGuardian(patient(1));
    assert_eq!(ledger.rejects(by_guardian(1)), nobody);
    ledger.say(guardian(2, None));
    assert_eq!(ledger.rejects(by_guardian(1)), nobody);
    ledger.say(guardian(1, None));
    ledger.say(by_guardian(1));
    assert_eq!(ledger.decide(&pull_of(1)).short_reason(), "");
    ledger.is_replayable();
}

#[test]
fn a_guardian_speaks_until_the_end_and_what_was_said_stays() {
    let mut ledger = Ledger::new();
    let until = START.plus(HOUR_MICROS);
    ledger.say(guardian(1, Some(until)));
    ledger.now = until.plus(-1);
    ledger.say(by_guardian(1));
    ledger.now = until;
    let nobody = Rejection::NoGuardian(patient(1));
    assert_eq!(ledger.rejects(by_guardian(1)), nobody);
    assert_eq!(ledger.decide(&pull_of(1)).short_reason(), "");
}

#[test]
fn a_guardianship_that_was_ended_is_over() {
    let mut ledger = Ledger::new();
    let end = || Body::GuardianEnded {
        patient: patient(1),
        by: "desk".to_owned(),
    };
    let nobody = Rejection::NoGuardian(patient(1));
    assert_eq!(ledger.rejects(end()), nobody);
    ledger.say(guardian(1, None));
    ledger.say(end());
    assert_eq!(ledger.rejects(by_guardian(1)), nobody);
    assert_eq!(ledger.rejects(end()), nobody);
}

#[test]
fn the_guardian_of_a_merged_patient_speaks_under_every_id() {
    let mut ledger = Ledger::new();
    ledger.say(guardian(2, None));
    ledger.say(linked(1, 2));
    ledger.say(by_guardian(1));
    ledger.say(by_guardian(2));
    ledger.say(unlinked(1, 2));
    assert_eq!(
        ledger.rejects(by_guardian(1)),
        Rejection::NoGuardian(patient(1))
    );
}

#[test]
fn a_guardianship_ends_in_a_time_that_can_be_written_down() {
    let ledger = Ledger::new();
    assert_eq!(
        ledger.rejects(guardian(1, Some(UtcMicros(i64::MAX)))),
        Rejection::Time
    );
}
