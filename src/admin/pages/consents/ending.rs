//! A consent or an objection ends, and institutions answer that they delete what they got.

use axum::Router;
use axum::extract::Path;
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
use super::served;
use super::served::Served;
use super::table;
use super::telling;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Question;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::InstitutionSlug;
use crate::gateway::control::Change;
use crate::gateway::control::ListedConsent;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/consents/{consent}/revoke", get(question).post(revoke))
        .route("/consents/answered", post(answered))
}

/// The consent, if it is one of the patient whom the desk serves.
async fn theirs(
    frame: &Frame,
    caller: &Caller,
    headers: &HeaderMap,
    consent: u64,
) -> Result<Option<ListedConsent>, Problem> {
    let Some(chosen) = served::patient(frame, headers) else {
        return Ok(None);
    };
    let served = Served::look(&frame.console, caller, chosen).await?;
    let mut all = served.consents.into_iter();
    let found = all.find(|listed| listed.consent == ConsentId(consent));
    found.ok_or_else(Problem::not_found).map(Some)
}

async fn question(
    frame: Frame,
    headers: HeaderMap,
    Path(consent): Path<String>,
) -> Result<Response, Problem> {
    let caller = frame.for_right(Right::ServePatients)?;
    let consent = forms::entry(&consent)?;
    Ok(match theirs(&frame, caller, &headers, consent).await? {
        Some(listed) => forms::shown(asked(&frame, &listed, None)),
        None => Redirect::to(DESK).into_response(),
    })
}

fn asked(frame: &Frame, listed: &ListedConsent, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let terms = &listed.terms;
    let what = match terms.effect {
        Effect::Grant => words.say("consents-revoke-grant"),
        Effect::Deny => words.say("consents-revoke-denial"),
    };
    let about = html! {
        p { (what) }
        dl class="facts" {
            dt { (words.say("consents-number")) } dd { (listed.consent) }
            dt { (words.say("head-what")) } dd { (table::effect(frame, terms.effect)) }
            dt { (words.say("consents-to")) } dd { (telling::to(frame, terms)) }
            dt { (words.say("consents-purposes")) } dd { (telling::purposes(frame, terms)) }
            dt { (words.say("consents-images")) } dd { (telling::images(frame, terms)) }
            dt { (words.say("consents-valid")) } dd { (telling::valid(frame, terms)) }
        }
    };
    let number = listed.consent.to_string();
    let question = Question {
        title: &words.with("consents-revoke-this", "number", number.as_str()),
        about,
        action: &format!("/consents/{number}/revoke"),
        hidden: &[],
        yes: &words.say("consents-revoke"),
        back: DESK,
        wrong,
    };
    question.page(frame)
}

#[derive(Deserialize)]
struct Nothing {}

async fn revoke(
    headers: HeaderMap,
    Path(consent): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (frame, caller) = (&posted.frame, &posted.caller);
    frame.for_right(Right::ServePatients)?;
    let consent = forms::entry(&consent)?;
    let Some(listed) = theirs(frame, caller, &headers, consent).await? else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let change = Change::ConsentRevoke {
        consent: listed.consent,
    };
    match forms::record(frame, caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => Ok(forms::again(asked(frame, &listed, Some(&why)))),
    }
}

/// Who has still to answer a revocation.
pub(super) fn waiting(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    let serves = frame.has(Right::ServePatients);
    let rows = html! {
        @for waiting in &served.waiting {
            @for institution in &waiting.institutions {
                tr {
                    td class="number" { (waiting.revocation) }
                    td { (plain::date(words, waiting.day)) }
                    td { (frame.institution(institution)) }
                    @if serves {
                        td { (answer_button(frame, waiting.revocation, institution)) }
                    }
                }
            }
        }
    };
    let mut heads = ["consents-revocation", "head-when", "head-institution"]
        .map(|id| words.say(id))
        .to_vec();
    if serves {
        heads.push(words.say("head-do"));
    }
    html! {
        (parts::table(&words.say("consents-waiting"), &heads, &rows))
        p class="hint" { (words.say("consents-waiting-what")) }
    }
}

fn answer_button(frame: &Frame, revocation: u64, institution: &InstitutionSlug) -> Markup {
    html! {
        div class="actions" {
            form method="post" action="/consents/answered" {
                (frame.csrf())
                input type="hidden" name="revocation" value=(revocation);
                input type="hidden" name="institution" value=(institution);
                button type="submit" class="quiet" { (frame.words.say("consents-answered")) }
            }
        }
    }
}

#[derive(Deserialize)]
struct Answered {
    revocation: u64,
    institution: InstitutionSlug,
}

async fn answered(headers: HeaderMap, posted: Posted<Answered>) -> Result<Response, Problem> {
    let (frame, form) = (&posted.frame, &posted.form);
    frame.for_right(Right::ServePatients)?;
    let change = Change::RevocationHonoured {
        revocation: form.revocation,
        institution: form.institution.clone(),
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(DESK, entry)),
        Done::Refused(why) => super::refused(frame, &posted.caller, &headers, &why).await,
    }
}
