//! Admission of an inbound association: who asks, under which of our names, and what each
//! presentation context is for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use super::Gateway;
use super::link::Heard;
use super::link::Ticket;
use super::retrieve::Destination;
use crate::association::AssociateRj;
use crate::association::AssociateRq;
use crate::association::ProposedContext;
use crate::config;
use crate::config::Called;
use crate::config::Caller;
use crate::config::Config;
use crate::config::Evidence;
use crate::config::Operation;
use crate::config::Peer;
use crate::config::Routed;
use crate::config::StoreRoutes;
use crate::config::Stranger;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::TransportFacts;
use crate::contract::User;
use crate::dicom::AeTitle;
use crate::dicom::Model;
use crate::dicom::Service;
use crate::dicom::service_of;
use crate::ledger::TransferId;
use crate::transport::Channel;
use crate::transport::Security;

/// Who is at the other end of an inbound association, as the contract sees it.
#[derive(Clone, Debug)]
pub(super) struct Inbound {
    /// The AE title of ours that was called.
    pub(super) called: AeTitle,
    /// Purpose of use that the called AE title, else the user, else the peer's default, stands for.
    pub(super) purpose: Purpose,
    /// The person that the peer names, and what proves it.
    pub(super) user: Option<User>,
    /// The peer, known by certificate, AE title and address.
    pub(super) peer: Arc<Peer>,
    /// How it reached us: encrypted, by its certificate, from its address.
    pub(super) reached: TransportFacts,
    /// Its connection has what a statement can be bound to.
    pub(super) is_bound: bool,
    /// It belongs to our own institution.
    pub(super) is_own_house: bool,
    /// What another gateway stated last on it.
    pub(super) heard: Option<Heard>,
    /// The transfers that it spoke of and that have begun; one list for all copies of this.
    pub(super) tickets: Arc<Mutex<BTreeMap<TransferId, Arc<Ticket>>>>,
    /// The peer is an archive that sends what a retrieval of ours asked for, and this is where
    /// its images go.
    pub(super) arrival: Option<Destination>,
}

impl Inbound {
    /// Finds out who asks.
    ///
    /// # Errors
    /// The rejection to answer (PS3.8 §9.3.4) when either AE title is unknown, or certificate, AE title
    /// and address do not speak for one peer; the ledger is then told.
    pub(super) async fn admit(
        gateway: &Gateway,
        rq: &AssociateRq,
        from: SocketAddr,
        channel: &Channel,
    ) -> Result<Self, AssociateRj> {
        let config = &gateway.config;
        let called = config
            .own_ae(&rq.called)
            .ok_or(AssociateRj::CALLED_NOT_RECOGNISED)?;
        let caller = match identify(
            config,
            gateway.security.as_deref(),
            &rq.calling,
            from,
            channel,
        ) {
            Ok(caller) => caller,
            Err(stranger) => {
                gateway.refuse_stranger(from, &rq.calling, &stranger).await;
                return Err(AssociateRj::CALLING_NOT_RECOGNISED);
            }
        };
        let peer = caller.peer;
        let awaiting = gateway.retrievals.awaiting(peer, &rq.called);
        let arrival = awaiting.first().map(|first| first.destination.clone());
        match called {
            // Nobody is known to us by this name but an archive that we asked to send.
            Called::MoveDestination(_) if arrival.is_none() => {
                return Err(AssociateRj::CALLING_NOT_RECOGNISED);
            }
            Called::Service { .. } | Called::MoveDestination(_) => {}
        }
        let purpose = config.purpose(&rq.called, None, peer);
        Ok(Self {
            called: rq.called.clone(),
            purpose: purpose.unwrap_or(Purpose::Treatment),
            // Until it is identified, which may take a while.
            user: None,
            heard: None,
            tickets: Arc::default(),
            reached: TransportFacts {
                tls: channel.tls,
                mutual: caller.by_certificate,
                address_checked: caller.address_checked,
                certificate: channel.certificate.as_ref().map(|shown| shown.about.key),
            },
            is_bound: channel.binding.is_some(),
            is_own_house: peer.institution == config.gateway.institution,
            peer: Arc::clone(peer),
            arrival,
        })
    }

    /// The AE title by which we call `peer` on behalf of this association.
    pub(super) fn calling_towards(&self, peer: &Peer) -> AeTitle {
        if let Some(Destination::Peer { calling, .. }) = &self.arrival {
            return calling.clone();
        }
        peer.calling_ae(&self.peer.ae_title, &self.called)
    }
}

