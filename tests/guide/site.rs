//! The site of the guide: St. Anna's gateway after five weeks, and its folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use credence::contract::Body;
use credence::contract::Grantees;
use credence::contract::Outcome;
use credence::contract::Pseudonym;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::StudyFacts;
use credence::contract::TransportFacts;
use credence::contract::Verb;
use credence::digest::Sha256;
use credence::time::DAY_MICROS;
use credence::time::Day;
use credence::time::UtcMicros;

use crate::books::Books;
use crate::books::OWN;
use crate::books::rules::DELIVERED;
use crate::books::rules::copy_rules;
use crate::books::slug;

/// Days before today on which the ledger begins, and on which observing ended.
const BEGAN: i32 = 35;
const ENFORCED: i32 = 31;

/// Seconds before and after midnight in which the guide is not run: its ledger ends today, and so
/// must its last command.
const AROUND_MIDNIGHT_S: i64 = 180;

/// What the site adds to the configuration as delivered: two more hospitals.
const MORE: &str = r#"
[[institution]]
slug = "hill-clinic"
name = "Hill Clinic"

[[institution]]
slug = "meadow"
name = "Meadow Hospital"

[[peer]]
name = "hill-clinic"
ae_title = "HILL"
institution = "hill-clinic"
addresses = ["127.0.0.1"]
plain = true
connect = "127.0.0.1:11115"
may = ["echo", "store", "find", "move", "get"]

[[peer]]
name = "meadow"
ae_title = "MEADOW"
institution = "meadow"
addresses = ["127.0.0.1"]
plain = true
connect = "127.0.0.1:11116"
may = ["echo", "store", "find", "move", "get"]
"#;

/// The rule that the guide proposes.
const RULE: &str = r#"@id("site-no-old-studies")
@description("Another hospital gets studies of the last ten years. Older ones: in an emergency, or at the patient's request.")
@reason("study older than ten years")
forbid (principal, action in Action::"Care", resource)
when {
  !context.within && context.purpose == "TREATMENT" &&
  context has study_age_days && context.study_age_days > 3650
};
"#;

/// A folder in which the guide's commands are run.
pub(crate) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let delivered = fs::read_to_string(Path::new(DELIVERED).join("credence.toml")).unwrap();
        fs::write(at("credence.toml"), delivered + MORE).unwrap();
        copy_rules(&at("policy"));
        copy_rules(&at("new/policy"));
        fs::write(at("new/policy/50-site.cedar"), RULE).unwrap();
        fs::create_dir(at("scenarios")).unwrap();
        for file in fs::read_dir(Path::new(DELIVERED).join("scenarios")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), at("scenarios").join(file.file_name())).unwrap();
        }
        five_weeks(folder.path(), after_midnight());
        Self { folder }
    }

    /// Runs `command`; gives it back, and what it printed and exited with.
    pub(crate) fn run(&self, command: &str) -> (String, String, i32) {
        let words = words(command);
        let mut process = Command::new(env!("CARGO_BIN_EXE_credence"));
        process
            .args(words.iter().skip(1))
            .current_dir(self.folder.path())
            .env("USER", "officer")
            .env_remove("RUST_LOG");
        let done = process.output().unwrap();
        let printed = [done.stdout, done.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        (command.to_owned(), printed, done.status.code().unwrap())
    }

    /// Every plot that the guide's commands wrote is the one that the guide shows.
    pub(crate) fn wrote_the_plots(&self, shown: &Path, write: bool) {
        let mut plots = 0;
        for file in fs::read_dir(self.folder.path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "svg") {
                continue;
            }
            let kept = shown.join(path.file_name().unwrap());
            if write {
                fs::copy(&path, &kept).unwrap();
            }
            let (new, kept) = (fs::read(path).unwrap(), fs::read(kept).unwrap());
            assert!(new == kept, "the plot in docs/img is another");
            plots += 1;
        }
        assert!(plots > 0, "no plot was written");
    }
}

/// Words of a command line; double quotes hold one together, a backslash ends a line and no more.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in command.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' | '\n' | '\\' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Now, some minutes from midnight.
fn after_midnight() -> UtcMicros {
    loop {
        let now = credence::clock::Clock::new().now();
        let second = now.0.rem_euclid(DAY_MICROS) / 1_000_000;
        if (AROUND_MIDNIGHT_S..86_400 - AROUND_MIDNIGHT_S).contains(&second) {
            return now;
        }
        std::thread::sleep(Duration::from_secs(5));
    }
}

