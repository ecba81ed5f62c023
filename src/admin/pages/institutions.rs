//! Who the others are, and how they score.

mod address;
mod events;
mod one;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;

use super::frame::Frame;
use super::parts;
use crate::admin::address_book::ListedInstitution;
use crate::admin::console::Shared;
use crate::admin::plot;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::words::Tongue;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/institutions", get(page))
        .route("/institutions/{institution}", get(one::page))
        .route("/institutions/{institution}/score", get(one::score))
        .route("/institutions/{institution}/echo", post(address::echo))
}

async fn page(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeInstitutions)?;
    let words = frame.words;
    let institutions = console.institutions().await?;
    let body = html! {
        p { (words.say("institutions-what")) }
        (table(&frame, &institutions))
    };
    let page = frame.page(&words.say("institutions"), &body);
    Ok(Html(page.into_string()))
}

fn table(frame: &Frame, institutions: &[ListedInstitution]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for one in institutions {
            tr {
                td { a href=(format!("/institutions/{}", one.institution)) { (one.name) } }
                td class="number" { (score(frame, one)) }
                td { @if let Some(score) = one.score { (plot::bar(u64::from(score), 1_000)) } }
                td class="number" { (ceiling(one)) }
                td class="number" { @if one.evidence { (units(frame, one.good_milli)) } }
                td class="number" { @if one.evidence { (units(frame, one.bad_milli)) } }
                td { (codes(&one.ae_titles)) }
                td class="number" { (one.peers.len()) }
                td { @if one.gateway { (words.say("institutions-yes")) } }
            }
        }
    };
    let heads = [
        words.say("head-institution"),
        words.say("head-score"),
        words.say("head-of-1000"),
        words.say("institutions-ceiling"),
        words.say("institutions-good"),
        words.say("institutions-bad"),
        words.say("institutions-ae-titles"),
        words.say("institutions-peers"),
        words.say("institutions-gateway"),
    ];
    parts::table(&words.say("institutions-all"), &heads, &rows)
}

/// The score, or why there is none.
fn score(frame: &Frame, one: &ListedInstitution) -> Markup {
    let words = frame.words;
    html! {
        @match one.score {
            None => span class="none" { (words.say("institutions-own")) },
            Some(score) => (score),
        }
        @if !one.own && !one.evidence {
            " " span class="none" { (words.say("institutions-no-evidence")) }
        }
    }
}

fn ceiling(one: &ListedInstitution) -> Markup {
    html! {
        @if let Some(ceiling) = one.ceiling { span class="mark warn" { (ceiling) } }
    }
}

/// A weight in thousandths of a unit, as 1.234, or as 1,234 where people write it so.
fn units(frame: &Frame, milli: u64) -> String {
    let point = match frame.words.tongue {
        Tongue::English | Tongue::Chinese => '.',
        Tongue::German | Tongue::French | Tongue::Spanish => ',',
    };
    format!("{}{point}{:03}", milli / 1000, milli % 1000)
}

/// The same, of millionths.
fn units_of_micro(frame: &Frame, micro: u64) -> String {
    units(frame, micro / 1000)
}

/// Identifiers, one beside the other.
fn codes<T: AsRef<str>>(all: &[T]) -> Markup {
    html! {
        @for (number, one) in all.iter().enumerate() {
            @if number > 0 { ", " }
            code { (one.as_ref()) }
        }
    }
}
