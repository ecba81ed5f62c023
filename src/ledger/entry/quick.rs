//! A shorter way to read the commonest entry: a decision.
//!
//! The kind of an event stands among its members, so the general way must read all of them into an
//! intermediate form before it knows what they are: half of the time. Where the line seems to hold
//! a decision it is read as one; what then does not fit is left to the general way, so that both
//! read the same lines as the same entries.

use serde::Deserialize;

use super::Entry;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::Event;
use crate::contract::InstitutionSlug;
use crate::contract::Request;
use crate::contract::Signature;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// How a decision's line says so. No text within it can: its quotes would be escaped.
const KIND: &str = r#""kind":"decision""#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    prev: Sha256,
    ledger_time: UtcMicros,
    wall: UtcMicros,
    mono_us: u64,
    boot: String,
    #[serde(default)]
    sealed_sha256: Option<Sha256>,
    event: Signed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    author: InstitutionSlug,
    author_seq: u64,
    body: Decided,
    signature: Signature,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    #[serde(rename = "kind")]
    _kind: Kind,
    request: Box<Request>,
    decision: Box<Decision>,
}

#[derive(Deserialize)]
enum Kind {
    #[serde(rename = "decision")]
    Decision,
}

/// The entry, when the line is a decision's.
pub(super) fn decision(line: &str) -> Option<Entry> {
    if !line.contains(KIND) {
        return None;
    }
    let line: Line = serde_json::from_str(line).ok()?;
    let Decided {
        _kind: Kind::Decision,
        request,
        decision,
    } = line.event.body;
    Some(Entry {
        seq: line.seq,
        prev: line.prev,
        ledger_time: line.ledger_time,
        wall: line.wall,
        mono_us: line.mono_us,
        boot: line.boot,
        sealed_sha256: line.sealed_sha256,
        event: Event {
            author: line.event.author,
            author_seq: line.event.author_seq,
            body: Body::Decision { request, decision },
            signature: line.event.signature,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Purpose;
    use crate::contract::State;
    use crate::contract::TransportFacts;
    use crate::contract::User;
    use crate::contract::UserProof;
    use crate::contract::Verb;
    use crate::contract::decide;
    use crate::ledger::fixtures::Scribe;
    use crate::ledger::fixtures::own;

    fn line(sealed: Option<Sha256>) -> String {
        let request = Request {
            verb: Verb::Query,
            purpose: Purpose::Research,
            requester: own(),
            requester_ae: "WS".parse().unwrap(),
            user: Some(User {
                name: r#"x","kind":"alert"#.to_owned(),
                proof: UserProof::None,
            }),
            again: None,
            through: None,
            custodian: own(),
            recipient: own(),
            recipient_ae: "PACS".parse().unwrap(),
            patient: None,
            study: None,
            question: true,
            transport: TransportFacts {
                tls: false,
                mutual: false,
                address_checked: true,
                certificate: None,
            },
            received_at: UtcMicros(1_770_000_000_000_000),
        };
        let mut scribe = Scribe::new();
        let event = scribe.signed(Body::Decision {
            decision: Box::new(decide(&State::new(), &request)),
            request: Box::new(request),
        });
        scribe.write(event, sealed).unwrap().line
    }

    #[test]
    fn both_ways_read_the_same_entry() {
        for sealed in [None, Some(Sha256::of(&[b"sealed"]))] {
            let line = line(sealed);
            let general: Entry = serde_json::from_str(&line).unwrap();
            assert_eq!(decision(&line), Some(general));
        }
    }

    #[test]
    fn what_the_general_way_refuses_is_no_decision() {
        let good = line(None);
        for (from, to) in [
            (r#""question":true"#, r#""question":true,"more":1"#),
            (r#""mono_us":17"#, r#""mono_us":17,"more":1"#),
            (
                r#""kind":"decision""#,
                r#""kind":"decision","kind":"decision""#,
            ),
            (r#""kind":"decision""#, r#""kind":"decision","more":1"#),
            (r#""author_seq":0"#, r#""author_seq":-1"#),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert_eq!(decision(&bad), None, "{to}");
            assert!(Entry::read(&bad).is_err(), "{to}");
        }
    }

    #[test]
    fn other_kinds_are_left_to_the_general_way() {
        let alert = Scribe::new().alert(r#""kind":"decision""#).line;
        assert_eq!(decision(&alert), None);
        assert!(Entry::read(&alert).is_ok());
    }
}
