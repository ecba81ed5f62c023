use super::*;
use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::Mutex;

use rustix::io::Errno;

use crate::digest::Sha256;
use crate::ledger::Harm;
use crate::ledger::Source;
use crate::ledger::fixtures;
use crate::ledger::fixtures::Scribe;
use crate::storage::reader;

/// Bytes of a segment in these tests: room for about a dozen entries.
const SMALL: u64 = 8192;

/// A disk that fails on demand.
#[derive(Clone, Debug, Default)]
struct FaultyDisk(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    preallocate: Option<Errno>,
    write: Option<Errno>,
    sync: Option<Errno>,
    syncs: u32,
}

impl FaultyDisk {
    fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.0.lock().unwrap());
    }

    fn syncs(&self) -> u32 {
        self.0.lock().unwrap().syncs
    }
}

fn fail(fault: Option<Errno>) -> io::Result<()> {
    fault.map_or(Ok(()), |errno| Err(errno.into()))
}

impl Disk for FaultyDisk {
    fn preallocate(&self, file: &File, bytes: u64) -> io::Result<()> {
        fail(self.0.lock().unwrap().preallocate)?;
        RealDisk.preallocate(file, bytes)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = fail(self.0.lock().unwrap().write) {
            // Half of it gets through.
            file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        RealDisk.write_at(file, bytes, offset)
    }

    /// Syncs nothing: these tests do not cut the power, and there are many of them.
    fn sync_data(&self, _: &File) -> io::Result<()> {
        let mut faults = self.0.lock().unwrap();
        faults.syncs += 1;
        fail(faults.sync)
    }
}

struct Site {
    dir: tempfile::TempDir,
    disk: FaultyDisk,
    journal: Journal,
    scribe: Scribe,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let (journal, found) = open(dir.path(), &disk).unwrap();
        let scribe = Scribe::resume(found.chain, found.tree);
        Self {
            dir,
            disk,
            journal,
            scribe,
        }
    }

    /// Batches of one, two and three entries, and so on.
    fn with_batches(batches: usize) -> Self {
        let mut site = Self::new();
        for count in 1..=batches {
            site.append(count).unwrap();
        }
        site
    }

    fn records(&mut self, count: usize) -> Vec<Record> {
        let one = |number| {
            let sealed = (number % 2 == 1).then(|| vec![0xFF; 10]);
            let digest = sealed.as_ref().map(|sealed| Sha256::of(&[sealed]));
            let event = self.scribe.event(&format!("number {number}"));
            let line = self.scribe.write(event, digest).unwrap().line;
            Record { line, sealed }
        };
        (0..count).map(one).collect()
    }

    /// Appends new entries; when they are refused, the scribe forgets them.
    fn try_append(&mut self, count: usize, priority: Priority) -> Result<(), AppendError> {
        let (chain, tree) = (self.scribe.chain, self.scribe.tree.clone());
        let records = self.records(count);
        let appended = self.journal.append(&records, priority);
        if appended.is_err() {
            (self.scribe.chain, self.scribe.tree) = (chain, tree);
        }
        appended
    }

    fn append(&mut self, count: usize) -> Result<(), AppendError> {
        self.try_append(count, Priority::Normal)
    }

    fn checkpoint(&mut self) {
        let note = self.scribe.note();
        self.journal
            .write_checkpoint(&note, &self.scribe.tree)
            .unwrap();
    }

    fn reopen(&mut self) -> Result<Recovered, OpenError> {
        let (journal, found) = open(self.dir.path(), &self.disk)?;
        self.journal = journal;
        self.scribe = Scribe::resume(found.chain, found.tree.clone());
        Ok(found)
    }

    fn segment(&self, number: u32) -> PathBuf {
        reader::segment_path(&reader::journal_dir(self.dir.path()), number)
    }

    fn offset(&self) -> usize {
        usize::try_from(self.journal.segments.position().offset).unwrap()
    }

    /// What is read back: numbers of the entries.
    fn read(&self) -> Vec<u64> {
        let entries = self.journal.entries(0).map(Result::unwrap);
        entries.map(|stored| stored.entry.seq).collect()
    }

