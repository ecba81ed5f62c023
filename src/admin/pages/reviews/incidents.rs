//! What institutions are said to have done wrong, and what an arbiter decides.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::REVIEWS;
use super::more;
use super::open::Open;
use super::refused;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Incident;
use crate::gateway::control::Change;

/// Characters of the list of entries.
const PROOF_CHARACTERS_MAX: usize = 700;
/// Characters of the longest reference.
pub(super) const REFERENCE_CHARACTERS_MAX: usize = 64;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/reviews/incidents/new", get(asked).post(report))
        .route("/reviews/incidents/{report}/decide", post(decide))
}

/// The message that names a kind.
const fn called(incident: Incident) -> &'static str {
    match incident {
        Incident::DigestMismatch => "incident-digest-mismatch",
        Incident::PurposeMisuse => "incident-purpose-misuse",
        Incident::RevocationIgnored => "incident-revocation-ignored",
        Incident::OnwardDisclosure => "incident-onward-disclosure",
        Incident::Equivocation => "incident-equivocation",
    }
}

/// Reports that wait for an arbiter.
pub(super) fn table(frame: &Frame, open: &Open) -> Markup {
    let words = frame.words;
    let title = words.say("reviews-incidents");
    if open.reports.rows.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("reviews-incidents-none"))) };
    }
    let decides = frame.has(Right::DecideReviews);
    let rows = html! {
        @for (entry, report) in &open.reports.rows {
            tr {
                td class="number" { (entry) }
                td { (frame.institution(&report.institution)) }
                td { (words.say(called(report.incident))) }
                td { (report.by) }
                td { (parts_of(&report.proof)) }
                td { (report.reference) }
                td {
                    (frame.time(report.lapses)) " "
                    @if report.lapses <= open.now {
                        span class="mark warn" { (words.say("reviews-lapsed")) }
                    }
                }
                @if decides {
                    td { @if report.lapses > open.now { (decision(frame, *entry)) } }
                }
            }
        }
    };
    let mut heads = [
        "reviews-report-number",
        "head-institution",
        "head-what",
        "reviews-reported-by",
        "proof-entries",
        "reviews-reference",
        "reviews-lapses",
    ]
    .map(|id| words.say(id))
    .to_vec();
    if decides {
        heads.push(words.say("reviews-arbiter"));
    }
    html! {
        (parts::table(&title, &heads, &rows))
        (more(frame, &open.reports))
        @if decides { p class="hint" { (words.say("reviews-arbiter-what")) } }
    }
}

fn parts_of(proof: &[u64]) -> String {
    let texts: Vec<String> = proof.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn decision(frame: &Frame, report: u64) -> Markup {
    let words = frame.words;
    html! {
        div class="actions" {
            form method="post" action=(format!("/reviews/incidents/{report}/decide")) {
                (frame.csrf())
                button type="submit" name="finding" value="upheld" class="grave" { (words.say("reviews-uphold")) }
                " "
                button type="submit" name="finding" value="dismissed" class="quiet" { (words.say("reviews-dismiss")) }
            }
        }
    }
}

#[derive(Default, Deserialize)]
struct Form {
    institution: String,
    kind: String,
    proof: String,
    #[serde(default)]
    reference: String,
}

async fn asked(frame: Frame) -> Result<Response, Problem> {
    frame.for_right(Right::DecideReviews)?;
    Ok(forms::shown(page(&frame, &Form::default(), None)))
}

fn page(frame: &Frame, form: &Form, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let kinds =
        Incident::ALL.map(|one| (one.as_str().to_owned(), words.say(called(one)).into_owned()));
    let body = html! {
        form class="card narrow" method="post" action="/reviews/incidents/new" {
            (frame.csrf())
            (forms::wrong(wrong))
            p { (words.say("reviews-report-what")) }
            (Field {
                id: "institution",
                name: "institution",
                label: &words.say("head-institution"),
                value: &form.institution,
                ..Field::default()
            }.choice(&plain::others(frame)))
            (Field {
                id: "kind",
                name: "kind",
                label: &words.say("reviews-kind"),
                value: &form.kind,
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
            (Field {
                id: "reference",
                name: "reference",
                label: &words.say("reviews-reference"),
                value: &form.reference,
                hint: &words.say("reviews-reference-hint"),
                max: Some(REFERENCE_CHARACTERS_MAX),
                ..Field::default()
            }.text())
            div class="actions" {
                button type="submit" { (words.say("reviews-report-do")) }
                a class="button quiet" href=(REVIEWS) { (words.say("question-no")) }
            }
        }
    };
    frame.page(&words.say("reviews-report"), &body)
}

async fn report(posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, form) = (&posted.frame, &posted.form);
    frame.for_right(Right::DecideReviews)?;
    let incident = form.kind.parse::<Incident>();
    let incident = incident.map_err(|_| Problem::bad("kind"))?;
    let institution = form.institution.parse();
    let institution = institution.map_err(|_| Problem::bad("institution"))?;
    let done = match forms::entries(&form.proof) {
        Some(proof) => {
            let change = Change::IncidentReport {
                incident,
                institution,
                proof,
                reference: form.reference.trim().to_owned(),
            };
            forms::record(frame, &posted.caller, change).await?
        }
        None => Done::Refused(frame.words.say("refusal-proof").into_owned()),
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(REVIEWS, entry)),
        Done::Refused(why) => Ok(forms::again(page(frame, form, Some(&why)))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    Upheld,
    Dismissed,
}

#[derive(Deserialize)]
struct Decided {
    finding: Finding,
}

async fn decide(Path(report): Path<String>, posted: Posted<Decided>) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::DecideReviews)?;
    let change = Change::IncidentDecide {
        report: forms::entry(&report)?,
        upheld: matches!(posted.form.finding, Finding::Upheld),
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(REVIEWS, entry)),
        Done::Refused(why) => refused(frame, &why).await,
    }
}
