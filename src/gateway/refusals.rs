//! Connections that were refused, as the ledger is told of them: at once, and then at most once in a
//! while for each address and reason, with their number; the longer it goes on, the more seldom. Whoever
//! knocks all day fills neither the ledger nor the memory.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use super::Gateway;
use crate::config::Stranger;
use crate::dicom::AeTitle;
use crate::transport::HandshakeError;

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How seldom a row is told at last; each time it waits twice as long.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// What was refused, from whom, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    One(IpAddr, String),
    /// All for which there was no row.
    Others,
}

/// An alert for the ledger.
#[derive(Debug, PartialEq, Eq)]
struct Alert {
    code: &'static str,
    text: String,
}

#[derive(Debug)]
struct Row {
    code: &'static str,
    text: String,
    told_us: u64,
    /// For how long it is not told again.
    wait_us: u64,
    /// Refusals since it was told.
    since: u64,
}

impl Row {
    const fn age_us(&self, now_us: u64) -> u64 {
        now_us.saturating_sub(self.told_us)
    }
}

/// The rows of what was refused lately.
#[derive(Debug)]
pub(super) struct Refusals {
    rows: Mutex<BTreeMap<Who, Row>>,
    rows_max: usize,
    /// The first wait, and the longest.
    every_us: u64,
    wait_max_us: u64,
}

