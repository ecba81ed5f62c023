//! Cut-through relaying of one C-STORE: what has been released flows on as it comes, from a sender
//! or from the spool, is hashed beside that, and the destination's own response is what the sender hears.

use std::time::Duration;

use bytes::Bytes;

use super::delivery::Pieces;
use super::instance::Ended;
use super::instance::Held;
use super::instance::ended_by;
use super::instance::expect_data;
use super::instance::next_within;
use super::recorder::Recorded;
use super::spooling::Spooling;
use super::transfer::DataSet;
use crate::digest::Hasher;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Indication;
use crate::transport::Link;

/// Commands that are kept of either side during one object.
const OVERHEARD_MAX: usize = 16;

/// What a relay may use up.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelayLimits {
    /// Bytes that may wait for a slow destination before we stop reading.
    pub(super) buffer_bytes_max: usize,
    /// Silence of the sender within an object.
    pub(super) sender_silence: Duration,
    /// Silence of the destination, within an object and before its response.
    pub(super) response: Duration,
}

/// The object arrived, says the destination.
#[derive(Debug)]
pub(super) struct Relayed {
    /// The destination's C-STORE-RSP.
    pub(super) response: CommandSet,
    /// The data set as it came and left.
    pub(super) data_set: DataSet,
}

/// Whose fault it is that the object did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    /// The permit ended before the first byte: nothing has left.
    #[error("the permit ended before the first byte")]
    NotReleased {
        /// The sender has no bytes left to be drained.
        sender_done: bool,
    },
    /// The sending association ended.
    #[error("sender: {0}")]
    Source(Ended),
    /// The destination's association ended; `sender_done` tells whether the sender's data set has
    /// been read to its end.
    #[error("destination: {ended}")]
    Destination {
        /// How it ended.
        ended: Ended,
        /// The sender has no bytes left to be drained.
        sender_done: bool,
    },
}

/// Where an object comes from.
pub(super) enum Source<'a> {
    /// From a sender's association, as it comes.
    Association(&'a mut Link),
    /// From the spool.
    Spool(&'a mut Pieces),
}

impl Source<'_> {
    /// The next piece, and whether it is the last; may be dropped while it waits.
    async fn next(&mut self, silence: Duration) -> Result<(Bytes, bool), Ended> {
        match self {
            Self::Association(link) => expect_data(next_within(link, silence).await?),
            Self::Spool(pieces) => pieces.next().await.map_err(Ended::Spool),
        }
    }

    /// A command that the sender gives while it waits for the response; the spool has none.
    async fn overhear(&mut self) -> Result<CommandSet, Ended> {
        match self {
            Self::Association(link) => match link.next().await? {
                Indication::Command { command, .. }
                    if command.field() == Some(CommandField::CCancelRq) =>
                {
                    Ok(command)
                }
                other => Err(ended_by(&other)),
            },
            Self::Spool(_) => std::future::pending().await,
        }
    }
}

/// One object on its way.
pub(super) struct Relay<'a> {
    /// Where it comes from.
    pub(super) from: Source<'a>,
    /// Where it goes.
    pub(super) to: &'a mut Link,
    /// Presentation context of the destination's association.
    pub(super) to_context: u8,
    /// What keeps every piece, to be fallen back on when the destination is lost.
    pub(super) tee: Option<&'a mut Spooling>,
    /// Commands that came from either side in between (a C-CANCEL), for the caller to act on.
    pub(super) overheard: &'a mut Vec<CommandSet>,
    /// Limits.
    pub(super) limits: RelayLimits,
}

