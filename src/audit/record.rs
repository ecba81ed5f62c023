//! One entry of the ledger, told for an audit: the one source of every format, so that formats cannot disagree.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::alerts;
use super::summary;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::SopClasses;
use crate::contract::StudyFacts;
use crate::contract::User;
use crate::contract::Verdict;
use crate::ledger::Entry;
use crate::time::UtcMicros;

/// What identifies, out of the sealed details beside an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Patient ID (0010,0020).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_id: Option<String>,
    /// Issuer of Patient ID (0010,0021).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_of_patient_id: Option<String>,
    /// Study Instance UID (0020,000D).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study_instance_uid: Option<String>,
    /// Why an access was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who may consent in the patient's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
}

/// A decision that entries follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its entry.
    pub entry: u64,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub decision: Decision,
    /// Whose it was, where that is told.
    pub identity: Option<Identity>,
}

/// What was moved or told; `None`: that is nothing that such an entry counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instances that were delivered.
    pub instances: Option<u64>,
    /// Instances that failed.
    pub failed: Option<u64>,
    /// Bytes of data sets.
    pub bytes: Option<u64>,
    /// Matches of a query that were told.
    pub matches: Option<u64>,
    /// Matches that the asker may not know of.
    pub withheld: Option<u64>,
}

/// How it went, in the four steps of RFC 3881 §5.1.4 (and PS3.15 A.5, EventOutcomeIndicator).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// 0.
    Success,
    /// 4: not done, and nothing is wrong with that.
    Minor,
    /// 8: not done, and it should have been.
    Serious,
    /// 12: the record itself is in doubt.
    Major,
}

impl Severity {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Minor => "minor",
            Self::Serious => "serious",
            Self::Major => "major",
        }
    }

    /// The number of the standard.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Minor => 4,
            Self::Serious => 8,
            Self::Major => 12,
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Record {
    /// The entry, as it stands in the ledger.
    pub entry: Entry,
    /// The decision that it is, or follows from.
    pub judged: Option<Arc<Judged>>,
    /// Whom its own sealed details are about, where that is told.
    pub identity: Option<Identity>,
}

impl Record {
    /// What happened.
    pub const fn body(&self) -> &Body {
        &self.entry.event.body
    }

    /// When, by the ledger's time, which never runs back.
    pub const fn at(&self) -> UtcMicros {
        self.entry.ledger_time
    }

    /// In one line, for people; without patient data.
    pub fn text(&self) -> String {
        summary::what(self.body())
    }

    /// The person who did it or recorded it; of what a peer asked, its user.
    pub fn person(&self) -> Option<&str> {
        let user = || Some(self.request()?.user.as_ref()?.name.as_str());
        self.body().person().or_else(user)
    }

    /// The user of a peer, who asked or was authenticated.
    pub fn user(&self) -> Option<&User> {
        match self.body() {
            Body::UserAuthenticated { user, .. } => Some(user),
            _ => self.request()?.user.as_ref(),
        }
    }

    /// The IP address that a person came from, where the entry knows it.
    pub fn address(&self) -> Option<&str> {
        match self.body() {
            Body::SignedIn { address, .. } => address.as_deref(),
            _ => None,
        }
    }

    /// The request that it is about.
    pub fn request(&self) -> Option<&Request> {
        self.judged.as_deref().map(|judged| &judged.request)
    }

    /// The decision that it is, or follows from.
    pub fn decision(&self) -> Option<&Decision> {
        self.judged.as_deref().map(|judged| &judged.decision)
    }

    /// What was decided.
    pub fn verdict(&self) -> Option<Verdict> {
        self.decision().map(|decision| decision.verdict)
    }

    /// For what.
    pub fn purpose(&self) -> Option<Purpose> {
        self.request().map(|request| request.purpose)
    }

    /// The study, as the ledger knows it.
    pub fn study(&self) -> Option<&StudyFacts> {
        self.request()?.study.as_ref()
    }

    /// Whom it is about, where that is told.
    pub fn identity(&self) -> Option<&Identity> {
        let of_decision = || self.judged.as_deref()?.identity.as_ref();
        self.identity.as_ref().or_else(of_decision)
    }

    /// Permitted because it could not wait for a consent.
    pub fn is_break_glass(&self) -> bool {
        self.purpose() == Some(Purpose::Emergency) && self.verdict() == Some(Verdict::Permit)
    }

    /// The entry of the decision that `body` follows from.
    pub const fn follows(body: &Body) -> Option<u64> {
        match body {
            Body::TransferClosed { decision, .. }
            | Body::Receipt { decision, .. }
            | Body::Query { decision, .. }
            | Body::ProcedureStep { decision, .. }
            | Body::ParcelSealed { decision, .. }
            | Body::ParcelOpened { decision, .. } => Some(*decision),
            Body::Commitment { decision, .. } => *decision,
            Body::ReviewReasoned { review, .. }
            | Body::ReviewOverdue { review, .. }
            | Body::ReviewClosed { review, .. } => Some(*review),
            Body::Alert { about, .. } => *about,
            _ => None,
        }
    }

