//! Fetching by C-MOVE to ourselves: the archive opens associations to us (see `arrival`), while
//! we follow its responses here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::sync::mpsc;

use super::Destination;
use super::Originator;
use super::Receiving;
use super::Request;
use super::Stop;
use super::archive::Archive;
use super::count::ArchiveCounts;
use super::count::Counts;
use super::hand_over::Delivery;
use super::identifier::Identifier;
use super::identifier::uids;
use super::registry::Retrieval;
use super::reply::Reply;
use super::reply::pending;
use super::silence::Due;
use super::silence::Silence;
use super::silence::TICK;
use crate::association::Abort;
use crate::config::Peer;
use crate::contract::Outcome;
use crate::dicom::AeTitle;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::tag;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::instance::Ended;
use crate::gateway::instance::ended_by;
use crate::gateway::instance::next_within;
use crate::gateway::instance::take_small;
use crate::gateway::link::Role;
use crate::gateway::relay::Relayed;
use crate::gateway::session::Session;
use crate::gateway::session::contexts_received;
use crate::gateway::transfer::Closing;
use crate::gateway::transfer::Fault;
use crate::transport::Indication;

/// Instances that wait for a C-GET requestor; each holds its first pieces only.
const DELIVERIES_MAX: usize = 4;

/// How an archive ended one of our requests.
pub(super) enum ArchiveEnd {
    /// With a final response.
    Final { status: Status, remaining: u32 },
    /// Its association ended.
    Lost,
}

impl Session {
    /// C-MOVE for a peer.
    pub(super) async fn move_to_ourselves(
        &mut self,
        request: Request,
        destination: &Peer,
        receiving: AeTitle,
        to: Destination,
    ) -> Result<Reply, Stop> {
        self.fetch_by_move(request, destination, receiving, to, None)
            .await
    }

    /// C-GET for the requestor itself.
    pub(super) async fn move_for_requestor(&mut self, request: Request) -> Result<Reply, Stop> {
        let (deliveries, receiver) = mpsc::channel(DELIVERIES_MAX);
        let contexts: Receiving = contexts_received(&self.accepted);
        let requestor = Arc::clone(&self.inbound.peer);
        let receiving = requestor
            .destination_ae
            .clone()
            .unwrap_or_else(|| self.inbound.called.clone());
        let to = Destination::Requestor {
            requestor: Arc::clone(&requestor),
            contexts: Arc::new(contexts),
            deliveries,
        };
        self.fetch_by_move(request, &requestor, receiving, to, Some(receiver))
            .await
    }

    async fn fetch_by_move(
        &mut self,
        request: Request,
        destination: &Peer,
        receiving: AeTitle,
        to: Destination,
        deliveries: Option<mpsc::Receiver<Delivery>>,
    ) -> Result<Reply, Stop> {
        let gateway = Arc::clone(&self.gateway);
        let prepared = self.prepare(&request, destination, false).await?;
        let (mut archive, judged) = (prepared.archive, prepared.judged);
        let plan = judged.plan(&request);
        // An AE title of ours that stands for no single destination cannot tell two moves apart.
        let shared = gateway.config.is_shared(&receiving);
        let _turn = if shared {
            let turn = self.await_turn(&request, &judged.progress.counts).await;
            if turn.is_err() {
                self.abandon(&judged.progress.released()).await;
            }
            Some(turn?)
        } else {
            None
        };
        let originator = Originator {
            ae_title: self.inbound.peer.ae_title.clone(),
            message_id: request.command.message_id().unwrap_or(0),
        };
        let registered = gateway.retrievals.register(
            &request.archive,
            receiving,
            originator,
            to,
            judged.progress,
        );
        let retrieval = Arc::clone(&registered.retrieval);
        let mut follow = Follow {
            request: &request,
            retrieval: &retrieval,
            deliveries,
            cancelled: false,
            remaining: 0,
        };
        let result = self.follow_plan(&mut archive, plan, &mut follow).await;
        let outcome = match &result {
            Ok(_) if follow.cancelled => Outcome::Cancelled,
            Ok(_) => Outcome::Completed,
            Err(_) => Outcome::Interrupted,
        };
        drop(registered);
        close_studies(self, &retrieval, Closing::last(outcome)).await;
        match result {
            Ok(reply) => {
                tokio::spawn(archive.link.release());
                Ok(reply)
            }
            Err(stop) => {
                // Nobody waits any more: stop the archive too.
                tokio::spawn(archive.link.abort(Abort::BY_USER));
                Err(stop)
            }
        }
    }

