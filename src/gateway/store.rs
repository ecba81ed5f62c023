//! C-STORE (PS3.4 Annex B, PS3.7 §9.1.1) towards the destination of a route.

use super::inbound::Use;
use super::instance::Ended;
use super::instance::Held;
use super::instance::Taken;
use super::instance::drain;
use super::instance::take_head;
use super::recorder::Asked;
use super::recorder::Judged;
use super::relay::Relay;
use super::relay::RelayError;
use super::relay::Relayed;
use super::relay::Source;
use super::session::Session;
use super::transfer::Fault;
use super::transfer::Key;
use crate::contract::Body;
use crate::dicom::HeadError;
use crate::dicom::Uid;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

/// Why an object goes no further, with what the sender is told.
pub(super) struct Refused {
    pub(super) status: Status,
    pub(super) comment: String,
}

impl Session {
    /// One C-STORE-RQ that came on `context_id`, up to its response.
    pub(super) async fn store(&mut self, context_id: u8, command: CommandSet) -> Result<(), Ended> {
        let Some(encoding) = self.encoding(context_id) else {
            return Err(Ended::OutOfTurn);
        };
        let sender_silence = self.inbound.peer.timeouts.dimse_response;
        let head_max = self.gateway.config.limits.head_bytes_max;
        let held = match take_head(&mut self.link, encoding, head_max, sender_silence).await? {
            Taken::Held(held) => *held,
            Taken::Refused(error) => {
                let refused = unreadable(&error);
                let alert = Body::Alert {
                    code: "unreadable-object".to_owned(),
                    text: format!(
                        "{} sent what cannot be judged: {error}",
                        self.inbound.peer.ae_title
                    ),
                    about: None,
                };
                self.gateway.recorder.note(alert).await;
                self.respond(context_id, &command, &refused);
                return Ok(());
            }
        };
        let complete = held.complete;
        let stored = if self.inbound.arrival.is_some() {
            self.arrive(context_id, &command, held).await?
        } else {
            self.store_judged(context_id, &command, held).await?
        };
        match stored {
            Stored::Answered => Ok(()),
            Stored::Refused { refused, drained } => {
                if !(complete || drained) {
                    drain(&mut self.link, sender_silence).await?;
                }
                self.respond(context_id, &command, &refused);
                Ok(())
            }
        }
    }

