//! The desk that the exchange with other gateways goes to: receipts that they send us, and what they answer to
//! ours.

use std::sync::Arc;
use std::time::Duration;

use super::Due;
use super::book::Draft;
use super::book::Known;
use super::book::Settled;
use super::counter;
use crate::config::GatewayPeer;
use crate::contract::InstitutionSlug;
use crate::contract::ReceiptStanding;
use crate::gateway::Gateway;
use crate::gateway::RecordError;
use crate::gateway::recorder::ReceiptDetails;
use crate::ledger::Equivocation;
use crate::ledger::Objection;
use crate::ledger::Receipt;
use crate::ledger::ReceiptsContradict;
use crate::ledger::TransferId;
use crate::ledger::countersign;
use crate::ledger::open_text;
use crate::ledger::receipts_contradict;
use crate::ledger::sign_text;
use crate::ledger::signed_alone;

/// A handle for the exchange room.
#[derive(Clone)]
pub struct ReceiptDesk(pub(in crate::gateway) Arc<Gateway>);

impl std::fmt::Debug for ReceiptDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReceiptDesk")
    }
}

/// What a gateway hears that sent us a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeardReceipt {
    /// We signed it, too.
    Signed(String),
    /// We saw something else: what we would sign.
    Disputed(String),
    /// The transfer has not ended here, or cannot be recorded now: again later.
    Later,
    /// We know of no such transfer.
    Unknown,
    /// It is no receipt of this gateway's, or contradicts one that it signed.
    Refused(&'static str),
}

impl ReceiptDesk {
    /// A receipt that the gateway of `from` sent, which has proven that it is that.
    pub async fn hear(&self, from: &InstitutionSlug, note: &str) -> HeardReceipt {
        let gateway = &self.0;
        let Some(peer) = gateway.config.gateway_of(from) else {
            return HeardReceipt::Refused("no gateway of this institution is known");
        };
        let receipt = open_text::<Receipt>(note, &peer.statement_key);
        let Ok(receipt) = receipt else {
            self.tell(from, "receipt-refused", "is not signed by its key")
                .await;
            return HeardReceipt::Refused("not a receipt with your signature");
        };
        let own = &gateway.config.gateway.institution;
        if receipt.sender != *own || receipt.recipient != *from {
            self.tell(from, "receipt-refused", "is about other parties")
                .await;
            return HeardReceipt::Refused("not a receipt of yours for what we sent");
        }
        let known = gateway.receipts.book().take(receipt.transfer);
        match known {
            Known::Settled(settled) => self.again(peer, &receipt, note, settled).await,
            Known::Due(due) => self.settle(peer, *due, receipt, note).await,
            Known::Live => HeardReceipt::Later,
            Known::Nothing => {
                self.tell(
                    from,
                    "receipt-unknown",
                    "is about no transfer that is known here",
                )
                .await;
                HeardReceipt::Unknown
            }
        }
    }

    /// A receipt for a transfer that is settled: said again, or said otherwise.
    async fn again(
        &self,
        peer: &GatewayPeer,
        receipt: &Receipt,
        note: &str,
        settled: Settled,
    ) -> HeardReceipt {
        let gateway = &self.0;
        let from = &peer.peer.institution;
        if settled.institution != *from {
            self.tell(from, "receipt-refused", "is about a transfer with another")
                .await;
            return HeardReceipt::Refused("not a transfer of yours");
        }
        match receipts_contradict(&settled.theirs, note, &peer.statement_key) {
            Ok(Some(proof)) => {
                if gateway.receipts.book().convict(receipt.transfer) {
                    self.convict(peer, receipt.transfer, proof).await;
                }
                HeardReceipt::Refused("you signed another receipt for this transfer")
            }
            Ok(None) => {
                if gateway.receipts.book().repeat(receipt.transfer) {
                    self.tell(from, "receipt-repeated", "was sent again; it counts once")
                        .await;
                }
                match settled.agreed {
                    true => HeardReceipt::Signed(settled.answer),
                    false => HeardReceipt::Disputed(settled.answer),
                }
            }
            Err(_) => HeardReceipt::Refused("not a receipt with your signature"),
        }
    }

