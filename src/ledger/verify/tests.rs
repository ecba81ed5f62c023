use super::*;
use crate::ledger::fixtures::Scribe;

const ENTRIES: usize = 9;
const SIZE: u64 = ENTRIES as u64;

/// A small ledger and the checkpoint over all of it.
fn ledger() -> (Vec<String>, Checkpoint) {
    let mut scribe = Scribe::new();
    let lines = (0..ENTRIES)
        .map(|number| scribe.alert(&format!("event {number}")).line)
        .collect();
    (lines, scribe.checkpoint())
}

fn verify<T: AsRef<[u8]>>(lines: &[T], signed: Option<&Checkpoint>) -> Result<Verified, Damage> {
    let mut verifier = Verifier::new(signed.cloned());
    for line in lines {
        verifier.push(Line::bare(line.as_ref()))?;
    }
    verifier.finish()
}

fn damage(entry: u64, harm: Harm) -> Result<Verified, Damage> {
    Err(Damage { entry, harm })
}

fn truncated() -> Harm {
    Harm::Truncated {
        size: SIZE,
        by: Source::Beside,
    }
}

fn two_histories(from: u64, signed: &Checkpoint, source: Source, found: Sha256) -> Harm {
    let checkpoint = signed.clone();
    let signed = Anchor { checkpoint, source };
    Harm::NotAsSigned(Box::new(TwoHistories {
        from,
        signed,
        found,
    }))
}

#[test]
fn an_untouched_ledger_verifies() {
    let (lines, signed) = ledger();
    let verified = verify(&lines, Some(&signed)).unwrap();
    assert_eq!((verified.entries(), verified.signed), (SIZE, SIZE));
    assert_eq!(verified.tree.root(), signed.root);
    assert_eq!(verify(&lines, None).unwrap().signed, 0);
    assert_eq!(verify::<String>(&[], None).unwrap().entries(), 0);
}

#[test]
fn every_flipped_bit_of_every_line_is_found_in_its_entry() {
    let (lines, signed) = ledger();
    for (entry, line) in lines.iter().enumerate() {
        for bit in 0..line.len() * 8 {
            let mut copy: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into()).collect();
            copy[entry][bit / 8] ^= 1 << (bit % 8);
            let found = verify(&copy, Some(&signed)).unwrap_err();
            assert_eq!(found.entry, entry as u64, "bit {bit}: {found}");
        }
    }
}

#[test]
fn a_removed_entry_is_named_and_told_from_a_changed_one() {
    let (lines, signed) = ledger();
    for (entry, place) in (0..SIZE).zip(0..) {
        let mut copy = lines.clone();
        copy.remove(place);
        let harm = if entry == SIZE - 1 {
            truncated()
        } else {
            Harm::Missing { found: entry + 1 }
        };
        assert_eq!(verify(&copy, Some(&signed)), damage(entry, harm));
    }
}

#[test]
fn a_cut_ledger_is_found_by_its_checkpoint() {
    let (lines, signed) = ledger();
    for (entry, end) in (0..SIZE).zip(0..) {
        let found = verify(&lines[..end], Some(&signed));
        assert_eq!(found, damage(entry, truncated()));
    }
}

#[test]
fn entries_in_another_order_are_named() {
    let (lines, signed) = ledger();
    for first in 0..ENTRIES {
        for second in first + 1..ENTRIES {
            let mut copy = lines.clone();
            copy.swap(first, second);
            let found = second as u64;
            let expected = damage(first as u64, Harm::Moved { found });
            assert_eq!(verify(&copy, Some(&signed)), expected);
        }
    }
}

#[test]
fn a_changed_number_is_told_from_a_missing_entry() {
    let (lines, signed) = ledger();
    for (entry, claims) in [(4, 6), (4, 3), (4, 1), (8, 9), (8, 7), (0, 5)] {
        let mut copy = lines.clone();
        let right = format!("\"seq\":{entry},");
        copy[entry] = copy[entry].replace(&right, &format!("\"seq\":{claims},"));
        let expected = damage(entry as u64, Harm::Altered);
        assert_eq!(verify(&copy, Some(&signed)), expected);
    }
}

#[test]
fn an_inserted_line_is_named() {
    let (lines, signed) = ledger();
    let mut copy = lines.clone();
    copy.insert(7, lines[3].clone());
    let harm = Harm::Inserted { claims: 3 };
    assert_eq!(verify(&copy, Some(&signed)), damage(7, harm));
    copy[7] = lines[6].clone();
    assert_eq!(verify(&copy, Some(&signed)), damage(6, Harm::Twice));
    copy[7] = lines[7].replace("event 7", "forgery");
    assert_eq!(verify(&copy, Some(&signed)), damage(7, Harm::Twice));
}

#[test]
fn a_history_rewritten_with_a_sound_chain_is_not_what_was_signed() {
    let (_, signed) = ledger();
    let mut forger = Scribe::new();
    let mut lines: Vec<String> = (0..ENTRIES)
        .map(|number| forger.alert(&format!("other {number}")).line)
        .collect();
    let found = forger.tree.root();
    let expected = damage(SIZE - 1, two_histories(0, &signed, Source::Beside, found));
    assert_eq!(verify(&lines, Some(&signed)), expected);
    lines.push(forger.alert("and on").line);
    assert_eq!(verify(&lines, Some(&signed)), expected);
}

