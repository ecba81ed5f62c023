//! N-EVENT-REPORT: what a destination has committed, heard on either association and kept before it
//! is answered.

use std::time::Duration;

use super::asking::Standing;
use super::data_set::Said;
use super::note;
use super::table::DataSet;
use super::table::Report;
use crate::config::PeerName;
use crate::contract::CommitmentAct;
use crate::dicom::Uid;
use crate::dicom::encoding_of;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::Gateway;
use crate::gateway::instance::Ended;
use crate::gateway::instance::take_small;
use crate::gateway::session::Session;
use crate::transport::Indication;

/// Event types of storage commitment (PS3.4 Table J.3-2): all committed, or failures exist.
pub(super) const COMMITTED: u16 = 1;
pub(super) const FAILURES_EXIST: u16 = 2;

/// How long an association of ours is kept after the destination has agreed: some report at once, the
/// others on an association of their own.
const REPORT_WAIT: Duration = Duration::from_secs(10);

impl Session {
    /// One N-EVENT-REPORT-RQ of a destination, up to its response.
    pub(in crate::gateway) async fn report(
        &mut self,
        context_id: u8,
        request: CommandSet,
    ) -> Result<(), Ended> {
        let max = self.gateway.config.limits.identifier_bytes_max;
        let silence = self.inbound.peer.timeouts.dimse_response;
        let data_set = take_small(&mut self.link, &request, max, silence).await?;
        let accepted = self.accepted.get(&context_id).ok_or(Ended::OutOfTurn)?;
        let syntax = accepted.transfer_syntax.clone();
        let from = &self.inbound.peer.name;
        let status = keep(&self.gateway, from, &request, data_set, syntax).await;
        let response = CommandSet::response_to(&request, status);
        self.link.queue_command(context_id, &response);
        Ok(())
    }
}

/// Waits for a report on an association of ours, then releases it.
pub(super) async fn listen(gateway: &Gateway, from: &PeerName, mut standing: Standing) {
    let until = tokio::time::Instant::now() + REPORT_WAIT;
    let mut draining = gateway.draining.subscribe();
    loop {
        let heard = tokio::select! {
            heard = tokio::time::timeout_at(until, standing.link.next()) => heard,
            () = crate::gateway::drain_begins(&mut draining) => return standing.link.release().await,
        };
        match heard {
            Ok(Ok(Indication::Command { command, .. })) => {
                let is_report = command.field() == Some(CommandField::NEventReportRq);
                if !is_report || hear(gateway, from, &mut standing, &command).await.is_err() {
                    return standing
                        .link
                        .abort(crate::association::Abort::BY_USER)
                        .await;
                }
            }
            Ok(Ok(Indication::ReleaseRequested)) => return standing.link.confirm_release().await,
            Ok(Ok(_) | Err(_)) => return standing.link.linger().await,
            Err(_) => return standing.link.release().await,
        }
    }
}

/// A report that came on an association of ours.
pub(super) async fn hear(
    gateway: &Gateway,
    from: &PeerName,
    standing: &mut Standing,
    request: &CommandSet,
) -> Result<(), Ended> {
    let max = gateway.config.limits.identifier_bytes_max;
    let silence = gateway.config.timeouts.dimse_response;
    let data_set = take_small(&mut standing.link, request, max, silence).await?;
    let syntax = standing.syntax.clone();
    let status = keep(gateway, from, request, data_set, syntax).await;
    let response = CommandSet::response_to(request, status);
    standing.link.queue_command(super::CONTEXT, &response);
    standing.link.flush().await?;
    Ok(())
}

/// Keeps what `from` reports, durably, for the asker; gives the status to answer.
async fn keep(
    gateway: &Gateway,
    from: &PeerName,
    request: &CommandSet,
    data_set: Option<Vec<u8>>,
    syntax: Uid,
) -> Status {
    let event = request.get_u16(element::EVENT_TYPE_ID);
    let Some(event @ (COMMITTED | FAILURES_EXIST)) = event else {
        return Status::NO_SUCH_EVENT_TYPE;
    };
    let Some(bytes) = data_set else {
        return Status::RESOURCE_LIMITATION;
    };
    let encoding = encoding_of(&syntax, &gateway.config.private_transfer_syntaxes);
    let said = encoding.and_then(|encoding| Said::read(&bytes, encoding));
    let Some(said) = said else {
        return Status::INVALID_ARGUMENT;
    };
    let key = (from.clone(), said.transaction.clone());
    let Some(transaction) = gateway.commitments.get(&key).await else {
        // Nobody asked through us, or it was given up.
        tracing::warn!(%from, "a storage commitment is reported that nobody waits for");
        return Status::PROCESSING_FAILURE;
    };
    let failed = u64::try_from(said.failed.len()).unwrap_or(u64::MAX);
    let report = Report {
        event,
        data_set: DataSet {
            syntax,
            bytes: bytes.into(),
        },
        failed,
    };
    let kept = gateway.commitments.set(gateway, &key, |one| {
        one.asked = true;
        one.report = Some(report);
    });
    match kept.await {
        Ok(true) => {
            let act = CommitmentAct::Reported;
            note(gateway, &transaction, act, failed, Status::SUCCESS).await;
            Status::SUCCESS
        }
        Ok(false) => Status::PROCESSING_FAILURE,
        Err(error) => {
            tracing::error!(%error, "a report of storage commitment cannot be kept");
            Status::RESOURCE_LIMITATION
        }
    }
}
