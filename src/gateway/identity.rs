//! Users: what a User Identity item (PS3.7 §D.3.3.7) is worth, before anything is asked for them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Gateway;
use super::inbound::Inbound;
use crate::association::AssociateRj;
use crate::association::UserIdentity;
use crate::config::Identity;
use crate::config::UserName;
use crate::config::UserNeed;
use crate::contract::Body;
use crate::contract::Purpose;
use crate::contract::User;
use crate::contract::UserProof;
use crate::identity::Passcode;
use crate::identity::Passcodes;
use crate::identity::PasscodesError;
use crate::identity::TokenFault;
use crate::identity::TokenKeys;
use crate::identity::TokenKeysError;
use crate::identity::verify_token;
use crate::time::UtcMicros;

/// Types of user identities (PS3.7 Table D.3-14).
const NAME: u8 = 1;
const NAME_AND_PASSCODE: u8 = 2;
const KERBEROS: u8 = 3;
const SAML: u8 = 4;
const TOKEN: u8 = 5;

/// Turns at verifying: passcodes are slow on purpose, so few are verified at the same time.
pub(super) struct Verifiers(Arc<Semaphore>);

impl Verifiers {
    pub(super) fn new(settings: &Identity) -> Self {
        Self(Arc::new(Semaphore::new(settings.checks_max)))
    }
}

