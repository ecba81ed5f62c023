//! Promise 9: one task owns contract state and ledger: one order, one truth.

use credence::contract::Verdict;
use credence::dimse::Status;
use credence::gateway::GatewayError;
use credence::storage::Depth;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::images::Image;
use crate::images::ada;

#[tokio::test]
async fn a_second_gateway_on_the_same_folder_refuses_to_start() {
    let (house, running) = House::open(Plan::default()).await;
    let second = house.start().await;
    assert!(matches!(second, Err(GatewayError::Start(_))), "{second:?}");
    let mut other = house.spawn();
    assert!(!other.ended().await.success());
    let before = house.ledger().len();
    let told = house.modality().store(&ada()[..1], |_| {}).await.unwrap();
    assert_eq!(
        told[0].status,
        Status::SUCCESS,
        "the first one is not disturbed"
    );
    assert!(house.ledger().len() > before);
    running.drain().await.unwrap();
    house.start().await.unwrap().drain().await.unwrap();
}

#[tokio::test]
async fn a_process_that_was_killed_leaves_no_lock() {
    let house = House::new(Plan::default()).await;
    house.serve().await.kill();
    house.start().await.unwrap().drain().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_entries_of_concurrent_sessions_form_one_chain() {
    let (house, running) = House::open(Plan::default()).await;
    house.consent("P-1", "ST-ANNA").await;
    let mut sessions = tokio::task::JoinSet::new();
    for session in 0..12_u32 {
        let peer = house.peer(if session % 3 == 0 { "LAKE" } else { "CT1" });
        sessions.spawn(async move {
            // Every second image is of another patient, about whom nothing is agreed.
            let images: Vec<_> = (0..10)
                .map(|number| {
                    let patient = if number % 2 == 0 { "P-1" } else { "P-2" };
                    let image = Image {
                        patient: Some(patient),
                        pixels: 1_000,
                        ..Image::default()
                    };
                    image.instance(100 * session + number)
                })
                .collect();
            let told = peer.store(&images, |_| {}).await.unwrap();
            told.iter()
                .filter(|answer| answer.status == Status::SUCCESS)
                .count()
        });
    }
    let delivered: usize = sessions.join_all().await.into_iter().sum();
    assert_eq!(delivered, 8 * 10 + 4 * 5);
    assert_eq!(house.pacs.record().kept().len(), delivered);
    running.drain().await.unwrap();
    // Every entry names the hash of the one before, every event its author's next number.
    let report = credence::storage::verify(&house.data_dir(), None, Depth::Replay).unwrap();
    let ledger = house.ledger();
    assert_eq!(report.verified.chain.next_seq(), ledger.len() as u64);
    assert!(report.torn.is_none());
    for (number, entry) in (0..).zip(&ledger) {
        assert_eq!(entry.seq, number);
    }
    let times: Vec<_> = ledger.iter().map(|entry| entry.ledger_time).collect();
    assert!(times.is_sorted(), "ledger time never runs back");
    let verdicts = books::verdicts(&ledger);
    let denied = verdicts
        .iter()
        .filter(|verdict| **verdict == Verdict::Deny)
        .count();
    assert_eq!((verdicts.len(), denied), (2 * 12, 4));
    let closed = books::closed(&ledger);
    assert_eq!(closed.instances, delivered as u64);
    assert_eq!(closed.outcomes.len(), 2 * 12 - 4);
}
