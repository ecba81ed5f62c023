//! The gateway's shell: sessions on sockets, put to the contract through the one writer.

mod admission;
mod bypass;
mod certificates;
mod commitment;
pub mod control;
mod delivery;
mod echo;
mod identity;
mod inbound;
mod instance;
mod link;
mod matches;
mod meters;
pub mod parcels;
mod procedure_step;
mod query;
mod receipts;
pub mod recorder;
mod refusals;
mod relay;
mod restore;
mod retrieve;
mod seats;
mod session;
mod spooling;
mod store;
mod store_spooled;
mod takes;
mod transfer;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

pub use bypass::Bypass;
pub use bypass::BypassError;
pub use bypass::BypassedError;
pub use bypass::Word;
pub use certificates::keep_security;
pub use echo::EchoError;
pub use echo::echo;
pub use identity::IdentityError;
pub use instance::Ended;
pub use meters::LabelText;
pub use meters::Meters;
pub use meters::PREFIX as METERS_PREFIX;
pub use receipts::Draft;
pub use receipts::HeardReceipt;
pub use receipts::ReceiptDesk;
pub use recorder::BooksError;
pub use recorder::PATIENTS_SHOWN_MAX;
pub use recorder::PoliciesError;
pub use recorder::RecordError;
pub use recorder::Recorder;
pub use recorder::StartError;
pub use recorder::read_policies;
pub use restore::RestoreError;
pub use restore::RestoreFrom;
pub use restore::Restored;
pub use restore::restore;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::Config;
use crate::config::Listener;
use crate::config::Peer;
use crate::config::PeerName;
use crate::storage::Findings;
use crate::storage::Keys;
use crate::storage::LockError;
use crate::storage::Spool;
use crate::storage::SpoolError;
use crate::transport;

/// A connection over the listener's limit still gets a rejection, up to this many at a time;
/// beyond it connections are closed at once.
const CROWDED_MAX: usize = 16;
/// How often a checkpoint is signed while entries come.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// What all sessions share.
struct Gateway {
    config: Config,
    clock: Clock,
    recorder: Recorder,
    receipts: receipts::Receipts,
    retrievals: retrieve::Retrievals,
    spool: Arc<Spool>,
    delivery: Arc<delivery::Delivery>,
    takes: takes::Takes,
    seats: Arc<seats::Seats>,
    verifiers: identity::Verifiers,
    commitments: commitment::Commitments,
    draining: watch::Sender<bool>,
    spool_full_told_us: AtomicU64,
    /// The spool's disk failed: what it holds is uncertain, and only a new start can say.
    lost: watch::Sender<bool>,
    /// How connections are encrypted; `None` when the configuration names no certificate of ours.
    security: Option<Arc<transport::Security>>,
    refusals: refusals::Refusals,
    parcels: parcels::Parcels,
    accounts: Arc<control::AccountBook>,
    /// The newest checkpoint that each gateway showed us on an association.
    shown: Mutex<BTreeMap<PeerName, link::ShownLog>>,
}

impl Gateway {
    /// What flows, counted.
    fn meters(&self) -> &Arc<Meters> {
        self.recorder.meters()
    }

    const fn relay_limits(&self, from: &Peer, to: &Peer) -> relay::RelayLimits {
        relay::RelayLimits {
            buffer_bytes_max: self.config.limits.relay_buffer_bytes_max,
            sender_silence: from.timeouts.dimse_response,
            response: to.timeouts.dimse_response,
        }
    }
}

/// What an association may use up.
const fn link_limits(config: &Config) -> transport::Limits {
    transport::Limits {
        associate_bytes_max: config.limits.associate_bytes_max,
        pdu_bytes_max: config.limits.pdu_bytes_max,
        command_bytes_max: config.limits.command_bytes_max,
        artim: config.timeouts.artim,
    }
}

