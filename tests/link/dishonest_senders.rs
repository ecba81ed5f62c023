//! St. Anna received, and wrote the receipt; Lakeside, which sent, answers it: truly, and in every other way.

use credence::contract::ReceiptStanding;
use credence::digest::Sha256;
use credence::ledger::LogSigner;
use credence::ledger::Receipt;
use credence::ledger::TransferId;
use credence::ledger::sign_text;
use hyper::StatusCode;

use crate::impostor::DECISION;
use crate::impostor::consented;
use crate::sender::Answers;
use crate::sender::Counter;
use crate::site::Open;
use crate::site::Site;

/// St. Anna has got Ada's CT, and brings Lakeside the receipt, which is answered so.
async fn received(answers: Answers) -> (Site, Open, Counter) {
    let (site, open, lakeside) = consented().await;
    let counter = Counter::open(&site, &lakeside, answers);
    let sent = lakeside.push().await;
    counter.hears(1).await;
    let receipt = counter.heard().remove(0);
    assert_eq!(
        (receipt.transfer, receipt.instances, receipt.bytes),
        (sent.transfer, 24, sent.bytes)
    );
    assert_eq!((receipt.root, receipt.status), (sent.root(), 0));
    assert_eq!(receipt.sender_decision, DECISION);
    (site, open, counter)
}

fn signed(
    status: StatusCode,
    receipt: &Receipt,
    signer: &LogSigner,
) -> Option<(StatusCode, String)> {
    Some((status, sign_text(receipt, signer).unwrap()))
}

/// What Lakeside would have St. Anna believe.
fn altered(receipt: &Receipt) -> Receipt {
    Receipt {
        root: Sha256::of(&[b"other bytes"]),
        ..receipt.clone()
    }
}

/// What alerts say of receipts.
fn told(site: &Site) -> Vec<String> {
    let alerts = site.alerts().into_iter();
    alerts.filter(|code| code.starts_with("receipt-")).collect()
}

#[tokio::test]
async fn a_receipt_that_who_sent_signs_too_is_agreed() {
    let answers: Answers = |keys, _, receipt| signed(StatusCode::OK, receipt, &keys.statement);
    let (site, open, counter) = received(answers).await;
    site.until(ReceiptStanding::Agreed).await;
    assert_eq!(
        site.receipts(),
        [ReceiptStanding::Drafted, ReceiptStanding::Agreed]
    );
    open.close().await;
    assert_eq!(counter.heard().len(), 1);
    assert!(told(&site).is_empty(), "{:?}", told(&site));
    site.verifies();
}

#[tokio::test]
async fn an_answer_that_settles_nothing_has_the_same_receipt_sent_again() {
    let answers: Answers = |keys, nth, receipt| {
        let (ours, other) = (&keys.statement, &keys.log);
        let elsewhere = Receipt {
            transfer: TransferId::from_bytes([9; 16]),
            ..altered(receipt)
        };
        match nth {
            0 => signed(StatusCode::OK, receipt, other),
            1 => signed(StatusCode::OK, &altered(receipt), ours),
            2 => Some((StatusCode::OK, "Received with thanks.".to_owned())),
            3 => signed(StatusCode::CONFLICT, &altered(receipt), other),
            4 => signed(StatusCode::CONFLICT, receipt, ours),
            5 => signed(StatusCode::CONFLICT, &elsewhere, ours),
            6 => Some((StatusCode::NOT_FOUND, String::new())),
            7 => Some((StatusCode::SERVICE_UNAVAILABLE, String::new())),
            _ => signed(StatusCode::OK, receipt, ours),
        }
    };
    let (site, open, counter) = received(answers).await;
    for times in 2..=8 {
        counter.hears(times).await;
        assert_eq!(site.receipts(), [ReceiptStanding::Drafted]);
    }
    assert_eq!(site.score().await, 500);
    site.until(ReceiptStanding::Agreed).await;
    let heard = counter.heard();
    assert_eq!(heard.len(), 9);
    assert!(heard.iter().all(|receipt| *receipt == heard[0]));
    open.close().await;
    assert_eq!(
        site.receipts(),
        [ReceiptStanding::Drafted, ReceiptStanding::Agreed]
    );
    assert!(told(&site).is_empty(), "{:?}", told(&site));
    site.verifies();
}

#[tokio::test]
async fn who_takes_a_receipt_and_says_nothing_is_asked_again() {
    let answers: Answers = |keys, nth, receipt| match nth {
        0 => None,
        _ => signed(StatusCode::OK, receipt, &keys.statement),
    };
    let (site, open, counter) = received(answers).await;
    site.until(ReceiptStanding::Agreed).await;
    assert_eq!(counter.heard().len(), 2);
    open.close().await;
    assert!(told(&site).is_empty(), "{:?}", told(&site));
}

#[tokio::test]
async fn who_signs_other_bytes_than_arrived_is_disputed_and_charged_in_our_view() {
    let answers: Answers =
        |keys, _, receipt| signed(StatusCode::CONFLICT, &altered(receipt), &keys.statement);
    let (site, open, counter) = received(answers).await;
    site.until(ReceiptStanding::Disputed).await;
    assert_eq!(
        site.receipts(),
        [ReceiptStanding::Drafted, ReceiptStanding::Disputed]
    );
    // 1000 * 50 / (2 + 100): digest_mismatch_milli is 2000.
    assert_eq!(site.score().await, 490);
    open.close().await;
    // It is settled: nobody asks again, after a restart either.
    let open = site.open().await;
    open.close().await;
    assert_eq!(counter.heard().len(), 1);
    site.verifies();
}

#[tokio::test]
async fn who_refuses_to_sign_is_not_asked_again_people_are_told_and_the_receipt_is_missing_in_time()
{
    let answers: Answers = |_, _, _| Some((StatusCode::FORBIDDEN, "never\n".to_owned()));
    let (site, open, counter) = received(answers).await;
    // Longer than until the next try.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    open.close().await;
    assert_eq!(counter.heard().len(), 1);
    assert_eq!(site.receipts(), [ReceiptStanding::Drafted]);
    assert_eq!(told(&site), ["receipt-unsigned"]);
    let open = site.open_hours_later(25).await;
    site.until(ReceiptStanding::Missing).await;
    assert_eq!(site.score().await, 490);
    open.close().await;
    site.verifies();
}
