//! N-ACTION: taken from who asks, and passed on to who is to commit.

use std::sync::Arc;

use super::CONTEXT;
use super::MESSAGE_ID;
use super::REQUEST_COMMITMENT;
use super::WELL_KNOWN_INSTANCE;
use super::data_set::Said;
use super::data_set::for_receiver;
use super::note;
use super::reporting;
use super::sop_class;
use super::table::DataSet;
use super::table::TableError;
use super::table::Transaction;
use super::well_known_instance;
use crate::association::AssociateRq;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::config::Routed;
use crate::contract::CommitmentAct;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::encoding_of;
use crate::dicom::uids;
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
use crate::gateway::recorder::Asked;
use crate::gateway::recorder::Judged;
use crate::gateway::session::Session;
use crate::gateway::store::Refused;
use crate::gateway::store::refused;
use crate::gateway::upstream::UpstreamError;
use crate::gateway::upstream::connect;
use crate::transport::Indication;
use crate::transport::Link;

/// What keeps a destination from being asked, or from answering.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("it does not take part in storage commitment")]
    NotOffered,
    #[error("the association with it ended: {0}")]
    Ended(#[from] Ended),
    #[error("the request cannot be written as it wants it")]
    Unwritable,
}

/// A destination's answer to an N-ACTION.
pub(super) struct Agreed {
    pub(super) status: Status,
    pub(super) comment: Option<String>,
}

impl Session {
    /// One N-ACTION-RQ, up to its response.
    pub(in crate::gateway) async fn commit(
        &mut self,
        context_id: u8,
        request: CommandSet,
        routed: &Routed,
    ) -> Result<(), Ended> {
        let encoding = self.encoding(context_id).ok_or(Ended::OutOfTurn)?;
        let max = self.gateway.config.limits.identifier_bytes_max;
        let silence = self.inbound.peer.timeouts.dimse_response;
        let data_set = take_small(&mut self.link, &request, max, silence).await?;
        let taken = match data_set {
            Some(data_set) => {
                self.take_commitment(context_id, &request, data_set, encoding, routed)
                    .await
            }
            None => Err(refused(
                Status::RESOURCE_LIMITATION,
                "more instances than the limit",
            )),
        };
        match taken {
            Ok(agreed) => {
                let mut response = CommandSet::response_to(&request, agreed.status);
                response.set_u16(element::ACTION_TYPE_ID, REQUEST_COMMITMENT);
                if let Some(comment) = agreed.comment {
                    response.set_text(element::ERROR_COMMENT, &comment);
                }
                self.link.queue_command(context_id, &response);
            }
            Err(refusal) => self.respond(context_id, &request, &refusal),
        }
        Ok(())
    }

    async fn take_commitment(
        &self,
        context_id: u8,
        request: &CommandSet,
        data_set: Vec<u8>,
        encoding: Encoding,
        routed: &Routed,
    ) -> Result<Agreed, Refused> {
        let gateway = &self.gateway;
        check_command(request)?;
        let said = Said::read(&data_set, encoding).filter(|said| !said.references.is_empty());
        let said = said.ok_or_else(|| {
            refused(
                Status::INVALID_ARGUMENT,
                "no transaction or no instances that can be read",
            )
        })?;
        let decision = self.permit_commitment(routed).await?;
        let accepted = self.accepted.get(&context_id);
        let syntax = accepted.map(|context| context.transfer_syntax.clone());
        let syntax = syntax.ok_or_else(|| refused(Status::PROCESSING_FAILURE, ""))?;
        let to = &routed.peer;
        let transaction = Transaction {
            instances: said.instances(),
            uid: said.transaction,
            to: to.name.clone(),
            calling: self.inbound.calling_towards(to),
            asker: Some(self.inbound.peer.name.clone()),
            objects: Vec::new(),
            called: self.inbound.called.clone(),
            decision: Some(decision),
            taken_at: gateway.clock.now(),
            after: gateway.delivery.newest(&to.name).map(|id| id.number()),
            asked: false,
            request: DataSet {
                syntax,
                bytes: data_set.into(),
            },
            report: None,
        };
        let key = transaction.key();
        let turn = gateway.commitments.turn(key);
        let busy = || refused(Status::PROCESSING_FAILURE, "this transaction is under way");
        let _turn = turn.ok_or_else(busy)?;
        let kept = gateway.commitments.add(gateway, transaction.clone()).await;
        kept.map_err(|error| {
            tracing::warn!(%error, "storage commitment not taken up");
            let status = match error {
                TableError::Full | TableError::Spool(_) => Status::RESOURCE_LIMITATION,
                TableError::Taken => Status::PROCESSING_FAILURE,
            };
            refused(status, &error.to_string())
        })?;
        Ok(self.begin_commitment(&transaction).await)
    }

