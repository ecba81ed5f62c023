//! What people do to a queue. What cannot be taken back, and what the contract denied, asks first and wants a reason.

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::queue;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::QueueAct;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::QueueChange;
use crate::gateway::control::QueuePlace;
use crate::gateway::control::Selection;

/// Characters of the longest reason, as the gateway takes it.
const REASON_CHARACTERS_MAX: usize = 200;

/// To what something is done: all that it is for, or some of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// The study's keyed digest.
    pub(super) study: Option<String>,
    /// One instance.
    pub(super) object: Option<u64>,
    /// Where it lies.
    pub(super) place: Option<QueuePlace>,
}

/// The same in a form or a query, where what is absent may be empty.
#[derive(Default, Deserialize)]
pub(super) struct Words {
    #[serde(default)]
    study: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    place: String,
}

impl Scope {
    fn of(words: &Words) -> Result<Self, Problem> {
        let bad = || Problem::bad("the form cannot be read");
        let object = match &*words.object {
            "" => None,
            number => Some(number.parse().map_err(|_| bad())?),
        };
        let place = match &*words.place {
            "" => None,
            "waiting" => Some(QueuePlace::Waiting),
            "dead" => Some(QueuePlace::Dead),
            "quarantined" => Some(QueuePlace::Quarantined),
            "delivered" => Some(QueuePlace::Delivered),
            _ => return Err(bad()),
        };
        let is_digest =
            |text: &str| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_digest(&words.study) {
            return Err(bad());
        }
        Ok(Self {
            study: Some(words.study.clone()).filter(|study| !study.is_empty()),
            object,
            place,
        })
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        let study = self.study.clone().map(|study| ("study", study));
        let object = self.object.map(|object| ("object", object.to_string()));
        let place = self.place.map(|place| ("place", place.as_str().to_owned()));
        [study, object, place].into_iter().flatten()
    }

    /// Where `act` asks first. A study is named by its keyed digest: nothing about a patient is in an address.
    pub(super) fn path(&self, at: &str, act: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        match query.finish() {
            none if none.is_empty() => format!("{at}/{act}"),
            query => format!("{at}/{act}?{query}"),
        }
    }

    /// Fields of a form.
    pub(super) fn hidden(&self) -> Markup {
        html! { @for (name, value) in self.pairs() { input type="hidden" name=(name) value=(value); } }
    }

    /// In short, to tell one row from the others.
    pub(super) fn about(&self) -> String {
        match (&self.object, &self.study) {
            (Some(object), _) => object.to_string(),
            (None, Some(study)) => study.chars().take(8).collect(),
            (None, None) => String::new(),
        }
    }