    /// The patients whom it is about.
    pub fn patients(&self) -> BTreeSet<Pseudonym> {
        let named: Vec<Pseudonym> = match self.body() {
            Body::ConsentGranted { consent, .. } => vec![consent.patient],
            Body::ConsentRevoked { patient, .. }
            | Body::GuardianNamed { patient, .. }
            | Body::GuardianEnded { patient, .. }
            | Body::StandingNoted { patient, .. }
            | Body::DisclosuresSuspended { patient, .. }
            | Body::Receipt { patient, .. } => vec![*patient],
            Body::PatientLinked { patient, into, .. } => vec![*patient, *into],
            Body::PatientUnlinked { patient, from, .. } => vec![*patient, *from],
            Body::PatientErased { patients, .. } | Body::DetailsShown { patients, .. } => {
                return patients.clone();
            }
            Body::HoldPlaced { patients, .. } => return patients.clone().unwrap_or_default(),
            Body::QueueChanged { patient, .. } => patient.iter().copied().collect(),
            _ => Vec::new(),
        };
        let asked = self.request().and_then(|request| request.patient);
        named.into_iter().chain(asked).collect()
    }

    /// The institutions that take part.
    pub fn institutions(&self) -> BTreeSet<&InstitutionSlug> {
        let named = match self.body() {
            Body::Genesis { institution, .. }
            | Body::RevocationHonoured { institution, .. }
            | Body::Equivocated { institution, .. }
            | Body::ReviewOverdue { institution, .. }
            | Body::ReviewClosed { institution, .. }
            | Body::IncidentReported { institution, .. }
            | Body::IncidentDecided { institution, .. }
            | Body::ChargeReversed { institution, .. }
            | Body::CeilingLifted { institution, .. }
            | Body::Receipt { institution, .. }
            | Body::UserAuthenticated { institution, .. }
            | Body::Misstated { institution, .. } => Some(institution),
            Body::DisclosuresSuspended { recipient, .. } => Some(recipient),
            Body::ParcelSealed { recipient, .. } | Body::ParcelOpened { recipient, .. } => {
                Some(recipient)
            }
            _ => None,
        };
        let asked = self
            .request()
            .into_iter()
            .flat_map(|request| [&request.requester, &request.custodian, &request.recipient]);
        named.into_iter().chain(asked).collect()
    }

    /// What was moved or told.
    pub const fn counts(&self) -> Counts {
        let nothing = Counts {
            instances: None,
            failed: None,
            bytes: None,
            matches: None,
            withheld: None,
        };
        match self.body() {
            Body::TransferClosed {
                instances,
                failed,
                bytes,
                ..
            } => Counts {
                instances: Some(*instances),
                failed: Some(*failed),
                bytes: Some(*bytes),
                ..nothing
            },
            Body::ParcelSealed {
                instances, bytes, ..
            } => Counts {
                instances: Some(*instances),
                bytes: Some(*bytes),
                ..nothing
            },
            Body::Commitment {
                instances, failed, ..
            } => Counts {
                instances: Some(*instances),
                failed: Some(*failed),
                ..nothing
            },
            Body::QueueChanged { objects, .. } => Counts {
                instances: Some(*objects),
                ..nothing
            },
            Body::Query {
                matches, withheld, ..
            } => Counts {
                matches: Some(*matches),
                withheld: Some(*withheld),
                ..nothing
            },
            _ => nothing,
        }
    }

    /// The instances that were moved, by SOP class, where these are known.
    pub const fn classes(&self) -> Option<&SopClasses> {
        match self.body() {
            Body::TransferClosed { classes, .. } | Body::ParcelSealed { classes, .. } => {
                Some(classes)
            }
            _ => None,
        }
    }

    /// How it went.
    pub fn severity(&self) -> Severity {
        match self.body() {
            Body::Decision { decision, .. } if decision.verdict == Verdict::Deny => Severity::Minor,
            Body::TransferClosed { outcome, .. } => match outcome {
                Outcome::Completed => Severity::Success,
                Outcome::Cancelled | Outcome::Stopped => Severity::Minor,
                Outcome::Failed | Outcome::Interrupted => Severity::Serious,
            },
            // A0xx to CxxxH but Pending, and 01xxH: failures (PS3.7 Annex C).
            Body::Query { status, .. } | Body::ProcedureStep { status, .. }
                if crate::dimse::Status(*status).class() == crate::dimse::Class::Failure =>
            {
                Severity::Serious
            }
            Body::Alert { code, .. } => alerts::meaning(code).1,
            Body::ReviewOverdue { .. } | Body::Bypassed { .. } => Severity::Serious,
            Body::Equivocated { .. } | Body::Misstated { .. } => Severity::Major,
            _ => Severity::Success,
        }
    }
}