    /// Passes a request on that has been taken up, unless it has to wait.
    async fn begin_commitment(&self, transaction: &Transaction) -> Agreed {
        let gateway = &self.gateway;
        if transaction.after.is_some() {
            note(
                gateway,
                transaction,
                CommitmentAct::Held,
                0,
                Status::SUCCESS,
            )
            .await;
            return Agreed {
                status: Status::SUCCESS,
                comment: None,
            };
        }
        let agreed = pass_on(gateway, transaction).await;
        let agreed = agreed.unwrap_or_else(|error| {
            tracing::warn!(to = %transaction.to, %error, "storage commitment cannot be asked for");
            Agreed {
                status: Status::PROCESSING_FAILURE,
                comment: Some("the destination cannot be asked".to_owned()),
            }
        });
        if !is_agreed(agreed.status) {
            // The asker hears of it at once: there is nothing to wait for.
            let key = transaction.key();
            let _ = gateway.commitments.remove(gateway, &key).await;
        }
        agreed
    }

    /// Puts the request to the contract; gives the decision's entry.
    async fn permit_commitment(&self, routed: &Routed) -> Result<u64, Refused> {
        let asked = Asked::query(routed.mode, &self.inbound, &routed.peer);
        match self.gateway.recorder.decide(asked).await {
            Ok(Judged::Permitted(recorded)) => Ok(recorded.entry()),
            Ok(Judged::Refused(refusal)) => {
                let comment = refusal.comment(self.inbound.is_own_house);
                Err(refused(Status::NOT_AUTHORISED, &comment))
            }
            Err(error) => Err(refused(Status::RESOURCE_LIMITATION, &error.to_string())),
        }
    }
}

/// The destination took the request up.
pub(super) const fn is_agreed(status: Status) -> bool {
    match status.class() {
        Class::Success | Class::Warning => true,
        Class::Failure | Class::Cancel | Class::Pending => false,
    }
}

fn check_command(request: &CommandSet) -> Result<(), Refused> {
    let instance = request.get_uid(element::REQUESTED_SOP_INSTANCE_UID);
    if instance.is_none_or(|uid| uid.as_str() != WELL_KNOWN_INSTANCE) {
        let comment = "not the well-known instance of storage commitment";
        return Err(refused(Status::NO_SUCH_SOP_INSTANCE, comment));
    }
    if request.get_u16(element::ACTION_TYPE_ID) != Some(REQUEST_COMMITMENT) {
        return Err(refused(Status::NO_SUCH_ACTION, "the only action type is 1"));
    }
    Ok(())
}

/// Asks the destination, and records its answer. The association is kept for a while, for it may
/// report on it.
pub(super) async fn pass_on(
    gateway: &Arc<Gateway>,
    transaction: &Transaction,
) -> Result<Agreed, AskError> {
    let asked = ask(gateway, transaction).await;
    let status = match &asked {
        Ok((agreed, _)) => agreed.status,
        Err(_) => Status::PROCESSING_FAILURE,
    };
    let failed = if is_agreed(status) {
        0
    } else {
        transaction.instances
    };
    note(gateway, transaction, CommitmentAct::Asked, failed, status).await;
    let (agreed, standing) = asked?;
    if is_agreed(status) {
        let key = transaction.key();
        let set = gateway
            .commitments
            .set(gateway, &key, |one| one.asked = true);
        if let Err(error) = set.await {
            tracing::error!(%error, "what was asked for is asked for again");
        }
        let gateway = Arc::clone(gateway);
        let to = transaction.to.clone();
        tokio::spawn(async move { reporting::listen(&gateway, &to, standing).await });
    } else {
        tokio::spawn(standing.link.release());
    }
    Ok(agreed)
}

