//! Peers: who may call us from where, for what, and how we call them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::config::CertificateName;
use crate::config::TlsName;
use crate::config::limits::CONNECT_MAX_S;
use crate::config::limits::Limits;
use crate::config::limits::Timeouts;
use crate::config::limits::WAIT_MAX_S;
use crate::config::proof::UserNeed;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Through;
use crate::dicom::AeTitle;

/// `[[peer]]`: a DICOM application entity that we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name in routes, commands and logs; unique.
    pub name: PeerName,
    /// Its AE title. Several peers may share one, if their addresses tell them apart.
    pub ae_title: AeTitle,
    /// The institution that it belongs to.
    pub institution: InstitutionSlug,
    /// Addresses that it calls from.
    pub addresses: Vec<IpNet>,
    /// It may call from any address. Without a certificate, its AE title alone then identifies it.
    pub any_address: bool,
    /// What its certificates are known by: it is believed with one of them only, in both directions.
    pub certificates: Vec<CertificateName>,
    /// It may come to us, and be connected to, without TLS.
    pub plain: bool,
    /// We connect to it by TLS.
    pub tls: bool,
    /// The name that its certificate must have then; `None`: the address that we connect to.
    pub tls_name: Option<TlsName>,
    /// Where we connect to it; `None`: we never do.
    pub connect: Option<SocketAddr>,
    /// What it may ask of us.
    pub may: BTreeSet<Operation>,
    /// How we fetch studies from it.
    pub retrieve: Retrieve,
    /// The AE title of ours that stands for this peer when a PACS moves images to us that are
    /// for it.
    pub destination_ae: Option<AeTitle>,
    /// The AE title that we call it by.
    pub calling: Calling,
    /// Longest P-DATA-TF PDU that we send it and announce to it, in bytes.
    pub pdu_bytes_max: u32,
    /// Associations at the same time by which the spool delivers to it.
    pub queue_associations: usize,
    /// What was delivered to it by way of the spool is kept until it has committed to keep it
    /// (PS3.4 Annex J).
    pub commit: bool,
    /// For what purpose it asks, where the AE title that it calls does not say.
    pub purpose: Option<Purpose>,
    /// What it must say of its user (PS3.7 §D.3.3.7).
    pub user: UserNeed,
    /// It is the gateway of another institution, which judges by a contract of its own.
    pub through: Option<Through>,
    /// How long we wait for it.
    pub timeouts: PeerTimeouts,
}

/// How long we wait for one peer: its own values, else those of `[timeouts]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerTimeouts {
    /// See [`Timeouts::connect`].
    pub connect: Duration,
    /// See [`Timeouts::dimse_response`].
    pub dimse_response: Duration,
    /// See [`Timeouts::move_silence`].
    pub move_silence: Duration,
    /// See [`Timeouts::idle`].
    pub idle: Duration,
    /// Idle time after which we release our association to it, to open another when there is
    /// more to send; `None`: it is kept as long as the association that it serves.
    pub idle_close: Option<Duration>,
}

/// The name of a peer: 1 to 40 of `a` to `z`, `0` to `9`, `-`, `_` and `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerName(Box<str>);

/// What a peer may ask of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// C-ECHO.
    Echo,
    /// C-STORE.
    Store,
    /// C-FIND, Patient and Study Root.
    Find,
    /// C-FIND, Modality Worklist.
    Worklist,
    /// C-MOVE.
    Move,
    /// C-GET.
    Get,
    /// N-CREATE and N-SET of Modality Performed Procedure Steps.
    Mpps,
    /// N-ACTION of Storage Commitment.
    Commit,
}

/// How studies are fetched from a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retrieve {
    /// By C-MOVE, to ourselves.
    #[default]
    Move,
    /// By C-GET, on our own association.
    Get,
}

/// The AE title that we call a peer by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calling {
    /// This one of ours; `None`: the one that the peer behind the association called.
    Own(Option<AeTitle>),
    /// That of the peer whose request we pass on.
    Sender,
}

impl PeerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerName({})", self.0)
    }
}

impl FromStr for PeerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as Readable>::read(text)
    }
}

impl PartialEq<str> for PeerName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl Operation {
    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Store => "store",
            Self::Find => "find",
            Self::Worklist => "worklist",
            Self::Move => "move",
            Self::Get => "get",
            Self::Mpps => "mpps",
            Self::Commit => "commit",
        }
    }
}

impl Peer {
    pub(super) fn read(
        section: &mut Section<'_, '_>,
        own: Option<&InstitutionSlug>,
        limits: &Limits,
        timeouts: &Timeouts,
    ) -> Option<Self> {
        let name = section.required("name");
        let ae_title = section.required("ae_title");
        let institution = section.required("institution");
        let (any_address, addresses) = addresses(section);
        let security = Security::read(section);
        let connect = section.optional("connect");
        let may = section.optional_list("may");
        let retrieve = section.optional("retrieve").unwrap_or_default();
        let destination_ae: Option<AeTitle> = section.optional("destination_ae");
        let calling = Calling::read(section);
        let pdu_bytes_max = pdu_bytes_max(section, limits);
        let queue_associations = section.number("queue_associations", 1, 1..=64);
        let commit = section.flag("commit", false);
        let purpose = section.optional("purpose");
        let user = section.optional("user").unwrap_or_default();
        let timeouts = PeerTimeouts::read(section, timeouts);
        if destination_ae.is_some() && !section.has("connect") {
            section.fault(
                "destination_ae",
                "stands for a peer that we never connect to",
                "only where the peer has `connect`",
            );
        }
        let institution: InstitutionSlug = institution?;
        let plain = security.plain.unwrap_or_else(|| {
            own == Some(&institution) && !security.tls && security.certificates.is_empty()
        });
        Some(Self {
            name: name?,
            ae_title: ae_title?,
            institution,
            addresses: addresses?,
            any_address,
            certificates: security.certificates,
            plain,
            tls: security.tls,
            tls_name: security.tls_name,
            connect,
            may: may.map_or_else(
                || BTreeSet::from([Operation::Echo]),
                |may| may.into_iter().collect(),
            ),
            retrieve,
            destination_ae,
            calling,
            pdu_bytes_max,
            queue_associations,
            commit,
            purpose,
            user,
            through: None,
            timeouts,
        })
    }
}

