//! What happened of late, kept at hand: the console follows the ledger, so that a page costs the same whether the
//! ledger has a thousand entries or a hundred million.

mod seen;

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

pub(super) use seen::Alerted;
pub(super) use seen::Hour;
pub(super) use seen::Refused;
pub(super) use seen::Seen;
pub(super) use seen::UnderWay;

use crate::audit;
use crate::audit::Reading;
use crate::audit::ReadingError;
use crate::ledger::Checkpoint;
use crate::ledger::LogKey;
use crate::storage::JournalReader;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

/// Entries of the last day that are read again at a start, at most.
const READ_BACK_MAX: u64 = 50_000;
/// Entries that are taken in at a time.
const STEP: u64 = 2_000;
/// After the ledger could not be read.
const REST: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(super) struct Board {
    journal: JournalReader,
    seen: Arc<RwLock<Seen>>,
    current: AtomicBool,
}

impl Board {
    pub(super) fn new(journal: JournalReader) -> Self {
        Self {
            journal,
            seen: Arc::default(),
            current: AtomicBool::new(false),
        }
    }

    /// What happened.
    pub(super) fn seen(&self) -> RwLockReadGuard<'_, Seen> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last look at the ledger came to its end.
    pub(super) fn is_current(&self) -> bool {
        self.current.load(Ordering::Relaxed)
    }

    /// Follows the ledger, for ever: what is signed for is taken in.
    pub(super) async fn follow(
        &self,
        key: &LogKey,
        mut checkpoints: watch::Receiver<Option<Arc<str>>>,
    ) {
        loop {
            let newest = checkpoints.borrow_and_update().clone();
            let newest = newest.and_then(|note| Checkpoint::open(&note, key).ok());
            // Before the first one, nothing is signed for; there is one within a second.
            let taken_in = match newest {
                Some(newest) => self.take_in(newest.size).await,
                None => Ok(()),
            };
            match taken_in {
                Ok(()) => self.current.store(true, Ordering::Relaxed),
                Err(error) => {
                    self.current.store(false, Ordering::Relaxed);
                    tracing::warn!(%error, "the console cannot read the ledger");
                    tokio::time::sleep(REST).await;
                    continue;
                }
            }
            if checkpoints.changed().await.is_err() {
                return;
            }
        }
    }

    async fn take_in(&self, size: u64) -> Result<(), ReadingError> {
        loop {
            let (journal, seen) = (self.journal.clone(), Arc::clone(&self.seen));
            let next = self.seen().next();
            let step = tokio::task::spawn_blocking(move || step(&journal, &seen, next, size));
            // A task that panicked is not tried with the same entries for ever.
            match step.await.unwrap_or(Ok(false))? {
                true => {}
                false => return Ok(()),
            }
        }
    }
}

/// Takes in the next entries; whether there are more.
fn step(
    journal: &JournalReader,
    seen: &RwLock<Seen>,
    next: Option<u64>,
    size: u64,
) -> Result<bool, ReadingError> {
    let from = match next {
        Some(next) => next,
        None => read_back(journal, size)?,
    };
    let until = size.min(from.saturating_add(STEP));
    let mut reading = Reading::of_journal(journal.clone(), None);
    let mut records = Vec::new();
    for stored in journal.unchecked_entries(from).until(until) {
        records.push(reading.record(stored?)?);
    }
    let mut seen = seen.write().unwrap_or_else(PoisonError::into_inner);
    for record in &records {
        seen.take(record);
    }
    seen.went_to(until.max(from));
    Ok(until < size)
}

/// The first entry of the last day.
fn read_back(journal: &JournalReader, size: u64) -> Result<u64, ReadingError> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(0);
    };
    let Some(newest) = journal.get(last)? else {
        return Ok(0);
    };
    let day_before = UtcMicros(newest.entry.ledger_time.0.saturating_sub(DAY_MICROS));
    let first = audit::first_from(journal, size, day_before)?;
    Ok(first.max(size.saturating_sub(READ_BACK_MAX)))
}
