//! Brings our receipts to a gateway that is to sign them, until it has.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::watch;

use crate::config::Config;
use crate::config::GatewayPeer;
use crate::gateway::Draft;
use crate::gateway::ReceiptDesk;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::transport::Security;
use crate::web::Answered;
use crate::web::Line;
use crate::web::Secured;

/// Tries of a receipt for a transfer that the other side does not know of, before it is given up: it may still
/// be starting.
const UNKNOWN_TRIES_MAX: u32 = 100;

/// See the module.
pub(super) struct Courier {
    desk: ReceiptDesk,
    gateway: Arc<GatewayPeer>,
    security: Arc<Security>,
    request: Duration,
    retry_first: Duration,
    retry_max: Duration,
}

/// Why a receipt was not confirmed.
#[derive(Debug, thiserror::Error)]
enum Unconfirmed {
    #[error("no gateway of {0} is configured with an address")]
    Nowhere(String),
    #[error("no answer: {0}")]
    Line(#[from] crate::web::LineError),
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("HTTP status {0}")]
    Status(u16),
    #[error("{0}")]
    Record(#[from] crate::gateway::RecordError),
}

impl Unconfirmed {
    /// The other side will not sign, however often it is asked: it says so, or has long not known of the
    /// transfer. One that cannot be reached is asked for ever.
    const fn is_for_good(&self, failures: u32) -> bool {
        match self {
            Self::Status(403) => true,
            Self::Status(404) => failures >= UNKNOWN_TRIES_MAX,
            Self::Nowhere(_)
            | Self::Line(_)
            | Self::TimedOut(_)
            | Self::Status(_)
            | Self::Record(_) => false,
        }
    }
}

impl Courier {
    pub(super) fn new(
        config: &Config,
        desk: ReceiptDesk,
        gateway: &Arc<GatewayPeer>,
        security: &Arc<Security>,
    ) -> Self {
        let exchange = &config.exchange;
        Self {
            desk,
            gateway: Arc::clone(gateway),
            security: Arc::clone(security),
            request: exchange.request,
            retry_first: exchange.retry_first,
            retry_max: exchange.retry_max,
        }
    }

    /// Sends until `stopped`.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        loop {
            let (wait, draft) = tokio::select! {
                next = self.desk.next(&self.gateway.peer.institution) => next,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            if !wait.is_zero() {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = self.desk.woken() => continue,
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                }
            }
            tokio::select! {
                () = self.bring(&draft) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    }

    async fn bring(&self, draft: &Draft) {
        if let Err(error) = self.ask(draft).await {
            let of = draft.institution();
            tracing::info!(%of, %error, "a receipt is not confirmed yet");
            let failures = self.desk.later(draft, |failures| self.pause(failures));
            if error.is_for_good(failures) {
                self.desk.give_up(draft).await;
            }
        }
    }

    async fn ask(&self, draft: &Draft) -> Result<(), Unconfirmed> {
        let answered = self.post(draft).await?;
        match answered.status {
            StatusCode::OK => Ok(self.desk.confirmed(draft, &answered.body).await?),
            StatusCode::CONFLICT => Ok(self.desk.disputed(draft, &answered.body).await?),
            other => Err(Unconfirmed::Status(other.as_u16())),
        }
    }

    async fn post(&self, draft: &Draft) -> Result<Answered, Unconfirmed> {
        let url = self.gateway.https.as_ref();
        let url = url.ok_or_else(|| Unconfirmed::Nowhere(draft.institution().to_string()))?;
        let secured = Secured {
            security: Arc::clone(&self.security),
            gateway: Arc::clone(&self.gateway),
            connect: self.request,
        };
        let mut line = Line::to(url, Some(&secured), SIGNED_TEXT_BYTES_MAX);
        let asked = line.post("receipts", draft.note.clone());
        let answered = tokio::time::timeout(self.request, asked).await;
        Ok(answered.map_err(|_| Unconfirmed::TimedOut(self.request))??)
    }

    /// The pause after so many tries that brought nothing.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.retry_first.saturating_mul(doubled).min(self.retry_max)
    }
}
