//! One try to deliver one object, from the spool's file to the destination's answer, and what
//! becomes of the object.

use std::sync::Arc;
use std::time::Duration;

use super::association::Association;
use super::order::Leg;
use super::order::Order;
use super::queue::Ended;
use super::queue::Failure;
use super::queue::Job;
use super::queue::Note;
use super::queue::Then;
use super::reading::Opened;
use super::reading::Pieces;
use super::reading::ReadError;
use super::reading::Reading;
use super::worker::Worker;
use super::worker::chance;
use crate::config::Mode;
use crate::config::PeerName;
use crate::contract::Body;
use crate::dimse::Class;
use crate::dimse::Status;
use crate::gateway::instance;
use crate::gateway::recorder::Asked;
use crate::gateway::recorder::Judged;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorded;
use crate::gateway::recorder::Refusal;
use crate::gateway::relay::Relay;
use crate::gateway::relay::RelayError;
use crate::gateway::relay::Relayed;
use crate::gateway::relay::Source;
use crate::gateway::transfer::Fault;
use crate::gateway::transfer::Key;
use crate::storage::ObjectId;
use crate::storage::Place;
use crate::storage::Spool;
use crate::storage::SpoolError;

/// Removals of one worker that the disk has not finished.
const REMOVALS_MAX: usize = 16;
/// How long to wait before the spool is asked again to let go of what was delivered.
const REMOVE_AGAIN: Duration = Duration::from_secs(1);

/// Characters of the words beside an object that is set aside.
const TEXT_CHARACTERS_MAX: usize = 500;

/// The spool cannot be used any more, and the gateway must stop.
pub(super) struct SpoolLost;

/// How a try ended.
pub(super) struct Attempt {
    ended: Ended,
    /// The transfer that it belongs to, where the contract was asked.
    key: Option<Key>,
    status: Option<Status>,
    relayed: Option<Relayed>,
    refusal: Option<Refusal>,
    text: String,
    /// The association is of no use any more.
    is_broken: bool,
}

impl Attempt {
    pub(super) fn new(ended: Ended, text: &dyn ToString) -> Self {
        Self {
            ended,
            key: None,
            status: None,
            relayed: None,
            refusal: None,
            text: text.to_string(),
            is_broken: false,
        }
    }

    fn unreachable(error: &dyn ToString) -> Self {
        Self {
            is_broken: true,
            ..Self::new(Ended::Unreachable, error)
        }
    }

    pub(super) fn unread(error: &ReadError) -> Self {
        let failure = match error {
            ReadError::Order(_)
            | ReadError::Spool(SpoolError::Damaged { .. } | SpoolError::Missing { .. }) => {
                Failure::Damaged
            }
            ReadError::Spool(_) | ReadError::Ended => Failure::Unreadable,
        };
        Self::new(Ended::Failed(failure), error)
    }
}

impl Worker {
    /// Tries to deliver an object.
    ///
    /// # Errors
    /// When the spool is lost.
    pub(super) async fn deliver(&mut self, job: &Job) -> Result<(), SpoolLost> {
        if self.packs {
            return self.pack(job).await;
        }
        let attempt = self.attempt(job).await;
        self.conclude(job, attempt).await
    }

    /// Ends a try over which a worker panicked: it counts, so that an object of which this happens
    /// each time is given up. Where the try had ended before, nothing happens.
    ///
    /// # Errors
    /// When the spool is lost.
    pub(super) async fn give_up_try(&mut self, job: &Job) -> Result<(), SpoolLost> {
        let text = "the gateway failed over it";
        let attempt = Attempt::new(Ended::Failed(Failure::Internal), &text);
        self.conclude(job, attempt).await
    }

    /// Does what the end of a try asks for.
    pub(super) async fn conclude(&mut self, job: &Job, attempt: Attempt) -> Result<(), SpoolLost> {
        let spool = &self.gateway.spool;
        if spool.is_poisoned() {
            return Err(SpoolLost);
        }
        let now_us = self.now_us();
        let (then, news) = self
            .counter
            .change(|queue| queue.ended(now_us, job.id, attempt.ended, chance()));
        self.log(job, &attempt, then);
        self.count(&attempt, then);
        if attempt.is_broken {
            self.hang_up().await;
        }
        if let Some(news) = news {
            self.tell(news, &attempt.text).await;
        }
        match then {
            Then::Waits => Ok(()),
            Then::Remove => self.remove(job).await,
            Then::Quarantine => self.set_aside(job, Place::Quarantined, &attempt, 0).await,
            Then::Bury { tries } => self.set_aside(job, Place::Dead, &attempt, tries).await,
        }
    }

