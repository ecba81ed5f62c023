//! The handshake, from both sides, and what is told when it fails.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::Connection;
use rustls::Error;
use rustls::InvalidMessage;
use rustls::PeerIncompatible;
use rustls::ProtocolVersion;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::Channel;
use super::Shown;
use super::stream::Broken;
use super::stream::TlsStream;
use crate::certificate::Certificate;
use crate::config::CertificateName;
use crate::config::Peer;
use crate::digest::Sha256;

/// Bytes asked of the socket at once during a handshake.
const READ_BYTES: usize = 8 * 1024;

/// How long we wait for a peer to read why its handshake failed.
const FAREWELL: Duration = Duration::from_millis(500);

/// First byte of an A-ASSOCIATE-RQ PDU (PS3.8 §9.3.2).
const ASSOCIATE_RQ: u8 = 0x01;

/// First byte of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// Label of the exporter that binds statements to a connection (RFC 5705 §4).
const BINDING_LABEL: &[u8] = b"EXPORTER-credence-link";

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// A DICOM peer without TLS.
    #[error("it spoke DICOM without TLS")]
    Plain,
    /// Something else.
    #[error("it did not speak TLS")]
    NotTls,
    /// TLS 1.1 or older.
    #[error("it offered no TLS version from 1.2 on")]
    Version,
    /// Nothing in common: cipher suites, groups or signatures.
    #[error("it offered no cipher suite, group or signature that is permitted here")]
    Suites,
    /// No certificate was shown where one must be.
    #[error("it showed no certificate")]
    NoCertificate,
    /// The certificate is not good.
    #[error("its certificate {0}")]
    Certificate(&'static str),
    /// The certificate is good, and not the one that the configuration names.
    #[error("its certificate is none of those that the configuration names for this peer")]
    OtherCertificate,
    /// The peer refused ours, or what we offered.
    #[error("it refused the handshake: {0:?}")]
    Refused(AlertDescription),
    /// Other nonsense.
    #[error("it broke the protocol")]
    Protocol,
    /// The peer hung up.
    #[error("it closed the connection during the handshake")]
    Closed,
    /// The peer hung up before its first byte: a health check, say.
    #[error("it closed the connection without a word")]
    Silent,
    /// Too slow.
    #[error("it did not finish the handshake in time")]
    TimedOut,
    /// The socket failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// We believe nobody about the peer's institution, or have no certificate.
    #[error("there is no certificate of ours, or no authority for this peer")]
    NoTrust,
}

impl HandshakeError {
    /// What the alert says, if a connection failed with one. With TLS 1.3 a requestor's handshake is over
    /// before the acceptor has seen its certificate (RFC 8446 §2): a refusal is the first that comes.
    pub(in crate::transport) fn after(error: &io::Error) -> Option<Self> {
        match error.get_ref()?.downcast_ref::<Error>()? {
            Error::AlertReceived(alert) => Some(Self::Refused(*alert)),
            _ => None,
        }
    }
}

/// How a listener begins a connection.
#[derive(Clone)]
pub struct Acceptor {
    pub(super) config: Arc<ServerConfig>,
}

/// How we begin a connection to a peer.
#[derive(Clone)]
pub struct Towards {
    pub(super) config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
    certificates: Vec<CertificateName>,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor(..)")
    }
}

impl std::fmt::Debug for Towards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Towards")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Acceptor {
    pub(super) const fn new(config: Arc<ServerConfig>) -> Self {
        Self { config }
    }

    /// Answers the handshake that a requestor begins.
    pub(in crate::transport) async fn handshake(
        self,
        tcp: TcpStream,
    ) -> Result<(Box<TlsStream>, Channel), HandshakeError> {
        let connection = ServerConnection::new(self.config).map_err(|error| told(&error))?;
        Box::pin(shake(tcp, connection.into())).await
    }
}

impl Towards {
    /// `certificates`: what the peer's certificate must be known by; none: any that is good.
    pub(super) fn new(
        config: Arc<ClientConfig>,
        peer: &Peer,
        certificates: Vec<CertificateName>,
    ) -> Self {
        let address = peer.connect.map(|connect| connect.ip().to_canonical());
        let name = peer.tls_name.as_ref().map_or_else(
            || address.map(|address| ServerName::IpAddress(address.into())),
            |name| named(name.as_str()),
        );
        Self {
            config,
            name,
            certificates,
        }
    }

