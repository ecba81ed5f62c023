use super::*;
use crate::contract::Event;
use crate::contract::Verdict;
use crate::ledger::fixtures;
use crate::ledger::fixtures::Scribe;
use crate::ledger::fixtures::founding;
use crate::ledger::fixtures::own;
use crate::ledger::fixtures::request;
use crate::time::UtcMicros;

fn genesis() -> Body {
    Body::Genesis {
        institution: own(),
        log_origin: fixtures::signer().key().name().to_owned(),
        key: fixtures::signer().key().to_string(),
        statement_key: fixtures::signer().key().to_string(),
        created: UtcMicros(1_770_000_000_000_000),
    }
}

/// A ledger that replays as far as its next entry, which is a decision.
fn begun() -> (Scribe, Replay) {
    let mut scribe = Scribe::new();
    let mut replay = Replay::new(scribe.signer.key().clone());
    for body in std::iter::once(genesis()).chain(founding()) {
        push(&mut scribe, &mut replay, body).unwrap();
    }
    (scribe, replay)
}

fn push(scribe: &mut Scribe, replay: &mut Replay, body: Body) -> Result<(), Harm> {
    let event = scribe.signed(body);
    let linked = scribe.write(event, None).unwrap();
    let pushed = replay.push(linked.entry.seq, &linked.line);
    pushed.map_err(|damage| {
        assert_eq!(damage.entry, linked.entry.seq);
        damage.harm
    })
}

/// What the contract says to our request at `at`, changed.
fn decision(replay: &Replay, at: UtcMicros, change: impl FnOnce(&mut Decision)) -> Body {
    let request = Request {
        received_at: at,
        ..request()
    };
    let mut decision = decide(replay.state(), &request);
    change(&mut decision);
    Body::Decision {
        request: Box::new(request),
        decision: Box::new(decision),
    }
}

#[test]
fn a_decision_is_reached_again() {
    let (mut scribe, mut replay) = begun();
    let body = decision(&replay, scribe.wall, |_| {});
    push(&mut scribe, &mut replay, body).unwrap();
    let observed = decision(&replay, scribe.wall, |decision| decision.observed = true);
    push(&mut scribe, &mut replay, observed).unwrap();
    assert_eq!(replay.state().open_transfers().count(), 2);
}

#[test]
fn a_decision_that_was_not_the_contracts_is_named() {
    type Change = fn(&mut Decision);
    let changes: [(Change, &str); 4] = [
        (
            |decision| decision.verdict = Verdict::Deny,
            "the answer is another",
        ),
        (
            |decision| decision.recipient_score += 1,
            "the answer is another",
        ),
        (
            |decision| decision.state_root = crate::digest::Sha256::ZERO,
            "it was asked of another state",
        ),
        (
            |decision| decision.contract_version += 1,
            "another version of the contract reached it",
        ),
    ];
    for (change, words) in changes {
        let (mut scribe, mut replay) = begun();
        let body = decision(&replay, scribe.wall, change);
        let found = push(&mut scribe, &mut replay, body);
        assert_eq!(found, Err(Harm::Decision(words)));
    }
}

#[test]
fn a_decision_by_another_moment_than_its_own_is_named() {
    for micros in [-1, 1] {
        let (mut scribe, mut replay) = begun();
        let body = decision(&replay, scribe.wall.plus(micros), |_| {});
        let found = push(&mut scribe, &mut replay, body);
        let words = "it was judged by another moment";
        assert_eq!(found, Err(Harm::Decision(words)));
    }
}

#[test]
fn an_event_that_its_author_did_not_sign_is_named() {
    let (mut scribe, mut replay) = begun();
    let mut event = scribe.event("as signed");
    event.author_seq += 1;
    let linked = scribe.write(event, None).unwrap();
    let found = replay.push(2, &linked.line).unwrap_err();
    assert_eq!(found.harm, Harm::Signature);
    let mut event = scribe.event("of somebody else");
    event.author = "lakeside".parse().unwrap();
    let linked = scribe.write(event, None).unwrap();
    let found = replay.push(3, &linked.line).unwrap_err();
    assert_eq!(found.harm, Harm::UnknownAuthor);
}

#[test]
fn an_event_that_the_contract_rejects_is_named() {
    let (mut scribe, mut replay) = begun();
    let found = push(&mut scribe, &mut replay, genesis());
    assert!(matches!(found, Err(Harm::Rejected(_))));
}