    /// Records two receipts that no honest gateway signs both.
    async fn convict(&self, peer: &GatewayPeer, transfer: TransferId, proof: ReceiptsContradict) {
        let gateway = &self.0;
        let proof = Equivocation {
            size: 0,
            first: proof.first,
            second: proof.second,
        };
        let (institution, key) = (peer.peer.institution.clone(), &peer.statement_key);
        let recorded = gateway.recorder.equivocated(institution, key, &proof);
        if let Err(error) = recorded.await {
            tracing::error!(%error, "contradictory receipts are not in the ledger");
            gateway.receipts.book().acquit(transfer);
        }
    }

    /// The receipt that was awaited. Durable before it is answered.
    async fn settle(
        &self,
        peer: &GatewayPeer,
        due: Due,
        receipt: Receipt,
        note: &str,
    ) -> HeardReceipt {
        let gateway = &self.0;
        let own = &gateway.config.gateway.institution;
        let signer = gateway.recorder.statement_signer();
        let agreed = match due.sent.check(own, &receipt) {
            Ok(()) => true,
            Err(Objection::OtherBytes) => false,
            Err(Objection::OtherTransfer) => {
                gateway.receipts.book().add_due(due);
                let from = &peer.peer.institution;
                self.tell(from, "receipt-refused", "is not about this transfer")
                    .await;
                return HeardReceipt::Refused("not about this transfer");
            }
        };
        let theirs = signed_alone(note, &peer.statement_key).unwrap_or_default();
        let answer = match agreed {
            true => countersign(&theirs, &signer),
            false => sign_text(
                &counter(&due.sent, own, &receipt, gateway.clock.now()),
                &signer,
            ),
        };
        let Ok(answer) = answer else {
            gateway.receipts.book().add_due(due);
            return HeardReceipt::Refused("too long to be signed");
        };
        let (standing, details) = match agreed {
            true => (
                ReceiptStanding::Agreed,
                due.filing.details(Some(answer.clone()), None, None),
            ),
            false => (
                ReceiptStanding::Disputed,
                due.filing
                    .details(Some(answer.clone()), Some(theirs.clone()), None),
            ),
        };
        if let Err(error) = due.filing.record(gateway, standing, details).await {
            tracing::error!(%error, "a receipt is not recorded");
            gateway.receipts.book().add_due(due);
            return HeardReceipt::Later;
        }
        let settled = Settled {
            institution: peer.peer.institution.clone(),
            theirs,
            answer: answer.clone(),
            agreed,
            repeated: false,
            convicted: false,
        };
        gateway.receipts.book().settle(receipt.transfer, settled);
        match agreed {
            true => HeardReceipt::Signed(answer),
            false => HeardReceipt::Disputed(answer),
        }
    }

