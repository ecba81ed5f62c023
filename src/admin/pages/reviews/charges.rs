//! What was charged, and what of it is taken back.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::REVIEWS;
use super::more;
use super::open::Charged;
use super::open::Open;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Question;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::Change;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/reviews/charges/{charge}/{act}", get(question).post(done))
}

/// Charges that can be taken back, the newest first.
pub(super) fn table(frame: &Frame, open: &Open) -> Markup {
    let words = frame.words;
    let title = words.say("reviews-charges");
    if open.charges.rows.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("reviews-charges-none"))) };
    }
    let decides = frame.has(Right::DecideReviews);
    let rows = html! {
        @for (entry, charged) in &open.charges.rows { (row(frame, *entry, charged, decides)) }
    };
    let mut heads = [
        "head-entry",
        "head-institution",
        "head-when",
        "reviews-charge-was",
        "reviews-charge-left",
    ]
    .map(|id| words.say(id))
    .to_vec();
    if decides {
        heads.push(words.say("head-do"));
    }
    html! {
        (parts::table(&title, &heads, &rows))
        (more(frame, &open.charges))
    }
}

fn row(frame: &Frame, entry: u64, charged: &Charged, decides: bool) -> Markup {
    let words = frame.words;
    html! {
        tr {
            td class="number" { (entry) }
            td { (frame.institution(&charged.charge.institution)) }
            td { (plain::date(words, charged.charge.day)) }
            td class="number" { (units(charged.charge.weight / 1000)) }
            td class="number" { (units(charged.left_milli)) }
            @if decides {
                td {
                    div class="actions" {
                        a href=(format!("/reviews/charges/{entry}/reverse")) { (words.say("reviews-reverse")) }
                        @if charged.ceiling {
                            a href=(format!("/reviews/charges/{entry}/lift")) { (words.say("reviews-lift")) }
                        }
                    }
                }
            }
        }
    }
}

/// Thousandths of a unit, as a decimal number.
fn units(milli: u64) -> String {
    format!("{}.{:03}", milli / 1000, milli % 1000)
}

/// What is done to a charge.
#[derive(Clone, Copy)]
enum Act {
    Reverse,
    Lift,
}

impl Act {
    fn of(text: &str) -> Result<Self, Problem> {
        match text {
            "reverse" => Ok(Self::Reverse),
            "lift" => Ok(Self::Lift),
            _ => Err(Problem::not_found()),
        }
    }
}

async fn question(
    frame: Frame,
    Path((charge, act)): Path<(String, String)>,
) -> Result<Response, Problem> {
    frame.for_right(Right::DecideReviews)?;
    let (charge, act) = (forms::entry(&charge)?, Act::of(&act)?);
    let open = Open::look(&frame.console).await?;
    let known = open.charges.rows.iter().any(|(entry, _)| *entry == charge);
    match known {
        true => Ok(forms::shown(asked(&frame, charge, act, None))),
        false => Err(Problem::not_found()),
    }
}

fn asked(frame: &Frame, charge: u64, act: Act, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let entry = charge.to_string();
    let (title, what, yes, name) = match act {
        Act::Reverse => (
            words.with("reviews-reverse-this", "entry", entry),
            words.say("reviews-reverse-what"),
            words.say("reviews-reverse"),
            "reverse",
        ),
        Act::Lift => (
            words.with("reviews-lift-this", "entry", entry),
            words.say("reviews-lift-what"),
            words.say("reviews-lift"),
            "lift",
        ),
    };
    let question = Question {
        title: &title,
        about: html! { p { (what) } },
        action: &format!("/reviews/charges/{charge}/{name}"),
        hidden: &[],
        yes: &yes,
        back: REVIEWS,
        wrong,
    };
    question.page(frame)
}

#[derive(Deserialize)]
struct Nothing {}

async fn done(
    Path((charge, act)): Path<(String, String)>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::DecideReviews)?;
    let (charge, act) = (forms::entry(&charge)?, Act::of(&act)?);
    let change = match act {
        Act::Reverse => Change::ChargeReverse { charge },
        Act::Lift => Change::CeilingLift { charge },
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(REVIEWS, entry)),
        Done::Refused(why) => Ok(forms::again(asked(frame, charge, act, Some(&why)))),
    }
}

#[cfg(test)]
mod tests {
    use super::units;

    #[test]
    fn units_have_three_decimals() {
        assert_eq!(units(0), "0.000");
        assert_eq!(units(12_034), "12.034");
    }
}
