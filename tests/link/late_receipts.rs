//! Receipts that do not come in time, and restarts in between.

use credence::contract::ReceiptStanding;

use crate::impostor::consented;

#[tokio::test]
async fn a_receipt_that_is_awaited_is_awaited_after_a_restart_too() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    site.until(ReceiptStanding::Due).await;
    open.close().await;
    let open = site.open().await;
    let receipt = lakeside.receipt(&got);
    let answered = lakeside.post(&lakeside.sign(&receipt)).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    assert_eq!(
        site.receipts(),
        [ReceiptStanding::Due, ReceiptStanding::Agreed]
    );
    open.close().await;
    site.verifies();
}

#[tokio::test]
async fn a_receipt_that_does_not_come_within_a_day_counts_as_late_and_can_still_be_signed() {
    let (site, open, lakeside) = consented().await;
    let got = lakeside.pull().await;
    site.until(ReceiptStanding::Due).await;
    open.close().await;
    let open = site.open_hours_later(25).await;
    site.until(ReceiptStanding::Missing).await;
    assert!(site.alerts().contains(&"receipt-missing".to_owned()));
    // A day on which all was late: 1000 * 50 / (2 + 100).
    assert_eq!(site.score().await, 490);
    let receipt = lakeside.receipt(&got);
    assert_eq!(lakeside.post(&lakeside.sign(&receipt)).await.status, 200);
    site.until(ReceiptStanding::Agreed).await;
    // It has counted.
    assert_eq!(site.score().await, 490);
    open.close().await;
    site.verifies();
}
