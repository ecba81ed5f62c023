//! Tags (PS3.6 §6) by the names of their attributes.

use std::fmt;

/// A data element tag; ordered as data elements are (PS3.5 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// Group number.
    pub group: u16,
    /// Element number.
    pub element: u16,
}

impl Tag {
    /// `Tag::new(0x0010, 0x0020)` is (0010,0020).
    pub const fn new(group: u16, element: u16) -> Self {
        Self { group, element }
    }
}

/// `(0010,0020)`, as in the standard.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X})", self.group, self.element)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag{self}")
    }
}

/// Item (FFFE,E000), PS3.5 §7.5.
pub(super) const ITEM: Tag = Tag::new(0xFFFE, 0xE000);
/// Item Delimitation Item (FFFE,E00D), PS3.5 §7.5.
pub(super) const ITEM_DELIMITATION: Tag = Tag::new(0xFFFE, 0xE00D);
/// Sequence Delimitation Item (FFFE,E0DD), PS3.5 §7.5.
pub(super) const SEQUENCE_DELIMITATION: Tag = Tag::new(0xFFFE, 0xE0DD);

/// Specific Character Set (0008,0005).
pub const SPECIFIC_CHARACTER_SET: Tag = Tag::new(0x0008, 0x0005);
/// SOP Class UID (0008,0016).
pub const SOP_CLASS_UID: Tag = Tag::new(0x0008, 0x0016);
/// SOP Instance UID (0008,0018).
pub const SOP_INSTANCE_UID: Tag = Tag::new(0x0008, 0x0018);
/// Study Date (0008,0020).
pub const STUDY_DATE: Tag = Tag::new(0x0008, 0x0020);
/// Study Time (0008,0030).
pub const STUDY_TIME: Tag = Tag::new(0x0008, 0x0030);
/// Accession Number (0008,0050).
pub const ACCESSION_NUMBER: Tag = Tag::new(0x0008, 0x0050);
/// Query/Retrieve Level (0008,0052).
pub const QUERY_RETRIEVE_LEVEL: Tag = Tag::new(0x0008, 0x0052);
/// Referenced SOP Class UID (0008,1150).
pub const REFERENCED_SOP_CLASS_UID: Tag = Tag::new(0x0008, 0x1150);
/// Referenced SOP Instance UID (0008,1155).
pub const REFERENCED_SOP_INSTANCE_UID: Tag = Tag::new(0x0008, 0x1155);
/// Transaction UID (0008,1195).
pub const TRANSACTION_UID: Tag = Tag::new(0x0008, 0x1195);
/// Failure Reason (0008,1197).
pub const FAILURE_REASON: Tag = Tag::new(0x0008, 0x1197);
/// Failed SOP Sequence (0008,1198).
pub const FAILED_SOP_SEQUENCE: Tag = Tag::new(0x0008, 0x1198);
/// Referenced SOP Sequence (0008,1199).
pub const REFERENCED_SOP_SEQUENCE: Tag = Tag::new(0x0008, 0x1199);
/// Scheduled Step Attributes Sequence (0040,0270).
pub const SCHEDULED_STEP_ATTRIBUTES_SEQUENCE: Tag = Tag::new(0x0040, 0x0270);
/// Retrieve AE Title (0008,0054).
pub const RETRIEVE_AE_TITLE: Tag = Tag::new(0x0008, 0x0054);
/// Instance Availability (0008,0056).
pub const INSTANCE_AVAILABILITY: Tag = Tag::new(0x0008, 0x0056);
/// Failed SOP Instance UID List (0008,0058).
pub const FAILED_SOP_INSTANCE_UID_LIST: Tag = Tag::new(0x0008, 0x0058);
/// Modality (0008,0060).
pub const MODALITY: Tag = Tag::new(0x0008, 0x0060);
/// Station Name.
pub const STATION_NAME: Tag = Tag::new(0x0008, 0x1010);
/// Modalities in Study (0008,0061).
pub const MODALITIES_IN_STUDY: Tag = Tag::new(0x0008, 0x0061);
/// SOP Classes in Study (0008,0062).
pub const SOP_CLASSES_IN_STUDY: Tag = Tag::new(0x0008, 0x0062);
/// Study Description (0008,1030).
pub const STUDY_DESCRIPTION: Tag = Tag::new(0x0008, 0x1030);
/// Patient's Name (0010,0010).
pub const PATIENT_NAME: Tag = Tag::new(0x0010, 0x0010);
/// Patient ID (0010,0020).
pub const PATIENT_ID: Tag = Tag::new(0x0010, 0x0020);
/// Issuer of Patient ID (0010,0021).
pub const ISSUER_OF_PATIENT_ID: Tag = Tag::new(0x0010, 0x0021);
/// Patient's Birth Date (0010,0030).
pub const PATIENT_BIRTH_DATE: Tag = Tag::new(0x0010, 0x0030);
/// Patient's Sex (0010,0040).
pub const PATIENT_SEX: Tag = Tag::new(0x0010, 0x0040);
/// Study Instance UID (0020,000D).
pub const STUDY_INSTANCE_UID: Tag = Tag::new(0x0020, 0x000D);
/// Series Instance UID (0020,000E).
pub const SERIES_INSTANCE_UID: Tag = Tag::new(0x0020, 0x000E);
/// Study ID (0020,0010).
pub const STUDY_ID: Tag = Tag::new(0x0020, 0x0010);
/// Series Number (0020,0011).
pub const SERIES_NUMBER: Tag = Tag::new(0x0020, 0x0011);
/// Instance Number (0020,0013).
pub const INSTANCE_NUMBER: Tag = Tag::new(0x0020, 0x0013);
/// Number of Study Related Series (0020,1206).
pub const NUMBER_OF_STUDY_RELATED_SERIES: Tag = Tag::new(0x0020, 0x1206);
/// Number of Study Related Instances (0020,1208).
pub const NUMBER_OF_STUDY_RELATED_INSTANCES: Tag = Tag::new(0x0020, 0x1208);
/// Number of Series Related Instances (0020,1209).
pub const NUMBER_OF_SERIES_RELATED_INSTANCES: Tag = Tag::new(0x0020, 0x1209);
/// Scheduled Procedure Step Sequence (0040,0100).
pub const SCHEDULED_PROCEDURE_STEP_SEQUENCE: Tag = Tag::new(0x0040, 0x0100);
