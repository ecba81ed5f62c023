//! What two gateways say to each other on the associations between them, beside DICOM's own messages: for whom
//! and under which decision one asks, and what the other decided.
//!
//! It travels on a presentation context of a private SOP class that is proposed to gateway peers and accepted
//! from gateway peers, and unknown to everybody else. Before it asks for anything, the requestor states, by
//! N-ACTION (PS3.7 §10.1.4), on whose behalf; the acceptor answers with a status, and reports its decisions by
//! N-EVENT-REPORT (§10.1.1) before images come. Each carries a [`Statement`]: signed, and bound to the TLS
//! connection, so that what was said on one association is worth nothing on another.

mod believing;
mod deciding;
mod hearing;
mod receipted;
mod speaker;
mod ticket;

use crate::contract::Purpose;
use crate::dicom::AeTitle;
use crate::dicom::Builder;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Service;
use crate::dicom::Tag;
use crate::dicom::Uid;
use crate::dicom::uids;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::ledger::StatedTransfer;
use crate::ledger::Statement;

pub(super) use believing::Heard;
pub(super) use believing::ShownLog;
pub(super) use deciding::hear_decisions;
pub(super) use receipted::Receipted;
pub(super) use speaker::Speaker;
pub(super) use speaker::Unsaid;
pub(super) use ticket::Decided;
pub(super) use ticket::Finished;
pub(super) use ticket::Role;
pub(super) use ticket::Ticket;
pub(super) use ticket::Ticketed;

use super::inbound::Inbound;
use super::recorder::Asked;
use crate::association::ProposedContext;

/// The one instance of the link's SOP class.
const WELL_KNOWN_INSTANCE: &str = "2.25.130183183234864526961493268589676439201";

/// N-ACTION: state on whose behalf the next requests are.
const STATE: u16 = 1;

/// N-EVENT-REPORT: the acceptor has decided.
const DECIDED: u16 = 1;

/// Who reserves the block of private elements (PS3.5 §7.8.1).
const CREATOR: Tag = Tag::new(0x0009, 0x0010);
const CREATOR_NAME: &str = "CREDENCE LINK";

/// The statement, as the bytes of a signed note.
const NOTE: Tag = Tag::new(0x0009, 0x1001);

/// Bytes of the longest data set that is read on the link's context.
const DATA_SET_BYTES_MAX: usize = SIGNED_TEXT_BYTES_MAX + 256;

/// On whose behalf a request is made of another gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asker {
    purpose: Purpose,
    requester_ae: AeTitle,
    user: Option<String>,
}

impl Asker {
    /// Who asks on `inbound`.
    pub(super) fn of(inbound: &Inbound) -> Self {
        Self {
            purpose: inbound.purpose,
            requester_ae: inbound.peer.ae_title.clone(),
            user: inbound.user.as_ref().map(|user| user.name.clone()),
        }
    }

    /// Who asked for what leaves the spool.
    pub(super) fn of_asked(asked: &Asked) -> Self {
        Self {
            purpose: asked.purpose,
            requester_ae: asked.requester_ae.clone(),
            user: asked.user.as_ref().map(|user| user.name.clone()),
        }
    }
}

fn sop_class() -> Option<Uid> {
    Service::Link.sop_class()
}

fn well_known_instance() -> Option<Uid> {
    WELL_KNOWN_INSTANCE.parse().ok()
}

/// The context that carries statements, as `id`.
pub(super) fn proposed(id: u8) -> Option<ProposedContext> {
    Some(ProposedContext {
        id,
        abstract_syntax: sop_class()?,
        transfer_syntaxes: uids::IMPLICIT_LITTLE.parse().into_iter().collect(),
    })
}

fn data_set(note: &str) -> Vec<u8> {
    Builder::new(Encoding::ImplicitLittle)
        .text(CREATOR, *b"LO", CREATOR_NAME)
        .bytes(NOTE, *b"OB", note.as_bytes())
        .build()
}

/// The note in a data set; `None` when there is none.
fn note_in(data_set: &[u8]) -> Option<String> {
    let elements = Elements::parse(data_set, Encoding::ImplicitLittle).ok()?;
    let creator = elements.text(CREATOR)?;
    if creator.trim() != CREATOR_NAME {
        return None;
    }
    // Values have an even length: one zero may fill it (PS3.5 §6.2, OB).
    let note = elements.value(NOTE)?;
    let note = note.strip_suffix(&[0]).unwrap_or(note);
    String::from_utf8(note.to_vec()).ok()
}

/// What `statement` says of a transfer, with the number of the other side's decision.
fn stated<'a>(statement: &'a Statement, study: &Uid) -> Option<&'a StatedTransfer> {
    statement.of_study(study.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_any_length_reads_back_from_its_data_set() {
        for note in ["x", "xy", "a title\n{}\n\n\u{2014} key sig\n"] {
            assert_eq!(note_in(&data_set(note)).as_deref(), Some(note));
        }
        assert_eq!(note_in(b""), None);
        let foreign = Builder::new(Encoding::ImplicitLittle)
            .text(CREATOR, *b"LO", "SOMEBODY ELSE")
            .bytes(NOTE, *b"OB", b"note")
            .build();
        assert_eq!(note_in(&foreign), None);
    }
}
