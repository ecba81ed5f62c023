//! What is left to do for storage commitments, done until it is: destinations asked, askers told, and
//! what comes to nothing given up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::asking::is_agreed;
use super::asking::pass_on;
use super::data_set::Said;
use super::keeping;
use super::note;
use super::reporting::FAILURES_EXIST;
use super::table::DataSet;
use super::table::Key;
use super::table::Report;
use super::table::Transaction;
use super::telling::tell;
use crate::contract::CommitmentAct;
use crate::dicom::encoding_of;
use crate::dimse::Status;
use crate::gateway::Gateway;
use crate::gateway::drain_begins;
use crate::storage::ObjectId;

/// How often it is looked whether what held a request up is gone.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Transactions that are worked on at the same time.
const AT_ONCE_MAX: usize = 8;

/// The longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_secs(300);

/// Tries in vain after which people are told.
const TRIES_UNTOLD: u32 = 5;

/// Tries so far, and when the next one is due (monotonic, in microseconds).
#[derive(Clone, Copy, Default)]
struct Tries {
    count: u32,
    next_us: u64,
}

/// Whether there is more to do for a transaction.
enum Then {
    /// Later, by itself.
    Rests,
    /// It did not work: once more, after a while.
    Again(String),
}

/// Works until the gateway drains.
pub(in crate::gateway) async fn run(gateway: Arc<Gateway>) {
    let mut draining = gateway.draining.subscribe();
    let mut tries: BTreeMap<Key, Tries> = BTreeMap::new();
    let mut rests = keeping::Rests::default();
    let mut working: JoinSet<(Transaction, Then)> = JoinSet::new();
    loop {
        tokio::select! {
            () = gateway.commitments.news.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            Some(done) = working.join_next() => {
                if let Ok((transaction, then)) = done {
                    count(&gateway, &mut tries, &transaction, then).await;
                }
            }
            () = drain_begins(&mut draining) => return,
        }
        keeping::ask(&gateway, &mut rests).await;
        let all = gateway.commitments.all().await;
        tries.retain(|key, _| all.iter().any(|one| one.key() == *key));
        let now_us = gateway.clock.read().monotonic_us;
        for transaction in all {
            let due = tries
                .get(&transaction.key())
                .is_none_or(|tries| tries.next_us <= now_us);
            if due && working.len() < AT_ONCE_MAX && has_work(&gateway, &transaction) {
                let gateway = Arc::clone(&gateway);
                working.spawn(async move {
                    let then = work(&gateway, &transaction).await;
                    (transaction, then)
                });
                // One that is being worked on is not begun again: see `Commitments::turn`.
            }
        }
    }
}

async fn count(
    gateway: &Gateway,
    tries: &mut BTreeMap<Key, Tries>,
    transaction: &Transaction,
    then: Then,
) {
    let Then::Again(why) = then else {
        tries.remove(&transaction.key());
        return;
    };
    let so_far = tries.entry(transaction.key()).or_default();
    so_far.count = so_far.count.saturating_add(1);
    let first = gateway.config.spool.retry_first;
    let factor = 1_u32 << so_far.count.min(16);
    let wait = first.saturating_mul(factor).min(RETRY_MAX);
    let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
    so_far.next_us = gateway.clock.read().monotonic_us.saturating_add(wait_us);
    let (asker, to) = (transaction.asker_name(), &transaction.to);
    tracing::info!(%asker, %to, %why, "storage commitment tried in vain");
    if so_far.count == TRIES_UNTOLD {
        let text = format!("a storage commitment that {asker} asks of {to} is stuck: {why}");
        gateway.recorder.alert("commitment-stuck", text).await;
    }
}

fn is_too_old(gateway: &Gateway, transaction: &Transaction) -> bool {
    let age_us = gateway.clock.now().0.saturating_sub(transaction.taken_at.0);
    let limit = gateway.config.timeouts.commitment.as_micros();
    u128::try_from(age_us).is_ok_and(|age_us| age_us > limit)
}

fn is_held_up(gateway: &Gateway, transaction: &Transaction) -> bool {
    let after = transaction.after.map(ObjectId::from_number);
    after.is_some_and(|id| gateway.delivery.waits_up_to(&transaction.to, id))
}

