//! Brings a batch to a receiver, and knows when the receiver has it.
//!
//! Syslog has no acknowledgements, and what a socket took may never be read. So a connection carries one batch, and
//! we close our side of it behind the last message: who closes the other side after that has read all of it
//! (RFC 5425 §4.4: a receiver MUST reply to a close_notify; TCP: it reads our end, after all else). A connection that
//! ends in any other way has brought nothing, and all of the batch is sent again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UdpSocket;

use super::batch::Batch;
use super::batch::Message;
use super::syslog;
use crate::config::AuditReceiver;
use crate::config::AuditTo;
use crate::config::HostPort;
use crate::config::WebUrl;
use crate::contract::InstitutionSlug;
use crate::storage::Told;
use crate::transport;
use crate::transport::HandshakeError;
use crate::transport::Security;
use crate::transport::Whom;
use crate::web::Line;
use crate::web::LineError;
use crate::web::Secured;

/// Bytes that are written at a time.
const WRITE_BYTES: usize = 64 * 1024;

/// Bytes that a syslog receiver may answer, all of them unread: it has nothing to say.
const CHATTER_BYTES_MAX: usize = 64 * 1024;

/// Bytes of the longest answer of a FHIR server: it gives the resource back.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Bytes of the longest message in a datagram (RFC 5426 §3.2, over IPv4).
const DATAGRAM_BYTES_MAX: usize = 65_507;

/// Content type of a resource.
const FHIR_JSON: &str = "application/fhir+json";

