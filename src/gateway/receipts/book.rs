//! What is kept in memory of receipts: what is awaited, what is to be sent, what was settled lately.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Weak;

use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::gateway::Gateway;
use crate::gateway::link::Ticket;
use crate::ledger::Receipt;
use crate::ledger::Sent;
use crate::ledger::TransferId;
use crate::ledger::open_text;

/// Settled receipts that are remembered, so that one that is said twice, or otherwise, is known: the newest.
const SETTLED_MAX: usize = 10_000;

/// From one alert about a gateway's receipts to the next of its kind.
const TELL_EVERY_US: u64 = 60_000_000;

/// Where in the ledger a receipt belongs.
#[derive(Clone, Debug)]
pub(super) struct Filing {
    pub(super) decision: u64,
    pub(super) institution: InstitutionSlug,
    pub(super) patient: Pseudonym,
    pub(super) class: String,
}

/// What we sent, until the other side has said what it got.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) sent: Sent,
    pub(super) filing: Filing,
}

/// A receipt that we wrote and that the other side is to sign.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) transfer: TransferId,
    pub(super) receipt: Receipt,
    /// The receipt with our signature, a signed note.
    pub note: String,
    pub(super) filing: Filing,
}

impl Draft {
    /// Who is to sign it.
    pub const fn institution(&self) -> &InstitutionSlug {
        &self.filing.institution
    }
}

/// A receipt that is settled.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) institution: InstitutionSlug,
    /// As the other side signed it.
    pub(super) theirs: String,
    /// What we answered, and whether we agreed.
    pub(super) answer: String,
    pub(super) agreed: bool,
    /// That it was said again was told.
    pub(super) repeated: bool,
    /// That the other side signed something else, too, is recorded, or about to be.
    pub(super) convicted: bool,
}

/// When a draft is to be sent next.
#[derive(Debug)]
struct Waiting {
    draft: Draft,
    due_us: u64,
    failures: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Book {
    live: BTreeMap<TransferId, Weak<Ticket>>,
    due: BTreeMap<TransferId, Due>,
    /// Those of which a receipt has come and is being recorded.
    settling: BTreeSet<TransferId>,
    drafts: BTreeMap<TransferId, Waiting>,
    settled: BTreeMap<TransferId, Settled>,
    order: VecDeque<TransferId>,
    told: BTreeMap<(InstitutionSlug, &'static str), u64>,
}

/// What is known of a transfer that a receipt is about.
pub(super) enum Known {
    Due(Box<Due>),
    Settled(Settled),
    /// It has not ended here, or is being settled.
    Live,
    Nothing,
}

impl Book {
    pub(super) fn track(&mut self, ticket: &Arc<Ticket>) {
        self.live.retain(|_, ticket| ticket.strong_count() > 0);
        self.live.insert(ticket.transfer, Arc::downgrade(ticket));
    }

    pub(super) fn add_due(&mut self, due: Due) {
        self.live.remove(&due.sent.transfer);
        self.settling.remove(&due.sent.transfer);
        self.due.insert(due.sent.transfer, due);
    }

    pub(super) fn add_draft(&mut self, draft: Draft) {
        let waiting = Waiting {
            due_us: 0,
            failures: 0,
            draft,
        };
        self.drafts.insert(waiting.draft.transfer, waiting);
    }

    /// Takes up what the ledger's sealed details tell of an open receipt.
    pub(super) fn restore(
        &mut self,
        filing: Filing,
        receipt: Option<String>,
        sent: Option<Sent>,
        gateway: &Gateway,
    ) {
        if let Some(sent) = sent {
            return self.add_due(Due { sent, filing });
        }
        let Some(note) = receipt else {
            return;
        };
        let signer = gateway.recorder.statement_signer();
        if let Ok(receipt) = open_text::<Receipt>(&note, signer.key()) {
            self.add_draft(Draft {
                transfer: receipt.transfer,
                receipt,
                note,
                filing,
            });
        }
    }

    /// It is not waited for any more.
    pub(super) fn drop_due(&mut self, transfer: TransferId) {
        self.settling.remove(&transfer);
    }

    /// What is known of `transfer`; what is due is taken out until it is settled, dropped or put back.
    pub(super) fn take(&mut self, transfer: TransferId) -> Known {
        if let Some(settled) = self.settled.get(&transfer) {
            return Known::Settled(settled.clone());
        }
        if let Some(due) = self.due.remove(&transfer) {
            self.settling.insert(transfer);
            return Known::Due(Box::new(due));
        }
        let live = self.live.get(&transfer);
        let is_live = live.is_some_and(|ticket| ticket.strong_count() > 0);
        match is_live || self.settling.contains(&transfer) {
            true => Known::Live,
            false => Known::Nothing,
        }
    }

    pub(super) fn settle(&mut self, transfer: TransferId, settled: Settled) {
        self.settling.remove(&transfer);
        if self.settled.insert(transfer, settled).is_none() {
            self.order.push_back(transfer);
        }
        if self.order.len() > SETTLED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.settled.remove(&oldest);
        }
    }

    /// Marks a settled receipt as said again; whether that is new.
    pub(super) fn repeat(&mut self, transfer: TransferId) -> bool {
        let settled = self.settled.get_mut(&transfer);
        settled.is_some_and(|settled| !std::mem::replace(&mut settled.repeated, true))
    }

    /// Marks a settled receipt as contradicted by who signed it; whether that is new. A courier that does not
    /// know of it sends the same again and again: it is recorded and charged once.
    pub(super) fn convict(&mut self, transfer: TransferId) -> bool {
        let settled = self.settled.get_mut(&transfer);
        settled.is_some_and(|settled| !std::mem::replace(&mut settled.convicted, true))
    }

    /// It could not be recorded: again when it comes again.
    pub(super) fn acquit(&mut self, transfer: TransferId) {
        if let Some(settled) = self.settled.get_mut(&transfer) {
            settled.convicted = false;
        }
    }

    /// Whether people are to be told of such a thing now.
    pub(super) fn tells(&mut self, of: &InstitutionSlug, code: &'static str, now_us: u64) -> bool {
        let key = (of.clone(), code);
        let before = self.told.get(&key);
        if before.is_some_and(|before| now_us.saturating_sub(*before) < TELL_EVERY_US) {
            return false;
        }
        self.told.insert(key, now_us);
        true
    }

    /// The draft that is to be sent first, and when.
    pub(super) fn next(&self, to: &InstitutionSlug) -> Option<(u64, Draft)> {
        let drafts = self.drafts.values();
        let theirs = drafts.filter(|waiting| waiting.draft.institution() == to);
        let first = theirs.min_by_key(|waiting| waiting.due_us)?;
        Some((first.due_us, first.draft.clone()))
    }

    /// It was not sent, or not answered; gives how often that has happened.
    pub(super) fn failed(&mut self, transfer: TransferId, due_us: impl FnOnce(u32) -> u64) -> u32 {
        let Some(waiting) = self.drafts.get_mut(&transfer) else {
            return 0;
        };
        waiting.failures = waiting.failures.saturating_add(1);
        waiting.due_us = due_us(waiting.failures);
        waiting.failures
    }

    /// It is not to be sent any more.
    pub(super) fn drop_draft(&mut self, transfer: TransferId) {
        self.drafts.remove(&transfer);
    }
}
