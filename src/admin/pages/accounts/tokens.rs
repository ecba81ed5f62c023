//! Tokens by which machines use the API on behalf of an account.

use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::change::named;
use super::change::performed;
use super::change::refused;
use super::one;
use super::one::hidden;
use super::path_of;
use super::role_choice;
use super::role_codes;
use super::roles_of;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::AccountChange;
use crate::gateway::control::Answer;
use crate::gateway::control::ListedAccount;
use crate::identity::TokenSecret;
use crate::time::DAY_MICROS;

/// For how many days a token may be made.
const DAYS: [i64; 4] = [7, 30, 90, 365];
/// What is offered first.
const DAYS_DEFAULT: i64 = 90;

/// The account's tokens, and how another is made.
pub(super) fn section(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    let title = words.say("accounts-head-tokens");
    html! {
        section {
            @if account.tokens.is_empty() {
                h2 { (title) }
                (parts::nothing(&words.say("accounts-no-tokens")))
            } @else {
                (table(frame, account))
            }
            @if frame.has(Right::ManageAccounts) {
                details class="card" {
                    summary { (words.say("accounts-token-make")) }
                    (form(frame, account))
                }
            }
        }
    }
}

fn table(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    let manages = frame.has(Right::ManageAccounts);
    let rows = html! {
        @for token in &account.tokens {
            tr {
                td { (token.name) }
                td { code { (token.id) } }
                td { (role_codes(&token.roles)) }
                td { (frame.time(token.made)) }
                td {
                    @match token.until {
                        Some(until) => (frame.time(until)),
                        None => (words.say("accounts-until-revoked")),
                    }
                }
                @if manages {
                    td {
                        form class="actions" method="post" action="/accounts/one/tokens/revoke" {
                            (frame.csrf()) (hidden(account))
                            input type="hidden" name="token" value=(token.id);
                            button type="submit" class="grave"
                                aria-label=(words.with("accounts-token-revoke-which", "token", token.name.as_str())) {
                                (words.say("accounts-token-revoke"))
                            }
                        }
                    }
                }
            }
        }
    };
    let mut heads = vec![
        words.say("accounts-head-machine"),
        words.say("accounts-head-id"),
        words.say("accounts-head-roles"),
        words.say("accounts-head-made"),
        words.say("accounts-head-until"),
    ];
    if manages {
        heads.push(words.say("accounts-head-change"));
    }
    parts::table(&words.say("accounts-head-tokens"), &heads, &rows)
}

fn form(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    html! {
        form method="post" action="/accounts/one/tokens" {
            (frame.csrf()) (hidden(account))
            label for="machine" { (words.say("accounts-head-machine")) }
            input id="machine" name="machine" required autocomplete="off" spellcheck="false" maxlength="64";
            (role_choice(frame, account.roles.iter().copied(), &account.roles))
            label for="days" { (words.say("accounts-head-until")) }
            select id="days" name="days" {
                @for days in DAYS {
                    option value=(days) selected[days == DAYS_DEFAULT] {
                        (words.with("accounts-token-days", "days", days))
                    }
                }
                option value="" { (words.say("accounts-until-revoked")) }
            }
            button type="submit" { (words.say("accounts-token-make")) }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Make {
    name: String,
    machine: String,
    days: String,
}

pub(super) async fn make(
    State(console): State<Shared>,
    posted: Posted<Make>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let (frame, form) = (&posted.frame, &posted.form);
    let who = (frame, &posted.caller);
    let account = named(&form.name)?;
    let Ok(machine) = form.machine.trim().parse() else {
        let wrong = frame.words.say("account-name-wrong");
        return refused(&console, who, &account, &wrong).await;
    };
    let until = match &*form.days {
        "" => None,
        days => {
            let days: Option<i64> = days.parse().ok().filter(|days| DAYS.contains(days));
            let days = days.ok_or_else(|| Problem::bad("the form cannot be read"))?;
            Some(console.clock.now().plus(days.saturating_mul(DAY_MICROS)))
        }
    };
    let change = AccountChange::MakeToken {
        account: account.clone(),
        name: machine,
        roles: roles_of(&posted),
        until,
    };
    match performed(&console, &posted.caller, change).await? {
        // No other page leads here: what is told once has no address.
        Ok(Answer::TokenMade { token, .. }) => {
            let account = one::found(&console, &posted.caller, &account).await?;
            let page = one::laid_out(frame, &account, &told(frame, &token));
            Ok(Html(page.into_string()).into_response())
        }
        Ok(_) => Err(Problem::unavailable("")),
        Err(reason) => refused(&console, who, &account, &reason).await,
    }
}

fn told(frame: &Frame, token: &TokenSecret) -> Markup {
    let words = frame.words;
    html! {
        div class="notice good" role="status" {
            p { (words.say("accounts-token-once")) }
            p { code id="token" { (token.as_str()) } }
            p class="hint" { (words.say("accounts-token-how")) " " code { "Authorization: Bearer …" } }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Revoke {
    name: String,
    token: String,
}

pub(super) async fn revoke(
    State(console): State<Shared>,
    posted: Posted<Revoke>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let account = named(&posted.form.name)?;
    let token = posted.form.token.parse();
    let change = AccountChange::RevokeToken {
        account: account.clone(),
        token: token.map_err(|_| Problem::not_found())?,
    };
    match performed(&console, &posted.caller, change).await? {
        Ok(_) => Ok(Redirect::to(&path_of(account.as_str(), "revoked")).into_response()),
        Err(reason) => refused(&console, (&posted.frame, &posted.caller), &account, &reason).await,
    }
}
