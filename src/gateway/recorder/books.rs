//! The books that the writer keeps: contract state, chain, journal, keyring and index. They move
//! forward together and, when a batch cannot be kept, back together.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::sync::Semaphore;
use tokio::sync::watch;

use super::Log;
use super::PatientIdentity;
use super::details::Filed;
use super::policies;
use super::policies::PoliciesError;
use crate::clock::Clock;
use crate::clock::Reading;
use crate::config::Config;
use crate::config::Retention;
use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::Epoch;
use crate::contract::Event;
use crate::contract::InstitutionSlug;
use crate::contract::PolicySet;
use crate::contract::Pseudonym;
use crate::contract::Rejection;
use crate::contract::State;
use crate::digest::Sha256;
use crate::gateway::control::ListedEpoch;
use crate::ledger::Chain;
use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::EntryError;
use crate::ledger::SALT_BYTES;
use crate::ledger::Stamp;
use crate::ledger::Tree;
use crate::storage::AppendError;
use crate::storage::BATCH_ENTRIES_MAX;
use crate::storage::FolderLock;
use crate::storage::Hashes;
use crate::storage::HashesError;
use crate::storage::Indexer;
use crate::storage::Journal;
use crate::storage::JournalReader;
use crate::storage::Keyring;
use crate::storage::KeyringError;
use crate::storage::Keys;
use crate::storage::KeysError;
use crate::storage::LockError;
use crate::storage::OpenError;
use crate::storage::Priority;
use crate::storage::ReadError;
use crate::storage::Record;
use crate::storage::Snapshot;
use crate::storage::event_id;
use crate::storage::random_id;
use crate::storage::recorded_snapshot;
use crate::storage::snapshot_path;
use crate::storage::write_snapshot;
use crate::time::Day;
use crate::time::UtcMicros;

/// Why an event was not written.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// No room; there may be room later.
    #[error("no room for the ledger")]
    NoRoom,
    /// The contract does not take the event.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The event does not fit into an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The event has no text to be signed.
    #[error(transparent)]
    Text(#[from] serde_json::Error),
    /// No such consent stands.
    #[error("there is no such consent")]
    NoSuchConsent,
    /// Nobody.
    #[error("a Patient ID is needed")]
    NoPatientId,
    /// No such patient.
    #[error("the gateway has not met such a patient")]
    NoSuchPatient,
    /// What the change speaks of is not in the ledger, or is over.
    #[error("there is no such review, report or charge")]
    NotThere,
    /// A text that cannot be kept sealed.
    #[error("a text of 1 to 2000 characters is needed")]
    SealedText,
    /// The patient's row cannot be kept, or its details not be sealed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The disk failed: what it holds is uncertain.
    #[error(transparent)]
    Append(AppendError),
    /// What was written cannot be read again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The checkpoint cannot be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl From<AppendError> for BooksError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NoSpace => Self::NoRoom,
            AppendError::Poisoned(_) | AppendError::Limits | AppendError::OutOfOrder(_) => {
                Self::Append(error)
            }
        }
    }
}

/// Why the books cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("the data folder cannot be made: {0}")]
    Folder(io::Error),
    /// There is nothing to ask.
    #[error("{} holds no ledger yet: it begins with the first change, or with serve", .0.display())]
    NoLedger(PathBuf),
    /// Another gateway uses the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The ledger does not verify.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The patients' keyring cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The ledger belongs to another institution than the configuration says.
    #[error("the ledger is {ledger}'s, the configuration is {configured}'s")]
    OtherInstitution {
        /// Whose the ledger is.
        ledger: InstitutionSlug,
        /// Whose the configuration is.
        configured: InstitutionSlug,
    },
    /// Events of this ledger are signed by another key.
    #[error("statement.pk8 in the keys folder is not the key that signs this ledger's events")]
    OtherStatementKey,
    /// There is no ledger to prove anything of.
    #[error(transparent)]
    Hashes(#[from] HashesError),
    /// An entry that no checkpoint covers was not written by this gateway.
    #[error("the ledger is damaged: entry {0} has an event that this gateway did not sign")]
    Unsigned(u64),
    /// The policies cannot be used.
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    /// The first entries cannot be written, or the ledger not be read.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// The writer's thread cannot be started.
    #[error("cannot start the writer's thread: {0}")]
    Thread(io::Error),
}

