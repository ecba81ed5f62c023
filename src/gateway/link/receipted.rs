//! The transfers to other gateways that one association, or one queue, has under way: each study that goes has
//! one ticket on one association to the other gateway, whatever number of decisions it takes.

use std::sync::Arc;

use super::Ticket;
use super::ticket::Role;
use crate::config::Peer;
use crate::config::PeerName;
use crate::dicom::Uid;
use crate::gateway::Gateway;
use crate::ledger::STATED_TRANSFERS_MAX;
use crate::ledger::StatedTransfer;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Receipted {
    /// The oldest first.
    sending: Vec<Sending>,
}

#[derive(Debug)]
struct Sending {
    to: PeerName,
    study: Uid,
    ticket: Arc<Ticket>,
}

impl Receipted {
    /// The ticket for a study that goes to `to`, a gateway: of the transfer that is under way, or a new one.
    pub(in crate::gateway) fn ticket(
        &self,
        gateway: &Gateway,
        to: &Peer,
        study: Option<&Uid>,
    ) -> Option<Arc<Ticket>> {
        let through = to.through.as_ref().filter(|through| through.receipt)?;
        let study = study?;
        let is_it = |one: &&Sending| one.to == to.name && one.study == *study;
        if let Some(known) = self.sending.iter().find(is_it) {
            return Some(Arc::clone(&known.ticket));
        }
        let ticket = Ticket::begin(&through.institution, Role::Sender)?;
        gateway.receipts.track(&ticket);
        Some(ticket)
    }

    /// Remembers a transfer that is permitted. One statement names them all, so of too many the oldest ends:
    /// its ticket.
    pub(in crate::gateway) fn begun(
        &mut self,
        to: &PeerName,
        study: &Uid,
        ticket: &Arc<Ticket>,
    ) -> Option<Arc<Ticket>> {
        let is_it = |one: &Sending| one.ticket.transfer == ticket.transfer;
        if self.sending.iter().any(is_it) {
            return None;
        }
        self.sending.push(Sending {
            to: to.clone(),
            study: study.clone(),
            ticket: Arc::clone(ticket),
        });
        let mut same = self.sending.iter().enumerate();
        let mut same = same.by_ref().filter(|(_, one)| one.to == *to);
        let (oldest, _) = same.next()?;
        let is_too_many = same.count() >= STATED_TRANSFERS_MAX;
        is_too_many.then(|| self.sending.remove(oldest).ticket)
    }

    /// What is stated to `to`: all that is under way, for what a statement does not name is over.
    pub(in crate::gateway) fn stated(&self, to: &PeerName) -> Vec<StatedTransfer> {
        let to_it = self.sending.iter().filter(|one| one.to == *to);
        to_it
            .filter_map(|one| one.ticket.stated(&one.study))
            .collect()
    }

    /// Takes what is under way to `to`; to everybody, without.
    pub(in crate::gateway) fn take(&mut self, to: Option<&PeerName>) -> Vec<Arc<Ticket>> {
        let is_over = |one: &mut Sending| to.is_none_or(|to| one.to == *to);
        let over = self.sending.extract_if(.., is_over);
        over.map(|one| one.ticket).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decided;
    use super::*;
    use crate::contract::InstitutionSlug;

    fn study(number: usize) -> Uid {
        format!("1.2.{number}").parse().unwrap()
    }

    #[test]
    fn a_statement_names_all_that_is_under_way_and_the_oldest_gives_way() {
        let with: InstitutionSlug = "lakeside".parse().unwrap();
        let (to, other): (PeerName, PeerName) =
            ("lakeside".parse().unwrap(), "harbour".parse().unwrap());
        let mut receipted = Receipted::default();
        let elsewhere = Ticket::begin(&with, Role::Sender).unwrap();
        assert!(receipted.begun(&other, &study(0), &elsewhere).is_none());
        let mut tickets = Vec::new();
        for number in 0..STATED_TRANSFERS_MAX {
            let ticket = Ticket::begin(&with, Role::Sender).unwrap();
            ticket.decided(Decided::of(number as u64));
            assert!(receipted.begun(&to, &study(number), &ticket).is_none());
            // Another decision on the same.
            assert!(receipted.begun(&to, &study(number), &ticket).is_none());
            tickets.push(ticket);
        }
        assert_eq!(receipted.stated(&to).len(), STATED_TRANSFERS_MAX);
        let one_more = Ticket::begin(&with, Role::Sender).unwrap();
        one_more.decided(Decided::of(99));
        let oldest = receipted.begun(&to, &study(99), &one_more).unwrap();
        assert_eq!(oldest.transfer, tickets.first().unwrap().transfer);
        let stated = receipted.stated(&to);
        assert_eq!(stated.len(), STATED_TRANSFERS_MAX);
        let decisions: Vec<u64> = stated.iter().map(|one| one.decision).collect();
        assert_eq!((decisions.first(), decisions.last()), (Some(&1), Some(&99)));
        assert_eq!(receipted.take(Some(&to)).len(), STATED_TRANSFERS_MAX);
        assert!(receipted.stated(&to).is_empty());
        assert_eq!(receipted.take(None).len(), 1);
    }
}
