//! One access under review: why it was made, and whether that was right.

use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::REVIEWS;
use super::decision_link;
use super::late;
use super::open;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::forms::Just;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::audit::Identity;
use crate::contract::DetailsOf;
use crate::contract::Review;
use crate::gateway::control::Change;
use crate::time::UtcMicros;

/// Characters of the longest reason.
const REASON_CHARACTERS_MAX: usize = 2000;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/reviews/{decision}", get(page))
        .route("/reviews/{decision}/show", post(show))
        .route("/reviews/{decision}/reason", post(reason))
        .route("/reviews/{decision}/close", post(close))
}

/// A review, and what is told of it beside the contract's own.
struct Shown<'a> {
    decision: u64,
    review: &'a Review,
    now: UtcMicros,
    /// The text of the last reason.
    told: Option<&'a str>,
    /// What was typed as a reason.
    typed: &'a str,
    /// Why what was sent was not done.
    wrong: Option<&'a str>,
}

async fn found(frame: &Frame, decision: &str) -> Result<(u64, Review, UtcMicros), Problem> {
    let decision = forms::entry(decision)?;
    let found = open::review(&frame.console, decision).await?;
    let (review, now) = found.ok_or_else(Problem::not_found)?;
    Ok((decision, review, now))
}

async fn page(
    frame: Frame,
    Path(decision): Path<String>,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    frame.for_right(Right::SeeReviews)?;
    let (decision, review, now) = found(&frame, &decision).await?;
    let shown = Shown {
        decision,
        review: &review,
        now,
        told: None,
        typed: "",
        wrong: None,
    };
    let above = just.told(&frame);
    Ok(forms::shown(whole(&frame, &shown, &above)))
}

fn whole(frame: &Frame, shown: &Shown<'_>, above: &Markup) -> Markup {
    let words = frame.words;
    let number = shown.decision.to_string();
    let body = html! {
        (above)
        (forms::wrong(shown.wrong))
        (facts(frame, shown))
        (reason_part(frame, shown))
        @if frame.has(Right::DecideReviews) {
            div class="columns" {
                (reason_form(frame, shown))
                (closing(frame, shown))
            }
        }
        p { a href=(REVIEWS) { (words.say("reviews-back")) } }
    };
    frame.page(&words.with("reviews-one", "decision", number), &body)
}

fn facts(frame: &Frame, shown: &Shown<'_>) -> Markup {
    let words = frame.words;
    let review = shown.review;
    html! {
        dl class="facts" {
            dt { (words.say("head-decision")) }
            dd { (decision_link(shown.decision, frame.has(Right::SeeDecisions))) }
            dt { (words.say("head-institution")) } dd { (frame.institution(&review.institution)) }
            dt { (words.say("ae-title")) } dd { code { (review.ae) } }
            dt { (words.say("head-purpose")) } dd { (plain::purpose(words, review.purpose)) }
            dt { (words.say("head-patient")) } dd { (parts::patient(review.patient)) }
            dt { (words.say("reviews-due")) }
            dd { (frame.time(review.due)) " " (late(frame, review.overdue || review.due <= shown.now)) }
        }
    }
}

/// The last reason: who gave it, and its text once it was asked for.
fn reason_part(frame: &Frame, shown: &Shown<'_>) -> Markup {
    let words = frame.words;
    let Some(reason) = &shown.review.reason else {
        return html! {
            h2 { (words.say("reviews-reason")) }
            (parts::nothing(&words.say("reviews-reason-none")))
        };
    };
    html! {
        section {
            h2 { (words.say("reviews-reason")) }
            p { (words.with("reviews-reason-by", "by", reason.by.as_str())) }
            @if let Some(text) = shown.told {
                blockquote class="card" { (text) }
            } @else if frame.has(Right::SeePatients) {
                form method="post" action=(format!("/reviews/{}/show", shown.decision)) {
                    (frame.csrf())
                    button type="submit" class="quiet" { (words.say("reviews-reason-show")) }
                }
                p class="hint" { (words.say("reviews-reason-show-what")) }
            } @else {
                p class="hint" { (words.say("reviews-reason-sealed")) }
            }
        }
    }
}

