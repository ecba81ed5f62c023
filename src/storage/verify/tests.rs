use super::*;
use crate::digest::Sha256;
use crate::ledger::fixtures;
use crate::ledger::fixtures::Scribe;
use crate::storage::ExportForm;
use crate::storage::Journal;
use crate::storage::Priority;
use crate::storage::Record;
use std::fs;

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
    assert_eq!(damage.harm, Harm::Truncated { size: total });
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
    assert_eq!(check(&out).unwrap().verified.signed, 0);
}