/// Patients whom the story speaks of.
const OF_HILL: &str = "DEMO-1001";
const OF_MEADOW: &str = "DEMO-1002";
const OF_LAKESIDE: &str = "DEMO-1003";
const UNCONSCIOUS: &str = "DEMO-1004";

fn patient(books: &Books, id: &str) -> Pseudonym {
    books.patient("CREDENCE-DEMO", id)
}

/// The hospital `who` fetches one study of a patient, for itself.
fn fetch(books: &Books, who: &str, purpose: Purpose, id: &str, age_days: i32) -> Request {
    let ae = match who {
        "hill-clinic" => "HILL",
        "meadow" => "MEADOW",
        _ => "LAKESIDE",
    };
    let day = books.now.day();
    Request {
        verb: Verb::Retrieve,
        purpose,
        requester: slug(who),
        requester_ae: ae.parse().unwrap(),
        user: None,
        again: None,
        through: None,
        custodian: slug(OWN),
        recipient: slug(who),
        recipient_ae: ae.parse().unwrap(),
        patient: Some(patient(books, id)),
        study: Some(StudyFacts {
            modalities: BTreeSet::from(["CT".to_owned()]),
            date: Some(Day(day.0 - age_days)),
            uid_digest: Sha256::of(&[b"study", id.as_bytes()]),
        }),
        question: false,
        transport: TransportFacts {
            tls: false,
            mutual: false,
            address_checked: true,
            certificate: None,
        },
        received_at: books.now,
    }
}

/// Five weeks that end at `now`: four days of observing, a month of routine, an emergency.
fn five_weeks(folder: &Path, now: UtcMicros) {
    let noon = |before: i32| {
        let day = i64::from(now.day().0 - before);
        UtcMicros(day * DAY_MICROS + DAY_MICROS / 2)
    };
    let mut books = Books::begin(folder, noon(BEGAN));
    for before in (ENFORCED + 1..=BEGAN).rev() {
        books.now = books.now.max(noon(before));
        for (who, id) in [("hill-clinic", OF_HILL), ("lakeside", OF_LAKESIDE)] {
            observed(&mut books, who, id);
        }
    }
    consents(&mut books);
    for before in (1..=ENFORCED).rev() {
        books.now = books.now.max(noon(before));
        routine(&mut books, before);
    }
    books.now = UtcMicros(now.0 - 60_000_000);
    let request = fetch(&books, "lakeside", Purpose::Emergency, UNCONSCIOUS, 2);
    let decision = books.decide(request.clone(), |_| {});
    books.say(Body::Alert {
        code: "notify".to_owned(),
        text: "permitted under an obligation to notify".to_owned(),
        about: Some(decision),
    });
    books.closed(&request, decision, Outcome::Completed, None);
    books.close();
}

/// While only observing, images go out whatever the rules say.
fn observed(books: &mut Books, who: &str, id: &str) {
    let request = fetch(books, who, Purpose::Treatment, id, 30);
    let decision = books.decide(request.clone(), |decision| decision.observed = true);
    books.closed(&request, decision, Outcome::Completed, None);
}

fn consents(books: &mut Books) {
    for (who, id) in [
        ("hill-clinic", OF_HILL),
        ("meadow", OF_MEADOW),
        ("lakeside", OF_LAKESIDE),
    ] {
        let to = Grantees::Named(BTreeSet::from([slug(who)]));
        let consent = books.unrestricted(patient(books, id), to, &[Purpose::Treatment]);
        let by = "desk".to_owned();
        books.say(Body::ConsentGranted { consent, by });
    }
}

/// Hill Clinic is in order; of what Meadow fetches, half fails on its side; Lakeside comes once a
/// week, once for a study of twelve years ago.
fn routine(books: &mut Books, before: i32) {
    let hill = fetch(books, "hill-clinic", Purpose::Treatment, OF_HILL, 30);
    books.ask(&hill, Outcome::Completed, None);
    let meadow = fetch(books, "meadow", Purpose::Treatment, OF_MEADOW, 30);
    books.ask(&meadow, Outcome::Completed, None);
    let meadow = fetch(books, "meadow", Purpose::Treatment, OF_MEADOW, 30);
    books.ask(&meadow, Outcome::Failed, Some("meadow"));
    if before % 7 == 3 {
        let age_days = if before == 10 { 12 * 365 } else { 30 };
        let lakeside = fetch(books, "lakeside", Purpose::Treatment, OF_LAKESIDE, age_days);
        books.ask(&lakeside, Outcome::Completed, None);
    }
}
