//! Codings, and the few codes whose meaning the contract knows.

use crate::contract::Purpose;
use crate::fhir::element::Element;
use crate::fhir::element::Reading;

/// HL7 code system of consent scopes.
pub(super) const CONSENT_SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
/// HL7 code system of actions that a consent may be limited to.
pub(super) const CONSENT_ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
/// HL7 v3 code system of acts, which has kinds of consents and the basic rules of opting in or out.
pub(super) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// HL7 v3 code system of reasons, which has the purposes of use.
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
/// The same by its object identifier.
const ACT_REASON_OID: &str = "urn:oid:2.16.840.1.113883.5.8";
/// HL7 v3 code system of roles in an act.
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
/// LOINC.
pub(super) const LOINC: &str = "http://loinc.org";
/// Codes of DICOM (PS3.16 Annex D), which name modalities among others.
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// The same by its object identifier.
const DCM_OID: &str = "urn:oid:1.2.840.10008.2.16.4";
/// Types of FHIR resources.
const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";
/// Media types.
const MEDIA_TYPES: &str = "urn:ietf:bcp:13";

/// Modalities of PS3.16 CID 29, and what else studies commonly hold beside them.
const MODALITIES: [&str; 57] = [
    "AR", "AU", "BDUS", "BI", "BMD", "CR", "CT", "DG", "DOC", "DX", "ECG", "EPS", "ES", "GM", "HC",
    "HD", "IO", "IVOCT", "IVUS", "KER", "KO", "LEN", "LS", "MG", "MR", "NM", "OAM", "OCT", "OP",
    "OPM", "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PR", "PT", "PX", "REG", "RESP", "RF",
    "RG", "RTDOSE", "RTIMAGE", "RTPLAN", "RTRECORD", "RTSTRUCT", "SEG", "SM", "SR", "SRF", "TG",
    "US", "VA", "XA", "XC",
];

/// A code and the system that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Coding<'v> {
    pub(super) system: &'v str,
    pub(super) code: &'v str,
}

impl<'v> Coding<'v> {
    /// Reads a Coding; one without system or code names nothing.
    pub(super) fn of(element: &Element<'v>, reading: &mut Reading) -> Option<Self> {
        element.only(
            &["system", "version", "code", "display", "userSelected"],
            reading,
        );
        let system = element.text("system", reading);
        let code = element.text("code", reading);
        if !element.has("system") || !element.has("code") {
            reading.fault(&element.path, "has no system or no code", "give both");
        }
        Some(Self {
            system: system?,
            code: code?,
        })
    }

    pub(super) fn is(&self, system: &str, code: &str) -> bool {
        self.system == system && self.code == code
    }

    /// The purpose of use that it names.
    pub(super) fn purpose(&self) -> Option<Purpose> {
        if self.system != ACT_REASON && self.system != ACT_REASON_OID {
            return None;
        }
        // Breaking the glass is what an emergency is here, and IHE PCF's word for it.
        if self.code == "BTG" {
            return Some(Purpose::Emergency);
        }
        let mut purposes = Purpose::ALL.into_iter();
        purposes.find(|purpose| purpose.hl7_code() == self.code)
    }

    /// The modality that it names.
    pub(super) fn modality(&self) -> Option<&'static str> {
        if self.system != DCM && self.system != DCM_OID {
            return None;
        }
        MODALITIES
            .into_iter()
            .find(|modality| *modality == self.code)
    }

    /// It stands for DICOM images as a whole.
    pub(super) fn is_imaging(&self) -> bool {
        self.is(RESOURCE_TYPES, "ImagingStudy") || self.is(MEDIA_TYPES, "application/dicom")
    }
}

/// The codings of a CodeableConcept: one meaning in several systems. Text alone is not understood.
pub(super) fn codings<'v>(concept: &Element<'v>, reading: &mut Reading) -> Vec<Coding<'v>> {
    concept.only(&["coding", "text"], reading);
    if !concept.has("coding") {
        reading.fault(
            &concept.path,
            "has no coding, only text",
            "give a coding with system and code",
        );
    }
    let codings = concept.children("coding", reading);
    codings
        .iter()
        .filter_map(|coding| Coding::of(coding, reading))
        .collect()
}

/// What a concept means, of what `known` understands; `None` when nothing is understood or two
/// codings contradict each other.
pub(super) fn meaning<T: PartialEq>(
    codings: &[Coding<'_>],
    known: impl Fn(&Coding<'_>) -> Option<T>,
) -> Option<T> {
    let mut understood = codings.iter().filter_map(known);
    let first = understood.next()?;
    understood.all(|other| other == first).then_some(first)
}
