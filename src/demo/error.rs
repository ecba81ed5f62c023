//! What can go wrong for the stand-ins.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use crate::demo::phantom::PhantomError;
use crate::dicom::Uid;
use crate::transport::ConnectError;
use crate::transport::LinkError;

/// What went wrong in the demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The drawn studies could not be made.
    #[error(transparent)]
    Phantom(#[from] PhantomError),
    /// A data set or file could not be read or written.
    #[error("not readable as DICOM: {0}")]
    Dicom(String),
    /// The disk or a socket refused.
    #[error("cannot {what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        cause: io::Error,
    },
    /// There is no association.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The association broke.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The peer released or aborted the association, or hung up.
    #[error("the peer ended the association before it had answered")]
    Ended,
    /// The peer said nothing for too long.
    #[error("the peer was silent for {} ms", patience.as_millis())]
    Silence {
        /// How long that is.
        patience: Duration,
    },
    /// A response without a status.
    #[error("the peer's response has no status")]
    NoStatus,
    /// No presentation context for this was accepted.
    #[error("no presentation context for {abstract_syntax} was accepted")]
    NoContext {
        /// What for.
        abstract_syntax: Uid,
    },
    /// A data set over our own limit.
    #[error("a data set has more than {limit_bytes} bytes")]
    DataSetTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// More matches than our own limit.
    #[error("a query has more than {limit} matches")]
    TooManyMatches {
        /// The limit.
        limit: usize,
    },
}

impl DemoError {
    pub(crate) fn dicom(cause: impl Display) -> Self {
        Self::Dicom(cause.to_string())
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}
