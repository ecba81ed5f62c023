//! Routes: which peer serves what is asked of which AE title of ours.

use std::collections::BTreeSet;

use crate::config::Mode;
use crate::config::peer::PeerName;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::dicom::AeTitle;
use crate::dicom::Encoding;
use crate::dicom::Head;
use crate::dicom::Model;
use crate::dicom::Service;
use crate::dicom::Uid;
use crate::dicom::service_of;
use crate::dicom::uids;

/// `[[route]]`: what is called by these AE titles for these SOP classes goes to that peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// AE titles of ours.
    pub called: Vec<AeTitle>,
    /// Only for these peers; empty: for all.
    pub calling: Vec<PeerName>,
    /// What it serves there.
    pub sop_classes: Vec<Served>,
    /// Only instances of these modalities (0008,0060); empty: of all.
    pub modalities: Vec<Text16>,
    /// Only instances of these stations (Station Name, 0008,1010); empty: of all.
    pub stations: Vec<Text16>,
    /// The peers that serve it; one but for storage. All of them must have an instance, or it is
    /// spooled for them, before its sender hears Success.
    pub to: Vec<PeerName>,
    /// Peers that get a copy of each instance which they may have; its sender does not hear of it.
    pub copies: Vec<PeerName>,
    /// How instances get there.
    pub delivery: Delivery,
    /// Which instances leave the spool first; `None`: as their senders say (0000,0700).
    pub priority: Option<Priority>,
    /// Accepted while a destination is down and nothing is known of what it takes.
    pub transfer_syntaxes: Vec<Uid>,
    /// Whether decisions bind on it.
    pub mode: Mode,
    /// What is answered to a C-STORE that the contract denies.
    pub denied_store: DeniedStore,
}

/// How instances get to their destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// As they come; what the destination answers is what the sender hears.
    Direct,
    /// Sealed and synced first, and delivered afterwards.
    Spool,
    /// As they come while that works, and by way of the spool when it does not.
    DirectThenSpool,
}

impl Delivery {
    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Spool => "spool",
            Self::DirectThenSpool => "direct-then-spool",
        }
    }
}

/// Priority (0000,0700) of a C-STORE (PS3.7 §9.3.1.1); the most urgent first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// 0001H.
    High,
    /// 0000H.
    Medium,
    /// 0002H.
    Low,
}

impl Priority {
    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// What a C-STORE-RQ says; whatever is not in the standard is medium.
    pub const fn from_command(value: Option<u16>) -> Self {
        match value {
            Some(1) => Self::High,
            Some(2) => Self::Low,
            Some(_) | None => Self::Medium,
        }
    }
}

/// A short text as data sets have it (CS, SH): 1 to 16 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text16(Box<str>);

impl Text16 {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Readable for Text16 {
    const ALLOWED: &'static str = "1 to 16 characters, as data sets have them";

    fn read(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().count() > 16 {
            return Err(format!("{text:?} has no 1 to 16 characters"));
        }
        if trimmed.chars().any(|one| one.is_control() || one == '\\') {
            return Err(format!("{text:?} has a control character or a backslash"));
        }
        Ok(Self(trimmed.into()))
    }
}

impl Readable for Delivery {
    const ALLOWED: &'static str = "direct, spool or direct-then-spool";

    fn read(text: &str) -> Result<Self, String> {
        [Self::Direct, Self::Spool, Self::DirectThenSpool]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no way of delivery"))
    }
}

impl Readable for Priority {
    const ALLOWED: &'static str = "high, medium or low";

    fn read(text: &str) -> Result<Self, String> {
        [Self::High, Self::Medium, Self::Low]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no priority"))
    }
}

/// What is answered to a C-STORE that the contract denies; never Success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeniedStore {
    /// 0124H, refused: not authorised. For good.
    #[default]
    NotAuthorised,
    /// A700H, refused: out of resources. Says to try again later.
    OutOfResources,
    /// No response: A-ABORT, which stops senders that go on over refusals.
    Abort,
}

impl DeniedStore {
    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAuthorised => "not-authorised",
            Self::OutOfResources => "out-of-resources",
            Self::Abort => "abort",
        }
    }
}

