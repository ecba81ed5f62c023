//! One entry of the ledger.

use axum::extract::Path;
use axum::extract::State;
use axum::response::Html;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::parties;
use super::what;
use crate::admin::console::Shared;
use crate::admin::entries::Details;
use crate::admin::entries::Looked;
use crate::admin::entries::number;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;

/// A form that asks for nothing more.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// The page.
pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Path(seq): Path<String>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeAudit)?;
    let looked = console.entry(number(&seq)?).await?;
    Ok(Html(whole(&frame, &looked, None)))
}

/// The same with what is sealed beside it; that it was shown is recorded first.
pub(super) async fn shown(
    State(console): State<Shared>,
    Path(seq): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Html<String>, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::SeeAudit)?;
    frame.for_right(Right::SeePatients)?;
    let looked = console.entry(number(&seq)?).await?;
    let details = console.details(&posted.caller, &looked).await?;
    Ok(Html(whole(frame, &looked, Some(&details))))
}

fn whole(frame: &Frame, looked: &Looked, details: Option<&Details>) -> String {
    let words = frame.words;
    let entry = &looked.record.entry;
    let title = words.with("audit-entry-number", "entry", entry.seq.to_string());
    let body = html! {
        p class="actions" {
            a class="button quiet" href="/audit" { (words.say("audit-back")) }
            @if let Some(before) = entry.seq.checked_sub(1) {
                a class="button quiet" rel="prev" href=(format!("/audit/entries/{before}")) {
                    (words.say("audit-entry-before"))
                }
            }
            @if looked.has_next {
                a class="button quiet" rel="next" href=(format!("/audit/entries/{}", entry.seq + 1)) {
                    (words.say("audit-entry-after"))
                }
            }
        }
        (facts(frame, looked))
        (sealed(frame, looked, details))
        section {
            h2 { (words.say("audit-line")) }
            p class="hint" { (words.say("audit-line-what")) }
            pre tabindex="0" aria-label=(words.say("audit-line")) { (looked.pretty) }
        }
    };
    frame.page(&title, &body).into_string()
}

fn facts(frame: &Frame, looked: &Looked) -> Markup {
    let words = frame.words;
    let record = &looked.record;
    let follows = record.judged.as_deref().map(|judged| judged.entry);
    let follows = follows.filter(|decision| *decision != record.entry.seq);
    let about = match record.body() {
        crate::contract::Body::DetailsShown { about, .. } => *about,
        body => crate::audit::Record::follows(body).filter(|_| follows.is_none()),
    };
    html! {
        dl class="facts" {
            dt { (words.say("head-when")) } dd { (frame.time(record.at())) }
            dt { (words.say("audit-kind")) } dd { code { (record.body().kind()) } }
            dt { (words.say("head-what")) } dd { (what(frame, record)) }
            @if !record.institutions().is_empty() {
                dt { (words.say("audit-parties")) } dd { (parties(frame, record)) }
            }
            @if let Some(person) = record.person() {
                dt { (words.say("audit-by")) } dd { (person) }
            }
            @if let Some(request) = record.request() {
                dt { (words.say("audit-purpose")) }
                dd { (words.say(&format!("purpose-{}", request.purpose.as_str()))) }
            }
            @for patient in record.patients() {
                dt { (words.say("audit-pseudonym")) }
                dd { a href=(format!("/audit?patient={patient}")) { code { (patient) } } }
            }
            @if let Some(decision) = follows {
                dt { (words.say("audit-follows")) }
                dd { a href=(format!("/audit/entries/{decision}")) { (decision) } }
            }
            @if let Some(entry) = about {
                dt { (words.say("audit-about")) }
                dd { a href=(format!("/audit/entries/{entry}")) { (entry) } }
            }
        }
    }
}

/// What is sealed beside it, for those who may know.
fn sealed(frame: &Frame, looked: &Looked, details: Option<&Details>) -> Markup {
    let words = frame.words;
    if !looked.is_sealed || !frame.has(Right::SeePatients) {
        return html! {};
    }
    html! {
        section class="card" {
            h2 { (words.say("audit-sealed")) }
            @match details {
                None => {
                    p { (words.say("audit-sealed-what")) }
                    form method="post" action=(format!("/audit/entries/{}", looked.record.entry.seq)) {
                        (frame.csrf())
                        button type="submit" { (words.say("audit-sealed-show")) }
                    }
                }
                Some(details) => { (told(frame, details)) }
            }
        }
    }
}

fn told(frame: &Frame, details: &Details) -> Markup {
    let words = frame.words;
    let Some(identity) = &details.identity else {
        return html! { p { (words.say("audit-sealed-gone")) } };
    };
    let fields = [
        ("audit-patient-id", &identity.patient_id),
        ("audit-patient-issuer", &identity.issuer_of_patient_id),
        ("audit-study", &identity.study_instance_uid),
        ("audit-reason", &identity.reason),
        ("audit-guardian", &identity.guardian),
    ];
    html! {
        dl class="facts" {
            @for (name, value) in fields {
                @if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                    dt { (words.say(name)) } dd { (value) }
                }
            }
        }
        p class="hint" { (words.say("audit-sealed-recorded")) }
    }
}
