//! A passcode, and what is kept of it: a digest by Argon2id (RFC 9106).

use std::fmt;

use argon2::Argon2;
use argon2::Params;
use argon2::PasswordHash;
use argon2::PasswordHasher as _;
use argon2::PasswordVerifier as _;
use argon2::password_hash::SaltString;
use argon2::password_hash::rand_core::OsRng;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

/// Characters of the shortest passcode that is taken up; it is said over the network, where nobody
/// counts how often one may guess.
pub const PASSCODE_CHARACTERS_MIN: usize = 12;

/// Bytes of the longest passcode.
pub const PASSCODE_BYTES_MAX: usize = 1024;

/// Cost of a digest that is made here: 19 MiB, two passes, one lane, as OWASP advises.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Most that a digest from a file may cost, so that the file cannot make the gateway heavy.
const MEMORY_KIB_MAX: u32 = 65_536;
const PASSES_MAX: u32 = 8;
const LANES_MAX: u32 = 4;

/// Bytes of the shortest digest that is believed.
const DIGEST_BYTES_MIN: usize = 16;

/// A passcode as its user says it. It is wiped when it is dropped, and nothing shows it.
pub struct Passcode(Zeroizing<Vec<u8>>);

/// Why a passcode is not taken up, or a digest not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasscodeFault {
    /// Too short.
    #[error("a passcode has at least {PASSCODE_CHARACTERS_MIN} characters")]
    Short,
    /// Too long.
    #[error("a passcode has at most {PASSCODE_BYTES_MAX} bytes")]
    Long,
    /// Not text.
    #[error("a passcode is text in UTF-8, on one line")]
    NotText,
    /// Not a digest of ours.
    #[error("not a digest by Argon2id, version 19, as `credence user passcode` writes it")]
    NotADigest,
    /// It would cost too much to verify.
    #[error(
        "a digest that costs more than m={MEMORY_KIB_MAX}, t={PASSES_MAX}, p={LANES_MAX} to verify"
    )]
    Costly,
    /// The system gives no memory or no random numbers.
    #[error("no digest could be made")]
    Failed,
}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passcode(..)")
    }
}

impl Passcode {
    /// The passcode in these bytes, as a peer sends them.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The digest to keep of it.
    ///
    /// # Errors
    /// When it is too short, too long or no text, or the system fails.
    pub fn digest(&self) -> Result<Digest, PasscodeFault> {
        let text = std::str::from_utf8(&self.0).map_err(|_| PasscodeFault::NotText)?;
        if text.chars().any(char::is_control) {
            return Err(PasscodeFault::NotText);
        }
        if text.chars().count() < PASSCODE_CHARACTERS_MIN {
            return Err(PasscodeFault::Short);
        }
        if text.len() > PASSCODE_BYTES_MAX {
            return Err(PasscodeFault::Long);
        }
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
        let params = params.map_err(|_| PasscodeFault::Failed)?;
        let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let salt = SaltString::generate(&mut OsRng);
        let digest = argon2.hash_password(text.as_bytes(), &salt);
        let digest = digest.map_err(|_| PasscodeFault::Failed)?;
        Ok(Digest(digest.to_string()))
    }
}

