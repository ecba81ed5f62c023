//! `credence score simulate`

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::chart;
use crate::chart::Chart;
use crate::chart::Curve;
use crate::cli::Exit;
use crate::cli::refuse;
use crate::contract::CREDIT_TEXT_BYTES_MAX;
use crate::contract::Course;
use crate::contract::InstitutionSlug;
use crate::contract::Parameters;
use crate::contract::SCENARIO_DAYS_MAX;
use crate::contract::SCENARIO_TEXT_BYTES_MAX;
use crate::contract::Scenario;
use crate::contract::simulate;

/// The numbers as delivered.
const CREDIT_AS_DELIVERED: &str = include_str!("../../../gateway-config/credit.toml");

/// Rows of the table, at most about.
const ROWS: u32 = 24;

/// Marks that can be given.
const MARKS_MAX: usize = 8;

/// Arguments of `credence score simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    /// The scenario, a TOML file; examples are in gateway-config/scenarios
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// Days to simulate
    #[arg(long, value_name = "N", default_value_t = 730,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(SCENARIO_DAYS_MAX)))]
    pub days: u32,
    /// The numbers to count by, a credit.toml; those delivered with this version, if absent
    #[arg(long, value_name = "FILE")]
    pub credit: Option<PathBuf>,
    /// Scores to tell of when each is reached, and to draw a line at; as delivered, the policies
    /// permit something else from each of these on
    #[arg(long, value_name = "SCORE,...", value_delimiter = ',', default_value = "300,450,700",
          value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub marks: Vec<u16>,
    /// Also write a plot, an SVG file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Print one JSON object, with the score of every day
    #[arg(long)]
    pub json: bool,
}

/// When an institution reached a mark.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Reached {
    mark: u16,
    /// The first day at or above it.
    first_day: Option<u32>,
    /// The day from which on it stayed there to the end.
    from_day: Option<u32>,
    /// Days at or above it.
    days: usize,
}

/// What came of one institution.
#[derive(Debug, Serialize)]
struct Told<'a> {
    name: &'a InstitutionSlug,
    joins: u32,
    min: u16,
    max: u16,
    last: u16,
    marks: Vec<Reached>,
    scores: &'a [u16],
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    title: &'a str,
    days: u32,
    institutions: Vec<Told<'a>>,
}

/// A file of at most `bytes_max` bytes, and a little more so that it is seen to be too long.
fn text_of(path: &Path, bytes_max: usize) -> Result<String, String> {
    let named = |error: io::Error| format!("{}: {error}", path.display());
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut text = String::new();
    let file = File::open(path).map_err(named)?;
    file.take(limit).read_to_string(&mut text).map_err(named)?;
    Ok(text)
}

impl Simulate {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let (parameters, scenario) = match self.read() {
            Ok(read) => read,
            Err(reason) => return refuse(&reason),
        };
        let courses = simulate(&parameters, &scenario, self.days);
        let late = courses.iter().find(|course| course.scores.is_empty());
        if let Some(late) = late {
            return refuse(&format!(
                "{} joins on day {}, after the last of {} days",
                late.name, late.joins, self.days
            ));
        }
        let report = Report {
            title: &scenario.title,
            days: self.days,
            institutions: courses.iter().map(|one| told(one, &self.marks)).collect(),
        };
        if let Some(file) = &self.svg {
            let svg = self.plot(&report);
            if let Err(error) = std::fs::write(file, svg) {
                return refuse(&format!("{}: {error}", file.display()));
            }
        }
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&report)?)?;
        } else {
            print(out, &report)?;
        }
        Ok(Exit::Success)
    }

    fn read(&self) -> Result<(Parameters, Scenario), String> {
        if self.marks.len() > MARKS_MAX {
            return Err(format!("{} marks, limit {MARKS_MAX}", self.marks.len()));
        }
        let credit = match &self.credit {
            Some(file) => {
                let text = text_of(file, CREDIT_TEXT_BYTES_MAX)?;
                Parameters::parse(&text).map_err(|error| format!("{}: {error}", file.display()))?
            }
            None => Parameters::parse(CREDIT_AS_DELIVERED).map_err(|error| error.to_string())?,
        };
        let file = &self.scenario;
        let text = text_of(file, SCENARIO_TEXT_BYTES_MAX)?;
        let scenario = Scenario::parse(&text);
        Ok((
            credit,
            scenario.map_err(|error| format!("{}: {error}", file.display()))?,
        ))
    }

    fn plot(&self, report: &Report<'_>) -> String {
        let curve = |one: &Told<'_>| Curve {
            name: one.name.to_string(),
            first: one.joins,
            values: one.scores.to_vec(),
        };
        chart::document(&Chart {
            title: report.title,
            axes: ["day", "score"],
            days: report.days,
            begins: None,
            events: Vec::new(),
            marks: &self.marks,
            curves: report.institutions.iter().map(curve).collect(),
        })
    }
}

