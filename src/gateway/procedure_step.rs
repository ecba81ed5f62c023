//! Modality Performed Procedure Steps (PS3.4 Annex F): N-CREATE and N-SET are judged as what is sent
//! of a study, passed on to their destination, and answered with what it says, attributes and status
//! untouched.

use std::sync::Arc;

use super::instance::Ended;
use super::instance::ended_by;
use super::instance::next_within;
use super::instance::take_small;
use super::recorder::Asked;
use super::recorder::Judged;
use super::recorder::PatientIdentity;
use super::recorder::Recorded;
use super::recorder::StudyAsked;
use super::session::Session;
use super::store::Refused;
use super::store::refused;
use super::transfer::Closing;
use super::transfer::Tally;
use crate::config::Routed;
use crate::contract::Body;
use crate::contract::Outcome;
use crate::contract::StepAct;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::tag;
use crate::dicom::trimmed;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Indication;

/// A destination's answer.
struct Answer {
    command: CommandSet,
    data_set: Option<Vec<u8>>,
}

/// Who was lost while a step was passed on.
enum Lost {
    Asker(Ended),
    Destination,
}

impl Session {
    /// One N-CREATE-RQ or N-SET-RQ, up to its response.
    pub(super) async fn procedure_step(
        &mut self,
        context_id: u8,
        request: CommandSet,
        routed: &Routed,
    ) -> Result<(), Ended> {
        let encoding = self.encoding(context_id).ok_or(Ended::OutOfTurn)?;
        let max = self.gateway.config.limits.identifier_bytes_max;
        let silence = self.inbound.peer.timeouts.dimse_response;
        let data_set = take_small(&mut self.link, &request, max, silence).await?;
        let Some(data_set) = data_set else {
            let refusal = refused(
                Status::RESOURCE_LIMITATION,
                "more attributes than the limit",
            );
            self.respond(context_id, &request, &refusal);
            return Ok(());
        };
        let recorded = match self.permit_step(routed, &data_set, encoding).await {
            Ok(recorded) => recorded,
            Err(refusal) => {
                self.respond(context_id, &request, &refusal);
                return Ok(());
            }
        };
        let passed = self.pass_step(context_id, &request, data_set).await;
        let (status, answer) = match passed {
            Ok(answer) => {
                let status = answer.command.status();
                (status.unwrap_or(Status::PROCESSING_FAILURE), Some(answer))
            }
            Err(Lost::Destination) => (Status::PROCESSING_FAILURE, None),
            Err(Lost::Asker(ended)) => {
                let status = Status::PROCESSING_FAILURE;
                self.close_step(&recorded, &request, None, status).await;
                return Err(ended);
            }
        };
        let told = answer.as_ref().map(|answer| &answer.command);
        self.close_step(&recorded, &request, told, status).await;
        match answer {
            Some(answer) => self.answer_step(context_id, &request, answer),
            None => {
                let refusal = refused(status, "the destination cannot be told");
                self.respond(context_id, &request, &refusal);
            }
        }
        Ok(())
    }

    /// Puts the step to the contract.
    async fn permit_step(
        &self,
        routed: &Routed,
        data_set: &[u8],
        encoding: Encoding,
    ) -> Result<Recorded, Refused> {
        let Ok(elements) = Elements::parse(data_set, encoding) else {
            let comment = "the attributes cannot be read";
            return Err(refused(Status::PROCESSING_FAILURE, comment));
        };
        let asked = Asked {
            patient: patient(&elements),
            study: study(&elements),
            ..Asked::step(routed.mode, &self.inbound, &routed.peer)
        };
        match self.gateway.recorder.decide(asked).await {
            Ok(Judged::Permitted(recorded)) => Ok(recorded),
            Ok(Judged::Refused(refusal)) => {
                let comment = refusal.comment(self.inbound.is_own_house);
                Err(refused(Status::NOT_AUTHORISED, &comment))
            }
            Err(error) => Err(refused(Status::RESOURCE_LIMITATION, &error.to_string())),
        }
    }

