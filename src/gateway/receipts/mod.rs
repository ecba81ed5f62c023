//! Receipts for transfers between our gateway and others: written when a transfer ends, exchanged by the
//! `exchange` room until both sides have signed, and recorded at each step before it is told.
//!
//! Who received writes the receipt and sends it; who sent waits for it. What is signed lies sealed in the
//! ledger, beside the entry that says how far it has come, and is taken up again from there after a restart.

mod book;
mod desk;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;

pub use book::Draft;
pub use desk::HeardReceipt;
pub use desk::ReceiptDesk;

use book::Book;
use book::Due;
use book::Filing;

use super::Gateway;
use super::link::Finished;
use super::link::Role;
use super::link::Ticket;
use super::recorder::Details;
use super::recorder::Filed;
use super::recorder::ReceiptDetails;
use super::recorder::RecordError;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::ReceiptStanding;
use crate::dimse::Status;
use crate::ledger::Amount;
use crate::ledger::Receipt;
use crate::ledger::Sent;
use crate::ledger::sign_text;
use crate::time::UtcMicros;

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    book: Mutex<Book>,
    /// There is something to send.
    wake: Notify,
}

impl Receipts {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether people are to be told of such a thing about a gateway now: once a minute.
    pub(super) fn tells(
        &self,
        gateway: &Gateway,
        of: &InstitutionSlug,
        code: &'static str,
    ) -> bool {
        let now_us = gateway.clock.read().monotonic_us;
        self.book().tells(of, code, now_us)
    }

    /// Makes known what we are about to send: its receipt may come before we have seen the end.
    pub(super) fn track(&self, ticket: &Arc<Ticket>) {
        self.book().track(ticket);
    }

    /// Ends a transfer, if it has not ended: what is known of it is made durable, and the receipt goes out, or
    /// is waited for.
    pub(super) async fn finish(&self, gateway: &Gateway, ticket: &Ticket) {
        let Some(finished) = ticket.finish() else {
            return;
        };
        let Some(possible) = &finished.possible else {
            let text = format!(
                "decision {} let more instances go than one receipt is for",
                finished.ours.entry
            );
            gateway.recorder.alert("receipt-impossible", text).await;
            return;
        };
        let Some((patient, class)) = finished.ours.keeping.clone() else {
            // Nothing identifies whose it is, so there is no key to seal it under.
            return;
        };
        let filing = Filing {
            decision: finished.ours.entry,
            institution: finished.with.clone(),
            patient,
            class,
        };
        let done = match finished.role {
            Role::Recipient => self.draft(gateway, &finished, possible, filing).await,
            Role::Sender => {
                self.await_receipt(gateway, &finished, possible, filing)
                    .await
            }
        };
        if let Err(error) = done {
            let decision = finished.ours.entry;
            tracing::error!(%error, decision, "a receipt is not recorded");
            let text = format!("no receipt for decision {decision} could be recorded");
            gateway.recorder.alert("receipt-lost", text).await;
        }
    }

    /// We received: the receipt is ours to write.
    async fn draft(
        &self,
        gateway: &Gateway,
        finished: &Finished,
        possible: &[Amount],
        filing: Filing,
    ) -> Result<(), RecordError> {
        let (Some(theirs), Some(amount)) = (finished.theirs, possible.first()) else {
            let text = format!(
                "the gateway of {} did not say by which decision it sent, so decision {} has no receipt",
                finished.with, finished.ours.entry
            );
            gateway.recorder.alert("receipt-impossible", text).await;
            return Ok(());
        };
        let receipt = Receipt {
            begun: finished.ours.at,
            bytes: amount.bytes,
            ended: gateway.clock.now().max(finished.ours.at),
            instances: amount.instances,
            recipient: gateway.config.gateway.institution.clone(),
            recipient_decision: finished.ours.entry,
            root: amount.root,
            sender: finished.with.clone(),
            sender_decision: theirs,
            status: status_of(finished),
            transfer: finished.transfer,
        };
        let note = sign_text(&receipt, &gateway.recorder.statement_signer())
            .map_err(|error| RecordError::Refused(error.to_string()))?;
        let details = filing.details(Some(note.clone()), None, None);
        filing
            .record(gateway, ReceiptStanding::Drafted, details)
            .await?;
        self.book().add_draft(Draft {
            transfer: finished.transfer,
            receipt,
            note,
            filing,
        });
        self.wake.notify_waiters();
        Ok(())
    }

