//! What is brought at a time: the next entries of the ledger, in the format that a receiver takes.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::syslog;
use crate::audit;
use crate::audit::Reading;
use crate::audit::ReadingError;
use crate::audit::Record;
use crate::audit::Site;
use crate::config::AuditReceiver;
use crate::config::AuditTo;
use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::storage::FollowError;
use crate::storage::Following;
use crate::storage::JournalReader;
use crate::storage::Keyring;
use crate::storage::KeyringError;
use crate::storage::Keys;
use crate::storage::KeysError;
use crate::storage::ReadError;
use crate::storage::Told;

/// Entries of a batch.
const ENTRIES_MAX: usize = 1_000;

/// Bytes of a batch's messages; the one that passes this limit is its last.
const BYTES_MAX: usize = 4 << 20;

/// Why the ledger cannot be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error(transparent)]
    Reading(#[from] ReadingError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Following(#[from] FollowError),
    #[error("entry {0} cannot be written as the message of it")]
    Unwritable(u64),
}

impl From<ReadError> for BatchError {
    fn from(error: ReadError) -> Self {
        Self::Reading(error.into())
    }
}

/// Messages of entries that follow each other.
#[derive(Debug)]
pub(super) struct Batch {
    /// In order; an entry may have none, or two.
    pub(super) messages: Vec<Message>,
    /// Once all of them are told.
    pub(super) then: Told,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// Of this entry,
    pub(super) entry: u64,
    /// whose line follows the one of this digest.
    pub(super) after: Sha256,
    pub(super) text: String,
}

/// Where batches come from.
#[derive(Debug)]
pub(super) struct Supply {
    pub(super) receiver: Arc<AuditReceiver>,
    pub(super) site: Site,
    pub(super) journal: JournalReader,
    pub(super) following: Following,
    pub(super) folders: Folders,
}

/// Where what opens sealed details lies.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    pub(super) data: PathBuf,
    pub(super) keys: PathBuf,
    pub(super) own: InstitutionSlug,
}

impl Folders {
    /// What opens sealed details, as it is now: a patient may have come, another been forgotten.
    pub(super) fn keyring(&self) -> Result<Keyring, BatchError> {
        let keys = Keys::open(&self.keys, &self.data, &self.own)?;
        Ok(Keyring::read(&self.data, &keys)?)
    }
}

impl Supply {
    /// The batch from `told` on, of the entries before `until`; `None` when the ledger is not the one that `told`
    /// is a place in. Blocks on the disk.
    pub(super) fn next(&self, told: Told, until: u64) -> Result<Option<Batch>, BatchError> {
        let keyring = match self.receiver.identified {
            true => Some(self.folders.keyring()?),
            false => None,
        };
        let mut reading = Reading::of_journal(self.journal.clone(), keyring);
        let mut messages = Vec::new();
        let (mut entries, mut bytes) = (0, 0);
        let take = |stored| {
            let record = reading.record(stored)?;
            for text in self.texts(&record)? {
                bytes += text.len();
                messages.push(Message {
                    entry: record.entry.seq,
                    after: record.entry.prev,
                    text,
                });
            }
            entries += 1;
            match entries >= ENTRIES_MAX || bytes >= BYTES_MAX {
                true => Ok::<_, BatchError>(ControlFlow::Break(())),
                false => Ok(ControlFlow::Continue(())),
            }
        };
        let then = self.following.each(told, until, take)?;
        Ok(then.map(|then| Batch { messages, then }))
    }

    fn texts(&self, record: &Record) -> Result<Vec<String>, BatchError> {
        let (site, receiver) = (&self.site, &self.receiver);
        match &receiver.to {
            AuditTo::Tls(_) | AuditTo::Tcp(_) | AuditTo::Udp(_) => {
                let messages = audit::dicom_messages(site, record).into_iter();
                let syslog = messages.map(|xml| {
                    let event = syslog::Event {
                        at: record.at(),
                        severity: record.severity(),
                        boot: &record.entry.boot,
                        xml: &xml,
                    };
                    syslog::message(site, receiver.message_id, &event)
                });
                Ok(syslog.collect())
            }
            AuditTo::Fhir(_) => {
                let events = audit::audit_events(site, record).into_iter();
                let json = events.map(|event| serde_json::to_string(&event));
                let json: Result<Vec<String>, serde_json::Error> = json.collect();
                json.map_err(|_| BatchError::Unwritable(record.entry.seq))
            }
        }
    }
}
