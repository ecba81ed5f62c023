//! A store that is damaged on the disk is noticed or harmless; never an answer that is wrong, a
//! panic, or a wait without end.

use super::*;
use crate::storage::JournalReader;
use std::sync::mpsc::channel;
use std::thread;

/// How long opening and rebuilding may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// Entries of a run here: a rebuild syncs once for each.
const RUN: u32 = 64;

/// A site whose store has many blocks, and what it must answer.
struct Sample {
    site: Site,
    answers: Vec<(Facet, Vec<u64>)>,
    /// The files of the store, whole.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Sample {
    fn new() -> Self {
        let mut site = Site::new();
        site.traffic(600);
        drop(site.index_of_runs(RUN));
        // Opened once more, it has a snapshot that is not empty.
        drop(site.index_of_runs(RUN));
        let files = files_below(&site.folder());
        let files = files.into_iter().map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        });
        Self {
            answers: site.answers(),
            files: files.collect(),
            site,
        }
    }

    fn restore(&self) {
        store::remove(&self.site.folder()).unwrap();
        for (path, bytes) in &self.files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// Damages the store, and has it opened as a new start would; answers must be right.
    fn answers_after(&self, what: &str, damage: impl FnOnce()) -> Why {
        self.restore();
        damage();
        let (sender, receiver) = channel();
        let (data_dir, reader) = (self.site.dir.path().to_owned(), self.site.journal.reader());
        let (until, answers) = (self.site.journal.len(), self.answers.clone());
        thread::spawn(move || {
            let index = Index::with_runs_of(RUN, &data_dir);
            let why = answers_of(&index, &reader, until, &answers);
            drop(index);
            sender.send(why)
        });
        let why = receiver.recv_timeout(PATIENCE);
        why.unwrap_or_else(|error| panic!("{what}: {error}"))
    }
}

/// Asks everything; what fails is asked again after the index was fed again. Why it was rebuilt.
fn answers_of(
    index: &Index,
    reader: &JournalReader,
    until: u64,
    answers: &[(Facet, Vec<u64>)],
) -> Why {
    let mut why = Why::Behind;
    for _ in 0..3 {
        let told = |state: &CatchingUp| {
            if state.why != Why::Behind {
                why = state.why.clone();
            }
            true
        };
        index.catch_up(reader, until, told).unwrap();
        let wrong = answers.iter().find_map(|(facet, numbers)| {
            match index.find(facet, u64::MAX, FOUND_MAX) {
                Ok(found) => {
                    assert_eq!(&found, numbers, "{facet:?}");
                    None
                }
                Err(error) => Some(error),
            }
        });
        match wrong {
            None => return why,
            Some(error) => assert!(error.is_damage(), "{error}"),
        }
    }
    panic!("damage that does not go away");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Damages an open store.
type Spoil = fn(&Store);

/// What can be done to a file's bytes, at some place.
const HARMS: [&str; 4] = ["flipped", "zeroed", "overwritten", "cut"];

fn harm(bytes: &[u8], harm: &str, place: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let end = bytes.len().min(place + 300);
    match harm {
        "flipped" => bytes[place] ^= 0x10,
        "zeroed" => bytes[place..end].fill(0),
        "overwritten" => bytes[place..end].fill(0xA7),
        _ => bytes.truncate(place),
    }
    bytes
}

#[test]
fn a_store_that_was_damaged_anywhere_answers_rightly_or_is_rebuilt() {
    let sample = Sample::new();
    let names = sample
        .files
        .iter()
        .map(|(path, _)| path.file_name().unwrap());
    let names: Vec<_> = names.map(|name| name.to_str().unwrap()).collect();
    assert!(
        names.contains(&"db") && names.contains(&"conf"),
        "{names:?}"
    );
    assert!(
        names.iter().any(|name| name.starts_with("snap.")),
        "{names:?}"
    );
    let mut rebuilt = 0;
    for (path, bytes) in &sample.files {
        // The file may end in room that is not used: places lie in what is.
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let places = (0..7).map(|part| part * (used - 1) / 7);
        for place in places.chain([used - 1]) {
            for kind in HARMS {
                let what = format!("{} {kind} at {place}", path.display());
                let why = sample.answers_after(&what, || {
                    fs::write(path, harm(bytes, kind, place)).unwrap();
                });
                rebuilt += u32::from(why != Why::Behind);
            }
        }
    }
    // Most of it is noticed; what is not, lies in what is used no more.
    assert!(rebuilt > 40, "{rebuilt}");
}

#[test]
fn a_store_with_a_file_missing_empty_or_of_another_kind_is_rebuilt() {
    let sample = Sample::new();
    for (path, _) in &sample.files {
        for kind in ["missing", "empty", "a folder", "garbage"] {
            let what = format!("{} {kind}", path.display());
            sample.answers_after(&what, || {
                fs::remove_file(path).unwrap();
                match kind {
                    "missing" => {}
                    "empty" => fs::write(path, "").unwrap(),
                    "a folder" => fs::create_dir(path).unwrap(),
                    _ => fs::write(path, vec![0xA7; 1_000_000]).unwrap(),
                }
            });
        }
    }
    let folder = sample.site.folder();
    for kind in ["gone", "a file", "without blobs", "garbage among blobs"] {
        sample.answers_after(kind, || match kind {
            "gone" => fs::remove_dir_all(&folder).unwrap(),
            "a file" => {
                fs::remove_dir_all(&folder).unwrap();
                fs::write(&folder, "not a folder").unwrap();
            }
            "without blobs" => {
                let _removed = fs::remove_dir_all(folder.join("blobs"));
            }
            _ => {
                fs::create_dir_all(folder.join("blobs")).unwrap();
                fs::write(folder.join("blobs").join("17"), "garbage").unwrap();
                fs::write(folder.join("blobs").join("no number"), "garbage").unwrap();
            }
        });
    }
}

#[test]
fn what_an_interrupted_start_left_behind_costs_no_rebuild() {
    let sample = Sample::new();
    let snapshot = sample.files.iter().find(|(path, _)| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("snap.")
    });
    let whole = &snapshot.unwrap().1;
    for bytes in [&[][..], b"garbage", &whole[..whole.len() / 2], whole] {
        let why = sample.answers_after("a snapshot half written", || {
            let left = sample
                .site
                .folder()
                .join("snap.7FFFFFFFFFFFFFFF.generating");
            fs::write(left, bytes).unwrap();
        });
        assert_eq!(why, Why::Behind);
    }
}

