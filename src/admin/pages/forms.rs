//! Forms: their fields, what became of what was sent, and questions before what is final.

use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::frame::Frame;
use super::refusal;
use crate::admin::caller::Caller;
use crate::admin::problem::Problem;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;
use crate::time::Day;

/// Characters of the longest Patient ID and issuer (VR LO, PS3.5 §6.2).
pub(super) const NAME_CHARACTERS_MAX: usize = 64;

/// One line that is typed. `id` is the field's own on its page.
#[derive(Clone, Copy, Default)]
pub(super) struct Field<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) value: &'a str,
    /// Said below it.
    pub(super) hint: &'a str,
    pub(super) required: bool,
    /// Characters.
    pub(super) max: Option<usize>,
}

impl Field<'_> {
    /// Text.
    pub(super) fn text(&self) -> Markup {
        self.input("text")
    }

    /// A day; written as 2026-01-31 where the browser has no calendar.
    pub(super) fn day(&self) -> Markup {
        self.input("date")
    }

    fn input(&self, kind: &str) -> Markup {
        html! {
            label for=(self.id) { (self.label) }
            input id=(self.id) name=(self.name) type=(kind) value=(self.value) required[self.required]
                maxlength=[self.max] autocomplete="off" spellcheck="false"
                aria-describedby=[self.described()];
            (self.hint())
        }
    }

    /// Text of several lines.
    pub(super) fn area(&self) -> Markup {
        html! {
            label for=(self.id) { (self.label) }
            textarea id=(self.id) name=(self.name) required[self.required] maxlength=[self.max]
                aria-describedby=[self.described()] { (self.value) }
            (self.hint())
        }
    }

    /// One of several; each with its value and what it is called.
    pub(super) fn choice(&self, all: &[(String, String)]) -> Markup {
        html! {
            label for=(self.id) { (self.label) }
            select id=(self.id) name=(self.name) aria-describedby=[self.described()] {
                @for (value, called) in all {
                    option value=(value) selected[value == self.value] { (called) }
                }
            }
            (self.hint())
        }
    }

    fn described(&self) -> Option<String> {
        (!self.hint.is_empty()).then(|| format!("{}-hint", self.id))
    }

    fn hint(&self) -> Markup {
        html! {
            @if let Some(id) = self.described() { p id=(id) class="hint" { (self.hint) } }
        }
    }
}

/// A box that is ticked, or not.
pub(super) fn tick(name: &str, value: &str, called: &str, ticked: bool) -> Markup {
    html! {
        label class="choice" {
            input type="checkbox" name=(name) value=(value) checked[ticked];
            span { (called) }
        }
    }
}

/// One of several, of which exactly one holds.
pub(super) fn radio(name: &str, value: &str, called: &str, chosen: bool) -> Markup {
    html! {
        label class="choice" {
            input type="radio" name=(name) value=(value) checked[chosen];
            span { (called) }
        }
    }
}

/// Patient ID and issuer, with `id` before the fields' own.
pub(super) fn patient(frame: &Frame, id: &str, value: Option<&PatientName>) -> Markup {
    patient_as(frame, id, ["id", "issuer"], value)
}

/// The same under other names, where a form has two patients.
pub(super) fn patient_as(
    frame: &Frame,
    id: &str,
    [id_name, issuer_name]: [&str; 2],
    value: Option<&PatientName>,
) -> Markup {
    let words = frame.words;
    let max = Some(NAME_CHARACTERS_MAX);
    let (id_id, issuer_id) = (format!("{id}-{id_name}"), format!("{id}-{issuer_name}"));
    html! {
        (Field {
            id: &id_id,
            name: id_name,
            label: &words.say("field-patient-id"),
            value: value.map_or("", |value| value.id.as_str()),
            required: true,
            max,
            ..Field::default()
        }.text())
        (Field {
            id: &issuer_id,
            name: issuer_name,
            label: &words.say("field-patient-issuer"),
            value: value.map_or("", |value| value.issuer.as_str()),
            hint: &words.say("patient-issuer-hint"),
            max,
            ..Field::default()
        }.text())
    }
}

/// A patient as a form names one; `None`: that is no Patient ID.
pub(super) fn named(id: &str, issuer: &str) -> Option<PatientName> {
    let sound = |text: &str| {
        text.chars().count() <= NAME_CHARACTERS_MAX
            && !text.chars().any(|one| one.is_control() || one == '\\')
    };
    let (id, issuer) = (id.trim(), issuer.trim());
    (!id.is_empty() && sound(id) && sound(issuer)).then(|| PatientName {
        id: id.to_owned(),
        issuer: issuer.to_owned(),
    })
}

/// A text that is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoDay;

/// A day of the form 2026-01-31; an empty text is none.
pub(super) fn day(text: &str) -> Result<Option<Day>, NoDay> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits: String = text.split('-').collect();
    let day = Day::from_dicom(&digits).filter(|day| day.to_string() == text);
    day.map(Some).ok_or(NoDay)
}

