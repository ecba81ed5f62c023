//! The user information of A-ASSOCIATE PDUs (PS3.7 Annex D.3.3, PS3.8 Annex D.1).

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroize as _;

use crate::dicom::Uid;

/// Names this implementation, in every version of it (PS3.7 §D.3.3.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.233003143479224922984741104013404865912";

/// Names this version (PS3.7 §D.3.3.2), at most 16 characters.
pub const IMPLEMENTATION_VERSION: &str = "CREDENCE_0_1";

/// Maximum length assumed of a peer that names none, in bytes. The item is mandatory, so such a
/// peer is old: this is what all are known to take.
pub(super) const MAX_LENGTH_UNSAID_BYTES: u32 = 16_384;

/// What two peers tell each other beside presentation contexts.
///
/// The asynchronous operations window (53H) is missing on purpose: it is neither proposed nor
/// answered, and without it both sides wait for each response (PS3.7 §D.3.3.3).
#[derive(Clone, PartialEq, Eq)]
pub struct UserInformation {
    /// The longest P-DATA-TF that the sender of this takes, in bytes, PDV item headers included
    /// and the PDU header not; 0 is unlimited (PS3.8 §D.1).
    pub max_length: u32,
    /// Implementation class UID, when there is a readable one.
    pub implementation_class_uid: Option<Uid>,
    /// Implementation version name, when there is a readable one.
    pub implementation_version: Option<String>,
    /// SCP/SCU role selection per SOP class (PS3.7 §D.3.3.4).
    pub roles: BTreeMap<Uid, Roles>,
    /// SOP class extended negotiation: application information per SOP class (PS3.7 §D.3.3.5).
    pub extended: BTreeMap<Uid, Vec<u8>>,
    /// SOP class common extended negotiation items (57H) as they came (PS3.7 §D.3.3.6).
    pub common_extended: Vec<Vec<u8>>,
    /// Identity of the requestor's user (PS3.7 §D.3.3.7).
    pub user_identity: Option<UserIdentity>,
    /// The acceptor's answer to an identity for which a response was requested.
    pub user_identity_response: Option<Vec<u8>>,
}

/// Roles of the association's requestor for one SOP class: proposed, or granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// It acts as service class user.
    pub scu: bool,
    /// It acts as service class provider.
    pub scp: bool,
}

/// Identity of a user. Passwords, tickets and tokens are in it: its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// 1 name, 2 name and passcode, 3 Kerberos ticket, 4 SAML assertion, 5 JSON web token.
    pub kind: u8,
    /// The requestor wants the acceptor to say that it took the identity.
    pub response_requested: bool,
    /// Name, ticket, assertion or token.
    pub primary: Vec<u8>,
    /// Passcode, for kind 2.
    pub secondary: Vec<u8>,
}

impl UserInformation {
    /// What we say of ourselves, with `max_length` bytes as the longest P-DATA-TF that we take.
    pub fn ours(max_length: u32) -> Self {
        Self {
            max_length,
            implementation_class_uid: IMPLEMENTATION_CLASS_UID.parse().ok(),
            implementation_version: Some(IMPLEMENTATION_VERSION.to_owned()),
            ..Self::silent()
        }
    }

    /// What a peer has said that said nothing.
    pub(super) const fn silent() -> Self {
        Self {
            max_length: MAX_LENGTH_UNSAID_BYTES,
            implementation_class_uid: None,
            implementation_version: None,
            roles: BTreeMap::new(),
            extended: BTreeMap::new(),
            common_extended: Vec::new(),
            user_identity: None,
            user_identity_response: None,
        }
    }
}

impl fmt::Debug for UserInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInformation")
            .field("max_length", &self.max_length)
            .field("implementation_class_uid", &self.implementation_class_uid)
            .field("implementation_version", &self.implementation_version)
            .field("roles", &self.roles)
            .field("extended", &self.extended)
            .field("common_extended", &self.common_extended)
            .field("user_identity", &self.user_identity)
            // The response may be a ticket or a token.
            .field(
                "user_identity_response_bytes",
                &self.user_identity_response.as_ref().map(Vec::len),
            )
            .finish()
    }
}

/// Every copy is wiped when it goes.
impl Drop for UserIdentity {
    fn drop(&mut self) {
        self.primary.zeroize();
        self.secondary.zeroize();
    }
}

impl fmt::Debug for UserIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserIdentity")
            .field("kind", &self.kind)
            .field("response_requested", &self.response_requested)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_identity() {
        let mut user = UserInformation::ours(16_384);
        user.user_identity = Some(UserIdentity {
            kind: 2,
            response_requested: true,
            primary: b"alice".to_vec(),
            secondary: b"secret".to_vec(),
        });
        user.user_identity_response = Some(b"ticket".to_vec());
        let shown = format!("{user:?}");
        for hidden in [&b"alice"[..], b"secret", b"ticket"] {
            let text = String::from_utf8_lossy(hidden);
            assert!(!shown.contains(&*text), "{shown}");
            assert!(!shown.contains(&format!("{hidden:?}")), "{shown}");
        }
        assert!(shown.contains("kind: 2"));
    }

    #[test]
    fn our_names_are_legal() {
        let ours = UserInformation::ours(1);
        assert!(ours.implementation_class_uid.is_some());
        assert!(IMPLEMENTATION_VERSION.len() <= 16);
    }
}
