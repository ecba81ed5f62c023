//! Keeps the index up with the journal, on a thread of its own, and tells when that takes long.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::thread::JoinHandle;

use crate::storage::index::CatchingUp;
use crate::storage::index::Index;
use crate::storage::reader::JournalReader;

/// Entries from which on it is told how catching up goes.
const TOLD_ENTRIES: u64 = 5_000;

/// How often it is told, in microseconds.
const TOLD_EVERY_US: u64 = 2_000_000;

/// The index and the thread that feeds it. Dropping it ends the thread.
#[derive(Debug)]
pub struct Indexer {
    index: Arc<Index>,
    wanted: Arc<Wanted>,
    bell: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Wanted {
    until: AtomicU64,
    stop: AtomicBool,
}

impl Indexer {
    /// Starts to index a journal whose first `entries` entries are durable. `now_us` reads a
    /// monotonic clock, in microseconds: for telling how long a rebuild takes.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(
        data_dir: &Path,
        journal: JournalReader,
        entries: u64,
        now_us: impl Fn() -> u64 + Send + 'static,
    ) -> std::io::Result<Self> {
        let index = Arc::new(Index::new(data_dir));
        let wanted = Arc::new(Wanted::default());
        let (bell, rings) = sync_channel(1);
        let thread = {
            let (index, wanted) = (Arc::clone(&index), Arc::clone(&wanted));
            thread::Builder::new()
                .name("index".to_owned())
                .spawn(move || run(&index, &journal, &wanted, &rings, &now_us))?
        };
        let indexer = Self {
            index,
            wanted,
            bell: Some(bell),
            thread: Some(thread),
        };
        indexer.wake(entries);
        Ok(indexer)
    }

    /// Says that the first `entries` entries are durable. Never waits.
    pub fn wake(&self, entries: u64) {
        self.wanted.until.fetch_max(entries, Ordering::Relaxed);
        if let Some(bell) = &self.bell {
            // Full: the bell has been rung already.
            let _rung = bell.try_send(());
        }
    }

    /// The index, to ask.
    pub fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.wanted.stop.store(true, Ordering::Relaxed);
        drop(self.bell.take());
        if let Some(thread) = self.thread.take() {
            // It ends after the chunk that it is at; how, does not matter any more.
            let _ended = thread.join();
        }
    }
}

fn run(
    index: &Index,
    journal: &JournalReader,
    wanted: &Wanted,
    rings: &Receiver<()>,
    now_us: &impl Fn() -> u64,
) {
    let go_on = || !wanted.stop.load(Ordering::Relaxed);
    while rings.recv().is_ok() && go_on() {
        let until = wanted.until.load(Ordering::Relaxed);
        let mut teller = Teller::default();
        let caught_up = index.catch_up(journal, until, |state| {
            teller.hear(state, now_us());
            go_on()
        });
        if let Err(error) = caught_up {
            tracing::warn!(%error, "the index lags behind the ledger");
        }
    }
}

/// Tells how a long catching up goes: its beginning and reason, every few seconds how far it is,
/// and its end.
#[derive(Debug, Default)]
pub(super) struct Teller {
    begun_us: Option<u64>,
    told_us: u64,
}

impl Teller {
    pub(super) fn hear(&mut self, state: &CatchingUp, now_us: u64) {
        let (why, entries) = (&state.why, state.until.saturating_sub(state.from));
        if entries < TOLD_ENTRIES {
            return;
        }
        let done = state.next.saturating_sub(state.from);
        let begun_us = match self.begun_us {
            // A second beginning: what had been opened turned out to be damaged.
            Some(begun_us) if done > 0 => begun_us,
            _ => {
                (self.begun_us, self.told_us) = (Some(now_us), now_us);
                tracing::info!(%why, from = state.from, entries, "indexing the ledger");
                return;
            }
        };
        let took_us = now_us.saturating_sub(begun_us);
        let rate = done.saturating_mul(1_000_000) / took_us.max(1);
        if done == entries {
            let took_ms = took_us / 1_000;
            tracing::info!(entries, took_ms, rate, "the ledger is indexed");
        } else if now_us.saturating_sub(self.told_us) >= TOLD_EVERY_US {
            self.told_us = now_us;
            tracing::info!(done, entries, rate, "indexing the ledger");
        }
    }
}
