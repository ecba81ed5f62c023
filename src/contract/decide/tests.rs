use std::collections::BTreeMap;

use super::*;
use crate::contract::Consent;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::Grantees;
use crate::contract::Outcome;
use crate::contract::PolicySet;
use crate::contract::Purpose;
use crate::contract::TransportFacts;
use crate::contract::Verb;
use crate::contract::body::Body;
use crate::contract::event::Event;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::START;
use crate::contract::fixtures::acquisition;
use crate::contract::fixtures::grant;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::fixtures::study_digest;
use crate::contract::fixtures::with_rule;
use crate::contract::state::Applied;
use crate::digest::canonical_json;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

#[track_caller]
fn permits(ledger: &Ledger, request: &Request) -> Decision {
    let decision = ledger.decide(request);
    assert_eq!(decision.verdict, Verdict::Permit, "{decision:?}");
    assert_eq!(decision.short_reason(), "");
    assert!(!decision.reasons.is_empty());
    decision
}

#[track_caller]
fn denies(ledger: &Ledger, request: &Request, why: &str) -> Decision {
    let decision = ledger.decide(request);
    assert_eq!(decision.verdict, Verdict::Deny, "{decision:?}");
    assert_eq!(decision.short_reason(), why);
    assert!(decision.consents.is_empty());
    decision
}

fn obligations(words: &[Obligation]) -> BTreeSet<Obligation> {
    words.iter().copied().collect()
}

#[test]
fn our_own_modalities_and_workstations_need_no_consent() {
    let ledger = Ledger::new();
    for verb in [Verb::Store, Verb::Query, Verb::Retrieve] {
        for purpose in Purpose::ALL {
            let request = Request {
                verb,
                purpose,
                ..acquisition()
            };
            let decision = permits(&ledger, &request);
            assert_eq!(decision.reasons, ["within-own-institution"]);
            assert!(decision.obligations.is_empty());
        }
    }
}

#[test]
fn another_institution_is_refused_without_consent() {
    let decision = denies(&Ledger::new(), &pull(), "no consent");
    assert!(decision.reasons.is_empty());
}

#[test]
fn another_institution_is_permitted_with_a_consent_that_names_it() {
    let mut ledger = Ledger::new();
    let consent = ledger.consent(grant());
    let decision = permits(&ledger, &pull());
    assert_eq!(decision.reasons, ["exchange-with-consent"]);
    assert_eq!(decision.consents, [ConsentId(consent)]);
    assert_eq!(
        (decision.requester_score, decision.recipient_score),
        (500, 500)
    );
    assert!(decision.obligations.is_empty());
}

#[test]
fn a_revoked_consent_no_longer_counts() {
    let mut ledger = Ledger::new();
    let consent = ConsentId(ledger.consent(grant()));
    permits(&ledger, &pull());
    ledger.say(Body::ConsentRevoked {
        consent,
        patient: grant().patient,
        by: "desk".into(),
    });
    denies(&ledger, &pull(), "no consent");
}

#[test]
fn a_consent_must_name_the_requester_too_when_it_is_not_us() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let request = Request {
        requester: slug("hill"),
        ..pull()
    };
    denies(&ledger, &request, "no consent");
    ledger.consent(Consent {
        grantees: Grantees::Named(BTreeSet::from([slug("hill"), slug("lakeside")])),
        ..grant()
    });
    permits(&ledger, &request);
    let sent_by_us = Request {
        requester: slug("st-anna"),
        ..pull()
    };
    permits(&ledger, &sent_by_us);
}

#[test]
fn a_denial_outweighs_every_grant() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    ledger.consent(Consent {
        effect: Effect::Deny,
        grantees: Grantees::Any,
        ..grant()
    });
    let decision = denies(&ledger, &pull(), "denied by the patient");
    assert_eq!(decision.reasons, ["denied-by-patient"]);
}

#[test]
fn a_denial_that_names_us_holds_at_home_but_loses_no_new_image() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        effect: Effect::Deny,
        grantees: Grantees::Named(BTreeSet::from([slug("st-anna")])),
        ..grant()
    });
    let at_home = Request {
        verb: Verb::Retrieve,
        ..acquisition()
    };
    denies(&ledger, &at_home, "denied by the patient");
    permits(&ledger, &acquisition());
}

