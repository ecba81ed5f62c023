use super::*;
use crate::contract::Body;
use crate::digest::Sha256;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::fixtures;
use crate::ledger::fixtures::Scribe;
use crate::storage::ExportForm;
use crate::storage::Journal;
use crate::storage::Priority;
use crate::storage::Record;
use crate::time::UtcMicros;
use std::fs;

mod flips;
mod mutations;

/// A data folder with some batches; entries 2, 5, 8 … have sealed details.
fn data_folder(batches: &[usize]) -> (tempfile::TempDir, Scribe, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let mut scribe = Scribe::new();
    keys::write_vkey(dir.path(), scribe.signer.key()).unwrap();
    let (mut journal, _) = Journal::open(dir.path(), scribe.signer.key()).unwrap();
    for count in batches {
        let one = |_| {
            let seq = scribe.chain.next_seq();
            let sealed = (seq % 3 == 2).then(|| vec![0xA5; 20]);
            let digest = sealed.as_ref().map(|sealed| Sha256::of(&[sealed]));
            let event = scribe.event(&format!("event {seq}"));
            let line = scribe.write(event, digest).unwrap().line;
            Record { line, sealed }
        };
        let batch: Vec<Record> = (0..*count).map(one).collect();
        journal.append(&batch, Priority::Normal).unwrap();
    }
    let note = scribe.note();
    journal.write_checkpoint(&note, &scribe.tree).unwrap();
    (dir, scribe, journal)
}

fn check(dir: &Path) -> Result<Report, VerifyError> {
    verify(dir, Some(fixtures::signer().key()), Depth::Chain)
}

fn damaged_entry(dir: &Path) -> u64 {
    match check(dir) {
        Err(VerifyError::Damaged(damage)) => damage.entry,
        other => panic!("{other:?}"),
    }
}

/// For each byte of the batches in the first segment, the entry that it belongs to; a batch's head
/// belongs to its first entry.
fn owners(segment: &[u8], batches: &[usize]) -> Vec<u64> {
    let mut owners = Vec::new();
    let mut seq = 0;
    let number = |at: usize| u32::from_be_bytes(segment[at..at + 4].try_into().unwrap()) as usize;
    for count in batches {
        owners.extend([seq; 72]);
        for _ in 0..*count {
            let (line, sealed) = (number(owners.len()), number(owners.len() + 4));
            let digests = if sealed == 0 { 32 } else { 64 };
            owners.extend(vec![seq; 8 + digests + line + sealed]);
            seq += 1;
        }
    }
    owners
}

#[test]
fn a_flipped_bit_in_any_byte_of_a_journal_is_found_in_its_entry() {
    let batches = [1, 3, 1];
    let (dir, _, journal) = data_folder(&batches);
    drop(journal);
    let path = dir.path().join("journal/00000001.segment");
    let segment = fs::read(&path).unwrap();
    let owners = owners(&segment, &batches);
    // What follows is allocated and empty: a copy may leave it out.
    let used = &segment[..owners.len()];
    assert!(segment[owners.len()..].iter().all(|byte| *byte == 0));
    fs::write(&path, used).unwrap();
    assert_eq!(check(dir.path()).unwrap().verified.entries(), 5);
    let mut copy = used.to_vec();
    for (place, owner) in owners.iter().enumerate() {
        let bit = 1 << (place % 8);
        copy[place] ^= bit;
        fs::write(&path, &copy).unwrap();
        assert_eq!(damaged_entry(dir.path()), *owner, "byte {place}");
        copy[place] ^= bit;
    }
}

#[test]
fn a_segment_that_is_missing_is_told_from_one_that_was_cut_off() {
    let (dir, mut scribe, mut journal) = data_folder(&[2]);
    let text = "x".repeat(60_000);
    while !dir.path().join("journal/00000004.segment").exists() {
        let record = |_| Record {
            line: scribe.alert(&text).line,
            sealed: None,
        };
        let batch: Vec<Record> = (0..64).map(record).collect();
        journal.append(&batch, Priority::Normal).unwrap();
    }
    let total = scribe.chain.next_seq();
    journal
        .write_checkpoint(&scribe.note(), &scribe.tree)
        .unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!(
        (report.verified.entries(), report.verified.signed),
        (total, total)
    );
    let second = dir.path().join("journal/00000002.segment");
    let kept = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    let Err(VerifyError::Damaged(damage)) = check(dir.path()) else {
        panic!("verified");
    };
    assert!(matches!(damage.harm, Harm::Missing { found } if found > damage.entry));
    fs::write(&second, kept).unwrap();
    fs::remove_file(dir.path().join("journal/00000004.segment")).unwrap();
    fs::remove_file(dir.path().join("journal/00000003.segment")).unwrap();
    let Err(VerifyError::Damaged(damage)) = check(dir.path()) else {
        panic!("verified");
    };
    let by = Source::Beside;
    assert_eq!(damage.harm, Harm::Truncated { size: total, by });
}

