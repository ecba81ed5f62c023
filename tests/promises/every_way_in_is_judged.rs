//! Promise 3: every way in is judged by the same contract and recorded in the same ledger; what
//! is not judged is not accepted; a Move Destination is never passed on.

use credence::contract::Body;
use credence::contract::Verb;
use credence::contract::Verdict;
use credence::demo::Counts;
use credence::demo::contexts;
use credence::demo::identifier;
use credence::demo::phantom;
use credence::demo::study_identifier;
use credence::dicom::Model;
use credence::dimse::CommandField;
use credence::dimse::Status;
use credence::dimse::element;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::house::ae;
use crate::house::uid;
use crate::images::EXPLICIT;
use crate::images::Image;
use crate::images::ada;

const IMPLICIT: &str = "1.2.840.10008.1.2";

fn asked(house: &House) -> Vec<(Verb, Verdict)> {
    let ledger = house.ledger();
    let decisions = books::decisions(&ledger).into_iter();
    decisions
        .map(|(request, decision)| (request.verb, decision.verdict))
        .collect()
}

fn all_of(name: &str) -> dicom_object::InMemDicomObject {
    identifier(
        "STUDY",
        &[
            (tags::PATIENT_NAME, VR::PN, name),
            (tags::STUDY_INSTANCE_UID, VR::UI, ""),
        ],
    )
}

