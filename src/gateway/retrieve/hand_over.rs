//! Handing an instance from the association on which an archive sends it to the association of
//! a C-GET requestor, which another task owns.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::super::instance::Ended;
use super::super::instance::Held;
use super::super::instance::ended_by;
use super::super::instance::expect_data;
use super::super::instance::next_within;
use super::super::recorder::Recorded;
use super::super::relay::RelayError;
use super::super::relay::Relayed;
use super::super::transfer::DataSet;
use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Link;

/// Pieces under way between the two tasks.
const PIECES_MAX: usize = 4;

/// One instance for the requestor.
#[derive(Debug)]
pub(in crate::gateway) struct Delivery {
    pub(super) context_id: u8,
    /// What lets it go, to be asked once more right before the first byte.
    pub(super) released_by: Recorded,
    pub(super) command: CommandSet,
    /// Pieces of the data set, the last one marked. Closed early: the archive died in the middle.
    pub(super) pieces: mpsc::Receiver<(Bytes, bool)>,
    /// The requestor's C-STORE-RSP; dropped when its association has ended.
    pub(super) reply: oneshot::Sender<CommandSet>,
}

/// Sends one instance through `deliveries`. The decision is proof that it may leave.
pub(in crate::gateway) async fn hand_over(
    from: &mut Link,
    deliveries: &mpsc::Sender<Delivery>,
    released_by: &Recorded,
    context_id: u8,
    command: CommandSet,
    held: Held,
    silence: Duration,
) -> Result<Relayed, RelayError> {
    let lost = |sender_done| {
        if released_by.stands_now() {
            RelayError::Destination {
                ended: Ended::Closed,
                sender_done,
            }
        } else {
            RelayError::NotReleased { sender_done }
        }
    };
    let class = command.get_uid(element::AFFECTED_SOP_CLASS_UID);
    let (pieces, receiver) = mpsc::channel(PIECES_MAX);
    let (reply, answer) = oneshot::channel();
    let delivery = Delivery {
        context_id,
        released_by: released_by.clone(),
        command,
        pieces: receiver,
        reply,
    };
    let mut hasher = Hasher::new();
    let mut bytes = 0_u64;
    let complete = held.complete;
    deliveries
        .send(delivery)
        .await
        .map_err(|_| lost(complete))?;
    let last = held.pieces.len().saturating_sub(1);
    let mut done = false;
    for (index, piece) in held.pieces.into_iter().enumerate() {
        done = complete && index == last;
        hasher.update(&piece);
        bytes = bytes.saturating_add(piece.len() as u64);
        pieces
            .send((piece, done))
            .await
            .map_err(|_| lost(complete))?;
    }
    while !done {
        let next = next_within(from, silence)
            .await
            .map_err(RelayError::Source)?;
        let (piece, is_last) = expect_data(next).map_err(RelayError::Source)?;
        done = is_last;
        hasher.update(&piece);
        bytes = bytes.saturating_add(piece.len() as u64);
        pieces
            .send((piece, is_last))
            .await
            .map_err(|_| lost(is_last))?;
    }
    let digest = hasher.finish();
    let response = tokio::select! {
        response = answer => response.map_err(|_| lost(true)),
        from = from.next() => Err(RelayError::Source(match from {
            Ok(other) => ended_by(&other),
            Err(error) => error.into(),
        })),
    };
    tell_ticket(released_by, &response, &digest, bytes);
    let response = response?;
    let data_set = DataSet {
        digest,
        bytes,
        class,
    };
    Ok(Relayed { response, data_set })
}

/// Counts, for the receipt, what became of an instance that was handed over whole: without an answer the
/// requestor may have had all of it.
fn tell_ticket(
    released_by: &Recorded,
    response: &Result<CommandSet, RelayError>,
    digest: &Sha256,
    bytes: u64,
) {
    let Some(ticket) = released_by.ticket() else {
        return;
    };
    match response {
        Ok(response) => {
            let status = response.status().unwrap_or(Status::PROCESSING_FAILURE);
            ticket.answered(status, digest, bytes, true);
        }
        Err(_) => ticket.unanswered(digest, bytes, true),
    }
}
