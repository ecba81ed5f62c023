//! What is compared by its form only, because it differs from run to run.

/// Line that stands for any number of lines.
const LEFT_OUT: &str = "[...]";

/// Hexadecimal digits that name a set of rules at least.
const PREFIX_DIGITS_MIN: usize = 8;

/// Whether `printed` is what the guide says, but for what differs from run to run.
pub(crate) fn is_same(guide: &str, printed: &str) -> bool {
    let form = |text: &str| text.lines().map(of_line).collect::<Vec<_>>();
    covers(&form(guide), &form(printed))
}

fn covers(guide: &[String], printed: &[String]) -> bool {
    match (guide, printed) {
        ([], []) => true,
        ([left_out, guide @ ..], _) if left_out == LEFT_OUT => {
            let mut rests = (0..=printed.len()).filter_map(|skipped| printed.get(skipped..));
            rests.any(|rest| covers(guide, rest))
        }
        ([one, guide @ ..], [other, printed @ ..]) => one == other && covers(guide, printed),
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

/// The guide's lines with the values that `printed` has now; what is left out stays so.
pub(crate) fn with_values(guide: &str, printed: &str) -> String {
    let mut printed = printed.lines();
    let mut renewed = String::new();
    for line in guide.lines() {
        let now = match line {
            LEFT_OUT => None,
            _ => printed.find(|other| of_line(other) == of_line(line)),
        };
        renewed.push_str(now.unwrap_or(line));
        renewed.push('\n');
    }
    renewed
}

/// A line with a word in place of each value that differs: shapes of whole words, never more.
fn of_line(line: &str) -> String {
    let mut form = String::new();
    for piece in pieces(line) {
        // A colon or a full stop behind a value is the sentence's.
        let value = piece.trim_end_matches([':', '.']);
        form.push_str(of_piece(value).unwrap_or(value));
        form.extend(piece.strip_prefix(value));
    }
    form
}

/// Runs of characters that values are made of, and what stands between.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let is_value = |c: char| c.is_ascii_alphanumeric() || "-:.+/=_".contains(c);
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|c| is_value(c) != is_value(first));
        let (piece, more) = rest.split_at(end.unwrap_or(rest.len()));
        rest = more;
        Some(piece)
    })
}

fn of_piece(piece: &str) -> Option<&'static str> {
    let has_shape = |shape: &str| {
        piece.len() == shape.len()
            && piece.bytes().zip(shape.bytes()).all(|(byte, shape)| {
                if shape == b'9' {
                    byte.is_ascii_digit()
                } else {
                    byte == shape
                }
            })
    };
    let is_key = || {
        let parts: Vec<&str> = piece.split('+').collect();
        matches!(parts[..], [_, id, ..] if id.len() == 8 && is_hex(id))
    };
    match piece.len() {
        10 if has_shape("9999-99-99") => Some("<day>"),
        27 if has_shape("9999-99-99T99:99:99.999999Z") => Some("<moment>"),
        32 if is_hex(piece) => Some("<pseudonym>"),
        64 if is_hex(piece) => Some("<digest>"),
        _ if is_key() => Some("<key>"),
        _ => None,
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The digests that the guide prints, and those that stand in their place in this run: a command
/// names a set of rules by what an earlier one printed.
#[derive(Default)]
pub(crate) struct Digests(Vec<(String, String)>);

impl Digests {
    /// Notes which digest of `guide` is which of `printed`.
    pub(crate) fn pair(&mut self, guide: &str, printed: &str) {
        let digests = |text: &str| {
            let digests = pieces(text).filter(|piece| of_piece(piece) == Some("<digest>"));
            digests.map(str::to_owned).collect::<Vec<_>>()
        };
        self.0
            .extend(digests(guide).into_iter().zip(digests(printed)));
    }

    /// A command with this run's digests.
    pub(crate) fn renewed(&self, command: &str) -> String {
        let renewed = |word: &str| {
            let names = word.len() >= PREFIX_DIGITS_MIN && is_hex(word);
            let mut known = self.0.iter().rev();
            known
                .find(|(guide, _)| names && guide.starts_with(word))
                .and_then(|(_, printed)| printed.get(..word.len()))
                .unwrap_or(word)
                .to_owned()
        };
        command
            .split(' ')
            .map(renewed)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[test]
fn values_that_differ_are_compared_by_form_and_nothing_else() {
    let day = "lakeside on 2026-11-26: score 512\n";
    assert!(is_same(day, "lakeside on 2027-01-01: score 512\n"));
    assert!(!is_same(day, "lakeside on 2026-11-26: score 513\n"));
    assert!(!is_same("consent 12 recorded\n", "consent 13 recorded\n"));
    assert!(is_same("one\n[...]\nfour\n", "one\ntwo\nthree\nfour\n"));
    assert!(!is_same("one\n[...]\nfour\n", "one\ntwo\nthree\n"));
    let moment = "until 2026-11-27T00:00:00.000000Z, unless\n";
    assert!(is_same(
        moment,
        "until 2027-01-02T00:00:00.000000Z, unless\n"
    ));
    assert!(is_same(
        "key  st-anna/credence+01234567+AbC/d=\n",
        "key  st-anna/credence+89abcdef+xYz+0=\n"
    ));
    assert!(!is_same("", "more\n"));
}

#[test]
fn a_command_names_this_runs_digest() {
    let mut digests = Digests::default();
    let (guide, printed) = ("ab".repeat(32), "cd".repeat(32));
    digests.pair(
        &format!("proposed {guide}\n"),
        &format!("proposed {printed}\n"),
    );
    let command = digests.renewed("credence policy approve abababab --by weber");
    assert_eq!(command, "credence policy approve cdcdcdcd --by weber");
}
