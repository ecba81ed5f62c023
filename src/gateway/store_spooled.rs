//! C-STORE by way of the spool: the sender hears Success when the instance lies sealed and durable
//! in the queue of everybody who must have it.

use std::sync::Arc;

use super::delivery::Leg;
use super::delivery::Order;
use super::instance::Ended;
use super::instance::Held;
use super::link::Role;
use super::link::Ticket;
use super::recorder::Asked;
use super::recorder::Judged;
use super::recorder::Recorded;
use super::session::Session;
use super::spooling::Spooling;
use super::store::Stored;
use super::store::out_of_resources;
use super::store::refused;
use super::transfer::Fault;
use super::transfer::Key;
use super::transfer::Tally;
use crate::config::Peer;
use crate::config::PeerName;
use crate::config::StoreRoute;
use crate::dicom::Head;
use crate::dimse::CommandSet;
use crate::dimse::Status;

/// That somebody may have an instance.
pub(super) struct Permit {
    pub(super) key: Key,
    /// The entry of the decision.
    decision: u64,
    ticket: Option<Arc<Ticket>>,
}

impl Permit {
    pub(super) fn new(key: Key, recorded: &Recorded) -> Self {
        Self {
            key,
            decision: recorded.entry(),
            ticket: recorded.ticket().map(Arc::clone),
        }
    }
}

impl Session {
    /// Asks the contract for everybody who gets it, and spools it for those.
    pub(super) async fn store_by_spool(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
        route: &StoreRoute,
    ) -> Result<Stored, Ended> {
        let Some(accepted) = self.accepted.get(&context_id) else {
            return Err(Ended::OutOfTurn);
        };
        let pair = (
            accepted.abstract_syntax.clone(),
            accepted.transfer_syntax.clone(),
        );
        if !self.gateway.takes.takes_all(route, &pair) {
            let refused = refused(
                Status::SOP_CLASS_NOT_SUPPORTED,
                "a destination does not take it in this syntax",
            );
            return Ok(Stored::refused(refused));
        }
        let mut permits = Vec::new();
        for peer in &route.to {
            match self.permit(route, peer, &held.head).await? {
                Ok((key, recorded)) => permits.push(Permit::new(key, &recorded)),
                // Success is for all who must have it: without one of them nobody gets it.
                Err(refused) => return Ok(Stored::refused(refused)),
            }
        }
        for peer in &route.copies {
            match self.judge(route, peer, &held.head).await {
                (key, Ok(Judged::Permitted(recorded))) => permits.push(Permit::new(key, &recorded)),
                // The sender does not hear of it; the ledger does.
                (_, Ok(Judged::Refused(_))) => {}
                (_, Err(error)) => {
                    return Ok(Stored::refused(out_of_resources(&error.to_string())));
                }
            }
        }
        self.keep_for(context_id, command, held, route, permits)
            .await
    }

    /// Reads the instance to its end and keeps it for those whom `permits` name.
    pub(super) async fn keep_for(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
        route: &StoreRoute,
        permits: Vec<Permit>,
    ) -> Result<Stored, Ended> {
        let spooling = match self.gateway.spool.has_room() {
            // Nothing more can be told of what lies there.
            false if self.gateway.spool.is_poisoned() => {
                self.gateway.lost.send_replace(true);
                None
            }
            true => self.spooling(context_id, command, &held.head, route, &permits, 0),
            false => None,
        };
        let Some(mut spooling) = spooling else {
            self.count_all(&permits, Tally::withheld);
            self.gateway.tell_spool_full().await;
            return Ok(Stored::refused(out_of_resources("the spool is full")));
        };
        for piece in held.pieces {
            spooling.push(piece).await;
        }
        if !held.complete {
            let silence = self.inbound.peer.timeouts.dimse_response;
            if let Err(ended) = spooling.take_rest(&mut self.link, silence).await {
                self.count_all(&permits, |tally| tally.lost_by(Fault::Sender));
                return Err(ended);
            }
        }
        self.keep(context_id, command, spooling, &permits).await
    }

    /// What keeps an instance of `route`, with all that must be known to deliver it.
    pub(super) fn spooling(
        &self,
        context_id: u8,
        command: &CommandSet,
        head: &Head,
        route: &StoreRoute,
        permits: &[Permit],
        memory_bytes_max: usize,
    ) -> Option<Spooling> {
        let accepted = self.accepted.get(&context_id)?;
        let mode = route.route.mode;
        let leg = |peer: &Arc<Peer>| {
            let permit = permits
                .iter()
                .find(|permit| permit.key.to() == &peer.name)?;
            Some(Leg {
                to: peer.name.clone(),
                calling: self.inbound.calling_towards(peer),
                decision: permit.decision,
                mode,
                priority: route.route.priority,
            })
        };
        let peers = route.to.iter().chain(&route.copies);
        let order = Order::new(
            command.clone(),
            accepted.transfer_syntax.clone(),
            self.gateway.clock.now(),
            Asked {
                // Each leg adds its own way out.
                transport: self.inbound.reached,
                ..Asked::instance(mode, &self.inbound, route.to.first()?, head)
            },
            peers.filter_map(leg).collect(),
        );
        match Spooling::new(&self.gateway, order, memory_bytes_max) {
            Ok(spooling) if permits.iter().any(|permit| permit.ticket.is_some()) => {
                Some(spooling.summed())
            }
            Ok(spooling) => Some(spooling),
            Err(error) => {
                tracing::warn!(%error, "an instance cannot be spooled");
                None
            }
        }
    }

    /// Makes an instance durable for those whom `permits` name, and answers its sender.
    pub(super) async fn keep(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        spooling: Spooling,
        permits: &[Permit],
    ) -> Result<Stored, Ended> {
        let queues: Vec<PeerName> = permits
            .iter()
            .map(|permit| permit.key.to().clone())
            .collect();
        match spooling.keep(&self.gateway, &queues).await {
            Ok(kept) => {
                self.count_all(permits, Tally::kept);
                let from = &self.inbound.peer.name;
                self.gateway.meters().received(from, kept.bytes);
                let received = permits.iter().find_map(|permit| {
                    let ticket = permit.ticket.as_ref()?;
                    (ticket.role == Role::Recipient).then_some(ticket)
                });
                // The other gateway hears of it once, whatever number of destinations get it.
                if let (Some(ticket), Some(digest)) = (received, kept.digest) {
                    ticket.answered(Status::SUCCESS, &digest, kept.bytes, true);
                }
                let response = CommandSet::response_to(command, Status::SUCCESS);
                self.link.queue_command(context_id, &response);
                Ok(Stored::Answered)
            }
            Err(error) => {
                tracing::error!(%error, "an instance was not spooled");
                self.count_all(permits, Tally::withheld);
                if self.gateway.spool.is_poisoned() {
                    self.gateway.lost.send_replace(true);
                }
                if error.is_full() {
                    self.gateway.tell_spool_full().await;
                }
                Ok(Stored::Refused {
                    refused: out_of_resources("the spool does not take it"),
                    drained: true,
                })
            }
        }
    }

    fn count_all(&mut self, permits: &[Permit], count: impl Fn(&mut Tally)) {
        let now_us = self.gateway.clock.read().monotonic_us;
        for permit in permits {
            self.transfers.count(&permit.key, now_us, &count);
        }
    }
}
