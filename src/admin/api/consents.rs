//! The desk for patients: consents and disclosures of a patient who is named. Who that is stands in the body, and
//! never in an address.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commands::rejected;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::guard::checked_for_forgery;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Disclosures;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedConsent;
use crate::gateway::control::PatientName;
use crate::time::UtcMicros;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(consents))
        .routes(routes!(disclosures))
}

/// What stands for a patient.
#[derive(Debug, Serialize, ToSchema)]
struct Consents {
    /// In the order in which they were recorded, those under every Patient ID of the person.
    items: Vec<ListedConsent>,
}

/// The consents and objections that stand for a patient who is named. That it was shown is recorded.
#[utoipa::path(
    post,
    path = "/api/v1/consents/search",
    tag = "consents",
    request_body = PatientName,
    responses(
        (status = 200, body = Consents),
        (status = 400, description = "no patient is named", body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, body = Problem),
        (status = 413, body = Problem),
        (status = 415, body = Problem),
        (status = 503, description = "the look is not recorded, so nothing is shown", body = Problem),
    ),
)]
async fn consents(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    patient: Result<Json<PatientName>, JsonRejection>,
) -> Result<Json<Consents>, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    caller.may(Right::SeePatients)?;
    let Json(patient) = patient.map_err(|error| rejected(&error))?;
    let command = Command::Consents {
        patient: Some(patient),
    };
    match console.answer(&caller, command).await? {
        Answer::Consents { consents: items } => Ok(Json(Consents { items })),
        _ => Err(Problem::unavailable("")),
    }
}

/// Of whom disclosures are asked for, and of when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct About {
    /// Whom.
    patient: PatientName,
    /// From this moment on, in microseconds since 1970; all, if absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    since: Option<UtcMicros>,
    /// Also what the patient is not told for now, marked: for compliance, not for the patient.
    #[serde(default)]
    with_suspended: bool,
}

/// What left for other institutions about a patient.
#[derive(Debug, Serialize, ToSchema)]
struct Left {
    /// Images, and what was told of them.
    #[schema(value_type = Object)]
    disclosures: Disclosures,
}

/// What left for other institutions about a patient who is named. That it was shown is recorded. Reads the whole
/// ledger.
#[utoipa::path(
    post,
    path = "/api/v1/disclosures/search",
    tag = "consents",
    request_body = About,
    responses(
        (status = 200, body = Left),
        (status = 400, description = "no patient is named", body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, body = Problem),
        (status = 413, body = Problem),
        (status = 415, body = Problem),
        (status = 503, description = "the look is not recorded, so nothing is shown", body = Problem),
    ),
)]
async fn disclosures(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    about: Result<Json<About>, JsonRejection>,
) -> Result<Json<Left>, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    caller.may(Right::SeeDisclosures)?;
    let Json(about) = about.map_err(|error| rejected(&error))?;
    let command = Command::Disclosures {
        patient: about.patient,
        since: about.since,
        with_suspended: about.with_suspended,
    };
    caller.may(Right::of(&command))?;
    match console.answer(&caller, command).await? {
        Answer::Disclosures { disclosures } => Ok(Json(Left { disclosures })),
        _ => Err(Problem::unavailable("")),
    }
}
