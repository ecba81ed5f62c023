//! Holds `docs/configuration.md` to what the configuration really takes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot read the page has failed"
)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use credence::config::Config;
use credence::config::Fault;
use credence::ledger::LogKey;
use credence::ledger::WitnessKey;

const PAGE: &str = include_str!("../docs/configuration.md");

/// Tables of which a file has one, and those of which it has rows.
const TABLES: [&str; 17] = [
    "gateway",
    "limits",
    "timeouts",
    "identity",
    "log",
    "fhir",
    "retention",
    "tls",
    "spool",
    "bypass",
    "witness",
    "exchange",
    "alarm",
    "mail",
    "audit_search",
    "console",
    "oidc",
];
const ROWS: [&str; 15] = [
    "witness.peer",
    "audit_receiver",
    "webhook",
    "gateway_peer",
    "listener",
    "ae",
    "institution",
    "issuer",
    "retention_class",
    "peer",
    "user",
    "route",
    "private_sop_class",
    "private_transfer_syntax",
    "console_machine",
];

/// A row of one of the page's tables: a key and its default, as they stand there.
struct Documented {
    key: String,
    default: String,
}

impl Documented {
    /// The default as TOML, if the page gives one.
    fn toml_default(&self) -> Option<&str> {
        self.default.strip_prefix('`')?.strip_suffix('`')
    }
}

/// What the page says, by the name of the table.
fn documented() -> BTreeMap<String, Vec<Documented>> {
    let mut tables: BTreeMap<String, Vec<Documented>> = BTreeMap::new();
    let mut table = String::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading.replace(['`', '[', ']'], "");
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells.len() == 6 && cells[1].starts_with('`') {
            assert!(!cells[2].is_empty() && !cells[4].is_empty(), "{line}");
            tables.entry(table.clone()).or_default().push(Documented {
                key: cells[1].replace('`', ""),
                default: cells[3].to_owned(),
            });
        }
    }
    tables
}

/// A row of another hospital's gateway.
fn gateway() -> String {
    let log = LogKey::new("hill/credence", [1; 32]).unwrap();
    let statement = LogKey::new("hill/statements", [2; 32]).unwrap();
    let witness = WitnessKey::new("hill/witness", [3; 32]).unwrap();
    format!(
        "name = \"hill-gateway\"\ninstitution = \"hill\"\nae = \"HILL\"\nae_title = \"GW\"\n\
         addresses = [\"10.0.0.2\"]\nconnect = \"10.0.0.2:11112\"\n\
         certificates = [\"dns:gw.hill.example\"]\nlog_key = \"{log}\"\n\
         statement_key = \"{statement}\"\nwitness_key = \"{witness}\""
    )
}