/// What users are to be verified with cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file of passcodes.
    #[error("identity.passcodes: {0}")]
    Passcodes(#[from] PasscodesError),
    /// The key set.
    #[error("identity.jwks: {0}")]
    Keys(#[from] TokenKeysError),
}

/// Reads once what is read again at each question, so that a gateway does not start to reject everybody.
pub(super) fn check(settings: &Identity) -> Result<(), IdentityError> {
    if let Some(file) = &settings.passcodes {
        Passcodes::read(file)?;
    }
    if let Some(tokens) = &settings.tokens {
        TokenKeys::read(&tokens.jwks)?;
    }
    Ok(())
}

/// Why an association is rejected for its user. Says nothing of passcodes and tokens, and names
/// nobody who is not known: people type passcodes into the wrong field.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("names no user, or none that can be read, and has to")]
    Missing,
    #[error("names a user without the proof that it needs")]
    NotProven,
    #[error("gives a passcode that is not that of user {0}")]
    Passcode(UserName),
    #[error("gives a passcode of a user who is not in the file of passcodes")]
    Unknown,
    #[error("shows {0}")]
    Token(#[from] TokenFault),
    #[error("shows a token, and [identity] has no jwks")]
    NoKeys,
    #[error("shows a Kerberos ticket, which this gateway does not take")]
    Kerberos,
    #[error("shows a SAML assertion, which this gateway does not take")]
    Saml,
    #[error("could not be verified in time: more passcodes wait than `checks_max` can serve")]
    Busy,
    #[error("could not be verified: {0}")]
    Passcodes(#[from] PasscodesError),
    #[error("could not be verified: {0}")]
    Keys(#[from] TokenKeysError),
    #[error("could not be verified: the verification ended")]
    Ended,
}

impl Refused {
    /// Alerts of one kind are one to whoever reads them.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotProven => "not proven",
            Self::Passcode(_) | Self::Unknown => "passcode",
            Self::Token(_) | Self::NoKeys => "token",
            Self::Kerberos => "kerberos",
            Self::Saml => "saml",
            Self::Busy => "busy",
            Self::Passcodes(_) | Self::Keys(_) | Self::Ended => "not verified",
        }
    }

    /// What the requestor hears. A peer cannot tell a wrong passcode from an unknown user.
    const fn answer(&self) -> AssociateRj {
        match self {
            Self::Missing
            | Self::NotProven
            | Self::Passcode(_)
            | Self::Unknown
            | Self::Token(_)
            | Self::NoKeys
            | Self::Kerberos
            | Self::Saml => AssociateRj::USER_NOT_ACCEPTED,
            Self::Busy => AssociateRj::CONGESTION,
            Self::Passcodes(_) | Self::Keys(_) | Self::Ended => AssociateRj::TRANSIENT_NO_REASON,
        }
    }
}

/// What an identity came to.
struct Identified {
    user: Option<User>,
    /// It was taken as what it is, which the requestor may ask to be told.
    taken: bool,
}

impl Inbound {
    /// Finds out who the user is, and for what purpose they ask. The answer is the User Identity
    /// response item, where one was asked for and is due.
    ///
    /// # Errors
    /// The rejection to answer: what is said of the user is wrong, or not enough for this peer.
    pub(super) async fn identify(
        &mut self,
        gateway: &Gateway,
        identity: Option<UserIdentity>,
        from: SocketAddr,
    ) -> Result<Option<Vec<u8>>, AssociateRj> {
        let asks_for_response = identity
            .as_ref()
            .is_some_and(|identity| identity.response_requested);
        let identified = match self.identified(gateway, identity).await {
            Ok(identified) => identified,
            Err(refused) => return Err(self.refuse(gateway, &refused, from).await),
        };
        self.user = identified.user;
        self.tell_proven(gateway).await;
        let purpose = gateway
            .config
            .purpose(&self.called, self.user.as_ref(), &self.peer);
        self.purpose = purpose.unwrap_or(Purpose::Treatment);
        // Of length zero for names, passcodes and tokens (PS3.7 Table D.3-15).
        Ok((asks_for_response && identified.taken).then(Vec::new))
    }

    /// A user who proved who they are is in the ledger, whatever they ask for then.
    async fn tell_proven(&self, gateway: &Gateway) {
        let proven = self.user.as_ref().filter(|user| user.proven().is_some());
        if let Some(user) = proven {
            let body = Body::UserAuthenticated {
                user: user.clone(),
                institution: self.peer.institution.clone(),
                ae: self.peer.ae_title.clone(),
            };
            gateway.recorder.note(body).await;
        }
    }

    async fn identified(
        &self,
        gateway: &Gateway,
        identity: Option<UserIdentity>,
    ) -> Result<Identified, Refused> {
        let identified = match identity {
            Some(identity) => identify(gateway, identity).await?,
            None => Identified {
                user: None,
                taken: false,
            },
        };
        let user = identified.user.as_ref();
        match self.peer.user {
            UserNeed::None => {}
            UserNeed::Name if user.is_some() => {}
            UserNeed::Proven if user.is_some_and(|user| user.proven().is_some()) => {}
            UserNeed::Proven if user.is_some() => return Err(Refused::NotProven),
            UserNeed::Name | UserNeed::Proven => return Err(Refused::Missing),
        }
        Ok(identified)
    }

    /// Tells log and ledger, and gives the answer for the requestor.
    async fn refuse(&self, gateway: &Gateway, refused: &Refused, from: SocketAddr) -> AssociateRj {
        let peer = &self.peer.name;
        tracing::warn!(%peer, %from, reason = %refused, "user not accepted");
        let text = format!("peer {peer} at {} {refused}", from.ip().to_canonical());
        gateway.refuse_user(from, refused.kind(), text).await;
        refused.answer()
    }
}

/// Who it is that `identity` speaks of.
async fn identify(gateway: &Gateway, mut identity: UserIdentity) -> Result<Identified, Refused> {
    let primary = std::mem::take(&mut identity.primary);
    let name = || UserName::from_bytes(&primary);
    match identity.kind {
        NAME => Ok(claimed(name(), true)),
        NAME_AND_PASSCODE => {
            let Some(file) = gateway.config.identity.passcodes.clone() else {
                // PS3.15 §B.4: a passcode need not be verified. A response would say that it was.
                return Ok(claimed(name(), false));
            };
            let name = name();
            let passcode = Passcode::from_bytes(std::mem::take(&mut identity.secondary));
            let verify = move || {
                let passcodes = Passcodes::read(&file)?;
                if passcodes.verify(name.as_ref(), &passcode) {
                    return name.ok_or(Refused::Unknown);
                }
                let known = name.filter(|name| passcodes.has(name));
                Err(known.map_or(Refused::Unknown, Refused::Passcode))
            };
            let name = in_turn(gateway, verify).await?;
            Ok(proven(&name, UserProof::Passcode))
        }
        TOKEN => {
            let settings = gateway.config.identity.tokens.clone();
            let settings = settings.ok_or(Refused::NoKeys)?;
            let now: UtcMicros = gateway.clock.read().wall;
            let token = zeroize::Zeroizing::new(primary);
            let verify = move || {
                let keys = TokenKeys::read(&settings.jwks)?;
                Ok(verify_token(&token, &settings.claims, &keys, now)?)
            };
            let name = in_turn(gateway, verify).await?;
            Ok(proven(&name, UserProof::Token))
        }
        KERBEROS => Err(Refused::Kerberos),
        SAML => Err(Refused::Saml),
        // A type that the standard does not have is dropped where PDUs are read.
        _ => Err(Refused::Missing),
    }
}

/// A name that is not readable names nobody.
fn claimed(name: Option<UserName>, taken: bool) -> Identified {
    let user = name.map(|name| User {
        name: name.to_string(),
        proof: UserProof::None,
    });
    Identified {
        taken: taken && user.is_some(),
        user,
    }
}

fn proven(name: &UserName, proof: UserProof) -> Identified {
    Identified {
        user: Some(User {
            name: name.to_string(),
            proof,
        }),
        taken: true,
    }
}

/// Verifies on a thread that may block, when it is its turn.
async fn in_turn(
    gateway: &Gateway,
    verify: impl FnOnce() -> Result<UserName, Refused> + Send + 'static,
) -> Result<UserName, Refused> {
    let turns = Arc::clone(&gateway.verifiers.0);
    let wait = gateway.config.identity.check_wait;
    let turn = tokio::time::timeout(wait, turns.acquire_owned()).await;
    let turn = turn
        .map_err(|_| Refused::Busy)?
        .map_err(|_| Refused::Ended)?;
    let verified = tokio::task::spawn_blocking(move || {
        let verified = verify();
        // The turn is over when the work is, not when whoever waits for it has gone.
        drop(turn);
        verified
    });
    verified.await.map_err(|_| Refused::Ended)?
}
