//! Signing in and out, the first account, and the language.

use crate::admin::signing_in::Theirs;
use crate::config::UserName;
use axum::Form;
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
use axum::routing::post;
use cookie::Cookie;
use cookie::SameSite;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::frame::Frame;
use super::frame::Posted;
use super::frame::TONGUE_COOKIE;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::signing_in;
use crate::admin::signing_in::NotSignedIn;
use crate::admin::words::Tongue;
use crate::admin::words::Words;
use crate::contract::Role;
use crate::contract::SignInMeans;
use crate::contract::SignOutEnd;
use crate::gateway::control::AccountChange;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::identity::PASSCODE_CHARACTERS_MIN;
use crate::identity::Passcode;
use crate::web::Visitor;

/// How long a browser keeps the chosen language.
const TONGUE_KEPT: cookie::time::Duration = cookie::time::Duration::days(365);

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sign-in", get(page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/set-up", get(set_up_page).post(set_up))
        .route("/language", post(language))
}

/// Where one signs in who wants to go to `target`.
pub(super) fn path(target: &str) -> String {
    match ours(target) {
        "/" => "/sign-in".to_owned(),
        target => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("to", target);
            format!("/sign-in?{}", query.finish())
        }
    }
}

/// A place of ours; else the overview: nobody is led elsewhere by a link that begins here.
pub(super) fn ours(target: &str) -> &str {
    // Browsers leave out what is not printable, and take `\` for `/`.
    let elsewhere = !target.starts_with('/')
        || target.starts_with("//")
        || !target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        || target.starts_with("/sign-");
    match elsewhere {
        true => "/",
        false => target,
    }
}

#[derive(Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

async fn page(frame: Frame, Query(to): Query<To>) -> Response {
    match frame.caller {
        Some(_) => Redirect::to(ours(&to.to)).into_response(),
        None => Html(sign_in_page(&frame, &to.to, None).into_string()).into_response(),
    }
}

fn sign_in_page(frame: &Frame, to: &str, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let body = html! {
        form class="card narrow" method="post" action="/sign-in" {
            @if let Some(wrong) = wrong { p class="notice bad" role="alert" { (wrong) } }
            input type="hidden" name="to" value=(ours(to));
            label for="name" { (words.say("account-name")) }
            input id="name" name="name" required autofocus autocomplete="username" autocapitalize="none" spellcheck="false";
            label for="passcode" { (words.say("passcode")) }
            input id="passcode" name="passcode" type="password" required autocomplete="current-password";
            button type="submit" { (words.say("sign-in")) }
        }
        @if let Some(oidc) = &frame.console.oidc {
            p {
                a class="button quiet" href=(by_provider(to)) {
                    (words.with("sign-in-oidc", "provider", oidc.host().to_owned()))
                }
            }
        }
    };
    frame.page(&words.say("sign-in"), &body)
}

/// Where one signs in by the identity provider.
fn by_provider(to: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("to", ours(to));
    format!("/oidc/begin?{}", query.finish())
}

/// The page to sign in, with what went wrong.
pub(super) fn page_with(frame: &Frame, to: &str, wrong: &str) -> Markup {
    sign_in_page(frame, to, Some(wrong))
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    passcode: String,
    #[serde(default)]
    to: String,
}

async fn sign_in(
    State(console): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    frame: Frame,
    Form(form): Form<SignIn>,
) -> Result<Response, Problem> {
    from_our_page(&headers)?;
    let passcode = form.passcode.into_bytes();
    let signed_in = signing_in::by_passcode(&console, &form.name, passcode, visitor.from).await;
    let (status, wrong) = match signed_in {
        Ok(cookie) => return Ok(welcomed(&console, cookie, ours(&form.to))),
        Err(why) => refusal(frame.words, why),
    };
    let page = sign_in_page(&frame, &form.to, Some(&wrong));
    Ok((status, Html(page.into_string())).into_response())
}

/// Why nobody is signed in, in words.
pub(super) fn refusal(words: &Words, why: NotSignedIn) -> (StatusCode, String) {
    match why {
        NotSignedIn::Wrong => (
            StatusCode::UNAUTHORIZED,
            words.say("sign-in-wrong").into_owned(),
        ),
        NotSignedIn::Wait(seconds) => {
            let wait = words.with("sign-in-wait", "seconds", seconds);
            (StatusCode::TOO_MANY_REQUESTS, wait)
        }
        NotSignedIn::Busy => {
            let busy = words.say("sign-in-busy").into_owned();
            (StatusCode::SERVICE_UNAVAILABLE, busy)
        }
    }
}

/// A form that another site's page sends would sign a person in as somebody else.
fn from_our_page(headers: &HeaderMap) -> Result<(), Problem> {
    let foreign = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    match foreign {
        true => Err(Problem::bad("this did not come from a page of ours")),
        false => Ok(()),
    }
}

/// Leads on, with the session's cookie.
pub(super) fn welcomed(console: &Console, value: String, to: &str) -> Response {
    let cookie = session_cookie(console, value);
    ([(header::SET_COOKIE, cookie.to_string())], Redirect::to(to)).into_response()
}

