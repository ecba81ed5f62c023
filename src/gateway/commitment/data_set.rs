//! Data sets of N-ACTION and N-EVENT-REPORT (PS3.4 Tables J.3-1 and J.3-2).

use std::collections::BTreeSet;

use crate::dicom::Builder;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::tag;

/// Failure Reason (0008,1197): processing failure (PS3.4 §J.4).
pub(super) const PROCESSING_FAILURE: u16 = 0x0110;

/// What a data set of storage commitment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Transaction UID (0008,1195).
    pub(super) transaction: Uid,
    /// Referenced SOP Sequence (0008,1199): asked for, or committed.
    pub(super) references: Vec<Reference>,
    /// Failed SOP Sequence (0008,1198): not committed, and why.
    pub(super) failed: Vec<(Reference, u16)>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    pub(super) class: Uid,
    pub(super) instance: Uid,
}

impl Said {
    /// Reads a data set; `None` when it is none of storage commitment's.
    pub(super) fn read(data_set: &[u8], encoding: Encoding) -> Option<Self> {
        let elements = Elements::parse(data_set, encoding).ok()?;
        let big = encoding == Encoding::ExplicitBig;
        let references = elements.items(tag::REFERENCED_SOP_SEQUENCE).ok()?;
        let references = references.iter().map(reference).collect::<Option<_>>()?;
        let failed = elements.items(tag::FAILED_SOP_SEQUENCE).ok()?;
        let failed = failed.iter().map(|item| {
            let reason = item.value(tag::FAILURE_REASON)?.try_into().ok()?;
            let reason = if big {
                u16::from_be_bytes(reason)
            } else {
                u16::from_le_bytes(reason)
            };
            Some((reference(item)?, reason))
        });
        Some(Self {
            transaction: elements.uid(tag::TRANSACTION_UID)?,
            references,
            failed: failed.collect::<Option<_>>()?,
        })
    }

    /// The data set in this encoding.
    pub(super) fn write(&self, encoding: Encoding) -> Vec<u8> {
        let transaction = self.transaction.as_str();
        let mut builder = Builder::new(encoding).text(tag::TRANSACTION_UID, *b"UI", transaction);
        if !self.references.is_empty() {
            let items = self.references.iter();
            let items = items.map(|one| item(one, encoding).build());
            let sequence = sequence(items, encoding);
            builder = builder.bytes(tag::REFERENCED_SOP_SEQUENCE, *b"SQ", &sequence);
        }
        if !self.failed.is_empty() {
            let items = self.failed.iter().map(|(one, reason)| {
                let reason = if encoding == Encoding::ExplicitBig {
                    reason.to_be_bytes()
                } else {
                    reason.to_le_bytes()
                };
                let item = item(one, encoding);
                item.bytes(tag::FAILURE_REASON, *b"US", &reason).build()
            });
            let sequence = sequence(items, encoding);
            builder = builder.bytes(tag::FAILED_SOP_SEQUENCE, *b"SQ", &sequence);
        }
        builder.build()
    }

    /// A report that nothing that was asked for is committed.
    pub(super) fn all_failed(self) -> Self {
        let failed = self.references.into_iter();
        Self {
            transaction: self.transaction,
            references: Vec::new(),
            failed: failed.map(|one| (one, PROCESSING_FAILURE)).collect(),
        }
    }

