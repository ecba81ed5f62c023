//! From where in the ledger on.

use std::str::FromStr;

use crate::ledger::Entry;
use crate::time::Day;

/// A place in the ledger: a day in UTC, or the number of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From this day of ledger time on.
    Day(Day),
    /// From this entry on.
    Entry(u64),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(entry) = text.parse() {
            return Ok(Self::Entry(entry));
        }
        let digits: String = text.split('-').collect();
        Day::from_dicom(&digits)
            .filter(|day| day.to_string() == text)
            .map(Self::Day)
            .ok_or_else(|| "a day is written as 2026-01-31, an entry as its number".to_owned())
    }
}

impl Since {
    /// Whether the entry lies there or after.
    pub(super) fn reached(self, entry: &Entry) -> bool {
        match self {
            Self::Day(day) => entry.ledger_time.day() >= day,
            Self::Entry(number) => entry.seq >= number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_a_number_are_told_apart() {
        assert_eq!("1970-01-02".parse(), Ok(Since::Day(Day(1))));
        assert_eq!("19700102".parse(), Ok(Since::Entry(19_700_102)));
        assert!("1970-1-2".parse::<Since>().is_err());
        assert!("-5".parse::<Since>().is_err());
    }
}
