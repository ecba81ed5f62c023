//! `credence policy`

mod backtest;
mod check;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use backtest::Backtest;
pub use check::Check;

/// Check a folder of rules, and try it on what was decided before
///
/// Changes nothing: neither the rules that a gateway uses nor its ledger.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Check a folder of rules, before a gateway is given it
    ///
    /// Reads every *.cedar file and schema.cedarschema. Faults: what does not read as Cedar, does
    /// not fit the schema, or can never apply; an @id, @reason or @obligation that is missing or
    /// unknown; and a rule with forbid whose evaluation can fail, by a sum or product beyond 64
    /// bits or by a text that is no date or address. Cedar skips a rule that fails, so a forbid
    /// would stop nothing; Credence refuses every request instead, so it would stop everything.
    ///
    /// Warnings: a rule with permit whose evaluation can fail; a rule that matched none of many
    /// made-up requests, which vary whatever the rule reads around the values that it names; a
    /// permit with an obligation that this version cannot meet.
    ///
    /// Exits with 0 when there are no faults, with 1 when there are, and with 2 when the folder
    /// cannot be read.
    Check(Check),
    /// Ask other rules what was asked before, and list where they would answer differently
    ///
    /// Goes through the gateway's ledger and puts every recorded request to the rules in a folder
    /// as well, with the consents and scores as they were then. Prints only decisions that would
    /// be others: entry, time, who asked for what, and both answers. The last line sums up.
    ///
    /// Later consequences are not played through: a transfer that other rules would have refused
    /// still counts for the score of those who took part.
    ///
    /// Exits with 0 whether answers would differ or not, with 1 when the rules have faults or the
    /// ledger cannot be read, and with 2 when the configuration or the folder cannot be read.
    Backtest(Backtest),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Policy, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Policy::Check(check) => check.run(out),
        Policy::Backtest(backtest) => backtest.run(out),
    }
}
