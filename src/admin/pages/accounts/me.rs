//! One's own account: everybody who is signed in has this page.

use crate::admin::sessions::Seen;
use crate::admin::signing_in::Theirs;
use axum::extract::Extension;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::Told;
use super::bad;
use super::change::digest;
use super::change::performed;
use super::good;
use super::passcode_fields;
use super::role_words;
use crate::admin::caller::By;
use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::pages::sign_in;
use crate::admin::problem::Problem;
use crate::admin::sessions::Session;
use crate::admin::signing_in;
use crate::admin::signing_in::NotSignedIn;
use crate::admin::words::Tongue;
use crate::config::UserName;
use crate::contract::Role;
use crate::contract::SignInMeans;
use crate::contract::SignOutEnd;
use crate::gateway::control::AccountChange;
use crate::web::Visitor;

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    headers: HeaderMap,
    Query(told): Query<Told>,
) -> Result<Html<String>, Problem> {
    let notice = match &*told.done {
        "passcode" => good(&frame.words.say("accounts-done-own-passcode")),
        _ => html! {},
    };
    let page = laid_out(&console, &frame, &headers, &notice).await?;
    Ok(Html(page.into_string()))
}

async fn laid_out(
    console: &Shared,
    frame: &Frame,
    headers: &HeaderMap,
    notice: &Markup,
) -> Result<Markup, Problem> {
    let caller = frame.caller.as_ref().ok_or_else(Problem::unauthorised)?;
    let words = frame.words;
    let by_session = matches!(caller.by, By::Session { .. });
    let body = html! {
        (notice)
        dl class="facts" {
            dt { (words.say("account-name")) } dd { (caller.name) }
            dt { (words.say("accounts-head-roles")) }
            dd {
                @for role in roles(caller) {
                    div { code { (role.as_str()) } " – " (role_words(frame, role)) }
                }
            }
        }
        @if by_session {
            div class="columns" {
                section { (passcode_section(console, frame, caller).await?) }
                section {
                    h2 { (words.say("accounts-language")) }
                    (language(frame))
                }
            }
            section { (session_section(console, frame, caller, headers)) }
        } @else {
            p class="empty" { (words.say("accounts-no-session")) }
        }
    };
    Ok(frame.page(&words.say("accounts-me"), &body))
}

fn roles(caller: &Caller) -> Vec<Role> {
    match &caller.by {
        By::Socket => Role::ALL.to_vec(),
        By::Session { roles, .. } | By::Token(roles) | By::Certificate(roles) => {
            roles.iter().copied().collect()
        }
    }
}

/// Whether there is a passcode to change.
async fn has_passcode(console: &Shared, caller: &Caller) -> Result<bool, Problem> {
    let name: Option<UserName> = caller.name.parse().ok();
    let console = Shared::clone(console);
    let read = tokio::task::spawn_blocking(move || console.accounts()).await;
    let accounts = read.map_err(|_| Problem::unavailable(""))?;
    let accounts = accounts.map_err(|_| Problem::unavailable("the accounts cannot be read"))?;
    let account = name.and_then(|name| accounts.get(&name).cloned());
    Ok(account.is_some_and(|account| account.has_passcode()))
}

async fn passcode_section(
    console: &Shared,
    frame: &Frame,
    caller: &Caller,
) -> Result<Markup, Problem> {
    let words = frame.words;
    let title = words.say("accounts-change-passcode");
    if !has_passcode(console, caller).await? {
        return Ok(html! {
            h2 { (title) }
            p class="empty" { (words.say("accounts-own-by-provider")) }
        });
    }
    Ok(html! {
        h2 { (title) }
        form class="card" method="post" action="/accounts/me/passcode" {
            (frame.csrf())
            label for="present" { (words.say("accounts-present-passcode")) }
            input id="present" name="present" type="password" required autocomplete="current-password";
            (passcode_fields(frame, true))
            button type="submit" { (words.say("accounts-change-passcode")) }
        }
    })
}

fn language(frame: &Frame) -> Markup {
    let words = frame.words;
    html! {
        form class="card" method="post" action="/language" {
            input type="hidden" name="back" value="/accounts/me";
            label for="my-language" { (words.say("language")) }
            select id="my-language" name="language" {
                @for tongue in Tongue::ALL {
                    option value=(tongue.code()) lang=(tongue.code()) selected[tongue == words.tongue] {
                        (tongue.name())
                    }
                }
            }
            button type="submit" { (words.say("choose")) }
        }
    }
}

