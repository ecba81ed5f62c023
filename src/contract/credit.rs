//! Credit: what evidence does to the score of an institution, and to the standing of a patient.
//!
//! [`Parameters`] are a file of the policy set. A [`Reputation`] holds evidence as two weights and
//! answers with a score; it knows nothing of who says so, which is for the state to judge. A
//! [`Scenario`] is a file of made-up behaviour, for [`simulate`].

mod half_life;
mod parameters;
mod reputation;
mod scenario;
mod simulation;

pub use parameters::CREDIT_TEXT_BYTES_MAX;
pub use parameters::Incident;
pub use parameters::Parameters;
pub use parameters::ParametersError;
pub use parameters::StandingEvidence;
pub use parameters::UnknownIncident;
pub use parameters::UnknownStandingEvidence;
pub use reputation::Ceiling;
pub use reputation::Charge;
pub use reputation::Reputation;
pub use reputation::SCORE_COLD_START;
pub use reputation::Weights;
pub use scenario::SCENARIO_DAYS_MAX;
pub use scenario::SCENARIO_TEXT_BYTES_MAX;
pub use scenario::Scenario;
pub use scenario::ScenarioError;
pub use simulation::Course;
pub use simulation::simulate;

pub(in crate::contract) use reputation::after_days;

#[cfg(test)]
mod properties;
