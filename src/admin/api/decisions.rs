//! What was decided.

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
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::decisions::DecisionsAsked;
use crate::admin::decisions::OneDecision;
use crate::admin::decisions::RuleText;
use crate::admin::download;
use crate::admin::download::Download;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::audit::Record;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::Difference;
use crate::contract::Explanation;
use crate::contract::Otherwise;
use crate::contract::Request;
use crate::time::UtcMicros;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(decisions))
        .routes(routes!(decision))
        .routes(routes!(proof))
        .routes(routes!(line))
}

/// A decision, as the ledger has it. The patient is a pseudonym, the study a keyed digest.
#[derive(Debug, Serialize, ToSchema)]
struct ListedDecision {
    /// Its entry.
    entry: u64,
    /// When, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// What was asked.
    #[schema(value_type = Object)]
    request: Request,
    /// What was answered.
    #[schema(value_type = Object)]
    decision: Decision,
}

/// A part of the decisions.
#[derive(Debug, Serialize, ToSchema)]
struct ListedDecisions {
    /// The newest first.
    items: Vec<ListedDecision>,
    /// `before` of the next page; absent on the last. A page may be short, or empty, and another follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
}

/// A rule that decided.
#[derive(Debug, Serialize, ToSchema)]
struct ToldRule {
    /// Its `@id`.
    id: String,
    /// What it is for, by its own words.
    description: Option<String>,
    /// In Cedar; null: other rules are in force today.
    text: Option<String>,
}

/// An entry that followed.
#[derive(Debug, Serialize, ToSchema)]
struct Followed {
    /// Its number.
    entry: u64,
    /// When, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// What it says.
    #[schema(value_type = Object)]
    event: Body,
}

/// The same question, asked now.
#[derive(Debug, Serialize, ToSchema)]
struct AskedAgain {
    /// When, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// What would be answered, and why; of a refusal, what would make it a permit.
    #[schema(value_type = Object)]
    explanation: Explanation,
    /// With one thing different.
    otherwise: Otherwise,
    /// What has changed since the decision.
    differences: Vec<Difference>,
}

/// A decision explained.
#[derive(Debug, Serialize, ToSchema)]
struct ExplainedDecision {
    /// The decision.
    #[serde(flatten)]
    decision: ListedDecision,
    /// The rules that decided.
    rules: Vec<ToldRule>,
    /// What followed, in order.
    followed: Vec<Followed>,
    /// More followed than is told.
    more: bool,
    /// By the rules, consents and scores of now.
    now: AskedAgain,
}

impl ListedDecision {
    fn of(record: &Record) -> Option<Self> {
        let judged = record.judged.as_deref()?;
        Some(Self {
            entry: judged.entry,
            at: record.at(),
            request: judged.request.clone(),
            decision: judged.decision.clone(),
        })
    }
}

impl ExplainedDecision {
    fn of(one: OneDecision) -> Option<Self> {
        let rule = |rule: RuleText| ToldRule {
            id: rule.id,
            description: rule.description,
            text: rule.text,
        };
        let followed = |record: Record| Followed {
            entry: record.entry.seq,
            at: record.at(),
            event: record.entry.event.body,
        };
        Some(Self {
            decision: ListedDecision::of(&one.record)?,
            rules: one.rules.into_iter().map(rule).collect(),
            followed: one.followed.into_iter().map(followed).collect(),
            more: one.more,
            now: AskedAgain {
                at: one.again.at,
                explanation: one.again.explanation,
                otherwise: one.again.otherwise,
                differences: one.again.differences,
            },
        })
    }
}

/// Decisions, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/decisions",
    tag = "decisions",
    params(DecisionsAsked),
    responses(
        (status = 200, body = ListedDecisions),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn decisions(
    State(console): State<Shared>,
    caller: Caller,
    asked: Result<Query<DecisionsAsked>, QueryRejection>,
) -> Result<Json<ListedDecisions>, Problem> {
    caller.may(Right::SeeDecisions)?;
    let Query(asked) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    let found = console.decisions(asked.sought(&console.face)?).await?;
    let items = found.records.iter().filter_map(ListedDecision::of);
    Ok(Json(ListedDecisions {
        items: items.collect(),
        before: found.before,
    }))
}

/// One decision explained: what was asked and answered, what followed, and what would be answered now.
#[utoipa::path(
    get,
    path = "/api/v1/decisions/{entry}",
    tag = "decisions",
    params(("entry" = u64, Path, description = "The entry of the decision")),
    responses(
        (status = 200, body = ExplainedDecision),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn decision(
    State(console): State<Shared>,
    caller: Caller,
    Path(entry): Path<String>,
) -> Result<Json<ExplainedDecision>, Problem> {
    caller.may(Right::SeeDecisions)?;
    let one = console.decision(asked::entry(&entry)?).await?;
    let told = ExplainedDecision::of(one).ok_or_else(Problem::not_found)?;
    Ok(Json(told))
}

/// The proof that a decision is in the ledger (C2SP tlog-proof), of the line that `/line` gives.
#[utoipa::path(
    get,
    path = "/api/v1/decisions/{entry}/proof",
    tag = "decisions",
    params(("entry" = u64, Path, description = "The entry of the decision")),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "not signed for yet: within a second", body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn proof(
    State(console): State<Shared>,
    caller: Caller,
    Path(entry): Path<String>,
) -> Result<Download, Problem> {
    caller.may(Right::SeeDecisions)?;
    let entry = asked::entry(&entry)?;
    let proved = console.proof(entry).await?;
    Ok(download::proof(entry, &proved))
}

/// The line of a decision in the ledger, byte by byte what is proved.
#[utoipa::path(
    get,
    path = "/api/v1/decisions/{entry}/line",
    tag = "decisions",
    params(("entry" = u64, Path, description = "The entry of the decision")),
    responses(
        (status = 200, body = Object, content_type = "application/json"),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "not signed for yet: within a second", body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn line(
    State(console): State<Shared>,
    caller: Caller,
    Path(entry): Path<String>,
) -> Result<Download, Problem> {
    caller.may(Right::SeeDecisions)?;
    let entry = asked::entry(&entry)?;
    let proved = console.proof(entry).await?;
    Ok(download::line(entry, proved))
}
