//! C-STORE by way of the spool: the sender hears Success when the instance lies sealed and durable
//! in the queue of everybody who must have it.

use std::sync::Arc;

use super::delivery::Leg;
use super::delivery::Order;
use super::instance::Ended;
use super::instance::Held;
use super::recorder::Asked;
use super::recorder::Judged;
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
        let mut keys = Vec::new();
        for peer in &route.to {
            match self.permit(route, peer, &held.head).await? {
                Ok((key, _)) => keys.push(key),
                // Success is for all who must have it: without one of them nobody gets it.
                Err(refused) => return Ok(Stored::refused(refused)),
            }
        }
        for peer in &route.copies {
            // The sender does not hear of copies; what the contract says of them is recorded.
            if let (key, Ok(Judged::Permitted(_))) = self.judge(route, peer, &held.head).await {
                keys.push(key);
            }
        }
        self.keep_for(context_id, command, held, route, keys).await
    }

    /// Reads the instance to its end and keeps it for those whom `keys` name.
    pub(super) async fn keep_for(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        held: Held,
        route: &StoreRoute,
        keys: Vec<Key>,
    ) -> Result<Stored, Ended> {
        let spooling = match self.gateway.spool.has_room() {
            true => self.spooling(context_id, command, &held.head, route, 0),
            false => None,
        };
        let Some(mut spooling) = spooling else {
            self.count_all(&keys, Tally::withheld);
            self.gateway.tell_spool_full().await;
            return Ok(Stored::refused(out_of_resources("the spool is full")));
        };
        for piece in held.pieces {
            spooling.push(piece).await;
        }
        if !held.complete {
            let silence = self.inbound.peer.timeouts.dimse_response;
            if let Err(ended) = spooling.take_rest(&mut self.link, silence).await {
                self.count_all(&keys, |tally| tally.lost_by(Fault::Sender));
                return Err(ended);
            }
        }
        self.keep(context_id, command, spooling, &keys).await
    }

    /// What keeps an instance of `route`, with all that must be known to deliver it.
    pub(super) fn spooling(
        &self,
        context_id: u8,
        command: &CommandSet,
        head: &Head,
        route: &StoreRoute,
        memory_bytes_max: usize,
    ) -> Option<Spooling> {
        let accepted = self.accepted.get(&context_id)?;
        let mode = route.route.mode;
        let leg = |peer: &Arc<Peer>| Leg {
            to: peer.name.clone(),
            calling: self.inbound.calling_towards(peer),
            mode,
            priority: route.route.priority,
        };
        let asked = Asked {
            // What the way to each of them adds is known when it is taken.
            transport: self.inbound.reached,
            ..Asked::instance(mode, &self.inbound, route.to.first()?, head)
        };
        let order = Order::new(
            command.clone(),
            accepted.transfer_syntax.clone(),
            self.gateway.clock.now(),
            asked,
            route.to.iter().chain(&route.copies).map(leg).collect(),
        );
        match Spooling::new(&self.gateway, order, memory_bytes_max) {
            Ok(spooling) => Some(spooling),
            Err(error) => {
                tracing::warn!(%error, "an instance cannot be spooled");
                None
            }
        }
    }

    /// Makes an instance durable for those whom `keys` name, and answers its sender.
    pub(super) async fn keep(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        spooling: Spooling,
        keys: &[Key],
    ) -> Result<Stored, Ended> {
        let queues: Vec<PeerName> = keys.iter().map(|key| key.to().clone()).collect();
        match spooling.keep(&self.gateway, &queues).await {
            Ok(()) => {
                self.count_all(keys, Tally::kept);
                let response = CommandSet::response_to(command, Status::SUCCESS);
                self.link.queue_command(context_id, &response);
                Ok(Stored::Answered)
            }
            Err(error) => {
                tracing::error!(%error, "an instance was not spooled");
                self.count_all(keys, Tally::withheld);
                if self.gateway.spool.is_poisoned() {
                    self.gateway.lost.send_replace(true);
                } else {
                    self.gateway.tell_spool_full().await;
                }
                Ok(Stored::Refused {
                    refused: out_of_resources("the spool has no room"),
                    drained: true,
                })
            }
        }
    }

    fn count_all(&mut self, keys: &[Key], count: impl Fn(&mut Tally)) {
        let now_us = self.gateway.clock.read().monotonic_us;
        for key in keys {
            self.transfers.count(key, now_us, &count);
        }
    }
}
