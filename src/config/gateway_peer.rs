//! Gateways of other hospitals. One row stands for what would else be several: a peer that is met by
//! TLS alone, AE titles of ours that stand for that hospital, the route from these to it, and a witness.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::Calling;
use crate::config::Config;
use crate::config::Delivery;
use crate::config::Operation;
use crate::config::OwnAe;
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
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::config::url::Https;
use crate::contract::Purpose;
use crate::contract::Through;
use crate::dicom::AeTitle;
use crate::ledger::LogKey;
use crate::ledger::WitnessKey;

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
    /// X25519 public key (RFC 7748) to which parcels for it are sealed.
    pub parcel_key: Option<[u8; 32]>,
    /// How long a C-MOVE from it goes on over broken associations.
    pub resume: Duration,
    /// How long sent bytes may stay unacknowledged on a connection to it (RFC 5482) until it counts as
    /// broken.
    pub link_silence: Duration,
    /// How what is stored to it gets there.
    pub delivery: Delivery,
}

/// An X25519 public key as the file has it.
struct ParcelKey([u8; 32]);

impl GatewayPeer {
    /// Reads a row; `title` is our first AE title, by which it is called unless the row says otherwise.
    pub(super) fn read(
        section: &mut Section<'_, '_>,
        limits: &Limits,
        timeouts: &Timeouts,
        title: Option<&AeTitle>,
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
        let delivery = section.optional("delivery").unwrap_or(Delivery::Direct);
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
            parcel_key: parcel_key.map(|ParcelKey(bytes)| bytes),
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

impl Readable for ParcelKey {
    const ALLOWED: &'static str = "an X25519 public key: 32 bytes in base64";

    fn read(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not such a key"))
    }
}

#[cfg(test)]
mod tests;
