//! Verifying, at each depth.

use std::path::Path;
use std::path::PathBuf;

use credence::storage::Depth;
use credence::storage::JournalReader;
use credence::storage::verify;
use criterion::Criterion;
use criterion::Throughput;

use crate::ledgers;
use crate::on_core;
use crate::slack;
use crate::verdict;

/// Entries that must be verified in a second, on one core: chain, tree, checkpoint.
const CHAIN_PER_SECOND: f64 = 200_000.0;

/// The same with the contract's state.
const STATE_PER_SECOND: f64 = 50_000.0;

const PLAIN_ENTRIES: u64 = 100_000;
const DECISIONS: usize = 20_000;

/// Rounds; the best counts, as the machine may have other work.
const ROUNDS: usize = 3;

struct Ledgers {
    _dir: tempfile::TempDir,
    plain: PathBuf,
    decisions: PathBuf,
}

fn write(plain_entries: u64, decisions: usize) -> Ledgers {
    let dir = tempfile::tempdir().unwrap();
    let (plain, real) = (dir.path().join("plain"), dir.path().join("decisions"));
    ledgers::write_plain(&plain, plain_entries);
    ledgers::write_decisions(&real, decisions);
    Ledgers {
        plain: ledgers::data(&plain),
        decisions: ledgers::data(&real),
        _dir: dir,
    }
}

fn entries(data: &Path, depth: Depth) -> u64 {
    let report = verify(data, None, depth).unwrap();
    assert_eq!(report.verified.signed, report.verified.entries());
    report.verified.entries()
}

/// Entries in a second on a core, in the best round; and how many there are.
fn rate(data: &Path, depth: Depth) -> (f64, u64) {
    let mut best = 0.0_f64;
    let mut count = 0;
    for _ in 0..ROUNDS {
        let had = on_core();
        count = entries(data, depth);
        let took = on_core() - had;
        best = best.max(f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64());
    }
    (best, count)
}

/// Bytes of line in an entry, on average of the last ones.
fn line_bytes(data: &Path, entries: u64) -> usize {
    let count = entries.min(1_000);
    let lines = JournalReader::new(data)
        .entries(entries - count)
        .map(|stored| stored.unwrap().entry.line().unwrap().len());
    lines.sum::<usize>() / usize::try_from(count).unwrap()
}

/// Prints the table; tells whether the limits are kept.
pub(crate) fn table() -> bool {
    let ledgers = write(PLAIN_ENTRIES, DECISIONS);
    println!(
        "\n| verified | ledger | entries | bytes a line | entries a second, one core | limit |"
    );
    println!("|---|---|---|---|---|---|");
    let mut good = true;
    let (plain, decisions) = (&ledgers.plain, &ledgers.decisions);
    let chain = "chain, tree, checkpoint";
    for (what, name, data, depth, limit) in [
        (chain, "alerts", plain, Depth::Chain, Some(CHAIN_PER_SECOND)),
        (chain, "decisions", decisions, Depth::Chain, None),
        (
            "and state",
            "decisions",
            decisions,
            Depth::State,
            Some(STATE_PER_SECOND),
        ),
        (
            "and signatures, decisions anew",
            "decisions",
            decisions,
            Depth::Replay,
            None,
        ),
    ] {
        let (rate, count) = rate(data, depth);
        let kept = limit.is_none_or(|limit| rate * slack() > limit);
        good &= kept;
        let told = limit.map_or_else(
            || "none".to_owned(),
            |limit| format!("> {limit:.0}: {}", verdict(kept)),
        );
        let bytes = line_bytes(data, count);
        println!("| {what} | {name} | {count} | {bytes} | {rate:.0} | {told} |");
    }
    good
}

/// Criterion's statistics, over smaller ledgers.
pub(crate) fn statistics(criterion: &mut Criterion) {
    let ledgers = write(20_000, 2_000);
    let mut group = criterion.benchmark_group("verify");
    group.sample_size(10);
    for (name, data, depth) in [
        ("chain, alerts", &ledgers.plain, Depth::Chain),
        ("chain, decisions", &ledgers.decisions, Depth::Chain),
        ("state, decisions", &ledgers.decisions, Depth::State),
        ("replay, decisions", &ledgers.decisions, Depth::Replay),
    ] {
        group.throughput(Throughput::Elements(entries(data, Depth::Chain)));
        group.bench_function(name, |bencher| bencher.iter(|| entries(data, depth)));
    }
    group.finish();
}
