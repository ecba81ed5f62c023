//! Downtime: forwarding without contract and ledger, because two persons said so, for a while.
//!
//! It needs neither journal nor keys nor spool: that is what it is for. Who calls is identified as
//! ever, and only peers of the own institution are let through, each to the one destination that its
//! first context is routed to; messages pass as they are. What went by is written down (see
//! [`BypassFile`]) and recorded by the next gateway that starts.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Gateway;
use super::inbound::identify;
use super::session::begin;
use super::upstream::dial;
use crate::association::Abort;
use crate::association::AssociateAc;
use crate::association::AssociateRj;
use crate::association::AssociateRq;
use crate::association::UserInformation;
use crate::association::negotiation;
use crate::clock::Clock;
use crate::config::Called;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::config::Peer;
use crate::config::UserName;
use crate::contract::Body;
use crate::storage::BypassFile;
use crate::storage::BypassLine;
use crate::storage::bypass_recorded;
use crate::storage::bypass_times;
use crate::transport;
use crate::transport::Indication;
use crate::transport::Link;
use crate::transport::Security;

/// How often it is said that contract and ledger are passed by.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(60);
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 200;

/// What two persons said.
#[derive(Clone, Debug)]
pub struct Word {
    /// Who asks for it.
    pub first: UserName,
    /// Who agrees.
    pub second: UserName,
    /// Why.
    pub reason: String,
    /// For how long.
    pub lasts: Duration,
}

/// Why nothing is let through.
#[derive(Debug, thiserror::Error)]
pub enum BypassError {
    /// Nobody may.
    #[error("the configuration names no `persons` in [bypass]")]
    Nobody,
    /// One of the two may not.
    #[error("{0} is not among the `persons` of [bypass]")]
    NotNamed(UserName),
    /// It takes two.
    #[error("it takes two different persons")]
    OnePerson,
    /// Longer than the configuration allows.
    #[error("{} minutes are more than {}, the limit", asked.as_secs() / 60, limit.as_secs() / 60)]
    TooLong {
        /// What was asked for.
        asked: Duration,
        /// `minutes_max`.
        limit: Duration,
    },
    /// A reason of people, for people.
    #[error("a reason has 1 to {REASON_CHARACTERS_MAX} characters")]
    Reason,
    /// TLS cannot be used as configured.
    #[error(transparent)]
    Tls(#[from] transport::TlsError),
    /// A listener's address cannot be opened: most likely a gateway runs.
    #[error("cannot listen on {address}: {source}; is a gateway running?")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// What goes by cannot be written down: then nothing does.
    #[error("what goes by cannot be written down: {0}")]
    Write(io::Error),
}

/// A time that has begun.
#[derive(Debug)]
pub struct Bypass {
    shared: Arc<Shared>,
    sockets: Vec<(TcpListener, Option<ClientCertificate>)>,
    ends: Instant,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    security: Option<Security>,
    clock: Clock,
    file: Mutex<BypassFile>,
    opened: AtomicU64,
    seats: Arc<Semaphore>,
}

/// An association that is let through.
struct Through {
    number: u64,
    from: Link,
    to: Link,
    silence: Duration,
    buffer_bytes_max: usize,
    bytes: Bytes,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    to: u64,
    from: u64,
}

impl Bypass {
    /// Begins: listens where the gateway would, and writes down who said so. Whether they are who
    /// they say is for the caller to know.
    ///
    /// # Errors
    /// When they may not, a gateway runs, or nothing can be written down.
    pub async fn begin(config: Config, clock: Clock, word: &Word) -> Result<Self, BypassError> {
        check(&config, word)?;
        let security = Security::load(&config)?;
        let mut sockets = Vec::new();
        for listener in &config.listeners {
            let address = listener.address;
            let socket = transport::listen(address);
            let socket = socket.map_err(|source| BypassError::Listen { address, source })?;
            let tls = listener.tls.then_some(listener.client_certificate);
            sockets.push((socket, tls));
        }
        let from = clock.now();
        let micros = i64::try_from(word.lasts.as_micros()).unwrap_or(i64::MAX);
        let begun = BypassLine::Begun {
            first: word.first.to_string(),
            second: word.second.to_string(),
            reason: word.reason.clone(),
            from,
            until: from.plus(micros),
        };
        let file = BypassFile::begin(&config.bypass.dir, from, &begun);
        let file = file.map_err(BypassError::Write)?;
        tracing::error!(
            first = %word.first, second = %word.second, reason = %word.reason,
            minutes = word.lasts.as_secs() / 60,
            "BYPASS: images go by without contract and ledger"
        );
        let seats = Arc::new(Semaphore::new(config.bypass.associations_max));
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                security,
                clock,
                file: Mutex::new(file),
                opened: AtomicU64::new(0),
                seats,
            }),
            sockets,
            ends: Instant::now() + word.lasts,
        })
    }

    /// The file of what goes by.
    pub fn file(&self) -> PathBuf {
        self.shared.file().path().to_owned()
    }

    /// Lets associations through until the time is over or `stop` resolves; gives their number.
    ///
    /// # Errors
    /// When its end cannot be written down.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<u64, BypassError> {
        let mut accepting = JoinSet::new();
        for (socket, tls) in self.sockets {
            accepting.spawn(accept(Arc::clone(&self.shared), socket, tls, self.ends));
        }
        let mut announce = tokio::time::interval(ANNOUNCE_EVERY);
        announce.tick().await;
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep_until(self.ends) => break,
                _ = announce.tick() => {
                    let minutes = (self.ends - Instant::now()).as_secs() / 60;
                    tracing::error!(minutes, "BYPASS: images go by without contract and ledger");
                }
            }
        }
        accepting.shutdown().await;
        let at = self.shared.clock.now();
        let written = self.shared.write(BypassLine::Ended { at }).await;
        written.map_err(BypassError::Write)?;
        tracing::warn!("the bypass is over");
        Ok(self.shared.opened.load(Ordering::Relaxed))
    }
}

