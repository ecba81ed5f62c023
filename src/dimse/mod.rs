//! DIMSE messages (PS3.7): command sets, their statuses, and the way from P-DATA fragments to
//! commands and data sets. Pure: bytes and values in, values out.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod command;
pub mod element;
mod field;
mod fragments;
mod status;

pub use command::CommandError;
pub use command::CommandSet;
pub use command::ERROR_COMMENT_CHARACTERS_MAX;
pub use field::CommandField;
pub use fragments::FragmentError;
pub use fragments::MessageEvent;
pub use fragments::MessageReader;
pub use status::Class;
pub use status::Status;
