//! Two honest gateways.

use std::fs;

use credence::digest::Sha256;
use credence::ledger::Checkpoint;
use credence::ledger::WitnessRequest;
use credence::ledger::cosignatures;

use crate::partner::Partner;
use crate::partner::until;
use crate::wire;

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_cosign_each_others_checkpoints_as_they_grow() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let up = anna.start(&lake.row(lake.port)).await;
    let other = lake.start(&anna.row(anna.port)).await;
    let first = anna.cosigned_from(1, &lake).await;
    lake.cosigned_from(1, &anna).await;
    for round in 0..3 {
        up.grow(5, "round").await;
        other.grow(2, "round").await;
        let size = anna.cosigned_from(first + 5 * (round + 1), &lake).await;
        assert!(size <= anna.entries().len() as u64);
    }
    assert_eq!(anna.alerts("witness-disputed"), [""; 0]);
    up.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_carries_the_cosignatures_of_all_witnesses() {
    let names = ["st-anna", "lakeside", "mercy"].map(Partner::new);
    let [anna, lake, mercy] = &names;
    let one = lake.start(&anna.row(anna.port)).await;
    let two = mercy.start(&anna.row(anna.port)).await;
    let up = anna
        .start(&(lake.row(lake.port) + &mercy.row(mercy.port)))
        .await;
    up.grow(3, "more").await;
    let both = || {
        anna.cosigned(&[lake, mercy])
            .filter(|(_, by)| by.len() == 2)
    };
    until("both cosignatures", both).await;
    for up in [one, two, up] {
        up.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_witness_that_is_down_does_not_hold_up_the_other_and_is_asked_again() {
    let names = ["st-anna", "lakeside", "mercy"].map(Partner::new);
    let [anna, lake, mercy] = &names;
    let one = lake.start(&anna.row(anna.port)).await;
    let up = anna
        .start(&(lake.row(lake.port) + &mercy.row(mercy.port)))
        .await;
    anna.cosigned_from(1, lake).await;
    let two = mercy.start(&anna.row(anna.port)).await;
    let both = || {
        anna.cosigned(&[lake, mercy])
            .filter(|(_, by)| by.len() == 2)
    };
    until("both cosignatures", both).await;
    for up in [one, two, up] {
        up.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cosigned_is_remembered_on_both_sides() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let up = anna.start(&lake.row(lake.port)).await;
    let other = lake.start(&anna.row(anna.port)).await;
    let size = anna.cosigned_from(1, &lake).await;
    let old = fs::read_to_string(anna.data().join("checkpoint.cosigned")).unwrap();
    up.grow(4, "more").await;
    let size = anna.cosigned_from(size + 4, &lake).await;
    other.stop().await;
    let other = lake.start(&anna.row(anna.port)).await;
    // The restarted witness knows the size, and takes no older one.
    let request = WitnessRequest {
        old_size: 0,
        proof: Vec::new(),
        note: old,
    };
    let back = wire::add_checkpoint(lake.port, &request.body()).await;
    assert_eq!((back.status, back.kind.as_str()), (409, "text/x.tlog.size"));
    assert_eq!(back.body, format!("{size}\n"));
    // It shows what it holds: signed by the log, and cosigned by itself.
    let origin = Sha256::of(&[anna.log.name().as_bytes()]);
    let held = wire::get(lake.port, &format!("/{origin}/checkpoint")).await;
    assert_eq!(held.status, 200);
    assert_eq!(Checkpoint::open(&held.body, &anna.log).unwrap().size, size);
    let by = cosignatures(&held.body, std::slice::from_ref(&lake.witness)).unwrap();
    assert_eq!(by.len(), 1);
    // The restarted log asks on from there.
    up.stop().await;
    let up = anna.start(&lake.row(lake.port)).await;
    anna.cosigned_from(size + 2, &lake).await;
    assert_eq!(anna.alerts("witness-disputed"), [""; 0]);
    up.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cosignature_means_that_the_state_is_on_disk() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let up = anna.start("").await;
    let other = lake.start(&anna.row(anna.port)).await;
    let origin = Sha256::of(&[anna.log.name().as_bytes()]);
    let file = lake.data().join(format!("witnessed/{origin}.json"));
    let mut signed = up.running.recorder().checkpoints();
    let mut old_size = 0;
    for _ in 0..5 {
        up.grow(3, "more").await;
        signed.changed().await.unwrap();
        let note = signed.borrow_and_update().clone().unwrap();
        let checkpoint = Checkpoint::open(&note, &anna.log).unwrap();
        let recorder = up.running.recorder();
        let (_, proof) = recorder.growth(old_size, &checkpoint).unwrap();
        let request = WitnessRequest {
            old_size,
            proof,
            note: note.to_string(),
        };
        let back = wire::add_checkpoint(lake.port, &request.body()).await;
        assert_eq!(back.status, 200, "{back:?}");
        let kept: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let newest = kept["notes"].as_array().unwrap().last().unwrap();
        assert_eq!(newest.as_str(), Some(&*note));
        let whole = format!("{note}{}", back.body);
        let by = cosignatures(&whole, std::slice::from_ref(&lake.witness)).unwrap();
        assert_eq!(by.len(), 1);
        old_size = checkpoint.size;
    }
    up.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_cosigned() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let up = anna.start("").await;
    let other = lake.start("").await;
    let mut signed = up.running.recorder().checkpoints();
    let note = signed
        .wait_for(Option::is_some)
        .await
        .unwrap()
        .clone()
        .unwrap();
    let request = WitnessRequest {
        old_size: 0,
        proof: Vec::new(),
        note: note.to_string(),
    };
    assert_eq!(
        wire::add_checkpoint(lake.port, &request.body())
            .await
            .status,
        404
    );
    let origin = Sha256::of(&[anna.log.name().as_bytes()]);
    let path = format!("/{origin}/checkpoint");
    assert_eq!(wire::get(lake.port, &path).await.status, 404);
    other.stop().await;
    // Known, but never seen; and known by another key.
    let other = lake.start(&anna.row(anna.port)).await;
    assert_eq!(wire::get(lake.port, &path).await.status, 404);
    let forged =
        request
            .body()
            .replacen("\u{2014} st-anna/credence ", "\u{2014} st-anna/other ", 1);
    assert_eq!(wire::add_checkpoint(lake.port, &forged).await.status, 403);
    up.stop().await;
    other.stop().await;
}
