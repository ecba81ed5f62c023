//! Every single flipped bit of a journal is found, in its entry.
//!
//! The plain test takes a share of the cases; with CREDENCE_LONG=1 it takes all of them, which
//! wants a release build: `CREDENCE_LONG=1 cargo test --release --lib flips -- --nocapture`.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use super::*;
use crate::contract::Body;
use crate::contract::Event;
use crate::contract::Signature;
use crate::ledger::fixtures::own;
use crate::storage::disk::Disk;
use crate::storage::disk::RealDisk;
use crate::storage::reader::Position;

/// Whether all cases are to be taken.
pub(super) fn is_long() -> bool {
    std::env::var_os("CREDENCE_LONG").is_some()
}

/// Numbers that look random (splitmix64), the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }
}

/// The machine's disk, without its syncs: nobody cuts the power here.
#[derive(Debug)]
pub(super) struct Unsynced;

impl Disk for Unsynced {
    fn preallocate(&self, file: &File, bytes: u64) -> io::Result<()> {
        RealDisk.preallocate(file, bytes)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        RealDisk.write_at(file, bytes, offset)
    }

    fn sync_data(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

/// A batch, and what verifying needs to begin with it.
struct Known {
    at: Position,
    id: u64,
    chain: Chain,
    tree: Tree,
    /// Where in the segment its frame is.
    frame: Range<u64>,
    /// Where its entries are.
    entries: Vec<Range<u64>>,
}

/// A journal that is known to the byte, all of it signed for.
struct Ground {
    dir: tempfile::TempDir,
    batches: Vec<Known>,
    checkpoint: Checkpoint,
    segment_bytes: u64,
}

/// Whose byte it is.
#[derive(Debug)]
enum Owner {
    Entry(u64),
    /// The frame of the batch with these entries.
    Frame(Range<u64>),
    /// Nobody's: after the last batch of its segment. The number of the entry after it, if there
    /// is one.
    Space(Option<u64>),
}

impl Ground {
    /// Batches of one to eleven entries, some of them with sealed details, as long as `more` says.
    fn new(segment_bytes: u64, more: impl Fn(&Scribe, &Journal) -> bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut scribe = Scribe::new();
        keys::write_vkey(dir.path(), scribe.signer.key()).unwrap();
        let disk = Box::new(Unsynced);
        let (mut journal, _) =
            Journal::open_on(disk, segment_bytes, dir.path(), scribe.signer.key()).unwrap();
        let mut batches: Vec<Known> = Vec::new();
        while more(&scribe, &journal) {
            let (chain, tree) = (scribe.chain, scribe.tree.clone());
            let records: Vec<Record> = (0..1 + batches.len() % 11)
                .map(|_| record(&mut scribe))
                .collect();
            journal.append(&records, Priority::Normal).unwrap();
            journal.prepare().unwrap();
            let (at, end) = journal.last_batch_place();
            let mut place = at.offset + 72;
            let entry = |record: &Record| {
                let sealed = record.sealed.as_ref().map_or(0, |sealed| 32 + sealed.len());
                let start = place;
                place += (40 + record.line.len() + sealed) as u64;
                start..place
            };
            let entries: Vec<Range<u64>> = records.iter().map(entry).collect();
            assert_eq!(entries.last().unwrap().end, end.offset);
            batches.push(Known {
                id: batches.len() as u64 + 1,
                frame: at.offset..at.offset + 72,
                at,
                chain,
                tree,
                entries,
            });
        }
        journal
            .write_checkpoint(&scribe.note(), &scribe.tree)
            .unwrap();
        Self {
            checkpoint: scribe.checkpoint(),
            dir,
            batches,
            segment_bytes,
        }
    }

    /// The batch to begin with, and whose byte it is.
    fn owner(&self, at: Position) -> (&Known, Owner) {
        let key = |place: Position| (place.segment, place.offset);
        let after = self
            .batches
            .partition_point(|batch| key(batch.at) <= key(at));
        let batch = &self.batches[after.saturating_sub(1)];
        let first = batch.chain.next_seq();
        let owner = if batch.at.segment == at.segment && batch.frame.contains(&at.offset) {
            Owner::Frame(first..first + batch.entries.len() as u64)
        } else {
            let mut entries = (first..).zip(&batch.entries);
            let found = entries
                .find(|(_, bytes)| batch.at.segment == at.segment && bytes.contains(&at.offset));
            match found {
                Some((entry, _)) => Owner::Entry(entry),
                None => Owner::Space(self.batches.get(after).map(|next| next.chain.next_seq())),
            }
        };
        (batch, owner)
    }

    /// The verdict over everything from a batch on, by the code of [`verify`].
    fn verdict_from(&self, batch: &Known) -> Outcome {
        let journal = reader::journal_dir(self.dir.path());
        let signed = Some(self.checkpoint.clone());
        let lines = Lines {
            verifier: Verifier::resume(batch.chain, batch.tree.clone(), signed),
            replay: None,
        };
        let seq = batch.chain.next_seq();
        lines.of_journal(
            Batches::from_position(&journal, batch.at, batch.id, seq)?,
            &mut |_| true,
        )
    }

    /// Flips one bit and asserts the verdict; every `publicly` asks [`verify`] itself, too.
    fn assert_found(&self, file: &File, at: Position, bit: u8, publicly: bool) {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at.offset).unwrap();
        file.write_all_at(&[byte[0] ^ (1 << bit)], at.offset)
            .unwrap();
        let (batch, owner) = self.owner(at);
        let told = |outcome: Outcome| match (outcome, &owner) {
            (Err(VerifyError::Damaged(damage)), Owner::Entry(entry)) => damage.entry == *entry,
            (Err(VerifyError::Damaged(damage)), Owner::Frame(entries)) => {
                entries.contains(&damage.entry)
            }
            (Err(VerifyError::Damaged(damage)), Owner::Space(Some(next))) => damage.entry == *next,
            (Ok((_, torn)), Owner::Space(None)) => torn.is_some(),
            _ => false,
        };
        let found = self.verdict_from(batch);
        let words = format!("bit {bit} of {at:?}, {owner:?}: {found:?}");
        assert!(told(found), "{words}");
        if publicly {
            let found = check(self.dir.path()).map(|report| (report.verified, report.torn));
            assert!(told(found), "{words}, publicly");
        }
        file.write_all_at(&byte, at.offset).unwrap();
    }

    fn segment(&self, number: u32) -> File {
        let path = reader::segment_path(&reader::journal_dir(self.dir.path()), number);
        File::options().read(true).write(true).open(path).unwrap()
    }
}

/// The next entry; every third with sealed details. Its signature is somebody's: the chain's
/// verdict is what is tested here, and signing takes long.
fn record(scribe: &mut Scribe) -> Record {
    let seq = scribe.chain.next_seq();
    let event = Event {
        author: own(),
        author_seq: seq,
        body: Body::Alert {
            code: "test".to_owned(),
            text: format!("event {seq}"),
            about: None,
        },
        signature: Signature::from_bytes([0x5A; 64]),
    };
    let sealed = (seq % 3 == 2).then(|| vec![0xA5; 20]);
    let digest = sealed.as_ref().map(|sealed| Sha256::of(&[sealed]));
    let line = scribe.write(event, digest).unwrap().line;
    Record { line, sealed }
}

#[test]
fn every_flipped_bit_of_a_journal_of_64_kib_is_found_in_its_entry() {
    const BYTES: u64 = 65_536;
    // One segment, filled but for its last twelfth.
    let ground = Ground::new(BYTES, |_, journal| {
        journal.last_batch_place().1.offset < BYTES / 12 * 11
    });
    assert_eq!(ground.batches.last().unwrap().at.segment, 1);
    let file = ground.segment(1);
    assert_eq!(file.metadata().unwrap().len(), BYTES);
    // Without a common factor with 8, a step goes through all bits of a byte.
    let step = if is_long() { 1 } else { 17 };
    let mut cases = 0_u64;
    for place in (0..BYTES * 8).step_by(step) {
        let at = Position {
            segment: 1,
            offset: place / 8,
        };
        let bit = u8::try_from(place % 8).unwrap();
        ground.assert_found(&file, at, bit, cases.is_multiple_of(512));
        cases += 1;
    }
    assert!(check(ground.dir.path()).unwrap().torn.is_none());
    eprintln!("{cases} single flips of a journal of {BYTES} bytes: all found, in their entries");
}

#[test]
fn random_flips_of_a_journal_of_20_000_entries_are_found_in_their_entries() {
    const ENTRIES: u64 = 20_000;
    const SEGMENT_BYTES: u64 = 1 << 20;
    let ground = Ground::new(SEGMENT_BYTES, |scribe, _| scribe.chain.next_seq() < ENTRIES);
    let entries = check(ground.dir.path()).unwrap().verified.entries();
    assert!(entries >= ENTRIES);
    // The last one is the next, still empty.
    let last = ground.batches.last().unwrap().at.segment + 1;
    let files: Vec<File> = (1..=last).map(|number| ground.segment(number)).collect();
    let flips = if is_long() { 100_000 } else { 2_000 };
    let mut dice = Dice(0x0C2E_DE4C);
    for case in 0..flips {
        let number = dice.below(files.len());
        let at = Position {
            segment: u32::try_from(number).unwrap() + 1,
            offset: dice.below(usize::try_from(ground.segment_bytes).unwrap()) as u64,
        };
        let bit = u8::try_from(dice.below(8)).unwrap();
        ground.assert_found(&files[number], at, bit, case % 1_000 == 0);
    }
    assert!(check(ground.dir.path()).unwrap().torn.is_none());
    eprintln!(
        "{flips} random flips of a journal of {entries} entries: all found, in their entries"
    );
}
