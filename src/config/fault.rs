//! What is wrong with a configuration file: where, what, and what would be allowed.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// One fault of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line of the file, counted from 1; `None` when the fault lies in no line of it.
    pub line: Option<usize>,
    /// Path of the key, as `peer[0].connect` (rows are counted from 0); empty for the whole file.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub allowed: String,
}

/// Every fault of a configuration file, in the order of its lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Faults {
    /// The file, as it was named; empty when the text came from no file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// `file:line: key: problem; allowed: what`, one fault a line.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:", self.file.display())?;
            if let Some(line) = fault.line {
                write!(f, "{line}:")?;
            }
            if !fault.key.is_empty() {
                write!(f, " {}:", fault.key)?;
            }
            write!(f, " {}; allowed: {}", fault.problem, fault.allowed)?;
        }
        Ok(())
    }
}
