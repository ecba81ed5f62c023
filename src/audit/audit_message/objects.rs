//! What a message is about (`ParticipantObjectIdentification`). The first object tells which entry of the ledger it
//! is, and what else that entry knows.

use std::fmt;

use super::codes;
use super::codes::Code;
use super::event::Event;
use super::event::Things;
use super::xml::Xml;
use crate::audit::format::Site;
use crate::audit::oid::is_oid;
use crate::audit::record::Record;
use crate::contract::Body;
use crate::contract::Pseudonym;
use crate::contract::SopClasses;
use crate::digest::Sha256;

/// Stands for a study or a patient that the tables demand and the ledger does not know.
const UNKNOWN: &str = "unknown";
/// Stands for every patient.
const ALL: &str = "all";

/// The parts of an object that its tables fix.
struct Shape {
    /// `ParticipantObjectTypeCode`: 1 person, 2 system object.
    kind: u8,
    /// `ParticipantObjectTypeCodeRole` (§A.5.1.2.2).
    role: u8,
    id_type: Code,
}

const STUDY: Shape = Shape {
    kind: 2,
    role: 3,
    id_type: codes::STUDY_INSTANCE_UID,
};
const PATIENT: Shape = Shape {
    kind: 1,
    role: 1,
    id_type: codes::PATIENT_NUMBER,
};
/// Role 11: security user entity.
const ACCOUNT: Shape = Shape {
    kind: 1,
    role: 11,
    id_type: codes::USER_IDENTIFIER,
};
/// Role 13: security resource.
const ENTRY: Shape = Shape {
    kind: 2,
    role: 13,
    id_type: codes::URI,
};
/// Role 5: master file, "any configurable file used to control … behavior" (§A.5.2.6).
const POLICY: Shape = Shape {
    kind: 2,
    role: 5,
    id_type: codes::URI,
};
/// Role 3, as Table A.5.3.10 demands.
const QUERY: Shape = Shape {
    kind: 2,
    role: 3,
    id_type: codes::SEARCH_CRITERIA,
};

/// Writes them.
pub(super) struct Objects<'a> {
    pub(super) xml: &'a mut Xml,
    pub(super) site: &'a Site,
    pub(super) record: &'a Record,
    /// In a security alert, every object says what is alarming (Table A.5.3.11).
    pub(super) alert: Option<&'a str>,
    pub(super) is_first: bool,
}

