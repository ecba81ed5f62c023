//! How the ledger is: what page and API tell of it.

use std::path::Path;

use serde::Serialize;
use utoipa::ToSchema;

use super::console::Console;
use super::metrics::AuditLag;
use super::verifying::Standing;
use crate::config::WitnessPeer;
use crate::contract::InstitutionSlug;
use crate::ledger;
use crate::ledger::Checkpoint;
use crate::ledger::LogKey;
use crate::storage;
use crate::storage::Cosigned;
use crate::storage::WitnessedLogs;
use crate::time::UtcMicros;

/// See the module.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Facts {
    /// Whose log it is: the origin of its checkpoints.
    pub(super) origin: String,
    /// Entries, as far as the console has read.
    pub(super) entries: u64,
    /// The newest checkpoint; absent until the first one since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint: Option<Signed>,
    /// Public keys.
    pub(super) keys: PublicKeys,
    /// Bytes of the journal.
    pub(super) journal_bytes: u64,
    /// Bytes that are free on its disk.
    pub(super) free_bytes: u64,
    /// Who cosigns our checkpoints.
    pub(super) witnesses: Vec<WitnessTold>,
    /// Whose checkpoints we cosign.
    pub(super) witnessed: Vec<LogTold>,
    /// Who is told of audits.
    pub(super) receivers: Vec<ReceiverTold>,
    /// Whether the ledger is what it was.
    pub(super) verification: Standing,
}

/// A signed checkpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Signed {
    /// Entries that it signs for.
    pub(super) size: u64,
    /// The tree's root over them.
    pub(super) root: String,
    /// The note (C2SP tlog-checkpoint), with the cosignatures of witnesses where it is the one that they saw last.
    pub(super) note: String,
}

/// Public keys, as verifier keys (C2SP signed-note).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PublicKeys {
    /// Signs checkpoints.
    pub(super) log: String,
    /// Signs events, and what is said to other gateways.
    pub(super) statement: String,
    /// Cosigns the checkpoints of others.
    pub(super) witness: String,
}

/// A witness.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct WitnessTold {
    /// Whose it is.
    #[schema(value_type = String)]
    pub(super) institution: InstitutionSlug,
    /// The name of its key.
    pub(super) name: String,
    /// Entries that it cosigned for last; absent: none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    /// When, as it says, in microseconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub(super) at: Option<UtcMicros>,
}

/// A log of others.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct LogTold {
    /// Whose it is.
    #[schema(value_type = String)]
    pub(super) institution: InstitutionSlug,
    /// Its origin.
    pub(super) origin: String,
    /// Entries that we cosigned for last.
    pub(super) size: u64,
    /// Proofs that it contradicted itself.
    pub(super) proofs: u64,
    /// What is kept of it can be read.
    pub(super) is_readable: bool,
}

/// A receiver of audits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ReceiverTold {
    /// Its name in the configuration.
    pub(super) name: String,
    /// Entries that it has not been told of.
    pub(super) behind: u64,
}

/// What lies on the disk.
struct OnDisk {
    journal_bytes: u64,
    free_bytes: u64,
    witnesses: Vec<WitnessTold>,
    witnessed: Vec<LogTold>,
    cosigned: Option<String>,
}

impl Console {
    /// How the ledger is.
    pub(super) async fn facts(&self) -> Facts {
        let key = self.recorder.log_key().clone();
        let (data_dir, own) = (self.config.gateway.data_dir.clone(), key.clone());
        let peers = self.config.witness.peers.clone();
        let look = move || OnDisk::look(&data_dir, &own, &peers);
        let on_disk = tokio::task::spawn_blocking(look).await;
        let on_disk = on_disk.unwrap_or_else(|_| OnDisk::nothing());
        let newest = self.checkpoint();
        let size = newest.as_ref().map_or(0, |(newest, _)| newest.size);
        let entries = self.board.seen().entries().max(size);
        let lags = self.audit_lags().await.into_iter();
        let receiver = |lag: AuditLag| ReceiverTold {
            name: lag.receiver,
            behind: lag.entries,
        };
        Facts {
            origin: key.name().to_owned(),
            entries,
            checkpoint: newest.map(|newest| signed(newest, on_disk.cosigned.as_deref(), &key)),
            keys: PublicKeys {
                log: key.to_string(),
                statement: self.recorder.statement_signer().key().to_string(),
                witness: self.recorder.witness().key().to_string(),
            },
            journal_bytes: on_disk.journal_bytes,
            free_bytes: on_disk.free_bytes,
            witnesses: on_disk.witnesses,
            witnessed: on_disk.witnessed,
            receivers: lags.map(receiver).collect(),
            verification: self.verification.standing(),
        }
    }
}

