//! How long the contract takes: a decision, and the events that follow one.
//!
//!     cargo bench --bench contract               criterion's statistics, then the single calls
//!     cargo bench --bench contract -- --check    the single calls only; exits 1 above a limit
//!
//! On a machine that is busy or slow, CREDENCE_SLACK=4 takes four times each limit.
//!
//! The state is a busy gateway's: 10,000 consents of 2,500 patients, 50 other institutions with a
//! reputation each, 21 policies. It is built by applying events, as a gateway builds it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints, and has failed where it cannot go on"
)]

mod books;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use books::Books;
use credence::contract::Request;
use credence::contract::Verdict;
use credence::contract::decide;
use criterion::Criterion;

/// A decision's limits, in nanoseconds.
const DECIDE_MEDIAN_NS: u128 = 25_000;
const DECIDE_P99_NS: u128 = 100_000;

/// Limit for applying an event, in nanoseconds, at the median.
const APPLY_MEDIAN_NS: u128 = 10_000;

/// Single calls that are timed of each kind.
const CALLS: usize = 20_000;

/// The questions that are timed, and what the contract must answer.
fn questions(books: &Books) -> [(&'static str, Verdict, Vec<Request>); 3] {
    [
        (
            "decide: permit, own archive",
            Verdict::Permit,
            books.acquisitions(),
        ),
        (
            "decide: permit, by consent",
            Verdict::Permit,
            books.exchanges(),
        ),
        (
            "decide: refusal, no consent",
            Verdict::Deny,
            books.unconsented(),
        ),
    ]
}

/// By how much limits are relaxed.
fn slack() -> u128 {
    let slack = std::env::var("CREDENCE_SLACK");
    slack.map_or(1, |slack| slack.parse().unwrap())
}

/// How long each of many single calls took, sorted, in nanoseconds.
struct Calls(Vec<u128>);

impl Calls {
    fn sorted(mut times_ns: Vec<u128>) -> Self {
        times_ns.sort_unstable();
        Self(times_ns)
    }

    fn at(&self, percent: usize) -> u128 {
        let place = self.0.len() * percent / 100;
        self.0.get(place).copied().unwrap()
    }

    /// Prints median and 99th percentile; tells whether both are below their limits.
    fn told(&self, what: &str, median_limit_ns: u128, p99_limit_ns: Option<u128>) -> bool {
        let (median, p99) = (self.at(50), self.at(99));
        let below = |took: u128, limit: u128| took < limit * slack();
        let good = below(median, median_limit_ns) && p99_limit_ns.is_none_or(|max| below(p99, max));
        let verdict = if good { "ok" } else { "TOO SLOW" };
        println!("{what:<45} p50 {median:>7} ns   p99 {p99:>7} ns   {verdict}");
        good
    }
}

fn decide_calls(books: &Books, expected: Verdict, requests: &[Request]) -> Calls {
    let times = requests.iter().cycle().take(CALLS).map(|request| {
        let start = Instant::now();
        let decision = decide(&books.state, black_box(request));
        let took = start.elapsed();
        assert_eq!(decision.verdict, expected, "{decision:?}");
        took.as_nanos()
    });
    Calls::sorted(times.collect())
}

/// Permits of exchanges applied, and their transfers' ends: the time of each event.
fn apply_calls(books: &mut Books, calls: usize) -> (Vec<Duration>, Vec<Duration>) {
    let requests = books.exchanges();
    let (mut opened, mut closed) = (Vec::new(), Vec::new());
    for request in requests.iter().cycle().take(calls) {
        let decision = books.decision(request);
        let (number, took) = books.timed(decision);
        opened.push(took);
        let end = Books::closed(number, request);
        closed.push(books.timed(end).1);
    }
    (opened, closed)
}

/// Times single calls; tells whether all are below their limits.
fn single_calls(books: &mut Books) -> bool {
    println!("\nsingle calls, {CALLS} of each kind; {}", books.told());
    let mut good = true;
    for (what, verdict, requests) in questions(books) {
        let calls = decide_calls(books, verdict, &requests);
        good &= calls.told(what, DECIDE_MEDIAN_NS, Some(DECIDE_P99_NS));
    }
    // As many consents as a patient can have: all of them are weighed at each request.
    let calls = decide_calls(books, Verdict::Deny, &books.of_many_consents());
    let what = "decide: refusal, patient of 1,000 consents";
    good &= calls.told(what, DECIDE_P99_NS, Some(DECIDE_P99_NS));
    let (opened, closed) = apply_calls(books, CALLS);
    for (what, times) in [
        ("apply: a decision", opened),
        ("apply: a transfer closed", closed),
    ] {
        let calls = Calls::sorted(times.iter().map(Duration::as_nanos).collect());
        good &= calls.told(what, APPLY_MEDIAN_NS, None);
    }
    good
}

fn statistics(books: &mut Books) {
    let mut criterion = Criterion::default().configure_from_args();
    for (what, _, requests) in questions(books) {
        let mut next = requests.iter().cycle();
        criterion.bench_function(what, |bencher| {
            bencher.iter(|| decide(&books.state, black_box(next.next().unwrap())));
        });
    }
    let total = |times: Vec<Duration>| times.iter().sum::<Duration>();
    criterion.bench_function("apply: a decision", |bencher| {
        bencher.iter_custom(|calls| total(apply_calls(books, usize::try_from(calls).unwrap()).0));
    });
    criterion.bench_function("apply: a transfer closed", |bencher| {
        bencher.iter_custom(|calls| total(apply_calls(books, usize::try_from(calls).unwrap()).1));
    });
    criterion.final_summary();
}

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut books = Books::new();
    if !check {
        statistics(&mut books);
    }
    let good = single_calls(&mut books);
    if check && !good {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
