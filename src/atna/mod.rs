//! The ledger, told to audit record repositories as it grows (IHE ITI TF-2 §3.20, Record Audit Event): DICOM audit
//! messages by syslog, AuditEvents by FHIR. What is told, `audit` says; this room brings it.
//!
//! | receiver | what | it has it when |
//! |---|---|---|
//! | `tls://` | RFC 5425 | it has closed the connection after our end |
//! | `tcp://` | RFC 6587 | the same |
//! | `udp://` | RFC 5426 | nobody knows; it was sent |
//! | `https://`, `http://` | ITI-20, FHIR Feed | it has answered 2xx |
//!
//! Each receiver is told at least once of every entry, in order, by a task of its own. `server` answers who rather
//! asks (ITI-81, Retrieve ATNA Audit Event).

mod batch;
mod bringing;
mod feed;
mod search;
mod server;
mod syslog;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::batch::Folders;
use self::batch::Supply;
use self::bringing::Bringer;
use self::feed::Feed;
use self::search::Shelf;
use self::server::Server;
use crate::audit::Site;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::PeerName;
use crate::gateway::Recorder;
use crate::storage::Cursor;
use crate::storage::Following;
use crate::transport;
use crate::transport::Security;

/// Why no audits are brought.
#[derive(Debug, thiserror::Error)]
pub enum AtnaError {
    /// There is no room for how far a receiver was told.
    #[error("audit receiver {receiver}: {source}")]
    Cursor {
        /// Which.
        receiver: PeerName,
        /// What the system says.
        source: io::Error,
    },
    /// The address cannot be opened.
    #[error("cannot listen for searches of audits on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// What is needed of the gateway that runs.
#[derive(Clone, Debug)]
pub struct Means {
    /// Whose ledger it is.
    pub site: Site,
    /// The ledger, and where alerts go.
    pub recorder: Recorder,
    /// How connections are encrypted.
    pub security: Option<Arc<Security>>,
    /// What time it is.
    pub clock: Clock,
}

/// All receivers while they are told, and who asks while they are answered.
#[derive(Debug)]
pub struct Atna {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Atna {
    /// Tells no more. To be called before the ledger is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Begins to tell every receiver of `config`, and to answer who may ask.
///
/// # Errors
/// When how far one of them was told cannot be kept, or the address cannot be opened.
pub fn start(config: &Config, means: &Means) -> Result<Atna, AtnaError> {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let gateway = &config.gateway;
    let folders = Folders {
        data: gateway.data_dir.clone(),
        keys: gateway.keys_dir.clone(),
        own: gateway.institution.clone(),
    };
    if let (Some(listen), Some(security)) = (config.audit_search.listen, &means.security) {
        let failed = |source| AtnaError::Listen {
            address: listen,
            source,
        };
        let socket = transport::listen(listen).map_err(failed)?;
        tracing::info!(address = %listen, "answering searches of audits");
        let server = Server {
            config: Arc::new(config.audit_search.clone()),
            own: gateway.institution.clone(),
            security: Arc::clone(security),
            recorder: means.recorder.clone(),
            shelf: Shelf {
                site: means.site.clone(),
                journal: means.recorder.journal(),
                folders: folders.clone(),
                identified: config.audit_search.identified,
            },
        };
        tasks.spawn(server.serve(socket, stopped.clone()));
    }
    for receiver in &config.audit_receivers {
        let cursor = Cursor::open(&gateway.data_dir, "audit", receiver.name.as_str());
        let cursor = cursor.map_err(|source| AtnaError::Cursor {
            receiver: receiver.name.clone(),
            source,
        })?;
        let supply = Supply {
            receiver: Arc::clone(receiver),
            site: means.site.clone(),
            journal: means.recorder.journal(),
            following: Following::new(gateway.data_dir.clone(), means.recorder.journal()),
            folders: folders.clone(),
        };
        let feed = Feed {
            supply: Arc::new(supply),
            bringer: Bringer {
                receiver: Arc::clone(receiver),
                own: gateway.institution.clone(),
                security: means.security.clone(),
            },
            cursor,
            recorder: means.recorder.clone(),
            clock: means.clock,
        };
        tasks.spawn(feed.run(stopped.clone()));
    }
    Ok(Atna { stop, tasks })
}
