//! HTTP for logs that ask us: two paths, small bodies, few connections, and no patience.
//!
//! | request | answer |
//! |---|---|
//! | `POST /add-checkpoint` | as C2SP tlog-witness has it |
//! | `GET /<origin>/checkpoint` | the newest checkpoint that we hold of the log whose origin has this SHA-256, with our cosignature |

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Body as _;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::header;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::keeper::Conviction;
use super::keeper::Keeper;
use super::keeper::Reply;
use crate::contract::Body;
use crate::gateway::Recorder;
use crate::ledger::LogKey;
use crate::ledger::WITNESS_REQUEST_BYTES_MAX;
use crate::storage::JournalReader;
use crate::storage::Stored;

/// Bytes of the longest head of a request, and what is read ahead of the body.
const HEAD_BYTES_MAX: usize = 16_384;

/// Header fields of a request.
const HEADERS_MAX: usize = 64;

/// Content type of the size that a conflict tells (tlog-witness).
const SIZE_TYPE: &str = "text/x.tlog.size";

/// Characters of a SHA-256 in hexadecimal.
const DIGEST_CHARACTERS: usize = 64;

/// How many times the time of one request a connection may last.
const REQUESTS_PER_CONNECTION: u32 = 10;

/// What one who asks may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) request: Duration,
    pub(super) connections_max: usize,
}

/// What every connection needs.
#[derive(Clone)]
struct Server {
    keeper: Arc<Keeper>,
    recorder: Recorder,
    limits: Limits,
}

/// Serves until `stopped`.
pub(super) async fn serve(
    socket: TcpListener,
    keeper: Arc<Keeper>,
    recorder: Recorder,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let server = Arc::new(Server {
        keeper,
        recorder,
        limits,
    });
    server.record_what_was_left().await;
    let seats = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
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
        let server = Arc::clone(&server);
        connections.spawn(async move {
            server.converse(stream).await;
            drop(seat);
        });
    }
    connections.shutdown().await;
}

