//! A patient's consents and objections, as a table.

use maud::Markup;
use maud::html;

use super::served::Served;
use super::telling;
use crate::admin::pages::Frame;
use crate::admin::pages::parts;
use crate::admin::rights::Right;
use crate::contract::Consent;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::gateway::control::ListedConsent;
use crate::time::UtcMicros;

/// Of the patient whom the desk serves.
pub(super) fn consents(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    let title = words.say("consents-table");
    if served.consents.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("consents-nothing"))) };
    }
    let serves = frame.has(Right::ServePatients);
    let rows = html! {
        @for listed in &served.consents { (row(frame, listed, served.now, serves)) }
    };
    let mut heads = vec![
        words.say("consents-number"),
        words.say("head-what"),
        words.say("consents-to"),
        words.say("consents-purposes"),
        words.say("consents-images"),
        words.say("consents-valid"),
        words.say("consents-giver"),
    ];
    if serves {
        heads.push(words.say("head-do"));
    }
    parts::table(&title, &heads, &rows)
}

fn row(frame: &Frame, listed: &ListedConsent, now: UtcMicros, serves: bool) -> Markup {
    let words = frame.words;
    let (number, terms) = (listed.consent, &listed.terms);
    let over = terms.valid_until.is_some_and(|until| until <= now);
    html! {
        tr {
            td class="number" { (number) }
            (cells(frame, terms))
            td {
                @match terms.given_by {
                    Giver::Patient => (words.say("consents-by-patient")),
                    Giver::Guardian => (words.say("consents-by-guardian")),
                }
            }
            @if serves {
                td {
                    div class="actions" {
                        @if over {
                            span class="mark" { (words.say("consents-over")) }
                        } @else if terms.valid_from > now {
                            span class="mark" { (words.say("consents-not-yet")) }
                        }
                        a href=(format!("/consents/{number}/revoke"))
                            aria-label=(words.with("consents-revoke-this", "number", number.to_string())) {
                            (words.say("consents-revoke"))
                        }
                    }
                }
            }
        }
    }
}

/// What it says: granted or denied, to whom, for what, which images, when.
pub(super) fn cells(frame: &Frame, terms: &Consent) -> Markup {
    html! {
        td { (effect(frame, terms.effect)) }
        td { (telling::to(frame, terms)) }
        td { (telling::purposes(frame, terms)) }
        td { (telling::images(frame, terms)) }
        td { (telling::valid(frame, terms)) }
    }
}

/// Agreed or objected, by a word and not by its colour alone.
pub(super) fn effect(frame: &Frame, effect: Effect) -> Markup {
    let words = frame.words;
    match effect {
        Effect::Grant => html! { span class="mark good" { (words.say("consents-granted")) } },
        Effect::Deny => html! { span class="mark bad" { (words.say("consents-denied")) } },
    }
}
