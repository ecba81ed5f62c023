//! The transfers to other gateways that one association, or one queue, has under way: each study that goes has
//! one ticket on one association to the other gateway, whatever number of decisions it takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Asker;
use super::Ticket;
use super::Ticketed;
use super::ticket::Role;
use crate::config::Peer;
use crate::config::PeerName;
use crate::dicom::Uid;
use crate::gateway::Gateway;
use crate::gateway::recorder::Recorded;
use crate::ledger::StatedTransfer;
use crate::ledger::TransferId;
use crate::storage::random_bits;

/// Transfers that one association has under way with other gateways, at most; of more, none has a receipt.
const TRANSFERS_MAX: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Receipted {
    released: BTreeMap<(PeerName, Uid), Recorded>,
}

impl Receipted {
    /// The ticket for a study that goes to `to`, a gateway.
    pub(in crate::gateway) fn sending(
        &self,
        gateway: &Gateway,
        to: &Peer,
        study: Option<&Uid>,
    ) -> Ticketed {
        let through = to.through.as_ref().filter(|through| through.receipt);
        let (Some(through), Some(study)) = (through, study) else {
            return Ticketed::default();
        };
        Ticketed(self.known(to, study).or_else(|| {
            let transfer = TransferId::from_bytes(random_bits().ok()?);
            let with = through.institution.clone();
            let ticket = Ticket::new(transfer, with, Role::Sender, None);
            gateway.receipts.track(&ticket);
            Some(ticket)
        }))
    }

    /// Nothing is under way.
    pub(in crate::gateway) fn is_empty(&self) -> bool {
        self.released.is_empty()
    }

    fn known(&self, to: &Peer, study: &Uid) -> Option<Arc<Ticket>> {
        let key = (to.name.clone(), study.clone());
        self.released.get(&key)?.ticket().map(Arc::clone)
    }

    /// Remembers what releases a study. One that it takes the place of, of another transfer, is over.
    pub(in crate::gateway) async fn released(
        &mut self,
        gateway: &Gateway,
        to: &Peer,
        study: Option<&Uid>,
        recorded: &Recorded,
    ) {
        let (Some(ticket), Some(study)) = (recorded.ticket(), study) else {
            return;
        };
        let key = (to.name.clone(), study.clone());
        if self.released.len() >= TRANSFERS_MAX && !self.released.contains_key(&key) {
            return;
        }
        let transfer = ticket.transfer;
        let before = self.released.insert(key, recorded.clone());
        let before = before.as_ref().and_then(Recorded::ticket);
        if let Some(other) = before.filter(|one| one.transfer != transfer) {
            gateway.receipts.finish(gateway, other).await;
        }
    }

    /// Ends every transfer.
    pub(in crate::gateway) async fn finish_all(&mut self, gateway: &Gateway) {
        while let Some((_, recorded)) = self.released.pop_first() {
            if let Some(ticket) = recorded.ticket() {
                gateway.receipts.finish(gateway, ticket).await;
            }
        }
    }
}

/// What is stated of the transfer that `recorded` releases.
pub(in crate::gateway) fn transfer_of(recorded: &Recorded) -> Option<StatedTransfer> {
    let ticket = recorded.ticket()?;
    let study = recorded.asked().study.as_ref()?;
    Some(StatedTransfer {
        decision: ticket.ours()?,
        study: ticket.transfer.study(study.uid.as_str()),
        transfer: ticket.transfer,
    })
}

/// On whose behalf `recorded` releases something.
pub(in crate::gateway) fn asker_of(recorded: &Recorded) -> Asker {
    Asker::of_asked(recorded.asked())
}
