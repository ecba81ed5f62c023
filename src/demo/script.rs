//! What the stand-in PACS is told to do: plain data, honest and quick unless said otherwise.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::time::Duration;

use dicom_object::InMemDicomObject;

use crate::association::AssociateRj;
use crate::demo::instance::Instance;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::dimse::Status;

/// Longest P-DATA-TF that the stand-ins take, in bytes.
pub const PDU_BYTES_MAX: u32 = 128 * 1024;

/// A stand-in PACS. May be changed while it runs, see
/// [`StandInPacs::script`](super::StandInPacs::script).
#[derive(Clone, Debug)]
pub struct PacsOptions {
    /// Its AE title; not compared with what requestors call it.
    pub ae_title: AeTitle,
    /// Where it listens; port 0 is a free one.
    pub address: SocketAddr,
    /// What its archive holds at the start.
    pub instances: Vec<Instance>,
    /// Its worklist: items with all their attributes.
    pub worklist: Vec<InMemDicomObject>,
    /// Move Destinations that it knows.
    pub destinations: BTreeMap<AeTitle, SocketAddr>,
    /// Specific Character Set of its answers.
    pub character_set: String,
    /// How it takes associations.
    pub association: AssociationScript,
    /// How it answers C-ECHO.
    pub echo: Status,
    /// How it answers C-STORE.
    pub store: StoreScript,
    /// How it answers C-FIND.
    pub find: FindScript,
    /// How it answers C-MOVE and C-GET.
    pub retrieve: RetrieveScript,
}

/// How associations are taken.
#[derive(Clone, Debug)]
pub struct AssociationScript {
    /// Takes connections and says nothing on them.
    pub silent: bool,
    /// Waits before it answers a request.
    pub answer_after: Duration,
    /// Rejects each request so.
    pub reject: Option<AssociateRj>,
    /// Abstract syntaxes that it accepts; `None` is all.
    pub abstract_syntaxes: Option<BTreeSet<Uid>>,
    /// Transfer syntaxes that it accepts, best first; empty takes the requestor's first.
    pub transfer_syntaxes: Vec<Uid>,
    /// The maximum length that it announces, in bytes; 0 is unlimited.
    pub pdu_bytes_max: u32,
    /// How long an association may be idle, and how it then ends.
    pub idle: Option<(Duration, Farewell)>,
}

/// How an association is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// By A-ABORT.
    Abort,
    /// By closing the connection, as a process that dies does.
    Close,
}

/// How C-STORE is answered.
#[derive(Clone, Debug, Default)]
pub struct StoreScript {
    /// One for each C-STORE to come, over all associations; Success when there are no more.
    pub answers: VecDeque<StoreAnswer>,
    /// Waits after each piece of a data set: a slow reader.
    pub pause: Duration,
    /// Hashes what comes and does not keep it: it will not be found.
    pub forget: bool,
}

/// The answer to one C-STORE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreAnswer {
    /// This status; an instance with a failure is not kept.
    Status(Status),
    /// This status, so much later.
    Late(Duration, Status),
    /// None at all.
    Silence,
    /// None: the association ends when at least so many bytes of the data set have come.
    DieAfter(u64, Farewell),
}

/// How C-FIND is answered.
#[derive(Clone, Debug)]
pub struct FindScript {
    /// At once this status, and no match.
    pub status: Option<Status>,
    /// Status of a response with a match: FF00H or FF01H.
    pub pending: Status,
    /// Waits before each match.
    pub pause: Duration,
    /// Dies after so many matches.
    pub die_after: Option<(usize, Farewell)>,
    /// Goes on when it is cancelled.
    pub ignores_cancel: bool,
}

/// How C-MOVE and C-GET are answered.
#[derive(Clone, Debug, Default)]
pub struct RetrieveScript {
    /// At once this status, and no sub-operation.
    pub status: Option<Status>,
    /// Waits before the first sub-operation: a tape is fetched.
    pub silence: Duration,
    /// Waits before each sub-operation.
    pub pause: Duration,
    /// Sends no Pending responses.
    pub omits_pending: bool,
    /// Leaves Move Originator out of its C-STORE requests.
    pub omits_originator: bool,
    /// Proposes one context per SOP class with the instances' syntax and these, as real archives
    /// do; when empty one context for each pair of class and syntax that the instances have.
    pub more_transfer_syntaxes: Vec<Uid>,
    /// Instances that it cannot read: failed sub-operations.
    pub unreadable: BTreeSet<Uid>,
    /// Dies after so many sub-operations, when so many bytes of the next data set are sent.
    pub die_after: Option<(usize, usize)>,
    /// Goes on when it is cancelled.
    pub ignores_cancel: bool,
}

impl PacsOptions {
    /// An honest, empty PACS on a free loopback port.
    pub fn new(ae_title: AeTitle) -> Self {
        Self {
            ae_title,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            instances: Vec::new(),
            worklist: Vec::new(),
            destinations: BTreeMap::new(),
            character_set: "ISO_IR 192".to_owned(),
            association: AssociationScript::default(),
            echo: Status::SUCCESS,
            store: StoreScript::default(),
            find: FindScript::default(),
            retrieve: RetrieveScript::default(),
        }
    }
}

impl Default for AssociationScript {
    fn default() -> Self {
        Self {
            silent: false,
            answer_after: Duration::ZERO,
            reject: None,
            abstract_syntaxes: None,
            transfer_syntaxes: Vec::new(),
            pdu_bytes_max: PDU_BYTES_MAX,
            idle: None,
        }
    }
}

impl Default for FindScript {
    fn default() -> Self {
        Self {
            status: None,
            pending: Status::PENDING,
            pause: Duration::ZERO,
            die_after: None,
            ignores_cancel: false,
        }
    }
}
