//! Our association at an archive: who a study's patient is, what it consists of, and the
//! retrieve requests that we make on behalf of others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::Gateway;
use super::super::instance::Ended;
use super::super::instance::ended_by;
use super::super::instance::next_within;
use super::super::instance::take_small;
use super::super::link;
use super::super::link::Asker;
use super::super::link::Speaker;
use super::super::link::Unsaid;
use super::super::recorder::PatientIdentity;
use super::super::recorder::RecordError;
use super::super::recorder::Recorded;
use super::super::upstream::UpstreamError;
use super::super::upstream::connect;
use super::identifier::Identifier;
use super::identifier::Level;
use crate::association::AssociateAc;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ProposedContext;
use crate::association::Roles;
use crate::association::UserInformation;
use crate::config::Peer;
use crate::dicom::AeTitle;
use crate::dicom::Builder;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Tag;
use crate::dicom::Uid;
use crate::dicom::tag;
use crate::dicom::uids;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::ledger::StatedTransfer;
use crate::time::Day;
use crate::transport::Indication;
use crate::transport::Link;

/// Study Root Query/Retrieve Information Model - FIND (PS3.4 §C.6.2).
const STUDY_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const FIND_CONTEXT: u8 = 1;
const RETRIEVE_CONTEXT: u8 = 3;
/// The link between gateways, where the archive is one.
const LINK_CONTEXT: u8 = 5;
/// The first context for storage, where the association is for C-GET.
const STORAGE_CONTEXTS_FROM: u8 = 7;
/// Contexts of one association (PS3.8 §9.3.2.2: odd ids up to 255), less find, retrieve and link.
pub(super) const STORAGE_CONTEXTS_MAX: usize = 125;

/// What keeps an archive from answering.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum ArchiveError {
    /// No association.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// It does not take queries or retrievals from us.
    #[error("archive {0} does not accept our query and retrieve contexts")]
    NotOffered(String),
    /// The association ended.
    #[error("archive: {0}")]
    Ended(#[from] Ended),
    /// It is a gateway, and was not told on whose behalf we ask.
    #[error(transparent)]
    Unsaid(#[from] Unsaid),
    /// It may not be asked: that could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It failed the query.
    #[error("archive answered a query with status {0}")]
    Failed(Status),
    /// It gave what cannot be read, or more than a limit.
    #[error("archive gave {0}")]
    Unusable(&'static str),
}

/// A study as the archive knows it.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct FoundStudy {
    pub(in crate::gateway) uid: Uid,
    pub(in crate::gateway) patient: Option<PatientIdentity>,
    pub(in crate::gateway) modalities: Vec<String>,
    pub(in crate::gateway) date: Option<Day>,
    pub(super) instances: Option<u32>,
}

/// An instance as the archive knows it.
#[derive(Clone, Debug)]
pub(super) struct FoundInstance {
    pub(super) uid: Uid,
    pub(super) series: Uid,
    pub(super) class: Option<Uid>,
}

/// A storage context offered to the archive of a C-GET, by the context of the destination.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Offered {
    pub(super) class: Uid,
    pub(super) syntax: Uid,
    pub(super) destination_context: u8,
}

/// Our association at an archive.
pub(in crate::gateway) struct Archive {
    pub(in crate::gateway) peer: Arc<Peer>,
    pub(in crate::gateway) link: Link,
    accepted: AssociateAc,
    offered: Vec<Offered>,
    response: Duration,
    matches_max: usize,
    identifier_bytes_max: usize,
    message_id: u16,
    speaker: Option<Speaker>,
}

