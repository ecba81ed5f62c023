//! How many associations each peer holds with us at this moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::config::PeerName;

/// Associations by peer.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Mutex<BTreeMap<PeerName, usize>>,
}

/// One association's place; dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    peer: PeerName,
}

impl Seats {
    /// A place for one more association of `peer`; `None` when it holds `max` already.
    pub(super) fn take(self: &Arc<Self>, peer: &PeerName, max: usize) -> Option<Seat> {
        let mut taken = self.lock();
        let count = taken.entry(peer.clone()).or_default();
        if *count >= max {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Seat {
            seats: Arc::clone(self),
            peer: peer.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerName, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(count) = taken.get_mut(&self.peer) {
            *count = count.saturating_sub(1);
        }
    }
}
