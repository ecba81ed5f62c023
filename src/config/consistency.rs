//! What must hold between the tables of a file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;

use ipnet::IpNet;

use crate::config::Gateway;
use crate::config::GatewayPeer;
use crate::config::Group;
use crate::config::Institution;
use crate::config::Issuer;
use crate::config::Limits;
use crate::config::Listener;
use crate::config::Operation;
use crate::config::OwnAe;
use crate::config::Peer;
use crate::config::PeerName;
use crate::config::ProofNeed;
use crate::config::RetentionClass;
use crate::config::Route;
use crate::config::Served;
use crate::config::Timeouts;
use crate::config::User;
use crate::config::UserName;
use crate::config::UserNeed;
use crate::config::reading::Reading;
use crate::config::route;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::encoding_of;

/// The arc of UIDs that the standard assigns (PS3.5 §9.2).
const STANDARD_ARC: &str = "1.2.840.10008.";

/// Every row of a file, in its order; `None` where a row could not be read.
pub(super) struct Rows {
    pub(super) listeners: Vec<Option<Listener>>,
    pub(super) aes: Vec<Option<OwnAe>>,
    pub(super) institutions: Vec<Option<Institution>>,
    pub(super) retention_classes: Vec<Option<RetentionClass>>,
    pub(super) issuers: Vec<Option<Issuer>>,
    pub(super) peers: Vec<Option<Peer>>,
    pub(super) gateway_peers: Vec<Option<GatewayPeer>>,
    pub(super) users: Vec<Option<User>>,
    pub(super) routes: Vec<Option<Route>>,
    pub(super) private_sop_classes: Vec<Option<Uid>>,
    pub(super) private_transfer_syntaxes: Vec<Option<(Uid, Encoding)>>,
}

/// The rows that could be read, with their numbers.
pub(super) fn known<T>(rows: &[Option<T>]) -> impl Iterator<Item = (usize, &T)> + Clone {
    let numbered = rows.iter().enumerate();
    numbered.filter_map(|(number, row)| Some((number, row.as_ref()?)))
}

/// Notes every value that an earlier row has too.
pub(super) fn unique<'a, T: Ord + Display + 'a>(
    reading: &mut Reading<'_>,
    values: impl Iterator<Item = (String, T)>,
) {
    let mut first: BTreeMap<T, String> = BTreeMap::new();
    for (path, value) in values {
        match first.get(&value) {
            Some(earlier) => {
                let problem = format!("{value} is also {earlier}");
                reading.fault(&path, problem, "a value of its own");
            }
            None => {
                first.insert(value, path);
            }
        }
    }
}

/// The peers that a route may name.
struct Named<'t> {
    /// Who may be served.
    callers: BTreeSet<&'t str>,
    /// Who may serve: not the gateway of another hospital, which its own AE titles lead to, and them
    /// none but peers of our own house.
    destinations: BTreeSet<&'t str>,
}

impl Rows {
    /// Reads every row; what is wrong is noted.
    pub(super) fn read(
        reading: &mut Reading<'_>,
        base_dir: &Path,
        gateway: Option<&Gateway>,
        limits: &Limits,
        timeouts: &Timeouts,
    ) -> Self {
        let own = gateway.map(|gateway| &gateway.institution);
        let mode = gateway.map(|gateway| gateway.mode).unwrap_or_default();
        let aes = reading.rows("ae", OwnAe::read);
        let title = known(&aes).map(|(_, own)| own.title.clone()).next();
        Self {
            listeners: reading.rows("listener", Listener::read),
            aes,
            institutions: reading.rows("institution", |row| Institution::read(row, base_dir)),
            issuers: reading.rows("issuer", Issuer::read),
            retention_classes: reading.rows("retention_class", RetentionClass::read),
            peers: reading.rows("peer", |row| Peer::read(row, own, limits, timeouts)),
            gateway_peers: reading.rows("gateway_peer", |row| {
                GatewayPeer::read(row, limits, timeouts, title.as_ref())
            }),
            users: reading.rows("user", User::read),
            routes: reading.rows("route", |row| Route::read(row, mode)),
            private_sop_classes: reading.rows("private_sop_class", route::private_sop_class),
            private_transfer_syntaxes: reading
                .rows("private_transfer_syntax", route::private_transfer_syntax),
        }
    }

