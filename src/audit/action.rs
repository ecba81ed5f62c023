//! What was done to what an entry is about: the letters that DICOM's `EventActionCode` (PS3.15 A.5) and FHIR's
//! `AuditEvent.action` both took from RFC 3881 §5.1.2.

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Read,
    Update,
    Delete,
    Execute,
}

impl Action {
    /// The letter of the standards.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Execute => "E",
        }
    }
}
