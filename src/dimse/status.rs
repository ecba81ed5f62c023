//! Statuses of responses (PS3.7 Annex C; PS3.4 §B.2.3, §C.4). The same number means different
//! things in different services: the constants say which.

use std::fmt;

/// Status (0000,0900).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u16);

/// What kind of answer a status is (PS3.7 Annex C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Done.
    Success,
    /// More responses follow.
    Pending,
    /// Ended by C-CANCEL.
    Cancel,
    /// Done, with a reservation.
    Warning,
    /// Not done.
    Failure,
}

impl Status {
    /// Done.
    pub const SUCCESS: Self = Self(0x0000);
    /// Ended by C-CANCEL.
    pub const CANCEL: Self = Self(0xFE00);
    /// More responses follow.
    pub const PENDING: Self = Self(0xFF00);
    /// C-FIND: more follow, and some optional keys are not supported as asked.
    pub const PENDING_WARNING: Self = Self(0xFF01);
    /// Processing failure (PS3.7 §C.5).
    pub const PROCESSING_FAILURE: Self = Self(0x0110);
    /// No such SOP class (PS3.7 §C.5).
    pub const NO_SUCH_SOP_CLASS: Self = Self(0x0118);
    /// SOP class not supported (PS3.7 §C.5).
    pub const SOP_CLASS_NOT_SUPPORTED: Self = Self(0x0122);
    /// Refused: not authorised (PS3.7 §C.5). C-FIND and worklists do not have it.
    pub const NOT_AUTHORISED: Self = Self(0x0124);
    /// No such SOP instance (PS3.7 §C.5).
    pub const NO_SUCH_SOP_INSTANCE: Self = Self(0x0112);
    /// No such event type (PS3.7 §C.5).
    pub const NO_SUCH_EVENT_TYPE: Self = Self(0x0113);
    /// Invalid argument value (PS3.7 §C.5).
    pub const INVALID_ARGUMENT: Self = Self(0x0115);
    /// No such action type (PS3.7 §C.5).
    pub const NO_SUCH_ACTION: Self = Self(0x0123);
    /// Resource limitation (PS3.7 §C.5).
    pub const RESOURCE_LIMITATION: Self = Self(0x0213);
    /// Unrecognised operation (PS3.7 §C.5).
    pub const UNRECOGNISED_OPERATION: Self = Self(0x0211);
    /// C-STORE: out of resources (PS3.4 §B.2.3).
    pub const STORE_OUT_OF_RESOURCES: Self = Self(0xA700);
    /// C-STORE: the data set does not match its SOP class.
    pub const STORE_CLASS_MISMATCH: Self = Self(0xA900);
    /// C-STORE: cannot understand.
    pub const STORE_CANNOT_UNDERSTAND: Self = Self(0xC000);
    /// C-FIND: out of resources (PS3.4 §C.4.1.1.4).
    pub const FIND_OUT_OF_RESOURCES: Self = Self(0xA700);
    /// C-MOVE, C-GET: unable to calculate the number of matches (PS3.4 §C.4.2.1.5).
    pub const MOVE_CANNOT_CALCULATE_MATCHES: Self = Self(0xA701);
    /// C-MOVE, C-GET: unable to perform sub-operations.
    pub const MOVE_CANNOT_PERFORM: Self = Self(0xA702);
    /// C-MOVE: Move Destination unknown.
    pub const MOVE_DESTINATION_UNKNOWN: Self = Self(0xA801);
    /// C-FIND, C-MOVE, C-GET: the identifier does not match the SOP class.
    pub const IDENTIFIER_MISMATCH: Self = Self(0xA900);
    /// C-FIND, C-MOVE, C-GET: unable to process (the range Cxxx).
    pub const UNABLE_TO_PROCESS: Self = Self(0xC001);
    /// C-MOVE, C-GET: complete, with failures or warnings.
    pub const SUBOPERATIONS_WARNING: Self = Self(0xB000);

    /// The class of a status. One that PS3.7 does not define counts as a failure: nothing was
    /// promised.
    pub const fn class(self) -> Class {
        match self.0 {
            0x0000 => Class::Success,
            0xFE00 => Class::Cancel,
            0xFF00 | 0xFF01 => Class::Pending,
            0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => Class::Warning,
            _ => Class::Failure,
        }
    }
}

/// `A700H`, as in the standard.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}H", self.0)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_annex_c() {
        let table = [
            (0x0000, Class::Success),
            (0x0001, Class::Warning),
            (0x0105, Class::Failure),
            (0x0107, Class::Warning),
            (0x0110, Class::Failure),
            (0x0116, Class::Warning),
            (0x0124, Class::Failure),
            (0x0211, Class::Failure),
            (0xA700, Class::Failure),
            (0xAFFF, Class::Failure),
            (0xB000, Class::Warning),
            (0xB006, Class::Warning),
            (0xB007, Class::Warning),
            (0xBFFF, Class::Warning),
            (0xC000, Class::Failure),
            (0xFE00, Class::Cancel),
            (0xFF00, Class::Pending),
            (0xFF01, Class::Pending),
        ];
        for (status, class) in table {
            assert_eq!(Status(status).class(), class, "{}", Status(status));
        }
    }

    #[test]
    fn a_status_that_nobody_defined_promises_nothing() {
        for status in [0x0002, 0x1000, 0xF000, 0xFE01, 0xFF02, 0xFFFF] {
            assert_eq!(Status(status).class(), Class::Failure);
        }
    }
}
