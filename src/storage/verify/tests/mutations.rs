//! A forger at work: he knows the format to the byte, computes every digest anew, can write
//! checkpoints under a key of his own, and lacks only the log's key. No ledger of his is accepted.
//!
//! The plain test takes 2,000 cases; with CREDENCE_LONG=1 it takes 100,000, which wants a release
//! build: `CREDENCE_LONG=1 cargo test --release --lib mutations -- --nocapture`.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::sample::Index;
use proptest::test_runner::Config;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;

use super::flips::is_long;
use super::*;
use crate::contract::Body;
use crate::ledger::Entry;
use crate::ledger::fixtures::founding;
use crate::ledger::fixtures::own;
use crate::ledger::line_hash;
use crate::storage::frame;
use crate::time::UtcMicros;

mod crime;

use crime::Act;
use crime::Crime;
use crime::Files;
use crime::Member;
use crime::Repair;
use crime::Seal;
use crime::Slots;
use crime::crime;

/// Entries of the ledger that is tampered with.
const ENTRIES: u64 = 36;

/// After how many bytes the forger begins a new segment.
const SEGMENT_BYTES: usize = 6_000;

/// A line and its sealed details, as they lie in the journal.
type Kept = (Vec<u8>, Option<Vec<u8>>);

/// The ledger as it was written, and a folder for what becomes of it.
struct Scene {
    dir: tempfile::TempDir,
    entries: Vec<Kept>,
    /// The same numbers in another history of the same key.
    others: Vec<Kept>,
    newest: super::Kept,
    older_slot: Vec<u8>,
    newest_slot: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut scribe = Scribe::new();
        let genesis = Body::Genesis {
            institution: own(),
            log_origin: scribe.signer.key().name().to_owned(),
            key: scribe.signer.key().to_string(),
            statement_key: scribe.signer.key().to_string(),
            created: UtcMicros(1_770_000_000_000_000),
        };
        let (mut journal, _) = Journal::open(dir.path(), scribe.signer.key()).unwrap();
        keys::write_vkey(dir.path(), scribe.signer.key()).unwrap();
        let (mut entries, mut slots) = (Vec::new(), Vec::new());
        for seq in 0..ENTRIES {
            let beginning = std::iter::once(genesis.clone()).chain(founding());
            let place = usize::try_from(seq).unwrap();
            let event = match beginning.into_iter().nth(place) {
                Some(body) => scribe.signed(body),
                None => scribe.event(&format!("event {seq}")),
            };
            let record = kept(&mut scribe, event);
            journal
                .append(std::slice::from_ref(&record), Priority::Normal)
                .unwrap();
            entries.push((record.line.into_bytes(), record.sealed));
            if seq == ENTRIES / 2 || seq == ENTRIES - 1 {
                let note = scribe.note();
                journal.write_checkpoint(&note, &scribe.tree).unwrap();
                let slot = dir.path().join(format!("checkpoint.{}", slots.len()));
                slots.push(fs::read(slot).unwrap());
            }
        }
        let mut liar = Scribe::new();
        let others = (0..ENTRIES).map(|seq| {
            let event = liar.event(&format!("other {seq}"));
            let record = kept(&mut liar, event);
            (record.line.into_bytes(), record.sealed)
        });
        let [older_slot, newest_slot] = slots.try_into().unwrap();
        let scene = Self {
            entries,
            others: others.collect(),
            newest: super::Kept {
                file: "kept".to_owned(),
                note: scribe.note(),
            },
            dir,
            older_slot,
            newest_slot,
        };
        assert_eq!(
            scene.verdict(Depth::Replay).unwrap().verified.signed,
            ENTRIES
        );
        scene
    }

    fn verdict(&self, depth: Depth) -> Result<Report, VerifyError> {
        let key = fixtures::signer().key().clone();
        let kept = std::slice::from_ref(&self.newest);
        verify_against(self.dir.path(), Some(&key), depth, kept)
    }

    /// What can be read in the folder, verified or not.
    fn read(&self) -> Vec<Kept> {
        let mut batches = Batches::from_start(&reader::journal_dir(self.dir.path())).unwrap();
        let mut read = Vec::new();
        while matches!(batches.step().unwrap(), Step::Batch) {
            let seen = batches.batch.records();
            read.extend(seen.map(|seen| (seen.line.text.to_vec(), seen.sealed.map(Into::into))));
        }
        read
    }

    /// Writes the segments and the checkpoints into the folder.
    fn write(&self, segments: &[Vec<u8>], slots: Slots) {
        let journal = reader::journal_dir(self.dir.path());
        fs::remove_dir_all(&journal).unwrap();
        fs::create_dir(&journal).unwrap();
        for (number, bytes) in (1..).zip(segments) {
            fs::write(reader::segment_path(&journal, number), bytes).unwrap();
        }
        let place = |place: u8| self.dir.path().join(format!("checkpoint.{place}"));
        let put = |path: PathBuf, slot: Option<&Vec<u8>>| match slot {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => drop(fs::remove_file(path)),
        };
        let (older, newest) = match slots {
            Slots::Newest => (Some(&self.older_slot), Some(&self.newest_slot)),
            Slots::Older => (Some(&self.older_slot), None),
            Slots::None => (None, None),
        };
        put(place(0), older);
        put(place(1), newest);
    }

    fn commit(&self, crime: &Crime) {
        let mut entries = self.entries.clone();
        for act in &crime.acts {
            self.perform(act, &mut entries);
        }
        if crime.repair == Repair::Chain {
            relink(&mut entries);
        }
        let batches = framed(&entries, crime.per_batch);
        let segments = filed(&batches, &crime.files);
        self.write(&segments, crime.slots);
    }

    fn perform(&self, act: &Act, entries: &mut Vec<Kept>) {
        if entries.is_empty() {
            return;
        }
        let len = entries.len();
        let range = |one: &Index, other: &Index| {
            let (one, other) = (one.index(len), other.index(len));
            one.min(other)..one.max(other) + 1
        };
        match act {
            Act::Forge(at, member) => forge(&mut entries[at.index(len)], *member),
            Act::Byte(at, place, with) => {
                let line = &mut entries[at.index(len)].0;
                let place = place.index(line.len());
                line[place] ^= *with;
            }
            Act::Insert(at, like) => {
                let mut entry = entries[like.index(len)].clone();
                forge(&mut entry, Member::Text);
                entries.insert(at.index(len + 1), entry);
            }
            Act::Remove(from, to) => drop(entries.drain(range(from, to))),
            Act::Duplicate(from, to) => {
                let entry = entries[from.index(len)].clone();
                entries.insert(to.index(len + 1), entry);
            }
            Act::Swap(one, other) => entries.swap(one.index(len), other.index(len)),
            Act::Reverse(from, to) => entries[range(from, to)].reverse(),
            Act::Other(at) => {
                let at = at.index(len);
                if let Some(other) = self.others.get(at) {
                    entries[at] = other.clone();
                }
            }
            Act::Replace(at, by) => entries[at.index(len)] = entries[by.index(len)].clone(),
            Act::Sealed(at, seal) => {
                let at = at.index(len);
                let next = (at + 1) % len;
                match seal {
                    Seal::Drop => entries[at].1 = None,
                    Seal::Change => entries[at].1 = Some(vec![0xA6; 20]),
                    Seal::Add => entries[at].1 = Some(vec![0xA5; 21]),
                    Seal::Swap => {
                        let seal = entries[at].1.take();
                        entries[at].1 = std::mem::replace(&mut entries[next].1, seal);
                    }
                }
            }
            Act::Truncate(at) => entries.truncate(at.index(len)),
            Act::Splice(from, to, place) => {
                let stretch: Vec<Kept> = entries.drain(range(from, to)).collect();
                let at = place.index(entries.len() + 1);
                entries.splice(at..at, stretch);
            }
        }
    }
}

