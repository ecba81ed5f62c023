//! Peers and queues: who calls and is called, what waits for whom, and what the process says of itself.

mod change;
mod log;
mod queue;
mod tables;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::response::Redirect;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::frame::Frame;
use super::frame::Posted;
use super::overview::queue_state;
use super::parts;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::ListedAssociation;
use crate::gateway::control::ListedQueue;

/// Associations that are listed; the number of all of them stands beside.
const ASSOCIATIONS_SHOWN_MAX: usize = 200;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/peers", get(page))
        .route("/peers/now", get(now))
        .route("/peers/echo", post(echo))
        .route("/peers/log", get(log::page))
        .route(
            "/peers/queues/{queue}",
            get(queue::page).post(change::change),
        )
        .route("/peers/queues/{queue}/now", get(queue::now))
        .route(
            "/peers/queues/{queue}/release",
            get(change::release_page).post(change::release),
        )
        .route(
            "/peers/queues/{queue}/drop",
            get(change::drop_page).post(change::discard),
        )
}

async fn page(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeePeers)?;
    let words = frame.words;
    let open = console.associations().await?;
    let body = html! {
        p class="actions" { a class="button quiet" href="/peers/log" { (words.say("peers-log")) } }
        div id="now" hx-get="/peers/now" hx-trigger="every 3s" hx-swap="innerHTML" {
            (now_part(&console, &frame, &open).await?)
        }
        section { (tables::peers(&frame, &open)) }
        section { (tables::routes(&frame)) }
        div class="columns" {
            section { (tables::titles(&frame)) }
            section { (tables::listeners(&frame)) }
        }
        section { (tables::certificates(&frame)) }
    };
    Ok(Html(frame.page(&words.say("peers"), &body).into_string()))
}

/// What changes by itself.
async fn now(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeePeers)?;
    let open = console.associations().await?;
    let now = now_part(&console, &frame, &open).await?;
    Ok(Html(now.into_string()))
}

#[derive(Deserialize)]
struct Echo {
    peer: String,
}

/// Asks a peer whether it answers, and shows what it said where the peer stands.
async fn echo(State(console): State<Shared>, posted: Posted<Echo>) -> Result<Redirect, Problem> {
    posted.caller.may(Right::Echo)?;
    let peer = console.config.peer(&posted.form.peer);
    let peer = peer.ok_or_else(Problem::not_found)?;
    console.echo(peer.name.as_str()).await?;
    Ok(Redirect::to(&format!("/peers#peer-{}", peer.name)))
}

async fn now_part(
    console: &Shared,
    frame: &Frame,
    open: &[ListedAssociation],
) -> Result<Markup, Problem> {
    let queues = console.queues().await?;
    Ok(html! {
        section { (queue_table(frame, &queues)) }
        section { (association_table(frame, open)) }
    })
}

fn queue_table(frame: &Frame, queues: &[ListedQueue]) -> Markup {
    let words = frame.words;
    let title = words.say("queues");
    if queues.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("no-queues"))) };
    }
    let rows = html! {
        @for queue in queues {
            tr {
                td {
                    a id=(format!("queue-{}", queue.queue)) href=(queue::path(&queue.queue)) { (queue.queue) }
                }
                td { (queue_state(frame, queue.state)) }
                td class="number" {
                    (queue.waiting.objects)
                    @if queue.waiting.bytes > 0 { " · " (parts::bytes(queue.waiting.bytes)) }
                }
                td class="number" { (queue.on_their_way) }
                td class="number" { (queue.delivered.objects) }
                td class="number" { (set_aside(queue.dead.objects)) }
                td class="number" { (set_aside(queue.quarantined.objects)) }
                td { (queue::moment(frame, queue.oldest)) }
                td class="number" { (queue::rate(queue)) }
                td { (queue::moment(frame, queue.expected_end)) }
            }
        }
    };
    let heads = [
        words.say("head-queue"),
        words.say("head-state"),
        words.say("head-waiting"),
        words.say("peers-head-on-their-way"),
        words.say("peers-head-delivered"),
        words.say("head-dead"),
        words.say("head-quarantined"),
        words.say("peers-head-oldest"),
        words.say("peers-head-rate"),
        words.say("peers-head-expected-end"),
    ];
    parts::table(&title, &heads, &rows)
}

/// A number that somebody has to look at, unless it is none.
fn set_aside(objects: u64) -> Markup {
    match objects {
        0 => html! { "0" },
        some => html! { strong { (some) } },
    }
}

fn association_table(frame: &Frame, open: &[ListedAssociation]) -> Markup {
    let words = frame.words;
    let title = words.with("peers-associations", "count", open.len());
    if open.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-no-associations"))) };
    }
    let rows = html! {
        @for one in open.iter().take(ASSOCIATIONS_SHOWN_MAX) {
            tr {
                td {
                    @match &one.peer {
                        Some(peer) => (peer),
                        None => span class="none" { (words.say("peers-not-accepted")) },
                    }
                }
                td { code { (one.calling) } }
                td { code { (one.called) } }
                td { (one.from) @if one.tls { " " span class="mark" { "TLS" } } }
                td { (frame.time(one.since)) }
                td { @if let Some(operation) = &one.operation { code { (operation) } } }
                td class="number" { (one.requests) }
            }
        }
    };
    let heads = [
        words.say("peers-head-peer"),
        words.say("peers-head-calling"),
        words.say("peers-head-called"),
        words.say("peers-head-from"),
        words.say("peers-head-since"),
        words.say("peers-head-operation"),
        words.say("peers-head-requests"),
    ];
    parts::table(&title, &heads, &rows)
}
