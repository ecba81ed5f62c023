//! Reads a ledger as records, in order and in constant memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::record::Identity;
use super::record::Judged;
use super::record::Record;
use crate::contract::Body;
use crate::storage::JournalReader;
use crate::storage::Keyring;
use crate::storage::KeyringError;
use crate::storage::ReadError;
use crate::storage::Stored;
use crate::storage::event_id;

/// Decisions that are remembered, as entries follow from them soon; of others, the ledger is asked again.
const REMEMBERED_MAX: usize = 10_000;

/// Why a ledger cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// The journal cannot be read, or is damaged.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// The keyring does not open what it sealed.
    #[error("entry {entry}: {source}")]
    Sealed {
        /// Beside which entry.
        entry: u64,
        /// Why.
        source: KeyringError,
    },
}

/// See the module.
pub struct Reading {
    journal: JournalReader,
    /// Opens sealed details, for those who may.
    keyring: Option<Keyring>,
    remembered: BTreeMap<u64, Arc<Judged>>,
}

impl Reading {
    /// Of the ledger in a data folder, which may be written meanwhile. With the keyring, sealed details are
    /// told, too.
    pub fn new(data_dir: &Path, keyring: Option<Keyring>) -> Self {
        Self {
            journal: JournalReader::new(data_dir),
            keyring,
            remembered: BTreeMap::new(),
        }
    }

    /// Sealed details are told.
    pub const fn identifies(&self) -> bool {
        self.keyring.is_some()
    }

    /// Hands over the records of the entries in `range`, in order, as far as there are any; gives the number of
    /// the entry after the last. From entry 0, the chain is followed, too.
    ///
    /// # Errors
    /// When the ledger cannot be read or is damaged there, or the first error of `take`.
    pub fn each<E: From<ReadingError>>(
        &mut self,
        range: Range<u64>,
        mut take: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut next = range.start;
        if range.is_empty() {
            return Ok(next);
        }
        for stored in self.journal.clone().entries(range.start) {
            let stored = stored.map_err(ReadingError::from)?;
            next = stored.entry.seq.saturating_add(1);
            take(self.record(stored)?)?;
            if next >= range.end {
                break;
            }
        }
        Ok(next)
    }

    /// The record of an entry.
    ///
    /// # Errors
    /// As [`Self::each`].
    pub fn record(&mut self, stored: Stored) -> Result<Record, ReadingError> {
        let identity = self.identity(&stored)?;
        let entry = stored.entry;
        let judged = match &entry.event.body {
            Body::Decision { request, decision } => {
                let judged = Arc::new(Judged {
                    entry: entry.seq,
                    request: (**request).clone(),
                    decision: (**decision).clone(),
                    identity: identity.clone(),
                });
                self.remember(&judged);
                Some(judged)
            }
            body => match Record::follows(body) {
                Some(decision) => self.judged(decision)?,
                None => None,
            },
        };
        Ok(Record {
            entry,
            judged,
            identity,
        })
    }

    fn remember(&mut self, judged: &Arc<Judged>) {
        if self.remembered.len() >= REMEMBERED_MAX {
            self.remembered.pop_first();
        }
        self.remembered.insert(judged.entry, Arc::clone(judged));
    }

    /// The decision of this entry; `None` when it is none.
    fn judged(&mut self, seq: u64) -> Result<Option<Arc<Judged>>, ReadingError> {
        if let Some(judged) = self.remembered.get(&seq) {
            return Ok(Some(Arc::clone(judged)));
        }
        let Some(stored) = self.journal.get(seq)? else {
            return Ok(None);
        };
        let identity = self.identity(&stored)?;
        let Body::Decision { request, decision } = stored.entry.event.body else {
            return Ok(None);
        };
        let judged = Arc::new(Judged {
            entry: seq,
            request: *request,
            decision: *decision,
            identity,
        });
        self.remember(&judged);
        Ok(Some(judged))
    }

    /// What the details beside an entry tell; `None` where there are none, nobody may read them, or the patient
    /// was forgotten.
    fn identity(&self, stored: &Stored) -> Result<Option<Identity>, ReadingError> {
        let (Some(keyring), Some(sealed)) = (&self.keyring, &stored.sealed) else {
            return Ok(None);
        };
        let event = &stored.entry.event;
        let id = event_id(&event.author, event.author_seq);
        let parts = keyring.unseal(&id, sealed);
        let parts = parts.map_err(|source| ReadingError::Sealed {
            entry: stored.entry.seq,
            source,
        })?;
        let mut details = parts.into_iter().filter_map(|part| part.details);
        let identity = details.next();
        Ok(identity.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}
