//! Promise 5: any decision can be replayed from the ledger alone, and gives the same bytes.

use credence::contract::Body;
use credence::contract::Decision;
use credence::contract::State;
use credence::contract::decide;
use credence::demo::phantom;
use credence::demo::study_identifier;
use credence::dicom::Model;
use credence::digest::Sha256;
use credence::digest::canonical_json;
use credence::ledger::Entry;
use credence::ledger::LogKey;
use credence::ledger::Replay;
use credence::storage::JournalReader;
use credence::storage::recorded_snapshot;
use credence::storage::snapshot_path;
use credence::storage::write_snapshot;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::house::ae;
use crate::images::Image;
use crate::images::ada;
use crate::images::joerg;

/// Stores, queries, moves, consents, a revocation and refusals: a day's work.
async fn day(house: &House) {
    house.modality().store(&joerg(), |_| {}).await.unwrap();
    house.stranger().store(&ada()[..2], |_| {}).await.unwrap();
    let consent = house.consent(phantom::ADA.id, phantom::ISSUER).await;
    house.stranger().store(&ada()[..2], |_| {}).await.unwrap();
    let study = study_identifier(&phantom::studies().unwrap()[0].uid);
    for (asker, to) in [("LAKE", "LAKE"), ("WS1", "WS1")] {
        let asker = house.peer(asker);
        asker
            .retrieve_to(&ae(to), Model::StudyRoot, &study, None, |_| {})
            .await
            .unwrap();
    }
    house.revoke(consent).await;
    let mut emergency = house.stranger();
    emergency
        .retrieve_to(&ae("LAKE"), Model::StudyRoot, &study, None, |_| {})
        .await
        .unwrap();
    emergency.called = ae("CREDENCE_ER");
    emergency
        .retrieve_to(&ae("LAKE"), Model::StudyRoot, &study, None, |_| {})
        .await
        .unwrap();
    let all = credence::demo::identifier("STUDY", &[]);
    house
        .stranger()
        .find(Model::StudyRoot, &all, None)
        .await
        .unwrap();
    let nameless = Image {
        patient: None,
        study: None,
        ..Image::default()
    };
    house
        .modality()
        .store(&[nameless.instance(1)], |_| {})
        .await
        .unwrap();
}

fn key(entries: &[Entry]) -> LogKey {
    match &entries[0].event.body {
        Body::Genesis { key, .. } => key.parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Replays the ledger; every decision is reached anew, to the byte. Gives the state's root.
fn replayed(entries: &[Entry]) -> Sha256 {
    let mut replay = Replay::new(key(entries));
    for entry in entries {
        if let Body::Decision { request, decision } = &entry.event.body {
            let again = Decision {
                observed: decision.observed,
                ..decide(replay.state(), request)
            };
            assert_eq!(
                canonical_json(&again).unwrap(),
                canonical_json(&**decision).unwrap()
            );
        }
        replay.push(entry.seq, &entry.line().unwrap()).unwrap();
    }
    replay.state().root()
}

#[tokio::test]
async fn every_decision_is_reached_again_from_the_ledger_alone() {
    for mode in ["enforce", "observe"] {
        let (house, running) = House::open(Plan {
            mode,
            ..Plan::full()
        })
        .await;
        day(&house).await;
        running.drain().await.unwrap();
        let ledger = house.ledger();
        assert!(books::decisions(&ledger).len() >= 10);
        assert_eq!(replayed(&ledger), replayed(&ledger));
    }
}

#[tokio::test]
async fn what_a_restart_folds_is_what_the_gateway_had() {
    let (house, running) = House::open(Plan::full()).await;
    day(&house).await;
    let recorder = running.recorder();
    running.drain().await.unwrap();
    assert!(
        recorder.view(|state, _| state.root()).await.is_err(),
        "it has ended"
    );
    let again = house.start().await.unwrap();
    let lived = again
        .recorder()
        .view(|state, _| state.root())
        .await
        .unwrap();
    assert_eq!(replayed(&house.ledger()), lived);
    again.drain().await.unwrap();
}

#[tokio::test]
async fn a_restart_takes_a_snapshot_that_the_ledger_vouches_for_and_no_other() {
    let (house, running) = House::open(Plan::full()).await;
    day(&house).await;
    running.drain().await.unwrap();
    let folder = house.data_dir();
    let journal = JournalReader::new(&folder);
    let snapshot = recorded_snapshot(&folder, &journal).unwrap();
    let entries = house.ledger().len() as u64;
    assert_eq!(snapshot.entries, entries - 1, "all but the end itself");

    // Sound in itself, but of another ledger.
    write_snapshot(&snapshot_path(&folder), snapshot.entries, &State::new()).unwrap();
    assert!(recorded_snapshot(&folder, &journal).is_err());
    let again = house.start().await.unwrap();
    let root = again.recorder().view(|state, _| state.root()).await;
    assert_eq!(replayed(&house.ledger()), root.unwrap());
    again.drain().await.unwrap();
    assert!(recorded_snapshot(&folder, &journal).is_ok());
}

#[tokio::test]
async fn a_decision_that_the_contract_does_not_reach_is_found() {
    let (house, running) = House::open(Plan::default()).await;
    house.stranger().store(&ada()[..1], |_| {}).await.unwrap();
    running.drain().await.unwrap();
    let ledger = house.ledger();
    let mut replay = Replay::new(key(&ledger));
    let mut found = false;
    for mut entry in ledger {
        if let Body::Decision { decision, .. } = &mut entry.event.body {
            decision.verdict = credence::contract::Verdict::Permit;
            found = true;
            assert!(replay.push(entry.seq, &entry.line().unwrap()).is_err());
            break;
        }
        replay.push(entry.seq, &entry.line().unwrap()).unwrap();
    }
    assert!(found);
}
