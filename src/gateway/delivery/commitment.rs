//! What was delivered and is kept until its destination has committed to keep it (PS3.4 Annex J).

use std::sync::Arc;

use super::Delivery;
use super::on_disk;
use super::order::Order;
use crate::config::PeerName;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::storage::ObjectId;
use crate::storage::Place;
use crate::storage::SpoolError;

/// An instance that a destination took, as Storage Commitment names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Uncommitted {
    /// Its number in the spool.
    pub(in crate::gateway) id: ObjectId,
    /// Referenced SOP Class UID (0008,1150).
    pub(in crate::gateway) sop_class: Uid,
    /// Referenced SOP Instance UID (0008,1155).
    pub(in crate::gateway) sop_instance: Uid,
    /// The AE title that it was delivered by.
    pub(in crate::gateway) calling: AeTitle,
}

impl Delivery {
    /// Up to `limit` instances that `to` took and has not committed to keep, the oldest first; what
    /// cannot be read is left out.
    pub(in crate::gateway) async fn uncommitted(
        &self,
        to: &PeerName,
        limit: usize,
    ) -> Result<Vec<Uncommitted>, SpoolError> {
        let ids: Vec<ObjectId> = {
            let Some(counter) = self.queues.get(to) else {
                return Ok(Vec::new());
            };
            let queue = counter.queue();
            let kept = queue.aside();
            let kept = kept.filter(|(_, aside)| aside.place == Place::Delivered);
            kept.map(|(id, _)| id).take(limit).collect()
        };
        let (spool, to) = (Arc::clone(&self.spool), to.clone());
        on_disk(move || {
            let named = |id: ObjectId| {
                let reader = spool.read(&to, id, Place::Delivered).ok()?;
                let order = Order::from_bytes(reader.about()).ok()?;
                let (sop_class, sop_instance) = order.instance()?;
                let calling = order.leg(&to).ok()?.calling.clone();
                Some(Uncommitted {
                    id,
                    sop_class,
                    sop_instance,
                    calling,
                })
            };
            Ok(ids.into_iter().filter_map(named).collect())
        })
        .await
    }

    /// `to` has committed to keep these: they go.
    pub(in crate::gateway) async fn committed(
        &self,
        to: &PeerName,
        ids: &[ObjectId],
    ) -> Result<(), SpoolError> {
        for id in ids.iter().copied() {
            let (spool, queue) = (Arc::clone(&self.spool), to.clone());
            let removed = on_disk(move || spool.remove(&queue, id, Place::Delivered)).await;
            match removed {
                Ok(()) | Err(SpoolError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
            if let Some(counter) = self.queues.get(to) {
                counter.change(|queue| queue.forget(id));
            }
        }
        Ok(())
    }

    /// `to` says that it does not have these, or not whole: they are delivered again.
    pub(in crate::gateway) async fn not_committed(
        &self,
        to: &PeerName,
        ids: &[ObjectId],
    ) -> Result<(), SpoolError> {
        for id in ids.iter().copied() {
            self.put(to, id, Place::Delivered, Place::Waiting, None)
                .await?;
            let now_us = self.clock.read().monotonic_us;
            if let Some(counter) = self.queues.get(to) {
                counter.change(|queue| queue.bring_back(now_us, id));
            }
        }
        Ok(())
    }
}
