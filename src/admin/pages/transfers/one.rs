//! One transfer: its parts, why what failed did, its receipts, and trying again.

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::outcome_mark;
use super::progress;
use super::rate;
use crate::admin::asked;
use crate::admin::console::Shared;
use crate::admin::pages::fields::purpose_word;
use crate::admin::pages::fields::verb_word;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::transfers::OneTransfer;
use crate::audit::Record;
use crate::contract::Body;
use crate::contract::Failures;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::QueueAct;
use crate::contract::ReceiptStanding;
use crate::dicom::AeTitle;
use crate::dicom::sop_class_name;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedObject;
use crate::gateway::control::QueueChange;
use crate::gateway::control::QueuePlace;
use crate::gateway::control::Selection;

/// Parts that are shown, the last of them.
const PARTS_SHOWN: usize = 50;
/// Instances of a queue that are shown.
const OBJECTS_SHOWN: usize = 100;

/// What was done before the page was asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    /// So many instances are tried again.
    tried: Option<u64>,
}

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Path(decision): Path<String>,
    done: Result<Query<Done>, QueryRejection>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeTransfers)?;
    let Query(done) = done.map_err(|error| Problem::bad(error.body_text()))?;
    let one = console.transfer(asked::entry(&decision)?).await?;
    let tried = done
        .tried
        .map(|count| frame.words.with("transfer-tried", "count", count));
    let notice = html! {
        @if let Some(tried) = tried { p class="notice good" role="status" { (tried) } }
    };
    Ok(told(&frame, &one, &notice, ""))
}

/// What changes by itself.
pub(super) async fn now(
    State(console): State<Shared>,
    frame: Frame,
    Path(decision): Path<String>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeTransfers)?;
    let one = console.transfer(asked::entry(&decision)?).await?;
    Ok(Html(live(&frame, &one, "").into_string()))
}

/// What is to be tried again.
#[derive(Debug, Deserialize)]
pub(super) struct Retry {
    queue: String,
    place: QueuePlace,
    #[serde(default)]
    reason: String,
}

pub(super) async fn retry(
    State(console): State<Shared>,
    Path(decision): Path<String>,
    posted: Posted<Retry>,
) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::SeeTransfers)?;
    frame.for_right(Right::ManageQueues)?;
    let one = console.transfer(asked::entry(&decision)?).await?;
    let judged = &one.transfer.judged;
    let study = judged
        .request
        .study
        .as_ref()
        .ok_or_else(Problem::not_found)?;
    let act = match posted.form.place {
        QueuePlace::Quarantined => QueueAct::Released,
        QueuePlace::Dead | QueuePlace::Waiting | QueuePlace::Delivered => QueueAct::Retried,
    };
    let command = Command::QueueChange {
        change: QueueChange {
            queue: posted.form.queue.clone(),
            act,
            only: Selection {
                study: Some(study.uid_digest.to_string()),
                place: Some(posted.form.place),
                ..Selection::default()
            },
            reason: posted.form.reason.clone(),
        },
        by: posted.caller.name.clone(),
    };
    match console.answer(&posted.caller, command).await {
        Ok(Answer::QueueChanged { objects, .. }) => {
            let to = format!("/transfers/{}?tried={objects}", judged.entry);
            Ok(Redirect::to(&to).into_response())
        }
        Ok(_) => Err(Problem::unavailable("")),
        Err(problem) => {
            let notice = html! {
                p class="notice bad" role="alert" {
                    (problem.detail.as_deref().unwrap_or(&problem.title))
                }
            };
            let page = told(frame, &one, &notice, &posted.form.reason);
            Ok((problem.code(), page).into_response())
        }
    }
}

