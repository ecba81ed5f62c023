//! A modality worklist for the drawn patients (PS3.4 Annex K).

use dicom_core::DataElement;
use dicom_core::VR;
use dicom_core::value::DataSetSequence;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::demo::phantom;
use crate::demo::phantom::ADA;
use crate::demo::phantom::JOERG;
use crate::demo::phantom::MEI;
use crate::demo::phantom::Patient;

/// Three scheduled steps: a CT and an MR on 2026-02-02, an ultrasound on 2026-02-03.
pub fn worklist() -> Vec<InMemDicomObject> {
    vec![
        item(ADA, "CT", "20260202", "CT CHEST FOLLOW-UP", "1"),
        item(JOERG, "MR", "20260202", "MR HEAD FOLLOW-UP", "2"),
        item(MEI, "US", "20260203", "US ABDOMEN", "3"),
    ]
}

fn item(
    patient: Patient,
    modality: &str,
    date: &str,
    description: &str,
    number: &str,
) -> InMemDicomObject {
    let mut step = InMemDicomObject::new_empty();
    for (tag, vr, value) in [
        (tags::MODALITY, VR::CS, modality),
        (tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "CT1"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, date),
        (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, "090000"),
        (
            tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
            VR::LO,
            description,
        ),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, number),
    ] {
        step.put_str(tag, vr, value);
    }
    let mut item = InMemDicomObject::new_empty();
    let study = phantom::uid(&format!("worklist/{number}"));
    for (tag, vr, value) in [
        (tags::ACCESSION_NUMBER, VR::SH, number),
        (tags::PATIENT_NAME, VR::PN, patient.name),
        (tags::PATIENT_ID, VR::LO, patient.id),
        (tags::ISSUER_OF_PATIENT_ID, VR::LO, phantom::ISSUER),
        (tags::PATIENT_BIRTH_DATE, VR::DA, patient.birth_date),
        (tags::PATIENT_SEX, VR::CS, patient.sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, &study),
        (tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO, description),
        (tags::REQUESTED_PROCEDURE_ID, VR::SH, number),
    ] {
        item.put_str(tag, vr, value);
    }
    item.put(DataElement::new(
        tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(vec![step]),
    ));
    item
}
