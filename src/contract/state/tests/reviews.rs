use super::said::*;
use super::*;
use crate::contract::Verb;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::acquisition;

fn waiting(ledger: &Ledger) -> Vec<u64> {
    ledger.state.reviews().map(|(review, _)| review).collect()
}

#[test]
fn an_emergency_opens_one_review_for_an_ae_title_a_patient_and_a_purpose() {
    let mut ledger = Ledger::new();
    let first = ledger.ask(&emergency(1));
    ledger.ask(&emergency(1));
    assert_eq!(waiting(&ledger), [first]);
    let review = ledger.state.review(first).unwrap();
    assert_eq!(review.institution, slug("lakeside"));
    assert_eq!(review.ae, "LAKE_WS".parse().unwrap());
    assert_eq!(review.patient, Some(patient(1)));
    assert_eq!(review.purpose, Purpose::Emergency);
    assert_eq!(review.due, START.plus(24 * HOUR_MICROS));
    assert_eq!((review.overdue, &review.reason), (false, &None));
    let another_patient = ledger.ask(&emergency(2));
    let another_ae = ledger.ask(&Request {
        requester_ae: "LAKE_ER".parse().unwrap(),
        ..emergency(1)
    });
    assert_eq!(waiting(&ledger), [first, another_patient, another_ae]);
    ledger.is_replayable();
}

#[test]
fn an_access_after_the_review_was_due_opens_another() {
    let mut ledger = Ledger::new();
    let first = ledger.ask(&emergency(1));
    ledger.now = START.plus(24 * HOUR_MICROS - 1);
    ledger.ask(&emergency(1));
    assert_eq!(waiting(&ledger), [first]);
    ledger.now = START.plus(24 * HOUR_MICROS);
    let second = ledger.ask(&emergency(1));
    assert_eq!(waiting(&ledger), [first, second]);
}

#[test]
fn an_access_after_the_review_was_closed_opens_another() {
    let mut ledger = Ledger::new();
    let first = ledger.ask(&emergency(1));
    ledger.say(reasoned(first, "Weber"));
    ledger.say(closed_review(first, true, "officer"));
    assert_eq!(waiting(&ledger), [0; 0]);
    let second = ledger.ask(&emergency(1));
    assert_eq!(waiting(&ledger), [second]);
}

#[test]
fn routine_refusals_and_our_own_work_open_no_review() {
    let mut ledger = Ledger::new();
    ledger.ask(&pull());
    ledger.consent(grant());
    ledger.ask(&pull());
    ledger.ask(&acquisition());
    assert_eq!(waiting(&ledger), [0; 0]);
}

#[test]
fn a_search_opens_no_review_but_the_images_that_follow_do() {
    let mut ledger = Ledger::new();
    let question = Request {
        verb: Verb::Query,
        question: true,
        patient: None,
        study: None,
        ..emergency(1)
    };
    assert_eq!(ledger.asked(&question), "");
    assert_eq!(waiting(&ledger), [0; 0]);
    ledger.ask(&Request {
        verb: Verb::Query,
        ..emergency(1)
    });
    assert_eq!(waiting(&ledger), [0; 0]);
    let fetched = ledger.ask(&emergency(1));
    assert_eq!(waiting(&ledger), [fetched]);
}

#[test]
fn exchange_with_a_low_score_is_reviewed_by_whom_it_concerns() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        study_uid_digest: Some(crate::contract::fixtures::study_digest()),
        ..grant()
    });
    for _ in 0..2 {
        ledger.upheld(crate::contract::credit::Incident::PurposeMisuse);
    }
    assert_eq!(ledger.score("lakeside"), 357);
    let decision = ledger.ask(&pull());
    assert_eq!(waiting(&ledger), [decision]);
    let purpose = ledger.state.review(decision).unwrap().purpose;
    assert_eq!(purpose, Purpose::Treatment);
}

#[test]
fn a_review_is_late_only_when_it_is_due_and_only_once() {
    let mut ledger = Ledger::new();
    let review = ledger.ask(&emergency(1));
    let not_yet = Rejection::NotOverdue(review);
    ledger.now = START.plus(24 * HOUR_MICROS - 1);
    assert_eq!(ledger.rejects(overdue(review)), not_yet);
    assert_eq!(ledger.score("lakeside"), 500);
    ledger.now = START.plus(24 * HOUR_MICROS);
    ledger.say(overdue(review));
    assert_eq!(ledger.score("lakeside"), CHARGED_ONCE);
    assert!(ledger.state.review(review).unwrap().overdue);
    assert_eq!(ledger.rejects(overdue(review)), not_yet);
    ledger.is_replayable();
}

