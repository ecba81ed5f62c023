//! What differs between two texts, line by line.

/// Comparisons of lines at most; of texts that differ in more, all is told as taken out and put in.
const CELLS_MAX: usize = 4_000_000;
/// Lines around what differs that are told.
const CONTEXT: usize = 3;

/// A line, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// It is in both.
    Same(&'a str),
    /// Only the old text has it.
    Old(&'a str),
    /// Only the new one has it.
    New(&'a str),
}

impl Line<'_> {
    const fn is_same(&self) -> bool {
        matches!(self, Self::Same(_))
    }
}

/// Lines that differ, with some around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk<'a> {
    /// The number of its first line in the new text, from 1.
    pub(super) line: usize,
    /// Its lines.
    pub(super) lines: Vec<Line<'a>>,
}

/// What differs; nothing: the texts are the same.
pub(super) fn hunks<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let lines = compared(old, new);
    let near = near_changes(&lines);
    let mut hunks: Vec<Hunk<'a>> = Vec::new();
    let (mut number, mut goes_on) = (1_usize, false);
    for (line, is_near) in lines.into_iter().zip(near) {
        if is_near {
            match hunks.last_mut().filter(|_| goes_on) {
                Some(hunk) => hunk.lines.push(line),
                None => hunks.push(Hunk {
                    line: number,
                    lines: vec![line],
                }),
            }
        }
        goes_on = is_near;
        if !matches!(line, Line::Old(_)) {
            number = number.saturating_add(1);
        }
    }
    hunks
}

/// Whether a line is within [`CONTEXT`] of one that differs.
fn near_changes(lines: &[Line<'_>]) -> Vec<bool> {
    let mut near = vec![false; lines.len()];
    for (index, line) in lines.iter().enumerate() {
        if !line.is_same() {
            let first = index.saturating_sub(CONTEXT);
            let last = index.saturating_add(CONTEXT);
            let around = near.iter_mut().enumerate();
            let around = around.skip(first).take_while(|(index, _)| *index <= last);
            around.for_each(|(_, near)| *near = true);
        }
    }
    near
}

fn compared<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let before = common_beginning(old.iter(), new.iter());
    let (same, old) = old.split_at_checked(before).unwrap_or_default();
    let (_, new) = new.split_at_checked(before).unwrap_or_default();
    let after = common_beginning(old.iter().rev(), new.iter().rev());
    let middle_of = |lines: &'_ [&'a str]| lines.len().saturating_sub(after);
    let (old, end) = old.split_at_checked(middle_of(old)).unwrap_or_default();
    let (new, _) = new.split_at_checked(middle_of(new)).unwrap_or_default();
    let mut lines: Vec<Line<'a>> = same.iter().copied().map(Line::Same).collect();
    middle(old, new, &mut lines);
    lines.extend(end.iter().copied().map(Line::Same));
    lines
}

fn common_beginning<'a, 'b: 'a>(
    one: impl Iterator<Item = &'a &'b str>,
    other: impl Iterator<Item = &'a &'b str>,
) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// For each line of two texts, how many lines both have in common from there to the end.
struct Common {
    width: usize,
    cells: Vec<u32>,
}

impl Common {
    /// `None`: the texts are too long.
    fn of(old: &[&str], new: &[&str]) -> Option<Self> {
        let width = new.len().saturating_add(1);
        let cells = old.len().saturating_add(1).saturating_mul(width);
        if cells > CELLS_MAX {
            return None;
        }
        let mut common = Self {
            width,
            cells: vec![0; cells],
        };
        for (row, old) in old.iter().enumerate().rev() {
            for (column, new) in new.iter().enumerate().rev() {
                let value = match old == new {
                    true => common.at(row + 1, column + 1).saturating_add(1),
                    false => common.at(row + 1, column).max(common.at(row, column + 1)),
                };
                if let Some(cell) = common.cells.get_mut(row * width + column) {
                    *cell = value;
                }
            }
        }
        Some(common)
    }

    fn at(&self, row: usize, column: usize) -> u32 {
        let cell = self.cells.get(row * self.width + column);
        cell.copied().unwrap_or(0)
    }
}

/// The longest common subsequence of lines, and what is not in it.
fn middle<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    let Some(common) = Common::of(old, new) else {
        lines.extend(old.iter().copied().map(Line::Old));
        lines.extend(new.iter().copied().map(Line::New));
        return;
    };
    let (mut row, mut column) = (0, 0);
    loop {
        match (old.get(row), new.get(column)) {
            (Some(one), Some(other)) if one == other => {
                lines.push(Line::Same(one));
                (row, column) = (row + 1, column + 1);
            }
            (Some(line), other)
                if other.is_none() || common.at(row + 1, column) >= common.at(row, column + 1) =>
            {
                lines.push(Line::Old(line));
                row += 1;
            }
            (_, Some(line)) => {
                lines.push(Line::New(line));
                column += 1;
            }
            (_, None) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_the_same_differs_nowhere() {
        assert_eq!(hunks("a\nb\n", "a\nb\n"), []);
        assert_eq!(hunks("", ""), []);
    }

    #[test]
    fn a_changed_line_is_told_with_three_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = old.replace('5', "five");
        let expected = [
            Line::Same("2"),
            Line::Same("3"),
            Line::Same("4"),
            Line::Old("5"),
            Line::New("five"),
            Line::Same("6"),
            Line::Same("7"),
            Line::Same("8"),
        ];
        let found = hunks(old, &new);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].line, found[0].lines.as_slice()),
            (2, &expected[..])
        );
    }

    #[test]
    fn changes_far_apart_are_told_apart() {
        let old: String = (0..40).map(|line| format!("{line}\n")).collect();
        let new = old.replace("\n3\n", "\nthree\n") + "40\n";
        let lines: Vec<usize> = hunks(&old, &new).iter().map(|hunk| hunk.line).collect();
        assert_eq!(lines, [1, 38]);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_made_of_what_is_told(old in "[ab\n]{0,40}", new in "[ab\n]{0,40}") {
            let lines = compared(&old, &new);
            let of = |wanted: fn(&Line<'_>) -> bool| -> Vec<String> {
                let lines = lines.iter().filter(|line| wanted(line));
                lines.map(|line| match line {
                    Line::Same(text) | Line::Old(text) | Line::New(text) => (*text).to_owned(),
                }).collect()
            };
            let made: Vec<String> = old.lines().map(str::to_owned).collect();
            prop_assert_eq!(of(|line| !matches!(line, Line::New(_))), made);
            let made: Vec<String> = new.lines().map(str::to_owned).collect();
            prop_assert_eq!(of(|line| !matches!(line, Line::Old(_))), made);
        }
    }
}
