//! Looks through the ledger for what a search finds, a bounded part of it at a time.

use serde_json::Value;

use super::Search;
use crate::atna::batch::BatchError;
use crate::atna::batch::Folders;
use crate::audit;
use crate::audit::Reading;
use crate::audit::Site;
use crate::storage;
use crate::storage::FollowError;
use crate::storage::JournalReader;

/// Entries that are looked at for one answer.
const ENTRIES_MAX: usize = 20_000;

/// Bytes of the events of an answer; the event that passes this limit is its last.
const BYTES_MAX: usize = 4 << 20;

/// What an answer holds.
#[derive(Debug, Default)]
pub(in crate::atna) struct Page {
    /// The events, in the order of the ledger.
    pub(in crate::atna) events: Vec<Value>,
    /// The entry that the next answer begins with, if there may be more.
    pub(in crate::atna) next: Option<u64>,
}

/// Where is looked.
#[derive(Clone, Debug)]
pub(in crate::atna) struct Shelf {
    pub(in crate::atna) site: Site,
    pub(in crate::atna) journal: JournalReader,
    pub(in crate::atna) folders: Folders,
    pub(in crate::atna) identified: bool,
}

impl Shelf {
    /// The next answer to a search. Blocks on the disk.
    pub(in crate::atna) fn page(&self, search: &Search) -> Result<Page, BatchError> {
        let newest = storage::newest_checkpoint(&self.folders.data).map_err(FollowError::from)?;
        let size = newest.map_or(0, |(checkpoint, _)| checkpoint.size);
        let first = audit::first_from(&self.journal, size, search.from())?;
        let from = first.max(search.page.unwrap_or(0));
        let keyring = match self.identified {
            true => Some(self.folders.keyring()?),
            false => None,
        };
        let mut reading = Reading::of_journal(self.journal.clone(), keyring);
        let mut page = Page::default();
        let mut bytes = 0_usize;
        for (looked, stored) in self.journal.unchecked_entries(from).until(size).enumerate() {
            let record = reading.record(stored?)?;
            if record.at() >= search.until() {
                break;
            }
            if looked >= ENTRIES_MAX || page.events.len() >= search.count || bytes >= BYTES_MAX {
                page.next = Some(record.entry.seq);
                break;
            }
            for event in audit::audit_events(&self.site, &record) {
                let event = serde_json::to_value(&event);
                let event = event.map_err(|_| BatchError::Unwritable(record.entry.seq))?;
                if search.finds(&event) {
                    bytes = bytes.saturating_add(event.to_string().len());
                    page.events.push(event);
                }
            }
        }
        Ok(page)
    }
}
