//! Looking through the ledger, the newest entries first, a bounded part of it at a time.

use crate::audit::Filter;
use crate::audit::Reading;
use crate::audit::ReadingError;
use crate::audit::Record;
use crate::storage::JournalReader;
use crate::storage::Keyring;

/// Entries that are looked at for one answer.
const LOOKED_MAX: u64 = 2_000;
/// Entries that are read at a time: few at first, as most of the newest may be what is wanted.
const STEPS: (u64, u64) = (64, 512);

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The newest first.
    pub(super) records: Vec<Record>,
    /// The entry before which the next look goes on; `None`: there is no more.
    pub(super) before: Option<u64>,
}

/// Up to `limit` records that `filter` takes, of entries before `before`. With a keyring, sealed details are told.
/// Blocks on the disk.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn newest_first(
    journal: &JournalReader,
    keyring: Option<Keyring>,
    filter: &Filter,
    before: u64,
    limit: usize,
) -> Result<Found, ReadingError> {
    let mut reading = Reading::of_journal(journal.clone(), keyring);
    let mut found = Found::default();
    let mut end = before;
    let mut step = STEPS.0;
    while end > 0 && before.saturating_sub(end) < LOOKED_MAX {
        let first = end.saturating_sub(step);
        step = step.saturating_mul(2).min(STEPS.1);
        let mut records = Vec::new();
        for stored in journal.unchecked_entries(first).until(end) {
            records.push(reading.record(stored?)?);
        }
        for record in records.into_iter().rev() {
            // The ledger's time never runs back: what comes before is older yet.
            if filter.from.is_some_and(|from| record.at() < from) {
                return Ok(found);
            }
            end = record.entry.seq;
            if filter.takes(&record) {
                found.records.push(record);
                if found.records.len() >= limit {
                    found.before = (end > 0).then_some(end);
                    return Ok(found);
                }
            }
        }
        end = first;
    }
    found.before = (end > 0).then_some(end);
    Ok(found)
}