/// The entry of this event; every third with sealed details.
fn kept(scribe: &mut Scribe, event: crate::contract::Event) -> Record {
    let sealed = (scribe.chain.next_seq() % 3 == 2).then(|| vec![0xA5; 20]);
    let digest = sealed.as_ref().map(|sealed| Sha256::of(&[sealed]));
    let line = scribe.write(event, digest).unwrap().line;
    Record { line, sealed }
}

/// Gives one member another value, in canonical form; leaves a line that is none as it is.
fn forge((line, _): &mut Kept, member: Member) {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let Ok(mut entry) = Entry::read(text) else {
        return;
    };
    match member {
        Member::Text => {
            entry.event.body = Body::Alert {
                code: "test".to_owned(),
                text: "forged".to_owned(),
                about: None,
            }
        }
        Member::LedgerTime(by) => entry.ledger_time = entry.ledger_time.plus(by),
        Member::Wall => entry.wall = entry.wall.plus(1),
        Member::Mono => entry.mono_us += 1,
        Member::Seq(seq) => entry.seq = seq,
        Member::Prev => entry.prev = Sha256::of(&[b"forged"]),
        Member::Boot => entry.boot = "0".repeat(16),
        Member::AuthorSeq => entry.event.author_seq += 1,
        Member::Signature => {
            let mut bytes = *entry.event.signature.as_bytes();
            bytes[40] ^= 1;
            entry.event.signature = crate::contract::Signature::from_bytes(bytes);
        }
        Member::SealedDigest => {
            entry.sealed_sha256 = match entry.sealed_sha256 {
                Some(_) => None,
                None => Some(Sha256::of(&[b"forged"])),
            }
        }
    }
    if let Ok(forged) = entry.line() {
        *line = forged.into_bytes();
    }
}

