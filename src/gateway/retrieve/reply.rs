//! Responses to C-MOVE and C-GET: pending ones with counts, and the final one with its Failed
//! SOP Instance UID List.

use super::count::Counts;
use super::identifier::joined;
use crate::dicom::Builder;
use crate::dicom::Encoding;
use crate::dicom::Uid;
use crate::dicom::tag;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

/// Bytes of UIDs in one list: what an Explicit VR UI element can hold (PS3.5 §7.1.2).
const LIST_BYTES_MAX: usize = 65_534;

/// A final response.
pub(super) struct Reply {
    status: Status,
    comment: Option<String>,
    counts: Option<Counts>,
    remaining: Option<u32>,
}

impl Reply {
    /// A failure before any sub-operation.
    pub(super) fn failed(status: Status, comment: &str) -> Self {
        Self {
            status,
            comment: Some(comment.to_owned()),
            counts: None,
            remaining: None,
        }
    }

    /// The end of a retrieval, as the counts have it.
    pub(super) fn of(counts: &Counts, cancelled: bool) -> Self {
        Self {
            status: counts.final_status(cancelled),
            comment: None,
            counts: Some(counts.clone()),
            remaining: None,
        }
    }

    /// What the archive had not begun when it was cancelled.
    pub(super) const fn with_remaining(mut self, remaining: u32) -> Self {
        self.remaining = Some(remaining);
        self
    }

    /// The archive's association ended in the middle: never a success.
    pub(super) fn lost(counts: &Counts) -> Self {
        let status = match counts.final_status(false) {
            Status::SUCCESS if counts.is_untouched() => Status::MOVE_CANNOT_PERFORM,
            Status::SUCCESS => Status::SUBOPERATIONS_WARNING,
            other => other,
        };
        Self {
            status,
            comment: Some("archive lost in the middle".to_owned()),
            counts: Some(counts.clone()),
            remaining: None,
        }
    }

    /// The command set and, where some failed, the identifier.
    pub(super) fn encode(
        &self,
        request: &CommandSet,
        encoding: Encoding,
    ) -> (CommandSet, Option<Vec<u8>>) {
        let mut response = CommandSet::response_to(request, self.status);
        if let Some(comment) = &self.comment {
            response.set_text(element::ERROR_COMMENT, comment);
        }
        let mut list = None;
        if let Some(counts) = &self.counts {
            counts.write_final(&mut response, self.remaining);
            list = failed_list(counts, encoding);
        }
        response.set_has_data_set(list.is_some());
        (response, list)
    }
}

/// A Pending response (FF00H) with what is known so far.
pub(super) fn pending(request: &CommandSet, counts: &Counts) -> CommandSet {
    let mut response = CommandSet::response_to(request, Status::PENDING);
    counts.write_pending(&mut response);
    response
}

/// Failed SOP Instance UID List (0008,0058); none when none failed.
fn failed_list(counts: &Counts, encoding: Encoding) -> Option<Vec<u8>> {
    let mut uids: Vec<Uid> = counts.failed_uids.iter().cloned().collect();
    let mut bytes: usize = uids.iter().map(|uid| uid.as_str().len() + 1).sum();
    while bytes > LIST_BYTES_MAX {
        bytes -= uids.pop().map_or(bytes, |uid| uid.as_str().len() + 1);
    }
    (!uids.is_empty()).then(|| {
        Builder::new(encoding)
            .text(tag::FAILED_SOP_INSTANCE_UID_LIST, *b"UI", &joined(&uids))
            .build()
    })
}
