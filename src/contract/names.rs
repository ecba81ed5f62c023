//! Names that the contract uses: institutions, patients without their identity, consents.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Characters in the longest institution slug.
const SLUG_CHARACTERS_MAX: usize = 40;

/// The short name of an institution (a legal entity): 1 to 40 of `a` to `z`, `0` to `9`, `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstitutionSlug(Box<str>);

/// Why a text is not an institution slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Empty, or longer than 40 characters.
    #[error("an institution slug has 1 to 40 characters, this one has {0}")]
    Length(usize),
    /// Something else than a lower-case letter, a digit or a hyphen.
    #[error("an institution slug has only a-z, 0-9 and '-', this one has {0:?}")]
    Character(char),
}

impl InstitutionSlug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstitutionSlug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let bad = |c: &char| !matches!(c, 'a'..='z' | '0'..='9' | '-');
        if let Some(bad) = text.chars().find(bad) {
            return Err(SlugError::Character(bad));
        }
        if text.is_empty() || text.len() > SLUG_CHARACTERS_MAX {
            return Err(SlugError::Length(text.len()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for InstitutionSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstitutionSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstitutionSlug({})", self.0)
    }
}

impl Serialize for InstitutionSlug {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for InstitutionSlug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A patient in the ledger's public part: 128 random bits, 32 lower-case hexadecimal digits as
/// text. Only the keyring knows whose they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 16]);

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pseudonym is written as 32 lower-case hexadecimal digits")]
pub struct NotAPseudonym;

impl Pseudonym {
    /// The pseudonym of these random bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for Pseudonym {
    type Err = NotAPseudonym;

    fn from_str(text: &str) -> Result<Self, NotAPseudonym> {
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(lower_hex) {
            return Err(NotAPseudonym);
        }
        match u128::from_str_radix(text, 16) {
            Ok(bits) => Ok(Self(bits.to_be_bytes())),
            Err(_) => Err(NotAPseudonym),
        }
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonym({self})")
    }
}

impl Serialize for Pseudonym {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pseudonym {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A consent, named by the sequence number of the ledger entry that recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsentId(pub u64);

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for ConsentId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_and_lower_case() {
        assert_eq!(
            "st-anna".parse::<InstitutionSlug>().unwrap().as_str(),
            "st-anna"
        );
        assert_eq!(
            "St-Anna".parse::<InstitutionSlug>(),
            Err(SlugError::Character('S'))
        );
        assert_eq!("".parse::<InstitutionSlug>(), Err(SlugError::Length(0)));
        assert_eq!(
            "a".repeat(41).parse::<InstitutionSlug>(),
            Err(SlugError::Length(41))
        );
    }

    #[test]
    fn a_pseudonym_has_one_text_only() {
        let text = "00ff00000000000000000000000000a1";
        let pseudonym: Pseudonym = text.parse().unwrap();
        assert_eq!(pseudonym.to_string(), text);
        assert_eq!(text.to_uppercase().parse::<Pseudonym>(), Err(NotAPseudonym));
        assert_eq!(
            "+0ff00000000000000000000000000a1".parse::<Pseudonym>(),
            Err(NotAPseudonym)
        );
    }
}
