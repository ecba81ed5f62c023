//! The promises of `ARCHITECTURE.md`, one module each. Every test here fails when the promise
//! that its module is named after is broken.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and it measures how long things take"
)]

mod books;
mod house;
mod images;
#[path = "../books/rules.rs"]
mod rules;
mod serving;
#[path = "../starting/mod.rs"]
mod starting;
mod wire;

mod break_glass;
mod bytes_untouched;
mod deterministic_contract;
mod every_way_in_is_judged;
mod fail_closed;
mod limits;
mod no_patient_in_clear;
mod one_writer;
mod policies;
mod record_before_release;
mod revocation;
mod routes;
mod spooled;
mod truthful_status;