fn reason_form(frame: &Frame, shown: &Shown<'_>) -> Markup {
    let words = frame.words;
    html! {
        form class="card" method="post" action=(format!("/reviews/{}/reason", shown.decision)) {
            (frame.csrf())
            h2 { (words.say("reviews-give")) }
            (Field {
                id: "reason",
                name: "reason",
                label: &words.say("reviews-give-why"),
                value: shown.typed,
                hint: &words.say("reviews-give-hint"),
                required: true,
                max: Some(REASON_CHARACTERS_MAX),
            }.area())
            button type="submit" { (words.say("reviews-give-do")) }
        }
    }
}

fn closing(frame: &Frame, shown: &Shown<'_>) -> Markup {
    let words = frame.words;
    html! {
        form class="card" method="post" action=(format!("/reviews/{}/close", shown.decision)) {
            (frame.csrf())
            h2 { (words.say("reviews-close")) }
            p { (words.say("reviews-close-what")) }
            div class="actions" {
                button type="submit" name="finding" value="justified" { (words.say("reviews-justified")) }
                button type="submit" name="finding" value="unjustified" class="grave" {
                    (words.say("reviews-unjustified"))
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Nothing {}

/// The text of the last reason, once that it is shown is recorded.
async fn show(Path(decision): Path<String>, posted: Posted<Nothing>) -> Result<Response, Problem> {
    let (frame, caller) = (&posted.frame, &posted.caller);
    frame.for_right(Right::SeeReviews)?;
    frame.for_right(Right::SeePatients)?;
    let (decision, review, now) = found(frame, &decision).await?;
    let told = told(frame, caller, decision, &review).await?;
    let gone = frame.words.say("reviews-reason-gone");
    let shown = Shown {
        decision,
        review: &review,
        now,
        told: Some(told.as_deref().unwrap_or(&gone)),
        typed: "",
        wrong: None,
    };
    Ok(forms::shown(whole(frame, &shown, &html! {})))
}

async fn told(
    frame: &Frame,
    caller: &Caller,
    decision: u64,
    review: &Review,
) -> Result<Option<String>, Problem> {
    let Some(reason) = &review.reason else {
        return Ok(None);
    };
    let unsealed = frame.console.recorder.unseal(reason.entry).await;
    let unsealed = unsealed.map_err(|error| Problem::unavailable(error.to_string()))?;
    let Some((patient, text)) = unsealed else {
        return Ok(None);
    };
    let about = Some(decision);
    let recorded = frame
        .console
        .shown(caller, [patient].into(), DetailsOf::Review, about);
    recorded.await?;
    let identity = serde_json::from_slice::<Identity>(&text).ok();
    Ok(identity.and_then(|identity| identity.reason))
}

#[derive(Deserialize)]
struct Given {
    reason: String,
}

async fn reason(Path(decision): Path<String>, posted: Posted<Given>) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::DecideReviews)?;
    let (decision, review, now) = found(frame, &decision).await?;
    let change = Change::ReviewReason {
        review: decision,
        reason: posted.form.reason.clone(),
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(&format!("/reviews/{decision}"), entry)),
        Done::Refused(why) => {
            let shown = Shown {
                decision,
                review: &review,
                now,
                told: None,
                typed: &posted.form.reason,
                wrong: Some(&why),
            };
            Ok(forms::again(whole(frame, &shown, &html! {})))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    Justified,
    Unjustified,
}

#[derive(Deserialize)]
struct Closed {
    finding: Finding,
}

async fn close(Path(decision): Path<String>, posted: Posted<Closed>) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::DecideReviews)?;
    let (decision, review, now) = found(frame, &decision).await?;
    let change = Change::ReviewClose {
        review: decision,
        justified: matches!(posted.form.finding, Finding::Justified),
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(REVIEWS, entry)),
        Done::Refused(why) => {
            let shown = Shown {
                decision,
                review: &review,
                now,
                told: None,
                typed: "",
                wrong: Some(&why),
            };
            Ok(forms::again(whole(frame, &shown, &html! {})))
        }
    }
}
