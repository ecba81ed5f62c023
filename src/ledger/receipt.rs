//! The receipt for a transfer between two gateways: one text that both of them sign.
//!
//! Who received writes it, because only they know what arrived. Who sent holds it against what they know to
//! have sent ([`Sent`]) and signs, too, or not.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::ledger::key::LogKey;
use crate::ledger::signed_text::SignedText;
use crate::ledger::signed_text::SignedTextError;
use crate::ledger::signed_text::open_text;
use crate::ledger::signed_text::signed_alone;
use crate::ledger::statement::TransferId;
use crate::time::UtcMicros;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// When the recipient's decision was asked for.
    pub begun: UtcMicros,
    /// Bytes of the data sets.
    pub bytes: u64,
    /// When the recipient saw its end.
    pub ended: UtcMicros,
    /// Data sets that arrived.
    pub instances: u64,
    /// Who received.
    pub recipient: InstitutionSlug,
    /// The entry of the recipient's decision, in the recipient's ledger.
    pub recipient_decision: u64,
    /// Root of the manifest of what arrived (see [`Manifest`](crate::ledger::Manifest)).
    pub root: Sha256,
    /// Who sent.
    pub sender: InstitutionSlug,
    /// The entry of the sender's decision, in the sender's ledger.
    pub sender_decision: u64,
    /// DIMSE status: 0000H when all arrived, B000H when some did not.
    pub status: u16,
    /// Which transfer.
    pub transfer: TransferId,
}

impl SignedText for Receipt {
    const TITLE: &'static str = "credence-receipt/v1";
}

/// What the sender of a transfer knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// The sender's decision.
    pub decision: u64,
    /// To whom.
    pub recipient: InstitutionSlug,
    /// The recipient's decision, as it had said before.
    pub recipient_decision: Option<u64>,
    /// Which transfer.
    pub transfer: TransferId,
    /// What the recipient may rightly say that it got: what it confirmed, and that with what it may have
    /// got without its answer coming back.
    pub possible: Vec<Amount>,
}

/// So many data sets, so many bytes, these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Bytes of the data sets.
    pub bytes: u64,
    /// How many.
    pub instances: u64,
    /// Root of their manifest.
    pub root: Sha256,
}

impl Receipt {
    /// What it says to have arrived.
    pub const fn amount(&self) -> Amount {
        Amount {
            bytes: self.bytes,
            instances: self.instances,
            root: self.root,
        }
    }
}

/// What is wrong with a receipt, as the sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// Other parties, another transfer, or other decisions.
    #[error("it is not about this transfer")]
    OtherTransfer,
    /// Other bytes, or another number of them.
    #[error("what it says to have arrived is not what was sent")]
    OtherBytes,
}

impl Sent {
    /// Whether `receipt` is about what `own` sent.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, own: &InstitutionSlug, receipt: &Receipt) -> Result<(), Objection> {
        let decided = self
            .recipient_decision
            .is_none_or(|known| known == receipt.recipient_decision);
        if receipt.sender != *own
            || receipt.recipient != self.recipient
            || receipt.transfer != self.transfer
            || receipt.sender_decision != self.decision
            || !decided
        {
            return Err(Objection::OtherTransfer);
        }
        if self.possible.contains(&receipt.amount()) {
            Ok(())
        } else {
            Err(Objection::OtherBytes)
        }
    }
}

/// Two receipts that no honest gateway signs both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptsContradict {
    /// One of them, with the key's signature alone.
    pub first: String,
    /// The other.
    pub second: String,
}

