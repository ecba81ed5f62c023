//! The command as a script sees it: exit codes, and what goes to which output.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot run the command has failed"
)]

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
