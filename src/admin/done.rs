//! What was done under an idempotency key: who asks again under the same key hears the same answer, and nothing is
//! done twice (draft-ietf-httpapi-idempotency-key-header). Kept in memory; a restart forgets it.

use std::collections::HashMap;
use std::collections::VecDeque;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use serde::Serialize;

use super::caller::By;
use super::caller::Caller;
use super::problem::PROBLEM_JSON;
use super::problem::Problem;
use crate::digest::Sha256;

/// Answers that are kept.
const KEPT_MAX: usize = 4_096;
/// For how long, in microseconds.
const KEPT_US: u64 = 86_400_000_000;
/// Characters of the longest key.
const KEY_CHARACTERS_MAX: usize = 200;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    status: u16,
    /// Where that is which was made.
    location: Option<String>,
    body: String,
    /// Not told again.
    is_secret: bool,
}

/// An answer that is kept, or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    UnderWay,
    Answered(Told),
}

#[derive(Debug)]
struct Row {
    asked: Sha256,
    at_us: u64,
    kept: Kept,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: do it, and tell how it went.
    New,
    /// It is being done.
    UnderWay,
    /// It was done, and answered so.
    Done(Told),
    /// Something else was asked under it.
    Other,
}

/// See the module. Pure: times are arguments.
#[derive(Debug, Default)]
pub(super) struct Done {
    rows: HashMap<Sha256, Row>,
    order: VecDeque<Sha256>,
}

/// A caller's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(Sha256);

impl Key {
    /// Of `caller`; `None` for what is no key. A machine that has the name of an account is somebody else.
    pub(super) fn of(caller: &Caller, key: &str) -> Option<Self> {
        let kind: &[u8] = match &caller.by {
            By::Socket => b"socket",
            By::Session { .. } | By::Token(_) => b"account",
            By::Certificate(_) => b"machine",
        };
        let name = caller.name.as_bytes();
        let printable = key.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        let sound = printable && !key.is_empty() && key.len() <= KEY_CHARACTERS_MAX;
        sound.then(|| Self(Sha256::of(&[kind, b"\0", name, b"\0", key.as_bytes()])))
    }
}

impl Done {
    /// Begins to do what has the digest `asked`, unless it is known.
    pub(super) fn begin(&mut self, key: Key, asked: Sha256, now_us: u64) -> Known {
        while let Some(oldest) = self.order.front() {
            let row = self.rows.get(oldest);
            let aged = row.is_none_or(|row| now_us.saturating_sub(row.at_us) >= KEPT_US);
            if !aged && self.order.len() < KEPT_MAX {
                break;
            }
            self.rows.remove(oldest);
            self.order.pop_front();
        }
        if let Some(row) = self.rows.get(&key.0) {
            return match &row.kept {
                _ if row.asked != asked => Known::Other,
                Kept::UnderWay => Known::UnderWay,
                Kept::Answered(told) => Known::Done(told.clone()),
            };
        }
        let row = Row {
            asked,
            at_us: now_us,
            kept: Kept::UnderWay,
        };
        self.rows.insert(key.0, row);
        self.order.push_back(key.0);
        Known::New
    }

    /// It was answered so. What was refused for a moment only may be asked again.
    pub(super) fn end(&mut self, key: Key, told: &Told) {
        if told.status >= 500 {
            self.forget(key);
        } else if let Some(row) = self.rows.get_mut(&key.0) {
            row.kept = Kept::Answered(match told.is_secret {
                false => told.clone(),
                true => Told::from(&Problem::refused("this was done, and is told only once")),
            });
        }
    }

    /// Nobody knows how it went.
    pub(super) fn forget(&mut self, key: Key) {
        self.rows.remove(&key.0);
        self.order.retain(|kept| *kept != key.0);
    }
}

impl Told {
    /// Something, with this status.
    ///
    /// # Errors
    /// Never for what has a JSON form.
    pub(super) fn of(status: StatusCode, something: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(something).map_err(|_| Problem::unavailable(""))?;
        Ok(Self {
            status: status.as_u16(),
            location: None,
            body,
            is_secret: false,
        })
    }

    /// The same, and where it is.
    pub(super) fn at(self, location: String) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    /// The same, told once where `is_secret`.
    pub(super) fn secret(self, is_secret: bool) -> Self {
        Self { is_secret, ..self }
    }
}

impl From<&Problem> for Told {
    fn from(problem: &Problem) -> Self {
        Self {
            status: problem.status,
            location: None,
            body: serde_json::to_string(problem).unwrap_or_default(),
            is_secret: false,
        }
    }
}

impl From<Told> for Response {
    fn from(told: Told) -> Self {
        let kind = match told.status < 400 {
            true => "application/json",
            false => PROBLEM_JSON,
        };
        let mut response = Self::new(Body::from(told.body));
        *response.status_mut() = StatusCode::from_u16(told.status).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(Ok(location)) = told.location.map(HeaderValue::try_from) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str, by: By) -> Caller {
        let name = name.to_owned();
        Caller { name, by }
    }

    fn ada() -> Caller {
        caller("ada", By::Token([].into()))
    }

    fn key(text: &str) -> Key {
        Key::of(&ada(), text).unwrap()
    }

    fn told(status: u16) -> Told {
        Told::of(StatusCode::from_u16(status).unwrap(), &"said").unwrap()
    }

    fn asked(text: &str) -> Sha256 {
        Sha256::of(&[text.as_bytes()])
    }

    #[test]
    fn what_is_asked_twice_is_done_once() {
        let mut done = Done::default();
        assert_eq!(done.begin(key("a"), asked("grant"), 0), Known::New);
        assert_eq!(done.begin(key("a"), asked("grant"), 1), Known::UnderWay);
        done.end(key("a"), &told(200));
        let known = Known::Done(told(200));
        assert_eq!(done.begin(key("a"), asked("grant"), 2), known);
        assert_eq!(done.begin(key("a"), asked("deny"), 3), Known::Other);
        assert_eq!(done.begin(key("b"), asked("grant"), 3), Known::New);
        assert_eq!(done.begin(key("a"), asked("grant"), KEPT_US), Known::New);
    }

    #[test]
    fn what_could_not_be_done_may_be_asked_again() {
        let mut done = Done::default();
        done.begin(key("a"), asked("grant"), 0);
        done.end(key("a"), &told(503));
        assert_eq!(done.begin(key("a"), asked("grant"), 1), Known::New);
    }

    #[test]
    fn a_secret_is_told_once() {
        let mut done = Done::default();
        done.begin(key("a"), asked("token"), 0);
        done.end(key("a"), &told(200).secret(true));
        let Known::Done(again) = done.begin(key("a"), asked("token"), 1) else {
            panic!("it is not known");
        };
        assert!(
            again.status == 409 && !again.body.contains("said"),
            "{again:?}"
        );
    }

    #[test]
    fn keys_are_a_callers_own_and_so_many() {
        let bob = caller("bob", By::Token([].into()));
        let machine = caller("ada", By::Certificate([].into()));
        for other in [bob, machine] {
            assert_ne!(Key::of(&ada(), "a"), Key::of(&other, "a"));
        }
        for bad in ["", "two words", &"x".repeat(201), "ä"] {
            assert_eq!(Key::of(&ada(), bad), None, "{bad}");
        }
        let mut done = Done::default();
        for number in 0..KEPT_MAX + 5 {
            done.begin(key(&number.to_string()), asked(""), 0);
        }
        assert_eq!((done.rows.len(), done.order.len()), (KEPT_MAX, KEPT_MAX));
    }
}
