//! HTTPS for other gateways.
//!
//! | request | answer |
//! |---|---|
//! | `POST /receipts`, a receipt that the caller signed | 200 and the receipt with both signatures; 409 and what we would sign; 503: again later; 404: no such transfer; 403: not the caller's to say |
//! | `POST /parcels/<id>/open`, a request that the caller signed | 200 and the release of its key, signed; 400: not such a request; 403: not permitted now; 404, 410: no key of it is kept for the caller, or not any more; 409: sealed to another key; 503: again later |
//! | `POST /add-checkpoint`, `GET /<origin>/checkpoint` | as a witness (C2SP tlog-witness) |

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Desks;
use crate::config;
use crate::config::Config;
use crate::config::GatewayPeer;
use crate::gateway::HeardReceipt;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::parcel::ParcelId;
use crate::transport::Channel;
use crate::transport::Security;
use crate::transport::Shown;
use crate::web;
use crate::web::Door;
use crate::web::Visitor;

/// Content type of every answer but a witness's.
const TEXT: &str = "text/plain; charset=utf-8";

/// See the module.
#[derive(Clone)]
pub(super) struct Server {
    config: Arc<Config>,
    desks: Desks,
}

impl Server {
    pub(super) fn new(config: &Config, desks: Desks) -> Self {
        Self {
            config: Arc::new(config.clone()),
            desks,
        }
    }

    /// Serves until `stopped`.
    pub(super) async fn serve(
        self,
        socket: TcpListener,
        security: Arc<Security>,
        stopped: watch::Receiver<bool>,
    ) {
        let limits = web::Limits {
            request: self.config.exchange.request,
            connections_max: self.config.exchange.connections_max,
        };
        let trust = Arc::clone(&security);
        let answer = move |visitor: Visitor, asked: Request<Incoming>| {
            let (server, trust) = (self.clone(), Arc::clone(&trust));
            async move { server.answer(&trust, &visitor.channel, asked).await }
        };
        let refused = |from: SocketAddr, error| {
            tracing::info!(%from, %error, "no connection for the exchange");
        };
        web::serve(
            socket,
            Door::mutual(security),
            limits,
            answer,
            refused,
            stopped,
        )
        .await;
    }

    async fn answer(
        &self,
        security: &Security,
        channel: &Channel,
        asked: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let shown = channel.certificate.as_deref();
        let Some(caller) = shown.and_then(|shown| self.caller(security, shown)) else {
            return told(StatusCode::FORBIDDEN, "not a gateway that is known here\n");
        };
        if let Some(id) = parcel_of(asked.uri().path()) {
            return match asked.method() {
                &Method::POST => self.parcel(caller, id, asked.into_body()).await,
                _ => told(StatusCode::METHOD_NOT_ALLOWED, ""),
            };
        }
        let is_receipt = asked.uri().path() == "/receipts";
        match (asked.method(), is_receipt) {
            (&Method::POST, true) => self.receipt(caller, asked.into_body()).await,
            (_, true) => told(StatusCode::METHOD_NOT_ALLOWED, ""),
            (_, false) => match &self.desks.witness {
                Some(witness) => witness.answer(asked).await,
                None => told(StatusCode::NOT_FOUND, "not known here\n"),
            },
        }
    }

    /// The gateway whose certificate this is.
    fn caller(&self, security: &Security, shown: &Shown) -> Option<&Arc<GatewayPeer>> {
        let trust = security.now();
        let caller = self.config.gateway_caller(config::Shown {
            names: shown.names(),
            believed: &|institution| trust.believes(institution, shown),
        });
        if let Err(stranger) = &caller {
            let names = shown.names().iter().map(ToString::to_string);
            let names = names.collect::<Vec<_>>().join(", ");
            tracing::info!(names, why = %stranger, "a stranger at the exchange");
        }
        caller.ok()
    }

    async fn parcel(
        &self,
        caller: &GatewayPeer,
        id: ParcelId,
        body: Incoming,
    ) -> Response<Full<Bytes>> {
        let request = match self.text(body).await {
            Ok(request) => request,
            Err(answer) => return answer,
        };
        let (desk, from) = (self.desks.parcels.clone(), caller.peer.institution.clone());
        // What has begun to be recorded is answered for, even if the caller does not wait.
        let opened = tokio::spawn(async move { desk.open(&from, id, &request).await });
        let Ok(reply) = opened.await else {
            return told(StatusCode::INTERNAL_SERVER_ERROR, "");
        };
        let status = StatusCode::from_u16(reply.status);
        told(
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            &reply.body,
        )
    }

    /// A body that is a signed text.
    async fn text(&self, body: Incoming) -> Result<String, Response<Full<Bytes>>> {
        let body = web::body(body, SIGNED_TEXT_BYTES_MAX, self.config.exchange.request).await;
        match body.map(|bytes| String::from_utf8(bytes.to_vec())) {
            Ok(Ok(note)) => Ok(note),
            Ok(Err(_)) => Err(told(StatusCode::BAD_REQUEST, "not UTF-8\n")),
            Err(status) => Err(told(status, "")),
        }
    }

    async fn receipt(&self, caller: &GatewayPeer, body: Incoming) -> Response<Full<Bytes>> {
        let note = match self.text(body).await {
            Ok(note) => note,
            Err(answer) => return answer,
        };
        let (desk, from) = (self.desks.receipts.clone(), caller.peer.institution.clone());
        // What has begun to be recorded is answered for, even if the caller does not wait.
        let heard = tokio::spawn(async move { desk.hear(&from, &note).await });
        match heard.await {
            Ok(HeardReceipt::Signed(note)) => told(StatusCode::OK, &note),
            Ok(HeardReceipt::Disputed(note)) => told(StatusCode::CONFLICT, &note),
            Ok(HeardReceipt::Later) => told(StatusCode::SERVICE_UNAVAILABLE, "again later\n"),
            Ok(HeardReceipt::Unknown) => told(StatusCode::NOT_FOUND, "no such transfer\n"),
            Ok(HeardReceipt::Refused(why)) => told(StatusCode::FORBIDDEN, &format!("{why}\n")),
            Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, ""),
        }
    }
}

/// The parcel that `/parcels/<id>/open` is about.
fn parcel_of(path: &str) -> Option<ParcelId> {
    let id = path.strip_prefix("/parcels/")?.strip_suffix("/open")?;
    id.parse().ok()
}

fn told(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    web::text(status, TEXT, text.to_owned())
}
