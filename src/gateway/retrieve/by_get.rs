//! Fetching by C-GET on our own association at the archive. The destination is opened first,
//! with one transfer syntax per presentation context, and the archive is offered only what the
//! destination accepted: so nothing needs transcoding.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::Destination;
use super::Originator;
use super::Request;
use super::Stop;
use super::archive::Archive;
use super::archive::ArchiveError;
use super::archive::Offered;
use super::archive::STORAGE_CONTEXTS_MAX;
use super::by_move::ArchiveEnd;
use super::by_move::Follow;
use super::by_move::close_studies;
use super::identifier::Identifier;
use super::judge::Judgements;
use super::registry::Registered;
use super::reply::Reply;
use super::resume::Resumable;
use super::silence::Due;
use super::silence::Silence;
use super::silence::TICK;
use crate::association::Abort;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::config::Peer;
use crate::contract::Outcome;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::dicom::encoding_of;
use crate::dicom::retrieved_syntaxes;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::instance::Ended;
use crate::gateway::instance::Held;
use crate::gateway::instance::Taken;
use crate::gateway::instance::drain;
use crate::gateway::instance::ended_by;
use crate::gateway::instance::take_head;
use crate::gateway::link::Asker;
use crate::gateway::link::Role;
use crate::gateway::link::Unsaid;
use crate::gateway::link::hear_decisions;
use crate::gateway::recorder::Recorded;
use crate::gateway::relay::Relay;
use crate::gateway::relay::RelayError;
use crate::gateway::relay::Relayed;
use crate::gateway::relay::Source;
use crate::gateway::session::Session;
use crate::gateway::session::contexts_received;
use crate::gateway::store::Refused;
use crate::gateway::store::out_of_resources;
use crate::gateway::store::refused;
use crate::gateway::store::unreadable;
use crate::gateway::transfer::Closing;
use crate::gateway::transfer::Fault;
use crate::gateway::upstream::Upstream;
use crate::transport::Indication;

/// Where the images of a C-GET at the archive go.
enum Target {
    /// A move destination, on an association of ours.
    Peer(Box<Upstream>),
    /// The requestor's own association.
    Requestor,
}

impl Session {
    /// C-MOVE for a peer, fetched by C-GET.
    pub(super) async fn get_for_peer(
        &mut self,
        request: Request,
        destination: &Arc<Peer>,
        calling: AeTitle,
    ) -> Result<Reply, Stop> {
        let prepared = self.prepare(&request, destination, true).await?;
        tokio::spawn(prepared.archive.link.release());
        let (mut judged, classes) = (prepared.judged, prepared.classes);
        let contexts = destination_contexts(&classes);
        let proposed: Vec<&ProposedContext> = contexts.iter().collect();
        let gateway = Arc::clone(&self.gateway);
        let user = UserInformation::ours(gateway.config.limits.pdu_bytes_max);
        let upstream =
            Upstream::open(&gateway, destination, calling.clone(), &proposed, &user).await;
        let upstream = match upstream {
            Ok(upstream) => upstream,
            Err(error) => {
                tracing::warn!(%error, "move destination cannot be reached");
                self.abandon(&judged.progress.released()).await;
                let comment = "move destination cannot be reached";
                return Ok(Reply::failed(Status::MOVE_CANNOT_PERFORM, comment));
            }
        };
        let offered: Vec<Offered> = contexts
            .iter()
            .filter_map(|context| {
                Some(Offered {
                    class: context.abstract_syntax.clone(),
                    syntax: context.transfer_syntaxes.first()?.clone(),
                    destination_context: upstream.context(context.id)?,
                })
            })
            .collect();
        let to = Destination::Peer {
            peer: Arc::clone(destination),
            calling,
        };
        let other = gateway.config.gateway_peer_of(&request.archive);
        let resumable = other.map(|other| Resumable {
            listed: prepared.listed,
            offered: offered.clone(),
            patience: other.resume,
        });
        if resumable.is_some() {
            judged.progress.settled = Some(BTreeSet::new());
        }
        let target = Target::Peer(Box::new(upstream));
        self.fetch_by_get(request, judged, offered, to, target, resumable)
            .await
    }

