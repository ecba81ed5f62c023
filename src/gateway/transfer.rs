//! Transfers under way on one association: one decision each, with a tally of what followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Gateway;
use super::link::Receipted;
use super::link::Role;
use super::link::Ticket;
use super::recorder::Asked;
use super::recorder::Judged;
use super::recorder::RecordError;
use super::recorder::Recorded;
use crate::config::Mode;
use crate::config::Peer;
use crate::config::PeerName;
use crate::contract::Failures;
use crate::contract::Outcome;
use crate::contract::SopClasses;
use crate::dicom::Head;
use crate::dicom::Uid;
use crate::digest::Sha256;
use crate::dimse::Class;
use crate::dimse::Status;
use crate::ledger::Manifest;
use crate::ledger::SALT_BYTES;
use crate::ledger::StatedTransfer;

/// How long delivered instances may go unrecorded, in microseconds.
pub(super) const FLUSH_AFTER_US: u64 = 1_000_000;

/// Which side an instance was lost on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Who sends to us.
    Sender,
    /// Who receives from us.
    Recipient,
}

/// A data set that went out whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataSet {
    /// SHA-256 of it.
    pub(super) digest: Sha256,
    /// Its length.
    pub(super) bytes: u64,
    /// Its SOP class; `None` beside keys of parcels that an older version sealed.
    #[serde(default)]
    pub(super) class: Option<Uid>,
}

/// What followed a decision.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Instances that the destination took.
    pub(super) instances: u64,
    /// These by SOP class.
    pub(super) classes: SopClasses,
    /// Of these, with a warning.
    pub(super) warned: u64,
    /// Instances that did not arrive.
    pub(super) failed: u64,
    /// These by the status that refused them.
    pub(super) statuses: Failures,
    /// Instances that were sealed into the spool.
    pub(super) spooled: u64,
    /// Bytes of data sets that arrived.
    pub(super) bytes: u64,
    /// Whose association broke or refused, if any did.
    pub(super) fault: Option<Fault>,
    /// The SHA-256 of each delivered data set.
    digests: Vec<Sha256>,
}

impl Tally {
    /// Counts an instance that the destination answered with `status`.
    pub(super) fn answered(&mut self, status: Status, data_set: &DataSet) {
        let class = status.class();
        if !matches!(class, Class::Success | Class::Warning) {
            self.statuses.count(status.0);
        }
        match class {
            Class::Success | Class::Warning => {
                self.instances = self.instances.saturating_add(1);
                self.bytes = self.bytes.saturating_add(data_set.bytes);
                self.digests.push(data_set.digest);
                if let Some(class) = &data_set.class {
                    self.classes.count(class);
                }
                if class == Class::Warning {
                    self.warned = self.warned.saturating_add(1);
                }
            }
            // Refused: out of resources, A7xx (PS3.4 §B.2.3). Other failures may be the object's,
            // and with it the sender's.
            Class::Failure if status.0 & 0xff00 == Status::STORE_OUT_OF_RESOURCES.0 => {
                self.lost_by(Fault::Recipient);
            }
            Class::Failure | Class::Cancel | Class::Pending => self.withheld(),
        }
    }

    /// Counts an instance that did not arrive.
    pub(super) fn lost_by(&mut self, fault: Fault) {
        self.failed = self.failed.saturating_add(1);
        self.fault = Some(fault);
    }

    /// Counts an instance that was not let go: nobody's fault.
    pub(super) const fn withheld(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// Counts an instance that is durable in the spool.
    pub(super) const fn kept(&mut self) {
        self.spooled = self.spooled.saturating_add(1);
    }

    /// Nothing has been counted.
    pub(super) const fn is_empty(&self) -> bool {
        self.instances == 0 && self.failed == 0 && self.spooled == 0
    }

    /// The root of the manifest (see [`Manifest`]); `None` when nothing was delivered.
    pub(super) fn manifest_root(&self, salt: [u8; SALT_BYTES]) -> Option<Sha256> {
        let mut manifest = Manifest::new(salt);
        self.digests.iter().for_each(|digest| manifest.add(digest));
        (!manifest.is_empty()).then(|| manifest.root())
    }
}

/// How a part of a transfer came to be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    /// How this part ended.
    pub(super) outcome: Outcome,
    /// No further part follows.
    pub(super) is_final: bool,
}

