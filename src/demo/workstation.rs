//! The stand-in workstation (or modality): it stores, asks, and pulls studies.

use std::net::SocketAddr;
use std::time::Duration;

use dicom_core::Tag;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_dictionary_std::uids;
use dicom_object::InMemDicomObject;

use crate::association::ProposedContext;
use crate::demo::DemoError;
use crate::demo::instance::Instance;
use crate::demo::instance::read_identifier;
use crate::demo::instance::write_identifier;
use crate::demo::requestor;
use crate::demo::requestor::Answer;
use crate::demo::requestor::Association;
use crate::demo::requestor::Message;
use crate::dicom::AeTitle;
use crate::dicom::Model;
use crate::dicom::Uid;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

/// Most Pending responses that are gathered.
const MATCHES_MAX: usize = 10_000;

/// Somebody who asks a PACS, or a gateway in front of it.
#[derive(Clone, Debug)]
pub struct Workstation {
    /// Its own AE title.
    pub ae_title: AeTitle,
    /// AE title that it calls.
    pub called: AeTitle,
    /// Where it calls.
    pub address: SocketAddr,
    /// How long the peer may be silent.
    pub patience: Duration,
}

/// What came of a query.
#[derive(Clone, Debug)]
pub struct Found {
    /// Identifiers of the Pending responses.
    pub matches: Vec<InMemDicomObject>,
    /// Statuses of the Pending responses.
    pub pending: Vec<Status>,
    /// The final answer.
    pub answer: Answer,
}

/// What came of a retrieval.
#[derive(Clone, Debug)]
pub struct Retrieved {
    /// The final answer.
    pub answer: Answer,
    /// Counts of the final response.
    pub counts: Counts,
    /// Counts of the Pending responses.
    pub pending: Vec<Counts>,
    /// Failed SOP Instance UID List; `None` when the final response had no data set.
    pub failed: Option<Vec<String>>,
    /// What came on this association: C-GET only.
    pub instances: Vec<Instance>,
}

/// Counts of sub-operations; `None` where the element is absent (PS3.7 §9.1.4.1.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of Remaining Sub-operations.
    pub remaining: Option<u16>,
    /// Number of Completed Sub-operations.
    pub completed: Option<u16>,
    /// Number of Failed Sub-operations.
    pub failed: Option<u16>,
    /// Number of Warning Sub-operations.
    pub warning: Option<u16>,
}

impl Counts {
    fn of(response: &CommandSet) -> Self {
        Self {
            remaining: response.get_u16(element::REMAINING),
            completed: response.get_u16(element::COMPLETED),
            failed: response.get_u16(element::FAILED),
            warning: response.get_u16(element::WARNING),
        }
    }
}

/// A UID of the standard's own, which is legal by definition.
fn standard(uid: &str) -> Result<Uid, DemoError> {
    Uid::from_bytes(uid.as_bytes()).map_err(DemoError::dicom)
}

/// The SOP class of `model` for this kind of request.
fn sop_class(field: CommandField, model: Model) -> Result<Uid, DemoError> {
    standard(match (field, model) {
        (_, Model::Worklist) => uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
        (CommandField::CMoveRq, Model::PatientRoot) => {
            uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE
        }
        (CommandField::CMoveRq, Model::StudyRoot) => {
            uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE
        }
        (CommandField::CGetRq, Model::PatientRoot) => {
            uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET
        }
        (CommandField::CGetRq, Model::StudyRoot) => {
            uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET
        }
        (_, Model::PatientRoot) => uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        (_, Model::StudyRoot) => uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    })
}

