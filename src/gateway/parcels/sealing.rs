//! Sealing: instances of one study that one decision permits become a parcel.
//!
//! The order is what makes it durable: the sealed files, each synced; the entry in the ledger; the
//! key, where it stays here; the manifest. A crash before the manifest leaves what is no parcel, and
//! the instances in the spool; one after it, a parcel, and perhaps the instances too, which then
//! become a second one.

use std::io;
use std::sync::Arc;

use super::Parcels;
use super::custody;
use super::custody::CustodyError;
use super::custody::Kept;
use super::custody::Version;
use crate::config::GatewayPeer;
use crate::config::Peer;
use crate::contract::Body;
use crate::depot::Place as Shelf;
use crate::dicom::Uid;
use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::gateway::Gateway;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorded;
use crate::gateway::transfer::DataSet;
use crate::parcel::CONTENTS;
use crate::parcel::ContentKey;
use crate::parcel::Contents;
use crate::parcel::ContentsError;
use crate::parcel::Instance;
use crate::parcel::Listed;
use crate::parcel::MANIFEST;
use crate::parcel::Manifest;
use crate::parcel::ManifestError;
use crate::parcel::ParcelId;
use crate::parcel::Release;
use crate::parcel::WrapError;
use crate::parcel::Wrapped;
use crate::parcel::object_name;
use crate::storage::KeysError;
use crate::storage::ObjectId;
use crate::storage::Place;
use crate::storage::Spool;
use crate::storage::SpoolError;
use crate::storage::random_bytes;
use crate::storage::seal_stream;

/// An instance in the spool that is to be sealed.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Item {
    pub(in crate::gateway) id: ObjectId,
    pub(in crate::gateway) sop_class: Uid,
    pub(in crate::gateway) sop_instance: Uid,
    pub(in crate::gateway) transfer_syntax: Uid,
}

/// Why there is no parcel.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum SealError {
    /// The place where it is to be left does not take it: not the instances' fault.
    #[error("the parcel cannot be left: {0}")]
    Depot(io::Error),
    /// An instance cannot be read.
    #[error("object {0} cannot be sealed: {1}")]
    Spool(ObjectId, SpoolError),
    /// Its key cannot be kept.
    #[error(transparent)]
    Custody(#[from] CustodyErrorText),
    /// It cannot be recorded.
    #[error(transparent)]
    NotRecorded(#[from] RecordError),
    /// The permit ended before the parcel was complete.
    #[error("the permit ended before the parcel was complete")]
    Withheld,
    /// The gateway itself failed over it.
    #[error("the parcel cannot be made: {0}")]
    Internal(String),
}

/// What custody said, as text: nobody tells one reason from another.
#[derive(Debug, thiserror::Error)]
#[error("the key of the parcel cannot be kept: {0}")]
pub(in crate::gateway) struct CustodyErrorText(String);

impl From<CustodyError> for SealError {
    fn from(error: CustodyError) -> Self {
        Self::Custody(CustodyErrorText(error.to_string()))
    }
}

/// A parcel whose files are durable, and that has no manifest yet.
struct Filled {
    shelf: Shelf,
    id: ParcelId,
    key: ContentKey,
    objects: Vec<Listed>,
    contents: Contents,
    /// Of whatever may lie there, also of a file that was begun and failed.
    names: Vec<String>,
}

impl Filled {
    fn discard(&self) {
        self.shelf.discard(&self.names);
    }
}

impl Parcels {
    /// Whether a parcel for `to` could be left now, before anything is asked or written.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::gateway) async fn ready(
        gateway: &Arc<Gateway>,
        to: &Peer,
    ) -> Result<(), SealError> {
        let hospital = gateway.config.gateway_peer_of(to);
        let keeps_key = hospital.is_some_and(|hospital| releases(hospital) == Release::Online);
        let (gateway, queue) = (Arc::clone(gateway), to.name.clone());
        blocking(move || {
            if keeps_key {
                custody::check_room(&gateway.spool)?;
            }
            let depot = gateway.parcels.depot(&gateway.config, &queue);
            let checked = depot.and_then(|depot| depot.check());
            checked.map_err(SealError::Depot)
        })
        .await
    }

    /// Seals `items`, which wait for `to`, under the decision that permits it; tells how the key is
    /// released, and gives each data set. Returns when the parcel is durable, and nothing of it is left otherwise,
    /// as far as that is in our hands.
    ///
    /// # Errors
    /// See [`SealError`].
    pub(in crate::gateway) async fn seal(
        gateway: &Arc<Gateway>,
        to: &Peer,
        recorded: &Recorded,
        study: Option<Uid>,
        items: Vec<Item>,
    ) -> Result<(Release, Vec<DataSet>), SealError> {
        let hospital = gateway.config.gateway_peer_of(to).cloned();
        let hospital = hospital.ok_or_else(|| internal("the peer is no gateway"))?;
        let spool = Arc::clone(&gateway.spool);
        let queue = to.name.clone();
        let shared = Arc::clone(gateway);
        let filled = blocking(move || {
            let depot = shared.parcels.depot(&shared.config, &queue);
            let id = ParcelId::from_bytes(random()?);
            let shelf = depot.map_err(SealError::Depot)?.place(id);
            fill(&spool, &queue, shelf, id, study, &items)
        });
        let filled = Arc::new(filled.await?);
        let sealed = complete(gateway, to, &hospital, recorded, &filled).await;
        if sealed.is_err() {
            let spool = Arc::clone(&gateway.spool);
            let discarded = blocking(move || {
                filled.discard();
                Ok(custody::destroy(&spool, filled.id)?)
            });
            if let Err(error) = discarded.await {
                tracing::error!(%error, "what is left of a parcel that is none");
            }
        }
        Ok((releases(&hospital), sealed?))
    }
}