impl Closing {
    /// A second has passed; the transfer goes on.
    pub(super) const INTERIM: Self = Self {
        outcome: Outcome::Completed,
        is_final: false,
    };

    /// The transfer ends.
    pub(super) const fn last(outcome: Outcome) -> Self {
        Self {
            outcome,
            is_final: true,
        }
    }
}

/// One decision and what followed it.
#[derive(Debug)]
pub(super) struct Transfer {
    /// The decision that releases.
    pub(super) recorded: Recorded,
    /// Since the last closing that was recorded.
    pub(super) tally: Tally,
    unrecorded_since_us: Option<u64>,
}

impl Transfer {
    pub(super) fn new(recorded: Recorded) -> Self {
        Self {
            recorded,
            tally: Tally::default(),
            unrecorded_since_us: None,
        }
    }

    /// Counts an instance; `now_us` is monotonic.
    pub(super) fn count(&mut self, now_us: u64, count: impl FnOnce(&mut Tally)) {
        count(&mut self.tally);
        self.unrecorded_since_us.get_or_insert(now_us);
    }

    /// Records what is unrecorded, if it has waited long enough.
    pub(super) async fn flush_if_due(&mut self, gateway: &Gateway, now_us: u64) {
        let due = |since: u64| now_us.saturating_sub(since) >= FLUSH_AFTER_US;
        if self.unrecorded_since_us.is_some_and(due) {
            let tally = std::mem::take(&mut self.tally);
            self.unrecorded_since_us = None;
            gateway
                .recorder
                .close(&self.recorded, &tally, Closing::INTERIM)
                .await;
        }
    }

    /// Records the end.
    pub(super) async fn close(self, gateway: &Gateway, outcome: Outcome) {
        gateway
            .recorder
            .close(&self.recorded, &self.tally, Closing::last(outcome))
            .await;
    }
}

/// What one decision serves: instances of the same patient, study and modality, and the same
/// presentation of all three, to the same destination under the same mode. Another Patient ID
/// under the same Study UID is another question, and so is another recipient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    patient_id: Option<Vec<u8>>,
    issuer: Option<Vec<u8>>,
    study: Option<Uid>,
    modality: Option<String>,
    to: PeerName,
    mode: Mode,
}

impl Key {
    pub(super) fn of(head: &Head, to: &Peer, mode: Mode) -> Self {
        Self {
            patient_id: head.patient_id.clone(),
            issuer: head.issuer_of_patient_id.clone(),
            study: head.study_instance_uid.clone(),
            modality: head.modality.clone(),
            to: to.name.clone(),
            mode,
        }
    }

    /// Who gets the instances.
    pub(super) const fn to(&self) -> &PeerName {
        &self.to
    }
}

impl Key {
    /// The key of an instance that is asked about again when it leaves the spool.
    pub(super) fn again(asked: &Asked, to: &PeerName, mode: Mode) -> Self {
        let patient = asked.patient.as_ref();
        let study = asked.study.as_ref();
        Self {
            patient_id: patient.map(|patient| patient.id.clone()),
            issuer: patient.map(|patient| patient.issuer.clone()),
            study: study.map(|study| study.uid.clone()),
            modality: study.and_then(|study| study.modalities.first().cloned()),
            to: to.clone(),
            mode,
        }
    }
}

/// The answers that an association has been given, and the transfers that they opened.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    answers: BTreeMap<Key, Answer>,
    /// Those to other gateways.
    receipted: Receipted,
}

#[derive(Debug)]
enum Answer {
    Open(Transfer),
    Refused(super::recorder::Refusal),
}

impl Answer {
    async fn close(self, gateway: &Gateway, outcome: Outcome) {
        match self {
            Self::Open(transfer) => transfer.close(gateway, outcome).await,
            Self::Refused(_) => {}
        }
    }
}

