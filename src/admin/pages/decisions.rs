//! What was decided: a search, and one decision explained.

mod now;
mod one;
mod request;

use axum::Router;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::fields::choice;
use super::fields::field;
use super::fields::institutions;
use super::fields::moment;
use super::fields::purpose_word;
use super::fields::purposes;
use super::fields::unreadable;
use super::fields::verb_word;
use super::frame::Frame;
use super::frame::Posted;
use super::parts;
use crate::admin::asked;
use crate::admin::asked::Unreadable;
use crate::admin::console::Shared;
use crate::admin::decisions::DecisionsAsked;
use crate::admin::decisions::DecisionsSought;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::shelf::Found;
use crate::audit::Record;
use crate::contract::DetailsOf;
use crate::contract::Request;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::gateway::control::PatientName;

/// Where decisions are looked for.
const PATH: &str = "/decisions";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(PATH, get(page))
        .route("/decisions/of-patient", post(of_patient))
        .route("/decisions/{entry}", get(one::page))
        .route("/decisions/{entry}/patient", post(one::patient))
        .route("/decisions/{entry}/proof", get(one::proof))
        .route("/decisions/{entry}/line", get(one::line))
}

async fn page(
    State(console): State<Shared>,
    frame: Frame,
    asked: Result<Query<DecisionsAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    frame.for_right(Right::SeeDecisions)?;
    let Query(asked) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    let (code, results) = match asked.sought(&console.face) {
        Ok(sought) => {
            let found = console.decisions(sought).await?;
            (StatusCode::OK, results(&frame, &asked, &found))
        }
        Err(Unreadable(field)) => (StatusCode::BAD_REQUEST, unreadable(&frame, field)),
    };
    let body = html! {
        (form(&frame, &asked))
        @if frame.has(Right::SeePatients) { (patient_form(&frame, "", "")) }
        (results)
    };
    let page = frame.page(&frame.words.say("decisions"), &body);
    Ok((code, Html(page.into_string())).into_response())
}

fn form(frame: &Frame, asked: &DecisionsAsked) -> Markup {
    let words = frame.words;
    let institutions = institutions(frame);
    let verdicts = [
        (
            Verdict::Permit.as_str(),
            words.say("verdict-permit").into_owned(),
        ),
        (
            Verdict::Deny.as_str(),
            words.say("verdict-deny").into_owned(),
        ),
    ];
    let verbs = Verb::ALL.map(|verb| (verb.as_str(), verb_word(frame, verb)));
    html! {
        form class="filters" method="get" action=(PATH) role="search" {
            (choice(frame, ("verdict", "head-answer"), &asked.verdict, &verdicts))
            (choice(frame, ("requester", "head-requester"), &asked.requester, &institutions))
            (choice(frame, ("recipient", "head-recipient"), &asked.recipient, &institutions))
            (field(frame, "ae", "field-ae", &asked.ae))
            (field(frame, "user", "field-user", &asked.user))
            (choice(frame, ("purpose", "head-purpose"), &asked.purpose, &purposes(frame)))
            (choice(frame, ("verb", "head-verb"), &asked.verb, &verbs))
            (moment(frame, "from", "field-from", &asked.from))
            (moment(frame, "to", "field-to", &asked.to))
            div class="actions" {
                button type="submit" { (words.say("search")) }
                a class="button quiet" href=(PATH) { (words.say("search-clear")) }
            }
        }
    }
}

/// Looking for a patient: their ID stands in no address.
fn patient_form(frame: &Frame, id: &str, issuer: &str) -> Markup {
    let words = frame.words;
    html! {
        details open[!id.is_empty()] {
            summary { (words.say("decisions-of-patient")) }
            form class="filters" method="post" action="/decisions/of-patient" {
                (frame.csrf())
                div {
                    label for="patient-id" { (words.say("field-patient-id")) }
                    input id="patient-id" name="id" value=(id) required maxlength="64" autocomplete="off";
                }
                div {
                    label for="patient-issuer" { (words.say("field-patient-issuer")) }
                    input id="patient-issuer" name="issuer" value=(issuer) maxlength="64" autocomplete="off";
                }
                button type="submit" { (words.say("search")) }
            }
            p class="hint" { (words.say("look-is-recorded")) }
        }
    }
}

