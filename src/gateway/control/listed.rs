//! What is told of the contract's state: patients by pseudonym only.

use std::net::SocketAddr;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::config::PeerName;
use crate::contract::Charge;
use crate::contract::Consent;
use crate::contract::ConsentId;
use crate::contract::Epoch;
use crate::contract::Hold;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::contract::Report;
use crate::contract::Review;
use crate::contract::SCORE_COLD_START;
use crate::contract::State;
use crate::contract::Suspension;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

/// An association that a peer holds with the gateway, or asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedAssociation {
    /// Who it is; `None` as long as it is not accepted. What else is said here is the caller's own word then.
    #[schema(value_type = Option<String>)]
    pub peer: Option<PeerName>,
    /// The AE title that calls.
    #[schema(value_type = String)]
    pub calling: AeTitle,
    /// The AE title of ours that is called.
    #[schema(value_type = String)]
    pub called: AeTitle,
    /// Where the connection comes from.
    #[schema(value_type = String)]
    pub from: SocketAddr,
    /// When it was asked for.
    #[schema(value_type = i64)]
    pub since: UtcMicros,
    /// It is encrypted.
    pub tls: bool,
    /// What is under way, in the words of the metric `credence_requests` (`store`, `find`, ...).
    pub operation: Option<String>,
    /// How many requests came on it, the one under way among them.
    pub requests: u64,
}

/// A consent that stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedConsent {
    /// Its number.
    #[schema(value_type = u64)]
    pub consent: ConsentId,
    /// Its terms; the patient is a pseudonym.
    #[schema(value_type = Object)]
    pub terms: Consent,
}

/// A review that waits.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedReview {
    /// The first decision that it is about.
    pub decision: u64,
    /// What is known of it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub review: Review,
}

/// A hold that stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedHold {
    /// Its entry.
    pub entry: u64,
    /// What it says.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub hold: Hold,
}

/// A suspension that lasts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedSuspension {
    /// Its entry.
    pub entry: u64,
    /// What it says.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub suspension: Suspension,
}

/// An epoch whose details can still be opened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedEpoch {
    /// Which.
    #[schema(value_type = String)]
    pub epoch: Epoch,
    /// How many years it is kept from the end of its own.
    pub years: u16,
    /// It was kept long enough.
    pub due: bool,
    /// The first hold that speaks of its year.
    pub hold: Option<u64>,
}

/// A reported incident.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedReport {
    /// Its entry.
    pub entry: u64,
    /// Nobody decided in time: it can no longer count.
    pub lapsed: bool,
    /// What it says.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub report: Report,
}

/// A charge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedCharge {
    /// The entry that charged.
    pub entry: u64,
    /// What it still weighs today, in thousandths of a unit.
    pub weighs_milli: u64,
    /// What it was.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub charge: Charge,
}

/// A proposed set of policies.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedProposal {
    /// Its name.
    #[schema(value_type = String)]
    pub sha256: Sha256,
    /// Who proposed it.
    pub by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
}

/// The score of an institution.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedScore {
    /// Whose.
    #[schema(value_type = String)]
    pub institution: InstitutionSlug,
    /// 0 to 1000.
    pub score: u16,
    /// The ceiling that holds today, if one does.
    pub ceiling: Option<u16>,
    /// Good evidence today, in thousandths of a unit.
    pub good_milli: u64,
    /// Bad evidence today, in thousandths of a unit.
    pub bad_milli: u64,
}

pub(super) fn consents(state: &State, patient: Pseudonym) -> Answer {
    let listed = |(consent, terms): (ConsentId, &Consent)| ListedConsent {
        consent,
        terms: terms.clone(),
    };
    let theirs = state.patients_linked_to(patient).into_iter();
    let consents = theirs.flat_map(|one| state.consents_of(one));
    let mut consents: Vec<ListedConsent> = consents.map(listed).collect();
    consents.sort_unstable_by_key(|listed| listed.consent);
    Answer::Consents { consents }
}

pub(super) fn holds(state: &State) -> Answer {
    let holds = state.holds().map(|(entry, hold)| ListedHold {
        entry,
        hold: hold.clone(),
    });
    Answer::Holds {
        holds: holds.collect(),
    }
}

pub(super) fn suspensions(state: &State, now: UtcMicros) -> Answer {
    let lasting = state.suspensions(now);
    let suspensions = lasting.map(|(entry, suspension)| ListedSuspension {
        entry,
        suspension: suspension.clone(),
    });
    Answer::Suspensions {
        suspensions: suspensions.collect(),
    }
}

pub(super) fn reviews(state: &State) -> Answer {
    let reviews = state.reviews().map(|(decision, review)| ListedReview {
        decision,
        review: review.clone(),
    });
    let mut reviews: Vec<ListedReview> = reviews.collect();
    reviews.sort_by_key(|listed| listed.review.due);
    Answer::Reviews { reviews }
}

pub(super) fn incidents(state: &State, now: UtcMicros) -> Answer {
    let reports = state.reports().map(|(entry, report)| ListedReport {
        entry,
        lapsed: report.lapses <= now,
        report: report.clone(),
    });
    let weighs = |charge: &Charge| {
        let by = state
            .parameters()
            .map(|parameters| parameters.institutions());
        by.map_or(0, |by| charge.weight_on(by, now.day()) / 1000)
    };
    let charges = state.charges().map(|(entry, charge)| ListedCharge {
        entry,
        weighs_milli: weighs(charge),
        charge: charge.clone(),
    });
    Answer::Incidents {
        reports: reports.collect(),
        charges: charges.collect(),
    }
}

pub(super) fn policies(state: &State) -> Answer {
    let proposals = state.proposals().map(|(sha256, proposal)| ListedProposal {
        sha256,
        by: proposal.by.clone(),
        approved_by: proposal.approved_by.clone(),
    });
    Answer::Policies {
        in_force: state.policy().map(|policy| policy.sha256()),
        proposals: proposals.collect(),
    }
}

pub(super) fn scores(state: &State, day: Day) -> Answer {
    let listed = |(institution, score): (&InstitutionSlug, u16)| {
        let by = state.parameters()?.institutions();
        let reputation = state.reputation(institution)?;
        let (good, bad) = reputation.weights_on(by, day);
        Some(ListedScore {
            institution: institution.clone(),
            score,
            ceiling: reputation.ceiling(day).map(|ceiling| ceiling.score),
            good_milli: good / 1000,
            bad_milli: bad / 1000,
        })
    };
    let by = state
        .parameters()
        .map(|parameters| parameters.institutions());
    Answer::Scores {
        scores: state.scores(day).filter_map(listed).collect(),
        without_evidence: by.map_or(SCORE_COLD_START, |by| by.cold_start()),
    }
}