impl Transfers {
    /// The same for what leaves the spool: in one queue lies what different requesters sent, by
    /// different ways and for different purposes, so an answer stands for the very same question
    /// only.
    ///
    /// # Errors
    /// As [`Self::judge`].
    pub(super) async fn judge_again(
        &mut self,
        gateway: &Gateway,
        key: &Key,
        to: &Peer,
        asked: Asked,
    ) -> Result<Judged, RecordError> {
        let is_other = match self.answers.get(key) {
            Some(Answer::Open(transfer)) => !transfer.recorded.asked().is_same_question(&asked),
            Some(Answer::Refused(refusal)) => !refusal.asked().is_same_question(&asked),
            None => false,
        };
        if is_other && let Some(Answer::Open(transfer)) = self.answers.remove(key) {
            transfer.close(gateway, Outcome::Completed).await;
        }
        self.judge_sending(gateway, key, to, || asked).await
    }

    /// The same for what goes to `to` at once. To another gateway it goes as a transfer that both are to sign a
    /// receipt for.
    ///
    /// # Errors
    /// As [`Self::judge`].
    pub(super) async fn judge_sending(
        &mut self,
        gateway: &Gateway,
        key: &Key,
        to: &Peer,
        asked: impl FnOnce() -> Asked,
    ) -> Result<Judged, RecordError> {
        let ticket = match self.standing(gateway, key) {
            Some(standing) => return Ok(standing),
            None => self.receipted.ticket(gateway, to, key.study.as_ref()),
        };
        let asked = || match ticket {
            Some(ticket) => asked().of_transfer(ticket),
            None => asked(),
        };
        let judged = self.judge(gateway, key, asked).await?;
        if let (Judged::Permitted(recorded), Some(study)) = (&judged, &key.study)
            && let Some(ticket) = recorded.ticket()
            && ticket.role == Role::Sender
            && let Some(oldest) = self.receipted.begun(&to.name, study, ticket)
        {
            self.end(gateway, &[oldest], Outcome::Completed).await;
        }
        Ok(judged)
    }

    /// The answer that stands for instances of `key`.
    fn standing(&self, gateway: &Gateway, key: &Key) -> Option<Judged> {
        let now = gateway.clock.now();
        match self.answers.get(key)? {
            Answer::Open(transfer) if transfer.recorded.stands(now) => {
                Some(Judged::Permitted(transfer.recorded.clone()))
            }
            Answer::Refused(refusal) if refusal.stands(now) => {
                Some(Judged::Refused(refusal.clone()))
            }
            Answer::Open(_) | Answer::Refused(_) => None,
        }
    }

    /// The answer for instances of `key`: a standing one, else a new decision by the recorder.
    ///
    /// # Errors
    /// When the decision could not be recorded: nothing may be released then.
    pub(super) async fn judge(
        &mut self,
        gateway: &Gateway,
        key: &Key,
        asked: impl FnOnce() -> Asked,
    ) -> Result<Judged, RecordError> {
        if let Some(standing) = self.standing(gateway, key) {
            return Ok(standing);
        }
        let earlier = self.answers.remove(key);
        self.make_room(gateway).await;
        let judged = gateway.recorder.decide(asked()).await;
        if let Some(Answer::Open(transfer)) = earlier {
            let outcome = match &judged {
                Ok(Judged::Refused(_)) => Outcome::Stopped,
                Ok(Judged::Permitted(_)) | Err(_) => Outcome::Completed,
            };
            transfer.close(gateway, outcome).await;
        }
        let judged = judged?;
        let answer = match &judged {
            Judged::Permitted(recorded) => Answer::Open(Transfer::new(recorded.clone())),
            Judged::Refused(refusal) => Answer::Refused(refusal.clone()),
        };
        self.answers.insert(key.clone(), answer);
        Ok(judged)
    }

