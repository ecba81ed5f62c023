//! Tokens by which machines use the API on behalf of an account. The file keeps a digest, never the token.

use std::collections::BTreeSet;
use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use zeroize::Zeroizing;

use crate::config::UserName;
use crate::contract::Role;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// What every token begins with, so that scanners of code and logs know one when it leaks.
const PREFIX: &str = "credence_";
/// Random bytes in a token: nobody guesses one, so a digest without salt or cost is enough.
pub const TOKEN_BYTES: usize = 32;
/// Bytes of the number that a token is known by.
pub const TOKEN_ID_BYTES: usize = 8;

/// A token as it is said. It is told once, to who made it; nothing else shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(Zeroizing<String>);

/// By what a token is known: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(u64);

/// A text that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is known by 16 hexadecimal digits, in lower case")]
pub struct NotATokenId;

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiToken {
    /// By what it is known.
    pub id: TokenId,
    /// For people: which machine has it.
    pub name: UserName,
    /// Digest of its text.
    pub sha256: Sha256,
    /// What it may do, as far as its account may, too.
    pub roles: BTreeSet<Role>,
    /// When it was made.
    pub made: UtcMicros,
    /// Before when it counts; `None`: until it is revoked.
    pub until: Option<UtcMicros>,
}

impl TokenSecret {
    /// The token of these random bytes.
    pub fn of(random: &[u8; TOKEN_BYTES]) -> Self {
        let mut text = Zeroizing::new(PREFIX.to_owned());
        URL_SAFE_NO_PAD.encode_string(random, &mut text);
        Self(text)
    }

    /// The token that somebody says; `None` for what has not its form.
    pub fn said(text: &str) -> Option<Self> {
        let random = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let random = Zeroizing::new(random);
        (random.len() == TOKEN_BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub(super) fn digest(&self) -> Sha256 {
        Sha256::of(&[self.0.as_bytes()])
    }
}

impl Serialize for TokenSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TokenSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::said(&text).ok_or_else(|| serde::de::Error::custom("not a token of ours"))
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

impl TokenId {
    /// That of these random bytes.
    pub const fn of(random: [u8; TOKEN_ID_BYTES]) -> Self {
        Self(u64::from_be_bytes(random))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for TokenId {
    type Err = NotATokenId;

    fn from_str(text: &str) -> Result<Self, NotATokenId> {
        let id = u64::from_str_radix(text, 16).map_err(|_| NotATokenId)?;
        let id = Self(id);
        (id.to_string() == text).then_some(id).ok_or(NotATokenId)
    }
}

impl TryFrom<String> for TokenId {
    type Error = NotATokenId;

    fn try_from(text: String) -> Result<Self, NotATokenId> {
        text.parse()
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.to_string()
    }
}

impl ApiToken {
    /// What is to be kept of `secret`.
    pub fn new(
        id: TokenId,
        name: UserName,
        secret: &TokenSecret,
        roles: BTreeSet<Role>,
        (made, until): (UtcMicros, Option<UtcMicros>),
    ) -> Self {
        Self {
            id,
            name,
            sha256: secret.digest(),
            roles,
            made,
            until,
        }
    }

    /// Whether it counts at `now`.
    pub fn lasts(&self, now: UtcMicros) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether it has this digest. Takes as long whichever byte differs.
    pub(super) fn has(&self, digest: Sha256) -> bool {
        let pairs = self.sha256.as_bytes().iter().zip(digest.as_bytes());
        let differing = pairs.fold(0_u8, |differing, (ours, said)| {
            black_box(differing | (ours ^ said))
        });
        differing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_form_and_shows_itself_to_nobody() {
        let secret = TokenSecret::of(&[7; TOKEN_BYTES]);
        assert_eq!(secret.as_str().len(), PREFIX.len() + 43);
        assert_eq!(format!("{secret:?}"), "TokenSecret(..)");
        assert_eq!(TokenSecret::said(secret.as_str()), Some(secret.clone()));
        let text = secret.as_str();
        let (short, _) = text.split_at(text.len() - 1);
        let (_, late) = text.split_at(1);
        for wrong in ["", PREFIX, short, late, &format!("{text}A")] {
            assert_eq!(TokenSecret::said(wrong), None, "{wrong}");
        }
        // The last digit holds four bits: another text of the same bytes is none.
        assert!(TokenSecret::said(&format!("{short}d")).is_none());
    }

    #[test]
    fn a_token_is_known_by_sixteen_digits() {
        let id = TokenId::of([0, 1, 2, 3, 4, 5, 6, 0xab]);
        assert_eq!(id.to_string(), "00010203040506ab");
        assert_eq!("00010203040506ab".parse(), Ok(id));
        for wrong in ["", "1", "00010203040506AB", "+0010203040506ab"] {
            assert_eq!(wrong.parse::<TokenId>(), Err(NotATokenId));
        }
    }

    #[test]
    fn every_byte_of_a_digest_counts() {
        let secret = TokenSecret::of(&[7; TOKEN_BYTES]);
        let token = ApiToken {
            id: TokenId::of([0; TOKEN_ID_BYTES]),
            name: "nightly".parse().unwrap(),
            sha256: secret.digest(),
            roles: BTreeSet::new(),
            made: UtcMicros(0),
            until: Some(UtcMicros(10)),
        };
        assert!(token.has(secret.digest()));
        for place in 0..32 {
            let mut bytes = *secret.digest().as_bytes();
            bytes[place] ^= 1;
            assert!(!token.has(Sha256::from_bytes(bytes)), "{place}");
        }
        assert!(token.lasts(UtcMicros(9)) && !token.lasts(UtcMicros(10)));
    }
}
