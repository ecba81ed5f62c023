//! Credence: a DICOM gateway that judges every transfer and keeps a signed ledger of what followed.
//!
//! Low rooms know nothing of high ones; `ARCHITECTURE.md` draws the plan and `tests/layering.rs`
//! holds the code to it.

pub mod admin;
pub mod alarm;
pub mod association;
pub mod atna;
pub mod audit;
pub mod certificate;
pub mod chart;
pub mod cli;
pub mod clock;
pub mod config;
pub mod contract;
pub mod demo;
pub mod depot;
pub mod dicom;
pub mod digest;
pub mod dimse;
pub mod exchange;
pub mod fhir;
pub mod gateway;
pub mod identity;
pub mod ledger;
pub mod parcel;
pub mod storage;
pub mod time;
pub mod transport;
pub mod web;
pub mod witness;
