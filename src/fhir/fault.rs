//! What is wrong with a text: where, why, and what to do.

use std::fmt;

use serde::Serialize;

/// Why a text is not imported. Holds no value of the text that could name a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// FHIR path, as `Bundle.entry[2].resource.provision.actor[0].role`.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.path, self.problem, self.remedy)
    }
}
