//! DICOM's own values, parsed once at the edge: AE titles, UIDs, tags, transfer syntaxes, and
//! bounded readers of the first elements of a data set. Pure: bytes in, values out.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod ae_title;
mod deflate;
mod elements;
mod head;
mod part10;
mod scan;
mod sop_class;
pub mod tag;
mod transfer_syntax;
mod uid;

pub use ae_title::AeTitle;
pub use ae_title::AeTitleError;
pub use elements::Builder;
pub use elements::ELEMENTS_BYTES_MAX;
pub use elements::Elements;
pub use elements::ElementsError;
pub use head::Head;
pub use head::HeadError;
pub use head::HeadReader;
pub use head::VALUE_BYTES_MAX;
pub use part10::part10_head;
pub use scan::DEPTH_MAX;
pub use scan::ScanError;
pub use sop_class::Model;
pub use sop_class::Service;
pub use sop_class::service_of;
pub use sop_class::sop_class_name;
pub use sop_class::storage_classes;
pub use tag::Tag;
pub use transfer_syntax::Encoding;
pub use transfer_syntax::encoding_of;
pub use transfer_syntax::retrieved_syntaxes;
pub use transfer_syntax::uids;
pub use uid::Uid;
pub use uid::UidError;

/// A text value without its padding: outer spaces are not significant in the VRs that we read
/// (PS3.5 §6.2), and some devices pad with NUL.
pub const fn trimmed(value: &[u8]) -> &[u8] {
    let mut text = value;
    while let [b' ', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | 0] = text {
        text = rest;
    }
    text
}
