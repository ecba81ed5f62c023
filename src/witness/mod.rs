//! Gateways that witness each other's logs (C2SP tlog-witness).
//!
//! As an answerer, the `keeper` decides on each request by what it holds of that log, makes it
//! durable, and only then cosigns; `server` brings it the requests. As an asker, `asker` shows
//! the newest checkpoint to every configured witness and keeps the cosignatures that verify.
//!
//! What travels is signed and public, and nobody is asked who they are: HTTP without TLS, everything
//! bounded.

mod alerts;
mod asker;
mod http;
mod keeper;
mod server;
mod visit;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::Recorder;
use crate::storage::WitnessedError;
use crate::transport;

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
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Witnessing {
    /// Where logs ask, if they may.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
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
) -> Result<Witnessing, WitnessError> {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut address = None;
    if let Some(listen) = config.witness.listen {
        let failed = |source| WitnessError::Listen {
            address: listen,
            source,
        };
        let keeper = Arc::new(keeper::Keeper::open(config, clock, recorder)?);
        let socket = transport::listen(listen).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        tracing::info!(address = %local, key = %recorder.witness().key(), "witnessing");
        address = Some(local);
        let limits = server::Limits {
            request: config.witness.request,
            connections_max: config.witness.connections_max,
        };
        let recorder = recorder.clone();
        tasks.spawn(server::serve(
            socket,
            keeper,
            recorder,
            limits,
            stopped.clone(),
        ));
    }
    let asker = asker::Asker::open(config, clock, recorder)?;
    if let Some(asker) = asker {
        tasks.spawn(asker.run(stopped));
    }
    Ok(Witnessing {
        address,
        stop,
        tasks,
    })
}
