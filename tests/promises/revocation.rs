//! Promise 1, in the middle of a transfer: an instance whose first byte would follow a durable
//! revocation is not released, however many of its study went before.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use credence::contract::Outcome;
use credence::contract::Verdict;
use credence::demo::Instance;
use credence::demo::Record;
use credence::demo::Sent;
use credence::demo::contexts_to_store;
use credence::demo::study_identifier;
use credence::dicom::Model;
use credence::dimse::Status;
use tokio::sync::Notify;

use crate::books;
use crate::house::House;
use crate::house::PATIENCE;
use crate::house::Plan;
use crate::house::ae;
use crate::house::uid;
use crate::images::CT;
use crate::images::EXPLICIT;
use crate::images::Image;

/// Instances of the study.
const ALL: usize = 500;
/// As many have gone when somebody revokes.
const BEFORE: usize = 100;

fn image() -> Image {
    Image {
        pixels: 2_000,
        ..Image::default()
    }
}

fn study() -> Vec<Instance> {
    (1..=ALL as u32)
        .map(|number| image().instance(number))
        .collect()
}

/// What the ledger says of it: one permit, then one denial for the same study; and the delivered
/// instances, no more and no less.
async fn is_recorded(house: &House, delivered: usize) {
    let ledger = house.ledger_closed(1).await;
    assert_eq!(books::verdicts(&ledger), [Verdict::Permit, Verdict::Deny]);
    let closed = books::closed(&ledger);
    assert_eq!(closed.instances, delivered as u64);
    assert_eq!(closed.outcomes, [Outcome::Stopped]);
    let place = |kind: &str| {
        let mut entries = ledger.iter();
        entries.position(|entry| entry.event.body.kind() == kind)
    };
    let last = ledger
        .iter()
        .rposition(|entry| entry.event.body.kind() == "decision");
    assert!(place("decision") < place("consent-revoked") && place("consent-revoked") < last);
}

#[tokio::test]
async fn a_revocation_stops_500_instances_on_one_association_with_the_very_next() {
    let (house, running) = House::open(Plan::default()).await;
    let consent = house.consent("P-1", "ST-ANNA").await;
    let contexts = contexts_to_store([&image().instance(1)], &[]);
    let mut association = house.stranger().associate(contexts, &[]).await.unwrap();
    let (midway, is_revoked) = (Notify::new(), AtomicBool::new(false));
    let sending = async {
        let mut told = Vec::new();
        for instance in study() {
            if told.len() == BEFORE {
                midway.notify_one();
            }
            let began_after = is_revoked.load(Ordering::SeqCst);
            let answer = association.store(&instance, None).await.unwrap();
            told.push((began_after, answer.status));
        }
        association.release().await;
        told
    };
    let revoking = async {
        midway.notified().await;
        house.revoke(consent).await;
        is_revoked.store(true, Ordering::SeqCst);
    };
    let (told, ()) = tokio::join!(sending, revoking);

    let is_delivered = |(_, status): &(bool, Status)| *status == Status::SUCCESS;
    let delivered = told.iter().take_while(|one| is_delivered(one)).count();
    let begun_before = told.iter().filter(|(began_after, _)| !began_after).count();
    assert!(
        (BEFORE..=begun_before).contains(&delivered),
        "{delivered} {begun_before}"
    );
    assert!(begun_before < ALL, "the revocation came in the middle");
    for (_, status) in &told[delivered..] {
        assert_eq!(*status, Status::NOT_AUTHORISED);
    }
    let record = house.pacs.record();
    assert_eq!(record.received.len(), delivered, "not even a command came");
    assert_eq!(record.kept().len(), delivered);
    running.drain().await.unwrap();
    is_recorded(&house, delivered).await;
}

/// A house whose PACS holds the study, and the consent to it.
async fn with_the_study(retrieve: &'static str) -> (House, credence::gateway::Running, u64) {
    let mut plan = Plan {
        retrieve,
        ..Plan::default()
    };
    plan.pacs.instances = study();
    let (house, running) = House::open(plan).await;
    let consent = house.consent("P-1", "ST-ANNA").await;
    (house, running, consent)
}

#[tokio::test]
async fn a_revocation_stops_a_c_move_of_500_instances_with_the_very_next() {
    for retrieve in ["move", "get"] {
        let (house, running, consent) = with_the_study(retrieve).await;
        let (stranger, there) = (house.stranger(), ae("LAKE"));
        let study = study_identifier(&uid("1.2.3.100"));
        let moving = stranger.retrieve_to(&there, Model::StudyRoot, &study, None, |_| {});
        let revoking = async {
            let midway = |record: &Record| record.received.len() >= BEFORE;
            assert!(house.lakeside.wait_until(PATIENCE, midway).await);
            house.revoke(consent).await;
            house.lakeside.record().received.len()
        };
        let (moved, begun) = tokio::join!(moving, revoking);
        let (moved, record) = (moved.unwrap(), house.lakeside.record());
        let delivered = record.received.len();
        // One instance may have been on its way to the destination.
        assert!(
            (begun..=begun + 1).contains(&delivered),
            "{retrieve}: {begun} {delivered}"
        );
        assert_eq!(record.kept().len(), delivered, "{retrieve}");
        assert!(
            delivered < ALL,
            "{retrieve}: the revocation came in the middle"
        );
        assert_eq!(
            moved.answer.status,
            Status::SUBOPERATIONS_WARNING,
            "{retrieve}"
        );
        assert_eq!(moved.counts.completed, Some(delivered as u16), "{retrieve}");
        assert_eq!(
            moved.counts.failed,
            Some((ALL - delivered) as u16),
            "{retrieve}"
        );
        assert_eq!(moved.failed.unwrap().len(), ALL - delivered, "{retrieve}");
        running.drain().await.unwrap();
        is_recorded(&house, delivered).await;
    }
}

#[tokio::test]
async fn a_revocation_stops_a_c_get_of_500_instances_with_the_very_next() {
    for retrieve in ["move", "get"] {
        let (house, running, consent) = with_the_study(retrieve).await;
        let stranger = house.stranger();
        let study = study_identifier(&uid("1.2.3.100"));
        let (classes, syntaxes) = ([uid(CT)], [uid(EXPLICIT)]);
        let getting =
            stranger.retrieve(Model::StudyRoot, &study, &classes, &syntaxes, None, |_| {});
        let revoking = async {
            let midway = |record: &Record| record.sent.len() >= BEFORE;
            assert!(house.pacs.wait_until(PATIENCE, midway).await);
            house.revoke(consent).await;
            // What the PACS sent a moment later was refused already: only what was taken counts.
            let record = house.pacs.record();
            let taken = |one: &&Sent| one.answer == Some(Status::SUCCESS);
            record.sent.iter().filter(taken).count()
        };
        let (got, begun) = tokio::join!(getting, revoking);
        let got = got.unwrap();
        let delivered = got.instances.len();
        assert!(
            (begun..=begun + 1).contains(&delivered),
            "{retrieve}: {begun} {delivered}"
        );
        assert!(
            delivered < ALL,
            "{retrieve}: the revocation came in the middle"
        );
        assert_eq!(
            got.answer.status,
            Status::SUBOPERATIONS_WARNING,
            "{retrieve}"
        );
        assert_eq!(got.counts.completed, Some(delivered as u16), "{retrieve}");
        assert_eq!(
            got.counts.failed,
            Some((ALL - delivered) as u16),
            "{retrieve}"
        );
        assert_eq!(got.failed.unwrap().len(), ALL - delivered, "{retrieve}");
        running.drain().await.unwrap();
        is_recorded(&house, delivered).await;
    }
}
