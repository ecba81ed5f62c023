//! Commands of people: changes and questions, each with its answer. `admin` brings them to a gateway that runs; the
//! command line works on the folder itself when none does.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::UserName;
use crate::contract::Disclosures;
use crate::contract::Explanation;
use crate::contract::Pseudonym;
use crate::contract::Signature;
use crate::digest::Sha256;
use crate::identity::TokenSecret;
use crate::time::UtcMicros;

mod accounts;
mod change;
mod consents;
mod listed;
mod perform;
mod question;
mod queues;
mod signing;

pub(super) use accounts::AccountBook;
pub use accounts::AccountChange;
pub use accounts::ListedAccount;
pub use accounts::ListedToken;
pub use change::Change;
pub use change::ConsentTerms;
pub use change::PatientName;
pub use listed::ListedAssociation;
pub use listed::ListedCharge;
pub use listed::ListedConsent;
pub use listed::ListedEpoch;
pub use listed::ListedHold;
pub use listed::ListedProposal;
pub use listed::ListedReport;
pub use listed::ListedReview;
pub use listed::ListedScore;
pub use listed::ListedSuspension;
pub use perform::Office;
pub use question::Question;
pub use queues::ListedAmount;
pub use queues::ListedObject;
pub use queues::ListedQueue;
pub use queues::ListedStudy;
pub use queues::QueueChange;
pub use queues::QueuePlace;
pub use queues::QueueState;
pub use queues::Selection;

/// A command.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Record what a person changes.
    Change {
        /// What.
        change: Change,
        /// Who.
        by: String,
    },
    /// List the consents that stand, of one patient or of all.
    Consents {
        /// Only this patient's.
        patient: Option<PatientName>,
    },
    /// List the reviews that wait.
    Reviews,
    /// List the reported incidents that wait for an arbiter, and the charges that can be reversed.
    Incidents,
    /// List the policies in force and proposed.
    Policies,
    /// List the scores of institutions.
    Scores,
    /// List the holds that stand.
    Holds,
    /// List the epochs that hold details.
    Epochs,
    /// List the queues of the spool.
    Queues,
    /// List what lies in a queue.
    Queue {
        /// The name of the destination's peer.
        queue: String,
        /// One by one, not by study.
        one_by_one: bool,
    },
    /// List the associations that peers hold with the gateway at this moment.
    Associations,
    /// Change what waits in a queue.
    QueueChange {
        /// What.
        change: QueueChange,
        /// Who.
        by: String,
    },
    /// List what left for other institutions about a patient.
    Disclosures {
        /// Whom.
        patient: PatientName,
        /// From this moment on.
        #[serde(default)]
        #[schema(value_type = Option<i64>)]
        since: Option<UtcMicros>,
        /// Also what is left out for a while because an agency said so.
        #[serde(default)]
        with_suspended: bool,
    },
    /// List the suspensions that last.
    Suspensions,
    /// The names by which the ledger knows a person and a study. Nothing is recorded.
    Names {
        /// Whom.
        patient: Option<PatientName>,
        /// Study Instance UID.
        study: Option<String>,
    },
    /// Sign a checkpoint of all that is recorded.
    Checkpoint,
    /// Record that a person is given an audit, and sign its manifest.
    SignAudit {
        /// The manifest's text.
        manifest: String,
        /// Who.
        by: String,
    },
    /// List the accounts of the console.
    Accounts,
    /// Change an account of the console.
    AccountChange {
        /// What.
        change: AccountChange,
        /// Who.
        by: String,
    },
    /// What the contract would answer, and why. Nothing is recorded.
    Decide {
        /// The question.
        #[schema(value_type = Question)]
        question: Box<Question>,
    },
}

impl Command {
    /// It needs the spool.
    pub(super) const fn is_about_queues(&self) -> bool {
        matches!(
            self,
            Self::Queues | Self::Queue { .. } | Self::QueueChange { .. }
        )
    }

    /// The same, by somebody of whom more is known than they say.
    #[must_use]
    pub fn said_by(mut self, name: &str) -> Self {
        match &mut self {
            Self::Change { by, .. }
            | Self::QueueChange { by, .. }
            | Self::AccountChange { by, .. }
            | Self::SignAudit { by, .. } => name.clone_into(by),
            Self::Consents { .. }
            | Self::Reviews
            | Self::Incidents
            | Self::Policies
            | Self::Scores
            | Self::Holds
            | Self::Epochs
            | Self::Queues
            | Self::Queue { .. }
            | Self::Disclosures { .. }
            | Self::Suspensions
            | Self::Names { .. }
            | Self::Checkpoint
            | Self::Accounts
            | Self::Associations
            | Self::Decide { .. } => {}
        }
        self
    }

