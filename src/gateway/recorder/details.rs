//! What identifies, sealed beside a decision's entry under the patient's own key.

use serde::Serialize;

use super::Asked;
use super::PatientIdentity;

/// Whom and what a decision was about, in the clear until it is sealed.
#[derive(Serialize)]
pub(super) struct Details {
    patient_id: String,
    issuer_of_patient_id: String,
    study_instance_uid: Option<String>,
}

impl Details {
    /// The details of a question about `patient`.
    pub(super) fn of(patient: &PatientIdentity, asked: &Asked) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            patient_id: text(&patient.id),
            issuer_of_patient_id: text(&patient.issuer),
            study_instance_uid: asked.study.as_ref().map(|study| study.uid.to_string()),
        }
    }
}
