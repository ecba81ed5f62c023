//! Online release: the recipient asks for a parcel's key, and the sender answers. Both sign.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::ledger::LogKey;
use crate::ledger::LogSigner;
use crate::ledger::SignedText;
use crate::ledger::SignedTextError;
use crate::ledger::open_text;
use crate::ledger::sign_text;
use crate::parcel::ContentKey;
use crate::parcel::Manifest;
use crate::parcel::ParcelId;
use crate::parcel::ParcelSecret;
use crate::parcel::WrapError;
use crate::parcel::Wrapped;
use crate::time::UtcMicros;

/// A recipient wants to open a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {
    /// Which.
    pub id: ParcelId,
    /// [`Manifest::digest`] of the manifest that the recipient has.
    pub manifest_sha256: Sha256,
    /// Who asks.
    pub from: InstitutionSlug,
    /// Who is asked.
    pub to: InstitutionSlug,
    /// When.
    pub at: UtcMicros,
}

/// A sender releases the key of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRelease {
    /// Of which.
    pub id: ParcelId,
    /// [`Manifest::digest`] of its manifest.
    pub manifest_sha256: Sha256,
    /// Who releases.
    pub from: InstitutionSlug,
    /// To whom.
    pub to: InstitutionSlug,
    /// The entry of the decision under which it is released, in the sender's ledger.
    pub decision: u64,
    /// When.
    pub at: UtcMicros,
    /// The key, wrapped to the recipient.
    pub key: Wrapped,
}

impl SignedText for OpenRequest {
    const TITLE: &'static str = "credence-open/v1";
}

impl SignedText for KeyRelease {
    const TITLE: &'static str = "credence-release/v1";
}

/// Why a request or a release is not believed, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Not signed by who should have, or something else.
    #[error("it is not {signer}'s: {error}")]
    Signed {
        /// The name of the key that should have signed it.
        signer: String,
        /// What is wrong.
        error: SignedTextError,
    },
    /// It speaks of something else.
    #[error("{who} signed it, but it is {problem}")]
    Other {
        /// Who.
        who: InstitutionSlug,
        /// What it is.
        problem: String,
    },
    /// Its key is for something else.
    #[error(transparent)]
    Wrap(#[from] WrapError),
}

impl OpenRequest {
    /// Signs it by the recipient's statement key.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, signer: &LogSigner) -> Result<String, ReleaseError> {
        sign_text(self, signer).map_err(|error| not_signed(signer.key(), error))
    }

    /// Reads a request to us, `own`, that `key`, the statement key of `from`, must have signed.
    ///
    /// # Errors
    /// When it is not signed by it, or is another's or to another.
    pub fn open(
        note: &str,
        from: &InstitutionSlug,
        own: &InstitutionSlug,
        key: &LogKey,
    ) -> Result<Self, ReleaseError> {
        let opened = open_text::<Self>(note, key);
        let request = opened.map_err(|error| not_signed(key, error))?;
        if request.from != *from || request.to != *own {
            let problem = format!("a request of {} to {}", request.from, request.to);
            let who = from.clone();
            return Err(ReleaseError::Other { who, problem });
        }
        Ok(request)
    }
}

impl KeyRelease {
    /// Signs it by the sender's statement key.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, signer: &LogSigner) -> Result<String, ReleaseError> {
        sign_text(self, signer).map_err(|error| not_signed(signer.key(), error))
    }

    /// The content key of the parcel whose verified manifest is `manifest`, out of an answer that
    /// `key`, its sender's statement key, must have signed.
    ///
    /// # Errors
    /// When the answer is another's, or of another parcel or manifest, or its key does not unwrap.
    pub fn open(
        note: &str,
        manifest: &Manifest,
        manifest_sha256: &Sha256,
        key: &LogKey,
        secret: &ParcelSecret,
    ) -> Result<(Self, ContentKey), ReleaseError> {
        let opened = open_text::<Self>(note, key);
        let release = opened.map_err(|error| not_signed(key, error))?;
        let other = |problem: String| ReleaseError::Other {
            who: manifest.from.clone(),
            problem,
        };
        if release.id != manifest.id {
            let (id, wanted) = (release.id, manifest.id);
            return Err(other(format!(
                "the release of parcel {id}, not of {wanted}"
            )));
        }
        if release.manifest_sha256 != *manifest_sha256 {
            return Err(other("a release under another manifest".to_owned()));
        }
        if release.from != manifest.from || release.to != manifest.to {
            let (from, to) = (&release.from, &release.to);
            return Err(other(format!("a release of {from} to {to}")));
        }
        let content = release.key.open(secret, &manifest.binding())?;
        Ok((release, content))
    }
}

