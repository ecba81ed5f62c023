//! `credence policy`

mod backtest;
mod check;
mod proposal;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use backtest::Backtest;
pub use check::Check;
pub use proposal::Activate;
pub use proposal::Approve;
pub use proposal::List;
pub use proposal::NotAPrefix;
pub use proposal::Prefix;
pub use proposal::Propose;
pub use proposal::Which;
pub use proposal::Withdraw;

/// Check rules and numbers, try them on what was decided before, and change them by two persons
///
/// Usually in this order: check, backtest, propose by one person, approve by another, activate.
/// Check and backtest change nothing: neither the rules that a gateway uses nor its ledger.
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
    /// Propose a folder of rules and a file of numbers
    ///
    /// Checks them as credence policy check does and records their whole text. Nothing is decided by
    /// them until another person approves, and somebody activates them. Prints the digest that names
    /// them from then on.
    ///
    /// What lies in the configured folder decides nothing by itself: a gateway takes it when its
    /// ledger begins, and later only tells, by a warning and an alert (policy-differs), that it is
    /// not what is in force.
    Propose(Propose),
    /// Approve a proposal, as a second person
    ///
    /// The approver is not the proposer; letter case and spaces make no second person. Read what is
    /// approved: its text is in the ledger, in the entry that propose printed (credence ledger show
    /// --entry), and credence policy backtest tells what it would have decided.
    Approve(Approve),
    /// Give a proposal up, approved or not
    Withdraw(Withdraw),
    /// Put an approved proposal in force
    ///
    /// From this entry on it decides. Transfers under way are asked about again, and stop with the
    /// next image where the answer is another.
    Activate(Activate),
    /// List what is in force, what is proposed, and by whom
    List(List),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Policy, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Policy::Check(check) => check.run(out),
        Policy::Backtest(backtest) => backtest.run(out),
        Policy::Propose(propose) => propose.run(out),
        Policy::Approve(approve) => approve.run(out),
        Policy::Withdraw(withdraw) => withdraw.run(out),
        Policy::Activate(activate) => activate.run(out),
        Policy::List(list) => list.run(out),
    }
}
