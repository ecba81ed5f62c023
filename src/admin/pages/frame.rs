//! What is around every page: who sees it, in which language, the menu, and what its forms must show.

use axum::Form;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header;
use axum::http::request::Parts;
use maud::DOCTYPE;
use maud::Markup;
use maud::html;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::MENU;
use super::parts;
use crate::admin::assets;
use crate::admin::caller::By;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::guard::checked_for_forgery;
use crate::admin::guard::cookie_of;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::words::Tongue;
use crate::admin::words::Words;
use crate::contract::InstitutionSlug;

/// The cookie that says which language.
pub(in crate::admin) const TONGUE_COOKIE: &str = "credence-language";

/// What htmx may do: nothing that a strict Content-Security-Policy forbids.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;

/// See the module.
pub(in crate::admin) struct Frame {
    /// What all requests share.
    pub(in crate::admin) console: Shared,
    /// Who sees it, if they are known.
    pub(in crate::admin) caller: Option<Caller>,
    /// What the page says.
    pub(in crate::admin) words: &'static Words,
    path: String,
    /// Where the page is read again; of an answer to a form, the page of the menu.
    back: String,
}

impl Frame {
    /// Of a request.
    pub(in crate::admin) async fn of(console: &Shared, parts: &mut Parts) -> Result<Self, Problem> {
        let caller = Option::<Caller>::from_request_parts(parts, console).await?;
        let chosen = cookie_of(&parts.headers, TONGUE_COOKIE);
        let tongue = chosen
            .and_then(|code| Tongue::of(&code))
            .unwrap_or_else(|| {
                let asked = parts.headers.get(header::ACCEPT_LANGUAGE);
                let asked = asked.and_then(|asked| asked.to_str().ok());
                Tongue::asked_for(asked.unwrap_or_default())
            });
        Ok(Self {
            console: Shared::clone(console),
            caller,
            words: tongue.words(),
            path: parts.uri.path().to_owned(),
            back: back(parts),
        })
    }

    /// Whoever is signed in and has a right.
    ///
    /// # Errors
    /// Unauthorised, or forbidden.
    pub(in crate::admin) fn for_right(&self, right: Right) -> Result<&Caller, Problem> {
        let caller = self.caller.as_ref().ok_or_else(Problem::unauthorised)?;
        caller.may(right)?;
        Ok(caller)
    }

