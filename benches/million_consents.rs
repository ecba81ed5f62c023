//! The contract's state with a million consents: what it takes in memory, how long an event takes,
//! and how long a snapshot takes to load.
//!
//! ```text
//! cargo bench --bench million_consents              # a million
//! cargo bench --bench million_consents -- 50000     # another number
//! ```
//!
//! Prints each figure, and ends with 1 when a bar is missed: an event has its bar in the bench
//! `contract`, with 10,000 consents. Memory is what the
//! process holds (Linux: VmRSS), so the bench holds nothing else.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench reads the clock, prints what it measured, and has failed when it cannot run"
)]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use credence::contract::Applied;
use credence::contract::Body;
use credence::contract::Consent;
use credence::contract::Effect;
use credence::contract::Event;
use credence::contract::Giver;
use credence::contract::Grantees;
use credence::contract::InstitutionSlug;
use credence::contract::PolicySet;
use credence::contract::Pseudonym;
use credence::contract::Purpose;
use credence::contract::Signature;
use credence::contract::State;
use credence::time::UtcMicros;

const NOW: UtcMicros = UtcMicros(1_770_000_000_000_000);
const INSTITUTIONS: u32 = 50;

/// Kibibytes that this process holds.
fn held_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let words = line.unwrap().split_whitespace().nth(1);
    words.unwrap().parse().unwrap()
}

fn own() -> InstitutionSlug {
    "st-anna".parse().unwrap()
}

struct Ledger {
    state: State,
    seq: u64,
}

impl Ledger {
    fn begun() -> Self {
        let mut ledger = Self {
            state: State::new(),
            seq: 0,
        };
        ledger.say(Body::Genesis {
            institution: own(),
            log_origin: "st-anna/credence".to_owned(),
            key: "st-anna/credence+00000000+AA==".to_owned(),
            statement_key: "st-anna/credence+00000000+AA==".to_owned(),
            created: NOW,
        });
        let schema = include_str!("../gateway-config/policy/schema.cedarschema");
        let credit = include_str!("../gateway-config/credit.toml");
        let policy = PolicySet::parse(&[], schema, credit).unwrap();
        let (sha256, by) = (policy.sha256(), "officer".to_owned());
        ledger.say(Body::PolicyProposed {
            sha256,
            schema_sha256: policy.schema_sha256(),
            text: policy.canonical_text().to_owned(),
            by: by.clone(),
        });
        ledger.say(Body::PolicyActivated { sha256, by });
        ledger
    }

    fn say(&mut self, body: Body) {
        let event = Event {
            author: own(),
            author_seq: self.seq,
            body,
            signature: Signature::from_bytes([0; 64]),
        };
        let at = Applied {
            seq: self.seq,
            ledger_time: NOW,
        };
        self.state.apply(at, &event).unwrap();
        self.seq += 1;
    }
}

fn consent(number: u32) -> Body {
    // Spread over the pseudonyms as random ones are; every tenth patient has two.
    let patient = u128::from(number - number % 10 / 9)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let grantee = format!("institution-{}", number % INSTITUTIONS);
    Body::ConsentGranted {
        consent: Consent {
            effect: Effect::Grant,
            given_by: Giver::Patient,
            grantees: Grantees::Named(BTreeSet::from([grantee.parse().unwrap()])),
            modalities: None,
            patient: Pseudonym::from_bytes(patient.to_be_bytes()),
            purposes: BTreeSet::from([Purpose::Treatment, Purpose::Emergency]),
            study_from: None,
            study_uid_digest: None,
            study_until: None,
            valid_from: NOW,
            valid_until: Some(NOW.plus(31_536_000_000_000)),
        },
        by: "desk".to_owned(),
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn main() -> ExitCode {
    let count = std::env::args().filter_map(|word| word.parse().ok()).next();
    let count: u32 = count.unwrap_or(1_000_000);
    let empty_kib = held_kib();
    let mut ledger = Ledger::begun();
    let mut took = Vec::with_capacity(20_000);
    for number in 0..count {
        let body = consent(number);
        let begun = Instant::now();
        ledger.say(body);
        if number >= count.saturating_sub(20_000) {
            took.push(begun.elapsed());
        }
    }
    took.sort_unstable();
    let (median, p99) = (percentile(&took, 50), percentile(&took, 99));
    let file = tempfile::NamedTempFile::new().unwrap();
    let begun = Instant::now();
    credence::storage::write_snapshot(file.path(), ledger.seq, &ledger.state).unwrap();
    let written = begun.elapsed();
    let (root, seq) = (ledger.state.root(), ledger.seq);
    drop(ledger);
    let begun = Instant::now();
    let loaded = credence::storage::read_snapshot(file.path()).unwrap();
    let read = begun.elapsed();
    assert_eq!((loaded.state.root(), loaded.entries), (root, seq));
    let bytes = std::fs::metadata(file.path()).unwrap().len();
    let held_mib = (held_kib() - empty_kib) / 1024;
    println!("{count} consents, {INSTITUTIONS} institutions");
    println!("an event applied, among the last 20,000: median {median:?}, p99 {p99:?}");
    println!(
        "snapshot: {} MB, written in {written:.2?}",
        bytes / 1_000_000
    );
    println!("snapshot loaded, every leaf and the root computed: {read:.2?} (bar: 5 s)");
    println!("held after loading: {held_mib} MiB (bar: 1024 MiB)");
    // On a machine that is busy or slow, CREDENCE_SLACK=4 allows four times as long.
    let slack = std::env::var("CREDENCE_SLACK");
    let slack: u32 = slack.map_or(1, |slack| slack.parse().unwrap());
    let met = read < slack * Duration::from_secs(5) && held_mib < 1024;
    println!(
        "{}",
        if met {
            "every bar met"
        } else {
            "a bar is missed"
        }
    );
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
