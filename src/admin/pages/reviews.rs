//! Accesses that are to be reviewed, incidents, and what became of both. Who keeps records also finds here what is
//! held, suspended and forgotten.

mod charges;
mod incidents;
mod open;
mod records;
mod review;

use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;

use super::forms;
use super::forms::Just;
use super::frame::Frame;
use super::parts;
use super::plain;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use open::Open;
use open::Rows;

/// Where all of it begins.
const REVIEWS: &str = "/reviews";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(REVIEWS, get(page))
        .merge(review::router())
        .merge(incidents::router())
        .merge(charges::router())
        .merge(records::router())
}

async fn page(frame: Frame, Query(just): Query<Just>) -> Result<Response, Problem> {
    frame.for_right(Right::SeeReviews)?;
    let above = just.told(&frame);
    Ok(forms::shown(whole(&frame, &above).await?))
}

/// The page again, where what was sent was not done.
async fn refused(frame: &Frame, why: &str) -> Result<Response, Problem> {
    let above = forms::wrong(Some(why));
    Ok(forms::again(whole(frame, &above).await?))
}

async fn whole(frame: &Frame, above: &Markup) -> Result<Markup, Problem> {
    let open = Open::look(&frame.console).await?;
    let words = frame.words;
    let body = html! {
        (above)
        div class="actions" {
            @if frame.has(Right::DecideReviews) {
                a class="button" href="/reviews/incidents/new" { (words.say("reviews-report")) }
            }
            @if frame.has(Right::KeepRecords) {
                a class="button quiet" href="/reviews/records" { (words.say("reviews-records")) }
            }
        }
        section { (waiting(frame, &open)) }
        section { (incidents::table(frame, &open)) }
        section { (charges::table(frame, &open)) }
        @if open.receipts.all > 0 {
            section { (receipts(frame, &open)) }
        }
    };
    Ok(frame.page(&words.say("reviews"), &body))
}

/// Accesses that wait, the next to be due first.
fn waiting(frame: &Frame, open: &Open) -> Markup {
    let words = frame.words;
    let title = words.say("reviews-waiting");
    if open.reviews.rows.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("reviews-none"))) };
    }
    let rows = html! {
        @for (decision, review) in &open.reviews.rows {
            tr {
                td class="number" {
                    a href=(format!("/reviews/{decision}")) { (decision) }
                }
                td {
                    (frame.time(review.due)) " "
                    (late(frame, review.overdue || review.due <= open.now))
                }
                td { (frame.institution(&review.institution)) }
                td { code { (review.ae) } }
                td { (plain::purpose(words, review.purpose)) }
                td { (parts::patient(review.patient)) }
                td {
                    @match &review.reason {
                        Some(reason) => (words.with("reviews-reason-by", "by", reason.by.as_str())),
                        None => (words.say("reviews-reason-missing")),
                    }
                }
            }
        }
    };
    let heads = [
        "head-decision",
        "reviews-due",
        "head-institution",
        "ae-title",
        "head-purpose",
        "head-patient",
        "reviews-reason",
    ];
    html! {
        (parts::table(&title, &heads.map(|id| words.say(id)), &rows))
        (more(frame, &open.reviews))
    }
}

/// Marks what is late, by a word.
fn late(frame: &Frame, is_late: bool) -> Markup {
    html! {
        @if is_late { span class="mark bad" { (frame.words.say("reviews-overdue")) } }
    }
}

/// How many rows are not shown.
fn more<T>(frame: &Frame, rows: &Rows<T>) -> Markup {
    let left = rows.all.saturating_sub(rows.rows.len());
    html! {
        @if left > 0 {
            p class="hint" { (frame.words.with("rows-more", "count", left)) }
        }
    }
}

/// Receipts of others that did not come in time.
fn receipts(frame: &Frame, open: &Open) -> Markup {
    let words = frame.words;
    let linked = frame.has(Right::SeeDecisions);
    let rows = html! {
        @for (decision, receipt) in &open.receipts.rows {
            tr {
                td class="number" { (decision_link(*decision, linked)) }
                td { (frame.institution(&receipt.institution)) }
                td { (frame.time(receipt.due)) }
            }
        }
    };
    let heads = ["head-decision", "head-institution", "reviews-due"].map(|id| words.say(id));
    html! {
        (parts::table(&words.say("reviews-receipts"), &heads, &rows))
        (more(frame, &open.receipts))
        p class="hint" { (words.say("reviews-receipts-what")) }
    }
}

/// A decision by its number, with its page where that may be seen.
fn decision_link(decision: u64, linked: bool) -> Markup {
    html! {
        @if linked { a href=(format!("/decisions/{decision}")) { (decision) } }
        @else { (decision) }
    }
}
