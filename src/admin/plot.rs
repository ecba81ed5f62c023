//! Drawings: SVG made here, coloured by the style sheet alone.

use maud::Markup;
use maud::html;

use super::board::Hour;
use super::pages::Frame;

/// Height of a drawing of the day, in its own units.
const DAY_HEIGHT: u64 = 120;
/// Hours of a day, and the one that is not over.
const DAY_HOURS: u64 = 25;
/// Width of an hour.
const HOUR_WIDTH: u64 = 24;

/// So much of so much, as a bar of 100 units.
pub(super) fn bar(value: u64, of: u64) -> Markup {
    let width = value.saturating_mul(100) / of.max(1);
    html! {
        svg class="bar" viewBox="0 0 100 8" width="100" height="8" aria-hidden="true" focusable="false" {
            rect class="bar-all" x="0" y="0" width="100" height="8" rx="2" {}
            rect class="bar-part" x="0" y="0" width=(width.min(100)) height="8" rx="2" {}
        }
    }
}

/// Requests of the last day by the hour: permitted above, refused on top of them.
pub(super) fn day(frame: &Frame, hours: &[Hour]) -> Markup {
    let words = frame.words;
    let total = |hour: &Hour| hour.permitted.saturating_add(hour.denied);
    let most = hours.iter().map(total).max().unwrap_or(0).max(1);
    let scaled = |count: u64| count.saturating_mul(DAY_HEIGHT) / most;
    // As wide as a whole day from the beginning on: what is new comes at the right.
    let width = HOUR_WIDTH * DAY_HOURS;
    let empty = DAY_HOURS.saturating_sub(hours.len() as u64);
    let label = words.say("plot-day");
    html! {
        figure class="plot" {
            svg viewBox=(format!("0 0 {width} {}", DAY_HEIGHT + 4)) role="img" aria-label=(label) {
                @for (number, hour) in hours.iter().enumerate() {
                    @let x = HOUR_WIDTH * (empty + number as u64) + 3;
                    @let good = scaled(hour.permitted);
                    @let bad = scaled(hour.denied);
                    g {
                        title {
                            (frame.console.face.plain(hour.begins)) " · "
                            (words.say("verdict-permit")) ": " (hour.permitted) " · "
                            (words.say("verdict-deny")) ": " (hour.denied)
                        }
                        rect class="plot-good" x=(x) y=(DAY_HEIGHT + 2 - good) width=(HOUR_WIDTH - 6) height=(good) {}
                        rect class="plot-bad" x=(x) y=(DAY_HEIGHT + 2 - good - bad) width=(HOUR_WIDTH - 6) height=(bad) {}
                    }
                }
                line class="plot-axis" x1="0" y1=(DAY_HEIGHT + 2) x2=(width) y2=(DAY_HEIGHT + 2) {}
            }
            figcaption {
                span class="key good" { (words.say("verdict-permit")) }
                span class="key bad" { (words.say("verdict-deny")) }
            }
        }
    }
}
