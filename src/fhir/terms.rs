//! What was read: terms in neutral words. Who an organisation or a patient is to the gateway is the
//! configuration's business.

use std::collections::BTreeSet;
use std::fmt;

use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::time::Day;
use crate::time::UtcMicros;

/// One Consent resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its FHIR path in the text.
    pub path: String,
    /// Whose it is.
    pub patient: Patient,
    /// `Consent.performer`: who agreed or objected.
    pub given_by: Giver,
    /// `Consent.organization`: who is to enforce it; may be empty.
    pub enforcers: Vec<Organisation>,
    /// `Consent.policy.uri`, each with its path: the texts that the patient agreed to or rejected.
    pub policies: Vec<(String, String)>,
    /// What it grants and denies, denials first.
    pub terms: Vec<Terms>,
}

/// A patient, as the text names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    /// Where the Consent names the patient.
    pub path: String,
    /// Every identifier of the patient; never empty.
    pub identifiers: Vec<Identifier>,
}

/// A FHIR Identifier. Its `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identifier {
    /// Namespace of the value, a URI.
    pub system: String,
    /// The value.
    pub value: String,
    /// Its `use` is `old`: no longer valid, and perhaps given to somebody else since.
    pub is_old: bool,
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}, ..)", self.system)
    }
}

/// An organisation, as the text names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Where the Consent names it.
    pub path: String,
    /// Everything that it is called: references as they stand, `system|value` of identifiers.
    pub names: BTreeSet<String>,
}

/// One thing that is granted or denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Path of the provision that says it.
    pub path: String,
    /// Granted or denied.
    pub effect: Effect,
    /// To whom; `None`: to anybody.
    pub recipients: Option<Vec<Organisation>>,
    /// For what; never empty.
    pub purposes: BTreeSet<Purpose>,
    /// Only these modalities; empty: all.
    pub modalities: BTreeSet<String>,
    /// Only this study.
    pub study: Option<Uid>,
    /// Only studies of this day or later.
    pub study_from: Option<Day>,
    /// Only studies of this day or earlier.
    pub study_until: Option<Day>,
    /// In force from this moment; `None`: from now.
    pub valid_from: Option<UtcMicros>,
    /// In force until just before this moment.
    pub valid_until: Option<UtcMicros>,
}
