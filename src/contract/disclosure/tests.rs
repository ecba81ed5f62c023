//! What counts as having left, to whom, and how it is added up.

use super::*;
use crate::contract::SopClasses;
use crate::contract::acts::StepAct;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::PATIENT;
use crate::contract::fixtures::START;
use crate::contract::fixtures::acquisition;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::user::UserProof;

/// Another Patient ID of the same person.
const BEFORE: Pseudonym = Pseudonym::from_bytes([0xb2; 16]);
const SOMEBODY: Pseudonym = Pseudonym::from_bytes([0xc3; 16]);

/// Decisions and what came of them, as they are added.
struct Fold {
    disclosing: Disclosing,
    answer: Decision,
    next: u64,
}

impl Fold {
    fn new() -> Self {
        let patients = BTreeSet::from([PATIENT, BEFORE]);
        Self {
            disclosing: Disclosing::new(slug("st-anna"), patients),
            answer: Ledger::new().decide(&pull()),
            next: 1,
        }
    }

    fn add(&mut self, body: &Body) -> u64 {
        let seq = self.next;
        self.next = self.next.saturating_add(1);
        let ledger_time = START.plus(i64::try_from(seq).unwrap());
        self.disclosing.add(Applied { seq, ledger_time }, body);
        seq
    }

    /// The decision on `request`, changed.
    fn decide(&mut self, request: Request, change: impl FnOnce(&mut Decision)) -> u64 {
        let mut decision = Decision {
            verdict: Verdict::Permit,
            reasons: vec!["exchange-with-consent".to_owned()],
            consents: vec![ConsentId(3)],
            short_reason: String::new(),
            ..self.answer.clone()
        };
        change(&mut decision);
        self.add(&Body::Decision {
            request: Box::new(request),
            decision: Box::new(decision),
        })
    }

    fn permit(&mut self, request: Request) -> u64 {
        self.decide(request, |_| {})
    }

    fn close(&mut self, decision: u64, instances: u64, failed: u64, end: Option<Outcome>) {
        self.add(&Body::TransferClosed {
            decision,
            sender: slug("st-anna"),
            recipient: slug("lakeside"),
            instances,
            classes: SopClasses::default(),
            failed,
            statuses: Default::default(),
            warned: 0,
            spooled: 0,
            bytes: instances.saturating_mul(100),
            manifest_root: None,
            outcome: end.unwrap_or(Outcome::Completed),
            fault: None,
            is_final: end.is_some(),
        });
    }

    fn end(self) -> Disclosures {
        self.disclosing.end()
    }
}

/// Lakeside's query meets one of our studies.
fn matched(study: &[u8]) -> Request {
    let mut request = pull();
    request.verb = Verb::Query;
    if let Some(facts) = &mut request.study {
        facts.uid_digest = Sha256::of(&[study]);
    }
    request
}

#[test]
fn what_went_to_another_institution_is_told_with_all_its_parts() {
    let mut fold = Fold::new();
    let request = Request {
        user: Some(User {
            name: "weber".to_owned(),
            proof: UserProof::Passcode,
        }),
        ..pull()
    };
    let decision = fold.permit(request);
    fold.close(decision, 6, 0, None);
    fold.close(decision, 4, 1, Some(Outcome::Failed));
    let found = fold.end();
    let [only] = found.images.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((only.instances, only.failed, only.bytes), (10, 1, 1000));
    assert_eq!(only.outcome, Some(Outcome::Failed));
    assert_eq!((only.entry, only.patient), (decision, PATIENT));
    assert_eq!(only.parties.recipient, slug("lakeside"));
    assert_eq!(only.parties.user.as_ref().unwrap().proven(), Some("weber"));
    assert_eq!(only.parties.authority.consents, [ConsentId(3)]);
    assert!(found.told.is_empty());
}

#[test]
fn what_stayed_in_the_house_or_is_of_somebody_else_is_no_disclosure() {
    let mut fold = Fold::new();
    let mine = fold.permit(acquisition());
    fold.close(mine, 1, 0, Some(Outcome::Completed));
    let other = fold.permit(Request {
        patient: Some(SOMEBODY),
        ..pull()
    });
    fold.close(other, 1, 0, Some(Outcome::Completed));
    let unknown = fold.permit(Request {
        patient: None,
        ..pull()
    });
    fold.close(unknown, 1, 0, Some(Outcome::Completed));
    assert_eq!(fold.end(), Disclosures::default());
}

#[test]
fn a_person_is_known_by_every_pseudonym_that_was_linked() {
    let mut fold = Fold::new();
    for patient in [BEFORE, PATIENT] {
        let decision = fold.permit(Request {
            patient: Some(patient),
            ..pull()
        });
        fold.close(decision, 1, 0, Some(Outcome::Completed));
    }
    let images = fold.end().images;
    let patients: Vec<Pseudonym> = images.iter().map(|one| one.patient).collect();
    assert_eq!(patients, [BEFORE, PATIENT]);
}

