//! What the spool keeps until its destination has committed to keep it (a peer's `commit`): asked about
//! by the gateway itself, let go when it is committed, delivered again when it is not.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::hash::Hasher as _;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use super::data_set::Reference;
use super::data_set::Said;
use super::table::DataSet;
use super::table::Report;
use super::table::TableError;
use super::table::Transaction;
use crate::config::PeerName;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::encoding_of;
use crate::dicom::uids;
use crate::gateway::Gateway;
use crate::storage::ObjectId;

/// Instances of one request.
const INSTANCES_MAX: usize = 500;

/// The longest wait before the same destination is asked again after it has not committed.
const REST_MAX: Duration = Duration::from_secs(300);

/// Destinations that have not committed, and when they are asked again.
#[derive(Default)]
pub(super) struct Rests(BTreeMap<PeerName, (u32, u64)>);

/// Asks every destination whose instances are kept, one request at a time each.
pub(super) async fn ask(gateway: &Arc<Gateway>, rests: &mut Rests) {
    let peers = gateway.config.peers.iter();
    for peer in peers.filter(|peer| peer.commit && peer.connect.is_some()) {
        let in_row = gateway.commitments.not_committed_in_row(&peer.name);
        let now_us = gateway.clock.read().monotonic_us;
        let rest = rests.0.entry(peer.name.clone()).or_default();
        if rest.0 != in_row {
            let wait = Duration::from_secs(1_u64 << in_row.min(16)).min(REST_MAX);
            let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
            *rest = (
                in_row,
                if in_row == 0 {
                    0
                } else {
                    now_us.saturating_add(wait_us)
                },
            );
        }
        if now_us < rest.1 {
            continue;
        }
        if let Err(error) = ask_one(gateway, &peer.name).await {
            tracing::error!(peer = %peer.name, %error, "what is kept cannot be asked about");
        }
    }
}

async fn ask_one(gateway: &Arc<Gateway>, to: &PeerName) -> Result<(), TableError> {
    let all = gateway.commitments.all().await;
    if all.iter().any(|one| one.to == *to && one.asker.is_none()) {
        return Ok(());
    }
    let kept = gateway.delivery.uncommitted(to, INSTANCES_MAX).await?;
    let Some(calling) = kept.first().map(|one| one.calling.clone()) else {
        return Ok(());
    };
    let (Some(uid), Ok(syntax)) = (new_uid(), uids::EXPLICIT_LITTLE.parse()) else {
        return Ok(());
    };
    let kept: Vec<_> = kept
        .into_iter()
        .filter(|one| one.calling == calling)
        .collect();
    let references = kept.iter().map(|one| Reference {
        class: one.sop_class.clone(),
        instance: one.sop_instance.clone(),
    });
    let said = Said {
        transaction: uid,
        references: references.collect(),
        failed: Vec::new(),
    };
    let transaction = Transaction {
        instances: said.instances(),
        to: to.clone(),
        called: calling.clone(),
        calling,
        asker: None,
        decision: None,
        objects: kept
            .into_iter()
            .map(|one| (one.id.number(), one.sop_instance))
            .collect(),
        taken_at: gateway.clock.now(),
        after: None,
        asked: false,
        request: DataSet {
            syntax,
            bytes: said.write(Encoding::ExplicitLittle).into(),
        },
        report: None,
        uid: said.transaction,
    };
    gateway.commitments.add(gateway, transaction).await
}

/// Lets go what is committed, and has the rest delivered again.
pub(super) async fn settle(
    gateway: &Gateway,
    transaction: &Transaction,
    report: &Report,
) -> Result<(), TableError> {
    let syntax = &report.data_set.syntax;
    let encoding = encoding_of(syntax, &gateway.config.private_transfer_syntaxes);
    let said = encoding.and_then(|encoding| Said::read(&report.data_set.bytes, encoding));
    let committed = said.as_ref().map(Said::committed).unwrap_or_default();
    let objects = transaction.objects.iter();
    let (safe, lost): (Vec<_>, Vec<_>) = objects.partition(|(_, uid)| committed.contains(uid));
    let ids = |objects: Vec<&(u64, Uid)>| -> Vec<ObjectId> {
        let numbers = objects.into_iter().map(|(number, _)| *number);
        numbers.map(ObjectId::from_number).collect()
    };
    let to = &transaction.to;
    let lost_count = lost.len();
    gateway.delivery.committed(to, &ids(safe)).await?;
    gateway.delivery.not_committed(to, &ids(lost)).await?;
    gateway
        .commitments
        .remove(gateway, &transaction.key())
        .await?;
    let in_row = gateway.commitments.count_settled(to, lost_count == 0);
    if in_row == gateway.config.spool.tries_refused_max {
        let text = format!(
            "{to} took instances and did not commit to keep them, {in_row} times in a row; \
             {lost_count} are delivered again"
        );
        tracing::error!("{text}");
        gateway.recorder.alert("not-committed", text).await;
    }
    Ok(())
}

/// A UID by chance (PS3.5 §B.2): the arc 2.25 and 128 bits.
fn new_uid() -> Option<Uid> {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    format!("2.25.{}", (half() << 64) | half()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_legal_and_differ() {
        let uids: std::collections::BTreeSet<_> = (0..100).filter_map(|_| new_uid()).collect();
        assert_eq!(uids.len(), 100);
    }
}
