//! The first account: whoever started the gateway gets a link, once, by which it is made. There is no passcode that
//! is the same everywhere.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::sessions::random_token;
use crate::digest::Sha256;
use crate::storage::KeysError;

/// How long the link counts, in microseconds. A restart prints another one.
const LASTS_US: u64 = 3_600_000_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct SetUp(Mutex<Option<Link>>);

#[derive(Clone, Copy, Debug)]
struct Link {
    token: Sha256,
    until_us: u64,
}

impl SetUp {
    /// Makes a link's secret part; an older one counts no more.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn make(&self, now_us: u64) -> Result<String, KeysError> {
        let token = random_token()?;
        let link = Link {
            token: Sha256::of(&[token.as_bytes()]),
            until_us: now_us.saturating_add(LASTS_US),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        Ok(token)
    }

    /// Whether the link counts.
    pub(super) fn counts(&self, token: &str, now_us: u64) -> bool {
        let link = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Digests are compared: what takes longer tells nothing of the token.
        let digest = Sha256::of(&[token.as_bytes()]);
        link.is_some_and(|link| link.token == digest && now_us < link.until_us)
    }

    /// It was used.
    pub(super) fn spend(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_once_and_for_an_hour() {
        let set_up = SetUp::default();
        assert!(!set_up.counts("", 0));
        let first = set_up.make(0).unwrap();
        let second = set_up.make(5).unwrap();
        assert!(!set_up.counts(&first, 6), "another was made");
        assert!(set_up.counts(&second, 6));
        assert!(!set_up.counts(&second, LASTS_US + 5));
        set_up.spend();
        assert!(!set_up.counts(&second, 6));
    }
}
