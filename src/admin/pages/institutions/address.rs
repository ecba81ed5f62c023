//! The address book: peers, names of certificates, keys; and whether a peer answers.

use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::codes;
use super::one;
use crate::admin::address_book::Address;
use crate::admin::address_book::ListedGateway;
use crate::admin::address_book::ListedInstitution;
use crate::admin::address_book::ListedPeer;
use crate::admin::console::Shared;
use crate::admin::echoes::Echoed;
use crate::admin::echoes::Failure;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;

/// All that the configuration says of it.
pub(super) fn section(console: &Shared, frame: &Frame, one: &ListedInstitution) -> Markup {
    let words = frame.words;
    let address = console.address(&one.institution);
    html! {
        section {
            h2 { (words.say("institutions-address-book")) }
            (facts(frame, one, &address))
            (peers(console, frame, one, &address.peers))
            @for gateway in &address.gateways { (keys(frame, gateway)) }
        }
    }
}

fn facts(frame: &Frame, one: &ListedInstitution, address: &Address) -> Markup {
    let words = frame.words;
    html! {
        dl class="facts" {
            dt { (words.say("institutions-slug")) }
            dd { code { (one.institution) } }
            dt { (words.say("institutions-address")) }
            dd {
                @match &address.address {
                    Some(address) => (address),
                    None => span class="none" { (words.say("institutions-no-address")) },
                }
            }
            @if !address.certificates.is_empty() {
                dt { (words.say("institutions-certificates")) }
                dd { (codes(&address.certificates)) }
            }
            @if !address.fhir.is_empty() {
                dt { (words.say("institutions-fhir")) }
                dd { (codes(&address.fhir)) }
            }
        }
    }
}

fn peers(console: &Shared, frame: &Frame, one: &ListedInstitution, peers: &[ListedPeer]) -> Markup {
    let words = frame.words;
    if peers.is_empty() {
        return parts::nothing(&words.say("institutions-no-peers"));
    }
    let may_echo = frame.has(Right::Echo);
    let rows = html! {
        @for peer in peers {
            tr {
                td { (peer.name) }
                td { code { (peer.ae_title) } }
                td {
                    @if peer.addresses.is_empty() {
                        span class="none" { (words.say("institutions-any-address")) }
                    } @else { (codes(&peer.addresses)) }
                }
                td {
                    @match &peer.connect {
                        Some(connect) => { code { (connect) } @if peer.tls { " TLS" } },
                        None => span class="none" { (words.say("institutions-never-connected")) },
                    }
                }
                td { (codes(&peer.certificates)) }
                td { (codes(&peer.may)) }
                td { (echo_cell(console, frame, one, peer, may_echo)) }
            }
        }
    };
    let heads = [
        words.say("institutions-peer"),
        words.say("institutions-ae-title"),
        words.say("institutions-calls-from"),
        words.say("institutions-connect"),
        words.say("institutions-certificates"),
        words.say("institutions-may"),
        words.say("institutions-echo-head"),
    ];
    html! { div id="peers" { (parts::table(&words.say("institutions-peers"), &heads, &rows)) } }
}

fn echo_cell(
    console: &Shared,
    frame: &Frame,
    one: &ListedInstitution,
    peer: &ListedPeer,
    may_echo: bool,
) -> Markup {
    let words = frame.words;
    let last = peer.name.parse().ok();
    let last = last.and_then(|name| console.echoes.last(&name));
    html! {
        @if let Some(last) = &last { (told(frame, last)) }
        @if may_echo && peer.connect.is_some() {
            div class="actions" {
                form method="post" action=(format!("/institutions/{}/echo", one.institution)) {
                    (frame.csrf())
                    input type="hidden" name="peer" value=(peer.name);
                    button class="quiet" type="submit" aria-label=(words.with("institutions-echo-peer", "peer", peer.name.clone())) {
                        (words.say("institutions-echo"))
                    }
                }
            }
        }
    }
}

/// How an echo went.
fn told(frame: &Frame, echoed: &Echoed) -> Markup {
    let words = frame.words;
    let took = words.with("institutions-echo-took", "ms", echoed.took_ms);
    html! {
        p {
            @match &echoed.failure {
                None => span class="mark good" { (words.say("institutions-echo-answers")) },
                Some((failure, text)) => {
                    span class="mark bad" title=(text) {
                        (words.say(match failure {
                            Failure::Tls => "institutions-echo-tls",
                            Failure::Unreachable => "institutions-echo-unreachable",
                            Failure::NotAccepted => "institutions-echo-not-accepted",
                            Failure::Ended => "institutions-echo-ended",
                            Failure::Status => "institutions-echo-status",
                            Failure::Late => "institutions-echo-late",
                        }))
                    }
                    br; small { (text) }
                }
            }
            br; small { (took) ", " (frame.time(echoed.at)) }
        }
    }
}

fn keys(frame: &Frame, gateway: &ListedGateway) -> Markup {
    let words = frame.words;
    let fact = |id: &str, value: Option<&str>| {
        html! {
            @if let Some(value) = value {
                dt { (words.say(id)) }
                dd { code { (value) } }
            }
        }
    };
    html! {
        h3 { (words.with("institutions-gateway-of", "peer", gateway.peer.clone())) }
        dl class="facts" {
            (fact("institutions-gateway-ae", Some(&gateway.ae)))
            (fact("institutions-gateway-emergency-ae", gateway.emergency_ae.as_deref()))
            (fact("institutions-exchange", gateway.https.as_deref()))
            (fact("institutions-log-key", Some(&gateway.log_key)))
            (fact("institutions-statement-key", Some(&gateway.statement_key)))
            (fact("institutions-witness-key", Some(&gateway.witness_key)))
            (fact("institutions-parcel-key", gateway.parcel_key.as_deref()))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Echo {
    peer: String,
}

/// Asks a peer of the institution whether it answers.
pub(super) async fn echo(
    State(console): State<Shared>,
    Path(slug): Path<String>,
    posted: Posted<Echo>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::Echo)?;
    let one = console.institution(&slug).await?;
    if !one.peers.contains(&posted.form.peer) {
        return Err(Problem::not_found());
    }
    match console.echo(&posted.form.peer).await {
        Ok(_) => {
            Ok(Redirect::to(&format!("/institutions/{}#peers", one.institution)).into_response())
        }
        Err(problem) => {
            let wrong = problem.detail.as_deref();
            let page = one::whole(&console, &posted.frame, &one, one::Span::default(), wrong);
            Ok((problem.code(), page.await?).into_response())
        }
    }
}
