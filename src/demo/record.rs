//! What the stand-in PACS has seen, for tests to look at.

use dicom_object::InMemDicomObject;

use crate::association::AssociateRq;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::digest::Sha256;
use crate::dimse::CommandSet;
use crate::dimse::Status;

/// Everything seen so far, each list in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Associations that were requested. Their number is their place in this list.
    pub associations: Vec<AssociationSeen>,
    /// C-STORE requests, whole or not.
    pub received: Vec<Received>,
    /// C-FIND, C-MOVE and C-GET requests.
    pub asked: Vec<Asked>,
    /// C-STORE sub-operations that it performed.
    pub sent: Vec<Sent>,
}

/// One association.
#[derive(Clone, Debug)]
pub struct AssociationSeen {
    /// The request.
    pub request: AssociateRq,
    /// How it ended; `None` while it lasts.
    pub ending: Option<Ending>,
}

/// How an association ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The script rejected it.
    Rejected,
    /// The requestor released it.
    Released,
    /// The requestor aborted it.
    Aborted,
    /// The requestor hung up.
    HungUp,
    /// The script aborted it.
    AbortedByScript,
    /// The script closed the connection.
    ClosedByScript,
    /// The connection failed, or the requestor broke the protocol.
    Broken,
}

/// One C-STORE request.
#[derive(Clone, Debug)]
pub struct Received {
    /// Number of its association.
    pub association: usize,
    /// Who sent it.
    pub calling: AeTitle,
    /// The request.
    pub command: CommandSet,
    /// Affected SOP Instance UID.
    pub sop_instance: Option<Uid>,
    /// Transfer syntax of its presentation context.
    pub transfer_syntax: Uid,
    /// Move Originator AE title and Message ID, where both are there.
    pub originator: Option<(AeTitle, u16)>,
    /// Bytes of the data set that have come.
    pub bytes: u64,
    /// Digest of the data set, once it is whole.
    pub sha256: Option<Sha256>,
    /// The status that was answered.
    pub answered: Option<Status>,
}

/// One C-FIND, C-MOVE or C-GET request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Number of its association.
    pub association: usize,
    /// The request.
    pub command: CommandSet,
    /// Its identifier.
    pub identifier: InMemDicomObject,
    /// A C-CANCEL was seen while it was answered.
    pub cancelled: bool,
}

/// One sub-operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Move Destination; `None` for C-GET.
    pub destination: Option<AeTitle>,
    /// What was sent.
    pub sop_instance: Uid,
    /// The status that came back; `None` when none came.
    pub answer: Option<Status>,
}

impl Record {
    /// Instances that came whole and were answered with Success, by UID and digest.
    pub fn kept(&self) -> Vec<(Uid, Sha256)> {
        self.received
            .iter()
            .filter(|received| received.answered == Some(Status::SUCCESS))
            .filter_map(|received| Some((received.sop_instance.clone()?, received.sha256?)))
            .collect()
    }

    /// Bytes of data sets that have come, whole instances or not.
    pub fn data_bytes(&self) -> u64 {
        self.received.iter().map(|received| received.bytes).sum()
    }
}
