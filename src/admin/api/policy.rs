//! Rules: in force, and tried before they are proposed. Proposing, approving, withdrawing and activating them are
//! commands.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commands::rejected;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::guard::checked_for_forgery;
use crate::admin::policy::Act;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::trial::Checked;
use crate::admin::trial::DECISIONS_DEFAULT;
use crate::admin::trial::Tried;
use crate::contract::PolicyParts;
use crate::time::UtcMicros;

/// All of them.
pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(in_force))
        .routes(routes!(check))
        .routes(routes!(backtest))
}

/// Who did something to rules.
#[derive(Debug, Serialize, ToSchema)]
struct ActTold {
    /// Its entry.
    entry: u64,
    /// When, in microseconds since 1970.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// Who.
    by: String,
}

/// The rules in force.
#[derive(Debug, Serialize, ToSchema)]
struct InForce {
    /// Their digest: their name.
    sha256: String,
    /// How many rules there are.
    rules: usize,
    /// Their canonical text, of which that is the digest.
    text: String,
    /// The files in it.
    parts: PolicyParts,
    /// Who proposed them.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed: Option<ActTold>,
    /// Who approved them; absent for those that a ledger began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<ActTold>,
    /// Who put them in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    activated: Option<ActTold>,
}

impl From<Act> for ActTold {
    fn from(act: Act) -> Self {
        Self {
            entry: act.entry,
            at: act.at,
            by: act.by,
        }
    }
}

/// The rules in force: their digest, their text, and who put them in force.
#[utoipa::path(
    get,
    path = "/api/v1/policy",
    tag = "policy",
    responses(
        (status = 200, body = InForce),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, description = "no rules are in force", body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn in_force(State(console): State<Shared>, caller: Caller) -> Result<Json<InForce>, Problem> {
    caller.may(Right::SeePolicy)?;
    let set = console.policy_in_force().await?;
    let set = set.ok_or_else(Problem::not_found)?;
    let acts = console.acts_on(set.sha256()).await;
    Ok(Json(InForce {
        sha256: set.sha256().to_string(),
        rules: set.ids().count(),
        text: set.canonical_text().to_owned(),
        parts: set.parts(),
        proposed: acts.proposed.map(ActTold::from),
        approved: acts.approved.map(ActTold::from),
        activated: acts.activated.map(ActTold::from),
    }))
}

/// What a body says.
type Sent<T> = Result<Json<T>, JsonRejection>;

fn sent<T: DeserializeOwned>(
    caller: &Caller,
    headers: &HeaderMap,
    body: Sent<T>,
) -> Result<T, Problem> {
    checked_for_forgery(caller, headers, None)?;
    caller.may(Right::ProposePolicy)?;
    let Json(body) = body.map_err(|error| rejected(&error))?;
    Ok(body)
}

/// Checks rules before they are proposed: what does not read as Cedar or fit the schema, and what the lint of
/// `credence policy check` finds. Nothing is recorded. `text` of the answer is what `policy-propose` takes.
#[utoipa::path(
    post,
    path = "/api/v1/policy/check",
    tag = "policy",
    request_body = PolicyParts,
    responses(
        (status = 200, description = "also when they have faults", body = Checked),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 413, body = Problem),
        (status = 415, body = Problem),
        (status = 503, description = "others are being tried", body = Problem),
    ),
)]
async fn check(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    parts: Sent<PolicyParts>,
) -> Result<Json<Checked>, Problem> {
    let parts = sent(&caller, &headers, parts)?;
    console.check_policy(parts).await.map(Json)
}

/// Rules, and on what they are tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BacktestAsked {
    /// The rules.
    policy: PolicyParts,
    /// On so many of the last decisions: 1 to 10000, 1000 if absent.
    #[schema(minimum = 1, maximum = 10000)]
    last: Option<usize>,
}

/// Asks rules what was asked before, with the consents and scores as they were then, and tells where they would answer
/// differently. Nothing is recorded. It may take 20 seconds; a ledger that cannot be folded in that time is for
/// `credence policy backtest`.
#[utoipa::path(
    post,
    path = "/api/v1/policy/backtest",
    tag = "policy",
    request_body = BacktestAsked,
    responses(
        (status = 200, body = Tried),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, description = "the rules have faults", body = Problem),
        (status = 413, body = Problem),
        (status = 415, body = Problem),
        (status = 503, description = "others are being tried, or it takes too long", body = Problem),
    ),
)]
async fn backtest(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    asked: Sent<BacktestAsked>,
) -> Result<Json<Tried>, Problem> {
    let asked = sent(&caller, &headers, asked)?;
    let last = asked.last.unwrap_or(DECISIONS_DEFAULT);
    console.backtest(asked.policy, last).await.map(Json)
}
