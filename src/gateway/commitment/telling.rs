//! The outcome told to who asked: on the association that it asked by, if it still stands, else on one
//! of ours, in the role of an SCP (PS3.4 §J.3.3).

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::CONTEXT;
use super::MESSAGE_ID;
use super::asking::AskError;
use super::asking::encoding;
use super::asking::proposed;
use super::data_set::for_receiver;
use super::sop_class;
use super::table::Report;
use super::table::Transaction;
use super::well_known_instance;
use crate::association::AssociateRq;
use crate::association::Roles;
use crate::association::UserInformation;
use crate::config::PeerName;
use crate::dicom::AeTitle;
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
use crate::gateway::session::Session;
use crate::gateway::upstream::UpstreamError;
use crate::gateway::upstream::connect;
use crate::transport::Indication;

/// A report for an asker whose association stands.
#[derive(Debug)]
pub(in crate::gateway) struct Telling {
    report: Report,
    /// What the asker answers; dropped when it could not be told.
    answer: oneshot::Sender<Status>,
}

/// The next report for this association; never, where nobody asked by it.
pub(in crate::gateway) async fn next(tellings: &mut Option<mpsc::Receiver<Telling>>) -> Telling {
    if let Some(receiver) = tellings
        && let Some(telling) = receiver.recv().await
    {
        return telling;
    }
    std::future::pending().await
}

impl Session {
    /// Tells the asker, and serves what it asks meanwhile. Gives what is no message, if it comes first.
    pub(in crate::gateway) async fn tell(
        &mut self,
        telling: Telling,
    ) -> Result<Option<Indication>, Ended> {
        let mut contexts = self.accepted.iter();
        let found = contexts.find(|(_, context)| matches!(context.used, Use::Commit(_)));
        let Some((id, context)) = found else {
            return Ok(None);
        };
        let (id, syntax) = (*id, context.transfer_syntax.clone());
        let ours = self.inbound.called.as_str();
        let Ok((command, data_set)) = written(&self.gateway, &telling.report, &syntax, ours) else {
            return Ok(None);
        };
        self.link.queue_command(id, &command);
        self.link.queue_data(id, data_set.into(), true);
        let silence = self.inbound.peer.timeouts.dimse_response;
        loop {
            let heard = next_within(&mut self.link, silence).await?;
            match heard {
                Indication::Command { command, .. }
                    if command.field() == Some(CommandField::NEventReportRsp) =>
                {
                    let max = self.gateway.config.limits.identifier_bytes_max;
                    take_small(&mut self.link, &command, max, silence).await?;
                    let status = command.status().unwrap_or(Status::PROCESSING_FAILURE);
                    let _ = telling.answer.send(status);
                    return Ok(None);
                }
                Indication::Command {
                    context_id,
                    command,
                } => Box::pin(self.perform(context_id, command)).await?,
                other => return Ok(Some(other)),
            }
        }
    }
}

/// Tells the asker of `transaction`; gives its answer.
pub(super) async fn tell(
    gateway: &Gateway,
    transaction: &Transaction,
    report: &Report,
) -> Result<Status, AskError> {
    let no_peer = || UpstreamError::NoAddress(transaction.asker_name().to_owned());
    let asker = transaction.asker.as_ref().ok_or_else(no_peer)?;
    if let Some(status) = tell_by_session(gateway, asker, &transaction.called, report).await {
        return Ok(status);
    }
    let peer = gateway.config.peer(asker.as_str());
    let peer = peer.ok_or_else(no_peer)?;
    let class = sop_class().ok_or(AskError::Unwritable)?;
    let scp = Roles {
        scu: false,
        scp: true,
    };
    let request = AssociateRq::new(
        peer.ae_title.clone(),
        transaction.called.clone(),
        vec![proposed(&class, &report.data_set.syntax)],
        UserInformation {
            roles: BTreeMap::from([(class.clone(), scp)]),
            ..UserInformation::ours(gateway.config.limits.pdu_bytes_max)
        },
    );
    let requested = connect(gateway, peer, &request).await?;
    let mut link = requested.link;
    let accepted = request.accepted(&requested.accepted);
    // Some that accept the context do not answer the role; they take the report all the same.
    let Some(context) = accepted.into_iter().next() else {
        tokio::spawn(link.release());
        return Err(AskError::NotOffered);
    };
    let ours = transaction.called.as_str();
    let (command, data_set) = written(gateway, report, &context.transfer_syntax, ours)?;
    link.queue_command(CONTEXT, &command);
    link.queue_data(CONTEXT, data_set.into(), true);
    let silence = peer.timeouts.dimse_response;
    let heard = next_within(&mut link, silence).await?;
    let status = match &heard {
        Indication::Command { command, .. } => {
            let max = gateway.config.limits.identifier_bytes_max;
            take_small(&mut link, command, max, silence).await?;
            command.status().unwrap_or(Status::PROCESSING_FAILURE)
        }
        other => return Err(ended_by(other).into()),
    };
    tokio::spawn(link.release());
    Ok(status)
}

/// By the association that it asked by; `None` when there is none, or it ended.
async fn tell_by_session(
    gateway: &Gateway,
    asker: &PeerName,
    called: &AeTitle,
    report: &Report,
) -> Option<Status> {
    let tell = gateway.commitments.listener(asker, called)?;
    let (answer, answered) = oneshot::channel();
    let telling = Telling {
        report: report.clone(),
        answer,
    };
    // Full: it is being told something else; the next try is soon.
    tell.try_send(telling).ok()?;
    let silence = gateway.config.timeouts.dimse_response;
    tokio::time::timeout(silence, answered).await.ok()?.ok()
}

fn written(
    gateway: &Gateway,
    report: &Report,
    syntax: &Uid,
    retrieve_ae: &str,
) -> Result<(CommandSet, Vec<u8>), AskError> {
    let (Some(class), Some(instance)) = (sop_class(), well_known_instance()) else {
        return Err(AskError::Unwritable);
    };
    let from = encoding(gateway, &report.data_set.syntax)?;
    let to = encoding(gateway, syntax)?;
    let data_set = for_receiver(&report.data_set.bytes, from, to, Some(retrieve_ae));
    let command = CommandSet::new(CommandField::NEventReportRq)
        .with_message_id(MESSAGE_ID)
        .with_sop_class(&class)
        .with_sop_instance(&instance)
        .with_u16(element::EVENT_TYPE_ID, report.event)
        .with_data_set();
    Ok((command, data_set.ok_or(AskError::Unwritable)?))
}
