//! Sub-operation counts (PS3.7 §9.1.4.1): the union of what the archive says, what the
//! destination answered, and what the contract denied.

use std::collections::BTreeSet;

use crate::dicom::Uid;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

/// The most UIDs that a Failed SOP Instance UID List names; the counts stay true beyond it.
const FAILED_LIST_MAX: usize = 10_000;

/// What has become of a retrieval's sub-operations so far.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct Counts {
    /// The destination took them without a word.
    pub(super) completed: u32,
    /// The destination took them with a warning.
    pub(super) warned: u32,
    /// Instances that the contract denied.
    pub(super) denied: u32,
    /// Named failures: of the archive, of the destination, and denied ones.
    pub(super) failed_uids: BTreeSet<Uid>,
    /// Sub-operations of archive requests that have ended, as the archive counts them.
    ended_total: u32,
    /// Sub-operations of the archive request under way, as the archive last counted them.
    current_total: u32,
}

/// What the archive said in one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ArchiveCounts {
    pub(super) remaining: u32,
    pub(super) completed: u32,
    pub(super) failed: u32,
    pub(super) warned: u32,
}

impl ArchiveCounts {
    /// Reads the counts of a response; absent ones are 0.
    pub(super) fn of(response: &CommandSet) -> Self {
        let count = |element| u32::from(response.get_u16(element).unwrap_or(0));
        Self {
            remaining: count(element::REMAINING),
            completed: count(element::COMPLETED),
            failed: count(element::FAILED),
            warned: count(element::WARNING),
        }
    }

    const fn total(self) -> u32 {
        self.remaining
            .saturating_add(self.completed)
            .saturating_add(self.failed)
            .saturating_add(self.warned)
    }
}

impl Counts {
    /// The destination answered for `instance`, or it was lost on the way (a failure).
    pub(super) fn answered(&mut self, instance: &Uid, status: Status) {
        match status.class() {
            crate::dimse::Class::Success => self.completed = self.completed.saturating_add(1),
            crate::dimse::Class::Warning => self.warned = self.warned.saturating_add(1),
            crate::dimse::Class::Failure
            | crate::dimse::Class::Cancel
            | crate::dimse::Class::Pending => self.fail(instance.clone()),
        }
    }

    /// Names a failure.
    pub(super) fn fail(&mut self, instance: Uid) {
        if self.failed_uids.len() < FAILED_LIST_MAX {
            self.failed_uids.insert(instance);
        }
    }

    /// A pending response of the archive.
    pub(super) fn archive_pending(&mut self, said: ArchiveCounts) {
        self.current_total = self.current_total.max(said.total());
    }

    /// The final response of an archive request.
    pub(super) fn archive_final(&mut self, said: ArchiveCounts) {
        let total = self.current_total.max(said.total());
        self.ended_total = self.ended_total.saturating_add(total);
        self.current_total = 0;
    }

    /// No sub-operation has been heard of.
    pub(super) fn is_untouched(&self) -> bool {
        self.total() == 0
    }

    /// The archive is gone: what it had not done has failed.
    pub(super) fn archive_lost(&mut self) {
        self.archive_final(ArchiveCounts::default());
    }

    /// The archive's association broke, and another goes on for what is not settled.
    pub(super) fn archive_broken(&mut self) {
        self.ended_total = self.delivered();
        self.current_total = 0;
    }

    /// What had failed is tried again.
    pub(super) fn unfail(&mut self, instance: &Uid) {
        self.failed_uids.remove(instance);
    }

    /// How many sub-operations there are in all; `None` as long as the archive has not said.
    pub(super) fn expected(&self) -> Option<u32> {
        let said = self.ended_total > 0 || self.current_total > 0;
        said.then(|| self.total())
    }

    /// All sub-operations that are known of.
    fn total(&self) -> u32 {
        let named = u32::try_from(self.failed_uids.len()).unwrap_or(u32::MAX);
        self.ended_total
            .saturating_add(self.current_total)
            .saturating_add(self.denied)
            .max(self.delivered().saturating_add(named))
    }

    /// Instances whose fate is known.
    pub(super) fn settled(&self) -> u32 {
        self.delivered().saturating_add(self.failed_so_far())
    }

    const fn delivered(&self) -> u32 {
        self.completed.saturating_add(self.warned)
    }