#[test]
fn a_ledger_that_names_another_key_is_not_replayed() {
    let mut scribe = Scribe::new();
    let other = LogKey::new(scribe.signer.key().name(), [1; 32]).unwrap();
    let mut replay = Replay::new(other);
    push(&mut scribe, &mut replay, genesis()).unwrap();
    let found = replay.finish().unwrap_err();
    assert_eq!((found.entry, found.harm), (0, Harm::ForeignKey));
}

#[test]
fn a_line_that_is_not_canonical_is_named() {
    let mut scribe = Scribe::new();
    let mut replay = Replay::new(scribe.signer.key().clone());
    let event = scribe.signed(genesis());
    let line = scribe.write(event, None).unwrap().line;
    let found = replay.push(0, &line.replacen(':', ": ", 1)).unwrap_err();
    assert!(matches!(found.harm, Harm::Unreadable(_)));
}

/// A ledger of decisions, its entries, and the entry whose event is changed after signing.
fn written(changed: Option<usize>) -> (Scribe, Vec<String>) {
    let (mut scribe, replay) = begun();
    let mut state = replay.state().clone();
    let mut lines = Vec::new();
    for number in 0..40 {
        let at = scribe.wall;
        let request = Request {
            received_at: at,
            ..request()
        };
        let body = Body::Decision {
            decision: Box::new(decide(&state, &request)),
            request: Box::new(request),
        };
        let mut event = scribe.signed(body);
        if changed == Some(number) {
            event.signature = scribe.signer.sign(b"something else");
        }
        let linked = scribe.write(event, None).unwrap();
        let applied = Applied {
            seq: linked.entry.seq,
            ledger_time: linked.entry.ledger_time,
        };
        state.apply(applied, &linked.entry.event).unwrap();
        lines.push(linked.line);
    }
    (scribe, lines)
}

/// Replays the beginning that all ledgers here have, then these lines.
fn follow(mut replay: Replay, lines: &[String]) -> Result<(), Damage> {
    let mut scribe = Scribe::new();
    for body in std::iter::once(genesis()).chain(founding()) {
        push(&mut scribe, &mut replay, body).unwrap();
    }
    for (seq, line) in (3..).zip(lines) {
        replay.push(seq, line)?;
    }
    replay.finish().map(|_| ())
}

#[test]
fn signatures_in_batches_name_the_same_entry_as_one_by_one() {
    let key = || fixtures::signer().key().clone();
    for changed in [None, Some(0), Some(17), Some(39)] {
        let (_, lines) = written(changed);
        let expected = changed.map_or(Ok(()), |number| {
            Err(Damage {
                entry: 3 + number as u64,
                harm: Harm::Signature,
            })
        });
        assert_eq!(follow(Replay::new(key()), &lines), expected);
        assert_eq!(follow(Replay::in_batches(key()), &lines), expected);
        assert_eq!(follow(Replay::of_state(key()), &lines), Ok(()));
        // A later damage of another kind does not hide it.
        let mut broken = lines.clone();
        broken[39].push(' ');
        let found = follow(Replay::in_batches(key()), &broken).unwrap_err();
        assert_eq!(found.entry, changed.map_or(42, |number| 3 + number as u64));
    }
}

#[test]
fn a_state_that_an_entry_names_is_compared_without_deciding_anew() {
    let (scribe, replay) = begun();
    let key = scribe.signer.key().clone();
    for wrong in [false, true] {
        let (mut scribe, mut of_state) = (Scribe::new(), Replay::of_state(key.clone()));
        for body in std::iter::once(genesis()).chain(founding()) {
            push(&mut scribe, &mut of_state, body).unwrap();
        }
        let body = decision(&replay, scribe.wall, |decision| {
            decision.recipient_score += 1;
            if wrong {
                decision.state_root = crate::digest::Sha256::ZERO;
            }
        });
        let found = push(&mut scribe, &mut of_state, body);
        let words = Harm::Decision("it was asked of another state");
        assert_eq!(found, if wrong { Err(words) } else { Ok(()) });
    }
}

#[test]
fn the_signed_text_is_cut_out_of_the_line() {
    let (mut scribe, replay) = begun();
    let told = r#"a","event":{"x":"y"},"signature":"AAAA"}"#;
    for body in [
        genesis(),
        decision(&replay, scribe.wall, |_| {}),
        Body::Alert {
            code: told.to_owned(),
            text: told.to_owned(),
            about: None,
        },
    ] {
        let event = scribe.signed(body);
        let sealed = Some(crate::digest::Sha256::ZERO);
        let expected = Event::signed_text(&event.author, event.author_seq, &event.body).unwrap();
        let line = scribe.write(event, sealed).unwrap().line;
        assert_eq!(signed_text(&line), Some(expected));
    }
}
