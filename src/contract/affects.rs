//! Which answers an event may change.

use std::collections::BTreeSet;

use crate::contract::acts::ReceiptStanding;
use crate::contract::body::Body;
use crate::contract::event::Event;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Request;
use crate::contract::state::State;

/// Whose decisions an event may change: open permits that touch one of these are to be asked
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// Decisions about these patients.
    pub patients: BTreeSet<Pseudonym>,
    /// Decisions in which these institutions request or receive.
    pub institutions: BTreeSet<InstitutionSlug>,
    /// All of them.
    pub everything: bool,
}

impl Affected {
    /// Whether `request` may be answered differently now.
    pub fn touches(&self, request: &Request) -> bool {
        self.everything
            || request
                .patient
                .is_some_and(|patient| self.patients.contains(&patient))
            || self.institutions.contains(&request.requester)
            || self.institutions.contains(&request.recipient)
    }

    /// Whether nothing can change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which decisions `event`, which `state` has applied, may change.
pub fn affects(state: &State, event: &Event) -> Affected {
    let mut affected = Affected::default();
    match &event.body {
        Body::Genesis { .. } | Body::PolicyActivated { .. } => affected.everything = true,
        // Those who are one patient no longer are not found by looking for one of them.
        Body::PatientLinked { .. } | Body::PatientUnlinked { .. } => affected.everything = true,
        Body::ConsentGranted { consent, .. } => {
            affected.patients = state.patients_linked_to(consent.patient);
        }
        Body::ConsentRevoked { patient, .. } | Body::StandingNoted { patient, .. } => {
            affected.patients = state.patients_linked_to(*patient);
        }
        Body::TransferClosed {
            sender,
            recipient,
            is_final,
            ..
        } => affected.institutions = others(event, *is_final, [sender, recipient]),
        Body::RevocationHonoured { institution, .. }
        | Body::ReviewOverdue { institution, .. }
        | Body::ReviewClosed { institution, .. }
        | Body::IncidentDecided { institution, .. }
        | Body::ChargeReversed { institution, .. }
        | Body::CeilingLifted { institution, .. }
        | Body::Equivocated { institution, .. }
        | Body::Misstated { institution, .. }
        | Body::Receipt {
            institution,
            standing: ReceiptStanding::Agreed | ReceiptStanding::Disputed | ReceiptStanding::Missing,
            ..
        } => affected.institutions = BTreeSet::from([institution.clone()]),
        Body::PatientErased { patients, .. } => affected.patients = patients.clone(),
        Body::Restored { .. }
        | Body::QueueChanged { .. }
        | Body::Bypassed { .. }
        | Body::AuditExported { .. }
        | Body::AuditSearched { .. }
        | Body::UserAuthenticated { .. }
        | Body::AccountChanged { .. }
        | Body::DetailsShown { .. }
        | Body::SignedIn { .. }
        | Body::SignedOut { .. }
        | Body::HoldPlaced { .. }
        | Body::HoldLifted { .. }
        | Body::DetailsDropped { .. }
        | Body::DisclosuresSuspended { .. }
        | Body::DisclosuresResumed { .. }
        | Body::PolicyProposed { .. }
        | Body::PolicyApproved { .. }
        | Body::PolicyWithdrawn { .. }
        | Body::GuardianNamed { .. }
        | Body::GuardianEnded { .. }
        | Body::ReviewReasoned { .. }
        | Body::IncidentReported { .. }
        | Body::Receipt {
            standing: ReceiptStanding::Due | ReceiptStanding::Drafted,
            ..
        }
        | Body::Decision { .. }
        | Body::Query { .. }
        | Body::ProcedureStep { .. }
        | Body::Commitment { .. }
        | Body::ParcelSealed { .. }
        | Body::ParcelOpened { .. }
        | Body::Alert { .. }
        | Body::Started { .. }
        | Body::Stopped { .. } => {}
    }
    affected
}

/// Those of a transfer whose answers its end may change: not our own.
fn others(event: &Event, is_final: bool, ends: [&InstitutionSlug; 2]) -> BTreeSet<InstitutionSlug> {
    let others = ends.into_iter();
    let others = others.filter(|slug| is_final && **slug != event.author);
    others.cloned().collect()
}
