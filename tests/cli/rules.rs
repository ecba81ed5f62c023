//! The commands that check rules, try them, and go through a ledger's decisions.

use credence::contract::Decision;
use credence::contract::Verdict;

use super::books;
use super::site::Site;

/// What a command printed, after it ended with `code`.
fn printed(words: &[&str], code: i32) -> String {
    let done = super::credence(words);
    let (out, err) = (super::text(&done.stdout), super::text(&done.stderr));
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
    let folder = format!("{}/policy", books::rules::DELIVERED);
    let told = printed(&["policy", "check", &folder], 0);
    assert!(told.contains("0 faults, 0 warnings"), "{told}");
}

#[test]
fn a_forbid_that_can_fail_is_a_fault_and_a_rule_that_never_matches_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("policy");
    books::rules::copy_rules(&dir);
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
    let mut site = Site::begin();
    site.decide(site.acquisition(), |_| {});
    site.decide(site.foreign(), |decision| decision.observed = true);
    let (data, export) = (site.path("data"), site.path("export"));
    let told = printed(&["ledger", "replay", &data], 0);
    assert!(
        told.contains("2 decisions: 2 reached again to the byte, 0 different"),
        "{told}"
    );
    let wrong = site.decide(site.foreign(), |decision| {
        decision.verdict = Verdict::Permit;
    });
    site.decide(site.acquisition(), |decision| {
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
    printed(&["ledger", "replay", &site.path("keys")], 1);
}

#[test]
fn other_rules_are_tried_on_what_was_decided() {
    let mut site = Site::begin();
    site.decide(site.acquisition(), |_| {});
    let refused = site.decide(site.foreign(), |_| {});
    let config = site.path("credence.toml");
    let same = site.path("policy");
    let told = printed(
        &["policy", "backtest", "--config", &config, "--policy", &same],
        0,
    );
    assert!(told.starts_with("2 decisions, 0 would differ"), "{told}");
    let stricter = site.other_rules(
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
    let mut site = Site::begin();
    let observe = |decision: &mut Decision| decision.observed = true;
    site.decide(site.acquisition(), observe);
    let first = site.decide(site.foreign(), observe);
    site.decide(site.foreign(), |_| {});
    site.next_day();
    site.decide(site.foreign(), observe);
    let config = site.path("credence.toml");
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
