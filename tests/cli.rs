//! The command as a script sees it: exit codes, and what goes to which output.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot run the command has failed"
)]

#[path = "cli/books.rs"]
mod books;

use std::path::Path;
use std::process::Command;
use std::process::Output;

const SAMPLE: &str = include_str!("../gateway-config/credence.toml");

fn credence(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credence"));
    command.args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A folder with the sample as its configuration, and the path of that file.
fn sample(folder: &Path) -> String {
    let file = folder.join("credence.toml");
    std::fs::write(&file, SAMPLE).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_sound_configuration_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policy")).unwrap();
    std::fs::write(folder.path().join("credit.toml"), "").unwrap();
    let done = credence(&["check-config", &sample(folder.path())]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stdout));
    assert!(text(&done.stdout).contains("no faults"));
}

#[test]
fn a_configuration_with_faults_ends_with_2_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = sample(folder.path());
    let done = credence(&["check-config", &file]);
    assert_eq!(done.status.code(), Some(2));
    let expected = format!("{file}: gateway.policy_dir: ");
    assert!(text(&done.stdout).starts_with(&expected));
    let done = credence(&["check-config", "--json", &file]);
    assert_eq!(done.status.code(), Some(2));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report.get("valid"), Some(&false.into()));
}

#[test]
fn wrong_usage_ends_with_2_and_says_so_on_standard_error() {
    for words in [&["check-config"][..], &["release-everything"], &[]] {
        let done = credence(words);
        assert_eq!(done.status.code(), Some(2), "{words:?}");
        assert!(done.stdout.is_empty());
        assert!(text(&done.stderr).contains("Usage: credence"));
    }
}

