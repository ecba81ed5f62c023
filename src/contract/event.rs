//! What the contract applies: signed statements of an author, the same in every copy of the
//! ledger.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::body::Body;
use crate::contract::names::InstitutionSlug;
use crate::contract::signature::Signature;
use crate::digest::canonical_json;

/// A statement of an author. Whether the signature is the author's is for the ledger to check;
/// the contract applies what the ledger accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Who says so.
    pub author: InstitutionSlug,
    /// The author's own count, rising from event to event: what is not above the last is a
    /// repetition.
    pub author_seq: u64,
    /// What is said.
    pub body: Body,
    /// The author's Ed25519 signature over [`Event::signed_text`].
    pub signature: Signature,
}

/// What the signature covers.
#[derive(Serialize)]
struct Signed<'a> {
    author: &'a InstitutionSlug,
    author_seq: u64,
    body: &'a Body,
}

impl Event {
    /// The text that the author signs: canonical JSON (RFC 8785) of `author`, `author_seq` and
    /// `body`.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn signed_text(
        author: &InstitutionSlug,
        author_seq: u64,
        body: &Body,
    ) -> Result<String, serde_json::Error> {
        canonical_json(&Signed {
            author,
            author_seq,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::acts::Outcome;
    use crate::contract::fixtures::closed;
    use crate::contract::fixtures::slug;

    const TEXT: &str = concat!(
        r#"{"author":"st-anna","author_seq":7,"body":{"bytes":5000000,"decision":3,"#,
        r#""failed":0,"fault":null,"final":true,"instances":10,"kind":"transfer-closed","#,
        r#""manifest_root":null,"outcome":"completed","recipient":"lakeside","#,
        r#""sender":"st-anna","spooled":0,"warned":0},"signature":""#,
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        r#""}"#
    );

    fn event() -> Event {
        Event {
            author: slug("st-anna"),
            author_seq: 7,
            body: closed(3, Outcome::Completed, None),
            signature: Signature::from_bytes([0; 64]),
        }
    }

    #[test]
    fn an_event_has_one_text_and_reads_back_from_it() {
        assert_eq!(canonical_json(&event()).unwrap(), TEXT);
        assert_eq!(serde_json::from_str::<Event>(TEXT).unwrap(), event());
    }

    #[test]
    fn sop_classes_stand_in_the_text_where_they_are_known() {
        let ct = "1.2.840.10008.5.1.4.1.1.2".parse().unwrap();
        let mut event = event();
        if let Body::TransferClosed { classes, .. } = &mut event.body {
            *classes = [&ct, &ct].into_iter().collect();
        }
        let text = TEXT.replacen(
            r#""decision":3"#,
            r#""classes":{"1.2.840.10008.5.1.4.1.1.2":2},"decision":3"#,
            1,
        );
        assert_eq!(canonical_json(&event).unwrap(), text);
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }

    #[test]
    fn what_is_signed_is_the_event_without_its_signature() {
        let event = event();
        let signed = Event::signed_text(&event.author, event.author_seq, &event.body).unwrap();
        let (before, _) = TEXT.split_once(r#","signature""#).unwrap();
        assert_eq!(signed, format!("{before}}}"));
    }

    #[test]
    fn an_event_with_more_or_less_than_its_kind_has_is_refused() {
        for (from, to) in [
            (r#""warned":0"#, r#""warned":0,"more":1"#),
            (r#""warned":0"#, r#""more":1"#),
            (r#""author_seq":7"#, r#""author_seq":7,"more":1"#),
            ("transfer-closed", "transfer-ended"),
            ("AA==", "AAA="),
        ] {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT);
            assert!(serde_json::from_str::<Event>(&text).is_err(), "{text}");
        }
    }
}
