//! Which audit messages a record has: one decision for each kind of entry, made here.

use super::alerts;
use super::codes;
use super::codes::Code;
use crate::audit::action::Action;
use crate::audit::record::Record;
use crate::audit::record::Severity;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::QueueAct;
use crate::contract::Request;
use crate::contract::StepAct;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::time::UtcMicros;

/// `EventTypeCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'r> {
    /// None.
    None,
    /// Of the standard.
    Standard(Code),
    /// Of our own, where the standard has none that says it.
    Own(&'r str),
}

/// Who takes part, and in which order: the tables of PS3.15 §A.5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// Table A.5.3.1: the gateway.
    Application,
    /// Tables A.5.3.3, A.5.3.7 and A.5.3.10: source, destination, others.
    Ends,
    /// Table A.5.3.4: who gets it, who exports it, the medium.
    Export,
    /// Tables A.5.3.8, A.5.3.13 and A.5.3.14: a person, and the gateway.
    Person,
    /// Table A.5.3.15: who asked, and the gateway.
    Asker,
    /// Table A.5.3.11: who reports, and who performed.
    Alert,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Things {
    /// The entry of the ledger itself.
    Entry,
    /// The whole ledger.
    Log,
    /// A study and its patient.
    Study,
    /// A query, and what a match of it disclosed.
    Query,
    /// Patients.
    Patients,
    /// What an alert is about.
    Alert,
}

/// One audit message, before it has words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event<'r> {
    /// `EventID`.
    pub(super) id: Code,
    pub(super) kind: Kind<'r>,
    pub(super) action: Action,
    pub(super) at: UtcMicros,
    pub(super) outcome: Severity,
    pub(super) cast: Cast,
    pub(super) things: Things,
}

/// No more than two messages for one entry.
pub(super) type Events<'r> = [Option<Event<'r>>; 2];

const NONE: Events<'static> = [None, None];

fn event(record: &Record, id: Code, action: Action, cast: Cast, things: Things) -> Event<'_> {
    Event {
        id,
        kind: Kind::None,
        action,
        at: record.at(),
        outcome: record.severity(),
        cast,
        things,
    }
}

fn alert<'r>(record: &'r Record, kind: Kind<'r>) -> Event<'r> {
    let id = codes::SECURITY_ALERT;
    let event = event(record, id, Action::Execute, Cast::Alert, Things::Alert);
    Event { kind, ..event }
}

fn one(event: Event<'_>) -> Events<'_> {
    [Some(event), None]
}

/// A security alert with a type of the standard.
fn standard_alert(record: &Record, kind: Code) -> Events<'_> {
    one(alert(record, Kind::Standard(kind)))
}

/// A security alert that the standard has no type for: the kind of the entry is it.
fn own_alert(record: &Record) -> Events<'_> {
    one(alert(record, Kind::Own(record.body().kind())))
}

/// What is kept of a patient was changed, or shown. The standard's code does not tell consents from holds: the kind of the
/// entry does.
fn patient(record: &Record, action: Action) -> Events<'_> {
    let id = codes::PATIENT_RECORD;
    let event = event(record, id, action, Cast::Person, Things::Patients);
    one(Event {
        kind: Kind::Own(record.body().kind()),
        ..event
    })
}

