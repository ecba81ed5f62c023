//! `/metrics`: what flows, and what is looked up when somebody asks (`docs/metrics.md`).

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;

use super::caller::Caller;
use super::console::Console;
use super::console::Shared;
use super::metrics;
use super::metrics::AuditLag;
use super::metrics::CertificateLeft;
use super::metrics::Looked;
use super::metrics::Verified;
use super::problem::Problem;
use super::rights::Right;
use super::verifying::Outcome;
use crate::config::MetricsFor;
use crate::config::Since;
use crate::ledger::Checkpoint;
use crate::storage::Cursor;
use crate::storage::Told;
use crate::time::UtcMicros;

/// Where it is kept how far each receiver of audits was told.
const RECEIVERS: &str = "audit";

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/metrics", get(measure))
}

async fn measure(
    State(console): State<Shared>,
    caller: Option<Caller>,
) -> Result<Response, Problem> {
    match (console.config.console.metrics, &caller) {
        (MetricsFor::Everybody, _) => {}
        (MetricsFor::SignedIn, Some(caller)) => caller.may(Right::SeeOverview)?,
        (MetricsFor::SignedIn, None) => return Err(Problem::unauthorised()),
    }
    let looked = console.looked().await?;
    let text = metrics::text(&console.meters, &looked);
    let text = text.map_err(|_| Problem::unavailable("the numbers cannot be written"))?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

impl Console {
    /// The newest checkpoint since the start, and its signed note.
    pub(super) fn checkpoint(&self) -> Option<(Checkpoint, String)> {
        let note = self.recorder.checkpoints().borrow().clone()?;
        let checkpoint = Checkpoint::open(&note, self.recorder.log_key()).ok()?;
        Some((checkpoint, note.as_ref().to_owned()))
    }

    async fn looked(&self) -> Result<Looked, Problem> {
        let queues = self.queues().await?;
        let entries = self.board.seen().entries();
        let size = self.checkpoint().map(|(checkpoint, _)| checkpoint.size);
        let last = self.verification.standing().last;
        let last = last.filter(|last| last.outcome != Outcome::Undone);
        Ok(Looked {
            queues,
            ledger_entries: size.unwrap_or(0).max(entries),
            ledger_checkpoint_size: size,
            last_verification: last.map(|last| Verified {
                at: last.at,
                is_whole: !self.verification.is_alarmed(),
            }),
            audit_lags: self.audit_lags().await,
            certificates: self.certificates_left(),
        })
    }

    /// How far each receiver of audits is behind what is signed for.
    pub(super) async fn audit_lags(&self) -> Vec<AuditLag> {
        let data_dir = self.config.gateway.data_dir.clone();
        let receivers = self.config.audit_receivers.clone();
        let size = self
            .checkpoint()
            .map_or(0, |(checkpoint, _)| checkpoint.size);
        let look = move || {
            let lag = |receiver: &std::sync::Arc<crate::config::AuditReceiver>| {
                let name = receiver.name.as_str();
                let cursor = Cursor::open(&data_dir, RECEIVERS, name);
                let told = cursor.and_then(|cursor| cursor.read::<Told>());
                let next = match (told, receiver.since) {
                    (Ok(Some(told)), _) => told.next,
                    // It is about to begin.
                    (Ok(None), Since::Now) => size,
                    (Ok(None), Since::Beginning) | (Err(_), _) => 0,
                };
                AuditLag {
                    receiver: name.to_owned(),
                    entries: size.saturating_sub(next),
                }
            };
            receivers.iter().map(lag).collect()
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// What ends some day, of DICOM's connections and of the console's own; not lists of revoked certificates, which
    /// are always about to end.
    fn certificates_left(&self) -> Vec<CertificateLeft> {
        let now = self.clock.now();
        let securities = [&self.dicom_security, &self.security];
        let mut ends: BTreeMap<String, UtcMicros> = BTreeMap::new();
        for security in securities.into_iter().flatten() {
            let trust = security.now();
            let terms = trust.terms().iter().filter(|term| term.issued.is_none());
            ends.extend(terms.map(|term| (term.what.clone(), term.ends)));
        }
        let left = |(certificate, ends): (String, UtcMicros)| CertificateLeft {
            certificate,
            seconds: ends.0.saturating_sub(now.0).div_euclid(1_000_000),
        };
        ends.into_iter().map(left).collect()
    }
}
