//! One association that is let through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::association::Abort;
use crate::association::AssociateAc;
use crate::association::AssociateRj;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ContextResult;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::association::negotiation;
use crate::config::Called;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::config::Operation;
use crate::config::Peer;
use crate::config::UserNeed;
use crate::dicom::AeTitle;
use crate::dicom::Model;
use crate::dicom::Service;
use crate::dicom::service_of;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::gateway::drain_begins;
use crate::gateway::inbound::identify;
use crate::gateway::session::begin;
use crate::gateway::upstream::dial;
use crate::storage::BypassLine;
use crate::transport::Indication;
use crate::transport::Link;

use super::Shared;

/// An association that is let through.
struct Through {
    shared: Arc<Shared>,
    number: u64,
    /// What is being sent is a request that was answered by us: the rest of it goes nowhere.
    dropping: bool,
    from: Link,
    to: Link,
    silence: Duration,
    buffer_bytes_max: usize,
    bytes: Bytes,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    to: u64,
    from: u64,
}

/// Serves one connection to its end.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<ClientCertificate>,
) {
    let config = &shared.config;
    let mut over = shared.over.subscribe();
    let opening = async {
        let begun = begin(config, shared.security.as_ref(), stream, from, tls).await;
        let mut link = match begun {
            Ok(link) => link?,
            Err(error) => {
                tracing::info!(%from, %error, "no TLS");
                return None;
            }
        };
        match link.next().await {
            Ok(Indication::Requested(rq)) => Some((link, rq)),
            Ok(_) | Err(_) => {
                link.linger().await;
                None
            }
        }
    };
    let opened = tokio::time::timeout(config.timeouts.artim, opening).await;
    let Ok(Some((link, rq))) = opened else {
        return;
    };
    let mut through = match open(shared, link, &rq, from).await {
        Ok(through) => through,
        Err((link, answer)) => {
            tracing::info!(called = %rq.called, calling = %rq.calling, %from, %answer, "association rejected");
            return link.reject(answer).await;
        }
    };
    let is_released = tokio::select! {
        is_released = through.forward() => is_released,
        () = drain_begins(&mut over) => false,
    };
    let closed = BypassLine::Closed {
        number: through.number,
        at: shared.clock.now(),
        bytes_to: through.bytes.to,
        bytes_from: through.bytes.from,
    };
    if let Err(error) = shared.write(closed).await {
        tracing::error!(%error, "what went by cannot be written down");
    }
    if is_released {
        through.to.release().await;
        through.from.confirm_release().await;
    } else {
        through.to.abort(Abort::BY_USER).await;
        through.from.abort(Abort::BY_PROVIDER).await;
    }
}

/// Identifies who calls, and opens the destination for them.
async fn open(
    shared: &Arc<Shared>,
    mut link: Link,
    rq: &AssociateRq,
    from: SocketAddr,
) -> Result<Through, (Link, AssociateRj)> {
    let (caller, to) = match admit(shared, &link, rq, from) {
        Ok(admitted) => admitted,
        Err(answer) => return Err((link, answer)),
    };
    let config = &shared.config;
    let most = config.limits.pdu_bytes_max;
    let leads = |context: &&ProposedContext| leads_to(config, &caller, rq, context, &to);
    let contexts: Vec<ProposedContext> = rq.contexts.iter().filter(leads).cloned().collect();
    if contexts.is_empty() {
        return Err((link, AssociateRj::CALLING_NOT_RECOGNISED));
    }
    let request = AssociateRq::new(
        to.ae_title.clone(),
        to.calling_ae(&caller.ae_title, &rq.called),
        contexts,
        UserInformation {
            roles: rq.user.roles.clone(),
            extended: rq.user.extended.clone(),
            common_extended: rq.user.common_extended.clone(),
            ..UserInformation::ours(most)
        },
    );
    let requested = match dial(config, shared.security.as_ref(), &to, &request).await {
        Ok(requested) => requested,
        Err(error) => {
            tracing::warn!(%error, "no association with the destination");
            return Err((link, AssociateRj::TRANSIENT_NO_REASON));
        }
    };
    let number = shared.opened.fetch_add(1, Ordering::Relaxed) + 1;
    let opened = BypassLine::Opened {
        number,
        at: shared.clock.now(),
        address: from,
        calling: rq.calling.clone(),
        called: rq.called.clone(),
        peer: caller.name.to_string(),
        to: to.name.to_string(),
    };
    if let Err(error) = shared.write(opened).await {
        tracing::error!(%error, "what goes by cannot be written down: it does not");
        return Err((link, AssociateRj::TRANSIENT_NO_REASON));
    }
    let answer = answer(rq, &requested.accepted, most);
    if let Err(error) = link.answer(&answer, rq.user.max_length, caller.pdu_bytes_max) {
        tracing::error!(%error, "our A-ASSOCIATE-AC cannot be written");
        return Err((link, AssociateRj::TRANSIENT_NO_REASON));
    }
    Ok(Through {
        shared: Arc::clone(shared),
        number,
        dropping: false,
        from: link,
        to: requested.link,
        silence: caller.timeouts.idle,
        buffer_bytes_max: config.limits.relay_buffer_bytes_max,
        bytes: Bytes::default(),
    })
}

