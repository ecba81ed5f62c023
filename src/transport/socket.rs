//! TCP sockets as a DICOM relay wants them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::sockopt;
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

/// An idle connection is asked for a sign of life after so long.
const ALIVE_AFTER: Duration = Duration::from_secs(10);
/// And asked again after so long,
const ALIVE_AGAIN: Duration = Duration::from_secs(5);
/// so many times before it is given up.
const ALIVE_TIMES: u32 = 3;

/// Asks the kernel to look now and then whether the peer's machine is still there (RFC 9293 §3.8.4).
///
/// Who waits for a response has nothing on its way that would show that the peer lost its power, and
/// would wait for as long as a slow archive may take; so it is found within 25 s. A peer that is merely
/// slow answers from its kernel.
pub(super) fn watch(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, ALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, ALIVE_AGAIN)?;
    sockopt::set_tcp_keepcnt(stream, ALIVE_TIMES)?;
    Ok(())
}

/// Gives a connection up when what was sent is not acknowledged for so long (RFC 5482): a line that is cut
/// leaves no other trace while the kernel sends again and again.
pub(super) fn give_up_after(stream: &TcpStream, silence: Duration) -> io::Result<()> {
    let silence_ms = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(stream, silence_ms)?)
}

/// Asks the kernel to acknowledge at once what comes next.
///
/// Many DICOM peers leave Nagle's algorithm on and stall 40 ms or more per message until their
/// last segment is acknowledged. Linux forgets the option after a while, so it is set after each
/// read; where it cannot be set the peer is merely slower.
#[cfg(target_os = "linux")]
pub(super) fn acknowledge_at_once(stream: &TcpStream) {
    if let Err(error) = sockopt::set_tcp_quickack(stream, true) {
        tracing::trace!(%error, "TCP_QUICKACK not set");
    }
}

/// See the Linux version; other systems have no such option.
#[cfg(not(target_os = "linux"))]
pub(super) fn acknowledge_at_once(_stream: &TcpStream) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_is_watched_gives_up_a_dead_machine_within_25_s() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        watch(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        let first = sockopt::tcp_keepidle(&stream).unwrap();
        let again = sockopt::tcp_keepintvl(&stream).unwrap();
        let times = sockopt::tcp_keepcnt(&stream).unwrap();
        assert!(first + again * times <= Duration::from_secs(25));
    }
}
