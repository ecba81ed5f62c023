//! Rows under headings, for people.

use std::io;
use std::io::Write;

/// Spaces between two columns.
const GAP: usize = 2;

/// Writes `headings` and `rows` below them, every column as wide as its widest cell.
pub(super) fn print<const N: usize>(
    out: &mut dyn Write,
    headings: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let mut widths = headings.map(width);
    for row in rows {
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(width(cell));
        }
    }
    line(out, &headings.map(str::to_owned), &widths)?;
    rows.iter().try_for_each(|row| line(out, row, &widths))
}

fn line(out: &mut dyn Write, cells: &[String], widths: &[usize]) -> io::Result<()> {
    let mut text = String::new();
    for (cell, most) in cells.iter().zip(widths) {
        text.push_str(cell);
        let missing = most.saturating_add(GAP).saturating_sub(width(cell));
        text.extend(std::iter::repeat_n(' ', missing));
    }
    writeln!(out, "{}", text.trim_end())
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [["12", "jörg", "x"], ["7", "ada lovelace", ""]].map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        print(&mut out, ["entry", "by", "why"], &rows).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "entry  by            why\n12     jörg          x\n7      ada lovelace\n"
        );
    }
}
