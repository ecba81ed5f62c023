//! What is asked of the contract: facts only, gathered before any byte of a study is released.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::user::User;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

/// What the requester wants to do, whichever DIMSE service carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// C-STORE: the requester sends images.
    Store,
    /// C-FIND: the requester asks what there is.
    Query,
    /// C-MOVE or C-GET: the requester has images sent.
    Retrieve,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 3] = [Self::Store, Self::Query, Self::Retrieve];

    /// Its word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Query => "query",
            Self::Retrieve => "retrieve",
        }
    }
}

/// Purpose of use, in words of HL7 v3 PurposeOfUse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Care of the patient (`TREAT`).
    Treatment,
    /// Break-glass: care that cannot wait for a consent (`ETREAT`).
    Emergency,
    /// The patient asked for it (`PATRQT`).
    PatientRequest,
    /// Research (`HRESCH`).
    Research,
    /// Running the hospital: quality, teaching, maintenance (`HOPERAT`).
    Operations,
    /// Billing (`HPAYMT`).
    Payment,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] = [
        Self::Treatment,
        Self::Emergency,
        Self::PatientRequest,
        Self::Research,
        Self::Operations,
        Self::Payment,
    ];

    /// The text form: in configuration, policies and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treatment => "TREATMENT",
            Self::Emergency => "EMERGENCY",
            Self::PatientRequest => "PATIENT_REQUEST",
            Self::Research => "RESEARCH",
            Self::Operations => "OPERATIONS",
            Self::Payment => "PAYMENT",
        }
    }

    /// The code of HL7 v3 PurposeOfUse.
    pub const fn hl7_code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::Emergency => "ETREAT",
            Self::PatientRequest => "PATRQT",
            Self::Research => "HRESCH",
            Self::Operations => "HOPERAT",
            Self::Payment => "HPAYMT",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no purpose of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a purpose of use is TREATMENT, EMERGENCY, PATIENT_REQUEST, RESEARCH, OPERATIONS or PAYMENT"
)]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or(UnknownPurpose)
    }
}

/// What a policy speaks of: a verb within a field of purposes. Fields are separate actions
/// because Cedar separates schemas by action: a patient's standing exists for research and
/// self-service, and a rule that would weigh it in care does not type-check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Images sent for care.
    CareStore,
    /// A query for care.
    CareQuery,
    /// Images fetched for care.
    CareRetrieve,
    /// Images sent for research.
    ResearchStore,
    /// A query for research.
    ResearchQuery,
    /// Images fetched for research.
    ResearchRetrieve,
    /// Images sent because the patient asked for it.
    SelfServiceStore,
    /// A query because the patient asked for it.
    SelfServiceQuery,
    /// Images fetched because the patient asked for it.
    SelfServiceRetrieve,
    /// Images sent for operations or payment.
    OperationsStore,
    /// A query for operations or payment.
    OperationsQuery,
    /// Images fetched for operations or payment.
    OperationsRetrieve,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 12] = [
        Self::CareStore,
        Self::CareQuery,
        Self::CareRetrieve,
        Self::ResearchStore,
        Self::ResearchQuery,
        Self::ResearchRetrieve,
        Self::SelfServiceStore,
        Self::SelfServiceQuery,
        Self::SelfServiceRetrieve,
        Self::OperationsStore,
        Self::OperationsQuery,
        Self::OperationsRetrieve,
    ];

    /// The action of this verb for this purpose.
    pub const fn of(verb: Verb, purpose: Purpose) -> Self {
        match (purpose, verb) {
            (Purpose::Treatment | Purpose::Emergency, Verb::Store) => Self::CareStore,
            (Purpose::Treatment | Purpose::Emergency, Verb::Query) => Self::CareQuery,
            (Purpose::Treatment | Purpose::Emergency, Verb::Retrieve) => Self::CareRetrieve,
            (Purpose::Research, Verb::Store) => Self::ResearchStore,
            (Purpose::Research, Verb::Query) => Self::ResearchQuery,
            (Purpose::Research, Verb::Retrieve) => Self::ResearchRetrieve,
            (Purpose::PatientRequest, Verb::Store) => Self::SelfServiceStore,
            (Purpose::PatientRequest, Verb::Query) => Self::SelfServiceQuery,
            (Purpose::PatientRequest, Verb::Retrieve) => Self::SelfServiceRetrieve,
            (Purpose::Operations | Purpose::Payment, Verb::Store) => Self::OperationsStore,
            (Purpose::Operations | Purpose::Payment, Verb::Query) => Self::OperationsQuery,
            (Purpose::Operations | Purpose::Payment, Verb::Retrieve) => Self::OperationsRetrieve,
        }
    }

    /// The name in schema and policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CareStore => "CareStore",
            Self::CareQuery => "CareQuery",
            Self::CareRetrieve => "CareRetrieve",
            Self::ResearchStore => "ResearchStore",
            Self::ResearchQuery => "ResearchQuery",
            Self::ResearchRetrieve => "ResearchRetrieve",
            Self::SelfServiceStore => "SelfServiceStore",
            Self::SelfServiceQuery => "SelfServiceQuery",
            Self::SelfServiceRetrieve => "SelfServiceRetrieve",
            Self::OperationsStore => "OperationsStore",
            Self::OperationsQuery => "OperationsQuery",
            Self::OperationsRetrieve => "OperationsRetrieve",
        }
    }

    /// Whether the schema of this action knows a patient's standing. Never so in care.
    pub const fn weighs_standing(self) -> bool {
        match self {
            Self::ResearchStore
            | Self::ResearchQuery
            | Self::ResearchRetrieve
            | Self::SelfServiceStore
            | Self::SelfServiceQuery
            | Self::SelfServiceRetrieve => true,
            Self::CareStore
            | Self::CareQuery
            | Self::CareRetrieve
            | Self::OperationsStore
            | Self::OperationsQuery
            | Self::OperationsRetrieve => false,
        }
    }
}

