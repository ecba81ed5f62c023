use super::*;
use crate::contract::TransportFacts;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::acquisition;
use crate::contract::fixtures::grant;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::with_rule;

fn verdict_for(otherwise: &Otherwise, purpose: Purpose) -> Option<Verdict> {
    let mut purposes = otherwise.purposes.iter();
    let found = purposes.find(|one| one.purpose == purpose);
    found.map(|one| one.verdict)
}

#[test]
fn a_permit_rests_on_the_consent_and_on_the_least_score_that_suffices() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let found = otherwise(&ledger.state, &pull());
    // At a score below 700 the consent has to name the institution.
    let named = Ground::ConsentNamingInstitution;
    assert!(found.rests_on.contains(&named), "{found:?}");
    let least = found.rests_on.iter().find_map(|ground| match ground {
        Ground::Score { least } => Some(*least),
        _ => None,
    });
    let least = least.unwrap();
    let policy = ledger.state.policy().unwrap();
    let facts = Facts::gather(&ledger.state, ledger.state.own().unwrap(), &pull());
    assert!(permits(policy, &pull(), &at_most(least, &facts)));
    assert!(!permits(policy, &pull(), &at_most(least - 1, &facts)));
}

#[test]
fn a_permit_within_the_house_rests_on_nothing_of_these() {
    let found = otherwise(&Ledger::new().state, &acquisition());
    assert_eq!(found.rests_on, []);
}

#[test]
fn a_refusal_rests_on_nothing_and_another_purpose_has_an_answer_of_its_own() {
    let ledger = Ledger::new();
    let found = otherwise(&ledger.state, &pull());
    assert_eq!(ledger.decide(&pull()).verdict, Verdict::Deny);
    assert_eq!(found.rests_on, []);
    assert_eq!(verdict_for(&found, Purpose::Treatment), None);
    assert_eq!(found.purposes.len(), Purpose::ALL.len() - 1);
    let emergency = Request {
        purpose: Purpose::Emergency,
        ..pull()
    };
    let answered = ledger.decide(&emergency);
    assert_eq!(
        verdict_for(&found, Purpose::Emergency),
        Some(answered.verdict)
    );
    let research = found.purposes.iter();
    let mut research = research.filter(|one| one.purpose == Purpose::Research);
    assert_eq!(research.next().unwrap().short_reason, "no consent");
}

#[test]
fn what_only_goes_encrypted_rests_on_that() {
    let rule = r#"@id("only-encrypted") @reason("not encrypted")
        forbid (principal, action, resource) unless { context.tls };"#;
    let mut ledger = Ledger::with(&with_rule(rule));
    ledger.consent(grant());
    let encrypted = Request {
        transport: TransportFacts {
            tls: true,
            mutual: true,
            ..pull().transport
        },
        ..pull()
    };
    let found = otherwise(&ledger.state, &encrypted);
    assert!(
        found.rests_on.contains(&Ground::EncryptedTransport),
        "{found:?}"
    );
}

#[test]
fn what_has_changed_since_is_told_and_nothing_else() {
    let mut ledger = Ledger::new();
    let consent = ConsentId(ledger.consent(grant()));
    let then = ledger.decide(&pull());
    assert_eq!(differences((9, &then), &then, &then.consents), []);
    let now = Decision {
        requester_score: then.requester_score - 1,
        policy: crate::digest::Sha256::ZERO,
        ..then.clone()
    };
    let ended = Difference::ConsentsEnded {
        consents: vec![consent],
    };
    let scores = Difference::RequesterScore {
        then: then.requester_score,
        now: now.requester_score,
    };
    assert_eq!(
        differences((9, &then), &now, &[]),
        [Difference::Policy, scores, ended]
    );
    let begun = Difference::ConsentsBegun {
        consents: vec![ConsentId(99)],
    };
    assert_eq!(
        differences((9, &then), &then, &[consent, ConsentId(99)]),
        std::slice::from_ref(&begun)
    );
    let refused = Decision {
        verdict: Verdict::Deny,
        consents: Vec::new(),
        ..then
    };
    let granted = [consent, ConsentId(99)];
    assert_eq!(differences((9, &refused), &refused, &granted), [begun]);
}
