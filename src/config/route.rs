//! Routes: which peer serves what is asked of which AE title of ours.

use std::collections::BTreeSet;

use crate::config::Mode;
use crate::config::peer::PeerName;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::dicom::AeTitle;
use crate::dicom::Encoding;
use crate::dicom::Model;
use crate::dicom::Service;
use crate::dicom::Uid;
use crate::dicom::service_of;

/// `[[route]]`: what is called by these AE titles for these SOP classes goes to that peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// AE titles of ours.
    pub called: Vec<AeTitle>,
    /// What it serves there.
    pub sop_classes: Vec<Served>,
    /// The peer that serves it.
    pub to: PeerName,
    /// Whether decisions bind on it.
    pub mode: Mode,
    /// What is answered to a C-STORE that the contract denies.
    pub denied_store: DeniedStore,
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
}

impl Group {
    /// The group of a SOP class; `None` for what Credence does not judge, hence does not serve.
    pub fn of(sop_class: &Uid, private_storage: &BTreeSet<Uid>) -> Option<Self> {
        match service_of(sop_class, private_storage)? {
            Service::Verification => Some(Self::Verification),
            Service::Storage => Some(Self::Storage),
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
        }
    }
}

impl Route {
    /// Reads a row; `mode` is the gateway's.
    pub(super) fn read(section: &mut Section<'_, '_>, mode: Mode) -> Option<Self> {
        let called = section.required_list("called");
        let sop_classes = section.required_list("sop_classes");
        let to = section.required("to");
        let mode = section.optional("mode").unwrap_or(mode);
        let denied_store = section.optional("denied_store").unwrap_or_default();
        Some(Self {
            called: called?,
            sop_classes: sop_classes?,
            to: to?,
            mode,
            denied_store,
        })
    }
}

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
    const ALLOWED: &'static str =
        "verification, storage, query-retrieve, worklist, or the UID of a SOP class";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "verification" => Ok(Self::Group(Group::Verification)),
            "storage" => Ok(Self::Group(Group::Storage)),
            "query-retrieve" => Ok(Self::Group(Group::QueryRetrieve)),
            "worklist" => Ok(Self::Group(Group::Worklist)),
            uid => uid
                .parse()
                .map(Self::Class)
                .map_err(|_| format!("{uid:?} is neither a group nor a UID")),
        }
    }
}