/// Why the gateway did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The ledger's folder cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A file of `[tls]` cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] transport::TlsError),
    /// A listener's address cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A time without contract and ledger cannot be recorded.
    #[error("a bypass cannot be recorded: {0}")]
    Bypassed(#[from] BypassedError),
    /// The spool cannot be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The spool's disk failed: nothing more can be kept there.
    #[error("the spool cannot be written any more")]
    SpoolLost,
    /// What users are to be verified with cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The writer ended: the disk failed, and nothing more can be acknowledged.
    #[error("the ledger cannot be written any more")]
    LedgerLost,
}

impl GatewayError {
    /// Whether another process is at what there must be one at.
    pub const fn is_held(&self) -> bool {
        matches!(
            self,
            Self::Start(StartError::Lock(LockError::Held(_)))
                | Self::Spool(SpoolError::Held(_))
                | Self::Bypassed(BypassedError::Runs(_))
        )
    }
}

/// A gateway that serves.
pub struct Running {
    gateway: Arc<Gateway>,
    addresses: Vec<SocketAddr>,
    listeners: Vec<JoinHandle<()>>,
    writer: recorder::WriterThread,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// Opens the ledger and the listeners, and serves.
///
/// # Errors
/// When the ledger does not verify, its folder is in use, or a listener cannot be opened.
pub async fn start(config: Config) -> Result<Running, GatewayError> {
    start_by(config, Clock::new()).await
}

/// As [`start`], by another clock.
///
/// # Errors
/// As [`start`].
pub async fn start_by(config: Config, clock: Clock) -> Result<Running, GatewayError> {
    let security = transport::Security::load(&config)?.map(Arc::new);
    identity::check(&config.identity)?;
    let (recorder, writer) = recorder::start(&config, clock, recorder::For::Serving)?;
    let (spool, found) = open_spool(&config)?;
    let takes = spool.remembered(takes::FILE)?.unwrap_or_default();
    let takes = takes::Takes::restore(&takes, &config);
    let commitments = spool.remembered(commitment::FILE)?.unwrap_or_default();
    let transactions_max = config.limits.commitments_max;
    let commitments = commitment::Commitments::restore(&commitments, transactions_max)?;
    let spool = Arc::new(spool);
    let delivery = delivery::Delivery::open(&config, clock, Arc::clone(&spool), found, true)?;
    let gateway = Arc::new(Gateway {
        clock,
        recorder,
        receipts: receipts::Receipts::default(),
        retrievals: retrieve::Retrievals::default(),
        delivery: Arc::new(delivery),
        takes,
        spool,
        spool_full_told_us: AtomicU64::new(0),
        lost: watch::Sender::new(false),
        seats: Arc::default(),
        verifiers: identity::Verifiers::new(&config.identity),
        commitments,
        draining: watch::Sender::new(false),
        security,
        parcels: parcels::Parcels::default(),
        accounts: Arc::new(control::AccountBook::new(&config)),
        refusals: refusals::Refusals::new(
            config.limits.refused_addresses_max,
            config.timeouts.refused_alert,
        ),
        shown: Mutex::default(),
        config,
    });
    let mut addresses = Vec::new();
    let mut listeners = Vec::new();
    let mut sockets = Vec::new();
    for listener in &gateway.config.listeners {
        let address = listener.address;
        let failed = |source| GatewayError::Listen { address, source };
        let socket = transport::listen(address).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        tracing::info!(address = %local, tls = listener.tls, "listening");
        addresses.push(local);
        sockets.push((socket, listener.clone()));
    }
    // A bypass listens where we do: none runs here any more. Nobody is accepted before.
    gateway.record_bypasses().await?;
    for (socket, listener) in sockets {
        listeners.push(tokio::spawn(accept(Arc::clone(&gateway), socket, listener)));
    }
    if let Err(error) = gateway.receipts.restore(&gateway).await {
        tracing::error!(%error, "open receipts are not taken up");
    }
    listeners.extend(delivery::Delivery::start(&gateway).await);
    listeners.push(tokio::spawn(commitment::run(Arc::clone(&gateway))));
    listeners.push(tokio::spawn(checkpoints(Arc::clone(&gateway))));
    let keeping = Arc::clone(&gateway);
    listeners.push(tokio::spawn(keeping.keep_certificates()));
    let telling = Arc::clone(&gateway);
    listeners.push(tokio::spawn(async move { telling.tell_refusals().await }));
    Ok(Running {
        gateway,
        addresses,
        listeners,
        writer,
    })
}

/// The ledger of a folder on which no gateway runs, open for a command.
#[derive(Debug)]
pub struct Editing {
    config: Config,
    clock: Clock,
    office: control::Office,
    writer: recorder::WriterThread,
}

/// Opens the ledger of `config` without serving.
///
/// # Errors
/// As [`start`].
pub fn edit(config: &Config) -> Result<Editing, GatewayError> {
    Editing::open(config, recorder::For::Editing)
}

/// Opens the ledger of `config` for questions: nothing is written to it.
///
/// # Errors
/// As [`start`], and when there is no ledger.
pub fn look(config: &Config) -> Result<Editing, GatewayError> {
    Editing::open(config, recorder::For::Asking)
}

impl Editing {
    fn open(config: &Config, purpose: recorder::For) -> Result<Self, GatewayError> {
        let clock = Clock::new();
        let (recorder, writer) = recorder::start(config, clock, purpose)?;
        let office = control::Office {
            recorder,
            delivery: None,
            accounts: Arc::new(control::AccountBook::new(config)),
        };
        Ok(Self {
            config: config.clone(),
            clock,
            office,
            writer,
        })
    }

