//! The ledger: signed events in numbered entries, each bound to the one before it, all of them
//! under a Merkle tree whose root is signed.
//!
//! An [`Entry`] is one line of canonical JSON. A [`Chain`] writes the next line; a [`Tree`] (RFC
//! 6962) takes its leaf; a [`Checkpoint`] (C2SP tlog-checkpoint in a signed note) states size and
//! root; a [`LedgerProof`] (C2SP tlog-proof) shows one line under it. A [`Verifier`] reads the lines again, needs only the public key, and names the first entry
//! that is damaged; a [`Replay`] goes deeper: signatures of the events, and every decision decided
//! anew. A [`Comparison`] only decides anew, tells every difference, and is quick.
//!
//! Pure: no IO, no clock, no randomness. Keys are passed in as bytes.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod chain;
mod checkpoint;
mod comparison;
mod cosignature;
mod entry;
mod head;
mod key;
mod manifest;
mod merkle;
mod note;
mod proof;
mod receipt;
mod replay;
mod signatures;
mod signed_text;
mod statement;
mod verify;
mod witness;

#[cfg(test)]
pub(crate) mod fixtures;

pub use chain::Chain;
pub use chain::Linked;
pub use chain::Stamp;
pub use checkpoint::Checkpoint;
pub use checkpoint::CheckpointError;
pub use comparison::Class;
pub use comparison::Compared;
pub use comparison::Comparison;
pub use comparison::Difference;
pub use comparison::Finding;
pub use cosignature::Cosignature;
pub use cosignature::WitnessKey;
pub use cosignature::WitnessSigner;
pub use cosignature::add_cosignature;
pub use cosignature::cosignatures;
pub use entry::Entry;
pub use entry::EntryError;
pub use entry::LINE_BYTES_MAX;
pub use entry::leaf_hash;
pub use entry::line_hash;
pub use head::Head;
pub use key::KeyError;
pub use key::LogKey;
pub use key::LogSigner;
pub use manifest::Manifest;
pub use manifest::SALT_BYTES;
pub use merkle::Node;
pub use merkle::Subtree;
pub use merkle::Tree;
pub use merkle::consistency_path;
pub use merkle::inclusion_path;
pub use merkle::stored_count;
pub use merkle::stored_leaves;
pub use merkle::verify_consistency;
pub use merkle::verify_inclusion;
pub use note::NOTE_BYTES_MAX;
pub use note::NoteError;
pub use proof::LedgerProof;
pub use proof::PROOF_BYTES_MAX;
pub use proof::ProofError;
pub use receipt::Amount;
pub use receipt::Objection;
pub use receipt::Receipt;
pub use receipt::ReceiptsContradict;
pub use receipt::Sent;
pub use receipt::receipts_contradict;
pub use replay::Replay;
pub use signed_text::SIGNED_TEXT_BYTES_MAX;
pub use signed_text::SignedText;
pub use signed_text::SignedTextError;
pub use signed_text::countersign;
pub use signed_text::open_text;
pub use signed_text::sign_text;
pub use signed_text::signed_alone;
pub use statement::NotATransfer;
pub use statement::STATED_TRANSFERS_MAX;
pub use statement::StatedTransfer;
pub use statement::Statement;
pub use statement::TransferId;
pub use verify::Anchor;
pub use verify::Damage;
pub use verify::Harm;
pub use verify::Line;
pub use verify::Sealed;
pub use verify::Source;
pub use verify::TwoHistories;
pub use verify::Verified;
pub use verify::Verifier;
pub use witness::Answer;
pub use witness::Equivocation;
pub use witness::HeldError;
pub use witness::PROOF_HASHES_MAX;
pub use witness::Request as WitnessRequest;
pub use witness::RequestError;
pub use witness::WITNESS_REQUEST_BYTES_MAX;
pub use witness::Witnessed;
pub use witness::equivocation;
