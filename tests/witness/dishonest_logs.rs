//! Logs that were rolled back, and logs that tell two stories.

use std::fs;

use credence::contract::Body;
use credence::contract::State;
use credence::digest::Sha256;
use credence::ledger::Checkpoint;
use credence::ledger::Tree;
use credence::ledger::equivocation;
use credence::storage::Depth;
use credence::storage::Keys;
use credence::storage::WitnessedLogs;
use credence::storage::read_proof;
use credence::storage::verify;

use crate::partner::Partner;
use crate::partner::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rolled_back_learns_so_from_its_witness() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let other = lake.start(&anna.row(anna.port)).await;
    let up = anna.start(&lake.row(lake.port)).await;
    let before = anna.cosigned_from(1, &lake).await;
    up.stop().await;
    let backup = anna.copy();
    let up = anna.start(&lake.row(lake.port)).await;
    up.grow(20, "lost").await;
    let size = anna.cosigned_from(before + 20, &lake).await;
    up.stop().await;
    anna.put_back(&backup);
    let up = anna.start(&lake.row(lake.port)).await;
    let told = anna.alerted("log-rolled-back").await;
    assert!(told.contains("lakeside/witness of lakeside"), "{told}");
    assert!(told.contains(&format!("with {size}")), "{told}");
    // The proof of it is kept: our own signature.
    let kept = fs::read_dir(anna.data().join("cosigned")).unwrap();
    let names = kept.map(|file| file.unwrap().file_name().into_string().unwrap());
    let held: Vec<_> = names.filter(|name| name.ends_with(".held")).collect();
    assert_eq!(held.len(), 1, "{held:?}");
    up.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_shorter_than_what_it_had_cosigned_says_so_without_its_witness() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let other = lake.start(&anna.row(anna.port)).await;
    let up = anna.start(&lake.row(lake.port)).await;
    anna.cosigned_from(1, &lake).await;
    up.stop().await;
    let backup = anna.copy();
    let up = anna.start(&lake.row(lake.port)).await;
    up.grow(20, "lost").await;
    anna.cosigned_from(22, &lake).await;
    up.stop().await;
    other.stop().await;
    // Everything is put back but what the witnesses said.
    let cosigned = tempfile::tempdir().unwrap();
    let kept = cosigned.path().join("cosigned");
    fs::rename(anna.data().join("cosigned"), &kept).unwrap();
    anna.put_back(&backup);
    fs::remove_dir_all(anna.data().join("cosigned")).unwrap();
    fs::rename(&kept, anna.data().join("cosigned")).unwrap();
    let up = anna.start(&lake.row(lake.port)).await;
    anna.alerted("log-rolled-back").await;
    up.stop().await;
}

/// The entries that convict.
fn convictions(partner: &Partner) -> Vec<Body> {
    let bodies = partner.entries().into_iter().map(|entry| entry.event.body);
    bodies
        .filter(|body| matches!(body, Body::Equivocated { .. }))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_forked_is_convicted_by_its_own_signatures() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let other = lake.start(&anna.row(anna.port)).await;
    let up = anna.start(&lake.row(lake.port)).await;
    let begun = anna.cosigned_from(1, &lake).await;
    up.stop().await;
    let copy = anna.copy();
    // One story.
    let up = anna.start(&lake.row(lake.port)).await;
    let size = begun + 30;
    let now = anna.entries().len() as u64;
    up.grow(size - now, "one story").await;
    assert_eq!(anna.cosigned_from(size, &lake).await, size);
    up.stop().await;
    // The other one, by the same keys. It is shorter, but it passes a size that the first had, too.
    anna.put_back(&copy);
    let up = anna.start(&lake.row(lake.port)).await;
    let convicted = || convictions(&lake).into_iter().next();
    let Body::Equivocated {
        institution,
        key,
        first,
        second,
    } = until("a conviction", convicted).await
    else {
        panic!("another event")
    };
    assert_eq!(institution.as_str(), "st-anna");
    assert_eq!(key, anna.log.to_string());
    // Both notes are kept, in the ledger and beside it, and convict whoever reads them.
    let logs = WitnessedLogs::open(&lake.data()).unwrap();
    let proofs = logs.proofs(&anna.log).unwrap();
    assert_eq!(proofs.len(), 1, "{proofs:?}");
    let (by, proof) = read_proof(&proofs[0]).unwrap();
    assert_eq!(by, anna.log);
    assert!(proof.size > begun && proof.size < size, "{}", proof.size);
    assert_eq!((proof.first, proof.second), (first, second));
    // It is charged at once.
    let charges = |state: &State, _| state.charges().count();
    let recorder = other.running.recorder();
    assert_eq!(recorder.view(charges).await.unwrap(), 1);
    // The log hears first that it is shorter than the one that its key signed, then, when it has
    // grown, that it is another.
    anna.alerted("log-rolled-back").await;
    let now = anna.entries().len() as u64;
    up.grow(size - now, "another story").await;
    let told = anna.alerted("log-forked").await;
    assert!(told.contains("lakeside/witness"), "{told}");
    let both = || (logs.proofs(&anna.log).unwrap().len() >= 2).then_some(());
    until("a proof of the same length", both).await;
    assert_eq!(convictions(&lake).len(), 1, "one conviction is enough");
    up.stop().await;
    other.stop().await;
    // Recorded once, also when the note of it is lost.
    let origin = Sha256::of(&[anna.log.name().as_bytes()]);
    let marker = lake.data().join(format!("witnessed/{origin}.convicted"));
    fs::remove_file(&marker).unwrap();
    let other = lake.start(&anna.row(anna.port)).await;
    until("the marker", || marker.exists().then_some(())).await;
    assert_eq!(convictions(&lake).len(), 1);
    other.stop().await;
    let report = verify(&lake.data(), None, Depth::Replay);
    assert!(report.is_ok(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_the_ledger_lacks_is_recorded_at_the_next_start() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    // Two stories of one log, by one who holds its key.
    let keys = |partner: &Partner| {
        let data = partner.data();
        let keys = data.with_file_name("keys");
        Keys::open(&keys, &data, &"st-anna".parse().unwrap()).unwrap()
    };
    let signer = keys(&anna);
    let note = |leaf: &[u8]| {
        let mut tree = Tree::new();
        tree.push(Sha256::of(&[leaf]));
        Checkpoint::sign(&tree, &signer.log).unwrap()
    };
    let proof = equivocation(&note(b"one"), &note(b"two"), &anna.log);
    let logs = WitnessedLogs::open(&lake.data()).unwrap();
    let kept = logs.keep_proof(&anna.log, &proof.unwrap().unwrap());
    assert!(kept.unwrap().is_some());
    let other = lake.start(&anna.row(anna.port)).await;
    let convicted = || convictions(&lake).into_iter().next();
    until("a conviction", convicted).await;
    other.stop().await;
}
