//! What is told when a batch is durable, or was refused.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::contract::Body;
use crate::contract::Verdict;
use crate::gateway::control::Change;
use crate::gateway::recorder::Ask;
use crate::gateway::recorder::Filed;
use crate::gateway::recorder::Judged;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorded;
use crate::gateway::recorder::Refusal;
use crate::gateway::recorder::permit::Judgement;

/// An answer that waits until its batch is durable.
pub(super) enum Answer {
    Judged(oneshot::Sender<Result<Judged, RecordError>>, Arc<Judgement>),
    Entry(oneshot::Sender<Result<u64, RecordError>>, u64, Box<Asking>),
    Failed(oneshot::Sender<Result<u64, RecordError>>, RecordError),
    JudgedFailed(oneshot::Sender<Result<Judged, RecordError>>, RecordError),
}

/// What makes an entry, to be asked again when there was no room.
pub(super) enum Asking {
    Change { change: Change, by: String },
    Record(Body, Option<Box<Filed>>),
}

impl Asking {
    pub(super) const fn forgets(&self) -> bool {
        matches!(self, Self::Change { change, .. } if change.forgets())
    }
}

impl Answer {
    /// The batch is durable.
    pub(super) fn give(self) {
        match self {
            Self::Judged(reply, judgement) => {
                let decision = &judgement.decision;
                let judged = if decision.verdict == Verdict::Permit || decision.observed {
                    Judged::Permitted(Recorded(judgement))
                } else {
                    Judged::Refused(Refusal(judgement))
                };
                let _ = reply.send(Ok(judged));
            }
            Self::Entry(reply, entry, _) => {
                let _ = reply.send(Ok(entry));
            }
            Self::Failed(reply, error) => {
                let _ = reply.send(Err(error));
            }
            Self::JudgedFailed(reply, error) => {
                let _ = reply.send(Err(error));
            }
        }
    }

    /// The batch was refused.
    pub(super) fn refuse(self) {
        match self {
            Self::Judged(reply, _) | Self::JudgedFailed(reply, _) => {
                let _ = reply.send(Err(RecordError::NoRoom));
            }
            Self::Entry(reply, ..) | Self::Failed(reply, _) => {
                let _ = reply.send(Err(RecordError::NoRoom));
            }
        }
    }

    /// What was asked, as far as it is not answered by now.
    pub(super) fn again(self) -> Option<Ask> {
        match self {
            Self::Judged(reply, judgement) => {
                let asked = Box::new(judgement.asked.clone());
                Some(Ask::Decide { asked, reply })
            }
            Self::Entry(reply, _, asking) => Some(match *asking {
                Asking::Change { change, by } => Ask::Change {
                    change: Box::new(change),
                    by,
                    reply,
                },
                Asking::Record(body, filed) => Ask::Record {
                    body: Box::new(body),
                    filed,
                    reply,
                },
            }),
            answered @ (Self::Failed(..) | Self::JudgedFailed(..)) => {
                answered.give();
                None
            }
        }
    }
}
