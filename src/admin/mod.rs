//! Where people see, ask and operate the gateway: pages, `/api/v1`, health and metrics, by HTTP. On `[console].listen`
//! for browsers and tools, on the socket in the data folder for the command line.
//!
//! Nothing here changes state by itself: what people do is a command to `gateway::control`, and what the gateway
//! records of it is there before it is told. What tells who a patient is, is recorded before it is shown
//! (`looks`). Who may do what is one table (`rights`), by which pages and API are guarded alike.

mod address_book;
mod api;
mod asked;
mod assets;
mod board;
mod caller;
mod catalogue;
mod console;
mod credit;
mod decisions;
mod difference;
mod done;
mod download;
mod echoes;
mod entries;
mod exports;
mod facts;
mod filters;
mod guard;
mod health;
mod jobs;
mod log;
mod looks;
mod measuring;
mod metrics;
mod oidc;
mod pages;
mod plot;
mod policy;
mod problem;
mod rights;
mod roll;
mod sessions;
mod setting_up;
mod shelf;
mod signing_in;
mod socket;
mod throttle;
mod transfers;
mod trial;
mod verifying;
mod words;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::response::Response;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service as _;

pub use log::LogLine;
pub use log::LogLines;
pub use log::Severity;
pub use metrics::AuditLag;
pub use metrics::CONTENT_TYPE as METRICS_CONTENT_TYPE;
pub use metrics::CertificateLeft;
pub use metrics::Looked;
pub use metrics::Verified;
pub use metrics::text as metrics_text;
pub use socket::send;

use self::board::Board;
use self::console::Console;
use self::console::Shared;
use self::credit::Credit;
use self::echoes::Echoes;
use self::exports::Exports;
use self::oidc::Oidc;
use self::problem::Problem;
use self::roll::Roll;
use self::sessions::Sessions;
use self::sessions::Terms;
use self::setting_up::SetUp;
use self::verifying::Verifying;
use crate::audit::ClockFace;
use crate::audit::NoSuchZone;
use crate::audit::Site;
use crate::clock::Clock;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::gateway::Meters;
use crate::gateway::Recorder;
use crate::gateway::control::Office;
use crate::gateway::keep_security;
use crate::identity::Accounts;
use crate::identity::AccountsError;
use crate::transport;
use crate::transport::Security;
use crate::transport::TlsError;
use crate::web;
use crate::web::Door;
use crate::web::Visitor;

