//! What flows through the gateway, counted: since its start, in memory, for whoever looks (`docs/metrics.md`).
//!
//! Counting is an atomic addition. The series of peers are made at the start and those of an association's
//! requests are kept by it, so that no lock is taken while an object is on its way.

mod bounded;
mod label_text;
mod labels;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

use self::bounded::Bounded;
pub use self::label_text::LabelText;
pub(super) use self::labels::Operation;
pub(super) use self::standing::Caller;
use self::standing::Register;
pub(super) use self::standing::Visit;
use super::control::ListedAssociation;
use crate::config::Config;
use crate::config::PeerName;
use crate::contract::Decision;
use crate::dimse::Class;
use crate::dimse::Status;

/// What every name begins with.
pub const PREFIX: &str = "credence";

/// Series of one family, beside the few that count what found no room.
const SERIES_MAX: usize = 4_096;

/// Retrievals under way of which it is known how many instances they come to.
const EXPECTED_MAX: usize = 1_024;

/// Upper ends of the buckets in which decisions are counted by how long they took, in seconds.
const DECISION_SECONDS: [f64; 14] = [
    0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// The meters of a gateway.
#[derive(Debug)]
pub struct Meters {
    registry: Registry,
    peers: BTreeMap<PeerName, OfPeer>,
    unknown: OfPeer,
    listeners: Bounded<labels::OfListener, Gauge>,
    requests: Bounded<labels::OfRequest, Counter>,
    decisions: Bounded<labels::OfDecision, Counter>,
    policies: Bounded<labels::OfPolicy, Counter>,
    decision_seconds: Histogram,
    register: Register,
    /// Instances that retrievals under way will have come to, by the entry of their decision.
    expected: Mutex<BTreeMap<u64, u64>>,
    /// As many associations as all listeners take together.
    standing_max: usize,
}

/// The series of one peer.
#[derive(Debug)]
struct OfPeer {
    name: LabelText,
    accepted: Counter,
    refused: Counter,
    received: Flow,
    sent: Flow,
}

#[derive(Debug)]
struct Flow {
    instances: Counter,
    bytes: Counter,
}

impl Flow {
    fn count(&self, bytes: u64) {
        self.instances.inc();
        self.bytes.inc_by(bytes);
    }
}

/// The families of which a peer has series.
struct PeerFamilies {
    associations: Bounded<labels::OfAssociation, Counter>,
    instances: Bounded<labels::OfFlow, Counter>,
    bytes: Bounded<labels::OfFlow, Counter>,
}

impl PeerFamilies {
    fn of(&self, name: &str) -> OfPeer {
        let name = LabelText::from(name);
        let associations = |result| {
            let peer = name.clone();
            let labels = labels::OfAssociation { peer, result };
            self.associations.series(&labels)
        };
        let flow = |direction| {
            let peer = name.clone();
            let labels = labels::OfFlow { peer, direction };
            Flow {
                instances: self.instances.series(&labels),
                bytes: self.bytes.series(&labels),
            }
        };
        OfPeer {
            accepted: associations("accepted"),
            refused: associations("refused"),
            received: flow("received"),
            sent: flow("sent"),
            name,
        }
    }
}

impl Meters {
    /// Those of a gateway with these peers and listeners.
    pub fn new(config: &Config) -> Self {
        let families = PeerFamilies {
            associations: Bounded::new(SERIES_MAX),
            instances: Bounded::new(SERIES_MAX),
            bytes: Bounded::new(SERIES_MAX),
        };
        // First, so that it has room whatever the number of peers.
        let unknown = families.of(labels::UNKNOWN);
        let of_peer = |name: &PeerName| (name.clone(), families.of(name.as_str()));
        let peers = config.peers.iter().map(|peer| of_peer(&peer.name));
        let mut meters = Self {
            registry: Registry::with_prefix(PREFIX),
            peers: peers.collect(),
            unknown,
            listeners: Bounded::new(SERIES_MAX),
            requests: Bounded::new(SERIES_MAX),
            decisions: Bounded::new(SERIES_MAX),
            policies: Bounded::new(SERIES_MAX),
            decision_seconds: Histogram::new(DECISION_SECONDS),
            register: Register::default(),
            expected: Mutex::default(),
            standing_max: config.listeners.iter().fold(0, |all, one| {
                usize::saturating_add(all, one.associations_max)
            }),
        };
        meters.register_peers(&families);
        meters.register_rest();
        meters
    }

    fn register_peers(&mut self, families: &PeerFamilies) {
        let registry = &mut self.registry;
        registry.register(
            "associations",
            "Associations that peers requested, by peer and answer",
            families.associations.family(),
        );
        registry.register(
            "instances",
            "Instances that peers sent to be relayed or kept, and that peers took",
            families.instances.family(),
        );
        registry.register(
            "data_set_bytes",
            "Bytes of the data sets of these instances",
            families.bytes.family(),
        );
    }

    fn register_rest(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "associations_open",
            "Associations that stand, by listener",
            self.listeners.family(),
        );
        registry.register(
            "requests",
            "DIMSE requests of peers, by operation and final status",
            self.requests.family(),
        );
        registry.register(
            "decisions",
            "Decisions of the contract, by verdict",
            self.decisions.family(),
        );
        registry.register(
            "policy_decisions",
            "Decisions by the policies that decided; a decision counts once for each of them",
            self.policies.family(),
        );
        registry.register_with_unit(
            "decision",
            "From a question to its durable answer",
            Unit::Seconds,
            self.decision_seconds.clone(),
        );
    }

    /// The families, to be written down.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The associations that stand, the oldest first.
    pub(super) fn standing(&self) -> Vec<ListedAssociation> {
        self.register.list()
    }

    /// Counts the associations that stand at a listener.
    pub(super) fn listener(&self, address: &str) -> Gauge {
        let listener = address.into();
        self.listeners.series(&labels::OfListener { listener })
    }

    /// Somebody knocks at the listener whose associations `open` counts.
    pub(super) fn visit(self: &Arc<Self>, caller: Caller, open: Gauge) -> Visit {
        Visit::new(Arc::clone(self), caller, open)
    }

    /// Counts a connection that was refused before it was known who calls.
    pub(super) fn turned_away(&self) {
        self.unknown.refused.inc();
    }

    fn peer(&self, name: Option<&PeerName>) -> &OfPeer {
        name.and_then(|name| self.peers.get(name))
            .unwrap_or(&self.unknown)
    }

    fn associated(&self, peer: Option<&PeerName>, accepted: bool) {
        let peer = self.peer(peer);
        match accepted {
            true => peer.accepted.inc(),
            false => peer.refused.inc(),
        };
    }

    fn requests_of(
        &self,
        peer: Option<&PeerName>,
        operation: Operation,
        status: &'static str,
    ) -> Counter {
        self.requests.series(&labels::OfRequest {
            peer: self.peer(peer).name.clone(),
            operation: operation.as_str(),
            status,
        })
    }

    /// An instance of `peer` came whole, and was relayed or kept.
    pub(super) fn received(&self, peer: &PeerName, bytes: u64) {
        self.peer(Some(peer)).received.count(bytes);
    }

    /// An instance of `from` came whole and was relayed to `to`, which answered with `status`.
    pub(super) fn relayed(&self, from: &PeerName, to: &PeerName, status: Status, bytes: u64) {
        self.received(from, bytes);
        self.answered(to, status, bytes);
    }

    /// `peer` answered with `status` to an instance.
    pub(super) fn answered(&self, peer: &PeerName, status: Status, bytes: u64) {
        match status.class() {
            Class::Success | Class::Warning => self.sent(peer, bytes),
            Class::Pending | Class::Cancel | Class::Failure => {}
        }
    }

    /// `peer` took an instance, or it was sealed into a parcel for it.
    pub(super) fn sent(&self, peer: &PeerName, bytes: u64) {
        self.peer(Some(peer)).sent.count(bytes);
    }

    /// What a retrieval under way will have come to, where its archive says so; by the entry of its decision.
    pub fn expected(&self, decision: u64) -> Option<u64> {
        self.expectations().get(&decision).copied()
    }

    /// What a retrieval will have come to, as far as is known; `None`: it is over, or nobody says.
    pub(super) fn expect(&self, decision: u64, instances: Option<u64>) {
        let mut expected = self.expectations();
        let Some(instances) = instances else {
            expected.remove(&decision);
            return;
        };
        if expected.len() >= EXPECTED_MAX && !expected.contains_key(&decision) {
            expected.pop_first();
        }
        expected.insert(decision, instances);
    }

    fn expectations(&self) -> MutexGuard<'_, BTreeMap<u64, u64>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A decision is durable, or (`None`) could not be made durable.
    pub(super) fn decided(&self, decision: Option<&Decision>, took: Duration) {
        self.decision_seconds.observe(took.as_secs_f64());
        let verdict = decision.map_or(labels::UNRECORDED, labels::verdict_label);
        self.decisions.series(&labels::OfDecision { verdict }).inc();
        let Some(decision) = decision else {
            return;
        };
        let of_policy = |policy: &str| {
            let policy = policy.into();
            let labels = labels::OfPolicy { policy, verdict };
            self.policies.series(&labels).inc();
        };
        match decision.reasons.is_empty() {
            true => of_policy(labels::NO_POLICY),
            false => decision.reasons.iter().for_each(|policy| of_policy(policy)),
        }
    }
}
