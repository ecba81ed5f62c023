//! What the index of a ledger reaches: how fast it is built from the journal, how long an intact
//! one takes to open, what that takes in memory and on the disk, and how long a question takes.
//!
//! ```text
//! cargo bench --bench index                          # 120,000 entries
//! cargo bench --bench index -- --check               # the same; ends with 1 when a bar is missed
//! cargo bench --bench index -- 10000000 --in DIR     # ten million: a journal of 8 GB below DIR
//! cargo bench --bench index -- 10000000 --in DIR --stores
//! ```
//!
//! Building and opening each happen in a process of its own, whose memory and processor time are
//! those of the index alone. `--stores` writes the same pairs of keys and values into a new sled
//! and into redb, in the same pieces, and opens both. In any case the form that the index does not
//! have, one key for each facet of each entry, is written into sled, too, for a comparison.
//!
//! All times are those that passed, with all cores that the machine gives: reading the journal has
//! a thread beside the one that feeds sled.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench reads the clock, prints what it measured, and has failed when it cannot run"
)]

mod ledger;
mod stores;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use credence::storage::Facet;
use credence::storage::Index;
use credence::storage::JournalReader;
use ledger::Said;

/// Entries of the short form.
const ENTRIES: u64 = 120_000;

/// Rounds of the short form; the best counts, as the machine may have other work.
const ROUNDS: usize = 3;

/// Entries of the long form, from which on there is one round.
const LONG_ENTRIES: u64 = 1_000_000;

/// Entries for the form with one key for each facet of each entry: it is slow.
const EACH_ENTRIES: u64 = 40_000;

/// Entries that must be indexed in a second.
const RATE_MIN: u64 = 50_000;

/// How long an intact index may take to open, and what it may hold in memory.
const OPEN_MAX: Duration = Duration::from_secs(5);
const HELD_KIB_MAX: u64 = 1 << 20;

/// What a process of its own measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// What was timed.
    pub(crate) took: Duration,
    /// Time that all threads had a core.
    pub(crate) on_cores: Duration,
    /// Most that was held in memory.
    pub(crate) peak_kib: u64,
    /// How long questions took.
    asked: Duration,
}

impl Figures {
    /// As a line, from one process to the other.
    fn line(&self) -> String {
        let (took, cores) = (self.took.as_micros(), self.on_cores.as_micros());
        let asked = self.asked.as_micros();
        format!("figures {took} {cores} {} {asked}", self.peak_kib)
    }

    fn parse(text: &str) -> Self {
        let line = text.lines().find_map(|line| line.strip_prefix("figures "));
        let numbers = line.unwrap().split(' ').map(|word| word.parse().unwrap());
        let numbers: Vec<u64> = numbers.collect();
        Self {
            took: Duration::from_micros(numbers[0]),
            on_cores: Duration::from_micros(numbers[1]),
            peak_kib: numbers[2],
            asked: Duration::from_micros(numbers[3]),
        }
    }

    /// What this process took to do `work`.
    pub(crate) fn of(work: impl FnOnce()) -> Self {
        let begun = Instant::now();
        work();
        Self {
            took: begun.elapsed(),
            on_cores: on_cores(),
            peak_kib: peak_kib(),
            asked: Duration::ZERO,
        }
    }
}

/// Processor time of this process so far, in ticks of 10 ms (Linux).
fn on_cores() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2);
    Duration::from_millis(
        10 * ticks
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum::<u64>(),
    )
}

/// The most that this process held so far (Linux: VmHWM).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words = line.unwrap().split_whitespace().nth(1);
    words.unwrap().parse().unwrap()
}

/// Bytes below a folder.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let items = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let bytes = items.map(|item| {
        let path = item.path();
        if path.is_dir() {
            bytes_below(&path)
        } else {
            path.metadata().unwrap().len()
        }
    });
    bytes.sum()
}

/// Has `task` done in a process of its own.
pub(crate) fn apart(task: &str, folder: &Path, entries: u64) -> Figures {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--task", task, &entries.to_string(), "--in"])
        .arg(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{task}: {told}");
    Figures::parse(&String::from_utf8(output.stdout).unwrap())
}

/// Opens the index below `folder`, builds it if there is none, and asks it.
fn open(folder: &Path, entries: u64, is_there: bool) -> Figures {
    let data = folder.join("data");
    let (index, journal) = (Index::new(&data), JournalReader::new(&data));
    let mut from = None;
    let mut figures = Figures::of(|| {
        let go_on = |state: &credence::storage::CatchingUp| {
            from.get_or_insert(state.from);
            true
        };
        index.catch_up(&journal, entries, go_on).unwrap();
    });
    assert_eq!(from.unwrap() > 0, is_there, "{from:?}");
    let questions = questions(entries);
    let begun = Instant::now();
    for (facet, expected) in &questions {
        let found = index.find(facet, entries, 1_000).unwrap();
        assert!(expected.is_empty() || found == *expected, "{facet:?}");
        assert!(found.is_sorted_by(|one, other| one > other));
    }
    figures.asked = begun.elapsed() / u32::try_from(questions.len()).unwrap();
    figures
}

/// Facets of single entries all over the ledger that few others share, with the answers.
fn questions(entries: u64) -> Vec<(Facet, Vec<u64>)> {
    let mut questions = BTreeMap::new();
    for number in 0..40 {
        let seq = number * (entries - 100) / 40;
        let near = seq / 4 * 4;
        let said = Said::by(seq, entries);
        let study = Facet::Study(said.study);
        let of_study = |seq: &u64| Said::by(*seq, entries).facets().contains(&study);
        let answer = (near..near + 4).rev().filter(of_study).collect();
        questions.insert((0, number), (study.clone(), answer));
        questions.insert((1, number), (Facet::Patient(said.patient), Vec::new()));
    }
    let mut questions: Vec<_> = questions.into_values().collect();
    // A study of which nothing was decided is a question that has no answer.
    questions.retain(|(facet, answer)| matches!(facet, Facet::Patient(_)) || !answer.is_empty());
    questions
}

/// What was asked for on the command line.
struct Arguments {
    entries: u64,
    folder: Option<PathBuf>,
    task: Option<String>,
    stores: bool,
    check: bool,
}

fn arguments() -> Arguments {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = words.iter().position(|word| word == flag)?;
        words.get(at + 1).cloned()
    };
    Arguments {
        entries: words
            .iter()
            .find_map(|word| word.parse().ok())
            .unwrap_or(ENTRIES),
        folder: after("--in").map(PathBuf::from),
        task: after("--task"),
        stores: words.iter().any(|word| word == "--stores"),
        check: words.iter().any(|word| word == "--check"),
    }
}

