//! What is kept, held, suspended and forgotten: for who keeps records.

mod erasing;
mod holds;
mod retention;
mod suspensions;

use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;

use super::REVIEWS;
use super::incidents::REFERENCE_CHARACTERS_MAX;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Field;
use crate::admin::pages::forms::Just;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedEpoch;
use crate::gateway::control::ListedHold;
use crate::gateway::control::ListedSuspension;

/// Where this page is.
const RECORDS: &str = "/reviews/records";
/// Rows of each list.
const ROWS: usize = 200;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(RECORDS, get(page))
        .merge(suspensions::router())
        .merge(holds::router())
        .merge(erasing::router())
        .merge(retention::router())
}

/// What stands.
struct Kept {
    suspensions: Vec<ListedSuspension>,
    holds: Vec<ListedHold>,
    epochs: Vec<ListedEpoch>,
}

/// What was sent and was not done.
#[derive(Default)]
struct Sent {
    suspension: suspensions::Form,
    hold: holds::Form,
    erasure: erasing::Form,
    /// In which form, and why.
    wrong: Option<(Part, String)>,
}

/// A form of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// None of them: a button.
    Page,
    Suspension,
    Hold,
    Erasure,
}

impl Sent {
    /// Why this form was not done, if it was sent.
    fn wrong(&self, part: Part) -> Option<&str> {
        let wrong = self.wrong.as_ref();
        let wrong = wrong.filter(|(sent, _)| *sent == part);
        wrong.map(|(_, why)| why.as_str())
    }
}

async fn kept(frame: &Frame, caller: &Caller) -> Result<Kept, Problem> {
    let ask = async |command| frame.console.answer(caller, command).await;
    let Answer::Suspensions { suspensions } = ask(Command::Suspensions).await? else {
        return Err(Problem::unavailable(""));
    };
    let Answer::Holds { holds } = ask(Command::Holds).await? else {
        return Err(Problem::unavailable(""));
    };
    let Answer::Epochs { epochs } = ask(Command::Epochs).await? else {
        return Err(Problem::unavailable(""));
    };
    Ok(Kept {
        suspensions,
        holds,
        epochs,
    })
}

async fn page(frame: Frame, Query(just): Query<Just>) -> Result<Response, Problem> {
    let caller = frame.for_right(Right::KeepRecords)?;
    let kept = kept(&frame, caller).await?;
    let above = just.told(&frame);
    Ok(forms::shown(whole(&frame, &kept, &Sent::default(), &above)))
}

/// The page again, with what was sent and why it was not done.
async fn again(frame: &Frame, caller: &Caller, sent: &Sent) -> Result<Response, Problem> {
    let kept = kept(frame, caller).await?;
    Ok(forms::again(whole(frame, &kept, sent, &html! {})))
}

fn whole(frame: &Frame, kept: &Kept, sent: &Sent, above: &Markup) -> Markup {
    let words = frame.words;
    let body = html! {
        (above)
        (forms::wrong(sent.wrong(Part::Page)))
        section { (holds::part(frame, &kept.holds, sent)) }
        section { (suspensions::part(frame, &kept.suspensions, sent)) }
        section { (retention::part(frame, &kept.epochs)) }
        section { (erasing::part(frame, sent)) }
        p { a href=(REVIEWS) { (words.say("reviews-back")) } }
    };
    frame.page(&words.say("reviews-records"), &body)
}

/// A form that is folded until it is wanted, or was sent.
fn folded(title: &str, open: bool, form: &Markup) -> Markup {
    html! {
        details class="card" open[open] {
            summary { (title) }
            (form)
        }
    }
}

/// The number of a case file.
fn reference(frame: &Frame, id: &str, value: &str) -> Markup {
    let words = frame.words;
    Field {
        id,
        name: "reference",
        label: &words.say("reviews-reference"),
        value,
        hint: &words.say("reviews-reference-hint"),
        required: true,
        max: Some(REFERENCE_CHARACTERS_MAX),
    }
    .text()
}
