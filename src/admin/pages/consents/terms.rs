//! A consent or an objection is recorded.

mod draft;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;

use super::DESK;
use super::served;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::sessions::Served as Chosen;
use crate::contract::Effect;
use crate::contract::Purpose;
use crate::gateway::control::Change;
use draft::ANYONE;
use draft::Draft;
use draft::Form;

/// Characters of the longest Study Instance UID (VR UI, PS3.5 §6.2).
const UID_CHARACTERS_MAX: usize = 64;
/// Characters of the codes of modalities that are typed.
const CODES_CHARACTERS_MAX: usize = 200;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/consents/grant", get(grant).post(record_grant))
        .route("/consents/deny", get(deny).post(record_denial))
}

async fn grant(frame: Frame, headers: HeaderMap) -> Result<Response, Problem> {
    asked(&frame, &headers, Effect::Grant)
}

async fn deny(frame: Frame, headers: HeaderMap) -> Result<Response, Problem> {
    asked(&frame, &headers, Effect::Deny)
}

fn asked(frame: &Frame, headers: &HeaderMap, effect: Effect) -> Result<Response, Problem> {
    frame.for_right(Right::ServePatients)?;
    Ok(match served::patient(frame, headers) {
        Some(chosen) => forms::shown(page(frame, &chosen, &Draft::new(effect), None)),
        None => Redirect::to(DESK).into_response(),
    })
}

async fn record_grant(headers: HeaderMap, posted: Posted<Form>) -> Result<Response, Problem> {
    record(headers, posted, Effect::Grant).await
}

async fn record_denial(headers: HeaderMap, posted: Posted<Form>) -> Result<Response, Problem> {
    record(headers, posted, Effect::Deny).await
}

async fn record(
    headers: HeaderMap,
    posted: Posted<Form>,
    effect: Effect,
) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::ServePatients)?;
    let Some(chosen) = served::still(&posted, &headers)? else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let draft = Draft::of(&posted, effect);
    let known = |slug: &str| plain::others(frame).iter().any(|(other, _)| other == slug);
    let terms = match draft.terms(chosen.patient.clone(), &frame.console.face, known) {
        Ok(terms) => Box::new(terms),
        Err(wrong) => {
            let why = frame.words.say(wrong.message());
            return Ok(forms::again(page(frame, &chosen, &draft, Some(&why))));
        }
    };
    let change = Change::ConsentGrant { terms };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => Ok(forms::again(page(frame, &chosen, &draft, Some(&why)))),
    }
}

fn page(frame: &Frame, chosen: &Chosen, draft: &Draft, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let (title, what, action, send) = match draft.effect {
        Effect::Grant => (
            words.say("consents-grant"),
            words.say("consents-grant-what"),
            "/consents/grant",
            words.say("consents-grant-do"),
        ),
        Effect::Deny => (
            words.say("consents-deny"),
            words.say("consents-deny-what"),
            "/consents/deny",
            words.say("consents-deny-do"),
        ),
    };
    let body = html! {
        form class="card" method="post" action=(action) {
            (frame.csrf())
            (forms::wrong(wrong))
            (served::turn(chosen.turn))
            (served::about(frame, &chosen.patient))
            p { (what) }
            div class="columns" {
                div {
                    (whom(frame, draft))
                    (purposes(frame, draft))
                    (giver(frame, draft))
                    (time(frame, draft))
                }
                div { (images(frame, draft)) }
            }
            div class="actions" {
                button type="submit" { (send) }
                a class="button quiet" href=(DESK) { (words.say("question-no")) }
            }
        }
    };
    frame.page(&title, &body)
}

fn whom(frame: &Frame, draft: &Draft) -> Markup {
    let words = frame.words;
    let chosen = |value: &str| draft.to.iter().any(|one| one == value);
    html! {
        fieldset {
            legend { (words.say("consents-to")) }
            (forms::tick("to", ANYONE, &words.say("consents-anyone"), chosen(ANYONE)))
            @for (slug, name) in plain::others(frame) {
                (forms::tick("to", &slug, &name, chosen(&slug)))
            }
        }
    }
}

fn purposes(frame: &Frame, draft: &Draft) -> Markup {
    let words = frame.words;
    html! {
        fieldset {
            legend { (words.say("consents-purposes")) }
            @for purpose in Purpose::ALL {
                (forms::tick(
                    "purpose",
                    purpose.as_str(),
                    &plain::purpose(words, purpose),
                    draft.purposes.iter().any(|one| one == purpose.as_str()),
                ))
            }
        }
    }
}

fn giver(frame: &Frame, draft: &Draft) -> Markup {
    let words = frame.words;
    html! {
        fieldset {
            legend { (words.say("consents-giver")) }
            (forms::radio("given_by", "patient", &words.say("consents-by-patient"), !draft.by_guardian))
            (forms::radio("given_by", "guardian", &words.say("consents-by-guardian"), draft.by_guardian))
        }
    }
}

fn images(frame: &Frame, draft: &Draft) -> Markup {
    let words = frame.words;
    html! {
        fieldset {
            legend { (words.say("consents-images")) }
            p class="hint" { (words.say("consents-images-hint")) }
            @for code in plain::MODALITIES_TICKED {
                (forms::tick(
                    "modality",
                    code,
                    &plain::modality(words, code),
                    draft.modalities.iter().any(|one| one == code),
                ))
            }
            (Field {
                id: "other",
                name: "other",
                label: &words.say("consents-other-modalities"),
                value: &draft.form.other,
                hint: &words.say("consents-other-modalities-hint"),
                max: Some(CODES_CHARACTERS_MAX),
                ..Field::default()
            }.text())
            (Field {
                id: "study",
                name: "study",
                label: &words.say("consents-study"),
                value: &draft.form.study,
                hint: &words.say("consents-study-hint"),
                max: Some(UID_CHARACTERS_MAX),
                ..Field::default()
            }.text())
            (Field {
                id: "study_from",
                name: "study_from",
                label: &words.say("consents-study-from"),
                value: &draft.form.study_from,
                ..Field::default()
            }.day())
            (Field {
                id: "study_until",
                name: "study_until",
                label: &words.say("consents-study-until"),
                value: &draft.form.study_until,
                ..Field::default()
            }.day())
        }
    }
}

fn time(frame: &Frame, draft: &Draft) -> Markup {
    let words = frame.words;
    html! {
        fieldset {
            legend { (words.say("consents-valid")) }
            (Field {
                id: "from",
                name: "from",
                label: &words.say("consents-first-day"),
                value: &draft.form.from,
                hint: &words.say("consents-first-day-hint"),
                ..Field::default()
            }.day())
            (Field {
                id: "until",
                name: "until",
                label: &words.say("consents-last-day"),
                value: &draft.form.until,
                hint: &words.say("consents-last-day-hint"),
                ..Field::default()
            }.day())
        }
    }
}
