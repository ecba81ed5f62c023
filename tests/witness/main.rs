//! Gateways that witness each other: the exchange of C2SP tlog-witness between real ones, and what
//! comes to light when one of them, or its disk, is not honest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on has failed"
)]

mod partner;
#[path = "../books/rules.rs"]
mod rules;
mod wire;

mod dishonest_logs;
mod dishonest_witnesses;
mod exchange;
mod limits;
