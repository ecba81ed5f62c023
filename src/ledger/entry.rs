//! An entry: an event in its envelope, as one line of canonical JSON.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::Event;
use crate::digest::Sha256;
use crate::digest::canonical_json;
use crate::time::UtcMicros;

mod quick;

/// Bytes in the longest line of the ledger, without a newline.
pub const LINE_BYTES_MAX: usize = 65_535;

/// Characters of a boot id: lower-case hexadecimal digits.
const BOOT_CHARACTERS: usize = 16;

/// Prefix of a leaf in the Merkle tree (RFC 6962 §2.1).
const LEAF_PREFIX: u8 = 0x00;

/// An event and the place that it has in this ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number: 0 for the first entry, then without gaps. Also its leaf's index in the tree.
    pub seq: u64,
    /// SHA-256 of the line before it; all zero for the first.
    pub prev: Sha256,
    /// Time that never runs back: the wall clock, or the ledger time before if that is later.
    pub ledger_time: UtcMicros,
    /// Wall clock when it was written.
    pub wall: UtcMicros,
    /// Monotonic microseconds since the gateway started.
    pub mono_us: u64,
    /// Which start of the gateway: 16 lower-case hexadecimal digits.
    pub boot: String,
    /// SHA-256 of the sealed details that lie beside the line, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_sha256: Option<Sha256>,
    /// What happened.
    pub event: Event,
}

/// Why a text is not a line of the ledger, or an entry cannot become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The line is too long.
    #[error("the line has {0} bytes, at most {LINE_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Not text.
    #[error("the line is not UTF-8 text")]
    NotText,
    /// Not JSON of the right form. The text itself is not repeated here.
    #[error("the line is not the JSON of an entry (at column {column})")]
    Json {
        /// Column at which reading stopped.
        column: usize,
    },
    /// The members that bind an entry to the others are not where they belong.
    #[error("the line has not the members of an entry in their order")]
    Members,
    /// The boot id is malformed.
    #[error("the boot id is not {BOOT_CHARACTERS} lower-case hexadecimal digits")]
    Boot,
    /// The line reads as an entry, but that entry is written differently (RFC 8785), or a number
    /// in it is too large to be written exactly (2^53).
    #[error("the line is not the canonical form of its entry")]
    NotCanonical,
}

impl From<serde_json::Error> for EntryError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            column: error.column(),
        }
    }
}

impl Entry {
    /// The entry's line, without a newline.
    ///
    /// # Errors
    /// When the line would be too long, or would not read back as this very entry.
    pub fn line(&self) -> Result<String, EntryError> {
        let line = canonical_json(self)?;
        match Self::read(&line) {
            Ok(back) if back == *self => Ok(line),
            Ok(_) => Err(EntryError::NotCanonical),
            Err(error) => Err(error),
        }
    }

    /// Reads a line, and accepts it only if it is what [`Entry::line`] would write.
    ///
    /// # Errors
    /// When the text is no entry's line.
    pub fn parse(line: &str) -> Result<Self, EntryError> {
        let entry = Self::read(line)?;
        if canonical_json(&entry)? == line {
            Ok(entry)
        } else {
            Err(EntryError::NotCanonical)
        }
    }

    /// Reads a line that is known to be canonical: one whose digest was checked before.
    ///
    /// # Errors
    /// When the text is no entry's line.
    pub fn read(line: &str) -> Result<Self, EntryError> {
        check_length(line.len())?;
        let entry = match quick::decision(line) {
            Some(entry) => entry,
            None => serde_json::from_str(line)?,
        };
        check_boot(&entry.boot)?;
        Ok(entry)
    }
}

/// What the next line names as `prev`: SHA-256 of the line.
pub fn line_hash(line: &[u8]) -> Sha256 {
    Sha256::of(&[line])
}

/// The line's leaf in the Merkle tree: SHA-256(`0x00` ‖ line) (RFC 6962 §2.1).
pub fn leaf_hash(line: &[u8]) -> Sha256 {
    Sha256::of(&[&[LEAF_PREFIX], line])
}

const fn check_length(bytes: usize) -> Result<(), EntryError> {
    if bytes > LINE_BYTES_MAX {
        return Err(EntryError::TooLong(bytes));
    }
    Ok(())
}

fn check_boot(boot: &str) -> Result<(), EntryError> {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if boot.len() == BOOT_CHARACTERS && boot.bytes().all(lower_hex) {
        Ok(())
    } else {
        Err(EntryError::Boot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures;

    #[test]
    fn a_line_reads_back_as_its_entry() {
        let linked = fixtures::Scribe::new().alert("something happened");
        let entry = Entry::parse(&linked.line).unwrap();
        assert_eq!(entry, linked.entry);
        assert!(!linked.line.contains('\n'));
    }

    #[test]
    fn another_spelling_of_an_entry_is_not_its_line() {
        let line = fixtures::Scribe::new().alert("a").line;
        let spaced = line.replacen(':', ": ", 1);
        assert_eq!(Entry::parse(&spaced), Err(EntryError::NotCanonical));
        let more = line.replacen('{', r#"{"a":1,"#, 1);
        assert!(matches!(Entry::parse(&more), Err(EntryError::Json { .. })));
    }

    #[test]
    fn a_number_that_json_would_round_is_refused() {
        let mut entry = fixtures::Scribe::new().alert("a").entry;
        entry.mono_us = (1 << 53) + 1;
        assert_eq!(entry.line(), Err(EntryError::NotCanonical));
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused() {
        let entry = fixtures::Scribe::new().alert("a").entry;
        let room = LINE_BYTES_MAX - entry.line().unwrap().len();
        let longest = fixtures::Scribe::new().alert(&"a".repeat(room + 1));
        assert_eq!(longest.line.len(), LINE_BYTES_MAX);
        let mut scribe = fixtures::Scribe::new();
        let longer = scribe.try_alert(&"a".repeat(room + 2));
        assert_eq!(longer.unwrap_err(), EntryError::TooLong(65_536));
    }
}