    pub(super) fn check(&self, gateway: Option<&Gateway>, reading: &mut Reading<'_>) {
        for (table, rows) in [
            ("listener", self.listeners.len()),
            ("ae", self.aes.len()),
            ("institution", self.institutions.len()),
        ] {
            if rows == 0 {
                reading.fault(table, "is missing", format!("at least one [[{table}]]"));
            }
        }
        self.check_unique(reading);
        self.check_fhir_names(reading);
        self.check_institutions(gateway, reading);
        self.check_private(reading);
        self.check_own_ae_titles(reading);
        self.check_shared_ae_titles(reading);
        self.check_purposes(reading);
        self.check_users(reading);
        self.check_routes(reading);
        self.check_overlaps(reading);
    }

    /// Every peer with the path of its row: those of `[[peer]]`, then gateways of other hospitals.
    pub(super) fn all_peers(&self) -> impl Iterator<Item = (String, &Peer)> + Clone {
        let peers = known(&self.peers).map(|(number, peer)| (format!("peer[{number}]"), peer));
        let gateways = known(&self.gateway_peers);
        peers.chain(
            gateways.map(|(number, row)| (format!("gateway_peer[{number}]"), row.peer.as_ref())),
        )
    }

    /// Where the file asks for proof of a user.
    pub(super) fn needing_proof(&self) -> impl Iterator<Item = String> {
        let peers = known(&self.peers)
            .filter(|(_, peer)| peer.user == UserNeed::Proven)
            .map(|(number, _)| format!("peer[{number}].user"));
        let users = known(&self.users)
            .filter(|(_, user)| user.proof == ProofNeed::Required)
            .map(|(number, _)| format!("user[{number}].proof"));
        peers.chain(users)
    }

    fn check_unique(&self, reading: &mut Reading<'_>) {
        let path = |table: &str, number: usize, key: &str| format!("{table}[{number}].{key}");
        unique(
            reading,
            known(&self.listeners)
                .map(|(number, row)| (path("listener", number, "address"), row.address)),
        );
        unique(
            reading,
            known(&self.institutions)
                .map(|(number, row)| (path("institution", number, "slug"), &row.slug)),
        );
        unique(
            reading,
            self.all_peers()
                .map(|(row, peer)| (format!("{row}.name"), &peer.name)),
        );
        unique(
            reading,
            known(&self.retention_classes)
                .map(|(number, row)| (path("retention_class", number, "name"), &row.name)),
        );
        unique(
            reading,
            known(&self.private_sop_classes)
                .map(|(number, uid)| (path("private_sop_class", number, "uid"), uid)),
        );
        unique(
            reading,
            known(&self.private_transfer_syntaxes)
                .map(|(number, (uid, _))| (path("private_transfer_syntax", number, "uid"), uid)),
        );
    }

    /// What FHIR calls an institution, or a system of Patient IDs, means one.
    fn check_fhir_names(&self, reading: &mut Reading<'_>) {
        let names = known(&self.institutions).flat_map(|(number, row)| {
            let path = move |item| format!("institution[{number}].fhir[{item}]");
            let named = row.fhir.iter().enumerate();
            named.map(move |(item, name)| (path(item), name))
        });
        unique(reading, names);
        unique(
            reading,
            known(&self.issuers)
                .map(|(number, row)| (format!("issuer[{number}].system"), &row.system)),
        );
    }

    fn check_institutions(&self, gateway: Option<&Gateway>, reading: &mut Reading<'_>) {
        let declared = reading.declared("institution", "slug");
        let own = gateway.map(|gateway| ("gateway.institution".to_owned(), &gateway.institution));
        let peers = self
            .all_peers()
            .map(|(row, peer)| (format!("{row}.institution"), &peer.institution));
        let kept = known(&self.retention_classes).filter_map(|(number, class)| {
            let path = format!("retention_class[{number}].institution");
            Some((path, class.institution.as_ref()?))
        });
        for (path, slug) in own.into_iter().chain(peers).chain(kept) {
            if !declared.contains(slug.as_str()) {
                let problem = format!("there is no [[institution]] {slug}");
                reading.fault(&path, problem, one_of(declared.iter()));
            }
        }
    }

    fn check_private(&self, reading: &mut Reading<'_>) {
        let classes = known(&self.private_sop_classes).map(|(number, uid)| {
            let path = format!("private_sop_class[{number}].uid");
            (path, uid, false)
        });
        let syntaxes = known(&self.private_transfer_syntaxes).map(|(number, (uid, _))| {
            let path = format!("private_transfer_syntax[{number}].uid");
            (path, uid, encoding_of(uid, &BTreeMap::new()).is_some())
        });
        for (path, uid, known) in classes.chain(syntaxes) {
            if known || uid.as_str().starts_with(STANDARD_ARC) {
                let problem = format!("{uid} belongs to the standard");
                reading.fault(&path, problem, "a UID outside 1.2.840.10008");
            }
        }
    }

