//! Whether the ledger is what it was: the last verification, the one that goes on, and the next.

use axum::extract::State;
use axum::response::Html;
use axum::response::Redirect;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::verifying::Extent;
use crate::admin::verifying::Outcome;
use crate::admin::verifying::Standing;
use crate::admin::verifying::UnderWay;
use crate::admin::verifying::Verification;

/// The part by itself, for a page that is open.
pub(super) async fn part(
    State(console): State<Shared>,
    frame: Frame,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeLedger)?;
    let standing = console.verification.standing();
    Ok(Html(section(&frame, &standing).into_string()))
}

/// What is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    extent: String,
}

/// Begins one.
pub(super) async fn begin(
    State(console): State<Shared>,
    posted: Posted<Asked>,
) -> Result<Redirect, Problem> {
    posted.frame.for_right(Right::SeeLedger)?;
    let mut all = Extent::ALL.into_iter();
    let extent = all.find(|one| one.as_str() == posted.form.extent);
    let extent = extent.ok_or_else(|| Problem::bad("extent: not understood"))?;
    match console.verify(extent, Some(posted.caller.name.clone())) {
        // One that goes on is shown there.
        Ok(()) => {}
        Err(problem) if problem.status < 500 => {}
        Err(problem) => return Err(problem),
    }
    Ok(Redirect::to("/ledger#verification"))
}

/// How it stands; it asks for itself again while one goes on.
pub(super) fn section(frame: &Frame, standing: &Standing) -> Markup {
    let words = frame.words;
    let goes_on = standing.under_way.is_some();
    html! {
        section class="card" id="verification" hx-get=[goes_on.then_some("/ledger/verification")]
            hx-trigger=[goes_on.then_some("every 1s")] hx-swap=[goes_on.then_some("outerHTML")] {
            h2 { (words.say("ledger-verification")) }
            @if let Some(alarm) = &standing.alarm { (alarmed(frame, alarm)) }
            @match &standing.last {
                Some(last) => { (ended(frame, last)) }
                None => { p { (words.say("ledger-verification-none")) } }
            }
            @match &standing.under_way {
                Some(under_way) => { (going(frame, under_way)) }
                None => { (form(frame)) }
            }
        }
    }
}

fn alarmed(frame: &Frame, alarm: &Verification) -> Markup {
    let words = frame.words;
    html! {
        div class="notice bad" role="alert" {
            p { strong { (words.say("ledger-damaged")) } }
            p { (alarm.problem.as_deref().unwrap_or_default()) }
            p { (words.say("ledger-damaged-do")) }
        }
    }
}

fn ended(frame: &Frame, last: &Verification) -> Markup {
    let words = frame.words;
    let by = last.by.clone();
    let by = by.unwrap_or_else(|| words.say("ledger-by-itself").into_owned());
    html! {
        dl class="facts" {
            dt { (words.say("ledger-verified-last")) } dd { (frame.time(last.at)) }
            dt { (words.say("ledger-outcome")) } dd { (outcome(frame, last)) }
            @if let (Outcome::Undone, Some(problem)) = (last.outcome, &last.problem) {
                dt { (words.say("head-why")) } dd { (problem) }
            }
            @if let Some(entry) = last.entry {
                dt { (words.say("ledger-first-damaged")) } dd { (entry) }
            }
            dt { (words.say("ledger-entries-verified")) } dd { (last.entries) }
            dt { (words.say("ledger-extent")) } dd { (words.say(extent_name(last.extent))) }
            dt { (words.say("ledger-took")) }
            dd { (words.with("ledger-seconds", "seconds", seconds(last.took_ms))) }
            dt { (words.say("ledger-asked-by")) } dd { (by) }
        }
    }
}

/// How it ended, in a word.
pub(in crate::admin::pages) fn outcome(frame: &Frame, last: &Verification) -> Markup {
    let (class, name) = match last.outcome {
        Outcome::Whole => ("mark good", "ledger-outcome-whole"),
        Outcome::Damaged => ("mark bad", "ledger-outcome-damaged"),
        Outcome::Undone => ("mark warn", "ledger-outcome-undone"),
    };
    html! { span class=(class) { (frame.words.say(name)) } }
}

/// With one digit behind the point.
fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1_000, ms % 1_000 / 100)
}

const fn extent_name(extent: Extent) -> &'static str {
    match extent {
        Extent::Chain => "ledger-extent-chain",
        Extent::State => "ledger-extent-state",
        Extent::Replay => "ledger-extent-replay",
    }
}

fn going(frame: &Frame, under_way: &UnderWay) -> Markup {
    let words = frame.words;
    let told = words.with_all(
        "ledger-progress",
        [
            ("done", under_way.done.to_string().into()),
            ("of", under_way.of.to_string().into()),
        ],
    );
    html! {
        progress max=(under_way.of.max(1)) value=(under_way.done.min(under_way.of)) aria-label=(words.say("ledger-under-way")) {}
        p class="hint" { (told) }
    }
}

fn form(frame: &Frame) -> Markup {
    let words = frame.words;
    html! {
        form class="filters" method="post" action="/ledger/verification" {
            (frame.csrf())
            div {
                label for="extent" { (words.say("ledger-extent")) }
                select id="extent" name="extent" {
                    @for extent in Extent::ALL {
                        option value=(extent.as_str()) { (words.say(extent_name(extent))) }
                    }
                }
            }
            div class="actions" { button type="submit" { (words.say("ledger-verify-now")) } }
        }
    }
}
