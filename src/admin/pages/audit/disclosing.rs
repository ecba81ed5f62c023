//! The accounting of disclosures of one patient, to be taken away.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::audit::Accounting;
use crate::audit::Asked;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;

/// Years that an accounting goes back where nobody says how many (45 CFR 164.528).
const YEARS: u16 = 6;
/// The most.
const YEARS_MAX: u16 = 100;

/// The form.
pub(super) fn form(frame: &Frame) -> Markup {
    let words = frame.words;
    html! {
        section class="card" {
            h2 { (words.say("audit-disclosures")) }
            p class="hint" { (words.say("audit-disclosures-what")) }
            form class="filters" method="post" action="/audit/disclosures" autocomplete="off" {
                (frame.csrf())
                div {
                    label for="disclosures-id" { (words.say("audit-patient-id")) }
                    input type="text" id="disclosures-id" name="patient_id" required maxlength="64";
                }
                div {
                    label for="disclosures-issuer" { (words.say("audit-patient-issuer")) }
                    input type="text" id="disclosures-issuer" name="patient_issuer" maxlength="64";
                }
                div {
                    label for="disclosures-years" { (words.say("audit-years")) }
                    input type="number" id="disclosures-years" name="years" min="1" max=(YEARS_MAX) value=(YEARS);
                }
                div {
                    label for="disclosures-format" { (words.say("audit-format")) }
                    select id="disclosures-format" name="format" {
                        option value="html" { (words.say("audit-format-page")) }
                        option value="csv" { "CSV" }
                    }
                }
                div class="actions" { button type="submit" { (words.say("audit-download")) } }
            }
        }
    }
}

/// Whose, and how.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    patient_id: String,
    #[serde(default)]
    patient_issuer: String,
    #[serde(default)]
    years: String,
    #[serde(default)]
    format: String,
}

/// The file. That it was asked for is recorded.
pub(super) async fn download(
    State(console): State<Shared>,
    posted: Posted<Wanted>,
) -> Result<Response, Problem> {
    posted.frame.for_right(Right::SeeDisclosures)?;
    let wanted = &posted.form;
    let years = wanted.years.trim().parse::<u16>();
    let years = years.ok().filter(|years| (1..=YEARS_MAX).contains(years));
    let years = years.ok_or_else(|| Problem::bad(format!("years: 1 to {YEARS_MAX}")))?;
    let until = console.clock.now();
    let since = until.years_before(years);
    let (id, issuer) = (wanted.patient_id.trim(), wanted.patient_issuer.trim());
    let command = Command::Disclosures {
        patient: PatientName {
            id: id.to_owned(),
            issuer: issuer.to_owned(),
        },
        since: Some(since),
        with_suspended: false,
    };
    let Answer::Disclosures { disclosures: found } =
        console.answer(&posted.caller, command).await?
    else {
        return Err(Problem::unavailable(""));
    };
    let asked = Asked {
        patient: id.to_owned(),
        issuer: (!issuer.is_empty()).then(|| issuer.to_owned()),
        since,
        until,
        site: console.site.clone(),
        clock: console.face.clone(),
    };
    let is_page = wanted.format != "csv";
    let writing = tokio::task::spawn_blocking(move || {
        let accounting = Accounting::of(&found);
        let mut out = Vec::new();
        let written = match is_page {
            true => accounting.html(&asked, &mut out),
            false => accounting.csv(&asked, &mut out),
        };
        written.map(|()| out)
    });
    let written = writing.await.map_err(|_| Problem::unavailable(""))?;
    let text = written.map_err(|_| Problem::unavailable("it cannot be written"))?;
    let (kind, name) = match is_page {
        true => ("text/html; charset=utf-8", "disclosures.html"),
        false => ("text/csv; charset=utf-8", "disclosures.csv"),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, text).into_response())
}