    async fn attempt(&mut self, job: &Job) -> Attempt {
        let reading = match self.ahead.take() {
            Some(ahead) if ahead.id == job.id => ahead,
            Some(_) | None => self.read(job.id),
        };
        let Opened { order, mut pieces } = match reading.opened().await {
            Ok(opened) => opened,
            Err(error) => return Attempt::unread(&error),
        };
        let leg = match order.leg(&self.peer.name) {
            Ok(leg) => leg,
            Err(error) => return Attempt::unread(&error.into()),
        };
        if let Err(attempt) = self.associate(job).await {
            return attempt;
        }
        self.begin_anew().await;
        let key = Key::again(order.asked(), &self.peer.name, leg.mode);
        let recorded = match self.judge(&key, &order, leg).await {
            Ok(recorded) => recorded,
            Err(attempt) => return attempt,
        };
        let likely = self.counter.queue().likely_after(job.id);
        self.ahead = likely.map(|id| self.read(id));
        if let Err(attempt) = self.introduce(&recorded).await {
            return Attempt {
                key: Some(key),
                ..attempt
            };
        }
        let attempt = self.send(job, &order, &mut pieces, &recorded).await;
        Attempt {
            key: Some(key),
            ..attempt
        }
    }

    fn read(&self, id: ObjectId) -> Reading {
        let buffer_bytes = self.gateway.config.limits.relay_buffer_bytes_max;
        Reading::begin(&self.gateway.spool, &self.peer.name, id, buffer_bytes)
    }

    /// An association that `job` can go by.
    async fn associate(&mut self, job: &Job) -> Result<(), Attempt> {
        let now_us = self.now_us();
        if let Some(association) = &mut self.association
            && !association.serves(&job.via, &job.study, now_us)
        {
            self.rest().await;
        }
        let gateway = Arc::clone(&self.gateway);
        let association = match &mut self.association {
            Some(association) => association,
            None => {
                let others: Vec<_> = self.counter.queue().ways().map(Arc::clone).collect();
                let opened =
                    Association::open(&gateway, &self.peer, &job.via, &others, &job.study).await;
                self.association
                    .insert(opened.map_err(|error| Attempt::unreachable(&error))?)
            }
        };
        if let Err(error) = association.upstream.ready(&gateway).await {
            return Err(Attempt::unreachable(&error));
        }
        self.counter.change(super::queue::Queue::reached);
        if association.context(&job.via).is_none() {
            let text = format!(
                "no presentation context for SOP class {} in transfer syntax {}",
                job.via.sop_class, job.via.transfer_syntax
            );
            return Err(Attempt::new(Ended::Failed(Failure::NoContext), &text));
        }
        Ok(())
    }

    /// The question that the delivery of an object raises now.
    pub(super) fn question(&self, order: &Order, leg: &Leg) -> Asked {
        let peer = &self.peer;
        let mut routes = self.gateway.config.routes.iter();
        let observes = routes.any(|route| {
            let leads = route.to.contains(&peer.name) || route.copies.contains(&peer.name);
            leads && route.mode == Mode::Observe
        });
        order.asked_again(leg, peer, observes)
    }

    /// Asks the contract again.
    async fn judge(&mut self, key: &Key, order: &Order, leg: &Leg) -> Result<Recorded, Attempt> {
        let (gateway, peer) = (Arc::clone(&self.gateway), Arc::clone(&self.peer));
        let asked = self.question(order, leg);
        let judged = self.transfers.judge_again(&gateway, key, &peer, asked);
        permitted(judged.await).map_err(|attempt| *attempt)
    }

    /// On an association with another gateway that was opened again, transfers begin anew.
    async fn begin_anew(&mut self) {
        if let Some(association) = &mut self.association {
            let upstream = &mut association.upstream;
            upstream
                .begin_anew(&self.gateway, &mut self.transfers)
                .await;
        }
    }

    /// Tells a gateway on whose behalf what `recorded` releases comes.
    async fn introduce(&mut self, recorded: &Recorded) -> Result<(), Attempt> {
        let Some(association) = &mut self.association else {
            return Err(Attempt::unreachable(&"the association ended"));
        };
        let upstream = &mut association.upstream;
        let said = upstream
            .introduce(&self.gateway, &self.transfers, recorded)
            .await;
        said.map(drop).map_err(|error| Attempt::unreachable(&error))
    }

