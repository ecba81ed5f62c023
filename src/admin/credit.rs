//! How scores came to be, at hand while somebody looks at them. An account needs the ledger from its beginning, and a
//! page cannot wait for that: so the ledger is folded once, by a thread that gives way to all others, when the first one asks,
//! followed from there, and forgotten when nobody has asked for [`KEPT`].

mod book;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::watch;

pub(super) use book::Book;
pub(super) use book::History;
pub(super) use book::Named;

use super::jobs;
use crate::contract::Rejection;
use crate::ledger::Checkpoint;
use crate::ledger::LogKey;
use crate::storage::JournalReader;
use crate::storage::ReadError;

/// Entries that are taken in at a time.
const STEP: usize = 1_000;
/// What nobody asks for, for so long, is forgotten.
const KEPT: Duration = Duration::from_secs(900);

/// How far the ledger was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// Entries.
    pub(super) done: u64,
    /// Of so many.
    pub(super) of: u64,
    /// It could not be read further.
    pub(super) failed: bool,
}

/// Why the ledger could not be followed.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Credit {
    journal: JournalReader,
    key: LogKey,
    checkpoints: watch::Receiver<Option<Arc<str>>>,
    book: Arc<Mutex<Option<Book>>>,
    reached: Arc<watch::Sender<Reached>>,
    wanted: Notify,
    stopped: Arc<AtomicBool>,
}

impl Credit {
    /// Of this ledger, whose checkpoints `key` signs.
    pub(super) fn new(
        journal: JournalReader,
        key: LogKey,
        checkpoints: watch::Receiver<Option<Arc<str>>>,
    ) -> Self {
        Self {
            journal,
            key,
            checkpoints,
            book: Arc::default(),
            reached: Arc::new(watch::Sender::new(Reached::default())),
            wanted: Notify::new(),
            stopped: Arc::default(),
        }
    }

    /// What `look` finds when all that is signed for now is taken in.
    ///
    /// # Errors
    /// How far that is, when it is not done `within` that time.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        within: Duration,
        look: impl FnOnce(&mut Book) -> T + Send + 'static,
    ) -> Result<T, Reached> {
        let of = self.signed();
        self.wanted.notify_one();
        let mut reached = self.reached.subscribe();
        let done = async {
            let is_done = |reached: &Reached| reached.failed || (of > 0 && reached.done >= of);
            reached.wait_for(is_done).await.is_ok()
        };
        let done = tokio::time::timeout(within, done).await;
        let reached = Reached {
            of,
            ..*self.reached.borrow()
        };
        if done != Ok(true) || reached.failed {
            return Err(reached);
        }
        let book = Arc::clone(&self.book);
        let looked = tokio::task::spawn_blocking(move || held(&book).as_mut().map(look));
        looked.await.ok().flatten().ok_or(reached)
    }

    /// How many entries are signed for; 0 before the first checkpoint since the start.
    fn signed(&self) -> u64 {
        let newest = self.checkpoints.borrow().clone();
        let newest = newest.and_then(|note| Checkpoint::open(&note, &self.key).ok());
        newest.map_or(0, |newest| newest.size)
    }

    /// Follows the ledger while somebody asks, for ever.
    pub(super) async fn follow(&self) {
        loop {
            self.wanted.notified().await;
            self.reached.send_replace(Reached::default());
            self.follow_while_wanted().await;
            *held(&self.book) = None;
            self.reached.send_modify(|reached| reached.done = 0);
        }
    }

    /// No more steps. A step that is under way ends by itself.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    async fn follow_while_wanted(&self) {
        let mut checkpoints = self.checkpoints.clone();
        let mut idle = Box::pin(tokio::time::sleep(KEPT));
        loop {
            checkpoints.borrow_and_update();
            let until = self.signed();
            let (journal, book) = (self.journal.clone(), Arc::clone(&self.book));
            let (reached, stopped) = (Arc::clone(&self.reached), Arc::clone(&self.stopped));
            let taking = move || take_in(&journal, &book, until, &reached, &stopped);
            match jobs::apart("scores", taking).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "scores cannot be told from the ledger");
                    self.reached.send_modify(|reached| reached.failed = true);
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "scores are not told from the ledger");
                    self.reached.send_modify(|reached| reached.failed = true);
                    return;
                }
            }
            tokio::select! {
                changed = checkpoints.changed() => if changed.is_err() { return },
                () = self.wanted.notified() => idle.set(tokio::time::sleep(KEPT)),
                () = &mut idle => return,
            }
        }
    }
}

/// Whoever panicked with it in hand left a book that says less than it could, and nothing wrong: a step that is not
/// whole is not counted.
fn held(book: &Mutex<Option<Book>>) -> MutexGuard<'_, Option<Book>> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take_in(
    journal: &JournalReader,
    book: &Mutex<Option<Book>>,
    until: u64,
    reached: &watch::Sender<Reached>,
    stopped: &AtomicBool,
) -> Result<(), Lost> {
    let from = held(book).get_or_insert_with(Book::new).next();
    let mut stored = journal.unchecked_entries(from).until(until);
    while !stopped.load(Ordering::Relaxed) {
        let entries = stored.by_ref().take(STEP);
        let entries = entries.map(|stored| stored.map(|stored| stored.entry));
        let entries = entries.collect::<Result<Vec<_>, ReadError>>()?;
        {
            let mut held = held(book);
            let book = held.get_or_insert_with(Book::new);
            for entry in &entries {
                book.take(entry)?;
            }
            reached.send_replace(Reached {
                done: book.next(),
                of: until,
                failed: false,
            });
        }
        if entries.len() < STEP {
            return Ok(());
        }
    }
    Ok(())
}
