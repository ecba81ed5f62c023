//! What people must look at: said in the log each time, in the ledger once an hour for each witness
//! and kind, so that a witness that errs for a night does not fill the ledger.

use std::collections::BTreeMap;

use crate::clock::Clock;
use crate::gateway::Recorder;

/// Microseconds between two alerts of one kind about one witness.
const EVERY_US: u64 = 3_600_000_000;

/// See the module.
pub(super) struct Alerts {
    clock: Clock,
    recorder: Recorder,
    last_us: BTreeMap<(String, &'static str), u64>,
}

impl Alerts {
    pub(super) const fn new(clock: Clock, recorder: Recorder) -> Self {
        Self {
            clock,
            recorder,
            last_us: BTreeMap::new(),
        }
    }

    /// Tells what is wrong with what `witness` says.
    pub(super) async fn raise(&mut self, witness: &str, code: &'static str, text: String) {
        tracing::error!(witness, code, "{text}");
        let now_us = self.clock.read().monotonic_us;
        let key = (witness.to_owned(), code);
        let last = self.last_us.get(&key);
        if last.is_some_and(|last| now_us.saturating_sub(*last) < EVERY_US) {
            return;
        }
        self.last_us.insert(key, now_us);
        self.recorder.alert(code, text).await;
    }
}
