//! How the gateway is: what flows, what was refused, whether the ledger and what waits are well.

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use maud::Markup;
use maud::html;

use super::frame::Frame;
use super::parts;
use crate::admin::board::Hour;
use crate::admin::board::Refused;
use crate::admin::console::Shared;
use crate::admin::facts::Facts;
use crate::admin::pages::ledger::verification;
use crate::admin::plot;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::alarm::Stands;
use crate::audit::Severity;
use crate::gateway::control::ListedAssociation;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::ListedScore;
use crate::gateway::control::QueueState;
use crate::transport::Term;

/// Rows of each list.
const ROWS: usize = 8;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(page))
        .route("/overview/now", get(now))
}

async fn page(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeOverview)?;
    let words = frame.words;
    let body = html! {
        div id="now" hx-get="/overview/now" hx-trigger="every 5s" hx-swap="innerHTML" {
            (now_part(&console, &frame).await?)
        }
    };
    Ok(Html(
        frame.page(&words.say("overview"), &body).into_string(),
    ))
}

/// What changes by itself.
async fn now(State(console): State<Shared>, frame: Frame) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeOverview)?;
    Ok(Html(now_part(&console, &frame).await?.into_string()))
}

async fn now_part(console: &Shared, frame: &Frame) -> Result<Markup, Problem> {
    let queues = console.queues().await?;
    let (scores, _) = console.scores().await?;
    let associations = console.associations().await?;
    let facts = console.facts().await;
    Ok(html! {
        (tiles(console, frame, &queues))
        (alerts(console, frame))
        div class="columns" {
            section { (day(console, frame)) }
            section { (refusals(console, frame)) }
            section { (ledger(frame, &facts)) }
            section { (flowing(frame, &associations)) }
            section { (queue_table(frame, &queues)) }
            section { (score_table(frame, &scores)) }
            section { (ending(console, frame)) }
        }
    })
}

/// The numbers that one looks at first.
fn tiles(console: &Shared, frame: &Frame, queues: &[ListedQueue]) -> Markup {
    let words = frame.words;
    let seen = console.board.seen();
    let (mut permitted, mut denied, mut instances, mut bytes) = (0_u64, 0_u64, 0_u64, 0_u64);
    for hour in seen.hours(console.clock.now()) {
        permitted = permitted.saturating_add(hour.permitted);
        denied = denied.saturating_add(hour.denied);
        instances = instances.saturating_add(hour.instances);
        bytes = bytes.saturating_add(hour.bytes);
    }
    let waiting: u64 = queues.iter().map(|queue| queue.waiting.objects).sum();
    let moving = seen.under_way().count();
    let tile = |name: &str, value: String, more: String| {
        html! {
            div class="tile" {
                dt { (words.say(name)) }
                dd { (value) @if !more.is_empty() { small { (more) } } }
            }
        }
    };
    html! {
        dl class="tiles" {
            (tile("tile-under-way", moving.to_string(), String::new()))
            (tile("tile-arrived", instances.to_string(), parts::bytes(bytes)))
            (tile("tile-permitted", permitted.to_string(), String::new()))
            (tile("tile-refused", denied.to_string(), String::new()))
            (tile("tile-waiting", waiting.to_string(), String::new()))
            (tile("tile-ledger", seen.entries().to_string(), String::new()))
        }
    }
}

/// What somebody should look at.
fn alerts(console: &Shared, frame: &Frame) -> Markup {
    let words = frame.words;
    let seen = console.board.seen();
    let standing: Vec<Stands> = seen
        .standing(console.clock.now())
        .into_iter()
        .cloned()
        .collect();
    drop(seen);
    if standing.is_empty() {
        return html! { p class="notice good" { (words.say("no-alerts")) } };
    }
    let rows = html! {
        @for alert in standing.iter().take(ROWS) {
            tr {
                td { (severity(frame, alert.severity)) }
                td { (frame.time(alert.last)) }
                td class="number" { (alert.count) }
                td { code { (alert.code) } }
                td { (alert.text) }
            }
        }
    };
    let heads = [
        "head-how-bad",
        "head-last",
        "head-times",
        "head-code",
        "head-what",
    ];
    let heads = heads.map(|id| words.say(id));
    let all = Rest::of(
        standing.len(),
        frame.has(Right::SeePeers).then_some("/peers/log"),
    );
    html! {
        section class="wide" {
            (parts::table(&words.say("alerts-standing"), &heads, &rows))
            (all.told(frame))
        }
    }
}

