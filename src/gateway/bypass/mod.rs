//! Downtime: forwarding without contract and ledger, because two persons said so, for a while.
//!
//! It needs neither journal nor keys nor spool: that is what it is for. Who calls is identified as
//! ever, and only peers of the own institution are let through, each to the one destination that its
//! first context is routed to, for what they may ask there; messages pass as they are. What went by is
//! written down (see [`BypassFile`]) and recorded by the next gateway that starts.

mod recorded;
mod through;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::config::UserName;
use crate::gateway::drain_begins;
use crate::storage::BypassFile;
use crate::storage::BypassLine;
use crate::transport;
use crate::transport::Security;

pub use recorded::BypassedError;
use through::serve;

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
    /// The gateway could not read it.
    #[error("run it as the owner of {}, as the gateway runs", .0.display())]
    Owner(PathBuf),
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
    over: watch::Sender<bool>,
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
                over: watch::Sender::new(false),
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
            accepting.spawn(accept(Arc::clone(&self.shared), socket, tls));
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
        self.shared.over.send_replace(true);
        let limit = self.shared.config.timeouts.artim;
        let sessions = async { while accepting.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, sessions).await.is_err() {
            tracing::warn!("associations did not end with the bypass");
        }
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
    let keys_dir = &config.gateway.keys_dir;
    let owner = std::fs::metadata(keys_dir).map(|folder| folder.uid());
    if owner.is_ok_and(|owner| owner != rustix::process::geteuid().as_raw()) {
        return Err(BypassError::Owner(keys_dir.clone()));
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

async fn accept(shared: Arc<Shared>, socket: TcpListener, tls: Option<ClientCertificate>) {
    let mut sessions = JoinSet::new();
    let mut over = shared.over.subscribe();
    loop {
        tokio::select! {
            () = drain_begins(&mut over) => break,
            Some(_) = sessions.join_next() => {}
            accepted = socket.accept() => match accepted {
                Ok((stream, from)) => {
                    let shared = Arc::clone(&shared);
                    if let Ok(seat) = Arc::clone(&shared.seats).try_acquire_owned() {
                        sessions.spawn(async move {
                            serve(&shared, stream, from, tls).await;
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
    drop(socket);
    while sessions.join_next().await.is_some() {}
}
