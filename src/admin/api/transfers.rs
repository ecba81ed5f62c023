//! What moves, and what moved of late.

use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admin::asked;
use crate::admin::board::UnderWay;
use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::transfers::OneTransfer;
use crate::admin::transfers::TransfersAsked;
use crate::audit::Record;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Verb;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::gateway::control::ListedObject;
use crate::time::UtcMicros;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(transfers))
        .routes(routes!(transfer))
}

/// Images that go out under one decision, or went.
#[derive(Debug, Serialize, ToSchema)]
struct ListedTransfer {
    /// The entry of the decision.
    decision: u64,
    /// What was asked.
    verb: Verb,
    /// For what.
    purpose: Purpose,
    /// Who asked.
    #[schema(value_type = String)]
    requester: InstitutionSlug,
    /// Its AE title.
    #[schema(value_type = String)]
    requester_ae: AeTitle,
    /// Whose images.
    #[schema(value_type = String)]
    custodian: InstitutionSlug,
    /// Who receives.
    #[schema(value_type = String)]
    recipient: InstitutionSlug,
    /// Its AE title.
    #[schema(value_type = String)]
    recipient_ae: AeTitle,
    /// Whose; a pseudonym.
    #[schema(value_type = Option<String>)]
    patient: Option<Pseudonym>,
    /// Keyed digest of the study.
    #[schema(value_type = Option<String>)]
    study: Option<Sha256>,
    /// When it was decided, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    since: UtcMicros,
    /// When something was last heard of it.
    #[schema(value_type = i64)]
    heard: UtcMicros,
    /// Instances that arrived.
    instances: u64,
    /// Instances in all, of a retrieval under way whose archive says so.
    expected: Option<u64>,
    /// Instances that failed.
    failed: u64,
    /// Instances that were kept in the spool.
    spooled: u64,
    /// Bytes that arrived.
    bytes: u64,
    /// How it ended; null: it goes on.
    #[schema(value_type = Option<String>)]
    outcome: Option<Outcome>,
}

/// What moves, and a part of what moved.
#[derive(Debug, Serialize, ToSchema)]
struct ListedTransfers {
    /// What moves now.
    under_way: Vec<ListedTransfer>,
    /// What ended, by the moment of the decision, the newest first.
    items: Vec<ListedTransfer>,
    /// `before` of the next page; absent on the last. A page may be short, or empty, and another follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
}

/// An entry about a transfer.
#[derive(Debug, Serialize, ToSchema)]
struct Part {
    /// Its number.
    entry: u64,
    /// When, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// What it says: how far the transfer had come, or the receipt.
    #[schema(value_type = Object)]
    event: Body,
}

/// What lies in a queue and does not wait.
#[derive(Debug, Serialize, ToSchema)]
struct Aside {
    /// The queue.
    queue: String,
    /// Dead letters, and what is in quarantine.
    objects: Vec<ListedObject>,
}

/// One transfer, with its parts.
#[derive(Debug, Serialize, ToSchema)]
struct WholeTransfer {
    /// All of it.
    #[serde(flatten)]
    transfer: ListedTransfer,
    /// Its entries, in order; of very many, the last.
    parts: Vec<Part>,
    /// There are more parts than are told.
    more: bool,
    /// Entries of the decisions by which the gateway delivered what was spooled.
    deliveries: Vec<u64>,
    /// What of its study lies in queues of the recipient, and does not wait.
    aside: Vec<Aside>,
}

impl ListedTransfer {
    fn of(console: &Console, transfer: &UnderWay) -> Self {
        let request = &transfer.judged.request;
        let decision = transfer.judged.entry;
        let goes_on = transfer.outcome.is_none();
        Self {
            decision,
            verb: request.verb,
            purpose: request.purpose,
            requester: request.requester.clone(),
            requester_ae: request.requester_ae.clone(),
            custodian: request.custodian.clone(),
            recipient: request.recipient.clone(),
            recipient_ae: request.recipient_ae.clone(),
            patient: request.patient,
            study: request.study.as_ref().map(|study| study.uid_digest),
            since: transfer.since,
            heard: transfer.heard,
            instances: transfer.instances,
            expected: console.meters.expected(decision).filter(|_| goes_on),
            failed: transfer.failed,
            spooled: transfer.spooled,
            bytes: transfer.bytes,
            outcome: transfer.outcome,
        }
    }
}

impl WholeTransfer {
    fn of(console: &Console, one: OneTransfer) -> Self {
        let part = |record: Record| Part {
            entry: record.entry.seq,
            at: record.at(),
            event: record.entry.event.body,
        };
        let deliveries = one.deliveries.iter().map(|record| record.entry.seq);
        let aside = |(queue, objects)| Aside { queue, objects };
        Self {
            transfer: ListedTransfer::of(console, &one.transfer),
            deliveries: deliveries.collect(),
            parts: one.parts.into_iter().map(part).collect(),
            more: one.more,
            aside: one.aside.into_iter().map(aside).collect(),
        }
    }
}

/// What moves, and what moved. Patients are pseudonyms, studies keyed digests.
#[utoipa::path(
    get,
    path = "/api/v1/transfers",
    tag = "transfers",
    params(TransfersAsked),
    responses(
        (status = 200, body = ListedTransfers),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn transfers(
    State(console): State<Shared>,
    caller: Caller,
    asked: Result<Query<TransfersAsked>, QueryRejection>,
) -> Result<Json<ListedTransfers>, Problem> {
    caller.may(Right::SeeTransfers)?;
    let Query(asked) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    let sought = asked.sought(&console.face)?;
    let listed = |transfer: &UnderWay| ListedTransfer::of(&console, transfer);
    let under_way = console.moving(&sought).iter().map(listed).collect();
    let moved = console.moved(sought).await?;
    Ok(Json(ListedTransfers {
        under_way,
        items: moved.transfers.iter().map(listed).collect(),
        before: moved.before,
    }))
}

/// One transfer: its parts, receipts, and what of it lies in queues.
#[utoipa::path(
    get,
    path = "/api/v1/transfers/{decision}",
    tag = "transfers",
    params(("decision" = u64, Path, description = "The entry of the decision")),
    responses(
        (status = 200, body = WholeTransfer),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn transfer(
    State(console): State<Shared>,
    caller: Caller,
    Path(decision): Path<String>,
) -> Result<Json<WholeTransfer>, Problem> {
    caller.may(Right::SeeTransfers)?;
    let one = console.transfer(asked::entry(&decision)?).await?;
    Ok(Json(WholeTransfer::of(&console, one)))
}