/// An association on which the destination may report.
pub(super) struct Standing {
    pub(super) link: Link,
    pub(super) syntax: Uid,
}

async fn ask(gateway: &Gateway, transaction: &Transaction) -> Result<(Agreed, Standing), AskError> {
    let peer = gateway.config.peer(transaction.to.as_str());
    let no_peer = || UpstreamError::NoAddress(transaction.to.to_string());
    let peer = peer.ok_or_else(no_peer)?;
    let (Some(class), Some(instance)) = (sop_class(), well_known_instance()) else {
        return Err(AskError::Unwritable);
    };
    let request = AssociateRq::new(
        peer.ae_title.clone(),
        transaction.calling.clone(),
        vec![proposed(&class, &transaction.request.syntax)],
        UserInformation::ours(gateway.config.limits.pdu_bytes_max),
    );
    let requested = connect(gateway, peer, &request).await?;
    let mut link = requested.link;
    let accepted = request.accepted(&requested.accepted);
    let Some(context) = accepted.into_iter().next() else {
        tokio::spawn(link.release());
        return Err(AskError::NotOffered);
    };
    let from = encoding(gateway, &transaction.request.syntax)?;
    let to = encoding(gateway, &context.transfer_syntax)?;
    let data_set = for_receiver(&transaction.request.bytes, from, to, None);
    let data_set = data_set.ok_or(AskError::Unwritable)?;
    let command = CommandSet::new(CommandField::NActionRq)
        .with_message_id(MESSAGE_ID)
        .with_uid(element::REQUESTED_SOP_CLASS_UID, &class)
        .with_uid(element::REQUESTED_SOP_INSTANCE_UID, &instance)
        .with_u16(element::ACTION_TYPE_ID, REQUEST_COMMITMENT)
        .with_data_set();
    link.queue_command(CONTEXT, &command);
    link.queue_data(CONTEXT, data_set.into(), true);
    let mut standing = Standing {
        link,
        syntax: context.transfer_syntax.clone(),
    };
    let silence = peer.timeouts.dimse_response;
    loop {
        let heard = next_within(&mut standing.link, silence).await?;
        let Indication::Command { command, .. } = heard else {
            return Err(ended_by(&heard).into());
        };
        if command.field() == Some(CommandField::NEventReportRq) {
            // Faster with its report than with its answer.
            reporting::hear(gateway, &transaction.to, &mut standing, &command).await?;
            continue;
        }
        let max = gateway.config.limits.identifier_bytes_max;
        take_small(&mut standing.link, &command, max, silence).await?;
        if command.message_id_responded_to() != Some(MESSAGE_ID) {
            return Err(Ended::OutOfTurn.into());
        }
        let agreed = Agreed {
            status: command.status().unwrap_or(Status::PROCESSING_FAILURE),
            comment: command.get_text(element::ERROR_COMMENT),
        };
        return Ok((agreed, standing));
    }
}

/// The context for storage commitment, in this syntax if possible.
pub(super) fn proposed(class: &Uid, first: &Uid) -> ProposedContext {
    let plain = [uids::EXPLICIT_LITTLE, uids::IMPLICIT_LITTLE];
    let plain = plain.iter().filter_map(|uid| uid.parse().ok());
    let others = plain.filter(|syntax: &Uid| syntax != first);
    ProposedContext {
        id: CONTEXT,
        abstract_syntax: class.clone(),
        transfer_syntaxes: std::iter::once(first.clone()).chain(others).collect(),
    }
}

pub(super) fn encoding(gateway: &Gateway, syntax: &Uid) -> Result<Encoding, AskError> {
    encoding_of(syntax, &gateway.config.private_transfer_syntaxes).ok_or(AskError::Unwritable)
}
