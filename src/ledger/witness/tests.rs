use super::*;
use crate::ledger::Node;
use crate::ledger::consistency_path;
use crate::ledger::fixtures;
use crate::ledger::key::LogSigner;
use crate::ledger::leaf_hash;

/// The tree of the first `size` leaves of a log, which another story told apart from leaf `fork`.
fn leaves(size: u64, fork: u64) -> Vec<Sha256> {
    let leaf = |number: u64| leaf_hash(format!("{number} {}", number >= fork).as_bytes());
    (0..size).map(leaf).collect()
}

const HONEST: u64 = u64::MAX;

fn tree(leaves: &[Sha256]) -> Tree {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

fn signed(size: u64, fork: u64) -> String {
    Checkpoint::sign(&tree(&leaves(size, fork)), &fixtures::signer()).unwrap()
}

/// What an honest asker asks: growth from `old` to `size`.
fn request(old: u64, size: u64, fork: u64) -> Request {
    let leaves = leaves(size, fork);
    let hash_of = |node: Node| {
        let leaf = |index: u64| usize::try_from(index << node.level()).unwrap();
        let below = &leaves[leaf(node.index())..leaf(node.index().saturating_add(1))];
        Ok::<_, ()>(tree(below).root())
    };
    let path = consistency_path(old, size).unwrap_or_default();
    Request {
        old_size: old,
        proof: path
            .iter()
            .map(|part| part.root(hash_of).unwrap())
            .collect(),
        note: signed(size, fork),
    }
}

fn nothing() -> Witnessed {
    Witnessed::nothing(fixtures::signer().key().clone())
}

/// What is held after an honest log had these sizes cosigned.
fn after(sizes: &[u64]) -> Witnessed {
    let mut held = nothing();
    for size in sizes {
        let asked = request(held.size(), *size, HONEST);
        held = match held.answer(&asked) {
            (Answer::Cosign { witnessed, .. }, None) => *witnessed,
            other => panic!("{other:?}"),
        };
    }
    held
}

fn refused(held: &Witnessed, asked: &Request) -> Answer {
    let (answer, proven) = held.answer(asked);
    assert_eq!(proven, None);
    assert!(!matches!(answer, Answer::Cosign { .. }), "{answer:?}");
    answer
}

#[test]
fn a_body_reads_back() {
    for (old, size) in [(0, 0), (0, 9), (5, 9), (9, 9)] {
        let asked = request(old, size, HONEST);
        assert_eq!(Request::parse(asked.body().as_bytes()), Ok(asked.clone()));
        assert_eq!(asked.origin(), fixtures::signer().key().name());
    }
}

#[test]
fn the_standards_own_example_is_read() {
    let body = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u\
        5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wk\
        s+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    let read = Request::parse(body.as_bytes()).unwrap();
    assert_eq!((read.old_size, read.proof.len()), (20_852_014, 4));
    assert_eq!(read.origin(), "example.com/behind-the-sofa");
    assert_eq!(read.body(), body);
}

#[test]
fn what_is_no_request_is_not_read() {
    let good = request(5, 9, HONEST).body();
    let (_, note) = good.split_once("\n\n").unwrap();
    for (from, to) in [
        ("old 5", "old 05"),
        ("old 5", "old +5"),
        ("old 5", "old -5"),
        ("old 5", "old  5"),
        ("old 5", "new 5"),
        ("old 5", "old 99999999999999999999"),
        ("old 5\n", "old 5\r\n"),
        ("old 5\n", "old 5\nAAAA\n"),
        ("old 5\n", "old 5\nno base64\n"),
        ("\n\n\u{2014} ", "\n\u{2014} "),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(Request::parse(bad.as_bytes()).is_err(), "{from} {to}");
    }
    for end in 0..good.len() {
        assert!(Request::parse(good.get(..end).unwrap_or("").as_bytes()).is_err());
    }
    let hash = STANDARD.encode([0; 32]) + "\n";
    let body = |hashes: usize| format!("old 5\n{}\n{note}", hash.repeat(hashes));
    assert!(Request::parse(body(63).as_bytes()).is_ok());
    let error = Request::parse(body(64).as_bytes()).unwrap_err();
    assert_eq!(error, RequestError::Proof);
    let long = vec![b'x'; WITNESS_REQUEST_BYTES_MAX + 1];
    let error = Request::parse(&long).unwrap_err();
    assert_eq!(error, RequestError::TooLong(long.len()));
    assert!(Request::parse(b"old 5\n\n\xff\n").is_err());
}

#[test]
fn a_log_that_grows_is_cosigned() {
    let held = after(&[3, 7, 8, 40]);
    assert_eq!((held.size(), held.notes().count()), (40, 4));
    assert_eq!(held.newest(), Some(signed(40, HONEST).as_str()));
}

#[test]
fn the_same_checkpoint_is_cosigned_again_and_nothing_changes() {
    let held = after(&[3, 7]);
    let (answer, proven) = held.answer(&request(7, 7, HONEST));
    assert_eq!(proven, None);
    match answer {
        Answer::Cosign {
            text,
            witnessed,
            grown,
        } => {
            assert_eq!((*witnessed, grown), (held, false));
            assert!(signed(7, HONEST).starts_with(&text));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_log_is_cosigned_and_then_grows() {
    let held = after(&[0]);
    assert_eq!((held.size(), held.notes().count()), (0, 1));
    let (again, _) = held.answer(&request(0, 0, HONEST));
    assert!(matches!(again, Answer::Cosign { grown: false, .. }));
    assert_eq!(after(&[0, 5]).size(), 5);
    let other_root = Tree::from_parts(1, vec![Sha256::ZERO]).unwrap();
    let checkpoint = Checkpoint {
        size: 0,
        ..Checkpoint::of(fixtures::signer().key().name(), &other_root)
    };
    let asked = Request {
        old_size: 0,
        proof: Vec::new(),
        note: note::sign(&checkpoint.text(), &fixtures::signer()).unwrap(),
    };
    assert_eq!(refused(&nothing(), &asked), Answer::OtherRoot);
}

#[test]
fn another_old_size_is_a_conflict() {
    let held = after(&[3, 7]);
    for (old, size) in [(0, 9), (3, 9), (8, 9), (9, 9), (0, 7), (3, 3), (0, 0)] {
        let answer = refused(&held, &request(old, size, HONEST));
        assert_eq!(answer, Answer::Conflict(7), "{old} {size}");
    }
    assert_eq!(
        refused(&nothing(), &request(3, 9, HONEST)),
        Answer::Conflict(0)
    );
}

#[test]
fn an_old_size_above_the_checkpoints_is_a_bad_request() {
    let asked = Request {
        old_size: 8,
        ..request(7, 7, HONEST)
    };
    for held in [nothing(), after(&[3]), after(&[3, 7])] {
        assert!(matches!(refused(&held, &asked), Answer::BadRequest(_)));
    }
}

#[test]
fn an_unsigned_or_foreign_checkpoint_is_forbidden() {
    let good = request(0, 5, HONEST);
    let forged = good.note.replacen("\n5\n", "\n6\n", 1);
    let other = LogSigner::from_pair(
        fixtures::signer().key().name(),
        ring::signature::Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap(),
    );
    let foreign = Checkpoint::sign(&tree(&leaves(5, HONEST)), &other.unwrap()).unwrap();
    for note in [forged, foreign] {
        let asked = Request {
            note,
            ..good.clone()
        };
        assert_eq!(refused(&nothing(), &asked), Answer::NotSigned);
    }
}

#[test]
fn a_proof_that_does_not_verify_is_unprocessable() {
    let held = after(&[3, 7]);
    let good = request(7, 20, HONEST);
    for place in 0..good.proof.len() {
        let mut asked = good.clone();
        asked.proof[place] = Sha256::ZERO;
        assert_eq!(refused(&held, &asked), Answer::BadProof);
        asked.proof.remove(place);
        assert_eq!(refused(&held, &asked), Answer::BadProof);
    }
    let fork = request(7, 20, 5);
    assert_eq!(refused(&held, &fork), Answer::BadProof);
    let superfluous = vec![Sha256::ZERO];
    for (held, asked) in [
        (nothing(), request(0, 5, HONEST)),
        (after(&[7]), request(7, 7, HONEST)),
    ] {
        let proof = superfluous.clone();
        let asked = Request { proof, ..asked };
        assert_eq!(refused(&held, &asked), Answer::BadProof);
    }
}

#[test]
fn two_roots_of_one_size_convict_whatever_the_old_size() {
    let held = after(&[3, 7]);
    for (old, expected) in [
        (7, Answer::OtherRoot),
        (0, Answer::Conflict(7)),
        (3, Answer::Conflict(7)),
    ] {
        let (answer, proven) = held.answer(&request(old, 7, 5));
        assert_eq!(answer, expected);
        let proven = proven.unwrap();
        assert_eq!(proven.size, 7);
        assert_eq!(proven.first, signed(7, HONEST));
        assert_eq!(proven.second, signed(7, 5));
        let key = fixtures::signer().key().clone();
        let again = equivocation(&proven.first, &proven.second, &key).unwrap();
        assert_eq!(again, Some(proven));
    }
    let above = Request {
        old_size: 8,
        ..request(7, 7, 5)
    };
    let (answer, proven) = held.answer(&above);
    assert!(matches!(answer, Answer::BadRequest(_)));
    assert!(proven.is_some());
}

#[test]
fn a_fork_that_grows_up_to_an_earlier_size_is_convicted_too() {
    let held = after(&[3, 7, 12]);
    let (answer, proven) = held.answer(&request(3, 7, 5));
    assert_eq!(answer, Answer::Conflict(12));
    assert_eq!(proven.map(|proven| proven.size), Some(7));
    // Where the two stories still agree, nothing is proven.
    assert_eq!(refused(&held, &request(0, 3, 5)), Answer::Conflict(12));
}

#[test]
fn what_does_not_contradict_convicts_nobody() {
    let key = fixtures::signer().key().clone();
    let (five, seven, other) = (signed(5, HONEST), signed(7, HONEST), signed(7, 6));
    assert_eq!(equivocation(&five, &seven, &key), Ok(None));
    assert_eq!(equivocation(&seven, &seven, &key), Ok(None));
    assert!(equivocation(&seven, &other, &key).unwrap().is_some());
    let stranger = LogKey::new("stranger", [1; 32]).unwrap();
    assert!(equivocation(&seven, &other, &stranger).is_err());
    let forged = other.replacen("\n7\n", "\n5\n", 1);
    assert!(equivocation(&five, &forged, &key).is_err());
}

#[test]
fn other_signatures_are_not_kept() {
    let witness = fixtures::witness("one", 1);
    let mut asked = request(0, 5, HONEST);
    let text = note::parse(&asked.note).unwrap().0.to_owned();
    asked.note.push_str(&witness.cosign(&text, 7));
    match nothing().answer(&asked) {
        (Answer::Cosign { witnessed, .. }, None) => {
            assert_eq!(witnessed.newest(), Some(signed(5, HONEST).as_str()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_checkpoint_with_too_much_text_is_refused() {
    let signer = fixtures::signer();
    let text = Checkpoint::of(signer.key().name(), &tree(&leaves(5, HONEST))).text();
    for (bytes, good) in [(100, true), (TEXT_BYTES_MAX, false)] {
        let text = format!("{text}{}\n", "x".repeat(bytes));
        let asked = Request {
            old_size: 0,
            proof: Vec::new(),
            note: note::sign(&text, &signer).unwrap(),
        };
        let (answer, _) = nothing().answer(&asked);
        assert_eq!(matches!(answer, Answer::Cosign { .. }), good);
    }
}

#[test]
fn what_is_held_is_bounded_and_reads_back() {
    let sizes: Vec<u64> = (1..=80).collect();
    let held = after(&sizes);
    assert_eq!((held.size(), held.notes().count()), (80, KEPT_MAX));
    let key = fixtures::signer().key().clone();
    let again = Witnessed::from_notes(key.clone(), held.notes());
    assert_eq!(again, Ok(held.clone()));
    let backwards: Vec<&str> = held.notes().collect();
    let backwards = backwards.into_iter().rev();
    let refused = Witnessed::from_notes(key.clone(), backwards);
    assert_eq!(refused, Err(HeldError::Order));
    let forged = signed(5, HONEST).replacen("\n5\n", "\n6\n", 1);
    assert!(Witnessed::from_notes(key, [forged.as_str()]).is_err());
}
