//! Delivery of what lies in the spool: one queue for each destination.
//!
//! [`queue`] decides, the rest acts: pure values of what waits, what failed and what is due, and a
//! shell of tasks around them that open associations, read the spool, ask the contract again and
//! send.

mod association;
mod attempt;
mod backoff;
mod commitment;
mod desk;
mod listed;
mod order;
mod packing;
mod queue;
mod rate;
mod reading;
mod standing_in;
mod worker;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(super) use order::Leg;
pub(super) use order::Order;
pub(super) use reading::Pieces;

#[cfg(test)]
pub(super) use order::tests::asked;

use super::Gateway;
use super::parcels;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::PeerName;
use crate::dicom::Uid;
use crate::storage::Findings;
use crate::storage::Found;
use crate::storage::ObjectId;
use crate::storage::Place;
use crate::storage::Spool;
use crate::storage::SpoolError;

use backoff::Backoff;
use queue::Aside;
use queue::Failure;
use queue::Known;
use queue::Note;
use queue::Queue;
use queue::Terms;

/// The queues of all destinations.
#[derive(Debug)]
pub(super) struct Delivery {
    clock: Clock,
    spool: Arc<Spool>,
    queues: BTreeMap<PeerName, Arc<Counter>>,
    /// Peers that are configured, with an address.
    reachable: BTreeSet<PeerName>,
    /// A gateway runs; else only people do something to the queues.
    is_served: bool,
}

/// A queue, and what wakes those who serve it.
#[derive(Debug)]
struct Counter {
    queue: Mutex<Queue>,
    wake: Notify,
}

impl Counter {
    fn new(terms: Terms) -> Self {
        Self {
            queue: Mutex::new(Queue::new(terms)),
            wake: Notify::new(),
        }
    }

    /// Nothing waits or panics with the lock in hand.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queue, and wakes all who serve it.
    fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let result = change(&mut self.queue());
        self.wake.notify_waiters();
        result
    }
}

impl Delivery {
    /// A queue for every peer that is connected to, and for whoever something was `found` for.
    ///
    /// # Errors
    /// When the spool cannot be used.
    pub(super) fn open(
        config: &Config,
        clock: Clock,
        spool: Arc<Spool>,
        found: Findings,
        is_served: bool,
    ) -> Result<Self, SpoolError> {
        let connected = config.peers.iter().filter(|peer| peer.connect.is_some());
        let queues = connected.clone().map(|peer| {
            let gateway = config.gateway_peer_of(peer);
            let parcels = gateway.and_then(|gateway| gateway.parcels.as_ref());
            let terms = Terms {
                quiet_us: parcels.map(|parcels| micros(parcels.after)),
                ..terms(config, peer.queue_associations)
            };
            (peer.name.clone(), Arc::new(Counter::new(terms)))
        });
        let mut delivery = Self {
            clock,
            spool,
            queues: queues.collect(),
            reachable: connected.map(|peer| peer.name.clone()).collect(),
            is_served,
        };
        for found in found {
            let counter = delivery.queues.entry(found.queue.clone());
            let counter = counter.or_insert_with(|| Arc::new(Counter::new(terms(config, 1))));
            take_in(&delivery.spool, clock, counter, found)?;
        }
        for name in delivery.spool.paused()? {
            if let Some((_, counter)) = delivery.queues.iter().find(|(to, _)| **to == *name) {
                counter.queue().set_paused(true);
            }
        }
        Ok(delivery)
    }

    /// Starts to deliver; the tasks end when the gateway drains.
    pub(super) async fn start(gateway: &Arc<Gateway>) -> Vec<JoinHandle<()>> {
        let mut workers = vec![tokio::spawn(parcels::keep(Arc::clone(gateway)))];
        for (to, counter) in &gateway.delivery.queues {
            let unread = counter.queue().unread();
            if unread > 0 {
                let text = format!(
                    "{unread} instances that wait for {to} cannot be read: they stay where they \
                     are (credence queue list {to} --objects), and the next start looks again"
                );
                tracing::error!("{text}");
                gateway.recorder.alert("spool-unread", text).await;
            }
            let peer = gateway.config.peer(to.as_str());
            let Some(peer) = peer.filter(|peer| peer.connect.is_some()) else {
                let text = format!(
                    "instances wait for {to}, which is no peer with an address any more: \
                     configure it, or drop them"
                );
                tracing::error!("{text}");
                gateway.recorder.alert("queue-without-peer", text).await;
                continue;
            };
            for _ in 0..peer.queue_associations {
                let (gateway, peer) = (Arc::clone(gateway), Arc::clone(peer));
                let served = standing_in::serve(gateway, peer, Arc::clone(counter));
                workers.push(tokio::spawn(served));
            }
        }
        workers
    }

    /// An object that was kept in the spool waits for these destinations.
    pub(super) fn enqueue(&self, id: ObjectId, bytes: u64, order: &Order, queues: &[PeerName]) {
        let now_us = self.clock.read().monotonic_us;
        for to in queues {
            let Some(counter) = self.queues.get(to) else {
                tracing::error!(peer = %to, "no queue for what was spooled");
                continue;
            };
            match order.object(id, bytes, to) {
                Ok(object) => counter.change(|queue| queue.add(now_us, object)),
                Err(error) => tracing::error!(peer = %to, %error, "what was spooled stays"),
            }
        }
    }

