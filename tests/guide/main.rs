//! Every command of `docs/contract.md`, run as printed, on a site with five weeks of history; what
//! it prints must be what the guide says that it prints.
//!
//! In the guide, a block marked `console` holds commands, each behind a `$`, and below each what it
//! prints: standard output, then standard error. A line `# exits with 1` stands before a command
//! that does not succeed. What differs from run to run is compared by its form only: moments, days,
//! digests, pseudonyms, keys (`form.rs`). A line with `[...]` alone stands for lines left out.
//!
//! After a change that alters outputs on purpose:
//!
//! ```text
//! CREDENCE_GUIDE_WRITE=1 cargo test --test guide
//! ```
//!
//! writes into the guide what the commands print now, all of it from one run.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot run the command has failed"
)]

#[allow(dead_code, reason = "each test that has a ledger needs a part of it")]
#[path = "../books/mod.rs"]
mod books;
mod form;
mod page;
mod site;

use std::path::Path;
use std::path::PathBuf;

use page::Step;
use site::Site;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

#[test]
fn every_command_of_the_guide_prints_what_the_guide_says() {
    let path = docs().join("contract.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let write = std::env::var_os("CREDENCE_GUIDE_WRITE").is_some();
    let mut page = page::read(&text);
    let site = Site::begin();
    let mut digests = form::Digests::default();
    let mut faults = Vec::new();
    let mut commands = 0;
    for step in page.steps() {
        commands += 1;
        let (line, printed, code) = site.run(&digests.renewed(&step.command));
        if code != step.code {
            faults.push(format!("{line}: exits with {code}\n{printed}"));
        }
        digests.pair(&step.printed, &printed);
        let is_same = form::is_same(&step.printed, &printed);
        if write {
            // All from this one run, so that the same value is the same everywhere.
            let printed = if is_same {
                form::with_values(&step.printed, &printed)
            } else {
                printed
            };
            *step = Step {
                command: line,
                printed,
                ..step.clone()
            };
        } else if !is_same {
            {
                faults.push(format!(
                    "{line}\n--- the guide says\n{}--- it prints\n{printed}",
                    step.printed
                ));
            }
        }
    }
    assert!(commands > 20, "{commands} commands only");
    if write {
        std::fs::write(&path, page.to_string()).unwrap();
    }
    assert!(
        faults.is_empty(),
        "{} of {commands} commands:\n\n{}",
        faults.len(),
        faults.join("\n\n")
    );
    site.wrote_the_plots(&docs().join("img"), write);
}

#[test]
fn the_guide_names_every_rule_as_delivered_and_every_number() {
    let text = std::fs::read_to_string(docs().join("contract.md")).unwrap();
    let rules = books::delivered(None);
    for id in rules.ids() {
        assert!(text.contains(&format!("`{id}`")), "rule {id}");
    }
    let credit =
        std::fs::read_to_string(Path::new(books::rules::DELIVERED).join("credit.toml")).unwrap();
    for line in credit.lines().filter(|line| !line.starts_with(['#', '['])) {
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        let row = format!("`{key}` | {value} |");
        assert!(text.contains(&row), "no row with {row}");
    }
}

#[test]
fn links_of_the_guide_lead_somewhere() {
    let text = std::fs::read_to_string(docs().join("contract.md")).unwrap();
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    let mut files = 0;
    for target in targets.filter(|target| !target.starts_with(['#', 'h'])) {
        let file = target.split('#').next().unwrap();
        assert!(docs().join(file).exists(), "{target}");
        files += 1;
    }
    assert!(files > 3, "{files} links");
}
