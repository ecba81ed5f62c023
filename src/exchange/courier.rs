//! Brings our receipts to a gateway that is to sign them, until it has.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::watch;

use crate::config::Exchange;
use crate::config::WebUrl;
use crate::gateway::Draft;
use crate::gateway::ReceiptDesk;
use crate::gateway::RecordError;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::web::Line;
use crate::web::LineError;
use crate::web::Secured;

/// Answers that the other side does not know of the transfer, before its receipt is given up: it may still be
/// starting.
const UNKNOWN_MAX: u32 = 100;

/// See the module.
pub(super) struct Courier {
    desk: ReceiptDesk,
    url: WebUrl,
    secured: Secured,
    request: Duration,
    retry_first: Duration,
    retry_max: Duration,
}

/// Why a receipt was not confirmed.
#[derive(Debug, thiserror::Error)]
enum Unconfirmed {
    #[error("no answer: {0}")]
    Line(#[from] LineError),
    #[error("HTTP status {0}")]
    Status(StatusCode),
    #[error("{0}")]
    Record(#[from] RecordError),
}

impl Courier {
    /// To the gateway of `secured`, at `url`.
    pub(super) const fn new(
        exchange: &Exchange,
        desk: ReceiptDesk,
        url: WebUrl,
        secured: Secured,
    ) -> Self {
        Self {
            desk,
            url,
            secured,
            request: exchange.request,
            retry_first: exchange.retry_first,
            retry_max: exchange.retry_max,
        }
    }

    /// Sends until `stopped`.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.bring_all() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    async fn bring_all(&self) {
        let (secured, within) = (Some(&self.secured), self.request);
        let mut line = Line::to(&self.url, secured, within, SIGNED_TEXT_BYTES_MAX);
        // How often each was answered that there is no such transfer, by its text.
        let mut unknown = BTreeMap::<String, u32>::new();
        let of = &self.secured.gateway.peer.institution;
        loop {
            let draft = self.desk.next(of).await;
            let Err(error) = self.bring(&mut line, &draft).await else {
                unknown.remove(&draft.note);
                continue;
            };
            let failures = self.desk.later(&draft, |failures| self.pause(failures));
            tracing::info!(%of, %error, failures, "a receipt is not confirmed yet");
            // One that cannot be reached, or not now, is asked for ever.
            let is_for_good = match error {
                Unconfirmed::Status(StatusCode::FORBIDDEN) => true,
                Unconfirmed::Status(StatusCode::NOT_FOUND) => {
                    let times = unknown.entry(draft.note.clone()).or_default();
                    *times = times.saturating_add(1);
                    *times >= UNKNOWN_MAX
                }
                Unconfirmed::Line(_) | Unconfirmed::Status(_) | Unconfirmed::Record(_) => false,
            };
            if is_for_good {
                unknown.remove(&draft.note);
                self.desk.give_up(&draft).await;
            }
        }
    }

    async fn bring(&self, line: &mut Line<'_>, draft: &Draft) -> Result<(), Unconfirmed> {
        let answered = line.post("receipts", draft.note.clone()).await?;
        match answered.status {
            StatusCode::OK => Ok(self.desk.confirmed(draft, &answered.body).await?),
            StatusCode::CONFLICT => Ok(self.desk.disputed(draft, &answered.body).await?),
            other => Err(Unconfirmed::Status(other)),
        }
    }

    /// The pause after so many tries that brought nothing.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.retry_first.saturating_mul(doubled).min(self.retry_max)
    }
}
