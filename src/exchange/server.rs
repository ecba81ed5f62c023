//! HTTPS for other gateways.
//!
//! | request | answer |
//! |---|---|
//! | `POST /receipts`, a receipt that the caller signed | 200 and the receipt with both signatures; 409 and what we would sign; 503: again later; 404: no such transfer; 403: not the caller's to say |
//! | `POST /add-checkpoint`, `GET /<origin>/checkpoint` | as a witness (C2SP tlog-witness) |

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

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
use crate::config::Config;
use crate::config::GatewayPeer;
use crate::gateway::HeardReceipt;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::transport::Channel;
use crate::transport::Security;
use crate::transport::Shown;
use crate::web;

/// Content type of every answer but a witness's.
const TEXT: &str = "text/plain; charset=utf-8";

/// See the module.
#[derive(Clone)]
pub(super) struct Server {
    gateways: Arc<[Arc<GatewayPeer>]>,
    desks: Desks,
    request: Duration,
    connections_max: usize,
}

impl Server {
    pub(super) fn new(config: &Config, desks: Desks) -> Self {
        Self {
            gateways: config.gateway_peers.clone().into(),
            desks,
            request: config.exchange.request,
            connections_max: config.exchange.connections_max,
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
            request: self.request,
            connections_max: self.connections_max,
        };
        let trust = Arc::clone(&security);
        let answer = move |channel: Arc<Channel>, asked: Request<Incoming>| {
            let (server, trust) = (self.clone(), Arc::clone(&trust));
            async move { server.answer(&trust, &channel, asked).await }
        };
        let refused = |from: SocketAddr, error| {
            tracing::info!(%from, %error, "no connection for the exchange");
        };
        web::serve(socket, Some(security), limits, answer, refused, stopped).await;
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

    /// The gateway whose certificate this is, by an authority that is believed about its institution.
    fn caller(&self, security: &Security, shown: &Shown) -> Option<&Arc<GatewayPeer>> {
        let trust = security.now();
        let is_its = |gateway: &&Arc<GatewayPeer>| {
            let names = &gateway.peer.certificates;
            names.iter().any(|name| shown.names().contains(name))
                && trust.believes(&gateway.peer.institution, shown)
        };
        self.gateways.iter().find(is_its)
    }

    async fn receipt(&self, caller: &GatewayPeer, body: Incoming) -> Response<Full<Bytes>> {
        let body = web::body(body, SIGNED_TEXT_BYTES_MAX, self.request).await;
        let note = match body.map(|bytes| String::from_utf8(bytes.to_vec())) {
            Ok(Ok(note)) => note,
            Ok(Err(_)) => return told(StatusCode::BAD_REQUEST, "not UTF-8\n"),
            Err(status) => return told(status, ""),
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

fn told(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    web::text(status, TEXT, text.to_owned())
}
