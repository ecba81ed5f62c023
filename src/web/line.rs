//! Requests: one connection for a visit, answers of bounded length.

use std::sync::Arc;
use std::time::Duration;

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
use hyper::rt::Read;
use hyper::rt::Write;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::HEAD_BYTES_MAX;
use super::HEADERS_MAX;
use crate::config::WebUrl;
use crate::transport::HandshakeError;
use crate::transport::Security;
use crate::transport::Web;
use crate::transport::Whom;
use crate::transport::dial;

/// Content type of what gateways say to each other.
const TEXT: &str = "text/plain; charset=utf-8";

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: StatusCode,
    /// Content type, without parameters.
    pub kind: String,
    /// Body.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Nobody answers.
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    /// Nobody whom we believe answers.
    #[error("no TLS: {0}")]
    Tls(#[from] HandshakeError),
    /// TLS is spoken there, and nothing says how.
    #[error("there is no gateway peer, or no certificate of ours, for that address")]
    NoTrust,
    /// The other end takes too long.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Not HTTP.
    #[error("no HTTP: {0}")]
    Protocol(#[from] hyper::Error),
    /// The request cannot be written.
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    /// The answer is too long, or no text.
    #[error("the answer cannot be read, or has more than {limit} bytes")]
    Body {
        /// The limit.
        limit: usize,
    },
}

/// How one is met who answers by TLS.
#[derive(Clone)]
pub struct Secured {
    /// Our certificate, and whom we believe.
    pub security: Arc<Security>,
    /// Who must answer.
    pub whom: Whom,
}

impl std::fmt::Debug for Secured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.whom {
            Whom::Gateway(gateway) => write!(f, "Secured({})", gateway.peer.name),
            Whom::Server(institution) => write!(f, "Secured({institution})"),
        }
    }
}

/// How the other end is reached.
enum Way<'u> {
    /// It is of a house that we know.
    Known(&'u WebUrl, Option<&'u Secured>),
    /// Whoever the authorities of its row say to be there.
    Server(&'u Web),
}

/// A connection, made when it is needed, and kept from one request to the next.
pub struct Line<'u> {
    way: Way<'u>,
    within: Duration,
    answer_bytes_max: usize,
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
    /// To `url`; `secured` says how where it is by TLS. An answer is there `within` that time, connecting
    /// included, and has at most so many bytes.
    pub const fn to(
        url: &'u WebUrl,
        secured: Option<&'u Secured>,
        within: Duration,
        answer_bytes_max: usize,
    ) -> Self {
        Self {
            way: Way::Known(url, secured),
            within,
            answer_bytes_max,
            open: None,
        }
    }

    /// To a server that is of no house that we know, in the same way.
    pub const fn to_server(web: &'u Web, within: Duration, answer_bytes_max: usize) -> Self {
        Self {
            way: Way::Server(web),
            within,
            answer_bytes_max,
            open: None,
        }
    }

    /// Asks for `target`, a path from the root and perhaps a query.
    ///
    /// # Errors
    /// As of [`Self::get`].
    pub async fn get_target(
        &mut self,
        target: String,
        headers: &[(&'static str, String)],
    ) -> Result<Answered, LineError> {
        self.ask(Method::GET, target, headers, String::new()).await
    }

    /// Sends `body` to `target`, a path from the root and perhaps a query.
    ///
    /// # Errors
    /// As of [`Self::post`].
    pub async fn post_target(
        &mut self,
        target: String,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answered, LineError> {
        self.ask(Method::POST, target, headers, body).await
    }

    /// Asks for `path` below the URL's prefix.
    ///
    /// # Errors
    /// When there is no answer, or one over a limit.
    pub async fn get(&mut self, path: &str) -> Result<Answered, LineError> {
        let path = self.below(path);
        self.ask(Method::GET, path, &[], String::new()).await
    }

    /// Sends `body` to `path` below the URL's prefix.
    ///
    /// # Errors
    /// When there is no answer, or one over a limit.
    pub async fn post(&mut self, path: &str, body: String) -> Result<Answered, LineError> {
        self.post_as(path, TEXT, body).await
    }

    /// The same, with another content type than that of a text.
    ///
    /// # Errors
    /// As of [`Self::post`].
    pub async fn post_as(
        &mut self,
        path: &str,
        kind: &'static str,
        body: String,
    ) -> Result<Answered, LineError> {
        let kind = [(header::CONTENT_TYPE.as_str(), kind.to_owned())];
        let path = self.below(path);
        self.ask(Method::POST, path, &kind, body).await
    }

    /// Sends `body` to the URL itself, with header fields beside its content type.
    ///
    /// # Errors
    /// As of [`Self::post`].
    pub async fn post_here(
        &mut self,
        kind: &'static str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answered, LineError> {
        let mut all = vec![(header::CONTENT_TYPE.as_str(), kind.to_owned())];
        all.extend_from_slice(headers);
        let path = match &self.way {
            Way::Known(url, _) => url.own_path(),
            Way::Server(_) => "/".to_owned(),
        };
        self.ask(Method::POST, path, &all, body).await
    }

    /// The path of `name` below the prefix, if there is one.
    fn below(&self, name: &str) -> String {
        match &self.way {
            Way::Known(url, _) => url.path(name),
            Way::Server(_) => format!("/{name}"),
        }
    }

    async fn ask(
        &mut self,
        method: Method,
        path: String,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answered, LineError> {
        let within = self.within;
        let asked = tokio::time::timeout(within, self.exchange(method, path, headers, body));
        asked.await.unwrap_or(Err(LineError::TimedOut(within)))
    }

    /// What ends early leaves no connection behind, on which its answer could come to the next request.
    async fn exchange(
        &mut self,
        method: Method,
        path: String,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answered, LineError> {
        let host = match &self.way {
            Way::Known(url, _) => url.at().to_string(),
            Way::Server(web) => web.host(),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .header(header::USER_AGENT, "credence");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::from(body))?;
        let mut open = match self.open.take() {
            Some(open) if !open.sender.is_closed() => open,
            Some(_) | None => self.connect().await?,
        };
        let answer = open.sender.send_request(request).await?;
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
        let limit = self.answer_bytes_max;
        let body = Limited::new(answer.into_body(), limit).collect();
        let body = body.await.map_err(|_| LineError::Body { limit })?;
        self.open = Some(open);
        let body = String::from_utf8(body.to_bytes().to_vec());
        let body = body.map_err(|_| LineError::Body { limit })?;
        Ok(Answered { status, kind, body })
    }

    async fn connect(&self) -> Result<Open, LineError> {
        let (url, secured) = match &self.way {
            Way::Known(url, secured) => (url, secured),
            Way::Server(web) => {
                let stream = web.connect().await.map_err(LineError::Connect)?;
                return shake_hands(TokioIo::new(stream)).await;
            }
        };
        if url.is_https() {
            let secured = secured.ok_or(LineError::NoTrust)?;
            let stream = secured.security.connect_stream(&secured.whom, url.at());
            return shake_hands(TokioIo::new(stream.await?)).await;
        }
        let stream = dial(url.at()).await.map_err(LineError::Connect)?;
        shake_hands(TokioIo::new(stream)).await
    }
}

async fn shake_hands(io: impl Read + Write + Send + Unpin + 'static) -> Result<Open, LineError> {
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(io)
        .await?;
    let connection = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection of ours ended");
        }
    });
    Ok(Open { sender, connection })
}
