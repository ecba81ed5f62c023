//! The command as a script sees it: exit codes, and what goes to which output.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot run the command has failed"
)]

#[path = "cli/books.rs"]
mod books;
#[path = "cli/rules.rs"]
mod rules;

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

/// A folder whose ledger tells of Lakeside: a revocation answered in time (entry 5), and a purpose
/// misuse reported (6) and upheld (7), and a leak reported (8) and upheld (9); the leak's charge is
/// taken back (10).
fn scored() -> Desk {
    let desk = Desk::new();
    let say = |words: &[&str]| {
        let done = credence(&[words, &["--config", &desk.config]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    };
    let to = ["--patient", "4711", "--to", "lakeside"];
    say(&[&["consent", "grant"], to.as_slice()].concat());
    say(&["consent", "revoke", "3"]);
    say(&["consent", "honoured", "4", "--institution", "lakeside"]);
    for (kind, report) in [("purpose-misuse", "6"), ("onward-disclosure", "8")] {
        let told = ["--kind", kind, "--proof", "3", "4", "--by", "nurse"];
        say(&[&["incident", "report", "lakeside"], told.as_slice()].concat());
        say(&["incident", "decide", report, "--upheld", "--by", "arbiter"]);
    }
    say(&["incident", "reverse", "9", "--by", "arbiter"]);
    desk
}

fn score(desk: &Desk, words: &[&str]) -> Output {
    credence(&[&["score"], words, &["--config", &desk.config]].concat())
}

#[test]
fn scores_are_listed_for_every_other_institution() {
    let desk = Desk::new();
    let done = score(&desk, &["list"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let lines: Vec<&str> = text(&done.stdout).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(text(&done.stdout).starts_with("institution"));
    let lakeside = lines.last().unwrap();
    assert!(lakeside.starts_with("lakeside") && lakeside.contains(" 500 "));
    assert!(lakeside.ends_with("no evidence"));
    let done = score(&scored(), &["list", "--json"]);
    let rows: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        rows,
        serde_json::json!([{
            "institution": "lakeside", "score": 419, "ceiling": null,
            "good_milli": 500, "bad_milli": 20000, "evidence": true
        }])
    );
}

#[test]
fn a_score_is_explained_by_lines_that_add_up_to_it() {
    let desk = scored();
    let done = score(&desk, &["explain", "lakeside", "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let number = |place: &str| told.pointer(place).unwrap().as_i64().unwrap();
    assert_eq!(number("/score"), 419);
    let lines = told.get("lines").unwrap().as_array().unwrap();
    let sum = |key: &str| -> i64 {
        let weights = lines.iter().map(|line| line.get(key).unwrap());
        weights.map(|weight| weight.as_i64().unwrap()).sum()
    };
    let good = sum("good_now_micro") + number("/rounding_good_micro");
    let bad = sum("bad_now_micro") + number("/rounding_bad_micro");
    assert_eq!((good, bad), (number("/good_micro"), number("/bad_micro")));
    let whats: Vec<_> = lines.iter().map(|line| line.get("what").unwrap()).collect();
    assert_eq!(whats, ["routine", "incident-upheld", "incident-upheld"]);
    assert_eq!(told.pointer("/lines/2/reversed_by").unwrap(), 10);

    let done = score(&desk, &["explain", "lakeside"]);
    let printed = text(&done.stdout);
    for expected in [
        ": score 419\n",
        "rounded down: 419\n",
        "1 revocation answered in time\n",
        "purpose-misuse upheld: report 6, case -, proof 3, 4\n",
        "; taken back by entry 10\n",
    ] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
}

#[test]
fn a_score_is_explained_as_it_was_and_as_it_will_be() {
    let desk = scored();
    let done = score(&desk, &["explain", "lakeside", "--on", "2001-01-01"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).ends_with("the ledger has no entry up to that day\n"));
    let done = score(
        &desk,
        &["explain", "lakeside", "--on", "2200-01-01", "--json"],
    );
    let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    // All is forgotten, and what was proven stays in the account.
    assert_eq!(told.get("score").unwrap(), 500);
    assert_eq!(told.get("lines").unwrap().as_array().unwrap().len(), 3);
    for (institution, reason) in [
        ("st-anna", "our own institution, which has no score here\n"),
        ("nowhere", "and the ledger has no evidence of it\n"),
    ] {
        let done = score(&desk, &["explain", institution]);
        assert_eq!(done.status.code(), Some(1), "{institution}");
        assert!(text(&done.stderr).ends_with(reason), "{institution}");
    }
}

#[test]
fn every_scenario_delivered_is_simulated_and_drawn() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(package.join("gateway-config/scenarios")).unwrap() {
        let file = entry.unwrap().path();
        let svg = folder.path().join("plot.svg");
        let (file, svg) = (file.to_str().unwrap(), svg.to_str().unwrap());
        let words = ["score", "simulate", "--scenario", file, "--svg", svg];
        let done = credence(&words);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains("\n  730  "), "{file}");
        let drawn = std::fs::read_to_string(svg).unwrap();
        assert!(drawn.contains("<polyline") && drawn.ends_with("</svg>\n"));
        let again = credence(&words);
        assert_eq!(again.stdout, done.stdout);
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn other_numbers_give_other_scores_and_a_faulty_scenario_is_refused() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway-config");
    let folder = tempfile::tempdir().unwrap();
    let scenario = package.join("scenarios/slow-partner.toml");
    let scenario = scenario.to_str().unwrap();
    let credit = std::fs::read_to_string(package.join("credit.toml")).unwrap();
    let harsh = folder.path().join("harsh.toml");
    let text_of = credit.replacen("late_milli = 2000", "late_milli = 20000", 1);
    std::fs::write(&harsh, text_of).unwrap();
    let last = |more: &[&str]| {
        let words = [
            "score",
            "simulate",
            "--days",
            "365",
            "--json",
            "--scenario",
            scenario,
        ];
        let done = credence(&[&words, more].concat());
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        told.pointer("/institutions/0/last")
            .unwrap()
            .as_u64()
            .unwrap()
    };
    assert_eq!(last(&[]), 609);
    assert_eq!(last(&["--credit", harsh.to_str().unwrap()]), 211);
    let faulty = folder.path().join("faulty.toml");
    std::fs::write(
        &faulty,
        "title = \"x\"\nseed = 1\n[[institution]]\nname = \"a\"\n",
    )
    .unwrap();
    let faulty = faulty.to_str().unwrap();
    let done = credence(&["score", "simulate", "--scenario", faulty]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).starts_with(&format!("credence: {faulty}: ")));
    assert!(text(&done.stderr).contains("unknown field `seed`"));
}
