use super::*;
use crate::storage::ExportForm;
use crate::storage::export;
use crate::storage::fixtures::Folder;
use std::fs;

impl Folder {
    fn file(&self) -> PathBuf {
        self.path().join(HASHES_FILE)
    }

    /// As a gateway asks, which holds the lock.
    fn keep(&self) -> Hashes {
        let lock = FolderLock::take(self.path()).unwrap();
        Hashes::keep(self.path(), &lock).unwrap()
    }

    fn read(&self) -> Hashes {
        Hashes::read(self.path()).unwrap()
    }

    /// Asks for every proof; each has been verified when it comes.
    fn ask_all(&self, hashes: &mut Hashes) {
        let checkpoint = self.scribe.checkpoint();
        for (index, leaf) in (0..).zip(&self.leaves) {
            hashes.inclusion_proof(index, leaf, &checkpoint).unwrap();
        }
        let mut tree = Tree::new();
        for leaf in &self.leaves {
            assert_eq!(
                hashes.root_at(tree.size(), &checkpoint).unwrap(),
                tree.root()
            );
            tree.push(*leaf);
            let proof = hashes.consistency_proof(tree.size(), &checkpoint).unwrap();
            let (old, new) = (tree.root(), checkpoint.root);
            assert!(verify_consistency(
                tree.size(),
                checkpoint.size,
                &old,
                &new,
                &proof
            ));
        }
    }
}

#[test]
fn every_proof_is_had_with_kept_hashes_and_without_and_from_an_export() {
    let folder = Folder::new(37);
    folder.ask_all(&mut folder.read());
    assert!(!folder.file().exists());
    let mut keeping = folder.keep();
    folder.ask_all(&mut keeping);
    assert_eq!(keeping.kept(), 37);
    assert_eq!(
        fs::metadata(folder.file()).unwrap().len(),
        32 * stored_count(37)
    );
    let copy = folder.path().join("copy");
    export(folder.path(), &copy, &ExportForm::default()).unwrap();
    folder.ask_all(&mut Hashes::read(&copy).unwrap());
    assert_eq!(folder.read().kept(), 37);
}

#[test]
fn kept_hashes_answer_without_the_journal() {
    let folder = Folder::new(50);
    folder.keep().catch_up(&folder.scribe.checkpoint()).unwrap();
    let (journal, away) = (folder.path().join("journal"), folder.path().join("away"));
    let mut reading = folder.read();
    fs::rename(&journal, &away).unwrap();
    folder.ask_all(&mut reading);
}

#[test]
fn what_is_lacking_is_caught_up_by_the_keeper_and_computed_by_others() {
    let mut folder = Folder::new(20);
    let mut keeping = folder.keep();
    keeping.catch_up(&folder.scribe.checkpoint()).unwrap();
    folder.write(31);
    let before = fs::read(folder.file()).unwrap();
    folder.ask_all(&mut folder.read());
    assert_eq!(fs::read(folder.file()).unwrap(), before);
    folder.ask_all(&mut keeping);
    let after = fs::read(folder.file()).unwrap();
    assert!(after.starts_with(&before));
    assert_eq!(after.len() as u64, 32 * stored_count(51));
}

#[test]
fn a_changed_hash_is_found_and_the_file_made_anew_by_the_keeper_only() {
    let folder = Folder::new(21);
    folder.ask_all(&mut folder.keep());
    let good = fs::read(folder.file()).unwrap();
    // A bit of each hash, and not always the same.
    for place in (0..good.len()).step_by(33) {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        fs::write(folder.file(), &bad).unwrap();
        folder.ask_all(&mut folder.read());
        assert_eq!(fs::read(folder.file()).unwrap(), bad);
        folder.ask_all(&mut folder.keep());
        assert_eq!(fs::read(folder.file()).unwrap(), good, "byte {place}");
    }
}

#[test]
fn a_file_of_any_length_is_caught_up_or_made_anew() {
    let folder = Folder::new(19);
    folder.ask_all(&mut folder.keep());
    let good = fs::read(folder.file()).unwrap();
    for length in (0..good.len()).step_by(99) {
        fs::write(folder.file(), &good[..length]).unwrap();
        folder.ask_all(&mut folder.read());
        folder.ask_all(&mut folder.keep());
        assert_eq!(fs::read(folder.file()).unwrap(), good, "{length} bytes");
    }
    // As after a power cut: the length is there, the bytes are not.
    for zeroed in (0..good.len()).step_by(160) {
        let mut bytes = good.clone();
        bytes[zeroed..].fill(0);
        fs::write(folder.file(), &bytes).unwrap();
        folder.ask_all(&mut folder.read());
        folder.ask_all(&mut folder.keep());
        assert_eq!(
            fs::read(folder.file()).unwrap(),
            good,
            "zeroes from {zeroed}"
        );
    }
}

#[test]
fn hashes_of_entries_that_never_became_durable_are_not_believed() {
    let mut folder = Folder::new(5);
    folder.keep().catch_up(&folder.scribe.checkpoint()).unwrap();
    let mut bytes = fs::read(folder.file()).unwrap();
    bytes.resize(32 * 40, 0xEE);
    fs::write(folder.file(), &bytes).unwrap();
    folder.ask_all(&mut folder.keep());
    folder.write(9);
    folder.ask_all(&mut folder.keep());
    let bytes = fs::read(folder.file()).unwrap();
    assert_eq!(bytes.len() as u64, 32 * stored_count(14));
}

#[test]
fn nothing_is_proved_that_was_not_signed() {
    let folder = Folder::new(12);
    let good = folder.scribe.checkpoint();
    for mut hashes in [folder.keep(), folder.read()] {
        let foreign = Checkpoint {
            root: Sha256::ZERO,
            ..good.clone()
        };
        let refused = hashes.consistency_proof(5, &foreign);
        assert!(matches!(
            refused,
            Err(HashesError::NotAsSigned { size: 12 })
        ));
        let refused = hashes.inclusion_proof(5, &folder.leaves[6], &good);
        assert!(matches!(
            refused,
            Err(HashesError::NotAsSigned { size: 12 })
        ));
        let refused = hashes.inclusion_proof(12, &folder.leaves[6], &good);
        assert!(matches!(
            refused,
            Err(HashesError::NotCovered {
                asked: 12,
                size: 12
            })
        ));
        let refused = hashes.consistency_proof(13, &good);
        assert!(matches!(
            refused,
            Err(HashesError::NotCovered {
                asked: 13,
                size: 12
            })
        ));
        let longer = Checkpoint {
            size: 13,
            ..good.clone()
        };
        let refused = hashes.root_at(12, &longer);
        assert!(matches!(
            refused,
            Err(HashesError::Short {
                found: 12,
                size: 13
            })
        ));
        assert_eq!(hashes.consistency_proof(0, &good).unwrap(), []);
        assert_eq!(hashes.root_at(12, &good).unwrap(), good.root);
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        Hashes::read(empty.path()),
        Err(HashesError::NoLedger(_))
    ));
}