#[test]
fn help_and_version_end_with_0() {
    let help = credence(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Exit codes: 0"));
    let version = credence(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let expected = format!("credence {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(text(&version.stdout), expected);
}

/// What the FHIR fixtures call the institutions, patients and policies.
const FHIR_NAMES: &str = r#"
[[institution]]
slug = "st-anna"
name = "St. Anna Hospital"
fhir = ["Organization/st-anna", "urn:oid:2.999.1|ANNA"]

[[institution]]
slug = "lakeside"
name = "Lakeside Clinic"
fhir = ["urn:oid:2.999.1|LAKE"]

[fhir]
policies = [
    "http://example.org/policies/basePrivacyConsentPolicy.txt",
    "http://example.org/policies/researchPrivacyConsentPolicy.txt",
    "https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only",
]

[[issuer]]
system = "urn:oid:2.999.1.1"
issuer = "ST-ANNA"
"#;

/// A folder that `credence consent` can work on.
struct Desk {
    folder: tempfile::TempDir,
    config: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy");
        std::fs::create_dir(&policy).unwrap();
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(package.join("gateway-config/policy")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), policy.join(entry.file_name())).unwrap();
        }
        let (before, rest) = SAMPLE.split_once("\n[[institution]]\n").unwrap();
        let (_, after) = rest.split_once("# The PACS.").unwrap();
        std::fs::copy(
            package.join("gateway-config/credit.toml"),
            folder.path().join("credit.toml"),
        )
        .unwrap();
        let file = folder.path().join("credence.toml");
        std::fs::write(&file, [before, FHIR_NAMES, "\n# The PACS.", after].concat()).unwrap();
        let config = file.to_str().unwrap().to_owned();
        Self { folder, config }
    }

    fn consent(&self, verb: &str, more: &[&str]) -> Output {
        let words = [&["consent", verb, "--config", &self.config], more].concat();
        credence(&words)
    }

    fn listed(&self) -> serde_json::Value {
        let done = self.consent("list", &["--json"]);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fhir");
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_denial_is_recorded_for_every_purpose_and_institution() {
    let desk = Desk::new();
    let done = desk.consent("deny", &["--patient", "4711", "--by", "desk"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert!(text(&done.stdout).starts_with("denial "));
    let listed = desk.listed();
    let terms = listed.pointer("/0/terms").unwrap();
    assert_eq!(terms.get("effect").unwrap(), "deny");
    assert_eq!(terms.get("grantees").unwrap(), "any");
    assert_eq!(terms.get("purposes").unwrap().as_array().unwrap().len(), 6);
}

#[test]
fn fhir_consents_are_imported_denials_first() {
    let desk = Desk::new();
    let except = fixture("intermediate-not-timeframe.json");
    let dry = desk.consent("import", &[&except, "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{}", text(&dry.stderr));
    assert!(text(&dry.stdout).ends_with("2 would be recorded\n"));
    let done = desk.consent(
        "import",
        &["--json", "--by", "desk", &except, &fixture("two.ndjson")],
    );
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let imported = report.get("files").unwrap().as_array().unwrap().iter();
    let imported: Vec<_> = imported
        .flat_map(|file| file.get("consents").unwrap().as_array().unwrap())
        .collect();
    let effects: Vec<_> = imported
        .iter()
        .map(|one| one.get("effect").unwrap())
        .collect();
    assert_eq!(effects, ["deny", "grant", "grant", "grant"]);
    assert!(!text(&done.stdout).contains("DEMO-000"));
    let listed = desk.listed();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), imported.len());
    let of_joerg = imported.last().unwrap().get("consent").unwrap();
    let of_joerg = |one: &&serde_json::Value| one.get("consent").unwrap() == of_joerg;
    let of_joerg = listed.iter().find(of_joerg).unwrap();
    let to = of_joerg.pointer("/terms/grantees/named").unwrap();
    assert_eq!(to, &serde_json::json!(["lakeside"]));
    // The same patient by the desk's own command: known under issuer and Patient ID.
    let ada = desk.consent("list", &["--patient", "DEMO-0001", "--issuer", "ST-ANNA"]);
    assert_eq!(text(&ada.stdout).lines().count(), 3);
}

#[test]
fn nothing_is_imported_when_one_file_has_a_fault() {
    let desk = Desk::new();
    let refused = fixture("refused/advanced-normal.json");
    let sound = fixture("basic-treat.json");
    let done = desk.consent("import", &[&sound, &refused]);
    assert_eq!(done.status.code(), Some(1));
    assert!(done.stdout.is_empty());
    let expected = format!("{refused}: Bundle.entry[3].resource.provision.securityLabel: ");
    assert!(
        text(&done.stderr).starts_with(&expected),
        "{}",
        text(&done.stderr)
    );
    assert!(text(&done.stderr).ends_with("nothing was recorded\n"));
    assert!(!desk.folder.path().join("data").exists());
    let missing = desk.consent("import", &["no-such-file.json", "--json"]);
    assert_eq!(missing.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&missing.stdout).unwrap();
    assert_eq!(
        report.pointer("/files/0/faults/0/path").unwrap(),
        "the text"
    );
}

/// What a command printed, after it ended with `code`.
fn printed(words: &[&str], code: i32) -> String {
    let done = credence(words);
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert_eq!(done.status.code(), Some(code), "{words:?}: {out}{err}");
    out.to_owned()
}

/// The last line that a command printed, as JSON.
fn last_json(words: &[&str], code: i32) -> serde_json::Value {
    let printed = printed(words, code);
    serde_json::from_str(printed.lines().last().unwrap()).unwrap()
}

#[test]
fn the_rules_as_delivered_have_neither_faults_nor_warnings() {
    let folder = format!("{}/policy", books::DELIVERED);
    let told = printed(&["policy", "check", &folder], 0);
    assert!(told.contains("0 faults, 0 warnings"), "{told}");
}

#[test]
fn a_forbid_that_can_fail_is_a_fault_and_a_rule_that_never_matches_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("policy");
    books::copy_rules(&dir);
    let rules = dir.join("50-more.cedar");
    let never = r#"@id("never") permit (principal, action, resource)
                   when { context.score > 700 && context.score < 500 };"#;
    std::fs::write(&rules, never).unwrap();
    let dir = dir.to_str().unwrap();
    let told = printed(&["policy", "check", dir], 0);
    assert!(told.contains("warning: never: matched none of"), "{told}");
    let fails = r#"@id("fails") forbid (principal, action, resource)
                   when { context.score * 9223372036854775807 > 0 };"#;
    std::fs::write(&rules, fails).unwrap();
    let report = printed(&["policy", "check", dir, "--json"], 1);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["valid"], false);
    let fault = report["faults"][0].as_str().unwrap();
    assert!(fault.contains("refuses every request"), "{fault}");
    std::fs::write(&rules, "permit (principal, action, resource);").unwrap();
    let told = printed(&["policy", "check", dir], 1);
    assert!(
        told.contains("fault: 50-more.cedar: each rule needs an @id"),
        "{told}"
    );
    printed(&["policy", "check", &format!("{dir}/nothing-here")], 2);
}

#[test]
fn a_ledger_is_decided_again_from_its_folder_and_from_an_export() {
    let mut books = books::Books::begin();
    books.decide(books.acquisition(), |_| {});
    books.decide(books.foreign(), |decision| decision.observed = true);
    let (data, export) = (books.path("data"), books.path("export"));
    let told = printed(&["ledger", "replay", &data], 0);
    assert!(
        told.contains("2 decisions: 2 reached again to the byte, 0 different"),
        "{told}"
    );
    let wrong = books.decide(books.foreign(), |decision| {
        decision.verdict = credence::contract::Verdict::Permit;
    });
    books.decide(books.acquisition(), |decision| {
        decision.contract_version += 1
    });
    let told = printed(&["ledger", "replay", &data], 1);
    assert!(told.starts_with(&format!("entry {wrong}  ")), "{told}");
    assert!(told.contains("recorded: permit"), "{told}");
    assert!(told.contains("reached now: deny, no patient identified; rules: patient-unknown"));
    assert!(told.contains("1 reached by another version"), "{told}");
    printed(&["ledger", "export", &data, "--out", &export], 0);
    let counts = last_json(&["ledger", "replay", &export, "--json"], 1);
    let counts = &counts["replayed"];
    assert_eq!(counts["same"], 2);
    assert_eq!(counts["different"], 1);
    assert_eq!(counts["other_version_same"], 1);
    printed(&["ledger", "replay", &books.path("keys")], 1);
}

#[test]
fn other_rules_are_tried_on_what_was_decided() {
    let mut books = books::Books::begin();
    books.decide(books.acquisition(), |_| {});
    let refused = books.decide(books.foreign(), |_| {});
    let config = books.path("credence.toml");
    let same = books.path("policy");
    let told = printed(
        &["policy", "backtest", "--config", &config, "--policy", &same],
        0,
    );
    assert!(told.starts_with("2 decisions, 0 would differ"), "{told}");
    let stricter = books.other_rules(
        r#"@id("tls") @reason("encrypted transport required")
           forbid (principal, action, resource) when { !context.tls };"#,
    );
    let words = [
        "policy", "backtest", "--config", &config, "--policy", &stricter,
    ];
    let told = printed(&words, 0);
    assert!(
        told.contains("  was:      permit; rules: within-own-institution\n"),
        "{told}"
    );
    assert!(
        told.contains("  would be: deny, encrypted transport required"),
        "{told}"
    );
    assert!(
        told.contains("2 decisions, 1 would differ: 1 refused instead of permitted"),
        "{told}"
    );
    let since = refused.to_string();
    let words = [&words[..], &["--since", &since, "--json"]].concat();
    let counts = last_json(&words, 0);
    assert_eq!(counts["backtested"]["decisions"], 1);
    assert_eq!(counts["backtested"]["refused"], 0);
}

#[test]
fn what_enforcing_would_have_refused_is_grouped_and_listed() {
    let mut books = books::Books::begin();
    let observe = |decision: &mut credence::contract::Decision| decision.observed = true;
    books.decide(books.acquisition(), observe);
    let first = books.decide(books.foreign(), observe);
    books.decide(books.foreign(), |_| {});
    books.next_day();
    books.decide(books.foreign(), observe);
    let config = books.path("credence.toml");
    let told = printed(&["report", "would-deny", "--config", &config], 0);
    assert!(told.starts_with("3 decisions while only observing; enforcing would have refused 2"));
    let group = "       2  lakeside -> lakeside, TREATMENT: no patient identified\n";
    assert!(told.contains(group), "{told}");
    assert!(
        told.contains(&format!("\n{first:>8}  2026-02-02T12:00:0")),
        "{told}"
    );
    let words = [
        "report",
        "would-deny",
        "--config",
        &config,
        "--since",
        "2026-02-03",
        "--json",
    ];
    let report: serde_json::Value = serde_json::from_str(&printed(&words, 0)).unwrap();
    assert_eq!(report["observed"], 1);
    assert_eq!(report["groups"][0]["count"], 1);
    assert_eq!(report["decisions"][0]["rules"][0], "patient-unknown");
}

/// A ledger in which Lakeside fetched images on a day, was reported, and charged by an arbiter.
fn scored() -> Desk {
    let desk = Desk::new();
    let done = desk.consent("grant", &["--patient", "4711", "--to", "lakeside", "--by", "desk"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    desk
}

fn score(desk: &Desk, words: &[&str]) -> Output {
    let words = [&["score"], words, &["--config", &desk.config]].concat();
    credence(&words)
}

#[test]
fn scores_are_listed_for_every_other_institution() {
    let desk = scored();
    let done = score(&desk, &["list"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let lines: Vec<&str> = text(&done.stdout).lines().collect();
    let [head, lakeside] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert!(head.starts_with("institution"));
    assert!(lakeside.starts_with("lakeside") && lakeside.contains(" 500 "));
    assert!(lakeside.ends_with("no evidence"));
    let done = score(&desk, &["list", "--json"]);
    let rows: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        rows,
        serde_json::json!([{
            "institution": "lakeside", "score": 500, "ceiling": null,
            "good_milli": 0, "bad_milli": 0, "evidence": false
        }])
    );
}
