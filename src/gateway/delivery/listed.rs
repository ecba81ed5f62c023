//! Telling people what lies in the queues.

use std::collections::BTreeMap;

use super::Delivery;
use super::order::Order;
use super::queue::Hold;
use super::queue::Progress;
use super::queue::Study;
use crate::clock::Reading;
use crate::config::PeerName;
use crate::contract::Pseudonym;
use crate::digest::Sha256;
use crate::gateway::control::ListedAmount;
use crate::gateway::control::ListedObject;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::ListedStudy;
use crate::gateway::control::QueuePlace;
use crate::gateway::control::QueueState;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorder;
use crate::storage::ObjectId;
use crate::storage::Place;

/// Rows of a list of what lies in a queue.
const ROWS_MAX: usize = 1_000;

/// An object in a queue, as people are told of it.
#[derive(Clone, Debug)]
pub(super) struct Lying {
    pub(super) id: ObjectId,
    pub(super) place: Place,
    pub(super) study: Study,
    /// It was set aside, or a start could not read it.
    pub(super) is_aside: bool,
    /// What it is could be read.
    pub(super) is_known: bool,
    pub(super) row: ListedObject,
}

/// What the ledger calls the patient and the study of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) patient: Option<Pseudonym>,
    pub(super) study: Option<Sha256>,
}

/// Studies or objects of a queue, and how many more there are than are listed.
#[derive(Debug)]
pub(in crate::gateway) struct Content {
    pub(in crate::gateway) studies: Vec<ListedStudy>,
    pub(in crate::gateway) objects: Vec<ListedObject>,
    pub(in crate::gateway) more: u64,
}

impl Delivery {
    /// Every queue in which something lies, or that is served.
    pub(in crate::gateway) fn list(&self) -> Vec<ListedQueue> {
        let now = self.clock.read();
        let queues = self.queues.iter();
        let listed = queues.map(|(to, counter)| {
            let progress = counter.queue().progress(now.monotonic_us);
            self.listed(to, &progress, now)
        });
        listed.collect()
    }

    fn listed(&self, to: &PeerName, progress: &Progress, now: Reading) -> ListedQueue {
        let amount = |amount: super::queue::Amount| ListedAmount {
            objects: amount.objects,
            bytes: amount.bytes,
        };
        let after_us = |us: u64| now.wall.plus(i64::try_from(us).unwrap_or(i64::MAX));
        ListedQueue {
            queue: to.to_string(),
            state: self.state(to, progress),
            waiting: ListedAmount {
                objects: progress
                    .waiting
                    .objects
                    .saturating_add(progress.unread.objects),
                bytes: progress.waiting.bytes.saturating_add(progress.unread.bytes),
            },
            on_their_way: progress.on_their_way,
            delivered: amount(progress.delivered),
            dead: amount(progress.dead),
            quarantined: amount(progress.quarantined),
            uncommitted: amount(progress.uncommitted),
            bytes_per_second: progress.rate,
            oldest: progress.oldest,
            next_try: progress.next_try_in_us.map(after_us),
            expected_end: progress
                .ends_in_s
                .map(|seconds| after_us(seconds.saturating_mul(1_000_000))),
        }
    }

    fn state(&self, to: &PeerName, progress: &Progress) -> QueueState {
        if progress.is_paused {
            return QueueState::Paused;
        }
        if !self.reachable.contains(to) {
            return QueueState::NoPeer;
        }
        if progress.waiting.objects == 0 {
            return QueueState::Idle;
        }
        if !self.is_served {
            return QueueState::NotServed;
        }
        match progress.hold {
            Some(Hold::Unreachable) => QueueState::Down,
            Some(Hold::Busy) => QueueState::Busy,
            Some(Hold::NotRecorded) => QueueState::NotRecorded,
            None => QueueState::Working,
        }
    }

