//! What the contract knows: a fold over the ledger's events.
//!
//! Two parts. *Shared* is the same at every institution that holds the ledger: institutions, their
//! counts of events, the active policies. *Local* is what one gateway knows for itself: consents,
//! open permits, and the reputation of others as far as its own gateway saw it (what only one
//! gateway saw cannot move a score that several share). Applying a shared event reads the shared
//! part only.
//!
//! The *state root* is SHA-256(`0x04` ‖ root of shared ‖ root of local), each the root of a
//! Merkle map (`merkle_map`) with these leaves:
//!
//! | part | key | value |
//! |---|---|---|
//! | shared | `author/<slug>` | `author_seq` of its last shared event |
//! | shared | `institution/<slug>` | `{key, log_origin}` |
//! | shared | `policy` | `{schema_sha256, sha256}` |
//! | local | `own` | our own slug |
//! | local | `last` | `{author_seq, seq}` of the last local event |
//! | local | `consent/<number>` | the [`Consent`] |
//! | local | `open/<seq of the decision>` | the [`OpenPermit`] |
//! | local | `reputation/<slug>` | the [`Reputation`] |

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use crate::contract::consent::Consent;
use crate::contract::event::Body;
use crate::contract::event::Event;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::policy::PolicyError;
use crate::contract::policy::PolicySet;
use crate::contract::score::Reputation;
use crate::contract::score::SCORE_COLD_START;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

mod local;
mod shared;

pub use local::CONSENTS_PER_PATIENT_MAX;
pub use local::OPEN_PERMITS_MAX;
pub use local::OpenPermit;

use local::Local;
use shared::Shared;

/// Where in the ledger an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Sequence number of its entry.
    pub seq: u64,
    /// Ledger time of its entry; never runs back.
    pub ledger_time: UtcMicros,
}

/// Why an event was not applied. It leaves the state as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Another event than `genesis` came first.
    #[error("the first event must be genesis")]
    NoGenesis,
    /// A second `genesis`.
    #[error("the ledger has begun already")]
    SecondGenesis,
    /// The author is no institution of this ledger, or speaks of what only we can know.
    #[error("{0} may not say this here")]
    Author(InstitutionSlug),
    /// A repetition of an event, or one that came too late.
    #[error("event {author_seq} of {author} is not above its last, {last}")]
    Repeated {
        /// Whose.
        author: InstitutionSlug,
        /// Its number.
        author_seq: u64,
        /// The number of the last one that was applied.
        last: u64,
    },
    /// Entries out of order.
    #[error("entry {seq} is not above the last, {last}")]
    Order {
        /// Number of this one.
        seq: u64,
        /// Number of the last.
        last: u64,
    },
    /// The policies are faulty.
    #[error("policies: {0}")]
    Policy(#[from] PolicyError),
    /// The policies are not those that the event names.
    #[error("the digest of the policies' text is not the one that the event names")]
    PolicyDigest,
    /// No such consent of this patient is in force.
    #[error("patient {patient} has no consent {consent}")]
    NoConsent {
        /// Which.
        consent: ConsentId,
        /// Whose it was said to be.
        patient: Pseudonym,
    },
    /// Too many consents.
    #[error("patient {0} has {CONSENTS_PER_PATIENT_MAX} consents, which is the limit")]
    TooManyConsents(Pseudonym),
    /// A consent begins or ends in a time too far away to be written down exactly.
    #[error("a consent begins and ends before the year 2255")]
    Time,
    /// Too many permits wait for their end.
    #[error("{OPEN_PERMITS_MAX} permits are open, which is the limit")]
    TooManyOpen,
    /// The event closes what is not open.
    #[error("decision {0} is not open")]
    NotOpen(u64),
    /// Sender or recipient are not those of the decision.
    #[error("the transfer is not between the parties of decision {0}")]
    Parties(u64),
    /// A value without JSON form.
    #[error("no JSON form: {0}")]
    Json(String),
}

