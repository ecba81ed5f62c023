//! What series are told apart by. Every value comes out of the configuration, out of a policy's name, or out
//! of a list that is written down here: nothing that a patient or an object is known by, and nothing that a
//! peer can make more of.

use prometheus_client::encoding::EncodeLabelSet;

use super::bounded::Labels;
use super::label_text::LabelText;
use crate::contract::Decision;
use crate::contract::Verdict;
use crate::dicom::Model;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::gateway::inbound::Use;

/// The peer of whom nobody knows who it is.
pub(super) const UNKNOWN: &str = "unknown";
/// What has no series of its own, because a family is full.
pub(super) const OTHERS: &str = "others";

/// Statuses that keep their number; of each other range of PS3.7 Annex C there is one label.
const STATUSES: [(u16, &str); 17] = [
    (0x0000, "0000"),
    (0x0105, "0105"),
    (0x0106, "0106"),
    (0x0107, "0107"),
    (0x0110, "0110"),
    (0x0111, "0111"),
    (0x0112, "0112"),
    (0x0115, "0115"),
    (0x0116, "0116"),
    (0x0118, "0118"),
    (0x0120, "0120"),
    (0x0122, "0122"),
    (0x0124, "0124"),
    (0x0211, "0211"),
    (0x0213, "0213"),
    (0xA801, "A801"),
    (0xFE00, "FE00"),
];

/// No final response was given: the association ended first.
pub(super) const UNANSWERED: &str = "none";

/// The label of a final response's status, four hexadecimal digits. A status comes from a destination as often
/// as from us: a range counts as its first number (A7xx as `A700`), and what no standard knows as `others`.
pub(super) fn status_label(status: Option<Status>) -> &'static str {
    let Some(status) = status.filter(|status| status.class() != Class::Pending) else {
        return UNANSWERED;
    };
    let known = STATUSES.iter().find(|(number, _)| *number == status.0);
    match (known, status.0 & 0xFF00) {
        (Some((_, label)), _) => label,
        (None, 0xA700) => "A700",
        (None, 0xA900) => "A900",
        (None, range) => match range & 0xF000 {
            0xB000 => "B000",
            0xC000 => "C000",
            _ => OTHERS,
        },
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gateway) enum Operation {
    Echo,
    Store,
    Find,
    Worklist,
    Move,
    Get,
    /// N-CREATE and N-SET of procedure steps.
    Mpps,
    /// N-ACTION and N-EVENT-REPORT of Storage Commitment.
    Commitment,
    /// What another gateway states.
    Statement,
    /// What its presentation context does not have.
    Other,
}

impl Operation {
    /// Every one; an operation's place among them is its number in [`super::Standing`].
    const ALL: [Self; 10] = [
        Self::Echo,
        Self::Store,
        Self::Find,
        Self::Worklist,
        Self::Move,
        Self::Get,
        Self::Mpps,
        Self::Commitment,
        Self::Statement,
        Self::Other,
    ];

    /// What `command` asks for on a context of this use; `None` for what is no request, or has no response.
    pub(in crate::gateway) fn of(command: &CommandSet, used: &Use) -> Option<Self> {
        let operation = match (command.field(), used) {
            (Some(CommandField::CCancelRq), _) => return None,
            (_, _) if command.is_response() => return None,
            (Some(CommandField::CEchoRq), Use::Echo) => Self::Echo,
            (Some(CommandField::CStoreRq), Use::Store(_) | Use::PassOn(_) | Use::HandOver) => {
                Self::Store
            }
            (Some(CommandField::CFindRq), Use::Find(Model::Worklist, _)) => Self::Worklist,
            (Some(CommandField::CFindRq), Use::Find(..)) => Self::Find,
            (Some(CommandField::CMoveRq), Use::Move(..)) => Self::Move,
            (Some(CommandField::CGetRq), Use::Get(..)) => Self::Get,
            (Some(CommandField::NCreateRq | CommandField::NSetRq), Use::Step(_)) => Self::Mpps,
            (Some(CommandField::NActionRq), Use::Commit(_))
            | (Some(CommandField::NEventReportRq), Use::Report) => Self::Commitment,
            (Some(CommandField::NActionRq), Use::Link) => Self::Statement,
            (_, _) => Self::Other,
        };
        Some(operation)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Store => "store",
            Self::Find => "find",
            Self::Worklist => "worklist",
            Self::Move => "move",
            Self::Get => "get",
            Self::Mpps => "mpps",
            Self::Commitment => "commitment",
            Self::Statement => "statement",
            Self::Other => "other",
        }
    }

    /// Its number, from 1: 0 is no operation.
    pub(super) fn number(self) -> u8 {
        let place = Self::ALL.iter().position(|operation| *operation == self);
        place
            .and_then(|place| u8::try_from(place.saturating_add(1)).ok())
            .unwrap_or(0)
    }

    pub(super) fn of_number(number: u8) -> Option<Self> {
        let place = usize::from(number).checked_sub(1)?;
        Self::ALL.get(place).copied()
    }
}