    async fn store_judged(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
    ) -> Result<Stored, Ended> {
        if let Some(refused) = self.contradiction(context_id, command, &held) {
            return Ok(Stored::refused(refused));
        }
        let Some(Use::Store(routed)) = self.accepted.get(&context_id).map(|a| a.used.clone())
        else {
            return Err(Ended::OutOfTurn);
        };
        let key = Key::of(&held.head, &routed);
        let gateway = std::sync::Arc::clone(&self.gateway);
        let inbound = &self.inbound;
        let Some(upstream) = self
            .upstreams
            .iter_mut()
            .find(|u| u.context(context_id).is_some())
        else {
            return Err(Ended::OutOfTurn);
        };
        let peer = std::sync::Arc::clone(&upstream.peer);
        let asked = || Asked::instance(routed.mode, inbound, &peer, &held.head);
        let recorded = match self.transfers.judge(&gateway, &key, asked).await {
            Ok(Judged::Permitted(recorded)) => recorded,
            Ok(Judged::Refused(refusal)) => {
                let refused = refusal.to_store(inbound, routed.denied_store)?;
                return Ok(Stored::refused(refused));
            }
            Err(error) => return Ok(Stored::refused(out_of_resources(&error.to_string()))),
        };
        let now_us = gateway.clock.read().monotonic_us;
        let Some(to_context) = upstream.context(context_id) else {
            return Err(Ended::OutOfTurn);
        };
        let to = match upstream.ready(&gateway).await {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!(%error, "destination lost");
                self.transfers
                    .count(&key, now_us, |tally| tally.lost_by(Fault::Recipient));
                return Ok(Stored::refused(out_of_resources(
                    "destination cannot be reached",
                )));
            }
        };
        let mut overheard = Vec::new();
        let relay = Relay {
            from: Source::Association(&mut self.link),
            to,
            to_context,
            overheard: &mut overheard,
            limits: gateway.relay_limits(&inbound.peer, &peer),
        };
        let relayed = relay.run(&recorded, command, held).await;
        if let Err(error) = &relayed
            && !matches!(error, RelayError::NotReleased { .. })
        {
            tracing::warn!(peer = %peer.name, %error, "an object did not arrive whole");
            // Half an object cannot be taken back: abort towards the destination.
            upstream.hang_up();
        }
        self.settle(context_id, &key, relayed)
    }

    /// Counts how a relay ended, and queues what the sender hears.
    fn settle(
        &mut self,
        context_id: u8,
        key: &Key,
        relayed: Result<Relayed, RelayError>,
    ) -> Result<Stored, Ended> {
        let now_us = self.gateway.clock.read().monotonic_us;
        match relayed {
            Ok(relayed) => {
                let status = relayed.response.status();
                let status = status.unwrap_or(Status::PROCESSING_FAILURE);
                self.transfers.count(key, now_us, |tally| {
                    tally.answered(status, &relayed.digest, relayed.bytes);
                });
                self.link.queue_command(context_id, &relayed.response);
                Ok(Stored::Answered)
            }
            Err(RelayError::NotReleased { sender_done }) => {
                self.transfers
                    .count(key, now_us, crate::gateway::transfer::Tally::withheld);
                Ok(Stored::Refused {
                    refused: out_of_resources("the permit ended; send again"),
                    drained: sender_done,
                })
            }
            Err(RelayError::Source(ended)) => {
                self.transfers
                    .count(key, now_us, |tally| tally.lost_by(Fault::Sender));
                Err(ended)
            }
            Err(RelayError::Destination { sender_done, .. }) => {
                self.transfers
                    .count(key, now_us, |tally| tally.lost_by(Fault::Recipient));
                Ok(Stored::Refused {
                    refused: out_of_resources("destination lost in the middle"),
                    drained: sender_done,
                })
            }
        }
    }

    /// The command must name the class of its presentation context and the very instance that
    /// follows (PS3.4 §B.2.3: A9xx, data set does not match SOP class).
    pub(super) fn contradiction(
        &self,
        context_id: u8,
        command: &CommandSet,
        held: &Held,
    ) -> Option<Refused> {
        let class = command.get_uid(element::AFFECTED_SOP_CLASS_UID);
        let instance = command.get_uid(element::AFFECTED_SOP_INSTANCE_UID);
        let of_context = self.accepted.get(&context_id).map(|a| &a.abstract_syntax);
        let wrong = if class.is_none() || class.as_ref() != of_context {
            "SOP class is not that of the context"
        } else if instance.is_none()
            || differs(held.head.sop_instance_uid.as_ref(), instance.as_ref())
        {
            "SOP Instance UID differs from the command's"
        } else if differs(held.head.sop_class_uid.as_ref(), class.as_ref()) {
            "SOP Class UID differs from the command's"
        } else {
            return None;
        };
        Some(Refused {
            status: Status::STORE_CLASS_MISMATCH,
            comment: wrong.to_owned(),
        })
    }

    /// Queues the response to a request that we refuse ourselves.
    pub(super) fn respond(&mut self, context_id: u8, request: &CommandSet, refused: &Refused) {
        let mut response = CommandSet::response_to(request, refused.status);
        response.set_text(element::ERROR_COMMENT, &refused.comment);
        self.link.queue_command(context_id, &response);
    }
}

/// Real data sets lack these elements now and then; then the command alone speaks.
fn differs(in_data_set: Option<&Uid>, in_command: Option<&Uid>) -> bool {
    in_data_set.is_some() && in_data_set != in_command
}

pub(super) enum Stored {
    /// The destination's response is queued.
    Answered,
    /// We refuse; `drained` tells whether the data set has been read to its end.
    Refused { refused: Refused, drained: bool },
}

impl Stored {
    pub(super) const fn refused(refused: Refused) -> Self {
        Self::Refused {
            refused,
            drained: false,
        }
    }
}

pub(super) fn refused(status: Status, comment: &str) -> Refused {
    Refused {
        status,
        comment: comment.to_owned(),
    }
}

/// Not our failure and not the object's: the sender may try again later.
pub(super) fn out_of_resources(comment: &str) -> Refused {
    refused(Status::STORE_OUT_OF_RESOURCES, comment)
}

/// What the sender of an unreadable data set is told.
pub(super) fn unreadable(error: &HeadError) -> Refused {
    refused(Status::STORE_CANNOT_UNDERSTAND, &error.to_string())
}
