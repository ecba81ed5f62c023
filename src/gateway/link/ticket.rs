//! One transfer between our gateway and another, as ours sees it: what both are to sign a receipt for.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::dicom::Uid;
use crate::digest::Sha256;
use crate::dimse::Class;
use crate::dimse::Status;
use crate::ledger::Amount;
use crate::ledger::Manifest;
use crate::ledger::StatedTransfer;
use crate::ledger::TransferId;
use crate::storage::random_bytes;
use crate::time::UtcMicros;

/// Instances that one receipt is for, at most; each costs 32 bytes of memory while the transfer lasts.
const INSTANCES_MAX: usize = 1_000_000;

/// Instances that may have arrived without their answers coming back, at most: one for each association.
const UNANSWERED_MAX: usize = 8;

/// Which side of a transfer we are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Role {
    /// We send.
    Sender,
    /// We receive.
    Recipient,
}

/// See the module. It is counted where images are relayed, by the decision that releases them.
#[derive(Debug)]
pub(in crate::gateway) struct Ticket {
    pub(in crate::gateway) transfer: TransferId,
    pub(in crate::gateway) with: InstitutionSlug,
    pub(in crate::gateway) role: Role,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Our first decision on it.
    ours: Option<Decided>,
    theirs: Option<u64>,
    manifest: Manifest,
    bytes: u64,
    failed: u64,
    unanswered: Vec<(Sha256, u64)>,
    /// More came than one receipt is for.
    too_many: bool,
    over: bool,
}

/// Our decision on a transfer.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Decided {
    pub(in crate::gateway) entry: u64,
    /// When it was asked for.
    pub(in crate::gateway) at: UtcMicros,
    /// Whose details it has, and of which retention class; `None`: nobody's.
    pub(in crate::gateway) keeping: Option<(Pseudonym, String)>,
}

/// A transfer that is over.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Finished {
    pub(in crate::gateway) transfer: TransferId,
    pub(in crate::gateway) with: InstitutionSlug,
    pub(in crate::gateway) role: Role,
    pub(in crate::gateway) ours: Decided,
    pub(in crate::gateway) theirs: Option<u64>,
    pub(in crate::gateway) failed: u64,
    /// What arrived for certain, then what may have arrived; `None`: more than one receipt is for.
    pub(in crate::gateway) possible: Option<Vec<Amount>>,
}

impl Ticket {
    /// The ticket of a transfer that we name; `None` when there is no chance to be had.
    pub(in crate::gateway) fn begin(with: &InstitutionSlug, role: Role) -> Option<Arc<Self>> {
        let transfer = TransferId::from_bytes(random_bytes().ok()?);
        Some(Self::new(transfer, with.clone(), role, None))
    }

