//! What one gateway says to another on an association, before it asks for anything: who asks, for what, under
//! which of its own decisions.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::ledger::manifest::SALT_BYTES;
use crate::ledger::signed_text::SignedText;

/// Transfers of one statement, at most: it has room in a proof.
pub const STATED_TRANSFERS_MAX: usize = 64;

/// One transfer between two gateways: 128 random bits that only the two of them know, which also salt its
/// manifest. Shown by nothing but its JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId([u8; SALT_BYTES]);

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a transfer is written as 32 lower-case hexadecimal digits")]
pub struct NotATransfer;

impl TransferId {
    /// The transfer with these bits.
    pub const fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }

    /// What salts its manifest.
    pub const fn salt(self) -> [u8; SALT_BYTES] {
        self.0
    }

    /// What stands for a study in statements about this transfer.
    pub fn study(self, study_instance_uid: &str) -> Sha256 {
        Sha256::of(&[&self.0, study_instance_uid.as_bytes()])
    }

    /// Its text.
    pub fn text(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransferId(..)")
    }
}

impl FromStr for TransferId {
    type Err = NotATransfer;

    fn from_str(text: &str) -> Result<Self, NotATransfer> {
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 2 * SALT_BYTES || !text.bytes().all(lower_hex) {
            return Err(NotATransfer);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| NotATransfer)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for TransferId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for TransferId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A transfer that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedTransfer {
    /// The decision of who says so, by the number of its entry.
    pub decision: u64,
    /// What stands for the study (see [`TransferId::study`]).
    pub study: Sha256,
    /// Its name.
    pub transfer: TransferId,
}

/// See the module. It stands until the next one on the same association.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What only the two ends of this TLS connection know (RFC 5705): it is worth nothing on another.
    pub binding: Sha256,
    /// The newest checkpoint of who says so (a signed note).
    pub checkpoint: Option<String>,
    /// Who says so.
    pub from: InstitutionSlug,
    /// How many statements it has made on this association, with this one.
    pub number: u32,
    /// For what.
    pub purpose: Purpose,
    /// The AE title for which it asks.
    pub requester_ae: AeTitle,
    /// To whom it is said.
    pub to: InstitutionSlug,
    /// Transfers that may follow, at most [`STATED_TRANSFERS_MAX`].
    pub transfers: Vec<StatedTransfer>,
    /// The person for whom it asks, as it knows them.
    pub user: Option<String>,
}

impl SignedText for Statement {
    const TITLE: &'static str = "credence-statement/v1";
}

impl Statement {
    /// What is said of this study.
    pub fn of_study(&self, study_instance_uid: &str) -> Option<&StatedTransfer> {
        let meant = |one: &&StatedTransfer| one.transfer.study(study_instance_uid) == one.study;
        self.transfers.iter().find(meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures;
    use crate::ledger::signed_text::SignedTextError;
    use crate::ledger::signed_text::open_text;
    use crate::ledger::signed_text::sign_text;

    fn transfer(seed: u8) -> TransferId {
        TransferId::from_bytes([seed; SALT_BYTES])
    }

    fn statement() -> Statement {
        Statement {
            binding: Sha256::of(&[b"connection"]),
            checkpoint: None,
            from: "lakeside".parse().unwrap(),
            number: 1,
            purpose: Purpose::Treatment,
            requester_ae: "WS_B".parse().unwrap(),
            to: "st-anna".parse().unwrap(),
            transfers: vec![StatedTransfer {
                decision: 12,
                study: transfer(3).study("1.2.3"),
                transfer: transfer(3),
            }],
            user: Some("dr.house".to_owned()),
        }
    }

    #[test]
    fn a_statement_reads_back_from_its_note_and_names_no_study_in_clear() {
        let signer = fixtures::signer();
        let note = sign_text(&statement(), &signer).unwrap();
        assert!(note.starts_with("credence-statement/v1\n{\"binding\":"));
        assert!(!note.contains("1.2.3"));
        let read: Statement = open_text(&note, signer.key()).unwrap();
        assert_eq!(read, statement());
        assert_eq!(read.of_study("1.2.3").unwrap().decision, 12);
        assert_eq!(read.of_study("1.2.4"), None);
    }

    #[test]
    fn another_key_another_kind_and_another_spelling_are_refused() {
        let signer = fixtures::signer();
        let note = sign_text(&statement(), &signer).unwrap();
        let other = fixtures::signer_named("st-anna.example/ledger", 8);
        assert!(matches!(
            open_text::<Statement>(&note, other.key()),
            Err(SignedTextError::Note(_))
        ));
        let title = |title: &str| format!("{title}\n{{}}\n");
        let foreign = crate::ledger::note::sign(&title("credence-receipt/v1"), &signer).unwrap();
        assert!(matches!(
            open_text::<Statement>(&foreign, signer.key()),
            Err(SignedTextError::Title(_))
        ));
        let (text, _) = note.split_once("\n\n").unwrap();
        let spaced = text.replace("\"number\":1", "\"number\": 1");
        let spaced = crate::ledger::note::sign(&format!("{spaced}\n"), &signer).unwrap();
        assert!(matches!(
            open_text::<Statement>(&spaced, signer.key()),
            Err(SignedTextError::Form(_))
        ));
    }

    #[test]
    fn a_transfer_reads_back_and_is_not_shown() {
        let id = transfer(0xa5);
        assert_eq!(id.text().parse(), Ok(id));
        assert_eq!("A5".repeat(16).parse::<TransferId>(), Err(NotATransfer));
        assert_eq!("+5".repeat(16).parse::<TransferId>(), Err(NotATransfer));
        assert_eq!("a5".repeat(15).parse::<TransferId>(), Err(NotATransfer));
        assert!(!format!("{id:?}").contains("a5"));
    }
}