/// What a route serves: one SOP class, or a group. One class takes precedence over its group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// A group of SOP classes.
    Group(Group),
    /// One SOP class.
    Class(Uid),
}

/// SOP classes that are commonly served by one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// C-ECHO.
    Verification,
    /// Every storage SOP class, private ones if configured.
    Storage,
    /// C-FIND, C-MOVE and C-GET, Patient and Study Root.
    QueryRetrieve,
    /// C-FIND, Modality Worklist.
    Worklist,
    /// N-CREATE and N-SET, Modality Performed Procedure Step.
    Mpps,
    /// N-ACTION and N-EVENT-REPORT, Storage Commitment (Push Model).
    StorageCommitment,
}

impl Group {
    /// The group of a SOP class; `None` for what Credence does not judge, hence does not serve.
    pub fn of(sop_class: &Uid, private_storage: &BTreeSet<Uid>) -> Option<Self> {
        match service_of(sop_class, private_storage)? {
            // It ends at us, whatever the routes say.
            Service::Link => None,
            Service::Verification => Some(Self::Verification),
            Service::Storage => Some(Self::Storage),
            Service::ProcedureStep => Some(Self::Mpps),
            Service::Commitment => Some(Self::StorageCommitment),
            Service::Find(Model::Worklist)
            | Service::Move(Model::Worklist)
            | Service::Get(Model::Worklist) => Some(Self::Worklist),
            Service::Find(Model::PatientRoot | Model::StudyRoot)
            | Service::Move(Model::PatientRoot | Model::StudyRoot)
            | Service::Get(Model::PatientRoot | Model::StudyRoot) => Some(Self::QueryRetrieve),
        }
    }

    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Storage => "storage",
            Self::QueryRetrieve => "query-retrieve",
            Self::Worklist => "worklist",
            Self::Mpps => "mpps",
            Self::StorageCommitment => "storage-commitment",
        }
    }
}

/// Peers that a route leads to, copies among them.
pub const DESTINATIONS_MAX: usize = 64;

impl Route {
    /// Reads a row; `mode` is the gateway's.
    pub(super) fn read(section: &mut Section<'_, '_>, mode: Mode) -> Option<Self> {
        let called = section.required_list("called");
        let calling = section.optional_list("calling").unwrap_or_default();
        let sop_classes = section.required_list("sop_classes");
        let modalities = section.optional_list("modalities").unwrap_or_default();
        let stations = section.optional_list("stations").unwrap_or_default();
        let to = section.one_or_more("to");
        let copies = section.optional_list("copies").unwrap_or_default();
        let said: Option<Delivery> = section.optional("delivery");
        let priority = section.optional("priority");
        let transfer_syntaxes = section.optional_list("transfer_syntaxes");
        let mode = section.optional("mode").unwrap_or(mode);
        let denied_store = section.optional("denied_store").unwrap_or_default();
        let mut route = Self {
            called: called?,
            calling,
            sop_classes: sop_classes?,
            modalities,
            stations,
            to: to?,
            copies,
            delivery: said.unwrap_or(Delivery::DirectThenSpool),
            priority,
            transfer_syntaxes: transfer_syntaxes.unwrap_or_else(plain_syntaxes),
            mode,
            denied_store,
        };
        let destinations = route.to.len().saturating_add(route.copies.len());
        if destinations > DESTINATIONS_MAX {
            section.fault(
                "to",
                format!("and `copies` name {destinations} peers"),
                format!("at most {DESTINATIONS_MAX} together"),
            );
        }
        if route.must_spool() {
            route.delivery = Delivery::Spool;
            if let Some(other) = said.filter(|said| *said != Delivery::Spool) {
                section.fault(
                    "delivery",
                    format!(
                        "is {}, but where instances go is known only when they have begun, or they \
                         go to several peers",
                        other.as_str()
                    ),
                    "spool, on a route with modalities, stations, several peers or copies",
                );
            }
        }
        Some(route)
    }