/// The messages of a record. Every kind of entry stands here, also those that have none, with the reason.
pub(super) fn of(record: &Record) -> Events<'_> {
    match record.body() {
        Body::Started { .. } => activity(record, codes::APPLICATION_START),
        Body::Stopped { .. } => activity(record, codes::APPLICATION_STOP),
        Body::AuditExported { .. } | Body::AuditSearched { .. } => log_used(record),
        Body::Decision { request, decision } => decided(record, request, decision),
        Body::TransferClosed { is_final, .. } => closed(record, *is_final),
        Body::Query { .. } => query(record),
        // From here on anybody may carry it away: the last moment that the gateway sees (§A.5.3.4). And what was
        // carried away sealed becomes readable when its key is released: the same parcel is exported in earnest,
        // maybe months later, and only this message says so.
        Body::ParcelSealed { .. }
        | Body::ParcelOpened {
            verdict: Verdict::Permit,
            ..
        } => export(record),
        Body::QueueChanged {
            act: QueueAct::Dropped,
            ..
        } => dropped(record),
        Body::ProcedureStep { act, .. } => step(record, *act),
        Body::ConsentGranted { .. }
        | Body::GuardianNamed { .. }
        | Body::HoldPlaced { .. }
        | Body::DisclosuresSuspended { .. } => patient(record, Action::Create),
        // What ends stays in the ledger: it is changed, not deleted.
        Body::ConsentRevoked { .. }
        | Body::RevocationHonoured { .. }
        | Body::PatientLinked { .. }
        | Body::PatientUnlinked { .. }
        | Body::GuardianEnded { .. }
        | Body::StandingNoted { .. }
        | Body::HoldLifted { .. }
        | Body::DisclosuresResumed { .. } => patient(record, Action::Update),
        Body::PatientErased { .. } | Body::DetailsDropped { .. } => patient(record, Action::Delete),
        Body::Genesis { .. } => standard_alert(record, codes::RECORDING_STARTED),
        // The log goes on under another name and key; or its author contradicts itself, or another.
        Body::Restored { .. } | Body::Equivocated { .. } | Body::Misstated { .. } => {
            standard_alert(record, codes::OBJECT_SECURITY)
        }
        Body::PolicyProposed { .. }
        | Body::PolicyApproved { .. }
        | Body::PolicyWithdrawn { .. }
        | Body::PolicyActivated { .. } => standard_alert(record, codes::SECURITY_CONFIGURATION),
        Body::UserAuthenticated { .. } | Body::SignedIn { .. } => {
            authentication(record, codes::LOGIN)
        }
        Body::SignedOut { .. } => authentication(record, codes::LOGOUT),
        Body::AccountChanged { .. } => standard_alert(record, codes::USER_SECURITY),
        // "Patient Record" is of data about a patient that are no instances of DICOM, created, read or changed in a
        // system (§A.5.3.8): what the console shows. "Query" is a query of DICOM's, "DICOM Instances Accessed" of images,
        // "Audit Log Used" of the log as a whole: none of them says whom somebody was shown.
        Body::DetailsShown { .. } => patient(record, Action::Read),
        Body::Bypassed { from, until, .. } => bypassed(record, *from, *until),
        Body::Alert { code, .. } => alerted(record, code),
        Body::IncidentReported { .. } => own_alert(record),
        Body::IncidentDecided { upheld, .. } => incident(record, *upheld),
        // The score, by which an institution is judged, changes.
        Body::ChargeReversed { .. } | Body::CeilingLifted { .. } => {
            standard_alert(record, codes::USER_SECURITY)
        }
        Body::ReviewClosed {
            justified: false, ..
        } => standard_alert(record, codes::RESTRICTED_FUNCTION),
        // Those without a message, for a reason each: a parcel that stays shut (the denial has an entry of its
        // own); changes of a queue that delete nothing (what is delivered has decisions and transfers of its own);
        Body::ParcelOpened { .. } | Body::QueueChanged { .. } => NONE,
        // a review that is on its way, found nothing wrong, or is overdue (that has an alert of its own);
        Body::ReviewReasoned { .. } | Body::ReviewClosed { .. } | Body::ReviewOverdue { .. } => {
            NONE
        }
        // what two gateways saw of one transfer, which has its message (a missing receipt has an alert); and that
        // a destination keeps what it got: nothing moves, no study is named (what fails has an alert).
        Body::Receipt { .. } | Body::Commitment { .. } => NONE,
    }
}

fn activity(record: &Record, kind: Code) -> Events<'_> {
    let id = codes::APPLICATION_ACTIVITY;
    let (cast, things) = (Cast::Application, Things::Entry);
    let event = event(record, id, Action::Execute, cast, things);
    let kind = Kind::Standard(kind);
    one(Event { kind, ..event })
}

