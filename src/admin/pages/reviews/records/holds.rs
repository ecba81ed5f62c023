//! Legal holds: what is held is neither erased nor dropped.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::Part;
use super::RECORDS;
use super::ROWS;
use super::Sent;
use super::again;
use super::folded;
use super::reference;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Done;
use crate::admin::pages::forms::Field;
use crate::admin::pages::forms::Question;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::Change;
use crate::gateway::control::ListedHold;
use crate::gateway::control::PatientName;

/// Years that a hold can speak of.
const YEARS: std::ops::RangeInclusive<u16> = 1970..=9999;
/// Pseudonyms of one hold that are shown.
const PSEUDONYMS_MAX: usize = 4;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/reviews/records/hold", post(place))
        .route(
            "/reviews/records/holds/{hold}/lift",
            get(question).post(lift),
        )
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    id: String,
    #[serde(default)]
    issuer: String,
    /// Present: everybody's details.
    #[serde(default)]
    everybody: Option<String>,
    reference: String,
    #[serde(default)]
    from_year: String,
    #[serde(default)]
    until_year: String,
}

pub(super) fn part(frame: &Frame, all: &[ListedHold], sent: &Sent) -> Markup {
    let words = frame.words;
    let wrong = sent.wrong(Part::Hold);
    html! {
        @if all.is_empty() {
            h2 { (words.say("records-holds")) }
            p { (words.say("records-holds-what")) }
            (parts::nothing(&words.say("records-holds-none")))
        } @else {
            (table(frame, all))
            p class="hint" { (words.say("records-holds-what")) }
        }
        (folded(&words.say("records-hold"), wrong.is_some(), &form(frame, &sent.hold, wrong)))
    }
}

fn table(frame: &Frame, all: &[ListedHold]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for listed in all.iter().take(ROWS) {
            tr {
                td class="number" { (listed.entry) }
                td {
                    @match &listed.hold.patients {
                        Some(patients) => {
                            @for patient in patients.iter().take(PSEUDONYMS_MAX) {
                                (parts::patient(Some(*patient))) " "
                            }
                        }
                        None => (words.say("records-everybody")),
                    }
                }
                td { (years(frame, listed)) }
                td { (listed.hold.reference) }
                td {
                    a href=(format!("/reviews/records/holds/{}/lift", listed.entry))
                        aria-label=(words.with("records-hold-lift-this", "entry", listed.entry.to_string())) {
                        (words.say("records-hold-lift"))
                    }
                }
            }
        }
    };
    let heads = [
        "head-entry",
        "head-patient",
        "records-years",
        "reviews-reference",
        "head-do",
    ];
    parts::table(
        &words.say("records-holds"),
        &heads.map(|id| words.say(id)),
        &rows,
    )
}

fn years(frame: &Frame, listed: &ListedHold) -> String {
    let year = |year: Option<u16>| year.map(|year| year.to_string()).unwrap_or_default();
    match (listed.hold.from_year, listed.hold.until_year) {
        (None, None) => frame.words.say("records-years-all").into_owned(),
        (from, until) => format!("{}–{}", year(from), year(until)),
    }
}

fn form(frame: &Frame, form: &Form, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let year = |id: &str, name: &str, label: &str, value: &str| {
        Field {
            id,
            name,
            label,
            value,
            max: Some(4),
            ..Field::default()
        }
        .text()
    };
    html! {
        form class="narrow" method="post" action="/reviews/records/hold" {
            (frame.csrf())
            (forms::wrong(wrong))
            (forms::tick("everybody", "yes", &words.say("records-everybody-tick"), form.everybody.is_some()))
            (Field {
                id: "hold-id",
                name: "id",
                label: &words.say("field-patient-id"),
                value: &form.id,
                max: Some(forms::NAME_CHARACTERS_MAX),
                ..Field::default()
            }.text())
            (Field {
                id: "hold-issuer",
                name: "issuer",
                label: &words.say("field-patient-issuer"),
                value: &form.issuer,
                hint: &words.say("patient-issuer-hint"),
                max: Some(forms::NAME_CHARACTERS_MAX),
                ..Field::default()
            }.text())
            (reference(frame, "hold-reference", &form.reference))
            (year("hold-from", "from_year", &words.say("records-from-year"), &form.from_year))
            (year("hold-until", "until_year", &words.say("records-until-year"), &form.until_year))
            button type="submit" { (words.say("records-hold")) }
        }
    }
}

fn year(text: &str) -> Result<Option<u16>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let year: Option<u16> = text.parse().ok();
    let year = year.filter(|year| YEARS.contains(year));
    year.map(Some).ok_or("records-year-wrong")
}

/// What is to be recorded, or the message of what is wrong.
fn change(form: &Form) -> Result<Change, &'static str> {
    let named = !form.id.trim().is_empty();
    let patient: Option<PatientName> = match (form.everybody.is_some(), named) {
        (true, false) => None,
        (false, true) => {
            let patient = forms::named(&form.id, &form.issuer);
            Some(patient.ok_or("patient-id-wrong")?)
        }
        // Whose it is must not be guessed.
        (true, true) | (false, false) => return Err("records-hold-whose"),
    };
    Ok(Change::HoldPlace {
        patient,
        reference: form.reference.trim().to_owned(),
        from_year: year(&form.from_year)?,
        until_year: year(&form.until_year)?,
    })
}

async fn place(posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, caller) = (&posted.frame, &posted.caller);
    frame.for_right(Right::KeepRecords)?;
    let done = match change(&posted.form) {
        Ok(change) => forms::record(frame, caller, change).await?,
        Err(wrong) => Done::Refused(frame.words.say(wrong).into_owned()),
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(RECORDS, entry)),
        Done::Refused(why) => {
            let sent = Sent {
                hold: posted.form.clone(),
                wrong: Some((Part::Hold, why)),
                ..Sent::default()
            };
            again(frame, caller, &sent).await
        }
    }
}

fn asked(frame: &Frame, hold: u64, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let question = Question {
        title: &words.with("records-hold-lift-this", "entry", hold.to_string()),
        about: html! { p { (words.say("records-hold-lift-what")) } },
        action: &format!("/reviews/records/holds/{hold}/lift"),
        hidden: &[],
        yes: &words.say("records-hold-lift"),
        back: RECORDS,
        wrong,
    };
    question.page(frame)
}

async fn question(frame: Frame, Path(hold): Path<String>) -> Result<Response, Problem> {
    frame.for_right(Right::KeepRecords)?;
    let hold = forms::entry(&hold)?;
    Ok(forms::shown(asked(&frame, hold, None)))
}

#[derive(Deserialize)]
struct Nothing {}

async fn lift(Path(hold): Path<String>, posted: Posted<Nothing>) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::KeepRecords)?;
    let hold = forms::entry(&hold)?;
    let change = Change::HoldLift { hold };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(RECORDS, entry)),
        Done::Refused(why) => Ok(forms::again(asked(frame, hold, Some(&why)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_on_one_patient_or_on_everybody() {
        let form = |id: &str, everybody: bool, year: &str| Form {
            id: id.to_owned(),
            everybody: everybody.then(|| "yes".to_owned()),
            from_year: year.to_owned(),
            ..Form::default()
        };
        assert!(change(&form("4711", false, "")).is_ok());
        assert!(change(&form("", true, "2026")).is_ok());
        for (id, everybody, year) in [
            ("", false, ""),
            ("4711", true, ""),
            ("4711", false, "99"),
            ("4711", false, "soon"),
            ("A\\B", false, ""),
        ] {
            assert!(change(&form(id, everybody, year)).is_err(), "{id} {year}");
        }
    }
}