/// The longest P-DATA-TF PDU from and to a peer.
pub(super) fn pdu_bytes_max(section: &mut Section<'_, '_>, limits: &Limits) -> u32 {
    let common = limits.pdu_bytes_max;
    section.number("pdu_bytes_max", common, 4_096..=common)
}

/// Where a peer calls from.
pub(super) fn addresses(section: &mut Section<'_, '_>) -> (bool, Option<Vec<IpNet>>) {
    let any_address = section.flag("any_address", false);
    let addresses: Option<Vec<IpNet>> = if any_address {
        Some(section.optional_list("addresses").unwrap_or_default())
    } else {
        section.required_list("addresses")
    };
    let listed = addresses.iter().flatten();
    if listed.clone().any(|net| net.prefix_len() == 0) {
        section.fault(
            "addresses",
            "has a network of every address, so that the AE title alone would identify",
            "networks of its own, or any_address = true to say so",
        );
    }
    if any_address && listed.count() > 0 {
        section.fault(
            "any_address",
            "is true, and there are `addresses`",
            "one of the two",
        );
    }
    (any_address, addresses)
}

/// How a peer is believed, and how we connect to it.
struct Security {
    certificates: Vec<CertificateName>,
    plain: Option<bool>,
    tls: bool,
    tls_name: Option<TlsName>,
}

impl Security {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let certificates = section.optional_list("certificates").unwrap_or_default();
        let tls = section.flag("tls", false);
        let tls_name = section.optional("tls_name");
        let plain = section.flag("plain", false);
        if section.has("tls_name") && !tls {
            section.fault(
                "tls_name",
                "is the name in a certificate that is not asked for",
                "only with tls = true",
            );
        }
        Self {
            certificates,
            plain: section.has("plain").then_some(plain),
            tls,
            tls_name,
        }
    }
}

impl PeerTimeouts {
    pub(super) fn read(section: &mut Section<'_, '_>, common: &Timeouts) -> Self {
        Self {
            connect: section.seconds("connect_s", common.connect, 1..=CONNECT_MAX_S),
            dimse_response: section.seconds(
                "dimse_response_s",
                common.dimse_response,
                1..=WAIT_MAX_S,
            ),
            move_silence: section.seconds("move_silence_s", common.move_silence, 1..=WAIT_MAX_S),
            idle: section.seconds("idle_s", common.idle, 1..=WAIT_MAX_S),
            idle_close: section.optional_seconds("idle_close_s", 1..=WAIT_MAX_S),
        }
    }
}

/// The word of the key `calling`.
enum CallingWord {
    Own,
    Sender,
}

impl Calling {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let word = section.optional("calling");
        let title = section.optional("calling_ae");
        match (word, title) {
            (None | Some(CallingWord::Own), title) => Self::Own(title),
            (Some(CallingWord::Sender), None) => Self::Sender,
            (Some(CallingWord::Sender), Some(_)) => {
                section.fault(
                    "calling_ae",
                    "contradicts calling = \"sender\"",
                    "only with calling = \"own\"",
                );
                Self::Sender
            }
        }
    }
}

impl Readable for CallingWord {
    const ALLOWED: &'static str = "own or sender";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "own" => Ok(Self::Own),
            "sender" => Ok(Self::Sender),
            _ => Err(format!("{text:?} says not whose AE title it is")),
        }
    }
}

impl Serialize for PeerName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PeerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}

impl Readable for PeerName {
    const ALLOWED: &'static str = "a name: 1 to 40 of a-z, 0-9, '-', '_' and '.'";

    fn read(text: &str) -> Result<Self, String> {
        let good = |c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
        if !(1..=40).contains(&text.len()) || !text.chars().all(good) {
            return Err(format!("{text:?} is not the name of a peer"));
        }
        Ok(Self(text.into()))
    }
}

impl Readable for Operation {
    const ALLOWED: &'static str = "echo, store, find, worklist, move, get, mpps or commit";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "echo" => Ok(Self::Echo),
            "store" => Ok(Self::Store),
            "find" => Ok(Self::Find),
            "worklist" => Ok(Self::Worklist),
            "move" => Ok(Self::Move),
            "get" => Ok(Self::Get),
            "mpps" => Ok(Self::Mpps),
            "commit" => Ok(Self::Commit),
            _ => Err(format!("{text:?} is not an operation")),
        }
    }
}

impl Readable for Retrieve {
    const ALLOWED: &'static str = "move or get";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "move" => Ok(Self::Move),
            "get" => Ok(Self::Get),
            _ => Err(format!("{text:?} is not a way to retrieve")),
        }
    }
}
