//! One institution: its score over time and what moved it, its address, and what moved between it and us of late.

use std::time::Duration;

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::Html;
use maud::Markup;
use maud::PreEscaped;
use maud::html;
use serde::Deserialize;

use super::address;
use super::events;
use super::units_of_micro;
use crate::admin::address_book::ListedInstitution;
use crate::admin::board::UnderWay;
use crate::admin::console::Shared;
use crate::admin::credit::Book;
use crate::admin::credit::History;
use crate::admin::credit::Named;
use crate::admin::credit::Reached;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::chart;
use crate::chart::Chart;
use crate::chart::Curve;
use crate::chart::Event;
use crate::contract::InstitutionSlug;
use crate::contract::What;
use crate::time::Day;

/// How long a page waits for the history of a score; then it tells how far that is.
const WITHIN: Duration = Duration::from_millis(400);
/// Transfers of late that are listed.
const TRANSFERS: usize = 8;
/// Lines across the chart: as delivered, rules permit something else from each of these on.
const MARKS: [u16; 3] = [300, 450, 700];

/// How much of the past is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Span {
    /// 92 days.
    Quarter,
    /// A year.
    #[default]
    Year,
    /// All that is known.
    All,
}

impl Span {
    const ALL: [Self; 3] = [Self::Quarter, Self::Year, Self::All];

    const fn code(self) -> &'static str {
        match self {
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::All => "all",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Quarter => "institutions-span-quarter",
            Self::Year => "institutions-span-year",
            Self::All => "institutions-span-all",
        }
    }

    const fn days(self) -> usize {
        match self {
            Self::Quarter => 92,
            Self::Year => 366,
            Self::All => usize::MAX,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    span: Span,
}

/// What is known of its score.
type Known = Result<(Option<History>, Named), Reached>;

pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
    Path(slug): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeInstitutions)?;
    let span = asked.map(|Query(asked)| asked.span).unwrap_or_default();
    let one = console.institution(&slug).await?;
    whole(&console, &frame, &one, span, None).await
}

/// All of the page, with what went wrong with what was asked on it.
pub(super) async fn whole(
    console: &Shared,
    frame: &Frame,
    one: &ListedInstitution,
    span: Span,
    wrong: Option<&str>,
) -> Result<Html<String>, Problem> {
    let body = html! {
        @if let Some(wrong) = wrong { p class="notice bad" role="alert" { (wrong) } }
        @if one.own {
            p { (frame.words.say("institutions-own-what")) }
        } @else {
            (score_part(console, frame, one, span).await)
        }
        (address::section(console, frame, one))
        (transfers(console, frame, &one.institution))
    };
    Ok(Html(frame.page(&one.name, &body).into_string()))
}

/// What changes while the ledger is read.
pub(super) async fn score(
    State(console): State<Shared>,
    frame: Frame,
    Path(slug): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::SeeInstitutions)?;
    let span = asked.map(|Query(asked)| asked.span).unwrap_or_default();
    let one = console.institution(&slug).await?;
    let part = score_part(&console, &frame, &one, span).await;
    Ok(Html(part.into_string()))
}

async fn score_part(
    console: &Shared,
    frame: &Frame,
    one: &ListedInstitution,
    span: Span,
) -> Markup {
    let (slug, today) = (one.institution.clone(), console.clock.now().day());
    let look = move |book: &mut Book| (book.history(&slug, today), book.named(&slug));
    let known = console.credit.look(WITHIN, look).await;
    let words = frame.words;
    let again = format!(
        "/institutions/{}/score?span={}",
        one.institution,
        span.code()
    );
    html! {
        div id="score" hx-get=[known.is_err().then_some(again)] hx-trigger="every 2s" hx-swap="outerHTML" {
            (tiles(frame, one, &known))
            section {
                h2 { (words.say("institutions-over-time")) }
                (drawn(frame, one, &known, span))
            }
            @if let Ok((Some(history), _)) = &known {
                (events::waiting(frame, &history.statement))
                (events::table(frame, &history.statement))
            }
        }
    }
}

fn tiles(frame: &Frame, one: &ListedInstitution, known: &Known) -> Markup {
    let words = frame.words;
    let tile = |id: &str, value: String, more: String| {
        html! {
            div class="tile" {
                dt { (words.say(id)) }
                dd { (value) @if !more.is_empty() { small { (more) } } }
            }
        }
    };
    let statement = match known {
        Ok((Some(history), _)) => Some(&history.statement),
        Ok((None, _)) | Err(_) => None,
    };
    let ceiling = one.ceiling.map_or_else(String::new, |_| {
        let until = statement.and_then(|told| told.ceilings.first()?.until);
        until.map_or_else(
            || words.say("institutions-until-lifted").into_owned(),
            |until| words.with("institutions-until", "day", until.to_string()),
        )
    });
    let named = known.as_ref().ok().map(|(_, named)| named);
    html! {
        dl class="tiles" {
            (tile("institutions-score-today", one.score.unwrap_or_default().to_string(), match one.evidence {
                true => String::new(),
                false => words.say("institutions-no-evidence").into_owned(),
            }))
            @if let Some(value) = one.ceiling {
                (tile("institutions-ceiling", value.to_string(), ceiling))
            }
            (tile("institutions-good", super::units(frame, one.good_milli), String::new()))
            (tile("institutions-bad", super::units(frame, one.bad_milli), String::new()))
            @if let Some(named) = named {
                (tile("institutions-consents", named.granted.to_string(), match named.denied {
                    0 => String::new(),
                    denied => words.with("institutions-objections", "count", denied),
                }))
            }
        }
        @if let Some(told) = statement {
            p class="hint" {
                (words.with_all("institutions-formula", [
                    ("good", units_of_micro(frame, told.good_micro).into()),
                    ("bad", units_of_micro(frame, told.bad_micro).into()),
                    ("base-good", units_of_micro(frame, told.base_good_micro).into()),
                    ("base", units_of_micro(frame, told.base_weight_micro).into()),
                    ("score", u64::from(told.score_without_ceiling).into()),
                ]))
            }
        }
    }
}

