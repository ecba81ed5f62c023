//! Our side of what is said: on an association that we requested of another gateway.

use super::Asker;
use super::DATA_SET_BYTES_MAX;
use super::STATE;
use super::data_set;
use super::sop_class;
use super::well_known_instance;
use crate::config::Peer;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::Gateway;
use crate::gateway::instance::Ended;
use crate::gateway::instance::ended_by;
use crate::gateway::instance::next_within;
use crate::gateway::instance::take_small;
use crate::ledger::SignedTextError;
use crate::ledger::StatedTransfer;
use crate::ledger::Statement;
use crate::ledger::sign_text;
use crate::transport::Indication;
use crate::transport::Link;

/// Why a gateway was not told on whose behalf we ask: it is then not asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum Unsaid {
    /// The association ended.
    #[error("gateway: {0}")]
    Ended(#[from] Ended),
    /// It does not believe us.
    #[error("the gateway refused our statement with status {0}")]
    Refused(Status),
    /// It is no gateway as the configuration says.
    #[error("the peer does not take part in the link between gateways, or not by TLS 1.3")]
    NoLink,
    /// It cannot be written.
    #[error("the statement cannot be written: {0}")]
    Text(#[from] SignedTextError),
}

/// What has been said on one association.
#[derive(Debug)]
pub(in crate::gateway) struct Speaker {
    context_id: u8,
    count: u32,
    last: Option<(Asker, Vec<StatedTransfer>)>,
}

impl Speaker {
    /// Nothing yet; `context_id` is that of the link.
    pub(in crate::gateway) const fn new(context_id: u8) -> Self {
        Self {
            context_id,
            count: 0,
            last: None,
        }
    }

    /// How often something has been said.
    pub(in crate::gateway) const fn count(&self) -> u32 {
        self.count
    }

    /// States on whose behalf the next requests are, unless that is what was stated last.
    pub(in crate::gateway) async fn say(
        &mut self,
        gateway: &Gateway,
        peer: &Peer,
        link: &mut Link,
        message_id: u16,
        asker: &Asker,
        transfers: &[StatedTransfer],
    ) -> Result<(), Unsaid> {
        let said = (asker.clone(), transfers.to_vec());
        if self.last.as_ref() == Some(&said) {
            return Ok(());
        }
        self.last = None;
        self.count = self.count.saturating_add(1);
        let binding = link.channel().binding.ok_or(Unsaid::NoLink)?;
        let statement = Statement {
            binding,
            checkpoint: gateway.recorder.newest_checkpoint(),
            from: gateway.config.gateway.institution.clone(),
            number: self.count,
            purpose: asker.purpose,
            requester_ae: asker.requester_ae.clone(),
            to: peer.institution.clone(),
            transfers: transfers.to_vec(),
            user: asker.user.clone(),
        };
        let note = sign_text(&statement, &gateway.recorder.statement_signer())?;
        let (Some(class), Some(instance)) = (sop_class(), well_known_instance()) else {
            return Err(Unsaid::NoLink);
        };
        let command = CommandSet::new(CommandField::NActionRq)
            .with_message_id(message_id)
            .with_uid(element::REQUESTED_SOP_CLASS_UID, &class)
            .with_uid(element::REQUESTED_SOP_INSTANCE_UID, &instance)
            .with_u16(element::ACTION_TYPE_ID, STATE)
            .with_data_set();
        link.queue_command(self.context_id, &command);
        link.queue_data(self.context_id, data_set(&note).into(), true);
        let silence = peer.timeouts.dimse_response;
        let response = match next_within(link, silence).await? {
            Indication::Command { command, .. }
                if command.field() == Some(CommandField::NActionRsp)
                    && command.message_id_responded_to() == Some(message_id) =>
            {
                command
            }
            other => return Err(ended_by(&other).into()),
        };
        take_small(link, &response, DATA_SET_BYTES_MAX, silence).await?;
        let status = response.status().unwrap_or(Status::PROCESSING_FAILURE);
        if status.class() != Class::Success {
            return Err(Unsaid::Refused(status));
        }
        self.last = Some(said);
        Ok(())
    }
}