/// An identifier: its level and its keys.
pub fn identifier(level: &str, keys: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let mut identifier = InMemDicomObject::new_empty();
    identifier.put_str(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
    for (tag, vr, value) in keys {
        identifier.put_str(*tag, *vr, *value);
    }
    identifier
}

/// The identifier of one study.
pub fn study_identifier(study: &Uid) -> InMemDicomObject {
    let key = (tags::STUDY_INSTANCE_UID, VR::UI, study.as_str());
    identifier("STUDY", &[key])
}

impl Workstation {
    /// Requests an association with these contexts; for the SOP classes in `provided` it offers
    /// to be the service class provider.
    ///
    /// # Errors
    /// When there is none at the end.
    pub async fn associate(
        &self,
        contexts: Vec<ProposedContext>,
        provided: &[Uid],
    ) -> Result<Association, DemoError> {
        let (calling, called) = (&self.ae_title, &self.called);
        let (address, patience) = (self.address, self.patience);
        Association::request(address, calling, called, contexts, provided, patience).await
    }

    /// C-ECHO.
    ///
    /// # Errors
    /// When there is no association, or no answer.
    pub async fn echo(&self) -> Result<Answer, DemoError> {
        let verification = standard(uids::VERIFICATION)?;
        let syntax = standard(uids::IMPLICIT_VR_LITTLE_ENDIAN)?;
        let contexts = requestor::contexts([(&verification, vec![syntax])]);
        let mut association = self.associate(contexts, &[]).await?;
        let answer = association.echo(&verification).await?;
        association.release().await;
        Ok(answer)
    }

    /// C-STORE of `instances` on one association, in order; `progress` hears how many are
    /// answered.
    ///
    /// # Errors
    /// When the association cannot be had, or ends too early. An instance without an accepted
    /// context is an error as well.
    pub async fn store(
        &self,
        instances: &[Instance],
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<Answer>, DemoError> {
        let contexts = requestor::contexts_to_store(instances, &[]);
        let mut association = self.associate(contexts, &[]).await?;
        let mut answers = Vec::new();
        for instance in instances {
            answers.push(association.store(instance, None).await?);
            progress(answers.len());
        }
        association.release().await;
        Ok(answers)
    }

    /// C-FIND. After `cancel_after` matches it is cancelled.
    ///
    /// # Errors
    /// When the association cannot be had, or ends too early.
    pub async fn find(
        &self,
        model: Model,
        query: &InMemDicomObject,
        cancel_after: Option<usize>,
    ) -> Result<Found, DemoError> {
        let class = sop_class(CommandField::CFindRq, model)?;
        let contexts = requestor::contexts([(&class, uncompressed()?)]);
        let mut association = self.associate(contexts, &[]).await?;
        let found = find_on(&mut association, &class, query, cancel_after).await?;
        association.release().await;
        Ok(found)
    }

    /// C-MOVE to `destination`. After `cancel_after` Pending responses it is cancelled.
    ///
    /// # Errors
    /// When the association cannot be had, or ends too early.
    pub async fn retrieve_to(
        &self,
        destination: &AeTitle,
        model: Model,
        identifier: &InMemDicomObject,
        cancel_after: Option<usize>,
        progress: impl FnMut(&Counts),
    ) -> Result<Retrieved, DemoError> {
        let class = sop_class(CommandField::CMoveRq, model)?;
        let contexts = requestor::contexts([(&class, uncompressed()?)]);
        let mut association = self.associate(contexts, &[]).await?;
        let mut command = association.command(CommandField::CMoveRq, &class);
        command.set_ae(element::MOVE_DESTINATION, destination);
        let mut retrieval = Retrieval::new(&class, cancel_after, progress);
        let retrieved = retrieval
            .perform(&mut association, command, identifier)
            .await?;
        association.release().await;
        Ok(retrieved)
    }

    /// C-GET of instances of the SOP classes `storage`, in any of `syntaxes`. After
    /// `cancel_after` Pending responses it is cancelled.
    ///
    /// # Errors
    /// When the association cannot be had, or ends too early.
    pub async fn retrieve(
        &self,
        model: Model,
        identifier: &InMemDicomObject,
        storage: &[Uid],
        syntaxes: &[Uid],
        cancel_after: Option<usize>,
        progress: impl FnMut(&Counts),
    ) -> Result<Retrieved, DemoError> {
        let class = sop_class(CommandField::CGetRq, model)?;
        // One context per pair, so that the acceptor has nothing to choose.
        let pairs = storage
            .iter()
            .flat_map(|class| syntaxes.iter().map(move |s| (class, vec![s.clone()])));
        let contexts = requestor::contexts([(&class, uncompressed()?)].into_iter().chain(pairs));
        let mut association = self.associate(contexts, storage).await?;
        let command = association.command(CommandField::CGetRq, &class);
        let mut retrieval = Retrieval::new(&class, cancel_after, progress);
        let retrieved = retrieval
            .perform(&mut association, command, identifier)
            .await?;
        association.release().await;
        Ok(retrieved)
    }
}

/// Explicit and implicit VR, little endian.
fn uncompressed() -> Result<Vec<Uid>, DemoError> {
    let explicit = standard(uids::EXPLICIT_VR_LITTLE_ENDIAN)?;
    Ok(vec![explicit, standard(uids::IMPLICIT_VR_LITTLE_ENDIAN)?])
}

async fn find_on(
    association: &mut Association,
    class: &Uid,
    query: &InMemDicomObject,
    cancel_after: Option<usize>,
) -> Result<Found, DemoError> {
    let context = association.context(class, None)?;
    let mut command = association.command(CommandField::CFindRq, class);
    command.set_u16(element::PRIORITY, 0);
    let message_id = command.message_id().unwrap_or_default();
    let keys = write_identifier(query, &context.transfer_syntax)?;
    association.send(context.id, command, Some(keys));
    let mut matches = Vec::new();
    let mut pending = Vec::new();
    loop {
        let Message {
            command, data_set, ..
        } = association.next().await?;
        let answer = Answer::of(&command)?;
        if answer.status.class() != Class::Pending {
            return Ok(Found {
                matches,
                pending,
                answer,
            });
        }
        if matches.len() == MATCHES_MAX {
            return Err(DemoError::TooManyMatches { limit: MATCHES_MAX });
        }
        pending.push(answer.status);
        let data_set = data_set.unwrap_or_default();
        matches.push(read_identifier(&data_set, &context.transfer_syntax)?);
        if cancel_after == Some(matches.len()) {
            association.cancel(context.id, message_id);
        }
    }
}

/// A retrieval under way.
struct Retrieval<'a, P> {
    class: &'a Uid,
    cancel_after: Option<usize>,
    progress: P,
    pending: Vec<Counts>,
    instances: Vec<Instance>,
}

impl<'a, P: FnMut(&Counts)> Retrieval<'a, P> {
    const fn new(class: &'a Uid, cancel_after: Option<usize>, progress: P) -> Self {
        Self {
            class,
            cancel_after,
            progress,
            pending: Vec::new(),
            instances: Vec::new(),
        }
    }

    async fn perform(
        &mut self,
        association: &mut Association,
        mut command: CommandSet,
        identifier: &InMemDicomObject,
    ) -> Result<Retrieved, DemoError> {
        let context = association.context(self.class, None)?;
        command.set_u16(element::PRIORITY, 0);
        let message_id = command.message_id().unwrap_or_default();
        let keys = write_identifier(identifier, &context.transfer_syntax)?;
        association.send(context.id, command, Some(keys));
        loop {
            let message = association.next().await?;
            if message.command.field() == Some(CommandField::CStoreRq) {
                self.take(association, message)?;
                continue;
            }
            let answer = Answer::of(&message.command)?;
            let counts = Counts::of(&message.command);
            if answer.status.class() != Class::Pending {
                let list = message.data_set.as_deref();
                let list = list.map(|list| failed_list(list, &context.transfer_syntax));
                return Ok(Retrieved {
                    answer,
                    counts,
                    pending: std::mem::take(&mut self.pending),
                    failed: list.transpose()?,
                    instances: std::mem::take(&mut self.instances),
                });
            }
            (self.progress)(&counts);
            self.pending.push(counts);
            if self.cancel_after == Some(self.pending.len()) {
                association.cancel(context.id, message_id);
            }
        }
    }

    /// Takes an instance of a C-GET.
    fn take(&mut self, association: &mut Association, message: Message) -> Result<(), DemoError> {
        let accepted = association.accepted();
        let context = accepted.iter().find(|c| c.id == message.context_id);
        let sop_instance = message.command.get_uid(element::AFFECTED_SOP_INSTANCE_UID);
        let (Some(context), Some(sop_instance)) = (context, sop_instance) else {
            return Err(DemoError::Ended);
        };
        self.instances.push(Instance {
            sop_class: context.abstract_syntax.clone(),
            sop_instance,
            transfer_syntax: context.transfer_syntax.clone(),
            data_set: message.data_set.unwrap_or_default(),
        });
        let response = CommandSet::response_to(&message.command, Status::SUCCESS);
        association.send(message.context_id, response, None);
        Ok(())
    }
}

fn failed_list(list: &[u8], transfer_syntax: &Uid) -> Result<Vec<String>, DemoError> {
    let list = read_identifier(list, transfer_syntax)?;
    let element = list.element(tags::FAILED_SOP_INSTANCE_UID_LIST);
    let texts = element.map_err(DemoError::dicom)?.to_multi_str();
    let texts = texts.map_err(DemoError::dicom)?;
    let trimmed = texts.iter().map(|text| text.trim_end_matches('\0'));
    Ok(trimmed.map(str::to_owned).collect())
}
