//! Which matches of a query an asker of another institution may know of. Whose study a match is
//! of is what the archive says, never what the request says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Gateway;
use super::inbound::Inbound;
use super::link::Asker;
use super::recorder::Asked;
use super::recorder::Judged;
use super::recorder::PatientIdentity;
use super::recorder::Recorded;
use super::recorder::StudyAsked;
use super::retrieve::Archive;
use super::retrieve::ArchiveError;
use super::retrieve::FoundStudy;
use super::retrieve::Level;
use crate::config::Mode;
use crate::config::Peer;
use crate::config::Routed;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Model;
use crate::dicom::Uid;
use crate::dicom::tag;
use crate::dicom::trimmed;
use crate::time::Day;

/// Judges the matches of one query.
pub(super) struct Matches {
    archive: Arc<Peer>,
    mode: Mode,
    encoding: Encoding,
    /// The patient is to be asked of the archive: below the level that a patient is found at, a
    /// match has no Patient ID, or repeats that of the request.
    resolves: bool,
    asking: Option<Archive>,
    studies: BTreeMap<Uid, Option<FoundStudy>>,
    /// Answers so far: one decision each, until an event changes what it would be. `None`: refused,
    /// for the whole query.
    known: BTreeMap<Subject, Option<Recorded>>,
}

/// What a match tells of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    patient: Option<PatientIdentity>,
    study: Option<Uid>,
    modalities: Vec<String>,
    date: Option<Day>,
}

impl Matches {
    /// For a query at `level`; a worklist has none.
    pub(super) fn new(
        routed: &Routed,
        encoding: Encoding,
        model: Model,
        level: Option<Level>,
    ) -> Self {
        let resolves = match (model, level) {
            (Model::Worklist, _) | (_, Some(Level::Patient) | None) => false,
            (Model::StudyRoot, Some(Level::Study)) => false,
            (Model::PatientRoot, Some(Level::Study)) | (_, Some(Level::Series | Level::Image)) => {
                true
            }
        };
        Self {
            archive: Arc::clone(&routed.peer),
            mode: routed.mode,
            encoding,
            resolves,
            asking: None,
            studies: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// Whether `inbound` may know of the match; what cannot be read or resolved, it may not.
    pub(super) async fn may_know(
        &mut self,
        gateway: &Gateway,
        inbound: &Inbound,
        identifier: &[u8],
    ) -> bool {
        let Ok(elements) = Elements::parse(identifier, self.encoding) else {
            return false;
        };
        let mut subject = Subject::of(&elements);
        if self.resolves {
            let Some(uid) = &subject.study else {
                return false;
            };
            let Some(study) = self.resolve(gateway, inbound, uid).await else {
                return false;
            };
            subject.patient = study.patient;
            subject.date = study.date;
            if subject.modalities.is_empty() {
                subject.modalities = study.modalities;
            }
        }
        match self.known.get(&subject) {
            None => {}
            Some(None) => return false,
            Some(Some(permit)) if permit.stands_now() => return true,
            Some(Some(_)) => {
                self.known.remove(&subject);
            }
        }
        let asked = Asked {
            patient: subject.patient.clone(),
            study: subject.study.clone().map(|uid| StudyAsked {
                uid,
                modalities: subject.modalities.clone(),
                date: subject.date,
            }),
            question: false,
            ..Asked::query(self.mode, inbound, &self.archive)
        };
        let permit = match gateway.recorder.decide(asked).await {
            Ok(Judged::Permitted(recorded)) => Some(recorded),
            Ok(Judged::Refused(_)) | Err(_) => None,
        };
        let may = permit.as_ref().is_some_and(Recorded::stands_now);
        if self.known.len() < gateway.config.limits.permits_per_association_max {
            self.known.insert(subject, permit);
        }
        may
    }

    /// The study as the archive knows it, asked once.
    async fn resolve(
        &mut self,
        gateway: &Gateway,
        inbound: &Inbound,
        uid: &Uid,
    ) -> Option<FoundStudy> {
        if let Some(found) = self.studies.get(uid) {
            return found.clone();
        }
        let found = match self.ask(gateway, inbound, uid).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "archive cannot say whose study a match is of");
                self.asking = None;
                None
            }
        };
        if self.studies.len() < gateway.config.limits.permits_per_association_max {
            self.studies.insert(uid.clone(), found.clone());
        }
        found
    }

    async fn ask(
        &mut self,
        gateway: &Gateway,
        inbound: &Inbound,
        uid: &Uid,
    ) -> Result<Option<FoundStudy>, ArchiveError> {
        let asking = match &mut self.asking {
            Some(asking) => asking,
            None => {
                let calling = inbound.calling_towards(&self.archive);
                let mut opened =
                    Archive::open(gateway, &self.archive, calling, None, Vec::new()).await?;
                opened.say(gateway, &Asker::of(inbound), &[]).await?;
                self.asking.insert(opened)
            }
        };
        let mut found = asking.study(uid).await?;
        if let Some(study) = found.as_mut().filter(|study| study.modalities.is_empty()) {
            study.modalities = asking.modalities(uid).await?;
        }
        Ok(found)
    }

    /// Releases what was opened for asking.
    pub(super) fn close(self) {
        if let Some(asking) = self.asking {
            tokio::spawn(asking.link.release());
        }
    }
}

impl Subject {
    fn of(elements: &Elements<'_>) -> Self {
        let bytes = |tag| trimmed(elements.value(tag).unwrap_or_default()).to_vec();
        let id = bytes(tag::PATIENT_ID);
        let mut modalities = elements.texts(tag::MODALITIES_IN_STUDY);
        modalities.extend(elements.text(tag::MODALITY));
        modalities.retain(|modality| !modality.is_empty());
        let date = elements.text(tag::STUDY_DATE);
        Self {
            patient: (!id.is_empty()).then(|| PatientIdentity {
                issuer: bytes(tag::ISSUER_OF_PATIENT_ID),
                id,
            }),
            study: elements.uid(tag::STUDY_INSTANCE_UID),
            modalities,
            date: date.and_then(|date| Day::from_dicom(&date)),
        }
    }
}
