//! One line for each record, for a terminal.

use std::io;
use std::io::Write;

use super::clock_face::ClockFace;
use super::format::Format;
use super::record::Record;

/// See the module.
#[derive(Debug)]
pub struct Table {
    clock: ClockFace,
}

impl Table {
    /// With local times of this zone.
    pub const fn new(clock: ClockFace) -> Self {
        Self { clock }
    }
}

/// Text that cannot move a terminal's cursor: what stands in a ledger was partly said by strangers.
pub fn harmless(text: &str) -> String {
    let shown = |character: char| match character {
        character if character.is_control() => '\u{fffd}',
        character => character,
    };
    text.chars().map(shown).collect()
}

impl Format for Table {
    fn file(&self) -> &'static str {
        "audit.txt"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let (entry, time, kind) = ("entry", "time", "kind");
        writeln!(out, "{entry:>8}  {time:<32}  {kind:<16}  what")
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let mut what = record.text();
        let is_decision =
            record.judged.as_deref().map(|judged| judged.entry) == Some(record.entry.seq);
        if let Some(request) = record.request() {
            let from = format!("{} ({})", request.requester, request.requester_ae);
            let to = format!("{} ({})", request.recipient, request.recipient_ae);
            what.push_str(&match is_decision {
                true => format!("; {from} for {to}, {}", request.purpose),
                false => format!("; for {to}"),
            });
        }
        if let Some(person) = record.person() {
            what.push_str(", by ");
            what.push_str(person);
        }
        writeln!(
            out,
            "{:>8}  {:<32}  {:<16}  {}",
            record.entry.seq,
            self.clock.local(record.at()),
            record.body().kind(),
            harmless(&what)
        )
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\r\nc"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c"
        );
    }
}
