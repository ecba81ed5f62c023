//! One decision explained.

use axum::extract::Path;
use axum::extract::State;
use axum::response::Html;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::now;
use super::request;
use super::request::fact;
use crate::admin::asked;
use crate::admin::console::Shared;
use crate::admin::decisions::OneDecision;
use crate::admin::decisions::RuleText;
use crate::admin::download;
use crate::admin::download::Download;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::audit::Identity;
use crate::audit::Judged;
use crate::audit::Record;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::DetailsOf;
use crate::contract::Verb;
use crate::contract::Verdict;

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Path(entry): Path<String>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeDecisions)?;
    let one = console.decision(asked::entry(&entry)?).await?;
    told(&frame, &one, None)
}

/// Nothing but what every form has.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// The same, and who the patient is: recorded first.
pub(super) async fn patient(
    State(console): State<Shared>,
    Path(entry): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Html<String>, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::SeeDecisions)?;
    frame.for_right(Right::SeePatients)?;
    let one = console.decision(asked::entry(&entry)?).await?;
    let judged = one.judged()?;
    let pseudonym = judged.request.patient.into_iter().collect();
    let about = Some(judged.entry);
    console
        .shown(&posted.caller, pseudonym, DetailsOf::Decision, about)
        .await?;
    let identity = console.identity(judged.entry).await?;
    told(frame, &one, Some(&identity.unwrap_or_default()))
}

fn told(
    frame: &Frame,
    one: &OneDecision,
    identity: Option<&Identity>,
) -> Result<Html<String>, Problem> {
    let judged = one.judged()?;
    let who = who(frame, judged, identity);
    let body = html! {
        (answer(frame, &judged.decision))
        div class="columns" {
            section {
                h2 { (frame.words.say("decision-asked")) }
                (request::facts(frame, &judged.request, &who))
            }
            section { (why(frame, &judged.decision, &one.rules)) }
        }
        (followed(frame, one, judged))
        (now::section(frame, &one.again))
        (proof_section(frame, judged))
    };
    let title = frame
        .words
        .with("decision-title", "entry", judged.entry.to_string());
    Ok(Html(frame.page(&title, &body).into_string()))
}

/// Yes or no, in one line.
fn answer(frame: &Frame, decision: &Decision) -> Markup {
    let words = frame.words;
    let is_denial = decision.verdict == Verdict::Deny;
    html! {
        p class={ "notice " (if is_denial { "bad" } else { "good" }) } {
            (parts::verdict(frame, decision.verdict))
            @if is_denial { " " strong { (decision.short_reason()) } }
            @if is_denial && decision.observed { " · " (words.say("decision-observed")) }
        }
    }
}

/// Who the patient is, or the button that tells it.
fn who(frame: &Frame, judged: &Judged, identity: Option<&Identity>) -> Markup {
    let words = frame.words;
    let Some(identity) = identity else {
        return html! {
            @if judged.request.patient.is_some() && frame.has(Right::SeePatients) {
                form method="post" action=(format!("/decisions/{}/patient", judged.entry)) {
                    (frame.csrf())
                    button type="submit" class="quiet" { (words.say("show-patient")) }
                    " " small class="hint" { (words.say("look-is-recorded")) }
                }
            }
        };
    };
    html! {
        dl class="facts" id="who" {
            @match &identity.patient_id {
                Some(id) => (fact(&words.say("field-patient-id"), &html! { strong { (id) } })),
                None => (fact(&words.say("field-patient-id"), &html! { (words.say("decision-patient-forgotten")) })),
            }
            @if let Some(issuer) = identity.issuer_of_patient_id.as_ref().filter(|text| !text.is_empty()) {
                (fact(&words.say("field-patient-issuer"), &html! { (issuer) }))
            }
            @if let Some(study) = &identity.study_instance_uid {
                (fact(&words.say("study-instance-uid"), &html! { code { (study) } }))
            }
        }
    }
}

