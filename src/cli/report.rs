//! `credence report`

mod breach;
mod listed;
mod would_deny;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use breach::Breach;
pub use breach::By;
pub use listed::Access;
pub use listed::Institution;
pub use listed::Listed;
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
    /// Who asked for, got or was refused images of a patient, and what they consented to
    Access(Access),
    /// What was permitted because it could not wait for a consent, and what followed
    BreakGlass(Listed),
    /// What was refused, by whom it was asked, and why
    Denied(Listed),
    /// All in which an institution takes part, and its credit: the score now, and each entry that moved it
    Institution(Institution),
    /// What was reached through something that was compromised, and by when whom to tell
    ///
    /// Exactly one of --certificate, --user, --policy and --ae. Every patient and study of which something was
    /// released by it: one row for each, with the first and the last access, how many images were delivered, and to
    /// whom. Then the totals, and what is left of the 72 hours of GDPR Art. 33 and of the 60 days of 45 CFR 164.404,
    /// counted from --known. Patients are pseudonyms and studies digests without --identified.
    Breach(Breach),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Report, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Report::WouldDeny(would_deny) => would_deny.run(out),
        Report::Access(access) => access.run(out),
        Report::BreakGlass(listed) => listed.break_glass(out),
        Report::Denied(listed) => listed.denied(out),
        Report::Institution(institution) => institution.run(out),
        Report::Breach(breach) => breach.run(out),
    }
}
