//! The keys of parcels that are released online, and the questions that the contract is asked again
//! when somebody wants one: beside the spool, sealed under `spool.key`, in no backup. A key that was
//! kept long enough is destroyed, and then nobody can open its parcel any more.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::config::PeerName;
use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::gateway::Gateway;
use crate::gateway::recorder::Asked;
use crate::parcel::ContentKey;
use crate::parcel::Manifest;
use crate::parcel::ParcelId;
use crate::storage::Spool;
use crate::storage::SpoolError;
use crate::time::UtcMicros;

/// Keys that are kept at a time. With so many, no parcel is sealed that would need another.
pub(super) const KEPT_MAX: usize = 10_000;

/// What the names of the spool's files for them begin with.
const PREFIX: &str = "parcel-";

/// How they are written; another version reads this one, or leaves it alone.
const VERSION: u16 = 1;

/// What is kept of a parcel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    version: u16,
    /// Its manifest, without the objects, whose number is all that is asked for later.
    pub(super) manifest: Manifest,
    pub(super) manifest_sha256: Sha256,
    /// Digest and length of each data set.
    pub(super) data_sets: Vec<(Sha256, u64)>,
    /// The peer that it was sealed for.
    pub(super) peer: PeerName,
    /// The entry that says so.
    pub(super) sealed: u64,
    /// What was asked before it was sealed.
    pub(super) asked: Asked,
    /// After this the key is destroyed.
    pub(super) until: UtcMicros,
    key: [u8; 32],
}

impl Kept {
    pub(super) fn new(
        manifest: &Manifest,
        manifest_sha256: Sha256,
        data_sets: Vec<(Sha256, u64)>,
        peer: PeerName,
        sealed: u64,
        asked: Asked,
        until: UtcMicros,
        key: &ContentKey,
    ) -> Self {
        Self {
            version: VERSION,
            manifest: Manifest {
                objects: Vec::new(),
                ..manifest.clone()
            },
            manifest_sha256,
            data_sets,
            peer,
            sealed,
            asked,
            until,
            key: *key.as_bytes(),
        }
    }

    pub(super) fn key(&self) -> ContentKey {
        ContentKey::from_bytes(self.key)
    }

    pub(super) fn recipient(&self) -> &InstitutionSlug {
        &self.manifest.to
    }
}

/// Why a key cannot be kept, or is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum CustodyError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("{KEPT_MAX} keys of parcels are kept already; the oldest are destroyed first, in their time")]
    Full,
    #[error("what is kept of parcel {0} cannot be read")]
    Unreadable(ParcelId),
}

/// Keeps it, durably.
pub(super) fn keep(spool: &Spool, kept: &Kept) -> Result<(), CustodyError> {
    let id = kept.manifest.id;
    let bytes = serde_json::to_vec(kept).map_err(|_| CustodyError::Unreadable(id))?;
    Ok(spool.remember(&name(id), &bytes)?)
}

/// Whether there is room for another one.
pub(super) fn check_room(spool: &Spool) -> Result<(), CustodyError> {
    if spool.remembered_names(PREFIX)?.len() >= KEPT_MAX {
        return Err(CustodyError::Full);
    }
    Ok(())
}

/// What is kept of a parcel, if anything is.
pub(super) fn kept(spool: &Spool, id: ParcelId) -> Result<Option<Kept>, CustodyError> {
    let Some(bytes) = spool.remembered(&name(id))? else {
        return Ok(None);
    };
    let kept: Result<Kept, _> = serde_json::from_slice(&bytes);
    match kept {
        Ok(kept) if kept.version == VERSION && kept.manifest.id == id => Ok(Some(kept)),
        Ok(_) | Err(_) => Err(CustodyError::Unreadable(id)),
    }
}

/// Destroys the key of a parcel.
pub(super) fn destroy(spool: &Spool, id: ParcelId) -> Result<(), CustodyError> {
    Ok(spool.forget(&name(id))?)
}

/// Destroys the keys that were kept long enough.
pub(super) async fn destroy_old(gateway: &Arc<Gateway>) {
    let (spool, now) = (Arc::clone(&gateway.spool), gateway.clock.now());
    let looked = tokio::task::spawn_blocking(move || look_through(&spool, now)).await;
    match looked {
        Ok(Ok(destroyed)) => {
            for id in destroyed {
                tracing::info!(parcel = %id, "the key of a parcel was kept long enough, and is destroyed");
            }
        }
        Ok(Err(error)) => tracing::error!(%error, "the keys of parcels cannot be looked through"),
        Err(_) => {}
    }
}

fn look_through(spool: &Spool, now: UtcMicros) -> Result<Vec<ParcelId>, CustodyError> {
    let mut destroyed = Vec::new();
    for name in spool.remembered_names(PREFIX)? {
        let Some(id) = name.strip_prefix(PREFIX).and_then(|id| id.parse().ok()) else {
            continue;
        };
        match kept(spool, id) {
            Ok(Some(kept)) if kept.until <= now => {
                destroy(spool, id)?;
                destroyed.push(id);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "a key stays where it is"),
        }
    }
    Ok(destroyed)
}

fn name(id: ParcelId) -> String {
    format!("{PREFIX}{id}")
}