impl Refusals {
    pub(super) fn new(rows_max: usize, every: Duration) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            rows: Mutex::default(),
            rows_max,
            every_us: micros(every),
            wait_max_us: micros(WAIT_MAX.max(every)),
        }
    }

    /// Counts one; the alert that is due at once, if it is the first of its kind.
    fn count(&self, who: Who, code: &'static str, text: String, now_us: u64) -> Option<Alert> {
        let mut rows = self.lock();
        if let Some(row) = rows.get_mut(&who) {
            row.since = row.since.saturating_add(1);
            return None;
        }
        if rows.len() >= self.rows_max {
            // Who only waits for his silence to be long enough makes room for who knocks now.
            rows.retain(|_, row| row.since > 0 || row.age_us(now_us) < self.every_us);
        }
        let row = |code, text| Row {
            code,
            text,
            told_us: now_us,
            wait_us: self.every_us,
            since: 0,
        };
        let (who, row) = if rows.len() < self.rows_max {
            (who, row(code, text))
        } else {
            if let Some(row) = rows.get_mut(&Who::Others) {
                row.since = row.since.saturating_add(1);
                return None;
            }
            let text = "connections of further addresses or for further reasons".to_owned();
            (Who::Others, row("refused-elsewhere", text))
        };
        let alert = Alert {
            code: row.code,
            text: row.text.clone(),
        };
        rows.insert(who, row);
        Some(alert)
    }

    /// The alerts that have become due, with the number of refusals; rows without any are forgotten.
    fn due(&self, now_us: u64) -> Vec<Alert> {
        let mut alerts = Vec::new();
        self.lock().retain(|_, row| {
            if row.age_us(now_us) < row.wait_us {
                return true;
            }
            if row.since == 0 {
                return false;
            }
            let text = format!("{}; {} more since the last alert", row.text, row.since);
            alerts.push(Alert {
                code: row.code,
                text,
            });
            row.told_us = now_us;
            row.wait_us = row.wait_us.saturating_mul(2).min(self.wait_max_us);
            row.since = 0;
            true
        });
        alerts
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Who, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// A requestor whose TLS handshake failed.
    pub(super) async fn refuse_handshake(&self, from: SocketAddr, error: &HandshakeError) {
        tracing::info!(%from, %error, "no TLS");
        // As without TLS: whether the port is open may be asked every second.
        if matches!(error, HandshakeError::Silent) {
            return;
        }
        self.meters().turned_away();
        let reason = error.to_string();
        let text = format!("connection of {}: {reason}", from.ip().to_canonical());
        self.refused(from, reason, "tls-refused", text).await;
    }

    /// An acceptor whose TLS handshake failed, by its name in the configuration.
    pub(super) async fn distrust(&self, peer: &str, at: SocketAddr, error: &HandshakeError) {
        let reason = format!("connection to peer {peer}: {error}");
        self.refused(at, reason.clone(), "tls-refused", reason)
            .await;
    }

    /// A requestor whose evidence identifies nobody.
    pub(super) async fn refuse_stranger(
        &self,
        from: SocketAddr,
        calling: &AeTitle,
        stranger: &Stranger,
    ) {
        let reason = stranger.to_string();
        let address = from.ip().to_canonical();
        let text = format!("association of {calling} from {address}: {reason}");
        self.refused(from, reason, "association-refused", text)
            .await;
    }

    /// A requestor whose user was not accepted; refusals of one kind are one to whoever reads them.
    pub(super) async fn refuse_user(&self, from: SocketAddr, kind: &'static str, text: String) {
        self.refused(from, kind.to_owned(), "user-refused", text)
            .await;
    }

    async fn refused(&self, from: SocketAddr, reason: String, code: &'static str, text: String) {
        let now_us = self.clock.read().monotonic_us;
        let who = Who::One(from.ip().to_canonical(), reason);
        if let Some(alert) = self.refusals.count(who, code, text, now_us) {
            self.recorder.alert(alert.code, alert.text).await;
        }
    }

    /// Tells the ledger what has become due, until the gateway drains; and then the rest.
    pub(super) async fn tell_refusals(&self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut draining = self.draining.subscribe();
        loop {
            let now_us = tokio::select! {
                _ = tick.tick() => self.clock.read().monotonic_us,
                () = super::drain_begins(&mut draining) => u64::MAX,
            };
            for alert in self.refusals.due(now_us) {
                self.recorder.alert(alert.code, alert.text).await;
            }
            if now_us == u64::MAX {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_US: u64 = 60_000_000;

    fn refusals() -> Refusals {
        Refusals::new(3, Duration::from_secs(60))
    }

    fn count(refusals: &Refusals, from: u8, reason: &str, now_us: u64) -> Option<String> {
        let who = Who::One([10, 0, 0, from].into(), reason.to_owned());
        let alert = refusals.count(who, "tls-refused", format!("{from}: {reason}"), now_us);
        alert.map(|alert| alert.text)
    }

    fn due(refusals: &Refusals, now_us: u64) -> Vec<String> {
        let alerts = refusals.due(now_us).into_iter();
        alerts.map(|alert| alert.text).collect()
    }

    #[test]
    fn the_first_is_told_at_once_and_the_others_as_a_number() {
        let refusals = refusals();
        assert_eq!(count(&refusals, 1, "a", 0).as_deref(), Some("1: a"));
        for _ in 0..1_000 {
            assert_eq!(count(&refusals, 1, "a", 1), None);
        }
        assert_eq!(count(&refusals, 1, "b", 2).as_deref(), Some("1: b"));
        assert_eq!(due(&refusals, MINUTE_US - 1), [""; 0]);
        let told = due(&refusals, MINUTE_US);
        assert_eq!(told, ["1: a; 1000 more since the last alert"]);
        // The second wait is twice as long.
        assert_eq!(count(&refusals, 1, "a", 2 * MINUTE_US), None);
        assert_eq!(due(&refusals, 3 * MINUTE_US - 1), [""; 0]);
        let told = due(&refusals, 3 * MINUTE_US);
        assert_eq!(told, ["1: a; 1 more since the last alert"]);
    }

    #[test]
    fn who_knocks_all_day_is_told_ever_more_seldom() {
        let refusals = refusals();
        let mut told_at = Vec::new();
        for second in 0..86_400 {
            let now_us = second * 1_000_000;
            let first = count(&refusals, 1, "a", now_us).is_some();
            let again = due(&refusals, now_us).len();
            if first || again > 0 {
                told_at.push(second / 60);
            }
        }
        assert_eq!(told_at[..8], [0, 1, 3, 7, 15, 31, 63, 123]);
        assert_eq!(told_at.len(), 29, "then hourly: {told_at:?}");
    }

    #[test]
    fn who_has_gone_silent_makes_room() {
        let refusals = refusals();
        for from in 1..=3 {
            assert!(count(&refusals, from, "a", 0).is_some());
        }
        assert_eq!(count(&refusals, 1, "a", 1), None);
        assert_eq!(due(&refusals, MINUTE_US).len(), 1);
        // The one that was told twice waits two minutes, and is silent for one of them.
        for from in [4, 5] {
            assert!(count(&refusals, from, "a", MINUTE_US).is_some());
        }
        let told = count(&refusals, 6, "a", 2 * MINUTE_US);
        assert_eq!(told.as_deref(), Some("6: a"));
    }

    #[test]
    fn who_has_been_quiet_is_told_at_once_again() {
        let refusals = refusals();
        assert!(count(&refusals, 1, "a", 0).is_some());
        assert_eq!(due(&refusals, MINUTE_US), [""; 0]);
        assert!(count(&refusals, 1, "a", MINUTE_US).is_some());
    }

    #[test]
    fn a_scanner_with_many_addresses_costs_no_more_rows() {
        let refusals = refusals();
        let told = (0..200).filter(|from| count(&refusals, *from, "a", 0).is_some());
        assert_eq!(told.count(), 4, "three rows, and one of all others");
        assert_eq!(refusals.lock().len(), 4);
        let told = due(&refusals, MINUTE_US);
        let others = "connections of further addresses or for further reasons";
        assert_eq!(told, [format!("{others}; 196 more since the last alert")]);
    }
}
