//! Rules: in force, proposed, tried on what was asked.

mod form;
mod proposal;
mod shown;
mod tried;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;

use super::frame::Frame;
use super::parts;
use crate::admin::console::Shared;
use crate::admin::policy::Act;
use crate::admin::policy::Acts;
use crate::admin::policy::numbers;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::PolicySet;
use crate::gateway::control::ListedProposal;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/policy", get(page))
        .route("/policy/propose", get(form::page).post(form::posted))
        .route("/policy/proposals/{sha256}", get(proposal::page))
        .route("/policy/proposals/{sha256}/try", post(proposal::tried))
        .route(
            "/policy/proposals/{sha256}/approve",
            post(proposal::approve),
        )
        .route(
            "/policy/proposals/{sha256}/withdraw",
            post(proposal::withdraw),
        )
        .route(
            "/policy/proposals/{sha256}/activate",
            post(proposal::activate),
        )
}

async fn page(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeePolicy)?;
    let words = frame.words;
    let set = console.policy_in_force().await?;
    let proposals = console.proposals().await?;
    let acts = match &set {
        Some(set) => console.acts_on(set.sha256()).await,
        None => Acts::default(),
    };
    let body = html! {
        section {
            h2 { (words.say("policy-in-force")) }
            @match &set {
                Some(set) => (in_force(&frame, set, &acts)),
                None => (parts::nothing(&words.say("policy-none"))),
            }
        }
        (list(&frame, &proposals))
        @if let Some(set) = &set {
            (shown::rules(&frame, set))
            (number_table(&frame, set))
            (shown::files(&frame, &set.parts()))
        }
    };
    Ok(Html(frame.page(&words.say("policy"), &body).into_string()))
}

fn in_force(frame: &Frame, set: &PolicySet, acts: &Acts) -> Markup {
    let words = frame.words;
    html! {
        dl class="facts" {
            dt { (words.say("policy-digest")) }
            dd { code { (set.sha256()) } }
            dt { (words.say("policy-rules")) }
            dd { (set.ids().count()) }
            dt { (words.say("policy-proposed-by")) }
            dd { (act(frame, acts.proposed.as_ref())) }
            dt { (words.say("policy-approved-by")) }
            dd {
                @match (&acts.approved, &acts.activated) {
                    // The first of a ledger need nobody's approval.
                    (None, Some(_)) => span class="none" { (words.say("policy-founding")) },
                    (approved, _) => (act(frame, approved.as_ref())),
                }
            }
            dt { (words.say("policy-activated-by")) }
            dd { (act(frame, acts.activated.as_ref())) }
        }
    }
}

/// Who did it, and when.
fn act(frame: &Frame, act: Option<&Act>) -> Markup {
    html! {
        @match act {
            None => span class="none" { "–" },
            Some(act) => {
                (act.by) ", " (frame.time(act.at)) " "
                @if frame.has(Right::SeeAudit) {
                    a href=(format!("/audit/entries/{}", act.entry)) { (entry(frame, act.entry)) }
                } @else { (entry(frame, act.entry)) }
            },
        }
    }
}

fn entry(frame: &Frame, entry: u64) -> String {
    frame.words.with("policy-entry", "entry", entry.to_string())
}

fn list(frame: &Frame, proposals: &[ListedProposal]) -> Markup {
    let words = frame.words;
    let title = words.say("policy-proposals");
    let rows = html! {
        @for proposal in proposals {
            tr {
                td { a href=(path(proposal)) title=(proposal.sha256) { code { (short(proposal)) } } }
                td { (proposal.by) }
                td { (approval(frame, proposal)) }
            }
        }
    };
    let heads = [
        words.say("policy-digest"),
        words.say("policy-proposed-by"),
        words.say("policy-approved-by"),
    ];
    html! {
        section {
            @if proposals.is_empty() {
                h2 { (title) }
                (parts::nothing(&words.say("policy-no-proposals")))
            } @else {
                (parts::table(&title, &heads, &rows))
            }
            @if frame.has(Right::ProposePolicy) {
                p class="actions" { a class="button" href="/policy/propose" { (words.say("policy-propose-others")) } }
            }
        }
    }
}

fn approval(frame: &Frame, proposal: &ListedProposal) -> Markup {
    html! {
        @match &proposal.approved_by {
            Some(by) => span class="mark good" { (by) },
            None => span class="mark" { (frame.words.say("policy-nobody-yet")) },
        }
    }
}

/// Where a proposal is shown.
fn path(proposal: &ListedProposal) -> String {
    format!("/policy/proposals/{}", proposal.sha256)
}

/// A proposal's name, by its beginning.
fn short(proposal: &ListedProposal) -> String {
    proposal.sha256.to_string().chars().take(12).collect()
}

fn number_table(frame: &Frame, set: &PolicySet) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for (key, value) in numbers(set) {
            tr {
                td { code { (key) } }
                td class="number" { (value) }
            }
        }
    };
    let heads = [words.say("policy-key"), words.say("policy-value")];
    html! {
        section {
            details class="fold" {
                summary { (words.say("policy-numbers")) }
                (parts::table(&words.say("policy-numbers"), &heads, &rows))
            }
        }
    }
}