fn check(config: &Config, word: &Word) -> Result<(), BypassError> {
    let bypass = &config.bypass;
    if bypass.persons.is_empty() {
        return Err(BypassError::Nobody);
    }
    for person in [&word.first, &word.second] {
        if !bypass.persons.contains(person) {
            return Err(BypassError::NotNamed(person.clone()));
        }
    }
    if word.first == word.second {
        return Err(BypassError::OnePerson);
    }
    if word.lasts > bypass.longest {
        return Err(BypassError::TooLong {
            asked: word.lasts,
            limit: bypass.longest,
        });
    }
    let characters = word.reason.chars().count();
    if !(1..=REASON_CHARACTERS_MAX).contains(&characters)
        || word.reason.chars().any(char::is_control)
    {
        return Err(BypassError::Reason);
    }
    Ok(())
}

impl Shared {
    fn file(&self) -> std::sync::MutexGuard<'_, BypassFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line, and waits until it is durable.
    async fn write(self: &Arc<Self>, line: BypassLine) -> io::Result<()> {
        let shared = Arc::clone(self);
        let write = move || shared.file().write(&line);
        tokio::task::spawn_blocking(write)
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

async fn accept(
    shared: Arc<Shared>,
    socket: TcpListener,
    tls: Option<ClientCertificate>,
    ends: Instant,
) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = sessions.join_next() => {}
            accepted = socket.accept() => match accepted {
                Ok((stream, from)) => {
                    let shared = Arc::clone(&shared);
                    if let Ok(seat) = Arc::clone(&shared.seats).try_acquire_owned() {
                        sessions.spawn(async move {
                            serve(&shared, stream, from, tls, ends).await;
                            drop(seat);
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

async fn serve(
    shared: &Arc<Shared>,
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<ClientCertificate>,
    ends: Instant,
) {
    let config = &shared.config;
    let opening = async {
        let begun = begin(config, shared.security.as_ref(), stream, from, tls).await;
        let mut link = match begun {
            Ok(link) => link?,
            Err(error) => {
                tracing::info!(%from, %error, "no TLS");
                return None;
            }
        };
        match link.next().await {
            Ok(Indication::Requested(rq)) => Some((link, rq)),
            Ok(_) | Err(_) => {
                link.linger().await;
                None
            }
        }
    };
    let opened = tokio::time::timeout(config.timeouts.artim, opening).await;
    let Ok(Some((link, rq))) = opened else {
        return;
    };
    let mut through = match open(shared, link, &rq, from).await {
        Ok(through) => through,
        Err((link, answer)) => {
            tracing::info!(called = %rq.called, calling = %rq.calling, %from, %answer, "association rejected");
            return link.reject(answer).await;
        }
    };
    let ended = tokio::time::timeout_at(ends, through.forward()).await;
    let closed = BypassLine::Closed {
        number: through.number,
        at: shared.clock.now(),
        bytes_to: through.bytes.to,
        bytes_from: through.bytes.from,
    };
    match ended {
        Ok(true) => {
            through.to.release().await;
            through.from.confirm_release().await;
        }
        Ok(false) | Err(_) => {
            through.to.abort(Abort::BY_USER).await;
            through.from.abort(Abort::BY_PROVIDER).await;
        }
    }
    if let Err(error) = shared.write(closed).await {
        tracing::error!(%error, "what went by cannot be written down");
    }
}

/// Identifies who calls, and opens the destination for them.
async fn open(
    shared: &Arc<Shared>,
    mut link: Link,
    rq: &AssociateRq,
    from: SocketAddr,
) -> Result<Through, (Link, AssociateRj)> {
    let (caller, to) = match admit(shared, &link, rq, from) {
        Ok(admitted) => admitted,
        Err(answer) => return Err((link, answer)),
    };
    let config = &shared.config;
    let most = config.limits.pdu_bytes_max;
    let request = AssociateRq::new(
        to.ae_title.clone(),
        to.calling_ae(&caller.ae_title, &rq.called),
        rq.contexts.clone(),
        UserInformation {
            roles: rq.user.roles.clone(),
            extended: rq.user.extended.clone(),
            common_extended: rq.user.common_extended.clone(),
            ..UserInformation::ours(most)
        },
    );
    let requested = match dial(config, shared.security.as_ref(), &to, &request).await {
        Ok(requested) => requested,
        Err(error) => {
            tracing::warn!(%error, "no association with the destination");
            return Err((link, AssociateRj::TRANSIENT_NO_REASON));
        }
    };
    let number = shared.opened.fetch_add(1, Ordering::Relaxed) + 1;
    let opened = BypassLine::Opened {
        number,
        at: shared.clock.now(),
        address: from,
        calling: rq.calling.clone(),
        called: rq.called.clone(),
        peer: caller.name.to_string(),
        to: to.name.to_string(),
    };
    if let Err(error) = shared.write(opened).await {
        tracing::error!(%error, "what goes by cannot be written down: it does not");
        return Err((link, AssociateRj::TRANSIENT_NO_REASON));
    }
    let answer = AssociateAc {
        called: rq.called.clone(),
        calling: rq.calling.clone(),
        contexts: requested.accepted.contexts.clone(),
        user: UserInformation {
            roles: requested.accepted.user.roles.clone(),
            extended: requested.accepted.user.extended.clone(),
            ..UserInformation::ours(most)
        },
    };
    if let Err(error) = link.answer(&answer, rq.user.max_length, caller.pdu_bytes_max) {
        tracing::error!(%error, "our A-ASSOCIATE-AC cannot be written");
        return Err((link, AssociateRj::TRANSIENT_NO_REASON));
    }
    Ok(Through {
        number,
        from: link,
        to: requested.link,
        silence: caller.timeouts.idle,
        buffer_bytes_max: config.limits.relay_buffer_bytes_max,
        bytes: Bytes::default(),
    })
}

/// Who calls, and where they are let through to.
fn admit(
    shared: &Shared,
    link: &Link,
    rq: &AssociateRq,
    from: SocketAddr,
) -> Result<(Arc<Peer>, Arc<Peer>), AssociateRj> {
    negotiation::check_request(rq)?;
    let config = &shared.config;
    match config.own_ae(&rq.called) {
        Some(Called::Service { .. }) => {}
        Some(Called::MoveDestination(_)) | None => return Err(AssociateRj::CALLED_NOT_RECOGNISED),
    }
    let security = shared.security.as_ref();
    let caller = identify(config, security, &rq.calling, from, link.channel());
    let caller = caller.map_err(|_| AssociateRj::CALLING_NOT_RECOGNISED)?;
    let caller = Arc::clone(caller.peer);
    // Others get nothing without a contract.
    if caller.institution != config.gateway.institution {
        return Err(AssociateRj::CALLING_NOT_RECOGNISED);
    }
    let to = rq.contexts.iter().find_map(|context| {
        config
            .route(&rq.called, &caller, &context.abstract_syntax)
            .map(|routed| routed.peer)
    });
    let any = || {
        let mut routes = config.routes.iter();
        let route = routes.find(|route| route.called.contains(&rq.called))?;
        config.peer(route.to.first()?.as_str()).cloned()
    };
    let to = to.or_else(any).ok_or(AssociateRj::CALLED_NOT_RECOGNISED)?;
    if to.institution == config.gateway.institution {
        Ok((caller, to))
    } else {
        Err(AssociateRj::CALLED_NOT_RECOGNISED)
    }
}

impl Through {
    /// Passes messages on until the requestor releases (`true`) or either side is gone.
    async fn forward(&mut self) -> bool {
        let Self {
            from,
            to,
            silence,
            buffer_bytes_max,
            bytes,
            ..
        } = self;
        loop {
            if to.queued_bytes() >= *buffer_bytes_max || from.queued_bytes() >= *buffer_bytes_max {
                let flushed = async { to.flush().await.is_ok() && from.flush().await.is_ok() };
                if tokio::time::timeout(*silence, flushed).await != Ok(true) {
                    return false;
                }
                continue;
            }
            tokio::select! {
                said = from.next() => match said {
                    Ok(Indication::ReleaseRequested) => return true,
                    Ok(said) => {
                        let Some(passed) = pass_on(said, to) else { return false };
                        bytes.to = bytes.to.saturating_add(passed);
                    }
                    Err(_) => return false,
                },
                said = to.next() => match said {
                    Ok(said) => {
                        let Some(passed) = pass_on(said, from) else { return false };
                        bytes.from = bytes.from.saturating_add(passed);
                    }
                    Err(_) => return false,
                },
                () = tokio::time::sleep(*silence) => return false,
            }
        }
    }
}

/// Queues a part of a message; its length, or `None` when it is none.
fn pass_on(said: Indication, to: &mut Link) -> Option<u64> {
    match said {
        Indication::Command {
            context_id,
            command,
        } => {
            to.queue_command(context_id, &command);
            Some(command.encode().len() as u64)
        }
        Indication::Data {
            context_id,
            data,
            is_last,
        } => {
            let length = data.len() as u64;
            to.queue_data(context_id, data, is_last);
            Some(length)
        }
        Indication::Requested(_)
        | Indication::Accepted(_)
        | Indication::Rejected(_)
        | Indication::ReleaseRequested
        | Indication::Released
        | Indication::Aborted(_)
        | Indication::Closed => None,
    }
}

impl Gateway {
    /// Records the times when contract and ledger were passed by, before anything else goes by.
    pub(super) async fn record_bypasses(&self) -> Result<(), BypassError> {
        let times = bypass_times(&self.config.bypass.dir, false).map_err(BypassError::Write)?;
        for time in times {
            let recorded = self
                .recorder
                .record(Body::Bypassed {
                    first: time.first.clone(),
                    second: time.second.clone(),
                    reason: time.reason.clone(),
                    from: time.from,
                    until: time.until,
                    associations: time.associations,
                    bytes: time.bytes,
                    sha256: time.sha256,
                })
                .await;
            match recorded {
                Ok(entry) => {
                    let told = format!(
                        "{} associations went by without contract and ledger, by {} and {}",
                        time.associations, time.first, time.second
                    );
                    tracing::error!(entry, "{told}");
                    let alert = Body::Alert {
                        code: "bypassed".to_owned(),
                        text: told,
                        about: Some(entry),
                    };
                    self.recorder.note(alert).await;
                    bypass_recorded(&time).map_err(BypassError::Write)?;
                }
                Err(error) => return Err(BypassError::Write(io::Error::other(error))),
            }
        }
        Ok(())
    }
}
