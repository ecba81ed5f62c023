//! Which records count as reached, how they are added up, and by when to tell.

use serde_json::json;

use super::*;
use crate::audit::audit_message::fixtures;
use crate::audit::audit_message::fixtures::START;
use crate::contract::Decision;
use crate::contract::Request;
use crate::contract::Verdict;

const KEY: Sha256 = Sha256::ZERO;

fn permit() -> Decision {
    Decision {
        reasons: vec!["emergency".to_owned()],
        ..fixtures::decision(Verdict::Permit)
    }
}

/// Weber's emergency by a certificate.
fn asked() -> Request {
    let mut request = fixtures::emergency();
    request.transport.mutual = true;
    request.transport.certificate = Some(KEY);
    request
}

fn at(micros: i64, record: Record) -> Record {
    let mut record = record;
    record.entry.ledger_time = START.plus(micros);
    record
}

/// What `means` reached by one transfer, and by nothing else that happened.
fn reached(means: Means) -> Breach {
    let mut breach = Breach::new(means, None, None);
    breach.add(&fixtures::decided(asked(), permit()));
    let closed = fixtures::after(asked(), fixtures::closed("completed", true));
    let mut closed = at(5, closed);
    closed.judged = Some(std::sync::Arc::new(Judged {
        entry: 7,
        request: asked(),
        decision: permit(),
        identity: None,
    }));
    breach.add(&closed);
    // Refused, asked by others, or not about a request at all.
    breach.add(&fixtures::decided(
        asked(),
        fixtures::decision(Verdict::Deny),
    ));
    breach.add(&fixtures::decided(
        fixtures::store(),
        fixtures::decision(Verdict::Permit),
    ));
    breach.add(&fixtures::record(Body::GuardianEnded {
        patient: fixtures::PATIENT,
        by: "weber".to_owned(),
    }));
    breach
}

#[test]
fn each_of_the_four_finds_what_was_released_by_it_and_nothing_else() {
    for means in [
        Means::Certificate(KEY),
        Means::User("weber".to_owned()),
        Means::Policy("emergency".to_owned()),
        Means::Ae("LAKE_WS".parse().unwrap()),
    ] {
        let breach = reached(means);
        let rows = breach.rows();
        let [row] = rows[..] else {
            panic!("{rows:?}");
        };
        assert_eq!(row.patient, Some(fixtures::PATIENT));
        assert_eq!((row.instances, row.failed), (10, 2));
        assert_eq!((row.first, row.last), (START, START.plus(5)));
        assert_eq!(row.decisions, [7].into());
        assert_eq!(row.recipients.len(), 1);
        assert_eq!((breach.patients(), breach.studies()), (1, 1));
        assert_eq!((breach.entries(), breach.instances()), (2, 10));
    }
    for means in [
        Means::Certificate(Sha256::of(&[b"other"])),
        Means::User("meyer".to_owned()),
        Means::Policy("exchange-with-consent".to_owned()),
        Means::Ae("NOBODY".parse().unwrap()),
    ] {
        assert_eq!(reached(means).entries(), 0);
    }
}

#[test]
fn what_was_asked_within_the_time_counts_also_where_it_ended_after_it() {
    let closed = at(
        DAY_MICROS,
        fixtures::after(asked(), fixtures::closed("completed", true)),
    );
    let between = |from: i64, to: i64| {
        let (from, to) = (Some(START.plus(from)), Some(START.plus(to)));
        let mut breach = Breach::new(Means::User("weber".to_owned()), from, to);
        breach.add(&closed);
        breach.entries()
    };
    assert_eq!(between(0, 1), 1);
    assert_eq!(between(DAY_MICROS, DAY_MICROS + 1), 1);
    assert_eq!(between(1, DAY_MICROS), 0);
}

#[test]
fn a_query_as_a_whole_reaches_nobody_and_its_matches_are_counted() {
    let mut breach = Breach::new(Means::Ae("LAKE_WS".parse().unwrap()), None, None);
    let permit = fixtures::decision(Verdict::Permit);
    breach.add(&fixtures::decided(fixtures::question(), permit));
    let answered =
        json!({"kind": "query", "decision": 3, "matches": 4, "withheld": 0, "status": 0});
    breach.add(&fixtures::after(fixtures::question(), answered));
    assert!(breach.rows().is_empty());
    assert_eq!(breach.matches(), 4);
}

#[test]
fn certificates_that_the_ledger_does_not_name_are_told_of() {
    let mut request = asked();
    request.transport.certificate = None;
    let record = fixtures::decided(request, permit());
    let nameless = |means| {
        let mut breach = Breach::new(means, None, None);
        breach.add(&record);
        breach.nameless()
    };
    assert_eq!(nameless(Means::Certificate(KEY)), 1);
    assert_eq!(nameless(Means::User("meyer".to_owned())), 0);
}

#[test]
fn deadlines_are_72_hours_and_60_days_and_say_when_they_have_passed() {
    let [authority, patients] = deadlines(START, START.plus(HOUR_MICROS));
    assert_eq!(authority.at, START.plus(3 * DAY_MICROS));
    assert_eq!(authority.left(), "2 d 23 h left");
    assert_eq!(patients.left(), "59 d 23 h left");
    let [authority, _] = deadlines(START, START.plus(3 * DAY_MICROS + 30 * 60 * 1_000_000));
    assert_eq!(authority.left(), "passed 0 h 30 min ago");
}
