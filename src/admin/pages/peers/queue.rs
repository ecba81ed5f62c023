//! One queue: how it goes on, and what lies in it.

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::response::Html;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::change::Scope;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::overview::queue_state;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedObject;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::ListedStudy;
use crate::gateway::control::QueuePlace;
use crate::gateway::control::QueueState;
use crate::time::UtcMicros;

/// Where a queue is shown. Its name is a peer's, which is a part of a path as it stands.
pub(super) fn path(queue: &str) -> String {
    format!("/peers/queues/{queue}")
}

/// A moment that may not be known.
pub(super) fn moment(frame: &Frame, at: Option<UtcMicros>) -> Markup {
    match at {
        Some(at) => frame.time(at),
        None => html! { span class="none" { "–" } },
    }
}

/// How fast it goes.
pub(super) fn rate(queue: &ListedQueue) -> Markup {
    match queue.bytes_per_second {
        0 => html! { span class="none" { "–" } },
        rate => html! { (parts::bytes(rate)) "/s" },
    }
}

/// What the page shows of it.
#[derive(Default, Deserialize)]
pub(super) struct View {
    /// `objects`: one by one.
    #[serde(default)]
    by: String,
    /// What was done.
    #[serde(default)]
    done: String,
    /// To how many instances.
    #[serde(default)]
    objects: u64,
}

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Path(queue): Path<String>,
    Query(view): Query<View>,
) -> Result<Html<String>, Problem> {
    let caller = frame.for_right(Right::SeePeers)?;
    let words = frame.words;
    let done = match &*view.done {
        "paused" => Some(words.say("peers-done-paused").into_owned()),
        "resumed" => Some(words.say("peers-done-resumed").into_owned()),
        "retried" => Some(words.with("peers-done-retried", "count", view.objects)),
        "released" => Some(words.with("peers-done-released", "count", view.objects)),
        "dropped" => Some(words.with("peers-done-dropped", "count", view.objects)),
        _ => None,
    };
    let notice = html! {
        @if let Some(done) = done { p class="notice good" role="status" { (done) } }
    };
    let page = laid_out(&console, &frame, caller, &queue, &view, &notice).await?;
    Ok(Html(page.into_string()))
}

/// The page, with what is to be said first.
pub(super) async fn laid_out(
    console: &Shared,
    frame: &Frame,
    caller: &Caller,
    queue: &str,
    view: &View,
    notice: &Markup,
) -> Result<Markup, Problem> {
    let words = frame.words;
    let listed = found(console, queue).await?;
    let one_by_one = view.by == "objects";
    let command = Command::Queue {
        queue: listed.queue.clone(),
        one_by_one,
    };
    let Answer::Queue {
        studies,
        objects,
        more,
    } = console.answer(caller, command).await?
    else {
        return Err(Problem::unavailable(""));
    };
    let now = format!("{}/now", path(&listed.queue));
    let body = html! {
        (notice)
        div id="now" hx-get=(now) hx-trigger="every 3s" hx-swap="innerHTML" { (facts(frame, &listed)) }
        @if frame.has(Right::ManageQueues) { (actions(frame, &listed)) }
        section {
            @if one_by_one {
                (object_table(frame, &listed, &objects))
            } @else {
                (study_table(frame, &listed, &studies))
            }
            @if more > 0 { p { (words.with("peers-more", "count", more)) } }
            p {
                @if one_by_one {
                    a href=(path(&listed.queue)) { (words.say("peers-by-study")) }
                } @else {
                    a href=(format!("{}?by=objects", path(&listed.queue))) { (words.say("peers-by-object")) }
                }
            }
        }
        p { a href="/peers" { (words.say("peers-back")) } }
    };
    let title = words.with("peers-queue", "queue", listed.queue.as_str());
    Ok(frame.page(&title, &body))
}

/// One of the queues.
pub(super) async fn found(console: &Shared, queue: &str) -> Result<ListedQueue, Problem> {
    let mut queues = console.queues().await?.into_iter();
    let found = queues.find(|one| one.queue == queue);
    found.ok_or_else(Problem::not_found)
}

