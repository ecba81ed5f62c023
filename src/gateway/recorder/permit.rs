//! [`Recorded`]: the value that proves that a decision is durable, and that the relay demands.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::Asked;
use super::Closing;
use super::Tally;
use crate::clock::Clock;
use crate::config::DeniedStore;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::Failures;
use crate::contract::OpenPermit;
use crate::contract::Outcome;
use crate::contract::Request;
use crate::contract::SopClasses;
use crate::dimse::Status;
use crate::gateway::inbound::Inbound;
use crate::gateway::instance::Ended;
use crate::gateway::link::Decided;
use crate::gateway::link::Ticket;
use crate::gateway::store::Refused;
use crate::gateway::transfer::Fault;
use crate::ledger::SALT_BYTES;
use crate::time::UtcMicros;

/// A decision on disk, and whether it still is what the contract would answer.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) entry: u64,
    pub(super) asked: Asked,
    /// The retention class of what is sealed beside it; `None` when nothing is.
    pub(super) class: Option<String>,
    /// What salts the manifests of what it releases.
    pub(super) salt: [u8; SALT_BYTES],
    pub(super) request: Request,
    pub(super) decision: Decision,
    /// What the time is told by when it is asked again at the door.
    pub(super) clock: Clock,
    /// Set by the writer, before the event that overturns it is durable.
    pub(super) overturned: AtomicBool,
}

impl Judgement {
    fn stands(&self, now: UtcMicros) -> bool {
        !self.overturned.load(Ordering::Acquire) && now < self.decision.valid_until
    }
}

/// Proof that the decision which permits a release is durable. Only the recorder makes one.
#[derive(Clone, Debug)]
pub struct Recorded(pub(super) Arc<Judgement>);

impl Recorded {
    /// The answer would still be the same.
    pub(in crate::gateway) fn stands(&self, now: UtcMicros) -> bool {
        self.0.stands(now)
    }

    /// The answer still is the same at this very moment: to be asked right before the first byte,
    /// with no waiting in between. An event that overturns it marks it before it is durable.
    pub(in crate::gateway) fn stands_now(&self) -> bool {
        self.0.stands(self.0.clock.now())
    }

    /// Number of the decision's ledger entry.
    pub(in crate::gateway) fn entry(&self) -> u64 {
        self.0.entry
    }

    /// The question that was answered, to ask it again.
    pub(in crate::gateway) fn asked(&self) -> &Asked {
        &self.0.asked
    }

    /// The transfer between two gateways that it is a part of.
    pub(in crate::gateway) fn ticket(&self) -> Option<&Arc<Ticket>> {
        self.0.asked.ticket.0.as_ref()
    }

    pub(super) fn decision(&self) -> &Decision {
        &self.0.decision
    }

    /// What the receipt for a transfer under it needs of it.
    pub(super) fn decided(&self) -> Decided {
        Decided {
            entry: self.0.entry,
            at: self.0.request.received_at,
            keeping: self.0.request.patient.zip(self.0.class.clone()),
        }
    }

    /// The event that records what followed this decision. Instances that a peer lost outweigh
    /// how the association ended: some failed means that the transfer failed.
    pub(super) fn closing(&self, tally: &Tally, closing: Closing) -> Body {
        let outcome = match closing.outcome {
            Outcome::Completed if tally.failed > 0 => Outcome::Failed,
            outcome => outcome,
        };
        let fault = tally.fault.map(|fault| match fault {
            Fault::Sender => self.0.asked.sender.clone(),
            Fault::Recipient => self.0.request.recipient.clone(),
        });
        Body::TransferClosed {
            decision: self.0.entry,
            sender: self.0.asked.sender.clone(),
            recipient: self.0.request.recipient.clone(),
            instances: tally.instances,
            classes: tally.classes.clone(),
            failed: tally.failed,
            statuses: tally.statuses.clone(),
            warned: tally.warned,
            spooled: tally.spooled,
            bytes: tally.bytes,
            manifest_root: tally.manifest_root(self.0.salt),
            outcome,
            fault,
            is_final: closing.is_final,
        }
    }
}

/// The event that closes a transfer that a crash cut off: nobody knows what followed since the last one.
pub(super) fn interrupted(decision: u64, permit: &OpenPermit) -> Body {
    Body::TransferClosed {
        decision,
        sender: permit.sender.clone(),
        recipient: permit.recipient.clone(),
        instances: 0,
        classes: SopClasses::default(),
        failed: 0,
        statuses: Failures::default(),
        warned: 0,
        spooled: 0,
        bytes: 0,
        manifest_root: None,
        outcome: Outcome::Interrupted,
        fault: None,
        is_final: true,
    }
}

/// Characters of an Error Comment (0000,0902), VR LO (PS3.5 §6.2).
const COMMENT_CHARACTERS_MAX: usize = 64;

/// Reason and decision in one Error Comment. The number is never cut off: by it a person finds the
/// whole reason.
fn comment(reason: &str, entry: u64) -> String {
    let number = format!(", decision {entry}");
    let room = COMMENT_CHARACTERS_MAX.saturating_sub(number.len());
    let reason: String = reason.chars().take(room).collect();
    reason + &number
}

/// A durable denial.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Refusal(pub(super) Arc<Judgement>);

impl Refusal {
    pub(super) fn decision(&self) -> &Decision {
        &self.0.decision
    }

    /// The question that was answered.
    pub(in crate::gateway) fn asked(&self) -> &Asked {
        &self.0.asked
    }

    /// The answer would still be the same.
    pub(in crate::gateway) fn stands(&self, now: UtcMicros) -> bool {
        self.0.stands(now)
    }

    /// Number of the decision's ledger entry.
    pub(in crate::gateway) fn entry(&self) -> u64 {
        self.0.entry
    }

    /// What a peer may read: its own house learns the reason, another one only that it is not
    /// permitted (a reason would tell that a patient opted out), and the decision's number.
    pub(in crate::gateway) fn comment(&self, own_house: bool) -> String {
        let reason = if own_house {
            self.0.decision.short_reason()
        } else {
            "not permitted"
        };
        comment(reason, self.0.entry)
    }

    /// The answer to a C-STORE as its route says: not authorised (PS3.7 §C.5.17), out of resources
    /// (PS3.4 §B.2.3), or an abort of the association.
    ///
    /// # Errors
    /// The abort.
    pub(in crate::gateway) fn to_store(
        &self,
        inbound: &Inbound,
        answer: DeniedStore,
    ) -> Result<Refused, Ended> {
        let status = match answer {
            DeniedStore::NotAuthorised => Status::NOT_AUTHORISED,
            DeniedStore::OutOfResources => Status::STORE_OUT_OF_RESOURCES,
            DeniedStore::Abort => return Err(Ended::Denied(self.0.entry)),
        };
        Ok(Refused {
            status,
            comment: self.comment(inbound.is_own_house),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comment_holds_the_whole_number_whatever_the_reason() {
        assert_eq!(comment("no consent", 7), "no consent, decision 7");
        let long = comment(&"x".repeat(64), u64::MAX);
        assert_eq!(long.chars().count(), COMMENT_CHARACTERS_MAX);
        assert!(long.ends_with(", decision 18446744073709551615"));
    }
}
