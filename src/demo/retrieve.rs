//! C-MOVE and C-GET of the stand-in PACS (PS3.7 §9.1.3, §9.1.4; PS3.4 §C.4.2, §C.4.3).

use std::net::SocketAddr;
use std::time::Duration;

use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::association::Accepted;
use crate::demo::DemoError;
use crate::demo::instance::Instance;
use crate::demo::record::Ending;
use crate::demo::record::Sent;
use crate::demo::requestor;
use crate::demo::requestor::Association;
use crate::demo::requestor::DATA_SET;
use crate::demo::script::RetrieveScript;
use crate::demo::session::Session;
use crate::dicom::AeTitle;
use crate::dicom::Model;
use crate::dicom::Uid;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Indication;

/// How long a Move Destination may be silent.
const DESTINATION_PATIENCE: Duration = Duration::from_secs(10);

/// Where the instances of one retrieval go.
enum Target {
    /// To a Move Destination; `None` when it could not be reached.
    Elsewhere(AeTitle, Option<Box<Association>>),
    /// Back on the requestor's own association.
    Here,
}

/// The counts of a retrieval (PS3.7 §9.1.4.1.7).
#[derive(Default)]
struct Tally {
    remaining: u16,
    completed: u16,
    failed: u16,
    warning: u16,
    failed_instances: Vec<Uid>,
}

impl Tally {
    fn count(&mut self, sop_instance: &Uid, answer: Option<Status>) {
        self.remaining = self.remaining.saturating_sub(1);
        match answer.map(Status::class) {
            Some(Class::Success) => self.completed += 1,
            Some(Class::Warning) => self.warning += 1,
            Some(Class::Failure | Class::Pending | Class::Cancel) | None => {
                self.failed += 1;
                self.failed_instances.push(sop_instance.clone());
            }
        }
    }

    /// PS3.4 §C.4.2.1.5.
    const fn status(&self) -> Status {
        match (self.completed, self.warning, self.failed) {
            (_, 0, 0) => Status::SUCCESS,
            (0, 0, _) => Status::MOVE_CANNOT_PERFORM,
            _ => Status::SUBOPERATIONS_WARNING,
        }
    }

    /// A Pending response has all counts; a final one has Remaining only when it was cancelled.
    fn response(&self, request: &CommandSet, status: Status) -> CommandSet {
        let mut response = CommandSet::response_to(request, status);
        if matches!(status.class(), Class::Pending | Class::Cancel) {
            response.set_u16(element::REMAINING, self.remaining);
        }
        response.set_u16(element::COMPLETED, self.completed);
        response.set_u16(element::FAILED, self.failed);
        response.set_u16(element::WARNING, self.warning);
        response
    }

    /// Failed SOP Instance UID List, where something failed.
    fn failures(&self) -> Option<InMemDicomObject> {
        let failed: Vec<&str> = self.failed_instances.iter().map(Uid::as_str).collect();
        let mut list = InMemDicomObject::new_empty();
        list.put_str(
            tags::FAILED_SOP_INSTANCE_UID_LIST,
            VR::UI,
            failed.join("\\"),
        );
        (!failed.is_empty()).then_some(list)
    }
}

