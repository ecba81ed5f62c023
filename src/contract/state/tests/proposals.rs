use super::said::*;
use super::*;
use crate::contract::PROPOSALS_MAX;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::with_rule;

fn proposed(policy: &PolicySet, by: &str) -> Body {
    Body::PolicyProposed {
        sha256: policy.sha256(),
        schema_sha256: policy.schema_sha256(),
        text: policy.canonical_text().to_owned(),
        by: by.to_owned(),
    }
}

fn approved(sha256: Sha256, by: &str) -> Body {
    let by = by.to_owned();
    Body::PolicyApproved { sha256, by }
}

fn activated(sha256: Sha256) -> Body {
    let by = "Ada".to_owned();
    Body::PolicyActivated { sha256, by }
}

fn withdrawn(sha256: Sha256) -> Body {
    let by = "Ada".to_owned();
    Body::PolicyWithdrawn { sha256, by }
}

fn stricter() -> PolicySet {
    with_number("patients_per_hour = 10", "patients_per_hour = 0")
}

fn in_force(ledger: &Ledger) -> Sha256 {
    ledger.state.policy().unwrap().sha256()
}

#[test]
fn rules_change_when_a_second_person_approves_and_somebody_activates() {
    let mut ledger = Ledger::new();
    let policy = stricter();
    let sha256 = policy.sha256();
    let before = in_force(&ledger);
    ledger.say(proposed(&policy, "Ada"));
    ledger.say(approved(sha256, "Bob"));
    assert_eq!(in_force(&ledger), before);
    assert_eq!(ledger.asked(&emergency(1)), "");
    let (_, proposal) = ledger.state.proposals().next().unwrap();
    assert_eq!(proposal.by, "Ada");
    assert_eq!(proposal.approved_by.as_deref(), Some("Bob"));
    ledger.say(activated(sha256));
    assert_eq!(in_force(&ledger), sha256);
    assert_eq!(
        ledger.asked(&emergency(2)),
        "limit of emergency access reached"
    );
    assert_eq!(ledger.state.proposals().count(), 0);
    ledger.is_replayable();
}

#[test]
fn the_approver_is_not_the_proposer_however_the_name_is_written() {
    let mut ledger = Ledger::new();
    let policy = stricter();
    ledger.say(proposed(&policy, "Ada"));
    for by in ["Ada", "ada", "ADA", " Ada "] {
        assert_eq!(
            ledger.rejects(approved(policy.sha256(), by)),
            Rejection::SamePerson
        );
    }
}

#[test]
fn every_other_order_is_rejected() {
    let mut ledger = Ledger::new();
    let policy = stricter();
    let sha256 = policy.sha256();
    let unknown = Rejection::NoProposal(sha256);
    assert_eq!(ledger.rejects(approved(sha256, "Bob")), unknown);
    assert_eq!(ledger.rejects(activated(sha256)), unknown);
    assert_eq!(ledger.rejects(withdrawn(sha256)), unknown);
    ledger.say(proposed(&policy, "Ada"));
    let known = Rejection::KnownPolicy(sha256);
    assert_eq!(ledger.rejects(proposed(&policy, "Bob")), known);
    assert_eq!(
        ledger.rejects(activated(sha256)),
        Rejection::NotApproved(sha256)
    );
    ledger.say(approved(sha256, "Bob"));
    ledger.say(withdrawn(sha256));
    assert_eq!(ledger.rejects(activated(sha256)), unknown);
    // Proposed again, it needs to be approved again.
    ledger.say(proposed(&policy, "Ada"));
    assert_eq!(
        ledger.rejects(activated(sha256)),
        Rejection::NotApproved(sha256)
    );
    ledger.say(approved(sha256, "Bob"));
    ledger.say(activated(sha256));
    assert_eq!(ledger.rejects(activated(sha256)), unknown);
    assert_eq!(ledger.rejects(proposed(&policy, "Ada")), known);
}

#[test]
fn a_proposal_has_the_digests_of_its_text() {
    let ledger = Ledger::new();
    let policy = stricter();
    let other = with_rule("").sha256();
    for (sha256, schema_sha256) in [(other, policy.schema_sha256()), (policy.sha256(), other)] {
        let body = Body::PolicyProposed {
            sha256,
            schema_sha256,
            text: policy.canonical_text().to_owned(),
            by: "Ada".to_owned(),
        };
        let rejection = ledger.rejects(body);
        let known = Rejection::KnownPolicy(other);
        assert!(
            rejection == Rejection::PolicyDigest || rejection == known,
            "{rejection}"
        );
    }
}

#[test]
fn the_first_rules_of_a_ledger_need_nobody_else() {
    // What the fixture does: proposed and activated by one person, approved by nobody.
    let ledger = Ledger::new();
    let said: Vec<&str> = ledger
        .events
        .iter()
        .map(|(_, event)| event.body.kind())
        .collect();
    assert_eq!(said, ["genesis", "policy-proposed", "policy-activated"]);
    assert!(ledger.state.policy().is_some());
}

#[test]
fn only_so_many_proposals_wait() {
    let mut ledger = Ledger::new();
    let policy = |number: usize| {
        let to = format!("patients_per_hour = {}", 100 + number);
        with_number("patients_per_hour = 10", &to)
    };
    for number in 0..PROPOSALS_MAX {
        ledger.say(proposed(&policy(number), "Ada"));
    }
    let one_more = policy(PROPOSALS_MAX);
    assert_eq!(
        ledger.rejects(proposed(&one_more, "Ada")),
        Rejection::TooManyProposals
    );
    ledger.say(withdrawn(policy(0).sha256()));
    ledger.say(proposed(&one_more, "Ada"));
}