impl From<serde_json::Error> for Rejection {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

/// What the contract knows. Serialises as a snapshot; what is read back has the same root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    shared: Shared,
    local: Local,
    #[serde(skip)]
    root: Sha256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    shared: Shared,
    local: Local,
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Snapshot { shared, local } = Snapshot::deserialize(deserializer)?;
        let mut state = Self {
            shared,
            local,
            root: Sha256::ZERO,
        };
        state.settle();
        Ok(state)
    }
}

impl State {
    /// Before the first event.
    #[expect(
        clippy::new_without_default,
        reason = "an empty ledger is begun, not defaulted to"
    )]
    pub fn new() -> Self {
        let mut state = Self {
            shared: Shared::new(),
            local: Local::new(),
            root: Sha256::ZERO,
        };
        state.settle();
        state
    }

    /// Applies the event of one entry.
    ///
    /// # Errors
    /// A [`Rejection`] is a result like another: the same at everybody who applies the same
    /// events; the state is as before.
    pub fn apply(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        match &event.body {
            Body::Genesis { .. } => {
                self.shared.apply(event)?;
                self.local.begin(at, event)?;
            }
            Body::PolicyActivated { .. } => self.shared.apply(event)?,
            Body::ConsentGranted { .. }
            | Body::ConsentRevoked { .. }
            | Body::Decision { .. }
            | Body::TransferClosed { .. }
            | Body::Query { .. }
            | Body::Alert { .. }
            | Body::Started { .. }
            | Body::Stopped { .. } => self.local.apply(at, event)?,
        }
        self.settle();
        Ok(())
    }

    fn settle(&mut self) {
        self.root = Sha256::of(&[
            &[4],
            self.shared.root().as_bytes(),
            self.local.root().as_bytes(),
        ]);
    }

    /// Digest of all of it.
    pub const fn root(&self) -> Sha256 {
        self.root
    }

    /// Digest of the part that several institutions share.
    pub const fn shared_root(&self) -> Sha256 {
        self.shared.root()
    }

    /// Our own institution; `None` before genesis.
    pub const fn own(&self) -> Option<&InstitutionSlug> {
        self.local.own()
    }

    /// The active policies.
    pub fn policy(&self) -> Option<&PolicySet> {
        self.shared.policy()
    }

    /// The verifier key of an institution of this ledger (vkey text).
    pub fn key_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        self.shared.key_of(institution)
    }

    /// Every consent that was granted and not revoked, also those not yet or no longer in force;
    /// by patient, then by number.
    pub fn consents(&self) -> impl Iterator<Item = (ConsentId, &Consent)> {
        self.local.consents()
    }

    /// Those of one patient, by number.
    pub fn consents_of(&self, patient: Pseudonym) -> impl Iterator<Item = (ConsentId, &Consent)> {
        self.local.consents_of(patient)
    }

    /// The score of every institution of which there is evidence, on `day`.
    pub fn scores(&self, day: Day) -> impl Iterator<Item = (&InstitutionSlug, u16)> {
        let reputations = self.local.reputations();
        reputations.map(move |(slug, reputation)| (slug, reputation.score(day)))
    }

    /// What is held of an institution; `None` without evidence.
    pub fn reputation(&self, institution: &InstitutionSlug) -> Option<&Reputation> {
        self.local.reputation(institution)
    }

    /// Decisions that release and are not closed yet, by sequence number.
    pub fn open_transfers(&self) -> impl Iterator<Item = (u64, &OpenPermit)> {
        self.local.open_permits()
    }

    /// The number that the next event of `author` must have at least.
    pub fn next_author_seq(&self, author: &InstitutionSlug) -> u64 {
        let local = (self.local.own() == Some(author)).then(|| self.local.last_author_seq());
        let last = self.shared.last_author_seq(author).max(local.flatten());
        last.map_or(0, |last| last.saturating_add(1))
    }
}

/// The credit score of `institution` on `day`, 0 to 1000: 500 without evidence, as our own
/// institution always has.
pub fn score_of(state: &State, institution: &InstitutionSlug, day: Day) -> u16 {
    let reputation = state.reputation(institution);
    reputation.map_or(SCORE_COLD_START, |reputation| reputation.score(day))
}

#[cfg(test)]
mod tests;