fn told(frame: &Frame, one: &OneTransfer, notice: &Markup, reason: &str) -> Html<String> {
    let words = frame.words;
    let entry = one.transfer.judged.entry;
    let body = html! {
        (notice)
        (live(frame, one, reason))
        p {
            @if frame.has(Right::SeeDecisions) {
                a href=(format!("/decisions/{entry}")) { (words.say("transfer-decision")) }
                " · "
            }
            a href="/transfers" { (words.say("transfers-all")) }
        }
    };
    let title = words.with("transfer-title", "entry", entry.to_string());
    Html(frame.page(&title, &body).into_string())
}

/// All of it; as long as it moves, it is asked for again.
fn live(frame: &Frame, one: &OneTransfer, reason: &str) -> Markup {
    let moves = one.transfer.outcome.is_none();
    let again = format!("/transfers/{}/now", one.transfer.judged.entry);
    html! {
        div id="now" hx-get=[moves.then_some(again)] hx-trigger=[moves.then_some("every 2s")]
            hx-swap=[moves.then_some("outerHTML")] {
            (summary(frame, one))
            (aside(frame, one, reason))
            (closings(frame, one))
            (receipts(frame, one))
            (deliveries(frame, one))
        }
    }
}

fn peer(frame: &Frame, institution: &InstitutionSlug, ae: &AeTitle) -> Markup {
    html! { (frame.institution(institution)) ", " (frame.words.say("ae-title")) " " code { (ae) } }
}

fn summary(frame: &Frame, one: &OneTransfer) -> Markup {
    let words = frame.words;
    let transfer = &one.transfer;
    let request = &transfer.judged.request;
    let fact = |id: &str, value: Markup| html! { dt { (words.say(id)) } dd { (value) } };
    html! {
        dl class="tiles" {
            div class="tile" {
                dt { (words.say("head-instances")) } dd { (progress(frame, transfer)) }
            }
            div class="tile" { dt { (words.say("head-failed")) } dd { (transfer.failed) } }
            div class="tile" { dt { (words.say("head-spooled")) } dd { (transfer.spooled) } }
            div class="tile" { dt { (words.say("head-bytes")) } dd { (parts::bytes(transfer.bytes)) } }
            div class="tile" { dt { (words.say("head-rate")) } dd { (rate(transfer)) } }
        }
        dl class="facts" {
            (fact("head-state", outcome_mark(frame, transfer.outcome)))
            (fact("head-requester", peer(frame, &request.requester, &request.requester_ae)))
            @if let Some(user) = &request.user { (fact("field-user", html! { (user.name) })) }
            (fact("head-recipient", peer(frame, &request.recipient, &request.recipient_ae)))
            (fact("head-verb", html! {
                (verb_word(frame, request.verb)) ", " (purpose_word(frame, request.purpose))
            }))
            (fact("head-patient", parts::patient(request.patient)))
            (fact("head-since", frame.time(transfer.since)))
            @if transfer.outcome.is_some() { (fact("head-ended", frame.time(transfer.heard))) }
            @if let Some(earlier) = request.again {
                (fact("decision-received-under", html! {
                    a href=(format!("/transfers/{earlier}")) { (earlier) }
                }))
            }
            @let classes = classes(one);
            @if !classes.is_empty() { (fact("transfer-classes", html! { (classes.join(", ")) })) }
        }
    }
}