/// Whether these two notes convict the holder of `key`: both signed by it, about one transfer under the same
/// decisions, and not the same.
///
/// # Errors
/// When one of them is no receipt that `key` signed.
pub fn receipts_contradict(
    first: &str,
    second: &str,
    key: &LogKey,
) -> Result<Option<ReceiptsContradict>, SignedTextError> {
    let (one, other): (Receipt, Receipt) = (open_text(first, key)?, open_text(second, key)?);
    let attempt = |receipt: &Receipt| {
        let decisions = (receipt.sender_decision, receipt.recipient_decision);
        (receipt.transfer, decisions)
    };
    // Whoever names a transfer may use the name again, but the decisions under which it is received are not
    // theirs to choose: another attempt is no contradiction.
    if attempt(&one) != attempt(&other) || one == other {
        return Ok(None);
    }
    Ok(Some(ReceiptsContradict {
        first: signed_alone(first, key)?,
        second: signed_alone(second, key)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures;
    use crate::ledger::signed_text::countersign;
    use crate::ledger::signed_text::sign_text;

    fn slug(text: &str) -> InstitutionSlug {
        text.parse().unwrap()
    }

    fn receipt() -> Receipt {
        Receipt {
            begun: UtcMicros(1_770_000_000_000_000),
            bytes: 1000,
            ended: UtcMicros(1_770_000_001_000_000),
            instances: 2,
            recipient: slug("lakeside"),
            recipient_decision: 8,
            root: Sha256::of(&[b"root"]),
            sender: slug("st-anna"),
            sender_decision: 5,
            status: 0,
            transfer: TransferId::from_bytes([1; 16]),
        }
    }

    fn sent() -> Sent {
        Sent {
            decision: 5,
            recipient: slug("lakeside"),
            recipient_decision: Some(8),
            transfer: TransferId::from_bytes([1; 16]),
            possible: vec![receipt().amount()],
        }
    }

    #[test]
    fn both_signatures_stand_under_one_text_and_each_verifies() {
        let (one, other) = (
            fixtures::signer_named("lakeside/statements", 1),
            fixtures::signer(),
        );
        let note = sign_text(&receipt(), &one).unwrap();
        let both = countersign(&note, &other).unwrap();
        assert_eq!(open_text::<Receipt>(&both, one.key()).unwrap(), receipt());
        assert_eq!(open_text::<Receipt>(&both, other.key()).unwrap(), receipt());
        assert_eq!(countersign(&both, &other).unwrap(), both);
        assert_eq!(signed_alone(&both, one.key()).unwrap(), note);
    }

    #[test]
    fn what_was_confirmed_and_what_may_have_arrived_are_both_right() {
        let mut sent = sent();
        assert_eq!(sent.check(&slug("st-anna"), &receipt()), Ok(()));
        let more = Receipt {
            instances: 3,
            bytes: 1500,
            root: Sha256::of(&[b"more"]),
            ..receipt()
        };
        let checked = sent.check(&slug("st-anna"), &more);
        assert_eq!(checked, Err(Objection::OtherBytes));
        sent.possible.push(more.amount());
        assert_eq!(sent.check(&slug("st-anna"), &more), Ok(()));
    }

    #[test]
    fn a_receipt_for_other_bytes_or_another_transfer_is_objected_to() {
        let other = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = receipt();
            change(&mut receipt);
            sent().check(&slug("st-anna"), &receipt).unwrap_err()
        };
        let bytes: [&dyn Fn(&mut Receipt); 3] = [
            &|r| r.root = Sha256::of(&[b"altered"]),
            &|r| r.bytes = 999,
            &|r| r.instances = 1,
        ];
        for change in bytes {
            assert_eq!(other(change), Objection::OtherBytes);
        }
        let transfers: [&dyn Fn(&mut Receipt); 5] = [
            &|r| r.transfer = TransferId::from_bytes([2; 16]),
            &|r| r.sender = slug("hill"),
            &|r| r.recipient = slug("hill"),
            &|r| r.sender_decision = 6,
            &|r| r.recipient_decision = 9,
        ];
        for change in transfers {
            assert_eq!(other(change), Objection::OtherTransfer);
        }
    }

    #[test]
    fn two_receipts_for_one_transfer_convict_and_one_said_twice_does_not() {
        let signer = fixtures::signer();
        let note = |receipt: &Receipt| sign_text(receipt, &signer).unwrap();
        let first = note(&receipt());
        let second = note(&Receipt {
            bytes: 2,
            ..receipt()
        });
        let elsewhere = note(&Receipt {
            transfer: TransferId::from_bytes([2; 16]),
            ..receipt()
        });
        let check = |one: &str, other: &str| receipts_contradict(one, other, signer.key()).unwrap();
        let another_attempt = note(&Receipt {
            recipient_decision: 9,
            ..receipt()
        });
        assert!(check(&first, &second).is_some());
        assert!(check(&first, &another_attempt).is_none());
        assert!(check(&first, &first).is_none());
        assert!(check(&first, &elsewhere).is_none());
    }
}