/// How bad an alert is, in a word.
pub(super) fn severity(frame: &Frame, severity: Severity) -> Markup {
    let (class, id) = match severity {
        Severity::Success => ("mark good", "severity-success"),
        Severity::Minor => ("mark", "severity-minor"),
        Severity::Serious => ("mark warn", "severity-serious"),
        Severity::Major => ("mark bad", "severity-major"),
    };
    html! { span class=(class) { (frame.words.say(id)) } }
}

/// What moves now: associations and the transfers on them.
fn flowing(frame: &Frame, associations: &[ListedAssociation]) -> Markup {
    let words = frame.words;
    let title = words.say("flowing-now");
    if associations.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("nothing-flows"))) };
    }
    let rows = html! {
        @for one in associations.iter().take(ROWS) {
            tr {
                td { (one.calling) " → " (one.called) }
                td { (one.operation.as_deref().unwrap_or("–")) }
                td class="number" { (one.requests) }
                td { (frame.time(one.since)) }
            }
        }
    };
    let heads = [
        "head-association",
        "head-operation",
        "head-requests",
        "head-since",
    ];
    let heads = heads.map(|id| words.say(id));
    let all = Rest::of(
        associations.len(),
        frame.has(Right::SeePeers).then_some("/peers"),
    );
    html! { (parts::table(&title, &heads, &rows)) (all.told(frame)) }
}

/// What ends some day, and soon.
fn ending(console: &Shared, frame: &Frame) -> Markup {
    let words = frame.words;
    let (now, warning) = (console.clock.now(), console.config.tls.expiry_warning);
    let securities = [&console.dicom_security, &console.security];
    let mut terms: Vec<Term> = securities
        .into_iter()
        .flatten()
        .flat_map(|security| security.now().terms().to_vec())
        .filter(|term| term.is_due(now, warning))
        .collect();
    terms.sort_by_key(|term| term.ends);
    let title = words.say("ending-soon");
    if terms.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("nothing-ends"))) };
    }
    let rows = html! {
        @for term in terms.iter().take(ROWS) {
            tr { td { (term.what) } td { (frame.time(term.ends)) } }
        }
    };
    let heads = ["head-what", "head-ends"].map(|id| words.say(id));
    let all = Rest::of(terms.len(), frame.has(Right::SeePeers).then_some("/peers"));
    html! { (parts::table(&title, &heads, &rows)) (all.told(frame)) }
}

/// Permitted and refused, by the hour.
fn day(console: &Shared, frame: &Frame) -> Markup {
    let words = frame.words;
    let now = console.clock.now();
    let hours: Vec<Hour> = console.board.seen().hours(now).copied().collect();
    html! {
        h2 { (words.say("last-day")) }
        @if hours.is_empty() {
            (parts::nothing(&words.say("nothing-yet")))
        } @else {
            (plot::day(frame, &hours))
        }
    }
}

fn refusals(console: &Shared, frame: &Frame) -> Markup {
    let words = frame.words;
    let now = console.clock.now();
    let seen = console.board.seen();
    let newest: Vec<Refused> = seen.refused(now).take(ROWS).cloned().collect();
    let all = seen.refused(now).count();
    drop(seen);
    let title = words.say("refused-of-the-day");
    if newest.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("nothing-refused"))) };
    }
    let linked = frame.has(Right::SeeDecisions);
    let rows = html! {
        @for refused in &newest {
            tr {
                td { (frame.time(refused.at)) }
                td { (frame.institution(&refused.judged.request.requester)) }
                td { (words.say(&format!("verb-{}", refused.judged.request.verb.as_str()))) }
                td {
                    @if linked {
                        a href=(format!("/decisions/{}", refused.judged.entry)) {
                            (parts::reason(frame, refused.judged.decision.short_reason()))
                        }
                    } @else {
                        (parts::reason(frame, refused.judged.decision.short_reason()))
                    }
                }
            }
        }
    };
    let heads = ["head-when", "head-requester", "head-verb", "head-why"].map(|id| words.say(id));
    let all = Rest::of(all, linked.then_some("/decisions?verdict=deny"));
    html! { (parts::table(&title, &heads, &rows)) (all.told(frame)) }
}

