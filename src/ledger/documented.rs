//! The examples of docs/two-hospitals.md are what this code signs and believes.

use crate::digest::Sha256;
use crate::ledger::key::LogKey;
use crate::ledger::manifest::Manifest;
use crate::ledger::receipt::Receipt;
use crate::ledger::signed_text::open_text;
use crate::ledger::statement::Statement;

const DOCUMENT: &str = include_str!("../../docs/two-hospitals.md");

/// The block that is marked so.
fn note(kind: &str) -> &'static str {
    let (_, rest) = DOCUMENT
        .split_once(&format!("```text note={kind}\n"))
        .unwrap();
    rest.split_once("```").unwrap().0
}

/// The key with this name.
fn key(name: &str) -> LogKey {
    let before = format!("`{name}+");
    let (_, rest) = DOCUMENT.split_once(&before).unwrap();
    let (rest, _) = rest.split_once('`').unwrap();
    format!("{name}+{rest}").parse().unwrap()
}

#[test]
fn the_documented_statement_is_signed_and_speaks_of_the_drawn_study() {
    let statement: Statement = open_text(note("statement"), &key("lakeside/statements")).unwrap();
    let study = "2.25.128727196722218145865570469051823836991";
    assert_eq!(statement.of_study(study).unwrap().decision, 9);
}

#[test]
fn the_documented_receipt_is_signed_by_both_and_its_root_is_that_of_its_data_sets() {
    let receipt = note("receipt");
    let one: Receipt = open_text(receipt, &key("lakeside/statements")).unwrap();
    let other: Receipt = open_text(receipt, &key("st-anna/statements")).unwrap();
    assert_eq!(one, other);
    let mut manifest = Manifest::new(one.transfer.salt());
    for data_set in ["two", "one"] {
        manifest.add(&Sha256::of(&[data_set.as_bytes()]));
    }
    assert_eq!(one.root, manifest.root());
}
