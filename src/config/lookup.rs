//! Questions that a session asks the configuration. Pure functions of the checked values.

use std::sync::Arc;

use crate::config::Calling;
use crate::config::Config;
use crate::config::Delivery;
use crate::config::DeniedStore;
use crate::config::GatewayPeer;
use crate::config::Group;
use crate::config::Mode;
use crate::config::Peer;
use crate::config::PeerName;
use crate::config::ProofNeed;
use crate::config::Route;
use crate::config::Served;
use crate::config::User;
use crate::contract;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::AeTitle;
use crate::dicom::Head;
use crate::dicom::Service;
use crate::dicom::Uid;
use crate::dicom::service_of;

/// What an AE title of ours is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called<'a> {
    /// For services.
    Service {
        /// The purpose of use that it stands for, if it stands for one.
        purpose: Option<Purpose>,
    },
    /// To have images moved to this peer.
    MoveDestination(&'a Arc<Peer>),
}

/// Where a request goes, and by what rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The peer that serves it.
    pub peer: Arc<Peer>,
    /// Whether decisions bind.
    pub mode: Mode,
    /// What is answered to a C-STORE that the contract denies.
    pub denied_store: DeniedStore,
}

/// The routes that instances on one presentation context may take: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRoutes(Vec<StoreRoute>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRoute {
    /// Who must have an instance before its sender hears Success, or have it spooled; at least one.
    pub to: Vec<Arc<Peer>>,
    /// Who gets a copy, by way of the spool.
    pub copies: Vec<Arc<Peer>>,
    /// How instances get there.
    pub delivery: Delivery,
    /// The row.
    pub route: Route,
}

impl StoreRoutes {
    /// All of them, in order of precedence.
    pub fn all(&self) -> &[StoreRoute] {
        &self.0
    }

    /// The destination, where there is no more than one and it is asked first.
    pub fn direct(&self) -> Option<&Arc<Peer>> {
        match self.0.as_slice() {
            [only] if only.delivery != Delivery::Spool => only.to.first(),
            _ => None,
        }
    }

    /// Whether an instance may lie in the spool.
    pub fn may_spool(&self) -> bool {
        self.0.iter().any(|one| one.delivery != Delivery::Direct)
    }

    /// The route of an instance: the first one that fits.
    pub fn of(&self, head: &Head) -> Option<&StoreRoute> {
        self.0.iter().find(|one| one.route.fits(head))
    }
}

