//! `credence score explain`

use std::io;
use std::io::Write;

use clap::Args;

use super::refuse;
use super::units;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Desk;
use crate::cli::desk::day;
use crate::cli::desk::joined;
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
        let told = match self.read(&config) {
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

    /// Folds the ledger up to the end of the day.
    fn read(&self, config: &Config) -> Result<Statement, String> {
        let mut account = Account::new(self.institution.clone());
        let mut state = State::new();
        let mut last = None;
        for stored in JournalReader::new(&config.gateway.data_dir).entries(0) {
            let entry = stored.map_err(|error| error.to_string())?.entry;
            let at = Applied {
                seq: entry.seq,
                ledger_time: entry.ledger_time,
            };
            if self.on.is_some_and(|on| at.ledger_time.day() > on) {
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
        let told = account.statement(&state, self.on.unwrap_or_else(today));
        told.ok_or_else(|| "no policies were in force".to_owned())
    }
}

fn print(out: &mut dyn Write, told: &Statement, shown: usize) -> io::Result<()> {
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
            "  not counted: {} (report {}, case {}) waits for an arbiter, and lapses at {}",
            report.incident, report.entry, report.reference, report.lapses
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

/// A row's four weights in thousandths: good on its day, left of it, bad on its day, left of it.
fn row(
    out: &mut dyn Write,
    (day, entries): (&str, &str),
    weights: [Option<u64>; 4],
    what: &str,
) -> io::Result<()> {
    let cells = weights.map(|weight| weight.map(units).unwrap_or_default());
    let [good, good_left, bad, bad_left] = cells;
    let line = format!(
        "{day:<10}  {entries:<15}  {good:>8}  {good_left:>9}  {bad:>8}  {bad_left:>9}  {what}"
    );
    writeln!(out, "{}", line.trim_end())
}

/// Newest first; every column of what is left adds up to the last row.
fn table(out: &mut dyn Write, told: &Statement, shown: usize) -> io::Result<()> {
    writeln!(
        out,
        "{:<10}  {:<15}  {:>8}  {:>9}  {:>8}  {:>9}  what",
        "day", "entries", "good", "left", "bad", "left"
    )?;
    let (mut good_sum, mut bad_sum) = (0_u64, 0_u64);
    let mut add = |good: u64, bad: u64| {
        good_sum = good_sum.saturating_add(good);
        bad_sum = bad_sum.saturating_add(bad);
        [good, bad].map(Some)
    };
    let newest = told.lines.iter().rev();
    for line in newest.clone().take(shown) {
        let [good, bad] = add(milli(line.good_now_micro), milli(line.bad_now_micro));
        let then = [line.good_then_micro, line.bad_then_micro].map(|then| Some(milli(then)));
        let entries = if line.first_entry == line.last_entry {
            line.first_entry.to_string()
        } else {
            format!("{}..{}", line.first_entry, line.last_entry)
        };
        let day = line.day.to_string();
        let [good_then, bad_then] = then;
        row(
            out,
            (&day, &entries),
            [good_then, good, bad_then, bad],
            &of_line(line),
        )?;
    }
    let older: Vec<&Line> = newest.skip(shown).collect();
    let earlier = told.earlier;
    let good = older.iter().map(|line| line.good_now_micro);
    let bad = older.iter().map(|line| line.bad_now_micro);
    let good = good.chain(earlier.map(|earlier| earlier.good_now_micro));
    let bad = bad.chain(earlier.map(|earlier| earlier.bad_now_micro));
    let count = earlier.map_or(0, |earlier| earlier.lines);
    let count = count.saturating_add(u64::try_from(older.len()).unwrap_or(u64::MAX));
    if count > 0 {
        let [good, bad] = add(milli(good.sum()), milli(bad.sum()));
        let what = format!("{count} older lines (--all shows them)");
        row(out, ("older", ""), [None, good, None, bad], &what)?;
    }
    let [good, bad] = [told.good_micro, told.bad_micro].map(milli);
    let rounding = |held: u64, rows: u64| {
        let sign = if held < rows { "-" } else { "" };
        format!("{sign}{}", units(held.abs_diff(rows)))
    };
    writeln!(
        out,
        "{:<10}  {:<15}  {:>8}  {:>9}  {:>8}  {:>9}",
        "rounding",
        "",
        "",
        rounding(good, good_sum),
        "",
        rounding(bad, bad_sum)
    )?;
    row(out, ("sum", ""), [None, Some(good), None, Some(bad)], "")
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
        What::IncidentUpheld {
            incident,
            report,
            proof,
            reference,
        } => format!(
            "{incident} upheld: report {report}, case {reference}, proof {}",
            joined(proof)
        ),
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
