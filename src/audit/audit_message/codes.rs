//! Codes of the DICOM Controlled Terminology (PS3.16 Annex D) and of RFC 3881 that audit messages use.

/// A coded value: what the schema calls `CodedValueType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// `csd-code`.
    pub(super) value: &'static str,
    /// `codeSystemName`.
    pub(super) system: &'static str,
    /// `originalText`.
    pub(super) meaning: &'static str,
}

/// Scheme of codes that are ours: those of private schemes begin with 99 (PS3.3 §8.2).
pub(super) const OWN_SYSTEM: &str = "99CREDENCE";

const fn dcm(value: &'static str, meaning: &'static str) -> Code {
    Code {
        value,
        system: "DCM",
        meaning,
    }
}

const fn rfc_3881(value: &'static str, meaning: &'static str) -> Code {
    Code {
        value,
        system: "RFC-3881",
        meaning,
    }
}

// Audit events (CID 400).
pub(super) const APPLICATION_ACTIVITY: Code = dcm("110100", "Application Activity");
pub(super) const AUDIT_LOG_USED: Code = dcm("110101", "Audit Log Used");
pub(super) const BEGIN_TRANSFERRING: Code = dcm("110102", "Begin Transferring DICOM Instances");
pub(super) const TRANSFERRED: Code = dcm("110104", "DICOM Instances Transferred");
pub(super) const STUDY_DELETED: Code = dcm("110105", "DICOM Study Deleted");
pub(super) const EXPORT: Code = dcm("110106", "Export");
pub(super) const PATIENT_RECORD: Code = dcm("110110", "Patient Record");
pub(super) const PROCEDURE_RECORD: Code = dcm("110111", "Procedure Record");
pub(super) const QUERY: Code = dcm("110112", "Query");
pub(super) const USER_AUTHENTICATION: Code = dcm("110114", "User Authentication");
pub(super) const SECURITY_ALERT: Code = dcm("110113", "Security Alert");

// Types of events (CID 401) and of security alerts (CID 403).
pub(super) const APPLICATION_START: Code = dcm("110120", "Application Start");
pub(super) const APPLICATION_STOP: Code = dcm("110121", "Application Stop");
pub(super) const LOGIN: Code = dcm("110122", "Login");
pub(super) const LOGOUT: Code = dcm("110123", "Logout");
pub(super) const NODE_AUTHENTICATION: Code = dcm("110126", "Node Authentication");
pub(super) const OVERRIDE_STARTED: Code = dcm("110127", "Emergency Override Started");
pub(super) const SECURITY_CONFIGURATION: Code = dcm("110129", "Security Configuration");
pub(super) const RESTRICTED_FUNCTION: Code = dcm("110132", "Use of Restricted Function");
pub(super) const RECORDING_STOPPED: Code = dcm("110133", "Audit Recording Stopped");
pub(super) const RECORDING_STARTED: Code = dcm("110134", "Audit Recording Started");
pub(super) const OBJECT_SECURITY: Code = dcm("110135", "Object Security Attributes Changed");
pub(super) const USER_SECURITY: Code = dcm("110137", "User Security Attributes Changed");
pub(super) const OVERRIDE_STOPPED: Code = dcm("110138", "Emergency Override Stopped");
pub(super) const AUTHENTICATION_DECISION: Code = dcm("110143", "Authentication Decision");

// Roles of participants (CID 402).
pub(super) const APPLICATION: Code = dcm("110150", "Application");
pub(super) const DESTINATION: Code = dcm("110152", "Destination Role ID");
pub(super) const SOURCE: Code = dcm("110153", "Source Role ID");
pub(super) const DESTINATION_MEDIA: Code = dcm("110154", "Destination Media");

/// Type of a medium (CID 405).
pub(super) const URI_MEDIUM: Code = dcm("110037", "URI");

// What identifies an object (CID 404, and PS3.15 §A.5.1.2.4).
pub(super) const STUDY_INSTANCE_UID: Code = dcm("110180", "Study Instance UID");
pub(super) const PATIENT_NUMBER: Code = rfc_3881("2", "Patient Number");
pub(super) const SEARCH_CRITERIA: Code = rfc_3881("10", "Search Criteria");
pub(super) const USER_IDENTIFIER: Code = rfc_3881("11", "User Identifier");
pub(super) const URI: Code = rfc_3881("12", "URI");
