use super::said::*;
use super::*;
use crate::contract::fixtures::Ledger;
use crate::contract::keeping::ErasureReason;
use crate::time::DAY_MICROS;

fn erased(numbers: &[u8]) -> Body {
    Body::PatientErased {
        patients: numbers.iter().map(|number| patient(*number)).collect(),
        reason: ErasureReason::Objection,
        by: "desk".to_owned(),
    }
}

fn held(whom: Option<u8>) -> Body {
    Body::HoldPlaced {
        patients: whom.map(|number| BTreeSet::from([patient(number)])),
        reference: "case 7".to_owned(),
        from_year: None,
        until_year: None,
        by: "officer".to_owned(),
    }
}

fn lifted(hold: u64) -> Body {
    Body::HoldLifted {
        hold,
        by: "officer".to_owned(),
    }
}

fn dropped(epoch: &str) -> Body {
    Body::DetailsDropped {
        epoch: epoch.parse().unwrap(),
        by: "officer".to_owned(),
    }
}

fn linked(one: u8, into: u8) -> Body {
    Body::PatientLinked {
        patient: patient(one),
        into: patient(into),
        by: "desk".to_owned(),
    }
}

fn of(number: u8) -> Consent {
    Consent {
        patient: patient(number),
        ..grant()
    }
}

fn refused(ledger: &mut Ledger, body: Body) -> Rejection {
    let before = ledger.state.root();
    let rejection = ledger.try_say(body).unwrap_err();
    assert_eq!(ledger.state.root(), before);
    rejection
}

#[test]
fn what_was_known_of_a_forgotten_person_is_gone() {
    let mut ledger = Ledger::new();
    ledger.consent(of(1));
    ledger.consent(of(2));
    ledger.say(Body::GuardianNamed {
        patient: patient(1),
        until: None,
        by: "desk".to_owned(),
    });
    ledger.say(erased(&[1]));
    let left: Vec<_> = ledger
        .state
        .consents()
        .map(|(_, one)| one.patient)
        .collect();
    assert_eq!(left, [patient(2)]);
    assert_eq!(ledger.state.guardian_of(patient(1), ledger.now), None);
    assert_eq!(ledger.state.erased().collect::<Vec<_>>(), [patient(1)]);
    // Once is enough.
    assert_eq!(refused(&mut ledger, erased(&[1])), Rejection::NotThePerson);
}

#[test]
fn a_person_is_forgotten_under_every_pseudonym_or_not_at_all() {
    let mut ledger = Ledger::new();
    ledger.say(linked(1, 2));
    for some in [&[1][..], &[2], &[1, 3], &[]] {
        assert_eq!(refused(&mut ledger, erased(some)), Rejection::NotThePerson);
    }
    ledger.say(erased(&[1, 2]));
    assert!(ledger.state.links().next().is_none());
}

#[test]
fn a_hold_refuses_by_its_name_until_it_is_lifted() {
    for whom in [Some(1), Some(2), None] {
        let mut ledger = Ledger::new();
        ledger.say(linked(1, 2));
        let hold = ledger.say(held(whom));
        let told = refused(&mut ledger, erased(&[1, 2]));
        let reference = "case 7".to_owned();
        assert_eq!(told, Rejection::Held { hold, reference });
        assert!(told.to_string().contains("case 7"), "{told}");
        ledger.say(lifted(hold));
        assert_eq!(refused(&mut ledger, lifted(hold)), Rejection::NoHold(hold));
        ledger.say(erased(&[1, 2]));
    }
    let mut ledger = Ledger::new();
    ledger.say(held(Some(3)));
    ledger.say(erased(&[1]));
}

