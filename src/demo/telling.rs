//! How the story is told: steps, progress while images move, and the table at the end.

use std::io;
use std::io::Write;

/// Where the story goes.
pub(crate) struct Teller<'a> {
    out: &'a mut dyn Write,
    steps: u32,
}

/// One row of the closing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) verdict: &'static str,
    pub(crate) reason: String,
    pub(crate) entries: Vec<u64>,
}

impl<'a> Teller<'a> {
    pub(crate) const fn new(out: &'a mut dyn Write) -> Self {
        Self { out, steps: 0 }
    }

    /// Begins the next step.
    pub(crate) fn step(&mut self, title: &str) -> io::Result<()> {
        self.steps += 1;
        writeln!(self.out, "\n{}. {title}", self.steps)
    }

    /// A line within a step.
    pub(crate) fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "   {line}")?;
        self.out.flush()
    }

    /// Begins a line of progress.
    pub(crate) fn begin(&mut self, what: &str) -> io::Result<()> {
        write!(self.out, "   {what} ")?;
        self.out.flush()
    }

    /// An image has moved. What cannot be shown is no reason to stop it.
    pub(crate) fn dot(&mut self) {
        let _ = write!(self.out, ".").and_then(|()| self.out.flush());
    }

    /// Ends a line of progress.
    pub(crate) fn end(&mut self, how: &str) -> io::Result<()> {
        writeln!(self.out, " {how}")?;
        self.out.flush()
    }

    /// The closing table.
    pub(crate) fn table(&mut self, rows: &[Row]) -> io::Result<()> {
        let titles = ["who", "what", "verdict", "reason", "ledger entry"];
        let rows: Vec<[String; 5]> = rows
            .iter()
            .map(|row| {
                [
                    row.who.clone(),
                    row.what.clone(),
                    row.verdict.to_owned(),
                    row.reason.clone(),
                    ranges(&row.entries),
                ]
            })
            .collect();
        self.columns(titles, &rows)
    }

    /// A table: titles, a rule, and rows, each column as wide as its widest cell.
    pub(crate) fn columns<const N: usize>(
        &mut self,
        titles: [&str; N],
        rows: &[[String; N]],
    ) -> io::Result<()> {
        let titles = titles.map(str::to_owned);
        let mut widths = [0; N];
        for line in std::iter::once(&titles).chain(rows) {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        let rules = widths.map(|width| "-".repeat(width));
        writeln!(self.out)?;
        for line in [&titles, &rules].into_iter().chain(rows) {
            let cells: Vec<String> = line
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            writeln!(self.out, "   {}", cells.join("  ").trim_end())?;
        }
        self.out.flush()
    }
}

/// Numbers in rising order, runs as `3-6`.
pub(crate) fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            Some(_) | None => runs.push((*number, *number)),
        }
    }
    let texts: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_entries_are_shortened() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[7]), "7");
        assert_eq!(ranges(&[3, 4, 5, 9, 11, 12]), "3-5, 9, 11-12");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let row = Row {
            who: "Lakeside Clinic".to_owned(),
            what: "CT".to_owned(),
            verdict: "deny",
            reason: "no consent".to_owned(),
            entries: vec![9],
        };
        Teller::new(&mut out).table(&[row]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "   who              what  verdict  reason      ledger entry",
                "   ---------------  ----  -------  ----------  ------------",
                "   Lakeside Clinic  CT    deny     no consent  9",
            ]
        );
    }
}
