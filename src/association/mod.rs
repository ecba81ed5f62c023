//! Associations as PS3.8 defines them: PDUs, their framing, negotiation, and the state machine.
//! Pure: bytes and events in, frames and actions out; whoever owns the socket performs them.
//!
//! A-ASSOCIATE PDUs are read and written by `dicom-ul`, after a pass of our own that believes no
//! length before it has been checked. P-DATA is framed here, without copying and without waiting
//! for the end of a PDU.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod decode;
mod encode;
#[cfg(test)]
mod example;
mod fault;
mod framer;
mod lenient;
pub mod machine;
pub mod negotiation;
mod pdu;
mod user;

pub use encode::EncodeError;
pub use encode::encode_abort;
pub use encode::encode_associate_ac;
pub use encode::encode_associate_rj;
pub use encode::encode_associate_rq;
pub use encode::encode_release_rp;
pub use encode::encode_release_rq;
pub use encode::pdv_header;
pub use fault::PduError;
pub use fault::PduFault;
pub use framer::Framer;
pub use framer::FramerLimits;
pub use negotiation::Proposal;
pub use pdu::APPLICATION_CONTEXT_NAME;
pub use pdu::Abort;
pub use pdu::Accepted;
pub use pdu::AssociateAc;
pub use pdu::AssociateRj;
pub use pdu::AssociateRq;
pub use pdu::ContextReply;
pub use pdu::ContextResult;
pub use pdu::Frame;
pub use pdu::Piece;
pub use pdu::ProposedContext;
pub use user::IMPLEMENTATION_CLASS_UID;
pub use user::IMPLEMENTATION_VERSION;
pub use user::Roles;
pub use user::UserIdentity;
pub use user::UserInformation;
