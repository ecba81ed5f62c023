//! How the ledger is, and what it proves.

use super::once::once;
use crate::admin::done::Told;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commands::rejected;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::facts::Facts;
use crate::admin::guard::checked_for_forgery;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::verifying::Extent;
use crate::admin::verifying::Standing;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(ledger))
        .routes(routes!(standing, verify))
}

/// How the ledger is: its size, its newest checkpoint, keys, witnesses, receivers of audits, and whether it is what it
/// was.
#[utoipa::path(
    get,
    path = "/api/v1/ledger",
    tag = "ledger",
    responses(
        (status = 200, body = Facts),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn ledger(State(console): State<Shared>, caller: Caller) -> Result<Json<Facts>, Problem> {
    caller.may(Right::SeeLedger)?;
    Ok(Json(console.facts().await))
}

/// The last verification of the ledger, the one that goes on, and the alarm where something was found.
#[utoipa::path(
    get,
    path = "/api/v1/verifications",
    tag = "ledger",
    responses(
        (status = 200, body = Standing),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
    ),
)]
async fn standing(
    State(console): State<Shared>,
    caller: Caller,
) -> Result<Json<Standing>, Problem> {
    caller.may(Right::SeeLedger)?;
    Ok(Json(console.verification.standing()))
}

/// A verification that is asked for.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct VerificationAsked {
    /// How much is verified.
    extent: Extent,
}

/// Begins a verification of the whole ledger: one at a time, and the gateway goes on meanwhile.
#[utoipa::path(
    post,
    path = "/api/v1/verifications",
    tag = "ledger",
    request_body = VerificationAsked,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 printable characters")),
    responses(
        (status = 202, description = "it has begun", body = Standing),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, description = "one goes on", body = Problem),
        (status = 415, body = Problem),
        (status = 422, description = "another was sent under the same key", body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn verify(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    asked: Result<Json<VerificationAsked>, JsonRejection>,
) -> Result<Response, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    caller.may(Right::SeeLedger)?;
    let Json(asked) = asked.map_err(|error| rejected(&error))?;
    let (by, verifying) = (caller.name.clone(), Shared::clone(&console));
    let extent = asked.extent;
    let doing = async move {
        verifying.verify(extent, Some(by))?;
        Told::of(StatusCode::ACCEPTED, &verifying.verification.standing())
    };
    once(
        &console,
        &caller,
        &headers,
        ("verifications", &asked),
        doing,
    )
    .await
}
