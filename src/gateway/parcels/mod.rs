//! Sealed parcels for other gateways: what was stored to a hospital leaves the spool sealed, and whoever
//! carries it can read none of it.
//!
//! `sealing` writes a parcel, `custody` keeps its key where that is released online, `opening`
//! answers a recipient who asks for it, and [`unpack`] is the recipient's side. When what waits is
//! sealed, and what becomes of an instance whose parcel cannot be written, is for `delivery::packing`.

mod custody;
mod opening;
mod sealing;
mod unpack;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::Gateway;
use super::drain_begins;
use crate::config::Config;
use crate::config::PeerName;
use crate::depot::Depot;

pub(super) use sealing::Item;
pub(super) use sealing::SealError;

pub use opening::ParcelDesk;
pub use opening::Reply;
pub use unpack::Asking;
pub use unpack::Checked;
pub use unpack::UnpackError;
pub use unpack::Unpacked;
pub use unpack::examine;
pub use unpack::unpack;

/// How often keys are looked through for those that are too old.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// What there is one of in a gateway.
#[derive(Debug, Default)]
pub(super) struct Parcels {
    /// Those that could be opened, by peer: opened when they are first needed.
    depots: Mutex<BTreeMap<PeerName, Depot>>,
}

impl Parcels {
    /// Where parcels for `peer` are left.
    fn depot(&self, config: &Config, peer: &PeerName) -> std::io::Result<Depot> {
        let mut depots = self.depots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(depot) = depots.get(peer) {
            return Ok(depot.clone());
        }
        let gateway = config.peer(peer.as_str());
        let gateway = gateway.and_then(|peer| config.gateway_peer_of(peer));
        let parcels = gateway.and_then(|gateway| gateway.parcels.as_ref());
        let parcels =
            parcels.ok_or_else(|| std::io::Error::other(format!("no parcels go to {peer}")))?;
        let depot = Depot::open(&parcels.to)?;
        depots.insert(peer.clone(), depot.clone());
        Ok(depot)
    }
}

/// Destroys the keys of parcels that were kept long enough, until the gateway drains.
pub(super) async fn keep(gateway: std::sync::Arc<Gateway>) {
    let mut draining = gateway.draining.subscribe();
    loop {
        custody::destroy_old(&gateway).await;
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = drain_begins(&mut draining) => return,
        }
    }
}