    /// A handle on the writer.
    pub fn recorder(&self) -> Recorder {
        self.office.recorder.clone()
    }

    /// Performs a command. The spool is opened with the first one that is about it.
    pub async fn perform(&mut self, command: control::Command) -> control::Answer {
        if command.is_about_queues() && self.office.delivery.is_none() {
            let opened = open_spool(&self.config).and_then(|(spool, found)| {
                let spool = Arc::new(spool);
                let delivery =
                    delivery::Delivery::open(&self.config, self.clock, spool, found, false)?;
                Ok(Arc::new(delivery))
            });
            match opened {
                Ok(delivery) => self.office.delivery = Some(delivery),
                Err(error) => {
                    let reason = error.to_string();
                    return control::Answer::Refused { reason };
                }
            }
        }
        self.office.perform(command).await
    }

    /// Closes the ledger with a checkpoint.
    ///
    /// # Errors
    /// When the last entries could not be made durable.
    pub async fn close(mut self) -> Result<(), GatewayError> {
        self.office.recorder.stop().await;
        self.writer
            .join()
            .await
            .map_err(|()| GatewayError::LedgerLost)
    }
}

/// Opens the spool, whose objects are sealed under a key of the keys folder.
fn open_spool(config: &Config) -> Result<(Spool, Findings), GatewayError> {
    let gateway = &config.gateway;
    let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
    let keys = keys.map_err(StartError::Keys)?;
    Ok(Spool::open(&config.spool, &keys)?)
}

impl Running {
    /// Where the listeners are, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Reads certificates, authorities and lists again; what stands goes on.
    pub async fn reload(&self) {
        self.gateway.reload_tls().await;
    }

    /// A handle on the writer.
    pub fn recorder(&self) -> Recorder {
        self.gateway.recorder.clone()
    }

    /// How connections are encrypted, kept up with.
    pub fn security(&self) -> Option<Arc<transport::Security>> {
        self.gateway.security.clone()
    }

    /// What flows through it, counted.
    pub fn meters(&self) -> Arc<Meters> {
        Arc::clone(self.gateway.meters())
    }

