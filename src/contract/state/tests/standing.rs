use super::said::*;
use super::*;
use crate::contract::credit::StandingEvidence;
use crate::contract::fixtures::CREDIT;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::SCHEMA;
use crate::contract::fixtures::default_files;
use crate::contract::fixtures::with_rule;

/// Pacing of research by standing.
const PACE: &str = r#"@id("pace") @reason("standing too low")
    forbid (principal, action in [Action::"Research", Action::"SelfService"], resource)
    when { context.standing < 490 };"#;

fn noted(number: u8, evidence: StandingEvidence) -> Body {
    Body::StandingNoted {
        patient: patient(number),
        evidence,
        proof: vec![0],
        by: "desk".to_owned(),
    }
}

fn standing(ledger: &Ledger, number: u8) -> u16 {
    ledger.state.standing_of(patient(number), ledger.now.day())
}

#[test]
fn standing_is_raised_and_lowered_by_its_own_numbers() {
    let mut ledger = Ledger::new();
    assert_eq!(standing(&ledger, 1), 500);
    ledger.say(noted(1, StandingEvidence::IdentityProven));
    ledger.say(noted(1, StandingEvidence::GrantKept));
    assert!(standing(&ledger, 1) > 500);
    let before = standing(&ledger, 1);
    ledger.say(noted(1, StandingEvidence::LinkAbused));
    assert!(standing(&ledger, 1) < before);
    assert_eq!(standing(&ledger, 2), 500);
    assert_eq!(ledger.state.scores(ledger.now.day()).count(), 0);
    ledger.is_replayable();
}

#[test]
fn no_number_of_proofs_of_one_day_adds_more_than_the_day_can() {
    let mut ledger = Ledger::new();
    for _ in 0..100 {
        ledger.say(noted(1, StandingEvidence::IdentityProven));
    }
    let by = ledger.state.parameters().unwrap().patients();
    let most = by.gain_per_day;
    let score = 1000 * (by.base_good + most) / (by.base_weight + most);
    assert_eq!(u64::from(standing(&ledger, 1)), score);
}

#[test]
fn standing_paces_research_and_self_service_and_never_care() {
    let mut ledger = Ledger::with(&with_rule(PACE));
    let asking = |purpose| Request {
        purpose,
        patient: Some(patient(1)),
        requester: slug("st-anna"),
        recipient: slug("st-anna"),
        ..pull()
    };
    let reason = |ledger: &Ledger, purpose| {
        let decision = ledger.decide(&asking(purpose));
        decision.short_reason().to_owned()
    };
    for purpose in Purpose::ALL {
        assert_eq!(reason(&ledger, purpose), "");
    }
    for _ in 0..10 {
        ledger.say(noted(1, StandingEvidence::LinkAbused));
    }
    assert!(standing(&ledger, 1) < 490);
    for purpose in Purpose::ALL {
        let paced = matches!(purpose, Purpose::Research | Purpose::PatientRequest);
        let expected = if paced { "standing too low" } else { "" };
        assert_eq!(reason(&ledger, purpose), expected, "{purpose}");
    }
}

#[test]
fn using_a_right_does_not_lower_standing() {
    let mut ledger = Ledger::new();
    let consent = ledger.consent(Consent {
        patient: patient(1),
        ..grant()
    });
    ledger.say(revoked(consent, patient(1)));
    ledger.consent(Consent {
        effect: Effect::Deny,
        patient: patient(1),
        purposes: Purpose::ALL.into(),
        ..grant()
    });
    assert_eq!(standing(&ledger, 1), 500);
}

#[test]
fn a_merged_patient_has_the_lowest_standing_of_all_ids() {
    let mut ledger = Ledger::new();
    ledger.say(noted(1, StandingEvidence::LinkAbused));
    ledger.say(Body::PatientLinked {
        patient: patient(1),
        into: patient(2),
        by: "desk".to_owned(),
    });
    assert_eq!(standing(&ledger, 2), standing(&ledger, 1));
    assert!(standing(&ledger, 2) < 500);
}

#[test]
fn standing_needs_proof() {
    let ledger = Ledger::new();
    let body = Body::StandingNoted {
        patient: patient(1),
        evidence: StandingEvidence::LinkAbused,
        proof: Vec::new(),
        by: "desk".to_owned(),
    };
    assert_eq!(ledger.rejects(body), Rejection::Proof);
}

#[test]
fn a_rule_of_care_or_operations_that_names_standing_does_not_validate() {
    for group in ["Care", "Operations"] {
        let rule = format!(
            r#"@id("x") forbid (principal, action in Action::"{group}", resource)
               when {{ context.standing < 100 }};"#
        );
        let mut files = default_files();
        files.push(("50-test.cedar".to_owned(), rule));
        let error = PolicySet::parse(&files, SCHEMA, CREDIT).unwrap_err();
        assert!(error.to_string().contains("standing"), "{group}: {error}");
    }
}
