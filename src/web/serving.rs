//! Connections that come to us: few, with small bodies, and no patience.

use std::convert::Infallible;
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
use hyper::body::Body as _;
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
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::HEAD_BYTES_MAX;
use super::HEADERS_MAX;
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

/// Serves until `stopped`. With `security`, connections begin with a handshake in which the other end must show
/// a certificate; `answer` is told what was shown. `refused` hears of handshakes that fail.
pub async fn serve<A, F, R>(
    socket: TcpListener,
    security: Option<Arc<Security>>,
    limits: Limits,
    answer: A,
    refused: R,
    mut stopped: watch::Receiver<bool>,
) where
    A: Fn(Arc<Channel>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
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
        let (security, answer, refused) = (security.clone(), answer.clone(), refused.clone());
        connections.spawn(async move {
            if let Err(error) = begin(stream, security, limits, answer).await {
                refused(from, error);
            }
            drop(seat);
        });
    }
    connections.shutdown().await;
}

async fn begin<A, F>(
    stream: TcpStream,
    security: Option<Arc<Security>>,
    limits: Limits,
    answer: A,
) -> Result<(), HandshakeError>
where
    A: Fn(Arc<Channel>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let Some(security) = security else {
        converse(TokioIo::new(stream), limits, Arc::default(), answer).await;
        return Ok(());
    };
    let shaken = tokio::time::timeout(limits.request, security.accept_stream(stream));
    let (stream, channel) = shaken.await.unwrap_or(Err(HandshakeError::TimedOut))?;
    converse(TokioIo::new(stream), limits, Arc::new(channel), answer).await;
    Ok(())
}

async fn converse<A, F>(
    io: impl Read + Write + Unpin + Send,
    limits: Limits,
    channel: Arc<Channel>,
    answer: A,
) where
    A: Fn(Arc<Channel>, Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let service = service_fn(move |asked| {
        let answered = answer(Arc::clone(&channel), asked);
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
