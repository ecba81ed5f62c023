//! What was done under an idempotency key: who asks again under the same key hears the same answer, and nothing is
//! done twice (draft-ietf-httpapi-idempotency-key-header). Kept in memory; a restart forgets it.

use std::collections::HashMap;
use std::collections::VecDeque;

use crate::digest::Sha256;

/// Answers that are kept.
const KEPT_MAX: usize = 4_096;
/// For how long, in microseconds.
const KEPT_US: u64 = 86_400_000_000;
/// Characters of the longest key.
const KEY_CHARACTERS_MAX: usize = 200;

/// An answer that is kept, or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    UnderWay,
    Answered(u16, String),
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
    /// It was done, and answered so: HTTP status and body.
    Done(u16, String),
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
    /// Of `caller`; `None` for what is no key.
    pub(super) fn of(caller: &str, key: &str) -> Option<Self> {
        let printable = key.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        let sound = printable && !key.is_empty() && key.len() <= KEY_CHARACTERS_MAX;
        sound.then(|| Self(Sha256::of(&[caller.as_bytes(), b"\0", key.as_bytes()])))
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
                Kept::Answered(status, body) => Known::Done(*status, body.clone()),
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
    pub(super) fn end(&mut self, key: Key, status: u16, body: &str) {
        match (self.rows.get_mut(&key.0), status >= 500) {
            (Some(row), false) => row.kept = Kept::Answered(status, body.to_owned()),
            (Some(_), true) => {
                self.rows.remove(&key.0);
                self.order.retain(|kept| *kept != key.0);
            }
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::of("ada", text).unwrap()
    }

    fn asked(text: &str) -> Sha256 {
        Sha256::of(&[text.as_bytes()])
    }

    #[test]
    fn what_is_asked_twice_is_done_once() {
        let mut done = Done::default();
        assert_eq!(done.begin(key("a"), asked("grant"), 0), Known::New);
        assert_eq!(done.begin(key("a"), asked("grant"), 1), Known::UnderWay);
        done.end(key("a"), 200, "{}");
        let known = Known::Done(200, "{}".to_owned());
        assert_eq!(done.begin(key("a"), asked("grant"), 2), known);
        assert_eq!(done.begin(key("a"), asked("deny"), 3), Known::Other);
        assert_eq!(done.begin(key("b"), asked("grant"), 3), Known::New);
        assert_eq!(done.begin(key("a"), asked("grant"), KEPT_US), Known::New);
    }

    #[test]
    fn what_could_not_be_done_may_be_asked_again() {
        let mut done = Done::default();
        done.begin(key("a"), asked("grant"), 0);
        done.end(key("a"), 503, "");
        assert_eq!(done.begin(key("a"), asked("grant"), 1), Known::New);
    }

    #[test]
    fn keys_are_a_callers_own_and_so_many() {
        assert_ne!(Key::of("ada", "a"), Key::of("bob", "a"));
        for bad in ["", "two words", &"x".repeat(201), "ä"] {
            assert_eq!(Key::of("ada", bad), None, "{bad}");
        }
        let mut done = Done::default();
        for number in 0..KEPT_MAX + 5 {
            done.begin(key(&number.to_string()), asked(""), 0);
        }
        assert_eq!((done.rows.len(), done.order.len()), (KEPT_MAX, KEPT_MAX));
    }
}
