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
use crate::gateway::transfer::DataSet;
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

/// How it is written: as this gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Version(u16);

impl Default for Version {
    fn default() -> Self {
        Self(VERSION)
    }
}

/// What is kept of a parcel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) version: Version,
    /// Its manifest, without the objects, whose number is all that is asked for later.
    pub(super) manifest: Manifest,
    pub(super) manifest_sha256: Sha256,
    /// Each data set; older versions wrote lists of digest and length.
    pub(super) data_sets: Vec<DataSet>,
    /// The peer that it was sealed for.
    pub(super) peer: PeerName,
    /// The entry that says so.
    pub(super) sealed: u64,
    /// What was asked before it was sealed.
    pub(super) asked: Asked,
    /// After this the key is destroyed.
    pub(super) until: UtcMicros,
    pub(super) key: [u8; 32],
}

impl Kept {
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
    #[error(
        "{KEPT_MAX} keys of parcels are kept already; the oldest are destroyed first, in their time"
    )]
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
        Ok(kept) if kept.version == Version::default() && kept.manifest.id == id => Ok(Some(kept)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::gateway::delivery::asked;
    use crate::parcel::Release;
    use crate::storage::Keys;

    fn spool(dir: &std::path::Path) -> Spool {
        let own = "st-anna".parse().unwrap();
        let keys = Keys::open(&dir.join("keys"), &dir.join("data"), &own).unwrap();
        let text = "gateway = { institution = \"st-anna\" }\n\
            ae = [{ title = \"CREDENCE\", purpose = \"TREATMENT\" }]\n\
            spool = { dir = \"spool\", free_bytes_min = 0 }\n\
            [[listener]]\naddress = \"127.0.0.1:104\"\n\
            [[institution]]\nslug = \"st-anna\"\nname = \"St. Anna\"\n";
        let config = config::Config::parse(text, dir).unwrap();
        Spool::open(&config.spool, &keys).unwrap().0
    }

    fn kept_until(id: u8, until: i64) -> Kept {
        let manifest = Manifest {
            id: ParcelId::from_bytes([id; 16]),
            from: "st-anna".parse().unwrap(),
            to: "lakeside".parse().unwrap(),
            recipient_key: Sha256::ZERO,
            decision: 3,
            study: Sha256::ZERO,
            created: UtcMicros(0),
            release: Release::Online,
            objects: Vec::new(),
            key: None,
        };
        Kept {
            version: Version::default(),
            manifest,
            manifest_sha256: Sha256::ZERO,
            data_sets: vec![DataSet {
                digest: Sha256::ZERO,
                bytes: 100,
                class: None,
            }],
            peer: "lakeside-gateway".parse().unwrap(),
            sealed: 4,
            asked: asked(),
            until: UtcMicros(until),
            key: [id; 32],
        }
    }

    #[test]
    fn a_key_outlasts_a_restart_and_is_destroyed_when_it_was_kept_long_enough() {
        let dir = tempfile::tempdir().unwrap();
        for (id, until) in [(1, 50), (2, 150)] {
            keep(&spool(dir.path()), &kept_until(id, until)).unwrap();
        }
        let spool = spool(dir.path());
        let [first, second] = [1, 2].map(|id| ParcelId::from_bytes([id; 16]));
        let key = |id| kept(&spool, id).unwrap().map(|kept| kept.key());
        assert_eq!(key(first), Some(ContentKey::from_bytes([1; 32])));
        assert_eq!(look_through(&spool, UtcMicros(49)).unwrap(), []);
        assert_eq!(look_through(&spool, UtcMicros(50)).unwrap(), [first]);
        assert_eq!(key(first), None);
        assert_eq!(key(second), Some(ContentKey::from_bytes([2; 32])));
    }

    #[test]
    fn data_sets_as_older_versions_wrote_them_are_read() {
        let text = format!("[\"{}\",100]", Sha256::ZERO);
        let read: DataSet = serde_json::from_str(&text).unwrap();
        assert_eq!(kept_until(1, 1).data_sets, [read]);
    }

    #[test]
    fn what_is_kept_shows_neither_key_nor_patient() {
        let dir = tempfile::tempdir().unwrap();
        keep(&spool(dir.path()), &kept_until(7, 1)).unwrap();
        let name = name(ParcelId::from_bytes([7; 16]));
        let file = std::fs::read(dir.path().join("spool/remembered").join(name)).unwrap();
        let text = String::from_utf8_lossy(&file);
        assert!(!text.contains("lakeside") && !text.contains("7,7,7"));
    }
}