    /// The ticket of a transfer that has a name.
    pub(in crate::gateway) fn new(
        transfer: TransferId,
        with: InstitutionSlug,
        role: Role,
        theirs: Option<u64>,
    ) -> Arc<Self> {
        Arc::new(Self {
            transfer,
            with,
            role,
            seen: Mutex::new(Seen {
                ours: None,
                theirs,
                manifest: Manifest::new(transfer.salt()),
                bytes: 0,
                failed: 0,
                unanswered: Vec::new(),
                too_many: false,
                over: false,
            }),
        })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// We decided; the first decision names the transfer in our ledger.
    pub(in crate::gateway) fn decided(&self, decided: Decided) {
        self.seen().ours.get_or_insert(decided);
    }

    /// What we state of it, which is `study`'s; `None` before it is permitted.
    pub(in crate::gateway) fn stated(&self, study: &Uid) -> Option<StatedTransfer> {
        let decision = self.seen().ours.as_ref()?.entry;
        Some(StatedTransfer {
            decision,
            study: self.transfer.study(study.as_str()),
            transfer: self.transfer,
        })
    }

    /// Whether the other side has said how it decided.
    pub(in crate::gateway) fn has_their_word(&self) -> bool {
        self.seen().theirs.is_some()
    }

    /// The other side decided.
    pub(in crate::gateway) fn they_decided(&self, entry: u64) {
        self.seen().theirs.get_or_insert(entry);
    }

    /// An instance was answered. A failure counts where it is the last word on the instance.
    pub(in crate::gateway) fn answered(
        &self,
        status: Status,
        digest: &Sha256,
        bytes: u64,
        is_last_word: bool,
    ) {
        let mut seen = self.seen();
        match status.class() {
            Class::Success | Class::Warning if seen.manifest.len() >= INSTANCES_MAX => {
                seen.too_many = true;
            }
            Class::Success | Class::Warning => {
                seen.manifest.add(digest);
                seen.bytes = seen.bytes.saturating_add(bytes);
            }
            Class::Failure | Class::Cancel | Class::Pending if !is_last_word => {}
            Class::Failure | Class::Cancel | Class::Pending => {
                seen.failed = seen.failed.saturating_add(1);
            }
        }
    }

    /// An instance went out whole, and no answer came back.
    /// Who receives has not received by that, whatever became of it beyond.
    pub(in crate::gateway) fn unanswered(&self, digest: &Sha256, bytes: u64, is_last_word: bool) {
        if self.role == Role::Recipient {
            if is_last_word {
                self.failed();
            }
            return;
        }
        let mut seen = self.seen();
        seen.failed = seen.failed.saturating_add(1);
        if seen.unanswered.len() < UNANSWERED_MAX {
            seen.unanswered.push((*digest, bytes));
        }
    }

    /// An instance did not go out whole.
    pub(in crate::gateway) fn failed(&self) {
        let mut seen = self.seen();
        seen.failed = seen.failed.saturating_add(1);
    }

    /// Ends it, once; `None` when it has ended before, was never permitted, or nothing moved.
    pub(in crate::gateway) fn finish(&self) -> Option<Finished> {
        let mut seen = self.seen();
        let ours = seen.ours.clone()?;
        if std::mem::replace(&mut seen.over, true) {
            return None;
        }
        let count = seen.manifest.len();
        if count == 0 && seen.unanswered.is_empty() {
            return None;
        }
        let amount = |instances: usize, bytes: u64, root: Sha256| Amount {
            bytes,
            instances: u64::try_from(instances).unwrap_or(u64::MAX),
            root,
        };
        let mut possible = vec![amount(count, seen.bytes, seen.manifest.root())];
        for (digest, bytes) in &seen.unanswered {
            possible.push(amount(
                count.saturating_add(1),
                seen.bytes.saturating_add(*bytes),
                seen.manifest.root_with(digest),
            ));
        }
        Some(Finished {
            transfer: self.transfer,
            with: self.with.clone(),
            role: self.role,
            ours,
            theirs: seen.theirs,
            failed: seen.failed,
            possible: (!seen.too_many).then_some(possible),
        })
    }
}

/// The ticket of a question, which is no part of what is asked: two questions that differ in it alone are the
/// same.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct Ticketed(pub(in crate::gateway) Option<Arc<Ticket>>);

impl PartialEq for Ticketed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Ticketed {}

#[cfg(test)]
impl Decided {
    /// By the entry of this number.
    pub(super) const fn of(entry: u64) -> Self {
        Self {
            entry,
            at: UtcMicros(1),
            keeping: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Arc<Ticket> {
        let transfer = TransferId::from_bytes([1; 16]);
        Ticket::new(transfer, "lakeside".parse().unwrap(), Role::Sender, Some(7))
    }

    fn digest(text: &str) -> Sha256 {
        Sha256::of(&[text.as_bytes()])
    }

    #[test]
    fn what_may_have_arrived_is_told_beside_what_did() {
        let ticket = ticket();
        ticket.decided(Decided::of(5));
        ticket.decided(Decided::of(6));
        ticket.answered(Status::SUCCESS, &digest("a"), 10, true);
        ticket.answered(Status::STORE_OUT_OF_RESOURCES, &digest("b"), 10, true);
        ticket.unanswered(&digest("c"), 5, true);
        let finished = ticket.finish().unwrap();
        assert_eq!((finished.ours.entry, finished.theirs), (5, Some(7)));
        assert_eq!(finished.failed, 2);
        let possible = finished.possible.unwrap();
        let amounts: Vec<_> = possible
            .iter()
            .map(|amount| (amount.instances, amount.bytes))
            .collect();
        assert_eq!(amounts, [(1, 10), (2, 15)]);
    }

    #[test]
    fn nothing_moved_is_no_transfer_and_one_ends_once() {
        let empty = ticket();
        empty.decided(Decided::of(5));
        empty.failed();
        assert!(empty.finish().is_none());
        let one = ticket();
        one.answered(Status::SUCCESS, &digest("a"), 10, true);
        assert!(one.finish().is_none(), "nobody permitted it");
        one.decided(Decided::of(5));
        assert!(one.finish().is_some());
        assert!(one.finish().is_none());
    }
}
