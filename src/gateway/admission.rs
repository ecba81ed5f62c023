//! Negotiation of an inbound association: destinations are asked first, and what they accept is
//! what we accept, so that nothing needs transcoding.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Gateway;
use super::inbound::Inbound;
use super::inbound::Use;
use super::inbound::uses;
use super::retrieve::Destination;
use super::seats::Seat;
use super::session::Accepted;
use super::takes;
use super::takes::Wanted;
use super::upstream::Upstream;
use super::upstream::UpstreamError;
use crate::association::AssociateAc;
use crate::association::AssociateRj;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ContextResult;
use crate::association::ProposedContext;
use crate::association::Roles;
use crate::association::UserIdentity;
use crate::association::UserInformation;
use crate::association::negotiation;
use crate::config::Peer;
use crate::config::PeerName;
use crate::dicom::Uid;
use crate::dicom::encoding_of;
use crate::dicom::uids;
use crate::transport::Channel;

/// An association that we are about to accept.
pub(super) struct Admission {
    pub(super) inbound: Inbound,
    pub(super) answer: AssociateAc,
    pub(super) accepted: BTreeMap<u8, Accepted>,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) seat: Seat,
}

/// A rejection, and whose request it answers, where that is known.
pub(super) struct Rejection {
    pub(super) answer: AssociateRj,
    pub(super) peer: Option<PeerName>,
}

impl Rejection {
    const fn of_unknown(answer: AssociateRj) -> Self {
        Self { answer, peer: None }
    }
}

impl Admission {
    /// Decides what to answer to `rq`.
    ///
    /// # Errors
    /// The rejection to answer.
    pub(super) async fn negotiate(
        gateway: &Arc<Gateway>,
        rq: &AssociateRq,
        identity: Option<UserIdentity>,
        from: SocketAddr,
        channel: &Channel,
    ) -> Result<Self, Rejection> {
        negotiation::check_request(rq).map_err(Rejection::of_unknown)?;
        let inbound = Inbound::admit(gateway, rq, from, channel).await;
        let inbound = inbound.map_err(Rejection::of_unknown)?;
        let peer = Arc::clone(&inbound.peer);
        let admitted = Self::admit(gateway, rq, identity, from, inbound).await;
        admitted.map_err(|answer| Rejection {
            answer,
            peer: Some(peer.name.clone()),
        })
    }

    /// The same, of somebody whom we know.
    async fn admit(
        gateway: &Arc<Gateway>,
        rq: &AssociateRq,
        identity: Option<UserIdentity>,
        from: SocketAddr,
        mut inbound: Inbound,
    ) -> Result<Self, AssociateRj> {
        let seats_max = gateway.config.limits.associations_per_peer_max;
        let seat = gateway
            .seats
            .take(&inbound.peer.name, seats_max)
            .ok_or(AssociateRj::LOCAL_LIMIT)?;
        let identity_response = inbound.identify(gateway, identity, from).await?;
        let rq = &legible(gateway, rq);
        let uses = uses(gateway, &inbound, rq);
        let wanted = destinations(rq, &uses);
        let ((upstreams, lost), ()) = tokio::join!(
            open_all(gateway, &inbound, rq, wanted),
            takes::ask(gateway, spooled_pairs(&inbound, rq, &uses)),
        );
        let mut user = UserInformation::ours(gateway.config.limits.pdu_bytes_max);
        user.user_identity_response = identity_response;
        let mut results: BTreeMap<u8, ContextResult> = BTreeMap::new();
        for (upstream, contexts) in &upstreams {
            let (answers, theirs) = upstream.answers(&proposed(rq, contexts));
            results.extend(answers.into_iter().map(|result| (result.id, result)));
            user.roles.extend(theirs.roles);
            user.extended.extend(theirs.extended);
        }
        for context in &rq.contexts {
            let used = uses.get(&context.id);
            results
                .entry(context.id)
                .or_insert_with(|| own_answer(gateway, &inbound, context, used));
        }
        for context in &rq.contexts {
            if matches!(uses.get(&context.id), Some(Use::Receive | Use::Report)) {
                let roles = Roles {
                    scu: false,
                    scp: true,
                };
                user.roles.insert(context.abstract_syntax.clone(), roles);
            }
        }
        let accepted = accepted(rq, &uses, &results);
        if lost && !accepted.values().any(|a| !matches!(a.used, Use::Echo)) {
            return Err(AssociateRj::TRANSIENT_NO_REASON);
        }
        Ok(Self {
            answer: AssociateAc {
                called: rq.called.clone(),
                calling: rq.calling.clone(),
                contexts: results.into_values().collect(),
                user,
            },
            inbound,
            accepted,
            seat,
            upstreams: upstreams
                .into_iter()
                .map(|(upstream, _)| upstream)
                .collect(),
        })
    }
}