/// What arrived, by SOP class.
fn classes(one: &OneTransfer) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::new();
    for part in &one.parts {
        for (class, count) in part
            .classes()
            .into_iter()
            .flat_map(|classes| classes.iter())
        {
            let sum: &mut u64 = counts.entry(class.clone()).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    let named = counts.into_iter().map(|(class, count)| {
        let name = sop_class_name(&class).unwrap_or_else(|| class.as_str());
        format!("{count} × {name}")
    });
    named.collect()
}

/// How it went, part by part: the gateway records one each second.
fn closings(frame: &Frame, one: &OneTransfer) -> Markup {
    let words = frame.words;
    let is_part = |record: &&Record| matches!(record.body(), Body::TransferClosed { .. });
    let all: Vec<&Record> = one.parts.iter().filter(is_part).collect();
    if all.is_empty() {
        return html! {};
    }
    let hidden = all.len().saturating_sub(PARTS_SHOWN);
    let rows = html! {
        @for part in all.iter().skip(hidden) { (closing(frame, part)) }
    };
    let heads = [
        "head-entry",
        "head-when",
        "head-instances",
        "head-failed",
        "transfer-statuses",
        "head-warned",
        "head-spooled",
        "head-bytes",
        "head-outcome",
        "head-fault",
    ];
    html! {
        section {
            (parts::table(&words.say("transfer-parts"), &heads.map(|id| words.say(id)), &rows))
            @if one.transfer.failed > 0 { p class="hint" { (words.say("transfer-failed-hint")) } }
            @if hidden > 0 || one.more {
                p class="hint" { (words.with("transfer-parts-hidden", "count", hidden)) }
            }
        }
    }
}

fn closing(frame: &Frame, part: &Record) -> Markup {
    let Body::TransferClosed {
        instances,
        failed,
        statuses,
        warned,
        spooled,
        bytes,
        outcome,
        fault,
        is_final,
        ..
    } = part.body()
    else {
        return html! {};
    };
    html! {
        tr {
            td { (part.entry.seq) }
            td { (frame.time(part.at())) }
            td class="number" { (instances) }
            td class="number" { (failed) }
            td { (refused_with(frame, statuses)) }
            td class="number" { (warned) }
            td class="number" { (spooled) }
            td class="number" { (parts::bytes(*bytes)) }
            td {
                @if *is_final || *outcome != Outcome::Completed {
                    (outcome_mark(frame, Some(*outcome)))
                } @else {
                    span class="none" { "–" }
                }
            }
            td {
                @match fault {
                    Some(fault) => (frame.institution(fault)),
                    None => span class="none" { "–" },
                }
            }
        }
    }
}

/// Which statuses the receiver refused with, and in words what they mean (PS3.4 §B.2.3, PS3.7 annex C).
fn refused_with(frame: &Frame, statuses: &Failures) -> Markup {
    if statuses.is_empty() {
        return html! { span class="none" { "–" } };
    }
    let meant = |status: u16| match status {
        0xA700..=0xA7FF => "status-out-of-resources",
        0xA900..=0xA9FF => "status-not-of-the-class",
        0xC000..=0xCFFF => "status-not-understood",
        0x0110 => "status-processing-failure",
        0x0122 => "status-class-not-supported",
        0x0124 => "status-not-authorised",
        0x0117 | 0x0119 | 0x0115 => "status-wrong-instance",
        _ => "status-other",
    };
    html! {
        @for (status, instances) in statuses.iter() {
            div {
                code { (format!("{status:04X}H")) } " × " (instances) " "
                small { (frame.words.say(meant(status))) }
            }
        }
    }
}

/// Receipts that both gateways sign.
fn receipts(frame: &Frame, one: &OneTransfer) -> Markup {
    let words = frame.words;
    let rows: Vec<Markup> = one
        .parts
        .iter()
        .filter_map(|record| {
            let Body::Receipt {
                institution,
                standing,
                ..
            } = record.body()
            else {
                return None;
            };
            let (class, word) = match standing {
                ReceiptStanding::Due => ("mark", "transfer-receipt-due"),
                ReceiptStanding::Drafted => ("mark", "transfer-receipt-drafted"),
                ReceiptStanding::Agreed => ("mark good", "transfer-receipt-agreed"),
                ReceiptStanding::Disputed => ("mark bad", "transfer-receipt-disputed"),
                ReceiptStanding::Missing => ("mark bad", "transfer-receipt-missing"),
            };
            Some(html! {
                tr {
                    td { (record.entry.seq) }
                    td { (frame.time(record.at())) }
                    td { (frame.institution(institution)) }
                    td { span class=(class) { (words.say(word)) } }
                }
            })
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let rows = html! { @for row in &rows { (row) } };
    let heads = ["head-entry", "head-when", "head-institution", "head-state"];
    let heads = heads.map(|id| words.say(id));
    html! { section { (parts::table(&words.say("transfer-receipts"), &heads, &rows)) } }
}

/// By which decisions what was spooled went on.
fn deliveries(frame: &Frame, one: &OneTransfer) -> Markup {
    let words = frame.words;
    if one.deliveries.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for record in &one.deliveries {
            @if let Some(request) = record.request() {
                tr {
                    td { a href=(format!("/transfers/{}", record.entry.seq)) { (record.entry.seq) } }
                    td { (frame.time(record.at())) }
                    td { (peer(frame, &request.recipient, &request.recipient_ae)) }
                }
            }
        }
    };
    let heads = ["head-decision", "head-when", "head-recipient"].map(|id| words.say(id));
    html! { section { (parts::table(&words.say("transfer-deliveries"), &heads, &rows)) } }
}

/// What lies in queues and does not wait, why, and how it is tried again.
fn aside(frame: &Frame, one: &OneTransfer, reason: &str) -> Markup {
    html! {
        @for (queue, objects) in &one.aside {
            @for place in [QueuePlace::Dead, QueuePlace::Quarantined] {
                @let lying: Vec<&ListedObject> = objects.iter().filter(|one| one.place == place).collect();
                @if !lying.is_empty() {
                    section {
                        (objects_table(frame, queue, place, &lying))
                        @if frame.has(Right::ManageQueues) {
                            (retry_form(frame, one.transfer.judged.entry, queue, place, reason))
                        }
                    }
                }
            }
        }
    }
}

fn objects_table(frame: &Frame, queue: &str, place: QueuePlace, all: &[&ListedObject]) -> Markup {
    let words = frame.words;
    let caption = match place {
        QueuePlace::Quarantined => "transfer-quarantined",
        QueuePlace::Dead | QueuePlace::Waiting | QueuePlace::Delivered => "transfer-dead",
    };
    let caption = words.with_all(
        caption,
        [("count", all.len().into()), ("queue", queue.into())],
    );
    let rows = html! {
        @for object in all.iter().take(OBJECTS_SHOWN) {
            tr {
                td { (object.object) }
                td { @if let Some(since) = object.since { (frame.time(since)) } }
                td class="number" { (parts::bytes(object.bytes)) }
                td { (object.reason.as_deref().or(object.failure.as_deref()).unwrap_or("–")) }
                td { @if let Some(status) = object.status { code { (format!("{status:04X}H")) } } }
                td class="number" { @if let Some(tries) = object.tries { (tries) } }
                td {
                    @if let Some(decision) = object.decision {
                        a href=(format!("/decisions/{decision}")) { (decision) }
                    }
                }
            }
        }
    };
    let heads = [
        "head-instance",
        "head-since",
        "head-bytes",
        "head-why",
        "head-status",
        "head-tries",
        "head-decision",
    ];
    parts::table(&caption, &heads.map(|id| words.say(id)), &rows)
}

fn retry_form(frame: &Frame, entry: u64, queue: &str, place: QueuePlace, reason: &str) -> Markup {
    let words = frame.words;
    let id = format!("reason-{queue}-{}", place.as_str());
    html! {
        form class="filters" method="post" action=(format!("/transfers/{entry}/retry")) {
            (frame.csrf())
            input type="hidden" name="queue" value=(queue);
            input type="hidden" name="place" value=(place.as_str());
            @if place == QueuePlace::Quarantined {
                div {
                    label for=(id) { (words.say("transfer-release-reason")) }
                    input id=(id) name="reason" value=(reason) required maxlength="200" autocomplete="off";
                }
                button type="submit" { (words.say("transfer-release")) }
            } @else {
                button type="submit" { (words.say("transfer-retry")) }
            }
        }
    }
}
