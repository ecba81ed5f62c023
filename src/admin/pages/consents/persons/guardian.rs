//! Who may consent in a patient's place.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::DESK;
use super::Served;
use super::at_desk;
use super::sent_at_desk;
use super::served;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::consents::refused;
use crate::admin::pages::consents::telling;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::gateway::control::Change;
use crate::time::Day;

/// Characters of the longest text that is kept sealed.
const TEXT_CHARACTERS_MAX: usize = 2000;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/consents/guardian", get(asked).post(name))
        .route("/consents/guardian/end", post(end))
}

#[derive(Default, Deserialize)]
struct Form {
    guardian: String,
    #[serde(default)]
    until: String,
}

async fn asked(frame: Frame, headers: HeaderMap) -> Result<Response, Problem> {
    let (caller, chosen) = at_desk(&frame, &headers)?;
    let Some(chosen) = chosen else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let served = Served::look(&frame.console, caller, chosen).await?;
    Ok(forms::shown(page(&frame, &served, &Form::default(), None)))
}

fn page(frame: &Frame, served: &Served, form: &Form, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let body = html! {
        (served::about(frame, &served.patient))
        @if served.guardian.is_some() { (current(frame, served)) }
        form class="card narrow" method="post" action="/consents/guardian" {
            (frame.csrf())
            (served::turn(served.turn))
            h2 { (words.say("consents-guardian-name")) }
            (forms::wrong(wrong))
            p { (words.say("consents-guardian-what")) }
            (Field {
                id: "guardian",
                name: "guardian",
                label: &words.say("consents-guardian-who"),
                value: &form.guardian,
                hint: &words.say("consents-guardian-who-hint"),
                required: true,
                max: Some(TEXT_CHARACTERS_MAX),
            }.area())
            (Field {
                id: "until",
                name: "until",
                label: &words.say("consents-last-day"),
                value: &form.until,
                hint: &words.say("consents-guardian-until-hint"),
                ..Field::default()
            }.day())
            div class="actions" {
                button type="submit" { (words.say("consents-guardian-name")) }
                a class="button quiet" href=(DESK) { (words.say("question-no")) }
            }
        }
    };
    frame.page(&words.say("consents-guardian"), &body)
}

/// Who it is now, and the end of that.
fn current(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    let until = served.guardian.and_then(|guardian| guardian.until);
    let sealed = words.say("consents-guardian-sealed");
    html! {
        div class="card narrow" {
            h2 { (words.say("consents-guardian-now")) }
            p { (served.guardian_name.as_deref().unwrap_or(&sealed)) }
            @if let Some(until) = until {
                p { (words.with("consents-until", "until", telling::last_day(frame, until))) }
            }
            form method="post" action="/consents/guardian/end" {
                (frame.csrf())
                (served::turn(served.turn))
                button type="submit" class="grave" { (words.say("consents-guardian-end")) }
            }
        }
    }
}

async fn name(headers: HeaderMap, posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, form) = (&posted.frame, &posted.form);
    let (caller, chosen) = sent_at_desk(&posted, &headers)?;
    let Some(chosen) = chosen else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let done = match forms::day(&form.until) {
        Ok(until) => {
            let until = until.map(|day| frame.console.face.begins(Day(day.0.saturating_add(1))));
            let change = Change::GuardianName {
                patient: chosen.patient.clone(),
                guardian: form.guardian.clone(),
                until,
            };
            forms::record(frame, caller, change).await?
        }
        Err(_) => Done::Refused(frame.words.say("wrong-day").into_owned()),
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => {
            let served = Served::look(&frame.console, caller, chosen).await?;
            Ok(forms::again(page(frame, &served, form, Some(&why))))
        }
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn end(headers: HeaderMap, posted: Posted<Nothing>) -> Result<Response, Problem> {
    let frame = &posted.frame;
    let (caller, chosen) = sent_at_desk(&posted, &headers)?;
    let Some(chosen) = chosen else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let change = Change::GuardianEnd {
        patient: chosen.patient,
    };
    match forms::record(frame, caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => refused(frame, caller, &headers, &why).await,
    }
}
