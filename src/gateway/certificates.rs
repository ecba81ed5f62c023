//! Certificates, authorities and lists while the gateway runs: read again when they change or SIGHUP
//! says so, and told of before they end.

use std::sync::Arc;
use std::time::Duration;

use super::Gateway;
use super::drain_begins;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;
use crate::transport::Security;
use crate::transport::Term;

/// How often it is looked whether something ends. An alert comes once on each day (UTC).
const LOOK_EVERY: Duration = Duration::from_secs(60);

impl Gateway {
    /// Reads the files of `[tls]` again. Associations that stand go on.
    pub(super) async fn reload_tls(self: &Arc<Self>) {
        match self.off_thread(Security::reload).await.transpose() {
            Ok(None) => {}
            Ok(Some(())) => tracing::info!("certificates, authorities and lists were read again"),
            Err(error) => {
                tracing::error!(%error, "TLS goes on with the files read before");
                let text = format!("{error}; TLS goes on with the files read before");
                self.recorder.alert("tls-not-reloaded", text).await;
            }
        }
    }

    /// Does `work`, which reads files, where it keeps nobody waiting.
    async fn off_thread<T: Send + 'static>(
        self: &Arc<Self>,
        work: fn(&Security) -> T,
    ) -> Option<T> {
        let gateway = Arc::clone(self);
        let work = move || gateway.security.as_ref().map(work);
        tokio::task::spawn_blocking(work).await.ok().flatten()
    }

    /// Looks after the files of `[tls]` until the gateway drains.
    pub(super) async fn keep_certificates(self: Arc<Self>) {
        let Some(security) = &self.security else {
            return;
        };
        let mut files = tokio::time::interval(self.config.tls.reload);
        files.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ends = tokio::time::interval(LOOK_EVERY);
        ends.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut draining = self.draining.subscribe();
        let mut told_on = None;
        loop {
            tokio::select! {
                _ = files.tick() => {
                    if self.off_thread(Security::has_changed).await == Some(true) {
                        self.reload_tls().await;
                        told_on = None;
                    }
                }
                _ = ends.tick() => {}
                () = drain_begins(&mut draining) => return,
            }
            let now = self.clock.now();
            if told_on != Some(now.day()) {
                told_on = Some(now.day());
                self.tell_what_ends(security, now).await;
            }
        }
    }

    async fn tell_what_ends(&self, security: &Security, now: UtcMicros) {
        let warning = i64::try_from(self.config.tls.expiry_warning.as_micros());
        let until = now.plus(warning.unwrap_or(i64::MAX));
        for term in security.now().terms() {
            if term.ends <= until {
                let text = remaining(term, now);
                tracing::warn!("{text}");
                self.recorder.alert("certificate-expires", text).await;
            }
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

    #[test]
    fn what_ends_is_told_with_the_days_that_are_left() {
        let term = Term {
            what: "certificate CN=gw in gw.pem".to_owned(),
            ends: UtcMicros(10 * DAY_MICROS),
        };
        let soon = "certificate CN=gw in gw.pem expires in 9 days: 1970-01-11T00:00:00.000000Z";
        assert_eq!(remaining(&term, UtcMicros(DAY_MICROS)), soon);
        let over = "certificate CN=gw in gw.pem has expired: 1970-01-11T00:00:00.000000Z";
        assert_eq!(remaining(&term, UtcMicros(10 * DAY_MICROS)), over);
    }
}