/// The request without transfer syntaxes whose encoding we do not know: what cannot be read
/// cannot be judged, so a destination is not even asked for them.
fn legible(gateway: &Gateway, rq: &AssociateRq) -> AssociateRq {
    let private = &gateway.config.private_transfer_syntaxes;
    let mut rq = rq.clone();
    for context in &mut rq.contexts {
        let known = |syntax: &Uid| encoding_of(syntax, private).is_some();
        context.transfer_syntaxes.retain(known);
    }
    rq
}

/// Which contexts go to which destination.
fn destinations(
    rq: &AssociateRq,
    uses: &BTreeMap<u8, Use>,
) -> BTreeMap<String, (Arc<Peer>, Vec<u8>)> {
    let mut wanted: BTreeMap<String, (Arc<Peer>, Vec<u8>)> = BTreeMap::new();
    let legible = rq
        .contexts
        .iter()
        .filter(|c| !c.transfer_syntaxes.is_empty());
    for (id, used) in legible.filter_map(|c| Some((c.id, uses.get(&c.id)?))) {
        let peer = match used {
            Use::Store(routes) => match routes.direct() {
                Some(peer) => peer,
                None => continue,
            },
            Use::Find(_, routed) | Use::Step(routed) => &routed.peer,
            Use::PassOn(peer) => peer,
            Use::Echo
            | Use::Move(..)
            | Use::Get(..)
            | Use::HandOver
            | Use::Receive
            | Use::Commit(_)
            | Use::Report
            | Use::Link
            | Use::NotSupported
            | Use::NotAllowed => continue,
        };
        wanted
            .entry(peer.name.to_string())
            .or_insert_with(|| (Arc::clone(peer), Vec::new()))
            .1
            .push(id);
    }
    wanted
}

/// What is to be known of the destinations of contexts that are always spooled.
fn spooled_pairs(
    inbound: &Inbound,
    rq: &AssociateRq,
    uses: &BTreeMap<u8, Use>,
) -> BTreeMap<PeerName, Wanted> {
    let mut wanted: BTreeMap<PeerName, Wanted> = BTreeMap::new();
    for context in &rq.contexts {
        let Some(Use::Store(routes)) = uses.get(&context.id) else {
            continue;
        };
        if routes.direct().is_some() {
            continue;
        }
        for peer in routes.all().iter().flat_map(|route| &route.to) {
            let of_peer = wanted.entry(peer.name.clone()).or_insert_with(|| Wanted {
                peer: Arc::clone(peer),
                calling: inbound.calling_towards(peer),
                pairs: BTreeSet::new(),
            });
            let class = &context.abstract_syntax;
            let syntaxes = context.transfer_syntaxes.iter();
            of_peer
                .pairs
                .extend(syntaxes.map(|syntax| (class.clone(), syntax.clone())));
        }
    }
    wanted
}

fn proposed<'a>(rq: &'a AssociateRq, ids: &[u8]) -> Vec<&'a ProposedContext> {
    rq.contexts.iter().filter(|c| ids.contains(&c.id)).collect()
}

