//! What moved a score, in words.

use maud::Markup;
use maud::html;

use super::units_of_micro;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::admin::rights::Right;
use crate::contract::Line;
use crate::contract::Statement;
use crate::contract::What;

/// Lines of the account that are listed.
const ROWS: usize = 40;

/// What a line is about.
pub(super) fn what(frame: &Frame, what: &What) -> String {
    let words = frame.words;
    match what {
        What::Routine {
            in_order,
            late,
            revocations_answered,
        } => routine(frame, *in_order, *late, *revocations_answered),
        What::ReviewOverdue { decision } => words.with(
            "institutions-review-overdue",
            "decision",
            decision.to_string(),
        ),
        What::ReviewUnjustified { decision } => words.with(
            "institutions-review-unjustified",
            "decision",
            decision.to_string(),
        ),
        What::Equivocated => words.say("institutions-equivocated").into_owned(),
        What::ReceiptDisputed { decision } => words.with(
            "institutions-receipt-disputed",
            "decision",
            decision.to_string(),
        ),
        What::Misstated => words.say("institutions-misstated").into_owned(),
        What::IncidentUpheld {
            incident,
            report,
            reference,
            ..
        } => {
            let incident = words.say(&format!("incident-{}", incident.as_str()));
            let upheld = words.with_all(
                "institutions-incident-upheld",
                [
                    ("incident", incident.into()),
                    ("report", report.to_string().into()),
                ],
            );
            match reference.is_empty() {
                true => upheld,
                false => format!("{upheld} ({reference})"),
            }
        }
    }
}

fn routine(frame: &Frame, in_order: u64, late: u64, answered: u64) -> String {
    let words = frame.words;
    let due = in_order.saturating_add(late);
    let transfers = (due > 0).then(|| {
        words.with_all(
            "institutions-routine",
            [("good", in_order.into()), ("due", due.into())],
        )
    });
    let answered =
        (answered > 0).then(|| words.with("institutions-revocations-answered", "count", answered));
    let all: Vec<String> = transfers.into_iter().chain(answered).collect();
    all.join("; ")
}

/// What came of a charge later.
fn later(frame: &Frame, line: &Line) -> Markup {
    let words = frame.words;
    let ceiling = line.ceiling.filter(|_| line.reversed_by.is_none());
    html! {
        @if let Some(entry) = line.reversed_by {
            br; span class="mark good" { (words.with("institutions-reversed", "entry", entry.to_string())) }
        }
        @if let Some(ceiling) = ceiling {
            br;
            span class="mark warn" {
                @match ceiling.until {
                    Some(until) => (words.with_all("institutions-set-ceiling", [
                        ("score", u64::from(ceiling.score).into()),
                        ("day", until.to_string().into()),
                    ])),
                    None => (words.with("institutions-set-ceiling-lifted", "score", u64::from(ceiling.score))),
                }
            }
        }
        @if let Some(entry) = line.ceiling_lifted_by {
            " " span class="mark good" { (words.with("institutions-lifted", "entry", entry.to_string())) }
        }
    }
}

fn entries(frame: &Frame, line: &Line) -> Markup {
    let shown = match line.first_entry == line.last_entry {
        true => line.first_entry.to_string(),
        false => format!("{}–{}", line.first_entry, line.last_entry),
    };
    html! {
        @if frame.has(Right::SeeAudit) {
            a href=(format!("/audit/entries/{}", line.first_entry)) { (shown) }
        } @else { (shown) }
    }
}

/// What a line added to a side, and what is left of it.
fn side(frame: &Frame, then: u64, now: u64) -> Markup {
    html! {
        td class="number" { @if then > 0 { (units_of_micro(frame, then)) } }
        td class="number" { @if then > 0 { (units_of_micro(frame, now)) } }
    }
}

/// What the score comes from, the newest first.
pub(super) fn table(frame: &Frame, told: &Statement) -> Markup {
    let words = frame.words;
    let shown = told.lines.iter().rev().take(ROWS);
    let rows = html! {
        @for line in shown {
            tr {
                td { time datetime=(line.day) { (line.day) } }
                td class="number" { (entries(frame, line)) }
                td { (what(frame, &line.what)) (later(frame, line)) }
                (side(frame, line.good_then_micro, line.good_now_micro))
                (side(frame, line.bad_then_micro, line.bad_now_micro))
            }
        }
    };
    let heads = [
        words.say("institutions-head-day"),
        words.say("institutions-head-entries"),
        words.say("head-what"),
        words.say("institutions-good"),
        words.say("institutions-left"),
        words.say("institutions-bad"),
        words.say("institutions-left"),
    ];
    let more = told.lines.len().saturating_sub(ROWS) as u64;
    let more = more.saturating_add(told.earlier.map_or(0, |earlier| earlier.lines));
    html! {
        section {
            (parts::table(&words.say("institutions-events"), &heads, &rows))
            @if more > 0 {
                p class="hint" {
                    (words.with_all("institutions-more", [
                        ("count", more.into()),
                        ("slug", told.institution.to_string().into()),
                    ]))
                }
            }
        }
    }
}

/// Reports that no arbiter decided on: they weigh nothing.
pub(super) fn waiting(frame: &Frame, told: &Statement) -> Markup {
    let words = frame.words;
    html! {
        @for report in &told.waiting {
            p class="notice warn" {
                (words.with_all("institutions-waiting", [
                    ("incident", words.say(&format!("incident-{}", report.incident.as_str())).into()),
                    ("report", report.entry.to_string().into()),
                ]))
                " " (frame.time(report.lapses))
            }
        }
    }
}
