//! Consents as HL7 FHIR R4 tells them: a text of Consent resources, as IHE Privacy Consent on FHIR
//! (PCF) profiles them, into the words of a patient desk.
//!
//! Fail closed: what the contract cannot express, or what is not understood here, is a [`Fault`]
//! that names the FHIR path, why, and what to do; then nothing of the text is read.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod coded;
mod consent;
mod element;
mod fault;
mod json;
mod moment;
mod provision;
mod reference;
mod resources;
mod restriction;
mod terms;

#[cfg(test)]
mod tests;

pub use consent::TERMS_MAX;
pub use consent::read;
pub use element::FAULTS_MAX;
pub use fault::Fault;
pub use provision::PROVISION_DEPTH_MAX;
pub use provision::PROVISIONS_MAX;
pub use resources::RESOURCES_MAX;
pub use terms::Directive;
pub use terms::Identifier;
pub use terms::Organisation;
pub use terms::Patient;
pub use terms::Terms;

/// Bytes in the longest text that is read.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;
