//! Patients and studies by the names that people know them by, and by those of the ledger.

use std::collections::BTreeSet;

use crate::cli::desk::answer;
use crate::cli::desk::unexpected;
use crate::config::Config;
use crate::contract::Pseudonym;
use crate::digest::Sha256;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;

/// As people know them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Patient ID.
    pub patient: Option<String>,
    /// Issuer of Patient ID.
    pub issuer: Option<String>,
    /// Study Instance UID.
    pub study: Option<String>,
}

/// As the ledger knows them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Every pseudonym of the patient.
    pub patients: BTreeSet<Pseudonym>,
    /// Keyed digest of the study.
    pub study: Option<Sha256>,
}

impl Names {
    /// The ledger's names.
    ///
    /// # Errors
    /// Why there are none, as it is told: a patient whom the gateway has not met, among others.
    pub fn known(&self, config: &Config) -> Result<Known, String> {
        if self.patient.is_none() && self.study.is_none() {
            return Ok(Known::default());
        }
        let patient = self.patient.as_ref().map(|id| PatientName {
            id: id.clone(),
            issuer: self.issuer.clone().unwrap_or_default(),
        });
        let command = Command::Names {
            patient,
            study: self.study.clone(),
        };
        let (patients, study) = match answer(config, command).map_err(|error| error.to_string())? {
            Answer::Names { patients, study } => (patients, study),
            Answer::Refused { reason } => return Err(reason),
            other => return Err(unexpected(&other).to_string()),
        };
        if self.patient.is_some() && patients.is_empty() {
            return Err("the gateway has not met this patient, or has forgotten them".to_owned());
        }
        Ok(Known { patients, study })
    }
}