/// Why a receiver does not have it.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("[tls] has no certificate")]
    NoTls,
    #[error("no TLS: {0}")]
    Tls(#[from] HandshakeError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it did not go on within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("it did not close the connection after the last message")]
    Chatter,
    #[error("{0}")]
    Line(#[from] LineError),
    #[error("entry {entry}: HTTP status {status}")]
    Status { entry: u64, status: StatusCode },
}

/// How far it came.
#[derive(Debug)]
pub(super) struct Brought {
    /// What the receiver has for certain, if that is anything.
    pub(super) told: Option<Told>,
    /// Entries of which a message is too long to be sent that way, and was not.
    pub(super) too_long: Vec<u64>,
    /// Why it is not all.
    pub(super) failed: Option<NotTaken>,
}

/// Whoever brings.
#[derive(Debug)]
pub(super) struct Bringer {
    pub(super) receiver: Arc<AuditReceiver>,
    /// Whose receiver it is.
    pub(super) own: InstitutionSlug,
    pub(super) security: Option<Arc<Security>>,
}

impl Bringer {
    /// Brings a batch.
    pub(super) async fn bring(&self, batch: &Batch) -> Brought {
        let all = |brought: Result<(), NotTaken>| Brought {
            told: brought.is_ok().then_some(batch.then),
            too_long: Vec::new(),
            failed: brought.err(),
        };
        match &self.receiver.to {
            // Nothing to say is said without a connection.
            _ if batch.messages.is_empty() => all(Ok(())),
            AuditTo::Tls(at) => all(self.by_tls(at, batch).await),
            AuditTo::Tcp(at) => all(self.by_tcp(at, batch).await),
            AuditTo::Udp(at) => self.by_udp(at, batch).await,
            AuditTo::Fhir(url) => self.by_http(url, batch).await,
        }
    }

    async fn by_tls(&self, at: &HostPort, batch: &Batch) -> Result<(), NotTaken> {
        let security = self.security.as_ref().ok_or(NotTaken::NoTls)?;
        let whom = Whom::Server(self.own.clone());
        let connecting = security.connect_stream(&whom, at);
        let stream = self.in_time(async { Ok(connecting.await?) }).await?;
        self.say(stream, batch).await
    }

    async fn by_tcp(&self, at: &HostPort, batch: &Batch) -> Result<(), NotTaken> {
        let stream = self.in_time(async { Ok(transport::dial(at).await?) });
        self.say(stream.await?, batch).await
    }

    /// One step, in the time that a receiver has for one.
    async fn in_time<T>(
        &self,
        step: impl Future<Output = Result<T, NotTaken>>,
    ) -> Result<T, NotTaken> {
        let within = self.receiver.answer;
        let step = tokio::time::timeout(within, step).await;
        step.unwrap_or(Err(NotTaken::TimedOut(within)))
    }

    /// Says all of it, and hears the receiver hang up.
    async fn say(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        batch: &Batch,
    ) -> Result<(), NotTaken> {
        let mut frames = Vec::with_capacity(WRITE_BYTES);
        for message in &batch.messages {
            syslog::frame(&mut frames, &message.text);
            if frames.len() >= WRITE_BYTES {
                self.in_time(async { Ok(stream.write_all(&frames).await?) })
                    .await?;
                frames.clear();
            }
        }
        let rest = async {
            stream.write_all(&frames).await?;
            stream.flush().await?;
            Ok(stream.shutdown().await?)
        };
        self.in_time(rest).await?;
        self.in_time(hung_up(&mut stream)).await
    }

    /// Nobody says whether a datagram came. That nobody listens is told, sometimes, at the next one.
    async fn by_udp(&self, at: &HostPort, batch: &Batch) -> Brought {
        let mut too_long = Vec::new();
        let sent = async {
            let looking = tokio::net::lookup_host((at.host(), at.port()));
            let to = self.in_time(async { Ok(looking.await?.next()) }).await?;
            let none = || io::Error::from(io::ErrorKind::AddrNotAvailable);
            let to = to.ok_or_else(none)?;
            let any = match to.is_ipv4() {
                true => "0.0.0.0:0",
                false => "[::]:0",
            };
            let socket = UdpSocket::bind(any).await?;
            socket.connect(to).await?;
            for message in &batch.messages {
                if message.text.len() > DATAGRAM_BYTES_MAX {
                    too_long.push(message.entry);
                    continue;
                }
                let sending = async { Ok(socket.send(message.text.as_bytes()).await?) };
                self.in_time(sending).await?;
            }
            Ok(())
        };
        let failed: Option<NotTaken> = sent.await.err();
        Brought {
            told: failed.is_none().then_some(batch.then),
            too_long,
            failed,
        }
    }

    /// Each event by itself (ITI-20, FHIR Feed): the server says what it has taken.
    async fn by_http(&self, url: &WebUrl, batch: &Batch) -> Brought {
        let secured = self.security.as_ref().map(|security| Secured {
            security: Arc::clone(security),
            whom: Whom::Server(self.own.clone()),
        });
        let within = self.receiver.answer;
        let mut line = Line::to(url, secured.as_ref(), within, ANSWER_BYTES_MAX);
        for message in &batch.messages {
            if let Err(failed) = post(&mut line, message).await {
                return Brought {
                    // The entries before it.
                    told: Some(Told {
                        next: message.entry,
                        after: message.after,
                    }),
                    too_long: Vec::new(),
                    failed: Some(failed),
                };
            }
        }
        Brought {
            told: Some(batch.then),
            too_long: Vec::new(),
            failed: None,
        }
    }
}

async fn post(line: &mut Line<'_>, message: &Message) -> Result<(), NotTaken> {
    let answered = line.post_as("AuditEvent", FHIR_JSON, message.text.clone());
    let status = answered.await?.status;
    match status.is_success() {
        true => Ok(()),
        false => Err(NotTaken::Status {
            entry: message.entry,
            status,
        }),
    }
}

/// Waits until the other end has read all that was sent, and closed the connection.
async fn hung_up(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), NotTaken> {
    let mut unread = [0; 1_024];
    let mut heard = 0_usize;
    loop {
        match stream.read(&mut unread).await? {
            0 => return Ok(()),
            bytes => heard = heard.saturating_add(bytes),
        }
        if heard > CHATTER_BYTES_MAX {
            return Err(NotTaken::Chatter);
        }
    }
}
