//! What moves, and what moved of late.

mod one;

use axum::Router;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;

use super::fields::choice;
use super::fields::field;
use super::fields::institutions;
use super::fields::moment;
use super::fields::purpose_word;
use super::fields::purposes;
use super::fields::unreadable;
use super::fields::verb_word;
use super::frame::Frame;
use super::parts;
use crate::admin::asked;
use crate::admin::asked::Unreadable;
use crate::admin::board::UnderWay;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::transfers::Moved;
use crate::admin::transfers::TransfersAsked;
use crate::admin::transfers::TransfersSought;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::dicom::AeTitle;

/// Where transfers are looked for.
const PATH: &str = "/transfers";
/// Rows of what ended of late.
const LATE_MAX: usize = 25;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(PATH, get(page))
        .route("/transfers/now", get(now))
        .route("/transfers/{decision}", get(one::page))
        .route("/transfers/{decision}/now", get(one::now))
        .route("/transfers/{decision}/retry", post(one::retry))
}

type Asked = Result<Query<TransfersAsked>, QueryRejection>;

async fn page(
    State(console): State<Shared>,
    frame: Frame,
    asked: Asked,
) -> Result<Response, Problem> {
    frame.for_right(Right::SeeTransfers)?;
    let Query(asked) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    let sought = asked.sought(&console.face);
    let (code, results) = match sought {
        Ok(sought) => {
            let moving = now_part(&frame, &asked, &sought);
            let moved = match asked.is_empty() {
                true => html! {},
                false => moved_part(&frame, &asked, &console.moved(sought).await?),
            };
            let results = html! { (live(&asked, &moving)) (moved) };
            (StatusCode::OK, results)
        }
        Err(Unreadable(field)) => (StatusCode::BAD_REQUEST, unreadable(&frame, field)),
    };
    let body = html! { (form(&frame, &asked)) (results) };
    let page = frame.page(&frame.words.say("transfers"), &body);
    Ok((code, Html(page.into_string())).into_response())
}

/// What changes by itself.
async fn now(
    State(console): State<Shared>,
    frame: Frame,
    asked: Asked,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeTransfers)?;
    let Query(asked) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    let sought = asked.sought(&console.face)?;
    Ok(Html(now_part(&frame, &asked, &sought).into_string()))
}

fn live(asked: &TransfersAsked, moving: &Markup) -> Markup {
    let address = asked::address("/transfers/now", &asked.fields(), asked.before);
    html! {
        div id="now" hx-get=(address) hx-trigger="every 2s" hx-swap="innerHTML" { (moving) }
    }
}

fn now_part(frame: &Frame, asked: &TransfersAsked, sought: &TransfersSought) -> Markup {
    let words = frame.words;
    let moving = frame.console.moving(sought);
    html! {
        section {
            @if moving.is_empty() {
                h2 { (words.say("transfers-now")) }
                (parts::nothing(&words.say("transfers-none-now")))
            } @else {
                (moving_table(frame, &moving))
            }
        }
        @if asked.is_empty() {
            section { (late(frame)) }
        }
    }
}

/// What ended of late.
fn late(frame: &Frame) -> Markup {
    let words = frame.words;
    let seen = frame.console.board.seen();
    let ended: Vec<UnderWay> = seen.ended().take(LATE_MAX).cloned().collect();
    let all = asked::address(PATH, &[], Some(seen.entries()));
    drop(seen);
    html! {
        @if ended.is_empty() {
            h2 { (words.say("transfers-of-late")) }
            (parts::nothing(&words.say("transfers-none-of-late")))
        } @else {
            (ended_table(frame, &words.say("transfers-of-late"), &ended))
        }
        p { a class="button quiet" href=(all) { (words.say("transfers-all")) } }
    }
}

fn moved_part(frame: &Frame, asked: &TransfersAsked, moved: &Moved) -> Markup {
    let words = frame.words;
    let older = moved
        .before
        .map(|before| asked::address(PATH, &asked.fields(), Some(before)));
    html! {
        section {
            @if moved.transfers.is_empty() {
                h2 { (words.say("transfers-ended")) }
                @if older.is_some() {
                    (parts::nothing(&words.say("none-so-far")))
                } @else {
                    (parts::nothing(&words.say("transfers-none")))
                }
            } @else {
                (ended_table(frame, &words.say("transfers-ended"), &moved.transfers))
            }
            @if let Some(older) = older {
                p { a class="button quiet" href=(older) rel="next" { (words.say("older")) } }
            }
        }
    }
}

fn form(frame: &Frame, asked: &TransfersAsked) -> Markup {
    let words = frame.words;
    let outcomes = Outcome::ALL.map(|outcome| (outcome.as_str(), outcome_word(frame, outcome)));
    html! {
        form class="filters" method="get" action=(PATH) role="search" {
            (choice(frame, ("institution", "head-institution"), &asked.institution, &institutions(frame)))
            (field(frame, "ae", "field-ae", &asked.ae))
            (choice(frame, ("outcome", "head-outcome"), &asked.outcome, &outcomes))
            (choice(frame, ("purpose", "head-purpose"), &asked.purpose, &purposes(frame)))
            (moment(frame, "from", "field-from", &asked.from))
            (moment(frame, "to", "field-to", &asked.to))
            div class="actions" {
                button type="submit" { (words.say("search")) }
                a class="button quiet" href=(PATH) { (words.say("search-clear")) }
            }
        }
    }
}

