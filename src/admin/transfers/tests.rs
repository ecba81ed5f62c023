use super::fixtures::moved;
use super::*;
use crate::contract::Body;
use crate::contract::SopClasses;
use crate::ledger::fixtures::Scribe;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

fn day_of(at: UtcMicros) -> String {
    ClockFace::utc().plain(at).chars().take(10).collect()
}

fn takes(asked: &TransfersAsked, transfer: &UnderWay) -> bool {
    asked.sought(&ClockFace::utc()).unwrap().takes(transfer)
}

#[test]
fn what_is_sought_must_fit_in_everything() {
    let transfer = moved(1, 1);
    let day = day_of(transfer.since);
    let day_after = UtcMicros(transfer.since.0 + DAY_MICROS);
    let day_after = day_of(day_after);
    let cases: [(&str, &str, bool); 9] = [
        ("institution", "st-anna", true),
        ("institution", "lakeside", false),
        ("ae", "PACS", true),
        ("ae", "CT2", false),
        ("outcome", "completed", true),
        ("outcome", "failed", false),
        ("purpose", "RESEARCH", false),
        ("from", &day, true),
        ("from", &day_after, false),
    ];
    for (name, value, expected) in cases {
        let value = value.to_owned();
        let mut asked = TransfersAsked::default();
        match name {
            "institution" => asked.institution = value,
            "ae" => asked.ae = value,
            "outcome" => asked.outcome = value,
            "purpose" => asked.purpose = value,
            _ => asked.from = value,
        }
        assert_eq!(takes(&asked, &transfer), expected, "{asked:?}");
        assert!(!asked.is_empty());
    }
    assert!(takes(&TransfersAsked::default(), &transfer));
    assert!(TransfersAsked::default().is_empty());
}

#[test]
fn what_moves_has_no_outcome_yet() {
    let moving = UnderWay {
        outcome: None,
        ..moved(1, 1)
    };
    let completed = TransfersAsked {
        outcome: "completed".to_owned(),
        ..TransfersAsked::default()
    };
    assert!(!takes(&completed, &moving));
    assert!(takes(&TransfersAsked::default(), &moving));
}

#[test]
fn what_cannot_be_read_is_named() {
    let asked = TransfersAsked {
        from: "yesterday".to_owned(),
        ..TransfersAsked::default()
    };
    assert_eq!(
        asked.sought(&ClockFace::utc()).unwrap_err(),
        Unreadable("from")
    );
}

#[test]
fn a_transfer_of_which_a_part_failed_has_failed() {
    let part = |failed: u64, is_final: bool| Body::TransferClosed {
        decision: 7,
        sender: "st-anna".parse().unwrap(),
        recipient: "st-anna".parse().unwrap(),
        instances: 2,
        classes: SopClasses::default(),
        failed,
        statuses: Default::default(),
        warned: 0,
        spooled: 0,
        bytes: 100,
        manifest_root: None,
        outcome: match failed {
            0 => Outcome::Completed,
            _ => Outcome::Failed,
        },
        fault: None,
        is_final,
    };
    let ended = |parts: [(u64, bool); 2]| {
        let mut scribe = Scribe::new();
        let decided = moved(0, 0);
        let mut transfer = UnderWay::begun(decided.judged, decided.since);
        for (failed, is_final) in parts {
            let event = scribe.signed(part(failed, is_final));
            let entry = scribe.write(event, None).unwrap().entry;
            transfer.add(&Record {
                entry,
                judged: None,
                identity: None,
            });
        }
        (transfer.instances, transfer.bytes, transfer.outcome)
    };
    let completed = Some(Outcome::Completed);
    assert_eq!(ended([(0, false), (0, true)]), (4, 200, completed));
    assert_eq!(
        ended([(1, false), (0, true)]),
        (4, 200, Some(Outcome::Failed))
    );
    assert_eq!(ended([(0, false), (0, false)]), (4, 200, None));
}
