//! Two Patient IDs are one patient, or are not.

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
use super::at_desk;
use super::sent_at_desk;
use super::served;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::sessions::Served as Chosen;
use crate::gateway::control::Change;
use crate::gateway::control::PatientName;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/consents/merge", get(asked).post(merge))
        .route("/consents/unlink", post(unlink))
}

#[derive(Deserialize)]
struct Other {
    id: String,
    #[serde(default)]
    issuer: String,
}

/// Which of the two forms was sent, and why it was not done.
struct Wrong<'a> {
    unlinks: bool,
    typed: &'a PatientName,
    why: &'a str,
}

async fn asked(frame: Frame, headers: HeaderMap) -> Result<Response, Problem> {
    let (_, chosen) = at_desk(&frame, &headers)?;
    Ok(match chosen {
        Some(chosen) => forms::shown(page(&frame, &chosen, None)),
        None => Redirect::to(DESK).into_response(),
    })
}

fn page(frame: &Frame, chosen: &Chosen, wrong: Option<&Wrong<'_>>) -> Markup {
    let words = frame.words;
    let of = |unlinks: bool| wrong.filter(|wrong| wrong.unlinks == unlinks);
    let form = |id: &str, action: &str, title: &str, what: &str, wrong: Option<&Wrong<'_>>| {
        html! {
            form class="card" method="post" action=(action) {
                (frame.csrf())
                (served::turn(chosen.turn))
                h2 { (title) }
                (forms::wrong(wrong.map(|wrong| wrong.why)))
                p { (what) }
                (forms::patient(frame, id, wrong.map(|wrong| wrong.typed)))
                button type="submit" class="grave" { (title) }
            }
        }
    };
    let body = html! {
        (served::about(frame, &chosen.patient))
        div class="columns" {
            (form(
                "merge",
                "/consents/merge",
                &words.say("consents-merge-do"),
                &words.say("consents-merge-what"),
                of(false),
            ))
            (form(
                "unlink",
                "/consents/unlink",
                &words.say("consents-unlink-do"),
                &words.say("consents-unlink-what"),
                of(true),
            ))
        }
        p { a href=(DESK) { (words.say("consents-back")) } }
    };
    frame.page(&words.say("consents-merge"), &body)
}

async fn merge(headers: HeaderMap, posted: Posted<Other>) -> Result<Response, Problem> {
    changed(headers, posted, false).await
}

async fn unlink(headers: HeaderMap, posted: Posted<Other>) -> Result<Response, Problem> {
    changed(headers, posted, true).await
}

async fn changed(
    headers: HeaderMap,
    posted: Posted<Other>,
    unlinks: bool,
) -> Result<Response, Problem> {
    let frame = &posted.frame;
    let (caller, chosen) = sent_at_desk(&posted, &headers)?;
    let Some(chosen) = chosen else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let named = forms::named(&posted.form.id, &posted.form.issuer);
    let done = match named {
        Some(other) => {
            // The patient whom the desk serves survives: the other was merged into this one.
            let change = match unlinks {
                true => Change::PatientUnlink {
                    patient: other,
                    from: chosen.patient.clone(),
                },
                false => Change::PatientMerge {
                    patient: other,
                    into: chosen.patient.clone(),
                },
            };
            forms::record(frame, caller, change).await?
        }
        None => Done::Refused(frame.words.say("patient-id-wrong").into_owned()),
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => {
            let typed = PatientName {
                id: posted.form.id.clone(),
                issuer: posted.form.issuer.clone(),
            };
            let wrong = Wrong {
                unlinks,
                typed: &typed,
                why: &why,
            };
            Ok(forms::again(page(frame, &chosen, Some(&wrong))))
        }
    }
}