impl Session {
    /// Answers a C-MOVE or C-GET.
    pub(crate) async fn retrieve(
        &mut self,
        context: &Accepted,
        command: &CommandSet,
        model: Model,
        identifier: &InMemDicomObject,
        place: usize,
    ) -> Result<(), Ending> {
        let script = self.shared.options().retrieve.clone();
        let found = self.shared.archive().retrieve(model, identifier);
        let destination = self.destination(command);
        let (instances, destination) = match (script.status, found, destination) {
            (None, Ok(instances), Ok(destination)) => (instances, destination),
            (Some(refusal), _, _) | (None, Ok(_), Err(refusal)) => {
                self.send(context, CommandSet::response_to(command, refusal), None);
                return Ok(());
            }
            (None, Err(_), _) => {
                let refusal = CommandSet::response_to(command, Status::IDENTIFIER_MISMATCH);
                self.send(context, refusal, None);
                return Ok(());
            }
        };
        let mut tally = Tally {
            remaining: u16::try_from(instances.len()).unwrap_or(u16::MAX),
            ..Tally::default()
        };
        let mut cancelled = !script.silence.is_zero()
            && self.cancelled_within(script.silence, place).await?
            && !script.ignores_cancel;
        let mut target = self.target(destination, &instances, &script).await;
        let originator = self.originator(command, &script);
        for (index, instance) in instances.iter().enumerate() {
            cancelled |=
                self.cancelled_within(script.pause, place).await? && !script.ignores_cancel;
            if cancelled {
                break;
            }
            if let Some((_, bytes)) = script.die_after.filter(|(count, _)| *count == index) {
                return self
                    .die(&mut target, instance, originator.as_ref(), bytes)
                    .await;
            }
            let answer = if script.unreadable.contains(&instance.sop_instance) {
                None
            } else {
                let (answer, stop) = self
                    .send_instance(&mut target, instance, originator.as_ref(), place)
                    .await?;
                cancelled |= stop && !script.ignores_cancel;
                answer
            };
            self.note_sent(&target, instance, answer);
            tally.count(&instance.sop_instance, answer);
            if !script.omits_pending && tally.remaining > 0 {
                let pending = tally.response(command, Status::PENDING);
                self.send(context, pending, None);
            }
        }
        if let Target::Elsewhere(_, Some(association)) = target {
            association.release().await;
        }
        let status = match cancelled {
            true => Status::CANCEL,
            false => tally.status(),
        };
        let failures = tally.failures();
        self.send(context, tally.response(command, status), failures.as_ref());
        Ok(())
    }

    /// Move Destination and its address; `None` for a C-GET.
    fn destination(&self, command: &CommandSet) -> Result<Option<(AeTitle, SocketAddr)>, Status> {
        if command.field() == Some(CommandField::CGetRq) {
            return Ok(None);
        }
        let unknown = Status::MOVE_DESTINATION_UNKNOWN;
        let ae_title = command.get_ae(element::MOVE_DESTINATION).ok_or(unknown)?;
        let address = self.shared.options().destinations.get(&ae_title).copied();
        Ok(Some((ae_title, address.ok_or(unknown)?)))
    }

    fn originator(&self, command: &CommandSet, script: &RetrieveScript) -> Option<(AeTitle, u16)> {
        let is_move = command.field() == Some(CommandField::CMoveRq);
        let told = is_move && !script.omits_originator;
        let message_id = command.message_id().filter(|_| told)?;
        Some((self.calling.clone(), message_id))
    }

    /// Opens the way to the destination.
    async fn target(
        &self,
        destination: Option<(AeTitle, SocketAddr)>,
        instances: &[Instance],
        script: &RetrieveScript,
    ) -> Target {
        let Some((called, address)) = destination else {
            return Target::Here;
        };
        if instances.is_empty() {
            return Target::Elsewhere(called, None);
        }
        let calling = self.shared.options().ae_title.clone();
        let contexts = requestor::contexts_to_store(instances, &script.more_transfer_syntaxes);
        let association = Association::request(
            address,
            &calling,
            &called,
            contexts,
            &[],
            DESTINATION_PATIENCE,
        )
        .await;
        Target::Elsewhere(called, association.ok().map(Box::new))
    }

    /// Performs one sub-operation: the status that came back, and whether a C-CANCEL came
    /// meanwhile.
    async fn send_instance(
        &mut self,
        target: &mut Target,
        instance: &Instance,
        originator: Option<&(AeTitle, u16)>,
        place: usize,
    ) -> Result<(Option<Status>, bool), Ending> {
        match target {
            Target::Here => self.store_here(instance, place).await,
            Target::Elsewhere(_, None) => Ok((None, false)),
            Target::Elsewhere(_, way) => {
                let Some(association) = way else {
                    return Ok((None, false));
                };
                let answer = store_there(association, instance, originator).await;
                if !matches!(answer, Ok(_) | Err(DemoError::NoContext { .. })) {
                    // The association is gone, and with it all that would follow.
                    *way = None;
                }
                Ok((answer.ok(), false))
            }
        }
    }

