//! Reading an object out of the spool, ahead of its sending: on a thread that may wait for the disk,
//! into a channel of bounded length.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::order::Order;
use super::order::OrderError;
use crate::config::PeerName;
use crate::storage::ObjectId;
use crate::storage::Place;
use crate::storage::Spool;
use crate::storage::SpoolError;

/// Bytes of a piece, about: the spool gives one of its segments at a time.
const PIECE_BYTES: usize = 65_536;

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The spool's words.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// What is sealed with it is no order.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The reading ended by itself.
    #[error("the reading of the object ended by itself")]
    Ended,
}

/// An object that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) id: ObjectId,
    opened: oneshot::Receiver<Result<Opened, ReadError>>,
}

/// An object whose order has been read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) order: Order,
    pub(super) pieces: Pieces,
}

/// The data set of an object, piece by piece.
#[derive(Debug)]
pub(in crate::gateway) struct Pieces {
    left: u64,
    next: mpsc::Receiver<Result<Bytes, SpoolError>>,
}

impl Reading {
    /// Begins; no more than about `buffer_bytes` are read before they are wanted.
    pub(super) fn begin(
        spool: &Arc<Spool>,
        queue: &PeerName,
        id: ObjectId,
        buffer_bytes: usize,
    ) -> Self {
        let spool = Arc::clone(spool);
        let queue = queue.clone();
        let (opening, opened) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let (pieces, next) = mpsc::channel((buffer_bytes / PIECE_BYTES).max(1));
            let begun = open(&spool, &queue, id);
            let mut reader = match begun {
                Ok((reader, order)) => {
                    let left = reader.bytes();
                    let pieces = Pieces { left, next };
                    if opening.send(Ok(Opened { order, pieces })).is_err() {
                        return;
                    }
                    reader
                }
                Err(error) => {
                    let _ = opening.send(Err(error));
                    return;
                }
            };
            while let Some(piece) = reader.next().transpose() {
                let is_over = piece.is_err();
                if pieces.blocking_send(piece).is_err() || is_over {
                    return;
                }
            }
        });
        Self { id, opened }
    }

    /// The order, and the data set that follows.
    pub(super) async fn opened(self) -> Result<Opened, ReadError> {
        self.opened.await.unwrap_or(Err(ReadError::Ended))
    }
}

fn open(
    spool: &Spool,
    queue: &PeerName,
    id: ObjectId,
) -> Result<(crate::storage::Reader, Order), ReadError> {
    let reader = spool.read(queue, id, Place::Waiting)?;
    let order = Order::from_bytes(reader.about())?;
    Ok((reader, order))
}

impl Pieces {
    /// The next piece, and whether it is the last. May be dropped while it waits.
    pub(in crate::gateway) async fn next(&mut self) -> Result<(Bytes, bool), SpoolError> {
        if self.left == 0 {
            return Ok((Bytes::new(), true));
        }
        match self.next.recv().await {
            Some(piece) => {
                let piece = piece?;
                self.left = self.left.saturating_sub(piece.len() as u64);
                Ok((piece, self.left == 0))
            }
            None => Err(SpoolError::Io {
                path: PathBuf::from("the spool"),
                source: io::Error::other("the reading of an object ended by itself"),
            }),
        }
    }
}
