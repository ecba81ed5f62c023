//! The link between two gateways, when one of them is not what it should be: here Lakeside's gateway is written
//! by the test, with real keys and certificates, and St. Anna's is the real one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on has failed"
)]

mod impostor;
#[path = "../books/rules.rs"]
mod rules;
mod sender;
mod site;
#[path = "../starting/mod.rs"]
mod starting;

mod dishonest_receipts;
mod dishonest_senders;
mod dishonest_statements;
mod late_receipts;
