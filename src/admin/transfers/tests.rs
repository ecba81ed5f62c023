use super::fixtures::moved;
use super::*;
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
