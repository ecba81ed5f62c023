//! The stand-in PACS's archive, in memory: what it holds, what a query finds in it, and which
//! instances a retrieval names (PS3.4 §C.4, §C.6, Annex K).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dicom_core::Tag;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::demo::instance::Instance;
use crate::demo::instance::text;
use crate::demo::matching;
use crate::dicom::AeTitle;
use crate::dicom::Model;
use crate::dicom::Uid;

/// Instances and worklist items.
#[derive(Debug)]
pub struct Archive {
    ae_title: AeTitle,
    character_set: String,
    worklist: Vec<InMemDicomObject>,
    /// In order of arrival.
    stored: BTreeMap<u64, Stored>,
    by_instance: BTreeMap<Uid, u64>,
    next: u64,
}

#[derive(Debug)]
struct Stored {
    instance: Instance,
    /// Empty where the data set cannot be read: such an instance is held and never found.
    attributes: InMemDicomObject,
}

/// A query or retrieval whose identifier names no level of its model (A900H).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identifier does not match the SOP class")]
pub struct IdentifierMismatch;

/// Query/Retrieve Level (PS3.4 §C.6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Patient,
    Study,
    Series,
    Image,
}

impl Level {
    const fn unique_key(self) -> Tag {
        match self {
            Self::Patient => tags::PATIENT_ID,
            Self::Study => tags::STUDY_INSTANCE_UID,
            Self::Series => tags::SERIES_INSTANCE_UID,
            Self::Image => tags::SOP_INSTANCE_UID,
        }
    }

    fn of(identifier: &InMemDicomObject, model: Model) -> Result<Self, IdentifierMismatch> {
        match &*text(identifier, tags::QUERY_RETRIEVE_LEVEL) {
            "PATIENT" if model == Model::PatientRoot => Ok(Self::Patient),
            "STUDY" => Ok(Self::Study),
            "SERIES" => Ok(Self::Series),
            "IMAGE" => Ok(Self::Image),
            _ => Err(IdentifierMismatch),
        }
    }
}

impl Archive {
    /// An empty archive of the PACS `ae_title`, whose answers are in `character_set`.
    pub fn new(ae_title: AeTitle, character_set: String, worklist: Vec<InMemDicomObject>) -> Self {
        Self {
            ae_title,
            character_set,
            worklist,
            stored: BTreeMap::new(),
            by_instance: BTreeMap::new(),
            next: 0,
        }
    }

    /// Adds `instance`; one with the same SOP Instance UID is replaced.
    pub fn put(&mut self, instance: Instance) {
        let attributes = instance
            .attributes()
            .unwrap_or_else(|_| InMemDicomObject::new_empty());
        let place = match self.by_instance.get(&instance.sop_instance) {
            Some(place) => *place,
            None => self.next,
        };
        self.next = self.next.saturating_add(1);
        self.by_instance
            .insert(instance.sop_instance.clone(), place);
        self.stored.insert(
            place,
            Stored {
                instance,
                attributes,
            },
        );
    }

    /// The instance with this UID.
    pub fn get(&self, sop_instance: &Uid) -> Option<&Instance> {
        let place = self.by_instance.get(sop_instance)?;
        Some(&self.stored.get(place)?.instance)
    }

