//! C-STORE (PS3.4 Annex B, PS3.7 §9.1.1) towards the destination of a route.

use std::sync::Arc;

use super::inbound::Use;
use super::instance::Ended;
use super::instance::Held;
use super::instance::Taken;
use super::instance::drain;
use super::instance::take_head;
use super::link::Role;
use super::recorder::Asked;
use super::recorder::Judged;
use super::recorder::RecordError;
use super::recorder::Recorded;
use super::relay::Relay;
use super::relay::RelayError;
use super::relay::Relayed;
use super::relay::Source;
use super::session::Session;
use super::spooling::Spooling;
use super::store_spooled::Permit;
use super::transfer::Fault;
use super::transfer::Key;
use super::upstream::UpstreamError;
use crate::config::Delivery;
use crate::config::Peer;
use crate::config::StoreRoute;
use crate::contract::Body;
use crate::dicom::Head;
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
        let study = held.head.study_instance_uid.as_ref();
        if self.inbound.lacks_a_transfer(study) {
            let comment = "a gateway names the transfer of a study first";
            return Ok(Stored::refused(refused(Status::NOT_AUTHORISED, comment)));
        }
        let Some(Use::Store(routes)) = self.accepted.get(&context_id).map(|a| a.used.clone())
        else {
            return Err(Ended::OutOfTurn);
        };
        let Some(route) = routes.of(&held.head) else {
            let refused = refused(
                Status::PROCESSING_FAILURE,
                "no route for its modality or station",
            );
            return Ok(Stored::refused(refused));
        };
        match route.delivery {
            Delivery::Direct | Delivery::DirectThenSpool => {
                self.store_directly(context_id, command, held, route).await
            }
            Delivery::Spool => self.store_by_spool(context_id, command, held, route).await,
        }
    }

    /// Asks the contract whether `to` may have the instance.
    pub(super) async fn judge(
        &mut self,
        route: &StoreRoute,
        to: &Arc<Peer>,
        head: &Head,
    ) -> (Key, Result<Judged, RecordError>) {
        let mode = route.route.mode;
        let key = Key::of(head, to, mode);
        let inbound = &self.inbound;
        let asked = || {
            let study = head.study_instance_uid.as_ref();
            let asked = Asked::instance(mode, inbound, to, head);
            match study.and_then(|study| inbound.ticket(study, Role::Recipient)) {
                Some(ticket) => asked.of_transfer(ticket),
                None => asked,
            }
        };
        let transfers = &mut self.transfers;
        let judged = match route.delivery {
            // It is another association that takes it to where it goes.
            Delivery::Spool => transfers.judge(&self.gateway, &key, asked).await,
            Delivery::Direct | Delivery::DirectThenSpool => {
                transfers
                    .judge_sending(&self.gateway, &key, to, asked)
                    .await
            }
        };
        (key, judged)
    }

    /// The same, with what the sender is told when it may not.
    pub(super) async fn permit(
        &mut self,
        route: &StoreRoute,
        to: &Arc<Peer>,
        head: &Head,
    ) -> Result<Result<(Key, Recorded), Refused>, Ended> {
        let (key, judged) = self.judge(route, to, head).await;
        match judged {
            Ok(Judged::Permitted(recorded)) => Ok(Ok((key, recorded))),
            Ok(Judged::Refused(refusal)) => {
                let answer = route.route.denied_store;
                Ok(Err(refusal.to_store(&self.inbound, answer)?))
            }
            Err(error) => Ok(Err(out_of_resources(&error.to_string()))),
        }
    }

    /// Straight to the destination; into the spool when that does not work and the route says so.
    async fn store_directly(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
        route: &StoreRoute,
    ) -> Result<Stored, Ended> {
        let Some(peer) = route.to.first() else {
            return Err(Ended::OutOfTurn);
        };
        self.begin_anew(context_id).await;
        let (key, recorded) = match self.permit(route, peer, &held.head).await? {
            Ok(permitted) => permitted,
            Err(refused) => return Ok(Stored::refused(refused)),
        };
        let may_spool = route.delivery == Delivery::DirectThenSpool;
        let permit = Permit::new(key, &recorded);
        let study = held.head.study_instance_uid.as_ref();
        if may_spool && self.gateway.delivery.waits(&peer.name, study) {
            // What came before it waits there: the order within a study is kept.
            return self
                .keep_for(context_id, command, held, route, vec![permit])
                .await;
        }
        let now_us = self.gateway.clock.read().monotonic_us;
        let upstream = self
            .upstreams
            .iter_mut()
            .find(|upstream| upstream.context(context_id).is_some());
        let to = match upstream {
            Some(upstream) => {
                let introduced = upstream.introduce(&self.gateway, &self.transfers, &recorded);
                introduced.await
            }
            // It was down when the association was opened.
            None if may_spool => Err(UpstreamError::Paused(peer.name.to_string())),
            None => return Err(Ended::OutOfTurn),
        };
        if let Err(error) = to {
            tracing::warn!(%error, "destination lost");
            if may_spool {
                return self
                    .keep_for(context_id, command, held, route, vec![permit])
                    .await;
            }
            self.transfers
                .count(&permit.key, now_us, |tally| tally.lost_by(Fault::Recipient));
            return Ok(Stored::refused(out_of_resources(
                "destination cannot be reached",
            )));
        }
        let mut tee = match may_spool && self.gateway.spool.has_room() {
            true => {
                let most = self.gateway.config.spool.memory_bytes_max;
                let permits = std::slice::from_ref(&permit);
                self.spooling(context_id, command, &held.head, route, permits, most)
            }
            false => None,
        };
        let (relayed, sender_done) = self
            .relay(context_id, command, held, peer, &recorded, tee.as_mut())
            .await?;
        match tee {
            Some(tee) => {
                self.fall_back(context_id, command, permit, relayed, sender_done, tee)
                    .await
            }
            None => self.settle(context_id, &permit.key, relayed),
        }
    }

    /// On an association with another gateway that was opened again, transfers begin anew.
    async fn begin_anew(&mut self, context_id: u8) {
        let mut upstreams = self.upstreams.iter_mut();
        if let Some(upstream) = upstreams.find(|one| one.context(context_id).is_some()) {
            upstream
                .begin_anew(&self.gateway, &mut self.transfers)
                .await;
        }
    }

    /// What did not go directly, and may later, goes into the spool.
    async fn fall_back(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        permit: Permit,
        relayed: Result<Relayed, RelayError>,
        sender_done: bool,
        mut tee: Spooling,
    ) -> Result<Stored, Ended> {
        let is_busy = |relayed: &Relayed| {
            let status = relayed.response.status();
            status.is_some_and(|status| status.0 & 0xff00 == Status::STORE_OUT_OF_RESOURCES.0)
        };
        match relayed {
            Err(RelayError::Destination { .. }) => {
                if !sender_done {
                    let silence = self.inbound.peer.timeouts.dimse_response;
                    if let Err(ended) = tee.take_rest(&mut self.link, silence).await {
                        let now_us = self.gateway.clock.read().monotonic_us;
                        self.transfers
                            .count(&permit.key, now_us, |tally| tally.lost_by(Fault::Sender));
                        return Err(ended);
                    }
                }
                self.keep(context_id, command, tee, &[permit]).await
            }
            Ok(relayed) if is_busy(&relayed) => {
                // It may take one association at a time: the next one is the queue's.
                self.rest_upstream(context_id);
                self.keep(context_id, command, tee, &[permit]).await
            }
            relayed => self.settle(context_id, &permit.key, relayed),
        }
    }

    /// Relays to the destination's association, which stands. Also tells whether the sender has been
    /// read to the end of its data set.
    async fn relay(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
        peer: &Arc<Peer>,
        recorded: &Recorded,
        tee: Option<&mut Spooling>,
    ) -> Result<(Result<Relayed, RelayError>, bool), Ended> {
        let upstream = self
            .upstreams
            .iter_mut()
            .find(|upstream| upstream.context(context_id).is_some());
        let Some(upstream) = upstream else {
            return Err(Ended::OutOfTurn);
        };
        let Some(to_context) = upstream.context(context_id) else {
            return Err(Ended::OutOfTurn);
        };
        let limits = self.gateway.relay_limits(&self.inbound.peer, peer);
        let Some(to) = upstream.standing() else {
            return Err(Ended::OutOfTurn);
        };
        let mut overheard = Vec::new();
        let relay = Relay {
            from: Source::Association(&mut self.link),
            to,
            to_context,
            tee,
            overheard: &mut overheard,
            limits,
        };
        let relayed = relay.run(recorded, command, held).await;
        let sender_done = match &relayed {
            Ok(_) => true,
            Err(
                RelayError::NotReleased { sender_done }
                | RelayError::Destination { sender_done, .. },
            ) => *sender_done,
            Err(RelayError::Source(_)) => false,
        };
        if let Err(error) = &relayed
            && !matches!(error, RelayError::NotReleased { .. })
        {
            tracing::warn!(peer = %peer.name, %error, "an object did not arrive whole");
            // Half an object cannot be taken back: abort towards the destination.
            upstream.hang_up();
        }
        Ok((relayed, sender_done))
    }

    /// Releases the destination's association, to be opened again when there is more for it.
    fn rest_upstream(&mut self, context_id: u8) {
        let mut upstreams = self.upstreams.iter_mut();
        if let Some(upstream) = upstreams.find(|one| one.context(context_id).is_some()) {
            upstream.rest();
        }
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
                    tally.answered(status, &relayed.data_set);
                });
                let from = &self.inbound.peer.name;
                let bytes = relayed.data_set.bytes;
                self.gateway.meters().relayed(from, key.to(), status, bytes);
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