#[test]
fn an_export_verifies_and_shows_its_damage() {
    let (dir, scribe, journal) = data_folder(&[2, 4]);
    let out = dir.path().join("export");
    let exported = export(dir.path(), &out, &ExportForm::default()).unwrap();
    assert_eq!(
        (exported.entries, exported.checkpoint),
        (6, Some(scribe.checkpoint()))
    );
    drop(journal);
    let report = verify(&out, None, Depth::Chain).unwrap();
    assert_eq!((report.verified.entries(), report.verified.signed), (6, 6));
    assert_eq!(report.key, *scribe.signer.key());
    assert_eq!(check(&out).unwrap().checkpoint, report.checkpoint);
    let again = export(dir.path(), &out, &ExportForm::default());
    assert!(matches!(again, Err(export::ExportError::Io { .. })));
    let path = out.join("entries.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    for entry in 0..6 {
        let damaged = text.replace(&format!("event {entry}"), "another");
        fs::write(&path, damaged).unwrap();
        assert_eq!(damaged_entry(&out), entry);
    }
    fs::write(&path, text.trim_end()).unwrap();
    assert_eq!(damaged_entry(&out), 5);
    fs::write(&path, text.replacen('\n', " ", 1)).unwrap();
    assert_eq!(damaged_entry(&out), 0);
    fs::write(&path, "x".repeat(200_000)).unwrap();
    assert_eq!(damaged_entry(&out), 0);
}

#[test]
fn a_ledger_of_another_key_is_not_verified() {
    let (dir, scribe, _journal) = data_folder(&[1]);
    let other = LogKey::new(scribe.signer.key().name(), [9; 32]).unwrap();
    let foreign = verify(dir.path(), Some(&other), Depth::Chain);
    assert!(matches!(foreign, Err(VerifyError::ForeignKey { .. })));
    fs::remove_file(dir.path().join("ledger.vkey")).unwrap();
    let foreign = verify(dir.path(), Some(&other), Depth::Chain);
    assert!(matches!(foreign, Err(VerifyError::Checkpoint(_))));
    let unknown = verify(dir.path(), None, Depth::Chain);
    assert!(matches!(unknown, Err(VerifyError::NoKey(_))));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(check(empty.path()), Err(VerifyError::NoLedger(_))));
}

#[test]
fn a_changed_checkpoint_is_not_believed() {
    let (dir, _, journal) = data_folder(&[3]);
    let out = dir.path().join("export");
    export(dir.path(), &out, &ExportForm::default()).unwrap();
    drop(journal);
    let path = out.join("checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    fs::write(&path, note.replacen("\n3\n", "\n2\n", 1)).unwrap();
    assert!(matches!(check(&out), Err(VerifyError::Checkpoint(_))));
    fs::remove_file(&path).unwrap();
    // Without one, the key vouches for nothing: whoever has the format could have written it.
    assert!(matches!(check(&out), Err(VerifyError::Unsigned)));
    let damage_only = verify(&out, None, Depth::Chain).unwrap();
    assert_eq!(damage_only.verified.signed, 0);
}

/// The checkpoint over what the scribe has written so far, as somebody would keep it.
fn kept(scribe: &Scribe) -> Kept {
    Kept {
        file: "kept".to_owned(),
        note: scribe.note(),
    }
}

fn against(dir: &Path, kept: &[Kept]) -> Result<Report, VerifyError> {
    let key = fixtures::signer().key().clone();
    verify_against(dir, Some(&key), Depth::Chain, kept)
}

fn append(journal: &mut Journal, scribe: &mut Scribe, text: &str) {
    let line = scribe.alert(text).line;
    let sealed = None;
    journal
        .append(&[Record { line, sealed }], Priority::Normal)
        .unwrap();
}

/// Copies what a folder holds besides folders, and its journal.
fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    fs::create_dir(to.path().join("journal")).unwrap();
    for folder in ["", "journal"] {
        for item in fs::read_dir(from.join(folder)).unwrap() {
            let item = item.unwrap();
            if item.file_type().unwrap().is_file() {
                fs::copy(item.path(), to.path().join(folder).join(item.file_name())).unwrap();
            }
        }
    }
    to
}

