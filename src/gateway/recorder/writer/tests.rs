use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::ErasureReason;
use crate::contract::Giver;
use crate::contract::Purpose;
use crate::contract::TransportFacts;
use crate::contract::Verb;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;
use crate::gateway::link::Ticketed;
use crate::gateway::recorder::For;
use crate::gateway::recorder::PatientIdentity;
use crate::gateway::recorder::StudyAsked;
use crate::gateway::recorder::start;
use crate::ledger::Stamp;
use crate::storage::BATCH_ENTRIES_MAX;
use crate::storage::Depth;
use crate::storage::Journal;
use crate::storage::JournalReader;
use crate::storage::Keyring;
use crate::storage::Keys;
use crate::storage::Record;
use crate::storage::Stored;
use crate::storage::event_id;
use crate::storage::verify;

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
        again: None,
        through: None,
        stated: None,
        ticket: Ticketed::default(),
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
            certificate: None,
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
    let mut writer = Writer::new(books, clock, receiver, config.retention.clone());
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

fn patient_one() -> PatientName {
    PatientName {
        id: "1".to_owned(),
        issuer: String::new(),
    }
}

/// What of the ledger's sealed details can be opened, by entry.
fn opened(config: &Config) -> Vec<(u64, bool)> {
    let gateway = &config.gateway;
    let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution).unwrap();
    let keyring = Keyring::open(&gateway.data_dir, &keys).unwrap();
    let mut opened = Vec::new();
    for stored in JournalReader::new(&gateway.data_dir).entries(0) {
        let Stored { entry, sealed } = stored.unwrap();
        let Some(sealed) = sealed else { continue };
        let event_id = event_id(&entry.event.author, entry.event.author_seq);
        let parts = keyring.unseal(&event_id, &sealed).unwrap();
        opened.push((entry.seq, parts.iter().all(|part| part.details.is_some())));
    }
    opened
}

/// Erasing takes the key, leaves the proofs, and is refused while a hold stands.
#[tokio::test]
async fn a_forgotten_patient_is_somebody_new_and_the_ledger_still_verifies() {
    let (_folder, config) = site();
    let (recorder, mut thread) = start(&config, Clock::new(), For::Serving).unwrap();
    let by = || "officer".to_owned();
    let granted = recorder.change(wish(Effect::Grant, None), by()).await;
    granted.unwrap();
    let pull = |number| Asked {
        purpose: Purpose::Treatment,
        ..emergency(number)
    };
    let Judged::Permitted(permitted) = recorder.decide(pull(1)).await.unwrap() else {
        panic!("there is a consent");
    };
    recorder.decide(pull(2)).await.unwrap();

    let erase = || Change::PatientErase {
        patient: patient_one(),
        reason: ErasureReason::Objection,
    };
    let hold = Change::HoldPlace {
        patient: Some(patient_one()),
        reference: "case 7".to_owned(),
        from_year: None,
        until_year: None,
    };
    let hold = recorder.change(hold, by()).await.unwrap();
    let told = recorder
        .change(erase(), by())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        told,
        format!("hold {hold} (reference case 7) stands against it")
    );
    recorder
        .change(Change::HoldLift { hold }, by())
        .await
        .unwrap();
    let erased = recorder.change(erase(), by()).await.unwrap();
    assert!(!permitted.stands_now(), "its consent is gone");
    let unknown = recorder.change(erase(), by()).await.unwrap_err();
    assert!(unknown.to_string().contains("not met"), "{unknown}");
    assert!(matches!(
        recorder.decide(pull(1)).await.unwrap(),
        Judged::Refused(_)
    ));
    recorder.stop().await;
    thread.join().await.unwrap();

    let opened = opened(&config);
    let [first, second, third] = opened[..] else {
        panic!("{opened:?}");
    };
    assert!(!first.1 && second.1 && third.1, "{opened:?}");
    assert!(first.0 < erased && erased < third.0, "{opened:?}");
    verify(&config.gateway.data_dir, None, Depth::Replay).unwrap();
}

/// The entry is durable, and then the power goes: the key is destroyed at the next start.
#[tokio::test]
async fn what_a_crash_left_to_be_forgotten_is_forgotten_at_the_next_start() {
    let (_folder, config) = site();
    let clock = Clock::new();
    {
        let (_asks, receiver) = mpsc::channel(1);
        let books = Books::open(&config, clock).unwrap();
        let mut writer = Writer::new(books, clock, receiver, config.retention.clone());
        writer.begin(&config).unwrap();
        let asked = writer.judgement(emergency(1)).unwrap();
        let patients = BTreeSet::from([asked.request.patient.unwrap()]);
        let body = Body::PatientErased {
            patients,
            reason: ErasureReason::Objection,
            by: "officer".to_owned(),
        };
        writer.books.draft(clock.read(), body, None).unwrap();
        writer.books.commit(Priority::Reserved).unwrap();
    }
    assert!(opened(&config).iter().all(|(_, is_open)| *is_open));
    let (recorder, mut thread) = start(&config, clock, For::Serving).unwrap();
    recorder.stop().await;
    thread.join().await.unwrap();
    assert!(opened(&config).iter().all(|(_, is_open)| !*is_open));
}

/// Details that concern no patient are filed under an empty Patient ID: nobody may erase it.
#[tokio::test]
async fn an_empty_patient_id_is_nobodys() {
    let (_folder, config) = site();
    let (recorder, mut thread) = start(&config, Clock::new(), For::Serving).unwrap();
    let erase = Change::PatientErase {
        patient: PatientName {
            id: " ".to_owned(),
            issuer: String::new(),
        },
        reason: ErasureReason::Objection,
    };
    let told = recorder.change(erase, "officer".to_owned()).await;
    assert!(
        told.unwrap_err()
            .to_string()
            .contains("Patient ID is needed")
    );
    recorder.stop().await;
    thread.join().await.unwrap();
}

/// Whoever has the disk can continue the chain, but not sign for us.
#[tokio::test]
async fn an_entry_that_somebody_else_appended_lets_no_gateway_start() {
    let (folder, config) = site();
    let (recorder, mut thread) = start(&config, Clock::new(), For::Serving).unwrap();
    recorder.stop().await;
    thread.join().await.unwrap();
    let gateway = &config.gateway;
    let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    let (their_keys, their_data) = (elsewhere.join("keys"), elsewhere.join("data"));
    let theirs = Keys::open(&their_keys, &their_data, &gateway.institution).unwrap();
    let (mut journal, found) = Journal::open(&gateway.data_dir, keys.log.key()).unwrap();
    let body = Body::Alert {
        code: "forged".to_owned(),
        text: String::new(),
        about: None,
    };
    let author = gateway.institution.clone();
    let event = theirs.statement.sign_event(author, 1_000, body).unwrap();
    let (mut chain, boot) = (found.chain, "00112233445566ff");
    let stamp = Stamp {
        wall: Clock::new().now(),
        mono_us: 0,
        boot,
    };
    let line = chain.next(stamp, event, None).unwrap().line;
    let forged = [Record { line, sealed: None }];
    journal.append(&forged, Priority::Normal).unwrap();
    drop(journal);
    let refused = Books::open(&config, Clock::new()).err().unwrap();
    let entry = found.chain.next_seq();
    assert!(
        matches!(refused, StartError::Unsigned(at) if at == entry),
        "{refused}"
    );
}
