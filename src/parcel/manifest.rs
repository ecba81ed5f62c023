//! [`Manifest`]: what a parcel is, signed by who sealed it.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::ledger::LogKey;
use crate::ledger::LogSigner;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::SignedText;
use crate::ledger::SignedTextError;
use crate::ledger::open_text;
use crate::ledger::sign_text;
use crate::parcel::Binding;
use crate::parcel::ParcelId;
use crate::parcel::Release;
use crate::parcel::Wrapped;
use crate::time::UtcMicros;

/// The name of the manifest in a parcel.
pub const MANIFEST: &str = "manifest";

/// The name of the sealed list of what is in a parcel.
pub const CONTENTS: &str = "contents";

/// Instances in the largest parcel: so many fit into a signed note. A study that has more becomes
/// several parcels.
pub const OBJECTS_MAX: usize = 500;

/// Digits of an object's name.
const NAME_DIGITS: usize = 6;

/// The name of the object of this number in a parcel; the first one has number 1.
pub fn object_name(number: u32) -> String {
    format!("{number:0NAME_DIGITS$}")
}

/// A sealed file of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Bytes, sealed as it is.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: Sha256,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Which parcel.
    pub id: ParcelId,
    /// Who sealed it.
    pub from: InstitutionSlug,
    /// For whom.
    pub to: InstitutionSlug,
    /// [`ParcelKey::id`](crate::parcel::ParcelKey::id) of the recipient's key.
    pub recipient_key: Sha256,
    /// The entry of the decision under which it was sealed, in the sender's ledger.
    pub decision: u64,
    /// Digest of its study, salted ([`Contents::study_digest`](crate::parcel::Contents::study_digest)).
    pub study: Sha256,
    /// When.
    pub created: UtcMicros,
    /// How its key is released.
    pub release: Release,
    /// The sealed files, [`CONTENTS`] first, then the objects in the order of their numbers.
    pub objects: Vec<Listed>,
    /// The wrapped key, where it is released offline.
    pub key: Option<Wrapped>,
}

impl SignedText for Manifest {
    const TITLE: &'static str = "credence-parcel/v1";
    const BYTES_MAX: usize = NOTE_BYTES_MAX;
}

/// Why a manifest is not believed, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not signed as it must be.
    #[error("the manifest is not {signer}'s: {error}")]
    Signed {
        /// The name of the key that should have signed it.
        signer: String,
        /// What is wrong.
        error: SignedTextError,
    },
    /// It cannot be read, signed or not.
    #[error("it is no manifest of a parcel: {0}")]
    Unread(String),
    /// It holds what none may hold.
    #[error("the manifest of parcel {id}, signed by {from}, {problem}")]
    Unsound {
        /// Which.
        id: ParcelId,
        /// Whose.
        from: InstitutionSlug,
        /// What is wrong.
        problem: String,
    },
}

impl Manifest {
    /// Signs it by the sender's statement key.
    ///
    /// # Errors
    /// When it holds what none may hold, or is too long for a signed note.
    pub fn sign(&self, signer: &LogSigner) -> Result<String, ManifestError> {
        self.check()?;
        sign_text(self, signer).map_err(|error| not_signed(signer.key(), error))
    }

