//! What people do to queues. It is recorded first and done then: should the gateway end in between,
//! the ledger says what was meant, and the instances lie where they lay.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Counter;
use super::Delivery;
use super::listed::Lying;
use super::listed::Named;
use super::listed::listed_place;
use super::on_disk;
use super::queue::Object;
use crate::config::PeerName;
use crate::contract::Body;
use crate::contract::QueueAct;
use crate::gateway::control::QueueChange;
use crate::gateway::control::QueuePlace;
use crate::gateway::control::Selection;
use crate::gateway::recorder::PatientIdentity;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorder;
use crate::storage::Place;
use crate::storage::SpoolError;

/// Characters of the longest reason, and of the longest name of a person.
const TEXT_CHARACTERS_MAX: usize = 200;
/// Fewest characters that name a study by the beginning of its digest.
const DIGEST_CHARACTERS_MIN: usize = 8;

/// What was done.
#[derive(Debug)]
pub(in crate::gateway) struct Done {
    /// To how many instances.
    pub(in crate::gateway) objects: u64,
    /// The entries that record it.
    pub(in crate::gateway) entries: Vec<u64>,
}

/// An instance that a change is about.
struct Chosen {
    lying: Lying,
    named: Named,
    /// It was taken out of the queue meanwhile, to be put back if nothing is recorded.
    withdrawn: Option<Object>,
}

impl Delivery {
    /// Does what `by` wants.
    ///
    /// # Errors
    /// When there is no such queue or instance, or it cannot be recorded; nothing is done then.
    /// When the spool fails after that, part of it may be done.
    pub(in crate::gateway) async fn change(
        &self,
        recorder: &Recorder,
        change: QueueChange,
        by: &str,
    ) -> Result<Done, RecordError> {
        let (to, counter) = self.counter(&change.queue)?;
        check_texts(&change, by)?;
        match change.act {
            QueueAct::Paused | QueueAct::Resumed => {
                self.pause(recorder, &to, &counter, &change, by).await
            }
            QueueAct::Retried | QueueAct::Released | QueueAct::Dropped => {
                let chosen = self.choose(recorder, &to, &counter, &change).await?;
                let done = self
                    .record_and_do(recorder, &to, &counter, &change, by, chosen)
                    .await?;
                if change.act == QueueAct::Retried {
                    let now_us = self.clock.read().monotonic_us;
                    counter.change(|queue| queue.try_now(now_us));
                }
                Ok(done)
            }
        }
    }

    /// The queue of this name.
    pub(super) fn counter(&self, queue: &str) -> Result<(PeerName, Arc<Counter>), RecordError> {
        let found = self.queues.iter().find(|(to, _)| **to == *queue);
        let found = found.map(|(to, counter)| (to.clone(), Arc::clone(counter)));
        found.ok_or_else(|| RecordError::Refused(format!("there is no queue {queue:?}")))
    }

    async fn pause(
        &self,
        recorder: &Recorder,
        to: &PeerName,
        counter: &Counter,
        change: &QueueChange,
        by: &str,
    ) -> Result<Done, RecordError> {
        let is_paused = change.act == QueueAct::Paused;
        let objects = {
            let now_us = self.clock.read().monotonic_us;
            counter.queue().progress(now_us).waiting.objects
        };
        let body = event(to, change, by, objects, Named::default());
        let entry = recorder.record(body).await?;
        let (spool, queue) = (Arc::clone(&self.spool), to.clone());
        let set = on_disk(move || spool.set_paused(&queue, is_paused)).await;
        set.map_err(|error| half_done(&error))?;
        counter.change(|queue| queue.set_paused(is_paused));
        Ok(Done {
            objects,
            entries: vec![entry],
        })
    }

    /// What the change is about, as far as it is not on its way. What waits and is to go is taken
    /// out of its queue.
    async fn choose(
        &self,
        recorder: &Recorder,
        to: &PeerName,
        counter: &Counter,
        change: &QueueChange,
    ) -> Result<Vec<Chosen>, RecordError> {
        let patient = match &change.only.patient {
            Some(patient) => {
                let identity: PatientIdentity = patient.identity();
                let (known, _) = recorder.names(Some(identity), None).await?;
                Some(known.ok_or_else(|| {
                    RecordError::Refused("the gateway has not met this patient".to_owned())
                })?)
            }
            None => None,
        };
        let mut chosen = Vec::new();
        for lying in self.lying(to) {
            if !may_be(change, &lying) {
                continue;
            }
            let named = self.named_by_object(recorder, to, &lying).await?;
            let is_study = change.only.study.as_ref().is_none_or(|wanted| {
                let digest = named.study.map(|digest| digest.to_string());
                digest.is_some_and(|digest| digest.starts_with(wanted.as_str()))
            });
            if !is_study || patient.is_some_and(|patient| named.patient != Some(patient)) {
                continue;
            }
            let mut withdrawn = None;
            if !lying.is_aside {
                withdrawn = counter.change(|queue| queue.withdraw(&lying.study, lying.id));
                if withdrawn.is_none() {
                    // It is on its way by now.
                    continue;
                }
            }
            chosen.push(Chosen {
                lying,
                named,
                withdrawn,
            });
        }
        let narrowed = change.only.object.is_some()
            || change.only.study.is_some()
            || change.only.patient.is_some();
        if chosen.is_empty() && (narrowed || change.act != QueueAct::Retried) {
            return Err(RecordError::Refused(format!(
                "there is nothing in queue {to} that could be {}",
                change.act.as_str()
            )));
        }
        Ok(chosen)
    }