    /// We sent: the other side says what it got.
    async fn await_receipt(
        &self,
        gateway: &Gateway,
        finished: &Finished,
        possible: &[Amount],
        filing: Filing,
    ) -> Result<(), RecordError> {
        let sent = Sent {
            decision: finished.ours.entry,
            recipient: finished.with.clone(),
            recipient_decision: finished.theirs,
            transfer: finished.transfer,
            possible: possible.to_vec(),
        };
        let details = filing.details(None, None, Some(sent.clone()));
        filing
            .record(gateway, ReceiptStanding::Due, details)
            .await?;
        self.book().add_due(Due { sent, filing });
        Ok(())
    }

    /// Takes up again what the ledger says is not settled.
    ///
    /// # Errors
    /// When the writer has ended.
    pub(super) async fn restore(&self, gateway: &Gateway) -> Result<(), RecordError> {
        let open = gateway.recorder.view(|state, _| {
            let open = state.receipts();
            let open = open.map(|(decision, open)| (decision, open.clone()));
            open.collect::<Vec<_>>()
        });
        for (decision, open) in open.await? {
            let Some((patient, text)) = gateway.recorder.unseal(open.entry).await? else {
                // The patient was forgotten, and what was signed with them.
                continue;
            };
            let Ok(details) = serde_json::from_slice::<ReceiptDetails>(&text) else {
                continue;
            };
            let filing = Filing {
                decision,
                institution: open.institution,
                patient,
                class: details.class,
            };
            self.book()
                .restore(filing, details.receipt, details.sent, gateway);
        }
        self.wake.notify_waiters();
        Ok(())
    }
}

impl Filing {
    fn details(
        &self,
        receipt: Option<String>,
        theirs: Option<String>,
        sent: Option<Sent>,
    ) -> ReceiptDetails {
        ReceiptDetails {
            class: self.class.clone(),
            receipt,
            theirs,
            sent,
        }
    }

    /// Records how far it has come, and waits until that is durable.
    async fn record(
        &self,
        gateway: &Gateway,
        standing: ReceiptStanding,
        details: ReceiptDetails,
    ) -> Result<u64, RecordError> {
        let body = Body::Receipt {
            decision: self.decision,
            institution: self.institution.clone(),
            patient: self.patient,
            standing,
        };
        let filed = Filed {
            patient: self.patient,
            class: self.class.clone(),
            details: Details::Receipt(Box::new(details)),
        };
        gateway.recorder.record_with(body, Some(filed)).await
    }
}

/// 0000H when all arrived, B000H when some did not (PS3.4 §C.4.2.1.5).
const fn status_of(finished: &Finished) -> u16 {
    match finished.failed {
        0 => Status::SUCCESS.0,
        _ => Status::SUBOPERATIONS_WARNING.0,
    }
}

/// What we would have signed of what `theirs` is about.
fn counter(sent: &Sent, own: &InstitutionSlug, theirs: &Receipt, now: UtcMicros) -> Receipt {
    let nothing = Amount {
        bytes: 0,
        instances: 0,
        root: crate::digest::Sha256::ZERO,
    };
    let amount = sent.possible.first().copied().unwrap_or(nothing);
    Receipt {
        begun: theirs.begun,
        bytes: amount.bytes,
        ended: now,
        instances: amount.instances,
        recipient: sent.recipient.clone(),
        recipient_decision: theirs.recipient_decision,
        root: amount.root,
        sender: own.clone(),
        sender_decision: sent.decision,
        status: theirs.status,
        transfer: sent.transfer,
    }
}
