//! Delivery of what lies in the spool: one queue for each destination.
//!
//! [`queue`] decides, [`Delivery`] acts: pure values of what waits, what failed and what is due, and
//! a shell of tasks around them that open associations, read the spool, ask the contract again and
//! send.

mod backoff;
mod order;
mod queue;
mod rate;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;

pub(super) use order::Leg;
pub(super) use order::Order;
pub(super) use order::OrderError;

use crate::clock::Clock;
use crate::config::Config;
use crate::config::PeerName;
use crate::dicom::Uid;

use backoff::Backoff;
use queue::Queue;
use queue::Terms;

/// Number of an object in the spool; rises in the order of reception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectId(pub(super) u64);

/// The queues of all destinations.
#[derive(Debug)]
pub(super) struct Delivery {
    clock: Clock,
    queues: BTreeMap<PeerName, Arc<Counter>>,
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
}

impl Delivery {
    /// A queue for every peer that is connected to.
    pub(super) fn new(config: &Config, clock: Clock) -> Self {
        let connected = config.peers.iter().filter(|peer| peer.connect.is_some());
        let queues = connected.map(|peer| {
            let terms = Terms {
                backoff: Backoff::new(config.spool.retry_first, config.spool.retry_max),
                tries_max: config.spool.tries_max,
                tries_refused_max: config.spool.tries_refused_max,
                associations: peer.queue_associations,
            };
            (peer.name.clone(), Arc::new(Counter::new(terms)))
        });
        Self {
            clock,
            queues: queues.collect(),
        }
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
                Ok(object) => counter.queue().add(now_us, object),
                Err(error) => tracing::error!(peer = %to, %error, "what was spooled stays"),
            }
            counter.wake.notify_one();
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
}
