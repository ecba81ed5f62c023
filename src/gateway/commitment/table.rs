//! Storage commitments that are under way, also across restarts: one small sealed file of the spool.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex as SyncMutex;
use std::sync::PoisonError;

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::sync::Notify;
use tokio::sync::mpsc;

use super::telling::Telling;
use crate::config::PeerName;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::gateway::Gateway;
use crate::storage::SpoolError;
use crate::time::UtcMicros;

/// The spool's file for it.
pub(in crate::gateway) const FILE: &str = "commitments";

/// Bytes of all transactions together: requests name 64 bytes for each of their instances, and more.
const BYTES_MAX: usize = 8_388_608;

/// What tells a transaction from all others: who is to commit, and the UID that the asker chose.
pub(super) type Key = (PeerName, Uid);

/// One request for commitment, until its asker has heard the outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Transaction {
    /// Transaction UID (0008,1195).
    pub(super) uid: Uid,
    /// Who is to commit.
    pub(super) to: PeerName,
    /// The AE title that we call it by.
    pub(super) calling: AeTitle,
    /// Who asks; `None`: the gateway itself, for what it keeps until it is committed.
    pub(super) asker: Option<PeerName>,
    /// The AE title of ours that it called.
    pub(super) called: AeTitle,
    /// Instances that it asks about.
    pub(super) instances: u64,
    /// The decision's entry, where a peer asks.
    pub(super) decision: Option<u64>,
    /// What the gateway keeps until then: numbers in the spool, and SOP Instance UIDs.
    pub(super) objects: Vec<(u64, Uid)>,
    /// When it asked.
    pub(super) taken_at: UtcMicros,
    /// The destination is asked when nothing up to this object waits for it any more.
    pub(super) after: Option<u64>,
    /// The destination was asked, and agreed to report.
    pub(super) asked: bool,
    /// The N-ACTION's data set.
    pub(super) request: DataSet,
    /// What the destination reported.
    pub(super) report: Option<Report>,
}

/// An N-EVENT-REPORT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// Event Type ID (0000,1002): 1, or 2 where some instances are not committed.
    pub(super) event: u16,
    /// Its data set.
    pub(super) data_set: DataSet,
    /// Instances that are not committed.
    pub(super) failed: u64,
}

/// A data set, and how it is encoded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataSet {
    pub(super) syntax: Uid,
    /// Shared by all copies: the table is copied often.
    #[serde(with = "as_base64")]
    pub(super) bytes: Bytes,
}

impl std::fmt::Debug for DataSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataSet({} bytes)", self.bytes.len())
    }
}

impl Transaction {
    pub(super) fn key(&self) -> Key {
        (self.to.clone(), self.uid.clone())
    }

    /// Who asks, for people.
    pub(super) fn asker_name(&self) -> &str {
        self.asker.as_ref().map_or("the gateway", PeerName::as_str)
    }
}

/// Why a transaction is not taken up.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    /// As many as may be, or too long.
    #[error("as many storage commitments are under way as may be")]
    Full,
    /// Another peer's.
    #[error("this transaction is another's")]
    Taken,
    /// The disk.
    #[error("what is asked for cannot be kept")]
    Spool(#[from] SpoolError),
}

/// All transactions.
#[derive(Debug)]
pub(in crate::gateway) struct Commitments {
    table: Mutex<Vec<Transaction>>,
    transactions_max: usize,
    /// Transactions that somebody is at work on.
    busy: SyncMutex<BTreeSet<Key>>,
    /// How often in a row a destination has not committed to all that it took.
    not_committed: SyncMutex<BTreeMap<PeerName, u32>>,
    /// Askers whose associations stand.
    listeners: SyncMutex<Vec<Listener>>,
    /// There is something to do.
    pub(super) news: Notify,
}

#[derive(Debug)]
struct Listener {
    asker: PeerName,
    called: AeTitle,
    tell: mpsc::Sender<Telling>,
}

/// Work on a transaction that nobody else does meanwhile.
pub(super) struct Turn<'a> {
    commitments: &'a Commitments,
    key: Key,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.commitments.busy().remove(&self.key);
    }
}

impl Commitments {
    /// What an earlier run kept.
    ///
    /// # Errors
    /// When it cannot be read: askers wait for these outcomes, so a person has to look.
    pub(in crate::gateway) fn restore(
        bytes: &[u8],
        transactions_max: usize,
    ) -> Result<Self, SpoolError> {
        let table = match bytes {
            [] => Vec::new(),
            bytes => serde_json::from_slice(bytes).map_err(|error| SpoolError::Io {
                path: FILE.into(),
                source: error.into(),
            })?,
        };
        Ok(Self {
            table: Mutex::new(table),
            transactions_max,
            busy: SyncMutex::default(),
            not_committed: SyncMutex::default(),
            listeners: SyncMutex::default(),
            news: Notify::new(),
        })
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, BTreeSet<Key>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to work on a transaction; `None` when somebody else does.
    pub(super) fn turn(&self, key: Key) -> Option<Turn<'_>> {
        let is_free = self.busy().insert(key.clone());
        // Not made at all when it is not: what drops a turn ends it.
        is_free.then(|| Turn {
            commitments: self,
            key,
        })
    }

