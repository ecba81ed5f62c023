//! Connections that come to us: few, with small bodies, and no patience.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::header;
use hyper::rt::Read;
use hyper::rt::Write;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::HEAD_BYTES_MAX;
use super::HEADERS_MAX;
use crate::config::ClientCertificate;
use crate::transport::Channel;
use crate::transport::HandshakeError;
use crate::transport::Security;

/// How many times the time of one request a connection may last.
const REQUESTS_PER_CONNECTION: u32 = 10;

/// How much of a body that is too large is read all the same, and thrown away. To close while the other end
/// still sends would reset the connection, and take the answer from it (RFC 9112, 9.6).
const DISCARDED_BYTES_MAX: usize = 1 << 20;

/// For how long: who announces a body and sends none is answered, too.
const DISCARD: Duration = Duration::from_secs(1);

/// What one who asks may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One request, from its first byte to its last, and the handshake before.
    pub request: Duration,
    /// Connections at the same time; one more is closed at once.
    pub connections_max: usize,
}

/// How a connection begins.
#[derive(Clone, Debug)]
pub enum Door {
    /// Without TLS.
    Plain,
    /// With a handshake in which the other end must, or may, show a certificate.
    Secure(Arc<Security>, ClientCertificate),
}

impl Door {
    /// For those who must show a certificate.
    pub const fn mutual(security: Arc<Security>) -> Self {
        Self::Secure(security, ClientCertificate::Required)
    }
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// What the handshake showed.
    pub channel: Arc<Channel>,
    /// From where; `None`: a process on this machine, by a socket of the file system.
    pub from: Option<SocketAddr>,
}

/// Serves until `stopped`. `refused` hears of handshakes that fail.
pub async fn serve<A, F, B, R>(
    socket: TcpListener,
    door: Door,
    limits: Limits,
    answer: A,
    refused: R,
    mut stopped: watch::Receiver<bool>,
) where
    A: Fn(Visitor, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    R: Fn(SocketAddr, HandshakeError) + Clone + Send + Sync + 'static,
{
    let seats = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // One connection too many is closed at once.
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            continue;
        };
        let (door, answer, refused) = (door.clone(), answer.clone(), refused.clone());
        connections.spawn(async move {
            if let Err(error) = begin((stream, from), door, limits, answer).await {
                refused(from, error);
            }
            drop(seat);
        });
    }
    connections.shutdown().await;
}

/// As [`serve`], for processes of this machine that may open a socket of the file system.
pub async fn serve_local<A, F, B>(
    socket: UnixListener,
    limits: Limits,
    answer: A,
    mut stopped: watch::Receiver<bool>,
) where
    A: Fn(Visitor, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let seats = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            continue;
        };
        let answer = answer.clone();
        let visitor = Visitor {
            channel: Arc::default(),
            from: None,
        };
        connections.spawn(async move {
            converse(TokioIo::new(stream), limits, visitor, answer).await;
            drop(seat);
        });
    }
    connections.shutdown().await;
}

async fn begin<A, F, B>(
    (stream, from): (TcpStream, SocketAddr),
    door: Door,
    limits: Limits,
    answer: A,
) -> Result<(), HandshakeError>
where
    A: Fn(Visitor, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let visitor = |channel| Visitor {
        channel,
        from: Some(from),
    };
    match door {
        Door::Plain => {
            let visitor = visitor(Arc::default());
            converse(TokioIo::new(stream), limits, visitor, answer).await;
        }
        Door::Secure(security, wanted) => {
            let shaking = security.accept_stream(stream, wanted);
            let shaken = tokio::time::timeout(limits.request, shaking).await;
            let (stream, channel) = shaken.unwrap_or(Err(HandshakeError::TimedOut))?;
            let visitor = visitor(Arc::new(channel));
            converse(TokioIo::new(stream), limits, visitor, answer).await;
        }
    }
    Ok(())
}

async fn converse<A, F, B>(
    io: impl Read + Write + Unpin + Send,
    limits: Limits,
    visitor: Visitor,
    answer: A,
) where
    A: Fn(Visitor, Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let service = service_fn(move |asked| {
        let answered = answer(visitor.clone(), asked);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(io, service);
    // Nobody keeps a seat for ever, whatever they ask and however slowly they read.
    let ended = tokio::time::timeout(limits.request * REQUESTS_PER_CONNECTION, connection).await;
    if let Ok(Err(error)) = ended {
        tracing::debug!(%error, "a connection to us ended");
    }
}

/// A body, if it is whole in time and has at most `limit` bytes; else the status to answer.
///
/// # Errors
/// The status.
pub async fn body(body: Incoming, limit: usize, within: Duration) -> Result<Bytes, StatusCode> {
    let whole = tokio::time::timeout(within, whole(body, limit)).await;
    whole.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

async fn whole(mut body: Incoming, limit: usize) -> Result<Bytes, StatusCode> {
    let too_large = StatusCode::PAYLOAD_TOO_LARGE;
    if body.size_hint().lower() > limit as u64 {
        discard(body).await;
        return Err(too_large);
    }
    match Limited::new(&mut body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(too_large)
        }
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

async fn discard(body: Incoming) {
    let mut rest = Limited::new(body, DISCARDED_BYTES_MAX);
    let discarding = async { while let Some(Ok(_)) = rest.frame().await {} };
    let _ = tokio::time::timeout(DISCARD, discarding).await;
}

/// An answer with a text.
pub fn text(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
