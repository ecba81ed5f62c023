//! `credence serve`

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::admin::LogLines;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::neighbours::Neighbours;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::LogFormat;
use crate::gateway;
use crate::gateway::GatewayError;
use crate::gateway::Running;

/// Run the gateway until SIGTERM or SIGINT
///
/// The first signal drains: no new associations, those open may end within drain_s. The second one
/// stops at once. SIGHUP reads certificates, authorities and lists again.
#[derive(Args, Debug)]
pub struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Wait while another gateway holds the data folder, and take over when it is gone
    ///
    /// For a second node that sees the same data, keys and spool folders and has the same
    /// configuration. It does not listen while it waits. See docs/standby.md.
    #[arg(long)]
    pub standby: bool,
}

/// Threads for passcodes, certificates and small files.
const THREADS_ELSE: usize = 64;
/// How often a standby looks whether the data folder is free.
const STANDBY_POLL: Duration = Duration::from_millis(500);

/// Runs the gateway.
///
/// # Errors
/// When the runtime or a signal handler cannot be set up.
pub fn run(arguments: &Serve) -> io::Result<Exit> {
    let config = match configured(&arguments.config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let log = log_to_standard_error(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(threads(&config))
        .build()?;
    let exit = runtime.block_on(serve(config, log, arguments.standby));
    // Sessions that outlived the drain time end with the process.
    runtime.shutdown_background();
    exit
}

/// Threads for work that blocks: one for each instance that is being sealed, two for each association
/// that delivers, and some for all else, so that none of these waits for another.
fn threads(config: &Config) -> usize {
    let listeners = config.listeners.iter();
    let sealing: usize = listeners.map(|listener| listener.associations_max).sum();
    let peers = config.peers.iter();
    let delivering: usize = peers.map(|peer| 2 * peer.queue_associations).sum();
    THREADS_ELSE
        .saturating_add(sealing)
        .saturating_add(delivering)
}

/// Starts the gateway; `standby`: as soon as no other one holds its folder.
async fn start(config: &Config, standby: bool) -> Result<Running, GatewayError> {
    let mut told = false;
    loop {
        match gateway::start(config.clone()).await {
            Err(error) if standby && error.is_held() => {
                if !told {
                    tracing::info!(%error, "standing by");
                    told = true;
                }
                tokio::time::sleep(STANDBY_POLL).await;
            }
            started => {
                if told && started.is_ok() {
                    tracing::warn!("taking over");
                }
                return started;
            }
        }
    }
}

async fn serve(config: Config, log: LogLines, standby: bool) -> io::Result<Exit> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let started = tokio::select! {
        started = start(&config, standby) => started,
        _ = terminate.recv() => return Ok(Exit::Success),
        _ = interrupt.recv() => return Ok(Exit::Success),
    };
    let mut running = match started {
        Ok(running) => running,
        Err(error) => {
            tracing::error!(%error, "not started");
            return Ok(Exit::Failure);
        }
    };
    let neighbours = match Neighbours::meet(&config, &running, &log).await {
        Ok(neighbours) => neighbours,
        Err(error) => {
            tracing::error!(%error, "not started");
            let _ = running.drain().await;
            return Ok(Exit::Failure);
        }
    };
    tracing::info!("ready");
    loop {
        tokio::select! {
            error = running.disk_lost() => {
                tracing::error!(%error, "stopping");
                return Ok(Exit::Failure);
            }
            _ = hangup.recv() => running.reload().await,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tracing::info!("draining; a second signal stops at once");
    let ended = async {
        neighbours.leave().await;
        running.drain().await
    };
    tokio::select! {
        drained = ended => match drained {
            Ok(()) => {
                tracing::info!("stopped");
                Ok(Exit::Success)
            }
            Err(error) => {
                tracing::error!(%error, "stopped");
                Ok(Exit::Failure)
            }
        },
        _ = terminate.recv() => Ok(Exit::Failure),
        _ = interrupt.recv() => Ok(Exit::Failure),
    }
}

/// `RUST_LOG` says how much, as is usual; without it, what an operator needs. Whatever it says, the last warnings are
/// kept for the console.
pub(super) fn log_to_standard_error(config: &Config) -> LogLines {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let written = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let written = match config.log.format {
        LogFormat::Text => written.with_ansi(false).boxed(),
        LogFormat::Json => written.json().boxed(),
    };
    let kept = LogLines::new(Clock::new());
    tracing_subscriber::registry()
        .with(written.with_filter(filter))
        .with(kept.clone().with_filter(LevelFilter::WARN))
        .init();
    kept
}
