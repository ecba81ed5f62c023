//! Whether the gateway lives, and whether it is ready: for those who watch over machines. Both need nobody signed in
//! and name nobody.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Serialize;

use super::console::Shared;

/// How one check went.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
}

/// How all of them went.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
}

/// Ready is who can decide, record and tell: the ledger is written and has room, the
/// rules are in force, accounts can be read.
async fn ready(State(console): State<Shared>) -> (StatusCode, Json<Readiness>) {
    let policy = console
        .recorder
        .view(|state, _| state.policy().is_some())
        .await;
    let checks = vec![
        Check {
            name: "ledger",
            ok: policy.is_ok(),
        },
        Check {
            name: "room",
            ok: console.recorder.has_room(),
        },
        Check {
            name: "policy",
            ok: policy.unwrap_or(false),
        },
        Check {
            name: "accounts",
            ok: console.accounts().is_ok(),
        },
        Check {
            name: "board",
            ok: console.board.is_current(),
        },
    ];
    let ready = checks.iter().all(|check| check.ok);
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(Readiness { ready, checks }))
}