/// What an outcome is called.
fn outcome_word(frame: &Frame, outcome: Outcome) -> String {
    let id = format!("outcome-{}", outcome.as_str());
    frame.words.say(&id).into_owned()
}

/// How it ended, told by a word and not by its colour alone.
fn outcome_mark(frame: &Frame, outcome: Option<Outcome>) -> Markup {
    let class = match outcome {
        Some(Outcome::Completed) => "mark good",
        Some(Outcome::Failed | Outcome::Interrupted) => "mark bad",
        Some(Outcome::Cancelled | Outcome::Stopped) => "mark warn",
        None => "mark",
    };
    let word = outcome.map(|outcome| outcome_word(frame, outcome));
    let word = word.unwrap_or_else(|| frame.words.say("transfer-moving").into_owned());
    html! { span class=(class) { (word) } }
}

/// Instances that arrived, of how many where that is known.
fn progress(frame: &Frame, transfer: &UnderWay) -> Markup {
    let expected = frame.console.meters.expected(transfer.judged.entry);
    let settled = transfer.instances.saturating_add(transfer.failed);
    let Some(expected) = expected.filter(|expected| *expected >= settled) else {
        return html! { (transfer.instances) };
    };
    let (here, all) = (transfer.instances, expected);
    let label = frame
        .words
        .with_all("transfer-of", [("here", here.into()), ("all", all.into())]);
    html! {
        (label) br;
        progress max=(expected) value=(transfer.instances) aria-label=(label) { (label) }
    }
}

/// Bytes in a second, since it began.
fn rate(transfer: &UnderWay) -> String {
    let micros = transfer.heard.0.saturating_sub(transfer.since.0);
    match u64::try_from(micros) {
        Ok(micros) if micros > 0 => {
            let rate = u128::from(transfer.bytes) * 1_000_000 / u128::from(micros);
            format!(
                "{}/s",
                parts::bytes(u64::try_from(rate).unwrap_or(u64::MAX))
            )
        }
        Ok(_) | Err(_) => "–".to_owned(),
    }
}

/// An institution and its AE title.
fn side(frame: &Frame, institution: &InstitutionSlug, ae: &AeTitle) -> Markup {
    html! { (frame.institution(institution)) br; small { code { (ae) } } }
}

/// What is told of each transfer before its numbers.
fn identified(frame: &Frame, transfer: &UnderWay) -> Markup {
    let request = &transfer.judged.request;
    html! {
        td {
            a href=(format!("{PATH}/{}", transfer.judged.entry)) { (transfer.judged.entry) } br;
            small { (verb_word(frame, request.verb)) ", " (purpose_word(frame, request.purpose)) }
        }
        td { (side(frame, &request.requester, &request.requester_ae)) }
        td { (side(frame, &request.recipient, &request.recipient_ae)) }
        td { (parts::patient(request.patient)) }
    }
}

fn moving_table(frame: &Frame, moving: &[UnderWay]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for transfer in moving {
            tr {
                (identified(frame, transfer))
                td { (frame.time(transfer.since)) }
                td class="number" { (progress(frame, transfer)) }
                td class="number" { (transfer.failed) }
                td class="number" { (transfer.spooled) }
                td class="number" { (parts::bytes(transfer.bytes)) }
                td class="number" { (rate(transfer)) }
            }
        }
    };
    let heads = [
        "head-decision",
        "head-requester",
        "head-recipient",
        "head-patient",
        "head-since",
        "head-instances",
        "head-failed",
        "head-spooled",
        "head-bytes",
        "head-rate",
    ];
    parts::table(
        &words.say("transfers-now"),
        &heads.map(|id| words.say(id)),
        &rows,
    )
}

fn ended_table(frame: &Frame, caption: &str, ended: &[UnderWay]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for transfer in ended {
            tr {
                (identified(frame, transfer))
                td { (frame.time(transfer.heard)) }
                td class="number" { (transfer.instances) }
                td class="number" { (transfer.failed) }
                td class="number" { (transfer.spooled) }
                td class="number" { (parts::bytes(transfer.bytes)) }
                td { (outcome_mark(frame, transfer.outcome)) }
            }
        }
    };
    let heads = [
        "head-decision",
        "head-requester",
        "head-recipient",
        "head-patient",
        "head-ended",
        "head-instances",
        "head-failed",
        "head-spooled",
        "head-bytes",
        "head-outcome",
    ];
    parts::table(caption, &heads.map(|id| words.say(id)), &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::transfers::fixtures::moved;

    #[test]
    fn a_rate_is_what_arrived_in_the_time_that_it_took() {
        let transfer = moved(5_000_000, 2_000_000);
        assert_eq!(rate(&transfer), "2.5 MB/s");
        assert_eq!(rate(&moved(5_000_000, 0)), "–");
        assert_eq!(rate(&moved(u64::MAX, 1)), "18446744.0 TB/s");
    }
}
