//! What destinations take: learnt from their answers, asked for where instances are spooled, and
//! remembered while they are down.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Deserialize;
use serde::Serialize;
use tokio::task::JoinSet;

use super::Gateway;
use super::upstream::connect;
use crate::association::AssociateAc;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::config::Config;
use crate::config::Peer;
use crate::config::PeerName;
use crate::config::StoreRoute;
use crate::config::StoreRoutes;
use crate::dicom::AeTitle;
use crate::dicom::Uid;

/// The spool's file for it.
pub(super) const FILE: &str = "takes";
/// How long an answer counts without being asked for again.
const FRESH_US: u64 = 600_000_000;
/// Associations that ask one destination at a time; each asks for 128 pairs (PS3.8 §7.1.1.13).
const ASKING_MAX: usize = 4;

/// A SOP class in a transfer syntax.
pub(super) type Pair = (Uid, Uid);

/// What is to be known of a destination.
pub(super) struct Wanted {
    pub(super) peer: Arc<Peer>,
    /// The AE title that we call it by.
    pub(super) calling: AeTitle,
    pub(super) pairs: BTreeSet<Pair>,
}

/// What destinations said.
#[derive(Debug, Default)]
pub(super) struct Takes {
    known: Mutex<BTreeMap<PeerName, BTreeMap<Pair, Answer>>>,
    /// Who gets sealed parcels: files, of any kind, of which nobody need be asked.
    all: BTreeSet<PeerName>,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    takes: bool,
    /// Monotonic; `None`: from an earlier run.
    at_us: Option<u64>,
}

