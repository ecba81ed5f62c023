//! `credence score explain`

use std::io;
use std::io::Write;

use clap::Args;

use super::units;
use crate::audit::Section;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Desk;
use crate::cli::desk::day;
use crate::cli::desk::joined;
use crate::cli::refuse;
use crate::clock::Clock;
use crate::config::Config;
use crate::contract::Account;
use crate::contract::Applied;
use crate::contract::Ceiling;
use crate::contract::InstitutionSlug;
use crate::contract::Line;
use crate::contract::State;
use crate::contract::Statement;
use crate::contract::What;
use crate::storage::JournalReader;
use crate::time::Day;

/// Lines that are shown without --all.
const LINES_SHOWN: usize = 20;

/// Arguments of `credence score explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// The institution
    #[arg(value_name = "INSTITUTION")]
    pub institution: InstitutionSlug,
    /// As it was at the end of this day, or will be without further evidence; today, if absent
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub on: Option<Day>,
    /// Show every line, not only the newest 20 and the sum of the older ones
    #[arg(long)]
    pub all: bool,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

impl Explain {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.desk.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        if self.institution == config.gateway.institution {
            return refuse(&format!(
                "{} is our own institution, which has no score here",
                self.institution
            ));
        }
        let told = match statement(&config, &self.institution, self.on) {
            Ok(told) => told,
            Err(reason) => return refuse(&reason),
        };
        let is_known = config.institutions.contains_key(&self.institution);
        if told.lines.is_empty() && told.waiting.is_empty() && !is_known {
            return refuse(&format!(
                "{} is not an institution of the configuration, and the ledger has no evidence of it",
                self.institution
            ));
        }
        if self.desk.json {
            writeln!(out, "{}", serde_json::to_string(&told)?)?;
        } else {
            let shown = if self.all { usize::MAX } else { LINES_SHOWN };
            print(out, &told, shown)?;
        }
        Ok(Exit::Success)
    }
}

/// What the score of `institution` rests on: folds the ledger up to the end of the day `on`, or all of it.
///
/// # Errors
/// Why it cannot be told: the ledger cannot be read, or had not begun.
pub fn statement(
    config: &Config,
    institution: &InstitutionSlug,
    on: Option<Day>,
) -> Result<Statement, String> {
    let mut account = Account::new(institution.clone());
    let mut state = State::new();
    let mut last = None;
    for stored in JournalReader::new(&config.gateway.data_dir).entries(0) {
        let entry = stored.map_err(|error| error.to_string())?.entry;
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        if on.is_some_and(|on| at.ledger_time.day() > on) {
            break;
        }
        let followed = account.follow(&mut state, at, &entry.event);
        followed.map_err(|rejection| format!("entry {}: {rejection}", at.seq))?;
        last = Some(at.ledger_time.day());
    }
    let Some(last) = last else {
        return Err("the ledger has no entry up to that day".to_owned());
    };
    let today = || Clock::new().now().day().max(last);
    let told = account.statement(&state, on.unwrap_or_else(today));
    told.ok_or_else(|| "no policies were in force".to_owned())
}

/// Tells it, with the newest `shown` lines.
///
/// # Errors
/// When `out` cannot be written.
pub fn print(out: &mut dyn Write, told: &Statement, shown: usize) -> io::Result<()> {
    writeln!(
        out,
        "{} on {}: score {}",
        told.institution, told.on, told.score
    )?;
    writeln!(out)?;
    let [good, bad] = [told.good_micro, told.bad_micro].map(milli);
    let [base_good, base] = [told.base_good_micro, told.base_weight_micro].map(milli);
    writeln!(
        out,
        "  1000 x (good {} + {}) / (good {} + bad {} + {}), rounded down: {}",
        units(good),
        units(base_good),
        units(good),
        units(bad),
        units(base),
        told.score_without_ceiling
    )?;
    for ceiling in &told.ceilings {
        writeln!(out, "  ceiling {}", of_ceiling(ceiling))?;
    }
    for report in &told.waiting {
        writeln!(
            out,
            "  not counted: {} (report {}) waits for an arbiter, and lapses at {}",
            report.incident, report.entry, report.lapses
        )?;
    }
    writeln!(out)?;
    table(out, told, shown)
}

