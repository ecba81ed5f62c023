//! Brings the index up to the journal: opens it, or begins a new one, and enters what it lacks.

use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::storage::index::Index;
use crate::storage::index::IndexError;
use crate::storage::index::Open;
use crate::storage::index::PROGRESS_KEY;
use crate::storage::index::lines::Lines;
use crate::storage::index::lines::Place;
use crate::storage::index::lines::line_hash_of;
use crate::storage::index::progress::Progress;
use crate::storage::index::run::Run;
use crate::storage::index::skim::Faceted;
use crate::storage::index::store;
use crate::storage::index::store::Store;
use crate::storage::reader::JournalReader;

/// Entries from which on a thread of its own reads the journal, beside that which feeds the store.
const BESIDE_ENTRIES: u64 = 4_096;

/// Chunks that were read and wait to be entered.
const WAITING_CHUNKS: usize = 4;

/// Why entries are entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The journal has more entries than the index.
    Behind,
    /// There was no index.
    Missing,
    /// The index was damaged.
    Damaged(String),
    /// The index held more entries than the journal.
    Ahead,
    /// The index was of another journal.
    Foreign,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind => f.write_str("it was behind the ledger"),
            Self::Missing => f.write_str("there was none"),
            Self::Damaged(how) => write!(f, "it was thrown away: {how}"),
            Self::Ahead => f.write_str("it was thrown away: it went further than the ledger"),
            Self::Foreign => f.write_str("it was thrown away: it was another ledger's"),
        }
    }
}

/// How far entering is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchingUp {
    /// Why entries are entered.
    pub why: Why,
    /// The first entry that was to be entered.
    pub from: u64,
    /// The entry that is next.
    pub next: u64,
    /// The first entry that is not to be entered.
    pub until: u64,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Opened {
    next_seq: u64,
    place: Option<Place>,
    why: Why,
}

impl Index {
    /// Enters what the journal holds below entry `until` and the index does not; opens the index,
    /// or begins a new one, if need be. `go_on` is told how far it is, and asked, before each
    /// chunk.
    ///
    /// # Errors
    /// When the journal cannot be read, or not even a new index works.
    pub fn catch_up(
        &self,
        journal: &JournalReader,
        until: u64,
        mut go_on: impl FnMut(&CatchingUp) -> bool,
    ) -> Result<(), IndexError> {
        let _feeding = self.feeding.lock().unwrap_or_else(PoisonError::into_inner);
        let caught_up = match self.try_catch_up(journal, until, &mut go_on) {
            Err(error) if error.is_damage() => {
                let why = Why::Damaged(error.to_string());
                self.begin_anew(&why)
                    .and_then(|()| self.enter_from(journal, until, self.found(why), &mut go_on))
            }
            caught_up => caught_up,
        };
        // sled does nothing more after an error; it is opened again the next time.
        if let Err(IndexError::Failed(_) | IndexError::Panicked) = caught_up {
            self.close();
        }
        caught_up
    }

    fn close(&self) {
        let open = self.open().take();
        if let Some(open) = open {
            open.store.close();
        }
    }

    fn try_catch_up(
        &self,
        journal: &JournalReader,
        until: u64,
        go_on: &mut impl FnMut(&CatchingUp) -> bool,
    ) -> Result<(), IndexError> {
        if self.spoilt.load(Ordering::Relaxed) {
            let why = Why::Damaged("an answer came upon damage".to_owned());
            self.begin_anew(&why)?;
            return self.enter_from(journal, until, self.found(why), go_on);
        }
        let is_open = self.open().is_some();
        let why = if is_open {
            Why::Behind
        } else {
            self.open_or_begin(journal, until)?
        };
        self.enter_from(journal, until, self.found(why), go_on)
    }

    fn found(&self, why: Why) -> Opened {
        let open = self.open();
        Opened {
            next_seq: open.as_ref().map_or(0, |open| open.run.next_seq()),
            place: open.as_ref().and_then(|open| open.place),
            why,
        }
    }

    /// Opens what is there, and throws it away if it does not fit the journal.
    fn open_or_begin(&self, journal: &JournalReader, until: u64) -> Result<Why, IndexError> {
        if !store::is_there(&self.dir) {
            self.begin()?;
            return Ok(Why::Missing);
        }
        let (store, found) = self.open_store()?;
        let Some(why) = misfit(journal, until, &found)? else {
            self.set_open(store, &found);
            return Ok(Why::Behind);
        };
        store.close();
        self.begin_anew(&why)?;
        Ok(why)
    }

    /// The store that is there, and how far it goes.
    fn open_store(&self) -> Result<(Store, Progress), IndexError> {
        let store = Store::open(&self.dir)?;
        let bytes = store.get(PROGRESS_KEY)?;
        let bytes = bytes.ok_or(IndexError::Spoilt("it does not say how far it goes"))?;
        let runs = u64::from(self.run_entries);
        let progress = Progress::decode(&bytes).filter(|progress| {
            progress.run_entries == self.run_entries && progress.next_seq.is_multiple_of(runs)
        });
        let progress = progress.ok_or(IndexError::Spoilt("it is of another form"))?;
        Ok((store, progress))
    }

