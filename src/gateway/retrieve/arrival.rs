//! Images that arrive from an archive because a C-MOVE of ours asked for them.

use std::sync::Arc;

use super::super::instance::Ended;
use super::super::instance::Held;
use super::super::recorder::Judged;
use super::super::recorder::Recorded;
use super::super::recorder::Refusal;
use super::super::relay::Relay;
use super::super::relay::RelayError;
use super::super::relay::Relayed;
use super::super::relay::Source;
use super::super::session::Session;
use super::super::store::Stored;
use super::super::store::out_of_resources;
use super::super::store::refused;
use super::super::transfer::Closing;
use super::super::transfer::Fault;
use super::Destination;
use super::hand_over::hand_over;
use super::registry::Retrieval;
use crate::contract::Body;
use crate::contract::Outcome;
use crate::dicom::Uid;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

impl Session {
    /// One C-STORE of an archive: matched to its retrieval, checked to belong to a permitted
    /// study and patient, and relayed under the name of who asked for it.
    pub(in crate::gateway) async fn arrive(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
    ) -> Result<Stored, Ended> {
        if let Some(contradiction) = self.contradiction(context_id, command, &held) {
            return Ok(Stored::refused(contradiction));
        }
        let gateway = Arc::clone(&self.gateway);
        let message_id = command.get_u16(element::MOVE_ORIGINATOR_MESSAGE_ID);
        let (archive, receiving) = (&self.inbound.peer, &self.inbound.called);
        let matching = gateway
            .retrievals
            .matching(archive, receiving, message_id, &held.head);
        let study = held.head.study_instance_uid.clone();
        let (Some((retrieval, recorded)), Some(study)) = (matching, study) else {
            let alert = Body::Alert {
                code: "unasked-instance".to_owned(),
                text: format!(
                    "{} sent an instance that no retrieval awaits",
                    archive.ae_title
                ),
                about: None,
            };
            gateway.recorder.note(alert).await;
            let comment = "no retrieval awaits this instance";
            return Ok(Stored::refused(refused(Status::NOT_AUTHORISED, comment)));
        };
        let instance = command.get_uid(element::AFFECTED_SOP_INSTANCE_UID);
        let Some(instance) = instance else {
            return Err(Ended::OutOfTurn);
        };
        let recorded = match self.still_permitted(&retrieval, &study, recorded).await {
            Ok(recorded) => recorded,
            Err(stored) => {
                retrieval.progress().counts.fail(instance);
                return Ok(stored);
            }
        };
        let command = on_behalf(command, &retrieval);
        let relayed = match &retrieval.destination {
            Destination::Peer { .. } => {
                self.pass_to_peer(context_id, &command, held, &recorded)
                    .await
            }
            Destination::Requestor {
                contexts,
                deliveries,
                ..
            } => {
                let accepted = self.accepted.get(&context_id).ok_or(Ended::OutOfTurn)?;
                let class = accepted.abstract_syntax.clone();
                let key = (class, accepted.transfer_syntax.clone());
                let to = *contexts.get(&key).ok_or(Ended::OutOfTurn)?;
                let silence = self.inbound.peer.timeouts.dimse_response;
                let from = &mut self.link;
                hand_over(from, deliveries, &recorded, to, command, held, silence).await
            }
        };
        self.count_arrival(context_id, &retrieval, &study, instance, relayed)
    }

    async fn pass_to_peer(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
        recorded: &Recorded,
    ) -> Result<Relayed, RelayError> {
        let lost = |ended| RelayError::Destination {
            ended,
            sender_done: false,
        };
        let complete = held.complete;
        let upstream = self.upstreams.first_mut();
        let Some(upstream) = upstream else {
            return Err(lost(Ended::Closed));
        };
        let Some(to_context) = upstream.context(context_id) else {
            return Err(lost(Ended::OutOfTurn));
        };
        let peer = Arc::clone(&upstream.peer);
        let to = match upstream.ready(&self.gateway).await {
            Ok(to) => to,
            Err(error) => {
                tracing::warn!(%error, "move destination lost");
                return Err(RelayError::Destination {
                    ended: Ended::Closed,
                    sender_done: complete,
                });
            }
        };
        let limits = self.gateway.relay_limits(&self.inbound.peer, &peer);
        let mut overheard = Vec::new();
        let relay = Relay {
            from: Source::Association(&mut self.link),
            to,
            to_context,
            tee: None,
            overheard: &mut overheard,
            limits,
        };
        let relayed = relay.run(recorded, command, held).await;
        if !matches!(&relayed, Ok(_) | Err(RelayError::NotReleased { .. })) {
            upstream.hang_up();
        }
        relayed
    }