#[test]
fn a_late_review_can_still_be_closed_and_is_not_charged_again() {
    for justified in [true, false] {
        let mut ledger = Ledger::new();
        let review = ledger.ask(&emergency(1));
        ledger.days_pass(1);
        ledger.say(overdue(review));
        ledger.say(reasoned(review, "Weber"));
        ledger.say(closed_review(review, justified, "officer"));
        assert_eq!(ledger.score("lakeside"), CHARGED_ONCE, "{justified}");
        assert_eq!(ledger.state.charges().count(), 1);
        assert_eq!(waiting(&ledger), [0; 0]);
    }
}

#[test]
fn an_unjustified_access_is_charged_once_and_a_justified_one_never() {
    for (justified, score) in [(true, 500), (false, CHARGED_ONCE)] {
        let mut ledger = Ledger::new();
        let review = ledger.ask(&emergency(1));
        ledger.say(reasoned(review, "Weber"));
        ledger.say(closed_review(review, justified, "officer"));
        assert_eq!(ledger.score("lakeside"), score);
        assert_eq!(
            ledger.rejects(closed_review(review, justified, "officer")),
            Rejection::NoReview(review)
        );
        assert_eq!(ledger.rejects(overdue(review)), Rejection::NoReview(review));
        ledger.is_replayable();
    }
}

#[test]
fn two_unjustified_accesses_are_charged_twice() {
    let mut ledger = Ledger::new();
    for number in [1, 2] {
        let review = ledger.ask(&emergency(number));
        ledger.say(reasoned(review, "Weber"));
        ledger.say(closed_review(review, false, "officer"));
    }
    assert_eq!(ledger.score("lakeside"), CHARGED_TWICE);
}

#[test]
fn a_review_is_not_closed_without_a_reason() {
    let mut ledger = Ledger::new();
    let review = ledger.ask(&emergency(1));
    for justified in [true, false] {
        assert_eq!(
            ledger.rejects(closed_review(review, justified, "officer")),
            Rejection::NoReason(review)
        );
    }
    assert_eq!(
        ledger.rejects(reasoned(review + 1, "Weber")),
        Rejection::NoReview(review + 1)
    );
}

#[test]
fn nobody_finds_their_own_access_justified() {
    let mut ledger = Ledger::new();
    let review = ledger.ask(&emergency(1));
    ledger.say(reasoned(review, "Weber"));
    for by in ["Weber", "weber", " WEBER "] {
        assert_eq!(
            ledger.rejects(closed_review(review, true, by)),
            Rejection::SamePerson
        );
    }
    ledger.say(closed_review(review, false, "Weber"));
    assert_eq!(ledger.score("lakeside"), CHARGED_ONCE);
}

#[test]
fn the_last_reason_counts_for_who_may_close() {
    let mut ledger = Ledger::new();
    let review = ledger.ask(&emergency(1));
    ledger.say(reasoned(review, "Weber"));
    let second = ledger.say(reasoned(review, "officer"));
    let reason = ledger.state.review(review).unwrap().reason.clone().unwrap();
    assert_eq!((reason.entry, &*reason.by), (second, "officer"));
    assert_eq!(
        ledger.rejects(closed_review(review, true, "officer")),
        Rejection::SamePerson
    );
}

#[test]
fn a_review_is_closed_for_the_institution_that_owes_it() {
    let mut ledger = Ledger::new();
    let review = ledger.ask(&emergency(1));
    ledger.say(reasoned(review, "Weber"));
    for body in [
        Body::ReviewClosed {
            review,
            institution: slug("hill"),
            justified: false,
            by: "officer".to_owned(),
        },
        Body::ReviewOverdue {
            review,
            institution: slug("hill"),
        },
    ] {
        assert_eq!(ledger.rejects(body), Rejection::NoReview(review));
    }
}

#[test]
fn our_own_institution_owes_reviews_but_is_not_charged() {
    let mut ledger = Ledger::new();
    // Our own physicians fetch a study of Lakeside's patient from Lakeside.
    let review = ledger.ask(&Request {
        requester: slug("st-anna"),
        custodian: slug("lakeside"),
        recipient: slug("st-anna"),
        ..emergency(1)
    });
    assert_eq!(waiting(&ledger), [review]);
    ledger.days_pass(1);
    ledger.say(Body::ReviewOverdue {
        review,
        institution: slug("st-anna"),
    });
    ledger.say(reasoned(review, "Weber"));
    ledger.say(Body::ReviewClosed {
        review,
        institution: slug("st-anna"),
        justified: false,
        by: "officer".to_owned(),
    });
    assert_eq!(ledger.score("st-anna"), 500);
    assert_eq!(ledger.score("lakeside"), 500);
    assert_eq!(ledger.state.charges().count(), 0);
}

#[test]
fn what_was_charged_for_a_review_can_be_reversed() {
    let mut ledger = Ledger::new();
    let review = ledger.ask(&emergency(1));
    ledger.days_pass(1);
    let charge = ledger.say(overdue(review));
    ledger.say(Body::ChargeReversed {
        charge,
        institution: slug("lakeside"),
        by: "arbiter".to_owned(),
    });
    assert_eq!(ledger.score("lakeside"), 500);
}
