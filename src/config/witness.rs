//! Witnessing: whose checkpoints this gateway cosigns, and who cosigns its own.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::GatewayPeer;
use crate::config::WebUrl;
use crate::config::consistency::known;
use crate::config::consistency::one_of;
use crate::config::consistency::unique;
use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::url::Http;
use crate::contract::InstitutionSlug;
use crate::ledger::LogKey;
use crate::ledger::WitnessKey;

/// `[witness]`: the exchange of checkpoints with other gateways (C2SP tlog-witness).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Where logs ask; absent: nobody is answered.
    pub listen: Option<SocketAddr>,
    /// Between two rounds of asking, while the log grows.
    pub interval: Duration,
    /// From connecting to a witness to its last answer, for one round.
    pub answer: Duration,
    /// From the first byte of a request to us to its last, and the longest silence between two.
    pub request: Duration,
    /// Connections to us at the same time.
    pub connections_max: usize,
    /// The others, in the order of the file.
    pub peers: Vec<WitnessPeer>,
}

/// `[[witness.peer]]`: another institution's gateway, as log, as witness, or as both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPeer {
    /// Whose gateway.
    pub institution: InstitutionSlug,
    /// The key of its log, whose checkpoints we cosign.
    pub log_key: Option<LogKey>,
    /// It as a witness of our log.
    pub witness: Option<(WebUrl, WitnessKey)>,
}

impl Readable for LogKey {
    const ALLOWED: &'static str = "the verifier key of a log: name+id+base64, type 1 \
        (credence ledger keys prints it)";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is not a log's key: {error}"))
    }
}

impl Readable for WitnessKey {
    const ALLOWED: &'static str = "the verifier key of a witness: name+id+base64, type 4 \
        (credence ledger keys prints it)";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is not a witness's key: {error}"))
    }
}

impl Witness {
    /// `None` when a peer cannot be read.
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let listen = section.optional("listen");
        let seconds = Duration::from_secs;
        let interval = section.seconds("interval_s", seconds(10), 1..=86_400);
        let answer = section.seconds("answer_s", seconds(10), 1..=300);
        let request = section.seconds("request_s", seconds(10), 1..=300);
        let connections_max = section.number("connections_max", 32, 1..=1_024);
        let peers = section.rows("peer", WitnessPeer::read);
        Some(Self {
            listen,
            interval,
            answer,
            request,
            connections_max,
            peers: peers.into_iter().collect::<Option<_>>()?,
        })
    }

    /// What must hold between the peers, and with the rest of the file.
    pub(super) fn check(&self, gateways: &[Option<GatewayPeer>], reading: &mut Reading<'_>) {
        let declared = reading.declared("institution", "slug");
        for (number, peer) in self.peers.iter().enumerate() {
            if !declared.contains(peer.institution.as_str()) {
                let path = format!("witness.peer[{number}].institution");
                let problem = format!("there is no [[institution]] {}", peer.institution);
                reading.fault(&path, problem, one_of(declared.iter()));
            }
        }
        let gateways = known(gateways).filter_map(|(number, gateway)| {
            let peer = gateway.as_witness(&self.peers)?;
            Some((format!("gateway_peer[{number}]"), peer))
        });
        let rows = self.peers.iter().cloned().enumerate();
        let rows = rows.map(|(number, peer)| (format!("witness.peer[{number}]"), peer));
        let rows: Vec<(String, WitnessPeer)> = rows.chain(gateways).collect();
        // Named by its key's name: a log in its checkpoints, a witness in its signature lines.
        let logs = rows.iter().filter_map(|(row, peer)| {
            let key = peer.log_key.as_ref()?;
            Some((format!("{row}.log_key"), key.name().to_owned()))
        });
        unique(reading, logs);
        let witnesses = rows.iter().filter_map(|(row, peer)| {
            let (_, key) = peer.witness.as_ref()?;
            Some((format!("{row}.witness_key"), key.name().to_owned()))
        });
        unique(reading, witnesses);
    }
}

impl WitnessPeer {
    fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let institution = section.required("institution");
        let log_key: Option<LogKey> = section.optional("log_key");
        let url: Option<Http> = section.optional("url");
        let witness_key: Option<WitnessKey> = section.optional("witness_key");
        if !section.has("log_key") && !section.has("witness_key") {
            section.fault(
                "log_key",
                "is missing, and so is witness_key",
                "the key of a log whom we cosign, of a witness who cosigns us, or both",
            );
            return None;
        }
        for (key, other, why) in [
            ("url", "witness_key", "whose cosignatures are accepted"),
            ("witness_key", "url", "where the witness is asked"),
        ] {
            if section.has(key) && !section.has(other) {
                section.fault(other, format!("is missing beside {key}"), why);
                return None;
            }
        }
        if let (Some(log), Some(witness)) = (&log_key, &witness_key)
            && witness.is_of(log)
        {
            section.fault(
                "witness_key",
                "is the key of the log, too",
                "a key that signs nothing but cosignatures",
            );
        }
        let witness = match (url, witness_key) {
            (Some(Http(url)), Some(key)) => Some((url, key)),
            (None, None) => None,
            // One of them is wrong, which is noted.
            _ => return None,
        };
        Some(Self {
            institution: institution?,
            log_key,
            witness,
        })
    }
}