/// What is kept of a passcode: a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$digest`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl TryFrom<String> for Digest {
    type Error = PasscodeFault;

    fn try_from(text: String) -> Result<Self, PasscodeFault> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl Digest {
    /// Reads a digest.
    pub(super) fn parse(text: &str) -> Result<Self, PasscodeFault> {
        let digest = PasswordHash::new(text).map_err(|_| PasscodeFault::NotADigest)?;
        let sound = digest.algorithm == argon2::Algorithm::Argon2id.ident()
            && digest.version == Some(argon2::Version::V0x13.into())
            && digest.salt.is_some()
            && digest
                .hash
                .is_some_and(|hash| hash.len() >= DIGEST_BYTES_MIN);
        if !sound {
            return Err(PasscodeFault::NotADigest);
        }
        let params = Params::try_from(&digest).map_err(|_| PasscodeFault::NotADigest)?;
        let cheap = params.m_cost() <= MEMORY_KIB_MAX
            && params.t_cost() <= PASSES_MAX
            && params.p_cost() <= LANES_MAX;
        if !cheap {
            return Err(PasscodeFault::Costly);
        }
        Ok(Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is of this passcode. Takes tens of milliseconds and the memory that the digest says.
    pub(super) fn is_of(&self, passcode: &Passcode) -> bool {
        let Ok(digest) = PasswordHash::new(&self.0) else {
            return false;
        };
        let bytes: &[u8] = &passcode.0;
        // One that is too long is compared as an empty one, which is nobody's: that takes as long.
        let bytes = if bytes.len() <= PASSCODE_BYTES_MAX {
            bytes
        } else {
            &[]
        };
        Argon2::default().verify_password(bytes, &digest).is_ok()
    }

    /// A digest of nothing that anybody knows, which costs as much as one that is made here.
    pub(super) fn of_nobody() -> Self {
        let salt = "bm9ib2R5bm9ib2R5bm9ibw";
        let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        Self(format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passcode(text: &str) -> Passcode {
        Passcode::from_bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn a_digest_knows_its_passcode_and_no_other() {
        let digest = passcode("correct horse").digest().unwrap();
        let digest = Digest::parse(digest.as_str()).unwrap();
        assert!(digest.is_of(&passcode("correct horse")));
        for wrong in ["correct hors", "correct horse ", "Correct horse", ""] {
            assert!(!digest.is_of(&passcode(wrong)), "{wrong:?}");
        }
        assert!(!digest.is_of(&passcode(&"x".repeat(PASSCODE_BYTES_MAX + 1))));
        assert_ne!(
            digest,
            passcode("correct horse").digest().unwrap(),
            "salted"
        );
    }

    #[test]
    fn what_is_no_passcode_is_not_taken_up() {
        let fault = |text: &str| passcode(text).digest().unwrap_err();
        assert_eq!(fault("elevenchars"), PasscodeFault::Short);
        assert_eq!(
            fault(&"x".repeat(PASSCODE_BYTES_MAX + 1)),
            PasscodeFault::Long
        );
        assert_eq!(fault("two\nlines of text"), PasscodeFault::NotText);
        let bytes = Passcode::from_bytes(vec![0xff; 20]);
        assert_eq!(bytes.digest().unwrap_err(), PasscodeFault::NotText);
    }

    #[test]
    fn a_digest_of_another_kind_or_cost_is_refused() {
        let ours = Digest::of_nobody().0;
        assert!(Digest::parse(&ours).is_ok());
        for (from, to, fault) in [
            ("argon2id", "argon2i", PasscodeFault::NotADigest),
            ("v=19", "v=16", PasscodeFault::NotADigest),
            ("m=19456", "m=65537", PasscodeFault::Costly),
            ("t=2", "t=9", PasscodeFault::Costly),
            ("p=1", "p=5", PasscodeFault::Costly),
            ("$AAAA", "", PasscodeFault::NotADigest),
        ] {
            let text = ours.replacen(from, to, 1);
            assert_eq!(Digest::parse(&text), Err(fault), "{text}");
        }
        assert_eq!(Digest::parse("secret"), Err(PasscodeFault::NotADigest));
    }

    #[test]
    fn nobody_has_a_passcode() {
        for text in ["", "nobody", "nobodynobodynobody"] {
            assert!(!Digest::of_nobody().is_of(&passcode(text)));
        }
    }

    #[test]
    fn debug_output_shows_no_passcode() {
        assert_eq!(format!("{:?}", passcode("correct horse")), "Passcode(..)");
        assert_eq!(format!("{:?}", Digest::of_nobody()), "Digest(..)");
    }
}
