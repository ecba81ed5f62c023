//! What is changed of one account, and what is said when it is not.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use serde::Deserialize;

use super::one;
use super::path_of;
use super::roles_of;
use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::config::UserName;
use crate::gateway::control::AccountChange;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::identity::Digest;
use crate::identity::PASSCODE_CHARACTERS_MIN;
use crate::identity::Passcode;
use crate::identity::PasscodeFault;

/// The answer to a change, or why the contract does not make it.
pub(super) async fn performed(
    console: &Console,
    caller: &Caller,
    change: AccountChange,
) -> Result<Result<Answer, String>, Problem> {
    let by = caller.name.clone();
    let answered = console.answer(caller, Command::AccountChange { change, by });
    match answered.await {
        Ok(answer) => Ok(Ok(answer)),
        Err(problem) if problem.code() == StatusCode::CONFLICT => {
            Ok(Err(problem.detail.unwrap_or(problem.title)))
        }
        Err(problem) => Err(problem),
    }
}

/// The digest of a passcode that was typed twice, or what is wrong with it.
pub(super) async fn digest(
    frame: &Frame,
    passcode: &str,
    again: &str,
) -> Result<Result<Digest, String>, Problem> {
    let words = frame.words;
    if passcode != again {
        return Ok(Err(words.say("accounts-passcodes-differ").into_owned()));
    }
    let passcode = Passcode::from_bytes(passcode.as_bytes().to_vec());
    let digest = tokio::task::spawn_blocking(move || passcode.digest()).await;
    let digest = digest.map_err(|_| Problem::unavailable(""))?;
    Ok(digest.map_err(|fault| match fault {
        PasscodeFault::Short => words.with("passcode-hint", "characters", PASSCODE_CHARACTERS_MIN),
        PasscodeFault::Long
        | PasscodeFault::NotText
        | PasscodeFault::NotADigest
        | PasscodeFault::Costly
        | PasscodeFault::Failed => fault.to_string(),
    }))
}

/// Makes a change of an account, and leads back to it.
async fn changed(
    console: &Shared,
    (frame, caller): (&Frame, &Caller),
    account: &UserName,
    change: AccountChange,
    done: &str,
) -> Result<Response, Problem> {
    match performed(console, caller, change).await? {
        Ok(_) if done == "removed" => Ok(Redirect::to("/accounts?done=removed").into_response()),
        Ok(_) => Ok(Redirect::to(&path_of(account.as_str(), done)).into_response()),
        Err(reason) => refused(console, (frame, caller), account, &reason).await,
    }
}

/// The account's page, with what went wrong.
pub(super) async fn refused(
    console: &Shared,
    (frame, caller): (&Frame, &Caller),
    account: &UserName,
    reason: &str,
) -> Result<Response, Problem> {
    let page = one::shown(console, frame, caller, account, Some(reason)).await?;
    Ok((StatusCode::CONFLICT, Html(page.into_string())).into_response())
}

/// Which account a form is about.
pub(super) fn named(name: &str) -> Result<UserName, Problem> {
    name.parse().map_err(|_| Problem::not_found())
}

#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
}

pub(super) async fn roles(
    State(console): State<Shared>,
    posted: Posted<Named>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let account = named(&posted.form.name)?;
    let change = AccountChange::SetRoles {
        account: account.clone(),
        roles: roles_of(&posted),
    };
    let who = (&posted.frame, &posted.caller);
    changed(&console, who, &account, change, "roles").await
}

#[derive(Deserialize)]
pub(super) struct Twice {
    name: String,
    passcode: String,
    again: String,
}

pub(super) async fn passcode(
    State(console): State<Shared>,
    posted: Posted<Twice>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let account = named(&posted.form.name)?;
    let who = (&posted.frame, &posted.caller);
    let passcode = digest(&posted.frame, &posted.form.passcode, &posted.form.again).await?;
    let passcode = match passcode {
        Ok(passcode) => passcode,
        Err(wrong) => return refused(&console, who, &account, &wrong).await,
    };
    let change = AccountChange::SetPasscode {
        account: account.clone(),
        passcode,
    };
    changed(&console, who, &account, change, "passcode").await
}

pub(super) async fn disable(
    State(console): State<Shared>,
    posted: Posted<Named>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let account = named(&posted.form.name)?;
    let change = AccountChange::Disable {
        account: account.clone(),
    };
    let who = (&posted.frame, &posted.caller);
    changed(&console, who, &account, change, "disabled").await
}

pub(super) async fn enable(
    State(console): State<Shared>,
    posted: Posted<Named>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let account = named(&posted.form.name)?;
    let change = AccountChange::Enable {
        account: account.clone(),
    };
    let who = (&posted.frame, &posted.caller);
    changed(&console, who, &account, change, "enabled").await
}

#[derive(Deserialize)]
pub(super) struct Sure {
    name: String,
    #[serde(default)]
    sure: String,
}

pub(super) async fn delete(
    State(console): State<Shared>,
    posted: Posted<Sure>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ManageAccounts)?;
    let account = named(&posted.form.name)?;
    let who = (&posted.frame, &posted.caller);
    if posted.form.sure != "yes" {
        let wrong = posted.frame.words.say("accounts-delete-unsure");
        return refused(&console, who, &account, &wrong).await;
    }
    let change = AccountChange::Remove {
        account: account.clone(),
    };
    changed(&console, who, &account, change, "removed").await
}