/// The peer that the evidence speaks for.
pub(super) fn identify<'a>(
    config: &'a Config,
    security: Option<&Security>,
    calling: &AeTitle,
    from: SocketAddr,
    channel: &Channel,
) -> Result<Caller<'a>, Stranger> {
    let trust = security.map(Security::now);
    let shown = channel.certificate.as_deref();
    let believed = |institution: &InstitutionSlug| {
        let trust = trust.as_ref().zip(shown);
        trust.is_some_and(|(trust, shown)| trust.believes(institution, shown))
    };
    config.caller(Evidence {
        calling,
        from: from.ip(),
        tls: channel.tls,
        certificate: shown.map(|shown| config::Shown {
            names: shown.names(),
            believed: &believed,
        }),
    })
}

/// What a presentation context is for.
#[derive(Clone, Debug)]
pub(super) enum Use {
    /// Answered by us.
    Echo,
    /// C-STORE towards a destination.
    Store(Arc<StoreRoutes>),
    /// C-FIND at a destination.
    Find(Model, Arc<Routed>),
    /// C-MOVE, fetched from an archive.
    Move(Model, Arc<Routed>),
    /// C-GET, fetched from an archive.
    Get(Model, Arc<Routed>),
    /// C-STORE of an archive, passed on to the destination of a C-MOVE.
    PassOn(Arc<Peer>),
    /// C-STORE of an archive, handed over to the requestor of a C-GET.
    HandOver,
    /// N-CREATE and N-SET of procedure steps at a destination.
    Step(Arc<Routed>),
    /// N-ACTION of Storage Commitment, for a destination.
    Commit(Arc<Routed>),
    /// N-EVENT-REPORT of Storage Commitment, by a destination (SCP role, PS3.4 §J.3.3).
    Report,
    /// What another gateway states, and our answer.
    Link,
    /// The requestor of a C-GET receives on it (SCP role, PS3.7 §D.3.3.4).
    Receive,
    /// Not judged, hence not accepted.
    NotSupported,
    /// Known, but this peer may not, or no route leads anywhere.
    NotAllowed,
}

/// Sorts every proposed context.
pub(super) fn uses(gateway: &Gateway, inbound: &Inbound, rq: &AssociateRq) -> BTreeMap<u8, Use> {
    let of = |context: &ProposedContext| (context.id, use_of(gateway, inbound, rq, context));
    rq.contexts.iter().map(of).collect()
}

fn use_of(
    gateway: &Gateway,
    inbound: &Inbound,
    rq: &AssociateRq,
    context: &ProposedContext,
) -> Use {
    let config = &gateway.config;
    let class = &context.abstract_syntax;
    let Some(service) = service_of(class, &config.private_sop_classes) else {
        return Use::NotSupported;
    };
    let may = |operation| inbound.peer.may.contains(&operation);
    let routed = |operation, used: &dyn Fn(Arc<Routed>) -> Use| {
        let routed = config.route(&inbound.called, &inbound.peer, class);
        let routed = routed.filter(|_| may(operation));
        routed.map_or(Use::NotAllowed, |routed| used(Arc::new(routed)))
    };
    match service {
        // Unknown to everybody but gateways, and to gateways without a binding.
        Service::Link if inbound.peer.through.is_some() && inbound.is_bound => Use::Link,
        Service::Link => Use::NotSupported,
        Service::Verification if may(Operation::Echo) => Use::Echo,
        Service::Verification => Use::NotAllowed,
        Service::Storage => {
            let roles = rq.user.roles.get(class);
            if roles.is_some_and(|roles| roles.scp) && may(Operation::Get) {
                return Use::Receive;
            }
            match &inbound.arrival {
                Some(Destination::Peer { peer, .. }) => return Use::PassOn(Arc::clone(peer)),
                Some(Destination::Requestor { .. }) => return Use::HandOver,
                None => {}
            }
            let routes = config.store_routes(&inbound.called, &inbound.peer, class);
            match routes.filter(|_| may(Operation::Store)) {
                Some(routes) => Use::Store(Arc::new(routes)),
                None => Use::NotAllowed,
            }
        }
        Service::Find(model) => {
            let operation = match model {
                Model::Worklist => Operation::Worklist,
                Model::PatientRoot | Model::StudyRoot => Operation::Find,
            };
            routed(operation, &|archive| Use::Find(model, archive))
        }
        Service::ProcedureStep => routed(Operation::Mpps, &Use::Step),
        Service::Commitment => {
            let roles = rq.user.roles.get(class);
            if roles.is_some_and(|roles| roles.scp) {
                return match config.commits(&inbound.peer) {
                    true => Use::Report,
                    false => Use::NotAllowed,
                };
            }
            routed(Operation::Commit, &Use::Commit)
        }
        Service::Move(model) => routed(Operation::Move, &|archive| Use::Move(model, archive)),
        Service::Get(model) => routed(Operation::Get, &|archive| Use::Get(model, archive)),
    }
}
