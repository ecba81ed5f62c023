//! The books that the writer keeps: contract state, chain, journal, keyring and index. They move
//! forward together and, when a batch cannot be kept, back together.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;

use super::Change;
use super::PatientIdentity;
use super::details::Details;
use super::policies;
use super::policies::PoliciesError;
use crate::clock::Clock;
use crate::clock::Reading;
use crate::config::Config;
use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::Consent;
use crate::contract::Event;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::contract::Rejection;
use crate::contract::State;
use crate::digest::Sha256;
use crate::gateway::control::ConsentTerms;
use crate::ledger::Chain;
use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::EntryError;
use crate::ledger::Stamp;
use crate::ledger::Tree;
use crate::storage::AppendError;
use crate::storage::FolderLock;
use crate::storage::Indexer;
use crate::storage::Journal;
use crate::storage::Keyring;
use crate::storage::KeyringError;
use crate::storage::Keys;
use crate::storage::KeysError;
use crate::storage::LockError;
use crate::storage::OpenError;
use crate::storage::Priority;
use crate::storage::ReadError;
use crate::storage::Record;
use crate::storage::event_id;
use crate::storage::random_id;
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

/// See the module.
pub(super) struct Books {
    own: InstitutionSlug,
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
    _lock: FolderLock,
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
        let origin = format!("{}/credence", gateway.institution);
        let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &origin)?;
        let keyring = Keyring::open(&gateway.data_dir, &keys)?;
        let (journal, recovered) = Journal::open(&gateway.data_dir, keys.signer.key())?;
        if let Some(torn) = &recovered.torn {
            tracing::warn!(?torn, "a batch that was never acknowledged is dropped");
        }
        let entries = recovered.chain.next_seq();
        let indexer = Indexer::start(&gateway.data_dir, journal.reader(), entries);
        let mut books = Self {
            own: gateway.institution.clone(),
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
            _lock: lock,
        };
        books.reload()?;
        match books.state.own() {
            Some(ledger) if *ledger != books.own => Err(StartError::OtherInstitution {
                ledger: ledger.clone(),
                configured: books.own,
            }),
            Some(_) => Ok(books),
            None => {
                let genesis = Body::Genesis {
                    institution: books.own.clone(),
                    log_origin: origin,
                    key: books.keys.signer.key().to_string(),
                    created: clock.now(),
                };
                books.draft(clock.read(), genesis, None)?;
                books.commit(Priority::Normal)?;
                books.checkpoint()?;
                Ok(books)
            }
        }
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
        details: Option<(Pseudonym, Details)>,
    ) -> Result<u64, BooksError> {
        let author_seq = self.state.next_author_seq(&self.own);
        let sealed = match details {
            Some((patient, details)) => {
                let text = serde_json::to_vec(&details)?;
                let event_id = event_id(&self.own, author_seq);
                Some(self.keyring.seal(&patient, &event_id, &text)?)
            }
            None => None,
        };
        let event = self
            .keys
            .signer
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

    /// Takes back what is drafted: state is folded anew from the journal.
    pub(super) fn reload(&mut self) -> Result<(), BooksError> {
        self.records.clear();
        self.drafted.clear();
        (self.chain, self.tree) = self.durable.clone();
        let mut state = State::new();
        for stored in self.journal.entries(0) {
            let entry = stored?.entry;
            let at = Applied {
                seq: entry.seq,
                ledger_time: entry.ledger_time,
            };
            state.apply(at, &entry.event)?;
        }
        self.state = state;
        Ok(())
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

    /// Signs a checkpoint, if entries have come since the last one.
    pub(super) fn checkpoint(&mut self) -> Result<(), BooksError> {
        if !self.unsigned {
            return Ok(());
        }
        let (_, tree) = &self.durable;
        let note = Checkpoint::sign(tree, &self.keys.signer)?;
        match self.journal.write_checkpoint(&note, tree) {
            Ok(()) => self.unsigned = false,
            // The entries stand without it, and the next tick tries again.
            Err(AppendError::NoSpace) => tracing::warn!("no room for a checkpoint"),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The pseudonym of a patient, made and synced where the gateway meets that patient first.
    pub(super) fn pseudonym(&mut self, patient: &PatientIdentity) -> Result<Pseudonym, BooksError> {
        let identified = self.keyring.pseudonym_for(&patient.issuer, &patient.id)?;
        Ok(identified.pseudonym())
    }

    /// The pseudonym of a patient whom the gateway has met.
    pub(super) fn known_pseudonym(&self, patient: &PatientIdentity) -> Option<Pseudonym> {
        self.keyring.pseudonym_of(&patient.issuer, &patient.id)
    }

    /// A digest that names a study without telling its UID to whoever lacks the lookup key.
    pub(super) fn blind(&self, study: &str) -> Sha256 {
        self.keyring.blind(study.as_bytes())
    }

    /// Activates the configured policies, if they are not those in force.
    pub(super) fn activate(&mut self, now: Reading, config: &Config) -> Result<(), StartError> {
        let set = policies::read(&config.gateway.policy_dir)?;
        let in_force = self.state.policy();
        if in_force.is_some_and(|policy| policy.sha256() == set.sha256()) {
            return Ok(());
        }
        let body = Body::PolicyActivated {
            sha256: set.sha256(),
            schema_sha256: set.schema_sha256(),
            text: set.canonical_text().to_owned(),
            by: "configuration".to_owned(),
        };
        self.draft(now, body, None)?;
        Ok(())
    }

    /// Drafts what a person asks for.
    pub(super) fn change(&mut self, now: Reading, change: Change) -> Result<u64, BooksError> {
        let body = match change {
            Change::ConsentGranted(terms) => self.consent(now, *terms)?,
            Change::ConsentRevoked { consent, by } => {
                let mut standing = self.state.consents();
                let terms = standing
                    .find(|(id, _)| *id == consent)
                    .map(|(_, terms)| terms);
                Body::ConsentRevoked {
                    consent,
                    patient: terms.ok_or(BooksError::NoSuchConsent)?.patient,
                    by,
                }
            }
        };
        self.draft(now, body, None)
    }

    /// The event that records a patient's wish.
    fn consent(&mut self, now: Reading, terms: ConsentTerms) -> Result<Body, BooksError> {
        let modalities: BTreeSet<String> = terms.modalities.into_iter().collect();
        Ok(Body::ConsentGranted {
            consent: Consent {
                patient: self.pseudonym(&terms.patient.identity())?,
                effect: terms.effect,
                grantees: if terms.to.is_empty() {
                    Grantees::Any
                } else {
                    Grantees::Named(terms.to.into_iter().collect())
                },
                purposes: terms.purposes.into_iter().collect(),
                modalities: (!modalities.is_empty()).then_some(modalities),
                study_uid_digest: terms.study.as_deref().map(|study| self.blind(study)),
                study_from: terms.study_from,
                study_until: terms.study_until,
                valid_from: terms.valid_from.unwrap_or_else(|| self.next_time(now.wall)),
                valid_until: terms.valid_until,
            },
            by: terms.by,
        })
    }
}
