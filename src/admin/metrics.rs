//! `/metrics`: the meters of the gateway and what is looked up when it is asked, as OpenMetrics text
//! (`docs/metrics.md`).

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_eof;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

use crate::gateway::LabelText;
use crate::gateway::METERS_PREFIX;
use crate::gateway::Meters;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::QueueState;
use crate::time::UtcMicros;

/// The media type of [`text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Queues, receivers and certificates that are told of; what comes after them is left out.
const ROWS_MAX: usize = 1_024;

/// What is looked up when somebody asks.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// The queues of the spool.
    pub queues: Vec<ListedQueue>,
    /// Entries that the ledger holds.
    pub ledger_entries: u64,
    /// Entries that the newest checkpoint signs for; `None` before the first.
    pub ledger_checkpoint_size: Option<u64>,
    /// `None`: the ledger was never verified.
    pub last_verification: Option<Verified>,
    /// How far receivers of audit messages are behind.
    pub audit_lags: Vec<AuditLag>,
    /// How long certificates are still good for.
    pub certificates: Vec<CertificateLeft>,
}

/// A verification of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it ended.
    pub at: UtcMicros,
    /// It found nothing wrong.
    pub is_whole: bool,
}

/// A receiver of audit messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLag {
    /// Its name in the configuration.
    pub receiver: String,
    /// Entries that it has not been told of.
    pub entries: u64,
}

/// A certificate of ours, or of an authority that we believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateLeft {
    /// What it is for.
    pub certificate: String,
    /// Seconds until it expires; negative when it has expired.
    pub seconds: i64,
}

/// All of it as OpenMetrics text.
///
/// # Errors
/// When a value cannot be written down; the library knows no such value.
pub fn text(meters: &Meters, looked: &Looked) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode_registry(&mut text, meters.registry())?;
    encode_registry(&mut text, &looked.registry())?;
    encode_eof(&mut text)?;
    Ok(text)
}

/// A gauge of what is never negative.
type Amount = Gauge<u64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfQueue {
    queue: LabelText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPlace {
    queue: LabelText,
    place: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    queue: LabelText,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReceiver {
    receiver: LabelText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCertificate {
    certificate: LabelText,
}

impl Looked {
    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix(METERS_PREFIX);
        registry.register(
            "build",
            "Which Credence this is",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        self.register_queues(&mut registry);
        self.register_ledger(&mut registry);
        self.register_rest(&mut registry);
        registry
    }

    fn register_queues(&self, registry: &mut Registry) {
        let objects: Family<OfPlace, Amount> = Family::default();
        let bytes: Family<OfQueue, Amount> = Family::default();
        let states: Family<OfState, Amount> = Family::default();
        for listed in self.queues.iter().take(ROWS_MAX) {
            let queue = || LabelText::from(listed.queue.as_str());
            let places = [
                ("waiting", listed.waiting.objects),
                ("dead", listed.dead.objects),
                ("quarantined", listed.quarantined.objects),
                ("uncommitted", listed.uncommitted.objects),
            ];
            for (place, amount) in places {
                let queue = queue();
                let labels = OfPlace { queue, place };
                objects.get_or_create(&labels).set(amount);
            }
            let labels = OfQueue { queue: queue() };
            bytes.get_or_create(&labels).set(listed.waiting.bytes);
            for state in QueueState::ALL {
                let labels = OfState {
                    queue: queue(),
                    state: state.as_str(),
                };
                let is_so = u64::from(state == listed.state);
                states.get_or_create(&labels).set(is_so);
            }
        }
        registry.register("queue_objects", "Instances in a queue, by place", objects);
        registry.register(
            "queue_waiting_bytes",
            "Bytes of the instances that wait in a queue",
            bytes,
        );
        registry.register("queue_state", "1 for the state that a queue is in", states);
    }

    fn register_ledger(&self, registry: &mut Registry) {
        let amount = |value: u64| {
            let gauge = Amount::default();
            gauge.set(value);
            gauge
        };
        registry.register(
            "ledger_entries",
            "Entries that the ledger holds",
            amount(self.ledger_entries),
        );
        // What is not known is left out: 0 would say something else.
        if let Some(size) = self.ledger_checkpoint_size {
            registry.register(
                "ledger_checkpoint_entries",
                "Entries that the newest checkpoint signs for",
                amount(size),
            );
        }
        if let Some(verified) = self.last_verification {
            registry.register(
                "ledger_verified",
                "1 when the last verification found the ledger whole, 0 when it did not",
                amount(u64::from(verified.is_whole)),
            );
            let at: Gauge = Gauge::default();
            at.set(verified.at.0.div_euclid(1_000_000));
            registry.register_with_unit(
                "ledger_verified_timestamp",
                "When the last verification ended, since 1970 UTC",
                Unit::Seconds,
                at,
            );
        }
    }

    fn register_rest(&self, registry: &mut Registry) {
        let lags: Family<OfReceiver, Amount> = Family::default();
        for lag in self.audit_lags.iter().take(ROWS_MAX) {
            let receiver = lag.receiver.as_str().into();
            lags.get_or_create(&OfReceiver { receiver })
                .set(lag.entries);
        }
        registry.register(
            "audit_lag_entries",
            "Entries that a receiver of audit messages has not been told of",
            lags,
        );
        let left: Family<OfCertificate, Gauge> = Family::default();
        for one in self.certificates.iter().take(ROWS_MAX) {
            let certificate = one.certificate.as_str().into();
            left.get_or_create(&OfCertificate { certificate })
                .set(one.seconds);
        }
        registry.register_with_unit(
            "certificate_expiry",
            "Time until a certificate expires",
            Unit::Seconds,
            left,
        );
    }
}

#[cfg(test)]
mod tests;
