//! The one writer: it alone owns contract state, keyring and journal, on a thread of its own
//! behind a bounded channel. One order, one truth.
//!
//! A batch is what waits when the last one is durable. In a batch every request is decided and
//! applied in order; then the batch is appended and synced; only then is anybody answered. An
//! error of the disk ends the thread, and with it the gateway: what it would say next could not
//! be trusted.

mod asked;
mod books;
mod changes;
mod details;
mod late;
mod permit;
mod policies;
mod thread;
mod whole;
mod writer;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;

pub(super) use asked::Asked;
pub(super) use asked::PatientIdentity;
pub(super) use asked::StudyAsked;
pub use books::BooksError;
pub use books::StartError;
pub(super) use details::Details;
pub(super) use details::Filed;
pub(super) use details::ReceiptDetails;
pub use permit::Recorded;
pub(super) use permit::Refusal;
pub use policies::PoliciesError;
pub use policies::read as read_policies;
pub(super) use thread::For;
pub(super) use thread::WriterThread;
pub(super) use thread::start;

use super::control::Change;
use super::control::ListedEpoch;
use super::meters::Meters;
use super::transfer::Closing;
use super::transfer::Tally;
use crate::clock::Clock;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::DetailsOf;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::contract::SignInMeans;
use crate::contract::SignOutEnd;
use crate::contract::State;
use crate::digest::Sha256;
use crate::ledger::Checkpoint;
use crate::ledger::Equivocation;
use crate::ledger::LogKey;
use crate::ledger::LogSigner;
use crate::ledger::WitnessSigner;
use crate::storage::Facet;
use crate::storage::Hashes;
use crate::storage::HashesError;
use crate::storage::Index;
use crate::storage::IndexError;
use crate::storage::JournalReader;
use crate::time::UtcMicros;

/// Patients whom one entry can say that somebody was shown: their pseudonyms have room in a line.
pub const PATIENTS_SHOWN_MAX: usize = 1000;

/// A decision that is durable.
#[derive(Clone, Debug)]
pub(super) enum Judged {
    /// Release it.
    Permitted(Recorded),
    /// Do not.
    Refused(Refusal),
}

impl Judged {
    fn decision(&self) -> &Decision {
        match self {
            Self::Permitted(recorded) => recorded.decision(),
            Self::Refused(refusal) => refusal.decision(),
        }
    }
}

/// Why nothing was recorded. Nothing may be released then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordError {
    /// The disk is full; the gateway goes on, refusing, until there is room.
    #[error("no room for the ledger")]
    NoRoom,
    /// What is to be forgotten is recorded, but its key is still there.
    #[error(
        "recorded as entry {entry}; there is no room to write the keyring anew, so the key is still \
         there: it is destroyed as soon as there is room"
    )]
    KeyLeft {
        /// The entry.
        entry: u64,
    },
    /// The writer has ended.
    #[error("the ledger is not being written")]
    Stopped,
    /// What was asked makes no event.
    #[error("{0}")]
    Refused(String),
}

/// The pseudonym of a patient, where the gateway has met that patient, and the digest of a study.
type Names = (Option<Pseudonym>, Option<Sha256>);

/// A look at the contract's state, and at the ledger's time.
type Look = Box<dyn FnOnce(&State, UtcMicros) + Send>;

/// What the writer is asked.
pub(super) enum Ask {
    Decide {
        asked: Box<Asked>,
        reply: oneshot::Sender<Result<Judged, RecordError>>,
    },
    /// An event that nobody waits for.
    Append(Box<Body>),
    /// An event of the gateway's own that somebody waits for.
    Record {
        body: Box<Body>,
        /// What is sealed beside it.
        filed: Option<Box<Filed>>,
        reply: oneshot::Sender<Result<u64, RecordError>>,
    },
    Change {
        change: Box<Change>,
        by: String,
        reply: oneshot::Sender<Result<u64, RecordError>>,
    },
    Names {
        patient: Option<PatientIdentity>,
        study: Option<String>,
        reply: oneshot::Sender<Names>,
    },
    Epochs {
        reply: oneshot::Sender<Vec<ListedEpoch>>,
    },
    /// What is sealed beside an entry, of one patient; `None` when it cannot be opened any more.
    Unseal {
        entry: u64,
        reply: oneshot::Sender<Option<(Pseudonym, Vec<u8>)>>,
    },
    View(Look),
    Checkpoint,
    Stop,
}