#[test]
fn a_denial_discloses_nothing_unless_the_gateway_only_observed() {
    let mut fold = Fold::new();
    let deny = |decision: &mut Decision| decision.verdict = Verdict::Deny;
    fold.decide(pull(), deny);
    let observed = fold.decide(pull(), |decision| {
        deny(decision);
        decision.observed = true;
    });
    fold.close(observed, 2, 0, Some(Outcome::Completed));
    // A gateway that observes records a permit as one.
    let permitted = fold.decide(pull(), |decision| decision.observed = true);
    fold.close(permitted, 2, 0, Some(Outcome::Completed));
    let images = fold.end().images;
    let found: Vec<(u64, bool)> = images
        .iter()
        .map(|one| (one.entry, one.parties.authority.observed))
        .collect();
    assert_eq!(found, [(observed, true), (permitted, false)]);
}

#[test]
fn under_a_permit_that_delivered_nothing_nothing_left_unless_it_broke_off() {
    for (failed, outcome, left) in [
        (0, Outcome::Completed, false),
        (0, Outcome::Cancelled, false),
        (0, Outcome::Stopped, false),
        (0, Outcome::Interrupted, true),
        (1, Outcome::Failed, true),
    ] {
        let mut fold = Fold::new();
        let decision = fold.permit(pull());
        fold.close(decision, 0, failed, Some(outcome));
        assert_eq!(fold.end().images.len() == 1, left, "{outcome:?}");
    }
    let mut fold = Fold::new();
    fold.permit(pull());
    let images = fold.end().images;
    assert_eq!(images.first().unwrap().outcome, None);
}

#[test]
fn matches_of_queries_are_told_together_and_the_question_not_at_all() {
    let mut fold = Fold::new();
    fold.permit(Request {
        question: true,
        ..matched(b"one")
    });
    let first = fold.permit(matched(b"one"));
    fold.permit(matched(b"two"));
    let last = fold.permit(matched(b"one"));
    let emergency = fold.permit(Request {
        purpose: Purpose::Emergency,
        ..matched(b"one")
    });
    let found = fold.end();
    assert!(found.images.is_empty());
    let [care, urgent] = found.told.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((care.first_entry, care.last_entry), (first, last));
    assert_eq!((care.times, care.studies), (3, 2));
    assert!(care.first < care.last);
    assert_eq!(urgent.first_entry, emergency);
    assert_eq!(urgent.parties.purpose, Purpose::Emergency);
}

#[test]
fn a_procedure_step_tells_of_images_and_is_none() {
    let mut fold = Fold::new();
    let step = |decision| Body::ProcedureStep {
        decision,
        act: StepAct::Created,
        step: Sha256::ZERO,
        status: 0,
    };
    let push = || Request {
        verb: Verb::Store,
        ..pull()
    };
    let decision = fold.permit(push());
    fold.add(&step(decision));
    fold.close(decision, 0, 0, Some(Outcome::Completed));
    let open = fold.permit(push());
    fold.add(&step(open));
    let found = fold.end();
    assert!(found.images.is_empty(), "{found:?}");
    assert_eq!(found.told.first().unwrap().times, 2);
}

#[test]
fn of_too_many_the_latest_are_kept_and_the_rest_counted() {
    let mut fold = Fold::new();
    for _ in 0..DISCLOSURES_MAX + 2 {
        fold.permit(pull());
    }
    let found = fold.end();
    assert_eq!((found.images.len(), found.more), (DISCLOSURES_MAX, 2));
    assert_eq!(found.images.first().unwrap().entry, 3);
}

#[test]
fn what_is_too_old_or_left_out_is_not_told_and_what_is_marked_is() {
    let told = |change: fn(Disclosing) -> Disclosing| {
        let mut fold = Fold::new();
        fold.disclosing = change(fold.disclosing);
        let early = fold.permit(pull());
        fold.close(early, 3, 0, Some(Outcome::Completed));
        let late = fold.permit(pull());
        fold.close(late, 3, 0, Some(Outcome::Completed));
        fold.end()
    };
    let lakeside = || BTreeSet::from([slug("lakeside")]);
    assert_eq!(told(|all| all).images.len(), 2);
    assert_eq!(told(|all| all.since(Some(START.plus(2)))).images.len(), 1);
    let left_out = told(|all| all.leaving_out(BTreeSet::from([slug("lakeside")])));
    assert_eq!(left_out, Disclosures::default());
    let marked = told(|all| all.marking(BTreeSet::from([slug("lakeside")])));
    assert_eq!((marked.images.len(), marked.suspended), (2, lakeside()));
}
