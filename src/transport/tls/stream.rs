//! TLS over a socket, without a task or a copy of its own: what comes is decrypted as it is asked for,
//! what goes is sealed in whole records from the slices that wait.

use std::io;
use std::io::BufRead as _;
use std::io::IoSlice;
use std::io::Write as _;

use bytes::Buf as _;
use bytes::BytesMut;
use rustls::Connection;
use tokio::net::TcpStream;

use crate::transport::socket;

/// Bytes that are sealed and not yet with the system, at most; 16 records.
const SEALED_BYTES_MAX: usize = 256 * 1024;

/// TLS over a socket.
#[derive(Debug)]
pub(in crate::transport) struct TlsStream {
    tcp: TcpStream,
    connection: Connection,
    /// What came and is not yet decrypted.
    wire: BytesMut,
    /// The peer will send no more.
    ended: bool,
    /// What went wrong after bytes that were still good: told when those have been taken.
    failed: Option<io::Error>,
}

/// Writes to a socket what it takes at this moment.
struct Now<'a>(&'a TcpStream);

impl io::Write for Now<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsStream {
    pub(super) fn new(tcp: TcpStream, connection: impl Into<Connection>) -> Self {
        let mut connection = connection.into();
        connection.set_buffer_limit(Some(SEALED_BYTES_MAX));
        Self {
            tcp,
            connection,
            wire: BytesMut::new(),
            ended: false,
            failed: None,
        }
    }

    pub(in crate::transport) const fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    pub(super) fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The first byte that came, while nothing of it has been decrypted.
    pub(super) fn first_byte(&self) -> Option<u8> {
        self.wire.first().copied()
    }

    /// Sealed bytes wait for the socket.
    pub(in crate::transport) fn has_sealed(&self) -> bool {
        self.connection.wants_write()
    }

    /// Hands sealed bytes to the socket as long as it takes them.
    pub(super) fn send_sealed(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut Now(&self.tcp))? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Seals of `slices` what there is room for, and hands it to the socket. Tells how many bytes were
    /// taken; 0 when only what was sealed before could leave.
    pub(in crate::transport) fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        // Nothing more is sealed while the socket does not take what is.
        self.send_sealed()?;
        if slices.is_empty() {
            return Ok(0);
        }
        let taken = self.connection.writer().write_vectored(slices)?;
        match self.send_sealed() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Reads from the socket what it has at this moment, at most about `bytes`; false at its end.
    pub(super) fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        if self.wire.capacity().saturating_sub(self.wire.len()) < bytes / 4 {
            self.wire.reserve(bytes);
        }
        let read = self.tcp.try_read_buf(&mut self.wire)?;
        socket::acknowledge_at_once(&self.tcp);
        Ok(read > 0)
    }

    /// Gives the connection some of what came.
    pub(super) fn feed(&mut self) -> Result<(), Broken> {
        let taken = self.connection.read_tls(&mut &*self.wire);
        self.wire.advance(taken.map_err(Broken::Io)?);
        let processed = self.connection.process_new_packets();
        processed.map(|_| ()).map_err(Broken::Tls)
    }

    /// Decrypts what has come into `into`, and tells how many bytes; 0 at the peer's end. What the peer
    /// said before the connection broke counts: the break is told by the next call.
    pub(in crate::transport) fn try_read(
        &mut self,
        into: &mut BytesMut,
        bytes: usize,
    ) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let before = into.len();
        let read = self.decrypt(into, bytes);
        let taken = into.len().saturating_sub(before);
        match read {
            Ok(()) => Ok(taken),
            Err(error) if taken == 0 => Err(error),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(taken),
            Err(error) => {
                self.failed = Some(error);
                Ok(taken)
            }
        }
    }

    /// Decrypts about `bytes` more, or until the peer ends or no more can be had now.
    fn decrypt(&mut self, into: &mut BytesMut, bytes: usize) -> io::Result<()> {
        let length = into.len().saturating_add(bytes);
        loop {
            self.take_plaintext(into)?;
            if self.ended || into.len() >= length {
                return Ok(());
            }
            if self.wire.is_empty() {
                self.ended = !self.fill(bytes)?;
                continue;
            }
            if let Err(broken) = self.feed() {
                // The alert that tells the peer why.
                let _ = self.send_sealed();
                // Records before the one that is wrong.
                let _ = self.take_plaintext(into);
                return Err(broken.into());
            }
        }
    }

    fn take_plaintext(&mut self, into: &mut BytesMut) -> io::Result<()> {
        let mut reader = self.connection.reader();
        loop {
            match reader.fill_buf() {
                // The peer has said that it ends here.
                Ok([]) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(chunk) => {
                    let length = chunk.len();
                    into.extend_from_slice(chunk);
                    reader.consume(length);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Says that nothing more will be sent, as far as the socket takes it now.
    pub(in crate::transport) fn say_goodbye(&mut self) {
        self.connection.send_close_notify();
        let _ = self.send_sealed();
    }
}

/// How a connection broke.
#[derive(Debug)]
pub(super) enum Broken {
    Io(io::Error),
    Tls(rustls::Error),
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Io(error) => error,
            Broken::Tls(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
