//! What patients are not told for a while, because an agency has the right.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
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
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::ORAL_SUSPENSION_DAYS_MAX;
use crate::contract::StatementForm;
use crate::gateway::control::Change;
use crate::gateway::control::ListedSuspension;
use crate::gateway::control::PatientName;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Characters of the longest text that is kept sealed.
const TEXT_CHARACTERS_MAX: usize = 2000;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/reviews/records/suspend", post(suspend))
        .route(
            "/reviews/records/suspensions/{suspension}/resume",
            post(resume),
        )
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct Form {
    id: String,
    #[serde(default)]
    issuer: String,
    recipient: String,
    statement: String,
    #[serde(default)]
    until: String,
    reference: String,
    said: String,
}

/// The message that names how an agency said so.
const fn called(form: StatementForm) -> &'static str {
    match form {
        StatementForm::Written => "records-written",
        StatementForm::Oral => "records-oral",
    }
}

pub(super) fn part(frame: &Frame, all: &[ListedSuspension], sent: &Sent) -> Markup {
    let words = frame.words;
    let wrong = sent.wrong(Part::Suspension);
    html! {
        @if all.is_empty() {
            h2 { (words.say("records-suspensions")) }
            p { (words.say("records-suspensions-what")) }
            (parts::nothing(&words.say("records-suspensions-none")))
        } @else {
            (table(frame, all))
            p class="hint" { (words.say("records-suspensions-what")) }
        }
        (folded(&words.say("records-suspend"), wrong.is_some(), &form(frame, &sent.suspension, wrong)))
    }
}

fn table(frame: &Frame, all: &[ListedSuspension]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for listed in all.iter().take(ROWS) {
            @let one = &listed.suspension;
            tr {
                td class="number" { (listed.entry) }
                td { (parts::patient(Some(one.patient))) }
                td { (frame.institution(&one.recipient)) }
                td { (frame.time(one.until)) }
                td { (words.say(called(one.statement))) }
                td { (one.reference) }
                td {
                    div class="actions" {
                        form method="post"
                            action=(format!("/reviews/records/suspensions/{}/resume", listed.entry)) {
                            (frame.csrf())
                            button type="submit" class="quiet" { (words.say("records-resume")) }
                        }
                    }
                }
            }
        }
    };
    let heads = [
        "head-entry",
        "head-patient",
        "records-agency",
        "records-until",
        "records-statement",
        "reviews-reference",
        "head-do",
    ];
    parts::table(
        &words.say("records-suspensions"),
        &heads.map(|id| words.say(id)),
        &rows,
    )
}

fn form(frame: &Frame, form: &Form, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let typed = PatientName {
        id: form.id.clone(),
        issuer: form.issuer.clone(),
    };
    let forms = StatementForm::ALL
        .map(|one| (one.as_str().to_owned(), words.say(called(one)).into_owned()));
    html! {
        form class="narrow" method="post" action="/reviews/records/suspend" {
            (frame.csrf())
            (forms::wrong(wrong))
            (forms::patient(frame, "suspend", Some(&typed)))
            (Field {
                id: "suspend-recipient",
                name: "recipient",
                label: &words.say("records-agency"),
                value: &form.recipient,
                ..Field::default()
            }.choice(&plain::others(frame)))
            (Field {
                id: "suspend-statement",
                name: "statement",
                label: &words.say("records-statement"),
                value: &form.statement,
                ..Field::default()
            }.choice(&forms))
            (Field {
                id: "suspend-until",
                name: "until",
                label: &words.say("records-last-day"),
                value: &form.until,
                hint: &words.say("records-suspend-until-hint"),
                ..Field::default()
            }.day())
            (reference(frame, "suspend-reference", &form.reference))
            (Field {
                id: "suspend-said",
                name: "said",
                label: &words.say("records-said"),
                value: &form.said,
                hint: &words.say("records-said-hint"),
                required: true,
                max: Some(TEXT_CHARACTERS_MAX),
            }.area())
            button type="submit" { (words.say("records-suspend")) }
        }
    }
}

/// What is to be recorded, or the message of what is wrong.
fn change(frame: &Frame, form: &Form) -> Result<Change, &'static str> {
    let patient = forms::named(&form.id, &form.issuer).ok_or("patient-id-wrong")?;
    let known = plain::others(frame);
    let known = known.iter().any(|(slug, _)| *slug == form.recipient);
    let recipient = form.recipient.parse().ok().filter(|_| known);
    let recipient = recipient.ok_or("records-agency-wrong")?;
    let statement: Option<StatementForm> = form.statement.parse().ok();
    let statement = statement.ok_or("records-statement-wrong")?;
    let until = forms::day(&form.until).map_err(|_| "wrong-day")?;
    let until = match (until, statement) {
        (Some(day), _) => frame.console.face.begins(Day(day.0.saturating_add(1))),
        (None, StatementForm::Oral) => longest(frame.console.clock.now()),
        (None, StatementForm::Written) => return Err("records-until-wrong"),
    };
    Ok(Change::DisclosuresSuspend {
        patient,
        recipient,
        until,
        statement,
        reference: form.reference.trim().to_owned(),
        said: form.said.clone(),
    })
}

/// As long as an oral statement holds.
const fn longest(now: UtcMicros) -> UtcMicros {
    now.plus(ORAL_SUSPENSION_DAYS_MAX.saturating_mul(DAY_MICROS))
}

async fn suspend(posted: Posted<Form>) -> Result<Response, Problem> {
    let (frame, caller) = (&posted.frame, &posted.caller);
    frame.for_right(Right::KeepRecords)?;
    let done = match change(frame, &posted.form) {
        Ok(change) => forms::record(frame, caller, change).await?,
        Err(wrong) => Done::Refused(frame.words.say(wrong).into_owned()),
    };
    match done {
        Done::Recorded(entry) => Ok(forms::recorded(RECORDS, entry)),
        Done::Refused(why) => {
            let sent = Sent {
                suspension: posted.form.clone(),
                wrong: Some((Part::Suspension, why)),
                ..Sent::default()
            };
            again(frame, caller, &sent).await
        }
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn resume(
    Path(suspension): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let frame = &posted.frame;
    frame.for_right(Right::KeepRecords)?;
    let change = Change::DisclosuresResume {
        suspension: forms::entry(&suspension)?,
    };
    match forms::record(frame, &posted.caller, change).await? {
        Done::Recorded(entry) => Ok(forms::recorded(RECORDS, entry)),
        Done::Refused(why) => {
            let sent = Sent {
                wrong: Some((Part::Page, why)),
                ..Sent::default()
            };
            again(frame, &posted.caller, &sent).await
        }
    }
}
