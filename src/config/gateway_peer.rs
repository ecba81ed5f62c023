//! Gateways of other hospitals. One row stands for what would else be several: a peer that is met by
//! TLS alone, AE titles of ours that stand for that hospital, the route from these to it, and a witness.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Calling;
use crate::config::Config;
use crate::config::Delivery;
use crate::config::Operation;
use crate::config::OwnAe;
use crate::config::Parcels;
use crate::config::Peer;
use crate::config::PeerName;
use crate::config::PeerTimeouts;
use crate::config::Retrieve;
use crate::config::Route;
use crate::config::UserNeed;
use crate::config::WebUrl;
use crate::config::WitnessPeer;
use crate::config::limits::Limits;
use crate::config::limits::Timeouts;
use crate::config::limits::WAIT_MAX_S;
use crate::config::peer;
use crate::config::reading::Section;
use crate::config::url::Https;
use crate::contract::Purpose;
use crate::contract::Through;
use crate::dicom::AeTitle;
use crate::ledger::LogKey;
use crate::ledger::WitnessKey;
use crate::parcel::ParcelKey;

/// `[[gateway_peer]]`: the gateway of another hospital.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayPeer {
    /// It as a DICOM peer, which is among [`Config::peers`] too.
    pub peer: Arc<Peer>,
    /// The AE title of ours that stands for it, for treatment.
    pub ae: AeTitle,
    /// The same for emergencies.
    pub emergency_ae: Option<AeTitle>,
    /// Where its exchange answers; absent: nothing is exchanged with it but DICOM.
    pub https: Option<WebUrl>,
    /// Signs the checkpoints of its log.
    pub log_key: LogKey,
    /// Signs its statements and receipts.
    pub statement_key: LogKey,
    /// Cosigns the checkpoints of others.
    pub witness_key: WitnessKey,
    /// To which parcels for it are sealed.
    pub parcel_key: Option<ParcelKey>,
    /// What is stored to it is left somewhere in sealed parcels.
    pub parcels: Option<Parcels>,
    /// How long a C-MOVE from it goes on over broken associations.
    pub resume: Duration,
    /// How long sent bytes may stay unacknowledged on a connection to it (RFC 5482) until it counts as
    /// broken.
    pub link_silence: Duration,
    /// How what is stored to it gets there.
    pub delivery: Delivery,
}

impl GatewayPeer {
    /// Reads a row; `title` is our first AE title, by which it is called unless the row says otherwise.
    pub(super) fn read(
        section: &mut Section<'_, '_>,
        limits: &Limits,
        timeouts: &Timeouts,
        title: Option<&AeTitle>,
        base_dir: &Path,
    ) -> Option<Self> {
        let peer = read_peer(section, limits, timeouts, title);
        let ae = section.required("ae");
        let emergency_ae = section.optional("emergency_ae");
        let https = section.optional("https");
        let log_key: Option<LogKey> = section.required("log_key");
        let statement_key: Option<LogKey> = section.required("statement_key");
        let witness_key: Option<WitnessKey> = section.required("witness_key");
        let parcel_key = section.optional("parcel_key");
        let resume = section.seconds("resume_s", Duration::from_secs(300), 0..=WAIT_MAX_S);
        let silence = section.seconds("link_silence_s", Duration::from_secs(20), 1..=3_600);
        let parcels = Parcels::read(section, base_dir);
        let delivery = read_delivery(section);
        if section.has("parcels_to") && !section.has("parcel_key") {
            let allowed = "the key to which parcels for it are sealed";
            section.fault("parcel_key", "is missing beside parcels_to", allowed);
        }
        let (log_key, statement_key) = (log_key?, statement_key?);
        let witness_key = witness_key?;
        if statement_key.is_of(&log_key) {
            section.fault(
                "statement_key",
                "is the key of its log, too",
                "a key that signs nothing but statements",
            );
        }
        if witness_key.is_of(&log_key) || witness_key.is_of(&statement_key) {
            section.fault(
                "witness_key",
                "is the key of its log or of its statements, too",
                "a key that signs nothing but cosignatures",
            );
        }
        let mut peer = peer?;
        peer.through = Some(Through {
            institution: peer.institution.clone(),
            receipt: https.is_some(),
        });
        Some(Self {
            peer: Arc::new(peer),
            ae: ae?,
            emergency_ae,
            https: https.map(|Https(url)| url),
            log_key,
            statement_key,
            witness_key,
            parcel_key,
            parcels,
            resume,
            link_silence: silence,
            delivery,
        })
    }