fn drawn(frame: &Frame, one: &ListedInstitution, known: &Known, span: Span) -> Markup {
    let words = frame.words;
    let history = match known {
        Ok((Some(history), _)) => history,
        Ok((None, _)) => return parts::nothing(&words.say("institutions-nothing-yet")),
        Err(reached) if reached.failed => {
            return html! { p class="notice bad" { (words.say("institutions-unreadable")) } };
        }
        Err(reached) => return progress(frame, *reached),
    };
    let title = words.with("institutions-chart", "name", one.name.clone());
    let axes = [
        words.say("institutions-axis-day"),
        words.say("institutions-axis-score"),
    ];
    html! {
        p class="actions" {
            @for other in Span::ALL {
                a class="button quiet" href=(format!("/institutions/{}?span={}", one.institution, other.code()))
                    aria-current=[(other == span).then_some("true")] { (words.say(other.name())) }
            }
        }
        figure class="plot" {
            (PreEscaped(chart::figure(&of_history(frame, history, span, &title, [&axes[0], &axes[1]]))))
            figcaption {
                span class="key" { (words.say("institutions-key-score")) }
                span class="key bad" { (words.say("institutions-key-event")) }
                span { (words.say("institutions-key-marks")) }
            }
        }
    }
}

/// How far the ledger is read. Without a script, the page is loaded again by hand.
fn progress(frame: &Frame, reached: Reached) -> Markup {
    let words = frame.words;
    let told = words.with_all(
        "institutions-reading",
        [("done", reached.done.into()), ("of", reached.of.into())],
    );
    html! {
        p id="reading" role="status" { (told) }
        progress aria-labelledby="reading" value=(reached.done) max=(reached.of.max(1)) {}
    }
}

fn of_history<'a>(
    frame: &Frame,
    history: &History,
    span: Span,
    title: &'a str,
    axes: [&'a str; 2],
) -> Chart<'a> {
    let skipped = history.scores.len().saturating_sub(span.days());
    let values: Vec<u16> = history.scores.iter().skip(skipped).copied().collect();
    let offset = i32::try_from(skipped).unwrap_or(i32::MAX);
    let begins = Day(history.first.0.saturating_add(offset));
    let lines = history.statement.lines.iter();
    let events = lines
        .filter(|line| !matches!(line.what, What::Routine { .. }))
        .filter_map(|line| {
            let index = usize::try_from(line.day.0.checked_sub(begins.0)?).ok()?;
            Some(Event {
                day: u32::try_from(index).ok()?.saturating_add(1),
                score: *values.get(index)?,
                text: format!("{}: {}", line.day, events::what(frame, &line.what)),
            })
        });
    let events = events.collect();
    Chart {
        title,
        axes,
        days: u32::try_from(values.len()).unwrap_or(u32::MAX),
        begins: Some(begins),
        marks: &MARKS,
        curves: vec![Curve {
            name: String::new(),
            first: 1,
            values,
        }],
        events,
    }
}

/// What moved between it and us, or moves.
fn transfers(console: &Shared, frame: &Frame, slug: &InstitutionSlug) -> Markup {
    let words = frame.words;
    if !frame.has(Right::SeeTransfers) {
        return html! {};
    }
    let concerns = |one: &&UnderWay| {
        let request = &one.judged.request;
        [&request.requester, &request.recipient, &request.custodian].contains(&slug)
    };
    let found: Vec<UnderWay> = {
        let seen = console.board.seen();
        let all = seen.under_way().chain(seen.ended());
        all.filter(concerns).take(TRANSFERS).cloned().collect()
    };
    let title = words.say("institutions-transfers");
    if found.is_empty() {
        return html! {
            section { h2 { (title) } (parts::nothing(&words.say("institutions-no-transfers"))) }
        };
    }
    let rows = html! {
        @for one in &found {
            tr {
                td { a href=(format!("/transfers/{}", one.judged.entry)) { (frame.time(one.since)) } }
                td { (words.say(&format!("verb-{}", one.judged.request.verb.as_str()))) }
                td { (frame.institution(&one.judged.request.requester)) }
                td { (frame.institution(&one.judged.request.recipient)) }
                td class="number" { (one.instances) }
                td class="number" { (one.failed) }
                td {
                    @match one.outcome {
                        None => span class="mark" { (words.say("institutions-under-way")) },
                        Some(outcome) => (words.say(&format!("outcome-{}", outcome.as_str()))),
                    }
                }
            }
        }
    };
    let heads = [
        words.say("head-when"),
        words.say("head-verb"),
        words.say("head-requester"),
        words.say("institutions-recipient"),
        words.say("institutions-images"),
        words.say("institutions-failed"),
        words.say("head-state"),
    ];
    html! { section { (parts::table(&title, &heads, &rows)) } }
}
