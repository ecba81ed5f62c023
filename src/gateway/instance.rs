//! Reading an instance as far as the contract needs: up to its Study Instance UID, bounded.

use std::time::Duration;

use bytes::Bytes;

use crate::association::Abort;
use crate::dicom::Encoding;
use crate::dicom::Head;
use crate::dicom::HeadError;
use crate::dicom::HeadReader;
use crate::dimse::CommandSet;
use crate::storage::SpoolError;
use crate::transport::Indication;
use crate::transport::Link;
use crate::transport::LinkError;

/// How an association ended under a transfer.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The socket failed or the peer broke the protocol.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The peer aborted.
    #[error("the peer aborted (source {}, reason {})", .0.source, .0.reason)]
    Aborted(Abort),
    /// The peer hung up or released in the middle.
    #[error("the peer closed the association in the middle of a message")]
    Closed,
    /// A message on a presentation context that was not accepted.
    #[error("the peer used presentation context {0}, which was not accepted")]
    NotAccepted(u8),
    /// A message that has no place here.
    #[error("the peer sent a message out of turn")]
    OutOfTurn,
    /// The contract denied an object, on a route that answers with an abort.
    #[error("an object was denied, decision {0}, and the route says to abort")]
    Denied(u64),
    /// The spool, which an object came from, could not give the rest of it.
    #[error(transparent)]
    Spool(SpoolError),
    /// Another gateway stated what is not believed.
    #[error("the gateway made a statement that is not believed")]
    Unbelieved,
    /// Nothing came in time.
    #[error("the peer was silent for {} s", .0.as_secs())]
    Silent(Duration),
}

/// The beginning of a data set, held until the contract has answered.
#[derive(Debug)]
pub(super) struct Held {
    /// What the contract must know.
    pub(super) head: Head,
    /// The bytes so far.
    pub(super) pieces: Vec<Bytes>,
    /// The data set ended within `pieces`.
    pub(super) complete: bool,
}

/// What reading the beginning came to.
#[derive(Debug)]
pub(super) enum Taken {
    /// A head that can be judged.
    Held(Box<Held>),
    /// No head: the data set is to be refused. Its remaining bytes have been read and dropped.
    Refused(HeadError),
}

/// The next indication, or how the association ended; `silence` bounds the wait.
pub(super) async fn next_within(link: &mut Link, silence: Duration) -> Result<Indication, Ended> {
    match tokio::time::timeout(silence, link.next()).await {
        Ok(indication) => Ok(indication?),
        Err(_) => Err(Ended::Silent(silence)),
    }
}

/// A piece of the current data set.
pub(super) fn expect_data(indication: Indication) -> Result<(Bytes, bool), Ended> {
    match indication {
        Indication::Data { data, is_last, .. } => Ok((data, is_last)),
        other => Err(ended_by(&other)),
    }
}

/// How an indication that is no message part ends a transfer.
pub(super) fn ended_by(indication: &Indication) -> Ended {
    match indication {
        Indication::Aborted(abort) => Ended::Aborted(*abort),
        Indication::Closed | Indication::ReleaseRequested | Indication::Released => Ended::Closed,
        Indication::Command { .. }
        | Indication::Data { .. }
        | Indication::Requested(_)
        | Indication::Accepted(_)
        | Indication::Rejected(_) => Ended::OutOfTurn,
    }
}

/// Reads up to the Study Instance UID; at most `limit_bytes` are held.
pub(super) async fn take_head(
    from: &mut Link,
    encoding: Encoding,
    limit_bytes: usize,
    silence: Duration,
) -> Result<Taken, Ended> {
    let mut reader = HeadReader::new(encoding, limit_bytes);
    let mut pieces = Vec::new();
    loop {
        let (data, is_last) = expect_data(next_within(from, silence).await?)?;
        let read = match reader.push(&data) {
            Ok(None) if is_last => reader.finish().map(Some),
            other => other,
        };
        pieces.push(data);
        match read {
            Ok(Some(head)) => {
                return Ok(Taken::Held(Box::new(Held {
                    head,
                    pieces,
                    complete: is_last,
                })));
            }
            Ok(None) => {}
            Err(error) => {
                drop(pieces);
                if !is_last {
                    drain(from, silence).await?;
                }
                return Ok(Taken::Refused(error));
            }
        }
    }
}

/// Reads the rest of the current data set and drops it, so that a refusal can be answered.
pub(super) async fn drain(from: &mut Link, silence: Duration) -> Result<(), Ended> {
    loop {
        let (_, is_last) = expect_data(next_within(from, silence).await?)?;
        if is_last {
            return Ok(());
        }
    }
}

/// Reads a whole small data set, such as an identifier. `None` when it is over the limit; its
/// bytes have then been read and dropped.
pub(super) async fn take_small(
    from: &mut Link,
    command: &CommandSet,
    limit_bytes: usize,
    silence: Duration,
) -> Result<Option<Vec<u8>>, Ended> {
    let mut bytes = Vec::new();
    let mut over = false;
    while command.has_data_set() {
        let (data, is_last) = expect_data(next_within(from, silence).await?)?;
        over = over || bytes.len().saturating_add(data.len()) > limit_bytes;
        if over {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&data);
        }
        if is_last {
            break;
        }
    }
    Ok((!over).then_some(bytes))
}