/// What changes by itself.
pub(super) async fn now(
    State(console): State<Shared>,
    frame: Frame,
    Path(queue): Path<String>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeePeers)?;
    let listed = found(&console, &queue).await?;
    Ok(Html(facts(&frame, &listed).into_string()))
}

fn facts(frame: &Frame, queue: &ListedQueue) -> Markup {
    let words = frame.words;
    let amount = |objects: u64, bytes: u64| html! { (objects) small { (parts::bytes(bytes)) } };
    let tile = |name: &str, value: Markup| {
        html! { div class="tile" { dt { (words.say(name)) } dd { (value) } } }
    };
    html! {
        dl class="tiles" {
            (tile("head-waiting", amount(queue.waiting.objects, queue.waiting.bytes)))
            (tile("peers-head-on-their-way", html! { (queue.on_their_way) }))
            (tile("peers-head-delivered", amount(queue.delivered.objects, queue.delivered.bytes)))
            (tile("head-dead", amount(queue.dead.objects, queue.dead.bytes)))
            (tile("head-quarantined", amount(queue.quarantined.objects, queue.quarantined.bytes)))
            (tile("peers-head-uncommitted", amount(queue.uncommitted.objects, queue.uncommitted.bytes)))
        }
        dl class="facts" {
            dt { (words.say("head-state")) } dd { (queue_state(frame, queue.state)) }
            dt { (words.say("peers-head-rate")) } dd { (rate(queue)) }
            dt { (words.say("peers-head-oldest")) } dd { (moment(frame, queue.oldest)) }
            dt { (words.say("peers-head-next-try")) } dd { (moment(frame, queue.next_try)) }
            dt { (words.say("peers-head-expected-end")) } dd { (moment(frame, queue.expected_end)) }
        }
    }
}

/// What can be done to all of it.
fn actions(frame: &Frame, queue: &ListedQueue) -> Markup {
    let words = frame.words;
    let at = path(&queue.queue);
    let scope = Scope::default();
    html! {
        div class="actions" {
            @if queue.state == QueueState::Paused {
                (button(frame, &at, "resumed", &scope, &words.say("peers-resume"), None))
            } @else {
                (button(frame, &at, "paused", &scope, &words.say("peers-pause"), None))
            }
            (button(frame, &at, "retried", &scope, &words.say("peers-retry"), None))
            @if queue.quarantined.objects > 0 {
                a class="button" href=(scope.path(&at, "release")) { (words.say("peers-release")) }
            }
            @if queue.dead.objects > 0 || queue.quarantined.objects > 0 || queue.waiting.objects > 0 {
                a class="button quiet" href=(scope.path(&at, "drop")) { (words.say("peers-drop")) }
            }
        }
        p class="hint" { (words.say("peers-actions-what")) }
    }
}

/// A button that does something at once. `about`: what it is about, where there are several of them.
fn button(
    frame: &Frame,
    at: &str,
    act: &str,
    scope: &Scope,
    name: &str,
    about: Option<&str>,
) -> Markup {
    let label = about.map(|about| format!("{name}: {about}"));
    html! {
        form method="post" action=(at) {
            (frame.csrf())
            input type="hidden" name="act" value=(act);
            (scope.hidden())
            button type="submit" aria-label=[label] { (name) }
        }
    }
}

fn study_table(frame: &Frame, queue: &ListedQueue, studies: &[ListedStudy]) -> Markup {
    let words = frame.words;
    let title = words.say("peers-lies-there");
    if studies.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-nothing-there"))) };
    }
    let manages = frame.has(Right::ManageQueues);
    let rows = html! {
        @for study in studies {
            @let digest = study.study.map(|digest| digest.to_string());
            tr {
                td { (place(frame, study.place)) }
                td { @if let Some(digest) = &study.study { (parts::digest(digest)) } @else { "–" } }
                td { (parts::patient(study.patient)) }
                td class="number" { (study.amount.objects) }
                td class="number" { (parts::bytes(study.amount.bytes)) }
                td { (moment(frame, study.oldest)) }
                td { @if let Some(reason) = &study.reason { (reason) } }
                @if manages {
                    td {
                        @if digest.is_some() {
                            @let scope = Scope { study: digest, object: None, place: Some(study.place) };
                            (row_actions(frame, queue, study.place, &scope))
                        }
                    }
                }
            }
        }
    };
    let mut heads = vec![
        words.say("peers-head-place"),
        words.say("peers-head-study"),
        words.say("peers-head-patient"),
        words.say("peers-head-objects"),
        words.say("peers-head-bytes"),
        words.say("peers-head-oldest"),
        words.say("peers-head-reason"),
    ];
    if manages {
        heads.push(words.say("peers-head-change"));
    }
    parts::table(&title, &heads, &rows)
}

