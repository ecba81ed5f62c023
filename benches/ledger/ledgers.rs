//! Ledgers to be verified, written as a gateway writes them.

use std::cell::RefCell;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use credence::contract::Body;
use credence::ledger::Chain;
use credence::ledger::Checkpoint;
use credence::ledger::Linked;
use credence::ledger::Stamp;
use credence::ledger::Tree;
use credence::storage::BATCH_ENTRIES_MAX;
use credence::storage::Journal;
use credence::storage::Keys;
use credence::storage::Priority;
use credence::storage::Record;
use credence::time::UtcMicros;

use crate::books::Books;

/// Bytes of a plain entry's line.
pub(crate) const PLAIN_BYTES: usize = 512;

/// Signs, chains and keeps events.
pub(crate) struct Scribe {
    pub(crate) keys: Keys,
    pub(crate) journal: Journal,
    pub(crate) chain: Chain,
    pub(crate) tree: Tree,
    batch: Vec<Record>,
}

impl Scribe {
    pub(crate) fn begin(dir: &Path) -> Self {
        let data = data(dir);
        std::fs::create_dir_all(&data).unwrap();
        let keys = Keys::open(&dir.join("keys"), &data, &"st-anna".parse().unwrap()).unwrap();
        let (journal, recovered) = Journal::open(&data, keys.log.key()).unwrap();
        Self {
            keys,
            journal,
            chain: recovered.chain,
            tree: recovered.tree,
            batch: Vec::new(),
        }
    }

    /// The next line, signed by its author.
    pub(crate) fn linked(&mut self, wall: UtcMicros, body: Body) -> Linked {
        let author = "st-anna".parse().unwrap();
        let seq = self.chain.next_seq();
        let event = self.keys.statement.sign_event(author, seq, body).unwrap();
        let stamp = Stamp {
            wall,
            mono_us: seq,
            boot: "00112233445566ff",
        };
        let linked = self.chain.next(stamp, event, None).unwrap();
        self.tree.push(linked.leaf);
        linked
    }

    fn write(&mut self, wall: UtcMicros, body: Body) {
        let line = self.linked(wall, body).line;
        self.batch.push(Record { line, sealed: None });
        if self.batch.len() == BATCH_ENTRIES_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.journal.append(&self.batch, Priority::Normal).unwrap();
            self.batch.clear();
        }
    }

    /// Signs for all of it.
    fn end(&mut self) {
        self.flush();
        let note = Checkpoint::sign(&self.tree, &self.keys.log).unwrap();
        self.journal.write_checkpoint(&note, &self.tree).unwrap();
    }
}

/// The data folder below `dir`.
pub(crate) fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

/// An event whose line has [`PLAIN_BYTES`].
pub(crate) fn plain(number: u64, fill: usize) -> Body {
    Body::Alert {
        code: "benchmark".to_owned(),
        text: format!("{number:08}{}", "x".repeat(fill)),
        about: None,
    }
}

/// The fill of [`plain`] that gives entry `number` its length: digits take room, too.
pub(crate) fn fill(scribe: &mut Scribe, wall: UtcMicros) -> usize {
    let (chain, tree) = (scribe.chain, scribe.tree.clone());
    let line = scribe.linked(wall, plain(0, 0)).line;
    (scribe.chain, scribe.tree) = (chain, tree);
    PLAIN_BYTES - line.len()
}

/// A ledger of `entries` plain entries of exactly [`PLAIN_BYTES`] bytes below `dir`.
pub(crate) fn write_plain(dir: &Path, entries: u64) {
    let mut scribe = Scribe::begin(dir);
    let wall = UtcMicros(1_770_000_000_000_000);
    for number in 0..entries {
        let fill = fill_cached(&mut scribe, wall, number);
        scribe.write(wall, plain(number, fill));
    }
    scribe.end();
}

/// The fill changes only where the entry's number gets another digit.
fn fill_cached(scribe: &mut Scribe, wall: UtcMicros, number: u64) -> usize {
    thread_local! {
        static LAST: RefCell<Option<(u32, usize)>> = const { RefCell::new(None) };
    }
    let digits = number.checked_ilog10().unwrap_or(0);
    LAST.with_borrow_mut(|last| match last {
        Some((known, fill)) if *known == digits => *fill,
        _ => last.insert((digits, fill(scribe, wall))).1,
    })
}

/// A ledger of decisions after those of a busy state, each followed by the end of its transfer
/// when it permits one; returns how many entries there are.
pub(crate) fn write_decisions(dir: &Path, decisions: usize) -> u64 {
    let scribe = Rc::new(RefCell::new(Scribe::begin(dir)));
    let key = scribe.borrow().keys.log.key().to_string();
    let statement_key = scribe.borrow().keys.statement.key().to_string();
    let sink = Rc::clone(&scribe);
    let sink = move |now, body: &Body| sink.borrow_mut().write(now, body.clone());
    let mut books = Books::of(&key, &statement_key, Some(Box::new(sink)));
    let kinds = [books.acquisitions(), books.exchanges(), books.unconsented()];
    for number in 0..decisions {
        let requests = kinds.get(number % kinds.len()).unwrap();
        let request = requests
            .get((number / kinds.len()) % requests.len())
            .unwrap();
        let decision = books.decision(request);
        let permitted = matches!(&decision, Body::Decision { decision, .. } if decision.releases());
        let seq = books.say(decision);
        if permitted {
            books.say(Books::closed(seq, request));
        }
    }
    let mut scribe = scribe.borrow_mut();
    scribe.end();
    scribe.chain.next_seq()
}
