//! What left for other institutions about a patient, as the patient has a right to know: in sentences, to be printed
//! or downloaded. It is made when it is asked for, as all of the ledger is read for it.

mod sentences;

use axum::Router;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::DESK;
use super::printed;
use super::served;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::forms;
use crate::admin::pages::forms::Field;
use crate::admin::pages::plain;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::sessions::Served as Chosen;
use crate::audit::Accounting;
use crate::audit::Asked;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;

/// Years that are told unless somebody says otherwise (45 CFR 164.528(a)(1)).
const YEARS: u16 = 6;
/// The most.
const YEARS_MAX: u16 = 100;
/// Years that are offered.
const YEARS_OFFERED: [u16; 6] = [1, 2, 3, YEARS, 10, YEARS_MAX];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/consents/report", get(page))
        .route("/consents/report.csv", get(csv))
        .route("/consents/report.html", get(html_file))
}

/// Of which time; nothing is read before it is said.
#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    years: Option<String>,
    /// Also what the patient is not told for now.
    #[serde(default)]
    suspended: Option<String>,
}

impl Told {
    fn years(&self) -> Option<u16> {
        let years = self.years.as_deref()?.parse().ok()?;
        (1..=YEARS_MAX).contains(&years).then_some(years)
    }

    /// Only for who keeps records: the desk tells the patient.
    fn with_suspended(&self, frame: &Frame) -> bool {
        self.suspended.is_some() && frame.has(Right::KeepRecords)
    }
}

/// What was found, and what was asked.
struct Report {
    accounting: Accounting,
    asked: Asked,
}

/// Makes it. That it is shown is recorded first.
async fn made(
    frame: &Frame,
    patient: &PatientName,
    told: &Told,
    years: u16,
) -> Result<Report, Problem> {
    let caller = frame.for_right(Right::SeeDisclosures)?;
    let console = &frame.console;
    let until = console.clock.now();
    let since = until.years_before(years);
    let command = Command::Disclosures {
        patient: patient.clone(),
        since: Some(since),
        with_suspended: told.with_suspended(frame),
    };
    let Answer::Disclosures { disclosures } = console.answer(caller, command).await? else {
        return Err(Problem::unavailable(""));
    };
    Ok(Report {
        accounting: Accounting::of(&disclosures),
        asked: Asked {
            patient: patient.id.clone(),
            issuer: (!patient.issuer.is_empty()).then(|| patient.issuer.clone()),
            since,
            until,
            site: console.site.clone(),
            clock: console.face.clone(),
        },
    })
}

async fn page(
    frame: Frame,
    headers: HeaderMap,
    Query(told): Query<Told>,
) -> Result<Response, Problem> {
    frame.for_right(Right::SeeDisclosures)?;
    let Some(Chosen { patient, .. }) = served::patient(&frame, &headers) else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let body = match told.years() {
        Some(years) => {
            let report = made(&frame, &patient, &told, years).await?;
            html! {
                (form(&frame, &told))
                (printed::buttons(&frame, &downloads(&frame, &told, years)))
                (report_part(&frame, &patient, &report))
            }
        }
        None => html! {
            p { (frame.words.say("consents-report-what")) }
            (form(&frame, &told))
            p { a href=(DESK) { (frame.words.say("consents-back")) } }
        },
    };
    let title = frame.words.say("consents-report-title");
    Ok(forms::shown(frame.page(&title, &body)))
}

fn form(frame: &Frame, told: &Told) -> Markup {
    let words = frame.words;
    let years = YEARS_OFFERED.map(|years| {
        let called = words.with("consents-report-years", "count", years);
        (years.to_string(), called)
    });
    let chosen = told.years().unwrap_or(YEARS).to_string();
    html! {
        form class="filters" method="get" action="/consents/report" {
            div {
                (Field {
                    id: "years",
                    name: "years",
                    label: &words.say("consents-report-since"),
                    value: &chosen,
                    ..Field::default()
                }.choice(&years))
            }
            @if frame.has(Right::KeepRecords) {
                (forms::tick(
                    "suspended",
                    "yes",
                    &words.say("consents-report-suspended"),
                    told.suspended.is_some(),
                ))
            }
            button type="submit" { (words.say("consents-report-make")) }
        }
    }
}

fn downloads(frame: &Frame, told: &Told, years: u16) -> Markup {
    let words = frame.words;
    let more = if told.with_suspended(frame) {
        "&suspended=yes"
    } else {
        ""
    };
    html! {
        a class="button quiet" href=(format!("/consents/report.csv?years={years}{more}")) {
            (words.say("consents-report-csv"))
        }
        a class="button quiet" href=(format!("/consents/report.html?years={years}{more}")) {
            (words.say("consents-report-html"))
        }
    }
}

fn report_part(frame: &Frame, patient: &PatientName, report: &Report) -> Markup {
    let words = frame.words;
    let (accounting, asked) = (&report.accounting, &report.asked);
    let date = |at| plain::date(words, frame.console.face.day(at));
    let span = [
        ("since", date(asked.since).into()),
        ("until", date(asked.until).into()),
        ("zone", asked.clock.name().to_owned().into()),
    ];
    html! {
        (printed::heading(frame, &printed::house(frame), patient))
        p { (words.with_all("consents-report-span", span)) }
        @if accounting.items().iter().any(|item| item.is_suspended) {
            p class="notice warn" { (words.say("consents-report-not-for-patient")) }
        }
        @if accounting.items().is_empty() {
            p { (words.say("consents-report-nothing")) }
        } @else {
            ol class="sentences" {
                @for item in accounting.items() { li { (sentences::of(frame, item)) } }
            }
        }
        @if accounting.more() > 0 {
            p { (words.with("consents-report-more", "count", accounting.more())) }
        }
        p class="hint" { (words.say("consents-report-foot")) }
    }
}

async fn csv(
    frame: Frame,
    headers: HeaderMap,
    Query(told): Query<Told>,
) -> Result<Response, Problem> {
    download(&frame, &headers, &told, "csv").await
}

async fn html_file(
    frame: Frame,
    headers: HeaderMap,
    Query(told): Query<Told>,
) -> Result<Response, Problem> {
    download(&frame, &headers, &told, "html").await
}

/// A file, as `credence disclosures` writes it. Its name says nothing of the patient.
async fn download(
    frame: &Frame,
    headers: &HeaderMap,
    told: &Told,
    format: &str,
) -> Result<Response, Problem> {
    frame.for_right(Right::SeeDisclosures)?;
    let Some(Chosen { patient, .. }) = served::patient(frame, headers) else {
        return Ok(Redirect::to(DESK).into_response());
    };
    let years = told.years().unwrap_or(YEARS);
    let report = made(frame, &patient, told, years).await?;
    let mut text = Vec::new();
    let written = match format {
        "csv" => report.accounting.csv(&report.asked, &mut text),
        _ => report.accounting.html(&report.asked, &mut text),
    };
    written.map_err(|error| Problem::unavailable(error.to_string()))?;
    let disposition = format!("attachment; filename=\"disclosures.{format}\"");
    let kind = format!("text/{format}; charset=utf-8");
    let about = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((about, text).into_response())
}
