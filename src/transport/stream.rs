//! The bytes of one connection, with or without TLS.

use std::io;

use bytes::BytesMut;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::outbox::Outbox;
use super::socket;
use super::tls::TlsStream;

/// One connection. Reading and writing never wait; [`Stream::ready`] does, and may be dropped at any
/// await point.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Stream {
    pub(super) const fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.tcp(),
        }
    }

    /// Reads what has come, at most about `bytes`, and tells how many; 0 at the peer's end.
    pub(super) fn try_read(&mut self, into: &mut BytesMut, bytes: usize) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => {
                if into.capacity().saturating_sub(into.len()) < bytes / 4 {
                    into.reserve(bytes);
                }
                let read = tcp.try_read_buf(into)?;
                socket::acknowledge_at_once(tcp);
                Ok(read)
            }
            Self::Tls(tls) => tls.try_read(into, bytes),
        }
    }

    /// Writes of `outbox` what can be taken, and tells how many bytes that were; 0 when only what was
    /// taken before could leave.
    pub(super) fn try_write(&mut self, outbox: &Outbox) -> io::Result<usize> {
        let mut slices = Outbox::empty_slices();
        let filled = outbox.slices(&mut slices);
        let slices = slices.get(..filled).unwrap_or_default();
        match self {
            Self::Plain(_) if slices.is_empty() => Ok(0),
            Self::Plain(tcp) => match tcp.try_write_vectored(slices) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                written => written,
            },
            Self::Tls(tls) => tls.try_write(slices),
        }
    }

    /// Bytes that were taken wait for the socket.
    pub(super) fn has_taken(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.has_sealed(),
        }
    }

    /// Waits until the socket has something, or, with `writing`, takes something.
    pub(super) async fn ready(&self, writing: bool) -> io::Result<()> {
        let interest = if writing {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        self.tcp().ready(interest).await.map(|_| ())
    }

    /// Waits until the socket takes something.
    pub(super) async fn writable(&self) -> io::Result<()> {
        self.tcp().writable().await
    }

    /// Tells the peer that nothing more comes, where the protocol below has a word for it.
    pub(super) fn say_goodbye(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Tls(tls) => tls.say_goodbye(),
        }
    }
}