fn not_signed(key: &LogKey, error: SignedTextError) -> ReleaseError {
    ReleaseError::Signed {
        signer: key.name().to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::Release;
    use crate::parcel::fixtures::manifest;
    use crate::parcel::fixtures::secret;
    use crate::parcel::fixtures::signer;
    use crate::parcel::fixtures::slug;

    fn parcel(id: u8) -> (Manifest, Sha256) {
        let mut manifest = manifest(1);
        manifest.id = ParcelId::from_bytes([id; 16]);
        manifest.release = Release::Online;
        manifest.key = None;
        let note = manifest.sign(&signer("st-anna", 1)).unwrap();
        (manifest, Manifest::digest(&note))
    }

    fn released(manifest: &Manifest, digest: Sha256) -> KeyRelease {
        let key = ContentKey::from_bytes([9; 32]);
        let recipient = secret(7);
        let key = Wrapped::new(&key, recipient.public(), &manifest.binding(), &[5; 32]);
        KeyRelease {
            id: manifest.id,
            manifest_sha256: digest,
            from: slug("st-anna"),
            to: slug("lakeside"),
            decision: 44,
            at: UtcMicros(1),
            key: key.unwrap(),
        }
    }

    #[test]
    fn a_release_opens_the_parcel_that_it_is_of() {
        let (manifest, digest) = parcel(1);
        let signer = signer("st-anna", 1);
        let note = released(&manifest, digest).sign(&signer).unwrap();
        let opened = KeyRelease::open(&note, &manifest, &digest, signer.key(), &secret(7));
        let (release, key) = opened.unwrap();
        assert_eq!(release.decision, 44);
        assert_eq!(key, ContentKey::from_bytes([9; 32]));
    }

    #[test]
    fn a_release_that_is_replayed_for_another_parcel_is_refused() {
        let ((first, digest), (second, other)) = (parcel(1), parcel(2));
        let signer = signer("st-anna", 1);
        let note = released(&first, digest).sign(&signer).unwrap();
        let opened = KeyRelease::open(&note, &second, &other, signer.key(), &secret(7));
        let text = opened.unwrap_err().to_string();
        assert!(text.contains("the release of parcel 0101"), "{text}");
        // Whoever could sign for the sender would still need to wrap for the other parcel.
        let mut forged = released(&first, digest);
        forged.id = second.id;
        forged.manifest_sha256 = other;
        let note = forged.sign(&signer).unwrap();
        let opened = KeyRelease::open(&note, &second, &other, signer.key(), &secret(7));
        assert!(matches!(opened, Err(ReleaseError::Wrap(WrapError))));
    }

    #[test]
    fn a_release_under_another_manifest_or_key_is_refused() {
        let (manifest, digest) = parcel(1);
        let (signer, stranger) = (signer("st-anna", 1), signer("st-anna", 2));
        let note = released(&manifest, digest).sign(&signer).unwrap();
        let open = |digest: &Sha256, key: &LogKey, own: u8| {
            KeyRelease::open(&note, &manifest, digest, key, &secret(own))
        };
        let other = open(&Sha256::ZERO, signer.key(), 7);
        assert!(matches!(other, Err(ReleaseError::Other { .. })));
        let forged = open(&digest, stranger.key(), 7);
        assert!(matches!(forged, Err(ReleaseError::Signed { .. })));
        let elsewhere = open(&digest, signer.key(), 8);
        assert!(matches!(elsewhere, Err(ReleaseError::Wrap(WrapError))));
    }

    #[test]
    fn a_request_is_its_signers_and_to_us() {
        let signer = signer("lakeside", 3);
        let request = OpenRequest {
            id: ParcelId::from_bytes([1; 16]),
            manifest_sha256: Sha256::ZERO,
            from: slug("lakeside"),
            to: slug("st-anna"),
            at: UtcMicros(1),
        };
        let note = request.sign(&signer).unwrap();
        let open =
            |from: &str, own: &str| OpenRequest::open(&note, &slug(from), &slug(own), signer.key());
        assert_eq!(open("lakeside", "st-anna").unwrap(), request);
        assert!(matches!(
            open("hill", "st-anna"),
            Err(ReleaseError::Other { .. })
        ));
        assert!(matches!(
            open("lakeside", "hill"),
            Err(ReleaseError::Other { .. })
        ));
    }
}
