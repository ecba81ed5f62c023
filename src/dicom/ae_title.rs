//! AE titles (PS3.5 §6.2, VR AE; PS3.8 §9.3.2).

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Bytes in an AE title field of an A-ASSOCIATE PDU, padding included.
const AE_TITLE_BYTES: usize = 16;

/// An AE title: 1 to 16 characters of the ISO 646 basic set, without backslash and controls.
///
/// Outer spaces are not significant and are trimmed; case is significant. It may hold `/` and
/// `..`, so it never becomes part of a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AeTitle(String);

/// Why a text is not an AE title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AeTitleError {
    /// Nothing but spaces: "no Application Name specified", which PS3.8 §9.3.2 forbids to use.
    #[error("an AE title has at least one character that is not a space")]
    Empty,
    /// Longer than the field.
    #[error("an AE title has at most 16 characters, this one has {0}")]
    TooLong(usize),
    /// A control character, a backslash, or a byte outside ISO 646.
    #[error(
        "an AE title has no control characters, backslashes or non-ASCII bytes, this one has {0:#04x}"
    )]
    Character(u8),
}

impl AeTitle {
    /// Reads the field of an A-ASSOCIATE PDU, or the value of an AE element.
    ///
    /// # Errors
    /// When the trimmed text is empty, too long, or holds a forbidden byte.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AeTitleError> {
        let trimmed = bytes.trim_ascii();
        if let Some(bad) = trimmed
            .iter()
            .copied()
            .find(|byte| !matches!(byte, 0x20..=0x7e) || *byte == b'\\')
        {
            return Err(AeTitleError::Character(bad));
        }
        if trimmed.is_empty() {
            return Err(AeTitleError::Empty);
        }
        if trimmed.len() > AE_TITLE_BYTES {
            return Err(AeTitleError::TooLong(trimmed.len()));
        }
        Ok(Self(trimmed.iter().copied().map(char::from).collect()))
    }

    /// The field of an A-ASSOCIATE PDU: padded with spaces (PS3.8 §9.3.2).
    pub fn padded(&self) -> [u8; AE_TITLE_BYTES] {
        let mut field = [b' '; AE_TITLE_BYTES];
        for (to, from) in field.iter_mut().zip(self.0.bytes()) {
            *to = from;
        }
        field
    }

    /// The title without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AeTitle {
    type Err = AeTitleError;

    fn from_str(text: &str) -> Result<Self, AeTitleError> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AeTitle({})", self.0)
    }
}

impl Serialize for AeTitle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AeTitle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_spaces_do_not_count_and_case_does() {
        let padded = AeTitle::from_bytes(b"  My PACS        ").unwrap();
        assert_eq!(padded.as_str(), "My PACS");
        assert_eq!(&padded.padded(), b"My PACS         ");
        assert_ne!("pacs".parse::<AeTitle>(), "PACS".parse::<AeTitle>());
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        assert_eq!("   ".parse::<AeTitle>(), Err(AeTitleError::Empty));
        assert_eq!(
            "A\\B".parse::<AeTitle>(),
            Err(AeTitleError::Character(b'\\'))
        );
        assert_eq!(
            AeTitle::from_bytes(b"A\0B"),
            Err(AeTitleError::Character(0))
        );
        assert_eq!(
            AeTitle::from_bytes(b"A\xc3\xa9"),
            Err(AeTitleError::Character(0xc3))
        );
        assert_eq!(
            "12345678901234567".parse::<AeTitle>(),
            Err(AeTitleError::TooLong(17))
        );
    }

    #[test]
    fn slashes_and_dots_are_legal() {
        assert_eq!(
            "../etc/passwd".parse::<AeTitle>().unwrap().as_str(),
            "../etc/passwd"
        );
    }
}