    /// Where receipts of other gateways go, and ours come from.
    pub fn receipts(&self) -> ReceiptDesk {
        ReceiptDesk(Arc::clone(&self.gateway))
    }

    /// Where commands are performed.
    pub fn office(&self) -> control::Office {
        control::Office::of(&self.gateway)
    }

    /// Performs a command.
    pub async fn perform(&self, command: control::Command) -> control::Answer {
        self.office().perform(command).await
    }

    /// Resolves when the writer has ended by itself, or the spool's disk has failed: what was
    /// acknowledged can be relied on, but nothing more can be.
    pub async fn disk_lost(&mut self) -> GatewayError {
        let mut lost = self.gateway.lost.subscribe();
        tokio::select! {
            () = self.writer.ended() => GatewayError::LedgerLost,
            _ = lost.wait_for(|lost| *lost) => GatewayError::SpoolLost,
        }
    }

    /// Where other gateways ask for the keys of parcels.
    pub fn parcels(&self) -> parcels::ParcelDesk {
        parcels::ParcelDesk(Arc::clone(&self.gateway))
    }

    /// Takes no new associations, lets the running ones come to an end for the drain time, and
    /// closes the ledger with a checkpoint.
    ///
    /// # Errors
    /// When the last entries, or what was last taken out of the spool, could not be made durable.
    pub async fn drain(mut self) -> Result<(), GatewayError> {
        self.gateway.draining.send_replace(true);
        let limit = self.gateway.config.timeouts.drain;
        let sessions = async {
            for listener in &mut self.listeners {
                let _ = listener.await;
            }
        };
        if tokio::time::timeout(limit, sessions).await.is_err() {
            tracing::warn!("associations are cut off at the end of the drain time");
        }
        self.listeners.iter().for_each(JoinHandle::abort);
        self.gateway.recorder.stop().await;
        self.writer
            .join()
            .await
            .map_err(|()| GatewayError::LedgerLost)?;
        if *self.gateway.lost.borrow() {
            return Err(GatewayError::SpoolLost);
        }
        Ok(())
    }
}

/// Accepts connections until the gateway drains, then waits for its sessions.
async fn accept(gateway: Arc<Gateway>, socket: TcpListener, listener: Listener) {
    let address = socket.local_addr().unwrap_or(listener.address);
    let open = gateway.meters().listener(&address.to_string());
    let seats = Arc::new(Semaphore::new(listener.associations_max));
    let wanted = listener.tls.then_some(listener.client_certificate);
    let standing = Arc::new(Semaphore::new(CROWDED_MAX));
    let mut draining = gateway.draining.subscribe();
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = sessions.join_next() => continue,
            () = drain_begins(&mut draining) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give sessions time to end.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (gateway, open) = (Arc::clone(&gateway), open.clone());
        if let Ok(seat) = Arc::clone(&seats).try_acquire_owned() {
            sessions.spawn(async move {
                session::serve(gateway, stream, from, wanted, Some(open)).await;
                drop(seat);
            });
        } else if let Ok(place) = Arc::clone(&standing).try_acquire_owned() {
            sessions.spawn(async move {
                session::serve(gateway, stream, from, wanted, None).await;
                drop(place);
            });
        }
    }
    drop(socket);
    while sessions.join_next().await.is_some() {}
}

/// Resolves when the gateway is to drain.
async fn drain_begins(draining: &mut watch::Receiver<bool>) {
    // An error means that the gateway itself is gone: drain then too.
    let _ = draining.wait_for(|draining| *draining).await;
}

/// Asks for a checkpoint every second, until the gateway drains: the writer signs a last one
/// itself when it ends.
async fn checkpoints(gateway: Arc<Gateway>) {
    let mut tick = tokio::time::interval(CHECKPOINT_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut draining = gateway.draining.subscribe();
    loop {
        tokio::select! {
            _ = tick.tick() => gateway.recorder.checkpoint().await,
            () = drain_begins(&mut draining) => return,
        }
    }
}