const fn milli(micro: u64) -> u64 {
    micro / 1000
}

fn of_ceiling(ceiling: &Ceiling) -> String {
    let until = ceiling.until.map_or_else(
        || "until it is lifted".to_owned(),
        |until| format!("up to and with {until}"),
    );
    format!("{} {until}, set by entry {}", ceiling.score, ceiling.entry)
}

/// The cells of a line, under [`COLUMNS`]; `good` and `bad`: what is left, in thousandths.
fn cells(line: &Line, good: u64, bad: u64) -> [String; 7] {
    // A side that nothing was added to is left blank.
    let side = |then: u64, left: u64| match then {
        0 => [String::new(), String::new()],
        then => [milli(then), left].map(units),
    };
    let [good, good_left] = side(line.good_then_micro, good);
    let [bad, bad_left] = side(line.bad_then_micro, bad);
    let entries = if line.first_entry == line.last_entry {
        line.first_entry.to_string()
    } else {
        format!("{}..{}", line.first_entry, line.last_entry)
    };
    let (day, what) = (line.day.to_string(), of_line(line));
    [day, entries, good, good_left, bad, bad_left, what]
}

/// The same for a page: the score now, and each change of it, newest first.
pub fn section(told: &Statement) -> Section {
    let mut text = vec![format!(
        "Score on {}: {}; good {}, bad {}.",
        told.on,
        told.score,
        units(milli(told.good_micro)),
        units(milli(told.bad_micro))
    )];
    let ceilings = told.ceilings.iter();
    text.extend(ceilings.map(|ceiling| format!("Ceiling {}.", of_ceiling(ceiling))));
    if let Some(earlier) = &told.earlier {
        text.push(format!("{} older lines are not listed.", earlier.lines));
    }
    let newest = told.lines.iter().rev();
    let rows = newest.map(|line| {
        let left = [line.good_now_micro, line.bad_now_micro].map(milli);
        cells(line, left[0], left[1]).to_vec()
    });
    Section {
        title: format!("Credit of {}", told.institution),
        text,
        columns: COLUMNS.to_vec(),
        rows: rows.collect(),
    }
}

/// What a line of the account has.
const COLUMNS: [&str; 7] = ["day", "entries", "good", "left", "bad", "left", "what"];

/// The account, newest first. Both columns of what is left add up to the last row.
struct Table<'a> {
    out: &'a mut dyn Write,
    /// What the rows so far show as left, good and bad, in thousandths.
    shown: [u64; 2],
}

fn table(out: &mut dyn Write, told: &Statement, shown: usize) -> io::Result<()> {
    let mut table = Table { out, shown: [0; 2] };
    table.cells(COLUMNS)?;
    let newest = told.lines.iter().rev();
    for line in newest.clone().take(shown) {
        table.line(line)?;
    }
    table.older(told, newest.skip(shown))?;
    table.sum([told.good_micro, told.bad_micro].map(milli))
}

