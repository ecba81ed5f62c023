//! Answers searches for AuditEvents (ITI-81) by HTTPS.
//!
//! | request | answer |
//! |---|---|
//! | `GET /fhir/AuditEvent?…` | a Bundle of what was found, once the ledger says that somebody looked |
//! | `GET /fhir/metadata` | what this server can do |

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::header;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::search::PAGE;
use super::search::Page;
use super::search::Search;
use super::search::Shelf;
use crate::config::AuditSearch;
use crate::config::CertificateName;
use crate::config::HostPort;
use crate::contract::InstitutionSlug;
use crate::gateway::RecordError;
use crate::gateway::Recorder;
use crate::time::UtcMicros;
use crate::transport::Channel;
use crate::transport::Security;
use crate::web;
use crate::web::Door;
use crate::web::Visitor;

/// Content type of every answer.
const FHIR_JSON: &str = "application/fhir+json";

/// Where the events are.
const EVENTS: &str = "/fhir/AuditEvent";

/// See the module.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) config: Arc<AuditSearch>,
    pub(super) own: InstitutionSlug,
    pub(super) security: Arc<Security>,
    pub(super) recorder: Recorder,
    pub(super) shelf: Shelf,
}

impl Server {
    /// Serves until `stopped`.
    pub(super) async fn serve(self, socket: TcpListener, stopped: watch::Receiver<bool>) {
        let limits = web::Limits {
            request: self.config.request,
            connections_max: self.config.connections_max,
        };
        let door = Door::mutual(Arc::clone(&self.security));
        let answer = move |visitor: Visitor, asked: Request<Incoming>| {
            let server = self.clone();
            async move { server.answer(&visitor.channel, &asked).await }
        };
        let refused = |from: SocketAddr, error| {
            tracing::info!(%from, %error, "no connection for a search of audits");
        };
        web::serve(socket, door, limits, answer, refused, stopped).await;
    }

    async fn answer(&self, channel: &Channel, asked: &Request<Incoming>) -> Response<Full<Bytes>> {
        let Some(reader) = self.reader(channel) else {
            let why = "not a reader that is known here";
            return told(StatusCode::FORBIDDEN, &outcome("forbidden", why));
        };
        match (asked.method(), asked.uri().path()) {
            (&Method::GET, EVENTS) => self.search(&reader, asked).await,
            (&Method::GET, "/fhir/metadata") => told(StatusCode::OK, &capabilities()),
            (_, EVENTS | "/fhir/metadata") => {
                let why = "audits are read here, and nothing else";
                told(
                    StatusCode::METHOD_NOT_ALLOWED,
                    &outcome("not-supported", why),
                )
            }
            _ => told(
                StatusCode::NOT_FOUND,
                &outcome("not-found", "nothing is here"),
            ),
        }
    }

    /// What the caller's certificate is known by, if it is one of those that may search.
    fn reader(&self, channel: &Channel) -> Option<CertificateName> {
        let shown = channel.certificate.as_deref()?;
        let known = shown.names().intersection(&self.config.readers).next();
        let believed = self.security.now().believes(&self.own, shown);
        if known.is_none() || !believed {
            let names: Vec<String> = shown.names().iter().map(ToString::to_string).collect();
            tracing::info!(
                names = names.join(", "),
                believed,
                "a stranger at the search of audits"
            );
        }
        known.filter(|_| believed).cloned()
    }

    /// Records that `reader` looks.
    async fn note(&self, search: &Search, reader: &CertificateName) -> Result<u64, RecordError> {
        let bounded = |at: UtcMicros| (at > UtcMicros(0) && at < UtcMicros(i64::MAX)).then_some(at);
        let between = (bounded(search.from()), bounded(search.until()));
        let names = search.parameters.iter().map(|&name| name.to_owned());
        let (names, identified) = (names.collect(), self.shelf.identified);
        let by = reader.to_string();
        self.recorder.searched(between, names, identified, by).await
    }

    async fn search(
        &self,
        reader: &CertificateName,
        asked: &Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let query = asked.uri().query().unwrap_or_default();
        let search = match Search::read(form_urlencoded::parse(query.as_bytes())) {
            Ok(search) => search,
            Err(error) => {
                let why = outcome("invalid", &error.to_string());
                return told(StatusCode::BAD_REQUEST, &why);
            }
        };
        // A later page is a part of what was recorded.
        if search.page.is_none()
            && let Err(error) = self.note(&search, reader).await
        {
            tracing::warn!(%error, "a search of audits is not recorded, and not answered");
            let why = "the ledger takes no entry now";
            return told(StatusCode::SERVICE_UNAVAILABLE, &outcome("transient", why));
        }
        let shelf = self.shelf.clone();
        let found = tokio::task::spawn_blocking(move || shelf.page(&search)).await;
        match found {
            Ok(Ok(page)) => told(StatusCode::OK, &bundle(asked, query, page)),
            Ok(Err(error)) => {
                tracing::error!(%error, "a search of audits failed");
                told(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &outcome("exception", "the ledger cannot be read"),
                )
            }
            Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, &outcome("exception", "")),
        }
    }
}

/// A Bundle of type `searchset`.
fn bundle(asked: &Request<Incoming>, query: &str, page: Page) -> Value {
    let base = base(asked);
    let mut links = vec![json!({"relation": "self", "url": format!("{base}?{query}")})];
    if let Some(next) = page.next {
        let rest = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != PAGE);
        let mut again = form_urlencoded::Serializer::new(String::new());
        let again = again
            .extend_pairs(rest)
            .append_pair(PAGE, &next.to_string());
        let url = format!("{base}?{}", again.finish());
        links.push(json!({"relation": "next", "url": url}));
    }
    let entries = page.events.into_iter().map(|event| {
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default();
        let url = format!("{base}/{id}");
        json!({"fullUrl": url, "resource": event, "search": {"mode": "match"}})
    });
    let entries: Vec<Value> = entries.collect();
    // FHIR has no empty arrays.
    match entries.is_empty() {
        true => json!({"resourceType": "Bundle", "type": "searchset", "link": links}),
        false => {
            json!({"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})
        }
    }
}

/// The address of the events, as the caller has it.
fn base(asked: &Request<Incoming>) -> String {
    let host = asked.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    match host.and_then(HostPort::parse) {
        Some(host) => format!("https://{host}{EVENTS}"),
        None => EVENTS.to_owned(),
    }
}

fn capabilities() -> Value {
    let parameter = |(name, kind): (&str, &str)| json!({"name": name, "type": kind});
    let parameters = super::search::offered().map(parameter);
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-30",
        "kind": "instance",
        "software": {"name": "Credence", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "The audits of a Credence gateway"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{
            "mode": "server",
            "resource": [{
                "type": "AuditEvent",
                "interaction": [{"code": "search-type"}],
                "searchParam": parameters.collect::<Vec<Value>>(),
            }],
        }],
    })
}

/// An OperationOutcome that says what is wrong.
fn outcome(code: &str, why: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": why}],
    })
}

fn told(status: StatusCode, resource: &Value) -> Response<Full<Bytes>> {
    web::text(status, FHIR_JSON, resource.to_string())
}
