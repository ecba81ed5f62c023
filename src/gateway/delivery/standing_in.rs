//! A worker that panics has another take its place, which goes on with what the first had in hand.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Counter;
use super::queue::Job;
use super::worker::Worker;
use crate::config::Peer;
use crate::gateway::Gateway;

/// Panics of one worker after which the gateway stops: a restart finds all that waits.
const FALLS_MAX: u32 = 32;

/// Before another worker begins.
const REST: Duration = Duration::from_secs(1);

/// The object that a worker is busy with, known also to whoever takes its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand(Arc<Mutex<Option<Job>>>);

impl Hand {
    /// This object is being tried; its study waits for it until [`Self::put_down`].
    pub(super) fn take_up(&self, job: &Job) {
        *self.lock() = Some(job.clone());
    }

    /// It has been dealt with.
    pub(super) fn put_down(&self) {
        *self.lock() = None;
    }

    /// What an earlier worker left unfinished.
    pub(super) fn left(&self) -> Option<Job> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a queue until the gateway drains or the spool is lost, whatever panics.
pub(super) async fn serve(gateway: Arc<Gateway>, peer: Arc<Peer>, counter: Arc<Counter>) {
    let hand = Hand::default();
    for falls in 1..=FALLS_MAX {
        let worker = Worker::new(&gateway, &peer, &counter, &hand);
        if !panics(worker.run()).await {
            return;
        }
        let to = &peer.name;
        let text = format!("a worker of queue {to} panicked ({falls} times by now)");
        tracing::error!("{text}");
        gateway.recorder.alert("worker-panicked", text).await;
        tokio::time::sleep(REST).await;
    }
    gateway.lost.send_replace(true);
}

/// Whether `work` panicked. Given up, it takes `work` with it.
async fn panics(work: impl Future<Output = ()> + Send + 'static) -> bool {
    let mut task = JoinSet::new();
    task.spawn(work);
    let ended = task.join_next().await;
    matches!(ended, Some(Err(error)) if error.is_panic())
}

#[cfg(test)]
mod tests {
    use super::super::order::Via;
    use super::*;
    use crate::storage::ObjectId;

    fn job() -> Job {
        Job {
            id: ObjectId::from_number(7),
            study: None,
            via: Arc::new(Via {
                calling: "GATE".parse().unwrap(),
                sop_class: "1.2.840.10008.5.1.4.1.1.2".parse().unwrap(),
                transfer_syntax: "1.2.840.10008.1.2.1".parse().unwrap(),
            }),
        }
    }

    #[tokio::test]
    async fn a_panic_is_told_from_an_end_and_leaves_what_was_in_hand() {
        let hand = Hand::default();
        let (first, second) = (hand.clone(), hand.clone());
        let work = async move {
            first.take_up(&job());
            panic!("on purpose");
        };
        assert!(panics(work).await);
        assert_eq!(hand.left().map(|job| job.id.number()), Some(7));
        assert!(!panics(async move { second.put_down() }).await);
        assert!(hand.left().is_none());
    }

    #[tokio::test]
    async fn work_ends_with_whoever_waits_for_it() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let work = async move {
            std::future::pending::<()>().await;
            drop(held);
        };
        let waiting = tokio::time::timeout(Duration::from_millis(10), panics(work));
        assert!(waiting.await.is_err());
        for _ in 0..100 {
            if Arc::strong_count(&alive) == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it goes on alone");
    }
}