impl Table<'_> {
    fn cells(&mut self, cells: [&str; 7]) -> io::Result<()> {
        let [day, entries, good, good_left, bad, bad_left, what] = cells;
        let row = format!(
            "{day:<10}  {entries:<15}  {good:>8}  {good_left:>9}  {bad:>8}  {bad_left:>9}  {what}"
        );
        writeln!(self.out, "{}", row.trim_end())
    }

    /// Takes weights, in micro-units, as shown; gives them in thousandths.
    fn show(&mut self, weights: [u64; 2]) -> [u64; 2] {
        let weights = weights.map(milli);
        for (sum, weight) in self.shown.iter_mut().zip(weights) {
            *sum = sum.saturating_add(weight);
        }
        weights
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let [good, bad] = self.show([line.good_now_micro, line.bad_now_micro]);
        let cells = cells(line, good, bad);
        self.cells(cells.each_ref().map(String::as_str))
    }

    /// The sum of the lines that are not shown one by one.
    fn older<'a>(
        &mut self,
        told: &Statement,
        lines: impl Iterator<Item = &'a Line>,
    ) -> io::Result<()> {
        let earlier = told.earlier;
        let start = earlier.map_or((0, 0, 0), |sum| {
            (sum.lines, sum.good_now_micro, sum.bad_now_micro)
        });
        let (count, good, bad) = lines.fold(start, |(count, good, bad), line| {
            (
                count.saturating_add(1),
                good.saturating_add(line.good_now_micro),
                bad.saturating_add(line.bad_now_micro),
            )
        });
        if count == 0 {
            return Ok(());
        }
        let [good, bad] = self.show([good, bad]).map(units);
        let what = format!("{count} older lines (--all shows them)");
        self.cells(["older", "", "", &good, "", &bad, &what])
    }

    /// What the state holds, and what the rows differ from it by.
    fn sum(&mut self, [good, bad]: [u64; 2]) -> io::Result<()> {
        let rounding = |held: u64, rows: u64| {
            let sign = if held < rows { "-" } else { "" };
            format!("{sign}{}", units(held.abs_diff(rows)))
        };
        let [good_rows, bad_rows] = self.shown;
        let difference = [rounding(good, good_rows), rounding(bad, bad_rows)];
        let [good_less, bad_less] = &difference;
        self.cells(["rounding", "", "", good_less, "", bad_less, ""])?;
        let [good, bad] = [good, bad].map(units);
        self.cells(["sum", "", "", &good, "", &bad, ""])
    }
}

fn of_line(line: &Line) -> String {
    let mut text = match &line.what {
        What::Routine {
            in_order,
            late,
            revocations_answered,
        } => of_routine(*in_order, *late, *revocations_answered),
        What::ReviewOverdue { decision } => {
            format!("access not reviewed in time: decision {decision}")
        }
        What::ReviewUnjustified { decision } => {
            format!("access found unjustified: decision {decision}")
        }
        What::Equivocated => "two signed statements of it contradict each other".to_owned(),
        What::ReceiptDisputed { decision } => {
            format!("a receipt about other bytes than our gateway saw: decision {decision}")
        }
        What::Misstated => "it spoke in the name of another institution".to_owned(),
        What::IncidentUpheld {
            incident,
            report,
            proof,
            reference,
        } => {
            let case = if reference.is_empty() { "" } else { ", case " };
            let proof = joined(proof);
            format!("{incident} upheld: report {report}{case}{reference}, proof {proof}")
        }
    };
    if let Some(entry) = line.reversed_by {
        text.push_str(&format!("; taken back by entry {entry}"));
    } else if let Some(ceiling) = &line.ceiling {
        let until = ceiling
            .until
            .map(|until| format!(" up to and with {until}"));
        text.push_str(&format!("; ceiling {}", ceiling.score));
        text.push_str(until.as_deref().unwrap_or(" until lifted"));
    }
    if let Some(entry) = line.ceiling_lifted_by {
        text.push_str(&format!(", lifted by entry {entry}"));
    }
    text
}

fn of_routine(in_order: u64, late: u64, revocations_answered: u64) -> String {
    let due = in_order.saturating_add(late);
    let transfers = (due > 0).then(|| format!("{in_order} of {due} transfers in order"));
    let answered = match revocations_answered {
        0 => None,
        1 => Some("1 revocation answered in time".to_owned()),
        more => Some(format!("{more} revocations answered in time")),
    };
    joined(transfers.into_iter().chain(answered))
}
