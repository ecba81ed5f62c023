//! Promise 4: an error in a rule, a missing fact or a damaged ledger releases nothing.

use credence::contract::Verdict;
use credence::dimse::Status;
use credence::gateway::GatewayError;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::images::Image;
use crate::images::ada;

/// Cedar itself skips a `forbid` that cannot be evaluated, and would permit.
const FORBID_THAT_OVERFLOWS: &str = r#"
@id("test-overflow")
@description("Cannot be evaluated.")
forbid (principal, action, resource)
when { context.score * 9223372036854775807 * 9223372036854775807 == 1 };
"#;

#[tokio::test]
async fn a_rule_that_errs_releases_nothing_and_tells() {
    let plan = Plan {
        rule: FORBID_THAT_OVERFLOWS,
        ..Plan::full()
    };
    let (house, running) = House::open(plan).await;
    let told = house
        .modality()
        .store(&[Image::default().instance(1)], |_| {})
        .await
        .unwrap();
    assert_eq!(told[0].status, Status::NOT_AUTHORISED);
    assert!(told[0].comment.is_some());
    let query = credence::demo::identifier("STUDY", &[]);
    let model = credence::dicom::Model::StudyRoot;
    let found = house.workstation().find(model, &query, None).await.unwrap();
    assert_eq!(
        (found.answer.status, found.matches.len()),
        (Status::UNABLE_TO_PROCESS, 0)
    );
    assert_eq!(house.pacs.record().received.len(), 0);
    let ledger = house
        .ledger_when(|entries| !books::alerts(entries).is_empty())
        .await;
    let decisions = books::decisions(&ledger);
    assert!(
        decisions.iter().all(|(_, decision)| {
            decision.verdict == Verdict::Deny && !decision.errors.is_empty()
        })
    );
    running.drain().await.unwrap();
}

#[tokio::test]
async fn without_a_rule_that_permits_nothing_is_released() {
    let house = House::new(Plan::default()).await;
    for file in std::fs::read_dir(house.policy_dir()).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cedar")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    // To refuse to start at all is as good as to deny everything.
    if let Ok(running) = house.start().await {
        let told = house
            .modality()
            .store(&[Image::default().instance(1)], |_| {})
            .await
            .unwrap();
        assert_eq!(told[0].status, Status::NOT_AUTHORISED);
        assert_eq!(books::verdicts(&house.ledger()), [Verdict::Deny]);
        running.drain().await.unwrap();
    }
    assert_eq!(house.pacs.record().received.len(), 0);
}

#[tokio::test]
async fn policies_that_cannot_be_read_let_no_gateway_start() {
    for rule in [
        "permit (principal, action, resource",
        "@id(\"x\") @description(\"x\") permit (principal, action, resource) when { context.standing > 1 };",
        "@id(\"x\") @description(\"x\") permit (principal, action, resource) when { context.no_such_fact };",
    ] {
        let house = House::new(Plan {
            rule,
            ..Plan::default()
        })
        .await;
        let refused = house.start().await;
        assert!(
            matches!(refused, Err(GatewayError::Start(_))),
            "{rule}: {refused:?}"
        );
        assert!(house.modality().echo().await.is_err(), "nobody listens");
    }
    let house = House::new(Plan::default()).await;
    std::fs::remove_file(house.policy_dir().join("schema.cedarschema")).unwrap();
    assert!(house.start().await.is_err());
}

#[tokio::test]
async fn a_damaged_ledger_lets_no_gateway_start() {
    let (house, running) = House::open(Plan::default()).await;
    let told = house.modality().store(&ada()[..3], |_| {}).await.unwrap();
    assert!(told.iter().all(|answer| answer.status == Status::SUCCESS));
    running.drain().await.unwrap();
    let before = house.pacs.record().received.len();
    let (file, mut bytes) = journal(&house);
    // One bit of the decision, which stands somewhere in the middle of what is written.
    let at = bytes
        .windows(9)
        .position(|window| window == b"\"verdict\"")
        .unwrap();
    bytes[at + 1] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let refused = house.start().await;
    assert!(
        matches!(refused, Err(GatewayError::Start(_))),
        "{refused:?}"
    );
    let told = house.modality().store(&ada()[..1], |_| {}).await;
    assert!(told.is_err(), "nobody listens");
    assert_eq!(house.pacs.record().received.len(), before);
    bytes[at + 1] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    house.start().await.unwrap().drain().await.unwrap();
}

#[tokio::test]
async fn a_ledger_cut_short_below_its_signed_checkpoint_lets_no_gateway_start() {
    let (house, running) = House::open(Plan::default()).await;
    house.modality().store(&ada()[..3], |_| {}).await.unwrap();
    running.drain().await.unwrap();
    let (file, mut bytes) = journal(&house);
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[last - 2_000..].fill(0);
    std::fs::write(file, bytes).unwrap();
    let refused = house.start().await;
    assert!(
        matches!(refused, Err(GatewayError::Start(_))),
        "{refused:?}"
    );
}

/// The one segment of the journal.
fn journal(house: &House) -> (std::path::PathBuf, Vec<u8>) {
    let folder = house.data_dir().join("journal");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(9).any(|window| window == b"\"verdict\"")
        })
        .collect();
    let file = files.pop().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    (file, bytes)
}
