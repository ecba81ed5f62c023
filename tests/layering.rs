//! Holds the code to its plan: which room may use which, which crate stands behind which door,
//! what a pure room may not touch, and how long a file may be.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the code has failed"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Rooms of one idea each, that every other room may use. They use none.
const LOW: [&str; 2] = ["digest", "time"];

/// Every other room, and what it may use besides [`LOW`].
const ROOMS: [(&str, &[&str]); 24] = [
    ("dicom", &[]),
    ("chart", &[]),
    ("association", &["dicom"]),
    ("dimse", &["dicom"]),
    ("contract", &["dicom"]),
    ("ledger", &["contract", "dicom"]),
    ("fhir", &["contract", "dicom"]),
    // Whose a parcel is, and whose signature it bears.
    ("parcel", &["contract", "dicom", "ledger"]),
    ("clock", &["dicom"]),
    // Institutions and purposes of use are the contract's, keys of logs and witnesses the ledger's.
    ("config", &["contract", "dicom", "ledger", "parcel"]),
    // What a certificate is known by is the configuration's.
    ("certificate", &["config"]),
    // What an account may do is named by the contract, whose entries tell of it.
    ("identity", &["config", "contract"]),
    // What an entry holds is the contract's: an index of entries names it.
    (
        "storage",
        &["config", "ledger", "contract", "dicom", "parcel"],
    ),
    (
        "transport",
        &[
            "association",
            "certificate",
            "clock",
            "config",
            "contract",
            "dicom",
            "dimse",
        ],
    ),
    ("depot", &["config", "parcel", "transport"]),
    (
        "gateway",
        &[
            "association",
            "certificate",
            "clock",
            "config",
            "contract",
            "depot",
            "dicom",
            "dimse",
            "identity",
            "ledger",
            "parcel",
            "storage",
            "transport",
        ],
    ),
    ("web", &["config", "transport"]),
    (
        "exchange",
        &[
            "config",
            "gateway",
            "ledger",
            "parcel",
            "transport",
            "web",
            "witness",
        ],
    ),
    (
        "audit",
        &["config", "contract", "dicom", "dimse", "ledger", "storage"],
    ),
    (
        "atna",
        &[
            "audit",
            "clock",
            "config",
            "contract",
            "gateway",
            "ledger",
            "storage",
            "transport",
            "web",
        ],
    ),
    (
        "alarm",
        &[
            "audit",
            "clock",
            "config",
            "contract",
            "dicom",
            "gateway",
            "ledger",
            "storage",
            "transport",
            "web",
        ],
    ),
    ("demo", &["association", "dimse", "dicom", "transport"]),
    (
        "witness",
        &[
            "clock",
            "config",
            "contract",
            "gateway",
            "ledger",
            "storage",
            "transport",
            "web",
        ],
    ),
    (
        "admin",
        &[
            "alarm",
            "audit",
            "chart",
            "clock",
            "config",
            "contract",
            "dicom",
            "gateway",
            "identity",
            "ledger",
            "storage",
            "transport",
            "web",
        ],
    ),
];

/// Rooms at the top, which may use every room.
const TOP: [&str; 2] = ["cli", "main"];

/// Crates, and the only rooms that may name them.
const DOORS: [(&str, &[&str]); 31] = [
    ("age", &["storage"]),
    ("argon2", &["identity"]),
    ("axum", &["admin"]),
    ("cedar_policy", &["contract"]),
    ("clap", &["cli"]),
    ("cookie", &["admin"]),
    ("dicom_ul", &["association"]),
    ("ed25519_dalek", &["ledger"]),
    ("fluent_bundle", &["admin"]),
    ("hpke", &["parcel"]),
    (
        "http_body_util",
        &["admin", "atna", "depot", "exchange", "web", "witness"],
    ),
    (
        "hyper",
        &[
            "admin", "alarm", "atna", "depot", "exchange", "web", "witness",
        ],
    ),
    ("hyper_util", &["admin", "depot", "web"]),
    ("jsonwebtoken", &["identity"]),
    ("lettre", &["alarm"]),
    ("maud", &["admin"]),
    ("miette", &["contract"]),
    ("object_store", &["depot"]),
    ("prometheus_client", &["admin", "gateway"]),
    ("quick_xml", &["audit"]),
    ("ring", &["alarm", "digest", "ledger", "storage"]),
    ("rcgen", &["certificate"]),
    ("rustls", &["transport"]),
    ("sled", &["storage"]),
    ("tar", &["storage"]),
    ("tokio_rustls", &["transport"]),
    ("toml", &["config", "contract"]),
    ("unic_langid", &["admin"]),
    ("utoipa", &["admin", "contract", "gateway"]),
    ("utoipa_axum", &["admin"]),
    ("x509_parser", &["certificate"]),
];