    /// What `calling` ask of AE titles that stand for another hospital goes to its gateway.
    pub(super) fn to_gateway(
        called: Vec<AeTitle>,
        calling: Vec<PeerName>,
        to: PeerName,
        delivery: Delivery,
        mode: Mode,
    ) -> Self {
        let served = [Group::Verification, Group::Storage, Group::QueryRetrieve];
        Self {
            called,
            calling,
            sop_classes: served.map(Served::Group).to_vec(),
            modalities: Vec::new(),
            stations: Vec::new(),
            to: vec![to],
            copies: Vec::new(),
            delivery,
            priority: None,
            transfer_syntaxes: plain_syntaxes(),
            mode,
            denied_store: DeniedStore::default(),
        }
    }

    /// Where an instance goes depends on its data set, or is more than one place: that does not
    /// fit into one association of ours for one of the sender's.
    pub fn must_spool(&self) -> bool {
        self.chooses_by_data_set() || self.to.len() > 1 || !self.copies.is_empty()
    }

    /// Whether an instance takes it, as far as its data set matters.
    pub fn fits(&self, head: &Head) -> bool {
        let modality = head.modality.as_deref();
        let station = head.station_name.as_deref();
        let is_modality = |one: &Text16| Some(one.as_str()) == modality;
        let is_station = |one: &Text16| Some(one.as_str().as_bytes()) == station;
        (self.modalities.is_empty() || self.modalities.iter().any(is_modality))
            && (self.stations.is_empty() || self.stations.iter().any(is_station))
    }

    /// What goes to the same place is judged, kept and answered alike.
    pub(super) fn treats_like(&self, other: &Self) -> bool {
        (self.mode, self.denied_store, self.delivery, self.priority)
            == (
                other.mode,
                other.denied_store,
                other.delivery,
                other.priority,
            )
    }

    /// Not every instance of its SOP classes takes it.
    pub const fn chooses_by_data_set(&self) -> bool {
        !(self.modalities.is_empty() && self.stations.is_empty())
    }
}

/// What every archive takes.
fn plain_syntaxes() -> Vec<Uid> {
    TRANSFER_SYNTAXES
        .iter()
        .filter_map(|uid| uid.parse().ok())
        .collect()
}

/// Default of `transfer_syntaxes`.
const TRANSFER_SYNTAXES: [&str; 2] = [uids::EXPLICIT_LITTLE, uids::IMPLICIT_LITTLE];

/// Reads `[[private_sop_class]]`: a private storage SOP class that we judge and relay.
pub(super) fn private_sop_class(section: &mut Section<'_, '_>) -> Option<Uid> {
    section.required("uid")
}

/// Reads `[[private_transfer_syntax]]`: a private transfer syntax, and how it encodes data sets.
pub(super) fn private_transfer_syntax(section: &mut Section<'_, '_>) -> Option<(Uid, Encoding)> {
    let uid = section.required("uid");
    let encoding = section.required("encoding");
    Some((uid?, encoding?))
}

impl Readable for DeniedStore {
    const ALLOWED: &'static str = "not-authorised, out-of-resources or abort";

    fn read(text: &str) -> Result<Self, String> {
        [Self::NotAuthorised, Self::OutOfResources, Self::Abort]
            .into_iter()
            .find(|answer| answer.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no answer to a denied C-STORE"))
    }
}

impl std::fmt::Display for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Group(group) => f.write_str(group.as_str()),
            Self::Class(uid) => uid.fmt(f),
        }
    }
}

impl Readable for Served {
    const ALLOWED: &'static str = "verification, storage, query-retrieve, worklist, mpps, storage-commitment, or the UID of a SOP \
         class";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "verification" => Ok(Self::Group(Group::Verification)),
            "storage" => Ok(Self::Group(Group::Storage)),
            "query-retrieve" => Ok(Self::Group(Group::QueryRetrieve)),
            "worklist" => Ok(Self::Group(Group::Worklist)),
            "mpps" => Ok(Self::Group(Group::Mpps)),
            "storage-commitment" => Ok(Self::Group(Group::StorageCommitment)),
            uid => uid
                .parse()
                .map(Self::Class)
                .map_err(|_| format!("{uid:?} is neither a group nor a UID")),
        }
    }
}