#[test]
fn what_follows_the_checkpoint_is_still_chained() {
    let (mut lines, _) = ledger();
    let mut scribe = Scribe::new();
    for number in 0..5 {
        scribe.alert(&format!("event {number}"));
    }
    let early = scribe.checkpoint();
    let verified = verify(&lines, Some(&early)).unwrap();
    assert_eq!((verified.entries(), verified.signed), (SIZE, 5));
    // The checkpoint vouches for entry 4, so a link that does not fit it is entry 5's fault.
    lines.truncate(6);
    let link = scribe.chain.last_line().to_string();
    lines[5] = lines[5].replace(&link, &"0".repeat(64));
    assert_eq!(verify(&lines, Some(&early)), damage(5, Harm::Altered));
}

#[test]
fn sealed_details_are_bound_to_their_line() {
    let digest = Sha256::of(&[b"sealed"]);
    let mut scribe = Scribe::new();
    let with = scribe.write(scribe.event("with"), Some(digest)).unwrap();
    let push = |sealed| {
        let text = with.line.as_bytes();
        let line = Line {
            sealed,
            ..Line::bare(text)
        };
        Verifier::new(None).push(line).map_err(|found| found.harm)
    };
    assert_eq!(push(Sealed::Digest(digest)), Ok(()));
    assert_eq!(push(Sealed::LeftOut), Ok(()));
    assert_eq!(push(Sealed::Nothing), Err(Harm::SealedMissing));
    let other = Sealed::Digest(Sha256::ZERO);
    assert_eq!(push(other), Err(Harm::SealedAltered));
    let bare = Scribe::new().alert("without").line;
    let line = Line {
        sealed: other,
        ..Line::bare(bare.as_bytes())
    };
    let found = Verifier::new(None).push(line).unwrap_err();
    assert_eq!(found.harm, Harm::SealedInserted);
}

#[test]
fn a_damage_reads_as_a_sentence() {
    let (mut lines, signed) = ledger();
    lines.remove(4);
    let found = verify(&lines, Some(&signed)).unwrap_err();
    let text = "entry 4 is missing: entry 5 stands in its place";
    assert_eq!(found.to_string(), text);
}

/// The checkpoints over each beginning of a ledger of alerts, the empty one included.
fn checkpoints(texts: &[String]) -> (Vec<String>, Vec<Checkpoint>) {
    let mut scribe = Scribe::new();
    let mut signed = vec![scribe.checkpoint()];
    let mut lines = Vec::new();
    for text in texts {
        lines.push(scribe.alert(text).line);
        signed.push(scribe.checkpoint());
    }
    (lines, signed)
}

#[test]
fn two_checkpoints_bracket_what_was_rewritten_between_them() {
    let texts = |changed: usize| -> Vec<String> {
        let text = |number| match number == changed {
            true => "rewritten".to_owned(),
            false => format!("event {number}"),
        };
        (0..ENTRIES).map(text).collect()
    };
    let (_, signed) = checkpoints(&texts(ENTRIES));
    for changed in 0..ENTRIES {
        let (lines, forged) = checkpoints(&texts(changed));
        for first in 0..=ENTRIES {
            for second in first..=ENTRIES {
                let anchors = [second, first].map(|size| Anchor {
                    checkpoint: signed[size].clone(),
                    source: Source::Kept,
                });
                let mut verifier = Verifier::resume_against(Chain::new(), Tree::new(), anchors);
                let pushed = lines
                    .iter()
                    .try_for_each(|line| verifier.push(Line::bare(line.as_bytes())));
                let verified = pushed.and_then(|()| verifier.finish());
                let (from, size) = match (changed < first, changed < second) {
                    (true, _) => (0, first),
                    (false, true) => (first, second),
                    (false, false) => {
                        assert_eq!(verified.unwrap().signed, second as u64);
                        continue;
                    }
                };
                let found = forged[size].root;
                let harm = two_histories(from as u64, &signed[size], Source::Kept, found);
                assert_eq!(verified, damage(size as u64 - 1, harm));
            }
        }
    }
}

#[test]
fn the_greatest_of_several_checkpoints_says_how_much_is_missing() {
    let (lines, signed) = ledger();
    let (_, all) = checkpoints(
        &(0..ENTRIES)
            .map(|n| format!("event {n}"))
            .collect::<Vec<_>>(),
    );
    assert_eq!(all[ENTRIES], signed);
    let anchors = [(4, Source::Beside), (ENTRIES, Source::Kept)].map(|(size, source)| Anchor {
        checkpoint: all[size].clone(),
        source,
    });
    let mut verifier = Verifier::resume_against(Chain::new(), Tree::new(), anchors);
    for line in &lines[..6] {
        verifier.push(Line::bare(line.as_bytes())).unwrap();
    }
    let by = Source::Kept;
    let expected = damage(6, Harm::Truncated { size: SIZE, by });
    assert_eq!(verifier.finish(), expected);
}
