//! Statements on the link: who may say what, for whom, and where.

use credence::contract::Body;
use credence::contract::Verdict;
use credence::dimse::Status;
use credence::ledger::Checkpoint;
use credence::ledger::Statement;
use credence::ledger::Tree;
use credence::ledger::leaf_hash;

use crate::impostor::Impostor;
use crate::impostor::consented;
use crate::site::Site;

fn is_charged(site: &Site, kind: &str) -> bool {
    let ledger = site.ledger();
    ledger.iter().any(|entry| entry.event.body.kind() == kind)
}

#[tokio::test]
async fn a_statement_carries_purpose_and_user_into_the_decision() {
    let (site, open, lakeside) = consented().await;
    lakeside.pull().await;
    open.close().await;
    let ledger = site.ledger();
    let request = ledger.iter().find_map(|entry| match &entry.event.body {
        Body::Decision { request, decision } if decision.verdict == Verdict::Permit => {
            Some(request.clone())
        }
        _ => None,
    });
    let request = request.unwrap();
    let user = request.user.unwrap();
    assert_eq!(
        (user.name.as_str(), user.proof.as_str()),
        ("dr.house", "none")
    );
    assert_eq!(request.requester.as_str(), "lakeside");
    assert_eq!(request.through.unwrap().institution.as_str(), "lakeside");
}

