use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::proptest;

use super::*;
use crate::contract::Effect;
use crate::contract::Outcome;
use crate::contract::Purpose;
use crate::contract::affects;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::PATIENT;
use crate::contract::fixtures::START;
use crate::contract::fixtures::acquisition;
use crate::contract::fixtures::closed;
use crate::contract::fixtures::grant;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::request::Request;
use crate::contract::request::Verb;

mod emergencies;
mod incidents;
mod keeping;
mod patients;
mod proposals;
mod receipts;
mod reviews;
mod revocations;
mod said;
mod standing;

impl State {
    /// Puts policies in force that no event would.
    pub(crate) fn force_policy(&mut self, policy: PolicySet) {
        self.shared.force_policy(policy);
    }
}

/// Folds the events of `ledger` again.
fn fold(ledger: &Ledger) -> State {
    let mut state = State::new();
    for (at, event) in &ledger.events {
        state.apply(*at, event).unwrap();
    }
    state
}

fn revoked(consent: u64, patient: Pseudonym) -> Body {
    Body::ConsentRevoked {
        consent: ConsentId(consent),
        patient,
        by: "desk".into(),
    }
}

fn busy() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let second = ledger.consent(Consent {
        effect: Effect::Deny,
        patient: Pseudonym::from_bytes([9; 16]),
        ..grant()
    });
    ledger.transfer(Outcome::Completed, None);
    ledger.open(&pull());
    ledger.say(revoked(second, Pseudonym::from_bytes([9; 16])));
    ledger
}

#[test]
fn two_folds_of_one_ledger_are_equal() {
    let ledger = busy();
    let again = fold(&ledger);
    assert_eq!(again, ledger.state);
    assert_eq!(again.root(), ledger.state.root());
}

#[test]
fn every_event_changes_the_root() {
    let ledger = busy();
    let mut state = State::new();
    let mut roots = BTreeSet::from([state.root()]);
    for (at, event) in &ledger.events {
        state.apply(*at, event).unwrap();
        assert!(roots.insert(state.root()), "{event:?}");
    }
}

#[test]
fn states_that_differ_in_one_fact_have_different_roots() {
    let [one, other] = [Purpose::Treatment, Purpose::Research].map(|purpose| {
        let mut ledger = Ledger::new();
        ledger.consent(Consent {
            purposes: BTreeSet::from([purpose]),
            ..grant()
        });
        ledger.state
    });
    assert_ne!(one.root(), other.root());
    assert_eq!(one.shared_root(), other.shared_root());
}

#[test]
fn a_snapshot_reads_back_with_the_same_root() {
    let state = busy().state;
    let text = serde_json::to_string(&state).unwrap();
    let again: State = serde_json::from_str(&text).unwrap();
    assert_eq!(again, state);
    assert_eq!(again.root(), state.root());
}

#[test]
fn local_events_leave_the_shared_part_alone() {
    let mut ledger = Ledger::new();
    let before = ledger.state.shared_root();
    ledger.consent(grant());
    ledger.transfer(Outcome::Completed, None);
    assert_eq!(ledger.state.shared_root(), before);
}

#[test]
fn a_rejected_event_leaves_the_state_as_it_was() {
    let ledger = busy();
    let cases = [
        (
            closed(999, Outcome::Completed, None),
            Rejection::NotOpen(999),
        ),
        (
            revoked(999, PATIENT),
            Rejection::NoConsent {
                consent: ConsentId(999),
                patient: PATIENT,
            },
        ),
        (
            revoked(2, Pseudonym::from_bytes([9; 16])),
            Rejection::NoConsent {
                consent: ConsentId(2),
                patient: Pseudonym::from_bytes([9; 16]),
            },
        ),
        (
            Body::ConsentGranted {
                consent: Consent {
                    valid_until: Some(UtcMicros(i64::MAX)),
                    ..grant()
                },
                by: "desk".into(),
            },
            Rejection::Time,
        ),
        (
            Body::Genesis {
                institution: slug("st-anna"),
                log_origin: String::new(),
                key: String::new(),
                statement_key: String::new(),
                created: START,
            },
            Rejection::SecondGenesis,
        ),
        (
            Body::PolicyProposed {
                sha256: Sha256::ZERO,
                schema_sha256: Sha256::ZERO,
                text: ledger.state.policy().unwrap().canonical_text().to_owned(),
                by: "officer".into(),
            },
            Rejection::PolicyDigest,
        ),
        (
            Body::PolicyActivated {
                sha256: Sha256::ZERO,
                by: "officer".into(),
            },
            Rejection::NoProposal(Sha256::ZERO),
        ),
        (
            Body::ConsentGranted {
                consent: grant(),
                by: " ".into(),
            },
            Rejection::Person,
        ),
    ];
    for (body, rejection) in cases {
        let mut state = ledger.state.clone();
        let (at, event) = ledger.next(body);
        assert_eq!(state.apply(at, &event), Err(rejection));
        assert_eq!(state, ledger.state);
    }
}

