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
        link.is_some_and(|link| link.is_of(token, now_us))
    }

    /// Takes the link, where it counts: it counts for nobody else meanwhile.
    pub(super) fn taken(&self, token: &str, now_us: u64) -> Option<Taken<'_>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let link = kept.take_if(|link| link.is_of(token, now_us))?;
        Some(Taken {
            set_up: self,
            link: Some(link),
        })
    }
}

impl Link {
    /// Digests are compared: what takes longer tells nothing of the token.
    fn is_of(self, token: &str, now_us: u64) -> bool {
        self.token == Sha256::of(&[token.as_bytes()]) && now_us < self.until_us
    }
}

/// The link, while somebody uses it. Dropped before it is spent, it counts again.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    set_up: &'a SetUp,
    link: Option<Link>,
}

impl Taken<'_> {
    /// It has made its account.
    pub(super) const fn spend(&mut self) {
        self.link = None;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            let mut kept = self.set_up.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get_or_insert(link);
        }
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
        let taken = set_up.taken(&second, 6).unwrap();
        assert!(!set_up.counts(&second, 6) && set_up.taken(&second, 6).is_none());
        drop(taken);
        let mut taken = set_up.taken(&second, 6).unwrap();
        taken.spend();
        drop(taken);
        assert!(!set_up.counts(&second, 6));
    }
}