    /// The number of remembered answers is bounded; any one may go, it is asked again.
    async fn make_room(&mut self, gateway: &Gateway) {
        if self.answers.len() >= gateway.config.limits.permits_per_association_max
            && let Some((_, Answer::Open(transfer))) = self.answers.pop_first()
        {
            transfer.close(gateway, Outcome::Completed).await;
        }
    }

    /// Counts an instance of `key`'s transfer.
    pub(super) fn count(&mut self, key: &Key, now_us: u64, count: impl FnOnce(&mut Tally)) {
        if let Some(Answer::Open(transfer)) = self.answers.get_mut(key) {
            transfer.count(now_us, count);
        }
    }

    /// Something waits to be recorded.
    pub(super) fn has_unrecorded(&self) -> bool {
        let waiting = |answer: &Answer| match answer {
            Answer::Open(transfer) => transfer.unrecorded_since_us.is_some(),
            Answer::Refused(_) => false,
        };
        self.answers.values().any(waiting)
    }

    /// Records what has waited for a second.
    pub(super) async fn flush_due(&mut self, gateway: &Gateway) {
        let now_us = gateway.clock.read().monotonic_us;
        for answer in self.answers.values_mut() {
            match answer {
                Answer::Open(transfer) => transfer.flush_if_due(gateway, now_us).await,
                Answer::Refused(_) => {}
            }
        }
    }

    /// What is stated to `to`, another gateway: the transfers that are under way to it.
    pub(super) fn stated(&self, to: &PeerName) -> Vec<StatedTransfer> {
        self.receipted.stated(to)
    }

    /// The association to `to`, another gateway, is a new one: the other side ended what it knew of.
    pub(super) async fn begin_anew(&mut self, gateway: &Gateway, to: &PeerName) {
        let over = self.receipted.take(Some(to));
        self.end(gateway, &over, Outcome::Completed).await;
    }

    /// Ends transfers between gateways, and with each the permits under which it went: what is asked for
    /// afterwards is another.
    pub(super) async fn end(
        &mut self,
        gateway: &Gateway,
        tickets: &[Arc<Ticket>],
        outcome: Outcome,
    ) {
        let is_over = |answer: &Answer| match answer {
            Answer::Open(transfer) => transfer.recorded.ticket().is_some_and(|ticket| {
                let mut over = tickets.iter();
                over.any(|over| over.transfer == ticket.transfer)
            }),
            Answer::Refused(_) => false,
        };
        if !tickets.is_empty() {
            let over = self.answers.iter().filter(|(_, answer)| is_over(answer));
            let over: Vec<Key> = over.map(|(key, _)| key.clone()).collect();
            for key in over {
                if let Some(answer) = self.answers.remove(&key) {
                    answer.close(gateway, outcome).await;
                }
            }
        }
        for ticket in tickets {
            gateway.receipts.finish(gateway, ticket).await;
        }
    }

    /// Records the end of every transfer.
    pub(super) async fn close_all(&mut self, gateway: &Gateway, outcome: Outcome) {
        while let Some((_, answer)) = self.answers.pop_first() {
            answer.close(gateway, outcome).await;
        }
        for ticket in self.receipted.take(None) {
            gateway.receipts.finish(gateway, &ticket).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_destination_took_is_counted_by_class() {
        let mut tally = Tally::default();
        let data_set = DataSet {
            digest: Sha256::ZERO,
            bytes: 10,
            class: "1.2.840.10008.5.1.4.1.1.2".parse().ok(),
        };
        let unknown = DataSet {
            class: None,
            ..data_set.clone()
        };
        tally.answered(Status::SUCCESS, &data_set);
        tally.answered(Status(0xB000), &data_set);
        tally.answered(Status::STORE_OUT_OF_RESOURCES, &data_set);
        tally.answered(Status::SUCCESS, &unknown);
        tally.kept();
        let classes: Vec<u64> = tally.classes.iter().map(|(_, count)| count).collect();
        assert_eq!((tally.instances, classes), (3, vec![2]));
        assert_eq!(tally.classes.unnamed(tally.instances), 1);
    }
}