    /// C-GET for the requestor itself, fetched by C-GET.
    pub(super) async fn get_for_requestor(&mut self, request: Request) -> Result<Reply, Stop> {
        let requestor = Arc::clone(&self.inbound.peer);
        let prepared = self.prepare(&request, &requestor, false).await?;
        tokio::spawn(prepared.archive.link.release());
        let judged = prepared.judged;
        let offered: Vec<Offered> = contexts_received(&self.accepted)
            .into_iter()
            .map(|((class, syntax), destination_context)| Offered {
                class,
                syntax,
                destination_context,
            })
            .take(STORAGE_CONTEXTS_MAX)
            .collect();
        let to = Destination::Peer {
            calling: self.inbound.called.clone(),
            peer: requestor,
        };
        self.fetch_by_get(request, judged, offered, to, Target::Requestor, None)
            .await
    }

    async fn fetch_by_get(
        &mut self,
        request: Request,
        judged: Judgements,
        offered: Vec<Offered>,
        to: Destination,
        mut target: Target,
        resumable: Option<Resumable>,
    ) -> Result<Reply, Stop> {
        let gateway = Arc::clone(&self.gateway);
        let released = judged.progress.released();
        let mut archive = match self.open_archive(&request, offered).await {
            Ok(archive) => archive,
            Err(stop) => {
                self.abandon(&released).await;
                return Err(stop);
            }
        };
        let mut plan = judged.plan(&request);
        let originator = Originator {
            ae_title: self.inbound.peer.ae_title.clone(),
            message_id: request.command.message_id().unwrap_or(0),
        };
        let receiving = self.inbound.called.clone();
        let registered: Registered<'_> = gateway.retrievals.register(
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
            deliveries: None,
            cancelled: false,
            remaining: 0,
        };
        // How long nothing may arrive, over however many breaks.
        let mut hope = (0, None);
        let result = loop {
            let end = self
                .follow_requests(&mut archive, plan, &mut follow, &mut target)
                .await;
            let resumable = resumable.as_ref();
            let (Ok(Some(ArchiveEnd::Lost)), Some(resumable)) = (&end, resumable) else {
                break end.map(|end| end.and_then(|end| follow.ended(&end)));
            };
            if hope.1.is_none() || follow.settled() > hope.0 {
                hope = (follow.settled(), Some(Instant::now() + resumable.patience));
            }
            let until = hope.1.unwrap_or_else(Instant::now);
            match self.resume(&request, &mut follow, resumable, until).await {
                Ok(Some(resumed)) => (archive, plan) = (resumed.archive, resumed.plan),
                // All of it had arrived before the final response was lost, or it is not to come.
                Ok(None) => break Ok(None),
                Err(stop) => break Err(stop),
            }
        };
        if let Some(resumable) = &resumable {
            follow.account_for(resumable);
        }
        let outcome = match &result {
            Ok(_) if follow.cancelled => Outcome::Cancelled,
            Ok(_) => Outcome::Completed,
            Err(_) => Outcome::Interrupted,
        };
        drop(registered);
        close_studies(self, &retrieval, Closing::last(outcome)).await;
        part(archive, target, result.is_ok());
        Ok(result?.unwrap_or_else(|| follow.reply()))
    }

    /// Asks the archive for one thing after another; how the last request ended, unless all went well or it
    /// was cancelled.
    async fn follow_requests(
        &mut self,
        archive: &mut Archive,
        plan: Vec<Identifier>,
        follow: &mut Follow<'_>,
        target: &mut Target,
    ) -> Result<Option<ArchiveEnd>, Stop> {
        for identifier in plan {
            let released = follow.retrieval.progress().released();
            let asker = Asker::of(&self.inbound);
            let told = archive.introduce(&self.gateway, &asker, &identifier, &released);
            match told.await {
                Ok(()) => {}
                // Another gateway that does not believe us will not do so a moment later.
                Err(error)
                    if !matches!(error, ArchiveError::Unsaid(Unsaid::Ended(_)))
                        && follow.retrieval.progress().counts.is_untouched() =>
                {
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::warn!(archive = %archive.peer.name, %error, "archive lost");
                    return Ok(Some(ArchiveEnd::Lost));
                }
            }
            let command = follow.request_to_archive(CommandField::CGetRq);
            archive.queue_retrieve(&command, &identifier);
            let end = self.follow_get(archive, follow, target).await?;
            if follow.ends(&end) {
                return Ok(Some(end));
            }
            if follow.cancelled {
                break;
            }
        }
        Ok(None)
    }

    /// Follows one C-GET at the archive: its images and its responses come on one association.
    async fn follow_get(
        &mut self,
        archive: &mut Archive,
        follow: &mut Follow<'_>,
        target: &mut Target,
    ) -> Result<ArchiveEnd, Ended> {
        let gateway = Arc::clone(&self.gateway);
        let mut tick = tokio::time::interval_at(Instant::now() + TICK, TICK);
        let mut silence = Silence::of(&archive.peer, &gateway.config.timeouts);
        loop {
            let heard = tokio::select! {
                biased;
                heard = archive.link.next() => heard,
                next = self.link.next() => {
                    self.hear_requestor(next?, archive, follow)?;
                    continue;
                }
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
                    continue;
                }
            };
            silence.broken();
            let heard = match heard {
                Ok(Indication::Command {
                    context_id,
                    command,
                }) => match command.field() {
                    Some(CommandField::CStoreRq) => {
                        self.pass_on(archive, follow, target, context_id, &command)
                            .await
                    }
                    Some(CommandField::CGetRsp) => {
                        match self.hear_response(&command, archive, follow).await {
                            Ok(Some(end)) => return Ok(end),
                            Ok(None) => {
                                self.queue_pending(follow);
                                Ok(())
                            }
                            Err(ended) => Err(Passed::ArchiveLost(ended)),
                        }
                    }
                    // A gateway tells by which decisions its images come.
                    Some(CommandField::NEventReportRq) if archive.peer.through.is_some() => {
                        let released = follow.retrieval.progress().released();
                        hear_decisions(&gateway, archive, context_id, &command, &released)
                            .await
                            .map_err(Passed::ArchiveLost)
                    }
                    _ => Err(Passed::ArchiveLost(Ended::OutOfTurn)),
                },
                Ok(other) => Err(Passed::ArchiveLost(ended_by(&other))),
                Err(error) => Err(Passed::ArchiveLost(error.into())),
            };
            match heard {
                Ok(()) => {}
                Err(Passed::ArchiveLost(ended)) => {
                    tracing::warn!(archive = %archive.peer.name, %ended, "archive lost");
                    return Ok(ArchiveEnd::Lost);
                }
                Err(Passed::RequestorLost(ended)) => return Err(ended),
            }
        }
    }

    fn hear_requestor(
        &self,
        indication: Indication,
        archive: &mut Archive,
        follow: &mut Follow<'_>,
    ) -> Result<(), Ended> {
        match indication {
            Indication::Command { command, .. }
                if command.field() == Some(CommandField::CCancelRq) =>
            {
                follow.cancelled = true;
                archive.queue_cancel(follow.retrieval.upstream_message_id);
                Ok(())
            }
            other => Err(ended_by(&other)),
        }
    }

    /// One image of the archive, to the target; the archive is answered what the target said.
    async fn pass_on(
        &mut self,
        archive: &mut Archive,
        follow: &mut Follow<'_>,
        target: &mut Target,
        context_id: u8,
        command: &CommandSet,
    ) -> Result<(), Passed> {
        let image = self
            .take_image(archive, follow, context_id, command)
            .await?;
        let image = match image {
            Ok(image) => image,
            Err(refusal) => {
                answer(archive, context_id, command, &refusal);
                return Ok(());
            }
        };
        let (study, instance) = (image.study.clone(), image.instance.clone());
        let relayed = self
            .relay_image(archive, follow, target, command, image)
            .await;
        match relayed {
            Ok(relayed) => {
                let status = relayed.response.status();
                let status = status.unwrap_or(Status::PROCESSING_FAILURE);
                follow.answered(&study, &instance, status, &relayed);
                let (from, to) = (&archive.peer.name, follow.retrieval.destination.name());
                let bytes = relayed.data_set.bytes;
                self.gateway.meters().relayed(from, to, status, bytes);
                archive.link.queue_command(context_id, &relayed.response);
                Ok(())
            }
            Err(RelayError::NotReleased { sender_done }) => {
                follow.withheld(&study, instance);
                self.drain_archive(archive, sender_done).await?;
                let refusal = out_of_resources("the permit ended");
                answer(archive, context_id, command, &refusal);
                Ok(())
            }
            Err(RelayError::Source(ended)) => {
                follow.lost(&study, instance, Fault::Sender);
                match target {
                    // Half an object cannot be taken back: the requestor's association goes too.
                    Target::Requestor => Err(Passed::RequestorLost(ended)),
                    Target::Peer(upstream) => {
                        upstream.hang_up();
                        Err(Passed::ArchiveLost(ended))
                    }
                }
            }
            Err(RelayError::Destination { ended, sender_done }) => {
                follow.lost(&study, instance, Fault::Recipient);
                let Target::Peer(upstream) = target else {
                    return Err(Passed::RequestorLost(ended));
                };
                tracing::warn!(peer = %upstream.peer.name, %ended, "move destination lost");
                upstream.hang_up();
                self.drain_archive(archive, sender_done).await?;
                let refusal = out_of_resources("destination lost");
                answer(archive, context_id, command, &refusal);
                Ok(())
            }
        }
    }

    /// Reads the head of an image and finds the decision that permits it; else the refusal for
    /// the archive, counted, and the image read to its end.
    async fn take_image(
        &self,
        archive: &mut Archive,
        follow: &Follow<'_>,
        context_id: u8,
        command: &CommandSet,
    ) -> Result<Result<Image, Refused>, Passed> {
        let config = &self.gateway.config;
        let out_of_turn = || Passed::ArchiveLost(Ended::OutOfTurn);
        let instance = command.get_uid(element::AFFECTED_SOP_INSTANCE_UID);
        let instance = instance.ok_or_else(out_of_turn)?;
        let offered = archive.offered(context_id).cloned();
        let offered = offered.ok_or_else(out_of_turn)?;
        let encoding = encoding_of(&offered.syntax, &config.private_transfer_syntaxes);
        let encoding = encoding.ok_or_else(out_of_turn)?;
        let head_max = config.limits.head_bytes_max;
        let silence = archive.peer.timeouts.dimse_response;
        let taken = take_head(&mut archive.link, encoding, head_max, silence).await;
        let held = match taken.map_err(Passed::ArchiveLost)? {
            Taken::Held(held) => *held,
            Taken::Refused(error) => {
                follow.retrieval.progress().counts.fail(instance);
                return Ok(Err(unreadable(&error)));
            }
        };
        let study = held.head.study_instance_uid.clone();
        let permitted = match study.zip(follow.retrieval.permits(&held.head)) {
            Some((study, recorded)) => {
                let again = self.still_permitted(follow.retrieval, &study, recorded);
                again.await.ok().map(|recorded| (study, recorded))
            }
            None => None,
        };
        // A gateway says first by which decision an image comes: without, there would be no receipt.
        let permitted = permitted.filter(|(_, recorded)| {
            let ticket = recorded.ticket();
            ticket.is_none_or(|one| one.role == Role::Sender || one.has_their_word())
        });
        let Some((study, recorded)) = permitted else {
            self.drain_archive(archive, held.complete).await?;
            follow.retrieval.progress().counts.fail(instance);
            return Ok(Err(refused(Status::NOT_AUTHORISED, "not permitted")));
        };
        Ok(Ok(Image {
            instance,
            study,
            recorded,
            held,
            to_context: offered.destination_context,
        }))
    }

    async fn relay_image(
        &mut self,
        archive: &mut Archive,
        follow: &mut Follow<'_>,
        target: &mut Target,
        command: &CommandSet,
        image: Image,
    ) -> Result<Relayed, RelayError> {
        let mut outgoing = command.clone();
        let recipient = match target {
            Target::Peer(upstream) => &upstream.peer,
            Target::Requestor => &self.inbound.peer,
        };
        let limits = self.gateway.relay_limits(&archive.peer, recipient);
        let to = match target {
            Target::Requestor => &mut self.link,
            Target::Peer(upstream) => {
                let originator = &follow.retrieval.originator;
                outgoing.set_ae(element::MOVE_ORIGINATOR_AE, &originator.ae_title);
                outgoing.set_u16(element::MOVE_ORIGINATOR_MESSAGE_ID, originator.message_id);
                match upstream.ready(&self.gateway).await {
                    Ok(to) => to,
                    Err(error) => {
                        tracing::warn!(%error, "move destination cannot be reached");
                        return Err(RelayError::Destination {
                            ended: Ended::Closed,
                            sender_done: image.held.complete,
                        });
                    }
                }
            }
        };
        let mut overheard = Vec::new();
        let relay = Relay {
            from: Source::Association(&mut archive.link),
            to,
            to_context: image.to_context,
            tee: None,
            overheard: &mut overheard,
            limits,
        };
        let relayed = relay.run(&image.recorded, &outgoing, image.held).await;
        if !overheard.is_empty() && !follow.cancelled {
            follow.cancelled = true;
            archive.queue_cancel(follow.retrieval.upstream_message_id);
        }
        relayed
    }

    /// Reads what is left of the archive's image, unless it was read to its end.
    async fn drain_archive(&self, archive: &mut Archive, done: bool) -> Result<(), Passed> {
        if done {
            return Ok(());
        }
        let silence = archive.peer.timeouts.dimse_response;
        let drained = drain(&mut archive.link, silence).await;
        drained.map_err(Passed::ArchiveLost)
    }
}

