//! How fast the spool is, beside a bare loop that seals and writes the same bytes with the same syncs.
//!
//!     cargo bench --bench spool                 the tables
//!     cargo bench --bench spool -- --check      exits 1 when a limit is missed
//!     cargo bench --bench spool -- --check keep    only that of keeping; or open
//!
//! For keeping, what counts is the time that passes, since it waits for a disk. Both loops run in one
//! process, object by object in turn, so that they meet the same disk and the same machine. The
//! files lie in the folder for temporary files: set TMPDIR to put them on the disk that is to be
//! measured. On a machine that is busy or slow, CREDENCE_SLACK=4 relaxes each limit by four.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints, and has failed where it cannot go on"
)]

mod bare;
mod keeping;
mod opening;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use credence::config::PeerName;
use credence::config::Spool as Settings;
use credence::storage::Keys;
use credence::storage::Spool;

/// By how much limits are relaxed.
fn slack() -> f64 {
    let slack = std::env::var("CREDENCE_SLACK");
    slack.map_or(1.0, |slack| slack.parse().unwrap())
}

/// "ok", when `good`.
const fn verdict(good: bool) -> &'static str {
    if good { "ok" } else { "MISSED" }
}

/// A spool in a folder, and how many objects were found in it.
fn open(dir: &Path) -> (Spool, usize) {
    let keys = Keys::open(
        &dir.join("keys"),
        &dir.join("data"),
        &"st-anna".parse().unwrap(),
    );
    let settings = Settings {
        dir: dir.join("spool"),
        bytes_max: 1 << 40,
        objects_max: 1_000_000,
        free_bytes_min: 0,
        memory_bytes_max: 1 << 20,
        retry_first: Duration::from_secs(1),
        retry_max: Duration::from_secs(15),
        tries_max: 100,
        tries_refused_max: 3,
    };
    let (spool, found) = Spool::open(&settings, &keys.unwrap()).unwrap();
    (spool, found.count())
}

/// Whose queue the objects are in.
fn peer() -> PeerName {
    "pacs".parse().unwrap()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = |what: &str| arguments.iter().any(|argument| argument == what);
    let (keep, open) = match (asked("keep"), asked("open")) {
        (false, false) => (true, true),
        some => some,
    };
    let mut good = true;
    if keep {
        good &= keeping::table();
    }
    if open {
        good &= opening::table();
    }
    if asked("--check") && !good {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