    /// Whether `called` is an AE title of ours that stands for it.
    pub fn is_meant_by(&self, called: &AeTitle) -> bool {
        self.ae == *called || self.emergency_ae.as_ref() == Some(called)
    }

    /// It as a log and, where it exchanges, as a witness; `None` where a row of `[[witness.peer]]`
    /// says that.
    pub(super) fn as_witness(&self, rows: &[WitnessPeer]) -> Option<WitnessPeer> {
        let institution = &self.peer.institution;
        if rows.iter().any(|row| row.institution == *institution) {
            return None;
        }
        let url = self.https.clone();
        Some(WitnessPeer {
            institution: institution.clone(),
            log_key: Some(self.log_key.clone()),
            witness: url.map(|url| (url, self.witness_key.clone())),
        })
    }
}

/// How what is stored to it gets there: what is sealed into parcels has waited in the spool.
fn read_delivery(section: &mut Section<'_, '_>) -> Delivery {
    let delivery = section.optional("delivery");
    if !section.has("parcels_to") {
        return delivery.unwrap_or(Delivery::Direct);
    }
    if delivery.is_some_and(|delivery| delivery != Delivery::Spool) {
        let problem = "is another than spool, beside parcels_to";
        section.fault("delivery", problem, "spool, or no such key");
    }
    Delivery::Spool
}

/// The row as that of a peer.
fn read_peer(
    section: &mut Section<'_, '_>,
    limits: &Limits,
    timeouts: &Timeouts,
    title: Option<&AeTitle>,
) -> Option<Peer> {
    let name = section.required("name");
    let institution = section.required("institution");
    let ae_title = section.required("ae_title");
    let calling_ae = section.optional("calling_ae");
    let (any_address, addresses) = peer::addresses(section);
    let connect = section.required("connect");
    let tls_name = section.optional("tls_name");
    let certificates = section.required_list("certificates");
    let pdu_bytes_max = peer::pdu_bytes_max(section, limits);
    let timeouts = PeerTimeouts::read(section, timeouts);
    Some(Peer {
        name: name?,
        ae_title: ae_title?,
        institution: institution?,
        addresses: addresses?,
        any_address,
        certificates: certificates?,
        plain: false,
        tls: true,
        tls_name,
        connect: Some(connect?),
        may: BTreeSet::from([
            Operation::Echo,
            Operation::Store,
            Operation::Find,
            Operation::Move,
            Operation::Get,
        ]),
        retrieve: Retrieve::Get,
        destination_ae: None,
        calling: Calling::Own(calling_ae.or_else(|| title.cloned())),
        pdu_bytes_max,
        queue_associations: 1,
        commit: false,
        // What an AE title for treatment means where a gateway says nothing else.
        purpose: Some(Purpose::Treatment),
        user: UserNeed::None,
        through: None,
        timeouts,
    })
}

impl Config {
    /// Puts what each gateway peer stands for among what the rows of the file say.
    pub(super) fn expanded(mut self) -> Self {
        let own = &self.gateway.institution;
        let of_our_house = self.peers.iter().filter(|peer| peer.institution == *own);
        // Nobody else's: through us no third hospital reaches another.
        let house: Vec<PeerName> = of_our_house.map(|peer| peer.name.clone()).collect();
        for gateway in &self.gateway_peers {
            let peer = &gateway.peer;
            let treatment = (gateway.ae.clone(), Purpose::Treatment);
            let emergency = gateway.emergency_ae.clone();
            let emergency = emergency.map(|title| (title, Purpose::Emergency));
            let titles = std::iter::once(treatment).chain(emergency);
            let aes = titles.map(|(title, purpose)| OwnAe {
                title,
                purpose: Some(purpose),
            });
            let aes: Vec<OwnAe> = aes.collect();
            // Without anybody named, a route would be for all.
            if !house.is_empty() {
                self.routes.push(Route::to_gateway(
                    aes.iter().map(|own| own.title.clone()).collect(),
                    house.clone(),
                    peer.name.clone(),
                    gateway.delivery,
                    self.gateway.mode,
                ));
            }
            self.aes.extend(aes);
            self.peers.push(Arc::clone(peer));
        }
        let gateways = self.gateway_peers.iter();
        let added = gateways.filter_map(|gateway| gateway.as_witness(&self.witness.peers));
        let added: Vec<WitnessPeer> = added.collect();
        self.witness.peers.extend(added);
        self
    }
}

#[cfg(test)]
mod tests;