/// Numbers of entries, with spaces or commas between; `None`: something else is among them.
pub(super) fn entries(text: &str) -> Option<Vec<u64>> {
    let parts = text.split([' ', ',', ';', '\n', '\r', '\t']);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

/// The number of an entry in an address.
///
/// # Errors
/// Not found.
pub(super) fn entry(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// What became of a change.
pub(super) enum Done {
    /// Recorded, as this entry.
    Recorded(u64),
    /// Not done: why, in words.
    Refused(String),
}

/// Has a change recorded, by whoever sent the form.
///
/// # Errors
/// When the gateway cannot now.
pub(super) async fn record(
    frame: &Frame,
    caller: &Caller,
    change: Change,
) -> Result<Done, Problem> {
    let by = caller.name.clone();
    let command = Command::Change { change, by };
    match frame.console.answer(caller, command).await {
        Ok(Answer::Recorded { entry }) => Ok(Done::Recorded(entry)),
        Ok(_) => Err(Problem::unavailable("")),
        Err(problem) if problem.code() == StatusCode::CONFLICT => {
            let reason = problem.detail.unwrap_or_default();
            Ok(Done::Refused(refusal::told(frame.words, &reason)))
        }
        Err(problem) => Err(problem),
    }
}

/// Leads to where the result is seen.
pub(super) fn recorded(to: &str, entry: u64) -> Response {
    Redirect::to(&format!("{to}?recorded={entry}")).into_response()
}

/// What an address says of what was just done.
#[derive(Default, Deserialize)]
pub(super) struct Just {
    #[serde(default)]
    recorded: Option<String>,
}

impl Just {
    /// The same, to be read.
    pub(super) fn told(&self, frame: &Frame) -> Markup {
        let entry: Option<u64> = self.recorded.as_deref().and_then(|text| text.parse().ok());
        html! {
            @if let Some(entry) = entry {
                p class="notice good" role="status" {
                    (frame.words.with("recorded-as", "entry", entry.to_string()))
                }
            }
        }
    }
}

/// What is wrong with what was sent.
pub(super) fn wrong(why: Option<&str>) -> Markup {
    html! {
        @if let Some(why) = why { p class="notice bad" role="alert" { (why) } }
    }
}

/// A page that shows what was sent again, and why it was not done.
pub(super) fn again(page: Markup) -> Response {
    (StatusCode::CONFLICT, Html(page.into_string())).into_response()
}

/// A page.
pub(super) fn shown(page: Markup) -> Response {
    Html(page.into_string()).into_response()
}

/// A question before something that cannot be taken back, or not easily.
pub(super) struct Question<'a> {
    pub(super) title: &'a str,
    /// Of what it is.
    pub(super) about: Markup,
    /// Where the answer yes goes.
    pub(super) action: &'a str,
    /// What goes with it.
    pub(super) hidden: &'a [(&'a str, &'a str)],
    pub(super) yes: &'a str,
    /// Where the answer no leads.
    pub(super) back: &'a str,
    /// Why it was not done before.
    pub(super) wrong: Option<&'a str>,
}

impl Question<'_> {
    /// The page.
    pub(super) fn page(&self, frame: &Frame) -> Markup {
        let body = html! {
            (wrong(self.wrong))
            (self.about)
            div class="actions" {
                form method="post" action=(self.action) {
                    (frame.csrf())
                    @for (name, value) in self.hidden {
                        input type="hidden" name=(name) value=(value);
                    }
                    button type="submit" class="grave" { (self.yes) }
                }
                a class="button quiet" href=(self.back) { (frame.words.say("question-no")) }
            }
        };
        frame.page(self.title, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(day(" 1970-01-02 "), Ok(Some(Day(1))));
        assert_eq!(day(""), Ok(None));
        for text in ["19700102", "1970-1-2", "1970-01-32", "1970-0102", "x"] {
            assert_eq!(day(text), Err(NoDay), "{text}");
        }
    }

    #[test]
    fn a_patient_id_is_what_dicom_calls_one() {
        let found = named(" 4711 ", "").unwrap();
        assert_eq!((found.id.as_str(), found.issuer.as_str()), ("4711", ""));
        let long = "7".repeat(65);
        for (id, issuer) in [
            ("", ""),
            ("  ", "A"),
            ("A\\B", ""),
            ("A\u{7}", ""),
            (&long, ""),
            ("A", &long),
        ] {
            assert!(named(id, issuer).is_none(), "{id}");
        }
    }

    #[test]
    fn entries_are_numbers_with_anything_between() {
        assert_eq!(entries("3, 17\r\n5 "), Some(vec![3, 17, 5]));
        assert_eq!(entries(""), Some(vec![]));
        assert_eq!(entries("3 a"), None);
        assert_eq!(entries("-3"), None);
    }
}
