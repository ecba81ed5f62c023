//! The person on whose behalf a peer asks, and what proves it.

use serde::Deserialize;
use serde::Serialize;

/// Who asks, as a User Identity item says (PS3.7 §D.3.3.7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
    /// What proves it.
    pub proof: UserProof,
}

/// What proves that a user is who the peer says. It was checked when the association was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserProof {
    /// Nothing but the peer's word.
    None,
    /// A passcode that only the user knows.
    Passcode,
    /// A JSON Web Token (RFC 7519) of an identity provider that the site trusts.
    Token,
}

impl UserProof {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::None, Self::Passcode, Self::Token];

    /// The text form: in policies and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Passcode => "passcode",
            Self::Token => "token",
        }
    }
}

impl User {
    /// The name, where something proves it.
    pub fn proven(&self) -> Option<&str> {
        (self.proof != UserProof::None).then_some(self.name.as_str())
    }

    /// The name, where nothing but the peer's word speaks for it.
    pub fn claimed(&self) -> Option<&str> {
        (self.proof == UserProof::None).then_some(self.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_has_one_text_and_only_none_leaves_a_name_a_claim() {
        for proof in UserProof::ALL {
            let text = serde_json::to_value(proof).unwrap();
            assert_eq!(text, serde_json::Value::from(proof.as_str()));
            let user = User {
                name: "weber".to_owned(),
                proof,
            };
            assert_eq!(user.claimed().is_some(), proof == UserProof::None);
            assert_eq!(user.proven().is_none(), proof == UserProof::None);
        }
    }
}
