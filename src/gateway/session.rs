//! One inbound association, from its request to its end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::sync::watch;

use super::Gateway;
use super::admission::Admission;
use super::admission::Rejection;
use super::commitment;
use super::commitment::Telling;
use super::drain_begins;
use super::echo::echo_by;
use super::inbound::Inbound;
use super::inbound::Use;
use super::instance::Ended;
use super::instance::ended_by;
use super::link_limits;
use super::meters::Caller;
use super::meters::Operation;
use super::meters::Visit;
use super::seats::Seat;
use super::transfer::FLUSH_AFTER_US;
use super::transfer::Transfers;
use super::upstream::Upstream;
use crate::association::Abort;
use crate::association::AssociateRj;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::contract::Outcome;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::encoding_of;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::transport::HandshakeError;
use crate::transport::Indication;
use crate::transport::Link;
use crate::transport::Security;

/// While the gateway drains, an association that is silent for so long is ended.
const DRAIN_SILENCE: Duration = Duration::from_secs(1);

/// An accepted presentation context.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) abstract_syntax: Uid,
    pub(super) transfer_syntax: Uid,
    pub(super) used: Use,
}

/// One inbound association that stands.
pub(super) struct Session {
    pub(super) gateway: Arc<Gateway>,
    pub(super) inbound: Inbound,
    pub(super) link: Link,
    pub(super) accepted: BTreeMap<u8, Accepted>,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) transfers: Transfers,
    /// Outcomes of storage commitments that were asked for.
    tellings: Option<mpsc::Receiver<Telling>>,
    /// How it is counted.
    visit: Visit,
    _seat: Seat,
}

/// Serves one connection to its end. `tls`: it begins with a handshake, in which the requestor must
/// show a certificate, or may. `open` counts the associations of its listener; `None`: that is full, so the
/// answer is a rejection.
pub(super) async fn serve(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<ClientCertificate>,
    open: Option<Gauge>,
) {
    // From connection to request, the handshake included.
    let artim = tokio::time::Instant::now() + gateway.config.timeouts.artim;
    let begun = begin(
        &gateway.config,
        gateway.security.as_deref(),
        stream,
        from,
        tls,
    );
    let begun = tokio::time::timeout_at(artim, begun).await;
    let mut link = match begun.unwrap_or(Err(HandshakeError::TimedOut)) {
        Ok(Some(link)) => link,
        Ok(None) => return,
        Err(error) => return gateway.refuse_handshake(from, &error).await,
    };
    let mut rq = match tokio::time::timeout_at(artim, link.next()).await {
        Ok(Ok(Indication::Requested(rq))) => rq,
        Ok(Ok(_)) | Err(_) => return link.linger().await,
        Ok(Err(error)) => {
            tracing::info!(%error, "no association");
            return link.linger().await;
        }
    };
    let Some(open) = open else {
        gateway.meters().turned_away();
        return link.reject(AssociateRj::LOCAL_LIMIT).await;
    };
    let caller = Caller::of(&rq, from, gateway.clock.now(), link.channel());
    let visit = gateway.meters().visit(caller, open);
    // Passcode or token go to the verifier and nowhere else.
    let identity = rq.user.user_identity.take();
    let admission = Admission::negotiate(&gateway, &rq, identity, from, link.channel()).await;
    let admission = match admission {
        Ok(admission) => admission,
        Err(Rejection { answer, peer }) => {
            tracing::info!(called = %rq.called, calling = %rq.calling, %from, %answer, "association rejected");
            visit.refused(peer.as_ref());
            return link.reject(answer).await;
        }
    };
    if let Err(error) = link.answer(
        &admission.answer,
        rq.user.max_length,
        admission.inbound.peer.pdu_bytes_max,
    ) {
        tracing::error!(%error, "our A-ASSOCIATE-AC cannot be written");
        return link.abort(Abort::BY_USER).await;
    }
    visit.accepted(&admission.inbound.peer.name);
    if let Some(other) = gateway.config.gateway_peer_of(&admission.inbound.peer) {
        link.give_up_after(other.link_silence);
    }
    let mut contexts = admission.accepted.values();
    let commits = contexts.any(|context| matches!(context.used, Use::Commit(_)));
    let (asker, called) = (&admission.inbound.peer.name, &admission.inbound.called);
    let tellings = commits.then(|| gateway.commitments.listen(asker, called));
    let session = Session {
        gateway,
        inbound: admission.inbound,
        link,
        accepted: admission.accepted,
        upstreams: admission.upstreams,
        transfers: Transfers::default(),
        tellings,
        visit,
        _seat: admission.seat,
    };
    session.run().await;
}

