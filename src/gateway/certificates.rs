//! Certificates, authorities and lists while the gateway runs: read again when they change or SIGHUP
//! says so, and told of before they end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Gateway;
use super::drain_begins;
use super::recorder::Recorder;
use crate::clock::Clock;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;
use crate::transport::Security;
use crate::transport::Term;

/// How often it is looked whether something ends.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What was told today (UTC): one alert a day for each thing that ends, also when the files are read
/// again.
#[derive(Debug, Default)]
struct Told {
    on: Option<Day>,
    what: BTreeSet<(String, UtcMicros)>,
}

impl Told {
    /// What is to be told of `terms` now.
    fn news(&mut self, terms: &[Term], now: UtcMicros, warning: Duration) -> Vec<Term> {
        if self.on.replace(now.day()) != Some(now.day()) {
            self.what.clear();
        }
        let due = terms.iter().filter(|term| term.is_due(now, warning));
        due.filter(|term| self.what.insert((term.what.clone(), term.ends)))
            .cloned()
            .collect()
    }
}

/// Reads the files of `security` again. Connections that stand go on.
pub(super) async fn reload(security: &Arc<Security>, recorder: &Recorder) {
    match off_thread(security, Security::reload).await {
        None => {}
        Some(Ok(())) => tracing::info!("certificates, authorities and lists were read again"),
        Some(Err(error)) => {
            tracing::error!(%error, "TLS goes on with the files read before");
            let text = format!("{error}; TLS goes on with the files read before");
            recorder.alert("tls-not-reloaded", text).await;
        }
    }
}

/// Does `work`, which reads files, where it keeps nobody waiting.
async fn off_thread<T: Send + 'static>(
    security: &Arc<Security>,
    work: fn(&Security) -> T,
) -> Option<T> {
    let security = Arc::clone(security);
    tokio::task::spawn_blocking(move || work(&security))
        .await
        .ok()
}

/// Looks after the files of `security`, for ever: reads them again when they change, and tells of what ends.
pub async fn keep_security(
    security: &Arc<Security>,
    recorder: &Recorder,
    clock: Clock,
    (reload_every, warning): (Duration, Duration),
) {
    let mut files = tokio::time::interval(reload_every);
    files.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ends = tokio::time::interval(LOOK_EVERY);
    ends.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = Told::default();
    loop {
        tokio::select! {
            _ = files.tick() => {
                if off_thread(security, Security::has_changed).await == Some(true) {
                    reload(security, recorder).await;
                }
            }
            _ = ends.tick() => {}
        }
        let now = clock.now();
        let trust = security.now();
        for term in told.news(trust.terms(), now, warning) {
            let text = remaining(&term, now);
            tracing::warn!("{text}");
            recorder.alert("certificate-expires", text).await;
        }
    }
}

impl Gateway {
    /// Reads the files of `[tls]` again. Associations that stand go on.
    pub(super) async fn reload_tls(&self) {
        if let Some(security) = &self.security {
            reload(security, &self.recorder).await;
        }
    }

    /// Looks after the files of `[tls]` until the gateway drains.
    pub(super) async fn keep_certificates(self: Arc<Self>) {
        let Some(security) = &self.security else {
            return;
        };
        let mut draining = self.draining.subscribe();
        let tls = &self.config.tls;
        let every = (tls.reload, tls.expiry_warning);
        tokio::select! {
            () = keep_security(security, &self.recorder, self.clock, every) => {}
            () = drain_begins(&mut draining) => {}
        }
    }
}

/// In words: what ends, when, and in how many days.
fn remaining(term: &Term, now: UtcMicros) -> String {
    let (what, ends) = (&term.what, term.ends);
    let left = ends.0.saturating_sub(now.0);
    if left <= 0 {
        return format!("{what} has expired: {ends}");
    }
    format!("{what} expires in {} days: {ends}", left / DAY_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MICROS;

    fn certificate(ends: i64) -> Term {
        Term {
            what: "certificate CN=gw in gw.pem".to_owned(),
            ends: UtcMicros(ends),
            issued: None,
        }
    }

    fn list(issued: i64, ends: i64) -> Term {
        Term {
            what: "list of revoked certificates in a.crl".to_owned(),
            ends: UtcMicros(ends),
            issued: Some(UtcMicros(issued)),
        }
    }

    #[test]
    fn what_ends_is_told_with_the_days_that_are_left() {
        let term = certificate(10 * DAY_MICROS);
        let soon = "certificate CN=gw in gw.pem expires in 9 days: 1970-01-11T00:00:00.000000Z";
        assert_eq!(remaining(&term, UtcMicros(DAY_MICROS)), soon);
        let over = "certificate CN=gw in gw.pem has expired: 1970-01-11T00:00:00.000000Z";
        assert_eq!(remaining(&term, UtcMicros(10 * DAY_MICROS)), over);
    }

    #[test]
    fn each_thing_that_ends_is_told_once_a_day() {
        let mut told = Told::default();
        let warning = Duration::from_secs(30 * 86_400);
        let mut at = |hour: i64, terms: &[Term]| {
            told.news(terms, UtcMicros(hour * HOUR_MICROS), warning)
                .len()
        };
        let (soon, later) = (certificate(31 * DAY_MICROS), certificate(62 * DAY_MICROS));
        let both = [soon.clone(), later.clone()];
        assert_eq!(at(1, &both), 0);
        assert_eq!(at(24, &both), 1);
        // Read again: the same one, and then a renewed one that ends soon too.
        assert_eq!(at(25, &both), 0);
        let renewed = certificate(31 * DAY_MICROS + HOUR_MICROS);
        assert_eq!(at(26, &[soon.clone(), renewed]), 1);
        assert_eq!(at(47, &both), 0);
        assert_eq!(at(48, &both), 1);
        assert_eq!(at(31 * 24 + 1, &[soon]), 1, "it has ended");
        assert_eq!(at(33 * 24, &[later]), 1);
    }

    #[test]
    fn a_list_is_told_when_its_next_issue_is_late() {
        let warning = Duration::from_secs(30 * 86_400);
        let due = |term: &Term, hour: i64| term.is_due(UtcMicros(hour * HOUR_MICROS), warning);
        let daily = list(0, 30 * HOUR_MICROS);
        assert!(!due(&daily, 0) && !due(&daily, 26));
        assert!(due(&daily, 27) && due(&daily, 31));
        // One of ten years, as long ahead as a certificate.
        let decennial = list(0, 3_650 * DAY_MICROS);
        assert!(!due(&decennial, 3_619 * 24) && due(&decennial, 3_620 * 24));
        assert!(due(&list(HOUR_MICROS, 0), 0), "it ends before it begins");
    }
}
