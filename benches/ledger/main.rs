//! How fast the ledger is: verified, and appended to.
//!
//!     cargo bench --bench ledger                   criterion's statistics, then the tables
//!     cargo bench --bench ledger -- --check        the tables only; exits 1 when a limit is missed
//!     cargo bench --bench ledger -- --check verify    only those of verifying; or append
//!
//! On a machine that is busy or slow, CREDENCE_SLACK=4 relaxes each limit by four. The ledgers lie
//! in the folder for temporary files: set TMPDIR to put them on the disk that is to be measured.
//!
//! Verifying is one thread's work, and what counts is the time that this thread had a core for
//! (Linux: schedstat): on a machine that does nothing else, the time that passes. Appending waits
//! for a disk, so there the time that passes counts, and every figure stands beside that of a bare
//! loop of write and fdatasync in the same run, on the same file system, with the same batches.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints, and has failed where it cannot go on"
)]

mod appending;
#[path = "../contract/books.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the contract")]
mod books;
mod ledgers;
mod signing;
mod verifying;

use std::process::ExitCode;
use std::time::Duration;

/// By how much limits are relaxed.
fn slack() -> f64 {
    let slack = std::env::var("CREDENCE_SLACK");
    slack.map_or(1.0, |slack| slack.parse().unwrap())
}

/// How long this thread has had a core.
fn on_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// "ok", when `good`.
const fn verdict(good: bool) -> &'static str {
    if good { "ok" } else { "MISSED" }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = |what: &str| arguments.iter().any(|argument| argument == what);
    let (verify, append) = match (asked("verify"), asked("append")) {
        (false, false) => (true, true),
        some => some,
    };
    if !asked("--check") {
        let mut criterion = criterion::Criterion::default();
        if verify {
            verifying::statistics(&mut criterion);
        }
        if append {
            appending::statistics(&mut criterion);
        }
        criterion.final_summary();
    }
    let mut good = true;
    if verify {
        good &= verifying::table();
        signing::table();
    }
    if append {
        good &= appending::table();
    }
    if asked("--check") && !good {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
