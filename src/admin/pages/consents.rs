//! The desk for patients: what a patient agreed or objected to, and who speaks for them. Whom the desk serves is
//! remembered by the session, and never stands in an address.

mod choosing;
mod ending;
mod persons;
mod printed;
mod report;
mod served;
mod table;
mod telling;
mod terms;

use axum::Router;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use maud::Markup;
use maud::html;

use super::forms;
use super::forms::Just;
use super::frame::Frame;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::sessions::Served as Chosen;
use served::Served;

/// Where the desk begins, and where all of it leads back to.
const DESK: &str = "/consents";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(DESK, get(page))
        .merge(choosing::router())
        .merge(terms::router())
        .merge(ending::router())
        .merge(persons::router())
        .merge(printed::router())
        .merge(report::router())
}

async fn page(
    frame: Frame,
    headers: HeaderMap,
    Query(just): Query<Just>,
    Query(listed): Query<choosing::Listed>,
) -> Result<Response, Problem> {
    let caller = frame.for_right(Right::SeeConsents)?;
    let patient = served::patient(&frame, &headers);
    let page = match patient.filter(|_| frame.has(Right::SeePatients)) {
        Some(patient) => whole(&frame, caller, patient, &just.told(&frame)).await?,
        None => {
            let body = choosing::body(&frame, &listed, None).await?;
            frame.page(&frame.words.say("consents"), &body)
        }
    };
    Ok(forms::shown(page))
}

/// The page of the patient whom the desk serves.
async fn whole(
    frame: &Frame,
    caller: &Caller,
    chosen: Chosen,
    above: &Markup,
) -> Result<Markup, Problem> {
    let served = Served::look(&frame.console, caller, chosen).await?;
    let body = html! { (above) (desk(frame, &served)) };
    Ok(frame.page(&frame.words.say("consents"), &body))
}

/// The same, where what was sent was not done.
async fn refused(
    frame: &Frame,
    caller: &Caller,
    headers: &HeaderMap,
    why: &str,
) -> Result<Response, Problem> {
    let Some(patient) = served::patient(frame, headers) else {
        return Err(Problem::refused(why));
    };
    let page = whole(frame, caller, patient, &forms::wrong(Some(why))).await?;
    Ok(forms::again(page))
}

/// All about the patient whom the desk serves.
fn desk(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    html! {
        (choosing::card(frame, served))
        section {
            (table::consents(frame, served))
            (acts(frame))
        }
        @if !served.waiting.is_empty() {
            section { (ending::waiting(frame, served)) }
        }
        @if frame.has(Right::ServePatients) {
            section {
                h2 { (words.say("consents-person")) }
                (persons::links(frame, served))
            }
        }
    }
}

/// What is done with what a patient says.
fn acts(frame: &Frame) -> Markup {
    let words = frame.words;
    html! {
        div class="actions" {
            @if frame.has(Right::ServePatients) {
                a class="button" href="/consents/grant" { (words.say("consents-grant")) }
                a class="button" href="/consents/deny" { (words.say("consents-deny")) }
            }
            a class="button quiet" href="/consents/print" { (words.say("consents-print")) }
            @if frame.has(Right::SeeDisclosures) {
                a class="button quiet" href="/consents/report" { (words.say("consents-report")) }
            }
        }
    }
}
