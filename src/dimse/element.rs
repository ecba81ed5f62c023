//! Element numbers of group 0000 (PS3.7 Annex E).

/// Command Group Length (0000,0000).
pub const GROUP_LENGTH: u16 = 0x0000;
/// Affected SOP Class UID (0000,0002).
pub const AFFECTED_SOP_CLASS_UID: u16 = 0x0002;
/// Requested SOP Class UID (0000,0003).
pub const REQUESTED_SOP_CLASS_UID: u16 = 0x0003;
/// Command Field (0000,0100).
pub const COMMAND_FIELD: u16 = 0x0100;
/// Message ID (0000,0110).
pub const MESSAGE_ID: u16 = 0x0110;
/// Message ID Being Responded To (0000,0120).
pub const MESSAGE_ID_RESPONDED_TO: u16 = 0x0120;
/// Move Destination (0000,0600).
pub const MOVE_DESTINATION: u16 = 0x0600;
/// Priority (0000,0700).
pub const PRIORITY: u16 = 0x0700;
/// Command Data Set Type (0000,0800).
pub const DATA_SET_TYPE: u16 = 0x0800;
/// Status (0000,0900).
pub const STATUS: u16 = 0x0900;
/// Offending Element (0000,0901).
pub const OFFENDING_ELEMENT: u16 = 0x0901;
/// Error Comment (0000,0902).
pub const ERROR_COMMENT: u16 = 0x0902;
/// Error ID (0000,0903).
pub const ERROR_ID: u16 = 0x0903;
/// Affected SOP Instance UID (0000,1000).
pub const AFFECTED_SOP_INSTANCE_UID: u16 = 0x1000;
/// Requested SOP Instance UID (0000,1001).
pub const REQUESTED_SOP_INSTANCE_UID: u16 = 0x1001;
/// Event Type ID (0000,1002).
pub const EVENT_TYPE_ID: u16 = 0x1002;
/// Action Type ID (0000,1008).
pub const ACTION_TYPE_ID: u16 = 0x1008;
/// Number of Remaining Sub-operations (0000,1020).
pub const REMAINING: u16 = 0x1020;
/// Number of Completed Sub-operations (0000,1021).
pub const COMPLETED: u16 = 0x1021;
/// Number of Failed Sub-operations (0000,1022).
pub const FAILED: u16 = 0x1022;
/// Number of Warning Sub-operations (0000,1023).
pub const WARNING: u16 = 0x1023;
/// Move Originator Application Entity Title (0000,1030).
pub const MOVE_ORIGINATOR_AE: u16 = 0x1030;
/// Move Originator Message ID (0000,1031).
pub const MOVE_ORIGINATOR_MESSAGE_ID: u16 = 0x1031;