    /// Waits until no other retrieval from this archive uses a shared AE title, telling the
    /// requestor now and then that we are alive.
    async fn await_turn(
        &mut self,
        request: &Request,
        counts: &Counts,
    ) -> Result<OwnedMutexGuard<()>, Stop> {
        let turn = self.gateway.retrievals.turn(&request.archive);
        let locked = async { Ok(turn.lock_owned().await) };
        self.attend(request, counts, locked).await
    }

    async fn follow_plan(
        &mut self,
        archive: &mut Archive,
        plan: Vec<Identifier>,
        follow: &mut Follow<'_>,
    ) -> Result<Reply, Stop> {
        for identifier in plan {
            let mut command = follow.request_to_archive(CommandField::CMoveRq);
            command.set_ae(element::MOVE_DESTINATION, &follow.retrieval.receiving);
            archive.queue_retrieve(&command, &identifier);
            let end = self.follow_move(archive, follow).await?;
            if let Some(reply) = follow.ended(&end) {
                return Ok(reply);
            }
            if follow.cancelled {
                break;
            }
        }
        Ok(follow.reply())
    }

    /// Follows one C-MOVE at the archive up to its final response.
    async fn follow_move(
        &mut self,
        archive: &mut Archive,
        follow: &mut Follow<'_>,
    ) -> Result<ArchiveEnd, Stop> {
        let gateway = Arc::clone(&self.gateway);
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + TICK, TICK);
        let mut silence = Silence::of(&archive.peer, &gateway.config.timeouts);
        loop {
            tokio::select! {
                biased;
                heard = archive.link.next() => {
                    silence.broken();
                    match self.hear_move(heard.map_err(Ended::from), archive, follow).await {
                        Ok(Some(end)) => return Ok(end),
                        Ok(None) => self.queue_pending(follow),
                        Err(ended) => {
                            tracing::warn!(archive = %archive.peer.name, %ended, "archive lost");
                            return Ok(ArchiveEnd::Lost);
                        }
                    }
                }
                delivery = follow.next_delivery() => {
                    let archive_silence = archive.peer.timeouts.dimse_response;
                    let cancelled = self.deliver(delivery, archive_silence).await?;
                    if cancelled && !follow.cancelled {
                        follow.cancelled = true;
                        archive.queue_cancel(follow.retrieval.upstream_message_id);
                    }
                }
                next = self.link.next() => match next.map_err(Ended::from)? {
                    Indication::Command { command, .. }
                        if command.field() == Some(CommandField::CCancelRq) =>
                    {
                        follow.cancelled = true;
                        archive.queue_cancel(follow.retrieval.upstream_message_id);
                    }
                    other => return Err(ended_by(&other).into()),
                },
                _ = tick.tick() => {
                    let settled = follow.retrieval.progress().counts.settled();
                    match silence.tick(settled) {
                        Due::Nothing => {}
                        Due::Pending => self.queue_pending(follow),
                        Due::End => {
                            tracing::warn!(archive = %archive.peer.name, "archive silent");
                            return Ok(ArchiveEnd::Lost);
                        }
                    }
                    close_studies(self, follow.retrieval, Closing::INTERIM).await;
                }
            }
        }
    }

    pub(super) fn queue_pending(&mut self, follow: &Follow<'_>) {
        let response = pending(&follow.request.command, &follow.retrieval.progress().counts);
        self.link
            .queue_command(follow.request.context_id, &response);
    }

    async fn hear_move(
        &self,
        heard: Result<Indication, Ended>,
        archive: &mut Archive,
        follow: &Follow<'_>,
    ) -> Result<Option<ArchiveEnd>, Ended> {
        match heard? {
            Indication::Command { command, .. }
                if command.field() == Some(CommandField::CMoveRsp) =>
            {
                self.hear_response(&command, archive, follow).await
            }
            other => Err(ended_by(&other)),
        }
    }

    /// One response of the archive to our retrieve request: `Some` when it is the final one.
    pub(super) async fn hear_response(
        &self,
        response: &CommandSet,
        archive: &mut Archive,
        follow: &Follow<'_>,
    ) -> Result<Option<ArchiveEnd>, Ended> {
        let max = self.gateway.config.limits.identifier_bytes_max;
        let silence = archive.peer.timeouts.dimse_response;
        let list = take_small(&mut archive.link, response, max, silence).await?;
        let said = ArchiveCounts::of(response);
        let status = response.status().unwrap_or(Status::PROCESSING_FAILURE);
        let counts = &mut follow.retrieval.progress().counts;
        if status.class() == Class::Pending {
            counts.archive_pending(said);
            return Ok(None);
        }
        counts.archive_final(said);
        let list = list.unwrap_or_default();
        if let Ok(elements) = Elements::parse(&list, Encoding::ImplicitLittle) {
            let failed = uids(&elements, tag::FAILED_SOP_INSTANCE_UID_LIST);
            failed
                .into_iter()
                .flatten()
                .for_each(|uid| counts.fail(uid));
        }
        Ok(Some(ArchiveEnd::Final {
            status,
            remaining: said.remaining,
        }))
    }

    /// Sends one instance to the requestor of a C-GET and waits for its response; tells whether
    /// it cancelled meanwhile. `silence` bounds the archive's pauses within the object.
    async fn deliver(&mut self, mut delivery: Delivery, silence: Duration) -> Result<bool, Ended> {
        let response = self.inbound.peer.timeouts.dimse_response;
        let context_id = delivery.context_id;
        if !delivery.released_by.stands_now() {
            // It waited here while its permit ended. The archive's side sees that nobody takes it.
            return Ok(false);
        }
        self.link.queue_command(context_id, &delivery.command);
        loop {
            let piece = tokio::time::timeout(silence, delivery.pieces.recv()).await;
            let Ok(Some((data, is_last))) = piece else {
                // The archive died in the middle: half an object cannot be taken back.
                return Err(Ended::Silent(silence));
            };
            self.link.queue_data(context_id, data, is_last);
            self.link.flush().await?;
            if is_last {
                break;
            }
        }
        let mut cancelled = false;
        loop {
            match next_within(&mut self.link, response).await? {
                Indication::Command { command, .. } => match command.field() {
                    Some(CommandField::CCancelRq) => cancelled = true,
                    Some(CommandField::CStoreRsp) => {
                        let _ = delivery.reply.send(command);
                        return Ok(cancelled);
                    }
                    _ => return Err(Ended::OutOfTurn),
                },
                other => return Err(ended_by(&other)),
            }
        }
    }
}