impl Server {
    async fn converse(self: Arc<Self>, stream: TcpStream) {
        let request = self.limits.request;
        let service = service_fn(move |asked| {
            let server = Arc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(asked).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(request)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service);
        // Nobody keeps a seat for ever, whatever they ask and however slowly they read.
        let ended = tokio::time::timeout(request * REQUESTS_PER_CONNECTION, connection).await;
        if let Ok(Err(error)) = ended {
            tracing::debug!(%error, "a connection to the witness ended");
        }
    }

    async fn answer(&self, asked: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = asked.uri().path().to_owned();
        let origin = path
            .strip_prefix('/')
            .and_then(|path| path.strip_suffix("/checkpoint"))
            .filter(|origin| origin.len() == DIGEST_CHARACTERS);
        match (asked.method(), path.as_str(), origin) {
            (&Method::POST, "/add-checkpoint", _) => {
                let body = match self.body(asked.into_body()).await {
                    Ok(body) => body,
                    Err(status) => return refusal(status),
                };
                self.add_checkpoint(body).await
            }
            (&Method::GET, _, Some(origin)) => {
                let (keeper, origin) = (Arc::clone(&self.keeper), origin.to_owned());
                let reply = tokio::task::spawn_blocking(move || keeper.checkpoint(&origin));
                reply
                    .await
                    .map_or_else(|_| plain(&Reply::Broken), |reply| plain(&reply))
            }
            (_, "/add-checkpoint", _) | (_, _, Some(_)) => refusal(StatusCode::METHOD_NOT_ALLOWED),
            _ => plain(&Reply::Unknown),
        }
    }

    /// The body, if it is whole in time and not too long.
    async fn body(&self, body: Incoming) -> Result<Bytes, StatusCode> {
        if body.size_hint().lower() > WITNESS_REQUEST_BYTES_MAX as u64 {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let body = Limited::new(body, WITNESS_REQUEST_BYTES_MAX).collect();
        match tokio::time::timeout(self.limits.request, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }

    /// The keeper's work goes on to its end even if the one who asks does not wait for it.
    async fn add_checkpoint(&self, body: Bytes) -> Response<Full<Bytes>> {
        let server = self.clone();
        let answered = tokio::spawn(async move {
            let keeper = Arc::clone(&server.keeper);
            let done = tokio::task::spawn_blocking(move || keeper.add_checkpoint(&body));
            let (reply, conviction) = done.await?;
            if let Some(conviction) = conviction {
                server.record(conviction).await;
            }
            Ok::<_, tokio::task::JoinError>(reply)
        });
        match answered.await {
            Ok(Ok(reply)) => plain(&reply),
            Ok(Err(_)) | Err(_) => plain(&Reply::Broken),
        }
    }

    async fn record(&self, conviction: Conviction) {
        let Conviction {
            institution,
            key,
            proof,
        } = conviction;
        match self.recorder.equivocated(institution, &key, &proof).await {
            Ok(entry) => self.noted(key, entry).await,
            Err(error) => tracing::error!(%error, "a proof against a log is not in the ledger yet"),
        }
    }

    async fn noted(&self, key: LogKey, entry: u64) {
        let keeper = Arc::clone(&self.keeper);
        let noted = tokio::task::spawn_blocking(move || keeper.recorded(&key, entry));
        let _ = noted.await;
    }

    /// Proofs that lay on disk when the gateway ended, but were not in the ledger.
    async fn record_what_was_left(&self) {
        let keeper = Arc::clone(&self.keeper);
        match tokio::task::spawn_blocking(move || keeper.unrecorded()).await {
            Ok(Ok(left)) => {
                for conviction in left {
                    // It may have come just before the end.
                    let journal = self.recorder.journal();
                    let key = conviction.key.clone();
                    let found = tokio::task::spawn_blocking(move || entry_of(&journal, &key));
                    match found.await {
                        Ok(Some(entry)) => self.noted(conviction.key, entry).await,
                        Ok(None) => self.record(conviction).await,
                        Err(_) => {}
                    }
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "cannot read the proofs against logs"),
            Err(_) => {}
        }
    }
}

/// The entry of the ledger that convicts this log, if there is one.
fn entry_of(journal: &JournalReader, log: &LogKey) -> Option<u64> {
    let text = log.to_string();
    let convicts = |stored: &Stored| match &stored.entry.event.body {
        Body::Equivocated { key, .. } => *key == text,
        _ => false,
    };
    let mut entries = journal.entries(0).map_while(Result::ok);
    entries.find(convicts).map(|stored| stored.entry.seq)
}

fn plain(reply: &Reply) -> Response<Full<Bytes>> {
    let text = "text/plain; charset=utf-8";
    let (status, kind, body) = match reply {
        Reply::Signed(lines) => (StatusCode::OK, text, lines.clone()),
        Reply::BadRequest(why) => (StatusCode::BAD_REQUEST, text, format!("{why}\n")),
        Reply::NotSigned => {
            let why = "not signed by a key of this log\n";
            (StatusCode::FORBIDDEN, text, why.to_owned())
        }
        Reply::Unknown => (StatusCode::NOT_FOUND, text, "not known here\n".to_owned()),
        Reply::Conflict(size) => (StatusCode::CONFLICT, SIZE_TYPE, format!("{size}\n")),
        Reply::OtherRoot => {
            let why = "another root was cosigned for this size\n";
            (StatusCode::CONFLICT, text, why.to_owned())
        }
        Reply::BadProof => {
            let why = "the consistency proof does not verify\n";
            (StatusCode::UNPROCESSABLE_ENTITY, text, why.to_owned())
        }
        Reply::Broken => return refusal(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer after which the connection is closed.
fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(Bytes::new()));
    *response.status_mut() = status;
    let close = header::HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
