//! Promise 1: no byte of a study reaches the destination before the decision that permits it is
//! durable.

use credence::contract::Outcome;
use credence::contract::Verdict;
use credence::demo::Answer;
use credence::demo::DemoError;
use credence::demo::Record;
use credence::demo::contexts_to_store;
use credence::dimse::Class;
use credence::dimse::Status;

use crate::books;
use crate::house::House;
use crate::house::PATIENCE;
use crate::house::Plan;
use crate::images::Image;
use crate::images::ada;

/// Nobody was told that anything arrived.
fn nothing_acknowledged(told: &Result<Vec<Answer>, DemoError>) -> bool {
    let failed = |answer: &Answer| answer.status.class() == Class::Failure;
    told.as_ref()
        .map_or(true, |answers| answers.iter().all(failed))
}

#[tokio::test]
async fn nothing_is_released_when_the_ledger_cannot_be_written() {
    for mode in ["enforce", "observe"] {
        let plan = Plan {
            mode,
            ..Plan::default()
        };
        let house = House::new(plan).await;
        let mut serving = house.serve().await;
        let told = house.modality().store(&ada()[..2], |_| {}).await.unwrap();
        assert!(told.iter().all(|answer| answer.status == Status::SUCCESS));
        let before = house.pacs.record().received.len();
        serving.break_disk();
        let told = house
            .modality()
            .store(&[Image::default().instance(1)], |_| {})
            .await;
        assert!(nothing_acknowledged(&told), "{mode}: {told:?}");
        let received = house.pacs.record().received;
        assert_eq!(received.len(), before, "{mode}: not even the command came");
        // A disk that failed once is not trusted again.
        let status = serving.ended().await;
        assert!(!status.success(), "{mode}: {status}");
        let again = house
            .modality()
            .store(&[Image::default().instance(2)], |_| {})
            .await;
        assert!(again.is_err());
        // With a disk that works it goes on, and nothing that was recorded is lost.
        let _serving = house.serve().await;
        let told = house
            .modality()
            .store(&[Image::default().instance(3)], |_| {})
            .await;
        assert_eq!(told.unwrap()[0].status, Status::SUCCESS);
        let verdicts = books::verdicts(&house.ledger());
        assert_eq!(verdicts, [Verdict::Permit, Verdict::Permit], "{mode}");
    }
}

#[tokio::test]
async fn an_instance_on_a_standing_association_is_not_released_either() {
    let house = House::new(Plan::default()).await;
    let serving = house.serve().await;
    let (first, second) = (
        Image::default().instance(1),
        Image {
            study: Some("1.2.3.200"),
            ..Image::default()
        },
    );
    let contexts = contexts_to_store([&first], &[]);
    let mut association = house.modality().associate(contexts, &[]).await.unwrap();
    let told = association.store(&first, None).await.unwrap();
    assert_eq!(told.status, Status::SUCCESS);
    serving.break_disk();
    let told = association.store(&second.instance(2), None).await;
    assert!(nothing_acknowledged(&told.map(|answer| vec![answer])));
    assert_eq!(house.pacs.record().received.len(), 1);
}

#[tokio::test]
async fn when_the_destination_has_seen_a_byte_the_decision_survives_a_kill() {
    let house = House::new(Plan::default()).await;
    for round in 1..=5_u32 {
        let serving = house.serve().await;
        let image = Image {
            pixels: 1_000_000,
            ..Image::default()
        };
        let instance = image.instance(round);
        let contexts = contexts_to_store([&instance], &[]);
        let mut association = house.modality().associate(contexts, &[]).await.unwrap();
        association
            .store_partly(&instance, None, 500_000)
            .await
            .unwrap();
        let seen = |record: &Record| {
            let received = record.received.get(round as usize - 1);
            received.is_some_and(|received| received.bytes > 0)
        };
        assert!(house.pacs.wait_until(PATIENCE, seen).await);
        serving.kill();
        let recorded = books::decisions(&house.ledger()).len();
        assert_eq!(recorded, round as usize);
    }
    // The next start closes what the kills left open.
    let _serving = house.serve().await;
    let closed = books::closed(&house.ledger());
    assert_eq!(closed.outcomes, [Outcome::Interrupted; 5]);
    assert_eq!(closed.instances, 0);
}

#[tokio::test]
async fn the_destination_sees_no_byte_of_what_is_denied() {
    let (house, running) = House::open(Plan::default()).await;
    let told = house.stranger().store(&ada()[..3], |_| {}).await.unwrap();
    assert!(
        told.iter()
            .all(|answer| answer.status == Status::NOT_AUTHORISED)
    );
    assert_eq!(house.pacs.record().received.len(), 0);
    assert_eq!(books::verdicts(&house.ledger()), [Verdict::Deny]);
    house
        .consent(
            credence::demo::phantom::ADA.id,
            credence::demo::phantom::ISSUER,
        )
        .await;
    let told = house.stranger().store(&ada()[..3], |_| {}).await.unwrap();
    assert!(told.iter().all(|answer| answer.status == Status::SUCCESS));
    assert_eq!(house.pacs.record().kept().len(), 3);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn an_instance_that_follows_a_durable_revocation_is_refused_on_the_same_association() {
    let (house, running) = House::open(Plan::default()).await;
    let consent = house.consent("P-1", "ST-ANNA").await;
    let image = Image::default();
    let contexts = contexts_to_store([&image.instance(1)], &[]);
    let mut association = house.stranger().associate(contexts, &[]).await.unwrap();
    let first = association.store(&image.instance(1), None).await.unwrap();
    assert_eq!(first.status, Status::SUCCESS);
    house.revoke(consent).await;
    let second = association.store(&image.instance(2), None).await.unwrap();
    assert_eq!(second.status, Status::NOT_AUTHORISED);
    house.consent("P-1", "ST-ANNA").await;
    let third = association.store(&image.instance(3), None).await.unwrap();
    assert_eq!(third.status, Status::SUCCESS);
    association.release().await;
    assert_eq!(house.pacs.record().received.len(), 2);
    let verdicts = books::verdicts(&house.ledger());
    assert_eq!(verdicts, [Verdict::Permit, Verdict::Deny, Verdict::Permit]);
    running.drain().await.unwrap();
}
