//! Fields of the forms by which people look for something.

use maud::Markup;
use maud::html;

use super::frame::Frame;
use crate::contract::Purpose;
use crate::contract::Verb;

/// A field of a form cannot be read.
pub(super) fn unreadable(frame: &Frame, field: &'static str) -> Markup {
    let words = frame.words;
    let label = match field {
        "verdict" => "head-answer",
        "requester" => "head-requester",
        "recipient" => "head-recipient",
        "institution" => "head-institution",
        "ae" => "field-ae",
        "user" => "field-user",
        "purpose" => "head-purpose",
        "verb" => "head-verb",
        "outcome" => "head-outcome",
        "from" => "field-from",
        "to" => "field-to",
        _ => "field-other",
    };
    html! {
        p class="notice bad" role="alert" {
            (words.with("field-unreadable", "field", words.say(label).into_owned()))
        }
    }
}

/// A field of text.
pub(super) fn field(frame: &Frame, name: &str, label: &str, value: &str) -> Markup {
    html! {
        div {
            label for=(format!("by-{name}")) { (frame.words.say(label)) }
            input id=(format!("by-{name}")) name=(name) value=(value) maxlength="100" autocomplete="off" size="12";
        }
    }
}

/// A moment on the site's clocks.
pub(super) fn moment(frame: &Frame, name: &str, label: &str, value: &str) -> Markup {
    html! {
        div {
            label for=(format!("by-{name}")) { (frame.words.say(label)) }
            input id=(format!("by-{name}")) name=(name) type="datetime-local" value=(value);
        }
    }
}

/// One of a few words, or any.
pub(super) fn choice(
    frame: &Frame,
    (name, label): (&str, &str),
    value: &str,
    all: &[(&str, String)],
) -> Markup {
    html! {
        div {
            label for=(format!("by-{name}")) { (frame.words.say(label)) }
            select id=(format!("by-{name}")) name=(name) {
                option value="" { (frame.words.say("any")) }
                @for (word, text) in all {
                    option value=(word) selected[*word == value.trim()] { (text) }
                }
            }
        }
    }
}

/// The institutions that the configuration knows.
pub(super) fn institutions(frame: &Frame) -> Vec<(&str, String)> {
    let known = frame.console.config.institutions.keys();
    known
        .map(|slug| (slug.as_str(), frame.institution(slug).to_owned()))
        .collect()
}

/// The purposes of use.
pub(super) fn purposes(frame: &Frame) -> Vec<(&'static str, String)> {
    let all = Purpose::ALL.into_iter();
    all.map(|purpose| (purpose.as_str(), purpose_word(frame, purpose)))
        .collect()
}

/// What a purpose is called.
pub(super) fn purpose_word(frame: &Frame, purpose: Purpose) -> String {
    let id = format!("purpose-{}", purpose.as_str());
    frame.words.say(&id).into_owned()
}

/// What a verb is called.
pub(super) fn verb_word(frame: &Frame, verb: Verb) -> String {
    let id = format!("verb-{}", verb.as_str());
    frame.words.say(&id).into_owned()
}