    /// An instance of this study may not go directly: earlier ones wait, or the queue is paused.
    pub(super) fn waits(&self, to: &PeerName, study: Option<&Uid>) -> bool {
        let study = study.map(|uid| Arc::new(uid.clone()));
        let counter = self.queues.get(to);
        counter.is_some_and(|counter| counter.queue().holds_up(&study))
    }

    /// Something waits for it, and it could not be reached a moment ago.
    pub(super) fn is_down(&self, to: &PeerName) -> bool {
        let counter = self.queues.get(to);
        counter.is_some_and(|counter| counter.queue().is_down())
    }

    /// The newest object that waits for this destination.
    pub(super) fn newest(&self, to: &PeerName) -> Option<ObjectId> {
        self.queues.get(to)?.queue().waiting_ids().max()
    }

    /// Whether an object up to this one still waits for the destination.
    pub(super) fn waits_up_to(&self, to: &PeerName, id: ObjectId) -> bool {
        let counter = self.queues.get(to);
        counter.is_some_and(|counter| counter.queue().waiting_ids().any(|one| one <= id))
    }

    /// Puts an object elsewhere in its queue, durably.
    async fn put(
        &self,
        queue: &PeerName,
        id: ObjectId,
        from: Place,
        to: Place,
        note: Option<&Note>,
    ) -> Result<(), SpoolError> {
        let note = note.map(to_bytes);
        let (spool, queue) = (Arc::clone(&self.spool), queue.clone());
        let put = move || spool.put(&queue, id, from, to, note.as_deref());
        on_disk(put).await
    }
}

/// Runs what may wait for the disk.
async fn on_disk<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> Result<T, SpoolError> {
    let done = tokio::task::spawn_blocking(act).await;
    done.unwrap_or_else(|_| {
        let source = std::io::Error::other("a thread of the spool panicked");
        Err(SpoolError::Poisoned(source))
    })
}

fn to_bytes(note: &Note) -> Vec<u8> {
    serde_json::to_vec(note).unwrap_or_default()
}

fn terms(config: &Config, associations: usize) -> Terms {
    Terms {
        backoff: Backoff::new(config.spool.retry_first, config.spool.retry_max),
        tries_max: config.spool.tries_max,
        tries_refused_max: config.spool.tries_refused_max,
        associations,
        quiet_us: None,
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Files what was found in the spool. What is damaged waits no longer. What only cannot be read, by
/// this version or on this disk, stays where it is, and is looked at again by the next start.
fn take_in(spool: &Spool, clock: Clock, counter: &Counter, found: Found) -> Result<(), SpoolError> {
    let now = clock.read();
    let Found {
        queue: to,
        id,
        mut place,
        bytes,
        about,
        note,
        unreadable,
    } = found;
    let order = Order::from_bytes(&about);
    let object = order.and_then(|order| order.object(id, bytes, &to));
    let mut note = note.and_then(|note| serde_json::from_slice(&note).ok());
    let mut queue = counter.queue();
    let known = match (object, place) {
        (Ok(object), Place::Waiting) => {
            queue.add(now.monotonic_us, object);
            return Ok(());
        }
        (Ok(object), Place::Dead | Place::Quarantined | Place::Delivered) => Some(Known {
            priority: object.priority,
            received_at: object.received_at,
            study: object.study,
            via: object.via,
        }),
        (Err(_), Place::Dead | Place::Quarantined | Place::Delivered) => None,
        (Err(error), Place::Waiting) => {
            let is_damaged = unreadable.is_none() && about.is_empty();
            let failure = if is_damaged {
                Failure::Damaged
            } else {
                Failure::Unreadable
            };
            let why = Note {
                failure: Some(failure),
                status: None,
                decision: None,
                text: unreadable.unwrap_or_else(|| error.to_string()),
                tries: 0,
                at: now.wall,
            };
            tracing::error!(error = %why.text, object = %id, %to, "what waits cannot be read");
            if is_damaged && buried(spool, &to, id, &why)? {
                place = Place::Dead;
            }
            note = Some(why);
            None
        }
    };
    let note = note.map(Box::new);
    let aside = Aside {
        place,
        bytes,
        known,
        note,
    };
    queue.add_aside(id, aside);
    Ok(())
}

/// Puts what is damaged among the dead letters. On a full disk it stays where it is: a start needs
/// no room.
fn buried(spool: &Spool, to: &PeerName, id: ObjectId, why: &Note) -> Result<bool, SpoolError> {
    match spool.put(to, id, Place::Waiting, Place::Dead, Some(&to_bytes(why))) {
        Ok(()) => Ok(true),
        Err(error) if error.is_fatal() => Err(error),
        Err(error) => {
            tracing::error!(%error, object = %id, %to, "what is damaged stays where it is");
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests;
