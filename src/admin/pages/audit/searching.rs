//! What is looked for: the form, and patients by their names.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use crate::admin::console::Shared;
use crate::admin::filters::Filters;
use crate::admin::filters::NotUnderstood;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Body;
use crate::contract::Purpose;
use crate::contract::Verdict;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;

/// What people look for most often: the message that names it, and the filters.
const PRESETS: [(&str, &str); 4] = [
    ("audit-preset-refused", "verdict=deny&kind=decision"),
    (
        "audit-preset-emergencies",
        "purpose=EMERGENCY&verdict=permit",
    ),
    ("audit-preset-alerts", "kind=alert"),
    ("audit-preset-looks", "kind=details-shown"),
];

/// What a field is called on the page.
pub(super) fn label(NotUnderstood(field): NotUnderstood) -> &'static str {
    match field {
        "from" => "audit-from",
        "to" => "audit-to",
        "institution" => "head-institution",
        "ae" => "audit-ae",
        "user" => "audit-user",
        "purpose" => "audit-purpose",
        "verdict" => "audit-verdict",
        "kind" => "audit-kind",
        _ => "audit-pseudonym",
    }
}

/// The form.
pub(super) fn form(frame: &Frame, filters: &Filters) -> Markup {
    let words = frame.words;
    html! {
        form class="filters" method="get" action="/audit" role="search" {
            (day(frame, "from", "audit-from", &filters.from))
            (day(frame, "to", "audit-to", &filters.to))
            (institutions(frame, &filters.institution))
            (text(frame, "ae", "audit-ae", &filters.ae))
            (text(frame, "user", "audit-user", &filters.user))
            (purposes(frame, &filters.purpose))
            (verdicts(frame, &filters.verdict))
            (kinds(frame, &filters.kind))
            (text(frame, "patient", "audit-pseudonym", &filters.patient))
            div class="actions" {
                button type="submit" { (words.say("audit-search")) }
                a class="button quiet" href="/audit" { (words.say("audit-all")) }
            }
        }
        p class="actions" {
            span class="hint" { (words.say("audit-presets")) }
            @for (name, query) in PRESETS {
                a href=(format!("/audit?{query}")) { (words.say(name)) }
            }
        }
        @if frame.has(Right::SeePatients) { (patient_form(frame, filters)) }
    }
}

fn text(frame: &Frame, name: &str, label: &str, value: &str) -> Markup {
    html! {
        div {
            label for=(format!("filter-{name}")) { (frame.words.say(label)) }
            input type="text" id=(format!("filter-{name}")) name=(name) value=(value) maxlength="4000" size="14";
        }
    }
}

/// A day; a moment that somebody wrote into the address stays as it is.
fn day(frame: &Frame, name: &str, label: &str, value: &str) -> Markup {
    let kind = match value.len() {
        0 | 10 => "date",
        _ => "text",
    };
    html! {
        div {
            label for=(format!("filter-{name}")) { (frame.words.say(label)) }
            input type=(kind) id=(format!("filter-{name}")) name=(name) value=(value);
        }
    }
}

fn choice(
    frame: &Frame,
    name: &str,
    label: &str,
    chosen: &str,
    all: &[(String, String)],
) -> Markup {
    let words = frame.words;
    html! {
        div {
            label for=(format!("filter-{name}")) { (words.say(label)) }
            select id=(format!("filter-{name}")) name=(name) {
                option value="" { (words.say("audit-any")) }
                @for (value, told) in all {
                    option value=(value) selected[value == chosen] { (told) }
                }
            }
        }
    }
}

fn institutions(frame: &Frame, chosen: &str) -> Markup {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for (slug, one) in &frame.console.config.institutions {
        all.insert(slug.as_str(), one.name.clone());
    }
    // One that is not in the configuration any more can still be in the ledger.
    if !chosen.is_empty() {
        all.entry(chosen).or_insert_with(|| chosen.to_owned());
    }
    let all: Vec<_> = all
        .into_iter()
        .map(|(slug, name)| (slug.to_owned(), name))
        .collect();
    choice(frame, "institution", "head-institution", chosen, &all)
}

