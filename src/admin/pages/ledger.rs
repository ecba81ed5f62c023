//! How the ledger is, and what it proves.

pub(super) mod verification;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;

use super::frame::Frame;
use super::parts;
use crate::admin::console::Shared;
use crate::admin::facts::Facts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/ledger", get(page))
        .route("/ledger/checkpoint", get(checkpoint))
        .route("/ledger/ledger.vkey", get(key))
        .route(
            "/ledger/verification",
            get(verification::part).post(verification::begin),
        )
}

async fn page(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeLedger)?;
    let facts = console.facts().await;
    let body = html! {
        (tiles(&frame, &facts))
        (verification::section(&frame, &facts.verification))
        (signed(&frame, &facts))
        div class="columns" {
            (witnesses(&frame, &facts))
            (witnessed(&frame, &facts))
            (receivers(&frame, &facts))
        }
        (keys(&frame, &facts))
        (backups(&frame))
    };
    let title = frame.words.say("ledger");
    Ok(Html(frame.page(&title, &body).into_string()))
}

/// A small text that is kept elsewhere.
fn to_keep(name: &str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, text).into_response()
}

/// The newest checkpoint, as a file.
async fn checkpoint(State(console): State<Shared>, frame: Frame) -> Result<Response, Problem> {
    frame.for_right(Right::SeeLedger)?;
    let facts = console.facts().await;
    let signed = facts.checkpoint.ok_or_else(Problem::not_found)?;
    let name = format!("checkpoint-{}.txt", signed.size);
    Ok(to_keep(&name, signed.note))
}

/// The public key, as a file.
async fn key(State(console): State<Shared>, frame: Frame) -> Result<Response, Problem> {
    frame.for_right(Right::SeeLedger)?;
    let text = format!("{}\n", console.recorder.log_key());
    Ok(to_keep("ledger.vkey", text))
}

fn tiles(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    let size = facts.checkpoint.as_ref().map(|signed| signed.size);
    let tiles = [
        ("tile-ledger", facts.entries.to_string()),
        (
            "ledger-signed-for",
            size.map_or_else(|| "–".to_owned(), |size| size.to_string()),
        ),
        ("ledger-bytes", parts::bytes(facts.journal_bytes)),
        ("ledger-free", parts::bytes(facts.free_bytes)),
    ];
    html! {
        dl class="tiles" {
            @for (name, value) in tiles {
                div class="tile" { dt { (words.say(name)) } dd { (value) } }
            }
        }
    }
}

fn signed(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    html! {
        section {
            h2 { (words.say("ledger-checkpoint")) }
            @match &facts.checkpoint {
                Some(signed) => {
                    p { (words.say("ledger-checkpoint-what")) }
                    pre tabindex="0" aria-label=(words.say("ledger-checkpoint")) { (signed.note) }
                    p class="actions" {
                        a class="button quiet" href="/ledger/checkpoint" download {
                            (words.say("ledger-checkpoint-download"))
                        }
                    }
                }
                None => { (parts::nothing(&words.say("ledger-checkpoint-none"))) }
            }
        }
    }
}

fn witnesses(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    let title = words.say("ledger-witnesses");
    if facts.witnesses.is_empty() {
        return html! {
            section { h2 { (title) } (parts::nothing(&words.say("ledger-witnesses-none"))) }
        };
    }
    let rows = html! {
        @for one in &facts.witnesses {
            tr {
                td { (frame.institution(&one.institution)) }
                td { code { (one.name) } }
                td class="number" { (one.size.map_or_else(|| "–".to_owned(), |size| size.to_string())) }
                td {
                    @match one.at {
                        Some(at) => { (frame.time(at)) }
                        None => { span class="mark warn" { (words.say("ledger-never")) } }
                    }
                }
            }
        }
    };
    let heads = [
        "head-institution",
        "ledger-witness",
        "ledger-signed-for",
        "ledger-cosigned",
    ];
    let heads = heads.map(|id| words.say(id));
    html! { section { (parts::table(&title, &heads, &rows)) } }
}

fn witnessed(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    if facts.witnessed.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for one in &facts.witnessed {
            tr {
                td { (frame.institution(&one.institution)) }
                td { code { (one.origin) } }
                td class="number" { (one.size) }
                td {
                    @if !one.is_readable {
                        span class="mark bad" { (words.say("ledger-unreadable")) }
                    } @else if one.proofs > 0 {
                        span class="mark bad" { (words.with("ledger-proofs", "count", one.proofs)) }
                    } @else {
                        span class="mark good" { (words.say("ledger-no-proofs")) }
                    }
                }
            }
        }
    };
    let heads = [
        "head-institution",
        "ledger-origin",
        "ledger-signed-for",
        "head-state",
    ];
    let heads = heads.map(|id| words.say(id));
    html! { section { (parts::table(&words.say("ledger-witnessed"), &heads, &rows)) } }
}

fn receivers(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    let title = words.say("ledger-receivers");
    if facts.receivers.is_empty() {
        return html! {
            section { h2 { (title) } (parts::nothing(&words.say("ledger-receivers-none"))) }
        };
    }
    let rows = html! {
        @for one in &facts.receivers {
            tr {
                td { (one.name) }
                td class="number" { (one.behind) }
            }
        }
    };
    let heads = ["ledger-receiver", "ledger-behind"].map(|id| words.say(id));
    html! { section { (parts::table(&title, &heads, &rows)) } }
}

fn keys(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    let keys = [
        ("ledger-key-log", &facts.keys.log),
        ("ledger-key-statement", &facts.keys.statement),
        ("ledger-key-witness", &facts.keys.witness),
    ];
    html! {
        section {
            h2 { (words.say("ledger-keys")) }
            p { (words.say("ledger-keys-what")) }
            dl class="facts" {
                @for (name, key) in keys {
                    dt { (words.say(name)) } dd { code { (key) } }
                }
            }
            p class="actions" {
                a class="button quiet" href="/ledger/ledger.vkey" download { (words.say("ledger-key-download")) }
            }
        }
    }
}

fn backups(frame: &Frame) -> Markup {
    let words = frame.words;
    html! {
        section {
            h2 { (words.say("ledger-backups")) }
            p { (words.say("ledger-backups-what")) }
            pre tabindex="0" aria-label=(words.say("ledger-backups")) {
                "credence backup --config credence.toml DIR\ncredence ledger verify DIR --key VKEY --checkpoint FILE"
            }
        }
    }
}
