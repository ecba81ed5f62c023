//! Exports: asked for, followed while they are made, taken away.

use crate::admin::guard::BY_SCRIPT;
use std::collections::BTreeSet;

use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::searching::hidden;
use super::searching::of_form;
use crate::admin::console::Shared;
use crate::admin::exports::ListedExport;
use crate::admin::exports::Stage;
use crate::admin::exports::Wanted;
use crate::admin::filters::Filters;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::audit::ClockFace;
use crate::audit::Tongue;

/// A format, and the message that says what it is for.
const FORMATS: [(Tongue, &str); 5] = [
    (Tongue::Csv, "audit-format-csv"),
    (Tongue::Html, "audit-format-html"),
    (Tongue::Jsonl, "audit-format-jsonl"),
    (Tongue::Dicom, "audit-format-dicom"),
    (Tongue::Fhir, "audit-format-fhir"),
];

/// The form.
pub(super) fn form(frame: &Frame, filters: &Filters) -> Markup {
    let words = frame.words;
    let zone = frame.console.face.name();
    html! {
        section class="card" id="export" {
            h2 { (words.say("audit-export")) }
            p class="hint" { (words.say("audit-export-what")) }
            form method="post" action="/audit/exports" {
                (frame.csrf())
                (hidden(filters))
                fieldset {
                    legend { (words.say("audit-formats")) }
                    @for (tongue, name) in FORMATS {
                        label class="choice" {
                            input type="checkbox" name="format" value=(tongue.as_str())
                                checked[tongue == Tongue::Csv];
                            (words.say(name))
                        }
                    }
                }
                @if frame.has(Right::SeePatients) {
                    label class="choice" {
                        input type="checkbox" name="identified" value="yes";
                        (words.say("audit-identified"))
                    }
                }
                div class="narrow" {
                    label for="export-zone" { (words.say("audit-zone")) }
                    input type="text" id="export-zone" name="time_zone" value=(zone) maxlength="64";
                }
                p class="actions" {
                    button type="submit" { (words.say("audit-export-begin")) }
                    a href="/audit/exports" { (words.say("audit-exports")) }
                }
            }
        }
    }
}

/// What is asked for, beside the filters and the formats.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    identified: String,
    #[serde(default)]
    time_zone: String,
}

