//! Promise 3, where nobody waits for a consent: an emergency is told, counted and accounted for.

use credence::contract::Body;
use credence::contract::Verdict;
use credence::demo::Workstation;
use credence::dimse::Status;
use credence::gateway::control::Answer;
use credence::gateway::control::Change;
use credence::gateway::control::Command;
use credence::gateway::control::ListedReview;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::house::ae;
use crate::images::Image;

const PATIENTS: [&str; 11] = [
    "P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-7", "P-8", "P-9", "P-10", "P-11",
];

/// The other hospital, breaking the glass.
fn emergency(house: &House) -> Workstation {
    Workstation {
        called: ae("CREDENCE_ER"),
        ..house.stranger()
    }
}

/// Sends an image of this patient, and tells how that was answered.
async fn store(from: &Workstation, patient: usize) -> Status {
    let image = Image {
        patient: Some(PATIENTS[patient - 1]),
        study: Some(PATIENT_STUDIES[patient - 1]),
        ..Image::default()
    };
    let told = from.store(&[image.instance(patient as u32)], |_| {}).await;
    told.unwrap()[0].status
}

const PATIENT_STUDIES: [&str; 11] = [
    "1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.3.7", "1.2.3.8",
    "1.2.3.9", "1.2.3.10", "1.2.3.11",
];

async fn reviews(house: &House) -> Vec<ListedReview> {
    match house.command(&Command::Reviews).await {
        Answer::Reviews { reviews } => reviews,
        other => panic!("{other:?}"),
    }
}

/// What the command prints while the gateway runs.
fn credence(house: &House, words: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_credence"));
    command.args(words).arg("--config").arg(house.config_file());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

async fn refused(house: &House, change: Change, by: &str) -> String {
    let by = by.to_owned();
    match house.command(&Command::Change { change, by }).await {
        Answer::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn lakeside(house: &House) -> u16 {
    let day = house.ledger().last().unwrap().ledger_time.day();
    let mut state = credence::contract::State::new();
    for entry in house.ledger() {
        let at = credence::contract::Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        state.apply(at, &entry.event).unwrap();
    }
    credence::contract::score_of(&state, &"lakeside".parse().unwrap(), day)
}

#[tokio::test]
async fn an_emergency_raises_an_alert_and_waits_for_its_review() {
    let house = House::new(Plan::default()).await;
    let serving = house.serve().await;
    let lake = emergency(&house);
    assert_eq!(store(&lake, 1).await, Status::SUCCESS);
    assert_eq!(store(&lake, 1).await, Status::SUCCESS);
    let ledger = house.ledger();
    let permitted = books::verdicts(&ledger);
    assert!(permitted.iter().all(|verdict| *verdict == Verdict::Permit));
    assert_eq!(books::alerts(&ledger), vec!["break-glass"; permitted.len()]);
    let waiting = reviews(&house).await;
    assert_eq!(waiting.len(), 1, "one for the AE title and the patient");
    let first = ledger
        .iter()
        .find(|entry| entry.event.body.kind() == "decision");
    assert_eq!(waiting[0].decision, first.unwrap().seq);

    let told = credence(&house, &["review", "list"]);
    let row = format!("{}  ", waiting[0].decision);
    let row = told.lines().find(|line| line.starts_with(&row)).unwrap();
    let words: Vec<&str> = row.split_whitespace().skip(2).collect();
    assert_eq!(
        words[..4],
        ["no", "lakeside", "LAKE", "EMERGENCY"],
        "{told}"
    );
    assert_eq!(words[5..], ["not", "given"], "{told}");

    let review = waiting[0].decision;
    let close = |justified| Change::ReviewClose { review, justified };
    let reason = "Polytrauma, Wanda Würfelzucker unconscious";
    assert_eq!(
        refused(&house, close(true), "officer").await,
        format!("no reason was given for decision {review}")
    );
    let number = review.to_string();
    let words = [
        "review", "reason", &number, "--text", reason, "--by", "Weber",
    ];
    let told = credence(&house, &words);
    assert!(told.starts_with("recorded as entry "), "{told}");
    assert_eq!(
        refused(&house, close(true), "weber").await,
        "this needs a second person"
    );
    let listed = serde_json::to_string(&reviews(&house).await).unwrap();
    assert!(
        listed.contains("Weber") && !listed.contains("Würfelzucker"),
        "{listed}"
    );
    let words = ["review", "close", &number, "--justified", "--by", "officer"];
    credence(&house, &words);
    assert_eq!(credence(&house, &["review", "list"]), "no review waits\n");
    serving.kill();
    // The reason is in no file in clear.
    for file in walk(&house.data_dir()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes
            .windows(12)
            .any(|window| window == &reason.as_bytes()[18..30]);
        assert!(!found, "{}", file.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

#[tokio::test]
async fn the_eleventh_patient_within_an_hour_is_refused() {
    let (house, running) = House::open(Plan::default()).await;
    let lake = emergency(&house);
    for patient in 1..=10 {
        assert_eq!(store(&lake, patient).await, Status::SUCCESS, "{patient}");
    }
    assert_eq!(store(&lake, 11).await, Status::NOT_AUTHORISED);
    assert_eq!(store(&lake, 1).await, Status::SUCCESS);
    assert_eq!(reviews(&house).await.len(), 10);
    let ledger = house.ledger();
    let reasons = books::decisions(&ledger);
    let reasons: Vec<&str> = reasons
        .iter()
        .map(|(_, decision)| decision.short_reason())
        .filter(|reason| !reason.is_empty())
        .collect();
    assert_eq!(reasons, ["limit of emergency access reached"]);
    assert_eq!(house.pacs.record().received.len(), 11);
    running.drain().await.unwrap();
    // After an hour there is room again; the gateway has been started anew in between.
    let running = house.start_hours_later(1).await;
    assert_eq!(store(&lake, 11).await, Status::SUCCESS);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn the_gateway_itself_records_a_review_that_is_late_and_tells_of_it() {
    let (house, running) = House::open(Plan::default()).await;
    for patient in [1, 2] {
        assert_eq!(store(&emergency(&house), patient).await, Status::SUCCESS);
    }
    let review = reviews(&house).await[1].decision;
    let reason = "Polytrauma".to_owned();
    house
        .change(Change::ReviewReason { review, reason }, "Weber")
        .await;
    house
        .change(
            Change::ReviewClose {
                review,
                justified: true,
            },
            "officer",
        )
        .await;
    running.drain().await.unwrap();

    let not_yet = house.start_hours_later(23).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    not_yet.drain().await.unwrap();
    let overdue = |ledger: &[credence::ledger::Entry]| {
        let late = |entry: &&credence::ledger::Entry| {
            matches!(entry.event.body, Body::ReviewOverdue { .. })
        };
        ledger.iter().filter(late).count()
    };
    assert_eq!(overdue(&house.ledger()), 0);
    let score = lakeside(&house);

    let running = house.start_hours_later(25).await;
    let ledger = house.ledger_when(|ledger| overdue(ledger) > 0).await;
    let (place, late) = ledger
        .iter()
        .enumerate()
        .find(|(_, entry)| entry.event.body.kind() == "review-overdue")
        .unwrap();
    match &ledger[place + 1].event.body {
        Body::Alert { code, about, .. } => {
            assert_eq!((code.as_str(), *about), ("review-overdue", Some(late.seq)));
        }
        other => panic!("{other:?}"),
    }
    assert!(lakeside(&house) < score);
    let waiting = reviews(&house).await;
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].review.overdue);
    // Once is enough.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(overdue(&house.ledger()), 1);
    running.drain().await.unwrap();
}