    /// Own AE titles are told apart by what they are called for: services, one destination, or another
    /// hospital.
    fn check_own_ae_titles(&self, reading: &mut Reading<'_>) {
        let services =
            known(&self.aes).map(|(number, own)| (format!("ae[{number}].title"), &own.title));
        let destinations = known(&self.peers).filter_map(|(number, peer)| {
            let title = peer.destination_ae.as_ref()?;
            Some((format!("peer[{number}].destination_ae"), title))
        });
        let hospitals = known(&self.gateway_peers).flat_map(|(number, gateway)| {
            let path = move |key| format!("gateway_peer[{number}].{key}");
            let emergency = gateway.emergency_ae.iter();
            std::iter::once((path("ae"), &gateway.ae))
                .chain(emergency.map(move |title| (path("emergency_ae"), title)))
        });
        unique(reading, services.chain(destinations).chain(hospitals));
    }

    /// Peers may share an AE title, as carts do, if addresses tell them apart and at most one is
    /// meant as Move Destination.
    fn check_shared_ae_titles(&self, reading: &mut Reading<'_>) {
        for (number, (row, peer)) in self.all_peers().enumerate() {
            let earlier = self.all_peers().take(number);
            for (_, other) in earlier.filter(|(_, other)| other.ae_title == peer.ae_title) {
                for (item, net) in peer.addresses.iter().enumerate() {
                    if let Some(same) = other.addresses.iter().find(|same| overlap(same, net)) {
                        reading.fault(
                            &format!("{row}.addresses[{item}]"),
                            format!(
                                "{net} and {same} of peer {} overlap, and both peers are {}",
                                other.name, peer.ae_title
                            ),
                            "peers that share an AE title have no address in common",
                        );
                    }
                }
                if peer.destination_ae.is_some() && other.destination_ae.is_some() {
                    reading.fault(
                        &format!("{row}.destination_ae"),
                        format!(
                            "peer {} has one too, and a Move Destination {} could mean both",
                            other.name, peer.ae_title
                        ),
                        "of peers that share an AE title, one has `destination_ae`",
                    );
                }
            }
        }
    }

    fn check_purposes(&self, reading: &mut Reading<'_>) {
        let silent = |number: usize| !reading.has(&format!("ae[{number}].purpose"));
        let Some((_, silent)) = known(&self.aes).find(|(number, _)| silent(*number)) else {
            return;
        };
        for (number, peer) in known(&self.peers) {
            let asks = peer.may.iter().any(|may| *may != Operation::Echo);
            let path = format!("peer[{number}].purpose");
            if asks && !reading.has(&path) {
                reading.fault(
                    &path,
                    format!("is missing, and [[ae]] {} has none either", silent.title),
                    "a purpose of use, here or in every [[ae]]",
                );
            }
        }
    }

    /// A user of a peer asks for one purpose.
    fn check_users(&self, reading: &mut Reading<'_>) {
        let declared = reading.declared("peer", "name");
        let mut first: BTreeMap<(&UserName, &PeerName), usize> = BTreeMap::new();
        for (number, user) in known(&self.users) {
            for (item, peer) in user.peers.iter().enumerate() {
                let path = format!("user[{number}].peers[{item}]");
                if !declared.contains(peer.as_str()) {
                    let problem = format!("there is no [[peer]] {peer}");
                    reading.fault(&path, problem, one_of(declared.iter()));
                }
                if let Some(earlier) = first.insert((&user.name, peer), number) {
                    let problem = format!("user[{earlier}] is also {} of {peer}", user.name);
                    reading.fault(&path, problem, "one row for a user of a peer");
                }
            }
        }
    }

    fn check_routes(&self, reading: &mut Reading<'_>) {
        let destinations = reading.declared("peer", "name");
        let gateways = reading.declared("gateway_peer", "name");
        let peers = Named {
            callers: destinations.union(&gateways).copied().collect(),
            destinations,
        };
        let titles = reading.declared("ae", "title");
        let private = known(&self.private_sop_classes)
            .map(|(_, uid)| uid.clone())
            .collect();
        for (number, route) in known(&self.routes) {
            self.check_destinations(number, route, &peers, reading);
            for (item, called) in route.called.iter().enumerate() {
                if !titles.iter().any(|title| title.trim() == called.as_str()) {
                    reading.fault(
                        &format!("route[{number}].called[{item}]"),
                        format!("{called} is not the title of an [[ae]]"),
                        one_of(titles.iter()),
                    );
                }
            }
            for (item, served) in route.sop_classes.iter().enumerate() {
                let Served::Class(uid) = served else { continue };
                if Group::of(uid, &private).is_none() {
                    reading.fault(
                        &format!("route[{number}].sop_classes[{item}]"),
                        format!("{uid} is not a SOP class that Credence judges"),
                        "storage, query, retrieve, worklist, MPPS, storage commitment and \
                         verification SOP classes; \
                         private storage as [[private_sop_class]]",
                    );
                }
            }
        }
    }

