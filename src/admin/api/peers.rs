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
use crate::admin::board::Alerted;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::log::LogLine;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::config::Config;
use crate::config::Peer;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(peers))
        .routes(routes!(alerts))
        .routes(routes!(log))
}

/// A peer of the configuration.
#[derive(Debug, Serialize, ToSchema)]
struct ListedPeer {
    /// Its name.
    name: String,
    /// Its AE title.
    ae_title: String,
    /// The institution that it belongs to.
    institution: String,
    /// Where the gateway connects to it; `null`: never.
    connect: Option<String>,
    /// The gateway connects to it by TLS.
    tls: bool,
    /// It may come, and be connected to, without TLS.
    plain: bool,
    /// Networks that it calls from.
    addresses: Vec<String>,
    /// It may call from any address.
    any_address: bool,
    /// What its certificates are known by.
    certificates: Vec<String>,
    /// What it may ask.
    may: Vec<String>,
    /// It is the gateway of another institution.
    is_gateway: bool,
    /// Associations that it holds now.
    associations: usize,
}

impl ListedPeer {
    fn of(config: &Config, peer: &Peer, associations: usize) -> Self {
        let certificates = config.certificates_of(peer).iter();
        Self {
            name: peer.name.to_string(),
            ae_title: peer.ae_title.to_string(),
            institution: peer.institution.to_string(),
            connect: peer.connect.map(|at| at.to_string()),
            tls: peer.tls,
            plain: peer.plain,
            addresses: peer.addresses.iter().map(ToString::to_string).collect(),
            any_address: peer.any_address,
            certificates: certificates.map(ToString::to_string).collect(),
            may: peer.may.iter().map(|one| one.as_str().to_owned()).collect(),
            is_gateway: peer.through.is_some(),
            associations,
        }
    }
}

/// The peers of the configuration, and how many associations each holds now.
#[utoipa::path(
    get,
    path = "/api/v1/peers",
    tag = "peers",
    params(Part),
    responses(
        (status = 200, body = Listed<ListedPeer>),
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
) -> Result<Json<Listed<ListedPeer>>, Problem> {
    caller.may(Right::SeePeers)?;
    let part = read(part)?;
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    if let Answer::Associations { associations } = console.perform(Command::Associations).await {
        for peer in associations.into_iter().filter_map(|one| one.peer) {
            let count = held.entry(peer.to_string()).or_default();
            *count = count.saturating_add(1);
        }
    }
    let config = &console.config;
    let listed = config.peers.iter().map(|peer| {
        let associations = held.get(peer.name.as_str()).copied().unwrap_or(0);
        ListedPeer::of(config, peer, associations)
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
