//! Values that tests of the storage start from.

use std::path::Path;

use crate::digest::Sha256;
use crate::ledger::fixtures::Scribe;
use crate::storage::Journal;
use crate::storage::Priority;
use crate::storage::Record;
use crate::storage::keys;

/// A data folder that may be gone on with.
pub(super) struct Folder {
    pub(super) dir: tempfile::TempDir,
    pub(super) scribe: Scribe,
    pub(super) journal: Journal,
    pub(super) leaves: Vec<Sha256>,
}

impl Folder {
    /// With so many entries, under a checkpoint.
    pub(super) fn new(entries: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scribe = Scribe::new();
        keys::write_vkey(dir.path(), scribe.signer.key()).unwrap();
        let (journal, _) = Journal::open(dir.path(), scribe.signer.key()).unwrap();
        let mut folder = Self {
            dir,
            scribe,
            journal,
            leaves: Vec::new(),
        };
        folder.write(entries);
        folder
    }

    /// So many more entries, and a checkpoint over all.
    pub(super) fn write(&mut self, entries: usize) {
        let mut left = entries;
        while left > 0 {
            let count = left.min(7);
            let one = |_| {
                let linked = self.scribe.alert("x");
                self.leaves.push(linked.leaf);
                Record {
                    line: linked.line,
                    sealed: None,
                }
            };
            let batch: Vec<Record> = (0..count).map(one).collect();
            self.journal.append(&batch, Priority::Normal).unwrap();
            left -= count;
        }
        let note = self.scribe.note();
        let tree = &self.scribe.tree;
        self.journal.write_checkpoint(&note, tree).unwrap();
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }
}
