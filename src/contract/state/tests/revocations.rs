use super::*;
use crate::contract::Grantees;
use crate::contract::fixtures::Ledger;

fn honoured(revocation: u64, institution: &str) -> Body {
    Body::RevocationHonoured {
        revocation,
        institution: slug(institution),
        by: "desk".to_owned(),
    }
}

/// A consent to Lakeside and Hill Clinic is revoked; gives the number of the revocation.
fn revocation(ledger: &mut Ledger) -> u64 {
    let both = ["lakeside", "hill", "st-anna"].map(slug);
    let consent = ledger.consent(Consent {
        grantees: Grantees::Named(both.into()),
        ..grant()
    });
    ledger.say(revoked(consent, PATIENT))
}

#[test]
fn a_revocation_answered_in_time_counts_for_whoever_answered() {
    let mut ledger = Ledger::new();
    let entry = revocation(&mut ledger);
    ledger.days_pass(14);
    ledger.say(honoured(entry, "lakeside"));
    // 1000 · 50.5 / 100.5.
    assert_eq!(ledger.score("lakeside"), 502);
    assert_eq!(ledger.score("hill"), 500);
    ledger.say(honoured(entry, "hill"));
    assert_eq!(ledger.score("hill"), 502);
    ledger.is_replayable();
}

#[test]
fn a_revocation_answered_late_counts_for_nothing() {
    let mut ledger = Ledger::new();
    let entry = revocation(&mut ledger);
    ledger.days_pass(15);
    ledger.say(honoured(entry, "lakeside"));
    assert_eq!(ledger.score("lakeside"), 500);
    assert_eq!(
        ledger.rejects(honoured(entry, "lakeside")),
        Rejection::NoRevocation(entry)
    );
}

#[test]
fn only_who_was_named_answers_and_only_once() {
    let mut ledger = Ledger::new();
    let entry = revocation(&mut ledger);
    let refused = Rejection::NoRevocation(entry);
    assert_eq!(ledger.rejects(honoured(entry, "valley")), refused);
    assert_eq!(ledger.rejects(honoured(entry, "st-anna")), refused);
    ledger.say(honoured(entry, "lakeside"));
    assert_eq!(ledger.rejects(honoured(entry, "lakeside")), refused);
    assert_eq!(
        ledger.rejects(honoured(entry - 1, "hill")),
        Rejection::NoRevocation(entry - 1)
    );
}

#[test]
fn nobody_answers_the_revocation_of_an_objection_or_of_a_consent_for_anybody() {
    for consent in [
        Consent {
            effect: Effect::Deny,
            ..grant()
        },
        Consent {
            grantees: Grantees::Any,
            ..grant()
        },
    ] {
        let mut ledger = Ledger::new();
        let consent = ledger.consent(consent);
        let entry = ledger.say(revoked(consent, PATIENT));
        assert_eq!(
            ledger.rejects(honoured(entry, "lakeside")),
            Rejection::NoRevocation(entry)
        );
    }
}

#[test]
fn answers_share_what_one_day_can_add() {
    let mut ledger = Ledger::new();
    let entries: Vec<u64> = (0..20).map(|_| revocation(&mut ledger)).collect();
    for entry in entries {
        ledger.say(honoured(entry, "lakeside"));
    }
    // 1000 · 51 / 101: one unit a day from one counterparty.
    assert_eq!(ledger.score("lakeside"), 504);
}

#[test]
fn revocations_that_nobody_can_answer_in_time_are_forgotten_with_the_next() {
    let mut ledger = Ledger::new();
    let first = revocation(&mut ledger);
    ledger.days_pass(15);
    let second = revocation(&mut ledger);
    assert_eq!(
        ledger.rejects(honoured(first, "lakeside")),
        Rejection::NoRevocation(first)
    );
    ledger.say(honoured(second, "lakeside"));
    assert_eq!(ledger.score("lakeside"), 502);
}
