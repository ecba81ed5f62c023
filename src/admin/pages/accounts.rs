//! Accounts: who may sign in and as what, one's own account, and the main values of the configuration.

mod change;
mod me;
mod one;
mod settings;
mod tokens;

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::frame::Frame;
use super::frame::Posted;
use super::parts;
use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Role;
use crate::gateway::control::AccountChange;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedAccount;
use crate::identity::PASSCODE_CHARACTERS_MIN;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/accounts", get(list))
        .route("/accounts/add", get(add_page).post(add))
        .route("/accounts/settings", get(settings::page))
        .route("/accounts/one", get(one::page))
        .route("/accounts/one/roles", post(change::roles))
        .route("/accounts/one/passcode", post(change::passcode))
        .route("/accounts/one/disable", post(change::disable))
        .route("/accounts/one/enable", post(change::enable))
        .route("/accounts/one/delete", post(change::delete))
        .route("/accounts/one/tokens", post(tokens::make))
        .route("/accounts/one/tokens/revoke", post(tokens::revoke))
        .route("/accounts/me", get(me::page))
        .route("/accounts/me/passcode", post(me::passcode))
        .route("/accounts/me/sign-out", post(me::sign_out))
}

/// What was done, told once on the page that one comes to.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    done: String,
}

/// Where an account is shown, and what was done to it.
fn path_of(account: &str, done: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("name", account);
    if !done.is_empty() {
        query.append_pair("done", done);
    }
    format!("/accounts/one?{}", query.finish())
}

/// Every account.
async fn all(console: &Console, caller: &Caller) -> Result<Vec<ListedAccount>, Problem> {
    match console.answer(caller, Command::Accounts).await? {
        Answer::Accounts { accounts } => Ok(accounts),
        _ => Err(Problem::unavailable("the accounts cannot be read")),
    }
}

async fn list(
    State(console): State<Shared>,
    frame: Frame,
    Query(told): Query<Told>,
) -> Result<Html<String>, Problem> {
    let caller = frame.for_right(Right::SeeAccounts)?;
    let accounts = all(&console, caller).await?;
    let words = frame.words;
    let body = html! {
        @if told.done == "removed" { (good(&words.say("accounts-done-removed"))) }
        p class="actions" {
            @if frame.has(Right::ManageAccounts) {
                a class="button" href="/accounts/add" { (words.say("accounts-add")) }
            }
            a class="button quiet" href="/accounts/settings" { (words.say("accounts-settings")) }
            a class="button quiet" href="/accounts/me" { (words.say("accounts-me")) }
        }
        (account_table(&frame, &accounts))
    };
    let page = frame.page(&words.say("accounts"), &body);
    Ok(Html(page.into_string()))
}

fn account_table(frame: &Frame, accounts: &[ListedAccount]) -> Markup {
    let words = frame.words;
    let title = words.say("accounts-all");
    if accounts.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("accounts-nobody"))) };
    }
    let rows = html! {
        @for account in accounts {
            tr {
                td { a href=(path_of(account.name.as_str(), "")) { (account.name) } }
                td { (state(frame, account)) }
                td { (role_codes(&account.roles)) }
                td { (proof(frame, account)) }
                td class="number" { (account.tokens.len()) }
            }
        }
    };
    let heads = [
        words.say("accounts-head-account"),
        words.say("head-state"),
        words.say("accounts-head-roles"),
        words.say("accounts-head-proof"),
        words.say("accounts-head-tokens"),
    ];
    parts::table(&title, &heads, &rows)
}

/// Whether anybody gets in by it.
fn state(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    match account.disabled {
        true => html! { span class="mark warn" { (words.say("accounts-disabled")) } },
        false => html! { span class="mark good" { (words.say("accounts-enabled")) } },
    }
}

/// How its user signs in.
fn proof(frame: &Frame, account: &ListedAccount) -> Markup {
    let words = frame.words;
    let id = match account.has_passcode {
        true => words.say("accounts-by-passcode"),
        false => words.say("accounts-by-provider"),
    };
    html! { (id) }
}

/// Roles as the ledger has them.
fn role_codes(roles: &BTreeSet<Role>) -> Markup {
    html! {
        @for (number, role) in roles.iter().enumerate() {
            @if number > 0 { ", " }
            code { (role.as_str()) }
        }
    }
}

