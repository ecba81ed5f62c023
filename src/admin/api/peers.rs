//! Peers, alerts, and the last lines of the log.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lists::Asked;
use super::lists::Listed;
use super::lists::Part;
use super::lists::read;
use crate::admin::address_book::ListedPeer;
use crate::admin::board::Alerted;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::log::LogLine;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(peers))
        .routes(routes!(alerts))
        .routes(routes!(log))
}

/// A peer of the configuration, now.
#[derive(Debug, Serialize, ToSchema)]
struct PeerNow {
    #[serde(flatten)]
    peer: ListedPeer,
    /// The institution that it belongs to.
    institution: String,
    /// Associations that it holds now.
    associations: usize,
}

/// The peers of the configuration, and how many associations each holds now.
#[utoipa::path(
    get,
    path = "/api/v1/peers",
    tag = "peers",
    params(Part),
    responses(
        (status = 200, body = Listed<PeerNow>),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn peers(
    State(console): State<Shared>,
    caller: Caller,
    part: Asked<Part>,
) -> Result<Json<Listed<PeerNow>>, Problem> {
    caller.may(Right::SeePeers)?;
    let part = read(part)?;
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    let associations = console.associations().await?.into_iter();
    for peer in associations.filter_map(|one| one.peer) {
        let count = held.entry(peer.to_string()).or_default();
        *count = count.saturating_add(1);
    }
    let config = &console.config;
    let listed = config.peers.iter().map(|peer| {
        let associations = held.get(peer.name.as_str()).copied().unwrap_or(0);
        PeerNow {
            peer: ListedPeer::of(config, peer),
            institution: peer.institution.to_string(),
            associations,
        }
    });
    part.of(listed.collect()).map(Json)
}

/// An alert of the ledger.
#[derive(Debug, Serialize, ToSchema)]
struct ListedAlert {
    /// Its entry.
    entry: u64,
    /// When, in microseconds since 1970 (UTC).
    at: i64,
    /// Its code: docs/alerts.md.
    code: String,
    /// What it says.
    text: String,
    /// The entry that it is about.
    about: Option<u64>,
}

impl From<&Alerted> for ListedAlert {
    fn from(alert: &Alerted) -> Self {
        Self {
            entry: alert.entry,
            at: alert.at.0,
            code: alert.code.clone(),
            text: alert.text.clone(),
            about: alert.about,
        }
    }
}

/// The alerts of the last day, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    tag = "peers",
    params(Part),
    responses(
        (status = 200, body = Listed<ListedAlert>),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn alerts(
    State(console): State<Shared>,
    caller: Caller,
    part: Asked<Part>,
) -> Result<Json<Listed<ListedAlert>>, Problem> {
    caller.may(Right::SeeOverview)?;
    let part = read(part)?;
    let alerts = console
        .board
        .seen()
        .alerts(console.clock.now())
        .map(ListedAlert::from)
        .collect();
    part.of(alerts).map(Json)
}

/// A line of the process's log.
#[derive(Debug, Serialize, ToSchema)]
struct ListedLine {
    /// When, in microseconds since 1970 (UTC).
    at: i64,
    /// `WARN` or `ERROR`.
    level: String,
    /// Which part of the program says so.
    target: String,
    /// What it says, with its fields.
    text: String,
}

impl From<LogLine> for ListedLine {
    fn from(line: LogLine) -> Self {
        Self {
            at: line.at.0,
            level: line.severity.as_str().to_owned(),
            target: line.target.to_owned(),
            text: line.text,
        }
    }
}

/// The last warnings and errors of the process, the newest first; 1000 at most, since its start.
#[utoipa::path(
    get,
    path = "/api/v1/log",
    tag = "peers",
    params(Part),
    responses(
        (status = 200, body = Listed<ListedLine>),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn log(
    State(console): State<Shared>,
    caller: Caller,
    part: Asked<Part>,
) -> Result<Json<Listed<ListedLine>>, Problem> {
    caller.may(Right::SeePeers)?;
    let part = read(part)?;
    let lines = console.log.newest_first(|_| true);
    part.of(lines.into_iter().map(ListedLine::from).collect())
        .map(Json)
}