    /// Failures known before the end.
    fn failed_so_far(&self) -> u32 {
        u32::try_from(self.failed_uids.len())
            .unwrap_or(u32::MAX)
            .max(self.denied)
    }

    /// Writes the counts of a Pending response.
    pub(super) fn write_pending(&self, response: &mut CommandSet) {
        let failed = self.failed_so_far();
        let remaining = self
            .total()
            .saturating_sub(self.delivered())
            .saturating_sub(failed);
        response.set_u16(element::REMAINING, narrow(remaining));
        self.write(response, failed);
    }

    /// Writes the counts of a final response. When the archive was cancelled, what it had not
    /// begun is remaining; otherwise whatever was not delivered has failed.
    pub(super) fn write_final(&self, response: &mut CommandSet, remaining: Option<u32>) {
        let failed = self.failed(remaining.unwrap_or(0));
        if let Some(remaining) = remaining {
            response.set_u16(element::REMAINING, narrow(remaining));
        }
        self.write(response, failed);
    }

    fn write(&self, response: &mut CommandSet, failed: u32) {
        response.set_u16(element::COMPLETED, narrow(self.completed));
        response.set_u16(element::FAILED, narrow(failed));
        response.set_u16(element::WARNING, narrow(self.warned));
    }

    fn failed(&self, remaining: u32) -> u32 {
        self.total()
            .saturating_sub(self.delivered())
            .saturating_sub(remaining)
            .max(self.failed_so_far())
    }

    /// The final status (PS3.4 §C.4.2.1.5, Table C.4-2).
    pub(super) fn final_status(&self, cancelled: bool) -> Status {
        let failed = self.failed(0);
        if cancelled {
            Status::CANCEL
        } else if failed > 0 && self.delivered() == 0 {
            Status::MOVE_CANNOT_PERFORM
        } else if failed > 0 || self.warned > 0 {
            Status::SUBOPERATIONS_WARNING
        } else {
            Status::SUCCESS
        }
    }
}

fn narrow(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(text: &str) -> Uid {
        text.parse().unwrap()
    }

    fn said(completed: u32, failed: u32) -> ArchiveCounts {
        ArchiveCounts {
            completed,
            failed,
            ..ArchiveCounts::default()
        }
    }

    #[test]
    fn one_instance_that_archive_and_destination_both_report_fails_once() {
        let mut counts = Counts::default();
        counts.answered(&uid("1.1"), Status::SUCCESS);
        counts.answered(&uid("1.2"), Status::STORE_OUT_OF_RESOURCES);
        counts.fail(uid("1.2"));
        counts.archive_final(said(1, 1));
        assert_eq!(counts.failed(0), 1);
        assert_eq!(counts.final_status(false), Status::SUBOPERATIONS_WARNING);
    }

    #[test]
    fn what_the_archive_calls_done_but_no_destination_took_has_failed() {
        let mut counts = Counts::default();
        counts.archive_final(said(3, 0));
        assert_eq!(counts.failed(0), 3);
        assert_eq!(counts.final_status(false), Status::MOVE_CANNOT_PERFORM);
    }

    #[test]
    fn how_many_there_will_be_is_known_when_the_archive_says_so() {
        let mut counts = Counts::default();
        counts.answered(&uid("1.1"), Status::SUCCESS);
        assert_eq!(counts.expected(), None);
        counts.archive_pending(ArchiveCounts {
            remaining: 9,
            completed: 1,
            ..ArchiveCounts::default()
        });
        counts.denied = 2;
        assert_eq!(counts.expected(), Some(12));
    }

    #[test]
    fn denied_instances_are_failed_sub_operations() {
        let mut counts = Counts::default();
        counts.answered(&uid("1.1"), Status::SUCCESS);
        counts.archive_final(said(1, 0));
        counts.denied = 4;
        assert_eq!(counts.failed(0), 4);
    }

    #[test]
    fn all_taken_is_success_and_a_warning_is_a_warning() {
        let mut counts = Counts::default();
        counts.answered(&uid("1.1"), Status::SUCCESS);
        counts.archive_final(said(1, 0));
        assert_eq!(counts.final_status(false), Status::SUCCESS);
        counts.answered(&uid("1.2"), Status(0xB007));
        counts.archive_final(said(1, 0));
        assert_eq!(counts.final_status(false), Status::SUBOPERATIONS_WARNING);
        assert_eq!(counts.final_status(true), Status::CANCEL);
    }
}