    /// Throws away what there is, and begins a new index.
    fn begin_anew(&self, why: &Why) -> Result<(), IndexError> {
        tracing::warn!(%why, "the index of the ledger is built anew");
        self.close();
        store::remove(&self.dir).map_err(|source| IndexError::Io {
            path: self.dir.clone(),
            source,
        })?;
        self.spoilt.store(false, Ordering::Relaxed);
        self.begin()
    }

    /// Begins a new index, which says from the first that it holds nothing yet.
    fn begin(&self) -> Result<(), IndexError> {
        let store = Store::open(&self.dir)?;
        let progress = Progress::none(self.run_entries);
        store.write(vec![(PROGRESS_KEY.to_vec(), progress.encode())])?;
        self.set_open(store, &progress);
        Ok(())
    }

    fn set_open(&self, store: Store, progress: &Progress) {
        *self.open() = Some(Open {
            store,
            run: Run::after(progress),
            ready: false,
            place: None,
        });
    }

    /// Enters the entries below `until` that are lacking.
    fn enter_from(
        &self,
        journal: &JournalReader,
        until: u64,
        found: Opened,
        go_on: &mut impl FnMut(&CatchingUp) -> bool,
    ) -> Result<(), IndexError> {
        let mut state = CatchingUp {
            why: found.why,
            from: found.next_seq,
            next: found.next_seq,
            until,
        };
        let mut lines = Lines::new(journal, found.place, found.next_seq, until)?;
        if until.saturating_sub(found.next_seq) < BESIDE_ENTRIES {
            self.enter_all(|| lines.chunk(), &mut state, go_on)?;
        } else {
            thread::scope(|scope| {
                let (sender, chunks) = sync_channel(WAITING_CHUNKS);
                let lines = &mut lines;
                scope.spawn(move || {
                    loop {
                        let chunk = lines.chunk();
                        let is_last = chunk.as_ref().map_or(true, Vec::is_empty);
                        if sender.send(chunk).is_err() || is_last {
                            return;
                        }
                    }
                });
                // Dropped with this call: the reader then ends, too.
                let chunks = chunks;
                let next = || chunks.recv().unwrap_or_else(|_| Ok(Vec::new()));
                self.enter_all(next, &mut state, go_on)
            })?;
        }
        if let Some(open) = self.open().as_mut() {
            open.place = lines.place().filter(|_| open.run.next_seq() == state.next);
            open.ready |= state.next >= until;
        }
        Ok(())
    }

    /// Enters chunks until there is none, or it is not to go on.
    fn enter_all(
        &self,
        mut next_chunk: impl FnMut() -> Result<Vec<Faceted>, IndexError>,
        state: &mut CatchingUp,
        go_on: &mut impl FnMut(&CatchingUp) -> bool,
    ) -> Result<(), IndexError> {
        while go_on(state) && state.next < state.until {
            let chunk = next_chunk()?;
            let Some(last) = chunk.last() else {
                return Ok(());
            };
            state.next = last.seq.saturating_add(1);
            self.enter(chunk, state.until)?;
        }
        Ok(())
    }

    /// Enters a chunk. A run that is full goes into the store; until it is there, questions are
    /// answered from memory.
    fn enter(&self, chunk: Vec<Faceted>, until: u64) -> Result<(), IndexError> {
        let mut entries = chunk.into_iter();
        loop {
            let full = {
                let mut open = self.open();
                let open = open.as_mut().ok_or(IndexError::Unavailable)?;
                while !open.run.is_full()
                    && let Some(entry) = entries.next()
                {
                    open.run.add(entry);
                }
                open.ready |= open.run.next_seq() >= until && !self.spoilt.load(Ordering::Relaxed);
                if !open.run.is_full() {
                    return Ok(());
                }
                (open.store.clone(), open.run.blocks(), open.run.progress())
            };
            let (store, mut pairs, progress) = full;
            pairs.push((PROGRESS_KEY.to_vec(), progress.encode()));
            store.write(pairs)?;
            if let Some(open) = self.open().as_mut() {
                open.run = Run::after(&progress);
            }
        }
    }
}

/// Why an index that goes so far cannot be one of this journal; `None` when it is.
fn misfit(
    journal: &JournalReader,
    until: u64,
    found: &Progress,
) -> Result<Option<Why>, IndexError> {
    let Some(last) = found.next_seq.checked_sub(1) else {
        return Ok(None);
    };
    if last >= until {
        return Ok(Some(Why::Ahead));
    }
    Ok(match line_hash_of(journal, last)? {
        Some(hash) if hash == found.last_line => None,
        Some(_) => Some(Why::Foreign),
        None => Some(Why::Ahead),
    })
}
