//! From P-DATA fragments to messages (PS3.7 §6.3.1, PS3.8 Annex E).
//!
//! A message is a command set and then, if the command says so, a data set, both on one
//! presentation context; messages of one association never interleave. The command set is
//! gathered, up to a limit; the data set is handed on piece by piece as it arrives.

use std::fmt;

use bytes::Bytes;
use bytes::BytesMut;

use crate::dimse::CommandError;
use crate::dimse::CommandSet;

/// Puts the messages of one association together.
pub struct MessageReader {
    command_max_bytes: usize,
    state: State,
}

enum State {
    /// Between messages.
    Idle,
    /// Part of a command set has arrived.
    Command { context_id: u8, gathered: BytesMut },
    /// The command set has arrived, the end of the data set has not.
    DataSet { context_id: u8 },
}

/// What arrived.
#[derive(Clone, PartialEq, Eq)]
pub enum MessageEvent {
    /// A message begins: its whole command set.
    Command {
        /// Presentation context of the message.
        context_id: u8,
        /// The command.
        command: CommandSet,
    },
    /// More of the data set of the message that began last.
    Data {
        /// Presentation context of the message.
        context_id: u8,
        /// The bytes as they arrived; empty only at the end.
        data: Bytes,
        /// The data set, and with it the message, ends here.
        is_last: bool,
    },
}

/// Leaves out what the bytes say.
impl fmt::Debug for MessageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageReader")
            .field("is_idle", &self.is_idle())
            .finish_non_exhaustive()
    }
}

/// Leaves out what the bytes say.
impl fmt::Debug for MessageEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command {
                context_id,
                command,
            } => write!(f, "Command({context_id}, {command:?})"),
            Self::Data {
                context_id,
                data,
                is_last,
            } => write!(f, "Data({context_id}, {} bytes, {is_last})", data.len()),
        }
    }
}

/// What a sender may not do. The association cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// A data set without a command that announces one.
    #[error("context {context_id}: a data set fragment where a command is due")]
    DataWithoutCommand {
        /// Where it came.
        context_id: u8,
    },
    /// A command where the data set of the message before it is not complete.
    #[error("context {context_id}: a command fragment inside a data set")]
    CommandInsideDataSet {
        /// Where it came.
        context_id: u8,
    },
    /// A data set fragment where the command set is not complete.
    #[error("context {context_id}: a data set fragment inside a command set")]
    DataInsideCommand {
        /// Where it came.
        context_id: u8,
    },
    /// Another context in the middle of a message.
    #[error("a fragment of context {context_id} inside a message of context {open}")]
    Interleaved {
        /// Where it came.
        context_id: u8,
        /// The context of the message that is not complete.
        open: u8,
    },
    /// A command set over the limit.
    #[error("context {context_id}: a command set of more than {limit} bytes")]
    CommandTooLong {
        /// Where it came.
        context_id: u8,
        /// The limit that was set.
        limit: usize,
    },
    /// A command set that cannot be read.
    #[error("context {context_id}: {source}")]
    Command {
        /// Where it came.
        context_id: u8,
        /// What is wrong with it.
        source: CommandError,
    },
}

impl FragmentError {
    /// Source and reason of the A-ABORT that answers it (PS3.8 §9.3.8): always the service
    /// provider (2), with an invalid parameter (6) where bytes are wrong and an unexpected one (5)
    /// where their order is.
    pub const fn abort_codes(self) -> (u8, u8) {
        match self {
            Self::CommandTooLong { .. } | Self::Command { .. } => (2, 6),
            Self::DataWithoutCommand { .. }
            | Self::CommandInsideDataSet { .. }
            | Self::DataInsideCommand { .. }
            | Self::Interleaved { .. } => (2, 5),
        }
    }
}

impl MessageReader {
    /// A reader for a new association; a command set has at most `command_max_bytes`.
    pub const fn new(command_max_bytes: usize) -> Self {
        Self {
            command_max_bytes,
            state: State::Idle,
        }
    }

    /// No message is open.
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Takes a part of a fragment, of any length; `is_last` when the part of the message that it
    /// belongs to, command set or data set, ends with it.
    ///
    /// # Errors
    /// When the sender breaks the order of messages, or a command set is too long or unreadable.
    pub fn push(
        &mut self,
        context_id: u8,
        is_command: bool,
        is_last: bool,
        data: Bytes,
    ) -> Result<Option<MessageEvent>, FragmentError> {
        let open = match &self.state {
            State::Idle => None,
            State::Command { context_id, .. } | State::DataSet { context_id } => Some(*context_id),
        };
        if let Some(open) = open.filter(|open| *open != context_id) {
            return Err(FragmentError::Interleaved { context_id, open });
        }
        match (&mut self.state, is_command) {
            (State::Idle, false) => Err(FragmentError::DataWithoutCommand { context_id }),
            (State::Command { .. }, false) => Err(FragmentError::DataInsideCommand { context_id }),
            (State::DataSet { .. }, true) => {
                Err(FragmentError::CommandInsideDataSet { context_id })
            }
            (State::DataSet { .. }, false) => Ok(self.data(context_id, is_last, data)),
            (State::Idle, true) => self.command(context_id, is_last, BytesMut::new(), &data),
            (State::Command { gathered, .. }, true) => {
                let gathered = std::mem::take(gathered);
                self.command(context_id, is_last, gathered, &data)
            }
        }
    }

    fn command(
        &mut self,
        context_id: u8,
        is_last: bool,
        mut gathered: BytesMut,
        data: &[u8],
    ) -> Result<Option<MessageEvent>, FragmentError> {
        let limit = self.command_max_bytes;
        if gathered.len().saturating_add(data.len()) > limit {
            return Err(FragmentError::CommandTooLong { context_id, limit });
        }
        if !is_last {
            gathered.extend_from_slice(data);
            self.state = State::Command {
                context_id,
                gathered,
            };
            return Ok(None);
        }
        let command = if gathered.is_empty() {
            CommandSet::parse(data)
        } else {
            gathered.extend_from_slice(data);
            CommandSet::parse(&gathered)
        }
        .map_err(|source| FragmentError::Command { context_id, source })?;
        self.state = if command.has_data_set() {
            State::DataSet { context_id }
        } else {
            State::Idle
        };
        Ok(Some(MessageEvent::Command {
            context_id,
            command,
        }))
    }

    fn data(&mut self, context_id: u8, is_last: bool, data: Bytes) -> Option<MessageEvent> {
        if is_last {
            self.state = State::Idle;
        }
        (is_last || !data.is_empty()).then_some(MessageEvent::Data {
            context_id,
            data,
            is_last,
        })
    }
}

#[cfg(test)]
mod tests;
