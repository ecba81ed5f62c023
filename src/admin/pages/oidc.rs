//! Signing in by the identity provider: the way there, and back.

use axum::Router;
use axum::extract::Extension;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use cookie::Cookie;
use cookie::SameSite;
use maud::html;
use serde::Deserialize;

use super::frame::Frame;
use super::sign_in;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::guard::cookie_of;
use crate::admin::oidc::Answered;
use crate::admin::oidc::BACK;
use crate::admin::oidc::LASTS_S;
use crate::admin::oidc::NotVouched;
use crate::admin::problem::Problem;
use crate::admin::signing_in;
use crate::contract::SignInMeans;
use crate::web::Visitor;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/oidc/begin", get(begin))
        .route(BACK, get(back))
}

#[derive(Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

async fn begin(
    State(console): State<Shared>,
    frame: Frame,
    Query(to): Query<To>,
) -> Result<Response, Problem> {
    let oidc = console.oidc.as_ref().ok_or_else(Problem::not_found)?;
    let to = sign_in::ours(&to.to);
    if frame.caller.is_some() {
        return Ok(Redirect::to(to).into_response());
    }
    match oidc.begin(to, console.now_us()).await {
        Ok(begun) => {
            let cookie = cookie(&console, begun.cookie).to_string();
            let on = Redirect::to(&begun.location);
            Ok(([(header::SET_COOKIE, cookie)], on).into_response())
        }
        Err(why) => Ok(refused(&frame, to, &why)),
    }
}

/// Another site leads back here, so that a cookie that is for our own pages alone would not come along.
fn cookie(console: &Console, value: String) -> Cookie<'static> {
    let lasts = i64::try_from(LASTS_S).unwrap_or(i64::MAX);
    Cookie::build((console.oidc_cookie_name(), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(console.is_secure())
        .max_age(cookie::time::Duration::seconds(lasts))
        .build()
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    iss: String,
}

async fn back(
    State(console): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    frame: Frame,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let oidc = console.oidc.as_ref().ok_or_else(Problem::not_found)?;
    let answered = Answered {
        code: back.code,
        state: back.state,
        error: back.error,
        iss: back.iss,
    };
    let shown = cookie_of(&headers, console.oidc_cookie_name()).unwrap_or_default();
    let (theirs, to) = match oidc.back(&console, &answered, &shown).await {
        Ok(vouched) => vouched,
        Err(why) => return Ok(refused(&frame, "/", &why)),
    };
    let means = SignInMeans::Oidc;
    let session = signing_in::begin(&console, &theirs, means, visitor.from).await?;
    let mut gone = cookie(&console, String::new());
    gone.make_removal();
    let session = sign_in::session_cookie(&console, session).to_string();
    // The session's cookie goes to our own pages alone: a redirect would still be the other site's doing, and come
    // without it. A page of ours leads on instead.
    let body = html! { p { a href=(to) { (frame.words.say("sign-in-go-on")) } } };
    let page = frame.page(&frame.words.say("sign-in-done"), &body);
    let mut response = Html(page.into_string()).into_response();
    let all = response.headers_mut();
    for (name, value) in [
        (header::SET_COOKIE, session),
        (header::SET_COOKIE, gone.to_string()),
        (header::REFRESH, format!("0; url={to}")),
    ] {
        let value = value.parse().map_err(|_| Problem::unavailable(""))?;
        all.append(name, value);
    }
    Ok(response)
}

/// The page to sign in, with what went wrong.
fn refused(frame: &Frame, to: &str, why: &NotVouched) -> Response {
    let words = frame.words;
    let (status, wrong) = match why {
        NotVouched::Provider(_) | NotVouched::Random(_) | NotVouched::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            words.say("sign-in-oidc-unavailable"),
        ),
        NotVouched::Refused => (StatusCode::FORBIDDEN, words.say("sign-in-oidc-refused")),
        NotVouched::Stale => (StatusCode::BAD_REQUEST, words.say("sign-in-oidc-stale")),
        NotVouched::Unproven(_) => (StatusCode::FORBIDDEN, words.say("sign-in-oidc-unproven")),
        NotVouched::NoAccount => (StatusCode::FORBIDDEN, words.say("sign-in-oidc-no-account")),
    };
    match why {
        NotVouched::Provider(_) | NotVouched::Unproven(_) | NotVouched::Random(_) => {
            tracing::warn!(error = %why, "nobody is signed in by the identity provider");
        }
        NotVouched::Refused | NotVouched::Stale | NotVouched::NoAccount | NotVouched::Busy => {
            tracing::debug!(error = %why, "nobody is signed in by the identity provider");
        }
    }
    let page = sign_in::page_with(frame, to, &wrong);
    (status, Html(page.into_string())).into_response()
}
