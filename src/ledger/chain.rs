//! The hash chain: every line names the digest of the line before it.

use crate::contract::Event;
use crate::digest::Sha256;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryError;
use crate::ledger::entry::leaf_hash;
use crate::ledger::entry::line_hash;
use crate::ledger::head::Head;
use crate::time::UtcMicros;

/// The end of a chain: all that is needed to write the next line. A copy taken before a batch is
/// the way back when the batch could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    next_seq: u64,
    last_line: Sha256,
    ledger_time: UtcMicros,
}

/// The clocks at the moment of writing.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Wall clock.
    pub wall: UtcMicros,
    /// Monotonic microseconds since the gateway started.
    pub mono_us: u64,
    /// Boot id: 16 lower-case hexadecimal digits.
    pub boot: &'a str,
}

/// A new entry, ready to be kept.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The entry.
    pub entry: Entry,
    /// Its line, without a newline.
    pub line: String,
    /// Its leaf in the Merkle tree.
    pub leaf: Sha256,
}

impl Chain {
    /// The empty chain. Ledger time starts with the first entry's wall clock, 1970 at the
    /// earliest.
    pub const fn new() -> Self {
        Self::resume(0, Sha256::ZERO, UtcMicros(0))
    }

    /// The chain after an entry: `next_seq` is one above its number, `last_line` the digest of
    /// its line.
    pub const fn resume(next_seq: u64, last_line: Sha256, ledger_time: UtcMicros) -> Self {
        Self {
            next_seq,
            last_line,
            ledger_time,
        }
    }

    /// Number of the next entry; also how many there are.
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Number of the last entry, if there is one.
    pub const fn last_seq(&self) -> Option<u64> {
        self.next_seq.checked_sub(1)
    }

    /// SHA-256 of the last line; zero before the first.
    pub const fn last_line(&self) -> Sha256 {
        self.last_line
    }

    /// Ledger time of the last entry.
    pub const fn ledger_time(&self) -> UtcMicros {
        self.ledger_time
    }

    /// The ledger time of an entry written when the wall clock shows `wall`. What the contract
    /// applies must carry this time.
    pub fn time_at(&self, wall: UtcMicros) -> UtcMicros {
        wall.max(self.ledger_time)
    }

    /// Writes the next entry.
    ///
    /// # Errors
    /// When the event does not fit into a line; the chain is then as before.
    pub fn next(
        &mut self,
        stamp: Stamp<'_>,
        event: Event,
        sealed_sha256: Option<Sha256>,
    ) -> Result<Linked, EntryError> {
        let entry = Entry {
            seq: self.next_seq,
            prev: self.last_line,
            ledger_time: self.time_at(stamp.wall),
            wall: stamp.wall,
            mono_us: stamp.mono_us,
            boot: stamp.boot.to_owned(),
            sealed_sha256,
            event,
        };
        let line = entry.line()?;
        let leaf = leaf_hash(line.as_bytes());
        *self = Self {
            next_seq: self.next_seq.saturating_add(1),
            last_line: line_hash(line.as_bytes()),
            ledger_time: entry.ledger_time,
        };
        Ok(Linked { entry, line, leaf })
    }

    /// Whether a line with this head is the next.
    pub fn fits(&self, head: &Head) -> bool {
        head.seq == self.next_seq
            && head.prev == self.last_line
            && head.ledger_time >= self.ledger_time
    }

    /// Steps over a line that [`fits`](Self::fits); `hash` is its digest.
    #[must_use]
    pub const fn after(&self, head: &Head, hash: Sha256) -> Self {
        Self::resume(self.next_seq.saturating_add(1), hash, head.ledger_time)
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::BOOT;
    use crate::ledger::fixtures::Scribe;
    use proptest::prelude::any;
    use proptest::proptest;

    #[test]
    fn each_line_names_the_one_before() {
        let mut scribe = Scribe::new();
        let first = scribe.alert("first");
        let second = scribe.alert("second");
        assert_eq!((first.entry.seq, first.entry.prev), (0, Sha256::ZERO));
        assert_eq!(second.entry.seq, 1);
        assert_eq!(second.entry.prev, line_hash(first.line.as_bytes()));
    }

    #[test]
    fn ledger_time_never_runs_back() {
        let mut scribe = Scribe::new();
        scribe.wall = UtcMicros(5_000);
        scribe.alert("now");
        scribe.wall = UtcMicros(3_000);
        let entry = scribe.alert("the clock was set back").entry;
        assert_eq!(entry.wall, UtcMicros(3_000));
        assert_eq!(entry.ledger_time, UtcMicros(5_000));
    }

    #[test]
    fn what_does_not_fit_leaves_the_chain_as_it_was() {
        let mut scribe = Scribe::new();
        scribe.alert("kept");
        let before = scribe.chain;
        assert!(scribe.try_alert(&"x".repeat(70_000)).is_err());
        assert_eq!(scribe.chain, before);
        let stamp = Stamp {
            wall: UtcMicros(0),
            mono_us: 0,
            boot: BOOT.trim_start_matches('0'),
        };
        let event = scribe.event("short boot id");
        assert!(matches!(
            scribe.chain.next(stamp, event, None),
            Err(EntryError::Boot)
        ));
    }

    proptest! {
        #[test]
        fn a_chain_is_followed_by_its_heads_alone(walls in proptest::collection::vec(any::<u32>(), 1..20)) {
            let mut scribe = Scribe::new();
            let mut followed = Chain::new();
            for wall in walls {
                scribe.wall = UtcMicros(i64::from(wall));
                let line = scribe.alert("tick").line;
                let head = Head::parse(line.as_bytes()).unwrap();
                assert!(followed.fits(&head));
                followed = followed.after(&head, line_hash(line.as_bytes()));
                assert_eq!(followed, scribe.chain);
                assert!(!followed.fits(&head));
            }
        }
    }
}