    /// How often in a row `to` has not committed to all that it took.
    pub(super) fn not_committed_in_row(&self, to: &PeerName) -> u32 {
        let counts = self.not_committed.lock();
        let counts = counts.unwrap_or_else(PoisonError::into_inner);
        counts.get(to).copied().unwrap_or(0)
    }

    /// Counts how a request of the gateway's own ended.
    pub(super) fn count_settled(&self, to: &PeerName, all_committed: bool) -> u32 {
        let counts = self.not_committed.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(to.clone()).or_default();
        *count = if all_committed {
            0
        } else {
            count.saturating_add(1)
        };
        *count
    }

    /// All of them as they are now.
    pub(super) async fn all(&self) -> Vec<Transaction> {
        self.table.lock().await.clone()
    }

    pub(super) async fn get(&self, key: &Key) -> Option<Transaction> {
        let table = self.table.lock().await;
        table.iter().find(|one| one.key() == *key).cloned()
    }

    /// Takes up a transaction, durably. One that the same asker asks again counts from now.
    pub(super) async fn add(&self, gateway: &Gateway, new: Transaction) -> Result<(), TableError> {
        let max = self.transactions_max;
        self.change(gateway, move |table| {
            if let Some(old) = table.iter().find(|one| one.key() == new.key())
                && old.asker != new.asker
            {
                return Err(TableError::Taken);
            }
            table.retain(|one| one.key() != new.key());
            if table.len() >= max {
                return Err(TableError::Full);
            }
            table.push(new);
            Ok(())
        })
        .await
    }

    /// Changes a transaction, durably. `false` when it is not there any more.
    pub(super) async fn set(
        &self,
        gateway: &Gateway,
        key: &Key,
        change: impl FnOnce(&mut Transaction),
    ) -> Result<bool, TableError> {
        self.change(gateway, |table| {
            let found = table.iter_mut().find(|one| one.key() == *key);
            Ok(found.map(change).is_some())
        })
        .await
    }

    /// Forgets a transaction, durably.
    pub(super) async fn remove(&self, gateway: &Gateway, key: &Key) -> Result<(), TableError> {
        self.change(gateway, |table| {
            table.retain(|one| one.key() != *key);
            Ok(())
        })
        .await
    }

    /// What is changed counts when it is durable, and not before.
    async fn change<T>(
        &self,
        gateway: &Gateway,
        change: impl FnOnce(&mut Vec<Transaction>) -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        let mut table = self.table.lock().await;
        let mut changed = table.clone();
        let result = change(&mut changed)?;
        let bytes = serde_json::to_vec(&changed).map_err(|_| TableError::Full)?;
        // What has grown too long is refused; what shrinks never is.
        if bytes.len() > BYTES_MAX && changed.len() > table.len() {
            return Err(TableError::Full);
        }
        let spool = Arc::clone(&gateway.spool);
        let kept = tokio::task::spawn_blocking(move || spool.remember(FILE, &bytes)).await;
        let kept = kept.unwrap_or_else(|_| {
            let source = std::io::Error::other("a thread of the spool panicked");
            Err(SpoolError::Poisoned(source))
        });
        if let Err(error) = kept {
            if error.is_fatal() {
                gateway.lost.send_replace(true);
            }
            return Err(error.into());
        }
        *table = changed;
        drop(table);
        self.news.notify_one();
        Ok(result)
    }

    /// What is to be told to this asker on an association of its own.
    pub(in crate::gateway) fn listen(
        &self,
        asker: &PeerName,
        called: &AeTitle,
    ) -> mpsc::Receiver<Telling> {
        let (tell, told) = mpsc::channel(1);
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|one| !one.tell.is_closed());
        listeners.push(Listener {
            asker: asker.clone(),
            called: called.clone(),
            tell,
        });
        self.news.notify_one();
        told
    }

    /// The newest association of this asker, if one stands.
    pub(super) fn listener(
        &self,
        asker: &PeerName,
        called: &AeTitle,
    ) -> Option<mpsc::Sender<Telling>> {
        let listeners = self.listeners.lock();
        let listeners = listeners.unwrap_or_else(PoisonError::into_inner);
        let mut standing = listeners.iter().rev().filter(|one| !one.tell.is_closed());
        let found = standing.find(|one| one.asker == *asker && one.called == *called);
        found.map(|one| one.tell.clone())
    }
}

/// Bytes as base64.
mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(bytes.into())
    }
}
