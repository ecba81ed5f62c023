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
//! | local | `receipt/<decision>` | the [`OpenReceipt`] |
//! | local | `reputation/<slug>` | the [`Reputation`] |
//! | local | `charge/<entry>` | the [`Charge`] |
//! | local | `report/<entry>` | the [`Report`] |
//! | local | `revocation/<entry>` | `{day, waiting}` |
//! | local | `link/<pseudonym>` | `{into}` |
//! | local | `merged/<pseudonym>` | pseudonyms that were merged into it |
//! | local | `guardian/<pseudonym>` | the [`Guardian`] |
//! | local | `standing/<pseudonym>` | a [`Reputation`] |
//! | local | `hold/<entry>` | the [`Hold`] |
//! | local | `suspension/<entry>` | the [`Suspension`] |
//! | local | `erased/<pseudonym>`, `dropped/<epoch>` | number of the entry that says so |
//!
//! Keys that are numbers are those of ledger entries.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use crate::contract::body::Body;
use crate::contract::consent::Consent;
use crate::contract::credit::Charge;
use crate::contract::credit::Parameters;
use crate::contract::credit::Reputation;
use crate::contract::credit::SCORE_COLD_START;
use crate::contract::event::Event;
use crate::contract::keeping::Epoch;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::policy::PolicySet;
use crate::contract::request::Request;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

mod local;
mod rejection;
mod shared;
mod table;

pub use local::CONSENTS_PER_PATIENT_MAX;
pub use local::Guardian;
pub use local::HOLDS_MAX;
pub use local::Hold;
pub use local::LINKED_PATIENTS_MAX;
pub use local::OPEN_PERMITS_MAX;
pub use local::ORAL_SUSPENSION_DAYS_MAX;
pub use local::OpenPermit;
pub use local::OpenReceipt;
pub use local::PROOF_NOTE_BYTES_MAX;
pub use local::RECEIPTS_MAX;
pub use local::REPORTS_MAX;
pub use local::REVIEWS_MAX;
pub use local::Reason;
pub use local::Report;
pub use local::Review;
pub use local::SUSPENSIONS_MAX;
pub use local::Suspension;
pub use rejection::Rejection;
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
            | Body::DisclosuresSuspended { .. }
            | Body::DisclosuresResumed { .. }
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
            | Body::Receipt { .. }
            | Body::Misstated { .. }
            | Body::Query { .. }
            | Body::ProcedureStep { .. }
            | Body::Commitment { .. }
            | Body::ParcelSealed { .. }
            | Body::ParcelOpened { .. }
            | Body::QueueChanged { .. }
            | Body::Bypassed { .. }
            | Body::AuditExported { .. }
            | Body::AuditSearched { .. }
            | Body::UserAuthenticated { .. }
            | Body::AccountChanged { .. }
            | Body::DetailsShown { .. }
            | Body::SignedIn { .. }
            | Body::SignedOut { .. }
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

    /// Suspensions that last at `at`, by number.
    pub fn suspensions(&self, at: UtcMicros) -> impl Iterator<Item = (u64, &Suspension)> {
        self.local.suspensions.lasting(at)
    }

    /// Whose disclosures the accounting of a person, known by `patients`, leaves out at `at`.
    pub fn suspended(
        &self,
        patients: &BTreeSet<Pseudonym>,
        at: UtcMicros,
    ) -> BTreeSet<InstitutionSlug> {
        self.local.suspensions.recipients(patients, at)
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

    /// The same, after that one; `None`: from the first.
    pub fn consents_after(
        &self,
        last: Option<(Pseudonym, ConsentId)>,
    ) -> impl Iterator<Item = (ConsentId, &Consent)> {
        self.local.consents.after(last)
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

    /// When a grant was revoked, by the entry that revoked it, and who has not answered; `None`: nobody is waited
    /// for.
    pub fn revocation(&self, entry: u64) -> Option<(Day, &BTreeSet<InstitutionSlug>)> {
        self.local.credits.revocation(entry)
    }

    /// Receipts that are not settled, by the number of our decision.
    pub fn receipts(&self) -> impl Iterator<Item = (u64, &OpenReceipt)> {
        self.local.receipts.all()
    }

    /// What the end of a transfer, before it is applied, is evidence of: other institutions, each
    /// with whether it is good.
    pub(crate) fn evidence(&self, event: &Event) -> Vec<(InstitutionSlug, bool)> {
        self.local.evidence(&event.body, &event.author)
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