/// An image of the archive that may be passed on.
struct Image {
    instance: Uid,
    study: Uid,
    recorded: Recorded,
    held: Held,
    to_context: u8,
}

/// Why an image, and all after it, could not be passed on.
enum Passed {
    ArchiveLost(Ended),
    RequestorLost(Ended),
}

/// Leaves both sides: in order after a response, at once when there was none.
fn part(archive: Archive, target: Target, answered: bool) {
    match (target, answered) {
        (Target::Peer(upstream), true) => {
            tokio::spawn(upstream.release());
        }
        (Target::Peer(mut upstream), false) => upstream.hang_up(),
        (Target::Requestor, _) => {}
    }
    if answered {
        tokio::spawn(archive.link.release());
    } else {
        tokio::spawn(archive.link.abort(Abort::BY_USER));
    }
}

fn answer(archive: &mut Archive, context_id: u8, request: &CommandSet, refused: &Refused) {
    let mut response = CommandSet::response_to(request, refused.status);
    response.set_text(element::ERROR_COMMENT, &refused.comment);
    archive.link.queue_command(context_id, &response);
}

/// One context for each class and syntax, as many as an association holds.
fn destination_contexts(classes: &BTreeSet<Uid>) -> Vec<ProposedContext> {
    let syntaxes: Vec<Uid> = retrieved_syntaxes().collect();
    let mut pairs: BTreeMap<(usize, &Uid), &Uid> = BTreeMap::new();
    for class in classes {
        for (rank, syntax) in syntaxes.iter().enumerate() {
            pairs.insert((rank, class), syntax);
        }
    }
    // Every class gets its first syntaxes before any class gets its last.
    let ids = (1..=u8::MAX).step_by(2);
    ids.zip(pairs)
        .take(STORAGE_CONTEXTS_MAX)
        .map(|(id, ((_, class), syntax))| ProposedContext {
            id,
            abstract_syntax: class.clone(),
            transfer_syntaxes: vec![syntax.clone()],
        })
        .collect()
}
