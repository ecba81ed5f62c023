//! What was not done in time: the gateway records it by itself.

use super::books::Books;
use super::books::BooksError;
use crate::clock::Reading;
use crate::contract::Body;
use crate::contract::ReceiptStanding;

impl Books {
    /// Records reviews that are late and receipts that are missing, with an alert for each.
    pub(super) fn overdue(&mut self, now: Reading) -> Result<(), BooksError> {
        let time = self.next_time(now.wall);
        let reviews = self.state().reviews();
        let reviews = reviews.filter(|(_, review)| !review.overdue && review.due <= time);
        let reviews = reviews.map(|(decision, review)| {
            let body = Body::ReviewOverdue {
                review: decision,
                institution: review.institution.clone(),
            };
            let text = format!("the review of decision {decision} is late");
            (body, "review-overdue", text)
        });
        let receipts = self.state().receipts();
        let can_come = now.monotonic_us >= self.receipts_after_us;
        let receipts = receipts.filter(|(_, open)| can_come && !open.overdue && open.due <= time);
        let receipts = receipts.map(|(decision, open)| {
            let body = Body::Receipt {
                decision,
                institution: open.institution.clone(),
                patient: open.patient,
                standing: ReceiptStanding::Missing,
            };
            let text = format!(
                "the receipt for decision {decision} that the gateway of {} owes is missing",
                open.institution
            );
            (body, "receipt-missing", text)
        });
        // Each makes two entries; what has no room now has it a second later.
        let late: Vec<_> = reviews.chain(receipts).take(self.room() / 2).collect();
        for (body, code, text) in late {
            let entry = self.draft(now, body, None)?;
            let alert = Body::Alert {
                code: code.to_owned(),
                text,
                about: Some(entry),
            };
            self.draft(now, alert, None)?;
        }
        Ok(())
    }
}
