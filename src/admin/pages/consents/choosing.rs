//! Whom the desk serves: finding a patient, and being done with them. Who may not know who patients are sees what
//! was recorded of late, by pseudonym.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::DESK;
use super::served::Served;
use super::table;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Body;
use crate::contract::Consent;
use crate::contract::ConsentId;
use crate::gateway::control::PatientName;
use crate::storage::Facet;
use crate::time::UtcMicros;

/// Rows of the list without names.
const ROWS: usize = 50;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/consents/patient", post(choose))
        .route("/consents/done", post(done))
}

#[derive(Deserialize)]
struct Chosen {
    id: String,
    #[serde(default)]
    issuer: String,
}

/// From which entry on, backwards, the list without names goes.
#[derive(Default, Deserialize)]
pub(super) struct Listed {
    #[serde(default)]
    before: Option<String>,
}

async fn choose(headers: HeaderMap, posted: Posted<Chosen>) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::SeePatients)?;
    let Some(patient) = forms::named(&posted.form.id, &posted.form.issuer) else {
        let typed = PatientName {
            id: posted.form.id,
            issuer: posted.form.issuer,
        };
        let body = body(frame, &Listed::default(), Some(&typed)).await?;
        let page = frame.page(&frame.words.say("consents"), &body);
        return Ok((StatusCode::BAD_REQUEST, Html(page.into_string())).into_response());
    };
    let cookie = frame.console.session_cookie(&headers);
    let cookie = cookie.ok_or_else(Problem::unauthorised)?;
    match frame.console.sessions.serve(&cookie, Some(patient)) {
        true => Ok(Redirect::to(DESK).into_response()),
        // A token remembers nobody.
        false => Err(Problem::unauthorised()),
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn done(headers: HeaderMap, posted: Posted<Nothing>) -> Result<Response, Problem> {
    posted.frame.for_right(Right::SeePatients)?;
    let console = &posted.frame.console;
    if let Some(cookie) = console.session_cookie(&headers) {
        console.sessions.serve(&cookie, None);
    }
    Ok(Redirect::to(DESK).into_response())
}

/// Who is served, and the button that ends it.
pub(super) fn card(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    html! {
        div class="card" {
            dl class="facts" {
                dt { (words.say("field-patient-id")) }
                dd { strong { (served.patient.id) } }
                @if !served.patient.issuer.is_empty() {
                    dt { (words.say("field-patient-issuer")) }
                    dd { (served.patient.issuer) }
                }
                @if served.ids > 1 {
                    dt { (words.say("consents-ids")) }
                    dd { (words.with("consents-ids-many", "count", served.ids)) }
                }
                dt { (words.say("consents-guardian")) }
                dd { (guardian(frame, served)) }
            }
            @if served.ids == 0 {
                p class="notice warn" { (words.say("consents-unmet")) }
            }
            form method="post" action="/consents/done" {
                (frame.csrf())
                button type="submit" class="quiet" { (words.say("consents-done")) }
            }
        }
    }
}

fn guardian(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    let Some(guardian) = &served.guardian else {
        return html! { span class="none" { (words.say("consents-guardian-none")) } };
    };
    let name = served.guardian_name.as_deref();
    html! {
        (name.unwrap_or(&words.say("consents-guardian-sealed")))
        @if let Some(until) = guardian.until {
            " – "
            (words.with("consents-until", "until", super::telling::last_day(frame, until)))
        }
    }
}

/// Where nobody is served.
pub(super) async fn body(
    frame: &Frame,
    listed: &Listed,
    wrong: Option<&PatientName>,
) -> Result<Markup, Problem> {
    let lately = match frame.has(Right::ServePatients) {
        true => html! {},
        false => lately(frame, listed).await?,
    };
    Ok(html! {
        @if frame.has(Right::SeePatients) { (find(frame, wrong)) }
        (lately)
    })
}

fn find(frame: &Frame, wrong: Option<&PatientName>) -> Markup {
    let words = frame.words;
    let why = wrong.map(|_| words.say("patient-id-wrong"));
    html! {
        form class="card narrow" method="post" action="/consents/patient" {
            (frame.csrf())
            h2 { (words.say("consents-find")) }
            (forms::wrong(why.as_deref()))
            (forms::patient(frame, "find", wrong))
            p class="hint" { (words.say("consents-find-hint")) }
            button type="submit" { (words.say("consents-find-do")) }
        }
    }
}

/// What was recorded, and whether it still stands.
struct Recorded {
    consent: ConsentId,
    at: UtcMicros,
    terms: Consent,
    stands: bool,
}

async fn lately(frame: &Frame, listed: &Listed) -> Result<Markup, Problem> {
    let words = frame.words;
    let title = words.say("consents-lately");
    let before = listed.before.as_deref().and_then(|text| text.parse().ok());
    let found = newest(&frame.console, before.unwrap_or(u64::MAX)).await?;
    if found.is_empty() {
        return Ok(html! { h2 { (title) } (parts::nothing(&words.say("consents-none-lately"))) });
    }
    let rows = html! {
        @for one in &found {
            tr {
                td class="number" { (one.consent) }
                td { (frame.time(one.at)) }
                td { (parts::patient(Some(one.terms.patient))) }
                (table::cells(frame, &one.terms))
                td {
                    @if one.stands { (words.say("consents-stands")) }
                    @else { (words.say("consents-ended")) }
                }
            }
        }
    };
    let heads = [
        "consents-number",
        "head-when",
        "head-patient",
        "head-what",
        "consents-to",
        "consents-purposes",
        "consents-images",
        "consents-valid",
        "head-state",
    ];
    let next = found.last().filter(|_| found.len() >= ROWS);
    Ok(html! {
        (parts::table(&title, &heads.map(|id| words.say(id)), &rows))
        @if let Some(last) = next {
            p { a href=(format!("{DESK}?before={}", last.consent)) { (words.say("older")) } }
        }
    })
}

/// The newest before an entry.
async fn newest(console: &Console, before: u64) -> Result<Vec<Recorded>, Problem> {
    let (recorder, journal) = (console.recorder.clone(), console.recorder.journal());
    let read = tokio::task::spawn_blocking(move || {
        let kind = Facet::Kind("consent-granted".to_owned());
        let entries = recorder.find(&kind, 0..before, ROWS);
        let entries = entries.map_err(|error| Problem::unavailable(error.to_string()))?;
        let mut found = Vec::new();
        for entry in entries {
            let stored = journal.get(entry);
            let stored = stored.map_err(|error| Problem::unavailable(error.to_string()))?;
            let Some(entry) = stored.map(|stored| stored.entry) else {
                continue;
            };
            if let Body::ConsentGranted { consent, .. } = entry.event.body {
                found.push((ConsentId(entry.seq), entry.ledger_time, consent));
            }
        }
        Ok::<_, Problem>(found)
    });
    let read = read.await.map_err(|_| Problem::unavailable(""))??;
    let looked = console.recorder.view(move |state, _| {
        let told = read.into_iter().map(|(consent, at, terms)| Recorded {
            stands: state
                .consents_of(terms.patient)
                .any(|(id, _)| id == consent),
            consent,
            at,
            terms,
        });
        told.collect()
    });
    looked
        .await
        .map_err(|error| Problem::unavailable(error.to_string()))
}