#[tokio::test]
async fn storing_asking_moving_and_getting_each_leave_a_decision() {
    for retrieve in ["move", "get"] {
        let plan = Plan {
            retrieve,
            ..Plan::full()
        };
        let (house, running) = House::open(plan).await;
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        house
            .modality()
            .store(&[Image::default().instance(1)], |_| {})
            .await
            .unwrap();
        assert_eq!(asked(&house), [(Verb::Store, Verdict::Permit)]);
        let found = house
            .workstation()
            .find(Model::StudyRoot, &all_of("*"), None)
            .await
            .unwrap();
        assert_eq!(found.matches.len(), 5);
        assert_eq!(asked(&house)[1..], [(Verb::Query, Verdict::Permit)]);
        let ws1 = house.workstation();
        let moved = ws1
            .retrieve_to(&ae("WS1"), Model::StudyRoot, &study, None, |_| {})
            .await;
        assert_eq!(moved.unwrap().answer.status, Status::SUCCESS);
        assert_eq!(asked(&house)[2..], [(Verb::Retrieve, Verdict::Permit)]);
        let (classes, syntaxes) = ([uid(crate::images::CT)], [uid(EXPLICIT)]);
        let got = ws1
            .retrieve(Model::StudyRoot, &study, &classes, &syntaxes, None, |_| {})
            .await;
        assert_eq!(got.unwrap().instances.len(), 24);
        assert_eq!(asked(&house)[3..], [(Verb::Retrieve, Verdict::Permit)]);
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn another_hospital_gets_nothing_by_any_way_without_a_consent() {
    for retrieve in ["move", "get"] {
        let plan = Plan {
            retrieve,
            ..Plan::full()
        };
        let (house, running) = House::open(plan).await;
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        let lake = house.stranger();
        let stored = lake.store(&ada()[..1], |_| {}).await.unwrap();
        assert_eq!(stored[0].status, Status::NOT_AUTHORISED);
        let found = lake
            .find(Model::StudyRoot, &all_of("*"), None)
            .await
            .unwrap();
        assert_eq!(
            (found.answer.status, found.matches.len()),
            (Status::SUCCESS, 0)
        );
        let moved = lake
            .retrieve_to(&ae("LAKE"), Model::StudyRoot, &study, None, |_| {})
            .await;
        assert_eq!(moved.unwrap().answer.status, Status::NOT_AUTHORISED);
        let (classes, syntaxes) = ([uid(crate::images::CT)], [uid(EXPLICIT)]);
        let got = lake
            .retrieve(Model::StudyRoot, &study, &classes, &syntaxes, None, |_| {})
            .await;
        let got = got.unwrap();
        assert_eq!(
            (got.answer.status, got.instances.len()),
            (Status::NOT_AUTHORISED, 0)
        );
        // The destination counts, not only who asks.
        let ours = house.workstation();
        let moved = ours
            .retrieve_to(&ae("LAKE"), Model::StudyRoot, &study, None, |_| {})
            .await;
        assert_eq!(moved.unwrap().answer.status, Status::NOT_AUTHORISED);
        assert_eq!(house.lakeside.record().associations.len(), 0);
        assert_eq!(house.pacs.record().sent.len(), 0);
        let asked = asked(&house);
        let denied: Vec<Verb> = asked
            .iter()
            .filter(|(_, v)| *v == Verdict::Deny)
            .map(|(v, _)| *v)
            .collect();
        assert_eq!(denied[0], Verb::Store);
        assert_eq!(
            denied[1..5],
            [Verb::Query; 4],
            "each of four studies: {asked:?}"
        );
        assert_eq!(denied[5..], [Verb::Retrieve; 3]);
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn what_another_hospital_may_know_of_is_only_what_a_consent_covers() {
    let (house, running) = House::open(Plan::full()).await;
    house.consent(phantom::ADA.id, phantom::ISSUER).await;
    let found = house
        .stranger()
        .find(Model::StudyRoot, &all_of("*"), None)
        .await
        .unwrap();
    let seen: Vec<String> = found
        .matches
        .iter()
        .map(|found| credence::demo::text(found, tags::STUDY_INSTANCE_UID))
        .collect();
    assert_eq!(seen, [phantom::studies().unwrap()[0].uid.to_string()]);
    let ledger = house.ledger_when(|entries| {
        entries
            .iter()
            .any(|entry| matches!(entry.event.body, Body::Query { .. }))
    });
    let told = ledger
        .await
        .into_iter()
        .find_map(|entry| match entry.event.body {
            Body::Query {
                matches, withheld, ..
            } => Some((matches, withheld)),
            _ => None,
        });
    assert_eq!(told, Some((1, 3)), "passed on and withheld");
    running.drain().await.unwrap();
}

#[tokio::test]
async fn each_patient_study_and_presentation_on_an_association_is_a_question_of_its_own() {
    let (house, running) = House::open(Plan::default()).await;
    let image = Image::default();
    let other = |image: Image, number| image.instance(number);
    let instances = [
        image.instance(1),
        image.instance(2),
        other(
            Image {
                patient: Some("P-2"),
                ..image.clone()
            },
            3,
        ),
        other(
            Image {
                study: Some("1.2.3.200"),
                ..image.clone()
            },
            4,
        ),
        other(
            Image {
                patient: None,
                ..image.clone()
            },
            5,
        ),
        other(
            Image {
                study: None,
                ..image.clone()
            },
            6,
        ),
        other(
            Image {
                patient: None,
                study: None,
                ..image.clone()
            },
            7,
        ),
        image.instance(8),
    ];
    let told = house.modality().store(&instances, |_| {}).await.unwrap();
    assert!(
        told.iter().all(|answer| answer.status == Status::SUCCESS),
        "{told:?}"
    );
    let ledger = house.ledger();
    let decisions = books::decisions(&ledger);
    let facts: Vec<(bool, bool)> = decisions
        .iter()
        .map(|(request, _)| (request.patient.is_some(), request.study.is_some()))
        .collect();
    let expected = [
        (true, true),
        (true, true),
        (true, true),
        (false, true),
        (true, false),
        (false, false),
    ];
    assert_eq!(facts, expected);
    assert_ne!(decisions[0].0.patient, decisions[1].0.patient);
    let digest = |at: usize| decisions[at].0.study.as_ref().map(|study| study.uid_digest);
    assert_eq!(digest(0), digest(1));
    assert_ne!(digest(0), digest(2));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn objects_without_patient_or_study_stay_at_home() {
    let (house, running) = House::open(Plan::default()).await;
    let palette = Image {
        class: "1.2.840.10008.5.1.4.39.1",
        patient: None,
        study: None,
        ..Image::default()
    };
    let told = house
        .modality()
        .store(&[palette.instance(1)], |_| {})
        .await
        .unwrap();
    assert_eq!(told[0].status, Status::SUCCESS);
    let told = house
        .stranger()
        .store(&[palette.instance(2)], |_| {})
        .await
        .unwrap();
    assert_eq!(told[0].status, Status::NOT_AUTHORISED);
    assert_eq!(house.pacs.record().kept().len(), 1);
    assert_eq!(
        books::verdicts(&house.ledger()),
        [Verdict::Permit, Verdict::Deny]
    );
    running.drain().await.unwrap();
}

#[tokio::test]
async fn services_that_are_not_judged_are_accepted_by_nobody_and_offered_to_nobody() {
    let (house, running) = House::open(Plan::default()).await;
    let not_judged = [
        "1.2.840.10008.1.20.2",        // Storage Commitment Pull Model
        "1.2.840.10008.3.1.2.3.4",     // Modality Performed Procedure Step Retrieve
        "1.2.840.10008.5.1.1.9",       // Basic Grayscale Print Management
        "1.2.840.10008.5.1.4.1.2.3.1", // Patient/Study Only, retired
        "1.2.840.10008.5.1.4.38.2",    // Hanging Protocol FIND
        "1.2.840.10008.5.1.4.34.6.1",  // Unified Procedure Step
        "1.3.46.670589.11.0.0.12.1",   // a private class that nobody configured
        "1.2.3.4",
    ]
    .map(uid);
    let ct = uid(crate::images::CT);
    let classes = not_judged.iter().chain([&ct]);
    let proposed = contexts(classes.map(|class| (class, vec![uid(IMPLICIT)])));
    let association = house.modality().associate(proposed, &[]).await.unwrap();
    let accepted: Vec<_> = association
        .accepted()
        .iter()
        .map(|c| c.abstract_syntax.clone())
        .collect();
    assert_eq!(accepted, std::slice::from_ref(&ct));
    association.release().await;
    for association in house.pacs.record().associations {
        let offered = association.request.contexts;
        assert!(offered.iter().all(|context| context.abstract_syntax == ct));
    }
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_peer_may_do_only_what_its_configuration_lets_it() {
    let (house, running) = House::open(Plan::full()).await;
    let model = Model::StudyRoot;
    let found = house.modality().find(model, &all_of("*"), None).await;
    assert!(found.is_err(), "CT1 may not query");
    let study = study_identifier(&phantom::studies().unwrap()[0].uid);
    let moved = house
        .modality()
        .retrieve_to(&ae("WS1"), model, &study, None, |_| {})
        .await;
    assert!(moved.is_err(), "CT1 may not move");
    assert_eq!(house.pacs.record().asked.len(), 0);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_move_destination_is_never_passed_on() {
    let own = ["CRED_WS1", "CRED_LAKE", "CREDENCE"].map(ae);
    for retrieve in ["move", "get"] {
        let plan = Plan {
            retrieve,
            ..Plan::full()
        };
        let (house, running) = House::open(plan).await;
        house.consent(phantom::ADA.id, phantom::ISSUER).await;
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        for (asker, to) in [("WS1", "WS1"), ("LAKE", "LAKE"), ("WS1", "LAKE")] {
            let (peer, to) = (house.peer(asker), ae(to));
            let moved = peer
                .retrieve_to(&to, Model::StudyRoot, &study, None, |_| {})
                .await;
            let moved = moved.unwrap();
            assert_eq!(
                moved.answer.status,
                Status::SUCCESS,
                "{retrieve}: {asker} to {to}"
            );
            assert_eq!(moved.counts.completed, Some(24));
        }
        let unknown = house.workstation();
        let unknown = unknown
            .retrieve_to(&ae("NOBODY"), Model::StudyRoot, &study, None, |_| {})
            .await;
        let unknown = unknown.unwrap();
        assert_eq!(unknown.answer.status, Status::MOVE_DESTINATION_UNKNOWN);
        assert_eq!(
            unknown.counts.completed.unwrap_or(0),
            Counts::default().completed.unwrap_or(0)
        );
        let record = house.pacs.record();
        let moves = record
            .asked
            .iter()
            .filter(|asked| asked.command.field() == Some(CommandField::CMoveRq));
        let named: Vec<_> = moves
            .map(|asked| asked.command.get_ae(element::MOVE_DESTINATION).unwrap())
            .collect();
        assert_eq!(named.len(), if retrieve == "move" { 3 } else { 0 });
        assert!(named.iter().all(|named| own.contains(named)), "{named:?}");
        // All images came through us, in our name, each with its asker as originator.
        for (inbox, number) in [(&house.inbox, 24), (&house.lakeside, 48)] {
            let received = inbox.record().received;
            assert_eq!(received.len(), number);
            assert!(
                received
                    .iter()
                    .all(|received| received.calling == ae("CREDENCE"))
            );
        }
        let originator = house.inbox.record().received[0].originator.clone();
        assert_eq!(originator, Some((ae("WS1"), 1)), "{retrieve}");
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn an_emergency_needs_no_consent_and_is_told() {
    let (house, running) = House::open(Plan::full()).await;
    let study = study_identifier(&phantom::studies().unwrap()[0].uid);
    let mut stranger = house.stranger();
    stranger.called = ae("CREDENCE_ER");
    let moved = stranger
        .retrieve_to(&ae("LAKE"), Model::StudyRoot, &study, None, |_| {})
        .await;
    assert_eq!(moved.unwrap().answer.status, Status::SUCCESS);
    let ledger = house.ledger();
    assert_eq!(books::verdicts(&ledger), [Verdict::Permit]);
    assert_eq!(books::alerts(&ledger), ["break-glass"]);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn images_that_no_retrieval_awaits_are_refused() {
    let (house, running) = House::open(Plan::full()).await;
    let mut archive = house.peer("PACS");
    archive.called = ae("CRED_WS1");
    let pushed = archive.store(&ada()[..1], |_| {}).await;
    assert!(pushed.is_err(), "{pushed:?}");
    assert_eq!(house.inbox.record().received.len(), 0);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn an_archive_that_sends_another_study_than_was_permitted_is_refused() {
    let (house, running) = House::open(Plan::full()).await;
    // While the archive takes its time over Ada's study, it sends an image of Jörg as well.
    house
        .pacs
        .script(|options| options.retrieve.silence = std::time::Duration::from_millis(700));
    let study = study_identifier(&phantom::studies().unwrap()[0].uid);
    let workstation = house.workstation();
    let asking = tokio::spawn(async move {
        workstation
            .retrieve_to(&ae("WS1"), Model::StudyRoot, &study, None, |_| {})
            .await
    });
    let moving = |record: &credence::demo::Record| {
        record
            .asked
            .iter()
            .any(|asked| asked.command.field() == Some(CommandField::CMoveRq))
    };
    assert!(house.pacs.wait_until(crate::house::PATIENCE, moving).await);
    let mut archive = house.peer("PACS");
    archive.called = ae("CRED_WS1");
    let nameless = Image {
        study: None,
        ..Image::default()
    };
    for stray in [crate::images::joerg().remove(0), nameless.instance(1)] {
        let pushed = archive.store(&[stray], |_| {}).await;
        assert!(pushed.is_err() || pushed.unwrap()[0].status == Status::NOT_AUTHORISED);
    }
    let moved = asking.await.unwrap().unwrap();
    assert_eq!(moved.answer.status, Status::SUCCESS);
    assert_eq!(house.inbox.record().received.len(), 24);
    assert!(books::alerts(&house.ledger()).contains(&"unasked-instance"));
    running.drain().await.unwrap();
}