/// What is kept over a restart: by peer, by SOP class, the syntaxes that it takes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Takes {
    /// What an earlier run remembered of the peers of `config`. Bytes that cannot be read are as good as none:
    /// destinations will say it again.
    pub(super) fn restore(bytes: &[u8], config: &Config) -> Self {
        let kept: Kept = serde_json::from_slice(bytes).unwrap_or_default();
        let mut known: BTreeMap<PeerName, BTreeMap<Pair, Answer>> = BTreeMap::new();
        for peer in &config.peers {
            for (class, syntaxes) in kept.0.get(peer.name.as_str()).into_iter().flatten() {
                for syntax in syntaxes {
                    let (Ok(class), Ok(syntax)) = (class.parse(), syntax.parse()) else {
                        continue;
                    };
                    let answer = Answer {
                        takes: true,
                        at_us: None,
                    };
                    known
                        .entry(peer.name.clone())
                        .or_default()
                        .insert((class, syntax), answer);
                }
            }
        }
        let sealed = config.gateway_peers.iter();
        let sealed = sealed.filter(|gateway| gateway.parcels.is_some());
        Self {
            known: Mutex::new(known),
            all: sealed.map(|gateway| gateway.peer.name.clone()).collect(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut kept = Kept::default();
        for (peer, pairs) in &*self.known.lock().unwrap_or_else(PoisonError::into_inner) {
            for ((class, syntax), _) in pairs.iter().filter(|(_, answer)| answer.takes) {
                kept.0
                    .entry(peer.to_string())
                    .or_default()
                    .entry(class.to_string())
                    .or_default()
                    .insert(syntax.to_string());
            }
        }
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// Whether `peer` takes the pair, as far as is known.
    pub(super) fn takes(&self, peer: &PeerName, pair: &Pair) -> Option<bool> {
        if self.all.contains(peer) {
            return Some(true);
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(peer)?.get(pair).map(|answer| answer.takes)
    }

    /// Pairs of which `peer` has said nothing lately.
    fn stale(&self, peer: &PeerName, pairs: &BTreeSet<Pair>, now_us: u64) -> Vec<Pair> {
        if self.all.contains(peer) {
            return Vec::new();
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = known.get(peer);
        let is_fresh = |pair: &&Pair| {
            let answer = of_peer.and_then(|answers| answers.get(pair));
            let at_us = answer.and_then(|answer| answer.at_us);
            at_us.is_some_and(|at_us| now_us.saturating_sub(at_us) < FRESH_US)
        };
        pairs
            .iter()
            .filter(|pair| !is_fresh(pair))
            .cloned()
            .collect()
    }

    /// Notes what `peer` answered to `proposed`. Tells whether it is known now to take more.
    pub(super) fn learn(
        &self,
        peer: &PeerName,
        proposed: &[ProposedContext],
        ac: &AssociateAc,
        now_us: u64,
    ) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = known.entry(peer.clone()).or_default();
        let mut is_more = false;
        let mut note = |class: &Uid, syntax: &Uid, takes: bool| {
            let answer = Answer {
                takes,
                at_us: Some(now_us),
            };
            let before = of_peer.insert((class.clone(), syntax.clone()), answer);
            is_more |= takes && !before.is_some_and(|before| before.takes);
        };
        for context in proposed {
            let class = &context.abstract_syntax;
            match ac.result(context.id) {
                // Of several it chose one: that says nothing of the others.
                Some(ContextReply::Accepted(syntax)) => note(class, syntax, true),
                Some(
                    ContextReply::AbstractSyntaxNotSupported
                    | ContextReply::TransferSyntaxesNotSupported
                    | ContextReply::UserRejection,
                ) => {
                    for syntax in &context.transfer_syntaxes {
                        note(class, syntax, false);
                    }
                }
                Some(ContextReply::NoReason) | None => {}
            }
        }
        is_more
    }

    /// The syntax for a context on which instances are spooled: the first that every destination of
    /// every route takes, else of some route. Of what a destination has not said, the route's list
    /// speaks.
    pub(super) fn choose<'a>(
        &self,
        routes: &StoreRoutes,
        context: &'a ProposedContext,
    ) -> Option<&'a Uid> {
        let takes = |route: &StoreRoute, syntax: &Uid| {
            let pair = (context.abstract_syntax.clone(), syntax.clone());
            self.takes_all(route, &pair)
        };
        let syntaxes = &context.transfer_syntaxes;
        let by_all = |syntax: &&Uid| routes.all().iter().all(|route| takes(route, syntax));
        let by_some = |syntax: &&Uid| routes.all().iter().any(|route| takes(route, syntax));
        let first = syntaxes.iter().find(by_all);
        first.or_else(|| syntaxes.iter().find(by_some))
    }

    /// Whether all who must have an instance take it.
    pub(super) fn takes_all(&self, route: &StoreRoute, pair: &Pair) -> bool {
        let is_listed = route.route.transfer_syntaxes.contains(&pair.1);
        route
            .to
            .iter()
            .all(|peer| self.takes(&peer.name, pair).unwrap_or(is_listed))
    }
}

/// Asks destinations for pairs of which they have said nothing lately. Who is down says nothing.
pub(super) async fn ask(gateway: &Arc<Gateway>, wanted: BTreeMap<PeerName, Wanted>) {
    let now_us = gateway.clock.read().monotonic_us;
    let mut asking = JoinSet::new();
    for Wanted {
        peer,
        calling,
        pairs,
    } in wanted.into_values()
    {
        if gateway.delivery.is_down(&peer.name) {
            continue;
        }
        let stale = gateway.takes.stale(&peer.name, &pairs, now_us);
        for pairs in stale.chunks(128).take(ASKING_MAX) {
            let contexts = (1..=u8::MAX).step_by(2).zip(pairs);
            let contexts = contexts.map(|(id, (class, syntax))| ProposedContext {
                id,
                abstract_syntax: class.clone(),
                transfer_syntaxes: vec![syntax.clone()],
            });
            let request = AssociateRq::new(
                peer.ae_title.clone(),
                calling.clone(),
                contexts.collect(),
                UserInformation::ours(gateway.config.limits.pdu_bytes_max),
            );
            let (gateway, peer) = (Arc::clone(gateway), Arc::clone(&peer));
            asking.spawn(async move {
                match connect(&gateway, &peer, &request).await {
                    Ok(requested) => {
                        learn(&gateway, &peer.name, &request.contexts, &requested.accepted);
                        tokio::spawn(requested.link.release());
                    }
                    Err(error) => {
                        tracing::info!(%error, "a destination cannot be asked what it takes");
                    }
                }
            });
        }
    }
    while asking.join_next().await.is_some() {}
}

/// Notes an answer, and keeps it where a restart finds it.
pub(super) fn learn(
    gateway: &Arc<Gateway>,
    peer: &PeerName,
    proposed: &[ProposedContext],
    accepted: &AssociateAc,
) {
    let now_us = gateway.clock.read().monotonic_us;
    if !gateway.takes.learn(peer, proposed, accepted, now_us) {
        return;
    }
    let gateway = Arc::clone(gateway);
    tokio::task::spawn_blocking(move || {
        // Two at once may be written in the other order: what is lost will be learnt again.
        if let Err(error) = gateway.spool.remember(FILE, &gateway.takes.to_bytes()) {
            tracing::warn!(%error, "what a destination takes cannot be kept");
        }
    });
}