/// Numbers and links anew, so that the chain is sound; and the digests of the sealed details.
fn relink(entries: &mut [Kept]) {
    let mut prev = Sha256::ZERO;
    for (seq, (line, sealed)) in (0..).zip(entries) {
        let text = std::str::from_utf8(line).unwrap_or_default();
        if let Ok(mut entry) = Entry::read(text) {
            entry.seq = seq;
            entry.prev = prev;
            entry.sealed_sha256 = sealed.as_ref().map(|sealed| Sha256::of(&[sealed]));
            if let Ok(linked) = entry.line() {
                *line = linked.into_bytes();
            }
        }
        prev = line_hash(line);
    }
}

/// Batches with frames that fit them.
fn framed(entries: &[Kept], per_batch: usize) -> Vec<Vec<u8>> {
    let mut first_seq = 0;
    let batch = |(id, entries): (u64, &[Kept])| {
        let records: Vec<(&[u8], Option<&[u8]>)> = entries
            .iter()
            .map(|(line, sealed)| (line.as_slice(), sealed.as_deref()))
            .collect();
        let bytes = frame::encode_bytes(id, first_seq, &records).unwrap();
        first_seq += entries.len() as u64;
        bytes
    };
    (1..).zip(entries.chunks(per_batch)).map(batch).collect()
}

/// The segments, with what is done to them.
fn filed(batches: &[Vec<u8>], files: &Files) -> Vec<Vec<u8>> {
    let mut batches = batches.to_vec();
    let some = batches.len().max(1);
    match files {
        Files::SwapBatches(one, other) if !batches.is_empty() => {
            batches.swap(one.index(some), other.index(some));
        }
        Files::RemoveBatch(at) if !batches.is_empty() => drop(batches.remove(at.index(some))),
        Files::DuplicateBatch(at, to) if !batches.is_empty() => {
            let batch = batches[at.index(some)].clone();
            batches.insert(to.index(some), batch);
        }
        _ => {}
    }
    let mut segments = vec![Vec::new()];
    for batch in batches {
        if segments.last().unwrap().len() > SEGMENT_BYTES {
            segments.push(Vec::new());
        }
        segments.last_mut().unwrap().extend(batch);
    }
    let count = segments.len();
    let last = segments.last_mut().unwrap();
    let room = last.len().max(1);
    match files {
        Files::SwapSegments(one, other) => segments.swap(one.index(count), other.index(count)),
        Files::RemoveSegment(at) => segments[at.index(count)].clear(),
        Files::Cut(at) => last.truncate(at.index(room)),
        Files::Overwrite(from, to, bytes) if !last.is_empty() => {
            let (from, to) = (from.index(room), to.index(room));
            let end = (from + usize::from(*bytes)).min(room);
            let stretch = last[from..end].to_vec();
            last.splice(to..(to + stretch.len()).min(room), stretch);
        }
        Files::Flip(at, bit) if !last.is_empty() => last[at.index(room)] ^= 1 << (bit % 8),
        Files::TakeOut(at, bytes) if !last.is_empty() => {
            let from = at.index(room);
            drop(last.drain(from..(from + usize::from(*bytes)).min(room)));
        }
        _ => {}
    }
    segments
}