    /// Whether who sees it has a right.
    pub(in crate::admin) fn has(&self, right: Right) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.has(right))
    }

    /// What an institution is called.
    pub(in crate::admin) fn institution<'a>(&'a self, slug: &'a InstitutionSlug) -> &'a str {
        self.console.site.name(slug)
    }

    /// What a form that changes something has in it.
    pub(in crate::admin) fn csrf(&self) -> Markup {
        let csrf = self.caller.as_ref().map(Caller::csrf).unwrap_or_default();
        html! { input type="hidden" name="csrf" value=(csrf); }
    }

    /// A whole page.
    pub(in crate::admin) fn page(&self, title: &str, body: &Markup) -> Markup {
        let words = self.words;
        html! {
            (DOCTYPE)
            html lang=(words.tongue.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=(HTMX);
                    title { (title) " · Credence" }
                    link rel="icon" href=(assets::path("mark.svg"));
                    link rel="stylesheet" href=(assets::path("credence.css"));
                    script src=(assets::path("htmx.min.js")) defer {}
                    script src=(assets::path("credence.js")) defer {}
                }
                body {
                    a class="skip" href="#main" { (words.say("skip")) }
                    (self.header())
                    @if self.caller.is_some() { (self.menu()) }
                    main id="main" tabindex="-1" {
                        (self.tamper_alarm())
                        h1 { (title) }
                        (body)
                    }
                    (self.footer())
                }
            }
        }
    }

    /// What went wrong, as a page.
    pub(in crate::admin) fn problem(&self, problem: &Problem) -> Markup {
        let words = self.words;
        let title = match problem.status {
            403 => words.say("problem-forbidden"),
            404 => words.say("problem-not-found"),
            400 | 409 | 413 | 415 | 422 => words.say("problem-refused"),
            _ => words.say("problem-unavailable"),
        };
        let body = html! {
            @if let Some(detail) = &problem.detail {
                p class="notice bad" role="alert" { (detail) }
            }
            p { a href="/" { (words.say("back-to-overview")) } }
        };
        self.page(&title, &body)
    }

    /// On every page of who is signed in, until a verification finds the ledger whole again.
    fn tamper_alarm(&self) -> Markup {
        let is_on = self.caller.is_some() && self.console.verification.is_alarmed();
        if !is_on {
            return html! {};
        }
        let words = self.words;
        html! {
            div class="notice bad banner" role="alert" {
                strong { (words.say("tamper-alarm")) }
                @if self.has(Right::SeeLedger) {
                    " " a href="/ledger#verification" { (words.say("tamper-alarm-see")) }
                }
            }
        }
    }

    fn header(&self) -> Markup {
        let words = self.words;
        let own = &self.console.config.gateway.institution;
        html! {
            header class="top" {
                a class="mark" href="/" {
                    img src=(assets::path("mark.svg")) alt="" width="22" height="22";
                    span { "Credence" }
                }
                span class="house" { (self.institution(own)) }
                @if let Some(caller) = &self.caller {
                    form class="who" method="post" action="/sign-out" {
                        (self.csrf())
                        @if matches!(caller.by, By::Session { .. }) {
                            a href="/accounts/me" { (caller.name) }
                            button type="submit" class="quiet" { (words.say("sign-out")) }
                        } @else {
                            span { (caller.name) }
                        }
                    }
                }
            }
        }
    }

    fn menu(&self) -> Markup {
        let words = self.words;
        let here = |path: &str| match path {
            "/" => self.path == "/",
            path => self.path.starts_with(path),
        };
        html! {
            nav class="menu" aria-label=(words.say("menu")) {
                ul {
                    @for entry in MENU.iter().filter(|entry| self.has(entry.right)) {
                        li {
                            a href=(entry.path) aria-current=[here(entry.path).then_some("page")] {
                                (words.say(entry.name))
                            }
                        }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let words = self.words;
        html! {
            footer {
                form method="post" action="/language" {
                    input type="hidden" name="back" value=(self.back);
                    label for="language" { (words.say("language")) }
                    select id="language" name="language" {
                        @for tongue in Tongue::ALL {
                            option value=(tongue.code()) lang=(tongue.code())
                                selected[tongue == words.tongue] { (tongue.name()) }
                        }
                    }
                    button type="submit" class="quiet" { (words.say("choose")) }
                }
                span { (words.with("times-in-zone", "zone", self.console.face.name().to_owned())) }
                span { "Credence " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }

    /// A moment, in the site's zone; UTC where a pointer rests on it.
    pub(in crate::admin) fn time(&self, at: crate::time::UtcMicros) -> Markup {
        parts::time(&self.console.face, at)
    }
}

/// Where whoever chose another language goes on. What only takes forms cannot be read.
fn back(parts: &Parts) -> String {
    match parts.method {
        Method::GET => parts.uri.to_string(),
        _ => {
            let mut segments = parts.uri.path().split('/').skip(1);
            format!("/{}", segments.next().unwrap_or_default())
        }
    }
}

impl FromRequestParts<Shared> for Frame {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Shared) -> Result<Self, Problem> {
        Self::of(console, parts).await
    }
}

/// A form that somebody sent from a page of ours.
pub(in crate::admin) struct Posted<T> {
    /// Around the answer.
    pub(in crate::admin) frame: Frame,
    /// Who sent it.
    pub(in crate::admin) caller: Caller,
    /// What it says.
    pub(in crate::admin) form: T,
    /// All of it: a list has its name several times.
    pairs: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    csrf: String,
}

impl<T> Posted<T> {
    /// What was chosen of a list.
    pub(in crate::admin) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.pairs.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(asked: Request, console: &Shared) -> Result<Self, Problem> {
        let (mut parts, body) = asked.into_parts();
        let frame = Frame::of(console, &mut parts).await?;
        let caller = frame.caller.clone().ok_or_else(Problem::unauthorised)?;
        let asked = Request::from_parts(parts.clone(), body);
        // What a reader says may quote what was sent.
        let bad = || Problem::bad("the form cannot be read");
        let body = Bytes::from_request(asked, console).await;
        let body = body.map_err(|_| bad())?;
        let again = |body: &Bytes| Request::from_parts(parts.clone(), Body::from(body.clone()));
        let shown = Form::<Shown>::from_request(again(&body), console).await;
        let Form(shown) = shown.map_err(|_| bad())?;
        checked_for_forgery(&caller, &parts.headers, Some(&shown.csrf))?;
        let form = Form::<T>::from_request(again(&body), console).await;
        let Form(form) = form.map_err(|_| bad())?;
        let pairs = form_urlencoded::parse(&body).into_owned().collect();
        Ok(Self {
            frame,
            caller,
            form,
            pairs,
        })
    }
}
