//! The main values of the configuration, as they are in force. They are changed in the file, and no secret is among
//! them.

use axum::extract::State;
use axum::response::Html;
use maud::Markup;
use maud::html;

use crate::admin::console::Console;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeAccounts)?;
    let words = frame.words;
    let body = html! {
        dl class="facts" {
            dt { (words.say("accounts-version")) } dd { "Credence " (env!("CARGO_PKG_VERSION")) }
            dt { (words.say("accounts-time-zone")) } dd { (console.face.name()) }
            dt { (words.say("accounts-api")) }
            dd { a href="/api/v1/openapi.json" { "/api/v1/openapi.json" } }
            dt { (words.say("accounts-metrics")) } dd { a href="/metrics" { "/metrics" } }
        }
        (table(&frame, &values(&console)))
        p class="hint" { (words.say("accounts-settings-where")) }
        p { a href="/accounts" { (words.say("accounts-back")) } }
    };
    let page = frame.page(&words.say("accounts-settings"), &body);
    Ok(Html(page.into_string()))
}

fn table(frame: &Frame, values: &[(&'static str, String)]) -> Markup {
    let words = frame.words;
    let rows = html! {
        @for (key, value) in values {
            tr {
                td { code { (key) } }
                td { @if value.is_empty() { span class="none" { "–" } } @else { (value) } }
            }
        }
    };
    let heads = [
        words.say("accounts-head-key"),
        words.say("accounts-head-value"),
    ];
    parts::table(&words.say("accounts-configuration"), &heads, &rows)
}

/// By the names of the configuration file.
fn values(console: &Console) -> Vec<(&'static str, String)> {
    let config = &console.config;
    let (gateway, own) = (&config.gateway, &config.console);
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
    let text = |value: Option<String>| value.unwrap_or_default();
    vec![
        ("gateway.institution", gateway.institution.to_string()),
        ("gateway.mode", gateway.mode.as_str().to_owned()),
        ("gateway.data_dir", gateway.data_dir.display().to_string()),
        ("gateway.keys_dir", gateway.keys_dir.display().to_string()),
        (
            "gateway.policy_dir",
            gateway.policy_dir.display().to_string(),
        ),
        (
            "gateway.credit_file",
            gateway.credit_file.display().to_string(),
        ),
        ("spool.dir", config.spool.dir.display().to_string()),
        ("console.listen", text(own.listen.map(|at| at.to_string()))),
        (
            "console.url",
            text(own.url.as_ref().map(ToString::to_string)),
        ),
        (
            "console.certificate",
            text(
                own.identity
                    .as_ref()
                    .map(|identity| identity.certificate.display().to_string()),
            ),
        ),
        ("console.session_idle_s", seconds(own.session_idle)),
        ("console.session_s", seconds(own.session)),
        ("console.sessions_max", own.sessions_max.to_string()),
        (
            "exchange.listen",
            text(config.exchange.listen.map(|at| at.to_string())),
        ),
        ("webhook", config.alarm.webhooks.len().to_string()),
        (
            "mail.smtp",
            text(config.alarm.mail.as_ref().map(|mail| mail.smtp.to_string())),
        ),
        ("audit_receiver", config.audit_receivers.len().to_string()),
        ("gateway_peer", config.gateway_peers.len().to_string()),
    ]
}
