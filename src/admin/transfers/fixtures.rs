//! Transfers that tests start from.

use std::sync::Arc;

use crate::admin::board::UnderWay;
use crate::audit::Judged;
use crate::contract::Outcome;
use crate::contract::State;
use crate::contract::decide;
use crate::ledger::fixtures::request;
use crate::time::UtcMicros;

/// So many bytes that came in so many microseconds, within St. Anna.
pub(crate) fn moved(bytes: u64, micros: i64) -> UnderWay {
    let request = request();
    let decision = decide(&State::new(), &request);
    UnderWay {
        since: request.received_at,
        heard: UtcMicros(request.received_at.0 + micros),
        judged: Arc::new(Judged {
            entry: 7,
            request,
            decision,
            identity: None,
        }),
        instances: 10,
        failed: 0,
        spooled: 0,
        bytes,
        outcome: Some(Outcome::Completed),
    }
}
