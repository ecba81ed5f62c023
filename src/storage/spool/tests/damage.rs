//! Whatever is done to a file is found before a byte of what was changed is given.

use super::*;

use proptest::prelude::*;

use crate::storage::spool::sealing::HEADER_BYTES;
use crate::storage::spool::sealing::SEGMENT_BYTES;
use crate::storage::spool::sealing::TAG_BYTES;

const ABOUT: &[u8] = b"about this object";

/// Where the first segment of data begins.
const DATA_AT: usize = HEADER_BYTES + ABOUT.len() + TAG_BYTES;

/// Bytes of a full segment in the file.
const SEALED: usize = SEGMENT_BYTES + TAG_BYTES;

/// A spool with one object, whose file is overwritten over and over.
struct Victim {
    site: Site,
    spool: Spool,
    id: ObjectId,
    data: Vec<u8>,
}

impl Victim {
    fn of(bytes: usize) -> Self {
        let site = Site::new();
        let (spool, _) = site.open();
        let data = data(bytes);
        let id = keep(&spool, ABOUT, &data, &[peer("pacs")]);
        Self {
            site,
            spool,
            id,
            data,
        }
    }

    fn path(&self) -> PathBuf {
        self.site.path(&format!("queues/pacs/waiting/{}", self.id))
    }

    fn file(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// What is read of the file when it holds `bytes`: the data before the damage, and whether the
    /// damage was found.
    fn read_as(&self, bytes: &[u8]) -> (Vec<u8>, Option<SpoolError>) {
        // In place: to replace a file, file systems wait for the disk.
        let file = File::options().write(true).open(self.path()).unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        let mut seen = Vec::new();
        let mut reader = match self.spool.read(&peer("pacs"), self.id, Place::Waiting) {
            Ok(reader) => reader,
            Err(error) => return (seen, Some(error)),
        };
        assert_eq!(reader.about(), ABOUT);
        assert_eq!(reader.bytes(), self.data.len() as u64);
        loop {
            match reader.next() {
                Ok(Some(piece)) => seen.extend_from_slice(&piece),
                Ok(None) => return (seen, None),
                Err(error) => {
                    assert!(reader.next().is_err(), "it does not go on after damage");
                    return (seen, Some(error));
                }
            }
        }
    }

    /// That damage is found, and nothing is given that was not in the object at that place.
    fn assert_found(&self, bytes: &[u8]) {
        let (seen, error) = self.read_as(bytes);
        assert!(
            matches!(error, Some(SpoolError::Damaged { .. })),
            "{error:?}"
        );
        assert!(seen.len() < self.data.len() || self.data.is_empty());
        assert_eq!(seen, self.data[..seen.len()]);
    }

    /// The same, and before any byte is given.
    fn assert_found_at_once(&self, bytes: &[u8]) {
        let (seen, error) = self.read_as(bytes);
        assert!(
            matches!(error, Some(SpoolError::Damaged { .. })),
            "{error:?}"
        );
        assert!(seen.is_empty());
    }
}

#[test]
fn every_flipped_bit_of_a_small_object_is_found() {
    for bytes in [0, 40] {
        let victim = Victim::of(bytes);
        let file = victim.file();
        for place in 0..file.len() {
            for bit in 0..8 {
                let mut bad = file.clone();
                bad[place] ^= 1 << bit;
                victim.assert_found(&bad);
            }
        }
        assert!(victim.read_as(&file).1.is_none());
    }
}

#[test]
fn a_file_of_another_length_is_found_before_a_byte_is_given() {
    let victim = Victim::of(SEGMENT_BYTES + 100);
    let file = victim.file();
    let ends = (0..300)
        .chain([
            DATA_AT,
            DATA_AT + SEALED - 1,
            DATA_AT + SEALED,
            DATA_AT + SEALED + 1,
        ])
        .chain(file.len() - 200..file.len());
    for end in ends {
        victim.assert_found_at_once(&file[..end]);
    }
    for more in [1, 16, 100, SEALED] {
        victim.assert_found_at_once(&[&file[..], &vec![0; more]].concat());
    }
    victim.assert_found_at_once(&[&file[..], &file[DATA_AT..]].concat());
}

#[test]
fn segments_that_change_places_are_found() {
    let victim = Victim::of(3 * SEGMENT_BYTES);
    let file = victim.file();
    let segment = |number: usize| DATA_AT + number * SEALED..DATA_AT + (number + 1) * SEALED;
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        let mut swapped = file.clone();
        swapped[segment(one)].copy_from_slice(&file[segment(other)]);
        // One twice, and the two in each other's place.
        victim.assert_found(&swapped);
        swapped[segment(other)].copy_from_slice(&file[segment(one)]);
        victim.assert_found(&swapped);
    }
    assert_eq!(victim.read_as(&file).0, victim.data);
}