impl Archive {
    /// Opens an association for queries and, where it is given, for `retrieve` (a C-MOVE or C-GET
    /// SOP class), with storage contexts in the SCP role where images are to come on it.
    pub(in crate::gateway) async fn open(
        gateway: &Gateway,
        peer: &Arc<Peer>,
        calling: AeTitle,
        retrieve: Option<&Uid>,
        offered: Vec<Offered>,
    ) -> Result<Self, ArchiveError> {
        let implicit: Vec<Uid> = uids::IMPLICIT_LITTLE.parse().into_iter().collect();
        let find: Option<Uid> = STUDY_ROOT_FIND.parse().ok();
        let classes = [(FIND_CONTEXT, find.as_ref()), (RETRIEVE_CONTEXT, retrieve)];
        let mut contexts: Vec<ProposedContext> = classes
            .into_iter()
            .filter_map(|(id, class)| {
                Some(ProposedContext {
                    id,
                    abstract_syntax: class?.clone(),
                    transfer_syntaxes: implicit.clone(),
                })
            })
            .collect();
        if peer.through.is_some() {
            contexts.extend(link::proposed(LINK_CONTEXT));
        }
        let mut user = UserInformation::ours(gateway.config.limits.pdu_bytes_max);
        let ids = (STORAGE_CONTEXTS_FROM..=u8::MAX).step_by(2);
        for (id, storage) in ids.zip(&offered) {
            let roles = Roles {
                scu: false,
                scp: true,
            };
            user.roles.insert(storage.class.clone(), roles);
            contexts.push(ProposedContext {
                id,
                abstract_syntax: storage.class.clone(),
                transfer_syntaxes: vec![storage.syntax.clone()],
            });
        }
        let request = AssociateRq::new(peer.ae_title.clone(), calling, contexts, user);
        let requested = connect(gateway, peer, &request).await?;
        let mut archive = Self {
            peer: Arc::clone(peer),
            link: requested.link,
            accepted: requested.accepted,
            offered,
            response: peer.timeouts.dimse_response,
            matches_max: gateway.config.limits.matches_max,
            identifier_bytes_max: gateway.config.limits.identifier_bytes_max,
            message_id: 0,
            speaker: None,
        };
        if peer.through.is_some() && archive.accepts(LINK_CONTEXT) {
            archive.speaker = Some(Speaker::new(LINK_CONTEXT));
        }
        let retrieves = retrieve.is_none() || archive.accepts(RETRIEVE_CONTEXT);
        if archive.accepts(FIND_CONTEXT) && retrieves {
            return Ok(archive);
        }
        tokio::spawn(archive.link.release());
        Err(ArchiveError::NotOffered(peer.name.to_string()))
    }

    /// States to a gateway on whose behalf the next requests are; to other archives, nothing.
    pub(in crate::gateway) async fn say(
        &mut self,
        gateway: &Gateway,
        asker: &Asker,
        transfers: &[StatedTransfer],
    ) -> Result<(), ArchiveError> {
        if self.peer.through.is_none() {
            return Ok(());
        }
        let message_id = self.next_message_id();
        let peer = Arc::clone(&self.peer);
        let speaker = self.speaker.as_mut().ok_or(Unsaid::NoLink)?;
        let link = &mut self.link;
        Ok(speaker
            .say(gateway, &peer, link, message_id, asker, transfers)
            .await?)
    }

    /// Tells a gateway which of our decisions a request for `identifier` rests on. A transfer that is not named
    /// is over there.
    pub(super) async fn introduce(
        &mut self,
        gateway: &Gateway,
        asker: &Asker,
        identifier: &Identifier,
        released: &[(Uid, Recorded)],
    ) -> Result<(), ArchiveError> {
        let is_asked_for =
            |study: &Uid| identifier.studies.is_empty() || identifier.studies.contains(study);
        let asked_for = released.iter().filter(|(study, _)| is_asked_for(study));
        let transfers: Vec<_> = asked_for
            .filter_map(|(study, recorded)| recorded.ticket()?.stated(study))
            .collect();
        self.say(gateway, asker, &transfers).await
    }

    /// The number of what was stated last.
    pub(in crate::gateway) fn spoken(&self) -> u32 {
        self.speaker.as_ref().map_or(0, Speaker::count)
    }

    fn accepts(&self, id: u8) -> bool {
        let mut contexts = self.accepted.contexts.iter();
        contexts.any(|c| c.id == id && matches!(c.result, ContextReply::Accepted(_)))
    }

    /// What an image on `context_id` of this association is, and where it goes.
    pub(super) fn offered(&self, context_id: u8) -> Option<&Offered> {
        if !self.accepts(context_id) {
            return None;
        }
        let index = context_id.checked_sub(STORAGE_CONTEXTS_FROM)? / 2;
        self.offered.get(usize::from(index))
    }