#[tokio::test]
async fn a_claim_to_be_another_institution_is_refused_kept_and_charged() {
    let (site, open, lakeside) = consented().await;
    let mut speaking = lakeside.associate().await;
    let (_, statement) = speaking.statement();
    let claimed = Statement {
        from: "st-anna".parse().unwrap(),
        ..statement
    };
    assert_eq!(speaking.state(&claimed).await, Some(Status::NOT_AUTHORISED));
    assert!(is_charged(&site, "misstated"));
    // 1000 * 50 / (20 + 100): purpose_misuse_milli is 20000.
    assert_eq!(site.score().await, 416);
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn what_was_stated_on_one_connection_is_worth_nothing_on_another() {
    let (site, open, lakeside) = consented().await;
    let mut first = lakeside.associate().await;
    let (_, statement) = first.statement();
    assert_eq!(first.state(&statement).await, Some(Status::SUCCESS));
    let mut second = lakeside.associate().await;
    assert_eq!(second.state(&statement).await, Some(Status::NOT_AUTHORISED));
    // Nor twice on the same one.
    assert_eq!(first.state(&statement).await, Some(Status::NOT_AUTHORISED));
    assert_eq!(site.score().await, 500);
    open.close().await;
    let alerts = site.alerts();
    // Once a minute, however often it is tried.
    let refused = alerts.iter().filter(|code| *code == "statement-refused");
    assert_eq!(refused.count(), 1);
}

#[tokio::test]
async fn a_statement_for_somebody_else_or_by_another_key_is_refused() {
    let site = Site::new().await;
    let open = site.open().await;
    let lakeside = Impostor::new(&site);
    let mut speaking = lakeside.associate().await;
    let (_, statement) = speaking.statement();
    let to_hill = Statement {
        to: "hill".parse().unwrap(),
        ..statement.clone()
    };
    assert_eq!(speaking.state(&to_hill).await, Some(Status::NOT_AUTHORISED));
    let mut speaking = lakeside.associate().await;
    let (_, statement) = speaking.statement();
    let note = credence::ledger::sign_text(&statement, &lakeside.keys.log).unwrap();
    assert_eq!(
        speaking.state_note(&note).await,
        Some(Status::NOT_AUTHORISED)
    );
    let mut speaking = lakeside.associate().await;
    assert_eq!(
        speaking.state_note("garbage").await,
        Some(Status::NOT_AUTHORISED)
    );
    assert!(!is_charged(&site, "misstated"));
    open.close().await;
}

#[tokio::test]
async fn a_gateway_that_states_nothing_gets_nothing() {
    let (_site, open, lakeside) = consented().await;
    let mut speaking = lakeside.associate().await;
    let (transfer, _) = speaking.statement();
    let got = speaking.get(transfer, usize::MAX).await;
    assert_eq!((got.status, got.digests.len()), (Status::NOT_AUTHORISED, 0));
    open.close().await;
}

#[tokio::test]
async fn a_transfer_that_is_not_named_does_not_begin() {
    let (_site, open, lakeside) = consented().await;
    let mut speaking = lakeside.associate().await;
    let (transfer, statement) = speaking.statement();
    let statement = Statement {
        transfers: Vec::new(),
        ..statement
    };
    assert_eq!(speaking.state(&statement).await, Some(Status::SUCCESS));
    let got = speaking.get(transfer, usize::MAX).await;
    assert_eq!((got.status, got.digests.len()), (Status::NOT_AUTHORISED, 0));
    open.close().await;
}

#[tokio::test]
async fn one_transfer_may_take_several_requests_and_has_one_receipt() {
    let (site, open, lakeside) = consented().await;
    let mut speaking = lakeside.associate().await;
    let (transfer, statement) = speaking.statement();
    assert_eq!(speaking.state(&statement).await, Some(Status::SUCCESS));
    let mut got = speaking.get(transfer, usize::MAX).await;
    let more = speaking.get(transfer, usize::MAX).await;
    speaking.link.release().await;
    got.digests.extend(more.digests);
    got.bytes += more.bytes;
    assert_eq!(got.digests.len(), 48);
    let receipt = lakeside.receipt(&got);
    let answered = lakeside.post(&lakeside.sign(&receipt)).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn who_lies_again_and_again_fills_no_ledger() {
    let site = Site::new().await;
    let open = site.open().await;
    let lakeside = Impostor::new(&site);
    for _ in 0..5 {
        let mut speaking = lakeside.associate().await;
        let (_, statement) = speaking.statement();
        let claimed = Statement {
            from: "st-anna".parse().unwrap(),
            ..statement
        };
        assert_eq!(speaking.state(&claimed).await, Some(Status::NOT_AUTHORISED));
    }
    open.close().await;
    let ledger = site.ledger();
    let kept = ledger
        .iter()
        .filter(|one| one.event.body.kind() == "misstated");
    assert_eq!(kept.count(), 1);
}

#[tokio::test]
async fn checkpoints_that_fork_convict_the_log_that_signed_them() {
    let site = Site::new().await;
    let open = site.open().await;
    let lakeside = Impostor::new(&site);
    let checkpoint = |leaf: &[u8]| {
        let mut tree = Tree::new();
        tree.push(leaf_hash(leaf));
        Checkpoint::sign(&tree, &lakeside.keys.log).unwrap()
    };
    for (leaf, status) in [
        (b"one history", Status::SUCCESS),
        (b"and another", Status::NOT_AUTHORISED),
    ] {
        let mut speaking = lakeside.associate().await;
        let (_, statement) = speaking.statement();
        let statement = Statement {
            checkpoint: Some(checkpoint(leaf)),
            ..statement
        };
        assert_eq!(speaking.state(&statement).await, Some(status));
    }
    assert!(is_charged(&site, "equivocated"));
    // 600 units: 1000 * 50 / 700.
    assert_eq!(site.score().await, 71);
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn the_link_is_unknown_to_every_other_peer() {
    use credence::association::AssociateRq;
    use credence::association::ContextReply;
    use credence::association::ProposedContext;
    use credence::association::UserInformation;
    use credence::transport::Limits;
    use credence::transport::Link;
    let site = Site::new().await;
    let open = site.open().await;
    let context = |id, class: &str| ProposedContext {
        id,
        abstract_syntax: class.parse().unwrap(),
        transfer_syntaxes: vec!["1.2.840.10008.1.2".parse().unwrap()],
    };
    let rq = AssociateRq::new(
        "CRED_A".parse().unwrap(),
        "WS1".parse().unwrap(),
        vec![
            context(1, "1.2.840.10008.1.1"),
            context(3, "2.25.28590620662259735104072960431024146970"),
        ],
        UserInformation::ours(16_384),
    );
    let patience = std::time::Duration::from_secs(10);
    let limits = Limits {
        associate_bytes_max: 65_536,
        pdu_bytes_max: 131_072,
        command_bytes_max: 65_536,
        artim: patience,
    };
    let requested = Link::connect(site.plain, None, &rq, limits, 131_072, patience);
    let requested = requested.await.unwrap();
    let result = requested.accepted.result(3);
    assert_eq!(result, Some(&ContextReply::AbstractSyntaxNotSupported));
    requested.link.release().await;
    open.close().await;
}