impl Config {
    /// What `called` stands for, if it is an AE title of ours.
    pub fn own_ae(&self, called: &AeTitle) -> Option<Called<'_>> {
        if let Some(own) = self.aes.iter().find(|own| own.title == *called) {
            return Some(Called::Service {
                purpose: own.purpose,
            });
        }
        self.peers
            .iter()
            .find(|peer| peer.destination_ae.as_ref() == Some(called))
            .map(Called::MoveDestination)
    }

    /// For what purpose `peer` asks when it calls us `called` and names `user`: what the AE title
    /// stands for, else what this user of this peer asks for, if it is proven as far as its row wants, else what the peer asks for by
    /// default. There is always one for a `called` that stands for services and a peer that may do
    /// more than C-ECHO.
    pub fn purpose(
        &self,
        called: &AeTitle,
        user: Option<&contract::User>,
        peer: &Peer,
    ) -> Option<Purpose> {
        let own = self.aes.iter().find(|own| own.title == *called);
        let by_user = || {
            let user = user?;
            let listed = self.users.iter();
            let enough = |row: &&User| match row.proof {
                ProofNeed::None => true,
                ProofNeed::Required => user.proven().is_some(),
            };
            listed
                .filter(|row| row.name.as_str() == user.name && row.peers.contains(&peer.name))
                .filter(enough)
                .map(|row| row.purpose)
                .next()
        };
        own.and_then(|own| own.purpose)
            .or_else(by_user)
            .or(peer.purpose)
    }

    /// The routes of `sop_class` for `calling` who calls us `called`. Those that name the SOP class
    /// come before those that name its group, else they come in the order of the file.
    fn routes_of<'a>(
        &'a self,
        called: &'a AeTitle,
        calling: &'a Peer,
        sop_class: &Uid,
    ) -> impl Iterator<Item = &'a Route> {
        let group = Group::of(sop_class, &self.private_sop_classes).map(Served::Group);
        let class = group.is_some().then(|| Served::Class(sop_class.clone()));
        let fits = move |route: &&Route| {
            route.called.contains(called)
                && (route.calling.is_empty() || route.calling.contains(&calling.name))
        };
        [class, group]
            .into_iter()
            .flatten()
            .flat_map(move |wanted| {
                let serves = move |route: &&Route| route.sop_classes.contains(&wanted);
                self.routes.iter().filter(fits).filter(serves)
            })
    }

    /// Where `sop_class` is served for `calling` who calls us `called`.
    pub fn route(&self, called: &AeTitle, calling: &Peer, sop_class: &Uid) -> Option<Routed> {
        let route = self.routes_of(called, calling, sop_class).next()?;
        Some(Routed {
            peer: Arc::clone(self.peer(route.to.first()?.as_str())?),
            mode: route.mode,
            denied_store: route.denied_store,
        })
    }

    /// Whether storage commitment is asked for at this peer, so that it has something to report.
    pub fn commits(&self, peer: &Peer) -> bool {
        let serves = |served: &Served| match served {
            Served::Group(group) => *group == Group::StorageCommitment,
            Served::Class(class) => {
                service_of(class, &self.private_sop_classes) == Some(Service::Commitment)
            }
        };
        peer.commit
            || self
                .routes
                .iter()
                .any(|route| route.to.contains(&peer.name) && route.sop_classes.iter().any(serves))
    }

    /// The routes that instances of `sop_class` may take which `calling` sends when it calls us
    /// `called`; `None` when there are none.
    pub fn store_routes(
        &self,
        called: &AeTitle,
        calling: &Peer,
        sop_class: &Uid,
    ) -> Option<StoreRoutes> {
        let mut routes = Vec::new();
        for route in self.routes_of(called, calling, sop_class) {
            routes.push(StoreRoute {
                to: self.peers_named(&route.to),
                copies: self.peers_named(&route.copies),
                delivery: route.delivery,
                route: route.clone(),
            });
            // Every instance fits it: what follows is never reached.
            if !route.chooses_by_data_set() {
                break;
            }
        }
        if routes.len() > 1 {
            for route in &mut routes {
                route.delivery = Delivery::Spool;
            }
        }
        (!routes.is_empty()).then_some(StoreRoutes(routes))
    }

    fn peers_named(&self, names: &[PeerName]) -> Vec<Arc<Peer>> {
        let found = names.iter().filter_map(|name| self.peer(name.as_str()));
        found.cloned().collect()
    }

    /// The peer that a Move Destination (0000,0600) names: by an AE title of ours that stands for it, or
    /// by its own. Of those that have it and that we connect to, the one that has a `destination_ae`,
    /// else the only one. `None` when there is none, or when several are equally meant.
    pub fn move_destination(&self, ae_title: &AeTitle) -> Option<&Arc<Peer>> {
        let mut gateways = self.gateway_peers.iter();
        if let Some(gateway) = gateways.find(|gateway| gateway.is_meant_by(ae_title)) {
            return Some(&gateway.peer);
        }
        let meant = || {
            self.peers
                .iter()
                .filter(|peer| peer.ae_title == *ae_title && peer.connect.is_some())
        };
        if let Some(named) = meant().find(|peer| peer.destination_ae.is_some()) {
            return Some(named);
        }
        let mut meant = meant();
        meant.next().filter(|_| meant.next().is_none())
    }

    /// `called` is an AE title for services: images that arrive under it may be for anybody.
    pub fn is_shared(&self, called: &AeTitle) -> bool {
        self.aes.iter().any(|own| own.title == *called)
    }

    /// The gateway of another hospital that this peer is.
    pub fn gateway_peer_of(&self, peer: &Peer) -> Option<&Arc<GatewayPeer>> {
        let mut gateways = self.gateway_peers.iter();
        gateways.find(|gateway| gateway.peer.name == peer.name)
    }

    /// The gateway of another institution.
    pub fn gateway_of(&self, institution: &InstitutionSlug) -> Option<&Arc<GatewayPeer>> {
        let mut gateways = self.gateway_peers.iter();
        gateways.find(|gateway| gateway.peer.institution == *institution)
    }

    /// The peer of this name.
    pub fn peer(&self, name: &str) -> Option<&Arc<Peer>> {
        self.peers.iter().find(|peer| peer.name == *name)
    }
}