/// The link of a connection, by TLS or not; `None` when the connection is already gone.
pub(super) async fn begin(
    config: &Config,
    security: Option<&Security>,
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<ClientCertificate>,
) -> Result<Option<Link>, HandshakeError> {
    let limits = link_limits(config);
    let Some(wanted) = tls else {
        return Ok(Link::accept(stream, from, limits).ok());
    };
    let acceptor = security.and_then(|security| security.acceptor(wanted));
    let acceptor = acceptor.ok_or(HandshakeError::NoTrust)?;
    let link = Link::accept_tls(stream, from, limits, acceptor).await?;
    Ok(Some(link))
}

/// Contexts on which a C-GET requestor receives: class and syntax to its context id.
pub(super) fn contexts_received(accepted: &BTreeMap<u8, Accepted>) -> BTreeMap<(Uid, Uid), u8> {
    let receives = |context: &&Accepted| matches!(context.used, Use::Receive);
    accepted
        .iter()
        .filter(|(_, context)| receives(context))
        .map(|(id, context)| {
            let key = (
                context.abstract_syntax.clone(),
                context.transfer_syntax.clone(),
            );
            (key, *id)
        })
        .collect()
}

/// Resolves when the gateway drains and the association has been silent since then: a sender in
/// the middle of its batch is not cut off, one that merely keeps its association is.
async fn drained(draining: &mut watch::Receiver<bool>) {
    drain_begins(draining).await;
    tokio::time::sleep(DRAIN_SILENCE).await;
}

/// How the conversation came to its end.
enum End {
    /// The peer releases.
    Release,
    /// We are shutting down and the association is idle.
    Drained,
}

impl Session {
    async fn run(mut self) {
        let ended = self.converse().await;
        let outcome = match &ended {
            Ok(_) => Outcome::Completed,
            Err(_) => Outcome::Interrupted,
        };
        let gateway = Arc::clone(&self.gateway);
        self.transfers.close_all(&gateway, outcome).await;
        self.finish_transfers(true).await;
        match ended {
            Ok(End::Release) => {
                // The destination reads its release as "study complete": not before the sender's.
                let upstreams = std::mem::take(&mut self.upstreams);
                for upstream in upstreams {
                    tokio::spawn(upstream.release());
                }
                self.link.confirm_release().await;
            }
            Ok(End::Drained) => {
                for upstream in std::mem::take(&mut self.upstreams) {
                    tokio::spawn(upstream.release());
                }
                self.link.abort(Abort::BY_PROVIDER).await;
            }
            Err(ended) => {
                tracing::info!(calling = %self.inbound.peer.ae_title, %ended, "association ended");
                for mut upstream in std::mem::take(&mut self.upstreams) {
                    upstream.hang_up();
                }
                match ended {
                    Ended::Aborted(_) | Ended::Closed => {}
                    // Another association broke under this one: its peer is told at once.
                    Ended::Link(_) if self.link.is_established() => {
                        self.link.abort(Abort::BY_PROVIDER).await
                    }
                    Ended::Link(_) => self.link.linger().await,
                    Ended::OutOfTurn => self.link.abort(Abort::UNEXPECTED_PDU).await,
                    Ended::NotAccepted(_) => self.link.abort(Abort::UNEXPECTED_PARAMETER).await,
                    // Not the protocol's fault but the contract's word: source 0, no reason (PS3.8
                    // §9.3.8).
                    Ended::Silent(_) | Ended::Denied(_) | Ended::Spool(_) | Ended::Unbelieved => {
                        self.link.abort(Abort::BY_USER).await
                    }
                }
            }
        }
    }

    async fn converse(&mut self) -> Result<End, Ended> {
        loop {
            match self.wait().await? {
                None => return Ok(End::Drained),
                Some(Indication::Command {
                    context_id,
                    command,
                }) => self.perform(context_id, command).await?,
                Some(Indication::ReleaseRequested) => return Ok(End::Release),
                Some(other) => return Err(ended_by(&other)),
            }
        }
    }

    /// The next indication, up to the idle timer (not ARTIM: modalities keep associations for
    /// hours). What waits to be recorded is recorded meanwhile; `None` when we are to drain.
    async fn wait(&mut self) -> Result<Option<Indication>, Ended> {
        let gateway = Arc::clone(&self.gateway);
        let idle = self.inbound.peer.timeouts.idle;
        let idle_ends = tokio::time::sleep(idle);
        tokio::pin!(idle_ends);
        let mut draining = gateway.draining.subscribe();
        let began = tokio::time::Instant::now();
        loop {
            let flush = self.transfers.has_unrecorded();
            let rest = self.upstreams.iter().filter_map(Upstream::idle_close).min();
            tokio::select! {
                biased;
                next = self.link.next() => return Ok(Some(next?)),
                () = tokio::time::sleep(Duration::from_micros(FLUSH_AFTER_US)), if flush => {
                    self.transfers.flush_due(&gateway).await;
                }
                telling = commitment::next(&mut self.tellings) => {
                    if let Some(heard) = Box::pin(self.tell(telling)).await? {
                        return Ok(Some(heard));
                    }
                }
                () = drained(&mut draining) => return Ok(None),
                () = &mut idle_ends => return Err(Ended::Silent(idle)),
                () = tokio::time::sleep_until(began + rest.unwrap_or(idle)), if rest.is_some() => {
                    let due = |upstream: &&mut Upstream| upstream.idle_close() == rest;
                    self.upstreams.iter_mut().filter(due).for_each(Upstream::rest);
                }
            }
        }
    }