/// Connections to the socket at the same time.
const LOCAL_CONNECTIONS_MAX: usize = 64;
/// The longest time of a request on the socket: what people wait for at a keyboard.
const LOCAL_REQUEST: Duration = Duration::from_secs(300);
/// Passcodes that are verified at the same time.
const VERIFYING_MAX: usize = 2;
/// Rules that are tried at the same time.
const TRYING_MAX: usize = 1;
/// Searches at the same time that look at many entries for few.
const SEARCHES_MAX: usize = 2;
/// How often sessions that ended are looked for.
const SWEEP: Duration = Duration::from_secs(10);

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address cannot be opened.
    #[error("cannot listen for the console on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The socket in the data folder cannot be opened.
    #[error("cannot open the control socket: {0}")]
    Socket(io::Error),
    /// There is no room for exports, or for how the last verification went.
    #[error("the console has no folder: {0}")]
    Folder(io::Error),
    /// Its certificate cannot be used.
    #[error("TLS of the console: {0}")]
    Tls(#[from] TlsError),
    /// The zone of the times on pages.
    #[error(transparent)]
    Zone(#[from] NoSuchZone),
    /// The accounts cannot be read.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// There is no randomness for the set-up link.
    #[error("no set-up link can be made: {0}")]
    SetUp(#[from] crate::storage::KeysError),
}

/// What is needed of the gateway that runs.
#[derive(Clone, Debug)]
pub struct Means {
    /// Where commands are performed.
    pub office: Office,
    /// The ledger.
    pub recorder: Recorder,
    /// Whose ledger it is.
    pub site: Site,
    /// How DICOM's connections are encrypted: what ends some day.
    pub security: Option<Arc<Security>>,
    /// What flows, counted.
    pub meters: Arc<Meters>,
    /// What the process says of itself.
    pub log: LogLines,
    /// What time it is.
    pub clock: Clock,
}

/// The console while it runs.
#[derive(Debug)]
pub struct Admin {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    address: Option<SocketAddr>,
}

impl Admin {
    /// Where browsers reach it, if they do.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Answers no more. To be called before the ledger is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Opens the socket and, where `config` says so, the console.
///
/// # Errors
/// When one of them cannot be opened, or the accounts cannot be read.
pub fn start(config: &Config, means: Means) -> Result<Admin, AdminError> {
    let security = console_security(config)?;
    let console = Arc::new(Console::new(config, means, security.clone())?);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let (local, lying) = socket::listen(&config.gateway.data_dir).map_err(AdminError::Socket)?;
    let answer = answering(&console, socket::BODY_BYTES_MAX, LOCAL_REQUEST);
    let limits = web::Limits {
        request: LOCAL_REQUEST,
        connections_max: LOCAL_CONNECTIONS_MAX,
    };
    let until = stopped.clone();
    tasks.spawn(async move {
        web::serve_local(local, limits, answer, until).await;
        drop(lying);
    });
    let mut admin = Admin {
        stop,
        tasks,
        address: None,
    };
    if let Some(address) = config.console.listen {
        admin.open(&console, address, security, &stopped)?;
    }
    admin.tasks.spawn(keep(console, stopped));
    Ok(admin)
}

impl Admin {
    fn open(
        &mut self,
        console: &Shared,
        address: SocketAddr,
        security: Option<Arc<Security>>,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), AdminError> {
        let failed = |source| AdminError::Listen { address, source };
        let socket = transport::listen(address).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let settings = &console.config.console;
        let limits = web::Limits {
            request: settings.request,
            connections_max: settings.connections_max,
        };
        let door = security.map_or(Door::Plain, |security| {
            Door::Secure(security, ClientCertificate::Optional)
        });
        let answer = answering(console, settings.body_bytes_max, settings.request);
        let refused = |from: SocketAddr, error| {
            tracing::debug!(%from, %error, "no connection for the console");
        };
        let until = stopped.clone();
        self.tasks
            .spawn(web::serve(socket, door, limits, answer, refused, until));
        self.address = Some(local);
        let url = console.url(local);
        tracing::info!(%url, "the console is open");
        if console.accounts()?.is_empty() {
            let token = console.set_up.make(console.now_us())?;
            signing_in::tell_link(&url, &token);
        }
        Ok(())
    }
}

/// TLS with the console's own certificate; authorities and lists are those of DICOM's.
fn console_security(config: &Config) -> Result<Option<Arc<Security>>, TlsError> {
    let Some(identity) = &config.console.identity else {
        return Ok(None);
    };
    let mut own = config.clone();
    own.tls.identity = Some(identity.clone());
    Ok(Security::load(&own)?.map(Arc::new))
}

impl Console {
    fn new(
        config: &Config,
        means: Means,
        security: Option<Arc<Security>>,
    ) -> Result<Self, AdminError> {
        let settings = &config.console;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let terms = Terms {
            idle_us: micros(settings.session_idle),
            whole_us: micros(settings.session),
            max: settings.sessions_max,
        };
        let face = match &settings.time_zone {
            Some(name) => ClockFace::of(name)?,
            None => ClockFace::of_system(),
        };
        let data_dir = &config.gateway.data_dir;
        let board = Board::new(means.recorder.journal());
        let credit = Credit::new(
            means.recorder.journal(),
            means.recorder.log_key().clone(),
            means.recorder.checkpoints(),
        );
        let verification = Verifying::open(data_dir).map_err(AdminError::Folder)?;
        let exports = Exports::open(data_dir).map_err(AdminError::Folder)?;
        Ok(Self {
            config: config.clone(),
            office: means.office,
            recorder: means.recorder,
            meters: means.meters,
            log: means.log,
            clock: means.clock,
            site: means.site,
            face,
            security,
            dicom_security: means.security,
            roll: Roll::new(Accounts::path(&config.gateway.keys_dir)),
            sessions: Sessions::new(terms),
            throttle: Mutex::default(),
            set_up: SetUp::default(),
            oidc: Oidc::of(settings),
            verifying: Arc::new(Semaphore::new(VERIFYING_MAX)),
            done: Mutex::default(),
            board,
            acts: Mutex::default(),
            credit,
            echoes: Echoes::default(),
            trying: Semaphore::new(TRYING_MAX),
            verification,
            exports,
            searches: Semaphore::new(SEARCHES_MAX),
        })
    }
}

/// Follows the ledger, verifies it when that is due, and ends sessions and exports that are over.
async fn keep(console: Shared, mut stopped: watch::Receiver<bool>) {
    let (key, checkpoints) = (console.recorder.log_key(), console.recorder.checkpoints());
    let following = console.board.follow(key, checkpoints);
    let sweeping = async {
        loop {
            tokio::time::sleep(SWEEP).await;
            let ended = console.sessions.sweep(console.now_us());
            console.ended(ended).await;
            exports::remove(console.exports.sweep(console.clock.now())).await;
        }
    };
    let tls = &console.config.tls;
    let keeping = async {
        let Some(security) = &console.security else {
            return std::future::pending().await;
        };
        let every = (tls.reload, tls.expiry_warning);
        keep_security(security, &console.recorder, console.clock, every).await;
    };
    tokio::select! {
        () = following => {}
        () = console.credit.follow() => {}
        () = sweeping => {}
        () = verifying::verify_on(&console) => {}
        () = keeping => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    console.credit.stop();
    console.verification.stop();
    console.exports.stop();
}

/// All that is answered.
fn router(console: &Shared, body_bytes_max: usize) -> Router {
    let all = Router::new()
        .merge(health::router())
        .merge(measuring::router())
        .merge(api::router())
        .merge(assets::router())
        .merge(pages::router(console))
        .method_not_allowed_fallback(|| async { Problem::not_so() })
        .layer(middleware::map_response(guarded))
        .layer(DefaultBodyLimit::max(body_bytes_max));
    all.with_state(Arc::clone(console))
}

/// What answers one request, within its time.
fn answering(
    console: &Shared,
    body_bytes_max: usize,
    within: Duration,
) -> impl Fn(Visitor, hyper::Request<Incoming>) -> Answering + Clone + Send + Sync + 'static + use<>
{
    let router = router(console, body_bytes_max);
    move |visitor, asked| {
        let mut router = router.clone();
        let mut asked: Request = asked.map(Body::new);
        asked.extensions_mut().insert(visitor);
        Box::pin(async move {
            let answered = tokio::time::timeout(within, router.call(asked)).await;
            match answered {
                Ok(Ok(response)) => response,
                Err(_) => {
                    Problem::unavailable("not done within the time of a request").into_response()
                }
            }
        })
    }
}

/// An answer that is on its way.
type Answering = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

/// What every answer tells browsers: nothing is to run but our own files, nothing is to be kept or framed.
async fn guarded(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                          connect-src 'self'; font-src 'self'; form-action 'self'; \
                          frame-ancestors 'none'; base-uri 'none'";
    let headers = response.headers_mut();
    let all = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "interest-cohort=()",
        ),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