fn session_section(
    console: &Console,
    frame: &Frame,
    caller: &Caller,
    headers: &HeaderMap,
) -> Markup {
    let words = frame.words;
    let now_us = console.now_us();
    let cookie = console.session_cookie(headers);
    let own = cookie.and_then(|cookie| console.sessions.find(&cookie, Seen::Somebody, now_us));
    let is_own = |session: &Session| own.as_ref().is_some_and(|own| own.csrf == session.csrf);
    let sessions = console.sessions.of_account(&caller.name, now_us);
    let rows = html! {
        @for session in &sessions {
            tr {
                td { (frame.time(console.moment(session.begun_us))) }
                td { (frame.time(console.moment(session.seen_us))) }
                td { @if let Some(from) = session.from { (from) } }
                td { @if is_own(session) { span class="mark good" { (words.say("accounts-this-session")) } } }
            }
        }
    };
    let heads = [
        words.say("accounts-head-begun"),
        words.say("accounts-head-seen"),
        words.say("accounts-head-from"),
        words.say("accounts-head-which"),
    ];
    html! {
        (parts::table(&words.say("accounts-sessions"), &heads, &rows))
        form method="post" action="/accounts/me/sign-out" {
            (frame.csrf())
            button type="submit" { (words.say("accounts-sign-out-everywhere")) }
        }
    }
}

/// Whoever speaks by a token or a certificate has no passcode to change, and no sessions to end.
fn by_session(caller: &Caller) -> Result<(), Problem> {
    match caller.by {
        By::Session { .. } => Ok(()),
        By::Socket | By::Token(_) | By::Certificate(_) => Err(Problem::refused(
            "this is for somebody who is signed in by a browser",
        )),
    }
}

#[derive(Deserialize)]
pub(super) struct Passcodes {
    present: String,
    passcode: String,
    again: String,
}

pub(super) async fn passcode(
    State(console): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    posted: Posted<Passcodes>,
) -> Result<Response, Problem> {
    by_session(&posted.caller)?;
    let (frame, caller, form) = (&posted.frame, &posted.caller, &posted.form);
    let name = &*caller.name;
    let present = form.present.clone().into_bytes();
    if let Err(why) = signing_in::is_theirs(&console, name, present, visitor.from).await {
        let (status, wrong) = match why {
            NotSignedIn::Wrong => (
                StatusCode::CONFLICT,
                frame.words.say("accounts-present-wrong").into_owned(),
            ),
            NotSignedIn::Wait(_) | NotSignedIn::Busy => sign_in::refusal(frame.words, why),
        };
        return again(&console, frame, &headers, status, &wrong).await;
    }
    let passcode = match digest(frame, &form.passcode, &form.again).await? {
        Ok(passcode) => passcode,
        Err(wrong) => return again(&console, frame, &headers, StatusCode::CONFLICT, &wrong).await,
    };
    let account: UserName = name.parse().map_err(|_| Problem::not_found())?;
    let change = AccountChange::SetPasscode {
        account: account.clone(),
        passcode,
    };
    if let Err(wrong) = performed(&console, caller, change).await? {
        return again(&console, frame, &headers, StatusCode::CONFLICT, &wrong).await;
    }
    // All sessions are over now; this browser has just shown who sits there.
    let accounts = console.accounts().map_err(|_| Problem::unavailable(""))?;
    let changed = accounts
        .get(&account)
        .ok_or_else(Problem::not_found)?
        .changed();
    let theirs = Theirs { account, changed };
    let cookie = signing_in::begin(&console, &theirs, SignInMeans::Passcode, visitor.from).await?;
    let to = "/accounts/me?done=passcode";
    Ok(sign_in::welcomed(&console, cookie, to))
}

async fn again(
    console: &Shared,
    frame: &Frame,
    headers: &HeaderMap,
    status: StatusCode,
    wrong: &str,
) -> Result<Response, Problem> {
    let page = laid_out(console, frame, headers, &bad(wrong)).await?;
    Ok((status, Html(page.into_string())).into_response())
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn sign_out(
    State(console): State<Shared>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    by_session(&posted.caller)?;
    let name = &posted.caller.name;
    console.end_sessions_of(name, SignOutEnd::Asked).await;
    Ok(Redirect::to("/sign-in").into_response())
}
