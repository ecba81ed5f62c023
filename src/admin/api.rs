//! `/api/v1`: what pages show and do, for programs. Every route tells of itself; together they are the OpenAPI
//! document.

mod accounts;
mod audit;
mod commands;
mod consents;
mod decisions;
mod document;
mod institutions;
mod ledger;
mod lists;
mod once;
mod peers;
mod policy;
mod reviews;
mod transfers;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::console::Shared;
use super::problem::Problem;

/// Where commands go.
pub(super) const COMMANDS: &str = "/api/v1/commands";

/// What is true of all routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Credence",
        description = "What a Credence gateway tells and does. Patients are pseudonyms unless a route says otherwise.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(Problem))
)]
struct Document;

/// The routes, and the document about them.
pub(super) fn router() -> Router<Shared> {
    let (routes, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(commands::me))
        .routes(routes!(commands::command))
        .merge(lists::router())
        .merge(transfers::router())
        .merge(decisions::router())
        .merge(institutions::router())
        .merge(consents::router())
        .merge(policy::router())
        .merge(reviews::router())
        .merge(audit::router())
        .merge(ledger::router())
        .merge(peers::router())
        .merge(accounts::router())
        .split_for_parts();
    document::complete(&mut document);
    let text = document.to_json().unwrap_or_default();
    routes.route(
        "/api/v1/openapi.json",
        get(move || {
            let text = text.clone();
            async move { json(text) }
        }),
    )
}

/// An answer that is JSON already.
fn json(text: String) -> Response {
    let kind = (axum::http::header::CONTENT_TYPE, "application/json");
    ([kind], text).into_response()
}
