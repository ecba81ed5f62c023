//! The form of a *parcel*: one study, or the part of it that waited together, sealed for one other
//! gateway, to be carried by whoever: a disk, a store of a third party.
//!
//! A parcel is a folder, or a prefix of a store, of this name: its [`ParcelId`].
//!
//! | name | what |
//! |---|---|
//! | `000001`, `000002`, … | the data set of one instance each, sealed |
//! | `contents` | which instance each of them is, and its SHA-256 ([`Contents`]); sealed |
//! | `manifest` | a signed note (C2SP): for whom, under which decision, length and digest of all others ([`Manifest`]); written last |
//!
//! What is sealed is sealed under keys that are derived from the parcel's own [`ContentKey`]
//! (`storage::stream`). That key is wrapped by HPKE (RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, AES-256-GCM) to the recipient's [`ParcelKey`], bound to the parcel, its decision, its
//! study, its sender and its recipient ([`Binding`]). *Offline* the manifest holds the wrapped key;
//! *online* the sender keeps the key and wraps it when it is asked for it ([`OpenRequest`],
//! [`KeyRelease`]), so that what was revoked meanwhile stays shut.
//!
//! Nothing that stands in clear tells of a patient.
//!
//! Pure: keys and random bytes are passed in.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type
)]

mod contents;
mod id;
mod key;
mod manifest;
mod release;

#[cfg(test)]
mod fixtures;

pub use crate::contract::ParcelRelease as Release;
pub use contents::Contents;
pub use contents::ContentsError;
pub use contents::Instance;
pub use id::NotAParcelId;
pub use id::ParcelId;
pub use key::Binding;
pub use key::ContentKey;
pub use key::NotAParcelKey;
pub use key::ParcelKey;
pub use key::ParcelSecret;
pub use key::WrapError;
pub use key::Wrapped;
pub use manifest::CONTENTS;
pub use manifest::Listed;
pub use manifest::MANIFEST;
pub use manifest::Manifest;
pub use manifest::ManifestError;
pub use manifest::OBJECTS_MAX;
pub use manifest::object_name;
pub use release::KeyRelease;
pub use release::OpenRequest;
pub use release::ReleaseError;
