//! An alert as it stands in the ledger, and what it is about.

use crate::audit;
use crate::audit::Severity;
use crate::contract::Body;
use crate::ledger::Entry;
use crate::time::UtcMicros;

/// Characters of the longest text that is remembered and told; the ledger has all of it.
const TEXT_CHARACTERS_MAX: usize = 1_000;

/// Characters of the longest subject.
const SUBJECT_CHARACTERS_MAX: usize = 200;

/// Something that people should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The entry that says so.
    pub entry: u64,
    /// When, by the ledger's time.
    pub at: UtcMicros,
    /// Machine-readable kind.
    pub code: String,
    /// For people; no patient data.
    pub text: String,
    /// The entry that it is about.
    pub about: Option<u64>,
}

impl Alert {
    /// The alert that an entry is, if it is one.
    pub fn of(entry: &Entry) -> Option<Self> {
        let Body::Alert { code, text, about } = &entry.event.body else {
            return None;
        };
        Some(Self {
            entry: entry.seq,
            at: entry.ledger_time,
            code: code.clone(),
            text: text.chars().take(TEXT_CHARACTERS_MAX).collect(),
            about: *about,
        })
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        audit::alert_severity(&self.code)
    }

    /// What it is about: its text up to the first `: ` or `; `, where numbers do not count. So the days until
    /// a certificate ends make no other alert, and another certificate does.
    pub fn subject(&self) -> String {
        let ends = [": ", "; "].iter().filter_map(|end| self.text.find(end));
        let about = ends.min().and_then(|end| self.text.get(..end));
        let about = about.unwrap_or(&self.text);
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let words = about.split_whitespace();
        let words = words.map(|word| if is_number(word) { "#" } else { word });
        let subject = words.collect::<Vec<_>>().join(" ");
        subject.chars().take(SUBJECT_CHARACTERS_MAX).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::alarm) fn alert(entry: u64, second: i64, code: &str, text: &str) -> Alert {
        Alert {
            entry,
            at: UtcMicros(second * 1_000_000),
            code: code.to_owned(),
            text: text.to_owned(),
            about: None,
        }
    }

    #[test]
    fn a_subject_is_what_an_alert_is_about_and_no_number() {
        for (text, subject) in [
            (
                "destination pacs2: 12 instances wait for it: refused",
                "destination pacs2",
            ),
            (
                "destination pacs2: it answers again; 3 instances wait for it",
                "destination pacs2",
            ),
            (
                "certificate CN=gw in gw.pem expires in 9 days: 2026-12-09",
                "certificate CN=gw in gw.pem expires in # days",
            ),
            (
                "connection of ::1: no certificate; 5 more since the last alert",
                "connection of ::1",
            ),
            (
                "the review of decision 7 is late",
                "the review of decision # is late",
            ),
            ("", ""),
        ] {
            assert_eq!(alert(0, 0, "x", text).subject(), subject);
        }
    }
}
