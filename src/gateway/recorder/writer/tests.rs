use std::path::Path;

use super::*;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::Purpose;
use crate::contract::TransportFacts;
use crate::contract::Verb;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;
use crate::gateway::recorder::For;
use crate::gateway::recorder::PatientIdentity;
use crate::gateway::recorder::StudyAsked;
use crate::gateway::recorder::start;
use crate::storage::BATCH_ENTRIES_MAX;

const CONFIG: &str = r#"
gateway = { institution = "st-anna" }
listener = [{ address = "127.0.0.1:104" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
institution = [{ slug = "st-anna", name = "St. Anna" }, { slug = "lakeside", name = "Lakeside" }]
"#;

/// A folder with the rules as delivered.
fn site() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(CONFIG, folder.path()).unwrap();
    let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway-config");
    let link = |name: &str| {
        std::os::unix::fs::symlink(delivered.join(name), folder.path().join(name)).unwrap();
    };
    link("policy");
    link("credit.toml");
    (folder, config)
}

/// Lakeside fetches images of `patient` in an emergency: a decision and an alert about it.
fn emergency(patient: usize) -> Asked {
    let lakeside = || "lakeside".parse().unwrap();
    Asked {
        verb: Verb::Retrieve,
        purpose: Purpose::Emergency,
        requester: lakeside(),
        // An AE title reaches few patients in an hour.
        requester_ae: format!("LAKE{patient}").parse().unwrap(),
        user: None,
        custodian: "st-anna".parse().unwrap(),
        sender: "st-anna".parse().unwrap(),
        recipient: lakeside(),
        recipient_ae: "LAKE".parse().unwrap(),
        patient: Some(PatientIdentity {
            issuer: Vec::new(),
            id: patient.to_string().into_bytes(),
        }),
        study: Some(StudyAsked {
            uid: "1.2.3".parse().unwrap(),
            modalities: Vec::new(),
            date: None,
        }),
        question: false,
        transport: TransportFacts {
            tls: false,
            mutual: false,
            address_checked: true,
        },
        observed: false,
    }
}

/// More entries than a batch holds wait at once: each ask is answered, in as many batches as
/// it takes.
#[test]
fn asks_that_make_two_entries_each_fill_more_than_one_batch() {
    let (_folder, config) = site();
    let clock = Clock::new();
    let books = Books::open(&config, clock).unwrap();
    let (asks, receiver) = mpsc::channel(BATCH_MAX + 1);
    let mut writer = Writer::new(books, clock, receiver);
    writer.begin(&config).unwrap();
    let mut answers = Vec::new();
    for patient in 0..BATCH_MAX {
        let (reply, answer) = oneshot::channel();
        let asked = Box::new(emergency(patient));
        asks.try_send(Ask::Decide { asked, reply }).unwrap();
        answers.push(answer);
    }
    asks.try_send(Ask::Stop).unwrap();
    const { assert!(2 * BATCH_MAX > BATCH_ENTRIES_MAX) };
    writer.run().unwrap();
    for mut answer in answers {
        let judged = answer.try_recv().unwrap();
        assert!(matches!(judged, Ok(Judged::Permitted(_))), "{judged:?}");
    }
}

/// What patient 1 says of Lakeside, from `from` on.
fn wish(effect: Effect, from: Option<UtcMicros>) -> Change {
    let terms = ConsentTerms {
        patient: PatientName {
            id: "1".to_owned(),
            issuer: String::new(),
        },
        effect,
        to: vec!["lakeside".parse().unwrap()],
        purposes: vec![Purpose::Treatment],
        modalities: Vec::new(),
        study: None,
        study_from: None,
        study_until: None,
        valid_from: from,
        valid_until: None,
        given_by: Giver::Patient,
    };
    Change::ConsentGrant {
        terms: Box::new(terms),
    }
}

/// A permit that a live association holds ends with what it was recorded to rest on, even where
/// the answer of this moment stays the same.
#[tokio::test]
async fn a_permit_ends_when_an_event_ends_it_earlier_or_takes_its_consent() {
    let (_folder, config) = site();
    let clock = Clock::new();
    let (recorder, mut thread) = start(&config, clock, For::Serving).unwrap();
    let by = || "desk".to_owned();
    let first = recorder.change(wish(Effect::Grant, None), by()).await;
    let pull = || Asked {
        purpose: Purpose::Treatment,
        ..emergency(1)
    };
    let permit = async || match recorder.decide(pull()).await.unwrap() {
        Judged::Permitted(recorded) => recorded,
        Judged::Refused(refusal) => panic!("{refusal:?}"),
    };
    let permitted = permit().await;
    assert!(permitted.stands_now());

    let later = clock.now().plus(60_000_000);
    let objection = recorder.change(wish(Effect::Deny, Some(later)), by()).await;
    assert!(!permitted.stands_now(), "it would outlive the objection");
    let permitted = permit().await;
    assert!(permitted.stands_now());

    let consent = ConsentId(objection.unwrap());
    recorder
        .change(Change::ConsentRevoke { consent }, by())
        .await
        .unwrap();
    recorder
        .change(wish(Effect::Grant, None), by())
        .await
        .unwrap();
    let permitted = permit().await;
    let consent = ConsentId(first.unwrap());
    recorder
        .change(Change::ConsentRevoke { consent }, by())
        .await
        .unwrap();
    assert!(!permitted.stands_now(), "it names a consent that is gone");
    assert!(permit().await.stands_now());
    recorder.stop().await;
    thread.join().await.unwrap();
}
