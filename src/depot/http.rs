//! HTTP for the crate that speaks S3: one request at a time on one connection, which is kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use object_store::ClientOptions;
use object_store::client::HttpClient;
use object_store::client::HttpConnector;
use object_store::client::HttpError;
use object_store::client::HttpErrorKind;
use object_store::client::HttpRequest;
use object_store::client::HttpRequestBody;
use object_store::client::HttpResponse;
use object_store::client::HttpResponseBody;
use object_store::client::HttpService;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::transport::Web;

/// From a request's first byte to the head of its answer, beside the time that its body may take.
const ANSWER: Duration = Duration::from_secs(60);

/// The slowest line by which a store is still reached: of a body as long as a part of an object, 512 s.
const BODY_BYTES_PER_S_MIN: usize = 16_384;

/// Bytes of the longest head of an answer.
const HEAD_BYTES_MAX: usize = 65_536;

/// Makes clients of one server.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Web);

#[derive(Debug)]
struct Client {
    web: Web,
    kept: Arc<Mutex<Option<Open>>>,
}

/// A connection.
#[derive(Debug)]
struct Open {
    sender: SendRequest<HttpRequestBody>,
    connection: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// The server was silent.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs())]
struct Silent(Duration);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Client {
            web: self.0.clone(),
            kept: Arc::default(),
        }))
    }
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let limit = answer_within(request.body().content_length());
        let asked = tokio::time::timeout(limit, self.ask(request)).await;
        asked.map_err(|_| HttpError::new(HttpErrorKind::Timeout, Silent(limit)))?
    }
}

/// How long a request may take whose body has so many bytes.
fn answer_within(body: usize) -> Duration {
    let sending = u64::try_from(body / BODY_BYTES_PER_S_MIN).unwrap_or(u64::MAX);
    ANSWER.saturating_add(Duration::from_secs(sending))
}

impl Client {
    async fn ask(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let open = self.kept.lock().await.take();
        let mut open = match open.filter(|open| open.sender.is_ready()) {
            Some(open) => open,
            None => self.connect().await?,
        };
        in_origin_form(&mut request)?;
        let answer = open.sender.send_request(request).await;
        let answer = answer.map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        let (head, body) = answer.into_parts();
        // The connection lives as long as what is read from it, and is the next one's after that.
        let body = Held {
            body,
            open: Some(open),
            kept: Arc::clone(&self.kept),
        };
        let body = body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
    }

    async fn connect(&self) -> Result<Open, HttpError> {
        let stream = self.web.connect().await;
        let stream = stream.map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?;
        let shaken = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) =
            shaken.map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?;
        let connection = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a store ended");
            }
        });
        Ok(Open { sender, connection })
    }
}

/// The target of a request is a path (RFC 9112 §3.2.1), and the host a header field.
fn in_origin_form(request: &mut HttpRequest) -> Result<(), HttpError> {
    let unsound = |error| HttpError::new_boxed(HttpErrorKind::Unknown, error);
    let authority = request.uri().authority().map(ToString::to_string);
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let path = path.parse().map_err(|error| unsound(Box::new(error)))?;
    *request.uri_mut() = path;
    if let Some(authority) = authority {
        let host = authority
            .parse()
            .map_err(|error| unsound(Box::new(error)))?;
        request.headers_mut().insert(hyper::header::HOST, host);
    }
    Ok(())
}

/// The body of an answer, and the connection that it comes by.
struct Held {
    body: Incoming,
    open: Option<Open>,
    kept: Arc<Mutex<Option<Open>>>,
}

impl hyper::body::Body for Held {
    type Data = hyper::body::Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let held = self.get_mut();
        let frame = std::pin::Pin::new(&mut held.body).poll_frame(cx);
        if matches!(frame, std::task::Poll::Ready(None))
            && let Some(open) = held.open.take()
            && let Ok(mut kept) = held.kept.try_lock()
        {
            *kept = Some(open);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        // Only what has been polled to its end gives its connection back.
        false
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
