//! What gateways of different hospitals exchange beside images, by HTTPS with certificates on both sides:
//! receipts, keys of sealed parcels, and checkpoints to be cosigned.
//!
//! `server` brings what others send to the desks that decide (receipts: `gateway`, checkpoints: `witness`);
//! `courier` brings our receipts to them, again and again until both sides have signed.

mod courier;
mod opening;
mod server;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::gateway::ReceiptDesk;
use crate::gateway::Recorder;
use crate::gateway::parcels::ParcelDesk;
use crate::transport;
use crate::transport::Security;
use crate::web;
use crate::witness::Answerer;

pub use opening::ask_for_key;

/// Why the exchange did not start.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The address cannot be opened.
    #[error("cannot listen for other gateways on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// What the exchange needs of the gateway that runs.
#[derive(Clone, Debug)]
pub struct Desks {
    /// Where receipts go, and ours come from.
    pub receipts: ReceiptDesk,
    /// What answers recipients of parcels.
    pub parcels: ParcelDesk,
    /// Where alerts go.
    pub recorder: Recorder,
    /// What answers logs that ask to be witnessed.
    pub witness: Option<Answerer>,
    /// How connections are encrypted; without it nothing is exchanged.
    pub security: Option<Arc<Security>>,
}

/// The exchange, while it lasts.
#[derive(Debug)]
pub struct Exchange {
    address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Exchange {
    /// Where other gateways ask, if they may.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Sends and answers no more. To be called before the ledger is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts to answer and to send, as `config` says.
///
/// # Errors
/// When the address cannot be opened.
pub fn start(config: &Config, desks: &Desks) -> Result<Exchange, ExchangeError> {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut address = None;
    if let (Some(listen), Some(security)) = (config.exchange.listen, &desks.security) {
        let failed = |source| ExchangeError::Listen {
            address: listen,
            source,
        };
        let socket = transport::listen(listen).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        tracing::info!(address = %local, "exchanging with other gateways");
        address = Some(local);
        let server = server::Server::new(config, desks.clone());
        let security = Arc::clone(security);
        tasks.spawn(server.serve(socket, security, stopped.clone()));
    }
    if let Some(security) = &desks.security {
        // One for each: none waits because another is slow to answer.
        for gateway in &config.gateway_peers {
            let Some(url) = gateway.https.clone() else {
                continue;
            };
            let secured = web::Secured {
                security: Arc::clone(security),
                whom: transport::Whom::Gateway(Arc::clone(gateway)),
            };
            let receipts = desks.receipts.clone();
            let gateway = Arc::clone(gateway);
            let courier = courier::Courier::new(&config.exchange, receipts, url, secured, gateway);
            tasks.spawn(courier.run(stopped.clone()));
        }
    }
    Ok(Exchange {
        address,
        stop,
        tasks,
    })
}