/// The newest checkpoint, with the cosignatures that there are on this very one.
fn signed((newest, note): (Checkpoint, String), cosigned: Option<&str>, key: &LogKey) -> Signed {
    let is_it = |cosigned: &&str| {
        Checkpoint::open(cosigned, key)
            .is_ok_and(|seen| (seen.size, seen.root) == (newest.size, newest.root))
    };
    let note = cosigned.filter(is_it).map_or(note, str::to_owned);
    Signed {
        size: newest.size,
        root: newest.root.to_string(),
        note,
    }
}

impl OnDisk {
    const fn nothing() -> Self {
        Self {
            journal_bytes: 0,
            free_bytes: 0,
            witnesses: Vec::new(),
            witnessed: Vec::new(),
            cosigned: None,
        }
    }

    /// Blocks on the disk. What cannot be read is told as nothing, and in the log.
    fn look(data_dir: &Path, own: &LogKey, peers: &[WitnessPeer]) -> Self {
        let unknown = |what: &str, error: &dyn std::fmt::Display| {
            tracing::warn!(%error, "{what} is not known");
        };
        let store = Cosigned::open(data_dir)
            .inspect_err(|error| unknown("what witnesses said", error))
            .ok();
        let witnesses = peers.iter().filter_map(|peer| {
            let (_, key) = peer.witness.as_ref()?;
            let note = store.as_ref()?.read(key.name()).ok().flatten();
            let size = note
                .as_deref()
                .and_then(|note| Checkpoint::open(note, own).ok())
                .map(|checkpoint| checkpoint.size);
            let signed = note
                .as_deref()
                .and_then(|note| ledger::cosignatures(note, std::slice::from_ref(key)).ok())
                .and_then(|signed| signed.into_iter().next());
            Some(WitnessTold {
                institution: peer.institution.clone(),
                name: key.name().to_owned(),
                size: size.filter(|_| signed.is_some()),
                at: signed.map(|signed| {
                    let seconds = i64::try_from(signed.time_s).unwrap_or(i64::MAX);
                    UtcMicros(seconds.saturating_mul(1_000_000))
                }),
            })
        });
        let read_newest = |store: &Cosigned| store.read_newest().ok().flatten();
        Self {
            journal_bytes: storage::journal_bytes(data_dir).unwrap_or_else(|error| {
                unknown("how large the journal is", &error);
                0
            }),
            free_bytes: storage::free_bytes(data_dir).unwrap_or_else(|error| {
                unknown("how much is free", &error);
                0
            }),
            witnesses: witnesses.collect(),
            witnessed: witnessed(data_dir, peers),
            cosigned: store.as_ref().and_then(read_newest),
        }
    }
}

/// What is kept of the logs of others.
fn witnessed(data_dir: &Path, peers: &[WitnessPeer]) -> Vec<LogTold> {
    if peers.iter().all(|peer| peer.log_key.is_none()) {
        return Vec::new();
    }
    let logs = match WitnessedLogs::open(data_dir) {
        Ok(logs) => logs,
        Err(error) => {
            tracing::warn!(%error, "what is kept of other logs is not known");
            return Vec::new();
        }
    };
    let told = |peer: &WitnessPeer| {
        let key = peer.log_key.as_ref()?;
        let held = logs.read(key.clone());
        let proofs = logs.proofs(key).map_or(0, |proofs| proofs.len() as u64);
        Some(LogTold {
            institution: peer.institution.clone(),
            origin: key.name().to_owned(),
            size: held.as_ref().map_or(0, |held| held.size()),
            proofs,
            is_readable: held.is_ok(),
        })
    };
    peers.iter().filter_map(told).collect()
}
