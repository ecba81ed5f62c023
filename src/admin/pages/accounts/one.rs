//! One account: what it is, and what becomes of it.

use axum::extract::Query;
use axum::extract::State;
use axum::response::Html;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::all;
use super::bad;
use super::change::named;
use super::good;
use super::passcode_fields;
use super::proof;
use super::role_choice;
use super::role_codes;
use super::state;
use super::tokens;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::config::UserName;
use crate::contract::Role;
use crate::gateway::control::ListedAccount;

#[derive(Deserialize)]
pub(super) struct Which {
    name: String,
    #[serde(default)]
    done: String,
}

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Query(which): Query<Which>,
) -> Result<Html<String>, Problem> {
    let caller = frame.for_right(Right::SeeAccounts)?;
    let account = found(&console, caller, &named(&which.name)?).await?;
    let words = frame.words;
    let done = match &*which.done {
        "added" => Some(words.say("accounts-done-added")),
        "roles" => Some(words.say("accounts-done-roles")),
        "passcode" => Some(words.say("accounts-done-passcode")),
        "disabled" => Some(words.say("accounts-done-disabled")),
        "enabled" => Some(words.say("accounts-done-enabled")),
        "revoked" => Some(words.say("accounts-done-revoked")),
        _ => None,
    };
    let notice = html! { @if let Some(done) = done { (good(&done)) } };
    Ok(Html(laid_out(&frame, &account, &notice).into_string()))
}

/// The same, after something was refused.
pub(super) async fn shown(
    console: &Shared,
    frame: &Frame,
    caller: &Caller,
    account: &UserName,
    wrong: Option<&str>,
) -> Result<Markup, Problem> {
    let account = found(console, caller, account).await?;
    let notice = html! { @if let Some(wrong) = wrong { (bad(wrong)) } };
    Ok(laid_out(frame, &account, &notice))
}

/// One of the accounts.
pub(super) async fn found(
    console: &Shared,
    caller: &Caller,
    account: &UserName,
) -> Result<ListedAccount, Problem> {
    let mut accounts = all(console, caller).await?.into_iter();
    let found = accounts.find(|one| one.name == *account);
    found.ok_or_else(Problem::not_found)
}

pub(super) fn laid_out(frame: &Frame, account: &ListedAccount, notice: &Markup) -> Markup {
    let words = frame.words;
    let manages = frame.has(Right::ManageAccounts);
    let body = html! {
        (notice)
        dl class="facts" {
            dt { (words.say("head-state")) } dd { (state(frame, account)) }
            dt { (words.say("accounts-head-roles")) } dd { (role_codes(&account.roles)) }
            dt { (words.say("accounts-head-proof")) } dd { (proof(frame, account)) }
        }
        @if manages {
            p class="hint" { (words.say("accounts-changes-end-sessions")) }
            div class="columns" {
                section { (role_form(frame, account)) }
                section { (passcode_form(frame, account)) }
            }
        }
        (tokens::section(frame, account))
        @if manages { (fate(frame, account)) }
        p { a href="/accounts" { (words.say("accounts-back")) } }
    };
    frame.page(account.name.as_str(), &body)
}

/// What tells a form's handler which account it is about.
pub(super) fn hidden(account: &ListedAccount) -> Markup {
    html! { input type="hidden" name="name" value=(account.name.as_str()); }
}

fn role_form(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    html! {
        h2 { (words.say("accounts-set-roles")) }
        form class="card" method="post" action="/accounts/one/roles" {
            (frame.csrf()) (hidden(account))
            (role_choice(frame, Role::ALL.into_iter(), &account.roles))
            button type="submit" { (words.say("accounts-set-roles")) }
        }
    }
}

fn passcode_form(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    html! {
        h2 { (words.say("accounts-set-passcode")) }
        form class="card" method="post" action="/accounts/one/passcode" {
            (frame.csrf()) (hidden(account))
            (passcode_fields(frame, true))
            button type="submit" { (words.say("accounts-set-passcode")) }
        }
    }
}

/// Disabled, enabled, deleted.
fn fate(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    html! {
        section {
            h2 { (words.say("accounts-fate")) }
            @if account.disabled {
                form method="post" action="/accounts/one/enable" {
                    (frame.csrf()) (hidden(account))
                    p { (words.say("accounts-enable-what")) }
                    button type="submit" { (words.say("accounts-enable")) }
                }
            } @else {
                form method="post" action="/accounts/one/disable" {
                    (frame.csrf()) (hidden(account))
                    p { (words.say("accounts-disable-what")) }
                    button type="submit" { (words.say("accounts-disable")) }
                }
            }
        }
        section {
            details class="card" {
                summary { (words.say("accounts-delete")) }
                form method="post" action="/accounts/one/delete" {
                    (frame.csrf()) (hidden(account))
                    p { (words.say("accounts-delete-what")) }
                    label class="choice" {
                        input type="checkbox" name="sure" value="yes" required;
                        span { (words.with("accounts-delete-sure", "account", account.name.as_str())) }
                    }
                    button type="submit" class="grave" { (words.say("accounts-delete")) }
                }
            }
        }
    }
}
