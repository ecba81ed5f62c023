//! The part of a line that binds it to the others, read without reading the event.
//!
//! A canonical line has its members in a fixed order: `boot`, `event`, then those that are read
//! here. Quotes within the event's texts are escaped, so what is searched for from the end cannot
//! be a text of somebody's choice.

use crate::digest::Sha256;
use crate::ledger::entry::EntryError;
use crate::ledger::entry::LINE_BYTES_MAX;
use crate::time::UtcMicros;

/// Characters of the boot id.
const BOOT_CHARACTERS: usize = 16;

/// Bytes that the members after the event take at most: 265, if every number is as long as can be.
const TAIL_BYTES_MAX: usize = 288;

const LEDGER_TIME: &str = ",\"ledger_time\":";

/// Number, link and time of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// See [`Entry::seq`](crate::ledger::Entry::seq).
    pub seq: u64,
    /// See [`Entry::prev`](crate::ledger::Entry::prev).
    pub prev: Sha256,
    /// See [`Entry::ledger_time`](crate::ledger::Entry::ledger_time).
    pub ledger_time: UtcMicros,
    /// See [`Entry::wall`](crate::ledger::Entry::wall).
    pub wall: UtcMicros,
    /// See [`Entry::mono_us`](crate::ledger::Entry::mono_us).
    pub mono_us: u64,
    /// See [`Entry::sealed_sha256`](crate::ledger::Entry::sealed_sha256).
    pub sealed_sha256: Option<Sha256>,
}

impl Head {
    /// Reads the head of a line. The event is not looked at.
    ///
    /// # Errors
    /// When the text is not UTF-8, too long, or without an entry's members in their order.
    pub fn parse(line: &[u8]) -> Result<Self, EntryError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(EntryError::TooLong(line.len()));
        }
        let text = std::str::from_utf8(line).map_err(|_| EntryError::NotText)?;
        after_boot(text)
            .and_then(|event| Self::of_tail(tail(event)?))
            .ok_or(EntryError::Members)
    }

    fn of_tail(tail: &str) -> Option<Self> {
        let (ledger_time, rest) = number(tail.strip_prefix(LEDGER_TIME)?)?;
        let (mono_us, rest) = number(rest.strip_prefix(",\"mono_us\":")?)?;
        let (prev, rest) = digest(rest.strip_prefix(",\"prev\":")?)?;
        let (sealed_sha256, rest) = match rest.strip_prefix(",\"sealed_sha256\":") {
            None => (None, rest),
            Some(rest) => {
                let (sealed, rest) = digest(rest)?;
                (Some(sealed), rest)
            }
        };
        let (seq, rest) = number(rest.strip_prefix(",\"seq\":")?)?;
        let (wall, rest) = number(rest.strip_prefix(",\"wall\":")?)?;
        (rest == "}").then_some(Self {
            seq: u64::try_from(seq).ok()?,
            prev,
            ledger_time: UtcMicros(ledger_time),
            wall: UtcMicros(wall),
            mono_us: u64::try_from(mono_us).ok()?,
            sealed_sha256,
        })
    }
}

/// What follows the boot id.
fn after_boot(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("{\"boot\":\"")?;
    let (boot, rest) = rest.split_at_checked(BOOT_CHARACTERS)?;
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let rest = rest.strip_prefix("\",\"event\":{")?;
    boot.bytes().all(lower_hex).then_some(rest)
}

/// The members after the event.
fn tail(line: &str) -> Option<&str> {
    let mut from = line.len().saturating_sub(TAIL_BYTES_MAX);
    while !line.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    let end = line.get(from..)?;
    let (event, tail) = end.split_at_checked(end.rfind(LEDGER_TIME)?)?;
    event.ends_with('}').then_some(tail)
}

/// A canonical integer, and what follows it.
fn number(text: &str) -> Option<(i64, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = digits.split_at_checked(length)?;
    if digits.starts_with('0') && text.len() != rest.len().saturating_add(1) {
        return None;
    }
    let (whole, rest) = text.split_at_checked(text.len().saturating_sub(rest.len()))?;
    Some((whole.parse().ok()?, rest))
}

/// A digest in quotes, and what follows it.
fn digest(text: &str) -> Option<(Sha256, &str)> {
    let (digits, rest) = text.strip_prefix('"')?.split_at_checked(64)?;
    Some((digits.parse().ok()?, rest.strip_prefix('"')?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::Scribe;
    use proptest::prelude::any;
    use proptest::proptest;

    #[test]
    fn numbers_have_one_spelling() {
        for (text, value) in [("0", 0), ("-1", -1), ("17", 17)] {
            assert_eq!(number(text), Some((value, "")));
        }
        for bad in ["", "-", "-0", "01", "+1", " 1", "99999999999999999999"] {
            assert_eq!(number(bad), None, "{bad}");
        }
        assert_eq!(number("1.5"), Some((1, ".5")));
    }

    #[test]
    fn a_text_in_the_event_is_not_taken_for_the_head() {
        let text = r#"},"ledger_time":1,"mono_us":1,"prev":"0","seq":1,"wall":1}"#;
        let linked = Scribe::new().alert(text);
        let head = Head::parse(linked.line.as_bytes()).unwrap();
        assert_eq!(head.ledger_time, linked.entry.ledger_time);
    }

    #[test]
    fn members_in_another_order_are_no_head() {
        let line = Scribe::new().alert("a").line;
        assert!(Head::parse(line.as_bytes()).is_ok());
        for (from, to) in [
            (",\"wall\":", ", \"wall\":"),
            ("{\"boot\":", "{\"Boot\":"),
            ("\"event\":{", "\"event\":["),
            ("\"seq\":0", "\"seq\":00"),
            ("\"seq\":0", "\"seq\":-1"),
            ("\"mono_us\":17", "\"mono_us\":1.7"),
        ] {
            let bad = line.replace(from, to);
            assert_ne!(bad, line);
            assert_eq!(Head::parse(bad.as_bytes()), Err(EntryError::Members));
        }
        let longer = format!("{line} ");
        assert_eq!(Head::parse(longer.as_bytes()), Err(EntryError::Members));
        assert_eq!(Head::parse(b"\xFF"), Err(EntryError::NotText));
    }

    proptest! {
        #[test]
        fn a_head_says_what_its_entry_says(
            text in any::<String>(),
            wall in 0..1_i64 << 52,
            sealed in any::<Option<[u8; 32]>>(),
        ) {
            let mut scribe = Scribe::new();
            scribe.alert("before");
            scribe.wall = UtcMicros(wall);
            let sealed = sealed.map(Sha256::from_bytes);
            let linked = scribe.write(scribe.event(&text), sealed).unwrap();
            let (entry, head) = (&linked.entry, Head::parse(linked.line.as_bytes()).unwrap());
            assert_eq!((head.seq, head.prev), (entry.seq, entry.prev));
            assert_eq!((head.ledger_time, head.wall), (entry.ledger_time, entry.wall));
            assert_eq!((head.mono_us, head.sealed_sha256), (entry.mono_us, sealed));
        }

        #[test]
        fn no_text_makes_it_panic(start in 0_usize..400, garbage in any::<String>()) {
            let line = Scribe::new().alert("é").line;
            let kept = line.get(..start).unwrap_or(&line);
            let _head = Head::parse(format!("{kept}{garbage}").as_bytes());
            let kept = line.get(start..).unwrap_or(&line);
            let _head = Head::parse(format!("{garbage}{kept}").as_bytes());
        }
    }
}
