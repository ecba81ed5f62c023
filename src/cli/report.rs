//! `credence report`

mod would_deny;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use would_deny::WouldDeny;

/// Reports from a gateway's ledger
///
/// Read the data folder of a gateway that runs or does not, and change nothing.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// What a gateway that only observes would have refused, and why
    ///
    /// With mode = "observe" every request is forwarded, and recorded with the answer that the
    /// rules gave. This lists the refusals among them: first how often, by requester, recipient,
    /// purpose and reason, the most frequent first; then each with the number of its entry, which
    /// "credence ledger show --entry" shows in full. With mode = "enforce" these would have been
    /// refused.
    WouldDeny(WouldDeny),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Report, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Report::WouldDeny(would_deny) => would_deny.run(out),
    }
}
