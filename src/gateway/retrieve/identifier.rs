//! The identifier of a retrieve request (PS3.4 §C.4.2.1.4): its level and unique keys.

use crate::dicom::Builder;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Tag;
use crate::dicom::Uid;
use crate::dicom::tag;

/// Query/Retrieve Level (0008,0052).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Level {
    Patient,
    Study,
    Series,
    Image,
}

impl Level {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Image => "IMAGE",
        }
    }

    pub(in crate::gateway) fn parse(text: &str) -> Option<Self> {
        [Self::Patient, Self::Study, Self::Series, Self::Image]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

/// What is to be retrieved.
#[derive(Clone)]
pub(super) struct Identifier {
    pub(super) level: Level,
    /// As sent; it only selects: whose the studies are is asked of the archive.
    pub(super) patient_id: Option<String>,
    pub(super) studies: Vec<Uid>,
    pub(super) series: Vec<Uid>,
    pub(super) instances: Vec<Uid>,
}

impl Identifier {
    /// Reads an identifier; `None` when it lacks its level or the unique keys of that level
    /// (status A900H).
    pub(super) fn read(bytes: &[u8], encoding: Encoding) -> Option<Self> {
        let elements = Elements::parse(bytes, encoding).ok()?;
        let identifier = Self {
            level: Level::parse(&elements.text(tag::QUERY_RETRIEVE_LEVEL)?)?,
            patient_id: elements.text(tag::PATIENT_ID).filter(|id| !id.is_empty()),
            studies: uids(&elements, tag::STUDY_INSTANCE_UID)?,
            series: uids(&elements, tag::SERIES_INSTANCE_UID)?,
            instances: uids(&elements, tag::SOP_INSTANCE_UID)?,
        };
        let complete = match identifier.level {
            Level::Patient => identifier.patient_id.is_some(),
            Level::Study => !identifier.studies.is_empty(),
            Level::Series => identifier.studies.len() == 1 && !identifier.series.is_empty(),
            Level::Image => identifier.studies.len() == 1 && !identifier.instances.is_empty(),
        };
        complete.then_some(identifier)
    }

    /// A whole study.
    pub(super) fn of_study(study: &Uid) -> Self {
        Self {
            level: Level::Study,
            patient_id: None,
            studies: vec![study.clone()],
            series: Vec::new(),
            instances: Vec::new(),
        }
    }

    /// The same request for one study of several.
    pub(super) fn for_study(&self, study: &Uid) -> Self {
        let level = match self.level {
            Level::Patient | Level::Study => Level::Study,
            Level::Series => Level::Series,
            Level::Image => Level::Image,
        };
        Self {
            level,
            studies: vec![study.clone()],
            ..self.clone()
        }
    }

    /// The identifier as we send it, in Implicit VR Little Endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut builder = Builder::new(Encoding::ImplicitLittle);
        if !self.instances.is_empty() {
            builder = builder.text(tag::SOP_INSTANCE_UID, *b"UI", &joined(&self.instances));
        }
        builder = builder.text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", self.level.as_str());
        if let Some(id) = &self.patient_id {
            builder = builder.text(tag::PATIENT_ID, *b"LO", id);
        }
        if !self.studies.is_empty() {
            builder = builder.text(tag::STUDY_INSTANCE_UID, *b"UI", &joined(&self.studies));
        }
        if !self.series.is_empty() {
            builder = builder.text(tag::SERIES_INSTANCE_UID, *b"UI", &joined(&self.series));
        }
        builder.build()
    }
}

/// All UIDs of a multi-valued element; `None` when one of them is no UID.
pub(super) fn uids(elements: &Elements<'_>, tag: Tag) -> Option<Vec<Uid>> {
    elements
        .texts(tag)
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().ok())
        .collect()
}

/// Several UIDs as one value.
pub(super) fn joined(uids: &[Uid]) -> String {
    uids.iter().map(Uid::as_str).collect::<Vec<_>>().join("\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(level: &str, study: &str, series: &str) -> Option<Identifier> {
        let bytes = Builder::new(Encoding::ImplicitLittle)
            .text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", level)
            .text(tag::PATIENT_ID, *b"LO", "P1")
            .text(tag::STUDY_INSTANCE_UID, *b"UI", study)
            .text(tag::SERIES_INSTANCE_UID, *b"UI", series)
            .build();
        Identifier::read(&bytes, Encoding::ImplicitLittle)
    }

    #[test]
    fn a_level_without_its_unique_keys_is_refused() {
        assert!(identifier("STUDY", "1.2", "").is_some());
        assert!(identifier("STUDY", "", "").is_none());
        assert!(identifier("SERIES", "1.2", "").is_none());
        assert!(identifier("SERIES", "1.2\\1.3", "1.4").is_none());
        assert!(identifier("FRAME", "1.2", "1.4").is_none());
        assert!(identifier("STUDY", "1.2/..", "").is_none());
    }

    #[test]
    fn one_study_of_a_patient_is_asked_for_at_study_level() {
        let whole = identifier("PATIENT", "", "").unwrap();
        let one = whole.for_study(&"1.2.3".parse().unwrap());
        let again = Identifier::read(&one.encode(), Encoding::ImplicitLittle).unwrap();
        assert_eq!(again.level, Level::Study);
        assert_eq!(joined(&again.studies), "1.2.3");
        assert_eq!(again.patient_id.as_deref(), Some("P1"));
    }
}
