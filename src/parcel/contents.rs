//! [`Contents`]: what a parcel holds, for whoever can open it. Sealed like the objects.

use serde::Deserialize;
use serde::Serialize;

use crate::dicom::Uid;
use crate::digest::Sha256;
use crate::digest::canonical_json;
use crate::parcel::Manifest;
use crate::parcel::OBJECTS_MAX;

/// Bytes of the longest list that is read.
pub(super) const CONTENTS_BYTES_MAX: usize = 524_288;

/// Begins what the digest of a study is made of.
const STUDY_LABEL: &[u8] = b"credence parcel study 1\0";

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// SOP Class UID (0008,0016).
    pub sop_class: Uid,
    /// SOP Instance UID (0008,0018).
    pub sop_instance: Uid,
    /// How its data set is encoded.
    pub transfer_syntax: Uid,
    /// Bytes of its data set.
    pub bytes: u64,
    /// SHA-256 of its data set.
    pub sha256: Sha256,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Study Instance UID (0020,000D), where the instances name one.
    pub study: Option<Uid>,
    /// Random: without it nobody finds out whether a parcel is of a study that they know of.
    pub salt: Sha256,
    /// The instances, in the order of the objects.
    pub instances: Vec<Instance>,
}

/// Why a list is not believed, though it unsealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    /// Too long.
    #[error("its list of contents has {0} bytes, limit {CONTENTS_BYTES_MAX}")]
    TooLong(u64),
    /// Not a list.
    #[error("its list of contents cannot be read: {0}")]
    Unread(String),
    /// It speaks of something else than the manifest.
    #[error("its list of contents does not agree with its manifest: {0}")]
    Disagrees(String),
}

impl Contents {
    /// Digest of the study: of a label, the salt, and the UID.
    pub fn study_digest(&self) -> Sha256 {
        let uid = self.study.as_ref().map(Uid::as_str).unwrap_or_default();
        Sha256::of(&[STUDY_LABEL, self.salt.as_bytes(), uid.as_bytes()])
    }

    /// What is sealed: canonical JSON.
    ///
    /// # Errors
    /// When there are too many instances.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ContentsError> {
        let text =
            canonical_json(self).map_err(|error| ContentsError::Unread(error.to_string()))?;
        Self::check_length(text.len() as u64)?;
        Ok(text.into_bytes())
    }

    /// Whether a list of so many bytes is read at all.
    ///
    /// # Errors
    /// When it is too long.
    pub const fn check_length(bytes: u64) -> Result<(), ContentsError> {
        if bytes > CONTENTS_BYTES_MAX as u64 {
            return Err(ContentsError::TooLong(bytes));
        }
        Ok(())
    }

    /// Reads what was sealed in the parcel of `manifest`.
    ///
    /// # Errors
    /// When it is no list, or of another study or number of instances than the manifest says.
    pub fn read(bytes: &[u8], manifest: &Manifest) -> Result<Self, ContentsError> {
        Self::check_length(bytes.len() as u64)?;
        let contents: Self = serde_json::from_slice(bytes)
            .map_err(|error| ContentsError::Unread(error.to_string()))?;
        let listed = manifest.objects.len().saturating_sub(1);
        let found = contents.instances.len();
        if found != listed || found > OBJECTS_MAX {
            return Err(ContentsError::Disagrees(format!(
                "{found} instances, and {listed} objects"
            )));
        }
        if contents.study_digest() != manifest.study {
            return Err(ContentsError::Disagrees("another study".to_owned()));
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::fixtures::contents;
    use crate::parcel::fixtures::manifest;

    #[test]
    fn a_list_reads_back_beside_its_manifest() {
        let bytes = contents(2).to_bytes().unwrap();
        assert_eq!(Contents::read(&bytes, &manifest(2)), Ok(contents(2)));
    }

    #[test]
    fn a_list_beside_another_manifest_is_refused() {
        let bytes = contents(2).to_bytes().unwrap();
        let disagrees = |read| matches!(read, Err(ContentsError::Disagrees(_)));
        assert!(disagrees(Contents::read(&bytes, &manifest(3))));
        let mut other = manifest(2);
        other.study = Sha256::ZERO;
        assert!(disagrees(Contents::read(&bytes, &other)));
        let long = vec![b' '; CONTENTS_BYTES_MAX + 1];
        assert!(matches!(
            Contents::read(&long, &manifest(2)),
            Err(ContentsError::TooLong(_))
        ));
    }

    #[test]
    fn the_longest_list_is_read() {
        let most = u32::try_from(OBJECTS_MAX).unwrap();
        let mut contents = contents(most);
        for one in &mut contents.instances {
            let uid: Uid = format!("1.{}", "2".repeat(62)).parse().unwrap();
            one.sop_class = uid.clone();
            one.sop_instance = uid.clone();
            one.transfer_syntax = uid;
            one.bytes = u64::MAX >> 11;
        }
        assert!(contents.to_bytes().is_ok());
    }

    #[test]
    fn one_study_has_another_digest_in_every_parcel() {
        let other = Contents {
            salt: Sha256::ZERO,
            ..contents(1)
        };
        assert_ne!(other.study_digest(), contents(1).study_digest());
    }
}