/// Begins one.
pub(super) async fn begin(
    State(console): State<Shared>,
    posted: Posted<Asked>,
) -> Result<Response, Problem> {
    posted.frame.for_right(Right::ExportAudit)?;
    let filters = of_form(&posted);
    let formats: Option<BTreeSet<Tongue>> =
        posted.all("format").map(|one| one.parse().ok()).collect();
    let zone = match posted.form.time_zone.trim() {
        "" => console.face.clone(),
        zone => ClockFace::of(zone).map_err(|error| Problem::bad(error.to_string()))?,
    };
    let wanted = Wanted {
        filter: filters.read(&console.face)?,
        formats: formats.ok_or_else(|| Problem::bad("format: not understood"))?,
        identified: !posted.form.identified.is_empty(),
        clock: zone,
    };
    match console.export(&posted.caller, wanted).await {
        Ok(_) => Ok(Redirect::to("/audit/exports").into_response()),
        Err(problem) if problem.status < 500 => {
            let told = problem.detail.unwrap_or_default();
            let words = posted.frame.words;
            let body = html! {
                p class="notice bad" role="alert" { (words.with("audit-export-refused", "why", told)) }
                (form(&posted.frame, &filters))
            };
            let page = posted.frame.page(&words.say("audit-export"), &body);
            Ok(Html(page.into_string()).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// All of one's own, or just the list, for a page that is open.
pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let caller = frame.for_right(Right::ExportAudit)?;
    let exports = console.exports.of(caller);
    let list = list(&frame, &exports);
    if headers.contains_key(BY_SCRIPT) {
        return Ok(Html(list.into_string()));
    }
    let words = frame.words;
    let body = html! {
        p class="actions" { a class="button quiet" href="/audit" { (words.say("audit-back")) } }
        (list)
        p class="hint" { (words.say("audit-exports-what")) }
        pre tabindex="0" aria-label=(words.say("audit-exports-verify")) {
            "tar -xf audit-N.tar\ncredence audit verify audit-N"
        }
    };
    let title = words.say("audit-exports");
    Ok(Html(frame.page(&title, &body).into_string()))
}

/// It asks for itself again while one is being made.
fn list(frame: &Frame, exports: &[ListedExport]) -> Markup {
    let words = frame.words;
    let goes_on = exports.iter().any(|one| one.stage == Stage::UnderWay);
    let heads = [
        "head-when",
        "audit-formats",
        "audit-patients",
        "head-state",
        "audit-records",
        "audit-entry",
        "audit-size",
        "audit-actions",
    ];
    let heads = heads.map(|id| words.say(id));
    let rows = html! { @for one in exports { (row(frame, one)) } };
    html! {
        div id="exports" hx-get=[goes_on.then_some("/audit/exports")]
            hx-trigger=[goes_on.then_some("every 1s")] hx-swap=[goes_on.then_some("outerHTML")] {
            @if exports.is_empty() {
                (parts::nothing(&words.say("audit-exports-none")))
            } @else {
                (parts::table(&words.say("audit-exports"), &heads, &rows))
            }
        }
    }
}

fn row(frame: &Frame, one: &ListedExport) -> Markup {
    let words = frame.words;
    let formats: Vec<&str> = one.formats.iter().map(|tongue| tongue.as_str()).collect();
    let number =
        |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    html! {
        tr {
            td { (frame.time(one.began)) }
            td { (formats.join(", ")) }
            td { (words.say(if one.identified { "audit-clear" } else { "audit-pseudonymous" })) }
            td { (stage(frame, one)) }
            td class="number" { (number(one.records)) }
            td class="number" {
                @match one.entry {
                    Some(entry) => { a href=(format!("/audit/entries/{entry}")) { (entry) } }
                    None => { "–" }
                }
            }
            td class="number" { (one.bytes.map_or_else(|| "–".to_owned(), parts::bytes)) }
            td { (actions(frame, one)) }
        }
    }
}

fn stage(frame: &Frame, one: &ListedExport) -> Markup {
    let words = frame.words;
    match one.stage {
        Stage::UnderWay => html! {
            progress max=(one.of.max(1)) value=(one.done) aria-label=(words.say("audit-stage-under-way")) {}
            div class="hint" {
                (words.with_all("audit-progress", [
                    ("done", one.done.to_string().into()),
                    ("of", one.of.to_string().into()),
                ]))
            }
        },
        Stage::Done => html! {
            span class="mark good" { (words.say("audit-stage-done")) }
            @if let Some(until) = one.until {
                div class="hint" { (words.say("audit-until")) " " (frame.time(until)) }
            }
        },
        Stage::Failed => html! {
            span class="mark bad" { (words.say("audit-stage-failed")) }
            @if let Some(problem) = &one.problem { div class="hint" { (problem) } }
        },
        Stage::Cancelled => html! { span class="mark" { (words.say("audit-stage-cancelled")) } },
    }
}

fn actions(frame: &Frame, one: &ListedExport) -> Markup {
    let words = frame.words;
    let (class, name) = match one.stage {
        Stage::UnderWay => ("grave", "audit-cancel"),
        Stage::Done | Stage::Failed | Stage::Cancelled => ("quiet", "audit-remove"),
    };
    html! {
        div class="actions" {
            @if one.stage == Stage::Done {
                a class="button" href=(format!("/audit/exports/{}/file", one.id)) download {
                    (words.say("audit-download"))
                }
            }
            form method="post" action=(format!("/audit/exports/{}/cancel", one.id)) {
                (frame.csrf())
                button type="submit" class=(class) { (words.say(name)) }
            }
        }
    }
}

/// A form that asks for nothing more.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Gives one up, or throws it away.
pub(super) async fn cancel(
    State(console): State<Shared>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Problem> {
    posted.frame.for_right(Right::ExportAudit)?;
    console.cancel_export(&posted.caller, &id).await?;
    Ok(Redirect::to("/audit/exports"))
}

/// The file.
pub(super) async fn file(
    State(console): State<Shared>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = frame.for_right(Right::ExportAudit)?;
    console.export_file(caller, &id).await
}
