//! Tells a receiver of the ledger, for ever: a place in the ledger stands for all that is still to be told, so that
//! an outage of any length costs no memory, and nobody who moves images waits for anybody who reads audits.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::batch::Batch;
use super::batch::BatchError;
use super::batch::Supply;
use super::bringing::Bringer;
use super::bringing::NotTaken;
use crate::clock::Clock;
use crate::config::Since;
use crate::gateway::Recorder;
use crate::storage;
use crate::storage::AuditCursor;
use crate::storage::Told;
use crate::web::Backoff;

/// Something is wrong with a receiver, or with what is to be told to it.
#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error("the ledger cannot be told: {0}")]
    Batch(#[from] BatchError),
    #[error("how far it was told is not known: {0}")]
    Cursor(#[from] std::io::Error),
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    #[error("the task that reads the ledger ended")]
    Ended,
}

/// See the module.
pub(super) struct Feed {
    pub(super) supply: Arc<Supply>,
    pub(super) bringer: Bringer,
    pub(super) cursor: AuditCursor,
    pub(super) recorder: Recorder,
    pub(super) clock: Clock,
}

/// How the receiver has been doing.
#[derive(Default)]
struct Health {
    failures: u32,
    /// The first failure in a row.
    since_us: Option<u64>,
    alerted: bool,
}

impl Feed {
    /// Tells until `stopped`, whatever panics. What is under way then is told again at the next start.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let feed = Arc::new(self);
        let whatever_panics = async {
            loop {
                let another = Arc::clone(&feed);
                let mut telling = JoinSet::new();
                telling.spawn(async move { another.tell_on().await });
                let _ = telling.join_next().await;
                feed.fell().await;
            }
        };
        tokio::select! {
            () = whatever_panics => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    /// Telling has no end but a panic: after a rest it goes on from the place that is kept.
    async fn fell(&self) {
        let receiver = &self.supply.receiver;
        let text = format!("what tells audit receiver {} panicked", receiver.name);
        tracing::error!("{text}");
        self.recorder.alert("worker-panicked", text).await;
        tokio::time::sleep(receiver.retry_max).await;
    }

    async fn tell_on(&self) {
        let receiver = &self.supply.receiver;
        let backoff = Backoff {
            first: receiver.interval.min(receiver.retry_max),
            max: receiver.retry_max,
        };
        let (mut health, mut told) = (Health::default(), None);
        loop {
            let pause = match self.tell(&mut told).await {
                Ok(more) => {
                    self.recovered(&mut health).await;
                    match more {
                        true => continue,
                        false => receiver.interval,
                    }
                }
                Err(error) => {
                    self.failed(&mut health, &error).await;
                    backoff.pause(health.failures)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells the next batch; true when there may be more. `place` is how far the receiver was told, once that is
    /// known: what the disk cannot keep now is not told again and again.
    async fn tell(&self, place: &mut Option<Told>) -> Result<bool, FeedError> {
        let (size, told) = self.place(*place).await?;
        *place = Some(told);
        if told.next >= size {
            return Ok(false);
        }
        let batch = self.batch(told, size).await?;
        let brought = self.bringer.bring(&batch).await;
        for entry in brought.too_long {
            self.too_long(entry).await;
        }
        if let Some(told) = brought.told {
            *place = Some(told);
            let cursor = self.cursor.clone();
            blocking(move || Ok(cursor.write(&told)?)).await?;
        }
        match brought.failed {
            Some(failed) => Err(failed.into()),
            None => Ok(batch.then.next < size),
        }
    }

    /// How many entries are signed for, and how far the receiver was told.
    async fn place(&self, known: Option<Told>) -> Result<(u64, Told), FeedError> {
        let (supply, cursor) = (Arc::clone(&self.supply), self.cursor.clone());
        blocking(move || {
            let newest =
                storage::newest_checkpoint(&supply.folders.data).map_err(BatchError::from)?;
            let size = newest.map_or(0, |(checkpoint, _)| checkpoint.size);
            if let Some(told) = known {
                return Ok((size, told));
            }
            if let Some(told) = cursor.read()? {
                return Ok((size, told));
            }
            let told = match supply.receiver.since {
                Since::Beginning => Told::NOTHING,
                Since::Now => supply.end(size)?,
            };
            cursor.write(&told)?;
            Ok((size, told))
        })
        .await
    }

    /// What comes next. A ledger that was restored from a copy may not be the one that was told: then all of it is.
    async fn batch(&self, told: Told, size: u64) -> Result<Batch, FeedError> {
        let supply = Arc::clone(&self.supply);
        blocking(move || {
            if let Some(batch) = supply.next(told, size)? {
                return Ok(batch);
            }
            let receiver = &supply.receiver.name;
            tracing::warn!(%receiver, "the ledger is another one than was told; it is told from its beginning");
            let batch = supply.next(Told::NOTHING, size)?;
            Ok(batch.ok_or(BatchError::Short(size))?)
        })
        .await
    }

    async fn failed(&self, health: &mut Health, error: &FeedError) {
        let receiver = &self.supply.receiver;
        let now_us = self.clock.read().monotonic_us;
        health.failures = health.failures.saturating_add(1);
        let since_us = *health.since_us.get_or_insert(now_us);
        let failures = health.failures;
        tracing::warn!(receiver = %receiver.name, %error, failures, "an audit receiver has not taken what it is due");
        let due = u64::try_from(receiver.behind_alert.as_micros()).unwrap_or(u64::MAX);
        if !health.alerted && now_us.saturating_sub(since_us) >= due {
            health.alerted = true;
            let text = format!(
                "audit receiver {} has taken nothing for {} s: {error}",
                receiver.name,
                now_us.saturating_sub(since_us) / 1_000_000
            );
            self.recorder.alert("audit-receiver-behind", text).await;
        }
    }

    async fn recovered(&self, health: &mut Health) {
        let receiver = &self.supply.receiver.name;
        if health.failures > 0 {
            tracing::info!(%receiver, "an audit receiver takes what it is due again");
        }
        if health.alerted {
            let text = format!("audit receiver {receiver} takes what it is due again");
            self.recorder.alert("audit-receiver-back", text).await;
        }
        *health = Health::default();
    }

    async fn too_long(&self, entry: u64) {
        let receiver = &self.supply.receiver.name;
        tracing::warn!(%receiver, entry, "a message is too long for a datagram");
        let text = format!(
            "entry {entry} is too long for a datagram, and was not told to audit receiver {receiver}"
        );
        self.recorder.alert("audit-message-too-long", text).await;
    }
}

/// Reads or writes the disk beside the tasks that move images.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FeedError> + Send + 'static,
) -> Result<T, FeedError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(FeedError::Ended))
}
