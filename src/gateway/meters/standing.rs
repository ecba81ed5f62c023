//! The associations that stand at this moment, for whoever wants to see what flows now.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::Meters;
use super::labels::Operation;
use super::labels::status_label;
use crate::association::AssociateRq;
use crate::config::PeerName;
use crate::dicom::AeTitle;
use crate::dimse::Status;
use crate::gateway::control::ListedAssociation;
use crate::time::UtcMicros;
use crate::transport::Channel;

/// Who knocks.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Caller {
    calling: AeTitle,
    called: AeTitle,
    from: SocketAddr,
    since: UtcMicros,
    tls: bool,
}

impl Caller {
    pub(in crate::gateway) fn of(
        rq: &AssociateRq,
        from: SocketAddr,
        since: UtcMicros,
        channel: &Channel,
    ) -> Self {
        Self {
            calling: rq.calling.clone(),
            called: rq.called.clone(),
            from,
            since,
            tls: channel.tls,
        }
    }
}

/// What is known of an association.
#[derive(Debug)]
struct Standing {
    caller: Caller,
    /// Set once it is accepted.
    peer: OnceLock<PeerName>,
    /// Number of the operation that is under way; 0: none.
    operation: AtomicU8,
    requests: AtomicU64,
}

/// The associations that stand, by the order of their coming.
#[derive(Debug, Default)]
pub(super) struct Register {
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    next: u64,
    standing: BTreeMap<u64, Arc<Standing>>,
}

impl Register {
    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its number; `None` when there are `max` already.
    fn add(&self, standing: &Arc<Standing>, max: usize) -> Option<u64> {
        let mut rows = self.lock();
        if rows.standing.len() >= max {
            return None;
        }
        let number = rows.next;
        rows.next = number.saturating_add(1);
        rows.standing.insert(number, Arc::clone(standing));
        Some(number)
    }

    fn remove(&self, number: u64) {
        self.lock().standing.remove(&number);
    }

    pub(super) fn list(&self) -> Vec<ListedAssociation> {
        let rows = self.lock();
        rows.standing.values().map(|row| row.listed()).collect()
    }
}

impl Standing {
    fn listed(&self) -> ListedAssociation {
        let operation = Operation::of_number(self.operation.load(Ordering::Relaxed));
        ListedAssociation {
            peer: self.peer.get().cloned(),
            calling: self.caller.calling.clone(),
            called: self.caller.called.clone(),
            from: self.caller.from,
            since: self.caller.since,
            tls: self.caller.tls,
            operation: operation.map(|operation| operation.as_str().to_owned()),
            requests: self.requests.load(Ordering::Relaxed),
        }
    }
}

/// One association, from its request on; dropping it takes it off the list.
#[derive(Debug)]
pub(in crate::gateway) struct Visit {
    meters: Arc<Meters>,
    standing: Arc<Standing>,
    number: Option<u64>,
    /// Counts associations of its listener that were accepted and have not ended.
    open: Gauge,
    /// The series of what it asked for, as they were found.
    requests: BTreeMap<(Operation, &'static str), Counter>,
}

impl Visit {
    pub(super) fn new(meters: Arc<Meters>, caller: Caller, open: Gauge) -> Self {
        let standing = Arc::new(Standing {
            caller,
            peer: OnceLock::new(),
            operation: AtomicU8::new(0),
            requests: AtomicU64::new(0),
        });
        let number = meters.register.add(&standing, meters.standing_max);
        Self {
            meters,
            standing,
            number,
            open,
            requests: BTreeMap::new(),
        }
    }

    /// It is accepted: `peer` it is. To be called once.
    pub(in crate::gateway) fn accepted(&self, peer: &PeerName) {
        if self.standing.peer.set(peer.clone()).is_ok() {
            self.open.inc();
            self.meters.associated(Some(peer), true);
        }
    }

    /// It was refused, known as `peer` or not: off the list, though its connection may linger.
    pub(in crate::gateway) fn refused(self, peer: Option<&PeerName>) {
        self.meters.associated(peer, false);
    }

    /// A request came.
    pub(in crate::gateway) fn begins(&self, operation: Operation) {
        self.standing.requests.fetch_add(1, Ordering::Relaxed);
        let number = operation.number();
        self.standing.operation.store(number, Ordering::Relaxed);
    }

    /// It was answered with `status`, or not at all.
    pub(in crate::gateway) fn ends(&mut self, operation: Operation, status: Option<Status>) {
        self.standing.operation.store(0, Ordering::Relaxed);
        let status = status_label(status);
        let series = self.requests.entry((operation, status)).or_insert_with(|| {
            let peer = self.standing.peer.get();
            self.meters.requests_of(peer, operation, status)
        });
        series.inc();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.meters.register.remove(number);
        }
        if self.standing.peer.get().is_some() {
            self.open.dec();
        }
    }
}
