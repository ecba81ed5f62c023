//! Appending, beside a bare loop of write and fdatasync with the same batches.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use credence::ledger::Checkpoint;
use credence::storage::BATCH_ENTRIES_MAX;
use credence::storage::Priority;
use credence::storage::Record;
use credence::time::UtcMicros;
use criterion::Criterion;
use criterion::Throughput;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::ledgers;
use crate::ledgers::PLAIN_BYTES;
use crate::ledgers::Scribe;
use crate::slack;
use crate::verdict;

/// Transfers that wait for their entry at the same time.
const TRANSFERS: usize = 64;

/// Entries a second that must become durable.
const PER_SECOND: f64 = 8_000.0;

/// Of what the bare loop does with the same batches.
const OF_BARE: f64 = 0.5;

/// A lone append takes at most so many times a bare one, at the 99th percentile.
const LONE_P99_TIMES: f64 = 2.0;

const ENTRIES: usize = 32_000;
const LONE: usize = 1_000;
const ROUNDS: usize = 3;

/// How often a checkpoint is signed, as a gateway does.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Bytes of a bare loop's file: allocated and written once, as a journal's segments are.
const BARE_BYTES: u64 = 16 << 20;

/// A preallocated file that is written and synced, batch by batch, over and over.
struct Bare {
    file: File,
    at: u64,
    batch: Vec<u8>,
}

impl Bare {
    fn in_dir(dir: &Path) -> Self {
        let file = File::create_new(dir.join("bare")).unwrap();
        let flags = rustix::fs::FallocateFlags::empty();
        rustix::fs::fallocate(&file, flags, 0, BARE_BYTES).unwrap();
        file.sync_all().unwrap();
        Self {
            file,
            at: 0,
            batch: vec![0x5A; BATCH_ENTRIES_MAX * (PLAIN_BYTES + 40) + 72],
        }
    }

    /// As many bytes as a batch of `entries` takes in the journal.
    fn append(&mut self, dir: &Path, entries: usize) {
        let bytes = 72 + entries * (PLAIN_BYTES + 40);
        if self.at + bytes as u64 > BARE_BYTES {
            // A new file, so that every write goes to a place that was not written before.
            std::fs::remove_file(dir.join("bare")).unwrap();
            let batch = std::mem::take(&mut self.batch);
            *self = Self {
                batch,
                ..Self::in_dir(dir)
            };
        }
        let batch = self.batch.get(..bytes).unwrap();
        self.file.write_all_at(batch, self.at).unwrap();
        rustix::fs::fdatasync(&self.file).unwrap();
        self.at += bytes as u64;
    }
}

/// Takes asks as the recorder does: all that wait when the last sync ends.
struct Writer {
    scribe: Scribe,
    fill: usize,
    wall: UtcMicros,
    /// Sizes of the batches.
    batches: Vec<usize>,
    signed: Instant,
}

impl Writer {
    fn begin(dir: &Path) -> Self {
        let mut scribe = Scribe::begin(dir);
        let wall = UtcMicros(1_770_000_000_000_000);
        let fill = ledgers::fill(&mut scribe, wall);
        Self {
            scribe,
            fill,
            wall,
            batches: Vec::new(),
            signed: Instant::now(),
        }
    }

    /// A batch of `entries`, signed, linked and made durable.
    fn append(&mut self, entries: usize) {
        let records = self.records(entries);
        self.keep(&records);
    }

    fn records(&mut self, entries: usize) -> Vec<Record> {
        let one = |_| {
            let number = self.scribe.chain.next_seq();
            let body = ledgers::plain(number, self.fill);
            self.wall = self.wall.plus(100);
            let line = self.scribe.linked(self.wall, body).line;
            Record { line, sealed: None }
        };
        (0..entries).map(one).collect()
    }

    fn keep(&mut self, records: &[Record]) {
        self.scribe
            .journal
            .append(records, Priority::Normal)
            .unwrap();
        self.batches.push(records.len());
    }

    /// What the recorder does between batches.
    fn follow_up(&mut self) {
        self.scribe.journal.prepare().unwrap();
        if self.signed.elapsed() >= CHECKPOINT_EVERY {
            let Scribe {
                keys,
                journal,
                tree,
                ..
            } = &mut self.scribe;
            let note = Checkpoint::sign(tree, &keys.log).unwrap();
            journal.write_checkpoint(&note, tree).unwrap();
            self.signed = Instant::now();
        }
    }

    fn serve(mut self, mut asks: mpsc::Receiver<oneshot::Sender<()>>) -> Vec<usize> {
        while let Some(first) = asks.blocking_recv() {
            let mut waiting = vec![first];
            while waiting.len() < BATCH_ENTRIES_MAX
                && let Ok(ask) = asks.try_recv()
            {
                waiting.push(ask);
            }
            self.append(waiting.len());
            for ask in waiting {
                ask.send(()).unwrap();
            }
            self.follow_up();
        }
        self.batches
    }
}

/// [`TRANSFERS`] tasks, each of which waits for its entry before it asks for the next; returns the
/// entries a second, and the sizes of the batches that came about.
fn concurrent(dir: &Path, entries: usize) -> (f64, Vec<usize>) {
    let writer = Writer::begin(dir);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let (asks, receiver) = mpsc::channel(1024);
    let start = Instant::now();
    let thread = std::thread::spawn(move || writer.serve(receiver));
    let transfers: Vec<_> = (0..TRANSFERS)
        .map(|_| {
            let asks = asks.clone();
            runtime.spawn(async move {
                for _ in 0..entries / TRANSFERS {
                    let (reply, answer) = oneshot::channel();
                    asks.send(reply).await.unwrap();
                    answer.await.unwrap();
                }
            })
        })
        .collect();
    drop(asks);
    for transfer in transfers {
        runtime.block_on(transfer).unwrap();
    }
    let took = start.elapsed();
    let batches = thread.join().unwrap();
    (a_second(&batches, took), batches)
}

