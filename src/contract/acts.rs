//! What was done: how transfers ended, what people did to queues, and what became of services that move no
//! images.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every instance was answered with Success or a warning.
    Completed,
    /// Some instance failed.
    Failed,
    /// The association broke, or the gateway stopped, in the middle.
    Interrupted,
    /// The requestor cancelled.
    Cancelled,
    /// A later decision, or a revocation, stopped it.
    Stopped,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Completed,
        Self::Failed,
        Self::Interrupted,
        Self::Cancelled,
        Self::Stopped,
    ];

    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
        }
    }
}

/// What a person does to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueAct {
    /// Nothing is delivered until it is resumed.
    Paused,
    /// It goes on.
    Resumed,
    /// Dead letters are tried again, and what waits is tried now.
    Retried,
    /// What is in quarantine is put to the contract again, and delivered if it permits.
    Released,
    /// Instances are deleted without having been delivered.
    Dropped,
}

impl QueueAct {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Retried => "retried",
            Self::Released => "released",
            Self::Dropped => "dropped",
        }
    }
}

/// How the key of a sealed parcel comes to its recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParcelRelease {
    /// The sender is asked for it, and asks its contract again: what was revoked stays shut.
    #[default]
    Online,
    /// It lies, wrapped, in the parcel: whoever has that and the recipient's key can open it at any
    /// time, and no revocation changes that.
    Offline,
}

impl ParcelRelease {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }
}

/// What a modality says of a procedure step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepAct {
    /// It has begun: N-CREATE.
    Created,
    /// It goes on, or has ended: N-SET.
    Set,
}

/// How far a storage commitment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommitmentAct {
    /// It waits until what was spooled before it has been delivered; its asker heard Success.
    Held,
    /// The destination was asked: N-ACTION.
    Asked,
    /// The destination has reported: N-EVENT-REPORT.
    Reported,
    /// The asker was told.
    Told,
    /// It was given up: no report came, or nobody was there to be told.
    Lapsed,
}

/// How far the receipt for a transfer between two gateways has come, as our own gateway sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptStanding {
    /// We sent, and wait for the other side to say what it got.
    Due,
    /// We received, have signed what, and wait for the other side to sign it, too.
    Drafted,
    /// Both sides signed one text.
    Agreed,
    /// The other side signed something else than what our own gateway saw.
    Disputed,
    /// It did not come in time.
    Missing,
}

impl ReceiptStanding {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Drafted => "drafted",
            Self::Agreed => "agreed",
            Self::Disputed => "disputed",
            Self::Missing => "missing",
        }
    }
}

impl StepAct {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Set => "set",
        }
    }
}

impl CommitmentAct {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Asked => "asked",
            Self::Reported => "reported",
            Self::Told => "told",
            Self::Lapsed => "lapsed",
        }
    }
}