fn object_table(frame: &Frame, queue: &ListedQueue, objects: &[ListedObject]) -> Markup {
    let words = frame.words;
    let title = words.say("peers-lies-there");
    if objects.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-nothing-there"))) };
    }
    let manages = frame.has(Right::ManageQueues);
    let decisions = frame.has(Right::SeeDecisions);
    let rows = html! {
        @for object in objects {
            tr {
                td class="number" { (object.object) }
                td { (place(frame, object.place)) }
                td { @if let Some(digest) = &object.study { (parts::digest(digest)) } @else { "–" } }
                td { (parts::patient(object.patient)) }
                td class="number" { (parts::bytes(object.bytes)) }
                td { (moment(frame, object.received)) }
                td { (failure(object, decisions)) }
                @if manages {
                    td {
                        @let scope = Scope { study: None, object: Some(object.object), place: Some(object.place) };
                        (row_actions(frame, queue, object.place, &scope))
                    }
                }
            }
        }
    };
    let mut heads = vec![
        words.say("peers-head-number"),
        words.say("peers-head-place"),
        words.say("peers-head-study"),
        words.say("peers-head-patient"),
        words.say("peers-head-bytes"),
        words.say("peers-head-received"),
        words.say("peers-head-reason"),
    ];
    if manages {
        heads.push(words.say("peers-head-change"));
    }
    parts::table(&title, &heads, &rows)
}

/// Why it does not wait any more.
fn failure(object: &ListedObject, decisions: bool) -> Markup {
    html! {
        @if let Some(failure) = &object.failure { code { (failure) } " " }
        @if let Some(status) = object.status { code { (format!("{status:04X}H")) } " " }
        @if let Some(reason) = &object.reason { (reason) }
        @if let Some(decision) = object.decision {
            " "
            @if decisions {
                a href=(format!("/decisions/{decision}")) { "#" (decision) }
            } @else {
                "#" (decision)
            }
        }
    }
}

/// What can be done to a row.
fn row_actions(frame: &Frame, queue: &ListedQueue, place: QueuePlace, scope: &Scope) -> Markup {
    let words = frame.words;
    let at = path(&queue.queue);
    let about = scope.about();
    let link = |act: &str, name: &str| {
        let label = format!("{name}: {about}");
        html! { a href=(scope.path(&at, act)) aria-label=(label) { (name) } }
    };
    html! {
        div class="actions" {
            @match place {
                QueuePlace::Dead => (button(frame, &at, "retried", scope, &words.say("peers-retry-these"), Some(&about))),
                QueuePlace::Quarantined => (link("release", &words.say("peers-release-these"))),
                QueuePlace::Waiting | QueuePlace::Delivered => {}
            }
            (link("drop", &words.say("peers-drop-these")))
        }
    }
}

/// Where it lies, in a word.
pub(super) fn place(frame: &Frame, place: QueuePlace) -> Markup {
    let words = frame.words;
    match place {
        QueuePlace::Waiting => html! { span class="mark" { (words.say("place-waiting")) } },
        QueuePlace::Dead => html! { span class="mark bad" { (words.say("place-dead")) } },
        QueuePlace::Quarantined => {
            html! { span class="mark warn" { (words.say("place-quarantined")) } }
        }
        QueuePlace::Delivered => {
            html! { span class="mark good" { (words.say("place-delivered")) } }
        }
    }
}