#[test]
fn a_folder_that_was_rolled_back_is_convicted_by_any_later_checkpoint() {
    let (dir, mut scribe, mut journal) = data_folder(&[2, 3]);
    let early = kept(&scribe);
    let old = copy(dir.path());
    append(&mut journal, &mut scribe, "after the copy");
    let between = kept(&scribe);
    append(&mut journal, &mut scribe, "and later");
    journal
        .write_checkpoint(&scribe.note(), &scribe.tree)
        .unwrap();
    let late = kept(&scribe);
    let all = [late.clone(), early.clone(), between.clone()];
    let report = against(dir.path(), &all).unwrap();
    let sizes: Vec<u64> = report.kept.iter().map(|kept| kept.size).collect();
    assert_eq!((report.verified.signed, sizes), (7, vec![7, 5, 6]));
    // By itself the old copy is a sound ledger, and it continues what was kept before.
    assert_eq!(against(old.path(), &[early]).unwrap().verified.signed, 5);
    for (later, size) in [(between, 6), (late, 7)] {
        let found = against(old.path(), &[later]).unwrap_err();
        let words = format!(
            "entry 5 is missing: the ledger ends before it, but {size} entries were signed for (a \
             kept checkpoint)"
        );
        assert_eq!(found.to_string(), words);
    }
}

#[test]
fn two_histories_under_one_key_are_told_with_both_roots() {
    let (dir, mut scribe, mut journal) = data_folder(&[2, 3]);
    let fork = copy(dir.path());
    let common = kept(&scribe);
    append(&mut journal, &mut scribe, "what happened");
    let (true_root, witness) = (scribe.tree.root(), kept(&scribe));
    // Whoever has the key writes another entry in its place, signs for it, and goes on.
    let (mut forged, found) = Journal::open(fork.path(), scribe.signer.key()).unwrap();
    let mut forger = Scribe::resume(found.chain, found.tree);
    append(&mut forged, &mut forger, "what did not happen");
    let false_root = forger.tree.root();
    append(&mut forged, &mut forger, "and on");
    // Not signed for: a rewriting, and no proof of who did it.
    let found = against(fork.path(), &[common.clone(), witness.clone()]).unwrap_err();
    let words = format!(
        "entry 5 is not what was signed: two histories. Over 6 entries the root is {false_root}; a \
         kept checkpoint says {true_root}"
    );
    assert_eq!(found.to_string(), words);
    // Signed for, it is. No checkpoint says here how far both agree.
    let note = Checkpoint::sign(&forger.tree, &scribe.signer).unwrap();
    forged.write_checkpoint(&note, &forger.tree).unwrap();
    let found = against(fork.path(), std::slice::from_ref(&witness)).unwrap_err();
    let VerifyError::Equivocation { damage, own, .. } = &found else {
        panic!("{found}");
    };
    let Harm::NotAsSigned(histories) = &damage.harm else {
        panic!("{damage}");
    };
    assert_eq!((damage.entry, histories.from, own.size), (5, 0, 7));
    let told = found.to_string();
    assert!(told.starts_with("entry 5 or one before it, from entry 0 on, is not what was signed"));
    assert!(told.contains("Both were signed by st-anna.example/ledger+"));
    let found = against(fork.path(), &[witness, common]).unwrap_err();
    assert!(matches!(found, VerifyError::Equivocation { damage, .. }
        if matches!(&damage.harm, Harm::NotAsSigned(histories) if histories.from == 5)));
}

