//! Streams to servers that are no DICOM peers: TCP, or TLS over it.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::HostPort;
use crate::config::WebUrl;
use crate::transport::dial;
use crate::transport::tls;
use crate::transport::tls::TlsError;

/// Where a server is, and how it is connected to.
#[derive(Clone, Debug)]
pub struct Web {
    at: HostPort,
    /// With `https://`.
    tls: Option<Arc<ClientConfig>>,
}

/// A connection to it.
#[derive(Debug)]
pub enum WebStream {
    /// As it is.
    Plain(TcpStream),
    /// By TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Web {
    /// The server at `url`; with `https://`, `authorities` are believed about it.
    ///
    /// # Errors
    /// When a file of authorities cannot be used.
    pub fn at(url: &WebUrl, authorities: &[PathBuf]) -> Result<Self, TlsError> {
        Self::to(url.at(), url.is_https(), authorities)
    }

    /// The server at `at`; by TLS, `authorities` are believed about it.
    ///
    /// # Errors
    /// When a file of authorities cannot be used.
    pub fn to(at: &HostPort, by_tls: bool, authorities: &[PathBuf]) -> Result<Self, TlsError> {
        let tls = by_tls.then(|| tls::believing(authorities));
        Ok(Self {
            at: at.clone(),
            tls: tls.transpose()?,
        })
    }

    /// What a request to it says in its Host field: a port that goes without saying is not said (RFC 9110 §7.2).
    pub fn host(&self) -> String {
        let port = if self.tls.is_some() { 443 } else { 80 };
        let whole = self.at.to_string();
        let plain = whole.strip_suffix(&format!(":{port}"));
        plain.map_or_else(|| whole.clone(), str::to_owned)
    }

    /// Connects.
    ///
    /// # Errors
    /// When it cannot be reached, or is not who it should be.
    pub async fn connect(&self) -> io::Result<WebStream> {
        let tcp = dial(&self.at).await?;
        let Some(config) = &self.tls else {
            return Ok(WebStream::Plain(tcp));
        };
        let name = ServerName::try_from(self.at.host().to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name, tcp).await?;
        Ok(WebStream::Tls(Box::new(stream)))
    }
}

impl AsyncRead for WebStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for WebStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
