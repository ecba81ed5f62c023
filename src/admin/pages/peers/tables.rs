//! What the configuration says of others and of us: peers, routes, AE titles, listeners; and what ends some day.

use std::borrow::Cow;

use maud::Markup;
use maud::html;

use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::config::ClientCertificate;
use crate::config::Peer;
use crate::config::Route;
use crate::config::Served;
use crate::gateway::control::ListedAssociation;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;
use crate::transport::Term;

/// What ends within so many days is near its end.
const NEAR_DAYS: i64 = 30;

pub(super) fn peers(frame: &Frame, open: &[ListedAssociation]) -> Markup {
    let words = frame.words;
    let config = &frame.console.config;
    let title = words.say("peers-configured");
    if config.peers.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-none"))) };
    }
    let held = |peer: &Peer| {
        let theirs = open
            .iter()
            .filter(|one| one.peer.as_ref() == Some(&peer.name));
        theirs.count()
    };
    let rows = html! {
        @for peer in &config.peers {
            tr id=(format!("peer-{}", peer.name)) {
                th scope="row" { (peer.name) }
                td { code { (peer.ae_title) } }
                td { (frame.institution(&peer.institution)) }
                td { (connect(frame, peer)) }
                td { (comes_from(frame, peer)) }
                td { (may(peer)) }
                td class="number" { (held(peer)) }
            }
        }
    };
    let heads = [
        words.say("peers-head-peer"),
        words.say("peers-head-ae-title"),
        words.say("head-institution"),
        words.say("peers-head-connect"),
        words.say("peers-head-comes-from"),
        words.say("peers-head-may"),
        words.say("peers-head-held"),
    ];
    parts::table(&title, &heads, &rows)
}

/// Where we connect to it.
fn connect(frame: &Frame, peer: &Peer) -> Markup {
    match peer.connect {
        Some(at) => html! { (at) " " (encrypted(frame, peer.tls)) },
        None => html! { span class="none" { "–" } },
    }
}

fn encrypted(frame: &Frame, tls: bool) -> Markup {
    match tls {
        true => html! { span class="mark good" { "TLS" } },
        false => html! { span class="mark" { (frame.words.say("peers-plain")) } },
    }
}

/// From where it calls, and by what it is known.
fn comes_from(frame: &Frame, peer: &Peer) -> Markup {
    let words = frame.words;
    html! {
        @if peer.any_address { (words.say("peers-any-address")) }
        @for (number, net) in peer.addresses.iter().enumerate() {
            @if number > 0 { ", " }
            (net)
        }
        " " (encrypted(frame, !peer.plain))
        @for certificate in frame.console.config.certificates_of(peer) {
            br;
            code { (certificate) }
        }
    }
}

fn may(peer: &Peer) -> Markup {
    let all: Vec<&str> = peer.may.iter().map(|one| one.as_str()).collect();
    match all.is_empty() {
        true => html! { span class="none" { "–" } },
        false => html! { code { (all.join(", ")) } },
    }
}

pub(super) fn routes(frame: &Frame) -> Markup {
    let words = frame.words;
    let config = &frame.console.config;
    let title = words.say("peers-routes");
    if config.routes.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-no-routes"))) };
    }
    let rows = html! {
        @for route in &config.routes {
            tr {
                td { (codes(route.called.iter().map(ToString::to_string))) }
                td {
                    @if route.calling.is_empty() {
                        (words.say("peers-all"))
                    } @else {
                        (joined(route.calling.iter().map(ToString::to_string)))
                    }
                }
                td { (codes(route.sop_classes.iter().map(served))) }
                td { (only(route)) }
                td { (leads_to(frame, route)) }
                td { code { (route.delivery.as_str()) } }
                td { code { (route.mode.as_str()) } }
            }
        }
    };
    let heads = [
        words.say("peers-head-called"),
        words.say("peers-head-callers"),
        words.say("peers-head-sop-classes"),
        words.say("peers-head-only"),
        words.say("peers-head-to"),
        words.say("peers-head-delivery"),
        words.say("peers-head-mode"),
    ];
    parts::table(&title, &heads, &rows)
}

