//! Promise 2, where instances are spooled: Success is told once an instance is durable, and what was
//! told arrives, with its bytes and in its order, or is kept for people to decide about.

use std::collections::VecDeque;
use std::time::Duration;

use credence::association::AssociateRj;
use credence::contract::Verdict;
use credence::demo::Farewell;
use credence::demo::Instance;
use credence::demo::Record;
use credence::demo::StandInPacs;
use credence::demo::StoreAnswer;
use credence::dicom::Uid;
use credence::digest::Sha256;
use credence::dimse::Status;

use crate::books;
use crate::house::House;
use crate::house::PATIENCE;
use crate::house::Plan;
use crate::house::ae;
use crate::images::Image;

const TO_LAKESIDE: &str = "[[route]]\ncalled = [\"CREDENCE\"]\n\
    sop_classes = [\"1.2.840.10008.5.1.4.1.1.2.1\"]\nto = \"lakeside\"\ndelivery = \"spool\"\n\
    [spool]\nretry_max_s = 1";

fn ours() -> Plan {
    Plan {
        route: "delivery = \"direct-then-spool\"",
        tables: "[spool]\nretry_max_s = 1",
        ..Plan::default()
    }
}

fn statuses(told: &[credence::demo::Answer]) -> Vec<Status> {
    told.iter().map(|answer| answer.status).collect()
}

/// What the instances are named and hash to, in their order.
fn digests(sent: &[Instance]) -> Vec<(Uid, Sha256)> {
    let digest = |one: &Instance| Sha256::of(&[&one.data_set]);
    sent.iter()
        .map(|one| (one.sop_instance.clone(), digest(one)))
        .collect()
}

async fn until_it_has(pacs: &StandInPacs, count: usize) -> Vec<(Uid, Sha256)> {
    let has = |record: &Record| record.kept().len() >= count;
    assert!(pacs.wait_until(PATIENCE, has).await, "{:?}", pacs.record());
    pacs.record().kept()
}

