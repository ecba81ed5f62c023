//! One proposal: what it would change, and what two persons make of it.

use axum::extract::Path;
use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::form;
use super::shown;
use super::tried;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::trial::DECISIONS_DEFAULT;
use crate::contract::PolicySet;
use crate::digest::Sha256;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedProposal;

/// A proposal, beside what is in force.
struct Compared {
    listed: ListedProposal,
    set: PolicySet,
    in_force: Option<PolicySet>,
}

impl Compared {
    async fn of(console: &Shared, sha256: &str) -> Result<Self, Problem> {
        let sha256: Sha256 = sha256.parse().map_err(|_| Problem::not_found())?;
        let (listed, set) = console.proposal(sha256).await?;
        let in_force = console.policy_in_force().await?;
        Ok(Self {
            listed,
            set,
            in_force,
        })
    }

    fn page(&self, frame: &Frame, last: usize, found: &Markup) -> Markup {
        let words = frame.words;
        let parts = self.set.parts();
        let in_force = self.in_force.as_ref().map(PolicySet::parts);
        let body = html! {
            (found)
            dl class="facts" {
                dt { (words.say("policy-digest")) }
                dd { code { (self.listed.sha256) } }
                dt { (words.say("policy-rules")) }
                dd { (self.set.ids().count()) }
                dt { (words.say("policy-proposed-by")) }
                dd { (self.listed.by) }
                dt { (words.say("policy-approved-by")) }
                dd { (super::approval(frame, &self.listed)) }
            }
            (self.actions(frame))
            (shown::differences(frame, in_force.as_ref(), &parts))
            @if frame.has(Right::ProposePolicy) { (self.try_form(frame, last)) }
            (shown::rules(frame, &self.set))
            (shown::files(frame, &parts))
            p { a href="/policy" { (words.say("policy-back")) } }
        };
        let title = words.with("policy-proposal", "digest", super::short(&self.listed));
        frame.page(&title, &body)
    }

    fn actions(&self, frame: &Frame) -> Markup {
        let words = frame.words;
        let path = super::path(&self.listed);
        let button = |act: &str, id: &str, class: &str| {
            html! {
                form method="post" action=(format!("{path}/{act}")) {
                    (frame.csrf())
                    button type="submit" class=(class) { (words.say(id)) }
                }
            }
        };
        let is_approved = self.listed.approved_by.is_some();
        html! {
            p class="hint" {
                @if is_approved { (words.say("policy-activate-what")) }
                @else { (words.say("policy-approve-what")) }
            }
            div class="actions" {
                @if frame.has(Right::ApprovePolicy) {
                    @if is_approved { (button("activate", "policy-activate", "")) }
                    @else { (button("approve", "policy-approve", "")) }
                }
                @if frame.has(Right::ProposePolicy) { (button("withdraw", "policy-withdraw", "grave")) }
            }
        }
    }

    fn try_form(&self, frame: &Frame, last: usize) -> Markup {
        let words = frame.words;
        html! {
            section {
                h2 { (words.say("policy-try-what")) }
                form class="filters" method="post" action=(format!("{}/try", super::path(&self.listed))) {
                    (frame.csrf())
                    div { (tried::last_field(frame, last)) }
                    button type="submit" class="quiet" name="act" value="check" { (words.say("policy-check")) }
                    button type="submit" class="quiet" name="act" value="try" { (words.say("policy-try")) }
                }
            }
        }
    }
}

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Path(sha256): Path<String>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeePolicy)?;
    let compared = Compared::of(&console, &sha256).await?;
    let page = compared.page(&frame, DECISIONS_DEFAULT, &html! {});
    Ok(Html(page.into_string()))
}

#[derive(Deserialize)]
pub(super) struct Try {
    #[serde(default)]
    last: String,
    #[serde(default)]
    act: String,
}

/// Tries it on what was asked before, or checks it.
pub(super) async fn tried(
    State(console): State<Shared>,
    Path(sha256): Path<String>,
    posted: Posted<Try>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ProposePolicy)?;
    let compared = Compared::of(&console, &sha256).await?;
    let (frame, parts) = (&posted.frame, compared.set.parts());
    let last = tried::last_of(&posted.form.last);
    let found = match posted.form.act.as_str() {
        "check" => {
            let checked = console.check_policy(parts).await;
            checked.map(|checked| tried::checked(frame, &checked))
        }
        _ => form::try_out(&console, frame, &parts, last).await,
    };
    let (status, found) = match found {
        Ok(found) => (axum::http::StatusCode::OK, found),
        Err(problem) => (problem.code(), form::refused(&problem)),
    };
    let page = compared.page(frame, last, &found);
    Ok((status, Html(page.into_string())).into_response())
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn approve(
    State(console): State<Shared>,
    Path(sha256): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let change = |sha256| Change::PolicyApprove { sha256 };
    record(&console, &sha256, &posted, change).await
}

pub(super) async fn withdraw(
    State(console): State<Shared>,
    Path(sha256): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let change = |sha256| Change::PolicyWithdraw { sha256 };
    record(&console, &sha256, &posted, change).await
}

pub(super) async fn activate(
    State(console): State<Shared>,
    Path(sha256): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let change = |sha256| Change::PolicyActivate { sha256 };
    record(&console, &sha256, &posted, change).await
}

/// Records a change of the proposal; a refusal is shown on its page.
async fn record(
    console: &Shared,
    sha256: &str,
    posted: &Posted<Nothing>,
    change: impl FnOnce(Sha256) -> Change,
) -> Result<Response, Problem> {
    let named: Sha256 = sha256.parse().map_err(|_| Problem::not_found())?;
    let change = change(named);
    let goes_on = matches!(change, Change::PolicyApprove { .. });
    let command = Command::Change {
        change,
        by: posted.caller.name.clone(),
    };
    posted.caller.may(Right::of(&command))?;
    let compared = Compared::of(console, sha256).await?;
    match console.answer(&posted.caller, command).await {
        Ok(_) if goes_on => Ok(Redirect::to(&super::path(&compared.listed)).into_response()),
        Ok(_) => Ok(Redirect::to("/policy").into_response()),
        Err(problem) => {
            let page = compared.page(&posted.frame, DECISIONS_DEFAULT, &form::refused(&problem));
            Ok((problem.code(), Html(page.into_string())).into_response())
        }
    }
}
