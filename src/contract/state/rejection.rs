//! Why an event was not applied.

use super::PERSON_CHARACTERS_MAX;
use super::local::CONSENTS_PER_PATIENT_MAX;
use super::local::HOLDS_MAX;
use super::local::LINKED_PATIENTS_MAX;
use super::local::OPEN_PERMITS_MAX;
use super::local::ORAL_SUSPENSION_DAYS_MAX;
use super::local::PROOF_NOTE_BYTES_MAX;
use super::local::RECEIPTS_MAX;
use super::local::REPORTS_MAX;
use super::local::REVIEWS_MAX;
use super::local::SUSPENSIONS_MAX;
use super::shared::PROPOSALS_MAX;
use crate::contract::keeping::Epoch;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::policy::PolicyError;
use crate::digest::Sha256;

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
    /// No such suspension lasts.
    #[error("no suspension {0} lasts")]
    NoSuspension(u64),
    /// A suspension that would have ended already.
    #[error("a suspension ends later than now")]
    SuspensionOver,
    /// An oral statement does not hold for so long.
    #[error(
        "an oral statement holds for {ORAL_SUSPENSION_DAYS_MAX} days at most, and once: for longer it is put in writing"
    )]
    OralSuspension,
    /// What stays in the house is no disclosure.
    #[error("disclosures are to other institutions than our own")]
    OwnDisclosure,
    /// Too many suspensions.
    #[error("{SUSPENSIONS_MAX} suspensions last, which is the limit")]
    TooManySuspensions,
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
    /// A receipt is signed with another institution.
    #[error("nobody signs a receipt with themselves")]
    OwnReceipt,
    /// A receipt for this decision waits already, or the decision is still to come.
    #[error("a receipt for decision {0} waits already, or there is no such decision yet")]
    ReceiptOpen(u64),
    /// No such receipt.
    #[error("no receipt of that institution for decision {0} waits")]
    NoReceipt(u64),
    /// The receipt is not late, or was recorded as missing.
    #[error("the receipt for decision {0} is not late, or was recorded as missing already")]
    ReceiptNotOverdue(u64),
    /// Too many receipts.
    #[error("{RECEIPTS_MAX} receipts wait, which is the limit")]
    TooManyReceipts,
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
