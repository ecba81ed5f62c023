//! Requests to a witness: HTTP/1.1, one connection for a visit, answers of bounded length.

use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper::header;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::config::WebUrl;
use crate::ledger::NOTE_BYTES_MAX;

/// Bytes of the longest head of an answer.
const HEAD_BYTES_MAX: usize = 16_384;

/// Header fields of an answer.
const HEADERS_MAX: usize = 64;

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    /// Content type, without parameters.
    pub(super) kind: String,
    pub(super) body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    #[error("{0} is by TLS, which is not spoken here")]
    Tls(String),
    #[error("no HTTP: {0}")]
    Protocol(#[from] hyper::Error),
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("the answer cannot be read, or has more than {NOTE_BYTES_MAX} bytes")]
    Body,
}

/// A connection to a witness, made when it is needed.
pub(super) struct Line<'u> {
    url: &'u WebUrl,
    open: Option<Open>,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl<'u> Line<'u> {
    pub(super) const fn to(url: &'u WebUrl) -> Self {
        Self { url, open: None }
    }

    /// Asks for `path` below the witness's prefix.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Answered, HttpError> {
        let request = Request::builder()
            .method(method)
            .uri(self.url.path(path))
            .header(header::HOST, self.url.authority())
            .header(header::USER_AGENT, "credence")
            .body(Full::from(body))?;
        let open = match self.open.take() {
            Some(open) if !open.sender.is_closed() => open,
            Some(_) | None => self.connect().await?,
        };
        let open = self.open.insert(open);
        let answer = open.sender.send_request(request).await?;
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
        let body = Limited::new(answer.into_body(), NOTE_BYTES_MAX).collect();
        let body = body.await.map_err(|_| HttpError::Body)?.to_bytes();
        let body = String::from_utf8(body.to_vec()).map_err(|_| HttpError::Body)?;
        Ok(Answered { status, kind, body })
    }

    async fn connect(&self) -> Result<Open, HttpError> {
        if self.url.is_https() {
            return Err(HttpError::Tls(self.url.to_string()));
        }
        let stream = TcpStream::connect((self.url.host(), self.url.port()));
        let stream = stream.await.map_err(HttpError::Connect)?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await?;
        let connection = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a witness ended");
            }
        });
        Ok(Open { sender, connection })
    }
}