    /// The receipt that lies sealed beside this entry, with the signatures that it has; `None` when there is
    /// none, or when its patient was forgotten.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn sealed(&self, entry: u64) -> Result<Option<String>, RecordError> {
        let Some((_, text)) = self.0.recorder.unseal(entry).await? else {
            return Ok(None);
        };
        let details = serde_json::from_slice::<ReceiptDetails>(&text);
        Ok(details.ok().and_then(|details| details.receipt))
    }

    /// The next receipt of ours for the gateway of `to`; waits until there is one, and it is time to send it.
    pub async fn next(&self, to: &InstitutionSlug) -> Draft {
        let receipts = &self.0.receipts;
        loop {
            let woken = receipts.wake.notified();
            tokio::pin!(woken);
            // From here on no new one goes unnoticed.
            woken.as_mut().enable();
            let next = receipts.book().next(to);
            let Some((due_us, draft)) = next else {
                woken.await;
                continue;
            };
            let now_us = self.0.clock.read().monotonic_us;
            if due_us <= now_us {
                return draft;
            }
            let wait = Duration::from_micros(due_us.saturating_sub(now_us));
            // Woken early, another one may be first.
            let _ = tokio::time::timeout(wait, woken).await;
        }
    }

    /// The other side signed `draft`, too, and answered with `note`.
    ///
    /// # Errors
    /// When it did not, or that cannot be recorded: the draft is sent again.
    pub async fn confirmed(&self, draft: &Draft, note: &str) -> Result<(), RecordError> {
        let peer = self.peer_of(draft)?;
        let signed = open_text::<Receipt>(note, &peer.statement_key);
        let is_ours = signed.is_ok_and(|receipt| receipt == draft.receipt);
        if !is_ours {
            return Err(RecordError::Refused(
                "the answer is not our receipt, signed".to_owned(),
            ));
        }
        let both = Some(note.to_owned());
        let details = draft.filing.details(both, None, None);
        let recorded = draft
            .filing
            .record(&self.0, ReceiptStanding::Agreed, details);
        self.settled(draft, recorded.await, note, true)
    }

    /// The other side signed `note` instead, about the same transfer.
    ///
    /// # Errors
    /// When it did not, or that cannot be recorded: the draft is sent again.
    pub async fn disputed(&self, draft: &Draft, note: &str) -> Result<(), RecordError> {
        let peer = self.peer_of(draft)?;
        let other = open_text::<Receipt>(note, &peer.statement_key);
        let contradicts = other.is_ok_and(|other| {
            other.transfer == draft.transfer && other.amount() != draft.receipt.amount()
        });
        if !contradicts {
            return Err(RecordError::Refused(
                "the answer is no receipt of the other side".to_owned(),
            ));
        }
        let details = draft
            .filing
            .details(Some(draft.note.clone()), Some(note.to_owned()), None);
        let recorded = draft
            .filing
            .record(&self.0, ReceiptStanding::Disputed, details);
        self.settled(draft, recorded.await, note, false)
    }

    fn peer_of(&self, draft: &Draft) -> Result<&GatewayPeer, RecordError> {
        let known = self.0.config.gateway_of(&draft.filing.institution);
        known
            .map(|peer| &**peer)
            .ok_or_else(|| RecordError::Refused("no such gateway is configured".to_owned()))
    }

    fn settled(
        &self,
        draft: &Draft,
        recorded: Result<u64, RecordError>,
        theirs: &str,
        agreed: bool,
    ) -> Result<(), RecordError> {
        match recorded {
            // The contract has settled it already, or forgotten it.
            Err(RecordError::Refused(why)) => {
                tracing::warn!(why, "a receipt was settled before");
                self.0.receipts.book().drop_draft(draft.transfer);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => {
                let settled = Settled {
                    institution: draft.filing.institution.clone(),
                    theirs: theirs.to_owned(),
                    answer: draft.note.clone(),
                    agreed,
                    repeated: false,
                    convicted: false,
                };
                self.0.receipts.book().settle(draft.transfer, settled);
                Ok(())
            }
        }
    }

    /// The other side will not sign `draft`: it is not sent any more, and people are told. It counts as missing
    /// when it is due.
    pub async fn give_up(&self, draft: &Draft) {
        self.0.receipts.book().drop_draft(draft.transfer);
        let text = format!(
            "the gateway of {} does not sign the receipt for decision {}",
            draft.filing.institution, draft.filing.decision
        );
        self.0.recorder.alert("receipt-unsigned", text).await;
    }

    /// `draft` was not sent or not answered: again after `pause` of the number of failures, which it gives.
    pub fn later(&self, draft: &Draft, pause: impl FnOnce(u32) -> Duration) -> u32 {
        let now_us = self.0.clock.read().monotonic_us;
        let due_us = |failures| {
            let pause = u64::try_from(pause(failures).as_micros()).unwrap_or(u64::MAX);
            now_us.saturating_add(pause)
        };
        self.0.receipts.book().failed(draft.transfer, due_us)
    }

    /// Tells people what is wrong with a receipt; once a minute for each gateway and kind.
    async fn tell(&self, of: &InstitutionSlug, code: &'static str, what: &str) {
        let now_us = self.0.clock.read().monotonic_us;
        if self.0.receipts.book().tells(of, code, now_us) {
            let text = format!("a receipt of the gateway of {of} {what}");
            self.0.recorder.alert(code, text).await;
        }
    }
}