#[test]
fn a_denial_to_any_institution_does_not_speak_of_the_custodian_itself() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        effect: Effect::Deny,
        grantees: Grantees::Any,
        ..grant()
    });
    let at_home = Request {
        verb: Verb::Retrieve,
        ..acquisition()
    };
    permits(&ledger, &at_home);
}

#[test]
fn an_emergency_needs_no_consent_but_is_told_and_reviewed() {
    let mut ledger = Ledger::new();
    let emergency = Request {
        purpose: Purpose::Emergency,
        ..pull()
    };
    let decision = permits(&ledger, &emergency);
    assert_eq!(decision.reasons, ["emergency"]);
    let expected = obligations(&[Obligation::Review, Obligation::Notify]);
    assert_eq!(decision.obligations, expected);
    ledger.consent(Consent {
        effect: Effect::Deny,
        purposes: BTreeSet::from(Purpose::ALL),
        ..grant()
    });
    permits(&ledger, &emergency);
    ledger.days(Outcome::Failed, Some("lakeside"), |score| score < 300);
    let now = Request {
        received_at: ledger.now,
        ..emergency
    };
    permits(&ledger, &now);
}

#[test]
fn images_without_a_patient_stay_at_home() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let nobody = |request| Request {
        patient: None,
        ..request
    };
    permits(&ledger, &nobody(acquisition()));
    denies(&ledger, &nobody(pull()), "no patient identified");
    let emergency = Request {
        purpose: Purpose::Emergency,
        ..nobody(pull())
    };
    denies(&ledger, &emergency, "no patient identified");
}

#[test]
fn objects_of_no_patient_and_no_study_are_stored_at_home_and_nowhere_else() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let nothing = |request| Request {
        patient: None,
        study: None,
        ..request
    };
    permits(&ledger, &nothing(acquisition()));
    let outwards = Request {
        recipient: slug("lakeside"),
        ..nothing(acquisition())
    };
    denies(&ledger, &outwards, "no patient identified");
    let inwards = Request {
        requester: slug("lakeside"),
        custodian: slug("lakeside"),
        ..nothing(acquisition())
    };
    denies(&ledger, &inwards, "no patient identified");
    let without_study = Request {
        study: None,
        ..acquisition()
    };
    permits(&ledger, &without_study);
}

#[test]
fn a_question_may_be_asked_but_a_match_without_patient_is_no_question() {
    let ledger = Ledger::new();
    let question = Request {
        verb: Verb::Query,
        patient: None,
        study: None,
        question: true,
        ..pull()
    };
    permits(&ledger, &question);
    let bare_match = Request {
        question: false,
        ..question.clone()
    };
    denies(&ledger, &bare_match, "no patient identified");
    let pretended = Request {
        verb: Verb::Retrieve,
        ..question.clone()
    };
    denies(&ledger, &pretended, "no patient identified");
    let of_a_patient = Request {
        patient: pull().patient,
        ..question
    };
    denies(&ledger, &of_a_patient, "no consent");
}

#[test]
fn below_450_the_consent_must_name_the_study_and_is_reviewed() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let score = ledger.days(Outcome::Failed, Some("lakeside"), |score| score < 450);
    assert!(score >= 300);
    let now = Request {
        received_at: ledger.now,
        ..pull()
    };
    let decision = denies(&ledger, &now, &format!("score {score} below 450"));
    assert_eq!(decision.recipient_score, score);
    assert_eq!(decision.reasons, ["score-below-routine"]);
    ledger.consent(Consent {
        study_uid_digest: Some(study_digest()),
        ..grant()
    });
    let decision = permits(&ledger, &now);
    assert_eq!(decision.obligations, obligations(&[Obligation::Review]));
}

#[test]
fn below_300_only_what_the_patient_asked_for() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        study_uid_digest: Some(study_digest()),
        purposes: BTreeSet::from(Purpose::ALL),
        ..grant()
    });
    let score = ledger.days(Outcome::Interrupted, Some("lakeside"), |score| score < 300);
    let now = Request {
        received_at: ledger.now,
        ..pull()
    };
    denies(&ledger, &now, &format!("score {score} below 300"));
    let asked = Request {
        purpose: Purpose::PatientRequest,
        ..now
    };
    let decision = permits(&ledger, &asked);
    assert_eq!(decision.obligations, obligations(&[Obligation::Review]));
}

