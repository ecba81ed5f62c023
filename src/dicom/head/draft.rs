//! A head in the making: which elements it wants, and what it makes of their values.

use crate::dicom::Head;
use crate::dicom::HeadError;
use crate::dicom::Tag;
use crate::dicom::Uid;
use crate::dicom::UidError;
use crate::dicom::tag;
use crate::dicom::trimmed;
use crate::time::Day;

/// Characters of a CS value (PS3.5 §6.2).
const CODE_STRING_CHARACTERS_MAX: usize = 16;

/// A head in the making.
pub(super) struct Draft {
    sop_class_uid: Option<Uid>,
    sop_instance_uid: Option<Uid>,
    patient_id: Option<Vec<u8>>,
    issuer_of_patient_id: Option<Vec<u8>>,
    study_instance_uid: Option<Uid>,
    modality: Option<String>,
    station_name: Option<Vec<u8>>,
    study_date: Option<Day>,
}

impl Draft {
    pub(super) const fn new() -> Self {
        Self {
            sop_class_uid: None,
            sop_instance_uid: None,
            patient_id: None,
            issuer_of_patient_id: None,
            study_instance_uid: None,
            modality: None,
            station_name: None,
            study_date: None,
        }
    }

    pub(super) const fn wants(tag: Tag) -> bool {
        matches!(
            tag,
            tag::SOP_CLASS_UID
                | tag::SOP_INSTANCE_UID
                | tag::STUDY_DATE
                | tag::MODALITY
                | tag::STATION_NAME
                | tag::PATIENT_ID
                | tag::ISSUER_OF_PATIENT_ID
                | tag::STUDY_INSTANCE_UID
        )
    }

    /// Takes the value of a wanted element.
    pub(super) fn take(&mut self, tag: Tag, value: &[u8]) -> Result<(), HeadError> {
        match tag {
            tag::SOP_CLASS_UID => self.sop_class_uid = uid(tag, value)?,
            tag::SOP_INSTANCE_UID => self.sop_instance_uid = uid(tag, value)?,
            tag::STUDY_DATE => self.study_date = date(value),
            tag::MODALITY => self.modality = code_string(value),
            tag::STATION_NAME => self.station_name = text(value).filter(|value| is_station(value)),
            tag::PATIENT_ID => self.patient_id = text(value),
            tag::ISSUER_OF_PATIENT_ID => self.issuer_of_patient_id = text(value),
            _ => self.study_instance_uid = uid(tag, value)?,
        }
        Ok(())
    }

    /// The head that the values make which have been taken.
    pub(super) fn head(&mut self) -> Head {
        Head {
            sop_class_uid: self.sop_class_uid.take(),
            sop_instance_uid: self.sop_instance_uid.take(),
            patient_id: self.patient_id.take(),
            issuer_of_patient_id: self.issuer_of_patient_id.take(),
            study_instance_uid: self.study_instance_uid.take(),
            modality: self.modality.take(),
            station_name: self.station_name.take(),
            study_date: self.study_date,
        }
    }
}

fn uid(tag: Tag, value: &[u8]) -> Result<Option<Uid>, HeadError> {
    match Uid::from_bytes(value) {
        Ok(uid) => Ok(Some(uid)),
        Err(UidError::Empty) => Ok(None),
        Err(source) => Err(HeadError::Uid { tag, source }),
    }
}

fn text(value: &[u8]) -> Option<Vec<u8>> {
    let text = trimmed(value);
    (!text.is_empty()).then(|| text.to_vec())
}

/// An SH value has 16 characters (PS3.5 §6.2), of up to four bytes.
fn is_station(value: &[u8]) -> bool {
    value.len() <= 4 * CODE_STRING_CHARACTERS_MAX
}

fn date(value: &[u8]) -> Option<Day> {
    Day::from_dicom(std::str::from_utf8(trimmed(value)).ok()?)
}

fn code_string(value: &[u8]) -> Option<String> {
    let code = std::str::from_utf8(trimmed(value)).ok()?;
    let is_code = (1..=CODE_STRING_CHARACTERS_MAX).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_'));
    is_code.then(|| code.to_owned())
}
