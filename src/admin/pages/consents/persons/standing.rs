//! What speaks for or against a patient's standing.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
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
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::contract::StandingEvidence;
use crate::gateway::control::Change;

/// Characters of the list of entries.
const PROOF_CHARACTERS_MAX: usize = 700;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/consents/standing", get(asked).post(note))
}

#[derive(Default, Deserialize)]
struct Form {
    evidence: String,
    proof: String,
}

async fn asked(frame: Frame, headers: HeaderMap) -> Result<Response, Problem> {
    let (caller, chosen) = at_desk(&frame, &headers)?;
    let Some(chosen) = chosen else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let served = Served::look(&frame.console, caller, chosen).await?;
    Ok(forms::shown(page(&frame, &served, &Form::default(), None)))
}

/// The message that names what speaks for or against it.
const fn called(evidence: StandingEvidence) -> &'static str {
    match evidence {
        StandingEvidence::IdentityProven => "consents-standing-proven",
        StandingEvidence::GrantKept => "consents-standing-kept",
        StandingEvidence::LinkAbused => "consents-standing-abused",
    }
}

fn page(frame: &Frame, served: &Served, form: &Form, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let kinds = StandingEvidence::ALL
        .map(|one| (one.as_str().to_owned(), words.say(called(one)).into_owned()));
    let body = html! {
        (served::about(frame, &served.patient))
        @if let Some(standing) = served.standing {
            p { (words.with("consents-standing-now", "standing", standing)) }
        }
        form class="card narrow" method="post" action="/consents/standing" {
            (frame.csrf())
            (served::turn(served.turn))
            h2 { (words.say("consents-standing-note")) }
            (forms::wrong(wrong))
            p { (words.say("consents-standing-what")) }
            (Field {
                id: "evidence",
                name: "evidence",
                label: &words.say("head-what"),
                value: &form.evidence,
                ..Field::default()
            }.choice(&kinds))
            (Field {
                id: "proof",
                name: "proof",
                label: &words.say("proof-entries"),
                value: &form.proof,
                hint: &words.say("proof-entries-hint"),
                required: true,
                max: Some(PROOF_CHARACTERS_MAX),
            }.text())
            div class="actions" {
                button type="submit" { (words.say("consents-standing-do")) }
                a class="button quiet" href=(DESK) { (words.say("question-no")) }
            }
        }
    };
    frame.page(&words.say("consents-standing"), &body)
}

async fn note(headers: HeaderMap, posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, form) = (&posted.frame, &posted.form);
    let (caller, chosen) = sent_at_desk(&posted, &headers)?;
    let Some(chosen) = chosen else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let evidence = form.evidence.parse::<StandingEvidence>();
    let evidence = evidence.map_err(|_| Problem::bad("evidence"))?;
    let done = match forms::entries(&form.proof) {
        Some(proof) => {
            let change = Change::StandingNote {
                patient: chosen.patient.clone(),
                evidence,
                proof,
            };
            forms::record(frame, caller, change).await?
        }
        None => Done::Refused(frame.words.say("refusal-proof").into_owned()),
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => {
            let served = Served::look(&frame.console, caller, chosen).await?;
            Ok(forms::again(page(frame, &served, form, Some(&why))))
        }
    }
}
