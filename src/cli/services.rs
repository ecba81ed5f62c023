//! What runs beside a gateway for other gateways: witnessing, and the exchange of receipts.

use crate::clock::Clock;
use crate::config::Config;
use crate::exchange;
use crate::exchange::Exchange;
use crate::exchange::ExchangeError;
use crate::gateway::Running;
use crate::witness;
use crate::witness::WitnessError;
use crate::witness::Witnessing;

/// See the module.
pub(super) struct Services {
    witnessing: Witnessing,
    exchange: Option<Exchange>,
}

/// Why they do not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServicesError {
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

impl Services {
    /// Starts what `config` says beside the gateway that runs. Without an error all of it runs, with one
    /// nothing.
    pub(super) async fn start(config: &Config, running: &Running) -> Result<Self, ServicesError> {
        let (recorder, security) = (running.recorder(), running.security());
        let mut services = Self {
            witnessing: witness::start(config, Clock::new(), &recorder, security.as_ref())?,
            exchange: None,
        };
        if let Err(error) = services.start_exchange(config, running) {
            services.stop().await;
            return Err(error);
        }
        Ok(services)
    }

    /// Starts the exchange.
    pub(super) fn start_exchange(
        &mut self,
        config: &Config,
        running: &Running,
    ) -> Result<(), ServicesError> {
        let desks = exchange::Desks {
            receipts: running.receipts(),
            parcels: running.parcels(),
            recorder: running.recorder(),
            witness: self.witnessing.answerer().cloned(),
            security: running.security(),
        };
        self.exchange = Some(exchange::start(config, desks)?);
        Ok(())
    }

    /// Ends the exchange; witnessing goes on.
    pub(super) async fn stop_exchange(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.stop().await;
        }
    }

    /// Ends all of it. To be called before the ledger is closed.
    pub(super) async fn stop(mut self) {
        self.stop_exchange().await;
        self.witnessing.stop().await;
    }
}
