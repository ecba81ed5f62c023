//! Sessions of browsers: kept here, in memory, and named by a cookie that says nothing by itself. A restart ends all
//! of them.

use super::signing_in::Theirs;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::contract::SignOutEnd;
use crate::digest::Sha256;
use crate::gateway::control::PatientName;
use crate::storage::KeysError;
use crate::storage::random_bytes;

/// How long a session lasts, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Without a request, in microseconds.
    pub(super) idle_us: u64,
    /// In any case, in microseconds.
    pub(super) whole_us: u64,
    /// At the same time.
    pub(super) max: usize,
}

/// One who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The account.
    pub(super) account: String,
    /// Its last change when they proved that it is theirs: an account that was changed later has to sign in again.
    pub(super) changed: u64,
    /// What its forms must show.
    pub(super) csrf: String,
    /// Whom the desk serves now. It is gone with the session.
    patient: Option<PatientName>,
    /// How many it has served so far.
    turn: u64,
    /// From where it began, where that is known.
    pub(super) from: Option<IpAddr>,
    /// When it began.
    pub(super) begun_us: u64,
    /// When it was last used.
    pub(super) seen_us: u64,
}

/// Whom a desk serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    /// Who it is.
    pub(super) patient: PatientName,
    /// Forms show it: one that was opened for somebody else counts no more.
    pub(super) turn: u64,
}

/// See the module. Times are monotonic.
#[derive(Debug)]
pub(super) struct Sessions {
    terms: Terms,
    /// By the digest of the cookie: who reads the memory of a core file has no cookie.
    open: Mutex<HashMap<Sha256, Session>>,
}

/// Whether a request tells that somebody sits before the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// They clicked, or typed.
    Somebody,
    /// A page that is open asked by itself.
    Nobody,
}

/// A session that ended, and why.
pub(super) type Ended = (String, SignOutEnd);