impl Peer {
    /// The AE title that we call this peer by, on behalf of `sender` who called us `called`.
    pub fn calling_ae(&self, sender: &AeTitle, called: &AeTitle) -> AeTitle {
        match &self.calling {
            Calling::Own(Some(title)) => title.clone(),
            Calling::Own(None) => called.clone(),
            Calling::Sender => sender.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TEXT: &str = r#"
gateway = { institution = "own" }
listener = [{ address = "127.0.0.1:104" }]
institution = [{ slug = "own", name = "Own" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }, { title = "CRED_ER", purpose = "EMERGENCY" }]
private_sop_class = [{ uid = "1.2.3" }]

[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.1"]
connect = "10.0.0.1:104"

[[peer]]
name = "ris"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.2"]
connect = "10.0.0.2:104"

[[peer]]
name = "cart"
ae_title = "CART"
institution = "own"
addresses = ["10.1.0.0/16"]

[[peer]]
name = "ws1"
ae_title = "WS1"
institution = "own"
addresses = ["10.0.0.3"]
connect = "10.0.0.3:104"

[[peer]]
name = "ws2"
ae_title = "WS"
institution = "own"
addresses = ["10.0.0.4", "fd00::4"]
connect = "10.0.0.4:104"
destination_ae = "CRED_WS2"

[[peer]]
name = "ws3"
ae_title = "WS"
institution = "own"
addresses = ["10.0.0.5"]
connect = "10.0.0.5:104"

[[route]]
called = ["CREDENCE", "CRED_ER"]
sop_classes = ["storage", "query-retrieve"]
to = "pacs"

[[route]]
called = ["CREDENCE"]
sop_classes = ["worklist", "1.2.840.10008.5.1.4.1.1.88.67"]
to = "ris"
"#;

    fn config() -> Config {
        Config::parse(TEXT, Path::new("")).unwrap()
    }

    fn title(text: &str) -> AeTitle {
        text.parse().unwrap()
    }

    fn name(peer: Option<&Arc<Peer>>) -> Option<&str> {
        peer.map(|peer| peer.name.as_str())
    }

    #[test]
    fn an_ae_title_of_ours_stands_for_services_or_for_one_destination() {
        let config = config();
        let emergency = Called::Service {
            purpose: Some(Purpose::Emergency),
        };
        assert_eq!(config.own_ae(&title("CRED_ER")), Some(emergency));
        let ws2 = Called::MoveDestination(config.peer("ws2").unwrap());
        assert_eq!(config.own_ae(&title("CRED_WS2")), Some(ws2));
        assert_eq!(config.own_ae(&title("WS1")), None);
        assert_eq!(config.own_ae(&title("credence")), None);
    }

    #[test]
    fn a_sop_class_by_name_goes_before_its_group() {
        let config = config();
        let route = |called: &str, uid: &str| {
            let cart = config.peer("cart").unwrap();
            let routed = config.route(&title(called), cart, &uid.parse().unwrap());
            name(routed.as_ref().map(|routed| &routed.peer)).map(str::to_owned)
        };
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        let dose = "1.2.840.10008.5.1.4.1.1.88.67";
        let worklist = "1.2.840.10008.5.1.4.31";
        let study_find = "1.2.840.10008.5.1.4.1.2.2.1";
        assert_eq!(route("CREDENCE", ct).as_deref(), Some("pacs"));
        assert_eq!(route("CREDENCE", dose).as_deref(), Some("ris"));
        assert_eq!(route("CRED_ER", dose).as_deref(), Some("pacs"));
        assert_eq!(route("CREDENCE", study_find).as_deref(), Some("pacs"));
        assert_eq!(route("CREDENCE", worklist).as_deref(), Some("ris"));
        assert_eq!(route("CRED_ER", worklist), None);
        assert_eq!(route("CREDENCE", "1.2.3").as_deref(), Some("pacs"));
    }

    #[test]
    fn what_is_not_judged_is_routed_nowhere() {
        let config = config();
        let cart = config.peer("cart").unwrap();
        for uid in ["1.2.840.10008.1.20.1", "1.2.840.10008.3.1.2.3.3", "1.2.4"] {
            let uid = uid.parse().unwrap();
            assert_eq!(config.route(&title("CREDENCE"), cart, &uid), None);
        }
        let verification = "1.2.840.10008.1.1".parse().unwrap();
        assert_eq!(config.route(&title("CREDENCE"), cart, &verification), None);
    }

    #[test]
    fn a_move_destination_is_one_peer_or_none() {
        let config = config();
        let meant = |ae: &str| name(config.move_destination(&title(ae))).map(str::to_owned);
        assert_eq!(meant("WS1").as_deref(), Some("ws1"));
        assert_eq!(meant("WS").as_deref(), Some("ws2"));
        assert_eq!(meant("PACS"), None, "two peers, neither named");
        assert_eq!(meant("CART"), None, "we never connect to it");
        assert_eq!(meant("NOBODY"), None);
    }
}