    /// Whose sessions are over once it is done.
    pub const fn ends_sessions_of(&self) -> Option<&UserName> {
        match self {
            Self::AccountChange { change, .. } => change.ends_sessions_of(),
            Self::Change { .. }
            | Self::Consents { .. }
            | Self::Reviews
            | Self::Incidents
            | Self::Policies
            | Self::Scores
            | Self::Holds
            | Self::Epochs
            | Self::Queues
            | Self::Queue { .. }
            | Self::Associations
            | Self::QueueChange { .. }
            | Self::Disclosures { .. }
            | Self::Suspensions
            | Self::Names { .. }
            | Self::Checkpoint
            | Self::SignAudit { .. }
            | Self::Accounts
            | Self::Decide { .. } => None,
        }
    }

    /// It is recorded.
    pub const fn is_a_change(&self) -> bool {
        matches!(
            self,
            Self::Change { .. }
                | Self::QueueChange { .. }
                | Self::AccountChange { .. }
                | Self::SignAudit { .. }
        )
    }
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Recorded, durable.
    Recorded {
        /// Number of the ledger entry; of a consent, this is also its name.
        entry: u64,
    },
    /// The ledger's names.
    Names {
        /// Every pseudonym of the person; none when the gateway has not met them.
        #[schema(value_type = Vec<String>)]
        patients: BTreeSet<Pseudonym>,
        /// Keyed digest of the study.
        #[schema(value_type = Option<String>)]
        study: Option<Sha256>,
    },
    /// What is signed for.
    CheckpointSigned {
        /// The newest checkpoint (a signed note); `None` when none was signed since the start.
        note: Option<String>,
    },
    /// A manifest is recorded and signed.
    AuditSigned {
        /// Number of the ledger entry.
        entry: u64,
        /// The key that signed (vkey text).
        key: String,
        /// The Ed25519 signature over the manifest's bytes.
        #[schema(value_type = String)]
        signature: Signature,
    },
    /// Consents.
    Consents {
        /// In the order in which they were recorded.
        consents: Vec<ListedConsent>,
    },
    /// Reviews, by the number of the decision.
    Reviews {
        /// The next to be due first.
        reviews: Vec<ListedReview>,
    },
    /// What waits for an arbiter, and what can be reversed.
    Incidents {
        /// Reports, by number.
        reports: Vec<ListedReport>,
        /// Charges, by number.
        charges: Vec<ListedCharge>,
    },
    /// Policies.
    Policies {
        /// Those in force.
        #[schema(value_type = Option<String>)]
        in_force: Option<Sha256>,
        /// Those proposed.
        proposals: Vec<ListedProposal>,
    },
    /// Scores of today, by institution.
    Scores {
        /// One for each institution of which there is evidence.
        scores: Vec<ListedScore>,
        /// The score of every other institution.
        without_evidence: u16,
    },
    /// Holds, by number.
    Holds {
        /// Those that stand.
        holds: Vec<ListedHold>,
    },
    /// Epochs, the oldest first.
    Epochs {
        /// Those whose details can still be opened.
        epochs: Vec<ListedEpoch>,
    },
    /// Queues, by name.
    Queues {
        /// Every one that is served, or in which something lies.
        queues: Vec<ListedQueue>,
    },
    /// What lies in a queue.
    Queue {
        /// By place and study.
        studies: Vec<ListedStudy>,
        /// One by one, in the order of reception.
        objects: Vec<ListedObject>,
        /// How many more rows there are.
        more: u64,
    },
    /// Associations that stand.
    Associations {
        /// The oldest first; none where no gateway runs.
        associations: Vec<ListedAssociation>,
    },
    /// A queue was changed, durably.
    QueueChanged {
        /// How many instances.
        objects: u64,
        /// The ledger entries that record it.
        entries: Vec<u64>,
    },
    /// Suspensions, by number.
    Suspensions {
        /// Those that last.
        suspensions: Vec<ListedSuspension>,
    },
    /// What left for other institutions.
    Disclosures {
        /// All of it.
        #[schema(value_type = Object)]
        disclosures: Disclosures,
    },
    /// The accounts of the console, by name.
    Accounts {
        /// Every one.
        accounts: Vec<ListedAccount>,
    },
    /// A token was made, durably.
    TokenMade {
        /// Number of the ledger entry.
        entry: u64,
        /// What the machine says. It is told here and nowhere again.
        #[schema(value_type = String)]
        token: TokenSecret,
    },
    /// What the contract would answer.
    Explained {
        /// All of it.
        #[schema(value_type = Object)]
        explanation: Box<Explanation>,
    },
    /// Not done.
    Refused {
        /// Why.
        reason: String,
    },
}
