//! The kinds of events.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::acts::CommitmentAct;
use crate::contract::acts::Outcome;
use crate::contract::acts::ParcelRelease;
use crate::contract::acts::QueueAct;
use crate::contract::acts::ReceiptStanding;
use crate::contract::acts::StepAct;
use crate::contract::consent::Consent;
use crate::contract::credit::Incident;
use crate::contract::credit::StandingEvidence;
use crate::contract::decision::Decision;
use crate::contract::decision::Verdict;
use crate::contract::failures::Failures;
use crate::contract::keeping::Epoch;
use crate::contract::keeping::ErasureReason;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Request;
use crate::contract::role::AccountAct;
use crate::contract::role::DetailsOf;
use crate::contract::role::Role;
use crate::contract::role::SignInMeans;
use crate::contract::role::SignOutEnd;
use crate::contract::sop_classes::SopClasses;
use crate::contract::suspension::StatementForm;
use crate::contract::user::User;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::UtcMicros;

mod kind;

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// The first event of a ledger.
    Genesis {
        /// Whose ledger.
        institution: InstitutionSlug,
        /// Origin line of its checkpoints (C2SP tlog-checkpoint).
        log_origin: String,
        /// The key that signs its checkpoints (C2SP signed-note vkey text).
        key: String,
        /// The key that signs its events, in the same form.
        statement_key: String,
        /// When.
        created: UtcMicros,
    },
    /// The ledger was restored from a backup and goes on under a new origin, because entries after
    /// the backup may be lost: what others hold of the old origin beyond this is no fork.
    Restored {
        /// The new origin line of its checkpoints.
        log_origin: String,
        /// The key that signs them from here on.
        key: String,
        /// The newest checkpoint of the old origin in the backup, with the signatures of its
        /// witnesses (a signed note); `None` when there was none.
        checkpoint: Option<String>,
        /// Who restored it.
        by: String,
    },
    /// Somebody wants these policies to decide.
    PolicyProposed {
        /// Digest of `text`: the name of the proposal.
        sha256: Sha256,
        /// Digest of the schema within.
        schema_sha256: Sha256,
        /// Canonical text (see [`PolicySet`](crate::contract::PolicySet)).
        text: String,
        /// Who.
        by: String,
    },
    /// Somebody else agrees.
    PolicyApproved {
        /// Which proposal.
        sha256: Sha256,
        /// Who.
        by: String,
    },
    /// A proposal is given up.
    PolicyWithdrawn {
        /// Which proposal.
        sha256: Sha256,
        /// Who.
        by: String,
    },
    /// From here on the proposed policies decide. They must have been approved, except for the
    /// first of a ledger.
    PolicyActivated {
        /// Which proposal.
        sha256: Sha256,
        /// Who activated them.
        by: String,
    },
    /// A patient's grant or denial takes effect. Its number is the entry's sequence number.
    ConsentGranted {
        /// What was said.
        consent: Consent,
        /// Who recorded it.
        by: String,
    },
    /// A grant or denial ends.
    ConsentRevoked {
        /// Which.
        consent: ConsentId,
        /// Whose; must be the consent's.
        patient: Pseudonym,
        /// Who recorded it.
        by: String,
    },
    /// An institution told that what it got under a revoked consent is deleted or no longer used.
    RevocationHonoured {
        /// Entry of the revocation.
        revocation: u64,
        /// Who told so; named by the consent.
        institution: InstitutionSlug,
        /// Who recorded it.
        by: String,
    },
    /// Two Patient IDs are one patient: consents and objections under either speak for both.
    PatientLinked {
        /// The one that is merged.
        patient: Pseudonym,
        /// The one that survives.
        into: Pseudonym,
        /// Who recorded it.
        by: String,
    },
    /// A merge was wrong.
    PatientUnlinked {
        /// The one that had been merged.
        patient: Pseudonym,
        /// The one that it had been merged into.
        from: Pseudonym,
        /// Who recorded it.
        by: String,
    },
    /// Somebody may consent in the patient's place. Who it is stands in the sealed details.
    GuardianNamed {
        /// Whose guardian.
        patient: Pseudonym,
        /// Until when; `None`: until it is ended.
        until: Option<UtcMicros>,
        /// Who recorded it.
        by: String,
    },
    /// The patient speaks for themselves again.
    GuardianEnded {
        /// Whose guardian.
        patient: Pseudonym,
        /// Who recorded it.
        by: String,
    },
    /// A person is forgotten: what is sealed under the pseudonyms cannot be opened any more.
    PatientErased {
        /// Every pseudonym of the person.
        patients: BTreeSet<Pseudonym>,
        /// Why.
        reason: ErasureReason,
        /// Who recorded it.
        by: String,
    },
    /// What is held is neither erased nor dropped. The hold's number is the entry's.
    HoldPlaced {
        /// Whose details: every pseudonym that the person had then. `None`: everybody's.
        patients: Option<BTreeSet<Pseudonym>>,
        /// Number of a case file; no patient data.
        reference: String,
        /// Only details of this year and later.
        from_year: Option<u16>,
        /// Only details of this year and earlier.
        until_year: Option<u16>,
        /// Who placed it.
        by: String,
    },
    /// A hold ends.
    HoldLifted {
        /// Which.
        hold: u64,
        /// Who lifted it.
        by: String,
    },
    /// The details of an epoch were kept long enough: what is sealed under its key cannot be
    /// opened any more.
    DetailsDropped {
        /// Which.
        epoch: Epoch,
        /// Who had them dropped.
        by: String,
    },
    /// An agency may know for a while what a patient may not: that images went to it. The suspension's number
    /// is the entry's.
    DisclosuresSuspended {
        /// Whose accounting of disclosures.
        patient: Pseudonym,
        /// Disclosures to whom are left out of it.
        recipient: InstitutionSlug,
        /// Until when.
        until: UtcMicros,
        /// How the agency said so. What it said, and who spoke, stands in the sealed details.
        statement: StatementForm,
        /// Number of a case file; no patient data.
        reference: String,
        /// Who recorded it.
        by: String,
    },
    /// A suspension ends early.
    DisclosuresResumed {
        /// Which.
        suspension: u64,
        /// Who recorded it.
        by: String,
    },
    /// Two signed statements contradict each other: checkpoints of one log with the same size and another
    /// root, or receipts for one transfer.
    Equivocated {
        /// Whose log, or whose receipts.
        institution: InstitutionSlug,
        /// The key that signed both (vkey text).
        key: String,
        /// One of them, as a signed note.
        first: String,
        /// The other.
        second: String,
    },
    /// Something speaks for or against a patient's standing, in research and self-service.
    StandingNoted {
        /// Whose.
        patient: Pseudonym,
        /// What.
        evidence: StandingEvidence,
        /// Entries that prove it.
        proof: Vec<u64>,
        /// Who recorded it.
        by: String,
    },
    /// The reason for an access that is to be reviewed was given. Its text is in the sealed details.
    ReviewReasoned {
        /// The decision under review.
        review: u64,
        /// Who gave it.
        by: String,
    },
    /// A review was not closed in time.
    ReviewOverdue {
        /// The decision under review.
        review: u64,
        /// Who owes it.
        institution: InstitutionSlug,
    },
    /// A review came to its end.
    ReviewClosed {
        /// The decision under review.
        review: u64,
        /// Who owed it.
        institution: InstitutionSlug,
        /// Whether the access was justified.
        justified: bool,
        /// Who found so.
        by: String,
    },
    /// Somebody says that an institution did wrong. It counts when an arbiter upholds it.
    IncidentReported {
        /// What.
        incident: Incident,
        /// Who is said to have done it.
        institution: InstitutionSlug,
        /// Entries that prove it.
        proof: Vec<u64>,
        /// Number of a case file; no patient data.
        reference: String,
        /// Who reported it.
        by: String,
    },
    /// An arbiter decided on a reported incident.
    IncidentDecided {
        /// Entry of the report.
        report: u64,
        /// Whom it is about.
        institution: InstitutionSlug,
        /// Whether it counts.
        upheld: bool,
        /// The arbiter: not who reported it.
        by: String,
    },
    /// What an entry had charged is taken back; nothing is edited. Its ceiling is lifted, too.
    ChargeReversed {
        /// The entry that charged.
        charge: u64,
        /// Whom it charged.
        institution: InstitutionSlug,
        /// Who decided so.
        by: String,
    },
    /// The ceiling that an entry had set is lifted; the charge stays.
    CeilingLifted {
        /// The entry that set it.
        charge: u64,
        /// Whose.
        institution: InstitutionSlug,
        /// Who decided so.
        by: String,
    },
    /// A request was judged. When it releases images (not: matches of a query), it stays open until
    /// a final `TransferClosed`.
    Decision {
        /// What was asked.
        request: Box<Request>,
        /// What was answered.
        decision: Box<Decision>,
    },
    /// Images went out under a decision: one such event for each manifest, the last with `final`.
    TransferClosed {
        /// Sequence number of the decision's entry.
        decision: u64,
        /// Who sent.
        sender: InstitutionSlug,
        /// Who received.
        recipient: InstitutionSlug,
        /// Instances answered with Success or a warning, since the last such event.
        instances: u64,
        /// These by SOP class; none in entries of older versions.
        #[serde(default, skip_serializing_if = "SopClasses::is_empty")]
        classes: SopClasses,
        /// Instances that failed.
        failed: u64,
        /// These by the status that refused them; none in entries of older versions.
        #[serde(default, skip_serializing_if = "Failures::is_empty")]
        statuses: Failures,
        /// Instances answered with a warning, counted in `instances` too.
        warned: u64,
        /// Instances that lie in the spool, sealed and durable; their senders heard Success. They
        /// are delivered under decisions of their own.
        spooled: u64,
        /// Bytes of data sets delivered.
        bytes: u64,
        /// Root of the manifest of the instances' digests; `None` when none was delivered.
        manifest_root: Option<Sha256>,
        /// How it went.
        outcome: Outcome,
        /// On whose side it went wrong, when this gateway saw it with certainty: charged as late.
        fault: Option<InstitutionSlug>,
        /// Whether the decision is closed by this.
        #[serde(rename = "final")]
        is_final: bool,
    },
    /// The receipt for a transfer between two gateways went a step further. What was signed stands in the
    /// sealed details.
    Receipt {
        /// Sequence number of the entry of our decision.
        decision: u64,
        /// The other side.
        institution: InstitutionSlug,
        /// Whose images: when they are forgotten, so is what is open about them.
        patient: Pseudonym,
        /// How far.
        standing: ReceiptStanding,
    },
    /// An institution's gateway spoke, signed, in the name of another institution.
    Misstated {
        /// Whose gateway.
        institution: InstitutionSlug,
        /// The key that signed (vkey text).
        key: String,
        /// What it signed, as a signed note.
        statement: String,
    },
    /// A query was answered, or a batch of its matches.
    Query {
        /// Sequence number of the decision's entry.
        decision: u64,
        /// Matches that were passed on.
        matches: u64,
        /// Matches that the asker may not know of.
        withheld: u64,
        /// Final DIMSE status.
        status: u16,
    },
    /// A destination was told of a procedure step (Modality Performed Procedure Step, PS3.4 Annex F).
    ProcedureStep {
        /// Sequence number of the decision's entry.
        decision: u64,
        /// Begun, or changed.
        act: StepAct,
        /// Keyed digest of the step's SOP Instance UID.
        step: Sha256,
        /// What the destination answered.
        status: u16,
    },
    /// Storage commitment (PS3.4 Annex J) went a step further.
    Commitment {
        /// Keyed digest of the Transaction UID.
        transaction: Sha256,
        /// How far.
        act: CommitmentAct,
        /// The name of the peer that asks for the commitment; `None`: the gateway itself.
        asker: Option<String>,
        /// The name of the peer that is to commit.
        destination: String,
        /// Sequence number of the decision's entry, where the request was judged.
        decision: Option<u64>,
        /// Instances that are spoken of.
        instances: u64,
        /// Of these, those for which there is no commitment.
        failed: u64,
        /// DIMSE status that was answered.
        status: u16,
    },
    /// Images were sealed into a parcel for another gateway, to be carried by whoever. Recorded
    /// before the parcel is complete.
    ParcelSealed {
        /// Its name: 32 hexadecimal digits.
        parcel: String,
        /// Sequence number of the decision's entry.
        decision: u64,
        /// For whom.
        recipient: InstitutionSlug,
        /// Instances in it.
        instances: u64,
        /// These by SOP class; none in entries of older versions.
        #[serde(default, skip_serializing_if = "SopClasses::is_empty")]
        classes: SopClasses,
        /// Bytes of their data sets.
        bytes: u64,
        /// Digest of its signed manifest.
        manifest_sha256: Sha256,
        /// How its key is released.
        release: ParcelRelease,
    },
    /// The recipient of a parcel asked for its key, and the contract was asked again.
    ParcelOpened {
        /// Which.
        parcel: String,
        /// The entry that it was sealed by.
        sealed: u64,
        /// Sequence number of the new decision's entry.
        decision: u64,
        /// Who asked.
        recipient: InstitutionSlug,
        /// Whether the key may be released.
        verdict: Verdict,
        /// Digest of the request that the recipient signed.
        request_sha256: Sha256,
    },
    /// Somebody changed what waits in the queue of a destination.
    QueueChanged {
        /// The name of the destination's peer.
        queue: String,
        /// What was done.
        act: QueueAct,
        /// Instances that it was done to.
        objects: u64,
        /// Whose; `None`: of several, or of none in particular.
        patient: Option<Pseudonym>,
        /// Keyed digest of their study; `None` likewise.
        study: Option<Sha256>,
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// For a while images went by without contract and ledger, because two persons had said so.
    Bypassed {
        /// Who asked for it.
        first: String,
        /// Who agreed.
        second: String,
        /// Why.
        reason: String,
        /// From when.
        from: UtcMicros,
        /// Until when.
        until: UtcMicros,
        /// Associations that were let through.
        associations: u64,
        /// Bytes that went to destinations.
        bytes: u64,
        /// Digest of the list of these associations, which lies beside the ledger.
        sha256: Sha256,
    },
    /// A person was given an audit of this ledger.
    AuditExported {
        /// Digest of its manifest, which names every file of it.
        manifest_sha256: Sha256,
        /// The first entry of the range that it is about.
        from: u64,
        /// The entry after the last.
        until: u64,
        /// Entries of the range that it tells of.
        records: u64,
        /// What was asked for, as canonical JSON: patients and studies as the ledger knows them.
        filter: String,
        /// Sealed details were told.
        identified: bool,
        /// Who.
        by: String,
    },
    /// A user of a peer proved who they are when an association was requested.
    UserAuthenticated {
        /// Who, and by what.
        user: User,
        /// Whose peer it is.
        institution: InstitutionSlug,
        /// The peer.
        ae: AeTitle,
    },
    /// Somebody searched this ledger by way of the network. What they looked for is not told: it may name a
    /// patient.
    AuditSearched {
        /// From when on; absent: from its beginning.
        from: Option<UtcMicros>,
        /// Until when; absent: until its end.
        until: Option<UtcMicros>,
        /// By what they searched, as the parameters of FHIR are called.
        parameters: Vec<String>,
        /// Sealed details were told.
        identified: bool,
        /// Who: what their certificate is known by.
        by: String,
    },
    /// An account of the console was changed. No secret is told.
    AccountChanged {
        /// Its name.
        account: String,
        /// What was done.
        act: AccountAct,
        /// The roles that it has then; of a token, that the token has.
        roles: BTreeSet<Role>,
        /// The token's own name, where it is about one.
        token: Option<String>,
        /// Who.
        by: String,
    },
    /// Somebody was shown who patients are, by the console or its API.
    DetailsShown {
        /// Whom; nobody, where somebody was looked for whom the gateway has not met.
        patients: BTreeSet<Pseudonym>,
        /// In what.
        what: DetailsOf,
        /// Sequence number of the entry that it is about.
        about: Option<u64>,
        /// Who.
        by: String,
    },
    /// Somebody began a session of the console.
    SignedIn {
        /// The name of their account.
        account: String,
        /// By what they proved who they are.
        means: SignInMeans,
        /// The IP address that they came from, where the gateway saw it.
        address: Option<String>,
    },
    /// A session of the console ended.
    SignedOut {
        /// The name of the account.
        account: String,
        /// Why.
        end: SignOutEnd,
    },
    /// Something that people should look at.
    Alert {
        /// Machine-readable kind.
        code: String,
        /// For people; no patient data.
        text: String,
        /// Sequence number of the entry that it is about.
        about: Option<u64>,
    },
    /// A gateway process began to write.
    Started {
        /// Its version.
        version: String,
        /// Its boot id.
        boot: String,
    },
    /// A gateway process ended in order.
    Stopped {
        /// Its version.
        version: String,
        /// Its boot id.
        boot: String,
        /// Root of the contract's state when it ended, before this event.
        state_root: Sha256,
    },
}
