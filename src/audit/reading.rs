//! Reads a ledger as records, in order and in constant memory.

use std::collections::BTreeMap;
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

/// Where a ledger's entries can be looked up.
pub(super) trait Source {
    /// Entry `seq`; `None` when it is not there.
    fn get(&self, seq: u64) -> Result<Option<Stored>, ReadError>;
}

impl Source for JournalReader {
    fn get(&self, seq: u64) -> Result<Option<Stored>, ReadError> {
        Self::get(self, seq)
    }
}

/// See the module.
pub struct Reading {
    source: Box<dyn Source>,
    /// Opens sealed details, for those who may.
    keyring: Option<Keyring>,
    remembered: BTreeMap<u64, Arc<Judged>>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("identifies", &self.identifies())
            .finish_non_exhaustive()
    }
}

impl Reading {
    /// Of a journal. With the keyring, sealed details are told, too.
    pub fn of_journal(journal: JournalReader, keyring: Option<Keyring>) -> Self {
        Self::of(Box::new(journal), keyring)
    }

    /// Of these entries. With the keyring, sealed details are told, too.
    pub(super) fn of(source: Box<dyn Source>, keyring: Option<Keyring>) -> Self {
        Self {
            source,
            keyring,
            remembered: BTreeMap::new(),
        }
    }

    /// Sealed details are told.
    pub(super) const fn identifies(&self) -> bool {
        self.keyring.is_some()
    }

    /// The record of an entry.
    ///
    /// # Errors
    /// When the ledger cannot be read, or does not open.
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
        let Some(stored) = self.source.get(seq)? else {
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
