//! TLS for what is read and written as a stream: HTTP between gateways, always with certificates on both
//! sides. The configuration, and whom we believe, are those of DICOM's connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::TlsConnector;
use tokio_rustls::TlsStream;

use super::Channel;
use super::HandshakeError;
use super::Security;
use super::handshake::Acceptor;
use super::handshake::Towards;
use super::handshake::channel;
use super::handshake::named;
use super::handshake::told;
use crate::config::ClientCertificate;
use crate::config::GatewayPeer;
use crate::config::WebUrl;
use crate::transport::socket;

/// A connection by TLS that is read and written as a stream.
pub type SecureStream = TlsStream<TcpStream>;

/// An error that the handshake's IO carries, in our words.
fn failed(error: &io::Error) -> HandshakeError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.map_or_else(|| HandshakeError::Io(error.kind()), told)
}

impl Security {
    /// Answers the handshake of a connection whose other end must show a certificate.
    ///
    /// # Errors
    /// When there is no trust to decide by, or the handshake fails.
    pub async fn accept_stream(
        &self,
        tcp: TcpStream,
    ) -> Result<(SecureStream, Channel), HandshakeError> {
        let acceptor = self.acceptor(ClientCertificate::Required);
        let acceptor = acceptor.ok_or(HandshakeError::NoTrust)?;
        socket::prepare(&tcp).map_err(|error| HandshakeError::Io(error.kind()))?;
        let stream = TlsAcceptor::from(acceptor.config()).accept(tcp).await;
        let stream = stream.map_err(|error| failed(&error))?;
        let channel = channel(stream.get_ref().1);
        Ok((stream.into(), channel))
    }

    /// Connects to where a gateway answers by HTTPS; its certificate must be one of those that its row names.
    ///
    /// # Errors
    /// When it cannot be reached, or is somebody else.
    pub async fn connect_stream(
        &self,
        gateway: &GatewayPeer,
        url: &WebUrl,
    ) -> Result<SecureStream, HandshakeError> {
        let peer = &gateway.peer;
        let towards = Self::towards(Some(self), peer)?.ok_or(HandshakeError::NoTrust)?;
        let name = match &peer.tls_name {
            Some(name) => named(name.as_str()),
            None => named(url.host()),
        };
        let name = name.ok_or(HandshakeError::NoTrust)?;
        let io = |error: io::Error| HandshakeError::Io(error.kind());
        let tcp = match url.host().parse() {
            Ok(ip) => TcpStream::connect(SocketAddr::new(ip, url.port())).await,
            Err(_) => TcpStream::connect((url.host(), url.port())).await,
        };
        let tcp = tcp.map_err(io)?;
        socket::prepare(&tcp).map_err(io)?;
        let stream = TlsConnector::from(towards.config())
            .connect(name, tcp)
            .await;
        let stream = stream.map_err(|error| failed(&error))?;
        let shown = channel(stream.get_ref().1).certificate;
        match towards.accepts(shown.as_deref()) {
            true => Ok(stream.into()),
            false => Err(HandshakeError::OtherCertificate),
        }
    }
}

impl Acceptor {
    fn config(self) -> Arc<rustls::ServerConfig> {
        self.config
    }
}

impl Towards {
    fn config(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.config)
    }
}