#[tokio::test]
async fn what_a_destination_that_is_down_could_not_take_arrives_when_it_returns() {
    let (house, running) = House::open(ours()).await;
    let image = Image::default();
    let sent: Vec<Instance> = (1..=4).map(|number| image.instance(number)).collect();
    let told = house.modality().store(&sent[..1], |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::SUCCESS]);
    let down = Some(AssociateRj::TRANSIENT_NO_REASON);
    house.pacs.script(|pacs| pacs.association.reject = down);
    let told = house.modality().store(&sent[1..], |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::SUCCESS; 3]);
    assert_eq!(house.pacs.record().kept().len(), 1);
    house.pacs.script(|pacs| pacs.association.reject = None);
    assert_eq!(until_it_has(&house.pacs, 4).await, digests(&sent));
    let entries = house
        .ledger_when(|entries| books::closed(entries).instances >= 4)
        .await;
    assert_eq!(books::closed(&entries).spooled, 3);
    // Asked at reception, and again when it was delivered.
    assert_eq!(books::verdicts(&entries), [Verdict::Permit; 3]);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn an_object_under_which_the_destination_dies_arrives_all_the_same() {
    let image = Image {
        pixels: 3_000_000,
        ..Image::default()
    };
    let whole = image.instance(1).data_set.len() as u64;
    // At its first byte, in the middle, with all of it in hand, and when it has no room for it.
    for answer in [
        StoreAnswer::DieAfter(1, Farewell::Close),
        StoreAnswer::DieAfter(whole / 2, Farewell::Abort),
        StoreAnswer::DieAfter(whole, Farewell::Close),
        StoreAnswer::Status(Status::STORE_OUT_OF_RESOURCES),
    ] {
        let mut plan = ours();
        plan.pacs.store.answers = VecDeque::from([answer]);
        let (house, running) = House::open(plan).await;
        let sent: Vec<Instance> = (1..=3).map(|number| image.instance(number)).collect();
        let told = house.modality().store(&sent, |_| {}).await.unwrap();
        assert_eq!(statuses(&told), [Status::SUCCESS; 3], "{answer:?}");
        assert_eq!(
            until_it_has(&house.pacs, 3).await,
            digests(&sent),
            "{answer:?}"
        );
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_destination_refuses_for_good_the_sender_hears() {
    let mut plan = ours();
    plan.pacs.store.answers = VecDeque::from([StoreAnswer::Status(Status(0xA900))]);
    let (house, running) = House::open(plan).await;
    let told = house
        .modality()
        .store(&[Image::default().instance(1)], |_| {})
        .await
        .unwrap();
    assert_eq!(statuses(&told), [Status(0xA900)]);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn what_was_spooled_survives_a_restart() {
    let (house, running) = House::open(ours()).await;
    let image = Image::default();
    let sent: Vec<Instance> = (1..=3).map(|number| image.instance(number)).collect();
    house.modality().store(&sent[..1], |_| {}).await.unwrap();
    let down = Some(AssociateRj::TRANSIENT_NO_REASON);
    house.pacs.script(|pacs| pacs.association.reject = down);
    let told = house.modality().store(&sent[1..], |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::SUCCESS; 2]);
    running.drain().await.unwrap();
    house.pacs.script(|pacs| pacs.association.reject = None);
    let running = house.start().await.unwrap();
    assert_eq!(until_it_has(&house.pacs, 3).await, digests(&sent));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn what_was_revoked_while_it_waited_is_not_delivered_and_not_lost() {
    let plan = Plan {
        tables: TO_LAKESIDE,
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let image = Image {
        class: "1.2.840.10008.5.1.4.1.1.2.1",
        ..Image::default()
    };
    let consent = house.consent("P-1", "ST-ANNA").await;
    let first = [image.instance(1)];
    let told = house.modality().store(&first, |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::SUCCESS]);
    until_it_has(&house.lakeside, 1).await;
    let busy = StoreAnswer::Status(Status::STORE_OUT_OF_RESOURCES);
    let busy = VecDeque::from([busy; 1_000]);
    house.lakeside.script(|pacs| pacs.store.answers = busy);
    let second = [image.instance(2)];
    let told = house.modality().store(&second, |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::SUCCESS]);
    house.revoke(consent).await;
    house.lakeside.script(|pacs| pacs.store.answers.clear());
    let quarantined = |entries: &[_]| books::alerts(entries).contains(&"quarantined");
    house.ledger_when(quarantined).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(house.lakeside.record().kept().len(), 1);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn instances_go_where_their_modality_says() {
    let plan = Plan {
        tables: "[[ae]]\ntitle = \"CRED_SORTS\"\npurpose = \"TREATMENT\"\n\
                 [[route]]\ncalled = [\"CRED_SORTS\"]\nsop_classes = [\"storage\"]\n\
                 modalities = [\"MR\"]\nto = [\"ws1\"]\n\
                 [[route]]\ncalled = [\"CRED_SORTS\"]\nsop_classes = [\"storage\"]\n\
                 modalities = [\"CT\"]\nto = \"pacs\"\n",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let (ct, mr, us) = (
        Image::default(),
        Image {
            modality: "MR",
            study: Some("1.2.3.101"),
            ..Image::default()
        },
        Image {
            modality: "US",
            study: Some("1.2.3.102"),
            ..Image::default()
        },
    );
    let sent = [ct.instance(1), mr.instance(2), us.instance(3)];
    let mut modality = house.modality();
    modality.called = ae("CRED_SORTS");
    let told = modality.store(&sent, |_| {}).await.unwrap();
    let nowhere = Status::PROCESSING_FAILURE;
    let expected = [Status::SUCCESS, Status::SUCCESS, nowhere];
    assert_eq!(statuses(&told), expected);
    assert_eq!(until_it_has(&house.pacs, 1).await, digests(&sent[..1]));
    assert_eq!(until_it_has(&house.inbox, 1).await, digests(&sent[1..2]));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn success_is_for_all_who_must_have_it_or_for_nobody() {
    let tables = "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"1.2.840.10008.5.1.4.1.1.2.1\"]\n\
                  to = [\"ws1\", \"lakeside\"]\n\
                  [[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"1.2.840.10008.5.1.4.1.1.4\"]\n\
                  to = \"ws1\"\ncopies = [\"lakeside\"]\n";
    let plan = Plan {
        tables,
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let both = Image {
        class: "1.2.840.10008.5.1.4.1.1.2.1",
        ..Image::default()
    };
    let copied = Image {
        class: "1.2.840.10008.5.1.4.1.1.4",
        modality: "MR",
        ..Image::default()
    };
    // Lakeside may not: then nobody gets what both must have, and the copy is left out.
    let sent = [both.instance(1), copied.instance(2)];
    let told = house.modality().store(&sent, |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::NOT_AUTHORISED, Status::SUCCESS]);
    assert_eq!(until_it_has(&house.inbox, 1).await, digests(&sent[1..]));
    house.consent("P-1", "ST-ANNA").await;
    let sent = [both.instance(3), copied.instance(4)];
    let told = house.modality().store(&sent, |_| {}).await.unwrap();
    assert_eq!(statuses(&told), [Status::SUCCESS; 2]);
    let at_lakeside = until_it_has(&house.lakeside, 2).await;
    assert_eq!(at_lakeside.len(), 2);
    until_it_has(&house.inbox, 3).await;
    running.drain().await.unwrap();
}
