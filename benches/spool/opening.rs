//! A start with many objects: each header is read and opened.

use std::time::Duration;
use std::time::Instant;

use credence::storage::Spool;

use crate::open;
use crate::peer;
use crate::slack;
use crate::verdict;

/// Objects that wait.
const OBJECTS: usize = 100_000;

/// Threads that put them there: syncs of several are made at once.
const THREADS: usize = 16;

/// Bytes that are said about each.
const ABOUT_BYTES: usize = 1_500;

/// Seconds that the start may have a core. What was just written is in memory: the time that passes
/// besides is that of others on the machine.
const SECONDS: f64 = 3.0;

/// How long this thread has had a core.
fn on_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

fn fill(spool: &Spool) {
    let (about, data, queues) = (vec![0x41; ABOUT_BYTES], vec![0x5A; 500], [peer()]);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..OBJECTS / THREADS {
                    let mut draft = spool.begin(&about).unwrap();
                    draft.write(&data).unwrap();
                    draft.keep(&queues).unwrap();
                }
            });
        }
    });
}

/// Prints the table; tells whether the limit is kept.
pub(crate) fn table() -> bool {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    let start = Instant::now();
    fill(&spool);
    let filled = start.elapsed().as_secs_f64();
    drop(spool);
    let (start, busy) = (Instant::now(), on_core());
    let (_spool, found) = open(dir.path());
    let seconds = start.elapsed().as_secs_f64();
    let on_core = (on_core() - busy).as_secs_f64();
    assert_eq!(found, OBJECTS);
    println!("\n| objects | kept by {THREADS} at a time | found at a start | of it on a core |");
    println!("|---|---|---|---|");
    println!("| {OBJECTS} | {filled:.1} s | {seconds:.2} s | {on_core:.2} s |");
    let good = on_core <= SECONDS * slack();
    println!(
        "\nlimit: a start within {SECONDS} s on a core: {}",
        verdict(good)
    );
    good
}