    /// Performs what a command asks for, and counts it.
    pub(super) async fn perform(
        &mut self,
        context_id: u8,
        command: CommandSet,
    ) -> Result<(), Ended> {
        let context = self.accepted.get(&context_id);
        let operation = context.and_then(|context| Operation::of(&command, &context.used));
        let Some(operation) = operation else {
            return self.act(context_id, command).await;
        };
        self.visit.begins(operation);
        let done = self.act(context_id, command).await;
        self.visit.ends(operation, self.link.take_answered());
        done
    }

    async fn act(&mut self, context_id: u8, command: CommandSet) -> Result<(), Ended> {
        let Some(context) = self.accepted.get(&context_id) else {
            return Err(Ended::NotAccepted(context_id));
        };
        let used = context.used.clone();
        if self.refuse_unstated(context_id, &command).await? {
            return Ok(());
        }
        match (command.field(), used) {
            (Some(CommandField::CEchoRq), Use::Echo) => {
                let status = Box::pin(self.echoed()).await;
                let response = CommandSet::response_to(&command, status);
                self.link.queue_command(context_id, &response);
                Ok(())
            }
            (Some(CommandField::CStoreRq), Use::Store(_) | Use::PassOn(_) | Use::HandOver) => {
                let result = self.store(context_id, command).await;
                let gateway = Arc::clone(&self.gateway);
                self.transfers.flush_due(&gateway).await;
                result
            }
            (Some(CommandField::CFindRq), Use::Find(model, routed)) => {
                self.find(context_id, command, model, &routed).await
            }
            // On the heap: every association would carry them otherwise.
            (Some(CommandField::CMoveRq), Use::Move(model, routed)) => {
                Box::pin(self.c_move(context_id, command, model, &routed)).await
            }
            (Some(CommandField::CGetRq), Use::Get(model, routed)) => {
                Box::pin(self.c_get(context_id, command, model, &routed)).await
            }
            (Some(CommandField::NCreateRq | CommandField::NSetRq), Use::Step(routed)) => {
                Box::pin(self.procedure_step(context_id, command, &routed)).await
            }
            (Some(CommandField::NActionRq), Use::Commit(routed)) => {
                Box::pin(self.commit(context_id, command, &routed)).await
            }
            (Some(CommandField::NActionRq), Use::Link) => {
                Box::pin(self.hear_statement(context_id, command)).await
            }
            (Some(CommandField::NEventReportRq), Use::Report) => {
                Box::pin(self.report(context_id, command)).await
            }
            // A cancel that comes after the final response: PS3.7 §9.3.2.3, ignored.
            (Some(CommandField::CCancelRq), _) => Ok(()),
            (_, _) => self.unrecognised(context_id, &command).await,
        }
    }

    /// What a C-ECHO is answered: under an AE title that stands for another hospital, that hospital's gateway
    /// has echoed, too.
    async fn echoed(&self) -> Status {
        let config = &self.gateway.config;
        let called = &self.inbound.called;
        let mut others = config.gateway_peers.iter();
        let Some(other) = others.find(|other| other.is_meant_by(called)) else {
            return Status::SUCCESS;
        };
        match echo_by(config, self.gateway.security.as_deref(), &other.peer).await {
            Ok(()) => Status::SUCCESS,
            Err(error) => {
                tracing::warn!(peer = %other.peer.name, %error, "no echo of another gateway");
                Status::PROCESSING_FAILURE
            }
        }
    }

    /// PS3.7 §C.5.21: 0211H for an operation that this context does not have.
    async fn unrecognised(&mut self, context_id: u8, command: &CommandSet) -> Result<(), Ended> {
        if command.is_response() {
            return Err(Ended::OutOfTurn);
        }
        if command.has_data_set() {
            super::instance::drain(&mut self.link, self.inbound.peer.timeouts.dimse_response)
                .await?;
        }
        let response = CommandSet::response_to(command, Status::UNRECOGNISED_OPERATION);
        self.link.queue_command(context_id, &response);
        Ok(())
    }

    /// How data sets on `context_id` are encoded.
    pub(super) fn encoding(&self, context_id: u8) -> Option<Encoding> {
        let syntax = &self.accepted.get(&context_id)?.transfer_syntax;
        encoding_of(syntax, &self.gateway.config.private_transfer_syntaxes)
    }
}
