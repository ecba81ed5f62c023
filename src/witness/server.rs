//! HTTP for logs that ask us: two paths, small bodies, few connections, and no patience.
//!
//! | request | answer |
//! |---|---|
//! | `POST /add-checkpoint` | as C2SP tlog-witness has it |
//! | `GET /<origin>/checkpoint` | the newest checkpoint that we hold of the log whose origin has this SHA-256, with our cosignature |

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::header;

use super::keeper::Conviction;
use super::keeper::Keeper;
use super::keeper::Reply;
use crate::contract::Body;
use crate::gateway::Recorder;
use crate::ledger::LogKey;
use crate::ledger::WITNESS_REQUEST_BYTES_MAX;
use crate::storage::JournalReader;
use crate::storage::Stored;
use crate::web;

/// Content type of the size that a conflict tells (tlog-witness).
const SIZE_TYPE: &str = "text/x.tlog.size";

/// Characters of a SHA-256 in hexadecimal.
const DIGEST_CHARACTERS: usize = 64;

/// Answers logs that ask; cheap to clone.
#[derive(Clone)]
pub struct Answerer {
    keeper: Arc<Keeper>,
    recorder: Recorder,
    /// One request, from its first byte to its last.
    request: Duration,
}

impl std::fmt::Debug for Answerer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answerer")
    }
}

impl Answerer {
    pub(super) const fn new(keeper: Arc<Keeper>, recorder: Recorder, request: Duration) -> Self {
        Self {
            keeper,
            recorder,
            request,
        }
    }

    /// One request; 404 where it is none to a witness.
    pub async fn answer(&self, asked: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = asked.uri().path().to_owned();
        let origin = path
            .strip_prefix('/')
            .and_then(|path| path.strip_suffix("/checkpoint"))
            .filter(|origin| origin.len() == DIGEST_CHARACTERS);
        match (asked.method(), path.as_str(), origin) {
            (&Method::POST, "/add-checkpoint", _) => {
                let (limit, within) = (WITNESS_REQUEST_BYTES_MAX, self.request);
                let body = match web::body(asked.into_body(), limit, within).await {
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

    /// Records proofs that lay on disk when the gateway ended, but were not noted as in the ledger.
    pub(super) async fn record_what_was_left(&self, left: Vec<Conviction>) {
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
    web::text(status, kind, body)
}

/// An answer after which the connection is closed.
fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(Bytes::new()));
    *response.status_mut() = status;
    let close = header::HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