    /// What lies in a queue: by study, or one by one.
    ///
    /// # Errors
    /// When there is no such queue, or the recorder does not answer.
    pub(in crate::gateway) async fn content(
        &self,
        recorder: &Recorder,
        queue: &str,
        one_by_one: bool,
    ) -> Result<Content, RecordError> {
        let (to, _) = self.counter(queue)?;
        let lying = self.lying(&to);
        let mut content = Content {
            studies: Vec::new(),
            objects: Vec::new(),
            more: 0,
        };
        let mut names: BTreeMap<Study, Named> = BTreeMap::new();
        if one_by_one {
            for mut one in lying {
                if content.objects.len() >= ROWS_MAX {
                    content.more = content.more.saturating_add(1);
                    continue;
                }
                let named = self.named(recorder, &to, &one, &mut names).await?;
                (one.row.patient, one.row.study) = (named.patient, named.study);
                content.objects.push(one.row);
            }
            return Ok(content);
        }
        let mut studies: BTreeMap<(Place, Study), Vec<Lying>> = BTreeMap::new();
        for one in lying {
            let key = (one.place, one.study.clone());
            studies.entry(key).or_default().push(one);
        }
        for objects in studies.into_values() {
            let Some(first) = objects.first() else {
                continue;
            };
            if content.studies.len() >= ROWS_MAX {
                content.more = content.more.saturating_add(1);
                continue;
            }
            let named = self.named(recorder, &to, first, &mut names).await?;
            let sum = |sum: u64, one: &Lying| sum.saturating_add(one.row.bytes);
            content.studies.push(ListedStudy {
                study: named.study,
                patient: named.patient,
                place: listed_place(first.place),
                amount: ListedAmount {
                    objects: u64::try_from(objects.len()).unwrap_or(u64::MAX),
                    bytes: objects.iter().fold(0, sum),
                },
                oldest: objects.iter().filter_map(|one| one.row.received).min(),
                reason: first.row.reason.clone(),
            });
        }
        Ok(content)
    }

    /// All that lies in a queue, and is not on its way.
    pub(super) fn lying(&self, to: &PeerName) -> Vec<Lying> {
        let Some(counter) = self.queues.get(to) else {
            return Vec::new();
        };
        let queue = counter.queue();
        let waiting = queue.idle().map(|object| {
            let mut row = bare(object.id, Place::Waiting, object.bytes);
            row.received = Some(object.received_at);
            Lying {
                id: object.id,
                place: Place::Waiting,
                study: object.study,
                is_aside: false,
                is_known: true,
                row,
            }
        });
        let aside = queue.aside().map(|(id, aside)| {
            let mut row = bare(id, aside.place, aside.bytes);
            row.received = aside.known.as_ref().map(|known| known.received_at);
            if let Some(note) = &aside.note {
                row.since = Some(note.at);
                row.failure = note.failure.map(|failure| failure.as_str().to_owned());
                row.status = note.status;
                row.decision = note.decision;
                row.tries = Some(note.tries);
                row.reason = Some(note.text.clone());
            }
            Lying {
                id,
                place: aside.place,
                study: aside.study(),
                is_aside: true,
                is_known: aside.known.is_some(),
                row,
            }
        });
        let mut lying: Vec<Lying> = waiting.chain(aside).collect();
        lying.sort_by_key(|one| one.id);
        lying
    }

    /// What the ledger calls whose object this is. The object itself says: it is opened for it, once
    /// for each study.
    async fn named(
        &self,
        recorder: &Recorder,
        to: &PeerName,
        one: &Lying,
        names: &mut BTreeMap<Study, Named>,
    ) -> Result<Named, RecordError> {
        if let Some(known) = names.get(&one.study) {
            return Ok(*known);
        }
        let named = self.named_by_object(recorder, to, one).await?;
        names.insert(one.study.clone(), named);
        Ok(named)
    }

    /// The same, of this very object.
    pub(super) async fn named_by_object(
        &self,
        recorder: &Recorder,
        to: &PeerName,
        one: &Lying,
    ) -> Result<Named, RecordError> {
        let (spool, to, id, place) = (self.spool.clone(), to.clone(), one.id, one.place);
        let read = super::on_disk(move || {
            let reader = spool.read(&to, id, place)?;
            Ok(Order::from_bytes(reader.about()).ok())
        });
        // What cannot be read is nobody's.
        let Some(order) = read.await.ok().flatten() else {
            return Ok(Named::default());
        };
        let asked = order.asked();
        let study = asked.study.as_ref().map(|study| study.uid.to_string());
        let (patient, study) = recorder.names(asked.patient.clone(), study).await?;
        Ok(Named { patient, study })
    }
}

const fn bare(id: ObjectId, place: Place, bytes: u64) -> ListedObject {
    ListedObject {
        object: id.number(),
        place: listed_place(place),
        study: None,
        patient: None,
        bytes,
        received: None,
        since: None,
        failure: None,
        status: None,
        decision: None,
        tries: None,
        reason: None,
    }
}

pub(super) const fn listed_place(place: Place) -> QueuePlace {
    match place {
        Place::Waiting => QueuePlace::Waiting,
        Place::Dead => QueuePlace::Dead,
        Place::Quarantined => QueuePlace::Quarantined,
        Place::Delivered => QueuePlace::Delivered,
    }
}