impl Relay<'_> {
    /// Sends `command` and the data set. Only a [`Recorded`] decision opens this door, and only
    /// while it stands: an instance whose first byte would follow a durable revocation stays.
    ///
    /// # Errors
    /// When either association ends under it.
    pub(super) async fn run(
        self,
        released_by: &Recorded,
        command: &CommandSet,
        held: Held,
    ) -> Result<Relayed, RelayError> {
        let Held {
            pieces, complete, ..
        } = held;
        self.send(released_by, command, pieces, complete).await
    }

    /// The same for an object of which `first` is at hand; `complete`: there is no more of it.
    ///
    /// # Errors
    /// As [`Relay::run`].
    pub(super) async fn send(
        mut self,
        released_by: &Recorded,
        command: &CommandSet,
        first: Vec<Bytes>,
        complete: bool,
    ) -> Result<Relayed, RelayError> {
        if !released_by.stands_now() {
            let sender_done = complete;
            return Err(RelayError::NotReleased { sender_done });
        }
        let mut sum = Sum::default();
        self.to.queue_command(self.to_context, command);
        let last = first.len().saturating_sub(1);
        for (index, piece) in first.into_iter().enumerate() {
            self.pass_on(&piece, complete && index == last, &mut sum);
            self.keep(piece).await;
        }
        // Kept beside, a refusal here is not yet the end of it.
        let is_last_word = self.tee.is_none();
        let mut awaited = Awaited {
            message_id: command.message_id(),
            response: None,
        };
        if !complete {
            let streamed = self.stream(&mut sum, &mut awaited).await;
            streamed.inspect_err(|error| {
                if is_last_word || matches!(error, RelayError::Source(_)) {
                    failed(released_by);
                }
            })?;
        }
        let response = self.response(awaited).await;
        let (digest, bytes) = (sum.hasher.finish(), sum.bytes);
        let response = response.inspect_err(|_| {
            // Whoever broke: all of it has gone out.
            if let Some(ticket) = released_by.ticket() {
                ticket.unanswered(&digest, bytes, is_last_word);
            }
        })?;
        if let Some(ticket) = released_by.ticket() {
            let status = response.status().unwrap_or(Status::PROCESSING_FAILURE);
            ticket.answered(status, &digest, bytes, is_last_word);
        }
        Ok(Relayed {
            response,
            data_set: DataSet {
                digest,
                bytes,
                class: command.get_uid(element::AFFECTED_SOP_CLASS_UID),
            },
        })
    }

    /// Hands a piece to the destination's socket first and hashes it while the kernel sends.
    fn pass_on(&mut self, piece: &Bytes, is_last: bool, sum: &mut Sum) {
        self.to.queue_data(self.to_context, piece.clone(), is_last);
        self.to.write_now();
        sum.add(piece);
    }

    async fn keep(&mut self, piece: Bytes) {
        if let Some(tee) = &mut self.tee {
            tee.push(piece).await;
        }
    }

    /// Copies until the data set ends. A response that comes early is kept: the message is sent
    /// to its end all the same, or the association would be out of step.
    async fn stream(&mut self, sum: &mut Sum, awaited: &mut Awaited) -> Result<(), RelayError> {
        loop {
            if self.to.queued_bytes() >= self.limits.buffer_bytes_max {
                self.let_drain(awaited).await?;
                continue;
            }
            let silence = self.limits.sender_silence;
            let (data, is_last) = tokio::select! {
                biased;
                heard = self.to.next() => {
                    let heard = heard.map_err(|error| lost_destination(error.into(), false))?;
                    self.hear_destination(heard, awaited, false)?;
                    continue;
                }
                from = self.from.next(silence) => from.map_err(RelayError::Source)?,
            };
            self.pass_on(&data, is_last, sum);
            self.keep(data).await;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Waits for the destination to take what is queued.
    async fn let_drain(&mut self, awaited: &mut Awaited) -> Result<(), RelayError> {
        let limit = self.limits.response;
        match tokio::time::timeout(limit, self.to.drive()).await {
            Err(_) => Err(lost_destination(Ended::Silent(limit), false)),
            Ok(Err(error)) => Err(lost_destination(error.into(), false)),
            Ok(Ok(crate::transport::Driven::Flushed)) => Ok(()),
            Ok(Ok(crate::transport::Driven::Indication(heard))) => {
                self.hear_destination(heard, awaited, false)
            }
        }
    }

    /// Waits for the destination's response.
    async fn response(&mut self, mut awaited: Awaited) -> Result<CommandSet, RelayError> {
        let limit = self.limits.response;
        // One wait, whatever either side says meanwhile.
        let silent = tokio::time::sleep(limit);
        tokio::pin!(silent);
        loop {
            if let Some(response) = awaited.response.take() {
                return Ok(response);
            }
            tokio::select! {
                biased;
                heard = self.to.next() => {
                    let heard = heard.map_err(|error| lost_destination(error.into(), true))?;
                    self.hear_destination(heard, &mut awaited, true)?;
                }
                from = self.from.overhear() => {
                    let command = from.map_err(RelayError::Source)?;
                    self.overhear(command);
                }
                () = &mut silent => return Err(lost_destination(Ended::Silent(limit), true)),
            }
        }
    }

    /// Keeps a command for the caller; what is too much of a good thing is dropped.
    fn overhear(&mut self, command: CommandSet) {
        if self.overheard.len() < OVERHEARD_MAX {
            self.overheard.push(command);
        }
    }

    fn hear_destination(
        &mut self,
        heard: Indication,
        awaited: &mut Awaited,
        sender_done: bool,
    ) -> Result<(), RelayError> {
        match heard {
            Indication::Command { command, .. } => match command.field() {
                Some(CommandField::CStoreRsp) if awaited.is_met_by(&command) => {
                    awaited.response = Some(command);
                    Ok(())
                }
                Some(CommandField::CCancelRq) => {
                    self.overhear(command);
                    Ok(())
                }
                _ => Err(lost_destination(Ended::OutOfTurn, sender_done)),
            },
            other => Err(lost_destination(ended_by(&other), sender_done)),
        }
    }
}

/// An image did not go out whole.
fn failed(released_by: &Recorded) {
    if let Some(ticket) = released_by.ticket() {
        ticket.failed();
    }
}

const fn lost_destination(ended: Ended, sender_done: bool) -> RelayError {
    RelayError::Destination { ended, sender_done }
}

/// The response that is due.
struct Awaited {
    message_id: Option<u16>,
    response: Option<CommandSet>,
}

impl Awaited {
    /// It is the first, and names the message that was sent.
    fn is_met_by(&self, response: &CommandSet) -> bool {
        self.response.is_none() && response.message_id_responded_to() == self.message_id
    }
}

/// What has passed so far.
#[derive(Default)]
struct Sum {
    hasher: Hasher,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
    }
}
