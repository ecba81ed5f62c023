//! Opening an association: connect, request, and wait for the answer, all within one time limit.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::link::Indication;
use super::link::Limits;
use super::link::Link;
use super::link::LinkError;
use super::socket;
use super::stream::Stream;
use super::tls::Channel;
use super::tls::HandshakeError;
use super::tls::Towards;
use crate::association;
use crate::association::Abort;
use crate::association::AssociateAc;
use crate::association::AssociateRj;
use crate::association::AssociateRq;

/// An association that we requested and the peer accepted.
#[derive(Debug)]
pub struct Requested {
    /// The link, ready for data.
    pub link: Link,
    /// What the peer accepted.
    pub accepted: AssociateAc,
}

/// Why there is no association.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered the connection.
    #[error("cannot connect to {address}: {source}")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No TLS with whoever answered.
    #[error("no TLS with {address}: {source}")]
    Handshake {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: HandshakeError,
    },
    /// Connection or answer took too long.
    #[error("{address} did not accept an association within {} ms", limit.as_millis())]
    TimedOut {
        /// Where.
        address: SocketAddr,
        /// The limit for connecting and the answer together.
        limit: Duration,
    },
    /// The peer said no.
    #[error("{address} rejected the association: {answer}")]
    Rejected {
        /// Where.
        address: SocketAddr,
        /// Its words.
        answer: AssociateRj,
    },
    /// The peer aborted or hung up instead of answering.
    #[error("{address} closed the connection instead of answering")]
    Closed {
        /// Where.
        address: SocketAddr,
    },
    /// The peer broke the protocol.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Our own request cannot be written.
    #[error(transparent)]
    Encode(#[from] association::EncodeError),
}

impl Link {
    /// Connects to `address`, by TLS where `tls` says how, and requests an association.
    /// `pdu_cap_bytes` bounds the PDUs that we send, below what the peer says that it takes.
    ///
    /// # Errors
    /// When there is no association at the end; the connection is then closed.
    pub async fn connect(
        address: SocketAddr,
        tls: Option<Towards>,
        rq: &AssociateRq,
        limits: Limits,
        pdu_cap_bytes: u32,
        limit: Duration,
    ) -> Result<Requested, ConnectError> {
        tokio::time::timeout(limit, open(address, tls, rq, limits, pdu_cap_bytes))
            .await
            .unwrap_or(Err(ConnectError::TimedOut { address, limit }))
    }
}

async fn open(
    address: SocketAddr,
    tls: Option<Towards>,
    rq: &AssociateRq,
    limits: Limits,
    pdu_cap_bytes: u32,
) -> Result<Requested, ConnectError> {
    let unreachable = |source| ConnectError::Unreachable { address, source };
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    socket::prepare(&stream).map_err(unreachable)?;
    socket::watch(&stream).map_err(unreachable)?;
    let (stream, channel) = match tls {
        None => (Stream::Plain(stream), Channel::default()),
        Some(tls) => {
            let shaken = tls.handshake(stream).await;
            let (stream, channel) =
                shaken.map_err(|source| ConnectError::Handshake { address, source })?;
            (Stream::Tls(Box::new(stream)), channel)
        }
    };
    let mut link = Link::requesting(stream, channel, address, limits, rq)?;
    match link.next().await? {
        Indication::Accepted(accepted) => {
            link.send_at_most(accepted.user.max_length, pdu_cap_bytes);
            Ok(Requested {
                link,
                accepted: *accepted,
            })
        }
        Indication::Rejected(answer) => Err(ConnectError::Rejected { address, answer }),
        Indication::Aborted(_) | Indication::Closed => Err(ConnectError::Closed { address }),
        Indication::Requested(_)
        | Indication::Command { .. }
        | Indication::Data { .. }
        | Indication::ReleaseRequested
        | Indication::Released => {
            link.abort(Abort::UNEXPECTED_PDU).await;
            Err(ConnectError::Closed { address })
        }
    }
}
