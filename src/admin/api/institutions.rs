//! Who the others are, how they score, and whether their peers answer.

use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lists::Asked;
use super::lists::Listed;
use super::lists::Part;
use super::lists::read;
use crate::admin::address_book::Address;
use crate::admin::address_book::ListedInstitution;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::guard::checked_for_forgery;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Statement;
use crate::time::UtcMicros;

/// How long a score's history is waited for.
const WITHIN: Duration = Duration::from_secs(10);

/// All of them.
pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(institutions))
        .routes(routes!(institution))
        .routes(routes!(echo))
}

/// The institutions of the configuration, and others of which there is evidence, with their scores of today.
#[utoipa::path(
    get,
    path = "/api/v1/institutions",
    tag = "institutions",
    params(Part),
    responses(
        (status = 200, body = Listed<ListedInstitution>),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn institutions(
    State(console): State<Shared>,
    caller: Caller,
    part: Asked<Part>,
) -> Result<Json<Listed<ListedInstitution>>, Problem> {
    caller.may(Right::SeeInstitutions)?;
    let part = read(part)?;
    part.of(console.institutions().await?).map(Json)
}

/// An institution, its address, and what its score comes from.
#[derive(Debug, Serialize, ToSchema)]
struct InstitutionTold {
    /// How it scores today.
    #[serde(flatten)]
    listed: ListedInstitution,
    /// What the configuration says of it.
    address: Address,
    /// What its score comes from; absent without evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    account: Option<Statement>,
    /// The day (ISO 8601) of the first of `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores_from: Option<String>,
    /// The score at the end of each day since, today's last; at most ten years.
    scores: Vec<u16>,
}

/// An institution, its address, and the account of its score: which entries gave it, what each weighed then and weighs
/// still. The first answer after a while reads the whole ledger: until that is done, 503 tells how far it is.
#[utoipa::path(
    get,
    path = "/api/v1/institutions/{institution}",
    tag = "institutions",
    params(("institution" = String, Path, description = "Its short name")),
    responses(
        (status = 200, body = InstitutionTold),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn institution(
    State(console): State<Shared>,
    caller: Caller,
    Path(institution): Path<String>,
) -> Result<Json<InstitutionTold>, Problem> {
    caller.may(Right::SeeInstitutions)?;
    let listed = console.institution(&institution).await?;
    let (slug, today) = (listed.institution.clone(), console.clock.now().day());
    let history = match listed.own {
        true => None,
        false => {
            let history = console
                .credit
                .look(WITHIN, move |book| book.history(&slug, today));
            history.await.map_err(|reached| {
                Problem::unavailable(match reached.failed {
                    true => "the ledger cannot be read".to_owned(),
                    false => format!(
                        "the ledger is being read, {} of {} entries: ask again",
                        reached.done, reached.of
                    ),
                })
            })?
        }
    };
    let address = console.address(&listed.institution);
    let scores_from = history.as_ref().map(|history| history.first.to_string());
    let (account, scores) = history
        .map(|history| (history.statement, history.scores))
        .unzip();
    Ok(Json(InstitutionTold {
        listed,
        address,
        account,
        scores_from,
        scores: scores.unwrap_or_default(),
    }))
}

/// How a C-ECHO went.
#[derive(Debug, Serialize, ToSchema)]
struct EchoTold {
    /// The peer's name.
    peer: String,
    /// It answered with Success.
    answers: bool,
    /// When, in microseconds since 1970.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Sends a C-ECHO to a peer, as the gateway would, and waits up to 15 seconds. One at a time for each peer.
#[utoipa::path(
    post,
    path = "/api/v1/peers/{peer}/echo",
    tag = "institutions",
    params(("peer" = String, Path, description = "The peer's name in the configuration")),
    responses(
        (status = 200, description = "also when it does not answer", body = EchoTold),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "one is under way, or we never connect to it", body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn echo(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Path(peer): Path<String>,
) -> Result<Json<EchoTold>, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    caller.may(Right::Echo)?;
    let echoed = console.echo(&peer).await?;
    Ok(Json(EchoTold {
        peer,
        answers: echoed.failure.is_none(),
        at: echoed.at,
        took_ms: echoed.took_ms,
        error: echoed.failure.map(|(_, text)| text),
    }))
}
