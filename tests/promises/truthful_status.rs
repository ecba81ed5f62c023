//! Promise 2: the sender hears Success only after the destination said so.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use credence::association::AssociateRj;
use credence::contract::Outcome;
use credence::demo::DemoError;
use credence::demo::Ending;
use credence::demo::Farewell;
use credence::demo::Record;
use credence::demo::StoreAnswer;
use credence::demo::contexts_to_store;
use credence::dimse::Class;
use credence::dimse::Status;
use credence::transport::ConnectError;

use crate::books;
use crate::house::House;
use crate::house::PATIENCE;
use crate::house::Plan;
use crate::house::ae;
use crate::images::Image;
use crate::images::ada;

#[tokio::test]
async fn what_the_destination_answers_is_what_the_sender_hears() {
    let answers = [0xA700, 0xB000, 0xB007, 0xC123, 0x0110, 0x0000].map(Status);
    let mut plan = Plan::default();
    plan.pacs.store.answers = answers.map(StoreAnswer::Status).into();
    let (house, running) = House::open(plan).await;
    let told = house.modality().store(&ada()[..6], |_| {}).await.unwrap();
    let told: Vec<Status> = told.into_iter().map(|answer| answer.status).collect();
    assert_eq!(told, answers);
    let closed = books::closed(&house.ledger_closed(1).await);
    assert_eq!((closed.instances, closed.warned, closed.failed), (3, 2, 3));
    assert_eq!(closed.outcomes, [Outcome::Failed]);
    assert_eq!(
        closed.statuses,
        [(0x0110, 1), (0xA700, 1), (0xC123, 1)].into()
    );
    running.drain().await.unwrap();
}

