//! A worker serves a queue: one object at a time, by one association at a time.

use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Counter;
use super::association::Association;
use super::on_disk;
use super::queue::Job;
use super::queue::News;
use super::queue::Turn;
use super::reading::Reading;
use super::standing_in::Hand;
use crate::config::Peer;
use crate::contract::Outcome;
use crate::gateway::Gateway;
use crate::gateway::drain_begins;
use crate::gateway::transfer::FLUSH_AFTER_US;
use crate::gateway::transfer::Transfers;

/// How long an association without work is kept: what a sender is still sending goes by one.
const LINGER_US: u64 = 1_000_000;

/// See the module.
pub(super) struct Worker {
    pub(super) gateway: Arc<Gateway>,
    pub(super) peer: Arc<Peer>,
    pub(super) counter: Arc<Counter>,
    pub(super) association: Option<Association>,
    pub(super) transfers: Transfers,
    /// What is read while something else is sent.
    pub(super) ahead: Option<Reading>,
    /// What was delivered and is being taken out of the spool.
    pub(super) removals: JoinSet<()>,
    /// What waits is sealed into parcels, in place of being sent.
    pub(super) packs: bool,
    hand: Hand,
    draining: watch::Receiver<bool>,
}

impl Worker {
    pub(super) fn new(
        gateway: &Arc<Gateway>,
        peer: &Arc<Peer>,
        counter: &Arc<Counter>,
        hand: &Hand,
    ) -> Self {
        Self {
            gateway: Arc::clone(gateway),
            peer: Arc::clone(peer),
            counter: Arc::clone(counter),
            association: None,
            transfers: Transfers::default(),
            ahead: None,
            removals: JoinSet::new(),
            packs: is_packed(gateway, peer),
            hand: hand.clone(),
            draining: gateway.draining.subscribe(),
        }
    }

    /// Serves until the gateway drains or the spool is lost. What an earlier worker panicked over
    /// comes first.
    pub(super) async fn run(mut self) {
        if let Some(job) = self.hand.left() {
            if self.give_up_try(&job).await.is_err() {
                self.gateway.lost.send_replace(true);
                return;
            }
            if self.packs {
                // What went with it.
                self.counter.change(super::queue::Queue::put_all_back);
            }
            self.hand.put_down();
        }
        while let Some(job) = self.next().await {
            self.hand.take_up(&job);
            if self.deliver(&job).await.is_err() {
                self.gateway.lost.send_replace(true);
                break;
            }
            self.hand.put_down();
            let gateway = Arc::clone(&self.gateway);
            self.transfers.flush_due(&gateway).await;
        }
        self.rest().await;
        while self.removals.join_next().await.is_some() {}
        // After an orderly stop nothing is delivered twice, not even if the power goes.
        let (spool, to) = (Arc::clone(&self.gateway.spool), self.peer.name.clone());
        if let Err(error) = on_disk(move || spool.sync(&to)).await {
            tracing::error!(%error, to = %self.peer.name, "what was removed is not durable yet");
            self.gateway.lost.send_replace(true);
        }
    }

    /// The next object; `None` when there is to be none any more.
    async fn next(&mut self) -> Option<Job> {
        let began_us = self.now_us();
        loop {
            if *self.draining.borrow() {
                return None;
            }
            let counter = Arc::clone(&self.counter);
            let woken = counter.wake.notified();
            tokio::pin!(woken);
            // From here on no change goes unnoticed.
            woken.as_mut().enable();
            let now_us = self.now_us();
            let due_us = match self.counter.queue().take(now_us) {
                Turn::Job(job) => return Some(job),
                Turn::Wait(until_us) => Some(until_us),
                Turn::Nothing => None,
            };
            let rest_us = began_us.saturating_add(LINGER_US);
            if self.association.is_some() && now_us >= rest_us {
                self.rest().await;
                continue;
            }
            let rest_us = self.association.is_some().then_some(rest_us);
            let unrecorded = self.transfers.has_unrecorded();
            let flush_us = unrecorded.then(|| now_us.saturating_add(FLUSH_AFTER_US));
            let wake_us = [due_us, rest_us, flush_us].into_iter().flatten().min();
            tokio::select! {
                () = &mut woken => {}
                () = until(wake_us.map(|at_us| at_us.saturating_sub(now_us))) => {
                    let gateway = Arc::clone(&self.gateway);
                    self.transfers.flush_due(&gateway).await;
                }
                () = drain_begins(&mut self.draining) => return None,
            }
        }
    }

    /// Releases the association, and records the end of what went by it.
    pub(super) async fn rest(&mut self) {
        // It may be long until that is wanted.
        self.ahead = None;
        let gateway = Arc::clone(&self.gateway);
        self.transfers.close_all(&gateway, Outcome::Completed).await;
        if let Some(association) = self.association.take() {
            association.upstream.release().await;
        }
    }

    /// Drops the association, which is of no use any more, and records that what went by it broke
    /// off.
    pub(super) async fn hang_up(&mut self) {
        self.ahead = None;
        if let Some(mut association) = self.association.take() {
            association.upstream.hang_up();
        }
        let gateway = Arc::clone(&self.gateway);
        self.transfers
            .close_all(&gateway, Outcome::Interrupted)
            .await;
    }

    pub(super) fn now_us(&self) -> u64 {
        self.gateway.clock.read().monotonic_us
    }

    /// Tells people what they should hear of the destination.
    pub(super) async fn tell(&self, news: News, text: &str) {
        let to = &self.peer.name;
        let waiting = {
            let progress = self.counter.queue().progress(self.now_us());
            progress.waiting.objects
        };
        let (code, text) = match news {
            News::Down => (
                "destination-down",
                format!("destination {to}: {waiting} instances wait for it: {text}"),
            ),
            News::Back => (
                "destination-back",
                format!("destination {to}: it answers again; {waiting} instances wait for it"),
            ),
        };
        tracing::warn!(%code, "{text}");
        self.gateway.recorder.alert(code, text).await;
    }
}

fn is_packed(gateway: &Gateway, peer: &Peer) -> bool {
    let hospital = gateway.config.gateway_peer_of(peer);
    hospital.is_some_and(|hospital| hospital.parcels.is_some())
}

/// Resolves after so many microseconds; never, without.
async fn until(after_us: Option<u64>) {
    match after_us {
        Some(after_us) => {
            // The timer counts milliseconds: a little late rather than a turn for nothing.
            let after = Duration::from_micros(after_us.saturating_add(1_000));
            tokio::time::sleep(after).await;
        }
        None => std::future::pending().await,
    }
}

/// A number by chance: enough to spread tries.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
