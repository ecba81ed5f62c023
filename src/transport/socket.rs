//! TCP sockets as a DICOM relay wants them.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 256;

/// Opens a listening socket.
///
/// # Errors
/// When the address is in use or not ours.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A gateway that restarts must get its port back while old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Options of every socket of ours: no Nagle's algorithm, or each response waits for the peer's
/// delayed acknowledgement.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}

/// Asks the kernel to acknowledge at once what comes next.
///
/// Many DICOM peers leave Nagle's algorithm on and stall 40 ms or more per message until their
/// last segment is acknowledged. Linux forgets the option after a while, so it is set after each
/// read; where it cannot be set the peer is merely slower.
#[cfg(target_os = "linux")]
pub(super) fn acknowledge_at_once(stream: &TcpStream) {
    if let Err(error) = rustix::net::sockopt::set_tcp_quickack(stream, true) {
        tracing::trace!(%error, "TCP_QUICKACK not set");
    }
}

/// See the Linux version; other systems have no such option.
#[cfg(not(target_os = "linux"))]
pub(super) fn acknowledge_at_once(_stream: &TcpStream) {}