    /// Whether the peer may show this certificate.
    pub(super) fn accepts(&self, shown: Option<&Shown>) -> bool {
        accepts(&self.certificates, shown)
    }

    /// Begins the handshake with an acceptor.
    pub(in crate::transport) async fn handshake(
        self,
        tcp: TcpStream,
    ) -> Result<(Box<TlsStream>, Channel), HandshakeError> {
        let name = self.name.ok_or(HandshakeError::NoTrust)?;
        let connection = ClientConnection::new(self.config, name).map_err(|error| told(&error))?;
        let (mut stream, channel) = Box::pin(shake(tcp, connection.into())).await?;
        if !accepts(&self.certificates, channel.certificate.as_deref()) {
            stream.say_goodbye();
            return Err(HandshakeError::OtherCertificate);
        }
        Ok((stream, channel))
    }
}

/// Whether what was shown is known by one of these names; none: any certificate that is good will do.
fn accepts(certificates: &[CertificateName], shown: Option<&Shown>) -> bool {
    let is_named = |name: &CertificateName| shown.is_some_and(|shown| shown.names().contains(name));
    certificates.is_empty() || certificates.iter().any(is_named)
}

pub(super) fn named(name: &str) -> Option<ServerName<'static>> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(ServerName::IpAddress(address.to_canonical().into()));
    }
    ServerName::try_from(name.to_owned()).ok()
}

/// Drives a handshake to its end.
async fn shake(
    tcp: TcpStream,
    connection: Connection,
) -> Result<(Box<TlsStream>, Channel), HandshakeError> {
    // On the heap: every future of an association would carry it otherwise.
    let mut stream = Box::new(TlsStream::new(tcp, connection));
    match step_by_step(&mut stream).await {
        Ok(()) => {
            let channel = channel(stream.connection());
            Ok((stream, channel))
        }
        Err(error) => {
            farewell(stream).await;
            Err(error)
        }
    }
}

async fn step_by_step(stream: &mut TlsStream) -> Result<(), HandshakeError> {
    let mut first = true;
    loop {
        let mut blocked = false;
        match stream.send_sealed() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => blocked = true,
            Err(error) => return Err(lost(&error)),
        }
        if !stream.connection().is_handshaking() && !blocked {
            return Ok(());
        }
        if stream.connection().is_handshaking() {
            match stream.fill(READ_BYTES) {
                Ok(true) => {
                    if std::mem::take(&mut first) {
                        check_first(stream.first_byte())?;
                    }
                    stream.feed_all()?;
                    continue;
                }
                Ok(false) if first => return Err(HandshakeError::Silent),
                Ok(false) => return Err(HandshakeError::Closed),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if first && error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(HandshakeError::Silent);
                }
                Err(error) => return Err(lost(&error)),
            }
        }
        let interest = match (blocked, stream.connection().is_handshaking()) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::WRITABLE,
            (false, _) => Interest::READABLE,
        };
        stream
            .tcp()
            .ready(interest)
            .await
            .map_err(|error| lost(&error))?;
    }
}

impl TlsStream {
    /// Gives the connection all that came, until the handshake is over.
    fn feed_all(&mut self) -> Result<(), HandshakeError> {
        while self.first_byte().is_some() && self.connection().is_handshaking() {
            self.feed().map_err(|broken| match broken {
                Broken::Io(error) => lost(&error),
                Broken::Tls(error) => told(&error),
            })?;
        }
        Ok(())
    }
}

/// What came first says whether it is TLS at all.
const fn check_first(byte: Option<u8>) -> Result<(), HandshakeError> {
    match byte {
        Some(HANDSHAKE) => Ok(()),
        Some(ASSOCIATE_RQ) => Err(HandshakeError::Plain),
        Some(_) | None => Err(HandshakeError::NotTls),
    }
}

/// A connection whose handshake is over, from either side.
#[derive(Clone, Copy)]
pub(super) enum Seen<'c> {
    Acceptor(&'c ServerConnection),
    Requestor(&'c ClientConnection),
}

impl<'c> From<&'c ServerConnection> for Seen<'c> {
    fn from(connection: &'c ServerConnection) -> Self {
        Self::Acceptor(connection)
    }
}