#[tokio::test]
async fn success_is_not_told_before_the_destination_told_it() {
    let delay = Duration::from_millis(400);
    let mut plan = Plan::default();
    plan.pacs.store.answers = VecDeque::from([StoreAnswer::Late(delay, Status::SUCCESS)]);
    let (house, running) = House::open(plan).await;
    let image = Image::default().instance(1);
    let contexts = contexts_to_store([&image], &[]);
    let mut association = house.modality().associate(contexts, &[]).await.unwrap();
    let asked = Instant::now();
    let told = association.store(&image, None).await.unwrap();
    assert_eq!(told.status, Status::SUCCESS);
    assert!(asked.elapsed() >= delay, "{:?}", asked.elapsed());
    association.release().await;
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_destination_that_dies_under_an_object_is_no_success() {
    let image = Image {
        pixels: 400_000,
        ..Image::default()
    };
    let whole = image.instance(1).data_set.len() as u64;
    for farewell in [Farewell::Abort, Farewell::Close] {
        // At its first byte, in the middle, and with all of it in hand but no answer given.
        for bytes in [1, whole / 2, whole] {
            let mut plan = Plan::default();
            plan.pacs.store.answers = VecDeque::from([StoreAnswer::DieAfter(bytes, farewell)]);
            let (house, running) = House::open(plan).await;
            let contexts = contexts_to_store([&image.instance(1)], &[]);
            let mut association = house.modality().associate(contexts, &[]).await.unwrap();
            let told = association.store(&image.instance(1), None).await.unwrap();
            assert_eq!(
                told.status,
                Status::STORE_OUT_OF_RESOURCES,
                "{farewell:?} {bytes}"
            );
            // The sender keeps its association, and a later instance arrives.
            let told = association.store(&image.instance(2), None).await.unwrap();
            assert_eq!(told.status, Status::SUCCESS, "{farewell:?} {bytes}");
            association.release().await;
            assert_eq!(house.pacs.record().kept().len(), 1);
            let closed = books::closed(&house.ledger_closed(1).await);
            assert_eq!((closed.instances, closed.failed), (1, 1));
            running.drain().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_destination_that_takes_an_object_and_says_nothing_is_no_success() {
    let mut plan = Plan {
        timeouts: "dimse_response_s = 1",
        ..Plan::default()
    };
    plan.pacs.store.answers = VecDeque::from([StoreAnswer::Silence]);
    let (house, running) = House::open(plan).await;
    let asked = Instant::now();
    let told = house
        .modality()
        .store(&[Image::default().instance(1)], |_| {})
        .await;
    assert_eq!(told.unwrap()[0].status, Status::STORE_OUT_OF_RESOURCES);
    assert!(asked.elapsed() < Duration::from_secs(5));
    // What it did with the object nobody knows: our association to it is no longer used.
    let ended = |record: &Record| record.associations[0].ending.is_some();
    assert!(house.pacs.wait_until(PATIENCE, ended).await);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_destination_that_is_down_is_a_rejection_within_five_seconds() {
    let image = Image::default().instance(1);
    let transient = |told: Result<_, DemoError>| match told {
        Err(DemoError::Connect(ConnectError::Rejected { answer, .. })) => answer,
        other => panic!("{other:?}"),
    };
    // It accepts connections and then says nothing.
    let mut silent = Plan::default();
    silent.pacs.association.silent = true;
    let (house, running) = House::open(silent).await;
    let asked = Instant::now();
    let told = house
        .modality()
        .store(std::slice::from_ref(&image), |_| {})
        .await;
    assert_eq!(transient(told), AssociateRj::TRANSIENT_NO_REASON);
    assert!(asked.elapsed() < Duration::from_secs(5));
    running.drain().await.unwrap();
    // It is not there at all.
    let (house, running) = House::open(Plan::default()).await;
    let (modality, pacs) = (house.modality(), house.pacs);
    pacs.stop().await;
    let asked = Instant::now();
    let told = modality.store(&[image], |_| {}).await;
    assert_eq!(transient(told), AssociateRj::TRANSIENT_NO_REASON);
    assert!(asked.elapsed() < Duration::from_secs(5));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_destination_that_goes_down_between_two_instances_is_no_success() {
    let (house, running) = House::open(Plan::default()).await;
    let image = Image::default();
    let contexts = contexts_to_store([&image.instance(1)], &[]);
    let modality = house.modality();
    let mut association = modality.associate(contexts, &[]).await.unwrap();
    let told = association.store(&image.instance(1), None).await.unwrap();
    assert_eq!(told.status, Status::SUCCESS);
    house.pacs.stop().await;
    for number in 2..4 {
        let told = association
            .store(&image.instance(number), None)
            .await
            .unwrap();
        assert_eq!(told.status.class(), Class::Failure, "{told:?}");
    }
    association.release().await;
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_sender_that_dies_under_an_object_leaves_the_destination_no_whole_one() {
    let (house, running) = House::open(Plan::default()).await;
    let image = Image {
        pixels: 400_000,
        ..Image::default()
    };
    let instance = image.instance(1);
    let contexts = contexts_to_store([&instance], &[]);
    let mut association = house.modality().associate(contexts, &[]).await.unwrap();
    association
        .store_partly(&instance, None, 200_000)
        .await
        .unwrap();
    let begun = |record: &Record| record.data_bytes() > 0;
    assert!(house.pacs.wait_until(PATIENCE, begun).await);
    drop(association);
    let ended = |record: &Record| record.associations[0].ending.is_some();
    assert!(house.pacs.wait_until(PATIENCE, ended).await);
    let record = house.pacs.record();
    let ending = record.associations[0].ending;
    assert!(
        matches!(ending, Some(Ending::Aborted | Ending::HungUp)),
        "never released: {ending:?}"
    );
    assert_eq!(record.received[0].sha256, None);
    let closed = books::closed(&house.ledger_closed(1).await);
    assert_eq!((closed.instances, closed.failed), (0, 1));
    assert_eq!(closed.outcomes, [Outcome::Interrupted]);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_retrieval_counts_what_the_destination_answered() {
    for retrieve in ["move", "get"] {
        let plan = Plan {
            retrieve,
            ..Plan::full()
        };
        let (house, running) = House::open(plan).await;
        house.inbox.script(|options| {
            let answers = [0xA700, 0xB000].map(|status| StoreAnswer::Status(Status(status)));
            options.store.answers = answers.into();
        });
        let study = credence::demo::phantom::studies().unwrap()[0].uid.clone();
        let study = credence::demo::study_identifier(&study);
        let model = credence::dicom::Model::StudyRoot;
        let ws1 = ae("WS1");
        let moved = house
            .workstation()
            .retrieve_to(&ws1, model, &study, None, |_| {})
            .await
            .unwrap();
        assert_eq!(
            moved.answer.status,
            Status::SUBOPERATIONS_WARNING,
            "{retrieve}"
        );
        let counts = moved.counts;
        assert_eq!(
            (counts.completed, counts.failed, counts.warning),
            (Some(22), Some(1), Some(1)),
            "{retrieve}"
        );
        let refused = house.inbox.record().received[0]
            .sop_instance
            .clone()
            .unwrap();
        assert_eq!(moved.failed, Some(vec![refused.to_string()]), "{retrieve}");
        running.drain().await.unwrap();
    }
}