fn served(served: &Served) -> String {
    match served {
        Served::Group(group) => group.as_str().to_owned(),
        Served::Class(uid) => uid.to_string(),
    }
}

/// Modalities and stations that a route is for.
fn only(route: &Route) -> Markup {
    let modalities = route.modalities.iter();
    let all = modalities.chain(&route.stations);
    let all: Vec<String> = all.map(|one| one.as_str().to_owned()).collect();
    match all.is_empty() {
        true => html! { span class="none" { "–" } },
        false => codes(all.into_iter()),
    }
}

fn leads_to(frame: &Frame, route: &Route) -> Markup {
    html! {
        (joined(route.to.iter().map(ToString::to_string)))
        @if !route.copies.is_empty() {
            br;
            (frame.words.say("peers-copies")) " "
            (joined(route.copies.iter().map(ToString::to_string)))
        }
    }
}

fn codes(all: impl Iterator<Item = String>) -> Markup {
    html! { code { (joined(all)) } }
}

fn joined(all: impl Iterator<Item = String>) -> Cow<'static, str> {
    Cow::Owned(all.collect::<Vec<_>>().join(", "))
}

pub(super) fn titles(frame: &Frame) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for own in &frame.console.config.aes {
            tr {
                td { code { (own.title) } }
                td {
                    @match &own.purpose {
                        Some(purpose) => code { (purpose.as_str()) },
                        None => (words.say("peers-purpose-of-caller")),
                    }
                }
            }
        }
    };
    let heads = [
        words.say("peers-head-ae-title"),
        words.say("peers-head-purpose"),
    ];
    parts::table(&words.say("peers-titles"), &heads, &rows)
}

pub(super) fn listeners(frame: &Frame) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for listener in &frame.console.config.listeners {
            tr {
                td { (listener.address) }
                td {
                    (encrypted(frame, listener.tls))
                    @if listener.tls {
                        " "
                        @match listener.client_certificate {
                            ClientCertificate::Required => (words.say("peers-certificate-required")),
                            ClientCertificate::Optional => (words.say("peers-certificate-optional")),
                        }
                    }
                }
                td class="number" { (listener.associations_max) }
            }
        }
    };
    let heads = [
        words.say("peers-head-address"),
        words.say("peers-head-encryption"),
        words.say("peers-head-at-most"),
    ];
    parts::table(&words.say("peers-listeners"), &heads, &rows)
}

pub(super) fn certificates(frame: &Frame) -> Markup {
    let words = frame.words;
    let console = &frame.console;
    let now = console.clock.now();
    let of = [&console.dicom_security, &console.security];
    let sets = of.into_iter().flatten().map(|security| security.now());
    let mut terms: Vec<Term> = sets.flat_map(|trust| trust.terms().to_vec()).collect();
    terms.sort_by(|one, other| (one.ends, &one.what).cmp(&(other.ends, &other.what)));
    // Authorities are the same for both.
    terms.dedup();
    let title = words.say("peers-certificates");
    if terms.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("peers-no-certificates"))) };
    }
    let rows = html! {
        @for term in &terms {
            tr {
                td { (term.what) }
                td { (frame.time(term.ends)) }
                td { (left(frame, term.ends, now)) }
            }
        }
    };
    let heads = [
        words.say("peers-head-certificate"),
        words.say("peers-head-ends"),
        words.say("peers-head-left"),
    ];
    parts::table(&title, &heads, &rows)
}

/// How long it still is.
fn left(frame: &Frame, ends: UtcMicros, now: UtcMicros) -> Markup {
    let words = frame.words;
    let days = ends.0.saturating_sub(now.0).div_euclid(DAY_MICROS);
    if days < 0 {
        return html! { span class="mark bad" { (words.say("peers-ended")) } };
    }
    let class = match days < NEAR_DAYS {
        true => "mark warn",
        false => "mark good",
    };
    html! { span class=(class) { (words.with("peers-days-left", "days", days)) } }
}
