//! What somebody looks for, as they write it into a form or an address: fields that are empty ask for nothing.

use std::str::FromStr;

use super::problem::Problem;
use crate::audit::ClockFace;
use crate::time::UtcMicros;

/// Rows of an answer where nobody says how many.
pub(super) const LIMIT_DEFAULT: usize = 25;
/// The most.
pub(super) const LIMIT_MAX: usize = 200;

/// A field that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) &'static str);

impl From<Unreadable> for Problem {
    fn from(Unreadable(field): Unreadable) -> Self {
        Self::bad(format!("{field} cannot be read"))
    }
}

/// What a field says; `None`: nothing.
pub(super) fn read<T: FromStr>(field: &'static str, text: &str) -> Result<Option<T>, Unreadable> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Unreadable(field)),
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    field: &'static str,
    text: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Unreadable> {
    match text.trim() {
        "" => Ok(None),
        text => {
            let mut all = all.iter().copied();
            let found = all.find(|one| word(*one) == text);
            found.map(Some).ok_or(Unreadable(field))
        }
    }
}

/// A moment, as the site's clocks have it.
pub(super) fn moment(
    face: &ClockFace,
    field: &'static str,
    text: &str,
) -> Result<Option<UtcMicros>, Unreadable> {
    match text.trim() {
        "" => Ok(None),
        text => face.moment(text).map(Some).ok_or(Unreadable(field)),
    }
}

/// How many rows.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Unreadable> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    match (1..=LIMIT_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(Unreadable("limit")),
    }
}

/// The number of an entry, out of an address.
pub(super) fn entry(text: &str) -> Result<u64, Problem> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain);
    number.ok_or_else(Problem::not_found)
}

/// The address that asks for the same again, from another place on.
pub(super) fn address(path: &str, fields: &[(&'static str, &str)], before: Option<u64>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let filled = fields.iter().filter(|(_, text)| !text.trim().is_empty());
    query.extend_pairs(filled.map(|(name, text)| (*name, text.trim())));
    if let Some(before) = before {
        query.append_pair("before", &before.to_string());
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Outcome;

    #[test]
    fn what_is_empty_asks_for_nothing_and_what_cannot_be_read_is_named() {
        assert_eq!(read::<u64>("before", " "), Ok(None));
        assert_eq!(read("before", " 7 "), Ok(Some(7_u64)));
        assert_eq!(read::<u64>("before", "x"), Err(Unreadable("before")));
        let outcome = |text| one_of("outcome", text, &Outcome::ALL, Outcome::as_str);
        assert_eq!(outcome("failed"), Ok(Some(Outcome::Failed)));
        assert_eq!(outcome("Failed"), Err(Unreadable("outcome")));
        assert_eq!(outcome(""), Ok(None));
        assert_eq!(limit(None), Ok(LIMIT_DEFAULT));
        assert!(limit(Some(0)).is_err() && limit(Some(LIMIT_MAX + 1)).is_err());
    }

    #[test]
    fn an_entry_is_a_plain_number() {
        assert_eq!(entry("12"), Ok(12));
        for other in ["", "+12", "-1", "1.0", "99999999999999999999999", "proof"] {
            assert!(entry(other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_address_holds_what_is_asked_for_and_no_more() {
        let fields = [("ae", " CT 1"), ("user", "")];
        assert_eq!(
            address("/decisions", &fields, Some(3)),
            "/decisions?ae=CT+1&before=3"
        );
        assert_eq!(address("/decisions", &[], None), "/decisions");
    }
}
