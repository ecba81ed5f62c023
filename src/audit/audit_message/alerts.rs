//! Which security alert (CID 403) an alert of the ledger is.

use super::codes;
use super::event::Kind;
use crate::audit::alerts::Topic;
use crate::audit::alerts::meaning;

/// The type of a security alert, by the code of the ledger's; `None`: another entry has its message.
pub(super) fn of(code: &str) -> Option<Kind<'_>> {
    let (topic, _) = meaning(code);
    Some(Kind::Standard(match topic {
        Topic::Ledger => codes::OBJECT_SECURITY,
        Topic::RecordingStopped => codes::RECORDING_STOPPED,
        Topic::RecordingStarted => codes::RECORDING_STARTED,
        Topic::Node => codes::NODE_AUTHENTICATION,
        Topic::User => codes::AUTHENTICATION_DECISION,
        Topic::Configuration => codes::SECURITY_CONFIGURATION,
        Topic::Other => return Some(Kind::Own(code)),
        // Beside a `bypassed` entry, which has two messages.
        Topic::ToldElsewhere => return None,
    }))
}
