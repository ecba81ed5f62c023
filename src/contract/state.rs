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
//! | shared | `institution/<slug>` | `{key, log_origin, statement_key}` |
//! | shared | `policy` | `{schema_sha256, sha256}` |
//! | shared | `proposal/<sha256>` | the [`Proposal`] |
//! | local | `own` | our own slug |
//! | local | `last` | `{author_seq, seq}` of the last local event |
//! | local | `consent/<number>` | the [`Consent`] |
//! | local | `open/<decision>` | the [`OpenPermit`] |
//! | local | `review/<decision>` | the [`Review`] |
//! | local | `broken/images/<AE title>`, `broken/matches/<AE title>` | patients reached by EMERGENCY, and when |
//! | local | `reputation/<slug>` | the [`Reputation`] |
//! | local | `charge/<entry>` | the [`Charge`] |
//! | local | `report/<entry>` | the [`Report`] |
//! | local | `revocation/<entry>` | `{day, waiting}` |
//! | local | `link/<pseudonym>` | `{into}` |
//! | local | `merged/<pseudonym>` | pseudonyms that were merged into it |
//! | local | `guardian/<pseudonym>` | the [`Guardian`] |
//! | local | `standing/<pseudonym>` | a [`Reputation`] |
//! | local | `hold/<entry>` | the [`Hold`] |
//! | local | `erased/<pseudonym>`, `dropped/<epoch>` | number of the entry that says so |
//!
//! Keys that are numbers are those of ledger entries.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use crate::contract::consent::Consent;
use crate::contract::credit::Charge;
use crate::contract::credit::Parameters;
use crate::contract::credit::Reputation;
use crate::contract::credit::SCORE_COLD_START;
use crate::contract::event::Body;
use crate::contract::event::Event;
use crate::contract::keeping::Epoch;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::policy::PolicyError;
use crate::contract::policy::PolicySet;
use crate::contract::request::Request;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

mod local;
mod shared;
mod table;

