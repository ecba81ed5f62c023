//! Sign-ins that are at the provider: pure, times are arguments.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::admin::sessions::random_token;
use crate::digest::Sha256;
use crate::storage::KeysError;

/// How long somebody may take at the provider, in seconds.
pub(in crate::admin) const LASTS_S: u64 = 600;
const LASTS_US: u64 = LASTS_S * 1_000_000;
/// Sign-ins under way; one more ends the oldest.
const PENDING_MAX: usize = 1_024;

/// See the module. By the digest of `state`.
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<Sha256, Waiting>);

/// One that is waited for.
#[derive(Debug)]
pub(super) struct Waiting {
    cookie: Sha256,
    until_us: u64,
    /// What the ID token must repeat.
    pub(super) nonce: String,
    /// What proves to the provider that who exchanges the code is who asked for it.
    pub(super) verifier: String,
    /// Where they wanted to go.
    pub(super) to: String,
}

/// What is told of one that begins.
#[derive(Debug)]
pub(super) struct Begun {
    /// To the provider, which sends it back.
    pub(super) state: String,
    /// To the provider, which puts it into the ID token.
    pub(super) nonce: String,
    /// To the provider: the verifier's digest (RFC 7636 §4.2).
    pub(super) challenge: String,
    /// To the browser.
    pub(super) cookie: String,
}

impl Pending {
    /// Begins one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn begin(&mut self, to: &str, now_us: u64) -> Result<Begun, KeysError> {
        let (state, nonce) = (random_token()?, random_token()?);
        let (verifier, cookie) = (random_token()?, random_token()?);
        self.0.retain(|_, waiting| now_us < waiting.until_us);
        if self.0.len() >= PENDING_MAX {
            let oldest = self.0.iter().min_by_key(|(_, waiting)| waiting.until_us);
            if let Some(oldest) = oldest.map(|(state, _)| *state) {
                self.0.remove(&oldest);
            }
        }
        let challenge = Sha256::of(&[verifier.as_bytes()]);
        let waiting = Waiting {
            cookie: digest(&cookie),
            until_us: now_us.saturating_add(LASTS_US),
            nonce: nonce.clone(),
            verifier,
            to: to.to_owned(),
        };
        self.0.insert(digest(&state), waiting);
        Ok(Begun {
            state,
            nonce,
            challenge: BASE64_URL_SAFE_NO_PAD.encode(challenge.as_bytes()),
            cookie,
        })
    }

    /// The one of this state, which is not waited for any more, if it is this browser's and not too late.
    pub(super) fn take(&mut self, state: &str, cookie: &str, now_us: u64) -> Option<Waiting> {
        let waiting = self.0.remove(&digest(state))?;
        // Digests are compared: what takes longer tells nothing of the cookie.
        (waiting.cookie == digest(cookie) && now_us < waiting.until_us).then_some(waiting)
    }
}

fn digest(text: &str) -> Sha256 {
    Sha256::of(&[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_of_one_browser_once_and_in_time() {
        let mut pending = Pending::default();
        let begun = pending.begin("/peers", 0).unwrap();
        let waiting = pending.take(&begun.state, &begun.cookie, 5).unwrap();
        assert_eq!(
            (waiting.to.as_str(), &waiting.nonce),
            ("/peers", &begun.nonce)
        );
        assert!(
            pending.take(&begun.state, &begun.cookie, 5).is_none(),
            "replayed"
        );
        let begun = pending.begin("/", 0).unwrap();
        let other = pending.begin("/", 0).unwrap();
        assert!(
            pending.take(&begun.state, &other.cookie, 5).is_none(),
            "another browser"
        );
        assert!(
            pending
                .take(&other.state, &other.cookie, LASTS_US)
                .is_none(),
            "late"
        );
        assert!(pending.take("", "", 0).is_none());
    }

    #[test]
    fn the_challenge_is_the_verifiers_digest() {
        let mut pending = Pending::default();
        let begun = pending.begin("/", 0).unwrap();
        let waiting = pending.take(&begun.state, &begun.cookie, 0).unwrap();
        let digest = Sha256::of(&[waiting.verifier.as_bytes()]);
        let digest = BASE64_URL_SAFE_NO_PAD.encode(digest.as_bytes());
        assert_eq!(begun.challenge, digest);
        // RFC 7636 §4.1.
        assert!((43..=128).contains(&waiting.verifier.len()));
    }

    #[test]
    fn what_is_under_way_is_bounded() {
        let mut pending = Pending::default();
        let first = pending.begin("/", 0).unwrap();
        for now_us in 1..=PENDING_MAX as u64 {
            pending.begin("/", now_us).unwrap();
        }
        assert_eq!(pending.0.len(), PENDING_MAX);
        assert!(pending.take(&first.state, &first.cookie, 9).is_none());
        pending.begin("/", LASTS_US * 2).unwrap();
        assert_eq!(pending.0.len(), 1, "those that are late go");
    }
}
