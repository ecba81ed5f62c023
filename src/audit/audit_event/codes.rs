//! Codes and names of systems. Those of DICOM stand in PS3.16 Annex D, and their use for audit in PS3.15 A.5.

use super::resource::Coding;

const DCM_SYSTEM: &str = "http://dicom.nema.org/resources/ontology/DCM";

const fn dcm(code: &'static str, display: &'static str) -> Coding {
    Coding {
        system: DCM_SYSTEM,
        code,
        display: Some(display),
    }
}

pub(super) const APPLICATION_ACTIVITY: Coding = dcm("110100", "Application Activity");
pub(super) const BEGIN_TRANSFERRING: Coding = dcm("110102", "Begin Transferring DICOM Instances");
pub(super) const INSTANCES_ACCESSED: Coding = dcm("110103", "DICOM Instances Accessed");
pub(super) const INSTANCES_TRANSFERRED: Coding = dcm("110104", "DICOM Instances Transferred");
pub(super) const EXPORT: Coding = dcm("110106", "Export");
pub(super) const IMPORT: Coding = dcm("110107", "Import");
pub(super) const PATIENT_RECORD: Coding = dcm("110110", "Patient Record");
pub(super) const PROCEDURE_RECORD: Coding = dcm("110111", "Procedure Record");
pub(super) const AUDIT_LOG_USED: Coding = dcm("110101", "Audit Log Used");
pub(super) const QUERY: Coding = dcm("110112", "Query");
pub(super) const SECURITY_ALERT: Coding = dcm("110113", "Security Alert");

pub(super) const USER_AUTHENTICATION: Coding = dcm("110114", "User Authentication");
pub(super) const LOGIN: Coding = dcm("110122", "Login");
pub(super) const LOGOUT: Coding = dcm("110123", "Logout");
pub(super) const APPLICATION_START: Coding = dcm("110120", "Application Start");
pub(super) const APPLICATION_STOP: Coding = dcm("110121", "Application Stop");
pub(super) const NODE_AUTHENTICATION: Coding = dcm("110126", "Node Authentication");
pub(super) const EMERGENCY_STARTED: Coding = dcm("110127", "Emergency Override Started");
pub(super) const SECURITY_CONFIGURATION: Coding = dcm("110129", "Security Configuration");
pub(super) const RESTRICTED_FUNCTION: Coding = dcm("110132", "Use of Restricted Function");
pub(super) const RECORDING_STOPPED: Coding = dcm("110133", "Audit Recording Stopped");
pub(super) const RECORDING_STARTED: Coding = dcm("110134", "Audit Recording Started");
pub(super) const OBJECT_SECURITY: Coding = dcm("110135", "Object Security Attributes Changed");
pub(super) const USER_SECURITY: Coding = dcm("110137", "User Security Attributes Changed");
pub(super) const EMERGENCY_STOPPED: Coding = dcm("110138", "Emergency Override Stopped");

pub(super) const APPLICATION: Coding = dcm("110150", "Application");
pub(super) const DESTINATION: Coding = dcm("110152", "Destination Role ID");
pub(super) const SOURCE: Coding = dcm("110153", "Source Role ID");

/// A disclosure, for BALP (ISO 21089).
pub(super) const DISCLOSE: Coding = Coding {
    system: "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
    code: "disclose",
    display: Some("Disclose Record Lifecycle Event"),
};

/// A decision that weighed consents, for BALP.
pub(super) const AUTHZ_CONSENT: Coding = Coding {
    system: "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType",
    code: "AuthZ-Consent",
    display: Some("Authorization Decision using Roles and Consent"),
};

const ROLE_TYPES: &str = "http://terminology.hl7.org/CodeSystem/extra-security-role-type";

pub(super) const AUTHORIZATION_SERVER: Coding = Coding {
    system: ROLE_TYPES,
    code: "authserver",
    display: Some("authorization server"),
};
pub(super) const HUMAN_USER: Coding = Coding {
    system: ROLE_TYPES,
    code: "humanuser",
    display: Some("human user"),
};

const PARTICIPATION_TYPES: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

pub(super) const INFORMATION_RECIPIENT: Coding = Coding {
    system: PARTICIPATION_TYPES,
    code: "IRCP",
    display: Some("information recipient"),
};
pub(super) const CUSTODIAN: Coding = Coding {
    system: PARTICIPATION_TYPES,
    code: "CST",
    display: Some("custodian"),
};

pub(super) const PROVIDER: Coding = Coding {
    system: "http://terminology.hl7.org/CodeSystem/v3-RoleClass",
    code: "PROV",
    display: Some("healthcare provider"),
};

const SOURCE_TYPES: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";

pub(super) const APPLICATION_SERVER: Coding = Coding {
    system: SOURCE_TYPES,
    code: "4",
    display: Some("Application Server"),
};
pub(super) const SECURITY_SERVER: Coding = Coding {
    system: SOURCE_TYPES,
    code: "6",
    display: Some("Security Server"),
};

const ENTITY_TYPES: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";

pub(super) const PERSON: Coding = Coding {
    system: ENTITY_TYPES,
    code: "1",
    display: Some("Person"),
};
pub(super) const SYSTEM_OBJECT: Coding = Coding {
    system: ENTITY_TYPES,
    code: "2",
    display: Some("System Object"),
};
pub(super) const ORGANIZATION: Coding = Coding {
    system: ENTITY_TYPES,
    code: "3",
    display: Some("Organization"),
};
pub(super) const CONSENT: Coding = Coding {
    system: "http://hl7.org/fhir/resource-types",
    code: "Consent",
    display: Some("Consent"),
};

const OBJECT_ROLES: &str = "http://terminology.hl7.org/CodeSystem/object-role";

pub(super) const ROLE_PATIENT: Coding = Coding {
    system: OBJECT_ROLES,
    code: "1",
    display: Some("Patient"),
};
pub(super) const ROLE_REPORT: Coding = Coding {
    system: OBJECT_ROLES,
    code: "3",
    display: Some("Report"),
};
pub(super) const ROLE_SECURITY_USER: Coding = Coding {
    system: OBJECT_ROLES,
    code: "11",
    display: Some("Security User Entity"),
};
pub(super) const ROLE_SECURITY_RESOURCE: Coding = Coding {
    system: OBJECT_ROLES,
    code: "13",
    display: Some("Security Resource"),
};

/// System of the kinds of ledger entries.
pub(super) const ENTRY_KIND: &str = "urn:credence:entry-kind";

/// System of purposes of use.
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// System of institutions, by their short names.
pub(super) const INSTITUTION: &str = "urn:credence:institution";
/// System of gateways, by their institutions.
pub(super) const GATEWAY: &str = "urn:credence:gateway";
/// System of AE titles; the identifier's assigner is the institution.
pub(super) const AE_TITLE: &str = "urn:credence:ae-title";
/// System of users; the identifier's assigner is the institution.
pub(super) const USER: &str = "urn:credence:user";
/// System of patients as the ledger knows them.
pub(super) const PSEUDONYM: &str = "urn:credence:pseudonym";
/// System of studies as the ledger knows them.
pub(super) const STUDY_DIGEST: &str = "urn:credence:study-digest";
/// System of DICOM UIDs (FHIR R4, ImagingStudy).
pub(super) const DICOM_UID: &str = "urn:dicom:uid";
/// System of policy sets, by the digest of their text.
pub(super) const POLICY: &str = "urn:credence:policy";
/// Begins the system of a ledger's consents, by their numbers; the institution follows.
pub(super) const CONSENTS_OF: &str = "urn:credence:consent:";
