//! Brings our receipts to a gateway that is to sign them, until it has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::watch;

use crate::config::Exchange;
use crate::config::GatewayPeer;
use crate::config::WebUrl;
use crate::gateway::Draft;
use crate::gateway::ReceiptDesk;
use crate::gateway::RecordError;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::web::Backoff;
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
    gateway: Arc<GatewayPeer>,
    request: Duration,
    backoff: Backoff,
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

/// How often each receipt was answered that there is no such transfer, by the receipt's text.
#[derive(Default)]
struct Unknown(BTreeMap<String, u32>);

impl Unknown {
    /// Whether a receipt that was not confirmed is given up: the other side says that it does not sign, or has
    /// long not known of the transfer. One that cannot be reached, or not now, is asked for ever.
    fn gives_up(&mut self, note: &str, why: &Unconfirmed) -> bool {
        match why {
            Unconfirmed::Status(StatusCode::FORBIDDEN) => true,
            Unconfirmed::Status(StatusCode::NOT_FOUND) => {
                let times = self.0.entry(note.to_owned()).or_default();
                *times = times.saturating_add(1);
                *times >= UNKNOWN_MAX
            }
            Unconfirmed::Line(_) | Unconfirmed::Status(_) | Unconfirmed::Record(_) => false,
        }
    }

    /// It is not sent any more.
    fn forget(&mut self, note: &str) {
        self.0.remove(note);
    }
}

impl Courier {
    /// To `gateway`, at `url`.
    pub(super) const fn new(
        exchange: &Exchange,
        desk: ReceiptDesk,
        url: WebUrl,
        secured: Secured,
        gateway: Arc<GatewayPeer>,
    ) -> Self {
        Self {
            desk,
            url,
            secured,
            gateway,
            request: exchange.request,
            backoff: Backoff {
                first: exchange.retry_first,
                max: exchange.retry_max,
            },
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
        let mut unknown = Unknown::default();
        let of = &self.gateway.peer.institution;
        loop {
            let draft = self.desk.next(of).await;
            let Err(error) = self.bring(&mut line, &draft).await else {
                unknown.forget(&draft.note);
                continue;
            };
            let failures = self
                .desk
                .later(&draft, |failures| self.backoff.pause(failures));
            tracing::info!(%of, %error, failures, "a receipt is not confirmed yet");
            if unknown.gives_up(&draft.note, &error) {
                unknown.forget(&draft.note);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_given_up_after_a_refusal_or_a_hundred_answers_that_nobody_knows_of_it() {
        let mut unknown = Unknown::default();
        let of = |status| Unconfirmed::Status(status);
        let away = Unconfirmed::Line(LineError::TimedOut(Duration::ZERO));
        assert!(unknown.gives_up("one", &of(StatusCode::FORBIDDEN)));
        // A long night without a line counts for nothing.
        for _ in 0..1_000 {
            assert!(!unknown.gives_up("one", &away));
            assert!(!unknown.gives_up("one", &of(StatusCode::SERVICE_UNAVAILABLE)));
        }
        for _ in 1..UNKNOWN_MAX {
            assert!(!unknown.gives_up("one", &of(StatusCode::NOT_FOUND)));
            assert!(!unknown.gives_up("one", &away));
        }
        assert!(!unknown.gives_up("another", &of(StatusCode::NOT_FOUND)));
        assert!(unknown.gives_up("one", &of(StatusCode::NOT_FOUND)));
        unknown.forget("one");
        assert!(!unknown.gives_up("one", &of(StatusCode::NOT_FOUND)));
    }
}