fn has_work(gateway: &Gateway, transaction: &Transaction) -> bool {
    transaction.report.is_some()
        || is_too_old(gateway, transaction)
        || (!transaction.asked && !is_held_up(gateway, transaction))
}

/// The next step of a transaction.
async fn work(gateway: &Arc<Gateway>, stale: &Transaction) -> Then {
    let key = stale.key();
    let Some(_turn) = gateway.commitments.turn(key.clone()) else {
        return Then::Rests;
    };
    // It may have gone on since.
    let Some(transaction) = gateway.commitments.get(&key).await else {
        return Then::Rests;
    };
    if is_too_old(gateway, &transaction) {
        return give_up(gateway, &transaction).await;
    }
    if let Some(report) = &transaction.report {
        if transaction.asker.is_none() {
            return match keeping::settle(gateway, &transaction, report).await {
                Ok(()) => Then::Rests,
                Err(error) => Then::Again(error.to_string()),
            };
        }
        return match tell(gateway, &transaction, report).await {
            Ok(status) => {
                let removed = gateway.commitments.remove(gateway, &key).await;
                let act = CommitmentAct::Told;
                note(gateway, &transaction, act, report.failed, status).await;
                match removed {
                    Ok(()) => Then::Rests,
                    Err(error) => Then::Again(error.to_string()),
                }
            }
            Err(error) => Then::Again(format!(
                "{} cannot be told: {error}",
                transaction.asker_name()
            )),
        };
    }
    if transaction.asked || is_held_up(gateway, &transaction) {
        return Then::Rests;
    }
    match pass_on(gateway, &transaction).await {
        Ok(agreed) if is_agreed(agreed.status) => Then::Rests,
        Ok(agreed) if transaction.asker.is_none() => {
            Then::Again(format!("{} answered {}", transaction.to, agreed.status))
        }
        // Its asker heard Success for the request, and hears now that nothing is committed.
        Ok(agreed) => report_failure(gateway, &transaction, agreed.status).await,
        Err(error) => Then::Again(format!("{} cannot be asked: {error}", transaction.to)),
    }
}

async fn report_failure(gateway: &Gateway, transaction: &Transaction, status: Status) -> Then {
    let request = &transaction.request;
    let encoding = encoding_of(&request.syntax, &gateway.config.private_transfer_syntaxes);
    let said = encoding.and_then(|encoding| {
        let said = Said::read(&request.bytes, encoding)?;
        Some(said.all_failed().write(encoding))
    });
    let Some(bytes) = said else {
        return Then::Again(format!("answered {status}, and the request is unreadable"));
    };
    let report = Report {
        event: FAILURES_EXIST,
        data_set: DataSet {
            syntax: request.syntax.clone(),
            bytes: bytes.into(),
        },
        failed: transaction.instances,
    };
    let key = transaction.key();
    let set = gateway.commitments.set(gateway, &key, |one| {
        one.asked = true;
        one.report = Some(report);
    });
    match set.await {
        Ok(_) => Then::Rests,
        Err(error) => Then::Again(error.to_string()),
    }
}

async fn give_up(gateway: &Gateway, transaction: &Transaction) -> Then {
    if let Err(error) = gateway
        .commitments
        .remove(gateway, &transaction.key())
        .await
    {
        return Then::Again(error.to_string());
    }
    let failed = transaction.instances;
    let act = CommitmentAct::Lapsed;
    note(
        gateway,
        transaction,
        act,
        failed,
        Status::PROCESSING_FAILURE,
    )
    .await;
    let (asker, to) = (transaction.asker_name(), &transaction.to);
    let why = match (&transaction.report, transaction.asked) {
        (Some(_), _) => "it could not be told the outcome",
        (None, true) => "the destination never reported",
        (None, false) => "the destination was never reached, or what was sent before still waits",
    };
    let text = format!(
        "a storage commitment that {asker} asked of {to}, for {failed} instances, is given up: {why}"
    );
    tracing::error!("{text}");
    gateway.recorder.alert("commitment-lapsed", text).await;
    Then::Rests
}