    async fn send(
        &mut self,
        job: &Job,
        order: &Order,
        pieces: &mut Pieces,
        recorded: &Recorded,
    ) -> Attempt {
        let limits = self.gateway.relay_limits(&self.peer, &self.peer);
        let gone = || Attempt::unreachable(&"the association ended");
        let Some(association) = &mut self.association else {
            return gone();
        };
        let Some(to_context) = association.context(&job.via) else {
            return gone();
        };
        let command = order.command(association.upstream.next_message_id());
        let Some(to) = association.upstream.standing() else {
            return gone();
        };
        let mut overheard = Vec::new();
        let relay = Relay {
            from: Source::Spool(pieces),
            to,
            to_context,
            tee: None,
            overheard: &mut overheard,
            limits,
        };
        let relayed = relay.send(recorded, &command, Vec::new(), false).await;
        if let Ok(relayed) = &relayed {
            let status = relayed.response.status();
            let status = status.unwrap_or(Status::PROCESSING_FAILURE);
            let (meters, bytes) = (self.gateway.meters(), relayed.data_set.bytes);
            meters.answered(&self.peer.name, status, bytes);
        }
        answered(relayed)
    }

    /// Counts, for the ledger, what came of a permit: an instance that is tried again is not
    /// counted before it has arrived, or is given up.
    fn count(&mut self, attempt: &Attempt, then: Then) {
        let Some(key) = &attempt.key else {
            return;
        };
        let now_us = self.now_us();
        match (then, attempt.status, &attempt.relayed) {
            (Then::Remove | Then::Bury { .. }, Some(status), Some(relayed)) => {
                self.transfers.count(key, now_us, |tally| {
                    tally.answered(status, &relayed.data_set);
                });
            }
            (Then::Bury { .. }, ..) if attempt.is_broken => {
                self.transfers
                    .count(key, now_us, |tally| tally.lost_by(Fault::Recipient));
            }
            (Then::Bury { .. } | Then::Remove | Then::Quarantine | Then::Waits, ..) => {}
        }
    }

    fn log(&self, job: &Job, attempt: &Attempt, then: Then) {
        let Attempt { ended, text, .. } = attempt;
        if *ended != Ended::Delivered {
            let (object, to) = (job.id, &self.peer.name);
            tracing::info!(%object, %to, ?ended, ?then, "{text}");
        }
    }

    /// Takes a delivered object out of the spool, or keeps it until the destination has committed.
    /// It was delivered: should the disk not let go of it, it is not sent again for that.
    async fn remove(&mut self, job: &Job) -> Result<(), SpoolLost> {
        let (to, id) = (self.peer.name.clone(), job.id);
        let spool = Arc::clone(&self.gateway.spool);
        if self.peer.commit {
            let_go(spool, to, id, Place::Delivered).await?;
            let now_us = self.now_us();
            self.counter
                .change(|queue| queue.set_aside(now_us, id, Place::Delivered, None));
            return Ok(());
        }
        // The next one need not wait for the disk. The name goes at once; what may take longer is the
        // sync that some removals come with.
        while self.removals.len() >= REMOVALS_MAX {
            self.removals.join_next().await;
        }
        self.removals.spawn(async move {
            // A spool that is lost shows with the next object.
            let _ = let_go(spool, to, id, Place::Waiting).await;
        });
        let now_us = self.now_us();
        self.counter.change(|queue| queue.gone(now_us, id));
        Ok(())
    }

    /// Puts an object where it does not wait any more, durably, and tells people once for each study.
    async fn set_aside(
        &mut self,
        job: &Job,
        place: Place,
        attempt: &Attempt,
        tries: u32,
    ) -> Result<(), SpoolLost> {
        let failure = match attempt.ended {
            Ended::Failed(failure) => Some(failure),
            Ended::Delivered
            | Ended::Denied
            | Ended::Unreachable
            | Ended::NotRecorded
            | Ended::Withheld => None,
        };
        let decision = attempt.refusal.as_ref().map(Refusal::entry);
        let note = Note {
            failure,
            status: attempt.status.map(|status| status.0),
            decision,
            text: attempt.text.chars().take(TEXT_CHARACTERS_MAX).collect(),
            tries,
            at: self.gateway.clock.now(),
        };
        let put =
            self.gateway
                .delivery
                .put(&self.peer.name, job.id, Place::Waiting, place, Some(&note));
        let now_us = self.now_us();
        let is_first = match put.await {
            Ok(()) => self
                .counter
                .change(|queue| queue.set_aside(now_us, job.id, place, Some(note))),
            Err(SpoolError::Missing { .. }) => {
                self.counter.change(|queue| queue.vanished(job.id));
                let text = format!(
                    "object {} for {} is gone from the spool",
                    job.id, self.peer.name
                );
                tracing::error!("{text}");
                self.gateway.recorder.alert("spool-object-lost", text).await;
                return Ok(());
            }
            Err(error) if error.is_fatal() => return Err(SpoolLost),
            Err(error) => {
                tracing::error!(%error, object = %job.id, "an object cannot be set aside");
                self.counter
                    .change(|queue| queue.put_back_for_later(now_us, job.id, chance()));
                return Ok(());
            }
        };
        if is_first {
            self.announce(place, attempt, tries, decision).await;
        }
        Ok(())
    }