fn do_task(task: &str, folder: &Path, entries: u64) {
    let figures = match task {
        "build" => open(folder, entries, false),
        "open" => open(folder, entries, true),
        "one-key-each" => stores::one_key_each(folder, entries),
        "sled-write" => stores::write::<stores::Sled>(folder),
        "redb-write" => stores::write::<stores::Redb>(folder),
        "sled-open" => stores::open::<stores::Sled>(folder),
        "redb-open" => stores::open::<stores::Redb>(folder),
        other => unreachable!("no task {other}"),
    };
    println!("{}", figures.line());
}

fn per_second(entries: u64, took: Duration) -> u64 {
    let rate = u128::from(entries) * 1_000_000 / took.as_micros().max(1);
    u64::try_from(rate).unwrap()
}

/// Builds and opens; whether every bar was met.
fn measure(folder: &Path, entries: u64) -> bool {
    let index = folder.join("data").join("index");
    let rounds = if entries < LONG_ENTRIES { ROUNDS } else { 1 };
    let (mut rate, mut opened, mut held_kib) = (0, Duration::MAX, 0);
    for _ in 0..rounds {
        if index.exists() {
            std::fs::remove_dir_all(&index).unwrap();
        }
        let built = apart("build", folder, entries);
        let reopened = apart("open", folder, entries);
        let again = apart("open", folder, entries);
        println!(
            "built in {:.2?} ({} entries/s; {:.2?} on cores), peak {} MiB; \
             opened in {:.3?}, again in {:.3?}, peak {} MiB; a question: {:.0?}",
            built.took,
            per_second(entries, built.took),
            built.on_cores,
            built.peak_kib >> 10,
            reopened.took,
            again.took,
            reopened.peak_kib.max(again.peak_kib) >> 10,
            again.asked,
        );
        rate = rate.max(per_second(entries, built.took));
        opened = opened.min(reopened.took.max(again.took));
        held_kib = held_kib
            .max(built.peak_kib)
            .max(reopened.peak_kib)
            .max(again.peak_kib);
    }
    let bytes = bytes_below(&index);
    println!(
        "on the disk: {} MB, {} bytes an entry",
        bytes / 1_000_000,
        bytes / entries
    );
    // On a machine that is busy or slow, CREDENCE_SLACK=4 takes a fourth of the rate, and allows
    // four times as long.
    let slack = std::env::var("CREDENCE_SLACK");
    let slack: u32 = slack.map_or(1, |slack| slack.parse().unwrap());
    let bars = [
        (
            rate >= RATE_MIN / u64::from(slack),
            format!("{rate} entries/s, bar {RATE_MIN}"),
        ),
        (
            opened < slack * OPEN_MAX,
            format!("opens in {opened:.3?}, bar {OPEN_MAX:?}"),
        ),
        (
            held_kib < HELD_KIB_MAX,
            format!("{} MiB, bar {} MiB", held_kib >> 10, HELD_KIB_MAX >> 10),
        ),
    ];
    for (met, words) in &bars {
        println!("{}: {words}", if *met { "met" } else { "MISSED" });
    }
    bars.iter().all(|(met, _)| *met)
}

fn main() -> ExitCode {
    let asked = arguments();
    let scratch = tempfile::tempdir().unwrap();
    let folder = asked.folder.as_deref().unwrap_or_else(|| scratch.path());
    if let Some(task) = &asked.task {
        do_task(task, folder, asked.entries);
        return ExitCode::SUCCESS;
    }
    let (entries, data) = (asked.entries, folder.join("data"));
    if !data.exists() {
        let written = Figures::of(|| ledger::write(&data, entries));
        println!("{entries} entries written in {:.1?}", written.took);
    }
    println!(
        "journal: {} MB",
        bytes_below(&data.join("journal")) / 1_000_000
    );
    let met = measure(folder, entries);
    if entries < LONG_ENTRIES {
        let each = apart("one-key-each", folder, EACH_ENTRIES);
        let rate = per_second(EACH_ENTRIES, each.took);
        println!("one key for each facet of each entry, sled alone: {rate} entries/s");
    }
    if asked.stores {
        stores::compare(folder);
    }
    if met || !asked.check {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
