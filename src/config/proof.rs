//! How users of peers prove who they are (PS3.7 §D.3.3.7).

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::secret::SecretFile;

/// `[identity]`: what passcodes and tokens of users are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The file of users and digests of their passcodes; `None`: passcodes prove nothing.
    pub passcodes: Option<SecretFile>,
    /// Whose tokens are believed; `None`: nobody's.
    pub tokens: Option<Tokens>,
    /// Passcodes that are verified at the same time; each takes a core and 19 MiB meanwhile.
    pub checks_max: usize,
    /// How long an association request waits for its passcode's turn.
    pub check_wait: Duration,
}

/// Which JSON Web Tokens (RFC 7519) are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The identity provider's public keys, a JSON Web Key Set (RFC 7517).
    pub jwks: PathBuf,
    /// What they must say.
    pub claims: TokenClaims,
}

/// What a JSON Web Token must say to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// Who issues them: the claim `iss`.
    pub issuer: ClaimText,
    /// For whom they are meant: one of the claim `aud`.
    pub audience: ClaimText,
    /// The claim that holds the user's name.
    pub user_claim: ClaimText,
    /// How far the clocks of the identity provider and of the gateway may differ.
    pub leeway: Duration,
    /// Length of a token, in bytes.
    pub bytes_max: usize,
}

/// The name or the exact value of a claim of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimText(Box<str>);

/// What a peer must say of its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserNeed {
    /// Nothing. What it says is verified all the same.
    #[default]
    None,
    /// A name.
    Name,
    /// A name with a passcode or a token that proves it.
    Proven,
}

/// What must prove a user for its `[[user]]` row to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProofNeed {
    /// Nothing: the peer's word is enough.
    None,
    /// A passcode or a token.
    #[default]
    Required,
}

/// Characters of the longest claim that is compared.
const CLAIM_CHARACTERS_MAX: usize = 255;

impl ClaimText {
    /// A text of ours.
    pub(super) fn literal(text: &'static str) -> Self {
        Self(text.into())
    }

    /// A text that is compared with a claim, if it can be one.
    pub fn of(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Identity {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
        let passcodes: Option<SecretFile> = section.optional("passcodes");
        let jwks: Option<PathBuf> = section.optional("jwks");
        let issuer = section.optional("issuer");
        let audience = section.optional("audience");
        let user_claim = section.optional("user_claim");
        let leeway = section.seconds("leeway_s", Duration::from_secs(30), 0..=300);
        let bytes_max = section.number("token_bytes_max", 16_384, 512..=65_535);
        for (key, is_there) in [
            ("issuer", issuer.is_some()),
            ("audience", audience.is_some()),
        ] {
            match (jwks.is_some(), is_there || section.has(key)) {
                (true, false) => section.fault(
                    key,
                    "is missing, and jwks is there",
                    "what the tokens name: without it, tokens for others would be believed",
                ),
                (false, true) if !section.has("jwks") => {
                    section.fault(key, "is there, and jwks is missing", "only beside jwks");
                }
                (true, true) | (false, _) => {}
            }
        }
        let tokens = jwks.zip(issuer).zip(audience);
        Self {
            passcodes: passcodes.map(|file| file.within(base_dir)),
            tokens: tokens.map(|((jwks, issuer), audience)| Tokens {
                jwks: base_dir.join(jwks),
                claims: TokenClaims {
                    issuer,
                    audience,
                    user_claim: user_claim.unwrap_or_else(|| ClaimText::literal("sub")),
                    leeway,
                    bytes_max,
                },
            }),
            checks_max: section.number("checks_max", 2, 1..=64),
            check_wait: section.seconds("check_wait_s", Duration::from_secs(4), 1..=30),
        }
    }

    /// Somebody can prove who they are.
    pub const fn proves(&self) -> bool {
        self.passcodes.is_some() || self.tokens.is_some()
    }

    /// What peers and rows of users need must be there: `needed` are the keys that need proof.
    pub(super) fn check(&self, needed: impl Iterator<Item = String>, reading: &mut Reading<'_>) {
        let told = reading.has("identity.passcodes") || reading.has("identity.jwks");
        if self.proves() || told {
            return;
        }
        for path in needed {
            reading.fault(
                &path,
                "needs proof, and [identity] has neither passcodes nor jwks",
                "`passcodes` or `jwks` in [identity], or no proof asked for here",
            );
        }
    }
}

impl Readable for ClaimText {
    const ALLOWED: &'static str = "1 to 255 characters on one line, compared exactly";

    fn read(text: &str) -> Result<Self, String> {
        let characters = text.chars().count();
        if !(1..=CLAIM_CHARACTERS_MAX).contains(&characters) {
            return Err(format!("has {characters} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character".to_owned());
        }
        Ok(Self(text.into()))
    }
}

impl Readable for UserNeed {
    const ALLOWED: &'static str = "none, name or proven";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "name" => Ok(Self::Name),
            "proven" => Ok(Self::Proven),
            _ => Err(format!(
                "{text:?} is nothing that a peer must say of its user"
            )),
        }
    }
}

impl Readable for ProofNeed {
    const ALLOWED: &'static str = "required or none";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "required" => Ok(Self::Required),
            "none" => Ok(Self::None),
            _ => Err(format!("{text:?} does not say whether proof is needed")),
        }
    }
}
