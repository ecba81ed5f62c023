//! What kind of event it is, and who says so.

use super::Body;

impl Body {
    /// Every kind, in the order of the variants.
    pub const KINDS: [&str; 49] = [
        "genesis",
        "restored",
        "policy-proposed",
        "policy-approved",
        "policy-withdrawn",
        "policy-activated",
        "consent-granted",
        "consent-revoked",
        "revocation-honoured",
        "patient-linked",
        "patient-unlinked",
        "guardian-named",
        "guardian-ended",
        "patient-erased",
        "hold-placed",
        "hold-lifted",
        "details-dropped",
        "disclosures-suspended",
        "disclosures-resumed",
        "equivocated",
        "standing-noted",
        "review-reasoned",
        "review-overdue",
        "review-closed",
        "incident-reported",
        "incident-decided",
        "charge-reversed",
        "ceiling-lifted",
        "decision",
        "transfer-closed",
        "receipt",
        "misstated",
        "query",
        "procedure-step",
        "commitment",
        "parcel-sealed",
        "parcel-opened",
        "queue-changed",
        "bypassed",
        "audit-exported",
        "audit-searched",
        "user-authenticated",
        "account-changed",
        "details-shown",
        "signed-in",
        "signed-out",
        "alert",
        "started",
        "stopped",
    ];

    /// The name of its kind, as in the line.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Genesis { .. } => "genesis",
            Self::Restored { .. } => "restored",
            Self::PolicyProposed { .. } => "policy-proposed",
            Self::PolicyApproved { .. } => "policy-approved",
            Self::PolicyWithdrawn { .. } => "policy-withdrawn",
            Self::PolicyActivated { .. } => "policy-activated",
            Self::ConsentGranted { .. } => "consent-granted",
            Self::ConsentRevoked { .. } => "consent-revoked",
            Self::RevocationHonoured { .. } => "revocation-honoured",
            Self::PatientLinked { .. } => "patient-linked",
            Self::PatientUnlinked { .. } => "patient-unlinked",
            Self::GuardianNamed { .. } => "guardian-named",
            Self::GuardianEnded { .. } => "guardian-ended",
            Self::PatientErased { .. } => "patient-erased",
            Self::HoldPlaced { .. } => "hold-placed",
            Self::HoldLifted { .. } => "hold-lifted",
            Self::DetailsDropped { .. } => "details-dropped",
            Self::DisclosuresSuspended { .. } => "disclosures-suspended",
            Self::DisclosuresResumed { .. } => "disclosures-resumed",
            Self::Equivocated { .. } => "equivocated",
            Self::StandingNoted { .. } => "standing-noted",
            Self::ReviewReasoned { .. } => "review-reasoned",
            Self::ReviewOverdue { .. } => "review-overdue",
            Self::ReviewClosed { .. } => "review-closed",
            Self::IncidentReported { .. } => "incident-reported",
            Self::IncidentDecided { .. } => "incident-decided",
            Self::ChargeReversed { .. } => "charge-reversed",
            Self::CeilingLifted { .. } => "ceiling-lifted",
            Self::Decision { .. } => "decision",
            Self::TransferClosed { .. } => "transfer-closed",
            Self::Receipt { .. } => "receipt",
            Self::Misstated { .. } => "misstated",
            Self::Query { .. } => "query",
            Self::ProcedureStep { .. } => "procedure-step",
            Self::Commitment { .. } => "commitment",
            Self::ParcelSealed { .. } => "parcel-sealed",
            Self::ParcelOpened { .. } => "parcel-opened",
            Self::QueueChanged { .. } => "queue-changed",
            Self::Bypassed { .. } => "bypassed",
            Self::AuditExported { .. } => "audit-exported",
            Self::AuditSearched { .. } => "audit-searched",
            Self::UserAuthenticated { .. } => "user-authenticated",
            Self::AccountChanged { .. } => "account-changed",
            Self::DetailsShown { .. } => "details-shown",
            Self::SignedIn { .. } => "signed-in",
            Self::SignedOut { .. } => "signed-out",
            Self::Alert { .. } => "alert",
            Self::Started { .. } => "started",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// The person who says so, where one does.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Restored { by, .. }
            | Self::PatientErased { by, .. }
            | Self::HoldPlaced { by, .. }
            | Self::HoldLifted { by, .. }
            | Self::DetailsDropped { by, .. }
            | Self::DisclosuresSuspended { by, .. }
            | Self::DisclosuresResumed { by, .. }
            | Self::PolicyProposed { by, .. }
            | Self::PolicyApproved { by, .. }
            | Self::PolicyWithdrawn { by, .. }
            | Self::PolicyActivated { by, .. }
            | Self::ConsentGranted { by, .. }
            | Self::ConsentRevoked { by, .. }
            | Self::RevocationHonoured { by, .. }
            | Self::PatientLinked { by, .. }
            | Self::PatientUnlinked { by, .. }
            | Self::GuardianNamed { by, .. }
            | Self::GuardianEnded { by, .. }
            | Self::StandingNoted { by, .. }
            | Self::ReviewReasoned { by, .. }
            | Self::ReviewClosed { by, .. }
            | Self::IncidentReported { by, .. }
            | Self::IncidentDecided { by, .. }
            | Self::ChargeReversed { by, .. }
            | Self::CeilingLifted { by, .. }
            | Self::QueueChanged { by, .. }
            | Self::AuditExported { by, .. }
            | Self::AuditSearched { by, .. }
            | Self::AccountChanged { by, .. }
            | Self::DetailsShown { by, .. } => Some(by),
            Self::Bypassed { first, .. } => Some(first),
            Self::UserAuthenticated { user, .. } => Some(&user.name),
            Self::SignedIn { account, .. } | Self::SignedOut { account, .. } => Some(account),
            Self::Genesis { .. }
            | Self::Equivocated { .. }
            | Self::ReviewOverdue { .. }
            | Self::Decision { .. }
            | Self::TransferClosed { .. }
            | Self::Receipt { .. }
            | Self::Misstated { .. }
            | Self::Query { .. }
            | Self::ProcedureStep { .. }
            | Self::Commitment { .. }
            | Self::ParcelSealed { .. }
            | Self::ParcelOpened { .. }
            | Self::Alert { .. }
            | Self::Started { .. }
            | Self::Stopped { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_list_and_in_its_place() {
        let source = include_str!("kind.rs");
        let (_, arms) = source.split_once("pub const fn kind").unwrap();
        let (arms, _) = arms.split_once("/// The person").unwrap();
        let named = arms.split("=> \"").skip(1);
        let named: Vec<&str> = named.map(|arm| arm.split('"').next().unwrap()).collect();
        assert_eq!(named, Body::KINDS);
    }
}
