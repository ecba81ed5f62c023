//! `credence policy`

mod proposal;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use proposal::Activate;
pub use proposal::Approve;
pub use proposal::List;
pub use proposal::NotAPrefix;
pub use proposal::Prefix;
pub use proposal::Propose;
pub use proposal::Which;
pub use proposal::Withdraw;

/// Change the rules and numbers that decide, by two persons
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Propose a folder of rules and a file of numbers
    ///
    /// Checks them and records their whole text. Nothing is decided by them until another person
    /// approves, and somebody activates them. Prints the digest that names them from then on.
    ///
    /// What lies in the configured folder decides nothing by itself: a gateway takes it when its
    /// ledger begins, and later only tells, by a warning and an alert (policy-differs), that it is
    /// not what is in force.
    Propose(Propose),
    /// Approve a proposal, as a second person
    ///
    /// The approver is not the proposer; letter case and spaces make no second person. Read what is
    /// approved: its text is in the ledger, in the entry that propose printed, and credence policy
    /// backtest tells what it would have decided.
    Approve(Approve),
    /// Give a proposal up
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
        Policy::Propose(propose) => propose.run(out),
        Policy::Approve(approve) => approve.run(out),
        Policy::Withdraw(withdraw) => withdraw.run(out),
        Policy::Activate(activate) => activate.run(out),
        Policy::List(list) => list.run(out),
    }
}