#[test]
fn details_are_dropped_once_and_only_of_years_that_are_over() {
    let mut ledger = Ledger::new();
    let year = ledger.now.day().year();
    let (now, next) = (format!("{year}/default"), format!("{}/default", year + 1));
    for epoch in [&now, &next] {
        let epoch = epoch.parse().unwrap();
        let rejection = refused(&mut ledger, dropped(&format!("{epoch}")));
        assert_eq!(rejection, Rejection::NotSealed(epoch));
    }
    ledger.now = ledger.now.plus(366 * DAY_MICROS);
    for (whom, from, until, stands) in [
        (None, None, None, true),
        (Some(1), None, None, true),
        (Some(1), Some(year), Some(year), true),
        (Some(1), Some(year + 1), None, false),
        (Some(1), None, Some(year - 1), false),
    ] {
        let hold = ledger.say(Body::HoldPlaced {
            patients: whom.map(|number| BTreeSet::from([patient(number)])),
            reference: "case 8".to_owned(),
            from_year: from.map(|year| u16::try_from(year).unwrap()),
            until_year: until.map(|year| u16::try_from(year).unwrap()),
            by: "officer".to_owned(),
        });
        if stands {
            let rejection = refused(&mut ledger, dropped(&now));
            assert!(matches!(rejection, Rejection::Held { .. }), "{rejection}");
            ledger.say(lifted(hold));
        }
    }
    ledger.say(dropped(&now));
    let rejection = refused(&mut ledger, dropped(&now));
    assert_eq!(rejection, Rejection::NotSealed(now.parse().unwrap()));
}

#[test]
fn two_contradictory_signatures_charge_at_once() {
    let mut ledger = Ledger::new();
    let proof = |institution: &str, second: &str| Body::Equivocated {
        institution: slug(institution),
        key: "key".to_owned(),
        first: "one".to_owned(),
        second: second.to_owned(),
    };
    assert_eq!(
        refused(&mut ledger, proof("st-anna", "two")),
        Rejection::OwnScore
    );
    let long = "x".repeat(PROOF_NOTE_BYTES_MAX + 1);
    for same in ["one", &long] {
        let rejection = refused(&mut ledger, proof("lakeside", same));
        assert_eq!(rejection, Rejection::ProofNotes);
    }
    let before = score_of(&ledger.state, &slug("lakeside"), ledger.now.day());
    let charge = ledger.say(proof("lakeside", "two"));
    let after = score_of(&ledger.state, &slug("lakeside"), ledger.now.day());
    assert!(before == 500 && after < 299, "{before} {after}");
    assert!(ledger.state.charges().any(|(entry, _)| entry == charge));
}

#[test]
fn a_restored_ledger_goes_on_under_another_origin_and_key() {
    let mut ledger = Ledger::new();
    let restored = |log_origin: &str, key: &str| Body::Restored {
        log_origin: log_origin.to_owned(),
        key: key.to_owned(),
        checkpoint: None,
        by: "admin".to_owned(),
    };
    let key = ledger.state.key_of(&slug("st-anna")).unwrap().to_owned();
    for same in [
        restored("st-anna.example/ledger", "k"),
        restored("other", &key),
    ] {
        assert_eq!(refused(&mut ledger, same), Rejection::SameLog);
    }
    ledger.say(restored("other", "k"));
    assert_eq!(ledger.state.key_of(&slug("st-anna")), Some("k"));
    assert_eq!(ledger.state.log_origin_of(&slug("st-anna")), Some("other"));
}

#[test]
fn a_hold_on_a_merged_person_stands_on_each_id_after_they_are_parted() {
    let mut ledger = Ledger::new();
    ledger.say(linked(1, 2));
    let both = [1, 2].map(patient).into_iter().collect();
    let hold = ledger.say(Body::HoldPlaced {
        patients: Some(both),
        reference: "case 9".to_owned(),
        from_year: None,
        until_year: None,
        by: "officer".to_owned(),
    });
    ledger.say(Body::PatientUnlinked {
        patient: patient(1),
        from: patient(2),
        by: "desk".to_owned(),
    });
    for one in [1, 2] {
        let told = refused(&mut ledger, erased(&[one]));
        assert!(
            matches!(told, Rejection::Held { hold: by, .. } if by == hold),
            "{told}"
        );
    }
}

#[test]
fn a_hold_that_would_hold_nothing_is_refused() {
    let mut ledger = Ledger::new();
    let of = |patients, from_year, until_year| Body::HoldPlaced {
        patients,
        reference: String::new(),
        from_year,
        until_year,
        by: "officer".to_owned(),
    };
    for nothing in [
        of(None, Some(2025), Some(2020)),
        of(Some(BTreeSet::new()), None, None),
    ] {
        assert_eq!(refused(&mut ledger, nothing), Rejection::HoldsNothing);
    }
}
