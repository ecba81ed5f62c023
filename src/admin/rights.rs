//! Who may do what: one table, by which pages and API alike are guarded.

use crate::contract::Role;
use crate::contract::Role::Auditor;
use crate::contract::Role::Compliance;
use crate::contract::Role::PacsAdmin;
use crate::contract::Role::PatientDesk;
use crate::contract::Role::RuleApprover;
use crate::gateway::control::Change;
use crate::gateway::control::Command;

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    /// How the gateway is.
    SeeOverview,
    /// What moves, and what moved.
    SeeTransfers,
    /// What was decided, and why.
    SeeDecisions,
    /// What would be decided about a patient or a study that is named, and for which consents.
    AskOfPatients,
    /// Who the others are, and how they score.
    SeeInstitutions,
    /// Whether a peer answers (C-ECHO).
    Echo,
    /// Consents, by pseudonym.
    SeeConsents,
    /// Consents of a patient who is named, and what is said for that patient.
    ServePatients,
    /// Who the patients are.
    SeePatients,
    /// What left about a patient.
    SeeDisclosures,
    /// Rules, in force and proposed.
    SeePolicy,
    /// Propose rules, withdraw them.
    ProposePolicy,
    /// Agree to rules, and put them in force.
    ApprovePolicy,
    /// Accesses under review, and incidents.
    SeeReviews,
    /// Close reviews, decide on incidents.
    DecideReviews,
    /// Entries of the ledger.
    SeeAudit,
    /// Exports, with a signature.
    ExportAudit,
    /// How the ledger is, and what it proves.
    SeeLedger,
    /// Suspensions, holds, erasures, what is dropped.
    KeepRecords,
    /// Peers, queues, certificates, numbers.
    SeePeers,
    /// Queues are paused, what lies in them is tried again.
    ManageQueues,
    /// Accounts and their roles.
    SeeAccounts,
    /// The same, changed.
    ManageAccounts,
}

impl Right {
    /// Every one.
    #[cfg(test)]
    const ALL: [Self; 23] = [
        Self::SeeOverview,
        Self::SeeTransfers,
        Self::SeeDecisions,
        Self::AskOfPatients,
        Self::SeeInstitutions,
        Self::Echo,
        Self::SeeConsents,
        Self::ServePatients,
        Self::SeePatients,
        Self::SeeDisclosures,
        Self::SeePolicy,
        Self::ProposePolicy,
        Self::ApprovePolicy,
        Self::SeeReviews,
        Self::DecideReviews,
        Self::SeeAudit,
        Self::ExportAudit,
        Self::SeeLedger,
        Self::KeepRecords,
        Self::SeePeers,
        Self::ManageQueues,
        Self::SeeAccounts,
        Self::ManageAccounts,
    ];