#[test]
fn from_700_a_consent_for_any_institution_suffices_and_research_begins() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        grantees: Grantees::Any,
        purposes: BTreeSet::from(Purpose::ALL),
        ..grant()
    });
    let research = |received_at| Request {
        purpose: Purpose::Research,
        received_at,
        ..pull()
    };
    denies(
        &ledger,
        &pull(),
        "score 500 below 700: consent must name institution",
    );
    denies(
        &ledger,
        &research(START),
        "score 500 below 700: consent must name institution",
    );
    ledger.days(Outcome::Completed, None, |score| score >= 700);
    let now = ledger.now;
    permits(&ledger, &research(now));
    let routine = Request {
        received_at: now,
        ..pull()
    };
    permits(&ledger, &routine);
}

#[test]
fn research_with_a_named_consent_still_needs_700() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        purposes: BTreeSet::from([Purpose::Research]),
        ..grant()
    });
    let request = Request {
        purpose: Purpose::Research,
        ..pull()
    };
    denies(&ledger, &request, "score 500 below 700, as research needs");
}

#[test]
fn the_lower_score_of_two_other_institutions_counts() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        grantees: Grantees::Named(BTreeSet::from([slug("hill"), slug("lakeside")])),
        ..grant()
    });
    let score = ledger.days(Outcome::Failed, Some("lakeside"), |score| score < 450);
    for (requester, recipient) in [("hill", "lakeside"), ("lakeside", "hill")] {
        let request = Request {
            requester: slug(requester),
            recipient: slug(recipient),
            received_at: ledger.now,
            ..pull()
        };
        denies(&ledger, &request, &format!("score {score} below 450"));
    }
}

#[test]
fn care_at_home_is_never_refused_for_a_score() {
    let mut ledger = Ledger::new();
    ledger.days(Outcome::Failed, Some("lakeside"), |score| score < 300);
    let request = Request {
        received_at: ledger.now,
        ..acquisition()
    };
    permits(&ledger, &request);
}

#[test]
fn a_permit_holds_until_a_consent_begins_or_ends_or_midnight_comes() {
    let midnight = START.next_midnight();
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    assert_eq!(permits(&ledger, &pull()).valid_until, midnight);
    ledger.consent(Consent {
        valid_until: Some(START.plus(50)),
        ..grant()
    });
    assert_eq!(permits(&ledger, &pull()).valid_until, START.plus(50));
    ledger.consent(Consent {
        effect: Effect::Deny,
        valid_from: START.plus(20),
        ..grant()
    });
    assert_eq!(permits(&ledger, &pull()).valid_until, START.plus(20));
    let then = Request {
        received_at: START.plus(20),
        ..pull()
    };
    denies(&ledger, &then, "denied by the patient");
    let tomorrow = Consent {
        valid_until: Some(midnight.plus(DAY_MICROS)),
        ..grant()
    };
    let mut ledger = Ledger::new();
    ledger.consent(tomorrow);
    assert_eq!(permits(&ledger, &pull()).valid_until, midnight);
}

#[test]
fn nothing_is_permitted_before_policies_are_active() {
    let decision = decide(&State::new(), &acquisition());
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.short_reason(), "no contract is active");
}

/// The engine skips a forbid that errs and answers Allow; here that is a denial.
#[test]
fn a_rule_that_overflows_denies_even_at_home() {
    let policy = with_rule(
        r#"@id("overflow") forbid (principal, action, resource)
           when { context.score * 9223372036854775807 > 0 };"#,
    );
    let decision = denies(&Ledger::with(&policy), &acquisition(), "rule error");
    assert_eq!(decision.errors.len(), 1);
    assert!(decision.errors[0].contains("overflow"), "{decision:?}");
    assert!(decision.reasons.is_empty() && decision.obligations.is_empty());
}

#[test]
fn a_rule_that_misses_an_attribute_denies() {
    let rule = r#"@id("missing") forbid (principal, action, resource)
                  when { context.nosuch == "x" };"#;
    let policy = PolicySet::unvalidated(rule);
    let mut state = Ledger::new().state;
    state.force_policy(policy);
    let decision = decide(&state, &acquisition());
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.short_reason(), "rule error");
    assert!(decision.errors[0].contains("nosuch"), "{decision:?}");
}