/// The cookie that names a session: for our own pages alone.
pub(super) fn session_cookie(console: &Console, value: String) -> Cookie<'static> {
    Cookie::build((console.cookie_name(), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(console.is_secure())
        .build()
}

async fn sign_out(
    State(console): State<Shared>,
    headers: HeaderMap,
    posted: Posted<Nothing>,
) -> Response {
    if let Some(cookie) = console.session_cookie(&headers)
        && console.sessions.end(&cookie).is_some()
    {
        let end = [(posted.caller.name, SignOutEnd::Asked)];
        console.ended(end).await;
    }
    let mut gone = session_cookie(&console, String::new());
    gone.make_removal();
    let to = Redirect::to("/sign-in");
    ([(header::SET_COOKIE, gone.to_string())], to).into_response()
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
}

async fn set_up_page(
    State(console): State<Shared>,
    frame: Frame,
    Query(token): Query<Token>,
) -> Result<Response, Problem> {
    if !console.set_up.counts(&token.token, console.now_us()) || !nobody(&console) {
        return Err(Problem::not_found());
    }
    let page = first_account(&frame, &token.token, None);
    Ok(Html(page.into_string()).into_response())
}

/// Whether there is no account yet.
fn nobody(console: &Console) -> bool {
    console.accounts().is_ok_and(|accounts| accounts.is_empty())
}

fn first_account(frame: &Frame, token: &str, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let body = html! {
        form class="card narrow" method="post" action="/set-up" {
            p { (words.say("set-up-what")) }
            @if let Some(wrong) = wrong { p class="notice bad" role="alert" { (wrong) } }
            input type="hidden" name="token" value=(token);
            label for="name" { (words.say("account-name")) }
            input id="name" name="name" required autofocus autocomplete="username" autocapitalize="none" spellcheck="false";
            label for="passcode" { (words.say("passcode")) }
            input id="passcode" name="passcode" type="password" required autocomplete="new-password"
                minlength=(PASSCODE_CHARACTERS_MIN) aria-describedby="passcode-hint";
            p id="passcode-hint" class="hint" {
                (words.with("passcode-hint", "characters", PASSCODE_CHARACTERS_MIN))
            }
            button type="submit" { (words.say("set-up-make")) }
        }
    };
    frame.page(&words.say("set-up"), &body)
}

#[derive(Deserialize)]
struct SetUp {
    token: String,
    name: String,
    passcode: String,
}

async fn set_up(
    State(console): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    frame: Frame,
    Form(form): Form<SetUp>,
) -> Result<Response, Problem> {
    from_our_page(&headers)?;
    // One at a time: the link makes one account.
    let link = console.set_up.taken(&form.token, console.now_us());
    let mut link = link
        .filter(|_| nobody(&console))
        .ok_or_else(Problem::not_found)?;
    let again = |wrong: &str| {
        let page = first_account(&frame, &form.token, Some(wrong));
        Ok((StatusCode::CONFLICT, Html(page.into_string())).into_response())
    };
    let passcode = Passcode::from_bytes(form.passcode.into_bytes());
    let digest = tokio::task::spawn_blocking(move || passcode.digest()).await;
    let digest = match digest.map_err(|_| Problem::unavailable(""))? {
        Ok(digest) => digest,
        Err(fault) => return again(&fault.to_string()),
    };
    let Ok(name) = form.name.parse::<UserName>() else {
        return again(&frame.words.say("account-name-wrong"));
    };
    let command = Command::AccountChange {
        change: AccountChange::Add {
            account: name.clone(),
            passcode: Some(digest),
            roles: [Role::PacsAdmin].into(),
        },
        by: form.name.clone(),
    };
    match console.perform(command).await {
        Answer::Recorded { entry } => {
            link.spend();
            let means = SignInMeans::SetupLink;
            let theirs = Theirs {
                account: name,
                changed: entry,
            };
            let cookie = signing_in::begin(&console, &theirs, means, visitor.from).await?;
            Ok(welcomed(&console, cookie, "/"))
        }
        Answer::Refused { reason } => again(&reason),
        _ => Err(Problem::unavailable("")),
    }
}

#[derive(Deserialize)]
struct Language {
    language: String,
    #[serde(default)]
    back: String,
}

async fn language(State(console): State<Shared>, Form(form): Form<Language>) -> Response {
    let tongue = Tongue::of(&form.language).unwrap_or_default();
    let cookie = Cookie::build((TONGUE_COOKIE, tongue.code()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(console.is_secure())
        .max_age(TONGUE_KEPT)
        .build();
    let to = Redirect::to(ours(&form.back));
    ([(header::SET_COOKIE, cookie.to_string())], to).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for (target, to) in [
            ("/decisions?before=7", "/decisions?before=7"),
            ("", "/"),
            ("https://elsewhere.example", "/"),
            ("//elsewhere.example", "/"),
            ("/\\elsewhere.example", "/"),
            ("/sign-out", "/"),
        ] {
            assert_eq!(ours(target), to);
        }
        assert_eq!(
            path("/audit?verdict=deny"),
            "/sign-in?to=%2Faudit%3Fverdict%3Ddeny"
        );
        assert_eq!(path("//elsewhere"), "/sign-in");
    }
}