/// What the destination accepted is what is accepted.
fn answer(rq: &AssociateRq, accepted: &AssociateAc, most: u32) -> AssociateAc {
    let result = |context: &ProposedContext| ContextResult {
        id: context.id,
        result: accepted
            .result(context.id)
            .cloned()
            .unwrap_or(ContextReply::UserRejection),
    };
    AssociateAc {
        called: rq.called.clone(),
        calling: rq.calling.clone(),
        contexts: rq.contexts.iter().map(result).collect(),
        user: UserInformation {
            roles: accepted.user.roles.clone(),
            extended: accepted.user.extended.clone(),
            ..UserInformation::ours(most)
        },
    }
}

/// Who calls, and where they are let through to.
fn admit(
    shared: &Shared,
    link: &Link,
    rq: &AssociateRq,
    from: SocketAddr,
) -> Result<(Arc<Peer>, Arc<Peer>), AssociateRj> {
    negotiation::check_request(rq)?;
    let config = &shared.config;
    match config.own_ae(&rq.called) {
        Some(Called::Service { .. }) => {}
        Some(Called::MoveDestination(_)) | None => return Err(AssociateRj::CALLED_NOT_RECOGNISED),
    }
    let security = shared.security.as_ref();
    let caller = identify(config, security, &rq.calling, from, link.channel());
    let caller = caller.map_err(|_| AssociateRj::CALLING_NOT_RECOGNISED)?;
    let caller = Arc::clone(caller.peer);
    // Others get nothing without a contract.
    if caller.institution != config.gateway.institution {
        return Err(AssociateRj::CALLING_NOT_RECOGNISED);
    }
    // Nobody verifies users here.
    if caller.user == UserNeed::Proven {
        return Err(AssociateRj::CALLING_NOT_RECOGNISED);
    }
    let to = rq.contexts.iter().find_map(|context| {
        let class = &context.abstract_syntax;
        let routed = config.route(&rq.called, &caller, class)?;
        Some(routed.peer)
    });
    // A C-ECHO alone: the destination of whatever else the caller is routed to.
    let any = || {
        let mut routes = config.routes.iter();
        let route = routes.find(|route| {
            let is_for = route.calling.is_empty() || route.calling.contains(&caller.name);
            is_for && route.called.contains(&rq.called)
        })?;
        config.peer(route.to.first()?.as_str()).cloned()
    };
    let to = to.or_else(any).ok_or(AssociateRj::CALLED_NOT_RECOGNISED)?;
    if to.institution == config.gateway.institution {
        Ok((caller, to))
    } else {
        Err(AssociateRj::CALLED_NOT_RECOGNISED)
    }
}