    /// How many instances there are.
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }

    /// The matches of a query, as identifiers of its Pending responses.
    ///
    /// # Errors
    /// When the identifier names no level of the model.
    pub fn find(
        &self,
        model: Model,
        query: &InMemDicomObject,
    ) -> Result<Vec<InMemDicomObject>, IdentifierMismatch> {
        let known: Vec<InMemDicomObject> = if model == Model::Worklist {
            self.worklist.clone()
        } else {
            let level = Level::of(query, model)?;
            self.entities(level)
                .values()
                .filter_map(|entity| self.described(level, entity))
                .collect()
        };
        Ok(known
            .iter()
            .filter(|known| matching::matches(query, known))
            .map(|known| self.finished(query, known, model))
            .collect())
    }

    /// The instances that a retrieval names, in order of arrival.
    ///
    /// # Errors
    /// When the identifier names no level of the model, or lacks the unique key of its level.
    pub fn retrieve(
        &self,
        model: Model,
        identifier: &InMemDicomObject,
    ) -> Result<Vec<Instance>, IdentifierMismatch> {
        let level = Level::of(identifier, model)?;
        if model == Model::Worklist || text(identifier, level.unique_key()).is_empty() {
            return Err(IdentifierMismatch);
        }
        Ok(self
            .stored
            .values()
            .filter(|stored| matching::matches(identifier, &stored.attributes))
            .map(|stored| stored.instance.clone())
            .collect())
    }

    /// What is stored, by the unique key of `level`.
    fn entities(&self, level: Level) -> BTreeMap<String, Vec<&Stored>> {
        let mut entities: BTreeMap<String, Vec<&Stored>> = BTreeMap::new();
        for stored in self.stored.values() {
            let key = text(&stored.attributes, level.unique_key());
            if !key.is_empty() {
                entities.entry(key).or_default().push(stored);
            }
        }
        entities
    }

    /// All that can be said of one patient, study, series or image. Attributes of lower levels
    /// come from its first instance; a real PACS would leave them out.
    fn described(&self, level: Level, entity: &[&Stored]) -> Option<InMemDicomObject> {
        let first = entity.first()?;
        let mut known = first.attributes.clone();
        let distinct = |tag: Tag| -> BTreeSet<String> {
            let texts = entity.iter().map(|stored| text(&stored.attributes, tag));
            texts.filter(|text| !text.is_empty()).collect()
        };
        let joined = |tag| {
            let texts: Vec<String> = distinct(tag).into_iter().collect();
            texts.join("\\")
        };
        let (studies, series) = (
            distinct(tags::STUDY_INSTANCE_UID).len().to_string(),
            distinct(tags::SERIES_INSTANCE_UID).len().to_string(),
        );
        let instances = entity.len().to_string();
        let counts = match level {
            Level::Patient => vec![
                (tags::NUMBER_OF_PATIENT_RELATED_STUDIES, studies),
                (tags::NUMBER_OF_PATIENT_RELATED_SERIES, series),
                (tags::NUMBER_OF_PATIENT_RELATED_INSTANCES, instances),
            ],
            Level::Study => vec![
                (tags::NUMBER_OF_STUDY_RELATED_SERIES, series),
                (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, instances),
            ],
            Level::Series => vec![(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, instances)],
            Level::Image => vec![],
        };
        for (tag, count) in counts {
            known.put_str(tag, VR::IS, count);
        }
        known.put_str(tags::MODALITIES_IN_STUDY, VR::CS, joined(tags::MODALITY));
        known.put_str(
            tags::SOP_CLASSES_IN_STUDY,
            VR::UI,
            joined(tags::SOP_CLASS_UID),
        );
        known.put_str(tags::INSTANCE_AVAILABILITY, VR::CS, "ONLINE");
        Some(known)
    }

    /// What is asked for, and what every response says.
    fn finished(
        &self,
        query: &InMemDicomObject,
        known: &InMemDicomObject,
        model: Model,
    ) -> InMemDicomObject {
        let mut answer = matching::answer(query, known);
        if model != Model::Worklist {
            let level = text(query, tags::QUERY_RETRIEVE_LEVEL);
            answer.put_str(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
            answer.put_str(tags::RETRIEVE_AE_TITLE, VR::AE, self.ae_title.as_str());
        }
        answer.put_str(tags::SPECIFIC_CHARACTER_SET, VR::CS, &*self.character_set);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::phantom;

    fn archive() -> Archive {
        let ae_title = "PACS".parse().unwrap();
        let mut archive = Archive::new(ae_title, "ISO_IR 192".to_owned(), Vec::new());
        for instance in phantom::instances().unwrap() {
            archive.put(instance);
        }
        archive
    }

    fn query(level: &str, keys: &[(Tag, VR, &str)]) -> InMemDicomObject {
        let mut query = InMemDicomObject::new_empty();
        query.put_str(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
        for (tag, vr, value) in keys {
            query.put_str(*tag, *vr, *value);
        }
        query
    }

    #[test]
    fn each_level_finds_its_own_entities() {
        let archive = archive();
        let name = (tags::PATIENT_NAME, VR::PN, "Phantom^*");
        for (model, level, found) in [
            (Model::PatientRoot, "PATIENT", Ok(3)),
            (Model::PatientRoot, "STUDY", Ok(4)),
            (Model::StudyRoot, "STUDY", Ok(4)),
            (Model::StudyRoot, "SERIES", Ok(4)),
            (Model::StudyRoot, "IMAGE", Ok(36)),
            (Model::StudyRoot, "PATIENT", Err(IdentifierMismatch)),
            (Model::StudyRoot, "", Err(IdentifierMismatch)),
        ] {
            let matches = archive.find(model, &query(level, &[name]));
            assert_eq!(matches.map(|m| m.len()), found, "{model:?} {level}");
        }
    }

    #[test]
    fn a_study_is_described_by_all_its_instances() {
        let keys = [
            (tags::PATIENT_ID, VR::LO, phantom::ADA.id),
            (tags::MODALITIES_IN_STUDY, VR::CS, ""),
            (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, ""),
        ];
        let found = archive()
            .find(Model::StudyRoot, &query("STUDY", &keys))
            .unwrap();
        let [study] = &*found else {
            panic!("{} studies", found.len());
        };
        for (tag, value) in [
            (tags::MODALITIES_IN_STUDY, "CT"),
            (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, "24"),
            (tags::RETRIEVE_AE_TITLE, "PACS"),
            (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
        ] {
            assert_eq!(text(study, tag), value);
        }
    }

    #[test]
    fn a_retrieval_needs_the_unique_key_of_its_level() {
        let archive = archive();
        let study = phantom::studies().unwrap()[1].uid.to_string();
        let named = query("STUDY", &[(tags::STUDY_INSTANCE_UID, VR::UI, &study)]);
        let instances = archive.retrieve(Model::StudyRoot, &named).unwrap();
        assert_eq!(instances.len(), 10);
        for identifier in [query("STUDY", &[]), query("SERIES", &[])] {
            let refused = archive.retrieve(Model::StudyRoot, &identifier);
            assert_eq!(refused.map(|found| found.len()), Err(IdentifierMismatch));
        }
    }

    #[test]
    fn a_corrected_resend_replaces_and_keeps_its_place() {
        let mut archive = archive();
        let mut corrected = phantom::instances().unwrap().remove(0);
        let uid = corrected.sop_instance.clone();
        corrected.data_set = corrected.data_set.slice(..corrected.data_set.len() - 2);
        archive.put(corrected.clone());
        assert_eq!(archive.len(), 36);
        assert!(archive.get(&uid) == Some(&corrected));
    }
}