pub use local::CONSENTS_PER_PATIENT_MAX;
pub use local::Guardian;
pub use local::HOLDS_MAX;
pub use local::Hold;
pub use local::LINKED_PATIENTS_MAX;
pub use local::OPEN_PERMITS_MAX;
pub use local::OpenPermit;
pub use local::PROOF_NOTE_BYTES_MAX;
pub use local::REPORTS_MAX;
pub use local::REVIEWS_MAX;
pub use local::Reason;
pub use local::Report;
pub use local::Review;
pub use shared::PROPOSALS_MAX;
pub use shared::Proposal;

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
    /// A restored ledger goes on under another origin and key.
    #[error("a restored ledger needs a new origin and a new key")]
    SameLog,
    /// A hold stands against it.
    #[error("hold {hold} (reference {reference}) stands against it")]
    Held {
        /// Entry of the hold.
        hold: u64,
        /// Its case file.
        reference: String,
    },
    /// A hold on nobody, or on no year.
    #[error("a hold is on one person or on everybody, and its first year is not after its last")]
    HoldsNothing,
    /// No such hold.
    #[error("there is no hold {0}")]
    NoHold(u64),
    /// Too many holds.
    #[error("{HOLDS_MAX} holds stand, which is the limit: lift one")]
    TooManyHolds,
    /// A person is forgotten as a whole, and once.
    #[error("these are not all pseudonyms of one person who is not forgotten yet")]
    NotThePerson,
    /// The epoch is not over, or was dropped.
    #[error("epoch {0} is not over, or its details were dropped already")]
    NotSealed(Epoch),
    /// A proof that cannot be kept.
    #[error("a checkpoint in a proof has at most {PROOF_NOTE_BYTES_MAX} bytes, and the two differ")]
    ProofNotes,
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
    /// No policies are in force.
    #[error("no policies are in force")]
    NoPolicy,
    /// No such proposal.
    #[error("no policies with the digest {0} are proposed")]
    NoProposal(Sha256),
    /// These are proposed, or in force, already.
    #[error("the policies with the digest {0} are proposed or in force already")]
    KnownPolicy(Sha256),
    /// Too many proposals.
    #[error("{PROPOSALS_MAX} sets of policies are proposed, which is the limit: withdraw one")]
    TooManyProposals,
    /// Nobody else agreed.
    #[error("the policies with the digest {0} are not approved")]
    NotApproved(Sha256),
    /// One person did what needs two.
    #[error("this needs a second person")]
    SamePerson,
    /// Nobody's name.
    #[error(
        "whoever says so is named with 1 to {PERSON_CHARACTERS_MAX} characters, none of them a control or an invisible character"
    )]
    Person,
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
    /// Nobody may speak for the patient.
    #[error("patient {0} has no guardian")]
    NoGuardian(Pseudonym),
    /// The patient is merged already, or the merge would go in a circle.
    #[error("patient {0} is merged already")]
    Linked(Pseudonym),
    /// The patient is not merged into that one.
    #[error("patient {0} is not merged into that one")]
    NotLinked(Pseudonym),
    /// Too many Patient IDs of one patient.
    #[error("patient {0} has {LINKED_PATIENTS_MAX} Patient IDs, which is the limit")]
    TooManyLinked(Pseudonym),
    /// What proves a statement is missing, too much, or not there yet.
    #[error("1 to 32 entries of the ledger must prove this")]
    Proof,
    /// A case file's number that cannot be kept.
    #[error("a reference has at most 64 characters of printable ASCII")]
    Reference,
    /// Our own institution is not scored by itself.
    #[error("nobody keeps a score of their own institution")]
    OwnScore,
    /// No such review, or another institution owes it.
    #[error("no review of decision {0} waits")]
    NoReview(u64),
    /// A review needs a reason first.
    #[error("no reason was given for decision {0}")]
    NoReason(u64),
    /// The review is not late, or was recorded as late.
    #[error("the review of decision {0} is not late, or was recorded as late already")]
    NotOverdue(u64),
    /// Too many reviews.
    #[error("{REVIEWS_MAX} reviews wait, which is the limit")]
    TooManyReviews,
    /// No such revocation waits for that institution's answer.
    #[error("revocation {0} does not wait for that institution's answer")]
    NoRevocation(u64),
    /// No such report.
    #[error("no report {0} of that institution waits for an arbiter")]
    NoReport(u64),
    /// Nobody decided in time.
    #[error("report {0} has lapsed")]
    Lapsed(u64),
    /// Too many reports.
    #[error("{REPORTS_MAX} reports wait, which is the limit")]
    TooManyReports,
    /// The entry charged nothing, or nothing that could be taken back.
    #[error("entry {0} charged that institution nothing that can be taken back")]
    NoCharge(u64),
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
        if event.body.person().is_some_and(|by| !is_a_name(by)) {
            return Err(Rejection::Person);
        }
        match &event.body {
            Body::Genesis { .. } => {
                self.shared.apply(event)?;
                self.local.begin(at, event)?;
            }
            Body::Restored { .. }
            | Body::PolicyProposed { .. }
            | Body::PolicyApproved { .. }
            | Body::PolicyWithdrawn { .. }
            | Body::PolicyActivated { .. } => self.shared.apply(event)?,
            Body::ConsentGranted { .. }
            | Body::ConsentRevoked { .. }
            | Body::RevocationHonoured { .. }
            | Body::PatientLinked { .. }
            | Body::PatientUnlinked { .. }
            | Body::GuardianNamed { .. }
            | Body::GuardianEnded { .. }
            | Body::PatientErased { .. }
            | Body::HoldPlaced { .. }
            | Body::HoldLifted { .. }
            | Body::DetailsDropped { .. }
            | Body::Equivocated { .. }
            | Body::StandingNoted { .. }
            | Body::ReviewReasoned { .. }
            | Body::ReviewOverdue { .. }
            | Body::ReviewClosed { .. }
            | Body::IncidentReported { .. }
            | Body::IncidentDecided { .. }
            | Body::ChargeReversed { .. }
            | Body::CeilingLifted { .. }
            | Body::Decision { .. }
            | Body::TransferClosed { .. }
            | Body::Query { .. }
            | Body::ProcedureStep { .. }
            | Body::Commitment { .. }
            | Body::QueueChanged { .. }
            | Body::Bypassed { .. }
            | Body::Alert { .. }
            | Body::Started { .. }
            | Body::Stopped { .. } => {
                let parameters = self.shared.policy().map(PolicySet::parameters);
                self.local.apply(at, event, parameters)?;
            }
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

    /// Leaves the root as it is from now on, until [`State::settle_root`] each time. For whoever
    /// folds many events and looks at few roots: the root is half of what an event costs.
    pub const fn defer_root(&mut self) {
        self.shared.map_mut().defer();
        self.local.map_mut().defer();
    }

    /// Computes the root of what was applied since it was deferred.
    pub fn settle_root(&mut self) {
        self.shared.map_mut().settle_now();
        self.local.map_mut().settle_now();
        self.settle();
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

    /// The key that signs an institution's checkpoints (vkey text).
    pub fn key_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        self.shared.key_of(institution)
    }

    /// The key that signs an institution's events (vkey text).
    pub fn statement_key_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        self.shared.statement_key_of(institution)
    }

    /// Origin of an institution's checkpoints.
    pub fn log_origin_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        self.shared.log_origin_of(institution)
    }

    /// Holds that stand, by number.
    pub fn holds(&self) -> impl Iterator<Item = (u64, &Hold)> {
        self.local.keeping.holds()
    }

    /// The first hold that stands against erasing or dropping what concerns one of `patients`.
    pub fn hold_on(&self, patients: &BTreeSet<Pseudonym>) -> Option<(u64, &Hold)> {
        self.local.keeping.hold_on(patients)
    }

    /// The first hold that speaks of details of `year`.
    pub fn hold_in(&self, year: u16) -> Option<u64> {
        self.local.keeping.hold_in(year)
    }

    /// Pseudonyms of persons who are to be forgotten.
    pub fn erased(&self) -> impl Iterator<Item = Pseudonym> {
        self.local.keeping.erased()
    }

    /// Whether this is a pseudonym of a person who is to be forgotten.
    pub fn is_erased(&self, patient: Pseudonym) -> bool {
        self.local.keeping.is_erased(patient)
    }

    /// Epochs whose details were dropped.
    pub fn dropped(&self) -> impl Iterator<Item = &Epoch> {
        self.local.keeping.dropped()
    }

    /// The numbers in force; `None` before there are policies.
    pub fn parameters(&self) -> Option<&Parameters> {
        self.policy().map(PolicySet::parameters)
    }

    /// Policies that are proposed and not in force, by their digest.
    pub fn proposals(&self) -> impl Iterator<Item = (Sha256, &Proposal)> {
        self.shared.proposals()
    }

    /// Every consent that was granted and not revoked, also those not yet or no longer in force;
    /// by patient, then by number.
    pub fn consents(&self) -> impl Iterator<Item = (ConsentId, &Consent)> {
        self.local.consents.all()
    }

    /// Those under one pseudonym, by number.
    pub fn consents_of(&self, patient: Pseudonym) -> impl Iterator<Item = (ConsentId, &Consent)> {
        self.local.consents.of(patient)
    }

    /// Every pseudonym of the person whom `patient` stands for, `patient` among them.
    pub fn patients_linked_to(&self, patient: Pseudonym) -> BTreeSet<Pseudonym> {
        self.local.patients.group(patient)
    }

    /// Whether `patient` is the only pseudonym of the person.
    pub(crate) fn is_alone(&self, patient: Pseudonym) -> bool {
        self.local.patients.is_alone(patient)
    }

    /// Patients who were merged, and into whom.
    pub fn links(&self) -> impl Iterator<Item = (Pseudonym, Pseudonym)> {
        self.local.patients.links()
    }

    /// Who may speak for `patient` at `at`.
    pub fn guardian_of(&self, patient: Pseudonym, at: UtcMicros) -> Option<Guardian> {
        self.local.patients.guardian_of(patient, at)
    }

    /// The patient's standing on `day`, 0 to 1000.
    pub fn standing_of(&self, patient: Pseudonym, day: Day) -> u16 {
        let parameters = self.parameters();
        parameters.map_or(SCORE_COLD_START, |parameters| {
            self.local.patients.standing(parameters, patient, day)
        })
    }

    /// Reviews that wait, by the number of their decision.
    pub fn reviews(&self) -> impl Iterator<Item = (u64, &Review)> {
        self.local.reviews.waiting()
    }

    /// The review of one decision.
    pub fn review(&self, decision: u64) -> Option<&Review> {
        self.local.reviews.get(decision)
    }

    /// Patients whom the AE title of `request` reached by EMERGENCY within the hour before it, by
    /// images or by matches as the request does, counting `patient`.
    pub(crate) fn broken_by(&self, request: &Request, patient: Pseudonym) -> usize {
        self.local.reviews.broken_by(request, patient)
    }

    /// The score of every institution of which there is evidence, on `day`.
    pub fn scores(&self, day: Day) -> impl Iterator<Item = (&InstitutionSlug, u16)> {
        let reputations = self.local.credits.reputations();
        reputations.map(move |(slug, _)| (slug, score_of(self, slug, day)))
    }

    /// What is held of an institution; `None` without evidence.
    pub fn reputation(&self, institution: &InstitutionSlug) -> Option<&Reputation> {
        self.local.credits.reputation(institution)
    }

    /// What can be taken back, by the number of the entry that charged.
    pub fn charges(&self) -> impl Iterator<Item = (u64, &Charge)> {
        self.local.credits.charges()
    }

    /// Reported incidents that wait for an arbiter, by the number of the report; lapsed ones, too,
    /// until the next report.
    pub fn reports(&self) -> impl Iterator<Item = (u64, &Report)> {
        self.local.credits.reports()
    }

    /// What the end of a transfer, before it is applied, is evidence of: other institutions, each
    /// with whether it is good.
    pub(crate) fn evidence(&self, event: &Event) -> Vec<(InstitutionSlug, bool)> {
        self.local.transfers.evidence(&event.body, &event.author)
    }

    /// Decisions that release and are not closed yet, by sequence number.
    pub fn open_transfers(&self) -> impl Iterator<Item = (u64, &OpenPermit)> {
        self.local.transfers.open_permits()
    }

    /// The number that the next event of `author` must have at least.
    pub fn next_author_seq(&self, author: &InstitutionSlug) -> u64 {
        let local = (self.local.own() == Some(author)).then(|| self.local.last_author_seq());
        let last = self.shared.last_author_seq(author).max(local.flatten());
        last.map_or(0, |last| last.saturating_add(1))
    }
}

/// The credit score of `institution` on `day`, 0 to 1000: 500 without evidence, as our own
/// institution always has, or what the parameters in force say instead.
pub fn score_of(state: &State, institution: &InstitutionSlug, day: Day) -> u16 {
    let Some(by) = state.parameters().map(Parameters::institutions) else {
        return SCORE_COLD_START;
    };
    let reputation = state.reputation(institution);
    reputation.map_or_else(|| by.cold_start(), |reputation| reputation.score(by, day))
}

/// Characters of the longest name of a person.
const PERSON_CHARACTERS_MAX: usize = 128;

fn is_a_name(text: &str) -> bool {
    let characters = text.trim().chars().count();
    (1..=PERSON_CHARACTERS_MAX).contains(&characters) && !text.chars().any(is_invisible)
}

/// Control characters, and those that take no room: with one, a name would look like another's.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

/// Whether two names are one person's: letter case and spaces around make no second person.
fn is_same_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod tests;
