//! Telling a gateway that asked for images under which of our decisions they come, and hearing that of one
//! that we asked.

use std::sync::Arc;

use super::DATA_SET_BYTES_MAX;
use super::DECIDED;
use super::believing::believe;
use super::believing::disbelieve;
use super::data_set;
use super::note_in;
use super::sop_class;
use super::stated;
use super::well_known_instance;
use crate::dicom::Uid;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::Gateway;
use crate::gateway::inbound::Use;
use crate::gateway::instance::Ended;
use crate::gateway::instance::ended_by;
use crate::gateway::instance::next_within;
use crate::gateway::instance::take_small;
use crate::gateway::recorder::Recorded;
use crate::gateway::retrieve::Archive;
use crate::gateway::session::Session;
use crate::ledger::StatedTransfer;
use crate::ledger::Statement;
use crate::ledger::sign_text;
use crate::transport::Indication;

/// Message ID of our report: the requestor numbers its own requests (PS3.7 §9.1), and this is the only one
/// of ours on its association.
const MESSAGE_ID: u16 = 1;

impl Session {
    /// Tells the gateway that asked what was decided on the studies that it spoke of.
    pub(in crate::gateway) async fn report_decisions(
        &mut self,
        decided: &[(Uid, Recorded)],
    ) -> Result<(), Ended> {
        let Some(heard) = &self.inbound.heard else {
            return Ok(());
        };
        let theirs = Arc::clone(&heard.statement);
        let mut transfers = Vec::new();
        for (study, recorded) in decided {
            if let Some(said) = stated(&theirs, study) {
                transfers.push(StatedTransfer {
                    decision: recorded.entry(),
                    ..said.clone()
                });
            }
        }
        let mut contexts = self.accepted.iter();
        let context = contexts.find(|(_, context)| matches!(context.used, Use::Link));
        let (Some((id, _)), false) = (context, transfers.is_empty()) else {
            return Ok(());
        };
        let id = *id;
        let answer = Statement {
            checkpoint: self.gateway.recorder.newest_checkpoint(),
            from: theirs.to.clone(),
            to: theirs.from.clone(),
            transfers,
            ..(*theirs).clone()
        };
        let signer = self.gateway.recorder.statement_signer();
        let (Ok(note), Some(class), Some(instance)) = (
            sign_text(&answer, &signer),
            sop_class(),
            well_known_instance(),
        ) else {
            return Ok(());
        };
        let command = CommandSet::new(CommandField::NEventReportRq)
            .with_message_id(MESSAGE_ID)
            .with_sop_class(&class)
            .with_sop_instance(&instance)
            .with_u16(element::EVENT_TYPE_ID, DECIDED)
            .with_data_set();
        self.link.queue_command(id, &command);
        self.link.queue_data(id, data_set(&note).into(), true);
        let silence = self.inbound.peer.timeouts.dimse_response;
        match next_within(&mut self.link, silence).await? {
            Indication::Command { command, .. }
                if command.field() == Some(CommandField::NEventReportRsp) =>
            {
                take_small(&mut self.link, &command, DATA_SET_BYTES_MAX, silence).await?;
                Ok(())
            }
            other => Err(ended_by(&other)),
        }
    }
}

/// Hears the decisions of the gateway of `archive`, which we asked: the studies' tickets learn of them.
pub(in crate::gateway) async fn hear_decisions(
    gateway: &Gateway,
    archive: &mut Archive,
    context_id: u8,
    request: &CommandSet,
    permitted: &[(Uid, Recorded)],
) -> Result<(), Ended> {
    let peer = Arc::clone(&archive.peer);
    let (spoken, link) = (archive.spoken(), &mut archive.link);
    let silence = peer.timeouts.dimse_response;
    let data_set = take_small(link, request, DATA_SET_BYTES_MAX, silence).await?;
    let status = match request.get_u16(element::EVENT_TYPE_ID) {
        Some(DECIDED) => {
            let note = data_set.as_deref().and_then(note_in);
            let known = gateway.config.gateway_peer_of(&peer);
            let binding = link.channel().binding;
            // It answers what we stated last.
            let is_answer = |number| number == spoken;
            match believe(gateway, known, note, binding, is_answer).await {
                Ok(heard) => {
                    learn(&heard.statement, permitted);
                    Status::SUCCESS
                }
                Err(why) => {
                    disbelieve(gateway, &peer, &why).await;
                    Status::PROCESSING_FAILURE
                }
            }
        }
        _ => Status::NO_SUCH_EVENT_TYPE,
    };
    let response = CommandSet::response_to(request, status);
    archive.link.queue_command(context_id, &response);
    Ok(())
}

fn learn(said: &Statement, permitted: &[(Uid, Recorded)]) {
    for (study, recorded) in permitted {
        if let Some((ticket, theirs)) = recorded.ticket().zip(stated(said, study))
            && ticket.transfer == theirs.transfer
        {
            ticket.they_decided(theirs.decision);
        }
    }
}
