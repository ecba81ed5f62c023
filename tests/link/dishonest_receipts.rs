//! Receipts: the true one, and every other.

use credence::contract::Body;
use credence::contract::ReceiptStanding;
use credence::digest::Sha256;
use credence::dimse::Status;
use credence::ledger::Receipt;

use crate::impostor::Impostor;
use crate::impostor::consented;
use crate::site::Site;

#[tokio::test]
async fn both_sides_sign_one_receipt_and_it_counts_once_however_often_it_is_sent() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    assert_eq!((got.status, got.digests.len()), (Status::SUCCESS, 24));
    let receipt = lakeside.receipt(&got);
    let note = lakeside.sign(&receipt);
    let answered = lakeside.post(&note).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    assert_eq!(lakeside.signed_by_st_anna(&answered.body), receipt);
    assert_eq!(
        site.receipts(),
        [ReceiptStanding::Due, ReceiptStanding::Agreed]
    );
    assert_eq!(site.score().await, 504);
    // Its answer was lost, says Lakeside, and sends it again; and again.
    for _ in 0..3 {
        let again = lakeside.post(&note).await;
        assert_eq!(
            (again.status, &again.body),
            (answered.status, &answered.body)
        );
    }
    assert_eq!(site.score().await, 504);
    let repeated = site.alerts();
    assert_eq!(
        repeated
            .iter()
            .filter(|code| *code == "receipt-repeated")
            .count(),
        1
    );
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn a_receipt_for_other_bytes_is_disputed_recorded_and_costs_a_digest_mismatch() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    let altered = Receipt {
        root: Sha256::of(&[b"other bytes"]),
        ..lakeside.receipt(&got)
    };
    let answered = lakeside.post(&lakeside.sign(&altered)).await;
    assert_eq!(answered.status, 409);
    let theirs = lakeside.signed_by_st_anna(&answered.body);
    assert_eq!(theirs.amount(), lakeside.receipt(&got).amount());
    assert_eq!(
        site.receipts(),
        [ReceiptStanding::Due, ReceiptStanding::Disputed]
    );
    // 1000 * 50 / (2 + 100): digest_mismatch_milli is 2000.
    assert_eq!(site.score().await, 490);
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn two_different_receipts_for_one_transfer_convict_who_signed_them() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    let receipt = lakeside.receipt(&got);
    assert_eq!(lakeside.post(&lakeside.sign(&receipt)).await.status, 200);
    let other = Receipt {
        instances: 23,
        ..receipt
    };
    assert_eq!(lakeside.post(&lakeside.sign(&other)).await.status, 403);
    let ledger = site.ledger();
    let convicted = ledger.iter().any(|entry| {
        matches!(&entry.event.body, Body::Equivocated { institution, .. }
            if institution.as_str() == "lakeside")
    });
    assert!(convicted);
    // 600 units: 1000 * 51 / 701, and the ceiling of 299 above that.
    assert_eq!(site.score().await, 72);
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn a_contradiction_that_is_sent_again_and_again_is_recorded_and_charged_once() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    let receipt = lakeside.receipt(&got);
    assert_eq!(lakeside.post(&lakeside.sign(&receipt)).await.status, 200);
    // As the courier of a gateway does, whose receipt is answered with 403; and then another lie.
    for instances in [23, 23, 22] {
        let other = Receipt {
            instances,
            ..receipt.clone()
        };
        assert_eq!(lakeside.post(&lakeside.sign(&other)).await.status, 403);
    }
    let ledger = site.ledger();
    let is_one = |body: &Body| matches!(body, Body::Equivocated { .. });
    let convictions = ledger.iter().filter(|entry| is_one(&entry.event.body));
    assert_eq!(convictions.count(), 1);
    assert_eq!(site.score().await, 72);
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn receipts_of_others_for_others_and_for_nothing_are_refused_and_cost_nothing() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    let receipt = lakeside.receipt(&got);
    // In the name of another hospital; of a transfer that never was; under another decision; by another key.
    let in_anothers_name = Receipt {
        recipient: "hill".parse().unwrap(),
        ..receipt.clone()
    };
    assert_eq!(
        lakeside
            .post(&lakeside.sign(&in_anothers_name))
            .await
            .status,
        403
    );
    let of_nothing = Receipt {
        transfer: credence::ledger::TransferId::from_bytes([9; 16]),
        ..receipt.clone()
    };
    assert_eq!(lakeside.post(&lakeside.sign(&of_nothing)).await.status, 404);
    let of_another_decision = Receipt {
        sender_decision: receipt.sender_decision + 1,
        ..receipt.clone()
    };
    assert_eq!(
        lakeside
            .post(&lakeside.sign(&of_another_decision))
            .await
            .status,
        403
    );
    let by_another_key = credence::ledger::sign_text(&receipt, &lakeside.keys.log).unwrap();
    assert_eq!(lakeside.post(&by_another_key).await.status, 403);
    assert_eq!(lakeside.post("no receipt at all").await.status, 403);
    assert_eq!(site.score().await, 500);
    let alerts = site.alerts();
    assert!(alerts.contains(&"receipt-refused".to_owned()), "{alerts:?}");
    assert!(alerts.contains(&"receipt-unknown".to_owned()), "{alerts:?}");
    // The true one is still awaited.
    assert_eq!(lakeside.post(&lakeside.sign(&receipt)).await.status, 200);
    open.close().await;
}

#[tokio::test]
async fn what_arrived_while_the_link_broke_is_rightly_claimed_and_rightly_not() {
    for claims_the_last in [true, false] {
        let site = Site::new().await;
        let open = site.open().await;
        site.consent().await;
        let lakeside = Impostor::new(&site);
        let mut got = {
            let mut speaking = lakeside.associate().await;
            let (transfer, statement) = speaking.statement();
            assert_eq!(speaking.state(&statement).await, Some(Status::SUCCESS));
            speaking.get(transfer, 5).await
        };
        assert_eq!(got.digests.len(), 6);
        site.until(ReceiptStanding::Due).await;
        let mut receipt = lakeside.receipt(&got);
        if !claims_the_last {
            got.digests.pop();
            let last = credence::demo::phantom::instances().unwrap();
            let sizes: u64 = last[..5].iter().map(|one| one.data_set.len() as u64).sum();
            got.bytes = sizes;
            receipt = lakeside.receipt(&got);
        }
        let answered = lakeside.post(&lakeside.sign(&receipt)).await;
        assert_eq!(answered.status, 200, "{claims_the_last}: {answered:?}");
        open.close().await;
    }
}