impl Objects<'_> {
    /// All of a message.
    pub(super) fn write(&mut self, event: &Event<'_>) {
        match event.things {
            Things::Entry => self.entry(),
            Things::Log => self.log(),
            Things::Study => {
                self.study(true);
                self.patients(true);
            }
            Things::Query => {
                self.query();
                self.study(false);
                self.patients(false);
            }
            Things::Patients => self.patients(true),
            Things::Alert => {
                self.subject();
                self.study(false);
                self.patients(false);
            }
        }
    }

    /// What an alert is about: the policies, an account, or else the entry that raises it.
    fn subject(&mut self) {
        match self.record.body() {
            Body::PolicyProposed { sha256, .. }
            | Body::PolicyApproved { sha256, .. }
            | Body::PolicyWithdrawn { sha256, .. }
            | Body::PolicyActivated { sha256, .. } => {
                let id = format_args!("urn:credence:policy:{sha256}");
                self.object(&POLICY, id, "Policies", |_| {}, |_| {});
            }
            Body::AccountChanged { account, .. } => {
                self.object(&ACCOUNT, account, "Account", |_| {}, |_| {});
            }
            _ => self.entry(),
        }
    }

    fn entry(&mut self) {
        let (own, seq) = (&self.site.own, self.record.entry.seq);
        let id = format_args!("urn:credence:entry:{own}:{seq}");
        self.object(&ENTRY, id, "Ledger entry", |_| {}, |_| {});
    }

    /// The ledger, by the name that Table A.5.3.2 demands.
    fn log(&mut self) {
        let id = format_args!("urn:credence:ledger:{}", self.site.own);
        self.object(&ENTRY, id, "Security Audit Log", |_| {}, |_| {});
    }

    /// The query. Its keys are not recorded, and neither is the SOP class: no 110181, and an empty query.
    fn query(&mut self) {
        let (own, seq) = (&self.site.own, self.record.entry.seq);
        let tag = begun(self.xml, &QUERY);
        let id = format_args!("urn:credence:entry:{own}:{seq}");
        let (record, alert) = (self.record, self.alert);
        let is_first = std::mem::take(&mut self.is_first);
        tag.attribute("ParticipantObjectID", id).holding(|xml| {
            xml.code("ParticipantObjectIDTypeCode", QUERY.id_type);
            xml.tag("ParticipantObjectQuery").holding(|_| {});
            common(xml, record, is_first, alert);
            xml.tag("ParticipantObjectDescription").holding(|_| {});
        });
    }

    /// The study: its UID where that is told, else the ledger's digest of it.
    fn study(&mut self, is_needed: bool) {
        let record = self.record;
        let identity = record.identity();
        let uid = identity.and_then(|identity| identity.study_instance_uid.as_deref());
        let digest = digest(record);
        let details = |xml: &mut Xml| {
            if let (Some(_), Some(digest)) = (uid, digest) {
                xml.detail("StudyDigest", digest);
            }
            for modality in record.study().iter().flat_map(|study| &study.modalities) {
                xml.detail("Modality", modality);
            }
        };
        let description = |xml: &mut Xml| {
            sop_classes(xml, record);
            if matches!(record.body(), Body::ParcelSealed { .. }) {
                xml.text("Encrypted", "true");
            }
        };
        match (uid, digest) {
            (Some(uid), _) => self.object(&STUDY, uid, "", details, description),
            (None, Some(digest)) => {
                let id = format_args!("urn:credence:study:{digest}");
                self.object(&STUDY, id, "", details, description);
            }
            (None, None) if is_needed => {
                let id = format_args!("urn:credence:study:{UNKNOWN}");
                self.object(&STUDY, id, "", details, description);
            }
            (None, None) => {}
        }
    }

    /// The patients: by Patient ID where that is told and there is one, else by what the ledger calls them.
    fn patients(&mut self, is_needed: bool) {
        let record = self.record;
        let patients = record.patients();
        let told = record
            .identity()
            .and_then(|told| told.patient_id.as_deref());
        match told {
            Some(id) if patients.len() <= 1 => self.patient(id, patients.first()),
            _ => {
                for patient in &patients {
                    self.patient(format_args!("urn:credence:pseudonym:{patient}"), None);
                }
                if patients.is_empty() && is_needed {
                    let whom = nobody_in_particular(record.body());
                    self.patient(format_args!("urn:credence:pseudonym:{whom}"), None);
                }
            }
        }
    }

    /// A patient; `known_as`: the pseudonym beside a Patient ID.
    fn patient(&mut self, id: impl fmt::Display, known_as: Option<&Pseudonym>) {
        let told = self.record.identity();
        let details = |xml: &mut Xml| {
            if let Some(pseudonym) = known_as {
                xml.detail("Pseudonym", pseudonym);
            }
            let Some(told) = told else { return };
            let told = [
                ("IssuerOfPatientID", &told.issuer_of_patient_id),
                ("Guardian", &told.guardian),
                ("Reason", &told.reason),
            ];
            for (kind, value) in told {
                if let Some(value) = value {
                    xml.detail(kind, value);
                }
            }
        };
        self.object(&PATIENT, id, "", details, |_| {});
    }

    /// One object. It has a name and a description, if only empty ones: the schema demands either a name or a query,
    /// and that of dcm4che a description.
    fn object(
        &mut self,
        shape: &Shape,
        id: impl fmt::Display,
        name: &str,
        details: impl FnOnce(&mut Xml),
        description: impl FnOnce(&mut Xml),
    ) {
        let (record, alert) = (self.record, self.alert);
        let is_first = std::mem::take(&mut self.is_first);
        let stage = life_cycle(record.body());
        begun(self.xml, shape)
            .maybe("ParticipantObjectDataLifeCycle", stage)
            .attribute("ParticipantObjectID", id)
            .holding(|xml| {
                xml.code("ParticipantObjectIDTypeCode", shape.id_type);
                xml.text("ParticipantObjectName", name);
                common(xml, record, is_first, alert);
                details(xml);
                xml.tag("ParticipantObjectDescription").holding(description);
            });
    }
}

