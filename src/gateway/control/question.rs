//! A question to the contract that no peer asks: what would be answered, and why.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::PatientName;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::StudyFacts;
use crate::contract::TransportFacts;
use crate::contract::User;
use crate::contract::Verb;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is to be done.
    pub verb: Verb,
    /// For what.
    pub purpose: Purpose,
    /// Who asks.
    #[schema(value_type = String)]
    pub requester: InstitutionSlug,
    /// Its AE title.
    #[schema(value_type = String)]
    pub requester_ae: AeTitle,
    /// The person who asks, if one is named, and what proves it.
    #[schema(value_type = Option<Object>)]
    pub user: Option<User>,
    /// Whose images; our own institution, unless it says otherwise.
    #[schema(value_type = Option<String>)]
    pub custodian: Option<InstitutionSlug>,
    /// Who gets them.
    #[schema(value_type = String)]
    pub recipient: InstitutionSlug,
    /// Its AE title.
    #[schema(value_type = String)]
    pub recipient_ae: AeTitle,
    /// Whose images.
    pub patient: Option<PatientName>,
    /// Study Instance UID.
    pub study: Option<String>,
    /// Modalities of the study.
    pub modalities: BTreeSet<String>,
    /// Day of the study.
    #[schema(value_type = Option<i32>)]
    pub study_date: Option<Day>,
    /// Every hop is encrypted.
    pub tls: bool,
    /// At this moment, by what the ledger held then; now, if absent.
    #[schema(value_type = Option<i64>)]
    pub at: Option<UtcMicros>,
}

impl Question {
    /// Whether it is about a patient or a study by its name.
    pub const fn names_somebody(&self) -> bool {
        self.patient.is_some() || self.study.is_some()
    }

    /// The request that a peer would make with it. `patient` and `study` are the names that the
    /// ledger knows them by.
    pub(super) fn request(
        self,
        own: &InstitutionSlug,
        patient: Option<Pseudonym>,
        study: Option<Sha256>,
        received_at: UtcMicros,
    ) -> Request {
        // A study of which only modality or day are told is none that a consent could name.
        let is_described = !self.modalities.is_empty() || self.study_date.is_some();
        let study = study.or_else(|| is_described.then_some(Sha256::ZERO));
        let study = study.map(|uid_digest| StudyFacts {
            modalities: self.modalities,
            date: self.study_date,
            uid_digest,
        });
        Request {
            verb: self.verb,
            purpose: self.purpose,
            requester: self.requester,
            requester_ae: self.requester_ae,
            user: self.user,
            again: None,
            through: None,
            custodian: self.custodian.unwrap_or_else(|| own.clone()),
            recipient: self.recipient,
            recipient_ae: self.recipient_ae,
            patient,
            study,
            question: false,
            transport: TransportFacts {
                tls: self.tls,
                mutual: self.tls,
                address_checked: true,
                certificate: None,
            },
            received_at,
        }
    }
}