/// The label of a decision's answer.
pub(super) const fn verdict_label(decision: &Decision) -> &'static str {
    match decision.verdict {
        Verdict::Permit => "permit",
        Verdict::Deny if decision.observed => "observed",
        Verdict::Deny => "deny",
    }
}

/// A decision that could not be made durable.
pub(super) const UNRECORDED: &str = "unrecorded";
/// No policy applied.
pub(super) const NO_POLICY: &str = "none";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfListener {
    pub(super) listener: LabelText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfAssociation {
    pub(super) peer: LabelText,
    /// `accepted` or `refused`.
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRequest {
    pub(super) peer: LabelText,
    pub(super) operation: &'static str,
    pub(super) status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfDecision {
    pub(super) verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfPolicy {
    pub(super) policy: LabelText,
    pub(super) verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfFlow {
    pub(super) peer: LabelText,
    /// `received` or `sent`.
    pub(super) direction: &'static str,
}

impl Labels for OfListener {
    fn others(&self) -> Self {
        Self {
            listener: OTHERS.into(),
        }
    }
}

impl Labels for OfAssociation {
    fn others(&self) -> Self {
        Self {
            peer: OTHERS.into(),
            ..self.clone()
        }
    }
}

impl Labels for OfRequest {
    fn others(&self) -> Self {
        Self {
            peer: OTHERS.into(),
            ..self.clone()
        }
    }
}

impl Labels for OfDecision {
    fn others(&self) -> Self {
        self.clone()
    }
}

impl Labels for OfPolicy {
    fn others(&self) -> Self {
        Self {
            policy: OTHERS.into(),
            ..self.clone()
        }
    }
}

impl Labels for OfFlow {
    fn others(&self) -> Self {
        Self {
            peer: OTHERS.into(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_by_its_number_or_by_its_range() {
        let table = [
            (0x0000, "0000"),
            (0x0124, "0124"),
            (0xA700, "A700"),
            (0xA7FF, "A700"),
            (0xA801, "A801"),
            (0xA9FF, "A900"),
            (0xB000, "B000"),
            (0xB007, "B000"),
            (0xC123, "C000"),
            (0xFE00, "FE00"),
            (0xFF00, UNANSWERED),
            (0x1234, OTHERS),
            (0xFFFF, OTHERS),
        ];
        for (status, label) in table {
            assert_eq!(status_label(Some(Status(status))), label, "{status:04X}");
        }
        assert_eq!(status_label(None), UNANSWERED);
    }

    #[test]
    fn whatever_a_destination_answers_there_are_few_labels() {
        let labels: std::collections::BTreeSet<&str> = (0..=u16::MAX)
            .map(|status| status_label(Some(Status(status))))
            .collect();
        assert_eq!(labels.len(), 23);
    }

    #[test]
    fn an_operation_is_found_by_its_number() {
        for operation in Operation::ALL {
            let number = operation.number();
            assert!(number > 0);
            assert_eq!(Operation::of_number(number), Some(operation));
        }
        assert_eq!(Operation::of_number(0), None);
        assert_eq!(Operation::of_number(200), None);
    }
}