#[test]
fn an_obligation_that_cannot_be_met_is_a_denial() {
    for (word, why) in [
        ("deidentify", "obligation deidentify cannot be met"),
        (
            "wait_for_finality review",
            "obligation wait_for_finality cannot be met",
        ),
        ("require_tls", "encrypted transport required"),
    ] {
        let rule =
            format!(r#"@id("extra") @obligation("{word}") permit (principal, action, resource);"#);
        let ledger = Ledger::with(&with_rule(&rule));
        let decision = denies(&ledger, &acquisition(), why);
        assert_eq!(decision.reasons, ["extra", "within-own-institution"]);
    }
}

#[test]
fn encrypted_transport_meets_require_tls() {
    let rule = r#"@id("extra") @obligation("require_tls") permit (principal, action, resource);"#;
    let ledger = Ledger::with(&with_rule(rule));
    let request = Request {
        transport: TransportFacts {
            tls: true,
            mutual: false,
            address_checked: true,
            certificate: None,
        },
        ..acquisition()
    };
    let decision = permits(&ledger, &request);
    assert_eq!(decision.obligations, obligations(&[Obligation::RequireTls]));
}

#[test]
fn a_forbid_without_reason_is_told_by_its_name() {
    let rule = r#"@id("house-rule") forbid (principal, action, resource);"#;
    let ledger = Ledger::with(&with_rule(rule));
    denies(&ledger, &acquisition(), "forbidden by house-rule");
}

#[test]
fn reasons_are_sorted_every_time() {
    let rule = r#"@id("a") permit (principal, action, resource);
                  @id("z") permit (principal, action, resource);
                  @id("m") permit (principal, action, resource);"#;
    let ledger = Ledger::with(&with_rule(rule));
    for _ in 0..50 {
        let decision = permits(&ledger, &acquisition());
        assert_eq!(decision.reasons, ["a", "m", "within-own-institution", "z"]);
    }
}

#[test]
fn a_decision_replayed_from_text_alone_gives_the_same_bytes() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let late = ledger.days(Outcome::Failed, Some("lakeside"), |score| score < 450);
    let mut lines = BTreeMap::new();
    for request in [
        pull(),
        acquisition(),
        Request {
            received_at: ledger.now,
            ..pull()
        },
    ] {
        let decision = ledger.decide(&request);
        let line = canonical_json(&Body::Decision {
            request: Box::new(request),
            decision: Box::new(decision),
        })
        .unwrap();
        lines.insert(line, ledger.events.len());
    }
    assert!(late < 450 && lines.len() == 3);

    let texts = ledger.events.iter().map(|(at, event)| {
        let text = canonical_json(event).unwrap();
        (*at, text)
    });
    let mut state = State::new();
    for (at, text) in texts.collect::<Vec<(Applied, String)>>() {
        let event: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(canonical_json(&event).unwrap(), text);
        state.apply(at, &event).unwrap();
    }
    assert_eq!(state.root(), ledger.state.root());
    for line in lines.keys() {
        let Body::Decision { request, decision } = serde_json::from_str(line).unwrap() else {
            panic!("a decision was written");
        };
        let again = Body::Decision {
            decision: Box::new(decide(&state, &request)),
            request,
        };
        assert_eq!(canonical_json(&again).unwrap(), *line);
        assert_eq!(decision.engine, ENGINE);
        assert_eq!(decision.state_root, state.root());
    }
}

#[test]
fn an_observing_gateway_releases_what_it_would_deny() {
    let denied = Ledger::new().decide(&pull());
    assert!(!denied.releases());
    let observed = Decision {
        observed: true,
        ..denied
    };
    assert!(observed.releases());
}

#[test]
fn a_reason_fits_an_error_comment() {
    let id = "x".repeat(64);
    let rule = format!(r#"@id("{id}") forbid (principal, action, resource);"#);
    let ledger = Ledger::with(&with_rule(&rule));
    let decision = ledger.decide(&acquisition());
    assert_eq!(decision.short_reason().len(), 64);
    assert_eq!(decision.valid_until, UtcMicros(20_501 * DAY_MICROS));
}