/// Twice the longest pause of who brings a receipt.
fn bringing_us(config: &Config) -> u64 {
    let pause = config.exchange.retry_max.saturating_mul(2);
    u64::try_from(pause.as_micros()).unwrap_or(u64::MAX)
}

/// See the module.
pub(super) struct Books {
    own: InstitutionSlug,
    data_dir: PathBuf,
    boot: String,
    keys: Keys,
    keyring: Keyring,
    journal: Journal,
    indexer: Indexer,
    state: State,
    chain: Chain,
    tree: Tree,
    /// Chain and tree as the journal holds them: the way back.
    durable: (Chain, Tree),
    records: Vec<Record>,
    drafted: Vec<Event>,
    /// Entries since the last checkpoint.
    unsigned: bool,
    /// The newest checkpoint, once one was signed.
    signed: watch::Sender<Option<Arc<str>>>,
    lock: FolderLock,
    /// How long after a start no receipt is missed: while we were away, nobody could bring one.
    pub(super) receipts_after_us: u64,
}

impl Books {
    /// Opens the books of `config`, or begins them.
    pub(super) fn open(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let gateway = &config.gateway;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&gateway.data_dir)
            .map_err(StartError::Folder)?;
        let lock = FolderLock::take(&gateway.data_dir)?;
        let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution)?;
        let keyring = Keyring::open(&gateway.data_dir, &keys)?;
        let (journal, recovered) = Journal::open(&gateway.data_dir, keys.log.key())?;
        if let Some(torn) = &recovered.torn {
            tracing::warn!(?torn, "a batch that was never acknowledged is dropped");
        }
        let entries = recovered.chain.next_seq();
        let now_us = move || clock.read().monotonic_us;
        let indexer = Indexer::start(&gateway.data_dir, journal.reader(), entries, now_us);
        let mut books = Self {
            own: gateway.institution.clone(),
            data_dir: gateway.data_dir.clone(),
            boot: random_id()?,
            keys,
            keyring,
            journal,
            indexer: indexer.map_err(StartError::Thread)?,
            state: State::new(),
            durable: (recovered.chain, recovered.tree.clone()),
            chain: recovered.chain,
            tree: recovered.tree,
            records: Vec::new(),
            drafted: Vec::new(),
            unsigned: false,
            signed: watch::Sender::new(None),
            lock,
            receipts_after_us: bringing_us(config),
        };
        books.reload()?;
        let signed = recovered.checkpoint.map_or(0, |signed| signed.size);
        books.check_signatures(signed)?;
        // What a crash or a full disk left to be forgotten.
        books.forget()?;
        match books.state.own() {
            Some(ledger) if *ledger != books.own => Err(StartError::OtherInstitution {
                ledger: ledger.clone(),
                configured: books.own,
            }),
            Some(own) => {
                let stated = books.state.statement_key_of(own);
                let found = books.keys.statement.key().to_string();
                if stated == Some(found.as_str()) {
                    Ok(books)
                } else {
                    Err(StartError::OtherStatementKey)
                }
            }
            None => {
                let genesis = Body::Genesis {
                    institution: books.own.clone(),
                    log_origin: books.keys.log.key().name().to_owned(),
                    key: books.keys.log.key().to_string(),
                    statement_key: books.keys.statement.key().to_string(),
                    created: clock.now(),
                };
                books.draft(clock.read(), genesis, None)?;
                books.commit(Priority::Normal)?;
                books.checkpoint()?;
                Ok(books)
            }
        }
    }

    /// That we said ourselves what stands behind the newest checkpoint. The chain does not show it:
    /// whoever has the disk can append to that, and the next checkpoint would cover it.
    fn check_signatures(&self, from: u64) -> Result<(), StartError> {
        let key = self.keys.statement.key();
        for stored in self.journal.entries_from(from) {
            let entry = stored.map_err(BooksError::from)?.entry;
            if !key.verifies_event(&entry.event) {
                return Err(StartError::Unsigned(entry.seq));
            }
        }
        Ok(())
    }

    /// Contract state, with what is drafted.
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Identifies this run of the gateway.
    pub(super) fn boot(&self) -> &str {
        &self.boot
    }

    /// Events that wait for [`Books::commit`].
    pub(super) fn drafted(&self) -> impl Iterator<Item = &Event> {
        self.drafted.iter()
    }

    /// How many entries can still be drafted into this batch.
    pub(super) fn room(&self) -> usize {
        BATCH_ENTRIES_MAX.saturating_sub(self.records.len())
    }

    /// The ledger time of an entry written when the wall clock shows `wall`.
    pub(super) fn next_time(&self, wall: UtcMicros) -> UtcMicros {
        self.chain.time_at(wall)
    }

    /// Signs, applies and links an event; it waits for [`Books::commit`]. Gives its entry's
    /// number. After an error the books are as before.
    pub(super) fn draft(
        &mut self,
        now: Reading,
        body: Body,
        details: Option<Filed>,
    ) -> Result<u64, BooksError> {
        let author_seq = self.state.next_author_seq(&self.own);
        let sealed = match details {
            Some(filed) => {
                let text = serde_json::to_vec(&filed.details)?;
                let event_id = event_id(&self.own, author_seq);
                let day = self.next_time(now.wall).day();
                let epoch = Epoch::of(day, &filed.class).ok_or(KeyringError::Seal)?;
                let sealed = self.keyring.seal(&filed.patient, &epoch, &event_id, &text);
                Some(sealed?)
            }
            None => None,
        };
        let event = self
            .keys
            .statement
            .sign_event(self.own.clone(), author_seq, body)?;
        let stamp = Stamp {
            wall: now.wall,
            mono_us: now.monotonic_us,
            boot: &self.boot,
        };
        let mut chain = self.chain;
        let digest = sealed.as_deref().map(|sealed| Sha256::of(&[sealed]));
        let linked = chain.next(stamp, event, digest)?;
        let at = Applied {
            seq: linked.entry.seq,
            ledger_time: linked.entry.ledger_time,
        };
        self.state.apply(at, &linked.entry.event)?;
        self.chain = chain;
        self.tree.push(linked.leaf);
        self.records.push(Record {
            line: linked.line,
            sealed,
        });
        self.drafted.push(linked.entry.event);
        Ok(at.seq)
    }

    /// Makes all drafted events durable. On [`BooksError::NoRoom`], [`Books::reload`] takes them
    /// back; after any other error nothing may be acknowledged any more.
    pub(super) fn commit(&mut self, priority: Priority) -> Result<(), BooksError> {
        if self.keyring.is_poisoned() {
            return Err(KeyringError::Poisoned.into());
        }
        if self.records.is_empty() {
            return Ok(());
        }
        self.journal.append(&self.records, priority)?;
        self.durable = (self.chain, self.tree.clone());
        self.unsigned = true;
        self.records.clear();
        self.drafted.clear();
        Ok(())
    }

    /// Takes back what is drafted: state is folded anew from the journal, from the last snapshot
    /// that the journal vouches for. Every entry is read all the same: nothing is taken on trust.
    pub(super) fn reload(&mut self) -> Result<(), BooksError> {
        self.records.clear();
        self.drafted.clear();
        (self.chain, self.tree) = self.durable.clone();
        let snapshot = recorded_snapshot(&self.data_dir, &self.journal.reader());
        let Snapshot { entries, mut state } = snapshot.unwrap_or_else(|reason| {
            tracing::debug!(%reason, "no snapshot is used");
            Snapshot {
                entries: 0,
                state: State::new(),
            }
        });
        for stored in self.journal.entries(0) {
            let entry = stored?.entry;
            if entry.seq < entries {
                continue;
            }
            let at = Applied {
                seq: entry.seq,
                ledger_time: entry.ledger_time,
            };
            state.apply(at, &entry.event)?;
        }
        self.state = state;
        Ok(())
    }

    /// Writes a snapshot of the state. It counts when the next entry names its root; without it the
    /// next start takes longer, so a failure is only told.
    pub(super) fn write_snapshot(&self) {
        let path = snapshot_path(&self.data_dir);
        if let Err(error) = write_snapshot(&path, self.chain.next_seq(), &self.state) {
            tracing::warn!(%error, "no snapshot of the state was written");
        }
    }

    /// What need not be done before anybody is answered: the index, and the next segment.
    pub(super) fn follow_up(&mut self) -> Result<(), BooksError> {
        let (chain, _) = &self.durable;
        self.indexer.wake(chain.next_seq());
        match self.journal.prepare() {
            // Seen again, and then answered, when it matters.
            Err(AppendError::NoSpace) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is room for more than the reserve.
    pub(super) fn has_room(&mut self) -> Result<bool, BooksError> {
        match self.journal.prepare() {
            Ok(()) => Ok(true),
            Err(AppendError::NoSpace) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Signs a checkpoint, if entries have come since the last one.
    pub(super) fn checkpoint(&mut self) -> Result<(), BooksError> {
        if !self.unsigned {
            return Ok(());
        }
        let (_, tree) = &self.durable;
        let note = Checkpoint::sign(tree, &self.keys.log)?;
        match self.journal.write_checkpoint(&note, tree) {
            Ok(()) => {
                self.unsigned = false;
                self.signed.send_replace(Some(note.into()));
            }
            // The entries stand without it, and the next tick tries again.
            Err(AppendError::NoSpace) => tracing::warn!("no room for a checkpoint"),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The pseudonym of a patient, made and synced where the gateway meets that patient first.
    pub(super) fn pseudonym(&mut self, patient: &PatientIdentity) -> Result<Pseudonym, BooksError> {
        let identified = self.keyring.pseudonym_for(&patient.issuer, &patient.id)?;
        let pseudonym = identified.pseudonym();
        if self.state.is_erased(pseudonym) {
            // Forgotten, but there was no room yet to write the keyring anew.
            return Err(BooksError::NoRoom);
        }
        Ok(pseudonym)
    }

    /// Destroys the keys that the ledger says are forgotten or dropped, and that are still there.
    /// `false` when there is no room to write the keyring anew: to be tried again.
    pub(super) fn forget(&mut self) -> Result<bool, BooksError> {
        let erased = self.state.erased();
        let patients: BTreeSet<_> = erased.filter(|one| self.keyring.knows(one)).collect();
        let dropped = self.state.dropped();
        let epochs = dropped.filter(|epoch| self.keyring.knows_epoch(epoch));
        let epochs: BTreeSet<_> = epochs.cloned().collect();
        match self.keyring.forget(&patients, &epochs) {
            Ok(()) => Ok(true),
            Err(KeyringError::NoSpace) => {
                tracing::error!("no room to write the keyring anew: what is forgotten waits");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The pseudonym of a patient whom the gateway has met.
    pub(super) fn known_pseudonym(&self, patient: &PatientIdentity) -> Option<Pseudonym> {
        self.keyring.pseudonym_of(&patient.issuer, &patient.id)
    }

    /// The epochs of the configured classes whose details can still be opened, the oldest first.
    pub(super) fn epochs(&self, retention: &Retention, today: Day) -> Vec<ListedEpoch> {
        let years = 1970..=u16::try_from(today.year()).unwrap_or(1970);
        let all = years.flat_map(|year| {
            retention
                .all()
                .filter_map(move |(class, years)| Some((Epoch::new(year, class)?, years)))
        });
        let known = all.filter(|(epoch, _)| self.keyring.knows_epoch(epoch));
        known
            .map(|(epoch, years)| ListedEpoch {
                due: epoch.is_due(today, years),
                hold: self.state.hold_in(epoch.year),
                epoch,
                years,
            })
            .collect()
    }

    /// A digest that names a study without telling its UID to whoever lacks the lookup key.
    pub(super) fn blind(&self, study: &str) -> Sha256 {
        self.keyring.blind(study.as_bytes())
    }

    /// What salts the manifests of decision `entry`: nobody without the lookup key can tell what images a
    /// manifest is of, or that two are of the same.
    pub(super) fn manifest_salt(&self, entry: u64) -> [u8; SALT_BYTES] {
        let digest = self.keyring.blind(format!("manifest {entry}").as_bytes());
        let mut salt = [0; SALT_BYTES];
        for (to, from) in salt.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        salt
    }

    /// What is sealed beside `entry` about one patient, if it can still be opened.
    pub(super) fn unseal(&self, entry: u64) -> Option<(Pseudonym, Vec<u8>)> {
        let stored = self.journal.reader().get(entry).ok().flatten()?;
        let event = &stored.entry.event;
        let event_id = event_id(&event.author, event.author_seq);
        let parts = self
            .keyring
            .unseal(&event_id, stored.sealed.as_deref()?)
            .ok()?;
        let one = parts.into_iter().next()?;
        Some((one.pseudonym, one.details?))
    }

    /// Puts the configured policies in force, if there are none. If there are others, they stay,
    /// whatever the files say or fail to say: two persons change them, not a file.
    pub(super) fn found(&mut self, now: Reading, config: &Config) -> Result<(), StartError> {
        let gateway = &config.gateway;
        let configured = policies::read(&gateway.policy_dir, &gateway.credit_file);
        let set = match (configured, self.state.policy().map(PolicySet::sha256)) {
            (configured, None) => configured?,
            (Ok(set), Some(in_force)) if set.sha256() == in_force => return Ok(()),
            (Ok(set), Some(_)) => {
                let configured = set.sha256();
                tracing::warn!(
                    %configured,
                    "the configured policies are not those in force: propose and approve them"
                );
                return self.differs(now, "the configured policies are not those in force");
            }
            (Err(error), Some(_)) => {
                tracing::warn!(%error, "the configured policies cannot be used");
                return self.differs(now, "the configured policies cannot be used");
            }
        };
        let (sha256, by) = (set.sha256(), "configuration".to_owned());
        let proposed = Body::PolicyProposed {
            sha256,
            schema_sha256: set.schema_sha256(),
            text: set.canonical_text().to_owned(),
            by: by.clone(),
        };
        self.draft(now, proposed, None)?;
        self.draft(now, Body::PolicyActivated { sha256, by }, None)?;
        Ok(())
    }

    /// What is in force stays so; people are told.
    fn differs(&mut self, now: Reading, text: &str) -> Result<(), StartError> {
        let body = Body::Alert {
            code: "policy-differs".to_owned(),
            text: format!("{text}; those in force decide"),
            about: None,
        };
        self.draft(now, body, None)?;
        Ok(())
    }

    /// What others may know and use of the log.
    pub(super) fn log(&self) -> Result<Log, StartError> {
        Ok(Log {
            key: self.keys.log.key().clone(),
            statement: Arc::clone(&self.keys.statement),
            witness: Arc::clone(&self.keys.witness),
            hashes: Mutex::new(Hashes::keep(&self.data_dir, &self.lock)?),
            index: Arc::downgrade(&self.indexer.index()),
            checkpoints: self.signed.subscribe(),
            whole_reads: Arc::new(Semaphore::new(1)),
        })
    }

    /// A reader of what is durable.
    pub(super) fn reader(&self) -> JournalReader {
        self.journal.reader()
    }
}