/// The entry, the key and the manifest.
async fn complete(
    gateway: &Arc<Gateway>,
    to: &Peer,
    hospital: &GatewayPeer,
    recorded: &Recorded,
    filled: &Arc<Filled>,
) -> Result<Vec<DataSet>, SealError> {
    let manifest = manifest_of(gateway, hospital, recorded, filled)?;
    let signer = gateway.recorder.statement_signer();
    let note = manifest.sign(&signer).map_err(of_manifest)?;
    let digest = Manifest::digest(&note);
    let instances = &filled.contents.instances;
    let data_sets: Vec<DataSet> = instances
        .iter()
        .map(|one| DataSet {
            digest: one.sha256,
            bytes: one.bytes,
            class: Some(one.sop_class.clone()),
        })
        .collect();
    let body = Body::ParcelSealed {
        parcel: filled.id.to_string(),
        decision: recorded.entry(),
        recipient: manifest.to.clone(),
        instances: u64::try_from(instances.len()).unwrap_or(u64::MAX),
        classes: instances.iter().map(|one| &one.sop_class).collect(),
        bytes: data_sets
            .iter()
            .fold(0, |sum, one| sum.saturating_add(one.bytes)),
        manifest_sha256: digest,
        release: manifest.release,
    };
    let entry = gateway.recorder.record(body).await?;
    if manifest.release == Release::Online {
        let keep = hospital.parcels.as_ref().map(|parcels| parcels.keep);
        let keep = i64::try_from(keep.unwrap_or_default().as_micros()).unwrap_or(i64::MAX);
        let kept = Kept {
            version: Version::default(),
            manifest: Manifest {
                objects: Vec::new(),
                ..manifest.clone()
            },
            manifest_sha256: digest,
            data_sets: data_sets.clone(),
            peer: to.name.clone(),
            sealed: entry,
            asked: recorded.asked().clone(),
            until: manifest.created.plus(keep),
            key: *filled.key.as_bytes(),
        };
        let spool = Arc::clone(&gateway.spool);
        blocking(move || Ok(custody::keep(&spool, &kept)?)).await?;
    }
    // From here on it is a parcel. Asked last: what was revoked while it was written is not released.
    if !recorded.stands_now() {
        return Err(SealError::Withheld);
    }
    let filled = Arc::clone(filled);
    blocking(move || {
        let put = filled.shelf.put(MANIFEST, note.as_bytes());
        put.map_err(SealError::Depot)
    })
    .await?;
    Ok(data_sets)
}