    /// Passes the request on, under a Message ID of ours.
    async fn pass_step(
        &mut self,
        context_id: u8,
        request: &CommandSet,
        data_set: Vec<u8>,
    ) -> Result<Answer, Lost> {
        let gateway = Arc::clone(&self.gateway);
        let max = gateway.config.limits.identifier_bytes_max;
        let upstreams = &mut self.upstreams;
        let upstream = upstreams
            .iter_mut()
            .find(|u| u.context(context_id).is_some());
        let upstream = upstream.ok_or(Lost::Destination)?;
        let to_context = upstream.context(context_id).ok_or(Lost::Destination)?;
        let silence = upstream.peer.timeouts.dimse_response;
        if let Err(error) = upstream.ready(&gateway).await {
            tracing::warn!(%error, "a procedure step cannot be passed on");
            return Err(Lost::Destination);
        }
        let message_id = upstream.next_message_id();
        let Some(link) = upstream.standing() else {
            return Err(Lost::Destination);
        };
        let mut command = request.clone();
        command.set_u16(element::MESSAGE_ID, message_id);
        link.queue_command(to_context, &command);
        if command.has_data_set() {
            link.queue_data(to_context, data_set.into(), true);
        }
        let heard = tokio::select! {
            biased;
            asker = self.link.next() => Err(Lost::Asker(match asker {
                Ok(indication) => ended_by(&indication),
                Err(error) => error.into(),
            })),
            heard = next_within(link, silence) => Ok(heard),
        };
        let answer = match heard {
            Ok(Ok(Indication::Command { command, .. }))
                if command.message_id_responded_to() == Some(message_id) =>
            {
                let data_set = take_small(link, &command, max, silence).await;
                data_set.map(|data_set| Answer { command, data_set })
            }
            Ok(Ok(other)) => Err(ended_by(&other)),
            Ok(Err(ended)) => Err(ended),
            Err(lost) => {
                // Its answer would come out of turn.
                upstream.hang_up();
                return Err(lost);
            }
        };
        answer.map_err(|ended| {
            tracing::warn!(to = %upstream.peer.name, %ended, "destination lost with a procedure step");
            upstream.hang_up();
            Lost::Destination
        })
    }

    /// The destination's answer under the asker's Message ID.
    fn answer_step(&mut self, context_id: u8, request: &CommandSet, answer: Answer) {
        let Answer {
            mut command,
            data_set,
        } = answer;
        command.set_u16(
            element::MESSAGE_ID_RESPONDED_TO,
            request.message_id().unwrap_or(0),
        );
        let data_set = data_set.filter(|_| command.has_data_set());
        command.set_has_data_set(data_set.is_some());
        self.link.queue_command(context_id, &command);
        if let Some(data_set) = data_set {
            self.link.queue_data(context_id, data_set.into(), true);
        }
    }

    /// Records what came of it. No image went: the decision is closed with nothing delivered.
    async fn close_step(
        &self,
        recorded: &Recorded,
        request: &CommandSet,
        answer: Option<&CommandSet>,
        status: Status,
    ) {
        let recorder = &self.gateway.recorder;
        let outcome = match status.class() {
            Class::Success | Class::Warning => Outcome::Completed,
            Class::Failure | Class::Cancel | Class::Pending => Outcome::Failed,
        };
        let act = match request.field() {
            Some(CommandField::NCreateRq) => StepAct::Created,
            _ => StepAct::Set,
        };
        // The modality may leave it to the destination to name the step (PS3.7 §10.1.5.1.4).
        let step = step_of(request).or_else(|| answer.and_then(step_of));
        let step = step.map(|uid| uid.to_string()).unwrap_or_default();
        if let Ok((_, Some(step))) = recorder.names(None, Some(step)).await {
            let body = Body::ProcedureStep {
                decision: recorded.entry(),
                act,
                step,
                status: status.0,
            };
            recorder.note(body).await;
        }
        let closing = Closing::last(outcome);
        recorder.close(recorded, &Tally::default(), closing).await;
    }
}

/// The step's SOP Instance UID, affected or requested.
fn step_of(command: &CommandSet) -> Option<Uid> {
    command
        .get_uid(element::REQUESTED_SOP_INSTANCE_UID)
        .or_else(|| command.get_uid(element::AFFECTED_SOP_INSTANCE_UID))
}

/// Whose step it is: said by N-CREATE, not by N-SET (PS3.4 Table F.7.2-1).
fn patient(elements: &Elements<'_>) -> Option<PatientIdentity> {
    let value = |tag| elements.value(tag).map(|value| trimmed(value).to_vec());
    let id = value(tag::PATIENT_ID).filter(|id| !id.is_empty())?;
    Some(PatientIdentity {
        issuer: value(tag::ISSUER_OF_PATIENT_ID).unwrap_or_default(),
        id,
    })
}

fn study(elements: &Elements<'_>) -> Option<StudyAsked> {
    let scheduled = elements
        .items(tag::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE)
        .ok()?;
    let mut uids = scheduled
        .iter()
        .filter_map(|step| step.uid(tag::STUDY_INSTANCE_UID));
    Some(StudyAsked {
        uid: uids.next()?,
        modalities: elements.text(tag::MODALITY).into_iter().collect(),
        date: None,
    })
}
