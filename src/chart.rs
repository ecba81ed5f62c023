//! A chart of scores over days, as SVG 1.1: no scripts, nothing from outside. As a document it is readable on light
//! and on dark backgrounds by a style of its own; within a page, the page's style sheet colours it.

use std::fmt::Write;

use crate::time::Day;

/// Size of the picture, and where the axes are in it.
const WIDTH: u32 = 860;
const HEIGHT: u32 = 460;
const LEFT: u32 = 60;
const RIGHT: u32 = 830;
const TOP: u32 = 50;
const BOTTOM: u32 = 390;

/// Highest score.
const SCORE_MAX: u32 = 1000;

/// Colours (after Okabe and Ito), widths and dashes of curves, so that colour alone need not tell
/// them apart; each is narrower than the one below it, which so shows where both are the same.
const STROKES: [Stroke; 8] = [
    ("#0072b2", "5", "none"),
    ("#d55e00", "4", "none"),
    ("#009e73", "3", "none"),
    ("#cc79a7", "2", "none"),
    ("#0072b2", "5", "7 4"),
    ("#d55e00", "4", "7 4"),
    ("#009e73", "3", "7 4"),
    ("#cc79a7", "2", "7 4"),
];

/// Colour, width and dashes.
type Stroke = (&'static str, &'static str, &'static str);

/// Colours for light backgrounds, and for dark ones.
const STYLE: &str = "\
    .paper{fill:#ffffff}.text{fill:#1b1b1b}.axis{stroke:#1b1b1b}.grid{stroke:#8a8a8a;stroke-dasharray:3 3}\
    text{font-family:sans-serif;font-size:12px}.title{font-size:15px}\
    @media (prefers-color-scheme:dark){\
    .paper{fill:#16181c}.text{fill:#e8e8e8}.axis{stroke:#e8e8e8}.grid{stroke:#7d8288}}";

/// What is drawn.
#[derive(Debug)]
pub struct Chart<'a> {
    /// What it is.
    pub title: &'a str,
    /// What the axes are called: of days, and of scores.
    pub axes: [&'a str; 2],
    /// The last day; the first is 1.
    pub days: u32,
    /// The date of day 1; `None`: days have their numbers only.
    pub begins: Option<Day>,
    /// Scores with a line across.
    pub marks: &'a [u16],
    /// Scores over days.
    pub curves: Vec<Curve>,
    /// What happened.
    pub events: Vec<Event>,
}

/// A score over days.
#[derive(Debug)]
pub struct Curve {
    /// Whose.
    pub name: String,
    /// The day of the first value.
    pub first: u32,
    /// One for each day.
    pub values: Vec<u16>,
}

/// Something that happened on a day.
#[derive(Debug)]
pub struct Event {
    /// When.
    pub day: u32,
    /// The score of that day.
    pub score: u16,
    /// What.
    pub text: String,
}

/// A length in hundredths of a pixel, as a decimal.
fn pixels(hundredths: u32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Where a day is, in hundredths of a pixel.
fn x_of(day: u32, days: u32) -> u32 {
    let span = days.saturating_sub(1).max(1);
    let along = (RIGHT - LEFT) * 100;
    let part = u64::from(along) * u64::from(day.saturating_sub(1)) / u64::from(span);
    LEFT * 100 + u32::try_from(part).unwrap_or(along)
}

/// Where a score is, in hundredths of a pixel.
fn y_of(score: u16) -> u32 {
    let score = u32::from(score).min(SCORE_MAX);
    BOTTOM * 100 - (BOTTOM - TOP) * 100 * score / SCORE_MAX
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // What XML 1.0 §2.2 has no place for.
            control if control.is_control() => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text at a place in pixels; `anchor` is start, middle or end.
fn label(svg: &mut String, (x, y): (&str, &str), anchor: &str, class: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        svg,
        r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#
    );
}

/// The chart as an SVG document.
pub fn document(chart: &Chart<'_>) -> String {
    let mut svg = String::new();
    let rows = u32::try_from(chart.curves.len())
        .unwrap_or(u32::MAX)
        .div_ceil(LEGEND_COLUMNS);
    let height = HEIGHT + rows.saturating_sub(1) * LEGEND_ROW;
    let _ = writeln!(
        svg,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">
<title>{}</title>
<style>{STYLE}</style>
<rect class="paper" width="{WIDTH}" height="{height}"/>"#,
        escaped(chart.title)
    );
    let middle = (WIDTH / 2).to_string();
    label(
        &mut svg,
        (&middle, "28"),
        "middle",
        "text title",
        chart.title,
    );
    axes(&mut svg, chart);
    for (curve, stroke) in chart.curves.iter().zip(STROKES.iter().cycle()) {
        draw(&mut svg, curve, chart.days, *stroke);
    }
    legend(&mut svg, chart);
    svg.push_str("</svg>\n");
    svg
}

fn line(svg: &mut String, [x1, y1, x2, y2]: [u32; 4], class: &str) {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(pixels);
    let _ = writeln!(
        svg,
        r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#
    );
}

fn axes(svg: &mut String, chart: &Chart<'_>) {
    let (left, right, bottom) = (LEFT * 100, RIGHT * 100, BOTTOM * 100);
    for mark in chart.marks {
        let y = y_of(*mark);
        line(svg, [left, y, right, y], "grid");
    }
    line(svg, [left, bottom, right, bottom], "axis");
    line(svg, [left, TOP * 100, left, bottom], "axis");
    let mut scores: Vec<u16> = [0, 500, 1000].into();
    // Labels of marks too close to those would stand in them.
    scores.retain(|score| chart.marks.iter().all(|mark| mark.abs_diff(*score) >= 40));
    for score in scores.iter().chain(chart.marks) {
        let y = y_of(*score);
        line(svg, [left - 400, y, left, y], "axis");
        let place = (pixels(left - 800), pixels(y + 400));
        label(svg, (&place.0, &place.1), "end", "text", &score.to_string());
    }
    let ticks = match chart.begins {
        Some(begins) => dates(begins, chart.days),
        None => numbers(chart.days),
    };
    for (day, text) in ticks {
        let x = x_of(day, chart.days);
        line(svg, [x, bottom, x, bottom + 400], "axis");
        let place = (pixels(x), pixels(bottom + 1800));
        label(svg, (&place.0, &place.1), "middle", "text", &text);
    }
    let middle = pixels(u32::midpoint(left, right));
    let below = pixels(bottom + 3600);
    label(svg, (&middle, &below), "middle", "text", chart.axes[0]);
    let beside = pixels(left - 1200);
    label(svg, (&beside, "40"), "middle", "text", chart.axes[1]);
}

/// The same, with their numbers.
fn numbers(days: u32) -> Vec<(u32, String)> {
    let ticks = ticks(days).into_iter();
    ticks.map(|day| (day, day.to_string())).collect()
}

/// Days with a label where they have a date: weeks, months, quarters or years.
fn dates(begins: Day, days: u32) -> Vec<(u32, String)> {
    let dates = (1..=days).map(|day| {
        let offset = i32::try_from(day.saturating_sub(1)).unwrap_or(i32::MAX);
        (day, Day(begins.0.saturating_add(offset)).to_string())
    });
    let wanted = |(day, date): &(u32, String)| match days {
        0..=14 => true,
        15..=92 => day % 7 == 1,
        93..=400 => date.ends_with("-01"),
        401..=1_200 => ["-01-01", "-04-01", "-07-01", "-10-01"]
            .iter()
            .any(|quarter| date.ends_with(quarter)),
        _ => date.ends_with("-01-01"),
    };
    let short = |(day, date): (u32, String)| {
        let text = match days {
            0..=92 => date.get(5..),
            _ => date.get(..7),
        };
        (day, text.unwrap_or_default().to_owned())
    };
    dates.filter(wanted).map(short).collect()
}

/// Days with a label: the first, and round ones.
fn ticks(days: u32) -> Vec<u32> {
    let steps = [1, 2, 5, 10, 30, 60, 90, 180, 365];
    let step = steps.into_iter().find(|step| days / step <= 12);
    let step = step.unwrap_or(365);
    let mut ticks = vec![1];
    let round = (1..=days).filter(|day| day % step == 0 && *day > step / 2);
    ticks.extend(round.filter(|day| *day > 1));
    ticks
}

fn draw(svg: &mut String, curve: &Curve, days: u32, (colour, width, dashes): Stroke) {
    let _ = write!(
        svg,
        r#"<polyline fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}" points=""#
    );
    for (day, value) in (curve.first..).zip(&curve.values) {
        let _ = write!(svg, "{},{} ", pixels(x_of(day, days)), pixels(y_of(*value)));
    }
    svg.push_str("\"/>\n");
}

/// The part of the picture that a page shows: it has a heading and no legend.
const SHOWN: [u32; 4] = [0, 26, WIDTH, 410];

/// The chart as an element of a page, whose style sheet colours it by the classes `chart-…`. Its first curve alone is
/// drawn.
pub fn figure(chart: &Chart<'_>) -> String {
    let mut svg = String::new();
    let [left, top, width, height] = SHOWN;
    let _ = writeln!(
        svg,
        r#"<svg class="chart" viewBox="{left} {top} {width} {height}" role="img" aria-label="{}">"#,
        escaped(chart.title)
    );
    axes(&mut svg, chart);
    if let Some(curve) = chart.curves.first() {
        let _ = write!(svg, r#"<polyline class="plot-line" points=""#);
        for (day, value) in corners(curve) {
            let (x, y) = (x_of(day, chart.days), y_of(value));
            let _ = write!(svg, "{},{} ", pixels(x), pixels(y));
        }
        svg.push_str("\"/>\n");
    }
    for event in &chart.events {
        let (x, y) = (x_of(event.day, chart.days), y_of(event.score));
        let _ = writeln!(
            svg,
            r#"<circle class="plot-mark" cx="{}" cy="{}" r="5"><title>{}</title></circle>"#,
            pixels(x),
            pixels(y),
            escaped(&event.text)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The points of a curve but for those in the middle of a level stretch.
fn corners(curve: &Curve) -> Vec<(u32, u16)> {
    let points: Vec<(u32, u16)> = (curve.first..).zip(curve.values.iter().copied()).collect();
    let beside = |index: usize| points.get(index).map(|(_, value)| *value);
    let is_corner = |index: usize, value: u16| {
        let before = index.checked_sub(1).and_then(beside);
        before != Some(value) || beside(index.saturating_add(1)) != Some(value)
    };
    let corners = points.iter().enumerate();
    corners
        .filter(|(index, (_, value))| is_corner(*index, *value))
        .map(|(_, point)| *point)
        .collect()
}

/// Curves in one row of the legend.
const LEGEND_COLUMNS: u32 = 4;

/// Height of such a row, in pixels.
const LEGEND_ROW: u32 = 20;

fn legend(svg: &mut String, chart: &Chart<'_>) {
    let column_width = (RIGHT - LEFT) / LEGEND_COLUMNS;
    for ((curve, (colour, width, dashes)), index) in
        chart.curves.iter().zip(STROKES.iter().cycle()).zip(0..)
    {
        let x = LEFT + index % LEGEND_COLUMNS * column_width;
        let y = BOTTOM + 56 + index / LEGEND_COLUMNS * LEGEND_ROW;
        let _ = writeln!(
            svg,
            r#"<line x1="{x}" y1="{y}" x2="{}" y2="{y}" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>"#,
            x + 26
        );
        let place = ((x + 32).to_string(), (y + 4).to_string());
        label(svg, (&place.0, &place.1), "start", "text", &curve.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(title: &str, days: u32) -> String {
        let curve = |name: &str, first| Curve {
            name: name.to_owned(),
            first,
            values: (first..=days)
                .map(|day| u16::try_from(day % 1001).unwrap())
                .collect(),
        };
        document(&Chart {
            title,
            axes: ["day", "score"],
            days,
            begins: None,
            events: Vec::new(),
            marks: &[300, 450, 700],
            curves: vec![curve("one", 1), curve("other", days)],
        })
    }

    /// Opening and closing tags in their order; every attribute quoted.
    fn assert_nested(svg: &str) {
        let mut open: Vec<&str> = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') && !tag.starts_with('?') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn a_plot_is_nested_and_holds_no_script() {
        for days in [1, 2, 365, 3650] {
            let svg = plot("A title", days);
            assert_nested(&svg);
            assert!(!svg.contains("script") && !svg.contains("href"));
            assert_eq!(svg.matches("<polyline").count(), 2);
        }
    }

    fn shown(begins: Day, values: Vec<u16>) -> String {
        figure(&Chart {
            title: "Score <now>",
            axes: ["day", "score"],
            days: u32::try_from(values.len()).unwrap(),
            begins: Some(begins),
            marks: &[],
            curves: vec![Curve {
                name: String::new(),
                first: 1,
                values,
            }],
            events: vec![Event {
                day: 1,
                score: 500,
                text: "a leak & more".to_owned(),
            }],
        })
    }

    #[test]
    fn a_figure_is_nested_and_says_what_it_is() {
        let svg = shown(Day(20_000), vec![500, 500, 500, 450]);
        assert_nested(&svg);
        assert!(svg.contains("aria-label=\"Score &lt;now&gt;\""), "{svg}");
        assert!(svg.contains("<title>a leak &amp; more</title>"), "{svg}");
        assert!(!svg.contains("style"), "{svg}");
        // The day in the middle of the level stretch is not drawn.
        let (_, points) = svg.split_once("points=\"").unwrap();
        assert_eq!(points.split('"').next().unwrap().matches(',').count(), 3);
    }

    #[test]
    fn dates_are_few_whatever_the_span() {
        for days in [1, 2, 14, 15, 92, 93, 365, 400, 401, 1_200, 1_201, 3_660] {
            let labels = dates(Day(20_000), days);
            assert!(labels.len() <= 15, "{days}: {labels:?}");
            assert!(labels.iter().all(|(day, _)| (1..=days).contains(day)));
        }
        let month = |(_, text): &(u32, String)| text == "2025-01";
        assert!(dates(Day(20_000), 365).iter().any(month));
    }

    #[test]
    fn a_title_cannot_break_out() {
        let svg = plot("\u{1}<script>\"&", 10);
        assert_nested(&svg);
        assert!(svg.contains("<title> &lt;script&gt;&quot;&amp;</title>"));
    }

    #[test]
    fn every_point_lies_between_the_axes() {
        assert_eq!((x_of(1, 365), x_of(365, 365)), (6000, 83_000));
        assert_eq!((y_of(0), y_of(500), y_of(1000)), (39_000, 22_000, 5000));
        assert_eq!((x_of(1, 1), y_of(u16::MAX)), (6000, 5000));
        assert_eq!(ticks(365).first(), Some(&1));
        assert!((1..=3650).all(|days| ticks(days).len() <= 14));
    }
}