#[test]
fn a_kept_checkpoint_of_another_log_or_key_says_so() {
    let (dir, scribe, _journal) = data_folder(&[2]);
    let note = scribe.note();
    let refused = |note: String| {
        let file = "kept".to_owned();
        let found = against(dir.path(), &[Kept { file, note }]).unwrap_err();
        found.to_string()
    };
    let of = |name: &str, seed: u8| {
        let signer = fixtures::signer_named(name, seed);
        Checkpoint::sign(&scribe.tree, &signer).unwrap()
    };
    assert_eq!(
        refused(of("lakeside.example/ledger", 7)),
        "the kept checkpoint kept: it is about the log \"lakeside.example/ledger\"; this ledger's \
         is \"st-anna.example/ledger\""
    );
    let other_key = refused(of("st-anna.example/ledger", 8));
    let words = "the kept checkpoint kept: it is not signed by the ledger's key st-anna.example/";
    assert!(other_key.starts_with(words), "{other_key}");
    let forged = refused(note.replacen("\n2\n", "\n3\n", 1));
    assert!(forged.contains("does not verify"), "{forged}");
    assert!(refused(String::new()).contains("not a signed note"));
    // Others may have signed, too.
    let cosigned = format!("{note}\u{2014} witness.example {}\n", "A".repeat(104));
    let file = "cosigned".to_owned();
    let note = cosigned;
    assert!(against(dir.path(), &[Kept { file, note }]).is_ok());
}

#[test]
fn a_kept_checkpoint_is_read_from_a_file_of_limited_length() {
    let (dir, scribe, _journal) = data_folder(&[2]);
    let path = dir.path().join("kept");
    assert!(matches!(Kept::read(&path), Err(VerifyError::Io { .. })));
    fs::write(&path, scribe.note()).unwrap();
    assert!(against(dir.path(), &[Kept::read(&path).unwrap()]).is_ok());
    fs::write(&path, "x".repeat(NOTE_BYTES_MAX + 2)).unwrap();
    let long = Kept::read(&path).unwrap();
    assert_eq!(long.note.len(), NOTE_BYTES_MAX + 1);
    assert!(against(dir.path(), &[long]).is_err());
    fs::write(&path, [0xFF]).unwrap();
    assert!(Kept::read(&path).is_err());
}

#[test]
fn a_restored_ledger_continues_what_was_kept_of_its_old_origin() {
    let dir = tempfile::tempdir().unwrap();
    let mut scribe = Scribe::new();
    let old_key = scribe.signer.key().clone();
    let new = fixtures::signer_named("st-anna/credence/2", 8);
    let mut records = Vec::new();
    let mut write = |scribe: &mut Scribe, event| {
        let line = scribe.write(event, None).unwrap().line;
        records.push(Record { line, sealed: None });
    };
    let genesis = scribe.signed(Body::Genesis {
        institution: fixtures::own(),
        log_origin: old_key.name().to_owned(),
        key: old_key.to_string(),
        statement_key: old_key.to_string(),
        created: UtcMicros(0),
    });
    write(&mut scribe, genesis);
    let event = scribe.event("in the backup");
    write(&mut scribe, event);
    let in_backup = kept(&scribe);
    let mut lost = Scribe::resume(scribe.chain, scribe.tree.clone());
    lost.alert("lost");
    let beyond = kept(&lost);
    let restored = scribe.signed(Body::Restored {
        log_origin: new.key().name().to_owned(),
        key: new.key().to_string(),
        checkpoint: Some(in_backup.note.clone()),
        by: "officer".to_owned(),
    });
    write(&mut scribe, restored);
    let (mut journal, _) = Journal::open(dir.path(), new.key()).unwrap();
    journal.append(&records, Priority::Normal).unwrap();
    let note = Checkpoint::sign(&scribe.tree, &new).unwrap();
    journal.write_checkpoint(&note, &scribe.tree).unwrap();
    keys::write_vkey(dir.path(), new.key()).unwrap();
    let all = |kept| verify_against(dir.path(), Some(new.key()), Depth::Replay, &[kept]);
    let report = all(in_backup.clone()).unwrap();
    assert_eq!((report.verified.signed, report.kept[0].size), (3, 2));
    let refused = all(beyond).unwrap_err().to_string();
    assert!(refused.contains("ended before entry 2, when the ledger was restored"));
    // The old origin's own history is still held against what was kept of it.
    let mut other = Scribe::new();
    other.alert("another beginning");
    let found = all(kept(&other)).unwrap_err();
    assert!(matches!(found, VerifyError::Damaged(damage) if damage.entry == 0));
    let earlier = verify(dir.path(), Some(&old_key), Depth::Chain).unwrap_err();
    assert!(
        matches!(earlier, VerifyError::EarlierKey { until: 2, .. }),
        "{earlier}"
    );
    let out = dir.path().join("export");
    export(dir.path(), &out, &ExportForm::default()).unwrap();
    assert!(verify_against(&out, None, Depth::Replay, &[in_backup]).is_ok());
}
