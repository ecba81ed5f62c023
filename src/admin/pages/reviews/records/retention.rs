//! Epochs of sealed details, and the end of those that were kept long enough.

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::RECORDS;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Question;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Epoch;
use crate::gateway::control::Change;
use crate::gateway::control::ListedEpoch;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/reviews/records/drop", post(drop_epoch))
}

pub(super) fn part(frame: &Frame, all: &[ListedEpoch]) -> Markup {
    let words = frame.words;
    let title = words.say("records-retention");
    html! {
        @if all.is_empty() {
            h2 { (title) }
            p { (words.say("records-retention-what")) }
            (parts::nothing(&words.say("records-retention-none")))
        } @else {
            (table(frame, &title, all))
            p class="hint" { (words.say("records-retention-what")) }
        }
    }
}

fn table(frame: &Frame, title: &str, all: &[ListedEpoch]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for listed in all {
            tr {
                td { code { (listed.epoch) } }
                td { (words.with("records-kept-years", "count", listed.years)) }
                td {
                    @if listed.due { span class="mark warn" { (words.say("records-due")) } }
                    @else { (words.say("records-not-due")) }
                }
                td {
                    @match listed.hold {
                        Some(hold) => (words.with("records-held-by", "entry", hold.to_string())),
                        None => span class="none" { "–" },
                    }
                }
                td { (ask_button(frame, &listed.epoch)) }
            }
        }
    };
    let heads = [
        "records-epoch",
        "records-kept",
        "head-state",
        "records-holds",
        "head-do",
    ];
    parts::table(title, &heads.map(|id| words.say(id)), &rows)
}

fn ask_button(frame: &Frame, epoch: &Epoch) -> Markup {
    let words = frame.words;
    html! {
        div class="actions" {
            form method="post" action="/reviews/records/drop" {
                (frame.csrf())
                input type="hidden" name="epoch" value=(epoch);
                button type="submit" class="quiet"
                    aria-label=(words.with("records-drop-this", "epoch", epoch.to_string())) {
                    (words.say("records-drop-ask"))
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Form {
    epoch: String,
    /// Present: the question was answered.
    #[serde(default)]
    sure: Option<String>,
}

fn question(frame: &Frame, epoch: &Epoch, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let text = epoch.to_string();
    let question = Question {
        title: &words.with("records-drop-this", "epoch", text.as_str()),
        about: html! { p class="notice warn" { (words.say("records-drop-final")) } },
        action: "/reviews/records/drop",
        hidden: &[("epoch", text.as_str()), ("sure", "yes")],
        yes: &words.say("records-drop-do"),
        back: RECORDS,
        wrong,
    };
    question.page(frame)
}

async fn drop_epoch(posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, form) = (&posted.frame, &posted.form);
    frame.for_right(Right::KeepRecords)?;
    let epoch: Option<Epoch> = form.epoch.parse().ok();
    let epoch = epoch.ok_or_else(|| Problem::bad("epoch"))?;
    if form.sure.is_none() {
        return Ok(forms::shown(question(frame, &epoch, None)));
    }
    let change = Change::DetailsDrop {
        epoch: epoch.clone(),
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(RECORDS, entry)),
        Done::Refused(why) => Ok(forms::again(question(frame, &epoch, Some(&why)))),
    }
}
