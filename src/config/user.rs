//! Users that peers name (PS3.7 §D.3.3.7), and what they ask for.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::config::PeerName;
use crate::config::ProofNeed;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::contract::Purpose;

/// Characters in the longest name of a user.
const NAME_CHARACTERS_MAX: usize = 64;

/// `[[user]]`: for what purpose this user of these peers asks, where the called AE title stands
/// for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name by which the peer names it.
    pub name: UserName,
    /// For what it asks.
    pub purpose: Purpose,
    /// Only as a user of these peers.
    pub peers: Vec<PeerName>,
    /// What must prove it, so that its purpose counts.
    pub proof: ProofNeed,
}

/// The name of a user, proven or not. 1 to 64 letters, digits, printable
/// ASCII characters and inner spaces: it is shown to people and kept in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Box<str>);

impl UserName {
    /// The name in these bytes, UTF-8 (PS3.7 §D.3.3.7.1), padding dropped; `None` for anything
    /// else than such a name.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(bytes).ok()?;
        Self::of(name.trim_matches([' ', '\0']))
    }

    fn of(name: &str) -> Option<Self> {
        let printable = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
        let characters = name.chars().count();
        let is_name = (1..=NAME_CHARACTERS_MAX).contains(&characters)
            && name.chars().all(printable)
            && name.trim() == name;
        is_name.then(|| Self(name.into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for UserName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::of(&text).ok_or_else(|| serde::de::Error::custom(NotAUserName))
    }
}

/// A text that is no name of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user's name is 1 to 64 letters, digits, printable ASCII characters and inner spaces")]
pub struct NotAUserName;

impl FromStr for UserName {
    type Err = NotAUserName;

    fn from_str(text: &str) -> Result<Self, NotAUserName> {
        Self::of(text).ok_or(NotAUserName)
    }
}

impl Readable for UserName {
    const ALLOWED: &'static str =
        "1 to 64 letters, digits, printable ASCII characters and inner spaces";

    fn read(text: &str) -> Result<Self, String> {
        Self::of(text).ok_or_else(|| format!("{text:?} is no name of a user"))
    }
}

impl User {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let name = section.required("name");
        let purpose = section.required("purpose");
        let peers = section.required_list("peers");
        let proof = section.optional("proof").unwrap_or_default();
        Some(Self {
            name: name?,
            purpose: purpose?,
            peers: peers?,
            proof,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_printable_or_it_is_none() {
        let name = |bytes: &[u8]| UserName::from_bytes(bytes).map(|name| name.to_string());
        assert_eq!(name(b"er-console").as_deref(), Some("er-console"));
        assert_eq!(name(b"er-console\0").as_deref(), Some("er-console"));
        assert_eq!(
            name("Jörg Müller ".as_bytes()).as_deref(),
            Some("Jörg Müller")
        );
        assert!(name("ä".repeat(64).as_bytes()).is_some());
        for bytes in [
            &b""[..],
            b" \0",
            b"a\nb",
            b"a\0b",
            b"\xE4rztin",
            "a\u{202E}b".as_bytes(),
            "a\u{2028}b".as_bytes(),
            "x".repeat(65).as_bytes(),
        ] {
            assert_eq!(name(bytes), None, "{bytes:?}");
        }
    }
}