    async fn record_and_do(
        &self,
        recorder: &Recorder,
        to: &PeerName,
        counter: &Counter,
        change: &QueueChange,
        by: &str,
        chosen: Vec<Chosen>,
    ) -> Result<Done, RecordError> {
        let mut counts: BTreeMap<Named, u64> = BTreeMap::new();
        for one in &chosen {
            let count = counts.entry(one.named).or_default();
            *count = count.saturating_add(1);
        }
        if counts.is_empty() {
            counts.insert(Named::default(), 0);
        }
        let mut entries = Vec::new();
        for (named, objects) in counts {
            match recorder.record(event(to, change, by, objects, named)).await {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    self.give_back(counter, chosen);
                    return Err(error);
                }
            }
        }
        let objects = u64::try_from(chosen.len()).unwrap_or(u64::MAX);
        let mut chosen = chosen.into_iter();
        while let Some(one) = chosen.next() {
            if let Err(error) = self.act(to, counter, change.act, &one.lying).await {
                // Of what was taken out of the queue, this and the rest wait again.
                let rest = std::iter::once(one).chain(chosen);
                self.give_back(counter, rest.collect());
                return Err(half_done(&error));
            }
        }
        if change.act == QueueAct::Dropped {
            let (spool, queue) = (Arc::clone(&self.spool), to.clone());
            let synced = on_disk(move || spool.sync(&queue)).await;
            synced.map_err(|error| half_done(&error))?;
        }
        Ok(Done { objects, entries })
    }

    /// Nothing was recorded: what was taken out of the queue waits again.
    fn give_back(&self, counter: &Counter, chosen: Vec<Chosen>) {
        let now_us = self.clock.read().monotonic_us;
        for object in chosen.into_iter().filter_map(|one| one.withdrawn) {
            counter.change(|queue| queue.add(now_us, object));
        }
    }

    async fn act(
        &self,
        to: &PeerName,
        counter: &Counter,
        act: QueueAct,
        lying: &Lying,
    ) -> Result<(), SpoolError> {
        let (id, place) = (lying.id, lying.place);
        match act {
            QueueAct::Dropped => {
                let (spool, queue) = (Arc::clone(&self.spool), to.clone());
                on_disk(move || spool.remove(&queue, id, place)).await?;
                counter.change(|queue| queue.forget(id));
            }
            QueueAct::Retried | QueueAct::Released => {
                self.put(to, id, place, Place::Waiting, None).await?;
                let now_us = self.clock.read().monotonic_us;
                counter.change(|queue| queue.bring_back(now_us, id));
            }
            QueueAct::Paused | QueueAct::Resumed => {}
        }
        Ok(())
    }
}

/// Whether the act is for objects that lie there, and the object is meant as far as its place and
/// number tell.
fn may_be(change: &QueueChange, lying: &Lying) -> bool {
    let Selection { object, place, .. } = &change.only;
    if object.is_some_and(|object| object != lying.id.number()) {
        return false;
    }
    let lies = listed_place(lying.place);
    match change.act {
        QueueAct::Retried => lies == QueuePlace::Dead && lying.is_known,
        QueueAct::Released => lies == QueuePlace::Quarantined && lying.is_known,
        QueueAct::Dropped => match place {
            Some(place) => *place == lies,
            // What still waits is not dropped by somebody who cleans up.
            None => object.is_some() || matches!(lies, QueuePlace::Dead | QueuePlace::Quarantined),
        },
        QueueAct::Paused | QueueAct::Resumed => false,
    }
}

fn event(to: &PeerName, change: &QueueChange, by: &str, objects: u64, named: Named) -> Body {
    Body::QueueChanged {
        queue: to.to_string(),
        act: change.act,
        objects,
        patient: named.patient,
        study: named.study,
        reason: change.reason.clone(),
        by: by.to_owned(),
    }
}

fn half_done(error: &SpoolError) -> RecordError {
    RecordError::Refused(format!(
        "it is recorded, but not all of it is done: {error}"
    ))
}

fn check_texts(change: &QueueChange, by: &str) -> Result<(), RecordError> {
    for (what, text) in [("reason", change.reason.as_str()), ("name", by)] {
        if text.chars().count() > TEXT_CHARACTERS_MAX || text.chars().any(char::is_control) {
            return Err(RecordError::Refused(format!(
                "a {what} has at most {TEXT_CHARACTERS_MAX} characters, on one line"
            )));
        }
    }
    let needs_reason = matches!(change.act, QueueAct::Released | QueueAct::Dropped);
    if needs_reason && change.reason.trim().is_empty() {
        return Err(RecordError::Refused(
            "say why: a reason is needed".to_owned(),
        ));
    }
    if let Some(study) = &change.only.study
        && study.len() < DIGEST_CHARACTERS_MIN
    {
        return Err(RecordError::Refused(format!(
            "a study is named by {DIGEST_CHARACTERS_MIN} or more characters of its digest"
        )));
    }
    Ok(())
}
