//! What a link tells of its peer.

use bytes::Bytes;

use crate::association::Abort;
use crate::association::AssociateAc;
use crate::association::AssociateRj;
use crate::association::AssociateRq;
use crate::dimse::CommandSet;
use crate::dimse::MessageEvent;

/// What a peer did.
#[derive(Debug)]
pub enum Indication {
    /// It requests an association.
    Requested(Box<AssociateRq>),
    /// It accepts the association that we requested.
    Accepted(Box<AssociateAc>),
    /// It rejects the association that we requested.
    Rejected(AssociateRj),
    /// A whole command set.
    Command {
        /// Presentation context that it came on.
        context_id: u8,
        /// The command.
        command: CommandSet,
    },
    /// A piece of the data set that belongs to the last command.
    Data {
        /// Presentation context that it came on.
        context_id: u8,
        /// The bytes, as they came.
        data: Bytes,
        /// The data set ends here.
        is_last: bool,
    },
    /// It wants to release the association: answer with [`Link::confirm_release`](super::Link::confirm_release).
    ReleaseRequested,
    /// It confirmed our release; the connection is closed.
    Released,
    /// It aborted; the connection is closed.
    Aborted(Abort),
    /// The connection closed without a word.
    Closed,
}

impl From<MessageEvent> for Indication {
    fn from(event: MessageEvent) -> Self {
        match event {
            MessageEvent::Command {
                context_id,
                command,
            } => Self::Command {
                context_id,
                command,
            },
            MessageEvent::Data {
                context_id,
                data,
                is_last,
            } => Self::Data {
                context_id,
                data,
                is_last,
            },
        }
    }
}