/// A patient who is looked for.
#[derive(Deserialize)]
struct PatientAsked {
    id: String,
    #[serde(default)]
    issuer: String,
    before: Option<u64>,
}

async fn of_patient(
    State(console): State<Shared>,
    posted: Posted<PatientAsked>,
) -> Result<Html<String>, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::SeeDecisions)?;
    frame.for_right(Right::SeePatients)?;
    let asked = &posted.form;
    let name = PatientName {
        id: asked.id.clone(),
        issuer: asked.issuer.clone(),
    };
    let known = console.known_as(&name).await?;
    console
        .shown(&posted.caller, known.clone(), DetailsOf::Decision, None)
        .await?;
    let found = match known.is_empty() {
        true => Found::default(),
        false => {
            let sought = DecisionsSought::about(known, asked.before);
            console.decisions(sought).await?
        }
    };
    let words = frame.words;
    let body = html! {
        (patient_form(frame, &asked.id, &asked.issuer))
        @if found.records.is_empty() {
            (parts::nothing(&words.say("decisions-none-of-patient")))
        } @else {
            (table(frame, &found.records))
        }
        @if let Some(before) = found.before {
            form method="post" action="/decisions/of-patient" {
                (frame.csrf())
                input type="hidden" name="id" value=(asked.id);
                input type="hidden" name="issuer" value=(asked.issuer);
                input type="hidden" name="before" value=(before);
                button type="submit" class="quiet" { (words.say("older")) }
            }
        }
        p { a href=(PATH) { (words.say("decisions-all")) } }
    };
    let page = frame.page(&words.say("decisions"), &body);
    Ok(Html(page.into_string()))
}

fn results(frame: &Frame, asked: &DecisionsAsked, found: &Found) -> Markup {
    let words = frame.words;
    let older = found
        .before
        .map(|before| asked::address(PATH, &asked.fields(), Some(before)));
    html! {
        @if found.records.is_empty() && older.is_some() {
            (parts::nothing(&words.say("none-so-far")))
        } @else if found.records.is_empty() {
            (parts::nothing(&words.say("decisions-none")))
        } @else {
            (table(frame, &found.records))
        }
        @if let Some(older) = older {
            p { a class="button quiet" href=(older) rel="next" { (words.say("older")) } }
        }
    }
}

/// Decisions, a row each.
fn table(frame: &Frame, records: &[Record]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for record in records {
            @if let Some(judged) = &record.judged {
                tr {
                    td { a href=(format!("{PATH}/{}", judged.entry)) { (judged.entry) } }
                    td { (frame.time(record.at())) }
                    td { (party(frame, &judged.request)) }
                    td {
                        (verb_word(frame, judged.request.verb)) br;
                        small { (purpose_word(frame, judged.request.purpose)) }
                    }
                    td {
                        (frame.institution(&judged.request.recipient)) br;
                        small { code { (judged.request.recipient_ae) } }
                    }
                    td { (parts::patient(judged.request.patient)) }
                    td { (parts::verdict(frame, judged.decision.verdict)) }
                    td {
                        @if judged.decision.verdict == Verdict::Permit {
                            @for rule in &judged.decision.reasons { code { (rule) } " " }
                        }
                        (parts::reason(frame, judged.decision.short_reason()))
                        @if judged.decision.observed && judged.decision.verdict == Verdict::Deny {
                            " " span class="mark warn" { (words.say("decision-observed-only")) }
                        }
                    }
                }
            }
        }
    };
    let heads = [
        "head-entry",
        "head-when",
        "head-requester",
        "head-verb",
        "head-recipient",
        "head-patient",
        "head-answer",
        "head-why",
    ];
    parts::table(
        &words.say("decisions-found"),
        &heads.map(|id| words.say(id)),
        &rows,
    )
}

/// Who asked.
fn party(frame: &Frame, request: &Request) -> Markup {
    html! {
        (frame.institution(&request.requester)) br;
        small {
            code { (request.requester_ae) }
            @if let Some(user) = &request.user { " · " (user.name) }
        }
    }
}
