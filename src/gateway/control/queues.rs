//! Queues of the spool, in words of people: what they ask, and what they are told. Patients by
//! pseudonym, studies by keyed digest.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::PatientName;
use crate::contract::Pseudonym;
use crate::contract::QueueAct;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// What somebody does to a queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueChange {
    /// The name of the destination's peer.
    pub queue: String,
    /// What.
    pub act: QueueAct,
    /// To which instances; all that the act is for, if nothing narrows it.
    #[serde(default)]
    pub only: Selection,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Instances of a queue. What narrows more than once must all fit.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The instance of this number.
    pub object: Option<u64>,
    /// Instances of the study whose keyed digest begins so.
    pub study: Option<String>,
    /// Instances of this patient.
    pub patient: Option<PatientName>,
    /// Instances at this place.
    pub place: Option<QueuePlace>,
}

/// Where in a queue an instance lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueuePlace {
    /// It is to be delivered.
    Waiting,
    /// It was tried as often as it may be.
    Dead,
    /// The contract no longer permits it.
    Quarantined,
    /// It was delivered, and is kept until its destination has committed to keep it.
    Delivered,
}

impl QueuePlace {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
            Self::Quarantined => "quarantined",
            Self::Delivered => "delivered",
        }
    }
}

/// How a queue goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueState {
    /// Nothing waits.
    Idle,
    /// Instances go, or are about to.
    Working,
    /// The destination cannot be reached.
    Down,
    /// The destination says that it is out of resources.
    Busy,
    /// Decisions cannot be recorded.
    NotRecorded,
    /// A person paused it.
    Paused,
    /// Its peer is not configured any more, or has no address.
    NoPeer,
    /// No gateway runs.
    NotServed,
}

impl QueueState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Working,
        Self::Down,
        Self::Busy,
        Self::NotRecorded,
        Self::Paused,
        Self::NoPeer,
        Self::NotServed,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Down => "down",
            Self::Busy => "busy",
            Self::NotRecorded => "not recorded",
            Self::Paused => "paused",
            Self::NoPeer => "no peer",
            Self::NotServed => "not served",
        }
    }
}

/// Instances, and the bytes of their data sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedAmount {
    /// How many.
    pub objects: u64,
    /// Of how many bytes.
    pub bytes: u64,
}

/// A queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedQueue {
    /// The name of the destination's peer.
    pub queue: String,
    /// How it goes on.
    pub state: QueueState,
    /// What waits, with what is on its way.
    pub waiting: ListedAmount,
    /// How many are on their way.
    pub on_their_way: u64,
    /// What was delivered since the gateway started.
    pub delivered: ListedAmount,
    /// Dead letters.
    pub dead: ListedAmount,
    /// What the contract denied when it was to leave.
    pub quarantined: ListedAmount,
    /// What was delivered, and its destination has not committed to keep yet.
    pub uncommitted: ListedAmount,
    /// Over the last minute, or since work began.
    pub bytes_per_second: u64,
    /// When the oldest that waits was received.
    #[schema(value_type = Option<i64>)]
    pub oldest: Option<UtcMicros>,
    /// When the next try is, where nothing goes before.
    #[schema(value_type = Option<i64>)]
    pub next_try: Option<UtcMicros>,
    /// When all will be delivered, at this rate.
    #[schema(value_type = Option<i64>)]
    pub expected_end: Option<UtcMicros>,
}

/// The instances of one study at one place of a queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedStudy {
    /// Its keyed digest; `None` when the instances name no study, or are damaged.
    #[schema(value_type = Option<String>)]
    pub study: Option<Sha256>,
    /// Whose; `None` when they name no patient.
    #[schema(value_type = Option<String>)]
    pub patient: Option<Pseudonym>,
    /// Where.
    pub place: QueuePlace,
    /// How many.
    #[serde(flatten)]
    pub amount: ListedAmount,
    /// When the oldest was received.
    #[schema(value_type = Option<i64>)]
    pub oldest: Option<UtcMicros>,
    /// Why the first of them does not wait.
    pub reason: Option<String>,
}

/// One instance in a queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListedObject {
    /// Its number.
    pub object: u64,
    /// Where.
    pub place: QueuePlace,
    /// Keyed digest of its study.
    #[schema(value_type = Option<String>)]
    pub study: Option<Sha256>,
    /// Whose.
    #[schema(value_type = Option<String>)]
    pub patient: Option<Pseudonym>,
    /// Bytes of its data set.
    pub bytes: u64,
    /// When it was received.
    #[schema(value_type = Option<i64>)]
    pub received: Option<UtcMicros>,
    /// When it was set aside.
    #[schema(value_type = Option<i64>)]
    pub since: Option<UtcMicros>,
    /// The class of error of a dead letter.
    pub failure: Option<String>,
    /// What the destination answered (0000,0900).
    pub status: Option<u16>,
    /// The entry of the decision that denied it.
    pub decision: Option<u64>,
    /// Tries that counted.
    pub tries: Option<u32>,
    /// In words.
    pub reason: Option<String>,
}
