//! Objects that are received and kept, in turn with the bare loop, and read back.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use credence::storage::Place;

use crate::bare::Bare;
use crate::open;
use crate::peer;
use crate::slack;
use crate::verdict;

/// Of what the bare loop does with the same bytes.
const OF_BARE: f64 = 0.7;

/// Bytes of a P-DATA-TF's value: what comes at once.
const PIECE_BYTES: usize = 131_066;

/// Bytes that are said about an object.
const ABOUT_BYTES: usize = 1_500;

/// Objects of a run, and the bytes of each: those of a large and of a small image.
const RUNS: [(usize, usize); 2] = [(500, 500_000), (2_000, 20_000)];

const ROUNDS: usize = 3;

/// How long the same objects took.
#[derive(Clone, Copy, Default)]
struct Took {
    spool: Duration,
    bare: Duration,
    /// To read them, and to remove them.
    drain: Duration,
}

impl Took {
    fn of_bare(&self) -> f64 {
        self.bare.as_secs_f64() / self.spool.as_secs_f64()
    }
}

fn timed<T>(took: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    *took += start.elapsed();
    done
}

fn round(dir: &Path, objects: usize, bytes: usize) -> Took {
    let (spool, _) = open(dir);
    let mut bare = Bare::in_dir(dir);
    let (about, data) = (vec![0x41; ABOUT_BYTES], vec![0x5A; bytes]);
    let pieces: Vec<&[u8]> = data.chunks(PIECE_BYTES).collect();
    let queues = [peer()];
    let mut took = Took::default();
    let mut kept = Vec::new();
    for number in 0..objects {
        let mut ours = || {
            let id = timed(&mut took.spool, || {
                let mut draft = spool.begin(&about).unwrap();
                for piece in &pieces {
                    draft.write(piece).unwrap();
                }
                draft.keep(&queues).unwrap()
            });
            kept.push(id);
        };
        // Who is first finds the disk as the other one left it: in turn.
        if number % 2 == 0 {
            ours();
            timed(&mut took.bare, || bare.keep(&about, &pieces));
        } else {
            timed(&mut took.bare, || bare.keep(&about, &pieces));
            ours();
        }
    }
    timed(&mut took.drain, || {
        for id in kept {
            let mut reader = spool.read(&queues[0], id, Place::Waiting).unwrap();
            let mut read = 0;
            while let Some(piece) = reader.next().unwrap() {
                read += piece.len();
            }
            assert_eq!(read, bytes);
            spool.remove(&queues[0], id, Place::Waiting).unwrap();
        }
    });
    took
}

/// Prints the table; tells whether the limits are kept.
pub(crate) fn table() -> bool {
    println!("\n| objects | | objects a second | MB/s | of bare |");
    println!("|---|---|---|---|---|");
    let mut good = true;
    for (objects, bytes) in RUNS {
        let mut rounds: Vec<Took> = (0..ROUNDS)
            .map(|_| {
                let dir = tempfile::tempdir().unwrap();
                round(dir.path(), objects, bytes)
            })
            .collect();
        rounds.sort_by(|one, other| one.of_bare().total_cmp(&other.of_bare()));
        let took = rounds.swap_remove(ROUNDS / 2);
        let count = f64::from(u32::try_from(objects).unwrap());
        let megabytes = f64::from(u32::try_from(objects * bytes).unwrap()) / 1e6;
        let what = format!("{objects} of {} kB", bytes / 1_000);
        for (who, time, of_bare) in [
            (
                "bare: sealed, written, file and folder synced",
                took.bare,
                "1.00".to_owned(),
            ),
            (
                "spool: begun, written, kept",
                took.spool,
                format!("{:.2}", took.of_bare()),
            ),
            ("spool: read, removed", took.drain, String::new()),
        ] {
            let seconds = time.as_secs_f64();
            let (rate, speed) = (count / seconds, megabytes / seconds);
            println!("| {what} | {who} | {rate:.0} | {speed:.0} | {of_bare} |");
        }
        good &= took.of_bare() * slack() >= OF_BARE;
    }
    println!("\nlimit: ≥ {OF_BARE} of bare: {}", verdict(good));
    good
}