/// A handle on the one writer.
#[derive(Clone, Debug)]
pub struct Recorder {
    asks: mpsc::Sender<Ask>,
    has_room: Arc<AtomicBool>,
    journal: JournalReader,
    log: Arc<Log>,
    clock: Clock,
    meters: Arc<Meters>,
}

/// What others may know and use of the log: how it is signed, and proofs about it.
#[derive(Debug)]
struct Log {
    key: LogKey,
    statement: Arc<LogSigner>,
    witness: Arc<WitnessSigner>,
    hashes: Mutex<Hashes>,
    /// Gone with the books: whoever opens the folder after them opens the index, too.
    index: Weak<Index>,
    checkpoints: watch::Receiver<Option<Arc<str>>>,
    /// Whoever reads all of the journal takes a core, a disk and their caches.
    whole_reads: Arc<Semaphore>,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ask")
    }
}

impl Recorder {
    /// Decides, records, and answers when the decision is durable.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub(super) async fn decide(&self, asked: Asked) -> Result<Judged, RecordError> {
        let (reply, answer) = oneshot::channel();
        let ticket = asked.ticket.0.clone();
        let asked = Box::new(asked);
        let began_us = self.clock.read().monotonic_us;
        let judged = self.ask(Ask::Decide { asked, reply }, answer).await;
        let took_us = self.clock.read().monotonic_us.saturating_sub(began_us);
        let decision = judged.as_ref().ok().map(Judged::decision);
        self.meters
            .decided(decision, Duration::from_micros(took_us));
        if let (Some(ticket), Ok(Judged::Permitted(recorded))) = (ticket, &judged) {
            ticket.decided(recorded.decided());
        }
        judged
    }

    /// Records what followed a decision. Does not wait: the images have gone already, and a
    /// closing that is lost to a crash is made good at the next start.
    pub(super) async fn close(&self, recorded: &Recorded, tally: &Tally, closing: Closing) {
        self.note(recorded.closing(tally, closing)).await;
    }

    /// Records an event of the gateway's own, such as an alert, without waiting.
    pub(super) async fn note(&self, body: Body) {
        let _ = self.asks.send(Ask::Append(Box::new(body))).await;
    }

    /// Records something that people should look at, without waiting. No patient data. What stands in `text` before
    /// the first `: ` says what it is about: alerts of one code that are about the same are one to whoever is told.
    pub async fn alert(&self, code: &str, text: String) {
        self.note(Body::Alert {
            code: code.to_owned(),
            text,
            about: None,
        })
        .await;
    }

    /// Records an event of the gateway's own, and waits until it is durable; the number is its
    /// entry's.
    ///
    /// # Errors
    /// When the contract refuses it or it could not be made durable.
    pub(super) async fn record(&self, body: Body) -> Result<u64, RecordError> {
        self.record_with(body, None).await
    }

    /// The same, with details that are sealed under the patient's key.
    ///
    /// # Errors
    /// As [`Recorder::record`].
    pub(super) async fn record_with(
        &self,
        body: Body,
        filed: Option<Filed>,
    ) -> Result<u64, RecordError> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::Record {
            body: Box::new(body),
            filed: filed.map(Box::new),
            reply,
        };
        self.ask(ask, answer).await
    }

    /// What is sealed beside an entry about one patient; `None` when it cannot be opened any more.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn unseal(&self, entry: u64) -> Result<Option<(Pseudonym, Vec<u8>)>, RecordError> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::Unseal { entry, reply };
        self.asks
            .send(ask)
            .await
            .map_err(|_| RecordError::Stopped)?;
        answer.await.map_err(|_| RecordError::Stopped)
    }

    /// Records that an institution's log contradicted itself, and waits until it is durable; the
    /// number is its entry's.
    ///
    /// # Errors
    /// When the contract refuses it or it could not be made durable.
    pub async fn equivocated(
        &self,
        institution: InstitutionSlug,
        key: &LogKey,
        proof: &Equivocation,
    ) -> Result<u64, RecordError> {
        self.record(Body::Equivocated {
            institution,
            key: key.to_string(),
            first: proof.first.clone(),
            second: proof.second.clone(),
        })
        .await
    }

    /// Records that `by` searched the ledger of this time by these parameters, and waits until it is durable; the
    /// number is its entry's.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn searched(
        &self,
        (from, until): (Option<UtcMicros>, Option<UtcMicros>),
        parameters: Vec<String>,
        identified: bool,
        by: String,
    ) -> Result<u64, RecordError> {
        self.record(Body::AuditSearched {
            from,
            until,
            parameters,
            identified,
            by,
        })
        .await
    }

    /// Records that `by` was shown who these patients are, and waits until it is durable: only then may they be
    /// shown. The number is its entry's.
    ///
    /// # Errors
    /// When they are more than [`PATIENTS_SHOWN_MAX`], or it could not be made durable.
    pub async fn details_shown(
        &self,
        patients: BTreeSet<Pseudonym>,
        what: DetailsOf,
        about: Option<u64>,
        by: String,
    ) -> Result<u64, RecordError> {
        if patients.len() > PATIENTS_SHOWN_MAX {
            let shown = patients.len();
            let why =
                format!("{shown} patients cannot be shown at once, limit {PATIENTS_SHOWN_MAX}");
            return Err(RecordError::Refused(why));
        }
        self.record(Body::DetailsShown {
            patients,
            what,
            about,
            by,
        })
        .await
    }

    /// Records that a session of the console begins, and waits until it is durable; the number is its entry's.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn signed_in(
        &self,
        account: String,
        means: SignInMeans,
        address: Option<IpAddr>,
    ) -> Result<u64, RecordError> {
        self.record(Body::SignedIn {
            account,
            means,
            address: address.map(|address| address.to_canonical().to_string()),
        })
        .await
    }

    /// Records that a session of the console ended, without waiting: it has ended all the same.
    pub async fn signed_out(&self, account: String, end: SignOutEnd) {
        self.note(Body::SignedOut { account, end }).await;
    }

    /// What is counted, of decisions among others.
    pub(super) const fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// The key that signs the log's checkpoints.
    pub fn log_key(&self) -> &LogKey {
        &self.log.key
    }

    /// The newest signed checkpoint; `None` until the first one since the start.
    pub fn checkpoints(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.log.checkpoints.clone()
    }

    /// The same, if there is one.
    pub(super) fn newest_checkpoint(&self) -> Option<String> {
        let newest = self.log.checkpoints.borrow();
        newest.as_deref().map(str::to_owned)
    }

    /// What signs events, and what is said to other gateways.
    pub fn statement_signer(&self) -> Arc<LogSigner> {
        Arc::clone(&self.log.statement)
    }

    /// What cosigns the checkpoints of other logs.
    pub fn witness(&self) -> Arc<WitnessSigner> {
        Arc::clone(&self.log.witness)
    }

    /// The root of the first `size` entries, and the proof that the log under `checkpoint`
    /// continues them. Blocks on the disk.
    ///
    /// # Errors
    /// When the checkpoint is about fewer entries, or the ledger cannot be read.
    pub fn growth(
        &self,
        size: u64,
        checkpoint: &Checkpoint,
    ) -> Result<(Sha256, Vec<Sha256>), HashesError> {
        // Whoever panicked with the lock in hand left a file that is verified whenever it is used.
        let mut hashes = self
            .log
            .hashes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let root = hashes.root_at(size, checkpoint)?;
        let proof = hashes.consistency_proof(size, checkpoint)?;
        Ok((root, proof))
    }

    /// The entries so far, for reading.
    pub fn journal(&self) -> JournalReader {
        self.journal.clone()
    }

    /// Whether the ledger takes every entry; else its disk is full, and permits are refused.
    pub fn has_room(&self) -> bool {
        self.has_room.load(Ordering::Relaxed)
    }

    /// Numbers of the entries in `range` with this facet, the newest first (see [`Index::find_in`]). Blocks on
    /// the disk.
    ///
    /// # Errors
    /// When there is no index, such as while it is being rebuilt.
    pub fn find(
        &self,
        facet: &Facet,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, IndexError> {
        let index = self.log.index.upgrade().ok_or(IndexError::Unavailable)?;
        index.find_in(facet, range, limit)
    }

    /// Makes a change and waits until it is durable; the number is its entry's.
    ///
    /// # Errors
    /// When the contract refuses it or it could not be made durable.
    pub async fn change(&self, change: Change, by: String) -> Result<u64, RecordError> {
        let (reply, answer) = oneshot::channel();
        let change = Box::new(change);
        self.ask(Ask::Change { change, by, reply }, answer).await
    }

    /// Looks at the contract's state, between two batches, and at the ledger's time.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn view<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State, UtcMicros) -> T + Send + 'static,
    ) -> Result<T, RecordError> {
        let (reply, answer) = oneshot::channel();
        let view = Ask::View(Box::new(move |state, now| {
            let _ = reply.send(look(state, now));
        }));
        self.asks
            .send(view)
            .await
            .map_err(|_| RecordError::Stopped)?;
        answer.await.map_err(|_| RecordError::Stopped)
    }

    /// What the ledger calls a patient, where the gateway has met that patient, and a study.
    ///
    /// # Errors
    /// When the writer has ended.
    pub(super) async fn names(
        &self,
        patient: Option<PatientIdentity>,
        study: Option<String>,
    ) -> Result<Names, RecordError> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::Names {
            patient,
            study,
            reply,
        };
        self.asks
            .send(ask)
            .await
            .map_err(|_| RecordError::Stopped)?;
        answer.await.map_err(|_| RecordError::Stopped)
    }

    /// The epochs whose details can still be opened, the oldest first.
    ///
    /// # Errors
    /// When the writer has ended.
    pub(super) async fn epochs(&self) -> Result<Vec<ListedEpoch>, RecordError> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::Epochs { reply };
        self.asks
            .send(ask)
            .await
            .map_err(|_| RecordError::Stopped)?;
        answer.await.map_err(|_| RecordError::Stopped)
    }

    /// Has all signed for that is recorded, and gives the checkpoint.
    ///
    /// # Errors
    /// When the writer has ended.
    pub(super) async fn signed_for(&self) -> Result<Option<String>, RecordError> {
        self.checkpoint().await;
        // The first may be answered in the turn that ends with the checkpoint; the second comes after it.
        self.view(|_, _| ()).await?;
        self.view(|_, _| ()).await?;
        Ok(self.newest_checkpoint())
    }

    /// Signs a checkpoint over what has been appended since the last one.
    pub(super) async fn checkpoint(&self) {
        let _ = self.asks.send(Ask::Checkpoint).await;
    }

    /// Ends the writer after all that was asked before.
    pub(super) async fn stop(&self) {
        let _ = self.asks.send(Ask::Stop).await;
    }

    async fn ask<T>(
        &self,
        ask: Ask,
        answer: oneshot::Receiver<Result<T, RecordError>>,
    ) -> Result<T, RecordError> {
        self.asks
            .send(ask)
            .await
            .map_err(|_| RecordError::Stopped)?;
        answer.await.unwrap_or(Err(RecordError::Stopped))
    }
}
