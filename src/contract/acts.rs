//! What was done by services that move no images.

use serde::Deserialize;
use serde::Serialize;

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