    fn flip(&self, number: u32, place: usize) {
        let path = self.segment(number);
        let mut bytes = fs::read(&path).unwrap();
        bytes[place] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

fn open(dir: &Path, disk: &FaultyDisk) -> Result<(Journal, Recovered), OpenError> {
    let signer = fixtures::signer();
    Journal::open_on(Box::new(disk.clone()), SMALL, dir, signer.key())
}

#[test]
fn what_was_appended_is_read_back() {
    let mut site = Site::with_batches(3);
    let entries: Vec<_> = site.journal.entries(0).map(Result::unwrap).collect();
    assert_eq!(entries.len(), 6);
    assert_eq!(entries[5].sealed, None);
    assert_eq!(entries[2].sealed.as_deref(), Some(&[0xFF; 10][..]));
    let reader = site.journal.reader();
    for entry in &entries {
        assert_eq!(reader.get(entry.entry.seq).unwrap().as_ref(), Some(entry));
    }
    assert_eq!(reader.get(6).unwrap(), None);
    assert_eq!(site.journal.entries(4).count(), 2);
    assert_eq!(site.journal.entries(0).until(3).count(), 3);
    let before = (site.scribe.chain, site.scribe.tree.clone());
    let found = site.reopen().unwrap();
    assert_eq!((found.chain, found.tree), before);
    assert_eq!((found.torn, found.checkpoint), (None, None));
}

#[test]
fn entries_go_on_from_segment_to_segment() {
    let mut site = Site::new();
    for batch in 0..40 {
        site.append(1 + batch % 5).unwrap();
        if batch % 10 == 9 {
            site.journal.prepare().unwrap();
            site.checkpoint();
        }
    }
    assert!(site.segment(5).exists());
    let all: Vec<u64> = (0..site.journal.len()).collect();
    assert_eq!(site.read(), all);
    for seq in (0..site.journal.len()).step_by(7) {
        assert_eq!(
            site.journal.entries(seq).count() as u64,
            site.journal.len() - seq
        );
    }
    let found = site.reopen().unwrap();
    assert_eq!(
        found.checkpoint.map(|signed| signed.size),
        Some(site.journal.len())
    );
    site.append(3).unwrap();
    assert_eq!(site.read().len(), all.len() + 3);
}

#[test]
fn a_batch_is_synced_before_it_is_acknowledged() {
    let mut site = Site::new();
    let before = site.disk.syncs();
    site.append(5).unwrap();
    assert_eq!(site.disk.syncs(), before + 1);
}

#[test]
fn a_batch_torn_at_any_byte_is_dropped_and_the_others_stay() {
    let mut site = Site::with_batches(2);
    site.checkpoint();
    let start = site.offset();
    let kept = (site.scribe.chain, site.scribe.tree.clone());
    site.append(2).unwrap();
    let end = site.offset();
    let whole = fs::read(site.segment(1)).unwrap();
    for cut in start..end {
        let mut torn = whole.clone();
        torn[cut..].fill(0);
        fs::write(site.segment(1), &torn).unwrap();
        let found = site.reopen().unwrap();
        assert_eq!((found.chain, found.tree), kept, "cut at {cut}");
        let is_torn = torn[start..].iter().any(|byte| *byte != 0);
        assert_eq!(found.torn.map(|torn| torn.first_seq), is_torn.then_some(3));
        assert!(
            fs::read(site.segment(1)).unwrap()[start..]
                .iter()
                .all(|byte| *byte == 0)
        );
    }
    site.append(4).unwrap();
    assert_eq!(site.read(), (0..7).collect::<Vec<_>>());
}

#[test]
fn a_batch_of_which_only_the_end_was_written_is_dropped_too() {
    let mut site = Site::with_batches(2);
    let start = site.offset();
    site.append(2).unwrap();
    let mut bytes = fs::read(site.segment(1)).unwrap();
    bytes[start..start + 100].fill(0);
    fs::write(site.segment(1), &bytes).unwrap();
    let found = site.reopen().unwrap();
    assert_eq!(found.torn.map(|torn| torn.first_seq), Some(3));
    assert_eq!(site.read(), [0, 1, 2]);
}

#[test]
fn a_batch_torn_at_the_start_of_a_segment_is_dropped() {
    let mut site = Site::new();
    while site.journal.segments.position().segment == 1 {
        site.append(3).unwrap();
    }
    let before = site.journal.len() - 3;
    let mut bytes = fs::read(site.segment(2)).unwrap();
    bytes[200..].fill(0);
    fs::write(site.segment(2), &bytes).unwrap();
    site.reopen().unwrap();
    assert_eq!(site.journal.len(), before);
    site.append(3).unwrap();
    site.append(3).unwrap();
    assert_eq!(site.read().len() as u64, before + 6);
    site.reopen().unwrap();
    assert_eq!(site.journal.len(), before + 6);
}

#[test]
fn a_torn_batch_that_was_signed_for_is_damage() {
    let mut site = Site::with_batches(3);
    site.checkpoint();
    site.flip(1, site.offset() - 1);
    let Err(OpenError::Damaged(damage)) = site.reopen() else {
        panic!("opened");
    };
    assert_eq!(damage.entry, 5);
}

#[test]
fn damage_before_the_last_batch_is_not_dropped() {
    let mut site = Site::with_batches(2);
    let place = site.offset() - 1;
    site.append(1).unwrap();
    site.flip(1, place);
    let Err(OpenError::Damaged(damage)) = site.reopen() else {
        panic!("opened");
    };
    assert_eq!(damage.entry, 2);
    // What lies before the newest checkpoint is looked at when it is read.
    let mut site = Site::with_batches(3);
    site.checkpoint();
    site.flip(1, 100);
    site.reopen().unwrap();
    let read = site.journal.entries(0).next().unwrap();
    let Err(ReadError::Damaged(damage)) = read else {
        panic!("read");
    };
    assert_eq!(damage.entry, 0);
}

#[test]
fn an_entry_slipped_in_with_a_good_frame_is_found_when_it_is_read() {
    let mut site = Site::with_batches(4);
    site.checkpoint();
    let path = site.segment(1);
    let bytes = fs::read(&path).unwrap();
    let line = site.journal.entries(0).next().unwrap().unwrap().entry;
    let line = line.line().unwrap().replace("number 0", "forged 0");
    let forged = frame::encode(1, 0, &[Record { line, sealed: None }]).unwrap();
    fs::write(&path, [&forged, &bytes[forged.len()..]].concat()).unwrap();
    site.reopen().unwrap();
    let read: Result<Vec<_>, _> = site.journal.entries(0).collect();
    let Err(ReadError::Damaged(damage)) = read else {
        panic!("read");
    };
    assert_eq!((damage.entry, damage.harm), (0, Harm::Altered));
}

#[test]
fn a_journal_behind_its_checkpoint_is_not_opened() {
    let mut site = Site::with_batches(2);
    let (start, old) = (site.offset(), fs::read(site.segment(1)).unwrap());
    site.append(3).unwrap();
    site.checkpoint();
    fs::write(site.segment(1), &old).unwrap();
    assert!(old[start..].iter().all(|byte| *byte == 0));
    let Err(OpenError::Damaged(damage)) = site.reopen() else {
        panic!("opened");
    };
    assert_eq!(
        (damage.entry, damage.harm),
        (
            3,
            Harm::Truncated {
                size: 6,
                by: Source::Beside
            }
        )
    );
    fs::remove_file(site.segment(1)).unwrap();
    let Err(OpenError::Damaged(damage)) = site.reopen() else {
        panic!("opened");
    };
    assert_eq!(damage.entry, 0);
}

#[test]
fn a_torn_checkpoint_leaves_the_one_before() {
    let mut site = Site::with_batches(2);
    site.checkpoint();
    site.append(1).unwrap();
    site.checkpoint();
    let newer = site.dir.path().join("checkpoint.1");
    let bytes = fs::read(&newer).unwrap();
    fs::write(&newer, &bytes[..300]).unwrap();
    let found = site.reopen().unwrap();
    assert_eq!(found.checkpoint.map(|signed| signed.size), Some(3));
    assert_eq!(site.journal.len(), 4);
    site.checkpoint();
    let found = site.reopen().unwrap();
    assert_eq!(found.checkpoint.map(|signed| signed.size), Some(4));
    for place in 0..2 {
        fs::write(site.dir.path().join(format!("checkpoint.{place}")), "torn").unwrap();
    }
    assert!(matches!(site.reopen(), Err(OpenError::Checkpoint(_))));
}

#[test]
fn a_checkpoint_of_another_key_is_not_believed() {
    let mut site = Site::with_batches(2);
    site.checkpoint();
    let key = LogKey::new("st-anna.example/ledger", [3; 32]).unwrap();
    let opened = Journal::open(site.dir.path(), &key);
    assert!(matches!(opened, Err(OpenError::Checkpoint(_))));
}

#[test]
fn a_checkpoint_covers_exactly_what_was_appended() {
    let mut site = Site::with_batches(1);
    let (note, tree) = (site.scribe.note(), site.scribe.tree.clone());
    site.append(1).unwrap();
    let early = site.journal.write_checkpoint(&note, &tree);
    assert!(matches!(early, Err(AppendError::OutOfOrder(2))));
    let mut empty = Site::new();
    let early = empty.journal.write_checkpoint(&note, &Tree::new());
    assert!(matches!(early, Err(AppendError::OutOfOrder(0))));
}

#[test]
fn lines_that_do_not_continue_the_chain_are_refused() {
    let mut site = Site::with_batches(2);
    let records = site.records(2);
    let refused = site.journal.append(&records[1..], Priority::Normal);
    assert!(matches!(refused, Err(AppendError::OutOfOrder(3))));
    let refused = site.journal.append(&[], Priority::Normal);
    assert!(matches!(refused, Err(AppendError::Limits)));
    site.journal.append(&records, Priority::Normal).unwrap();
}

#[test]
fn a_failed_sync_poisons_the_journal_and_a_new_start_recovers() {
    let mut site = Site::with_batches(2);
    site.disk.set(|faults| faults.sync = Some(Errno::IO));
    assert!(site.append(1).unwrap_err().is_fatal());
    site.disk.set(|faults| faults.sync = None);
    let syncs = site.disk.syncs();
    for priority in [Priority::Normal, Priority::Reserved] {
        assert!(site.try_append(1, priority).unwrap_err().is_fatal());
    }
    assert_eq!(site.disk.syncs(), syncs, "a sync was tried again");
    assert!(site.journal.prepare().unwrap_err().is_fatal());
    // Nobody was told of the third batch, so it may be there or not; the first two are.
    site.reopen().unwrap();
    assert_eq!(site.journal.len(), 4);
    site.append(1).unwrap();
}

#[test]
fn a_full_disk_at_the_sync_poisons_too() {
    let mut site = Site::with_batches(1);
    site.disk.set(|faults| faults.sync = Some(Errno::NOSPC));
    assert!(site.append(1).unwrap_err().is_fatal());
}

#[test]
fn a_full_disk_at_the_sync_of_a_checkpoint_poisons_too() {
    let mut site = Site::with_batches(1);
    site.checkpoint();
    site.append(1).unwrap();
    site.checkpoint();
    site.append(1).unwrap();
    site.disk.set(|faults| faults.sync = Some(Errno::NOSPC));
    let note = site.scribe.note();
    let written = site.journal.write_checkpoint(&note, &site.scribe.tree);
    assert!(written.unwrap_err().is_fatal());
    assert!(site.append(1).unwrap_err().is_fatal());
}

#[test]
fn a_full_disk_at_the_sync_of_a_new_segment_poisons_too() {
    let mut site = Site::with_batches(1);
    let reserve = reader::journal_dir(site.dir.path()).join("reserve");
    fs::remove_file(reserve).unwrap();
    site.disk
        .set(|faults| faults.preallocate = Some(Errno::NOSPC));
    site.reopen().unwrap();
    site.disk.set(|faults| {
        faults.preallocate = None;
        faults.sync = Some(Errno::NOSPC);
    });
    assert!(site.journal.prepare().unwrap_err().is_fatal());
}

#[test]
fn an_error_of_the_disk_at_the_write_poisons() {
    let mut site = Site::with_batches(2);
    site.disk.set(|faults| faults.write = Some(Errno::IO));
    assert!(site.append(1).unwrap_err().is_fatal());
    site.disk.set(|faults| faults.write = None);
    assert!(site.append(1).unwrap_err().is_fatal());
    assert_eq!(
        site.reopen().unwrap().torn.map(|torn| torn.first_seq),
        Some(3)
    );
}

#[test]
fn a_full_disk_refuses_and_takes_in_again_when_there_is_room() {
    let mut site = Site::with_batches(2);
    for errno in [Errno::NOSPC, Errno::DQUOT] {
        let before = site.journal.len();
        site.disk.set(|faults| faults.write = Some(errno));
        assert!(matches!(site.append(1), Err(AppendError::NoSpace)));
        assert_eq!(site.journal.len(), before);
        site.disk.set(|faults| faults.write = None);
        site.append(2).unwrap();
        assert_eq!(site.read().len() as u64, before + 2);
    }
    let found = site.reopen().unwrap();
    assert_eq!((found.chain.next_seq(), found.torn), (7, None));
}

#[test]
fn a_full_disk_still_takes_in_what_the_reserve_is_for() {
    let mut site = Site::with_batches(2);
    site.disk
        .set(|faults| faults.preallocate = Some(Errno::NOSPC));
    // What is allocated already is used up first: this segment, the next, and then the reserve.
    while site.append(3).is_ok() {}
    let full = site.journal.len();
    assert!(matches!(site.append(3), Err(AppendError::NoSpace)));
    site.try_append(3, Priority::Reserved).unwrap();
    assert_eq!(site.journal.segments.position().segment, 3);
    assert!(
        !reader::journal_dir(site.dir.path())
            .join("reserve")
            .exists()
    );
    // The reserve has room for more, but not for this.
    assert!(matches!(site.append(1), Err(AppendError::NoSpace)));
    assert!(matches!(site.journal.prepare(), Err(AppendError::NoSpace)));
    site.try_append(1, Priority::Reserved).unwrap();
    while site.try_append(3, Priority::Reserved).is_ok() {}
    let last = site.journal.len();
    assert!(last > full + 4);
    site.reopen().unwrap();
    assert_eq!(site.journal.len(), last);
    assert!(matches!(site.append(1), Err(AppendError::NoSpace)));
    site.disk.set(|faults| faults.preallocate = None);
    site.append(1).unwrap();
    assert_eq!(site.read(), (0..=last).collect::<Vec<_>>());
    assert!(
        reader::journal_dir(site.dir.path())
            .join("reserve")
            .exists()
    );
}

#[test]
fn a_segment_cut_off_for_want_of_space_is_used_again() {
    let mut site = Site::with_batches(2);
    site.disk.set(|faults| {
        faults.write = Some(Errno::NOSPC);
        faults.preallocate = Some(Errno::NOSPC);
    });
    assert!(matches!(site.append(1), Err(AppendError::NoSpace)));
    assert_eq!(fs::read(site.segment(1)).unwrap().len(), site.offset());
    site.disk.set(|faults| *faults = Faults::default());
    site.append(1).unwrap();
    assert_eq!(site.journal.segments.position().segment, 1);
    assert_eq!(site.read(), [0, 1, 2, 3]);
}

#[test]
fn a_segment_that_is_ready_is_used_where_the_one_before_cannot_be_made_whole_again() {
    let mut site = Site::with_batches(2);
    site.disk.set(|faults| {
        faults.write = Some(Errno::NOSPC);
        faults.preallocate = Some(Errno::NOSPC);
    });
    assert!(matches!(site.append(1), Err(AppendError::NoSpace)));
    // There is room where it was allocated before, and no other.
    site.disk.set(|faults| faults.write = None);
    site.append(1).unwrap();
    assert_eq!(site.journal.segments.position().segment, 2);
    site.reopen().unwrap();
    assert_eq!(site.read(), [0, 1, 2, 3]);
}