#[test]
fn an_answer_that_comes_upon_damage_is_an_error_and_then_right() {
    let mut site = Site::new();
    site.traffic(400);
    let answers = site.answers();
    let spoilt: [(&str, Spoil); 3] = [
        ("a block of other bytes", |store| {
            let key = block::run_key(64);
            let mut value = store.get(&key).unwrap().unwrap();
            value[20] ^= 1;
            store.write(vec![(key, value)]).unwrap();
        }),
        ("a block from elsewhere", |store| {
            let value = store.get(&block::run_key(0)).unwrap().unwrap();
            store.write(vec![(block::run_key(64), value)]).unwrap();
        }),
        ("a run lost", |store| {
            let end = block::run_key(128);
            while let Some((key, _)) = store.last_below(&block::run_key(64), &end).unwrap() {
                store.remove(&key).unwrap();
            }
        }),
    ];
    for (what, spoil) in spoilt {
        let (index, _) = site.index_of_runs(64);
        spoil(&index.open().as_ref().unwrap().store);
        let day = Facet::Day(site.scribe.wall.day());
        let asked = index.find(&day, u64::MAX, FOUND_MAX);
        assert!(matches!(asked, Err(IndexError::Spoilt(_))), "{what}");
        let again = index.find(&day, u64::MAX, 1);
        assert!(matches!(again, Err(IndexError::Unavailable)), "{what}");
        let why = site.catch_up(&index);
        assert!(matches!(why, Why::Damaged(_)), "{what}");
        for (facet, numbers) in &answers {
            assert_eq!(&index.find(facet, u64::MAX, FOUND_MAX).unwrap(), numbers);
        }
    }
}

#[test]
fn a_block_that_is_lost_does_not_pass_for_nothing_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let postings: block::Postings = (0..4_000_u32)
        .map(|at| (format!("p{at:016}").into_bytes(), vec![at]))
        .collect();
    let blocks = block::encode(0, &postings);
    store.write(blocks.clone()).unwrap();
    let asked = format!("p{:016}", 2_000).into_bytes();
    let find = || find_in_run(&store, 0, &asked, 9_999, 10);
    assert_eq!(find().unwrap(), [2_000]);
    let holding = blocks
        .iter()
        .rfind(|(key, _)| *key <= block::block_key(0, &asked, 9_999));
    store.remove(&holding.unwrap().0).unwrap();
    assert!(matches!(find(), Err(IndexError::Spoilt(_))));
}

#[test]
fn a_full_disk_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", dir.path().join("db")).unwrap();
    let opened = Store::open(dir.path());
    let refused = opened.and_then(|store| store.write(vec![(vec![1], vec![2])]));
    let refused = refused.unwrap_err();
    assert!(!refused.is_damage(), "{refused}");
}