/// What is followed, and how far it has come.
pub(super) struct Follow<'a> {
    pub(super) request: &'a Request,
    pub(super) retrieval: &'a Arc<Retrieval>,
    pub(super) deliveries: Option<mpsc::Receiver<Delivery>>,
    pub(super) cancelled: bool,
    pub(super) remaining: u32,
}

impl Follow<'_> {
    /// Our retrieve request at the archive, under a Message ID that is unique there.
    pub(super) fn request_to_archive(&self, field: CommandField) -> CommandSet {
        let mut command = CommandSet::new(field);
        command.set_uid(element::AFFECTED_SOP_CLASS_UID, &self.request.class);
        command.set_u16(element::MESSAGE_ID, self.retrieval.upstream_message_id);
        let priority = self.request.command.get_u16(element::PRIORITY);
        command.set_u16(element::PRIORITY, priority.unwrap_or(0));
        command.set_has_data_set(true);
        command
    }

    /// What an ended archive request means: a reply when nothing further is to be asked.
    pub(super) fn ended(&mut self, end: &ArchiveEnd) -> Option<Reply> {
        if !self.ends(end) {
            return None;
        }
        Some(match end {
            ArchiveEnd::Final { status, .. } => {
                let comment = format!("archive answered {status}");
                Reply::failed(Status::MOVE_CANNOT_PERFORM, &comment)
            }
            ArchiveEnd::Lost => {
                let counts = &mut self.retrieval.progress().counts;
                counts.archive_lost();
                Reply::lost(counts)
            }
        })
    }

    /// Whether an ended archive request leaves nothing further to be asked.
    pub(super) fn ends(&mut self, end: &ArchiveEnd) -> bool {
        match end {
            ArchiveEnd::Lost => true,
            ArchiveEnd::Final { remaining, .. } if self.cancelled => {
                self.remaining = *remaining;
                false
            }
            ArchiveEnd::Final { status, .. } => {
                let counts = &self.retrieval.progress().counts;
                status.class() == Class::Failure && counts.is_untouched()
            }
        }
    }

    /// The reply when the whole plan has been followed, or was cancelled.
    pub(super) fn reply(&self) -> Reply {
        let reply = Reply::of(&self.retrieval.progress().counts, self.cancelled);
        if self.cancelled {
            reply.with_remaining(self.remaining)
        } else {
            reply
        }
    }

    /// Counts what the target answered for an image.
    pub(super) fn answered(&self, study: &Uid, instance: &Uid, status: Status, relayed: &Relayed) {
        let progress = &mut *self.retrieval.progress();
        progress.counts.answered(instance, status);
        if let Some(settled) = &mut progress.settled {
            settled.insert(instance.clone());
        }
        if let Some(study) = progress.studies.get_mut(study) {
            study.tally.answered(status, &relayed.data_set);
        }
    }

    /// Counts an image that did not arrive.
    pub(super) fn lost(&self, study: &Uid, instance: Uid, fault: Fault) {
        let progress = &mut *self.retrieval.progress();
        progress.counts.fail(instance);
        if let Some(study) = progress.studies.get_mut(study) {
            study.tally.lost_by(fault);
        }
    }

    /// Counts an image that was not let go.
    pub(super) fn withheld(&self, study: &Uid, instance: Uid) {
        let progress = &mut *self.retrieval.progress();
        progress.counts.fail(instance);
        if let Some(study) = progress.studies.get_mut(study) {
            study.tally.withheld();
        }
    }

    /// The next instance for a C-GET requestor; never, for a C-MOVE.
    async fn next_delivery(&mut self) -> Delivery {
        match &mut self.deliveries {
            Some(deliveries) => match deliveries.recv().await {
                Some(delivery) => delivery,
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

/// Tells whoever looks how much the retrieval comes to. An archive counts all studies of a request as one, so that
/// is known of a single study only.
fn tell_expected(session: &Session, retrieval: &Retrieval, is_over: bool) {
    let progress = retrieval.progress();
    let expected = progress.counts.expected().filter(|_| !is_over);
    let mut studies = progress.studies.values();
    if let (Some(only), None) = (studies.next(), studies.next()) {
        let meters = session.gateway.recorder.meters();
        meters.expect(only.recorded.entry(), expected.map(u64::from));
    }
}

/// Records what followed the decisions on a retrieval's studies.
pub(super) async fn close_studies(session: &Session, retrieval: &Retrieval, closing: Closing) {
    tell_expected(session, retrieval, closing.is_final);
    let mut parts = BTreeMap::new();
    for (uid, study) in &mut retrieval.progress().studies {
        if closing.is_final || !study.tally.is_empty() {
            let closing = match closing.is_final {
                true => Closing::last(study.outcome(closing.outcome)),
                false => closing,
            };
            let tally = std::mem::take(&mut study.tally);
            parts.insert(uid.clone(), (study.recorded.clone(), tally, closing));
        }
    }
    for (recorded, tally, closing) in parts.into_values() {
        session
            .gateway
            .recorder
            .close(&recorded, &tally, closing)
            .await;
        // Where another gateway asks us, it says when a transfer is over: it may take several requests.
        if closing.is_final
            && let Some(ticket) = recorded.ticket()
            && ticket.role == Role::Recipient
        {
            let gateway = &session.gateway;
            gateway.receipts.finish(gateway, ticket).await;
        }
    }
}