    /// Reads a manifest that `key`, the statement key of `from`, must have signed.
    ///
    /// # Errors
    /// When it is not signed by that key, names another sender, or holds what none may hold.
    pub fn open(note: &str, from: &InstitutionSlug, key: &LogKey) -> Result<Self, ManifestError> {
        let opened = open_text::<Self>(note, key);
        let manifest = opened.map_err(|error| not_signed(key, error))?;
        if manifest.from != *from {
            return Err(manifest.unsound(format!(
                "was signed by the key of {from}, which speaks for nobody else"
            )));
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// Who is said to have sealed a manifest that is not verified yet: to find the key by.
    ///
    /// # Errors
    /// When it is no manifest.
    pub fn said_from(note: &str) -> Result<InstitutionSlug, ManifestError> {
        let unread = |problem: &str| ManifestError::Unread(problem.to_owned());
        if note.len() > Self::BYTES_MAX {
            return Err(unread("it is too long"));
        }
        let mut lines = note.lines();
        if lines.next() != Some(Self::TITLE) {
            return Err(unread("it has another title, or none"));
        }
        let json = lines.next().unwrap_or_default();
        let read = serde_json::from_str::<Self>(json);
        let manifest = read.map_err(|error| unread(&error.to_string()))?;
        Ok(manifest.from)
    }

    /// What names a manifest: SHA-256 of its signed note.
    pub fn digest(note: &str) -> Sha256 {
        Sha256::of(&[note.as_bytes()])
    }

    /// What its key is bound to.
    pub fn binding(&self) -> Binding {
        Binding {
            id: self.id,
            decision: self.decision,
            study: self.study,
            from: self.from.clone(),
            to: self.to.clone(),
            recipient_key: self.recipient_key,
        }
    }

    /// The sealed list, then the objects.
    pub fn parts(&self) -> Option<(&Listed, &[Listed])> {
        self.objects.split_first()
    }

    /// Bytes of all sealed files.
    pub fn bytes(&self) -> u64 {
        let bytes = self.objects.iter().map(|one| one.bytes);
        bytes.fold(0, u64::saturating_add)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let Some((contents, objects)) = self.parts() else {
            return Err(self.unsound("lists nothing".to_owned()));
        };
        if contents.name != CONTENTS {
            return Err(self.unsound(format!("does not begin its list with {CONTENTS}")));
        }
        if !(1..=OBJECTS_MAX).contains(&objects.len()) {
            let found = objects.len();
            return Err(self.unsound(format!(
                "lists {found} objects, and 1 to {OBJECTS_MAX} may be"
            )));
        }
        for (number, one) in (1..).zip(objects) {
            if one.name != object_name(number) {
                return Err(self.unsound(format!("calls its object {number} another name")));
            }
        }
        if (self.release == Release::Offline) != self.key.is_some() {
            let release = self.release.as_str();
            return Err(self.unsound(format!(
                "says {release} release, with which a wrapped key does not agree"
            )));
        }
        Ok(())
    }

    fn unsound(&self, problem: String) -> ManifestError {
        ManifestError::Unsound {
            id: self.id,
            from: self.from.clone(),
            problem,
        }
    }
}

fn not_signed(key: &LogKey, error: SignedTextError) -> ManifestError {
    ManifestError::Signed {
        signer: key.name().to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::fixtures::manifest;
    use crate::parcel::fixtures::signer;
    use crate::parcel::fixtures::slug;

    #[test]
    fn a_manifest_is_read_by_who_knows_the_senders_key() {
        let signer = signer("st-anna", 1);
        let note = manifest(3).sign(&signer).unwrap();
        assert!(
            note.starts_with("credence-parcel/v1\n{\"created\":"),
            "{note}"
        );
        let read = Manifest::open(&note, &slug("st-anna"), signer.key());
        assert_eq!(read.unwrap(), manifest(3));
        assert_eq!(Manifest::said_from(&note).unwrap(), slug("st-anna"));
        assert!(Manifest::said_from(&note.replace("v1", "v2")).is_err());
    }

    #[test]
    fn as_many_objects_as_there_may_be_fit_into_a_note() {
        let most = u32::try_from(OBJECTS_MAX).unwrap();
        let mut manifest = manifest(most);
        for one in &mut manifest.objects {
            one.bytes = u64::MAX >> 11;
        }
        manifest.decision = u64::MAX >> 11;
        manifest.from = slug(&"a".repeat(40));
        manifest.to = slug(&"b".repeat(40));
        let note = manifest.sign(&signer(&"a".repeat(40), 1)).unwrap();
        assert!(note.len() < NOTE_BYTES_MAX);
        let more = super::super::fixtures::manifest(most + 1);
        assert!(matches!(
            more.sign(&signer("st-anna", 1)),
            Err(ManifestError::Unsound { .. })
        ));
    }

    #[test]
    fn every_changed_bit_of_a_manifest_is_found() {
        let signer = signer("st-anna", 1);
        let note = manifest(2).sign(&signer).unwrap();
        for place in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[place / 8] ^= 1 << (place % 8);
            if let Ok(bad) = String::from_utf8(bytes) {
                let read = Manifest::open(&bad, &slug("st-anna"), signer.key());
                assert!(read.is_err(), "bit {place}");
            }
        }
    }

    #[test]
    fn a_manifest_in_anothers_name_is_refused() {
        let (signer, other) = (signer("st-anna", 1), signer("lakeside", 2));
        let note = manifest(1).sign(&other).unwrap();
        // Nobody's key of that name signed it.
        let read = Manifest::open(&note, &slug("st-anna"), signer.key());
        assert!(
            matches!(read, Err(ManifestError::Signed { .. })),
            "{read:?}"
        );
        // Lakeside's did, and it speaks for lakeside alone.
        let read = Manifest::open(&note, &slug("lakeside"), other.key());
        let text = read.unwrap_err().to_string();
        assert!(text.contains("speaks for nobody else"), "{text}");
    }

    #[test]
    fn a_manifest_that_no_gateway_would_write_is_refused() {
        let changes: [fn(&mut Manifest); 7] = [
            |one| one.objects.clear(),
            |one| one.objects.truncate(1),
            |one| one.objects.swap(0, 1),
            |one| one.objects.swap(1, 2),
            |one| one.objects[1].name = "../000001".to_owned(),
            |one| one.release = Release::Online,
            |one| one.key = None,
        ];
        let signer = signer("st-anna", 1);
        for (number, change) in changes.iter().enumerate() {
            let mut bad = manifest(2);
            change(&mut bad);
            assert!(bad.sign(&signer).is_err(), "{number}");
            // Signed all the same by who does not check.
            let note = sign_text(&bad, &signer).unwrap();
            let read = Manifest::open(&note, &slug("st-anna"), signer.key());
            assert!(
                matches!(read, Err(ManifestError::Unsound { .. })),
                "{number}"
            );
        }
    }
}
