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

use crate::config::WebUrl;
use crate::transport::dial;
use crate::transport::tls;
use crate::transport::tls::TlsError;

/// Where a server is, and how it is connected to.
#[derive(Clone, Debug)]
pub struct Web {
    url: WebUrl,
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
        let tls = url.is_https().then(|| tls::believing(authorities));
        Ok(Self {
            url: url.clone(),
            tls: tls.transpose()?,
        })
    }

    /// Connects.
    ///
    /// # Errors
    /// When it cannot be reached, or is not who it should be.
    pub async fn connect(&self) -> io::Result<WebStream> {
        let tcp = dial(self.url.at()).await?;
        let Some(config) = &self.tls else {
            return Ok(WebStream::Plain(tcp));
        };
        let name = ServerName::try_from(self.url.host().to_owned()).map_err(io::Error::other)?;
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