fn queue_table(frame: &Frame, queues: &[ListedQueue]) -> Markup {
    let words = frame.words;
    let title = words.say("queues");
    if queues.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("no-queues"))) };
    }
    let rows = html! {
        @for queue in queues {
            tr {
                td { (queue.queue) }
                td { (queue_state(frame, queue.state)) }
                td class="number" { (queue.waiting.objects) }
                td class="number" { (queue.dead.objects) }
                td class="number" { (queue.quarantined.objects) }
            }
        }
    };
    let heads = [
        "head-queue",
        "head-state",
        "head-waiting",
        "head-dead",
        "head-quarantined",
    ];
    parts::table(&title, &heads.map(|id| words.say(id)), &rows)
}

/// How a queue goes on, in a word.
pub(super) fn queue_state(frame: &Frame, state: QueueState) -> Markup {
    let bad = matches!(
        state,
        QueueState::Down | QueueState::NotRecorded | QueueState::NoPeer
    );
    let id = format!("queue-state-{}", state.as_str().replace(' ', "-"));
    html! { span class=(if bad { "mark bad" } else { "mark" }) { (frame.words.say(&id)) } }
}

fn score_table(frame: &Frame, scores: &[ListedScore]) -> Markup {
    let words = frame.words;
    let title = words.say("scores");
    if scores.is_empty() {
        return html! { h2 { (title) } (parts::nothing(&words.say("no-scores"))) };
    }
    let rows = html! {
        @for score in scores.iter().take(ROWS) {
            tr {
                td { (frame.institution(&score.institution)) }
                td class="number" { (score.score) }
                td { (plot::bar(u64::from(score.score), 1_000)) }
            }
        }
    };
    let heads = ["head-institution", "head-score", "head-of-1000"].map(|id| words.say(id));
    let linked = frame.has(Right::SeeInstitutions);
    let all = Rest::of(scores.len(), linked.then_some("/institutions"));
    html! { (parts::table(&title, &heads, &rows)) (all.told(frame)) }
}

/// Whether the ledger is what it was, and who else says so.
fn ledger(frame: &Frame, facts: &Facts) -> Markup {
    let words = frame.words;
    let size = facts.checkpoint.as_ref().map(|signed| signed.size);
    let cosigned = facts.witnesses.iter().filter_map(|witness| witness.at);
    html! {
        h2 { (words.say("ledger")) }
        dl class="facts" {
            dt { (words.say("ledger-signed-for")) }
            dd { (size.map_or_else(|| "–".to_owned(), |size| size.to_string())) }
            dt { (words.say("ledger-verified-last")) }
            dd {
                @match &facts.verification.last {
                    Some(last) => { (frame.time(last.at)) " " (verification::outcome(frame, last)) }
                    None => { span class="mark" { (words.say("ledger-never")) } }
                }
            }
            dt { (words.say("ledger-witnesses")) }
            dd { (facts.witnesses.len()) }
            @if !facts.witnesses.is_empty() {
                dt { (words.say("ledger-cosigned")) }
                dd {
                    @match cosigned.max() {
                        Some(at) => { (frame.time(at)) }
                        None => { span class="mark warn" { (words.say("ledger-never")) } }
                    }
                }
            }
        }
        @if frame.has(Right::SeeLedger) { p { a href="/ledger" { (words.say("see-all")) } } }
    }
}

/// What a list does not show.
struct Rest {
    hidden: usize,
    /// Where all of it is, for whoever may see it.
    all: Option<&'static str>,
}

impl Rest {
    fn of(all: usize, at: Option<&'static str>) -> Self {
        Self {
            hidden: all.saturating_sub(ROWS),
            all: at,
        }
    }

    fn told(&self, frame: &Frame) -> Markup {
        let words = frame.words;
        html! {
            @if self.hidden > 0 || self.all.is_some() {
                p class="hint" {
                    @if self.hidden > 0 { (words.with("rows-more", "count", self.hidden)) " " }
                    @if let Some(all) = self.all { a href=(all) { (words.say("see-all")) } }
                }
            }
        }
    }
}
