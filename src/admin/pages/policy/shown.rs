//! Rules as they stand: one by one, as files, and what differs between two sets of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use maud::Markup;
use maud::html;

use crate::admin::difference::Hunk;
use crate::admin::difference::Line;
use crate::admin::difference::hunks;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::contract::PolicyParts;
use crate::contract::PolicySet;
use crate::contract::RuleText;

/// Rule by rule, by the files that they stand in.
pub(super) fn rules(frame: &Frame, set: &PolicySet) -> Markup {
    let words = frame.words;
    let files = set.parts();
    let mut by_file: BTreeMap<String, Vec<(usize, RuleText)>> = BTreeMap::new();
    for rule in set.rules() {
        let place = files.place_of(&rule.id);
        let rules = by_file.entry(place.file.unwrap_or_default()).or_default();
        rules.push((place.line.unwrap_or_default(), rule));
    }
    for rules in by_file.values_mut() {
        rules.sort_by_key(|(line, _)| *line);
    }
    html! {
        section {
            h2 { (words.say("policy-rule-by-rule")) }
            @for (file, rules) in &by_file {
                h3 { code { (file) } }
                @for (_, rule) in rules { (one_rule(frame, rule)) }
            }
        }
    }
}

fn one_rule(frame: &Frame, rule: &RuleText) -> Markup {
    let words = frame.words;
    html! {
        details class="fold" {
            summary {
                @if rule.forbids {
                    span class="mark bad" { (words.say("policy-forbids")) }
                } @else {
                    span class="mark good" { (words.say("policy-permits")) }
                }
                " " code { (rule.id) }
                @if let Some(description) = &rule.description { " " (description) }
            }
            dl class="facts" {
                @if let Some(reason) = &rule.reason {
                    dt { (words.say("policy-reason")) }
                    dd { (reason) }
                }
                @if !rule.obligations.is_empty() {
                    dt { (words.say("policy-obligations")) }
                    dd {
                        @for (number, obligation) in rule.obligations.iter().enumerate() {
                            @if number > 0 { ", " }
                            code { (obligation) }
                        }
                    }
                }
            }
            pre tabindex="0" { (rule.text) }
        }
    }
}

/// Every file, to be opened.
pub(super) fn files(frame: &Frame, files: &PolicyParts) -> Markup {
    html! {
        section {
            h2 { (frame.words.say("policy-files")) }
            @for (name, text) in files.files() {
                details class="fold" {
                    summary { code { (name) } }
                    pre tabindex="0" { (text) }
                }
            }
        }
    }
}

/// What differs from `old` to `new`, file by file.
pub(super) fn differences(frame: &Frame, old: Option<&PolicyParts>, new: &PolicyParts) -> Markup {
    let words = frame.words;
    let nothing = PolicyParts::default();
    let old: BTreeMap<&str, &str> = old.unwrap_or(&nothing).files().collect();
    let new: BTreeMap<&str, &str> = new.files().collect();
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let changed: Vec<(&str, Vec<Hunk<'_>>)> = names
        .into_iter()
        .map(|name| {
            let before = old.get(name).copied().unwrap_or_default();
            let after = new.get(name).copied().unwrap_or_default();
            (name, hunks(before, after))
        })
        .filter(|(_, hunks)| !hunks.is_empty())
        .collect();
    html! {
        section {
            h2 { (words.say("policy-differences")) }
            @if changed.is_empty() { (parts::nothing(&words.say("policy-no-differences"))) }
            @for (name, hunks) in &changed {
                h3 {
                    code { (name) }
                    @if !old.contains_key(name) { " " span class="mark good" { (words.say("policy-new-file")) } }
                    @if !new.contains_key(name) { " " span class="mark bad" { (words.say("policy-gone-file")) } }
                }
                @for hunk in hunks { (one_hunk(frame, hunk)) }
            }
        }
    }
}

/// Signs tell what colours tell, too.
fn one_hunk(frame: &Frame, hunk: &Hunk<'_>) -> Markup {
    let place = frame.words.with("policy-line", "line", hunk.line as u64);
    html! {
        p class="hint" { (place) }
        pre class="diff" tabindex="0" {
            @for line in &hunk.lines {
                @match line {
                    Line::Same(text) => { "  " (text) "\n" },
                    Line::Old(text) => del class="diff-del" { "- " (text) "\n" },
                    Line::New(text) => ins class="diff-add" { "+ " (text) "\n" },
                }
            }
        }
    }
}
