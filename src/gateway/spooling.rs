//! An instance on its way into the spool: held in memory while it is short and may yet go directly,
//! else sealed into a file beside the reading.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Gateway;
use super::delivery::Order;
use super::instance::Ended;
use super::instance::expect_data;
use super::instance::next_within;
use crate::config::PeerName;
use crate::contract::Body;
use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::storage::ObjectId;
use crate::storage::Spool;
use crate::storage::SpoolError;
use crate::transport::Link;

/// Pieces between the reading and the sealing; each is at most a PDU.
const PIECES_MAX: usize = 8;
/// From one alert that the spool is full to the next.
const TELL_EVERY_US: u64 = 60_000_000;

/// Why an instance was not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    /// The spool did not take it.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// What must be known to deliver it cannot be written down.
    #[error("what is known of the instance is too long for the spool")]
    Order,
    /// The sealing ended by itself.
    #[error("the spool was closed")]
    Closed,
}

impl NotKept {
    /// Whether there was no room for it.
    pub(super) const fn is_full(&self) -> bool {
        match self {
            Self::Spool(error) => error.is_full(),
            Self::Order | Self::Closed => false,
        }
    }
}

/// See the module. Dropped, it leaves nothing.
pub(super) struct Spooling {
    spool: Arc<Spool>,
    order: Arc<Order>,
    about: Vec<u8>,
    memory_bytes_max: usize,
    held: Vec<Bytes>,
    held_bytes: usize,
    bytes: u64,
    /// Where another gateway is to be told what arrived.
    sum: Option<Hasher>,
    file: Option<Sealing>,
}

/// What was kept.
pub(super) struct Kept {
    /// SHA-256 of the data set, where it was asked for.
    pub(super) digest: Option<Sha256>,
    /// Its length.
    pub(super) bytes: u64,
}

/// The thread that seals.
struct Sealing {
    pieces: mpsc::Sender<Bytes>,
    keep: oneshot::Sender<Vec<PeerName>>,
    ended: JoinHandle<Result<Option<ObjectId>, SpoolError>>,
}

impl Spooling {
    /// Begins with nothing. The first `memory_bytes_max` bytes stay in memory, until there are more
    /// or it is kept.
    pub(super) fn new(
        gateway: &Gateway,
        order: Order,
        memory_bytes_max: usize,
    ) -> Result<Self, NotKept> {
        Ok(Self {
            spool: Arc::clone(&gateway.spool),
            about: order.to_bytes().map_err(|_| NotKept::Order)?,
            order: Arc::new(order),
            memory_bytes_max,
            held: Vec::new(),
            held_bytes: 0,
            bytes: 0,
            sum: None,
            file: None,
        })
    }

    /// The same, with the SHA-256 of what is kept.
    pub(super) fn summed(mut self) -> Self {
        self.sum = Some(Hasher::new());
        self
    }

    /// Takes the next piece; waits while the disk is slower. What goes wrong shows when it is kept.
    pub(super) async fn push(&mut self, piece: Bytes) {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if let Some(sum) = &mut self.sum {
            sum.update(&piece);
        }
        if let Some(file) = &self.file {
            let _ = file.pieces.send(piece).await;
            return;
        }
        self.held_bytes = self.held_bytes.saturating_add(piece.len());
        self.held.push(piece);
        if self.held_bytes > self.memory_bytes_max {
            self.begin_file().await;
        }
    }

    /// Takes what is left of the data set that `from` sends.
    ///
    /// # Errors
    /// When the sender's association ends under it.
    pub(super) async fn take_rest(
        &mut self,
        from: &mut Link,
        silence: Duration,
    ) -> Result<(), Ended> {
        loop {
            let (data, is_last) = expect_data(next_within(from, silence).await?)?;
            self.push(data).await;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn begin_file(&mut self) {
        let file = Sealing::begin(Arc::clone(&self.spool), std::mem::take(&mut self.about));
        for piece in self.held.drain(..) {
            // A writer that gave up says why when the instance is to be kept.
            let _ = file.pieces.send(piece).await;
        }
        self.file = Some(file);
    }

    /// Makes it durable in `queues`, and has it delivered: nothing but the loss of the disk or of the
    /// key loses it from here on.
    ///
    /// # Errors
    /// When there is no room, or the disk fails.
    pub(super) async fn keep(
        mut self,
        gateway: &Gateway,
        queues: &[PeerName],
    ) -> Result<Kept, NotKept> {
        if self.file.is_none() {
            self.begin_file().await;
        }
        let Some(file) = self.file else {
            return Err(NotKept::Closed);
        };
        drop(file.pieces);
        let _ = file.keep.send(queues.to_vec());
        match file.ended.await {
            Ok(Ok(Some(id))) => {
                gateway
                    .delivery
                    .enqueue(id, self.bytes, &self.order, queues);
                Ok(Kept {
                    digest: self.sum.map(Hasher::finish),
                    bytes: self.bytes,
                })
            }
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(None)) | Err(_) => Err(NotKept::Closed),
        }
    }
}

impl Gateway {
    /// Tells people that the spool takes nothing more; once a minute while senders try.
    pub(super) async fn tell_spool_full(&self) {
        let now_us = self.clock.read().monotonic_us;
        let told_us = self.spool_full_told_us.load(Ordering::Relaxed);
        if told_us != 0 && now_us.saturating_sub(told_us) < TELL_EVERY_US {
            return;
        }
        self.spool_full_told_us
            .store(now_us.max(1), Ordering::Relaxed);
        let used = self.spool.used();
        tracing::error!(?used, "the spool is full");
        let alert = Body::Alert {
            code: "spool-full".to_owned(),
            text: "the spool takes nothing more; senders are refused with A700H".to_owned(),
            about: None,
        };
        self.recorder.note(alert).await;
    }
}

impl Sealing {
    fn begin(spool: Arc<Spool>, about: Vec<u8>) -> Self {
        let (pieces, mut taken) = mpsc::channel::<Bytes>(PIECES_MAX);
        let (keep, kept) = oneshot::channel::<Vec<PeerName>>();
        let ended = tokio::task::spawn_blocking(move || {
            let mut draft = spool.begin(&about)?;
            while let Some(piece) = taken.blocking_recv() {
                draft.write(&piece)?;
            }
            match kept.blocking_recv() {
                Ok(queues) => draft.keep(&queues).map(Some),
                // Not wanted after all.
                Err(_) => Ok(None),
            }
        });
        Self {
            pieces,
            keep,
            ended,
        }
    }
}