impl Sessions {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            open: Mutex::default(),
        }
    }

    /// Begins one; its cookie, and whose session ended for it, if one did.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn begin(
        &self,
        theirs: &Theirs,
        from: Option<IpAddr>,
        now_us: u64,
    ) -> Result<(String, Option<Ended>), KeysError> {
        let (cookie, csrf) = (random_token()?, random_token()?);
        let mut open = self.lock();
        let mut ended = None;
        if open.len() >= self.terms.max {
            let silent = open.iter().min_by_key(|(_, session)| session.seen_us);
            let silent = silent.map(|(key, _)| *key);
            let removed = silent.and_then(|key| open.remove(&key));
            ended = removed.map(|session| (session.account, SignOutEnd::Idle));
        }
        let session = Session {
            account: theirs.account.to_string(),
            changed: theirs.changed,
            csrf,
            patient: None,
            turn: 0,
            from,
            begun_us: now_us,
            seen_us: now_us,
        };
        open.insert(key_of(&cookie), session);
        Ok((cookie, ended))
    }

    /// The session of a cookie, if it lasts. It lasts longer where somebody was seen.
    pub(super) fn find(&self, cookie: &str, seen: Seen, now_us: u64) -> Option<Session> {
        let mut open = self.lock();
        let session = open.get_mut(&key_of(cookie))?;
        self.terms.end(session, now_us).is_none().then(|| {
            if seen == Seen::Somebody {
                session.seen_us = now_us;
            }
            session.clone()
        })
    }

    /// Whom the desk serves in the session of a cookie.
    pub(super) fn served(&self, cookie: &str) -> Option<Served> {
        let open = self.lock();
        let session = open.get(&key_of(cookie))?;
        Some(Served {
            patient: session.patient.clone()?,
            turn: session.turn,
        })
    }

    /// From now on it serves `patient`, and nobody before; whether there is such a session.
    pub(super) fn serve(&self, cookie: &str, patient: Option<PatientName>) -> bool {
        let mut open = self.lock();
        let session = open.get_mut(&key_of(cookie));
        let serves = session.map(|session| {
            session.patient = patient;
            session.turn = session.turn.saturating_add(1);
        });
        serves.is_some()
    }

    /// Ends the session of a cookie; whose it was.
    pub(super) fn end(&self, cookie: &str) -> Option<String> {
        let ended = self.lock().remove(&key_of(cookie));
        ended.map(|session| session.account)
    }

    /// The sessions of an account that last, the newest first.
    pub(super) fn of_account(&self, account: &str, now_us: u64) -> Vec<Session> {
        let open = self.lock();
        let theirs = open.values().filter(|session| session.account == account);
        let lasting = theirs.filter(|session| self.terms.end(session, now_us).is_none());
        let mut lasting: Vec<Session> = lasting.cloned().collect();
        drop(open);
        lasting.sort_unstable_by_key(|session| std::cmp::Reverse(session.begun_us));
        lasting
    }

    /// Ends all sessions of an account; how many they were.
    pub(super) fn end_all(&self, account: &str) -> usize {
        let mut open = self.lock();
        let before = open.len();
        open.retain(|_, session| session.account != account);
        before.saturating_sub(open.len())
    }

    /// Takes out those that have ended by themselves.
    pub(super) fn sweep(&self, now_us: u64) -> Vec<Ended> {
        let mut ended = Vec::new();
        self.lock().retain(|_, session| {
            let end = self.terms.end(session, now_us);
            ended.extend(end.map(|end| (session.account.clone(), end)));
            end.is_none()
        });
        ended
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sha256, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terms {
    /// Why a session has ended, if it has.
    const fn end(self, session: &Session, now_us: u64) -> Option<SignOutEnd> {
        if now_us.saturating_sub(session.begun_us) >= self.whole_us {
            return Some(SignOutEnd::Expired);
        }
        if now_us.saturating_sub(session.seen_us) >= self.idle_us {
            return Some(SignOutEnd::Idle);
        }
        None
    }
}

/// 256 random bits that nobody guesses.
///
/// # Errors
/// When the system gives none.
pub(super) fn random_token() -> Result<String, KeysError> {
    let bytes = random_bytes::<32>()?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn key_of(cookie: &str) -> Sha256 {
    Sha256::of(&[cookie.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theirs(account: &str) -> Theirs {
        Theirs {
            account: account.parse().unwrap(),
            changed: 7,
        }
    }

    fn sessions() -> Sessions {
        Sessions::new(Terms {
            idle_us: 10,
            whole_us: 25,
            max: 2,
        })
    }

    #[test]
    fn a_session_lasts_while_it_is_used_and_no_longer_than_the_whole() {
        let sessions = sessions();
        let (cookie, _) = sessions.begin(&theirs("ada"), None, 0).unwrap();
        for now in [9, 18, 24] {
            assert_eq!(
                sessions.find(&cookie, Seen::Somebody, now).unwrap().account,
                "ada",
                "{now}"
            );
        }
        assert_eq!(sessions.find(&cookie, Seen::Somebody, 25), None);
        assert_eq!(
            sessions.sweep(25),
            [("ada".to_owned(), SignOutEnd::Expired)]
        );
        let (cookie, _) = sessions.begin(&theirs("ada"), None, 100).unwrap();
        assert_eq!(sessions.find(&cookie, Seen::Somebody, 110), None, "idle");
        assert_eq!(sessions.sweep(110), [("ada".to_owned(), SignOutEnd::Idle)]);
        assert_eq!(sessions.find("", Seen::Somebody, 110), None);
    }

    #[test]
    fn one_too_many_ends_the_one_that_was_silent_longest() {
        let sessions = sessions();
        let (first, _) = sessions.begin(&theirs("ada"), None, 0).unwrap();
        let (second, _) = sessions.begin(&theirs("bob"), None, 1).unwrap();
        sessions.find(&first, Seen::Somebody, 2).unwrap();
        let (third, ended) = sessions.begin(&theirs("cid"), None, 3).unwrap();
        assert_eq!(ended, Some(("bob".to_owned(), SignOutEnd::Idle)));
        assert_eq!(sessions.find(&second, Seen::Somebody, 3), None);
        assert!(
            sessions.find(&first, Seen::Somebody, 3).is_some()
                && sessions.find(&third, Seen::Somebody, 3).is_some()
        );
    }

    #[test]
    fn a_session_serves_one_patient_and_forgets_the_one_before() {
        let sessions = sessions();
        let (cookie, _) = sessions.begin(&theirs("ada"), None, 0).unwrap();
        let patient = |id: &str| PatientName {
            id: id.to_owned(),
            issuer: String::new(),
        };
        let serves = |cookie: &str| sessions.served(cookie).map(|served| served.patient);
        assert_eq!(serves(&cookie), None);
        let mut turns = std::collections::BTreeSet::new();
        for id in ["one", "other", "one"] {
            assert!(sessions.serve(&cookie, Some(patient(id))));
            assert_eq!(serves(&cookie), Some(patient(id)));
            let served = sessions.served(&cookie).unwrap();
            assert!(
                turns.insert(served.turn),
                "a form of an earlier turn is told"
            );
        }
        assert!(sessions.serve(&cookie, None));
        assert_eq!(serves(&cookie), None);
        sessions.serve(&cookie, Some(patient("one")));
        sessions.end(&cookie);
        assert_eq!(serves(&cookie), None);
        assert!(!sessions.serve(&cookie, Some(patient("one"))));
    }

    #[test]
    fn what_is_ended_is_gone_and_all_of_an_account_at_once() {
        let sessions = sessions();
        let (first, _) = sessions.begin(&theirs("ada"), None, 0).unwrap();
        let (second, _) = sessions.begin(&theirs("ada"), None, 0).unwrap();
        assert_eq!(sessions.end(&first).as_deref(), Some("ada"));
        assert_eq!(sessions.end(&first), None);
        assert_eq!(sessions.of_account("ada", 1).len(), 1);
        assert_eq!(sessions.end_all("ada"), 1);
        assert_eq!(sessions.find(&second, Seen::Somebody, 1), None);
        assert!(sessions.of_account("ada", 1).is_empty());
    }
}
