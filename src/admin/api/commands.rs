//! What people change and ask: one command, one answer.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::COMMANDS;
use super::once::once;
use crate::admin::caller::By;
use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::done::Told;
use crate::admin::guard::checked_for_forgery;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::contract::Role;
use crate::contract::SignOutEnd;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The name that the ledger has.
    name: String,
    /// The account's, or the token's.
    roles: Vec<Role>,
}

/// Who asks, and as what.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "accounts",
    responses((status = 200, body = Me), (status = 401, body = Problem)),
)]
pub(super) async fn me(caller: Caller) -> Json<Me> {
    let roles = match &caller.by {
        By::Socket => Role::ALL.to_vec(),
        By::Session { roles, .. } | By::Token(roles) | By::Certificate(roles) => {
            roles.iter().copied().collect()
        }
    };
    let name = caller.name;
    Json(Me { name, roles })
}

/// Performs a command: something that a person changes, or asks. What is recorded is durable when it is answered.
///
/// With the header `Idempotency-Key`, the same change that is sent again within a day is answered as before, and not
/// done twice. Who asks is who is signed in, whatever `by` says; on the socket, `by` counts.
#[utoipa::path(
    post,
    path = COMMANDS,
    tag = "commands",
    request_body = Command,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 printable characters")),
    responses(
        (status = 200, body = Answer),
        (status = 400, description = "not a command", body = Problem),
        (status = 401, description = "nobody is known to ask", body = Problem),
        (status = 403, description = "not with these roles", body = Problem),
        (status = 409, description = "not done: why", body = Problem),
        (status = 422, description = "another was sent under the same key", body = Problem),
        (status = 503, description = "not done: the ledger takes no entry now", body = Problem),
    ),
)]
pub(super) async fn command(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    command: Result<Json<Command>, JsonRejection>,
) -> Result<Response, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    let Json(command) = command.map_err(|error| rejected(&error))?;
    caller.may(Right::of(&command))?;
    let command = match caller.by {
        By::Socket => command,
        By::Session { .. } | By::Token(_) | By::Certificate(_) => command.said_by(&caller.name),
    };
    let asked = command.clone();
    let (by, answering) = (caller.clone(), Shared::clone(&console));
    let doing = async move {
        let answer = answering.answer(&by, command).await?;
        let is_secret = matches!(answer, Answer::TokenMade { .. });
        Ok(Told::of(StatusCode::OK, &answer)?.secret(is_secret))
    };
    // What is asked may be long, is asked anew each time, and a look at a patient is recorded each time.
    match asked.is_a_change() {
        true => once(&console, &caller, &headers, (COMMANDS, &asked), doing).await,
        false => doing.await.map(Told::into),
    }
}

impl Console {
    /// Performs a command of somebody who may. What tells who a patient is, is recorded first.
    pub(in crate::admin) async fn answer(
        &self,
        caller: &Caller,
        command: Command,
    ) -> Result<Answer, Problem> {
        self.look_is_recorded(caller, &command).await?;
        let changed = command.ends_sessions_of().map(ToString::to_string);
        match self.perform(command).await {
            Answer::Refused { reason } => Err(Problem::refused(reason)),
            answer => {
                if let Some(account) = changed {
                    self.end_sessions_of(&account, SignOutEnd::Revoked).await;
                }
                Ok(answer)
            }
        }
    }
}

pub(super) fn rejected(error: &JsonRejection) -> Problem {
    match error {
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => {
            // What serde says may quote what was sent.
            Problem::bad("not what /api/v1/openapi.json says")
        }
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type: application/json",
        ),
        other => Problem::new(other.status(), "the body cannot be read"),
    }
}
