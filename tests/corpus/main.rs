//! Decisions that this version and earlier ones recorded, decided again: for ever.
//!
//! `fixtures/decisions/` holds exports of ledgers that tell the story in `story.rs`, one folder for
//! each version of the contract. A folder is never changed; a new version of the contract adds one:
//!
//! ```text
//! CREDENCE_CORPUS_OUT=fixtures/decisions/contract-3 cargo test --test corpus
//! ```

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot read or write a ledger has failed"
)]

#[allow(dead_code, reason = "each test that has a ledger needs a part of it")]
#[path = "../books/mod.rs"]
mod books;
mod story;

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use credence::contract::CONTRACT_VERSION;
use credence::contract::Verdict;
use credence::ledger::Entry;
use credence::storage::Depth;
use credence::storage::ExportForm;
use credence::storage::JournalReader;
use credence::storage::compare;
use credence::storage::export;
use credence::storage::verify;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/decisions")
}

/// Every decision of the ledger in `dir` is reached again; how many there are.
fn replayed(dir: &Path) -> u64 {
    let mut findings = Vec::new();
    let compared = compare(dir, &mut |finding| {
        findings.push(format!("{finding:?}"));
        Ok(())
    });
    let compared = compared.unwrap();
    assert!(
        compared.is_clean(),
        "{}: {compared:?}, first: {:.2000}",
        dir.display(),
        findings.first().unwrap()
    );
    compared.decisions
}

#[test]
fn every_decision_that_was_ever_kept_is_reached_again() {
    let mut versions = BTreeSet::new();
    for folder in std::fs::read_dir(kept()).unwrap() {
        let folder = folder.unwrap().path();
        verify(&folder, None, Depth::Chain).unwrap();
        assert!(replayed(&folder) > 500, "{}", folder.display());
        versions.insert(folder.file_name().unwrap().to_str().unwrap().to_owned());
    }
    let this = format!("contract-{CONTRACT_VERSION}");
    assert!(
        versions.contains(&this),
        "no corpus of {this}: {versions:?}"
    );
}

#[test]
fn an_export_that_is_cut_in_its_last_line_is_not_called_replayed() {
    let kept = kept().join(format!("contract-{CONTRACT_VERSION}"));
    let text = std::fs::read(kept.join("entries.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for cut in [1, 100] {
        let left = &text[..text.len() - cut];
        std::fs::write(folder.path().join("entries.jsonl"), left).unwrap();
        let error = compare(folder.path(), &mut |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("does not end"), "{error}");
    }
}

#[test]
fn the_story_is_told_by_this_version_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let data = story::tell(folder.path());
    verify(&data, None, Depth::Replay).unwrap();
    replayed(&data);

    let mut reasons = BTreeSet::new();
    let mut rules = BTreeSet::new();
    let (mut permits, mut errors) = (0, 0);
    let mut kinds = BTreeSet::new();
    for stored in JournalReader::new(&data).entries(0) {
        let Entry { event, .. } = stored.unwrap().entry;
        kinds.insert(event.body.kind());
        if let credence::contract::Body::Decision { decision, .. } = event.body {
            permits += u32::from(decision.verdict == Verdict::Permit);
            errors += u32::from(!decision.errors.is_empty());
            rules.extend(decision.reasons);
            // Scores vary from case to case.
            reasons.insert(
                decision
                    .short_reason
                    .replace(|c: char| c.is_ascii_digit(), "0"),
            );
        }
    }
    assert!(permits > 100, "{permits}");
    assert!(errors > 0, "no rule ever failed");
    for rule in [
        "denied-by-patient",
        "emergency",
        "emergency-limit",
        "emergency-query",
        "exchange-with-consent",
        "patient-unknown",
        "question",
        "review-when-score-is-low",
        "score-below-minimum",
        "score-below-routine",
        "score-needs-named-institution",
        "score-research",
        "within-own-institution",
    ] {
        assert!(rules.contains(rule), "{rule} decided nothing: {rules:?}");
    }
    for reason in [
        "no consent",
        "rule error",
        "encrypted transport required",
        "obligation deidentify cannot be met",
        "obligation wait_for_finality cannot be met",
    ] {
        assert!(reasons.contains(reason), "{reason}: {reasons:?}");
    }
    // All that the contract applies, but what only a running gateway says.
    assert!(kinds.len() >= 24, "{kinds:?}");

    if let Some(out) = std::env::var_os("CREDENCE_CORPUS_OUT") {
        export(&data, Path::new(&out), &ExportForm::default()).unwrap();
    }
}
