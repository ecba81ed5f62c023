//! Witnesses that claim what they do not show, and such as sign what is not theirs.

use credence::ledger::Checkpoint;

use crate::partner::Partner;
use crate::wire::Impostor;
use crate::wire::Says;

const SIZE: &str = "text/x.tlog.size";

/// A log whose one witness says these things; what it raises.
async fn disputed(post: Says, get: Says) -> (String, Vec<String>) {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let impostor = Impostor::start(post, get).await;
    let up = anna.start(&lake.row(impostor.port)).await;
    let told = anna.alerted("witness-disputed").await;
    assert!(told.contains("lakeside/witness of lakeside"), "{told}");
    assert_eq!(anna.cosigned(&[&lake]), None);
    up.grow(3, "more").await;
    // Not again within the hour, however often it is asked.
    let asked = || (impostor.heard().len() >= 6).then_some(());
    crate::partner::until("six requests", asked).await;
    assert_eq!(anna.alerts("witness-disputed").len(), 1);
    assert_eq!(anna.alerts("log-rolled-back").len(), 0);
    up.stop().await;
    (told, impostor.heard())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_size_that_is_not_shown_is_disputed() {
    let post = Says::new("409 Conflict", SIZE, "1000000\n");
    let get = Says::new("404 Not Found", "text/plain", "");
    let (told, heard) = disputed(post, get).await;
    assert!(told.contains("shows none (HTTP status 404)"), "{told}");
    assert!(heard[0].contains("old 0\n"), "{}", heard[0]);
    assert!(heard[1].starts_with("GET /"), "{}", heard[1]);
    assert!(heard[1].contains("/checkpoint HTTP/1.1"), "{}", heard[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_another_key_settles_nothing() {
    let stranger = Partner::new("mercy");
    let data = stranger.data();
    let keys = data.with_file_name("keys");
    let keys = credence::storage::Keys::open(&keys, &data, &"mercy".parse().unwrap()).unwrap();
    let mut tree = credence::ledger::Tree::new();
    tree.push(credence::digest::Sha256::of(&[b"leaf"]));
    let note = Checkpoint::sign(&tree, &keys.log).unwrap();
    let post = Says::new("409 Conflict", SIZE, "1000000\n");
    let (told, _) = disputed(post, Says::new("200 OK", "text/plain", &note)).await;
    assert!(told.contains("shows none that our key signed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_size_is_tried_and_then_to_be_shown() {
    let post = Says::new("409 Conflict", SIZE, "1\n");
    let get = Says::new("200 OK", "text/plain", "not a note");
    let (_, heard) = disputed(post, get).await;
    assert!(heard[0].contains("old 0\n"), "{}", heard[0]);
    assert!(heard[1].contains("old 1\n"), "{}", heard[1]);
    assert!(heard[2].starts_with("GET /"), "{}", heard[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_proof_without_a_reason_is_disputed() {
    let post = Says::new("422 Unprocessable Entity", "text/plain", "no\n");
    let get = Says::new("404 Not Found", "text/plain", "");
    let (told, _) = disputed(post, get).await;
    assert!(told.contains("refuses our checkpoint"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cosignature_of_somebody_else_is_none() {
    let mercy = Partner::new("mercy");
    let data = mercy.data();
    let keys = data.with_file_name("keys");
    let keys = credence::storage::Keys::open(&keys, &data, &"mercy".parse().unwrap()).unwrap();
    let line = keys.witness.cosign("any text\n", 1);
    let post = Says::new("200 OK", "text/plain", &line);
    let (told, _) = disputed(post, Says::new("404 Not Found", "text/plain", "")).await;
    assert!(
        told.contains("its cosignature is not to be believed"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_does_not_know_us_accuses_nobody() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let says = Says::new("404 Not Found", "text/plain", "");
    let impostor = Impostor::start(says.clone(), says).await;
    let up = anna.start(&lake.row(impostor.port)).await;
    let asked = || (impostor.heard().len() >= 2).then_some(());
    crate::partner::until("two requests", asked).await;
    assert_eq!(anna.alerts("witness-disputed").len(), 0);
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_forgot_what_it_cosigned_is_told_of() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let other = lake.start(&anna.row(anna.port)).await;
    let up = anna.start(&lake.row(lake.port)).await;
    let size = anna.cosigned_from(1, &lake).await;
    other.stop().await;
    std::fs::remove_dir_all(lake.data().join("witnessed")).unwrap();
    let other = lake.start(&anna.row(anna.port)).await;
    up.grow(3, "more").await;
    let told = anna.alerted("witness-forgot").await;
    assert!(told.contains("began again from 0"), "{told}");
    anna.cosigned_from(size + 3, &lake).await;
    up.stop().await;
    other.stop().await;
}
