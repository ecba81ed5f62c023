//! What another gateway states on an association that it requested of us, and whether we believe it.

use std::sync::Arc;
use std::sync::PoisonError;

use super::DATA_SET_BYTES_MAX;
use super::STATE;
use super::Ticket;
use super::note_in;
use super::stated;
use super::ticket::Role;
use crate::config::GatewayPeer;
use crate::contract::Body;
use crate::contract::Outcome;
use crate::contract::User;
use crate::contract::UserProof;
use crate::dicom::Uid;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::Gateway;
use crate::gateway::inbound::Inbound;
use crate::gateway::instance::Ended;
use crate::gateway::instance::drain;
use crate::gateway::instance::take_small;
use crate::gateway::session::Session;
use crate::gateway::store::refused;
use crate::ledger::Checkpoint;
use crate::ledger::STATED_TRANSFERS_MAX;
use crate::ledger::Statement;
use crate::ledger::TransferId;
use crate::ledger::equivocation;
use crate::ledger::open_text;
use crate::ledger::signed_alone;

/// Characters of the longest name of a user in a statement.
const USER_CHARACTERS_MAX: usize = 128;

/// Transfers that one association of another gateway has under way, at most.
const STATED_TICKETS_MAX: usize = 4096;

/// A statement that was believed.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Heard {
    /// As it was signed.
    pub(in crate::gateway) note: Arc<str>,
    pub(in crate::gateway) statement: Arc<Statement>,
}

/// Why a statement is not believed.
#[derive(Debug, thiserror::Error)]
enum Unbelieved {
    #[error("it carries no statement that can be read")]
    Nothing,
    #[error("its statement is not signed as it must be: {0}")]
    Signature(String),
    #[error("it spoke in the name of {0}")]
    OtherName(String),
    #[error("its statement is for somebody else, {0}")]
    OtherAddressee(String),
    #[error("its statement was made on another connection")]
    OtherConnection,
    #[error("its statement repeats or goes back")]
    OutOfOrder,
    #[error("its statement names {0} transfers, limit {STATED_TRANSFERS_MAX}")]
    TooMany(usize),
    #[error("its statement names a user of {0} characters, limit {USER_CHARACTERS_MAX}")]
    User(usize),
    #[error("its checkpoint is not signed by its log")]
    Checkpoint,
}

impl Inbound {
    /// The ticket for a study that the other gateway spoke of.
    pub(in crate::gateway) fn ticket(&self, study: &Uid, role: Role) -> Option<Arc<Ticket>> {
        let through = self.peer.through.as_ref().filter(|one| one.receipt)?;
        let heard = self.heard.as_ref()?;
        let said = stated(&heard.statement, study)?;
        // One for each transfer, whatever number of requests, decisions and destinations it takes.
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tickets.get(&said.transfer) {
            return Some(Arc::clone(known));
        }
        if tickets.len() >= STATED_TICKETS_MAX {
            return None;
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
        match self.believe(&gateway, note).await {
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
                let peer = &self.inbound.peer;
                tracing::warn!(peer = %peer.name, %why, "a statement is not believed");
                let institution = &peer.institution;
                if gateway
                    .receipts
                    .tells(&gateway, institution, "statement-refused")
                {
                    let text = format!("the gateway of {institution}: {why}");
                    gateway.recorder.alert("statement-refused", text).await;
                }
                let refusal = refused(Status::NOT_AUTHORISED, "statement not believed");
                self.respond(context_id, &request, &refusal);
                let _ = self.link.flush().await;
                Err(Ended::Unbelieved)
            }
        }
    }

    /// Ends the transfers that the other gateway speaks of no more; with `all`, every one.
    pub(in crate::gateway) async fn finish_transfers(&self, all: bool) {
        for ticket in self.inbound.take_tickets(all) {
            self.gateway.receipts.finish(&self.gateway, &ticket).await;
        }
    }

    async fn believe(&self, gateway: &Gateway, note: Option<String>) -> Result<Heard, Unbelieved> {
        let note = note.ok_or(Unbelieved::Nothing)?;
        let peer = gateway.config.gateway_peer_of(&self.inbound.peer);
        let peer = peer.ok_or(Unbelieved::Nothing)?;
        let statement: Statement = open_text(&note, &peer.statement_key)
            .map_err(|error| Unbelieved::Signature(error.to_string()))?;
        let own = &gateway.config.gateway.institution;
        if statement.from != peer.peer.institution {
            misstated(gateway, peer, &note).await;
            return Err(Unbelieved::OtherName(statement.from.to_string()));
        }
        if statement.to != *own {
            return Err(Unbelieved::OtherAddressee(statement.to.to_string()));
        }
        if self.link.channel().binding != Some(statement.binding) {
            return Err(Unbelieved::OtherConnection);
        }
        let last = self.inbound.heard.as_ref();
        if last.map_or(0, |last| last.statement.number) >= statement.number {
            return Err(Unbelieved::OutOfOrder);
        }
        if statement.transfers.len() > STATED_TRANSFERS_MAX {
            return Err(Unbelieved::TooMany(statement.transfers.len()));
        }
        let user = statement.user.as_deref().unwrap_or_default();
        if user.chars().count() > USER_CHARACTERS_MAX {
            return Err(Unbelieved::User(user.chars().count()));
        }
        if let Some(checkpoint) = &statement.checkpoint {
            gateway.compare_checkpoint(peer, checkpoint).await?;
        }
        Ok(Heard {
            note: note.into(),
            statement: Arc::new(statement),
        })
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

/// A signature under another's name proves itself: it is recorded and charged.
async fn misstated(gateway: &Gateway, peer: &GatewayPeer, note: &str) {
    let Ok(statement) = signed_alone(note, &peer.statement_key) else {
        return;
    };
    // However often it is said: nobody fills a ledger with it.
    if !gateway
        .receipts
        .tells(gateway, &peer.peer.institution, "misstated")
    {
        return;
    }
    let body = Body::Misstated {
        institution: peer.peer.institution.clone(),
        key: peer.statement_key.to_string(),
        statement,
    };
    if let Err(error) = gateway.recorder.record(body).await {
        tracing::error!(%error, "a statement in another's name is not in the ledger");
    }
}

impl Gateway {
    /// Looks at the checkpoint that another gateway showed: it must be its log's, and not contradict the one
    /// that it showed before.
    async fn compare_checkpoint(&self, peer: &GatewayPeer, shown: &str) -> Result<(), Unbelieved> {
        let checkpoint =
            Checkpoint::open(shown, &peer.log_key).map_err(|_| Unbelieved::Checkpoint)?;
        let name = peer.peer.name.clone();
        let before = self
            .shown
            .lock()
            .ok()
            .and_then(|shown| shown.get(&name).cloned());
        if let Some(before) = &before
            && let Ok(Some(proof)) = equivocation(before, shown, &peer.log_key)
        {
            let institution = &peer.peer.institution;
            if !self.receipts.tells(self, institution, "forked") {
                return Err(Unbelieved::Checkpoint);
            }
            let institution = peer.peer.institution.clone();
            let recorded = self
                .recorder
                .equivocated(institution, &peer.log_key, &proof);
            if let Err(error) = recorded.await {
                tracing::error!(%error, "a proof against a log is not in the ledger");
            }
            return Err(Unbelieved::Checkpoint);
        }
        let is_newer = before
            .and_then(|before| Checkpoint::open(&before, &peer.log_key).ok())
            .is_none_or(|before| before.size < checkpoint.size);
        if is_newer && let Ok(mut known) = self.shown.lock() {
            known.insert(name, shown.to_owned());
        }
        Ok(())
    }
}
