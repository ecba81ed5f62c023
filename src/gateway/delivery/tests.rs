//! The queues upon a spool of their own, as a start finds it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::order::tests::order;
use super::queue::Turn;
use super::*;
use crate::storage::Keys;

const TEXT: &str = r#"
gateway = { institution = "own" }
listener = [{ address = "127.0.0.1:104" }]
institution = [{ slug = "own", name = "Own" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
spool = { free_bytes_min = 0 }

[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.1"]
connect = "10.0.0.1:104"

[[route]]
called = ["CREDENCE"]
sop_classes = ["storage"]
to = "pacs"
"#;

fn opened(dir: &Path) -> Delivery {
    let config = Config::parse(TEXT, dir).unwrap();
    let gateway = &config.gateway;
    let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution).unwrap();
    let (spool, found) = Spool::open(&config.spool, &keys).unwrap();
    Delivery::open(&config, Clock::new(), Arc::new(spool), found, true).unwrap()
}

fn peer(name: &str) -> PeerName {
    name.parse().unwrap()
}

/// An object of one study in the queues of these.
fn keep(delivery: &Delivery, queues: &[PeerName]) -> ObjectId {
    let legs: Vec<_> = queues.iter().map(|to| (to.as_str(), None)).collect();
    let order = order(None, &legs);
    let mut draft = delivery.spool.begin(&order.to_bytes().unwrap()).unwrap();
    draft.write(b"data").unwrap();
    let id = draft.keep(queues).unwrap();
    delivery.enqueue(id, 4, &order, queues);
    id
}

fn file(dir: &Path, place: Place, id: ObjectId) -> std::path::PathBuf {
    let queue = dir.join("spool/queues/pacs");
    queue.join(place.as_str()).join(id.to_string())
}

fn next(delivery: &Delivery, to: &PeerName) -> Option<ObjectId> {
    match delivery.queues[to].queue().take(0) {
        Turn::Job(job) => Some(job.id),
        Turn::Wait(_) | Turn::Nothing => None,
    }
}

#[test]
fn what_waits_is_found_again_in_its_order() {
    let dir = TempDir::new().unwrap();
    let delivery = opened(dir.path());
    let pacs = peer("pacs");
    let first = keep(&delivery, std::slice::from_ref(&pacs));
    keep(&delivery, std::slice::from_ref(&pacs));
    drop(delivery);
    let delivery = opened(dir.path());
    let study = "1.2.3".parse().unwrap();
    assert!(delivery.waits(&pacs, Some(&study)));
    assert!(!delivery.waits(&pacs, None));
    assert_eq!(next(&delivery, &pacs), Some(first));
    assert_eq!(next(&delivery, &pacs), None, "of one study one at a time");
}

#[test]
fn what_is_damaged_is_a_dead_letter_after_a_start_and_the_rest_is_not() {
    let dir = TempDir::new().unwrap();
    let delivery = opened(dir.path());
    let pacs = peer("pacs");
    let first = keep(&delivery, std::slice::from_ref(&pacs));
    let second = keep(&delivery, std::slice::from_ref(&pacs));
    drop(delivery);
    let path = file(dir.path(), Place::Waiting, first);
    let mut bytes = fs::read(&path).unwrap();
    bytes[40] ^= 1;
    fs::write(&path, bytes).unwrap();
    for _ in 0..2 {
        let delivery = opened(dir.path());
        let [dead] = &delivery
            .lying(&pacs)
            .into_iter()
            .filter(|one| one.place == Place::Dead)
            .collect::<Vec<_>>()[..]
        else {
            panic!("one dead letter");
        };
        assert_eq!(
            (dead.id, dead.row.failure.as_deref()),
            (first, Some("damaged"))
        );
        assert_eq!(next(&delivery, &pacs), Some(second));
    }
    assert!(file(dir.path(), Place::Dead, first).exists());
}

#[test]
fn what_waits_for_a_peer_that_is_no_more_has_a_queue_that_nobody_serves() {
    let dir = TempDir::new().unwrap();
    let delivery = opened(dir.path());
    let old = peer("old");
    let legs = [("old", None)];
    let order = order(None, &legs);
    let draft = delivery.spool.begin(&order.to_bytes().unwrap()).unwrap();
    draft.keep(std::slice::from_ref(&old)).unwrap();
    drop(delivery);
    let delivery = opened(dir.path());
    let listed = delivery.list();
    let [old, pacs] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!((old.queue.as_str(), old.state.as_str()), ("old", "no peer"));
    assert_eq!(old.waiting.objects, 1);
    assert_eq!((pacs.queue.as_str(), pacs.state.as_str()), ("pacs", "idle"));
}

#[tokio::test]
async fn what_was_committed_goes_and_what_was_not_is_delivered_again() {
    let dir = TempDir::new().unwrap();
    let delivery = opened(dir.path());
    let pacs = peer("pacs");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = keep(&delivery, std::slice::from_ref(&pacs));
        assert_eq!(next(&delivery, &pacs), Some(id));
        let put = delivery.put(&pacs, id, Place::Waiting, Place::Delivered, None);
        put.await.unwrap();
        delivery.queues[&pacs].change(|queue| queue.set_aside(0, id, Place::Delivered, None));
        ids.push(id);
    }
    let kept = delivery.uncommitted(&pacs, 10).await.unwrap();
    assert_eq!(kept.iter().map(|one| one.id).collect::<Vec<_>>(), ids);
    assert_eq!(kept[0].sop_instance.as_str(), "1.2.3.4");
    assert_eq!(delivery.uncommitted(&pacs, 1).await.unwrap().len(), 1);
    delivery.committed(&pacs, &ids[..1]).await.unwrap();
    delivery.not_committed(&pacs, &ids[1..]).await.unwrap();
    assert!(delivery.uncommitted(&pacs, 10).await.unwrap().is_empty());
    assert!(!file(dir.path(), Place::Delivered, ids[0]).exists());
    assert!(file(dir.path(), Place::Waiting, ids[1]).exists());
    assert_eq!(next(&delivery, &pacs), Some(ids[1]));
}

#[test]
fn what_this_version_cannot_read_stays_where_it_is_and_is_listed() {
    let dir = TempDir::new().unwrap();
    let delivery = opened(dir.path());
    let pacs = peer("pacs");
    let draft = delivery
        .spool
        .begin(br#"{"version":2,"later":true}"#)
        .unwrap();
    let id = draft.keep(std::slice::from_ref(&pacs)).unwrap();
    let after = keep(&delivery, std::slice::from_ref(&pacs));
    drop(delivery);
    for _ in 0..2 {
        let delivery = opened(dir.path());
        assert_eq!(delivery.queues[&pacs].queue().unread(), 1);
        let listed = delivery.list();
        assert_eq!(listed[0].waiting.objects, 2);
        let lying = delivery.lying(&pacs);
        let unread = lying.iter().find(|one| one.id == id).unwrap();
        assert_eq!(unread.place, Place::Waiting);
        assert_eq!(unread.row.failure.as_deref(), Some("unreadable"));
        assert!(unread.is_aside && !unread.is_known);
        assert_eq!(next(&delivery, &pacs), Some(after));
        assert!(file(dir.path(), Place::Waiting, id).exists());
    }
}