fn manifest_of(
    gateway: &Gateway,
    hospital: &GatewayPeer,
    recorded: &Recorded,
    filled: &Filled,
) -> Result<Manifest, SealError> {
    let recipient = hospital.parcel_key;
    let recipient = recipient.ok_or_else(|| internal("the peer has no parcel_key"))?;
    let release = releases(hospital);
    let mut manifest = Manifest {
        id: filled.id,
        from: gateway.config.gateway.institution.clone(),
        to: hospital.peer.institution.clone(),
        recipient_key: recipient.id(),
        decision: recorded.entry(),
        study: filled.contents.study_digest(),
        created: gateway.clock.now(),
        release,
        objects: filled.objects.clone(),
        key: None,
    };
    if release == Release::Offline {
        let wrapped = Wrapped::new(&filled.key, &recipient, &manifest.binding(), &random()?);
        manifest.key = Some(wrapped.map_err(of_key)?);
    }
    Ok(manifest)
}

/// Seals every object of a parcel, and the list of them, durably.
fn fill(
    spool: &Spool,
    queue: &crate::config::PeerName,
    shelf: Shelf,
    id: ParcelId,
    study: Option<Uid>,
    items: &[Item],
) -> Result<Filled, SealError> {
    shelf.make().map_err(SealError::Depot)?;
    let mut filled = Filled {
        shelf,
        id,
        key: ContentKey::from_bytes(random()?),
        objects: Vec::new(),
        contents: Contents {
            study,
            salt: Sha256::from_bytes(random()?),
            instances: Vec::new(),
        },
        // First to go: without it, it is no parcel.
        names: vec![MANIFEST.to_owned()],
    };
    let done = fill_in(spool, queue, items, &mut filled);
    match done {
        Ok(()) => Ok(filled),
        Err(error) => {
            filled.discard();
            Err(error)
        }
    }
}

fn fill_in(
    spool: &Spool,
    queue: &crate::config::PeerName,
    items: &[Item],
    filled: &mut Filled,
) -> Result<(), SealError> {
    for (number, item) in (1..).zip(items) {
        let unread = |error| SealError::Spool(item.id, error);
        let mut reader = spool.read(queue, item.id, Place::Waiting).map_err(unread)?;
        let (mut hasher, bytes) = (Hasher::new(), reader.bytes());
        let listed = sealed(filled, &object_name(number), |write| {
            while let Some(piece) = reader.next().map_err(unread)? {
                hasher.update(&piece);
                write(&piece)?;
            }
            Ok(())
        })?;
        filled.objects.push(listed);
        filled.contents.instances.push(Instance {
            sop_class: item.sop_class.clone(),
            sop_instance: item.sop_instance.clone(),
            transfer_syntax: item.transfer_syntax.clone(),
            bytes,
            sha256: hasher.finish(),
        });
    }
    let list = filled.contents.to_bytes().map_err(of_contents)?;
    let listed = sealed(filled, CONTENTS, |write| write(&list))?;
    filled.objects.insert(0, listed);
    Ok(())
}

/// One sealed file of a parcel; `give` hands over its bytes.
fn sealed(
    filled: &mut Filled,
    name: &str,
    give: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), SealError>) -> Result<(), SealError>,
) -> Result<Listed, SealError> {
    filled.names.push(name.to_owned());
    let sink = filled.shelf.create(name).map_err(SealError::Depot)?;
    let sealer = seal_stream(&filled.key, filled.id, name, sink);
    let mut sealer = sealer.map_err(SealError::Depot)?;
    give(&mut |piece: &[u8]| sealer.write(piece).map_err(SealError::Depot))?;
    let stream = sealer.finish().map_err(SealError::Depot)?;
    stream.to.finish().map_err(SealError::Depot)?;
    Ok(Listed {
        name: name.to_owned(),
        bytes: stream.bytes,
        sha256: stream.sha256,
    })
}

fn releases(hospital: &GatewayPeer) -> Release {
    let parcels = hospital.parcels.as_ref();
    parcels.map(|parcels| parcels.release).unwrap_or_default()
}

/// Runs what may wait for a disk or a store.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, SealError> + Send + 'static,
) -> Result<T, SealError> {
    let done = tokio::task::spawn_blocking(act).await;
    done.unwrap_or_else(|_| Err(internal("a thread panicked over it")))
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    random_bytes().map_err(|error: KeysError| internal(&error.to_string()))
}

fn internal(text: &str) -> SealError {
    SealError::Internal(text.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn of_manifest(error: ManifestError) -> SealError {
    internal(&error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn of_contents(error: ContentsError) -> SealError {
    internal(&error.to_string())
}

fn of_key(error: WrapError) -> SealError {
    internal(&error.to_string())
}
