//! A patient is forgotten: the key of their details is destroyed, and nobody brings it back.

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::Part;
use super::RECORDS;
use super::Sent;
use super::again;
use super::folded;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::forms::Question;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::ErasureReason;
use crate::gateway::control::Change;
use crate::gateway::control::PatientName;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/reviews/records/erase", post(erase))
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct Form {
    id: String,
    #[serde(default)]
    issuer: String,
    reason: String,
    /// Present: the question was answered.
    #[serde(default)]
    sure: Option<String>,
}

/// The message that names why.
const fn called(reason: ErasureReason) -> &'static str {
    match reason {
        ErasureReason::NoLongerNecessary => "records-no-longer-necessary",
        ErasureReason::ConsentWithdrawn => "records-consent-withdrawn",
        ErasureReason::Objection => "records-objection",
        ErasureReason::Unlawful => "records-unlawful",
        ErasureReason::LegalObligation => "records-legal-obligation",
        ErasureReason::RecordedInError => "records-recorded-in-error",
    }
}

pub(super) fn part(frame: &Frame, sent: &Sent) -> Markup {
    let words = frame.words;
    let wrong = sent.wrong(Part::Erasure);
    html! {
        h2 { (words.say("records-erasing")) }
        p { (words.say("records-erasing-what")) }
        (folded(&words.say("records-erase"), wrong.is_some(), &form(frame, &sent.erasure, wrong)))
    }
}

fn form(frame: &Frame, form: &Form, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let typed = PatientName {
        id: form.id.clone(),
        issuer: form.issuer.clone(),
    };
    let reasons = ErasureReason::ALL
        .map(|one| (one.as_str().to_owned(), words.say(called(one)).into_owned()));
    html! {
        form class="narrow" method="post" action="/reviews/records/erase" {
            (frame.csrf())
            (forms::wrong(wrong))
            (forms::patient(frame, "erase", Some(&typed)))
            (Field {
                id: "erase-reason",
                name: "reason",
                label: &words.say("records-erase-why"),
                value: &form.reason,
                ..Field::default()
            }.choice(&reasons))
            button type="submit" class="grave" { (words.say("records-erase-ask")) }
        }
    }
}

/// Is it to be done? Nobody brings it back.
fn question(frame: &Frame, patient: &PatientName, reason: ErasureReason) -> Markup {
    let words = frame.words;
    let about = html! {
        p class="notice warn" { (words.say("records-erase-final")) }
        dl class="facts" {
            dt { (words.say("field-patient-id")) } dd { strong { (patient.id) } }
            @if !patient.issuer.is_empty() {
                dt { (words.say("field-patient-issuer")) } dd { (patient.issuer) }
            }
            dt { (words.say("records-erase-why")) } dd { (words.say(called(reason))) }
        }
    };
    let question = Question {
        title: &words.say("records-erase"),
        about,
        action: "/reviews/records/erase",
        hidden: &[
            ("id", patient.id.as_str()),
            ("issuer", patient.issuer.as_str()),
            ("reason", reason.as_str()),
            ("sure", "yes"),
        ],
        yes: &words.say("records-erase-do"),
        back: RECORDS,
        wrong: None,
    };
    question.page(frame)
}

async fn erase(posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, caller, form) = (&posted.frame, &posted.caller, &posted.form);
    frame.for_right(Right::KeepRecords)?;
    let reason: Option<ErasureReason> = form.reason.parse().ok();
    let reason = reason.ok_or_else(|| Problem::bad("reason"))?;
    let done = match forms::named(&form.id, &form.issuer) {
        None => Done::Refused(frame.words.say("patient-id-wrong").into_owned()),
        Some(patient) if form.sure.is_none() => {
            return Ok(forms::shown(question(frame, &patient, reason)));
        }
        Some(patient) => {
            let change = Change::PatientErase { patient, reason };
            forms::record(frame, caller, change).await?
        }
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(RECORDS, entry)),
        Done::Refused(why) => {
            let sent = Sent {
                erasure: form.clone(),
                wrong: Some((Part::Erasure, why)),
                ..Sent::default()
            };
            again(frame, caller, &sent).await
        }
    }
}