/// How many instances of which SOP class. What was counted in none, and all that an older version recorded, is one
/// without a UID.
fn sop_classes(xml: &mut Xml, record: &Record) {
    let Some(instances) = record.counts().instances else {
        return;
    };
    let mut unnamed = instances;
    let classes = record.classes().into_iter().flat_map(SopClasses::iter);
    for (class, instances) in classes.filter(|(class, _)| is_oid(class.as_str())) {
        unnamed = unnamed.saturating_sub(instances);
        xml.tag("SOPClass")
            .attribute("UID", class)
            .attribute("NumberOfInstances", instances)
            .empty();
    }
    if unnamed > 0 || unnamed == instances {
        let class = xml.tag("SOPClass");
        class.attribute("NumberOfInstances", unnamed).empty();
    }
}

fn begun<'x>(xml: &'x mut Xml, shape: &Shape) -> super::xml::Tag<'x> {
    xml.tag("ParticipantObjectIdentification")
        .attribute("ParticipantObjectTypeCode", shape.kind)
        .attribute("ParticipantObjectTypeCodeRole", shape.role)
}

/// Keyed digest of the Study Instance UID.
fn digest(record: &Record) -> Option<Sha256> {
    match record.body() {
        Body::QueueChanged { study, .. } => *study,
        _ => record.study().map(|study| study.uid_digest),
    }
}

/// Whom an entry means that names nobody.
const fn nobody_in_particular(body: &Body) -> &'static str {
    match body {
        Body::HoldPlaced { .. } | Body::DetailsDropped { .. } => ALL,
        _ => UNKNOWN,
    }
}

/// Where in its life what the entry is about has come to (§A.5.1.2.3), where that is plain.
const fn life_cycle(body: &Body) -> Option<u8> {
    match body {
        Body::ParcelSealed { .. } | Body::ParcelOpened { .. } => Some(10),
        Body::PatientErased { .. } | Body::DetailsDropped { .. } | Body::QueueChanged { .. } => {
            Some(15)
        }
        _ => None,
    }
}

/// Details that every object of its place has.
fn common(xml: &mut Xml, record: &Record, is_first: bool, alert: Option<&str>) {
    if let Some(alert) = alert {
        xml.detail("Alert Description", alert);
    }
    if is_first {
        of_the_entry(xml, record);
    }
}

/// What leads back to the ledger, and what it says that has no place of its own in a message.
fn of_the_entry(xml: &mut Xml, record: &Record) {
    xml.detail("LedgerEntry", record.entry.seq);
    xml.detail("Kind", record.body().kind());
    if let Some(judged) = record.judged.as_deref() {
        xml.detail("Decision", judged.entry);
        xml.detail("Verdict", judged.decision.verdict.as_str());
        if judged.decision.observed {
            xml.detail("Observed", true);
        }
        xml.detail("Purpose", judged.request.purpose);
    }
    if let Some(user) = record.user() {
        xml.detail("UserProof", user.proof.as_str());
    }
    of_the_console(xml, record.body());
    let counts = record.counts();
    let numbers = [
        ("Instances", counts.instances),
        ("Failed", counts.failed),
        ("Bytes", counts.bytes),
        ("Matches", counts.matches),
        ("Withheld", counts.withheld),
    ];
    for (kind, number) in numbers {
        if let Some(number) = number {
            xml.detail(kind, number);
        }
    }
    if let Body::Query { status, .. } | Body::ProcedureStep { status, .. } = record.body() {
        xml.detail("Status", format_args!("{status:04X}H"));
    }
}

/// Who came, by what, and what people did with accounts and details.
fn of_the_console(xml: &mut Xml, body: &Body) {
    match body {
        Body::UserAuthenticated { ae, .. } => xml.detail("AETitle", ae),
        Body::SignedIn { means, .. } => xml.detail("UserProof", means.as_str()),
        Body::SignedOut { end, .. } => xml.detail("End", end.as_str()),
        Body::AccountChanged {
            act, roles, token, ..
        } => {
            xml.detail("Act", act.as_str());
            for role in roles {
                xml.detail("Role", role);
            }
            if let Some(token) = token {
                xml.detail("Token", token);
            }
        }
        Body::DetailsShown { what, about, .. } => {
            xml.detail("Shown", what.as_str());
            if let Some(entry) = about {
                xml.detail("About", entry);
            }
        }
        _ => {}
    }
}
