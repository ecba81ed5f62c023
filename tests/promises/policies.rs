//! Rules are changed by two persons, not by a file.

use credence::contract::Body;
use credence::contract::PolicySet;
use credence::demo::contexts_to_store;
use credence::digest::Sha256;
use credence::dimse::Status;
use credence::gateway;
use credence::gateway::control::Answer;
use credence::gateway::control::Change;
use credence::gateway::control::Command;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::images::Image;
use crate::images::ada;

/// Nothing goes to our archive.
const NOTHING: &str = r#"@id("nothing") @reason("closed for the night")
    forbid (principal, action, resource) when { context.recipient_ae == "PACS" };"#;

fn configured(house: &House) -> PolicySet {
    let credit = house.folder().join("credit.toml");
    gateway::read_policies(&house.policy_dir(), &credit).unwrap()
}

async fn in_force(house: &House) -> Sha256 {
    match house.command(&Command::Policies).await {
        Answer::Policies { in_force, .. } => in_force.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// How an image from our modality is answered.
async fn stored(house: &House) -> Status {
    let told = house.modality().store(&ada()[..1], |_| {}).await;
    told.unwrap()[0].status
}

#[tokio::test]
async fn a_folder_that_differs_from_what_is_in_force_changes_nothing_and_is_told() {
    let (house, running) = House::open(Plan::default()).await;
    let before = in_force(&house).await;
    assert_eq!(books::alerts(&house.ledger()), [""; 0]);
    running.drain().await.unwrap();
    std::fs::write(house.policy_dir().join("50-test.cedar"), NOTHING).unwrap();
    let running = house.start().await.unwrap();
    assert_ne!(configured(&house).sha256(), before);
    assert_eq!(in_force(&house).await, before);
    assert_eq!(stored(&house).await, Status::SUCCESS);
    assert_eq!(books::alerts(&house.ledger()), ["policy-differs"]);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_does_not_stop_what_is_in_force() {
    let (house, running) = House::open(Plan::default()).await;
    let before = in_force(&house).await;
    running.drain().await.unwrap();
    std::fs::write(house.policy_dir().join("50-test.cedar"), "permit (").unwrap();
    let running = house.start().await.unwrap();
    assert_eq!(in_force(&house).await, before);
    assert_eq!(stored(&house).await, Status::SUCCESS);
    let ledger = house.ledger();
    assert_eq!(books::alerts(&ledger), ["policy-differs"]);
    let told = ledger.iter().any(|entry| match &entry.event.body {
        Body::Alert { text, .. } => text.contains("cannot be used"),
        _ => false,
    });
    assert!(told);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn rules_that_two_persons_agreed_on_decide_from_the_next_instance() {
    let (house, running) = House::open(Plan::default()).await;
    std::fs::write(house.policy_dir().join("50-test.cedar"), NOTHING).unwrap();
    let policy = configured(&house);
    let sha256 = policy.sha256();
    let image = Image::default();
    let contexts = contexts_to_store([&image.instance(1)], &[]);
    let mut association = house.modality().associate(contexts, &[]).await.unwrap();
    let text = policy.canonical_text().to_owned();
    let steps = [
        (Change::PolicyPropose { text }, "Ada"),
        (Change::PolicyApprove { sha256 }, "Bob"),
        (Change::PolicyActivate { sha256 }, "Ada"),
    ];
    for (number, (change, by)) in (1..).zip(steps) {
        let told = association
            .store(&image.instance(number), None)
            .await
            .unwrap();
        assert_eq!(told.status, Status::SUCCESS, "before step {number}");
        house.change(change, by).await;
    }
    let told = association.store(&image.instance(4), None).await.unwrap();
    assert_eq!(told.status, Status::NOT_AUTHORISED);
    association.release().await;
    assert_eq!(house.pacs.record().received.len(), 3);
    running.drain().await.unwrap();
}