/// Whether the forger got away with it.
fn judge(scene: &Scene, crime: &Crime) -> Result<(), TestCaseError> {
    scene.commit(crime);
    let found = scene.read();
    match scene.verdict(Depth::Chain) {
        Err(VerifyError::Damaged(_) | VerifyError::Equivocation { .. }) => Ok(()),
        Err(error) => Err(TestCaseError::fail(format!("no verdict: {error}"))),
        Ok(report) if found == scene.entries => {
            // What he did left every entry as it was; leftovers after the end are told.
            match report.torn {
                Some(_) => Ok(()),
                None => Err(TestCaseError::reject("nothing was changed")),
            }
        }
        // He went on where the log ended: not signed for, and not by an author that is known.
        Ok(report) if found.starts_with(&scene.entries) => {
            prop_assert_eq!(report.verified.signed, ENTRIES);
            let deep = scene.verdict(Depth::Replay);
            let convicted =
                matches!(&deep, Err(VerifyError::Damaged(damage)) if damage.entry >= ENTRIES);
            prop_assert!(convicted, "{:?}", deep);
            Ok(())
        }
        Ok(_) => Err(TestCaseError::fail("accepted")),
    }
}

#[test]
fn no_forgery_is_accepted() {
    let cases = if is_long() { 100_000 } else { 2_000 };
    let config = Config {
        cases,
        max_global_rejects: cases,
        failure_persistence: None,
        ..Config::default()
    };
    let scene = Scene::new();
    let (tried, unchanged) = (Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&crime(), |crime| {
        tried.set(tried.get() + 1);
        let judged = judge(&scene, &crime);
        if matches!(judged, Err(TestCaseError::Reject(_))) {
            unchanged.set(unchanged.get() + 1);
        }
        judged
    });
    outcome.unwrap();
    let (tried, unchanged) = (tried.get(), unchanged.get());
    assert_eq!(tried - unchanged, cases);
    eprintln!("{cases} forgeries: none accepted ({unchanged} more changed nothing, and verify)");
}

#[test]
fn a_forged_entry_is_named() {
    let scene = Scene::new();
    let members = [
        Member::Text,
        Member::LedgerTime(-900_000_000),
        Member::LedgerTime(7),
        Member::LedgerTime(900_000_000),
        Member::Wall,
        Member::Mono,
        Member::Seq(0),
        Member::Seq(ENTRIES + 2),
        Member::Prev,
        Member::Boot,
        Member::AuthorSeq,
        Member::Signature,
        Member::SealedDigest,
    ];
    for member in members {
        for place in 0..scene.entries.len() {
            let mut entries = scene.entries.clone();
            forge(&mut entries[place], member);
            if entries[place] == scene.entries[place] {
                continue;
            }
            scene.write(&filed(&framed(&entries, 5), &Files::Nothing), Slots::Newest);
            match scene.verdict(Depth::Chain) {
                Err(VerifyError::Damaged(damage)) => {
                    assert_eq!(damage.entry, place as u64, "{member:?}: {damage}");
                }
                other => panic!("{member:?} of {place}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_chain_that_was_written_anew_is_convicted_by_the_checkpoint() {
    let scene = Scene::new();
    for place in 0..scene.entries.len() {
        let mut entries = scene.entries.clone();
        forge(&mut entries[place], Member::Text);
        relink(&mut entries);
        for slots in [Slots::Newest, Slots::Older, Slots::None] {
            scene.write(&filed(&framed(&entries, 5), &Files::Nothing), slots);
            let Err(VerifyError::Damaged(damage)) = scene.verdict(Depth::Chain) else {
                panic!("accepted");
            };
            let Harm::NotAsSigned(histories) = damage.harm else {
                panic!("{damage}");
            };
            let older = ENTRIES / 2 + 1;
            let bracket = histories.from..histories.signed.checkpoint.size;
            let expected = match slots {
                Slots::Older if (place as u64) < older => 0..older,
                Slots::Older => older..ENTRIES,
                // The newest beside the ledger, and the kept one: the same.
                Slots::Newest | Slots::None => 0..ENTRIES,
            };
            assert_eq!(bracket, expected, "{place} {slots:?}");
        }
    }
}
