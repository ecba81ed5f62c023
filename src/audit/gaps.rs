//! What a range of entries cannot tell of: the gateway was down, or the clock was set.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::Body;
use crate::ledger::Entry;
use crate::time::UtcMicros;

/// How far wall clock and monotonic clock may drift apart between two entries before it is told, in
/// microseconds.
const JUMP_US: i64 = 1_000_000;

/// Why there is a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// The gateway had been stopped in order.
    Stopped,
    /// The gateway had ended without saying so.
    Died,
    /// The wall clock was set.
    ClockSet,
}

/// Between two entries that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Why.
    pub kind: GapKind,
    /// The entry before.
    pub before: u64,
    /// The wall clock at that entry.
    pub from: UtcMicros,
    /// The entry after.
    pub after: u64,
    /// The wall clock at that entry.
    pub until: UtcMicros,
}

/// Finds gaps in entries that come in order.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    last: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    seq: u64,
    wall: UtcMicros,
    mono_us: u64,
    boot: String,
    stopped: bool,
}

impl Gaps {
    /// The gap before this entry, if there is one.
    pub(super) fn before(&mut self, entry: &Entry) -> Option<Gap> {
        let now = Seen {
            seq: entry.seq,
            wall: entry.wall,
            mono_us: entry.mono_us,
            boot: entry.boot.clone(),
            stopped: matches!(entry.event.body, Body::Stopped { .. }),
        };
        let last = self.last.replace(now)?;
        let kind = if last.boot == entry.boot {
            let passed = entry.wall.0.saturating_sub(last.wall.0);
            let ran = entry.mono_us.saturating_sub(last.mono_us);
            let ran = i64::try_from(ran).unwrap_or(i64::MAX);
            (passed.saturating_sub(ran).abs() > JUMP_US).then_some(GapKind::ClockSet)?
        } else if last.stopped {
            GapKind::Stopped
        } else {
            GapKind::Died
        };
        Some(Gap {
            kind,
            before: last.seq,
            from: last.wall,
            after: entry.seq,
            until: entry.wall,
        })
    }
}
