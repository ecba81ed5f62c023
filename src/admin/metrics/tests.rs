use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::config::Config;
use crate::gateway::control::ListedAmount;

const TEXT: &str = r#"
gateway = { institution = "own" }
listener = [{ address = "127.0.0.1:104" }]
institution = [{ slug = "own", name = "Own" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]

[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.1"]
connect = "10.0.0.1:104"

[[route]]
called = ["CREDENCE"]
sop_classes = ["storage"]
to = "pacs"
"#;

/// Every label that a series may have.
const LABELS: [&str; 15] = [
    "certificate",
    "direction",
    "le",
    "listener",
    "operation",
    "peer",
    "place",
    "policy",
    "queue",
    "receiver",
    "result",
    "state",
    "status",
    "verdict",
    "version",
];

fn meters() -> Meters {
    Meters::new(&Config::parse(TEXT, Path::new("/nowhere")).unwrap())
}

fn looked() -> Looked {
    let amount = |objects| ListedAmount {
        objects,
        bytes: objects * 10,
    };
    Looked {
        queues: vec![ListedQueue {
            queue: "pacs".to_owned(),
            state: QueueState::Down,
            waiting: amount(7),
            on_their_way: 0,
            delivered: amount(0),
            dead: amount(2),
            quarantined: amount(1),
            uncommitted: amount(0),
            bytes_per_second: 0,
            oldest: None,
            next_try: None,
            expected_end: None,
        }],
        ledger_entries: 1_000_000,
        ledger_checkpoint_size: Some(999_999),
        last_verification: Some(Verified {
            at: UtcMicros(1_700_000_000_900_000),
            is_whole: true,
        }),
        audit_lags: vec![AuditLag {
            receiver: "repository \"a\"\\\n".to_owned(),
            entries: 3,
        }],
        certificates: vec![CertificateLeft {
            certificate: "tls".to_owned(),
            seconds: -5,
        }],
    }
}

/// One sample: its name, its labels in their order, and its value.
type Sample = (String, Vec<(String, String)>, f64);

/// Reads a sample as OpenMetrics writes it: `name{label="value",...} number`.
fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                match characters.next().unwrap() {
                    (_, '\\') => match characters.next().unwrap().1 {
                        'n' => value.push('\n'),
                        escaped @ ('\\' | '"') => value.push(escaped),
                        other => panic!("\\{other}"),
                    },
                    (at, '"') => break at,
                    (_, character) => value.push(character),
                }
            };
            labels.push((label.to_owned(), value));
            rest = after.get(end + 1..).unwrap();
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = rest.get(1..).unwrap();
    }
    let value = rest.strip_prefix(' ').unwrap();
    (name.to_owned(), labels, value.parse().unwrap())
}

/// Reads the whole text line by line, and holds it to the format.
fn read(text: &str) -> Vec<Sample> {
    let body = text.strip_suffix("# EOF\n").unwrap();
    let mut kinds = BTreeMap::new();
    let mut samples = Vec::new();
    for line in body.lines() {
        if let Some(about) = line.strip_prefix("# TYPE ") {
            let (name, kind) = about.split_once(' ').unwrap();
            let before = kinds.insert(name.to_owned(), kind.to_owned());
            assert_eq!(before, None, "{name} comes once");
        } else if let Some(about) = line.strip_prefix("# UNIT ") {
            let (name, unit) = about.split_once(' ').unwrap();
            assert!(name.ends_with(&format!("_{unit}")), "{line}");
        } else if !line.starts_with("# HELP ") {
            samples.push(sample(line));
        }
    }
    for (name, labels, _) in &samples {
        let suffixes = |kind: &str| match kind {
            "counter" => vec!["_total"],
            "gauge" => vec![""],
            "histogram" => vec!["_bucket", "_count", "_sum"],
            "info" => vec!["_info"],
            other => panic!("{other}"),
        };
        let mut families = kinds.iter();
        let is_of = |(family, kind): (&String, &String)| {
            suffixes(kind)
                .iter()
                .any(|suffix| *name == format!("{family}{suffix}"))
        };
        assert!(families.any(is_of), "{name} belongs to a family");
        assert!(name.starts_with("credence_"), "{name}");
        for (label, _) in labels {
            assert!(LABELS.contains(&label.as_str()), "{name} {label}");
        }
    }
    samples
}

fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted: BTreeSet<(&str, &str)> = labels.iter().copied().collect();
    let is_wanted = |sample: &&Sample| {
        let labels = sample.1.iter();
        let labels = labels.map(|(label, value)| (label.as_str(), value.as_str()));
        sample.0 == name && labels.collect::<BTreeSet<_>>() == wanted
    };
    samples.iter().find(is_wanted).map(|sample| sample.2)
}

#[test]
fn what_is_looked_up_is_told_as_openmetrics() {
    let samples = read(&text(&meters(), &looked()).unwrap());
    let told = |name: &str, labels: &[(&str, &str)]| value(&samples, name, labels);
    let pacs = ("queue", "pacs");
    assert_eq!(
        told("credence_queue_objects", &[pacs, ("place", "waiting")]),
        Some(7.0)
    );
    assert_eq!(
        told("credence_queue_objects", &[pacs, ("place", "dead")]),
        Some(2.0)
    );
    assert_eq!(told("credence_queue_waiting_bytes", &[pacs]), Some(70.0));
    assert_eq!(
        told("credence_queue_state", &[pacs, ("state", "down")]),
        Some(1.0)
    );
    assert_eq!(
        told("credence_queue_state", &[pacs, ("state", "idle")]),
        Some(0.0)
    );
    assert_eq!(told("credence_ledger_entries", &[]), Some(1_000_000.0));
    assert_eq!(
        told("credence_ledger_checkpoint_entries", &[]),
        Some(999_999.0)
    );
    assert_eq!(told("credence_ledger_verified", &[]), Some(1.0));
    assert_eq!(
        told("credence_ledger_verified_timestamp_seconds", &[]),
        Some(1_700_000_000.0)
    );
    let receiver = [("receiver", "repository \"a\"\\\n")];
    assert_eq!(told("credence_audit_lag_entries", &receiver), Some(3.0));
    let certificate = [("certificate", "tls")];
    assert_eq!(
        told("credence_certificate_expiry_seconds", &certificate),
        Some(-5.0)
    );
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(told("credence_build_info", &version), Some(1.0));
}

#[test]
fn every_peer_has_its_series_from_the_start() {
    let samples = read(&text(&meters(), &Looked::default()).unwrap());
    for peer in ["pacs", "unknown"] {
        for result in ["accepted", "refused"] {
            let labels = [("peer", peer), ("result", result)];
            let told = value(&samples, "credence_associations_total", &labels);
            assert_eq!(told, Some(0.0), "{labels:?}");
        }
        for direction in ["received", "sent"] {
            let labels = [("peer", peer), ("direction", direction)];
            for name in ["credence_instances_total", "credence_data_set_bytes_total"] {
                assert_eq!(
                    value(&samples, name, &labels),
                    Some(0.0),
                    "{name} {labels:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_not_known_is_not_told() {
    let samples = read(&text(&meters(), &Looked::default()).unwrap());
    for name in [
        "credence_ledger_checkpoint_entries",
        "credence_ledger_verified",
        "credence_ledger_verified_timestamp_seconds",
    ] {
        assert_eq!(value(&samples, name, &[]), None, "{name}");
    }
}

#[test]
fn rows_beyond_the_limit_are_left_out() {
    let lag = |number: usize| AuditLag {
        receiver: number.to_string(),
        entries: 1,
    };
    let looked = Looked {
        audit_lags: (0..ROWS_MAX + 10).map(lag).collect(),
        ..Looked::default()
    };
    let samples = read(&text(&meters(), &looked).unwrap());
    let lags = samples
        .iter()
        .filter(|sample| sample.0 == "credence_audit_lag_entries");
    assert_eq!(lags.count(), ROWS_MAX);
}