    pub(super) fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.checked_add(1).unwrap_or(1);
        self.message_id
    }

    /// Queues a C-MOVE or C-GET request.
    pub(super) fn queue_retrieve(&mut self, command: &CommandSet, identifier: &Identifier) {
        self.link.queue_command(RETRIEVE_CONTEXT, command);
        self.link
            .queue_data(RETRIEVE_CONTEXT, identifier.encode().into(), true);
    }

    /// Queues a C-CANCEL of the retrieve request `message_id`.
    pub(super) fn queue_cancel(&mut self, message_id: u16) {
        let mut cancel = CommandSet::new(CommandField::CCancelRq);
        cancel.set_u16(element::MESSAGE_ID_RESPONDED_TO, message_id);
        self.link.queue_command(RETRIEVE_CONTEXT, &cancel);
    }

    /// Which studies `identifier` selects, and whose they are.
    pub(super) async fn studies(
        &mut self,
        identifier: &Identifier,
        max: usize,
    ) -> Result<Vec<FoundStudy>, ArchiveError> {
        let mut keys: Vec<Option<&Uid>> = identifier.studies.iter().map(Some).collect();
        if keys.is_empty() {
            keys.push(None);
        }
        let mut found = Vec::new();
        for study in keys {
            let patient_id = match identifier.level {
                Level::Patient => identifier.patient_id.as_deref().unwrap_or(""),
                Level::Study | Level::Series | Level::Image => "",
            };
            let query = Builder::new(Encoding::ImplicitLittle)
                .text(tag::STUDY_DATE, *b"DA", "")
                .text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", Level::Study.as_str())
                .text(tag::MODALITIES_IN_STUDY, *b"CS", "")
                .text(tag::PATIENT_ID, *b"LO", patient_id)
                .text(tag::ISSUER_OF_PATIENT_ID, *b"LO", "")
                .text(
                    tag::STUDY_INSTANCE_UID,
                    *b"UI",
                    study.map_or("", Uid::as_str),
                )
                .text(tag::NUMBER_OF_STUDY_RELATED_INSTANCES, *b"IS", "")
                .build();
            for answer in self.find(&query, max.saturating_sub(found.len())).await? {
                found.push(read_study(&answer)?);
            }
        }
        Ok(found)
    }

    /// One study; `None` when the archive does not have it.
    pub(in crate::gateway) async fn study(
        &mut self,
        uid: &Uid,
    ) -> Result<Option<FoundStudy>, ArchiveError> {
        let identifier = Identifier::of_study(uid);
        let found = self.studies(&identifier, 1).await?;
        Ok(found.into_iter().find(|study| study.uid == *uid))
    }

    /// Modalities of a study, from its series.
    pub(in crate::gateway) async fn modalities(
        &mut self,
        study: &Uid,
    ) -> Result<Vec<String>, ArchiveError> {
        let series = self.series(study).await?;
        let mut modalities: Vec<String> = series.into_iter().filter_map(|(_, m)| m).collect();
        modalities.sort();
        modalities.dedup();
        Ok(modalities)
    }

    async fn series(&mut self, study: &Uid) -> Result<Vec<(Uid, Option<String>)>, ArchiveError> {
        let query = Builder::new(Encoding::ImplicitLittle)
            .text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", Level::Series.as_str())
            .text(tag::MODALITY, *b"CS", "")
            .text(tag::STUDY_INSTANCE_UID, *b"UI", study.as_str())
            .text(tag::SERIES_INSTANCE_UID, *b"UI", "")
            .build();
        let mut series = Vec::new();
        for answer in self.find(&query, self.matches_max).await? {
            let elements = parse(&answer)?;
            if let Some(uid) = elements.uid(tag::SERIES_INSTANCE_UID) {
                series.push((uid, elements.text(tag::MODALITY).filter(|m| !m.is_empty())));
            }
        }
        Ok(series)
    }

    /// The instances that `identifier` selects in `study`.
    pub(super) async fn instances(
        &mut self,
        study: &Uid,
        identifier: &Identifier,
    ) -> Result<Vec<FoundInstance>, ArchiveError> {
        let wanted: BTreeSet<&Uid> = identifier.series.iter().collect();
        let only: BTreeSet<&Uid> = identifier.instances.iter().collect();
        let mut found = Vec::new();
        for (series, _) in self.series(study).await? {
            if !wanted.is_empty() && !wanted.contains(&series) {
                continue;
            }
            let query = Builder::new(Encoding::ImplicitLittle)
                .text(tag::SOP_CLASS_UID, *b"UI", "")
                .text(tag::SOP_INSTANCE_UID, *b"UI", "")
                .text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", Level::Image.as_str())
                .text(tag::STUDY_INSTANCE_UID, *b"UI", study.as_str())
                .text(tag::SERIES_INSTANCE_UID, *b"UI", series.as_str())
                .build();
            let left = self.matches_max.saturating_sub(found.len());
            for answer in self.find(&query, left).await? {
                let elements = parse(&answer)?;
                let Some(uid) = elements.uid(tag::SOP_INSTANCE_UID) else {
                    continue;
                };
                if only.is_empty() || only.contains(&uid) {
                    let class = elements.uid(tag::SOP_CLASS_UID);
                    let series = series.clone();
                    found.push(FoundInstance { uid, series, class });
                }
            }
        }
        Ok(found)
    }

    /// One C-FIND; the identifiers of its matches, at most `max`.
    async fn find(&mut self, query: &[u8], max: usize) -> Result<Vec<Vec<u8>>, ArchiveError> {
        let message_id = self.next_message_id();
        let mut command = CommandSet::new(CommandField::CFindRq);
        if let Ok(class) = STUDY_ROOT_FIND.parse() {
            command.set_uid(element::AFFECTED_SOP_CLASS_UID, &class);
        }
        command.set_u16(element::MESSAGE_ID, message_id);
        command.set_u16(element::PRIORITY, 0);
        command.set_has_data_set(true);
        self.link.queue_command(FIND_CONTEXT, &command);
        self.link
            .queue_data(FIND_CONTEXT, query.to_vec().into(), true);
        let mut found = Vec::new();
        loop {
            let response = match next_within(&mut self.link, self.response).await? {
                Indication::Command { command, .. } => command,
                other => return Err(ended_by(&other).into()),
            };
            let identifier = take_small(
                &mut self.link,
                &response,
                self.identifier_bytes_max,
                self.response,
            )
            .await?;
            let status = response.status().unwrap_or(Status::PROCESSING_FAILURE);
            match status.class() {
                Class::Pending if found.len() >= max => {
                    return Err(ArchiveError::Unusable("more matches than the limit"));
                }
                Class::Pending => found.push(
                    identifier.ok_or(ArchiveError::Unusable("an identifier over the limit"))?,
                ),
                Class::Success | Class::Warning => return Ok(found),
                Class::Failure | Class::Cancel => return Err(ArchiveError::Failed(status)),
            }
        }
    }
}

