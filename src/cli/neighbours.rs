//! What goes on between a gateway and others, beside images: witnessing and the exchange of receipts with those of
//! other hospitals, and the bringing of audits and alerts.

use crate::admin;
use crate::admin::Admin;
use crate::admin::AdminError;
use crate::admin::LogLines;
use crate::alarm;
use crate::alarm::Alarm;
use crate::alarm::AlarmError;
use crate::atna;
use crate::atna::Atna;
use crate::atna::AtnaError;
use crate::cli::audit;
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
pub(super) struct Neighbours {
    witnessing: Witnessing,
    exchange: Option<Exchange>,
    atna: Option<Atna>,
    admin: Option<Admin>,
    alarm: Option<Alarm>,
}

/// Why it does not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum NeighboursError {
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Atna(#[from] AtnaError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Alarm(#[from] AlarmError),
}

impl Neighbours {
    /// Starts what `config` says beside the gateway that runs. Without an error all of it runs, with one
    /// nothing.
    pub(super) async fn meet(
        config: &Config,
        running: &Running,
        log: &LogLines,
    ) -> Result<Self, NeighboursError> {
        let (recorder, security) = (running.recorder(), running.security());
        let mut neighbours = Self {
            witnessing: witness::start(config, Clock::new(), &recorder, security.as_ref())?,
            exchange: None,
            atna: None,
            admin: None,
            alarm: None,
        };
        let started = neighbours.start_exchange(config, running);
        let started = started.and_then(|()| neighbours.start_atna(config, running));
        let started = started.and_then(|()| neighbours.start_alarm(config, running));
        let started = started.and_then(|()| neighbours.start_admin(config, running, log));
        if let Err(error) = started {
            neighbours.leave().await;
            return Err(error);
        }
        Ok(neighbours)
    }

    /// Begins to bring audits.
    fn start_atna(&mut self, config: &Config, running: &Running) -> Result<(), NeighboursError> {
        let means = atna::Means {
            site: audit::site(config),
            recorder: running.recorder(),
            security: running.security(),
            clock: Clock::new(),
        };
        self.atna = Some(atna::start(config, &means)?);
        Ok(())
    }

    /// Opens the console, and the socket for commands.
    fn start_admin(
        &mut self,
        config: &Config,
        running: &Running,
        log: &LogLines,
    ) -> Result<(), NeighboursError> {
        let means = admin::Means {
            office: running.office(),
            recorder: running.recorder(),
            site: audit::site(config),
            security: running.security(),
            meters: running.meters(),
            log: log.clone(),
            clock: Clock::new(),
        };
        self.admin = Some(admin::start(config, means)?);
        Ok(())
    }

    /// Begins to bring alerts.
    fn start_alarm(&mut self, config: &Config, running: &Running) -> Result<(), NeighboursError> {
        let means = alarm::Means {
            site: audit::site(config),
            recorder: running.recorder(),
            security: running.security(),
            clock: Clock::new(),
        };
        self.alarm = Some(alarm::start(config, &means)?);
        Ok(())
    }

    /// Starts the exchange.
    pub(super) fn start_exchange(
        &mut self,
        config: &Config,
        running: &Running,
    ) -> Result<(), NeighboursError> {
        let desks = exchange::Desks {
            receipts: running.receipts(),
            parcels: running.parcels(),
            recorder: running.recorder(),
            witness: self.witnessing.answerer().cloned(),
            security: running.security(),
        };
        self.exchange = Some(exchange::start(config, &desks)?);
        Ok(())
    }

    /// Ends the exchange; witnessing goes on.
    pub(super) async fn stop_exchange(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.stop().await;
        }
    }

    /// Ends all of it. To be called before the ledger is closed.
    pub(super) async fn leave(mut self) {
        if let Some(admin) = self.admin.take() {
            admin.stop().await;
        }
        self.stop_exchange().await;
        if let Some(alarm) = self.alarm.take() {
            alarm.stop().await;
        }
        if let Some(atna) = self.atna.take() {
            atna.stop().await;
        }
        self.witnessing.stop().await;
    }
}
