//! A page that the patient takes home: what they agreed and objected to, in sentences.

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
use super::served::Served;
use super::telling;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::gateway::control::ListedConsent;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/consents/print", get(page))
}

async fn page(frame: Frame, headers: HeaderMap) -> Result<Response, Problem> {
    let caller = frame.for_right(Right::SeePatients)?;
    let Some(chosen) = served::patient(&frame, &headers) else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let served = Served::look(&frame.console, caller, chosen).await?;
    let title = frame.words.say("consents-print-title");
    Ok(forms::shown(frame.page(&title, &body(&frame, &served))))
}

/// The buttons above what is printed; they are not.
pub(super) fn buttons(frame: &Frame, more: &Markup) -> Markup {
    let words = frame.words;
    html! {
        div class="actions" {
            button type="button" data-print { (words.say("print")) }
            (more)
            a class="button quiet" href=(DESK) { (words.say("consents-back")) }
        }
    }
}

/// For whom, by whom and when.
pub(super) fn heading(
    frame: &Frame,
    served_by: &str,
    patient: &crate::gateway::control::PatientName,
) -> Markup {
    let words = frame.words;
    let issuer = patient.issuer.as_str();
    let id = patient.id.as_str();
    html! {
        p {
            (served_by)
            br;
            @if issuer.is_empty() {
                (words.with("consents-print-for", "id", id))
            } @else {
                (words.with_all("consents-print-for-issued", [("id", id.into()), ("issuer", issuer.into())]))
            }
        }
    }
}

/// Our own name and, where it is known, our address.
pub(super) fn house(frame: &Frame) -> String {
    let site = &frame.console.site;
    let name = site.name(&site.own);
    match site.address(&site.own) {
        Some(address) => format!("{name}, {address}"),
        None => name.to_owned(),
    }
}

fn body(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    let over = |one: &&ListedConsent| {
        let until = one.terms.valid_until;
        until.is_none_or(|until| until > served.now)
    };
    let standing: Vec<&ListedConsent> = served.consents.iter().filter(over).collect();
    let today = plain::date(words, frame.console.face.day(served.now));
    html! {
        (buttons(frame, &html! {}))
        (heading(frame, &house(frame), &served.patient))
        p { (words.with("consents-print-as-of", "date", today)) }
        @if standing.is_empty() {
            p { (words.say("consents-print-none")) }
        } @else {
            @for (effect, title) in [
                (Effect::Grant, words.say("consents-print-granted")),
                (Effect::Deny, words.say("consents-print-denied")),
            ] {
                @let theirs: Vec<_> = standing.iter().filter(|one| one.terms.effect == effect).collect();
                @if !theirs.is_empty() {
                    h2 { (title) }
                    ul class="sentences" {
                        @for one in theirs { li { (sentence(frame, one)) } }
                    }
                }
            }
        }
        p { (words.say("consents-print-rights")) }
        p { (words.say("consents-print-rules")) }
    }
}

/// All of it, in a few sentences.
fn sentence(frame: &Frame, listed: &ListedConsent) -> String {
    let words = frame.words;
    let terms = &listed.terms;
    let parts = [
        ("to", telling::to(frame, terms).into()),
        ("images", telling::images(frame, terms).into()),
        ("purposes", telling::purposes(frame, terms).into()),
        ("valid", telling::valid(frame, terms).into()),
        ("number", listed.consent.to_string().into()),
    ];
    let mut text = match terms.effect {
        Effect::Grant => words.with_all("consents-print-grant", parts),
        Effect::Deny => words.with_all("consents-print-deny", parts),
    };
    if terms.given_by == Giver::Guardian {
        text.push(' ');
        text.push_str(&words.say("consents-print-guardian"));
    }
    text
}
