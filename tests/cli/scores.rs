//! `credence score`

use std::path::Path;
use std::process::Output;

use crate::Desk;
use crate::credence;
use crate::text;

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
    let none = score(&desk, &["list"]);
    assert_eq!(none.status.code(), Some(1), "{}", text(&none.stdout));
    assert!(text(&none.stderr).contains("holds no ledger yet"));
    assert!(!desk.folder.path().join("data").exists());
    assert!(!desk.folder.path().join("keys").exists());
    // The first change begins the ledger, also one that is refused.
    desk.consent("revoke", &["0", "--by", "desk"]);
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
        "purpose-misuse upheld: report 6, proof 3, 4\n",
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
    assert_eq!(last(&["--credit", harsh.to_str().unwrap()]), 217);
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