    /// A decision that has been overturned meanwhile is asked again, once: a denial, too, serves
    /// all further instances of the study.
    pub(super) async fn still_permitted(
        &self,
        retrieval: &Retrieval,
        study: &Uid,
        recorded: Recorded,
    ) -> Result<Recorded, Stored> {
        let gateway = &self.gateway;
        let now = gateway.clock.now();
        if recorded.stands(now) {
            return Ok(recorded);
        }
        let known = {
            let progress = retrieval.progress();
            let study = progress.studies.get(study);
            study.and_then(|study| study.refused.clone())
        };
        if let Some(refusal) = known.filter(|refusal| refusal.stands(now)) {
            return Err(not_authorised(&refusal, self.inbound.is_own_house));
        }
        match gateway.recorder.decide(recorded.asked().clone()).await {
            Ok(Judged::Permitted(again)) => {
                let earlier = retrieval.progress().studies.get_mut(study).map(|study| {
                    let closing = Closing::last(study.outcome(Outcome::Completed));
                    study.recorded = again.clone();
                    study.refused = None;
                    (std::mem::take(&mut study.tally), closing)
                });
                if let Some((tally, closing)) = earlier {
                    gateway.recorder.close(&recorded, &tally, closing).await;
                }
                Ok(again)
            }
            Ok(Judged::Refused(refusal)) => {
                if let Some(study) = retrieval.progress().studies.get_mut(study) {
                    study.refused = Some(refusal.clone());
                }
                Err(not_authorised(&refusal, self.inbound.is_own_house))
            }
            Err(error) => Err(Stored::refused(out_of_resources(&error.to_string()))),
        }
    }

    fn count_arrival(
        &mut self,
        context_id: u8,
        retrieval: &Retrieval,
        study: &Uid,
        instance: Uid,
        relayed: Result<Relayed, RelayError>,
    ) -> Result<Stored, Ended> {
        let mut progress = retrieval.progress();
        let progress = &mut *progress;
        let counts = &mut progress.counts;
        let tally = progress
            .studies
            .get_mut(study)
            .map(|study| &mut study.tally);
        match relayed {
            Ok(relayed) => {
                let status = relayed
                    .response
                    .status()
                    .unwrap_or(Status::PROCESSING_FAILURE);
                counts.answered(&instance, status);
                if let Some(tally) = tally {
                    tally.answered(status, &relayed.data_set);
                }
                let (from, to) = (&self.inbound.peer.name, retrieval.destination.name());
                let bytes = relayed.data_set.bytes;
                self.gateway.meters().relayed(from, to, status, bytes);
                self.link.queue_command(context_id, &relayed.response);
                Ok(Stored::Answered)
            }
            Err(RelayError::NotReleased { sender_done }) => {
                counts.fail(instance);
                if let Some(tally) = tally {
                    tally.withheld();
                }
                Ok(Stored::Refused {
                    refused: out_of_resources("the permit ended"),
                    drained: sender_done,
                })
            }
            Err(RelayError::Source(ended)) => {
                counts.fail(instance);
                if let Some(tally) = tally {
                    tally.lost_by(Fault::Sender);
                }
                Err(ended)
            }
            Err(RelayError::Destination { ended, sender_done }) => {
                tracing::warn!(%ended, "move destination lost an instance");
                counts.fail(instance);
                if let Some(tally) = tally {
                    tally.lost_by(Fault::Recipient);
                }
                Ok(Stored::Refused {
                    refused: out_of_resources("destination lost"),
                    drained: sender_done,
                })
            }
        }
    }
}

/// What the archive is told: the reason, if it belongs to our own house.
fn not_authorised(refusal: &Refusal, own_house: bool) -> Stored {
    let comment = refusal.comment(own_house);
    Stored::refused(refused(Status::NOT_AUTHORISED, &comment))
}

/// The command as the destination is to see it: with the AE title and Message ID of who asked
/// for a C-MOVE, and with neither for a C-GET (PS3.7 §9.3.1.1).
fn on_behalf(command: &CommandSet, retrieval: &Retrieval) -> CommandSet {
    let mut command = command.clone();
    match &retrieval.destination {
        Destination::Peer { .. } => {
            let originator = &retrieval.originator;
            command.set_ae(element::MOVE_ORIGINATOR_AE, &originator.ae_title);
            command.set_u16(element::MOVE_ORIGINATOR_MESSAGE_ID, originator.message_id);
        }
        Destination::Requestor { .. } => {
            command.remove(element::MOVE_ORIGINATOR_AE);
            command.remove(element::MOVE_ORIGINATOR_MESSAGE_ID);
        }
    }
    command
}