fn purposes(frame: &Frame, chosen: &str) -> Markup {
    let told = |purpose: Purpose| {
        let id = format!("purpose-{}", purpose.as_str());
        let name = frame.words.say(&id).into_owned();
        (purpose.as_str().to_owned(), name)
    };
    let all = Purpose::ALL.map(told);
    choice(frame, "purpose", "audit-purpose", chosen, &all)
}

fn verdicts(frame: &Frame, chosen: &str) -> Markup {
    let told = |verdict: Verdict| {
        let id = format!("verdict-{}", verdict.as_str());
        let name = frame.words.say(&id).into_owned();
        (verdict.as_str().to_owned(), name)
    };
    let all = [Verdict::Permit, Verdict::Deny].map(told);
    choice(frame, "verdict", "audit-verdict", chosen, &all)
}

fn kinds(frame: &Frame, chosen: &str) -> Markup {
    let all = Body::KINDS.map(|kind| (kind.to_owned(), kind.to_owned()));
    choice(frame, "kind", "audit-kind", chosen, &all)
}

/// What is chosen already, in a form that asks for something else with it.
pub(super) fn hidden(filters: &Filters) -> Markup {
    html! {
        @for (name, value) in filters.given() {
            input type="hidden" name=(name) value=(value);
        }
    }
}

/// The filters of a form that was sent.
pub(super) fn of_form<T>(posted: &Posted<T>) -> Filters {
    Filters::of(|name| posted.all(name).next())
}

fn patient_form(frame: &Frame, filters: &Filters) -> Markup {
    let words = frame.words;
    let others = Filters {
        patient: String::new(),
        ..filters.clone()
    };
    html! {
        details class="card" {
            summary { (words.say("audit-patient")) }
            p class="hint" { (words.say("audit-patient-what")) }
            form class="filters" method="post" action="/audit/patient" autocomplete="off" {
                (frame.csrf())
                (hidden(&others))
                div {
                    label for="patient-id" { (words.say("audit-patient-id")) }
                    input type="text" id="patient-id" name="patient_id" required maxlength="64";
                }
                div {
                    label for="patient-issuer" { (words.say("audit-patient-issuer")) }
                    input type="text" id="patient-issuer" name="patient_issuer" maxlength="64";
                }
                div class="actions" { button type="submit" { (words.say("audit-patient-find")) } }
            }
        }
    }
}

/// A patient by name.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    patient_id: String,
    #[serde(default)]
    patient_issuer: String,
}

/// Finds a patient's entries: their names stay out of the address, pseudonyms stand in it. That it was asked which
/// these are is recorded.
pub(super) async fn patient(
    State(console): State<Shared>,
    posted: Posted<Named>,
) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::SeeAudit)?;
    frame.for_right(Right::SeePatients)?;
    let filters = of_form(&posted);
    let command = Command::Names {
        patient: Some(PatientName {
            id: posted.form.patient_id.trim().to_owned(),
            issuer: posted.form.patient_issuer.trim().to_owned(),
        }),
        study: None,
    };
    let Answer::Names { patients, .. } = console.answer(&posted.caller, command).await? else {
        return Err(Problem::unavailable(""));
    };
    if patients.is_empty() {
        let page = whole_with(frame, &filters, "audit-patient-unknown");
        return Ok(Html(page).into_response());
    }
    let all: Vec<String> = patients.iter().map(ToString::to_string).collect();
    let filters = Filters {
        patient: all.join(","),
        ..filters
    };
    let to = format!("/audit?{}", filters.query(&[]));
    Ok(Redirect::to(&to).into_response())
}

fn whole_with(frame: &Frame, filters: &Filters, message: &str) -> String {
    let words = frame.words;
    let body = html! {
        p class="notice warn" role="alert" { (words.say(message)) }
        (form(frame, filters))
    };
    frame.page(&words.say("audit"), &body).into_string()
}
