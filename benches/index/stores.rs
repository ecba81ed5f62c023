//! The same pairs of keys and values in sled and in another store.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use credence::storage::Facet;
use redb::ReadableDatabase as _;

use crate::Figures;
use crate::apart;
use crate::bytes_below;
use crate::ledger::Said;

/// Entries that one key each was entered for at once.
const AT_ONCE: u64 = 256;

const CACHE_BYTES: usize = 16 << 20;
const TABLE: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("index");

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A store of pairs that writes some of them at once.
pub(crate) trait Store {
    const NAME: &'static str;
    fn open(folder: &Path) -> Self;
    fn write(&self, pairs: &Pairs);
    fn get(&self, key: &[u8]) -> Option<Vec<u8>>;
}

pub(crate) struct Sled(sled::Db);

impl Store for Sled {
    const NAME: &'static str = "sled";

    fn open(folder: &Path) -> Self {
        let config = sled::Config::default()
            .path(folder)
            .cache_capacity(CACHE_BYTES as u64)
            .flush_every_ms(None);
        Self(config.open().unwrap())
    }

    fn write(&self, pairs: &Pairs) {
        let mut batch = sled::Batch::default();
        for (key, value) in pairs {
            batch.insert(key.as_slice(), value.as_slice());
        }
        self.0.apply_batch(batch).unwrap();
        self.0.flush().unwrap();
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key).unwrap().map(|value| value.to_vec())
    }
}

pub(crate) struct Redb(redb::Database);

impl Store for Redb {
    const NAME: &'static str = "redb";

    fn open(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let mut builder = redb::Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        Self(builder.create(folder.join("db.redb")).unwrap())
    }

    fn write(&self, pairs: &Pairs) {
        let transaction = self.0.begin_write().unwrap();
        {
            let mut table = transaction.open_table(TABLE).unwrap();
            for (key, value) in pairs {
                table.insert(key.as_slice(), value.as_slice()).unwrap();
            }
        }
        transaction.commit().unwrap();
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let table = self.0.begin_read().unwrap().open_table(TABLE).unwrap();
        table.get(key).unwrap().map(|value| value.value().to_vec())
    }
}

fn index(folder: &Path) -> PathBuf {
    folder.join("data").join("index")
}

fn place<S: Store>(folder: &Path) -> PathBuf {
    folder.join(S::NAME)
}

/// The pairs of the index, by runs. Of a run's keys, nine bytes are the run's.
fn each_run(folder: &Path, mut run: impl FnMut(&Pairs)) {
    let source = Sled::open(&index(folder));
    let mut pairs = Pairs::new();
    for pair in source.0.iter() {
        let (key, value) = pair.unwrap();
        if pairs
            .last()
            .is_some_and(|(last, _)| last.get(..9) != key.get(..9))
        {
            run(&pairs);
            pairs.clear();
        }
        pairs.push((key.to_vec(), value.to_vec()));
    }
    run(&pairs);
}

/// Writes what the index holds into a new store; only writing is timed.
pub(crate) fn write<S: Store>(folder: &Path) -> Figures {
    let store = S::open(&place::<S>(folder));
    let mut took = std::time::Duration::ZERO;
    each_run(folder, |pairs| {
        took += Figures::of(|| store.write(pairs)).took
    });
    let closed = Figures::of(|| drop(store));
    Figures {
        took: took + closed.took,
        ..closed
    }
}

/// Opens a store, and reads its first pair.
pub(crate) fn open<S: Store>(folder: &Path) -> Figures {
    Figures::of(|| {
        let store = S::open(&place::<S>(folder));
        assert!(store.get(b"\0progress").is_some());
    })
}

/// Writes one key for each facet of each entry into a sled.
pub(crate) fn one_key_each(folder: &Path, entries: u64) -> Figures {
    let store = Sled::open(&folder.join("one-key-each"));
    Figures::of(|| {
        let mut pairs = BTreeMap::new();
        for seq in 0..entries {
            for facet in Said::by(seq, entries).facets() {
                pairs.insert(
                    [key(&facet), seq.to_be_bytes().to_vec()].concat(),
                    Vec::new(),
                );
            }
            if (seq + 1) % AT_ONCE == 0 || seq + 1 == entries {
                let mut batch = sled::Batch::default();
                for (key, value) in std::mem::take(&mut pairs) {
                    batch.insert(key, value);
                }
                store.0.apply_batch(batch).unwrap();
            }
        }
    })
}

fn key(facet: &Facet) -> Vec<u8> {
    match facet {
        Facet::Study(digest) => [b"s", &digest.as_bytes()[..]].concat(),
        Facet::Patient(pseudonym) => [b"p", &pseudonym.as_bytes()[..]].concat(),
        Facet::Institution(slug) => [b"i", slug.as_str().as_bytes(), b"\0"].concat(),
        Facet::Day(day) => [b"d", &day.0.to_be_bytes()[..]].concat(),
        Facet::Kind(kind) => [b"k", kind.as_bytes(), b"\0"].concat(),
        Facet::About(about) => [b"a", &about.to_be_bytes()[..]].concat(),
    }
}

/// Both stores, each written and opened in a process of its own.
pub(crate) fn compare(folder: &Path) {
    for name in [Sled::NAME, Redb::NAME] {
        let written = apart(&format!("{name}-write"), folder, 0);
        let opened = apart(&format!("{name}-open"), folder, 0);
        let again = apart(&format!("{name}-open"), folder, 0);
        let place = folder.join(name);
        println!(
            "{name}: written in {:.1?}, peak {} MiB; opened in {:.3?}, again in {:.3?}, \
             peak {} MiB; {} MB on the disk",
            written.took,
            written.peak_kib >> 10,
            opened.took,
            again.took,
            opened.peak_kib.max(again.peak_kib) >> 10,
            bytes_below(&place) / 1_000_000
        );
        std::fs::remove_dir_all(&place).unwrap();
    }
}
