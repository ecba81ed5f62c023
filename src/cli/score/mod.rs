//! `credence score`

pub mod explain;
mod list;
mod simulate;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use explain::Explain;
pub use list::List;
pub use simulate::Simulate;

/// See what the credit scores of institutions are, where they come from, and what would move them
///
/// A score lies between 0 and 1000. It rises with exchange that goes well, falls with transfers
/// that failed on its side, reviews that were not done and incidents that an arbiter upheld, and forgets: half of
/// what is good after 90 days, half of what is bad after a year, unless credit.toml says otherwise.
/// What a score permits is said by the policies in force. Our own institution has none.
#[derive(Debug, Subcommand)]
pub enum Score {
    /// List the scores of today
    ///
    /// Institutions of the configuration of which nothing is known have the score of a newcomer.
    /// Good and bad are the weights of the evidence: one unit is a day of flawless exchange.
    List(List),
    /// Show where a score comes from: which entries of the ledger, what they weighed, what is left
    ///
    /// Reads the ledger from its beginning; a gateway may run. The lines add up to the score: each names
    /// the day, the entries (credence ledger show --entry N shows one), what they added on that day and
    /// what is left of it. Of reported incidents, only those count that an arbiter upheld.
    Explain(Explain),
    /// Show what made-up behaviour would do to scores, by the numbers of a credit.toml
    ///
    /// For trying numbers before they are proposed: the arithmetic is the ledger's own, nothing is
    /// recorded and no gateway is needed. A scenario says what institutions do on which days.
    Simulate(Simulate),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Score, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Score::List(list) => list.run(out),
        Score::Explain(explain) => explain.run(out),
        Score::Simulate(simulate) => simulate.run(out),
    }
}

/// A weight in thousandths of a unit, as 1.234.
fn units(milli: u64) -> String {
    format!("{}.{:03}", milli / 1000, milli % 1000)
}
