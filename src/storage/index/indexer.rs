//! Keeps the index up with the journal, on a thread of its own.

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

use crate::storage::index::Index;
use crate::storage::reader::JournalReader;

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
    /// Starts to index a journal whose first `entries` entries are durable.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(data_dir: &Path, journal: JournalReader, entries: u64) -> std::io::Result<Self> {
        let index = Arc::new(Index::new(data_dir));
        let wanted = Arc::new(Wanted::default());
        let (bell, rings) = sync_channel(1);
        let thread = {
            let (index, wanted) = (Arc::clone(&index), Arc::clone(&wanted));
            thread::Builder::new()
                .name("index".to_owned())
                .spawn(move || run(&index, &journal, &wanted, &rings))?
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

fn run(index: &Index, journal: &JournalReader, wanted: &Wanted, rings: &Receiver<()>) {
    let go_on = || !wanted.stop.load(Ordering::Relaxed);
    while rings.recv().is_ok() && go_on() {
        let until = wanted.until.load(Ordering::Relaxed);
        if let Err(error) = index.catch_up(journal, until, go_on) {
            tracing::warn!(%error, "the index lags behind the ledger");
        }
    }
}