    /// C-STORE on the association of a C-GET (PS3.4 §C.4.3).
    async fn store_here(
        &mut self,
        instance: &Instance,
        place: usize,
    ) -> Result<(Option<Status>, bool), Ending> {
        let Some((context_id, command)) = self.store_command(instance) else {
            return Ok((None, false));
        };
        self.link.queue_command(context_id, &command);
        self.link
            .queue_data(context_id, instance.data_set.clone(), true);
        let mut cancelled = false;
        loop {
            match self.link.next().await? {
                Indication::Command { command, .. } => match command.field() {
                    Some(CommandField::CStoreRsp) => return Ok((command.status(), cancelled)),
                    Some(CommandField::CCancelRq) => {
                        self.note_cancel(place);
                        cancelled = true;
                    }
                    _ => return Err(Ending::AbortedByScript),
                },
                other => return Err(self.ending_of(&other)),
            }
        }
    }

    /// The C-STORE request for `instance` on this association, if it has a context for it.
    fn store_command(&mut self, instance: &Instance) -> Option<(u8, CommandSet)> {
        let fits = |context: &&Accepted| {
            context.abstract_syntax == instance.sop_class
                && context.transfer_syntax == instance.transfer_syntax
        };
        let context_id = self.accepted.values().find(fits)?.id;
        let mut command = CommandSet::new(CommandField::CStoreRq);
        command.set_uid(element::AFFECTED_SOP_CLASS_UID, &instance.sop_class);
        command.set_u16(element::MESSAGE_ID, self.message_id());
        command.set_u16(element::DATA_SET_TYPE, DATA_SET);
        requestor::fill_store(&mut command, instance, None);
        Some((context_id, command))
    }

    /// Sends a part of `instance` and dies.
    async fn die(
        &mut self,
        target: &mut Target,
        instance: &Instance,
        originator: Option<&(AeTitle, u16)>,
        bytes: usize,
    ) -> Result<(), Ending> {
        match target {
            Target::Elsewhere(_, Some(association)) if bytes > 0 => {
                // What it sends no longer matters to one who dies.
                let _ = association.store_partly(instance, originator, bytes).await;
            }
            Target::Here if bytes > 0 => {
                if let Some((context_id, command)) = self.store_command(instance) {
                    let part = instance
                        .data_set
                        .slice(..bytes.min(instance.data_set.len()) & !1);
                    self.link.queue_command(context_id, &command);
                    self.link.queue_data(context_id, part, false);
                }
            }
            Target::Elsewhere(..) | Target::Here => {}
        }
        self.link.flush().await?;
        Err(Ending::ClosedByScript)
    }

    fn note_sent(&self, target: &Target, instance: &Instance, answer: Option<Status>) {
        let destination = match target {
            Target::Elsewhere(ae_title, _) => Some(ae_title.clone()),
            Target::Here => None,
        };
        self.shared.note(|record| {
            record.sent.push(Sent {
                destination,
                sop_instance: instance.sop_instance.clone(),
                answer,
            });
        });
    }
}

/// Sends `instance`, in another uncompressed syntax if the destination accepted no other.
async fn store_there(
    association: &mut Association,
    instance: &Instance,
    originator: Option<&(AeTitle, u16)>,
) -> Result<Status, DemoError> {
    let context = association
        .context(&instance.sop_class, Some(&instance.transfer_syntax))
        .or_else(|_| association.context(&instance.sop_class, None))?;
    let no_context = || DemoError::NoContext {
        abstract_syntax: instance.sop_class.clone(),
    };
    let fitting = instance
        .transcoded(&context.transfer_syntax)
        .ok_or_else(no_context)?;
    Ok(association.store(&fitting, originator).await?.status)
}
