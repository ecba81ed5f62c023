//! Which security alert (CID 403) an alert of the ledger is, by its code.

use super::codes;
use super::event::Kind;
use crate::audit::record::Severity;

/// The type of a security alert, and how bad it is at least; `None`: another entry has its message.
pub(super) fn of(code: &str) -> Option<(Kind<'_>, Severity)> {
    let kind = match code {
        // The ledger that others saw is not the one that is here.
        "log-forked" | "log-rolled-back" | "witness-disputed" | "witness-forgot" => {
            return Some((Kind::Standard(codes::OBJECT_SECURITY), Severity::Major));
        }
        // Beside a `bypassed` entry, which has two.
        "bypassed" => return None,
        // Nothing is recorded, and so nothing is permitted, until there is room.
        "no-room" => codes::RECORDING_STOPPED,
        "room-again" => codes::RECORDING_STARTED,
        "association-refused" | "refused-elsewhere" | "statement-refused" | "tls-refused" => {
            codes::NODE_AUTHENTICATION
        }
        // No 110114 User Authentication: that names one user, and this is a count of refusals.
        "user-refused" => codes::AUTHENTICATION_DECISION,
        "certificate-expires" | "policy-differs" | "rule-error" | "tls-not-reloaded" => {
            codes::SECURITY_CONFIGURATION
        }
        // CID 403 may be extended: queues, receipts and commitments have no code there.
        own => return Some((Kind::Own(own), Severity::Success)),
    };
    Some((Kind::Standard(kind), Severity::Success))
}