fn a_second(batches: &[usize], took: Duration) -> f64 {
    let entries = u32::try_from(batches.iter().sum::<usize>()).unwrap();
    f64::from(entries) / took.as_secs_f64()
}

fn bare(dir: &Path, batches: &[usize]) -> f64 {
    let mut bare = Bare::in_dir(dir);
    let start = Instant::now();
    for entries in batches {
        bare.append(dir, *entries);
    }
    a_second(batches, start.elapsed())
}

/// The journal alone, its lines made before: neither channel nor signatures nor links.
fn journal_alone(dir: &Path, batches: &[usize]) -> f64 {
    let mut writer = Writer::begin(dir);
    let records: Vec<Vec<Record>> = batches.iter().map(|size| writer.records(*size)).collect();
    let start = Instant::now();
    for records in &records {
        writer.keep(records);
        writer.scribe.journal.prepare().unwrap();
    }
    a_second(batches, start.elapsed())
}

/// Appends one entry at a time, in turn with the bare loop, so that both meet the same disk.
fn lone(dir: &Path) -> [Vec<Duration>; 2] {
    let mut writer = Writer::begin(dir);
    let mut bare = Bare::in_dir(dir);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..LONE {
        let start = Instant::now();
        writer.append(1);
        ours.push(start.elapsed());
        writer.follow_up();
        let start = Instant::now();
        bare.append(dir, 1);
        theirs.push(start.elapsed());
    }
    [ours, theirs].map(|mut times| {
        times.sort_unstable();
        times
    })
}

fn folder<T>(work: impl FnOnce(&Path) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    work(dir.path())
}

fn table_of_batches() -> bool {
    println!(
        "\n| appended, {PLAIN_BYTES} bytes a line | entries a second | of bare | batches, mean |"
    );
    println!("|---|---|---|---|");
    let mut rounds: Vec<[f64; 4]> = (0..ROUNDS)
        .map(|_| {
            let (ours, batches) = folder(|dir| concurrent(dir, ENTRIES));
            let bare = folder(|dir| bare(dir, &batches));
            let alone = folder(|dir| journal_alone(dir, &batches));
            let mean = a_second(&batches, Duration::from_secs(1))
                / f64::from(u32::try_from(batches.len()).unwrap());
            [ours, alone, bare, mean]
        })
        .collect();
    rounds
        .sort_by(|[one, _, bare, _], [other, _, than, _]| (one / bare).total_cmp(&(other / than)));
    let [ours, alone, bare, mean] = *rounds.get(ROUNDS / 2).unwrap();
    println!("| bare write and fdatasync | {bare:.0} | 1.00 | {mean:.1} |");
    println!(
        "| journal alone, lines made before | {alone:.0} | {:.2} | {mean:.1} |",
        alone / bare
    );
    println!(
        "| {TRANSFERS} transfers, each waiting for its entry; signed, linked, checkpoints | \
         {ours:.0} | {:.2} | {mean:.1} |",
        ours / bare
    );
    let fast = ours * slack() > PER_SECOND;
    let near = ours / bare * slack() > OF_BARE;
    println!(
        "\nlimits: > {PER_SECOND:.0} entries a second: {}; > {OF_BARE} of bare: {}",
        verdict(fast),
        verdict(near)
    );
    fast && near
}

fn table_of_one() -> bool {
    let [ours, bare] = folder(lone);
    println!("\n| one entry at a time | p50 | p99 |\n|---|---|---|");
    let at = |times: &[Duration], percent: usize| {
        let place = times.len() * percent / 100;
        times.get(place).copied().unwrap().as_secs_f64() * 1_000_000.0
    };
    for (what, times) in [
        ("bare write and fdatasync", &bare),
        ("signed, linked, appended", &ours),
    ] {
        println!(
            "| {what} | {:.0} µs | {:.0} µs |",
            at(times, 50),
            at(times, 99)
        );
    }
    let times = at(&ours, 99) / at(&bare, 99);
    let good = times <= LONE_P99_TIMES * slack();
    println!(
        "\nlimit: p99 at most {LONE_P99_TIMES} times a bare one's: {times:.2}, {}",
        verdict(good)
    );
    good
}

/// Prints the tables; tells whether the limits are kept.
pub(crate) fn table() -> bool {
    let batches = table_of_batches();
    table_of_one() && batches
}

/// Criterion's statistics.
pub(crate) fn statistics(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    group.sample_size(20);
    for entries in [1, BATCH_ENTRIES_MAX] {
        group.throughput(Throughput::Elements(entries as u64));
        folder(|dir| {
            let mut writer = Writer::begin(dir);
            group.bench_function(format!("journal, {entries} at a time"), |bencher| {
                bencher.iter(|| {
                    writer.append(entries);
                    writer.follow_up();
                });
            });
        });
        folder(|dir| {
            let mut bare = Bare::in_dir(dir);
            group.bench_function(format!("bare, {entries} at a time"), |bencher| {
                bencher.iter(|| bare.append(dir, entries));
            });
        });
    }
    group.finish();
}
