//! Lists, a page at a time.

#![expect(
    unused_qualifications,
    reason = "utoipa names the type of parameters by its path"
)]

use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedAccount;
use crate::gateway::control::ListedAssociation;
use crate::gateway::control::ListedCharge;
use crate::gateway::control::ListedConsent;
use crate::gateway::control::ListedEpoch;
use crate::gateway::control::ListedHold;
use crate::gateway::control::ListedProposal;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::ListedReport;
use crate::gateway::control::ListedReview;
use crate::gateway::control::ListedScore;
use crate::gateway::control::ListedStudy;
use crate::gateway::control::ListedSuspension;

/// Members of a page where nobody says how many.
const LIMIT_DEFAULT: usize = 100;
/// The most.
const LIMIT_MAX: usize = 1_000;

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::admin) struct Part {
    /// After so many members: `next` of the page before.
    #[serde(default)]
    after: usize,
    /// At most so many: 1 to 1000, 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed<T> {
    /// The members.
    items: Vec<T>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

impl Part {
    fn limit(self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        match (1..=LIMIT_MAX).contains(&limit) {
            true => Ok(limit),
            false => Err(Problem::bad(format!("limit: 1 to {LIMIT_MAX}"))),
        }
    }

    pub(super) fn of<T>(self, all: Vec<T>) -> Result<Listed<T>, Problem> {
        let limit = self.limit()?;
        let end = self.after.saturating_add(limit);
        let next = (end < all.len()).then_some(end);
        let items = all.into_iter().skip(self.after).take(limit).collect();
        Ok(Listed { items, next })
    }
}

/// A query that can be read.
pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;

/// What it asks.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read<T>(asked: Asked<T>) -> Result<T, Problem> {
    asked
        .map(|Query(asked)| asked)
        .map_err(|error| Problem::bad(error.body_text()))
}

impl Console {
    /// The answer to a command that lists, which `pick` takes the list out of.
    async fn list<T>(
        &self,
        caller: &Caller,
        command: Command,
        part: Asked<Part>,
        pick: impl FnOnce(Answer) -> Option<Vec<T>>,
    ) -> Result<Json<Listed<T>>, Problem> {
        caller.may(Right::of(&command))?;
        let part = read(part)?;
        let answer = self.answer(caller, command).await?;
        let all = pick(answer).ok_or_else(|| Problem::unavailable(""))?;
        part.of(all).map(Json)
    }
}

/// A list that one command answers: its route, and what it tells of itself.
macro_rules! lists {
    ($($(#[doc = $doc:literal])* $name:ident, $path:literal, $tag:literal, $command:expr, $answer:ident.$field:ident: $member:ty;)*) => {
        $(
            $(#[doc = $doc])*
            #[utoipa::path(
                get,
                path = $path,
                tag = $tag,
                params(Part),
                responses(
                    (status = 200, body = Listed<$member>),
                    (status = 400, body = Problem),
                    (status = 401, body = Problem),
                    (status = 403, body = Problem),
                    (status = 409, body = Problem),
                    (status = 503, body = Problem),
                ),
            )]
            async fn $name(
                State(console): State<Shared>,
                caller: Caller,
                part: Asked<Part>,
            ) -> Result<Json<Listed<$member>>, Problem> {
                let pick = |answer| match answer {
                    Answer::$answer { $field, .. } => Some($field),
                    _ => None,
                };
                console.list(&caller, $command, part, pick).await
            }
        )*

        /// All of them.
        pub(super) fn router() -> OpenApiRouter<Shared> {
            OpenApiRouter::new()
                $(.routes(routes!($name)))*
                .routes(routes!(consents))
                .routes(routes!(queue))
        }
    };
}

/// The consents that stand, in the order in which they were recorded. Patients are pseudonyms.
#[utoipa::path(
    get,
    path = "/api/v1/consents",
    tag = "consents",
    params(Part),
    responses(
        (status = 200, body = Listed<ListedConsent>),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn consents(
    State(console): State<Shared>,
    caller: Caller,
    part: Asked<Part>,
) -> Result<Json<Listed<ListedConsent>>, Problem> {
    caller.may(Right::SeeConsents)?;
    let part = read(part)?;
    let found = console.office.consents(part.after, part.limit()?).await;
    let (items, is_more) = found.map_err(|error| Problem::unavailable(error.to_string()))?;
    let next = is_more.then(|| part.after.saturating_add(items.len()));
    Ok(Json(Listed { items, next }))
}

lists! {
    /// The reviews that wait, the next to be due first.
    reviews, "/api/v1/reviews", "reviews", Command::Reviews, Reviews.reviews: ListedReview;
    /// Reported incidents that wait for an arbiter.
    incidents, "/api/v1/incidents", "reviews", Command::Incidents, Incidents.reports: ListedReport;
    /// Charges that can be reversed.
    charges, "/api/v1/charges", "reviews", Command::Incidents, Incidents.charges: ListedCharge;
    /// Proposed policies.
    proposals, "/api/v1/proposals", "policy", Command::Policies, Policies.proposals: ListedProposal;
    /// Scores of today.
    scores, "/api/v1/scores", "institutions", Command::Scores, Scores.scores: ListedScore;
    /// Holds that stand.
    holds, "/api/v1/holds", "ledger", Command::Holds, Holds.holds: ListedHold;
    /// Epochs whose details can still be opened.
    epochs, "/api/v1/epochs", "ledger", Command::Epochs, Epochs.epochs: ListedEpoch;
    /// The accounts of the console, without what proves their users.
    accounts, "/api/v1/accounts", "accounts", Command::Accounts, Accounts.accounts: ListedAccount;
    /// The associations that peers hold with the gateway at this moment, the oldest first.
    associations, "/api/v1/associations", "peers", Command::Associations, Associations.associations: ListedAssociation;
    /// Queues of the spool.
    queues, "/api/v1/queues", "queues", Command::Queues, Queues.queues: ListedQueue;
    /// Suspensions of accountings that last.
    suspensions, "/api/v1/suspensions", "disclosures", Command::Suspensions, Suspensions.suspensions: ListedSuspension;
}

/// What lies in a queue, by study. Patients are pseudonyms, studies keyed digests.
#[utoipa::path(
    get,
    path = "/api/v1/queues/{queue}",
    tag = "queues",
    params(("queue" = String, Path, description = "The name of the destination's peer"), Part),
    responses(
        (status = 200, body = Listed<ListedStudy>),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn queue(
    State(console): State<Shared>,
    caller: Caller,
    Path(queue): Path<String>,
    part: Asked<Part>,
) -> Result<Json<Listed<ListedStudy>>, Problem> {
    let command = Command::Queue {
        queue,
        one_by_one: false,
    };
    let pick = |answer| match answer {
        Answer::Queue { studies, .. } => Some(studies),
        _ => None,
    };
    console.list(&caller, command, part, pick).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_told_in_parts() {
        let part = |after, limit| Part { after, limit }.of(vec![1, 2, 3, 4, 5]);
        let told = |after, limit| part(after, Some(limit)).map(|page| (page.items, page.next));
        assert_eq!(told(0, 2), Ok((vec![1, 2], Some(2))));
        assert_eq!(told(4, 2), Ok((vec![5], None)));
        assert_eq!(told(3, 2), Ok((vec![4, 5], None)));
        assert_eq!(told(usize::MAX, 1_000), Ok((vec![], None)));
        assert!(told(0, 0).is_err() && told(0, 1_001).is_err());
        assert_eq!(part(0, None).unwrap().items.len(), 5);
    }
}