    /// Which roles give it.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self {
            Self::SeeOverview => &Role::ALL,
            Self::SeeTransfers | Self::SeePeers | Self::SeeAccounts => {
                &[PacsAdmin, Compliance, Auditor]
            }
            Self::SeeDecisions | Self::SeeInstitutions | Self::SeePolicy => {
                &[PacsAdmin, Compliance, Auditor, RuleApprover]
            }
            Self::SeeConsents => &[Compliance, Auditor, PatientDesk],
            Self::ServePatients => &[PatientDesk],
            Self::SeePatients | Self::SeeDisclosures => &[Compliance, PatientDesk],
            Self::ProposePolicy => &[Compliance, RuleApprover],
            Self::ApprovePolicy => &[RuleApprover],
            Self::SeeReviews | Self::SeeAudit => &[Compliance, Auditor],
            Self::SeeLedger => &[PacsAdmin, Compliance, Auditor],
            Self::AskOfPatients | Self::DecideReviews | Self::ExportAudit | Self::KeepRecords => {
                &[Compliance]
            }
            Self::Echo | Self::ManageQueues | Self::ManageAccounts => &[PacsAdmin],
        }
    }

    /// What a command needs.
    pub(super) fn of(command: &Command) -> Self {
        match command {
            Command::Change { change, .. } => Self::of_change(change),
            Command::Consents { patient: None } => Self::SeeConsents,
            Command::Consents { patient: Some(_) } | Command::Names { .. } => Self::SeePatients,
            Command::Reviews | Command::Incidents => Self::SeeReviews,
            Command::Policies => Self::SeePolicy,
            Command::Scores => Self::SeeInstitutions,
            // Whose details are held is told by pseudonym, and why by a case's reference.
            Command::Holds | Command::Epochs => Self::SeeAudit,
            Command::Checkpoint => Self::SeeLedger,
            Command::Queues | Command::Queue { .. } => Self::SeePeers,
            Command::QueueChange { .. } => Self::ManageQueues,
            // What a patient is not told for now is nothing for the desk that tells the patient.
            Command::Disclosures {
                with_suspended: true,
                ..
            }
            | Command::Suspensions => Self::KeepRecords,
            Command::Disclosures { .. } => Self::SeeDisclosures,
            Command::SignAudit { .. } => Self::ExportAudit,
            Command::Decide { question } => match question.names_somebody() {
                true => Self::AskOfPatients,
                false => Self::SeeDecisions,
            },
            Command::Associations => Self::SeePeers,
            Command::Accounts => Self::SeeAccounts,
            Command::AccountChange { .. } => Self::ManageAccounts,
        }
    }

    const fn of_change(change: &Change) -> Self {
        match change {
            Change::ConsentGrant { .. }
            | Change::ConsentRevoke { .. }
            | Change::RevocationHonoured { .. }
            | Change::PatientMerge { .. }
            | Change::PatientUnlink { .. }
            | Change::GuardianName { .. }
            | Change::GuardianEnd { .. }
            | Change::StandingNote { .. } => Self::ServePatients,
            Change::PatientErase { .. }
            | Change::HoldPlace { .. }
            | Change::HoldLift { .. }
            | Change::DetailsDrop { .. }
            | Change::DisclosuresSuspend { .. }
            | Change::DisclosuresResume { .. } => Self::KeepRecords,
            Change::ReviewReason { .. }
            | Change::ReviewClose { .. }
            | Change::IncidentReport { .. }
            | Change::IncidentDecide { .. }
            | Change::ChargeReverse { .. }
            | Change::CeilingLift { .. } => Self::DecideReviews,
            Change::PolicyPropose { .. } | Change::PolicyWithdraw { .. } => Self::ProposePolicy,
            Change::PolicyApprove { .. } | Change::PolicyActivate { .. } => Self::ApprovePolicy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_is_somebodys_and_only_the_overview_everybodys() {
        for right in Right::ALL {
            let roles = right.roles();
            assert!(!roles.is_empty(), "{right:?}");
            assert_eq!(
                roles.len() == Role::ALL.len(),
                right == Right::SeeOverview,
                "{right:?}"
            );
        }
    }

    #[test]
    fn who_audits_changes_nothing_and_who_runs_the_machine_sees_no_patient() {
        let of = |role: Role| move |right: &Right| right.roles().contains(&role);
        let changing = [
            Right::ServePatients,
            Right::ProposePolicy,
            Right::ApprovePolicy,
            Right::DecideReviews,
            Right::ExportAudit,
            Right::KeepRecords,
            Right::ManageQueues,
            Right::ManageAccounts,
        ];
        assert!(!changing.iter().any(of(Auditor)));
        let patients = [
            Right::SeePatients,
            Right::ServePatients,
            Right::AskOfPatients,
            Right::SeeDisclosures,
        ];
        assert!(!patients.iter().any(of(PacsAdmin)));
        // Rules change by two persons, of whom one has to be an approver.
        assert_eq!(Right::ApprovePolicy.roles(), [RuleApprover]);
    }
}