/// Rooms that hold no IO, no async, no clock and no logging.
const PURE: [&str; 10] = [
    "association",
    "chart",
    "contract",
    "dicom",
    "digest",
    "dimse",
    "fhir",
    "ledger",
    "parcel",
    "time",
];

/// Crates, and modules of std, that a pure room does not name.
const IMPURE: [&[&str]; 9] = [
    &["tokio"],
    &["tracing"],
    &["rustix"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["crate", "clock"],
];

/// Lines of the longest file.
const LINES_MAX: usize = 600;

/// A source file: its path from the package's root, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room that it belongs to: the first part of its path below `src`.
    fn room(&self) -> &str {
        let below = self.path.trim_start_matches("src/");
        below
            .split('/')
            .next()
            .unwrap_or(below)
            .trim_end_matches(".rs")
    }

    /// Its code: no comment lines.
    fn code(&self) -> String {
        let lines = self.text.lines();
        let code = lines.filter(|line| !line.trim_start().starts_with("//"));
        code.collect::<Vec<_>>().join("\n")
    }

    /// Its code up to the tests at its end; nothing for a file of tests.
    fn code_without_tests(&self) -> String {
        if self.path.ends_with("/tests.rs") || self.path.ends_with("/fixtures.rs") {
            return String::new();
        }
        let code = self.code();
        match code.find("#[cfg(test)]\nmod tests {") {
            Some(end) => code.get(..end).unwrap_or_default().to_owned(),
            None => code,
        }
    }
}

/// Every path of the code, cut into its segments; a lone identifier is a path of one segment.
fn paths(code: &str) -> Vec<Vec<String>> {
    code.replace("::", "~")
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '~'))
        .map(|run| run.split('~').filter(|segment| !segment.is_empty()))
        .map(|segments| segments.map(str::to_owned).collect())
        .filter(|path: &Vec<String>| !path.is_empty())
        .collect()
}

/// The room that a path names.
fn room_of(path: &[String]) -> Option<&str> {
    let (first, rest) = path.split_first()?;
    if first == "crate" || first == "credence" {
        return rest.first().map(String::as_str);
    }
    if first != "super" {
        return None;
    }
    let name = rest.iter().find(|segment| *segment != "super")?;
    let mut rooms = ROOMS.iter().map(|(room, _)| *room).chain(LOW).chain(TOP);
    rooms.find(|room| *room == name)
}

/// Uses of rooms that the plan does not allow, and rooms that it does not know.
fn forbidden_uses(source: &Source) -> Vec<String> {
    let own = source.room();
    if own == "lib" || TOP.contains(&own) {
        return Vec::new();
    }
    let path = &source.path;
    let allowed = ROOMS
        .iter()
        .find(|(room, _)| *room == own)
        .map(|(_, uses)| *uses);
    if allowed.is_none() && !LOW.contains(&own) {
        return vec![format!("{path}: room {own} is not in the plan")];
    }
    let low: &[&str] = if LOW.contains(&own) { &[] } else { &LOW };
    let code = source.code();
    let mut faults = Vec::new();
    if code.contains("crate::{") || code.contains("super::{") {
        faults.push(format!("{path}: one item a `use`, so that it can be read"));
    }
    let paths = paths(&code);
    for room in paths.iter().filter_map(|path| room_of(path)) {
        let may = room == own || low.contains(&room) || allowed.unwrap_or(&[]).contains(&room);
        if !may {
            faults.push(format!("{path}: {own} may not use {room}"));
        }
    }
    faults
}

/// Crates named outside their door.
fn open_doors(source: &Source) -> Vec<String> {
    let code = source.code();
    let mut faults = Vec::new();
    let mut before = String::new();
    for mut path in paths(&code) {
        let length = path.len();
        let first = path.swap_remove(0);
        let door = DOORS.iter().find(|(name, _)| *name == first);
        if let Some((name, rooms)) = door
            && (length > 1 || before == "use" || before == "crate")
            && !rooms.contains(&source.room())
        {
            faults.push(format!("{}: {name} belongs to {rooms:?}", source.path));
        }
        before = first;
    }
    faults
}

/// What a pure room names but may not touch.
fn impurities(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.room()) {
        return Vec::new();
    }
    let code = source.code_without_tests();
    let mut faults = Vec::new();
    for path in paths(&code) {
        if path == ["async"] || path == ["await"] {
            faults.push(format!("{}: async in a pure room", source.path));
        }
        let impure =
            |outside: &&&[&str]| path.len() > 1 && path.iter().zip(**outside).all(|(a, b)| a == b);
        if let Some(outside) = IMPURE.iter().find(impure) {
            let outside = outside.join("::");
            faults.push(format!("{}: {outside} in a pure room", source.path));
        }
    }
    faults
}

