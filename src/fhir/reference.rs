//! References: to the patient, and to organisations.

use std::collections::BTreeSet;

use crate::dicom::Uid;
use crate::fhir::element::Element;
use crate::fhir::element::Reading;
use crate::fhir::resources::Resource;
use crate::fhir::resources::Resources;
use crate::fhir::terms::Identifier;
use crate::fhir::terms::Organisation;
use crate::fhir::terms::Patient;

/// The system of a Study Instance UID as an identifier (FHIR R4 §10.5.4.1).
const DICOM_UID: &str = "urn:dicom:uid";

/// A Reference, and what of the text it points at.
pub(super) struct Reference<'v> {
    path: String,
    text: Option<&'v str>,
    /// The types that it claims: by `type`, in its URL, and by what it points at.
    kinds: Vec<&'v str>,
    identifier: Option<Identifier>,
    resource: Option<Resource<'v>>,
}

impl<'v> Reference<'v> {
    /// Reads the Reference `element` of the resource `from`.
    pub(super) fn of(
        element: &Element<'v>,
        from: &Element<'v>,
        resources: &Resources<'v>,
        reading: &mut Reading,
    ) -> Self {
        element.only(&["reference", "type", "identifier", "display"], reading);
        if !element.has("reference") && !element.has("identifier") {
            let problem = "has neither reference nor identifier";
            reading.fault(&element.path, problem, "give one of them");
        }
        let text = element.text("reference", reading);
        let resource = text.and_then(|text| resources.find(text, from, reading));
        let identifier = element.child("identifier", reading);
        let kind = element.text("type", reading);
        let kind = kind.map(|kind| kind.rsplit('/').next().unwrap_or(kind));
        Self {
            path: element.path.clone(),
            text,
            kinds: kind
                .into_iter()
                .chain(text.and_then(kind_of))
                .chain(resource.as_ref().map(|resource| resource.kind))
                .collect(),
            identifier: identifier.and_then(|element| whole_identifier(&element, reading)),
            resource,
        }
    }

    /// It may point at a resource of this type.
    fn expect(&self, kind: &str, problem: &str, remedy: &str, reading: &mut Reading) -> bool {
        if self.kinds.iter().all(|claimed| *claimed == kind) {
            return true;
        }
        reading.fault(&self.path, problem, remedy);
        false
    }

    /// It claims to be of this type, and of no other.
    pub(super) fn is_of(&self, kind: &str) -> bool {
        !self.kinds.is_empty() && self.kinds.iter().all(|claimed| *claimed == kind)
    }

    /// The patient that it names.
    pub(super) fn patient(self, reading: &mut Reading) -> Option<Patient> {
        let remedy = "refer to a Patient with an identifier";
        if !self.expect("Patient", "does not name a Patient", remedy, reading) {
            return None;
        }
        let known = self.resource.as_ref().map(|patient| &patient.element);
        let mut identifiers = known.map_or_else(Vec::new, |patient| identifiers(patient, reading));
        identifiers.extend(self.identifier);
        identifiers.sort();
        identifiers.dedup();
        if identifiers.is_empty() {
            reading.fault(
                self.path,
                "does not say by what Patient ID: the text holds no such Patient with an identifier",
                "give `identifier` here, or the Patient resource in the same Bundle or `contained`",
            );
            return None;
        }
        Some(Patient {
            path: self.path,
            identifiers,
        })
    }

    /// The organisation that it names.
    pub(super) fn organisation(self, reading: &mut Reading) -> Option<Organisation> {
        let problem = "is not an Organization: the contract knows institutions only, no persons, \
                       roles, groups or devices";
        let remedy = "name the Organization, or leave it out if any institution is meant";
        if !self.expect("Organization", problem, remedy, reading) {
            return None;
        }
        let mut names: BTreeSet<String> = BTreeSet::new();
        if let Some(organization) = &self.resource {
            let identifiers = identifiers(&organization.element, reading);
            names.extend(identifiers.iter().map(joined));
            names.extend(organization.names());
        }
        names.extend(self.identifier.as_ref().map(joined));
        names.extend(
            self.text
                .filter(|text| !text.starts_with('#'))
                .map(str::to_owned),
        );
        if names.is_empty() {
            let problem = "names an Organization that the text does not hold";
            reading.fault(&self.path, problem, "give its identifier");
            return None;
        }
        Some(Organisation {
            path: self.path,
            names,
        })
    }

    /// The Study Instance UID of the imaging study that it names.
    pub(super) fn study(self, reading: &mut Reading) -> Option<Uid> {
        let problem = "is not an ImagingStudy: the contract knows studies, no other data";
        let remedy = "refer to an ImagingStudy, or leave the restriction out";
        if !self.expect("ImagingStudy", problem, remedy, reading) {
            return None;
        }
        let known = self.resource.as_ref().map(|study| &study.element);
        let mut identifiers = known.map_or_else(Vec::new, |study| identifiers(study, reading));
        identifiers.extend(self.identifier);
        let uids: BTreeSet<Uid> = identifiers
            .iter()
            .filter(|identifier| identifier.system == DICOM_UID)
            .filter_map(|identifier| identifier.value.strip_prefix("urn:oid:")?.parse().ok())
            .collect();
        let mut uids = uids.into_iter();
        match (uids.next(), uids.next()) {
            (Some(uid), None) => Some(uid),
            (None | Some(_), _) => {
                reading.fault(
                    self.path,
                    "does not name one study",
                    "give one identifier of system urn:dicom:uid and value urn:oid:<Study Instance \
                     UID>, here or in the ImagingStudy resource",
                );
                None
            }
        }
    }
}

/// The type that a relative or absolute URL of a resource names.
fn kind_of(reference: &str) -> Option<&str> {
    let mut segments = reference.rsplit('/');
    segments.next()?;
    segments.next()
}

fn joined(identifier: &Identifier) -> String {
    format!("{}|{}", identifier.system, identifier.value)
}

/// The identifiers of a resource that have both system and value.
fn identifiers(resource: &Element<'_>, reading: &mut Reading) -> Vec<Identifier> {
    let rows = resource.children("identifier", reading);
    rows.iter()
        .filter(|row| row.has("system") && row.has("value"))
        .filter_map(|row| whole_identifier(row, reading))
        .collect()
}

fn whole_identifier(element: &Element<'_>, reading: &mut Reading) -> Option<Identifier> {
    let known = ["use", "type", "system", "value", "period", "assigner"];
    element.only(&known, reading);
    let system = element.text("system", reading);
    let value = element.text("value", reading);
    if !element.has("system") || !element.has("value") {
        reading.fault(&element.path, "has no system or no value", "give both");
    }
    Some(Identifier {
        system: system?.to_owned(),
        value: value?.trim().to_owned(),
        is_old: element.text("use", reading) == Some("old"),
    })
}