    /// Instances that are spoken of.
    pub(super) fn instances(&self) -> u64 {
        let count = self.references.len().saturating_add(self.failed.len());
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The instances that are committed.
    pub(super) fn committed(&self) -> BTreeSet<&Uid> {
        self.references.iter().map(|one| &one.instance).collect()
    }
}

/// `data_set` as the receiver's presentation context wants it, with our own AE title for the one that
/// instances are to be retrieved from: its own is no business of the asker's.
pub(super) fn for_receiver(
    data_set: &[u8],
    from: Encoding,
    to: Encoding,
    retrieve_ae: Option<&str>,
) -> Option<Vec<u8>> {
    if from != to {
        return Some(Said::read(data_set, from)?.write(to));
    }
    let elements = Elements::parse(data_set, from).ok()?;
    match retrieve_ae {
        Some(ours) if elements.has(tag::RETRIEVE_AE_TITLE) => {
            Some(elements.replaced(tag::RETRIEVE_AE_TITLE, *b"AE", ours.as_bytes()))
        }
        Some(_) | None => Some(data_set.to_vec()),
    }
}

fn reference(item: &Elements<'_>) -> Option<Reference> {
    Some(Reference {
        class: item.uid(tag::REFERENCED_SOP_CLASS_UID)?,
        instance: item.uid(tag::REFERENCED_SOP_INSTANCE_UID)?,
    })
}

fn item(one: &Reference, encoding: Encoding) -> Builder {
    Builder::new(encoding)
        .text(tag::REFERENCED_SOP_CLASS_UID, *b"UI", one.class.as_str())
        .text(
            tag::REFERENCED_SOP_INSTANCE_UID,
            *b"UI",
            one.instance.as_str(),
        )
}

/// Items of defined length (PS3.5 §7.5.1).
fn sequence(items: impl Iterator<Item = Vec<u8>>, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        let length = u32::try_from(item.len()).unwrap_or(u32::MAX);
        if encoding == Encoding::ExplicitBig {
            bytes.extend([0xff, 0xfe, 0xe0, 0x00]);
            bytes.extend(length.to_be_bytes());
        } else {
            bytes.extend([0xfe, 0xff, 0x00, 0xe0]);
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(item);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Said {
        let one = |instance: &str| Reference {
            class: "1.2.840.10008.5.1.4.1.1.2".parse().unwrap(),
            instance: instance.parse().unwrap(),
        };
        Said {
            transaction: "1.2.3.4".parse().unwrap(),
            references: vec![one("1.1"), one("1.22")],
            failed: vec![(one("1.3"), 0x0112)],
        }
    }

    #[test]
    fn what_is_written_is_read_back_in_every_encoding() {
        for encoding in [
            Encoding::ImplicitLittle,
            Encoding::ExplicitLittle,
            Encoding::ExplicitBig,
        ] {
            let bytes = said().write(encoding);
            assert_eq!(Said::read(&bytes, encoding), Some(said()), "{encoding:?}");
        }
    }

    #[test]
    fn a_report_is_written_anew_only_where_the_encoding_differs() {
        let encoding = Encoding::ExplicitLittle;
        let bytes = said().write(encoding);
        let same = for_receiver(&bytes, encoding, encoding, Some("CREDENCE"));
        assert_eq!(same.as_ref(), Some(&bytes));
        let other = for_receiver(&bytes, encoding, Encoding::ImplicitLittle, None).unwrap();
        assert_eq!(Said::read(&other, Encoding::ImplicitLittle), Some(said()));
        let named = Builder::new(encoding)
            .text(tag::TRANSACTION_UID, *b"UI", "1.2.3.4")
            .text(tag::RETRIEVE_AE_TITLE, *b"AE", "PACS")
            .build();
        let ours = for_receiver(&named, encoding, encoding, Some("CREDENCE")).unwrap();
        let elements = Elements::parse(&ours, encoding).unwrap();
        assert_eq!(
            elements.text(tag::RETRIEVE_AE_TITLE).as_deref(),
            Some("CREDENCE")
        );
    }

    #[test]
    fn without_a_transaction_or_with_half_a_reference_it_is_none() {
        let encoding = Encoding::ExplicitLittle;
        assert_eq!(Said::read(&[], encoding), None);
        let mut bytes = said().write(encoding);
        bytes.truncate(bytes.len() - 2);
        assert_eq!(Said::read(&bytes, encoding), None);
    }

    #[test]
    fn nothing_committed_is_all_failed() {
        let mut asked = said();
        asked.failed.clear();
        let failed = asked.all_failed();
        assert_eq!((failed.references.len(), failed.failed.len()), (0, 2));
        assert!(failed.committed().is_empty());
        assert_eq!(failed.instances(), 2);
    }
}