/// A file that is too long.
fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > LINES_MAX).then(|| format!("{}: {lines} lines, limit {LINES_MAX}", source.path))
}

/// Every Rust file below `folder` of the package.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(Source {
                    text: fs::read_to_string(&path).unwrap(),
                    path: path
                        .strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                });
            }
        }
    }
    assert!(!sources.is_empty());
    sources
}

/// Fails with all faults that `check` finds in `sources`.
fn assert_none<F: IntoIterator<Item = String>>(sources: &[Source], check: impl Fn(&Source) -> F) {
    let faults: Vec<String> = sources.iter().flat_map(check).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_room_uses_one_that_it_may_not() {
    assert_none(&sources("src"), forbidden_uses);
}

#[test]
fn crates_stay_behind_their_doors() {
    assert_none(&sources("src"), open_doors);
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    assert_none(&sources("src"), impurities);
}

#[test]
fn no_file_is_too_long() {
    assert_none(&sources("src"), too_long);
    assert_none(&sources("tests"), too_long);
}

/// The checks themselves, on code made to break them.
mod the_checks {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn find_a_room_that_reaches_up() {
        for text in [
            "use crate::gateway::Session;",
            "fn f() { crate::gateway::go() }",
            "use super::gateway::Session;",
            "use super::super::gateway::Session;",
            "use crate::{dicom, gateway};",
        ] {
            assert_eq!(forbidden_uses(&source("src/dimse/a.rs", text)).len(), 1);
        }
        for text in [
            "use crate::dicom::Uid;",
            "use crate::dimse::Status;",
            "use super::Status;",
            "// crate::gateway uses it",
            "use crate::time::Day;",
        ] {
            assert!(forbidden_uses(&source("src/dimse/a.rs", text)).is_empty());
        }
        assert_eq!(
            forbidden_uses(&source("src/time.rs", "use crate::digest::Sha256;")).len(),
            1
        );
        assert_eq!(forbidden_uses(&source("src/utils/mod.rs", "")).len(), 1);
        assert!(forbidden_uses(&source("src/cli/a.rs", "use crate::gateway::A;")).is_empty());
    }

    #[test]
    fn find_a_crate_outside_its_door() {
        for text in ["use sled::Db;", "use sled;", "fn f(db: &sled::Db) {}"] {
            assert_eq!(open_doors(&source("src/gateway/a.rs", text)).len(), 1);
            assert!(open_doors(&source("src/storage/a.rs", text)).is_empty());
        }
        let text = "let ring = self.ring; use crate::dicom::Uid;";
        assert!(open_doors(&source("src/gateway/a.rs", text)).is_empty());
    }

    #[test]
    fn find_what_a_pure_room_touches() {
        for text in [
            "use std::fs::File;",
            "use tokio::net::TcpStream;",
            "tracing::info!();",
            "async fn f() {}",
            "use crate::clock::Clock;",
        ] {
            assert_eq!(impurities(&source("src/ledger/a.rs", text)).len(), 1);
            assert!(impurities(&source("src/storage/a.rs", text)).is_empty());
            let test = format!("#[cfg(test)]\nmod tests {{\n{text}\n}}");
            assert!(impurities(&source("src/ledger/a.rs", &test)).is_empty());
        }
    }

    #[test]
    fn find_a_long_file() {
        let text = "\n".repeat(LINES_MAX);
        assert!(too_long(&source("src/a.rs", &text)).is_none());
        let text = "\n".repeat(LINES_MAX + 1);
        assert!(too_long(&source("src/a.rs", &text)).is_some());
    }
}

/// The OpenAPI document knows schemas by their names alone: of two that have one name, one would be described as the
/// other.
#[test]
fn no_two_schemas_have_one_name() {
    let mut known = std::collections::BTreeSet::new();
    for source in sources("src") {
        let mut is_schema = false;
        for line in source.text.lines().map(str::trim) {
            is_schema |= line.contains("ToSchema") && !line.starts_with("use ");
            let words: Vec<&str> = line.split([' ', '<', '(', '{', ';']).collect();
            let place = words
                .iter()
                .position(|word| ["struct", "enum"].contains(word));
            if let (true, Some(place)) = (is_schema, place) {
                is_schema = false;
                let name = (*words.get(place + 1).unwrap()).to_owned();
                assert!(known.insert(name), "{}: {line}", source.path);
            }
        }
    }
    assert!(known.len() >= 100, "{}", known.len());
}