fn parse(answer: &[u8]) -> Result<Elements<'_>, ArchiveError> {
    Elements::parse(answer, Encoding::ImplicitLittle)
        .map_err(|_| ArchiveError::Unusable("an identifier that cannot be read"))
}

fn read_study(answer: &[u8]) -> Result<FoundStudy, ArchiveError> {
    let elements = parse(answer)?;
    let text = |tag: Tag| elements.text(tag).filter(|text| !text.is_empty());
    let bytes = |tag: Tag| {
        let value = elements.value(tag).unwrap_or_default();
        crate::dicom::trimmed(value).to_vec()
    };
    let id = bytes(tag::PATIENT_ID);
    let patient = (!id.is_empty()).then(|| PatientIdentity {
        issuer: bytes(tag::ISSUER_OF_PATIENT_ID),
        id,
    });
    let mut modalities = elements.texts(tag::MODALITIES_IN_STUDY);
    modalities.retain(|modality| !modality.is_empty());
    Ok(FoundStudy {
        uid: elements
            .uid(tag::STUDY_INSTANCE_UID)
            .ok_or(ArchiveError::Unusable("a match without Study Instance UID"))?,
        patient,
        modalities,
        date: text(tag::STUDY_DATE).and_then(|date| Day::from_dicom(&date)),
        instances: text(tag::NUMBER_OF_STUDY_RELATED_INSTANCES).and_then(|n| n.parse().ok()),
    })
}
