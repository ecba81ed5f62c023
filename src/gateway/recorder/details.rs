//! What identifies, sealed beside an entry under the patient's own key.

use serde::Serialize;

use crate::contract::Pseudonym;

use super::Asked;
use super::PatientIdentity;

/// Details on their way into the ledger.
pub(super) struct Filed {
    /// Under whose key.
    pub(super) patient: Pseudonym,
    /// The retention class that says how long they are kept.
    pub(super) class: String,
    pub(super) details: Details,
}

/// What an entry is about, in the clear until it is sealed.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Details {
    /// Of a decision.
    Decision {
        patient_id: String,
        issuer_of_patient_id: String,
        study_instance_uid: Option<String>,
    },
    /// Who may consent in the patient's place.
    Guardian { guardian: String },
    /// Why an access was made.
    Reason { reason: String },
}

impl Details {
    /// The details of a question about `patient`.
    pub(super) fn of(patient: &PatientIdentity, asked: &Asked) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self::Decision {
            patient_id: text(&patient.id),
            issuer_of_patient_id: text(&patient.issuer),
            study_instance_uid: asked.study.as_ref().map(|study| study.uid.to_string()),
        }
    }
}
