use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// What each message of a file has in it: `{ $names }`.
fn messages(tongue: Tongue) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut last = String::new();
    for line in tongue.files().join("\n").lines() {
        let begins = line.starts_with(|one: char| one.is_ascii_lowercase());
        if let Some((id, _)) = line.split_once(" =").filter(|_| begins) {
            last = id.to_owned();
            assert!(
                found.insert(last.clone(), BTreeSet::new()).is_none(),
                "{} has {last} twice",
                tongue.code()
            );
        }
        for part in line.split('$').skip(1) {
            let name: String = part
                .chars()
                .take_while(|one| one.is_ascii_alphanumeric() || *one == '-' || *one == '_')
                .collect();
            found.get_mut(&last).unwrap().insert(name);
        }
    }
    found
}

#[test]
fn every_file_is_whole_and_says_the_same_things() {
    let english = messages(Tongue::English);
    assert!(english.len() > 30);
    for tongue in Tongue::ALL {
        for file in tongue.files() {
            let parsed = FluentResource::try_new(file.to_owned());
            let errors = parsed.err().map(|(_, errors)| errors);
            assert!(errors.is_none(), "{}: {errors:?}", tongue.code());
        }
        let theirs = messages(tongue);
        let missing: Vec<_> = english
            .keys()
            .filter(|id| !theirs.contains_key(*id))
            .collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", tongue.code());
        for (id, names) in theirs {
            assert_eq!(english.get(&id), Some(&names), "{}: {id}", tongue.code());
        }
    }
}

fn sources(dir: &Path, found: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Messages are named in the sources as they stand, `say("…")`, or begin with a name of [`FAMILIES`].
const FAMILIES: [&str; 12] = [
    "role-",
    "verdict-",
    "purpose-",
    "verb-",
    "outcome-",
    "act-",
    "queue-state-",
    "kind-",
    "right-",
    "place-",
    "alert-",
    "reason-",
];

#[test]
fn what_pages_say_is_there_and_what_is_there_is_said() {
    let mut source = String::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin"),
        &mut source,
    );
    let english = messages(Tongue::English);
    let mut said = BTreeSet::new();
    for call in [
        "say(\"",
        "with(\"",
        "with_all(\"",
        "say(\n",
        "heading(\"",
        "empty(\"",
        "label(\"",
    ] {
        for part in source.split(call).skip(1) {
            let id = part.trim_start().trim_start_matches('"');
            let id: String = id.chars().take_while(|one| *one != '"').collect();
            if !id.is_empty()
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            {
                said.insert(id);
            }
        }
    }
    let missing: Vec<_> = said
        .iter()
        .filter(|id| !english.contains_key(*id))
        .collect();
    assert!(missing.is_empty(), "no words for {missing:?}");
    // Also what is told by a name that is put together, or by a constant.
    let quoted = |id: &str| source.contains(&format!("\"{id}\""));
    let idle: Vec<_> = english
        .keys()
        .filter(|id| !quoted(id) && !FAMILIES.iter().any(|family| id.starts_with(family)))
        .collect();
    assert!(idle.is_empty(), "nobody says {idle:?}");
}

#[test]
fn a_browser_is_answered_in_the_first_language_that_we_have() {
    for (asked, tongue) in [
        ("de-AT,de;q=0.9,en;q=0.8", Tongue::German),
        ("it,fr-CH;q=0.9", Tongue::French),
        ("zh-Hans-CN", Tongue::Chinese),
        ("ES", Tongue::Spanish),
        ("it", Tongue::English),
        ("", Tongue::English),
    ] {
        assert_eq!(Tongue::asked_for(asked), tongue, "{asked}");
    }
}

#[test]
fn numbers_have_their_plural() {
    let one = Tongue::English.words().with("sign-in-wait", "seconds", 1);
    let many = Tongue::English.words().with("sign-in-wait", "seconds", 2);
    assert_ne!(one, many.replace('2', "1"));
}
