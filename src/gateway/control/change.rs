//! What people change, in words of the desk: patients are named as DICOM names them.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::Epoch;
use crate::contract::ErasureReason;
use crate::contract::Giver;
use crate::contract::Incident;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::StandingEvidence;
use crate::contract::StatementForm;
use crate::digest::Sha256;
use crate::gateway::recorder::PatientIdentity;
use crate::time::Day;
use crate::time::UtcMicros;

/// What a patient grants or denies, in the words of a patient desk.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTerms {
    /// Whose images.
    pub patient: PatientName,
    /// Granted or denied.
    pub effect: Effect,
    /// Institutions; empty stands for any other institution.
    #[schema(value_type = Vec<String>)]
    pub to: Vec<InstitutionSlug>,
    /// For what.
    pub purposes: Vec<Purpose>,
    /// Only these modalities; empty stands for all.
    pub modalities: Vec<String>,
    /// Only this study.
    pub study: Option<String>,
    /// Only studies of this day or later.
    #[schema(value_type = Option<i32>)]
    pub study_from: Option<Day>,
    /// Only studies of this day or earlier.
    #[schema(value_type = Option<i32>)]
    pub study_until: Option<Day>,
    /// From when; now, if absent.
    #[schema(value_type = Option<i64>)]
    pub valid_from: Option<UtcMicros>,
    /// Until when.
    #[schema(value_type = Option<i64>)]
    pub valid_until: Option<UtcMicros>,
    /// Who speaks: the patient, unless it says otherwise.
    #[serde(default)]
    pub given_by: Giver,
}

/// A patient as the desk names one. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientName {
    /// Patient ID (0010,0020).
    pub id: String,
    /// Issuer of Patient ID (0010,0021), empty for none.
    #[serde(default)]
    pub issuer: String,
}

impl std::fmt::Debug for PatientName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientName(..)")
    }
}

impl PatientName {
    pub(in crate::gateway) fn identity(&self) -> PatientIdentity {
        PatientIdentity {
            issuer: self.issuer.trim().as_bytes().to_vec(),
            id: self.id.trim().as_bytes().to_vec(),
        }
    }
}

/// A change that a person asks for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// A patient grants or denies.
    ConsentGrant {
        /// What.
        #[schema(value_type = ConsentTerms)]
        terms: Box<ConsentTerms>,
    },
    /// A grant or denial ends.
    ConsentRevoke {
        /// Which.
        #[schema(value_type = u64)]
        consent: ConsentId,
    },
    /// An institution answered a revocation.
    RevocationHonoured {
        /// Entry of the revocation.
        revocation: u64,
        /// Who answered.
        #[schema(value_type = String)]
        institution: InstitutionSlug,
    },
    /// Two Patient IDs are one patient.
    PatientMerge {
        /// The one that is merged.
        patient: PatientName,
        /// The one that survives.
        into: PatientName,
    },
    /// They are not.
    PatientUnlink {
        /// The one that was merged.
        patient: PatientName,
        /// The one that it was merged into.
        from: PatientName,
    },
    /// Somebody may consent in the patient's place.
    GuardianName {
        /// Whose guardian.
        patient: PatientName,
        /// Who it is, and why: kept sealed.
        guardian: String,
        /// Until when.
        #[schema(value_type = Option<i64>)]
        until: Option<UtcMicros>,
    },
    /// The patient speaks for themselves again.
    GuardianEnd {
        /// Whose guardian.
        patient: PatientName,
    },
    /// A person is forgotten.
    PatientErase {
        /// Who.
        patient: PatientName,
        /// Why.
        reason: ErasureReason,
    },
    /// Details are neither erased nor dropped.
    HoldPlace {
        /// Whose; everybody's, if absent.
        patient: Option<PatientName>,
        /// Number of a case file.
        reference: String,
        /// Only of this year and later.
        from_year: Option<u16>,
        /// Only of this year and earlier.
        until_year: Option<u16>,
    },
    /// A hold ends.
    HoldLift {
        /// Its entry.
        hold: u64,
    },
    /// The details of an epoch are dropped.
    DetailsDrop {
        /// Which.
        #[schema(value_type = String)]
        epoch: Epoch,
    },
    /// What went to an agency is left out of a patient's accounting for a while.
    DisclosuresSuspend {
        /// Whose accounting.
        patient: PatientName,
        /// Which agency.
        #[schema(value_type = String)]
        recipient: InstitutionSlug,
        /// Until when.
        #[schema(value_type = i64)]
        until: UtcMicros,
        /// How it said so.
        statement: StatementForm,
        /// Number of a case file.
        reference: String,
        /// Who spoke for the agency, and what was said: kept sealed.
        said: String,
    },
    /// A suspension ends early.
    DisclosuresResume {
        /// Its entry.
        suspension: u64,
    },
    /// Something speaks for or against a patient's standing.
    StandingNote {
        /// Whose.
        patient: PatientName,
        /// What.
        evidence: StandingEvidence,
        /// Entries that prove it.
        proof: Vec<u64>,
    },
    /// Why an access was made.
    ReviewReason {
        /// The decision under review.
        review: u64,
        /// The reason: kept sealed.
        reason: String,
    },
    /// A review comes to its end.
    ReviewClose {
        /// The decision under review.
        review: u64,
        /// Whether the access was justified.
        justified: bool,
    },
    /// An institution did wrong, says somebody.
    IncidentReport {
        /// What.
        incident: Incident,
        /// Who.
        #[schema(value_type = String)]
        institution: InstitutionSlug,
        /// Entries that prove it.
        proof: Vec<u64>,
        /// Number of a case file.
        reference: String,
    },
    /// An arbiter decides on a report.
    IncidentDecide {
        /// Entry of the report.
        report: u64,
        /// Whether it counts.
        upheld: bool,
    },
    /// A charge is taken back.
    ChargeReverse {
        /// The entry that charged.
        charge: u64,
    },
    /// A ceiling is lifted.
    CeilingLift {
        /// The entry that set it.
        charge: u64,
    },
    /// Policies are proposed.
    PolicyPropose {
        /// Canonical text.
        text: String,
    },
    /// A proposal is approved.
    PolicyApprove {
        /// Which.
        #[schema(value_type = String)]
        sha256: Sha256,
    },
    /// A proposal is given up.
    PolicyWithdraw {
        /// Which.
        #[schema(value_type = String)]
        sha256: Sha256,
    },
    /// A proposal is put in force.
    PolicyActivate {
        /// Which.
        #[schema(value_type = String)]
        sha256: Sha256,
    },
}

impl Change {
    /// Whether keys are to be destroyed once it is recorded.
    pub(in crate::gateway) const fn forgets(&self) -> bool {
        matches!(self, Self::PatientErase { .. } | Self::DetailsDrop { .. })
    }

    /// Whether it is recorded also when the disk is full: what takes a permission away, and what
    /// a person has a right to.
    pub(in crate::gateway) fn is_for_the_reserve(&self) -> bool {
        match self {
            Self::ConsentRevoke { .. }
            | Self::PatientErase { .. }
            | Self::HoldPlace { .. }
            | Self::PolicyWithdraw { .. } => true,
            Self::ConsentGrant { terms } => terms.effect == Effect::Deny,
            _ => false,
        }
    }
}
