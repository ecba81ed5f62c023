//! Unique identifiers (PS3.5 §9.1).

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Characters in the longest UID.
const UID_CHARACTERS_MAX: usize = 64;

/// A UID: 1 to 64 digits and dots.
///
/// Component rules (no leading zeros) are not enforced: real archives hold UIDs that break them,
/// and such a UID still identifies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Box<str>);

/// Why a text is not a UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UidError {
    /// Nothing but padding.
    #[error("a UID has at least one character")]
    Empty,
    /// Longer than PS3.5 §9.1 allows.
    #[error("a UID has at most 64 characters, this one has {0}")]
    TooLong(usize),
    /// Neither digit nor dot.
    #[error("a UID has digits and dots only, this one has {0:#04x}")]
    Character(u8),
}

impl Uid {
    /// Reads the value of a UI element or item: trailing NUL and space padding is dropped.
    ///
    /// # Errors
    /// When the text is empty, too long, or holds anything but digits and dots.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UidError> {
        let mut trimmed = bytes;
        while let [rest @ .., 0 | b' '] = trimmed {
            trimmed = rest;
        }
        if trimmed.is_empty() {
            return Err(UidError::Empty);
        }
        if trimmed.len() > UID_CHARACTERS_MAX {
            return Err(UidError::TooLong(trimmed.len()));
        }
        let bad = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'.');
        if let Some(bad) = trimmed.iter().copied().find(bad) {
            return Err(UidError::Character(bad));
        }
        Ok(Self(trimmed.iter().copied().map(char::from).collect()))
    }

    /// The UID without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uid {
    type Err = UidError;

    fn from_str(text: &str) -> Result<Self, UidError> {
        Self::from_bytes(text.as_bytes())
    }
}

impl PartialEq<str> for Uid {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl std::borrow::Borrow<str> for Uid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({})", self.0)
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_not_part_of_a_uid() {
        assert_eq!(Uid::from_bytes(b"1.2.840\0").unwrap().as_str(), "1.2.840");
        assert_eq!(Uid::from_bytes(b"1.2 ").unwrap().as_str(), "1.2");
    }

    #[test]
    fn what_is_not_a_uid_is_refused() {
        assert_eq!(Uid::from_bytes(b"\0\0"), Err(UidError::Empty));
        assert_eq!("1.2/../3".parse::<Uid>(), Err(UidError::Character(b'/')));
        assert_eq!("1".repeat(65).parse::<Uid>(), Err(UidError::TooLong(65)));
    }
}