    /// Every destination is a peer that we connect to, and only instances go to several.
    fn check_destinations(
        &self,
        number: usize,
        route: &Route,
        peers: &Named<'_>,
        reading: &mut Reading<'_>,
    ) {
        let named = |key: &'static str, names: &[PeerName], reading: &mut Reading<'_>| {
            let is_list = reading.has(&format!("route[{number}].{key}[0]"));
            let known_names = match key {
                "calling" => &peers.callers,
                _ => &peers.destinations,
            };
            let mut seen = BTreeSet::new();
            for (item, name) in names.iter().enumerate() {
                let path = match is_list {
                    true => format!("route[{number}].{key}[{item}]"),
                    false => format!("route[{number}].{key}"),
                };
                if !known_names.contains(name.as_str()) {
                    let problem = format!("there is no [[peer]] {name}");
                    reading.fault(&path, problem, one_of(known_names.iter()));
                }
                if !seen.insert(name) {
                    reading.fault(&path, format!("names {name} twice"), "each peer once");
                }
                let peer = known(&self.peers).find(|(_, peer)| peer.name == *name);
                let connects = |peer: usize| reading.has(&format!("peer[{peer}].connect"));
                if key != "calling" && peer.is_some_and(|(peer, _)| !connects(peer)) {
                    let problem =
                        format!("peer {name} has no `connect`, so nothing can be sent to it");
                    reading.fault(&path, problem, "a peer with `connect`");
                }
            }
        };
        named("to", &route.to, reading);
        named("copies", &route.copies, reading);
        named("calling", &route.calling, reading);
        if let Some(twice) = route.copies.iter().find(|peer| route.to.contains(peer)) {
            let path = format!("route[{number}].copies");
            reading.fault(&path, format!("{twice} is in `to` too"), "other peers");
        }
        let private = known(&self.private_sop_classes)
            .map(|(_, uid)| uid.clone())
            .collect();
        let stores = |served: &Served| match served {
            Served::Group(group) => *group == Group::Storage,
            Served::Class(uid) => Group::of(uid, &private).is_none_or(|of| of == Group::Storage),
        };
        if route.must_spool()
            && let Some(other) = route.sop_classes.iter().find(|served| !stores(served))
        {
            reading.fault(
                &format!("route[{number}].sop_classes"),
                format!("{other} is no storage, and goes to one peer whatever a data set says"),
                "storage alone, on a route with modalities, stations, several peers or copies",
            );
        }
    }

    /// What fits two routes takes the first; a second one for the very same is a mistake unless it
    /// says the same.
    fn check_overlaps(&self, reading: &mut Reading<'_>) {
        let mut first: BTreeMap<_, (usize, &Route)> = BTreeMap::new();
        for (number, route) in known(&self.routes) {
            let narrowed = (&route.calling, &route.modalities, &route.stations);
            for (item, served) in route.sop_classes.iter().enumerate() {
                for called in &route.called {
                    let (earlier, other) = *first
                        .entry((called, served, narrowed))
                        .or_insert((number, route));
                    let path = format!("route[{number}].sop_classes[{item}]");
                    if (&other.to, &other.copies) != (&route.to, &route.copies) {
                        reading.fault(
                            &path,
                            format!(
                                "route[{earlier}] sends it to {}, this one to {}, both for {called}",
                                one_of(other.to.iter()),
                                one_of(route.to.iter())
                            ),
                            "one place for each SOP class or group and called AE title",
                        );
                    } else if !other.treats_like(route) {
                        reading.fault(
                            &path,
                            format!("route[{earlier}] treats it otherwise, both for {called}"),
                            "one mode, delivery, priority and denied_store for each SOP class or \
                             group and called AE title",
                        );
                    }
                }
            }
        }
    }
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

pub(super) fn one_of(names: impl Iterator<Item = impl Display>) -> String {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    if names.is_empty() {
        return "none is declared yet".to_owned();
    }
    names.join(", ")
}
