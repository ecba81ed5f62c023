//! A hospital that lies: its operator, who has the keys of its gateway, sends a receipt that the gateway did not
//! write. The gateway itself has no such switch.

use std::sync::Arc;

use super::hospital::Hospital;
use super::hospital::PATIENCE;
use super::hospital::ST_ANNA;
use super::hospital::failed;
use crate::demo::Instance;
use crate::demo::StoryError;
use crate::digest::Sha256;
use crate::ledger::Manifest;
use crate::ledger::Receipt;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::ledger::open_text;
use crate::ledger::sign_text;
use crate::storage::Keys;
use crate::transport::Whom;
use crate::web::Answered;
use crate::web::Line;
use crate::web::Secured;

/// The root of the manifest of these data sets, as both gateways reckon it.
pub(super) fn root(receipt: &Receipt, data_sets: &[Sha256]) -> Sha256 {
    let mut manifest = Manifest::new(receipt.transfer.salt());
    for data_set in data_sets {
        manifest.add(data_set);
    }
    manifest.root()
}

/// The receipt that the gateway of `liar` has written and not sent: its exchange must be stopped.
pub(super) async fn unsent(liar: &Hospital) -> Result<Receipt, StoryError> {
    let desk = liar.running.receipts();
    let other = ST_ANNA.slug.parse().map_err(failed)?;
    let next = tokio::time::timeout(PATIENCE, desk.next(&other));
    let draft = next.await.map_err(failed)?;
    let recorder = liar.running.recorder();
    open_text(&draft.note, recorder.statement_signer().key()).map_err(failed)
}

/// `receipt` about the same images, one of which is another by one bit.
pub(super) fn altered(receipt: &Receipt, images: &[&Instance]) -> Receipt {
    let mut digests: Vec<Sha256> = images
        .iter()
        .map(|image| Sha256::of(&[&image.data_set]))
        .collect();
    if let (Some(digest), Some(image)) = (digests.first_mut(), images.first()) {
        let mut bytes = image.data_set.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        *digest = Sha256::of(&[&bytes]);
    }
    Receipt {
        root: root(receipt, &digests),
        ..receipt.clone()
    }
}

/// Signs `receipt` with the key from the folder of `liar`, and sends it with its certificate.
pub(super) async fn send(liar: &Hospital, receipt: &Receipt) -> Result<Answered, StoryError> {
    let gateway = &liar.config.gateway;
    let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
    let keys = keys.map_err(failed)?;
    let note = sign_text(receipt, &keys.statement).map_err(failed)?;
    let security = liar.running.security();
    let secured = Secured {
        security: security.ok_or_else(|| failed("no certificate"))?,
        whom: Whom::Gateway(Arc::clone(&liar.other)),
    };
    let url = liar.other.https.as_ref();
    let url = url.ok_or_else(|| failed("no address for receipts"))?;
    let mut line = Line::to(url, Some(&secured), PATIENCE, SIGNED_TEXT_BYTES_MAX);
    line.post("receipts", note).await.map_err(failed)
}
