//! What another gateway states on an association that it requested of us, and the transfers that it names.

use std::sync::Arc;
use std::sync::PoisonError;

use super::DATA_SET_BYTES_MAX;
use super::STATE;
use super::Ticket;
use super::believing::believe;
use super::believing::disbelieve;
use super::note_in;
use super::stated;
use super::ticket::Role;
use crate::contract::Outcome;
use crate::contract::User;
use crate::contract::UserProof;
use crate::dicom::Uid;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::inbound::Inbound;
use crate::gateway::instance::Ended;
use crate::gateway::instance::drain;
use crate::gateway::instance::take_small;
use crate::gateway::session::Session;
use crate::gateway::store::refused;
use crate::ledger::TransferId;

impl Inbound {
    /// The ticket for a study that the other gateway spoke of.
    pub(in crate::gateway) fn ticket(&self, study: &Uid, role: Role) -> Option<Arc<Ticket>> {
        let through = self.peer.through.as_ref().filter(|one| one.receipt)?;
        let heard = self.heard.as_ref()?;
        let said = stated(&heard.statement, study)?;
        // One for each transfer, whatever number of requests, decisions and destinations it takes. They are
        // no more than a statement names: what the next one does not name is over.
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tickets.get(&said.transfer) {
            return Some(Arc::clone(known));
        }
        let theirs = Some(said.decision);
        let with = through.institution.clone();
        let ticket = Ticket::new(said.transfer, with, role, theirs);
        tickets.insert(said.transfer, Arc::clone(&ticket));
        Some(ticket)
    }

    /// Another gateway has to name each transfer before it begins: what it does not name has no receipt.
    pub(in crate::gateway) fn lacks_a_transfer(&self, study: Option<&Uid>) -> bool {
        let owes = self.peer.through.as_ref().is_some_and(|one| one.receipt);
        let said = |study: &Uid| {
            let heard = self.heard.as_ref();
            heard.is_some_and(|heard| stated(&heard.statement, study).is_some())
        };
        owes && self.arrival.is_none() && !study.is_some_and(said)
    }

    /// Takes the tickets of transfers that the newest statement does not name any more; with `all`, every one.
    fn take_tickets(&self, all: bool) -> Vec<Arc<Ticket>> {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = self.heard.as_ref();
        let named = |transfer: &TransferId| {
            let mut said = heard.iter().flat_map(|heard| &heard.statement.transfers);
            !all && said.any(|one| one.transfer == *transfer)
        };
        let over: Vec<TransferId> = tickets.keys().filter(|one| !named(one)).copied().collect();
        over.iter().filter_map(|one| tickets.remove(one)).collect()
    }

    /// Another gateway that has not said on whose behalf it asks.
    fn is_silent_gateway(&self) -> bool {
        self.peer.through.is_some() && self.heard.is_none() && self.arrival.is_none()
    }
}

impl Session {
    /// One statement, by N-ACTION, up to its response.
    ///
    /// # Errors
    /// When it is not believed: the association ends, so that a lie costs a connection.
    pub(in crate::gateway) async fn hear_statement(
        &mut self,
        context_id: u8,
        request: CommandSet,
    ) -> Result<(), Ended> {
        let silence = self.inbound.peer.timeouts.dimse_response;
        let data_set = take_small(&mut self.link, &request, DATA_SET_BYTES_MAX, silence).await?;
        if request.get_u16(element::ACTION_TYPE_ID) != Some(STATE) {
            let refusal = refused(Status::NO_SUCH_ACTION, "the only action type is 1");
            self.respond(context_id, &request, &refusal);
            return Ok(());
        }
        let gateway = Arc::clone(&self.gateway);
        let note = data_set.as_deref().and_then(note_in);
        let last = self.inbound.heard.as_ref();
        let last = last.map_or(0, |last| last.statement.number);
        let binding = self.link.channel().binding;
        let peer = gateway.config.gateway_peer_of(&self.inbound.peer);
        let is_next = |number| number > last;
        match believe(&gateway, peer, note, binding, is_next).await {
            Ok(heard) => {
                let said = Arc::clone(&heard.statement);
                let before = (self.inbound.purpose, self.inbound.user.clone());
                self.inbound.purpose = said.purpose;
                self.inbound.user = said.user.clone().map(|name| User {
                    name,
                    // By the other gateway's word, whatever proved it there.
                    proof: UserProof::None,
                });
                self.inbound.heard = Some(heard);
                if before != (self.inbound.purpose, self.inbound.user.clone()) {
                    // What was permitted was permitted to somebody else, or for something else.
                    self.transfers.close_all(&gateway, Outcome::Completed).await;
                }
                self.finish_transfers(false).await;
                let response = CommandSet::response_to(&request, Status::SUCCESS);
                self.link.queue_command(context_id, &response);
                Ok(())
            }
            Err(why) => {
                disbelieve(&gateway, &self.inbound.peer, &why).await;
                let refusal = refused(Status::NOT_AUTHORISED, "statement not believed");
                self.respond(context_id, &request, &refusal);
                let _ = self.link.flush().await;
                Err(Ended::Unbelieved)
            }
        }
    }

    /// Ends the transfers that the other gateway speaks of no more; with `all`, every one.
    pub(in crate::gateway) async fn finish_transfers(&mut self, all: bool) {
        let over = self.inbound.take_tickets(all);
        let gateway = Arc::clone(&self.gateway);
        self.transfers
            .end(&gateway, &over, Outcome::Completed)
            .await;
    }

    /// Refuses a request of a gateway that has stated nothing: `true` when it did.
    pub(in crate::gateway) async fn refuse_unstated(
        &mut self,
        context_id: u8,
        command: &CommandSet,
    ) -> Result<bool, Ended> {
        let status = match command.field() {
            Some(CommandField::CStoreRq | CommandField::CGetRq | CommandField::CMoveRq) => {
                Status::NOT_AUTHORISED
            }
            Some(CommandField::CFindRq) => Status::UNABLE_TO_PROCESS,
            _ => return Ok(false),
        };
        if !self.inbound.is_silent_gateway() {
            return Ok(false);
        }
        if command.has_data_set() {
            drain(&mut self.link, self.inbound.peer.timeouts.dimse_response).await?;
        }
        let refusal = refused(status, "a gateway states first on whose behalf it asks");
        self.respond(context_id, command, &refusal);
        Ok(true)
    }
}