/// What the answer rests on.
fn why(frame: &Frame, decision: &Decision, rules: &[RuleText]) -> Markup {
    let words = frame.words;
    html! {
        h2 { (words.say("decision-why")) }
        dl class="facts" {
            (fact(&words.say("decision-scores"), &html! {
                (words.with_all("decision-scores-of", [
                    ("requester", decision.requester_score.into()),
                    ("recipient", decision.recipient_score.into()),
                ]))
            }))
            (fact(&words.say("decision-consents"), &html! {
                @if decision.consents.is_empty() {
                    (words.say("decision-consents-none"))
                } @else {
                    (now::consent_list(frame, &decision.consents))
                }
            }))
            (fact(&words.say("decision-obligations"), &html! {
                @if decision.obligations.is_empty() { (words.say("decision-obligations-none")) }
                @for obligation in &decision.obligations { code { (obligation) } " " }
            }))
            (fact(&words.say("decision-valid-until"), &frame.time(decision.valid_until)))
        }
        h3 { (words.say("decision-rules")) }
        @if rules.is_empty() && decision.errors.is_empty() {
            p { (words.say("decision-rules-none")) }
        }
        @for error in &decision.errors {
            p class="notice bad" { (words.say("decision-rule-error")) " " code { (error) } }
        }
        @for rule in rules {
            @match &rule.text {
                Some(text) => details {
                    summary {
                        code { (rule.id) }
                        @if let Some(description) = &rule.description { " · " (description) }
                    }
                    pre tabindex="0" { (text) }
                },
                None => p { code { (rule.id) } },
            }
        }
        @if rules.iter().any(|rule| rule.text.is_none()) {
            p class="hint" { (words.say("decision-rules-other")) " " (parts::digest(&decision.policy)) }
        }
    }
}

/// What followed.
fn followed(frame: &Frame, one: &OneDecision, judged: &Judged) -> Markup {
    let words = frame.words;
    let moves = judged.decision.releases() && judged.request.verb != Verb::Query;
    let is_part = |record: &&Record| matches!(record.body(), Body::TransferClosed { .. });
    let rest: Vec<&Record> = one
        .followed
        .iter()
        .filter(|record| !is_part(record))
        .collect();
    let rows = html! {
        @for record in rest.iter() {
            tr {
                td { (record.entry.seq) }
                td { (frame.time(record.at())) }
                td { (words.say(kind(record.body()))) }
                td { (record.text()) }
            }
        }
    };
    let heads = ["head-entry", "head-when", "head-what", "head-detail"].map(|id| words.say(id));
    html! {
        section {
            h2 { (words.say("decision-followed")) }
            @if moves && frame.has(Right::SeeTransfers) {
                p {
                    a href=(format!("/transfers/{}", judged.entry)) {
                        (words.say("decision-transfer"))
                    }
                }
            }
            @if !rest.is_empty() {
                (parts::table(&words.say("decision-followed-entries"), &heads, &rows))
            } @else if !moves {
                p { (words.say("decision-followed-nothing")) }
            }
            @if one.more { p class="hint" { (words.say("there-is-more")) } }
        }
    }
}

/// What kind of entry followed.
const fn kind(body: &Body) -> &'static str {
    match body {
        Body::Query { .. } => "followed-query",
        Body::Receipt { .. } => "followed-receipt",
        Body::ProcedureStep { .. } => "followed-step",
        Body::Commitment { .. } => "followed-commitment",
        Body::ParcelSealed { .. } | Body::ParcelOpened { .. } => "followed-parcel",
        Body::ReviewReasoned { .. } | Body::ReviewOverdue { .. } | Body::ReviewClosed { .. } => {
            "followed-review"
        }
        Body::Alert { .. } => "followed-alert",
        Body::DetailsShown { .. } => "followed-shown",
        Body::IncidentReported { .. } => "followed-incident",
        _ => "followed-other",
    }
}

/// The proof, and how a stranger verifies it.
fn proof_section(frame: &Frame, judged: &Judged) -> Markup {
    let words = frame.words;
    let (entry, decision) = (judged.entry, &judged.decision);
    let key = frame.console.recorder.log_key();
    html! {
        section {
            h2 { (words.say("decision-proof")) }
            p { (words.say("decision-proof-what")) }
            p class="actions" {
                a class="button" href=(format!("/decisions/{entry}/proof")) download { (words.say("decision-proof-get")) }
                a class="button quiet" href=(format!("/decisions/{entry}/line")) download { (words.say("decision-line-get")) }
            }
            pre tabindex="0" { "credence ledger verify-proof " (entry) ".tlog-proof --key " (key) }
            dl class="facts" {
                (fact(&words.say("decision-policy"), &html! { code { (decision.policy) } }))
                (fact(&words.say("decision-state-root"), &html! { code { (decision.state_root) } }))
                (fact(&words.say("decision-engine"), &html! {
                    (decision.engine) ", " (decision.contract_version)
                }))
            }
        }
    }
}

pub(super) async fn proof(
    State(console): State<Shared>,
    frame: Frame,
    Path(entry): Path<String>,
) -> Result<Download, Problem> {
    frame.for_right(Right::SeeDecisions)?;
    let entry = asked::entry(&entry)?;
    let proved = console.proof(entry).await?;
    Ok(download::proof(entry, &proved))
}

pub(super) async fn line(
    State(console): State<Shared>,
    frame: Frame,
    Path(entry): Path<String>,
) -> Result<Download, Problem> {
    frame.for_right(Right::SeeDecisions)?;
    let entry = asked::entry(&entry)?;
    let proved = console.proof(entry).await?;
    Ok(download::line(entry, proved))
}
