//! Gateways that witness each other's logs (C2SP tlog-witness).
//!
//! As an answerer, the `keeper` decides on each request by what it holds of that log, makes it
//! durable, and only then cosigns; `server` brings it the requests. As an asker, `asker` shows
//! the newest checkpoint to every configured witness and keeps the cosignatures that verify.
//!
//! What travels is signed and public, and nobody is asked who they are: HTTP without TLS. Gateways of other
//! hospitals (`[[gateway_peer]]`) are asked, and answered, by the `exchange` room's HTTPS.

mod alerts;
mod asker;
mod keeper;
mod server;
mod visit;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

pub use server::Answerer;

use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::Recorder;
use crate::storage::WitnessedError;
use crate::transport;
use crate::transport::Security;
use crate::web;
use crate::web::Door;

/// Why witnessing did not start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The address cannot be opened.
    #[error("cannot listen for logs to witness on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// What was witnessed before cannot be taken up again.
    #[error(transparent)]
    Kept(#[from] WitnessedError),
}

/// Witnessing, while it lasts.
#[derive(Debug)]
pub struct Witnessing {
    address: Option<SocketAddr>,
    answerer: Option<Answerer>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Witnessing {
    /// Where logs ask, if they may.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// What answers logs that ask; `None` when nobody is answered.
    pub const fn answerer(&self) -> Option<&Answerer> {
        self.answerer.as_ref()
    }

    /// Asks and answers no more. To be called before the ledger is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts to answer and to ask, as `config` says.
///
/// # Errors
/// When the address cannot be opened, or what was held of a log cannot be believed.
pub fn start(
    config: &Config,
    clock: Clock,
    recorder: &Recorder,
    security: Option<&Arc<Security>>,
) -> Result<Witnessing, WitnessError> {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut address = None;
    let answers = config.witness.listen.is_some() || config.exchange.listen.is_some();
    let mut answerer = None;
    if answers {
        let keeper = Arc::new(keeper::Keeper::open(config, clock, recorder)?);
        // Before anybody is answered: what is proven from then on is recorded by who answers.
        let left = keeper.unrecorded().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot read the proofs against logs");
            Vec::new()
        });
        let request = config.witness.request;
        let one = Answerer::new(keeper, recorder.clone(), request);
        let recording = one.clone();
        tasks.spawn(async move { recording.record_what_was_left(left).await });
        answerer = Some(one);
    }
    if let (Some(listen), Some(answerer)) = (config.witness.listen, &answerer) {
        let failed = |source| WitnessError::Listen {
            address: listen,
            source,
        };
        let socket = transport::listen(listen).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        tracing::info!(address = %local, key = %recorder.witness().key(), "witnessing");
        address = Some(local);
        let limits = web::Limits {
            request: config.witness.request,
            connections_max: config.witness.connections_max,
        };
        let answerer = answerer.clone();
        let answer = move |_, asked| {
            let answerer = answerer.clone();
            async move { answerer.answer(asked).await }
        };
        let refused = |_, _| {};
        let stopped = stopped.clone();
        let serving = web::serve(socket, Door::Plain, limits, answer, refused, stopped);
        tasks.spawn(serving);
    }
    let asker = asker::Asker::open(config, clock, recorder, security)?;
    if let Some(asker) = asker {
        tasks.spawn(asker.run(stopped));
    }
    Ok(Witnessing {
        address,
        answerer,
        stop,
        tasks,
    })
}
