//! TLS for what is read and written as a stream: HTTP between gateways, always with certificates on both
//! sides. The configuration, and whom we believe, are those of DICOM's connections.

use std::io;
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
use crate::config::HostPort;
use crate::config::TlsName;
use crate::contract::InstitutionSlug;
use crate::transport::socket;

/// Who must answer where a stream is opened by TLS.
#[derive(Clone, Debug)]
pub enum Whom {
    /// A gateway, by one of the certificates that its row names.
    Gateway(Arc<GatewayPeer>),
    /// A server of an institution: whom the authorities that are believed about the institution say to be at
    /// the address.
    Server(InstitutionSlug),
}

/// A connection by TLS that is read and written as a stream.
pub type SecureStream = TlsStream<TcpStream>;

/// An error that the handshake's IO carries, in our words.
fn failed(error: &io::Error) -> HandshakeError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.map_or_else(|| HandshakeError::Io(error.kind()), told)
}

impl Security {
    /// Answers the handshake of a connection whose other end must, or may, show a certificate.
    ///
    /// # Errors
    /// When there is no trust to decide by, or the handshake fails.
    pub async fn accept_stream(
        &self,
        tcp: TcpStream,
        wanted: ClientCertificate,
    ) -> Result<(SecureStream, Channel), HandshakeError> {
        let acceptor = self.acceptor(wanted);
        let acceptor = acceptor.ok_or(HandshakeError::NoTrust)?;
        socket::prepare(&tcp).map_err(|error| HandshakeError::Io(error.kind()))?;
        let stream = TlsAcceptor::from(acceptor.config()).accept(tcp).await;
        let stream = stream.map_err(|error| failed(&error))?;
        let channel = channel(stream.get_ref().1);
        Ok((stream.into(), channel))
    }

    /// Connects to `at`; who answers there must be `whom`. We show our certificate where it is asked for.
    ///
    /// # Errors
    /// When it cannot be reached, or is somebody else.
    pub async fn connect_stream(
        &self,
        whom: &Whom,
        at: &HostPort,
    ) -> Result<SecureStream, HandshakeError> {
        let (config, name, towards) = match whom {
            Whom::Gateway(gateway) => {
                let peer = &gateway.peer;
                let towards = Self::towards(Some(self), peer)?.ok_or(HandshakeError::NoTrust)?;
                let name = peer.tls_name.as_ref().map(TlsName::as_str);
                let name = name.unwrap_or_else(|| at.host());
                (towards.config(), named(name), Some(towards))
            }
            Whom::Server(institution) => {
                let config = self.now().client(institution);
                let config = config.ok_or(HandshakeError::NoTrust)?;
                (config, named(at.host()), None)
            }
        };
        let name = name.ok_or(HandshakeError::NoTrust)?;
        let tcp = dial(at).await;
        let tcp = tcp.map_err(|error| HandshakeError::Io(error.kind()))?;
        let stream = TlsConnector::from(config).connect(name, tcp).await;
        let stream = stream.map_err(|error| failed(&error))?;
        let shown = channel(stream.get_ref().1).certificate;
        match towards.is_none_or(|towards| towards.accepts(shown.as_deref())) {
            true => Ok(stream.into()),
            false => Err(HandshakeError::OtherCertificate),
        }
    }
}

/// Connects to `at`, without TLS.
///
/// # Errors
/// When it cannot be reached.
pub async fn dial(at: &HostPort) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect((at.host(), at.port())).await?;
    socket::prepare(&tcp)?;
    Ok(tcp)
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