impl<'c> From<&'c ClientConnection> for Seen<'c> {
    fn from(connection: &'c ClientConnection) -> Self {
        Self::Requestor(connection)
    }
}

impl<'c> From<&'c Connection> for Seen<'c> {
    fn from(connection: &'c Connection) -> Self {
        match connection {
            Connection::Server(connection) => Self::Acceptor(connection),
            Connection::Client(connection) => Self::Requestor(connection),
        }
    }
}

impl<'c> Seen<'c> {
    fn peer_certificates(self) -> Option<&'c [rustls::pki_types::CertificateDer<'static>]> {
        match self {
            Self::Acceptor(connection) => connection.peer_certificates(),
            Self::Requestor(connection) => connection.peer_certificates(),
        }
    }

    fn protocol_version(self) -> Option<ProtocolVersion> {
        match self {
            Self::Acceptor(connection) => connection.protocol_version(),
            Self::Requestor(connection) => connection.protocol_version(),
        }
    }

    fn export(self, label: &[u8]) -> Result<[u8; 32], Error> {
        match self {
            Self::Acceptor(connection) => connection.export_keying_material([0; 32], label, None),
            Self::Requestor(connection) => connection.export_keying_material([0; 32], label, None),
        }
    }
}

/// What the handshake has shown of the peer.
pub(super) fn channel<'c>(connection: impl Into<Seen<'c>>) -> Channel {
    let connection = connection.into();
    let chain = connection.peer_certificates().unwrap_or_default();
    let about = chain.first().and_then(|leaf| Certificate::read(leaf).ok());
    let shown = about.map(|about| Shown {
        about,
        chain: chain.iter().map(|der| der.clone().into_owned()).collect(),
    });
    Channel {
        tls: true,
        certificate: shown.map(Arc::new),
        binding: binding(connection),
    }
}

/// What binds a statement to this connection.
fn binding(connection: Seen<'_>) -> Option<Sha256> {
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection
        .export(BINDING_LABEL)
        .ok()
        .map(Sha256::from_bytes)
}

/// Sends the alert that is due, and lets the peer read it: closing with unread bytes would take it
/// back.
async fn farewell(mut stream: Box<TlsStream>) {
    let _ = stream.send_sealed();
    let said = async {
        let mut tcp = stream.into_tcp();
        let _ = tcp.shutdown().await;
        let mut scrap = [0; 1024];
        while matches!(tcp.read(&mut scrap).await, Ok(read) if read > 0) {}
    };
    let _ = tokio::time::timeout(FAREWELL, said).await;
}

fn lost(error: &io::Error) -> HandshakeError {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => HandshakeError::Closed,
        // A message that is longer than any may be.
        io::ErrorKind::InvalidData => HandshakeError::Protocol,
        kind => HandshakeError::Io(kind),
    }
}

/// In words that name no more of the peer than what it did.
pub(super) fn told(error: &Error) -> HandshakeError {
    match error {
        Error::NoCertificatesPresented => HandshakeError::NoCertificate,
        Error::InvalidCertificate(fault) => HandshakeError::Certificate(fault_of(fault)),
        Error::InvalidCertRevocationList(_) => {
            HandshakeError::Certificate("has a list of revoked ones that cannot be used")
        }
        Error::AlertReceived(alert) => HandshakeError::Refused(*alert),
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired
            // TLS 1.1 and older do not know it (RFC 5246 §7.4.1.4.1), and it is looked for first.
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
        ) => HandshakeError::Version,
        Error::PeerIncompatible(_) => HandshakeError::Suites,
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => HandshakeError::Version,
        _ => HandshakeError::Protocol,
    }
}

const fn fault_of(fault: &CertificateError) -> &'static str {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::Revoked => "is revoked",
        CertificateError::UnknownIssuer => "is of an authority that is not believed",
        CertificateError::UnknownRevocationStatus => {
            "is of an authority without a list of revoked ones"
        }
        CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            "is of an authority whose list of revoked ones has expired"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "does not have the name that is expected of it"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "is not for this end of a connection"
        }
        CertificateError::BadSignature => "does not match its signature",
        _ => "is not good",
    }
}