/// Opens all destinations at once; tells whether any was lost.
async fn open_all(
    gateway: &Arc<Gateway>,
    inbound: &Inbound,
    rq: &AssociateRq,
    wanted: BTreeMap<String, (Arc<Peer>, Vec<u8>)>,
) -> (Vec<(Upstream, Vec<u8>)>, bool) {
    let mut opening: JoinSet<Result<(Upstream, Vec<u8>), UpstreamError>> = JoinSet::new();
    for (peer, ids) in wanted.into_values() {
        let gateway = Arc::clone(gateway);
        let calling = inbound.calling_towards(&peer);
        let contexts: Vec<ProposedContext> = proposed(rq, &ids).into_iter().cloned().collect();
        let user = rq.user.clone();
        opening.spawn(async move {
            let contexts: Vec<&ProposedContext> = contexts.iter().collect();
            let upstream = Upstream::open(&gateway, &peer, calling, &contexts, &user).await?;
            takes::learn(
                &gateway,
                &peer.name,
                upstream.proposed(),
                upstream.accepted(),
            );
            Ok((upstream, ids))
        });
    }
    let mut upstreams = Vec::new();
    let mut lost = false;
    while let Some(opened) = opening.join_next().await {
        match opened {
            Ok(Ok(upstream)) => upstreams.push(upstream),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no association with the destination");
                lost = true;
            }
            Err(_) => lost = true,
        }
    }
    (upstreams, lost)
}

/// The answer to a context that no destination answers for.
fn own_answer(
    gateway: &Gateway,
    inbound: &Inbound,
    context: &ProposedContext,
    used: Option<&Use>,
) -> ContextResult {
    let result = match used {
        // A destination of commitments is asked when there is something to ask, also later.
        Some(
            Use::Echo | Use::Move(..) | Use::Get(..) | Use::Commit(_) | Use::Report | Use::Link,
        ) => context
            .transfer_syntaxes
            .iter()
            .find(|syntax| is_plain(syntax))
            .map_or(ContextReply::TransferSyntaxesNotSupported, |syntax| {
                ContextReply::Accepted(syntax.clone())
            }),
        Some(Use::Receive) => context
            .transfer_syntaxes
            .first()
            .map_or(ContextReply::TransferSyntaxesNotSupported, |syntax| {
                ContextReply::Accepted(syntax.clone())
            }),
        Some(Use::HandOver) => context
            .transfer_syntaxes
            .iter()
            .find(|syntax| takes(inbound, &context.abstract_syntax, syntax))
            .map_or(ContextReply::TransferSyntaxesNotSupported, |syntax| {
                ContextReply::Accepted(syntax.clone())
            }),
        Some(Use::NotAllowed) => ContextReply::UserRejection,
        // Its destination is served by way of the spool, now or always.
        Some(Use::Store(routes)) if routes.may_spool() => {
            let chosen = gateway.takes.choose(routes, context);
            chosen.map_or(ContextReply::TransferSyntaxesNotSupported, |syntax| {
                ContextReply::Accepted(syntax.clone())
            })
        }
        Some(Use::Store(_) | Use::Find(..) | Use::Step(_) | Use::PassOn(_))
            if context.transfer_syntaxes.is_empty() =>
        {
            ContextReply::TransferSyntaxesNotSupported
        }
        // Its destination is down.
        Some(Use::Store(_) | Use::Find(..) | Use::Step(_) | Use::PassOn(_)) => {
            ContextReply::NoReason
        }
        Some(Use::NotSupported) | None => ContextReply::AbstractSyntaxNotSupported,
    };
    ContextResult {
        id: context.id,
        result,
    }
}

/// The requestor of the C-GET that these images are for takes this class in this syntax.
fn takes(inbound: &Inbound, class: &Uid, syntax: &Uid) -> bool {
    match &inbound.arrival {
        Some(Destination::Requestor { contexts, .. }) => {
            contexts.contains_key(&(class.clone(), syntax.clone()))
        }
        Some(Destination::Peer { .. }) | None => false,
    }
}

/// Syntaxes of the identifiers that we read and write ourselves.
fn is_plain(syntax: &Uid) -> bool {
    [uids::IMPLICIT_LITTLE, uids::EXPLICIT_LITTLE].contains(&syntax.as_str())
}

fn accepted(
    rq: &AssociateRq,
    uses: &BTreeMap<u8, Use>,
    results: &BTreeMap<u8, ContextResult>,
) -> BTreeMap<u8, Accepted> {
    let mut accepted = BTreeMap::new();
    for context in &rq.contexts {
        let (Some(used), Some(result)) = (uses.get(&context.id), results.get(&context.id)) else {
            continue;
        };
        if let ContextReply::Accepted(syntax) = &result.result {
            accepted.insert(
                context.id,
                Accepted {
                    abstract_syntax: context.abstract_syntax.clone(),
                    transfer_syntax: syntax.clone(),
                    used: used.clone(),
                },
            );
        }
    }
    accepted
}
