//! What pages have in common: moments, amounts, tables, what is said where there is nothing.

use std::borrow::Cow;

use maud::Markup;
use maud::html;

use super::Frame;
use crate::audit::ClockFace;
use crate::contract::Pseudonym;
use crate::contract::Verdict;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// A moment on the site's clocks; UTC where a pointer rests on it.
pub(super) fn time(face: &ClockFace, at: UtcMicros) -> Markup {
    let utc = ClockFace::utc().plain(at);
    html! {
        time datetime=(format!("{}Z", utc.replace(' ', "T"))) title=(format!("{utc} UTC")) {
            (face.plain(at))
        }
    }
}

/// Bytes as people write them.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let found = UNITS.into_iter().find(|(unit, _)| count >= *unit);
    found.map_or_else(
        || format!("{count} B"),
        |(unit, name)| {
            let (whole, rest) = (count / unit, count % unit);
            format!("{whole}.{} {name}", rest.saturating_mul(10) / unit)
        },
    )
}

/// A pseudonym or a digest, by its beginning; all of it where a pointer rests on it.
pub(super) fn short(text: &str) -> Markup {
    let begins: String = text.chars().take(8).collect();
    html! { code title=(text) { (begins) } }
}

/// A patient whom nobody is told who it is.
pub(super) fn patient(pseudonym: Option<Pseudonym>) -> Markup {
    match pseudonym {
        Some(pseudonym) => short(&pseudonym.to_string()),
        None => html! { span class="none" { "–" } },
    }
}

/// A digest.
pub(super) fn digest(digest: &Sha256) -> Markup {
    short(&digest.to_string())
}

/// Yes or no, told by a word and not by its colour alone.
pub(super) fn verdict(frame: &Frame, verdict: Verdict) -> Markup {
    match verdict {
        Verdict::Permit => html! { span class="mark good" { (frame.words.say("verdict-permit")) } },
        Verdict::Deny => html! { span class="mark bad" { (frame.words.say("verdict-deny")) } },
    }
}

/// What is said in place of an empty table.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p class="empty" { (text) } }
}

/// A table with a heading that a screen reader tells, and that scrolls by itself where it is wide.
pub(super) fn table(caption: &str, heads: &[Cow<'_, str>], rows: &Markup) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { (rows) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (524_288, "524.2 kB"),
            (3_210_000_000, "3.2 GB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn a_moment_has_two_clocks() {
        let vienna = ClockFace::of("Europe/Vienna").unwrap();
        let told = time(&vienna, UtcMicros(0)).into_string();
        assert!(told.contains("datetime=\"1970-01-01T00:00:00Z\""), "{told}");
        assert!(told.contains("1970-01-01 01:00:00</time>"), "{told}");
    }
}
