use super::*;
use crate::storage::ExportForm;
use crate::storage::export;
use crate::storage::fixtures::Folder;
use std::fs;

/// The newest checkpoint as if a witness had cosigned it.
fn cosigned(folder: &Folder) -> String {
    format!("{}\u{2014} hill/witness AAAAAAAA\n", folder.scribe.note())
}

fn size(dir: &Path, entry: u64) -> u64 {
    let proved = prove(dir, entry, None).unwrap();
    let checkpoint = proved.proof.verify(proved.line.as_bytes(), &proved.key);
    assert_eq!(checkpoint, Ok(proved.checkpoint.clone()));
    assert_eq!(proved.proof.index(), entry);
    proved.checkpoint.size
}

#[test]
fn every_entry_is_proved_from_the_folder_and_from_its_export() {
    let folder = Folder::new(23);
    let copy = folder.path().join("copy");
    export(folder.path(), &copy, &ExportForm::default()).unwrap();
    for entry in 0..23 {
        for dir in [folder.path(), &copy] {
            let proved = prove(dir, entry, None).unwrap();
            assert_eq!(
                leaf_hash(proved.line.as_bytes()),
                folder.leaves[usize::try_from(entry).unwrap()]
            );
            assert_eq!(size(dir, entry), 23);
        }
    }
    let refused = prove(folder.path(), 23, None).unwrap_err().to_string();
    assert_eq!(
        refused,
        "entry 23 is not signed for: the checkpoint is about 23 entries"
    );
}

#[test]
fn a_cosigned_checkpoint_is_used_where_it_covers_the_entry() {
    let mut folder = Folder::new(10);
    let (file, copy) = (
        folder.path().join("checkpoint.cosigned"),
        folder.path().join("copy"),
    );
    fs::write(&file, cosigned(&folder)).unwrap();
    folder.write(5);
    export(folder.path(), &copy, &ExportForm::default()).unwrap();
    for dir in [folder.path(), &copy] {
        let proved = prove(dir, 9, None).unwrap();
        assert_eq!((proved.checkpoint.size, proved.passed_over), (10, None));
        assert_eq!(proved.proof.other_signatures(), 1);
        let proved = prove(dir, 10, None).unwrap();
        assert_eq!(proved.checkpoint.size, 15);
        assert_eq!(proved.proof.other_signatures(), 0);
        assert!(proved.passed_over.unwrap().contains("about 10 entries"));
    }
    fs::write(&file, cosigned(&folder).replacen("15", "16", 1)).unwrap();
    let proved = prove(folder.path(), 9, None).unwrap();
    assert_eq!(proved.checkpoint.size, 15);
    assert!(proved.passed_over.unwrap().contains("checkpoint.cosigned"));
}

#[test]
fn a_checkpoint_that_was_kept_is_proved_under_and_a_foreign_one_is_not() {
    let mut folder = Folder::new(6);
    let kept = folder.scribe.note();
    folder.write(3);
    let proved = prove(folder.path(), 5, Some(kept.clone())).unwrap();
    assert_eq!(
        (proved.checkpoint.size, proved.proof.note()),
        (6, kept.as_str())
    );
    let refused = prove(folder.path(), 6, Some(kept.clone()));
    assert!(matches!(
        refused,
        Err(ProveError::NotSigned { entry: 6, size: 6 })
    ));
    let changed = kept.replacen("\n6\n", "\n7\n", 1);
    let refused = prove(folder.path(), 5, Some(changed));
    assert!(matches!(refused, Err(ProveError::Given(_))));
    // A ledger by the same key that went another way: rolled back, say, and written anew.
    let mut elsewhere = Folder::new(2);
    elsewhere.scribe.wall = elsewhere.scribe.wall.plus(1);
    elsewhere.write(7);
    let refused = prove(folder.path(), 5, Some(elsewhere.scribe.note()));
    assert!(matches!(
        refused,
        Err(ProveError::Hashes(HashesError::NotAsSigned { size: 9 }))
    ));
}

#[test]
fn a_damaged_ledger_proves_nothing() {
    let folder = Folder::new(8);
    let copy = folder.path().join("copy");
    export(folder.path(), &copy, &ExportForm::default()).unwrap();
    let file = copy.join("entries.jsonl");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    for entry in 0..8 {
        assert!(prove(&copy, entry, None).is_err());
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        prove(empty.path(), 0, None),
        Err(ProveError::NoLedger(_))
    ));
}