#[test]
fn what_comes_from_another_object_is_found() {
    // Of the same length, with the same said about it, in the same spool.
    let victim = Victim::of(3 * SEGMENT_BYTES);
    let file = victim.file();
    let other = keep(&victim.spool, ABOUT, &victim.data, &[peer("pacs")]);
    let other = fs::read(victim.site.path(&format!("queues/pacs/waiting/{other}"))).unwrap();
    assert_eq!(file.len(), other.len());
    victim.assert_found_at_once(&other);
    let parts = [
        0..8,
        8..16,
        0..HEADER_BYTES,
        16..HEADER_BYTES,
        HEADER_BYTES..DATA_AT,
        DATA_AT..DATA_AT + SEALED,
        DATA_AT + 2 * SEALED..DATA_AT + 3 * SEALED,
        DATA_AT..file.len(),
        HEADER_BYTES..file.len(),
    ];
    for part in parts {
        let mut spliced = file.clone();
        spliced[part.clone()].copy_from_slice(&other[part.clone()]);
        if part != (0..8) {
            victim.assert_found(&spliced);
        }
    }
    // The same object under another number.
    let renamed = victim.site.path("queues/pacs/waiting/77");
    fs::write(&renamed, &file).unwrap();
    let read = victim
        .spool
        .read(&peer("pacs"), ObjectId(77), Place::Waiting);
    assert!(matches!(read, Err(SpoolError::Damaged { .. })));
}

#[test]
fn damage_is_told_at_the_start_and_does_not_prevent_it() {
    let victim = Victim::of(1_000);
    let mut file = victim.file();
    let whole = keep(&victim.spool, ABOUT, b"whole", &[peer("pacs")]);
    file[20] ^= 1;
    fs::write(victim.path(), &file).unwrap();
    let Victim {
        site, spool, id, ..
    } = victim;
    drop(spool);
    let (spool, found) = site.open();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].id, &found[0].about[..]), (id, &b""[..]));
    assert_eq!((found[1].id, &found[1].about[..]), (whole, ABOUT));
    let to = peer("pacs");
    spool
        .put(&to, id, Place::Waiting, Place::Dead, Some(b"damaged"))
        .unwrap();
    spool.remove(&to, id, Place::Dead).unwrap();
    assert_eq!(spool.used().objects, 1);
}

#[test]
fn a_damaged_note_is_none_and_a_damaged_mark_stops_the_start() {
    let site = Site::new();
    let (spool, _) = site.open();
    let (to, other) = (peer("pacs"), peer("archive"));
    let id = keep(&spool, ABOUT, b"", &[to.clone(), other.clone()]);
    spool
        .put(&to, id, Place::Waiting, Place::Dead, Some(b"one"))
        .unwrap();
    spool
        .put(&other, id, Place::Waiting, Place::Dead, Some(b"two"))
        .unwrap();
    drop(spool);
    let note = |queue: &str| site.path(&format!("queues/{queue}/dead/{id}.note"));
    fs::copy(note("pacs"), note("archive")).unwrap();
    let (spool, found) = site.open();
    assert_eq!(found[0].note, None);
    assert_eq!(found[1].note.as_deref(), Some(&b"one"[..]));
    drop(spool);
    for bad in [&b""[..], &[0; 36], &[0; 1_000]] {
        fs::write(site.path("number"), bad).unwrap();
        assert!(matches!(site.try_open(), Err(SpoolError::ForeignKey(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Flips, runs of other bytes, truncations, parts moved: of objects of any length.
    #[test]
    fn any_change_is_found(
        bytes in prop_oneof![0..200_usize, 65_000..66_000_usize, 130_000..200_000_usize],
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..12),
    ) {
        let victim = Victim::of(bytes);
        let file = victim.file();
        for (one, other, kind) in changes {
            let (at, from) = (one.index(file.len()), other.index(file.len()));
            let mut bad = file.clone();
            match kind {
                0 => bad[at] ^= 1 << (from % 8),
                1 => bad.truncate(at),
                2 => {
                    let length = (file.len() - at.max(from)).min(1 + from % 5_000);
                    bad.copy_within(from..from + length, at);
                }
                _ => bad.insert(at, file[from]),
            }
            if bad != file {
                victim.assert_found(&bad);
            }
        }
        prop_assert_eq!(victim.read_as(&file).0, victim.data);
    }

    /// Pieces of any length make the same object.
    #[test]
    fn how_it_came_does_not_matter(cuts in prop::collection::vec(0..70_000_usize, 0..12)) {
        let site = Site::new();
        let (spool, _) = site.open();
        let whole = data(cuts.iter().sum());
        let mut rest = &whole[..];
        let mut draft = spool.begin(ABOUT).unwrap();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut);
            draft.write(piece).unwrap();
            rest = after;
        }
        let id = draft.keep(&[peer("pacs")]).unwrap();
        prop_assert_eq!(read(&spool, &peer("pacs"), id, Place::Waiting), whole);
    }
}

#[test]
fn what_the_disk_does_not_give_keeps_nothing_else_from_being_found() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let first = keep(&spool, b"about", &data(10), std::slice::from_ref(&to));
    let second = keep(&spool, b"about", &data(10), std::slice::from_ref(&to));
    drop(spool);
    let path = site.path(&format!("queues/pacs/waiting/{first}"));
    fs::remove_file(&path).unwrap();
    // What no process can open for reading, not even root: ENXIO.
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let (_spool, found) = site.open();
    let seen = found
        .iter()
        .map(|one| (one.id, one.place, one.unreadable.is_some()));
    let expected = [
        (first, Place::Waiting, true),
        (second, Place::Waiting, false),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert!(found[0].about.is_empty());
    assert_eq!(found[1].about, b"about");
    assert!(path.exists(), "it stays where it was");
}