    fn selection(&self) -> Selection {
        Selection {
            object: self.object,
            study: self.study.clone(),
            patient: None,
            place: self.place,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    #[serde(flatten)]
    only: Words,
}

/// What is done at once.
pub(super) async fn change(
    State(console): State<Shared>,
    Path(queue): Path<String>,
    posted: Posted<Act>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageQueues)?;
    let act = match &*posted.form.act {
        "paused" => QueueAct::Paused,
        "resumed" => QueueAct::Resumed,
        "retried" => QueueAct::Retried,
        _ => return Err(Problem::bad("the form cannot be read")),
    };
    let scope = Scope::of(&posted.form.only)?;
    let done = done(&console, &posted.caller, &queue, (act, &scope), "").await?;
    match done {
        Ok(to) => Ok(to),
        Err(reason) => {
            let notice = html! { p class="notice bad" role="alert" { (reason) } };
            let (frame, view) = (&posted.frame, queue::View::default());
            let page = queue::laid_out(&console, frame, &posted.caller, &queue, &view, &notice);
            let page = page.await?.into_string();
            Ok((StatusCode::CONFLICT, Html(page)).into_response())
        }
    }
}

/// Does it, and leads back to the queue; or says why it is not done.
async fn done(
    console: &Shared,
    caller: &Caller,
    queue: &str,
    (act, scope): (QueueAct, &Scope),
    reason: &str,
) -> Result<Result<Response, String>, Problem> {
    let listed = queue::found(console, queue).await?;
    let command = Command::QueueChange {
        change: QueueChange {
            queue: listed.queue.clone(),
            act,
            only: scope.selection(),
            reason: reason.to_owned(),
        },
        by: caller.name.clone(),
    };
    match console.answer(caller, command).await {
        Ok(Answer::QueueChanged { objects, .. }) => {
            let at = queue::path(&listed.queue);
            let to = format!("{at}?done={}&objects={objects}", act.as_str());
            Ok(Ok(Redirect::to(&to).into_response()))
        }
        Ok(_) => Err(Problem::unavailable("")),
        Err(problem) if problem.code() == StatusCode::CONFLICT => {
            Ok(Err(problem.detail.unwrap_or(problem.title)))
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(super) struct Reasoned {
    #[serde(default)]
    reason: String,
    #[serde(flatten)]
    only: Words,
}

pub(super) async fn release_page(
    State(console): State<Shared>,
    frame: Frame,
    Path(queue): Path<String>,
    Query(only): Query<Words>,
) -> Result<Html<String>, Problem> {
    asking(&console, &frame, &queue, QueueAct::Released, &only).await
}

pub(super) async fn drop_page(
    State(console): State<Shared>,
    frame: Frame,
    Path(queue): Path<String>,
    Query(only): Query<Words>,
) -> Result<Html<String>, Problem> {
    asking(&console, &frame, &queue, QueueAct::Dropped, &only).await
}

async fn asking(
    console: &Shared,
    frame: &Frame,
    queue: &str,
    act: QueueAct,
    only: &Words,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::ManageQueues)?;
    let scope = Scope::of(only)?;
    let listed = queue::found(console, queue).await?;
    let page = asked(frame, &listed.queue, act, &scope, "", None);
    Ok(Html(page.into_string()))
}

pub(super) async fn release(
    State(console): State<Shared>,
    Path(queue): Path<String>,
    posted: Posted<Reasoned>,
) -> Result<Response, Problem> {
    answered(&console, &queue, &posted, QueueAct::Released).await
}

pub(super) async fn discard(
    State(console): State<Shared>,
    Path(queue): Path<String>,
    posted: Posted<Reasoned>,
) -> Result<Response, Problem> {
    answered(&console, &queue, &posted, QueueAct::Dropped).await
}

async fn answered(
    console: &Shared,
    queue: &str,
    posted: &Posted<Reasoned>,
    act: QueueAct,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageQueues)?;
    let scope = Scope::of(&posted.form.only)?;
    let reason = posted.form.reason.trim();
    let done = done(console, &posted.caller, queue, (act, &scope), reason).await?;
    match done {
        Ok(to) => Ok(to),
        Err(wrong) => {
            let page = asked(&posted.frame, queue, act, &scope, reason, Some(&wrong));
            Ok((StatusCode::CONFLICT, Html(page.into_string())).into_response())
        }
    }
}

/// What is about to be done, and why.
fn asked(
    frame: &Frame,
    queue: &str,
    act: QueueAct,
    scope: &Scope,
    reason: &str,
    wrong: Option<&str>,
) -> Markup {
    let words = frame.words;
    let is_drop = act == QueueAct::Dropped;
    let (title, what, name) = match is_drop {
        true => (
            words.with("peers-drop-title", "queue", queue),
            words.say("peers-drop-what"),
            words.say("peers-drop-now"),
        ),
        false => (
            words.with("peers-release-title", "queue", queue),
            words.say("peers-release-what"),
            words.say("peers-release-now"),
        ),
    };
    let at = queue::path(queue);
    let action = format!("{at}/{}", if is_drop { "drop" } else { "release" });
    let body = html! {
        @if let Some(wrong) = wrong { p class="notice bad" role="alert" { (wrong) } }
        p class=(if is_drop { "notice warn" } else { "notice" }) { (what) }
        (meant(frame, is_drop, scope))
        form class="card" method="post" action=(action) {
            (frame.csrf())
            @if scope.object.is_some() || scope.study.is_some() || !is_drop {
                (scope.hidden())
            } @else {
                (which(frame, scope))
            }
            label for="reason" { (words.say("peers-head-reason")) }
            input id="reason" name="reason" value=(reason) required maxlength=(REASON_CHARACTERS_MAX)
                autocomplete="off" aria-describedby="reason-hint";
            p id="reason-hint" class="hint" { (words.say("peers-reason-hint")) }
            button type="submit" class=[is_drop.then_some("grave")] { (name) }
        }
        p { a href=(at) { (words.say("peers-not-now")) } }
    };
    frame.page(&title, &body)
}

/// To what it would be done.
fn meant(frame: &Frame, is_drop: bool, scope: &Scope) -> Markup {
    let words = frame.words;
    html! {
        @if scope.study.is_some() || scope.object.is_some() {
            dl class="facts" {
                @if let Some(object) = scope.object {
                    dt { (words.say("peers-head-number")) } dd { (object) }
                }
                @if let Some(study) = &scope.study {
                    dt { (words.say("peers-head-study")) } dd { code { (study) } }
                }
                @if let Some(place) = scope.place {
                    dt { (words.say("peers-head-place")) } dd { (queue::place(frame, place)) }
                }
            }
        } @else if !is_drop {
            p { (words.say("peers-release-all")) }
        }
    }
}

/// Of a whole queue: which part of it.
fn which(frame: &Frame, scope: &Scope) -> Markup {
    let words = frame.words;
    let choice = |value: &str, place: Option<QueuePlace>, text: &str| {
        html! {
            label class="choice" {
                input type="radio" name="place" value=(value) checked[scope.place == place];
                span { (text) }
            }
        }
    };
    html! {
        fieldset {
            legend { (words.say("peers-drop-which")) }
            (choice("", None, &words.say("peers-drop-aside")))
            (choice("dead", Some(QueuePlace::Dead), &words.say("peers-drop-dead")))
            (choice("quarantined", Some(QueuePlace::Quarantined), &words.say("peers-drop-quarantined")))
            (choice("waiting", Some(QueuePlace::Waiting), &words.say("peers-drop-waiting")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_narrowed_stays_so_from_page_to_page() {
        let scope = Scope {
            study: Some("ab12".to_owned()),
            object: None,
            place: Some(QueuePlace::Dead),
        };
        let at = scope.path("/peers/queues/pacs", "drop");
        assert_eq!(at, "/peers/queues/pacs/drop?study=ab12&place=dead");
        let words = Words {
            study: "ab12".to_owned(),
            object: String::new(),
            place: "dead".to_owned(),
        };
        assert_eq!(Scope::of(&words).unwrap(), scope);
        let all = Scope::default().path("/peers/queues/pacs", "drop");
        assert_eq!(all, "/peers/queues/pacs/drop");
        assert_eq!(Scope::of(&Words::default()).unwrap(), Scope::default());
    }

    #[test]
    fn a_scope_that_is_none_is_refused() {
        for (study, object, place) in [("PAT-7", "", ""), ("", "x", ""), ("", "", "everywhere")] {
            let words = Words {
                study: study.to_owned(),
                object: object.to_owned(),
                place: place.to_owned(),
            };
            assert!(Scope::of(&words).is_err());
        }
    }
}