/// What a role is for.
fn role_words(frame: &Frame, role: Role) -> std::borrow::Cow<'static, str> {
    frame.words.say(match role {
        Role::PacsAdmin => "role-pacs-admin",
        Role::Compliance => "role-compliance",
        Role::Auditor => "role-auditor",
        Role::PatientDesk => "role-patient-desk",
        Role::RuleApprover => "role-rule-approver",
    })
}

/// Roles to choose of `offered`, those of `chosen` ticked.
fn role_choice(
    frame: &Frame,
    offered: impl Iterator<Item = Role>,
    chosen: &BTreeSet<Role>,
) -> Markup {
    html! {
        fieldset {
            legend { (frame.words.say("accounts-head-roles")) }
            @for role in offered {
                label class="choice" {
                    input type="checkbox" name="role" value=(role.as_str()) checked[chosen.contains(&role)];
                    span { code { (role.as_str()) } " – " (role_words(frame, role)) }
                }
            }
        }
    }
}

/// The roles that a form names; what is none is left out.
fn roles_of<T>(posted: &Posted<T>) -> BTreeSet<Role> {
    posted
        .all("role")
        .filter_map(|role| role.parse().ok())
        .collect()
}

/// A passcode, typed twice.
fn passcode_fields(frame: &Frame, required: bool) -> Markup {
    let words = frame.words;
    html! {
        label for="passcode" { (words.say("accounts-new-passcode")) }
        input id="passcode" name="passcode" type="password" required[required] autocomplete="new-password"
            minlength=(PASSCODE_CHARACTERS_MIN) aria-describedby="passcode-hint";
        p id="passcode-hint" class="hint" {
            (words.with("passcode-hint", "characters", PASSCODE_CHARACTERS_MIN))
        }
        label for="again" { (words.say("accounts-passcode-again")) }
        input id="again" name="again" type="password" required[required] autocomplete="new-password";
    }
}

fn good(text: &str) -> Markup {
    html! { p class="notice good" role="status" { (text) } }
}

fn bad(text: &str) -> Markup {
    html! { p class="notice bad" role="alert" { (text) } }
}

async fn add_page(frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::ManageAccounts)?;
    let page = add_form(&frame, "", &BTreeSet::new(), None);
    Ok(Html(page.into_string()))
}

fn add_form(frame: &Frame, name: &str, roles: &BTreeSet<Role>, wrong: Option<&str>) -> Markup {
    let words = frame.words;
    let body = html! {
        form class="card" method="post" action="/accounts/add" {
            (frame.csrf())
            @if let Some(wrong) = wrong { (bad(wrong)) }
            label for="name" { (words.say("account-name")) }
            input id="name" name="name" value=(name) required autofocus autocomplete="off" autocapitalize="none"
                spellcheck="false" maxlength="64";
            (role_choice(frame, Role::ALL.into_iter(), roles))
            p class="hint" { (words.say("accounts-passcode-or-provider")) }
            (passcode_fields(frame, false))
            button type="submit" { (words.say("accounts-add")) }
        }
        p { a href="/accounts" { (words.say("accounts-back")) } }
    };
    frame.page(&words.say("accounts-add"), &body)
}

#[derive(Deserialize)]
struct Add {
    name: String,
    #[serde(default)]
    passcode: String,
    #[serde(default)]
    again: String,
}

async fn add(State(console): State<Shared>, posted: Posted<Add>) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let (frame, roles) = (&posted.frame, roles_of(&posted));
    let refused = |wrong: &str| {
        let page = add_form(frame, &posted.form.name, &roles, Some(wrong));
        Ok((StatusCode::CONFLICT, Html(page.into_string())).into_response())
    };
    let Ok(account) = posted.form.name.trim().parse() else {
        return refused(&frame.words.say("account-name-wrong"));
    };
    let passcode = match (&*posted.form.passcode, &*posted.form.again) {
        ("", "") => None,
        (passcode, again) => match change::digest(frame, passcode, again).await? {
            Ok(digest) => Some(digest),
            Err(wrong) => return refused(&wrong),
        },
    };
    let change = AccountChange::Add {
        account,
        roles: roles.clone(),
        passcode,
    };
    match change::performed(&console, &posted.caller, change).await? {
        Ok(_) => {
            let to = path_of(posted.form.name.trim(), "added");
            Ok(Redirect::to(&to).into_response())
        }
        Err(reason) => refused(&reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_shown_whatever_its_name_is() {
        assert_eq!(path_of("ada", ""), "/accounts/one?name=ada");
        assert_eq!(
            path_of("Jörg & Ada", "added"),
            "/accounts/one?name=J%C3%B6rg+%26+Ada&done=added"
        );
    }
}
