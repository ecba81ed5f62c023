//! Searching the ledger, and exports of it.

mod disclosing;
mod entry;
mod exporting;
mod searching;

use axum::Router;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;

use super::frame::Frame;
use super::parts;
use crate::admin::console::Shared;
use crate::admin::filters;
use crate::admin::filters::Filters;
use crate::admin::filters::NotUnderstood;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::shelf::Found;
use crate::audit::Record;
use crate::audit::Severity;
use crate::contract::Body;

/// Entries of a page.
const ROWS: usize = 50;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/audit", get(page))
        .route("/audit/patient", post(searching::patient))
        .route("/audit/entries/{seq}", get(entry::page).post(entry::shown))
        .route(
            "/audit/exports",
            get(exporting::page).post(exporting::begin),
        )
        .route("/audit/exports/{id}/cancel", post(exporting::cancel))
        .route("/audit/exports/{id}/file", get(exporting::file))
        .route("/audit/disclosures", post(disclosing::download))
}

async fn page(
    State(console): State<Shared>,
    frame: Frame,
    RawQuery(query): RawQuery,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeAudit)?;
    let (filters, place) = filters::asked(query.as_deref())?;
    let filter = match filters.read(&console.face) {
        Ok(filter) => filter,
        Err(fault) => return Ok(Html(whole(&frame, &filters, Some(fault), None))),
    };
    let found = console.entries(filter, place.before, ROWS).await?;
    Ok(Html(whole(&frame, &filters, None, Some(&found))))
}

/// The page; `fault`: what of the form is not understood.
fn whole(
    frame: &Frame,
    filters: &Filters,
    fault: Option<NotUnderstood>,
    found: Option<&Found>,
) -> String {
    let words = frame.words;
    let body = html! {
        (searching::form(frame, filters))
        @if let Some(fault) = fault {
            p class="notice bad" role="alert" {
                (words.with("audit-fault", "field", words.say(searching::label(fault))))
            }
        }
        @if let Some(found) = found { (entries(frame, filters, found)) }
        @if frame.has(Right::ExportAudit) { (exporting::form(frame, filters)) }
        @if frame.has(Right::SeeDisclosures) { (disclosing::form(frame)) }
    };
    frame.page(&words.say("audit"), &body).into_string()
}

fn entries(frame: &Frame, filters: &Filters, found: &Found) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for record in &found.records {
            tr {
                td class="number" {
                    a href=(format!("/audit/entries/{}", record.entry.seq)) { (record.entry.seq) }
                }
                td { (frame.time(record.at())) }
                td { code { (record.body().kind()) } }
                td class="wrap" { (what(frame, record)) }
                td { (parties(frame, record)) }
                td { (record.person().unwrap_or("–")) }
            }
        }
    };
    let heads = [
        "audit-entry",
        "head-when",
        "audit-kind",
        "head-what",
        "audit-parties",
        "audit-by",
    ];
    let heads = heads.map(|id| words.say(id));
    let more = |before: u64| {
        let query = filters.query(&[("before", before.to_string())]);
        format!("/audit?{query}")
    };
    html! {
        section {
            @if found.records.is_empty() && found.before.is_none() {
                (parts::nothing(&words.say("audit-nothing")))
            } @else if found.records.is_empty() {
                (parts::nothing(&words.say("audit-nothing-so-far")))
            } @else {
                (parts::table(&words.say("audit-entries"), &heads, &rows))
            }
            @if let Some(before) = found.before {
                p class="actions" {
                    a class="button quiet" rel="next" href=(more(before)) { (words.say("audit-older")) }
                }
            }
        }
    }
}

/// What an entry says, in a line.
fn what(frame: &Frame, record: &Record) -> Markup {
    let is_decision = matches!(record.body(), Body::Decision { .. });
    let severity = record.severity();
    html! {
        @if let (true, Some(verdict)) = (is_decision, record.verdict()) {
            (parts::verdict(frame, verdict)) " "
        } @else if severity > Severity::Minor {
            (super::overview::severity(frame, severity)) " "
        }
        (record.text())
        @if let (true, Some(request)) = (is_decision, record.request()) {
            " · " (frame.words.say(&format!("purpose-{}", request.purpose.as_str())))
        }
    }
}

/// Who takes part.
fn parties(frame: &Frame, record: &Record) -> Markup {
    let Some(request) = record.request() else {
        let named = record.institutions();
        return html! {
            @for (number, one) in named.into_iter().enumerate() {
                @if number > 0 { ", " }
                (frame.institution(one))
            }
        };
    };
    let differs = request.requester != request.recipient;
    html! {
        (frame.institution(&request.requester)) " (" (request.requester_ae) ")"
        @if differs {
            " → " (frame.institution(&request.recipient)) " (" (request.recipient_ae) ")"
        }
    }
}
