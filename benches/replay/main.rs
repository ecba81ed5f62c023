//! How long it takes to decide the decisions of a ledger anew: `credence ledger replay`.
//!
//!     cargo bench --bench replay                  50,000 decisions after those of a busy state
//!     cargo bench --bench replay -- --check       the same; exits 1 below the limit
//!     cargo bench --bench replay -- --keep DIR    leaves the ledger in DIR, to be replayed again
//!
//! The ledger is a real one: signed, chained, in a journal, over 10,000 consents, 50 institutions
//! and 21 policies. The time is that of the whole ledger, from reading the journal on; the rate
//! counts decisions only. One thread does it all, and it is the time that this thread had a core
//! for that counts (Linux: schedstat): on a machine that does nothing else, the time that passes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints, and has failed where it cannot go on"
)]

#[path = "../contract/books.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the contract")]
mod books;

use std::cell::RefCell;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use std::time::Instant;

use books::Books;
use credence::contract::Body;
use credence::ledger::Chain;
use credence::ledger::Stamp;
use credence::storage::BATCH_ENTRIES_MAX;
use credence::storage::Journal;
use credence::storage::Keys;
use credence::storage::Priority;
use credence::storage::Record;
use credence::storage::compare;
use credence::time::UtcMicros;

const DECISIONS: usize = 50_000;

/// Decisions that must be decided anew in a second, on one core.
const DECISIONS_PER_SECOND: u64 = 20_000;

/// Rounds; the best counts, as the machine may have other work.
const ROUNDS: usize = 3;

/// Signs, chains and keeps events.
struct Scribe {
    keys: Keys,
    journal: Journal,
    chain: Chain,
    batch: Vec<Record>,
}

impl Scribe {
    fn begin(dir: &Path) -> Self {
        let data = dir.join("data");
        std::fs::create_dir_all(&data).unwrap();
        let keys = Keys::open(&dir.join("keys"), &data, &"st-anna".parse().unwrap()).unwrap();
        let (journal, recovered) = Journal::open(&data, keys.log.key()).unwrap();
        Self {
            keys,
            journal,
            chain: recovered.chain,
            batch: Vec::new(),
        }
    }

    fn write(&mut self, wall: UtcMicros, body: &Body) {
        let author = "st-anna".parse().unwrap();
        let seq = self.chain.next_seq();
        let event = self
            .keys
            .statement
            .sign_event(author, seq, body.clone())
            .unwrap();
        let stamp = Stamp {
            wall,
            mono_us: seq,
            boot: "00112233445566ff",
        };
        let line = self.chain.next(stamp, event, None).unwrap().line;
        self.batch.push(Record { line, sealed: None });
        if self.batch.len() == BATCH_ENTRIES_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.journal.append(&self.batch, Priority::Normal).unwrap();
            self.batch.clear();
        }
    }
}

/// Writes the ledger below `dir`; returns its data folder.
fn write_ledger(dir: &Path) -> PathBuf {
    let scribe = Rc::new(RefCell::new(Scribe::begin(dir)));
    let sink = Rc::clone(&scribe);
    let mut books = Books::with(Some(Box::new(move |now, body| {
        sink.borrow_mut().write(now, body);
    })));
    let kinds = [books.acquisitions(), books.exchanges(), books.unconsented()];
    for number in 0..DECISIONS {
        let requests = kinds.get(number % kinds.len()).unwrap();
        let request = requests
            .get((number / kinds.len()) % requests.len())
            .unwrap();
        let decision = books.decision(request);
        let permitted = matches!(&decision, Body::Decision { decision, .. } if decision.releases());
        let seq = books.say(decision);
        if permitted {
            books.say(Books::closed(seq, request));
        }
    }
    scribe.borrow_mut().flush();
    dir.join("data")
}

/// How long this thread has had a core.
fn on_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// Decisions in a second on a core, in the best round.
fn measure(data: &Path) -> u64 {
    let rates = (0..ROUNDS).map(|_| {
        let (start, had) = (Instant::now(), on_core());
        let counts = compare(data, &mut |_| Ok(())).unwrap();
        let (passed, took) = (start.elapsed(), on_core() - had);
        assert!(counts.is_clean() && counts.same == counts.decisions);
        let rate = u128::from(counts.decisions) * 1_000_000 / took.as_micros();
        println!(
            "{} entries, {} decisions in {} ms, of which {} ms on a core: {rate} decisions a second",
            counts.entries,
            counts.decisions,
            passed.as_millis(),
            took.as_millis()
        );
        u64::try_from(rate).unwrap()
    });
    rates.max().unwrap()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let keep = arguments.iter().position(|argument| argument == "--keep");
    let kept = keep.map(|at| PathBuf::from(arguments.get(at + 1).unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let data = write_ledger(kept.as_deref().unwrap_or_else(|| folder.path()));
    let rate = measure(&data);
    // On a machine that is busy or slow, CREDENCE_SLACK=4 takes a fourth of the limit.
    let slack = std::env::var("CREDENCE_SLACK");
    let limit = DECISIONS_PER_SECOND / slack.map_or(1, |slack| slack.parse().unwrap());
    let good = rate > limit;
    println!("best: {rate} decisions a second, limit {limit}");
    if !good && arguments.iter().any(|argument| argument == "--check") {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
