//! The command as a script sees it: exit codes, and what goes to which output.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot run the command has failed"
)]

#[allow(dead_code, reason = "each test that has a ledger needs a part of it")]
mod books;
#[path = "cli/rules.rs"]
mod rules;
#[path = "cli/scores.rs"]
mod scores;
#[path = "cli/site.rs"]
mod site;

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
fn an_import_for_a_guardian_whom_nobody_named_is_refused_and_says_how_far_it_came() {
    let desk = Desk::new();
    let (sound, infant) = (
        fixture("basic-treat.json"),
        fixture("basic-treat-infant.json"),
    );
    let done = desk.consent("import", &[&sound, &infant]);
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stdout));
    let told = text(&done.stderr);
    assert!(
        told.starts_with("credence: 1 of 2 recorded, then refused: "),
        "{told}"
    );
    assert_eq!(desk.listed().as_array().unwrap().len(), 1);
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