/// A decision: what begins by it, and what people should know of it.
fn decided<'r>(record: &'r Record, request: &Request, decision: &Decision) -> Events<'r> {
    let parties = [&request.requester, &request.recipient];
    let discloses = parties.iter().any(|party| **party != request.custodian);
    let (id, things) = match request.verb {
        Verb::Store | Verb::Retrieve => (Some(codes::BEGIN_TRANSFERRING), Things::Study),
        // The `query` entry that follows has the message of a query as a whole, and counts the matches that stay
        // in one institution.
        Verb::Query => {
            let id = (!request.question && discloses).then_some(codes::QUERY);
            (id, Things::Query)
        }
    };
    // An observed denial is both: refused by the rules, and released all the same.
    let begun = id.filter(|_| decision.releases()).map(|id| Event {
        outcome: Severity::Success,
        ..event(record, id, Action::Execute, Cast::Ends, things)
    });
    let told = match decision.verdict {
        Verdict::Deny => Some(codes::RESTRICTED_FUNCTION),
        // Only where its end will be recorded, too: no final `TransferClosed` follows from a query.
        Verdict::Permit => (record.is_break_glass() && request.verb != Verb::Query)
            .then_some(codes::OVERRIDE_STARTED),
    };
    [begun, told.map(|kind| alert(record, Kind::Standard(kind)))]
}

/// A transfer, or a part of it. The ledger does not know what the receiver held before: C (§A.5.3.7).
fn closed(record: &Record, is_final: bool) -> Events<'_> {
    let (cast, things) = (Cast::Ends, Things::Study);
    let event = event(record, codes::TRANSFERRED, Action::Create, cast, things);
    let over = (is_final && record.is_break_glass()).then(|| Event {
        // How the transfer went is the other message's; that the override is over is for information.
        outcome: Severity::Success,
        ..alert(record, Kind::Standard(codes::OVERRIDE_STOPPED))
    });
    [Some(event), over]
}

/// A query as a whole.
fn query(record: &Record) -> Events<'_> {
    let (cast, things) = (Cast::Ends, Things::Query);
    one(event(record, codes::QUERY, Action::Execute, cast, things))
}

/// Images leave sealed, or what left sealed can be read.
fn export(record: &Record) -> Events<'_> {
    let (cast, things) = (Cast::Export, Things::Study);
    one(event(record, codes::EXPORT, Action::Read, cast, things))
}

/// A user, of a peer or of the console, proved who they are, or went (§A.5.3.13).
fn authentication(record: &Record, kind: Code) -> Events<'_> {
    let id = codes::USER_AUTHENTICATION;
    let event = event(record, id, Action::Execute, Cast::Person, Things::Entry);
    let kind = Kind::Standard(kind);
    one(Event { kind, ..event })
}

/// Somebody was given an audit (§A.5.3.2).
fn log_used(record: &Record) -> Events<'_> {
    let (id, action) = (codes::AUDIT_LOG_USED, Action::Read);
    one(event(record, id, action, Cast::Person, Things::Log))
}

/// Images of a queue are gone. Their senders heard Success, so that they may exist nowhere else.
fn dropped(record: &Record) -> Events<'_> {
    let (id, action) = (codes::STUDY_DELETED, Action::Delete);
    one(event(record, id, action, Cast::Person, Things::Study))
}

fn step(record: &Record, act: StepAct) -> Events<'_> {
    let action = match act {
        StepAct::Created => Action::Create,
        StepAct::Set => Action::Update,
    };
    let id = codes::PROCEDURE_RECORD;
    one(event(record, id, action, Cast::Asker, Things::Study))
}

/// The ledger was passed by for a while and tells of it afterwards: the recording stopped then, and started again
/// then. Both moments are known, so both are told.
fn bypassed(record: &Record, from: UtcMicros, until: UtcMicros) -> Events<'_> {
    let at = |kind, at| Event {
        at,
        ..alert(record, Kind::Standard(kind))
    };
    [
        Some(at(codes::RECORDING_STOPPED, from)),
        Some(at(codes::RECORDING_STARTED, until)),
    ]
}

fn alerted<'r>(record: &'r Record, code: &'r str) -> Events<'r> {
    [alerts::of(code).map(|kind| alert(record, kind)), None]
}

/// A report was decided on: what is upheld changes the score, by which an institution is judged.
fn incident(record: &Record, is_upheld: bool) -> Events<'_> {
    if is_upheld {
        standard_alert(record, codes::USER_SECURITY)
    } else {
        own_alert(record)
    }
}
