//! What identifies, sealed beside an entry under the patient's own key.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::Pseudonym;
use crate::ledger::Sent;

use super::Asked;
use super::PatientIdentity;

/// Details on their way into the ledger.
#[derive(Clone)]
pub(in crate::gateway) struct Filed {
    /// Under whose key.
    pub(in crate::gateway) patient: Pseudonym,
    /// The retention class that says how long they are kept.
    pub(in crate::gateway) class: String,
    pub(in crate::gateway) details: Details,
}

/// What was signed of a transfer between two gateways, and what is needed to go on with it after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway) struct ReceiptDetails {
    /// The retention class of its decision.
    pub(in crate::gateway) class: String,
    /// The receipt, with the signatures that it has.
    pub(in crate::gateway) receipt: Option<String>,
    /// What the other side signed instead, where it is disputed.
    pub(in crate::gateway) theirs: Option<String>,
    /// What we sent, where we wait for the other side to say what it got.
    pub(in crate::gateway) sent: Option<Sent>,
}

/// What an entry is about, in the clear until it is sealed.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(in crate::gateway) enum Details {
    /// Of a decision.
    Decision {
        patient_id: String,
        issuer_of_patient_id: String,
        study_instance_uid: Option<String>,
        /// The transfer between two gateways that it begins.
        #[serde(skip_serializing_if = "Option::is_none")]
        transfer: Option<String>,
        /// What the other gateway stated, as it signed it.
        #[serde(skip_serializing_if = "Option::is_none")]
        statement: Option<String>,
    },
    /// Of a receipt between two gateways.
    Receipt(Box<ReceiptDetails>),
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
            transfer: asked.ticket.0.as_ref().map(|ticket| ticket.transfer.text()),
            statement: asked.stated.as_deref().map(str::to_owned),
        }
    }
}
