//! Pages: HTML that is whole when it leaves us, readable without any script. What changes by itself is asked for
//! again by htmx.

mod accounts;
mod audit;
mod consents;
mod decisions;
mod fields;
mod forms;
mod frame;
mod institutions;
mod ledger;
mod oidc;
mod overview;
mod parts;
mod peers;
mod plain;
mod policy;
mod refusal;
mod reviews;
mod sign_in;
mod transfers;

use crate::admin::guard::BY_SCRIPT;
use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware;
use axum::middleware::Next;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;

pub(in crate::admin) use frame::Frame;

use super::console::Shared;
use super::problem::Problem;
use super::rights::Right;

/// A page of the menu: its address, the message that names it, and who sees it.
pub(in crate::admin) struct Entry {
    path: &'static str,
    name: &'static str,
    right: Right,
}

/// The menu.
const MENU: [Entry; 11] = [
    Entry {
        path: "/",
        name: "overview",
        right: Right::SeeOverview,
    },
    Entry {
        path: "/transfers",
        name: "transfers",
        right: Right::SeeTransfers,
    },
    Entry {
        path: "/decisions",
        name: "decisions",
        right: Right::SeeDecisions,
    },
    Entry {
        path: "/institutions",
        name: "institutions",
        right: Right::SeeInstitutions,
    },
    Entry {
        path: "/consents",
        name: "consents",
        right: Right::SeeConsents,
    },
    Entry {
        path: "/policy",
        name: "policy",
        right: Right::SeePolicy,
    },
    Entry {
        path: "/reviews",
        name: "reviews",
        right: Right::SeeReviews,
    },
    Entry {
        path: "/audit",
        name: "audit",
        right: Right::SeeAudit,
    },
    Entry {
        path: "/ledger",
        name: "ledger",
        right: Right::SeeLedger,
    },
    Entry {
        path: "/peers",
        name: "peers",
        right: Right::SeePeers,
    },
    Entry {
        path: "/accounts",
        name: "accounts",
        right: Right::SeeAccounts,
    },
];

pub(super) fn router(console: &Shared) -> Router<Shared> {
    Router::new()
        .merge(overview::router())
        .merge(sign_in::router())
        .merge(oidc::router())
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
        .fallback(|| async { Problem::not_found() })
        .layer(middleware::from_fn_with_state(
            Shared::clone(console),
            told_as_page,
        ))
}

/// Below this, programs ask: they are told of problems as such.
const FOR_PROGRAMS: &str = "/api/";

/// A problem is told as a page; who has to sign in is led there, and back.
async fn told_as_page(State(console): State<Shared>, asked: Request, next: Next) -> Response {
    if asked.uri().path().starts_with(FOR_PROGRAMS) {
        return next.run(asked).await;
    }
    let (mut parts, body) = asked.into_parts();
    let frame = Frame::of(&console, &mut parts).await;
    let is_read = parts.method == axum::http::Method::GET;
    let target = parts.uri.path_and_query().map(ToString::to_string);
    let by_script = parts.headers.contains_key(BY_SCRIPT);
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    if problem.code() == StatusCode::UNAUTHORIZED {
        let target = target.filter(|_| is_read && !by_script).unwrap_or_default();
        let to = sign_in::path(&target);
        return match by_script {
            // A part of a page that is asked for again cannot show another page.
            true => (StatusCode::OK, [("hx-redirect", to)]).into_response(),
            false => Redirect::to(&to).into_response(),
        };
    }
    let Ok(frame) = frame else {
        return response;
    };
    let page = frame.problem(&problem);
    let mut told = (problem.code(), Html(page.into_string())).into_response();
    if let Some(wait) = response.headers().get(header::RETRY_AFTER) {
        told.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    told
}