    async fn announce(&self, place: Place, attempt: &Attempt, tries: u32, about: Option<u64>) {
        let to = &self.peer.name;
        let (code, text) = match place {
            Place::Quarantined => (
                "quarantined",
                format!(
                    "what waited for {to} is denied by now ({}): release or drop it",
                    attempt.text
                ),
            ),
            Place::Waiting | Place::Dead | Place::Delivered => (
                "dead-letter",
                format!("given up for {to} after {tries} tries: {}", attempt.text),
            ),
        };
        let code = code.to_owned();
        let alert = Body::Alert { code, text, about };
        self.gateway.recorder.note(alert).await;
    }
}

/// What the contract's answer means.
pub(super) fn permitted(judged: Result<Judged, RecordError>) -> Result<Recorded, Box<Attempt>> {
    let attempt = match judged {
        Ok(Judged::Permitted(recorded)) => return Ok(recorded),
        Ok(Judged::Refused(refusal)) => Attempt {
            refusal: Some(refusal.clone()),
            ..Attempt::new(Ended::Denied, &refusal.comment(true))
        },
        Err(error @ RecordError::Refused(_)) => {
            Attempt::new(Ended::Failed(Failure::NotJudged), &error)
        }
        Err(error @ (RecordError::NoRoom | RecordError::KeyLeft { .. } | RecordError::Stopped)) => {
            Attempt::new(Ended::NotRecorded, &error)
        }
    };
    Err(Box::new(attempt))
}

/// Takes what was delivered to where it belongs: out of the spool, or to `kept_at`. Tries until the
/// disk does it.
async fn let_go(
    spool: Arc<Spool>,
    to: PeerName,
    id: ObjectId,
    kept_at: Place,
) -> Result<(), SpoolLost> {
    loop {
        let (spool, queue) = (Arc::clone(&spool), to.clone());
        let removed = tokio::task::spawn_blocking(move || match kept_at {
            Place::Delivered => spool.put(&queue, id, Place::Waiting, Place::Delivered, None),
            Place::Waiting | Place::Dead | Place::Quarantined => {
                spool.remove(&queue, id, Place::Waiting)
            }
        });
        match removed.await {
            Ok(Ok(()) | Err(SpoolError::Missing { .. })) => return Ok(()),
            Ok(Err(error)) if error.is_fatal() => return Err(SpoolLost),
            Ok(Err(error)) => {
                tracing::error!(%error, object = %id, "what was delivered cannot be removed");
            }
            Err(_) => return Err(SpoolLost),
        }
        tokio::time::sleep(REMOVE_AGAIN).await;
    }
}

/// What a relay's end means.
fn answered(relayed: Result<Relayed, RelayError>) -> Attempt {
    match relayed {
        Ok(relayed) => {
            let status = relayed.response.status();
            let status = status.unwrap_or(Status::PROCESSING_FAILURE);
            let ended = match status.class() {
                Class::Success | Class::Warning => Ended::Delivered,
                Class::Failure if is_busy(status) => Ended::Failed(Failure::Busy),
                Class::Failure | Class::Cancel | Class::Pending => Ended::Failed(Failure::Refused),
            };
            Attempt {
                status: Some(status),
                relayed: Some(relayed),
                ..Attempt::new(ended, &format!("answered {status}"))
            }
        }
        Err(RelayError::NotReleased { .. }) => {
            Attempt::new(Ended::Withheld, &"the permit ended before the first byte")
        }
        Err(RelayError::Source(instance::Ended::Spool(error))) => Attempt {
            // Half an object cannot be taken back.
            is_broken: true,
            ..Attempt::unread(&error.into())
        },
        Err(error @ (RelayError::Source(_) | RelayError::Destination { .. })) => Attempt {
            is_broken: true,
            ..Attempt::new(Ended::Failed(Failure::Broken), &error)
        },
    }
}

/// Refused: out of resources, A7xx (PS3.4 §B.2.3).
const fn is_busy(status: Status) -> bool {
    status.0 & 0xff00 == Status::STORE_OUT_OF_RESOURCES.0
}