fn told<'a>(course: &'a Course, marks: &[u16]) -> Told<'a> {
    let scores = &course.scores;
    Told {
        name: &course.name,
        joins: course.joins,
        min: scores.iter().copied().min().unwrap_or_default(),
        max: scores.iter().copied().max().unwrap_or_default(),
        last: scores.last().copied().unwrap_or_default(),
        marks: marks.iter().map(|mark| reached(course, *mark)).collect(),
        scores,
    }
}

fn reached(course: &Course, mark: u16) -> Reached {
    let days = (course.joins..).zip(&course.scores);
    let above = days.clone().filter(|(_, score)| **score >= mark);
    let first_day = above.clone().map(|(day, _)| day).next();
    let below = days.filter(|(_, score)| **score < mark);
    let last_below = below.map(|(day, _)| day).last();
    let is_above = course.scores.last().is_some_and(|score| *score >= mark);
    let since = last_below.map_or(course.joins, |day| day.saturating_add(1));
    Reached {
        mark,
        first_day,
        from_day: is_above.then_some(since),
        days: above.count(),
    }
}

/// Days between the rows of the table: a sensible step that gives no more than about [`ROWS`].
fn spacing(days: u32) -> u32 {
    let steps = [1, 7, 14, 30, 60, 90, 180];
    let fits = steps.into_iter().find(|step| days.div_ceil(*step) <= ROWS);
    fits.unwrap_or(180)
}

fn print(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "{}\n", report.title)?;
    let width = |one: &Told<'_>| one.name.as_str().len().max(5);
    write!(out, "{:>5}", "day")?;
    for one in &report.institutions {
        write!(out, "  {:>width$}", one.name.as_str(), width = width(one))?;
    }
    writeln!(out)?;
    let step = spacing(report.days);
    let rows = (1..=report.days).filter(|day| *day == 1 || day % step == 0 || *day == report.days);
    for day in rows {
        write!(out, "{day:>5}")?;
        for one in &report.institutions {
            let index = usize::try_from(day)
                .ok()
                .zip(usize::try_from(one.joins).ok());
            let index = index.and_then(|(day, joins)| day.checked_sub(joins));
            let score = index.and_then(|index| one.scores.get(index));
            let score = score.map_or_else(|| "-".to_owned(), u16::to_string);
            write!(out, "  {score:>width$}", width = width(one))?;
        }
        writeln!(out)?;
    }
    for one in &report.institutions {
        writeln!(
            out,
            "\n{}: lowest {}, highest {}, last {}",
            one.name, one.min, one.max, one.last
        )?;
        for reached in &one.marks {
            writeln!(out, "  {}", of_mark(reached, one.scores.len()))?;
        }
    }
    Ok(())
}

fn of_mark(reached: &Reached, days: usize) -> String {
    let mark = reached.mark;
    let Some(first) = reached.first_day else {
        return format!("{mark}: never reached");
    };
    let stays = match reached.from_day {
        Some(from) if from == first => "and stays there".to_owned(),
        Some(from) => format!("and to the end from day {from}"),
        None => "and not at the end".to_owned(),
    };
    let count = reached.days;
    format!("{mark}: at or above it first on day {first}, {stays}; on {count} of {days} days")
}
