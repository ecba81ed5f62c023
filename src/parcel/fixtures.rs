//! Parcels for tests.

use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::ledger::LogSigner;
use crate::parcel::Binding;
use crate::parcel::CONTENTS;
use crate::parcel::ContentKey;
use crate::parcel::Contents;
use crate::parcel::Instance;
use crate::parcel::Listed;
use crate::parcel::Manifest;
use crate::parcel::ParcelId;
use crate::parcel::ParcelSecret;
use crate::parcel::Release;
use crate::parcel::Wrapped;
use crate::parcel::object_name;
use crate::time::UtcMicros;

pub(super) fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}

pub(super) fn secret(seed: u8) -> ParcelSecret {
    ParcelSecret::from_bytes(&[seed; 32]).unwrap()
}

/// The statement key of an institution; another seed makes another key of the same name.
pub(super) fn signer(institution: &str, seed: u8) -> LogSigner {
    // RFC 8410: a seed as PKCS#8 version 1.
    let mut pkcs8 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    pkcs8.extend([seed; 32]);
    LogSigner::from_pkcs8(&format!("{institution}/statements"), &pkcs8).unwrap()
}

/// A list of so many instances.
pub(super) fn contents(objects: u32) -> Contents {
    let instance = |number: u32| Instance {
        sop_class: "1.2.840.10008.5.1.4.1.1.2".parse().unwrap(),
        sop_instance: format!("1.2.3.{number}").parse().unwrap(),
        transfer_syntax: "1.2.840.10008.1.2.1".parse().unwrap(),
        bytes: 1000,
        sha256: Sha256::of(&[b"data set"]),
    };
    Contents {
        study: Some("1.2.3".parse().unwrap()),
        salt: Sha256::of(&[b"salt"]),
        instances: (1..=objects).map(instance).collect(),
    }
}

pub(super) fn binding() -> Binding {
    Binding {
        id: ParcelId::from_bytes([0xab; 16]),
        decision: 12,
        study: contents(1).study_digest(),
        from: slug("st-anna"),
        to: slug("lakeside"),
        recipient_key: secret(7).public().id(),
    }
}

/// The manifest of a parcel with so many objects, released offline.
pub(super) fn manifest(objects: u32) -> Manifest {
    let binding = binding();
    let key = ContentKey::from_bytes([9; 32]);
    let key = Wrapped::new(&key, secret(7).public(), &binding, &[3; 32]).unwrap();
    let listed = |name: String| Listed {
        name,
        bytes: 1016,
        sha256: Sha256::of(&[b"sealed"]),
    };
    let names = (1..=objects).map(object_name);
    let names = std::iter::once(CONTENTS.to_owned()).chain(names);
    Manifest {
        id: binding.id,
        from: binding.from,
        to: binding.to,
        recipient_key: binding.recipient_key,
        decision: binding.decision,
        study: binding.study,
        created: UtcMicros(1_790_000_000_000_000),
        release: Release::Offline,
        objects: names.map(listed).collect(),
        key: Some(key),
    }
}
