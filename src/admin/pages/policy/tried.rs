//! What a check found, and what a backtest came to.

use maud::Markup;
use maud::html;

use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::admin::rights::Right;
use crate::admin::trial::Answered;
use crate::admin::trial::Checked;
use crate::admin::trial::DECISIONS_DEFAULT;
use crate::admin::trial::DECISIONS_MAX;
use crate::admin::trial::Finding;
use crate::admin::trial::Tried;
use crate::admin::trial::TriedChange;
use crate::admin::trial::TriedDifference;

/// What is wrong with rules, or doubtful.
pub(super) fn checked(frame: &Frame, checked: &Checked) -> Markup {
    let words = frame.words;
    let faults = checked.findings.iter().filter(|finding| finding.fault);
    let faults = faults.count();
    html! {
        section id="found" {
            h2 { (words.say("policy-check-result")) }
            @if faults > 0 {
                p class="notice bad" role="alert" { (words.with("policy-faults", "count", faults as u64)) }
            } @else if checked.findings.is_empty() {
                p class="notice good" role="status" { (words.with("policy-sound", "rules", checked.rules.unwrap_or_default() as u64)) }
            } @else {
                p class="notice warn" role="status" {
                    (words.with("policy-warnings", "count", checked.findings.len() as u64))
                }
            }
            @if !checked.findings.is_empty() { (findings(frame, &checked.findings)) }
            @if let Some(sha256) = &checked.sha256 {
                p class="hint" { (words.say("policy-digest")) ": " code { (sha256) } }
            }
        }
    }
}

fn findings(frame: &Frame, findings: &[Finding]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for finding in findings {
            tr {
                td {
                    @if finding.fault {
                        span class="mark bad" { (words.say("policy-fault")) }
                    } @else {
                        span class="mark warn" { (words.say("policy-warning")) }
                    }
                }
                td { @if let Some(file) = &finding.place.file { code { (file) } } }
                td class="number" { @if let Some(line) = finding.place.line { (line) } }
                td { @if let Some(rule) = &finding.place.rule { code { (rule) } } }
                td { (finding.text) }
            }
        }
    };
    let heads = [
        words.say("policy-kind"),
        words.say("policy-file"),
        words.say("policy-line-number"),
        words.say("policy-rule"),
        words.say("head-what"),
    ];
    parts::table(&words.say("policy-findings"), &heads, &rows)
}

/// How many of the last decisions are asked again.
pub(super) fn last_field(frame: &Frame, last: usize) -> Markup {
    let words = frame.words;
    html! {
        label for="last" { (words.say("policy-last")) }
        input id="last" name="last" type="number" min="1" max=(DECISIONS_MAX) value=(last) required;
    }
}

/// What a form says of it.
pub(super) fn last_of(text: &str) -> usize {
    let last = text.parse().unwrap_or(DECISIONS_DEFAULT);
    last.clamp(1, DECISIONS_MAX)
}

/// Who would now be permitted or refused, and why.
pub(super) fn backtested(frame: &Frame, tried: &Tried) -> Markup {
    let words = frame.words;
    let differ = [tried.refused, tried.permitted, tried.otherwise];
    let differ: u64 = differ.iter().sum();
    let tile = |id: &str, value: u64| {
        html! { div class="tile" { dt { (words.say(id)) } dd { (value) } } }
    };
    html! {
        section id="found" {
            h2 { (words.say("policy-backtest-result")) }
            dl class="tiles" {
                (tile("policy-asked-again", tried.decisions))
                (tile("policy-now-refused", tried.refused))
                (tile("policy-now-permitted", tried.permitted))
                (tile("policy-now-otherwise", tried.otherwise))
            }
            @if tried.cut { p class="notice warn" { (words.say("policy-cut")) } }
            @if differ == 0 {
                p class="notice good" role="status" { (words.say("policy-same-answers")) }
            } @else {
                (differences(frame, &tried.differences))
                @if differ > tried.differences.len() as u64 {
                    p class="hint" { (words.with("policy-more-differences", "count", differ - tried.differences.len() as u64)) }
                }
            }
            p class="hint" { (words.say("policy-backtest-hint")) }
        }
    }
}

fn differences(frame: &Frame, differences: &[TriedDifference]) -> Markup {
    let words = frame.words;
    let linked = frame.has(Right::SeeDecisions);
    let rows = html! {
        @for one in differences {
            tr {
                td {
                    @if linked { a href=(format!("/decisions/{}", one.entry)) { (frame.time(one.at)) } }
                    @else { (frame.time(one.at)) }
                }
                td {
                    (words.say(&format!("verb-{}", one.verb.as_str()))) ", "
                    (words.say(&format!("purpose-{}", one.purpose.as_str())))
                }
                td { (frame.institution(&one.requester)) }
                td { (frame.institution(&one.recipient)) }
                td { (change(frame, one.change)) }
                td { (answer(frame, &one.recorded)) }
                td { (answer(frame, &one.would_be)) }
            }
        }
    };
    let heads = [
        words.say("head-when"),
        words.say("head-verb"),
        words.say("head-requester"),
        words.say("policy-recipient"),
        words.say("policy-change"),
        words.say("policy-was"),
        words.say("policy-would-be"),
    ];
    parts::table(&words.say("policy-answers-differ"), &heads, &rows)
}

fn change(frame: &Frame, change: TriedChange) -> Markup {
    let words = frame.words;
    match change {
        TriedChange::Refused => {
            html! { span class="mark bad" { (words.say("policy-change-refused")) } }
        }
        TriedChange::Permitted => {
            html! { span class="mark good" { (words.say("policy-change-permitted")) } }
        }
        TriedChange::Otherwise => {
            html! { span class="mark" { (words.say("policy-change-otherwise")) } }
        }
    }
}

/// An answer, the reason for it, and the rules that decided.
fn answer(frame: &Frame, answered: &Answered) -> Markup {
    let words = frame.words;
    let list = |id: &str, all: &[String]| {
        html! {
            @if !all.is_empty() {
                br; small { (words.say(id)) ": " @for (number, one) in all.iter().enumerate() {
                    @if number > 0 { ", " }
                    code { (one) }
                } }
            }
        }
    };
    html! {
        (words.say(&format!("verdict-{}", answered.verdict.as_str())))
        @if !answered.reason.is_empty() { ": " (answered.reason) }
        (list("policy-rules-decided", &answered.rules))
        (list("policy-obligations", &answered.obligations))
        (list("policy-errors", &answered.errors))
    }
}