/// A configuration with one row of everything, without a key that has a default. `more` is added
/// to `table`.
fn text(table: &str, more: &str) -> String {
    let gateway = gateway();
    let required: BTreeMap<&str, &str> = BTreeMap::from([
        ("gateway", "institution = \"own\""),
        // Users need something that proves them.
        ("identity", "passcodes = \"passcodes\""),
        ("listener", "address = \"127.0.0.1:104\""),
        ("ae", "title = \"CREDENCE\""),
        (
            "institution",
            "slug = \"hill\"\nname = \"Hill\"\nauthorities = [\"hill.pem\"]\n\
             [[institution]]\nslug = \"own\"\nname = \"Own\"",
        ),
        // Other gateways are met by TLS.
        ("tls", "certificate = \"gw.pem\"\nkey = \"gw.key\""),
        ("gateway_peer", &gateway),
        ("issuer", "system = \"urn:oid:2.999.1.1\""),
        ("retention_class", "name = \"plans\"\nyears = 30"),
        (
            "peer",
            "name = \"pacs\"\nae_title = \"PACS\"\ninstitution = \"own\"\n\
             addresses = [\"10.0.0.1\"]\nconnect = \"10.0.0.1:104\"",
        ),
        (
            "user",
            "name = \"er-console\"\npurpose = \"EMERGENCY\"\npeers = [\"pacs\"]",
        ),
        (
            "route",
            "called = [\"CREDENCE\"]\nsop_classes = [\"storage\"]\nto = \"pacs\"",
        ),
        (
            "witness.peer",
            "institution = \"own\"\n\
             log_key = \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\"",
        ),
        (
            "audit_receiver",
            "name = \"repository\"\nto = \"tcp://10.0.0.9:601\"",
        ),
        (
            "console",
            "certificate = \"console.pem\"\nkey = \"console.key\"",
        ),
        (
            "console_machine",
            "name = \"monitor\"\ncertificate = \"dns:monitor.own.example\"\nroles = [\"auditor\"]",
        ),
        (
            "webhook",
            "name = \"ops\"\nurl = \"http://127.0.0.1:8080/alerts\"\nsecret_file = \"ops.secret\"",
        ),
        ("private_sop_class", "uid = \"1.2.3\""),
        (
            "private_transfer_syntax",
            "uid = \"1.2.3\"\nencoding = \"explicit-big\"",
        ),
    ]);
    let mut text = String::new();
    for name in TABLES.into_iter().chain(ROWS) {
        let header = if TABLES.contains(&name) {
            format!("[{name}]")
        } else {
            format!("[[{name}]]")
        };
        let keys = required.get(name).copied().unwrap_or_default();
        let more = if name == table { more } else { "" };
        text.push_str(&format!("{header}\n{keys}\n{more}\n"));
    }
    text
}

fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    Config::parse(text, Path::new("/etc/credence")).map_err(|faults| faults.faults)
}

/// The keys that a table takes: what is named where another is refused.
fn keys_of(table: &str) -> BTreeSet<String> {
    let faults = parse(&text(table, "zzz = 1")).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults[0].allowed.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_page_names_every_key_and_no_other() {
    let documented = documented();
    for table in TABLES.into_iter().chain(ROWS) {
        let named = documented[table].iter().map(|row| row.key.clone());
        assert_eq!(named.collect::<BTreeSet<_>>(), keys_of(table), "[{table}]");
    }
    assert_eq!(documented.len(), TABLES.len() + ROWS.len());
}

#[test]
fn the_defaults_on_the_page_are_those_that_count() {
    let silent = parse(&text("", "")).unwrap();
    let mut compared = 0;
    for (table, rows) in documented() {
        for row in rows {
            if let Some(default) = row.toml_default() {
                let spelled_out = text(&table, &format!("{} = {default}", row.key));
                assert_eq!(parse(&spelled_out), Ok(silent.clone()), "{}", row.key);
                compared += 1;
            }
        }
    }
    assert!(compared >= 25, "{compared}");
}

#[test]
fn what_the_page_calls_required_is_missed_and_nothing_else() {
    for (table, rows) in documented() {
        let required = rows.iter().filter(|row| row.default == "required");
        let required: BTreeSet<String> = required.map(|row| row.key.clone()).collect();
        let whole = text("", "");
        let start = whole.find(&format!("[{table}]")).unwrap();
        let (before, section) = whole.split_at(start);
        let (header, rest) = section.split_once('\n').unwrap();
        let after = rest.split_once("\n[").map_or("", |(_, after)| after);
        let bracket = if after.is_empty() { "" } else { "[" };
        let emptied = format!("{before}{header}\n{bracket}{after}");
        let missing = parse(&emptied).err().unwrap_or_default();
        let prefixes = [format!("{table}."), format!("{table}[0].")];
        let missing = missing.iter().filter(|fault| fault.problem == "is missing");
        let missing: BTreeSet<String> = missing
            .filter_map(|fault| {
                let key = prefixes
                    .iter()
                    .find_map(|prefix| fault.key.strip_prefix(prefix.as_str()))?;
                Some(key.to_owned())
            })
            .collect();
        assert_eq!(missing, required, "[{table}]");
    }
}