/// Whether a context is for what `caller` may ask, and leads to `to`.
fn leads_to(
    config: &Config,
    caller: &Peer,
    rq: &AssociateRq,
    context: &ProposedContext,
    to: &Peer,
) -> bool {
    let class = &context.abstract_syntax;
    let Some(service) = service_of(class, &config.private_sop_classes) else {
        return false;
    };
    let receives = rq.user.roles.get(class).is_some_and(|roles| roles.scp);
    let operation = match service {
        Service::Verification => return caller.may.contains(&Operation::Echo),
        // The requestor of a C-GET.
        Service::Storage if receives => return caller.may.contains(&Operation::Get),
        Service::Storage => Operation::Store,
        Service::Find(Model::Worklist) => Operation::Worklist,
        Service::Find(Model::PatientRoot | Model::StudyRoot) => Operation::Find,
        Service::Move(_) => Operation::Move,
        Service::Get(_) => Operation::Get,
        Service::ProcedureStep => Operation::Mpps,
        // Who would be told the outcome, if it comes by itself? An asker keeps what it is not told of.
        Service::Commitment => return false,
        // Nobody judges here, so there is nothing to state.
        Service::Link => return false,
    };
    let routed = config.route(&rq.called, caller, class);
    caller.may.contains(&operation) && routed.is_some_and(|routed| routed.peer.name == to.name)
}

impl Through {
    /// Whether images may be moved there: to peers that are known, all of the own institution.
    fn may_move(config: &Config, destination: Option<&AeTitle>) -> bool {
        let named = |peer: &&Arc<Peer>| Some(&peer.ae_title) == destination;
        let is_own = |peer: &Arc<Peer>| peer.institution == config.gateway.institution;
        let mut peers = config.peers.iter().filter(named).peekable();
        peers.peek().is_some() && peers.all(is_own)
    }

    /// What the requestor said goes on, unless it would have images moved to others.
    fn hear(&mut self, said: Indication) -> Option<u64> {
        match said {
            Indication::Command {
                context_id,
                command,
            } if command.field() == Some(CommandField::CMoveRq)
                && !Self::may_move(
                    &self.shared.config,
                    command.get_ae(element::MOVE_DESTINATION).as_ref(),
                ) =>
            {
                self.dropping = command.has_data_set();
                let status = Status::MOVE_DESTINATION_UNKNOWN;
                let response = CommandSet::response_to(&command, status);
                self.from.queue_command(context_id, &response);
                Some(0)
            }
            Indication::Data { is_last, .. } if self.dropping => {
                self.dropping = !is_last;
                Some(0)
            }
            said => pass_on(said, &mut self.to),
        }
    }

    /// Passes messages on until the requestor releases (`true`) or either side is gone.
    async fn forward(&mut self) -> bool {
        loop {
            let most = self.buffer_bytes_max;
            let (from, to) = (&mut self.from, &mut self.to);
            if to.queued_bytes() >= most || from.queued_bytes() >= most {
                let flushed = async { to.flush().await.is_ok() && from.flush().await.is_ok() };
                if tokio::time::timeout(self.silence, flushed).await != Ok(true) {
                    return false;
                }
                continue;
            }
            tokio::select! {
                said = from.next() => match said {
                    Ok(Indication::ReleaseRequested) => return true,
                    Ok(said) => {
                        let Some(passed) = self.hear(said) else { return false };
                        self.bytes.to = self.bytes.to.saturating_add(passed);
                    }
                    Err(_) => return false,
                },
                said = to.next() => match said {
                    Ok(said) => {
                        let Some(passed) = pass_on(said, from) else { return false };
                        self.bytes.from = self.bytes.from.saturating_add(passed);
                    }
                    Err(_) => return false,
                },
                () = tokio::time::sleep(self.silence) => return false,
            }
        }
    }
}

/// Queues a part of a message; its length, or `None` when it is none.
fn pass_on(said: Indication, to: &mut Link) -> Option<u64> {
    match said {
        Indication::Command {
            context_id,
            command,
        } => {
            to.queue_command(context_id, &command);
            Some(command.encode().len() as u64)
        }
        Indication::Data {
            context_id,
            data,
            is_last,
        } => {
            let length = data.len() as u64;
            to.queue_data(context_id, data, is_last);
            Some(length)
        }
        Indication::Requested(_)
        | Indication::Accepted(_)
        | Indication::Rejected(_)
        | Indication::ReleaseRequested
        | Indication::Released
        | Indication::Aborted(_)
        | Indication::Closed => None,
    }
}
