//! Who asks: a process on this machine, a session of a browser, a token, a machine's certificate, or nobody.

use axum::extract::FromRequestParts;
use axum::extract::OptionalFromRequestParts;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::header;
use axum::http::request::Parts;
use cookie::Cookie;

use super::caller::By;
use super::caller::Caller;
use super::console::Console;
use super::console::Shared;
use super::problem::Problem;
use super::sessions::Seen;
use crate::config::UserName;
use crate::identity::Account;
use crate::identity::AccountsError;
use crate::identity::TokenSecret;
use crate::web::Visitor;

/// What the session's cookie is called; over TLS browsers hold it to this origin (RFC 6265bis §4.1.3.2).
pub(super) const COOKIE: &str = "credence";
/// The same over TLS.
pub(super) const SECURE_COOKIE: &str = "__Host-credence";
/// The header by which scripts of our pages show what forms show.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";
/// The header of what a page's script asks for.
pub(super) const BY_SCRIPT: &str = "hx-request";
/// Who is named on the socket as the one who asks.
const SOCKET_CALLER: &str = "operator";

impl Console {
    /// What the session's cookie is called here.
    pub(super) fn cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => SECURE_COOKIE,
            false => COOKIE,
        }
    }

    /// Who asks; `None`: nobody who is known.
    fn caller(&self, parts: &Parts) -> Result<Option<Caller>, Problem> {
        let visitor = parts.extensions.get::<Visitor>();
        let visitor = visitor.ok_or_else(|| Problem::unavailable("no connection is known"))?;
        if visitor.from.is_none() {
            let name = SOCKET_CALLER.to_owned();
            let by = By::Socket;
            return Ok(Some(Caller { name, by }));
        }
        if let Some(token) = bearer(&parts.headers) {
            return self.by_token(token);
        }
        if let Some(caller) = self.by_certificate(visitor) {
            return Ok(Some(caller));
        }
        self.by_session(parts)
    }

    fn by_token(&self, token: &str) -> Result<Option<Caller>, Problem> {
        let Some(secret) = TokenSecret::said(token) else {
            return Ok(None);
        };
        let accounts = self.accounts().map_err(|error| unreadable(&error))?;
        let bearer = accounts.bearer(&secret, self.clock.now());
        Ok(bearer.map(|bearer| Caller {
            name: bearer.account.to_string(),
            by: By::Token(bearer.roles),
        }))
    }

    fn by_certificate(&self, visitor: &Visitor) -> Option<Caller> {
        let shown = visitor.channel.certificate.as_deref()?;
        let mut rows = self.config.console.machines.iter();
        let own = &self.config.gateway.institution;
        let row = rows.find(|row| shown.names().contains(&row.certificate))?;
        let security = self.security.as_ref()?;
        security.now().believes(own, shown).then(|| Caller {
            name: row.name.to_string(),
            by: By::Certificate(row.roles.clone()),
        })
    }

    fn by_session(&self, parts: &Parts) -> Result<Option<Caller>, Problem> {
        // What an open page asks for by itself is no sign that somebody sits before it.
        let seen = match parts.headers.contains_key(BY_SCRIPT) && parts.method == Method::GET {
            true => Seen::Nobody,
            false => Seen::Somebody,
        };
        let Some(session) = self
            .session_cookie(&parts.headers)
            .and_then(|cookie| self.sessions.find(&cookie, seen, self.now_us()))
        else {
            return Ok(None);
        };
        let accounts = self.accounts().map_err(|error| unreadable(&error))?;
        let name: Option<UserName> = session.account.parse().ok();
        let account = name.and_then(|name| accounts.get(&name));
        // What an account may is looked at anew each time; a changed one has to sign in again.
        let stands =
            |account: &&Account| account.is_enabled() && account.changed() <= session.changed;
        Ok(account.filter(stands).map(|account| Caller {
            name: session.account.clone(),
            by: By::Session {
                roles: account.roles().clone(),
                csrf: session.csrf.clone(),
            },
        }))
    }

    /// What the browser's cookie of ours says.
    pub(super) fn session_cookie(&self, headers: &HeaderMap) -> Option<String> {
        cookie_of(headers, self.cookie_name())
    }
}

/// The value of a cookie.
pub(super) fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut cookies = texts.flat_map(Cookie::split_parse).flatten();
    let found = cookies.find(|cookie| cookie.name() == name);
    found.map(|cookie| cookie.value().to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unreadable(error: &AccountsError) -> Problem {
    tracing::error!(%error, "the accounts cannot be read");
    Problem::unavailable("the accounts cannot be read")
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Shared) -> Result<Self, Problem> {
        let caller = console.caller(parts)?;
        caller.ok_or_else(Problem::unauthorised)
    }
}

impl OptionalFromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        console: &Shared,
    ) -> Result<Option<Self>, Problem> {
        console.caller(parts)
    }
}

/// Holds a request that changes something to what only our own pages know: a browser that is signed in can be made
/// to send one by any page that it shows. A machine's certificate is added by a browser that has it, too, so what comes
/// from any page is refused there; tokens and the socket are nothing that a browser adds.
///
/// # Errors
/// Forbidden.
pub(super) fn checked_for_forgery(
    caller: &Caller,
    headers: &HeaderMap,
    shown: Option<&str>,
) -> Result<(), Problem> {
    let is_foreign = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    let is_ours = match &caller.by {
        By::Session { csrf, .. } => {
            let header = headers.get(CSRF_HEADER).and_then(|text| text.to_str().ok());
            let shows = shown.or(header).is_some_and(|shown| shown == csrf);
            shows && !is_foreign
        }
        By::Certificate(_) => !is_foreign && !headers.contains_key(header::ORIGIN),
        By::Token(_) | By::Socket => true,
    };
    match is_ours {
        true => Ok(()),
        false => Err(Problem::new(
            axum::http::StatusCode::FORBIDDEN,
            "this did not come from a page of ours that is up to date: load it again",
        )),
    }
}