/// What is known of the study, without its UID in clear and without descriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyFacts {
    /// Modalities (0008,0060) or (0008,0061); empty when unknown.
    pub modalities: BTreeSet<String>,
    /// Study Date (0008,0020), when there is one.
    pub date: Option<Day>,
    /// Digest that stands for the Study Instance UID (0020,000D).
    pub uid_digest: Sha256,
}

/// The gateway of another institution at the other end, which judges by a contract of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Through {
    /// Whose gateway.
    pub institution: InstitutionSlug,
    /// Both gateways sign a receipt for what moves. What is evidence of the other one is that receipt.
    pub receipt: bool,
}

/// How the request reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportFacts {
    /// Every hop that the images take is encrypted.
    pub tls: bool,
    /// The requester's certificate was verified.
    pub mutual: bool,
    /// The requester's network address is one that its configuration names.
    pub address_checked: bool,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) of the certificate that was shown and verified. No
    /// rule sees it: it is for whoever asks later what a stolen key reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Sha256>,
}

/// A request: facts only. Its canonical JSON is part of the decision's ledger entry and is all
/// that replay needs beside the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is to be done.
    pub verb: Verb,
    /// For what.
    pub purpose: Purpose,
    /// Who asks.
    pub requester: InstitutionSlug,
    /// Its AE title.
    pub requester_ae: AeTitle,
    /// The person, where the association names one, and what proves it.
    pub user: Option<User>,
    /// The decision under which it was received, of an instance that is asked about again when it
    /// leaves the spool. What that decision counted and demanded is not counted and demanded twice.
    pub again: Option<u64>,
    /// Whose patient data it is: who holds the data and answers for it.
    pub custodian: InstitutionSlug,
    /// Who gets it. For a store from our own modality to our own PACS, requester, custodian and
    /// recipient are all our own institution.
    pub recipient: InstitutionSlug,
    /// Its AE title.
    pub recipient_ae: AeTitle,
    /// Whose images; `None` when Patient ID is absent or empty, which is a fact for the policy.
    pub patient: Option<Pseudonym>,
    /// Which study, when it is known.
    pub study: Option<StudyFacts>,
    /// True only for a C-FIND request *as a whole*, which discloses nothing by itself because each
    /// of its matches is judged on its own. A match is never a question, not even one without
    /// patient and study.
    pub question: bool,
    /// How it came.
    pub transport: TransportFacts,
    /// The gateway of another institution that it comes from, or goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Through>,
    /// When it came. All that is judged by time is judged by this moment.
    pub received_at: UtcMicros,
}

impl Request {
    /// The action that policies see.
    pub const fn action(&self) -> Action {
        Action::of(self.verb, self.purpose)
    }

    /// Whether it is a C-FIND as a whole, and says nothing of a patient or a study.
    pub(crate) const fn is_bare_question(&self) -> bool {
        matches!(self.verb, Verb::Query)
            && self.question
            && self.patient.is_none()
            && self.study.is_none()
    }

    /// The institutions that a consent must cover: the recipient, and the requester too when it is
    /// not `own`; a custodian already holds what it would be consented to see, so it needs no
    /// consent unless nobody else takes part.
    pub(crate) fn consent_parties(
        &self,
        own: &InstitutionSlug,
    ) -> impl Iterator<Item = &InstitutionSlug> + Clone {
        let outsider = |party: &InstitutionSlug| *party != self.custodian;
        let requester = (self.requester != *own
            && self.requester != self.recipient
            && outsider(&self.requester))
        .then_some(&self.requester);
        let recipient =
            (outsider(&self.recipient) || requester.is_none()).then_some(&self.recipient);
        recipient.into_iter().chain(requester)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fixtures;

    fn parties(requester: &str, custodian: &str, recipient: &str) -> Vec<String> {
        let request = Request {
            requester: requester.parse().unwrap(),
            custodian: custodian.parse().unwrap(),
            recipient: recipient.parse().unwrap(),
            ..fixtures::pull()
        };
        request
            .consent_parties(&"own".parse().unwrap())
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_consent_must_cover_who_receives_and_a_foreign_requester() {
        assert_eq!(parties("lakeside", "own", "lakeside"), ["lakeside"]);
        assert_eq!(parties("lakeside", "own", "hill"), ["hill", "lakeside"]);
        assert_eq!(parties("own", "own", "hill"), ["hill"]);
        assert_eq!(parties("lakeside", "own", "own"), ["lakeside"]);
        assert_eq!(parties("lakeside", "lakeside", "own"), ["own"]);
        assert_eq!(parties("own", "lakeside", "own"), ["own"]);
        assert_eq!(parties("own", "own", "own"), ["own"]);
        assert_eq!(parties("own", "hill", "hill"), ["hill"]);
    }

    #[test]
    fn every_purpose_reads_back_from_its_text() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.as_str().parse(), Ok(purpose));
            assert_eq!(
                serde_json::to_value(purpose).unwrap(),
                serde_json::Value::from(purpose.as_str())
            );
        }
        assert_eq!("treatment".parse::<Purpose>(), Err(UnknownPurpose));
    }
}