#[test]
fn policies_that_are_faulty_are_not_proposed() {
    let ledger = Ledger::new();
    let text = "schema.cedarschema 0\n\n";
    let (at, event) = ledger.next(Body::PolicyProposed {
        sha256: Sha256::of(&[text.as_bytes()]),
        schema_sha256: Sha256::of(&[]),
        text: text.into(),
        by: "officer".into(),
    });
    let mut state = ledger.state.clone();
    assert!(matches!(state.apply(at, &event), Err(Rejection::Policy(_))));
    assert_eq!(state, ledger.state);
}

#[test]
fn nothing_comes_before_genesis() {
    let ledger = busy();
    for (at, event) in ledger.events.iter().skip(1) {
        let mut state = State::new();
        assert_eq!(state.apply(*at, event), Err(Rejection::NoGenesis));
        assert_eq!(state, State::new());
    }
}

#[test]
fn a_repeated_event_is_rejected() {
    let ledger = busy();
    for (at, event) in ledger.events.iter().skip(1) {
        let mut state = ledger.state.clone();
        let later = Applied {
            seq: at.seq + 1000,
            ..*at
        };
        let result = state.apply(later, event);
        assert!(
            matches!(result, Err(Rejection::Repeated { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn only_our_own_institution_speaks_of_local_things() {
    let mut ledger = Ledger::new();
    let (at, mut event) = ledger.next(Body::Alert {
        code: "x".into(),
        text: "y".into(),
        about: None,
    });
    event.author = slug("lakeside");
    assert_eq!(
        ledger.state.apply(at, &event),
        Err(Rejection::Author(slug("lakeside")))
    );
}

#[test]
fn the_next_number_of_an_author_follows_all_its_events() {
    let ledger = busy();
    let count = ledger.events.len() as u64;
    assert_eq!(ledger.state.next_author_seq(&slug("st-anna")), count);
    assert_eq!(ledger.state.next_author_seq(&slug("lakeside")), 0);
    assert_eq!(State::new().next_author_seq(&slug("st-anna")), 0);
    assert_eq!(Ledger::new().state.next_author_seq(&slug("st-anna")), 3);
}

#[test]
fn a_decision_that_releases_is_open_until_its_final_close() {
    let mut ledger = Ledger::new();
    let decision = ledger.open(&pull());
    let (number, open) = ledger.state.open_transfers().next().unwrap();
    assert_eq!(number, decision);
    assert_eq!(open.sender, slug("st-anna"));
    assert_eq!(open.recipient, slug("lakeside"));
    assert_eq!(open.opened_at, START);

    let mut part = closed(decision, Outcome::Completed, None);
    if let Body::TransferClosed { is_final, .. } = &mut part {
        *is_final = false;
    }
    ledger.say(part);
    assert_eq!(ledger.state.open_transfers().count(), 1);
    ledger.say(closed(decision, Outcome::Completed, None));
    assert_eq!(ledger.state.open_transfers().count(), 0);
    assert_eq!(
        ledger.try_say(closed(decision, Outcome::Completed, None)),
        Err(Rejection::NotOpen(decision))
    );
}

#[test]
fn a_transfer_closes_between_the_parties_of_its_decision() {
    let mut ledger = Ledger::new();
    let decision = ledger.open(&acquisition());
    assert_eq!(
        ledger.try_say(closed(decision, Outcome::Completed, None)),
        Err(Rejection::Parties(decision))
    );
}

#[test]
fn denials_and_queries_open_nothing() {
    let mut ledger = Ledger::new();
    let denied = ledger.decide(&pull());
    ledger.say(Body::Decision {
        request: Box::new(pull()),
        decision: Box::new(denied),
    });
    let query = Request {
        verb: Verb::Query,
        ..acquisition()
    };
    ledger.open(&query);
    assert_eq!(ledger.state.open_transfers().count(), 0);
}

#[test]
fn consents_are_listed_by_patient_and_bounded() {
    let mut ledger = Ledger::new();
    for _ in 0..CONSENTS_PER_PATIENT_MAX {
        ledger.consent(grant());
    }
    assert_eq!(ledger.state.consents().count(), CONSENTS_PER_PATIENT_MAX);
    assert_eq!(
        ledger.try_say(Body::ConsentGranted {
            consent: grant(),
            by: "desk".into()
        }),
        Err(Rejection::TooManyConsents(PATIENT))
    );
    let other = Pseudonym::from_bytes([1; 16]);
    let id = ledger.consent(Consent {
        patient: other,
        ..grant()
    });
    let theirs: Vec<ConsentId> = ledger.state.consents_of(other).map(|(id, _)| id).collect();
    assert_eq!(theirs, [ConsentId(id)]);
}

/// What a closed transfer tells of Lakeside: how it ended, whose fault, and the score after it.
#[test]
fn only_what_this_gateway_saw_for_certain_moves_a_score() {
    for (outcome, fault, score) in [
        (Outcome::Completed, None, 504),
        (Outcome::Failed, Some("lakeside"), 490),
        (Outcome::Interrupted, Some("lakeside"), 490),
        (Outcome::Failed, None, 500),
        (Outcome::Failed, Some("st-anna"), 500),
        (Outcome::Interrupted, None, 500),
        (Outcome::Cancelled, None, 500),
        (Outcome::Stopped, None, 500),
    ] {
        let mut ledger = Ledger::new();
        ledger.transfer(outcome, fault);
        let day = START.day();
        assert_eq!(
            score_of(&ledger.state, &slug("lakeside"), day),
            score,
            "{outcome:?} {fault:?}"
        );
        assert_eq!(score_of(&ledger.state, &slug("st-anna"), day), 500);
        let (_, event) = ledger.events.last().unwrap();
        let institutions = affects(&ledger.state, event).institutions;
        assert!(institutions.contains(&slug("lakeside")));
        assert_eq!(ledger.state.scores(day).count(), usize::from(score != 500));
    }
}

/// However many parts it was recorded in: what went wrong in one of them outweighs the others.
#[test]
fn a_transfer_counts_once_and_its_worst_part_decides() {
    for (parts, score) in [
        (&[None, None, None][..], 504),
        (&[None, Some("lakeside"), None][..], 490),
        (&[Some("lakeside"), None][..], 490),
    ] {
        let mut ledger = Ledger::new();
        let decision = ledger.open(&pull());
        for (number, fault) in parts.iter().enumerate() {
            let outcome = fault.map_or(Outcome::Completed, |_| Outcome::Failed);
            let mut part = closed(decision, outcome, *fault);
            if let Body::TransferClosed { is_final, .. } = &mut part {
                *is_final = number + 1 == parts.len();
            }
            assert_eq!(score_of(&ledger.state, &slug("lakeside"), START.day()), 500);
            ledger.say(part);
        }
        let reached = score_of(&ledger.state, &slug("lakeside"), START.day());
        assert_eq!(reached, score, "{parts:?}");
    }
}

#[test]
fn an_objection_is_recorded_where_no_grant_finds_room() {
    let mut ledger = Ledger::new();
    for _ in 0..CONSENTS_PER_PATIENT_MAX {
        ledger.consent(grant());
    }
    let objection = Consent {
        effect: Effect::Deny,
        ..grant()
    };
    ledger.consent(objection);
    assert_eq!(ledger.decide(&pull()).short_reason, "denied by the patient");
}

#[test]
fn an_event_affects_those_whose_answers_it_may_change() {
    let ledger = busy();
    let of = |body| affects(&ledger.state, &ledger.next(body).1);
    let consent = of(Body::ConsentGranted {
        consent: grant(),
        by: "desk".into(),
    });
    assert!(consent.touches(&pull()));
    assert_eq!(of(revoked(2, PATIENT)), consent);
    let another = Request {
        patient: Some(Pseudonym::from_bytes([3; 16])),
        ..pull()
    };
    assert!(!consent.touches(&another));
    let late = of(closed(1, Outcome::Failed, Some("lakeside")));
    assert!(late.touches(&pull()) && late.touches(&another));
    assert!(!late.touches(&acquisition()));
    let activated = affects(&ledger.state, &ledger.events[2].1);
    assert!(activated.touches(&acquisition()));
    let started = of(Body::Started {
        version: "0".into(),
        boot: "0".into(),
    });
    assert!(started.is_empty() && !started.touches(&pull()));
}

#[test]
fn a_root_that_was_deferred_is_the_same_once_it_is_settled() {
    let ledger = busy();
    let mut state = State::new();
    state.defer_root();
    for (at, event) in &ledger.events {
        state.apply(*at, event).unwrap();
        assert_ne!(state.root(), ledger.state.root());
    }
    state.settle_root();
    assert_eq!(state.root(), ledger.state.root());
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]

    #[test]
    fn a_rebuilt_state_has_the_root_that_was_kept_step_by_step(steps in vec(0..5_u8, 0..30)) {
        let mut ledger = Ledger::new();
        for step in steps {
            let patient = Pseudonym::from_bytes([step; 16]);
            ledger.now = ledger.now.plus(40_000_000_000);
            let first = ledger.state.consents().next().map(|(id, consent)| (id, consent.patient));
            match (step, first) {
                (0 | 1, _) => {
                    ledger.consent(Consent { patient, ..grant() });
                }
                (2, Some((id, patient))) => {
                    ledger.say(revoked(id.0, patient));
                }
                (3, _) => ledger.transfer(Outcome::Completed, None),
                _ => {
                    ledger.open(&pull());
                }
            }
        }
        let text = serde_json::to_string(&ledger.state).unwrap();
        let rebuilt: State = serde_json::from_str(&text).unwrap();
        assert_eq!(rebuilt.root(), ledger.state.root());
        assert_eq!(fold(&ledger).root(), ledger.state.root());
    }
}
