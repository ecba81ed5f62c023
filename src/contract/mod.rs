//! The contract: what may be released to whom, as a pure function of the ledger.
//!
//! A [`Request`] (facts) is put to a [`State`] (a fold over the ledger's [`Event`]s) and answered
//! by a [`Decision`]. No clock, no IO, no floats, no hash order: any decision can be replayed
//! years later and gives the same bytes. Whatever goes wrong in a rule is a denial.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod account;
mod acts;
mod affects;
mod body;
mod consent;
mod credit;
mod decide;
mod decision;
mod disclosure;
mod event;
mod explain;
mod facts;
mod failures;
mod keeping;
mod merkle_map;
mod names;
mod otherwise;
mod policy;
mod request;
mod role;
mod signature;
mod sop_classes;
mod state;
mod suspension;
mod user;

#[cfg(test)]
mod fixtures;

pub use account::ACCOUNT_LINES_MAX;
pub use account::Account;
pub use account::Accounts;
pub use account::Earlier;
pub use account::Line;
pub use account::Statement;
pub use account::WaitingReport;
pub use account::What;
pub use acts::CommitmentAct;
pub use acts::Outcome;
pub use acts::ParcelRelease;
pub use acts::QueueAct;
pub use acts::ReceiptStanding;
pub use acts::StepAct;
pub use affects::Affected;
pub use affects::affects;
pub use body::Body;
pub use consent::Consent;
pub use consent::Effect;
pub use consent::Giver;
pub use consent::Grantees;
pub use consent::Mismatch;
pub use credit::CREDIT_TEXT_BYTES_MAX;
pub use credit::Ceiling;
pub use credit::Charge;
pub use credit::Course;
pub use credit::Incident;
pub use credit::Parameters;
pub use credit::ParametersError;
pub use credit::Reputation;
pub use credit::SCENARIO_DAYS_MAX;
pub use credit::SCENARIO_TEXT_BYTES_MAX;
pub use credit::SCORE_COLD_START;
pub use credit::Scenario;
pub use credit::ScenarioError;
pub use credit::StandingEvidence;
pub use credit::UnknownIncident;
pub use credit::UnknownStandingEvidence;
pub use credit::Weights;
pub use credit::simulate;
pub use decide::decide;
pub use decide::decide_by;
pub use decision::Decision;
pub use decision::Obligation;
pub use decision::UnknownObligation;
pub use decision::Verdict;
pub use disclosure::Authority;
pub use disclosure::DISCLOSURES_MAX;
pub use disclosure::Disclosing;
pub use disclosure::Disclosure;
pub use disclosure::Disclosures;
pub use disclosure::Parties;
pub use disclosure::Told;
pub use event::Event;
pub use explain::Considered;
pub use explain::Explanation;
pub use explain::Remedy;
pub use explain::Rule;
pub use explain::Way;
pub use explain::explain;
pub use facts::BreakGlass;
pub use facts::Facts;
pub use failures::FAILURE_STATUSES_MAX;
pub use failures::Failures;
pub use keeping::Epoch;
pub use keeping::ErasureReason;
pub use keeping::NotAnEpoch;
pub use keeping::UnknownErasureReason;
pub use names::ConsentId;
pub use names::InstitutionSlug;
pub use names::NotAPseudonym;
pub use names::Pseudonym;
pub use names::SlugError;
pub use otherwise::Difference;
pub use otherwise::ForPurpose;
pub use otherwise::Ground;
pub use otherwise::Otherwise;
pub use otherwise::differences;
pub use otherwise::otherwise;
pub use policy::Backtest;
pub use policy::CREDIT_NAME;
pub use policy::Contrast;
pub use policy::POLICY_TEXT_BYTES_MAX;
pub use policy::Place;
pub use policy::PolicyError;
pub use policy::PolicyFault;
pub use policy::PolicyParts;
pub use policy::PolicySet;
pub use policy::Remark;
pub use policy::RemarkKind;
pub use policy::RuleFile;
pub use policy::RuleText;
pub use policy::SCHEMA_NAME;
pub use request::Action;
pub use request::Purpose;
pub use request::Request;
pub use request::StudyFacts;
pub use request::Through;
pub use request::TransportFacts;
pub use request::UnknownPurpose;
pub use request::Verb;
pub use role::AccountAct;
pub use role::DetailsOf;
pub use role::Role;
pub use role::SignInMeans;
pub use role::SignOutEnd;
pub use role::UnknownRole;
pub use signature::Signature;
pub use sop_classes::SOP_CLASSES_MAX;
pub use sop_classes::SopClasses;
pub use state::Applied;
pub use state::CONSENTS_PER_PATIENT_MAX;
pub use state::Guardian;
pub use state::HOLDS_MAX;
pub use state::Hold;
pub use state::LINKED_PATIENTS_MAX;
pub use state::OPEN_PERMITS_MAX;
pub use state::ORAL_SUSPENSION_DAYS_MAX;
pub use state::OpenPermit;
pub use state::OpenReceipt;
pub use state::PROOF_NOTE_BYTES_MAX;
pub use state::PROPOSALS_MAX;
pub use state::Proposal;
pub use state::RECEIPTS_MAX;
pub use state::REPORTS_MAX;
pub use state::REVIEWS_MAX;
pub use state::Reason;
pub use state::Rejection;
pub use state::Report;
pub use state::Review;
pub use state::SUSPENSIONS_MAX;
pub use state::State;
pub use state::Suspension;
pub use state::score_of;
pub use suspension::StatementForm;
pub use suspension::UnknownStatementForm;
pub use user::User;
pub use user::UserProof;

/// The engine that evaluates policies; named in every decision and pinned in `Cargo.toml`.
pub const ENGINE: &str = "cedar-policy 4.14.1";

/// Version of the contract's own rules: matching of consents, arithmetic of scores, form of the
/// state. A change of any of them is a new version.
pub const CONTRACT_VERSION: u32 = 2;
