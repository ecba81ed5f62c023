//! What the gateway says of itself: alerts of the ledger, and the last warnings of the process.

use std::collections::BTreeSet;

use axum::extract::Query;
use axum::extract::State;
use axum::response::Html;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use crate::admin::board::Alerted;
use crate::admin::console::Shared;
use crate::admin::log::LogLine;
use crate::admin::log::Severity;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;

/// Rows of each table.
const ROWS_MAX: usize = 200;

/// What is shown; empty: all. Codes and rooms of the program, nothing about a patient.
#[derive(Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    code: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    room: String,
}

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Query(filter): Query<Filter>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeePeers)?;
    let alerts: Vec<Alerted> = console
        .board
        .seen()
        .alerts(console.clock.now())
        .cloned()
        .collect();
    let lines = console.log.newest_first(|_| true);
    let body = html! {
        (choices(&frame, &filter, &alerts, &lines))
        section { (alert_table(&frame, &filter, &alerts)) }
        section { (line_table(&frame, &filter, &lines)) }
        p class="hint" { (frame.words.say("peers-log-what")) }
        p { a href="/peers" { (frame.words.say("peers-back")) } }
    };
    let page = frame.page(&frame.words.say("peers-log"), &body);
    Ok(Html(page.into_string()))
}

fn choices(frame: &Frame, filter: &Filter, alerts: &[Alerted], lines: &[LogLine]) -> Markup {
    let words = frame.words;
    let codes: BTreeSet<&str> = alerts.iter().map(|alert| alert.code.as_str()).collect();
    let rooms: BTreeSet<&str> = lines.iter().map(LogLine::room).collect();
    let levels = [Severity::Error, Severity::Warning].map(Severity::as_str);
    html! {
        form class="filters" method="get" action="/peers/log" data-now {
            (choice(frame, ("code", &filter.code), &words.say("peers-alert-code"), codes.into_iter()))
            (choice(frame, ("level", &filter.level), &words.say("peers-log-level"), levels.into_iter()))
            (choice(frame, ("room", &filter.room), &words.say("peers-log-room"), rooms.into_iter()))
            div { button type="submit" { (words.say("peers-log-show")) } }
        }
    }
}

fn choice<'a>(
    frame: &Frame,
    (name, chosen): (&str, &str),
    label: &str,
    all: impl Iterator<Item = &'a str>,
) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" { (frame.words.say("peers-all")) }
                @for one in all {
                    option value=(one) selected[one == chosen] { (one) }
                }
            }
        }
    }
}

fn alert_table(frame: &Frame, filter: &Filter, alerts: &[Alerted]) -> Markup {
    let words = frame.words;
    let wanted = |alert: &&Alerted| filter.code.is_empty() || alert.code == filter.code;
    let shown: Vec<&Alerted> = alerts.iter().filter(wanted).take(ROWS_MAX).collect();
    let title = words.say("peers-alerts");
    if shown.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-no-alerts"))) };
    }
    let rows = html! {
        @for alert in shown {
            tr {
                td { (frame.time(alert.at)) }
                td class="number" { (alert.entry) }
                td { code { (alert.code) } }
                td { (alert.text) }
            }
        }
    };
    let heads = [
        words.say("head-when"),
        words.say("peers-head-entry"),
        words.say("head-code"),
        words.say("head-what"),
    ];
    parts::table(&title, &heads, &rows)
}

fn line_table(frame: &Frame, filter: &Filter, lines: &[LogLine]) -> Markup {
    let words = frame.words;
    let wanted = |line: &&LogLine| {
        let is_level = filter.level.is_empty() || line.severity.as_str() == filter.level;
        is_level && (filter.room.is_empty() || line.room() == filter.room)
    };
    let shown: Vec<&LogLine> = lines.iter().filter(wanted).take(ROWS_MAX).collect();
    let title = words.say("peers-log-lines");
    if shown.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-no-lines"))) };
    }
    let rows = html! {
        @for line in shown {
            tr {
                td { (frame.time(line.at)) }
                td { (severity(line.severity)) }
                td { code { (line.room()) } }
                td { (line.text) }
            }
        }
    };
    let heads = [
        words.say("head-when"),
        words.say("peers-log-level"),
        words.say("peers-log-room"),
        words.say("head-what"),
    ];
    parts::table(&title, &heads, &rows)
}

fn severity(severity: Severity) -> Markup {
    let class = match severity {
        Severity::Warning => "mark warn",
        Severity::Error => "mark bad",
    };
    html! { span class=(class) { (severity.as_str()) } }
}
