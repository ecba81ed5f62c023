//! Which events an entry is told by.

use super::codes;
use super::resource::Coding;
use crate::audit::Record;
use crate::audit::Site;
use crate::audit::action::Action;
use crate::contract::AccountAct;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::QueueAct;
use crate::contract::ReceiptStanding;
use crate::contract::StepAct;
use crate::contract::Verb;
use crate::contract::Verdict;

/// What an event has to be like. Those with an address are profiles of IHE Basic Audit Log Patterns (BALP 1.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// No profile: an AuditEvent by the codes of DICOM.
    Basic,
    /// We gave a patient's data to another institution.
    DisclosureSource,
    /// We got a patient's data from another institution.
    DisclosureRecipient,
    /// Consents were weighed.
    AuthzConsent,
}

impl Profile {
    /// Its canonical address.
    pub(super) const fn url(self) -> Option<&'static str> {
        match self {
            Self::Basic => None,
            Self::DisclosureSource => Some(
                "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source",
            ),
            Self::DisclosureRecipient => Some(
                "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Recipient",
            ),
            Self::AuthzConsent => Some(
                "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.AuthZconsent",
            ),
        }
    }
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) profile: Profile,
    pub(super) kind: Coding,
    /// Beside the entry's kind, and what the profile demands.
    pub(super) subtype: Option<Coding>,
    pub(super) action: Action,
}

const fn basic(kind: Coding, subtype: Option<Coding>, action: Action) -> Plan {
    Plan {
        profile: Profile::Basic,
        kind,
        subtype,
        action,
    }
}

const fn alert(subtype: Coding, action: Action) -> Plan {
    basic(codes::SECURITY_ALERT, Some(subtype), action)
}

const fn activity(subtype: Option<Coding>) -> Plan {
    basic(codes::APPLICATION_ACTIVITY, subtype, Action::Execute)
}

const fn patient_record(action: Action) -> Plan {
    basic(codes::PATIENT_RECORD, None, action)
}

/// At most two. Every kind of entry stands here by name, so that a new one does not compile until somebody has
/// decided what it is told by.
pub(super) fn plans(site: &Site, record: &Record) -> Vec<Plan> {
    use Action::Create;
    use Action::Delete;
    use Action::Execute;
    use Action::Read;
    use Action::Update;
    let one = match record.body() {
        Body::Decision { .. } => return of_decision(record),
        Body::TransferClosed { .. } => return of_transfer(site, record),
        Body::Query { .. } => of_query(site, record),
        Body::ParcelSealed { recipient, .. } => match disclosed(record) {
            true if *recipient != site.own => source(None),
            _ => basic(codes::EXPORT, None, Read),
        },
        Body::ParcelOpened { verdict, .. } => match verdict {
            Verdict::Permit => basic(codes::EXPORT, None, Read),
            // Its decision, an entry of its own, tells the denial.
            Verdict::Deny => return Vec::new(),
        },
        Body::Receipt { standing, .. } => return of_receipt(*standing).into_iter().collect(),
        Body::ProcedureStep { act, .. } => match act {
            StepAct::Created => basic(codes::PROCEDURE_RECORD, None, Create),
            StepAct::Set => basic(codes::PROCEDURE_RECORD, None, Update),
        },
        Body::QueueChanged { act, .. } => of_queue(*act),
        // DICOM has no event for storage commitment: nothing is moved by it.
        Body::Commitment { .. } => activity(None),
        Body::AuditExported { .. } | Body::AuditSearched { .. } => {
            basic(codes::AUDIT_LOG_USED, None, Read)
        }
        Body::Started { .. } => activity(Some(codes::APPLICATION_START)),
        Body::Stopped { .. } => activity(Some(codes::APPLICATION_STOP)),
        Body::Genesis { .. } | Body::Restored { .. } => alert(codes::RECORDING_STARTED, Execute),
        Body::UserAuthenticated { .. } | Body::SignedIn { .. } => {
            basic(codes::USER_AUTHENTICATION, Some(codes::LOGIN), Execute)
        }
        Body::SignedOut { .. } => basic(codes::USER_AUTHENTICATION, Some(codes::LOGOUT), Execute),
        Body::AccountChanged { act, .. } => of_account(*act),
        // As in audit messages (`audit_message::event`).
        Body::DetailsShown { .. } => patient_record(Read),
        Body::Bypassed { .. } => alert(codes::RECORDING_STOPPED, Execute),
        Body::PolicyProposed { .. } => alert(codes::SECURITY_CONFIGURATION, Create),
        Body::PolicyApproved { .. } => alert(codes::SECURITY_CONFIGURATION, Update),
        Body::PolicyWithdrawn { .. } => alert(codes::SECURITY_CONFIGURATION, Delete),
        Body::PolicyActivated { .. } => alert(codes::SECURITY_CONFIGURATION, Execute),
        Body::ConsentGranted { .. } | Body::GuardianNamed { .. } | Body::StandingNoted { .. } => {
            patient_record(Create)
        }
        Body::ConsentRevoked { .. }
        | Body::RevocationHonoured { .. }
        | Body::PatientLinked { .. }
        | Body::PatientUnlinked { .. }
        | Body::GuardianEnded { .. } => patient_record(Update),
        Body::PatientErased { .. } => patient_record(Delete),
        // What a patient may be told depends on it.
        Body::HoldPlaced { .. }
        | Body::HoldLifted { .. }
        | Body::DisclosuresSuspended { .. }
        | Body::DisclosuresResumed { .. } => alert(codes::OBJECT_SECURITY, Update),
        Body::DetailsDropped { .. } => alert(codes::OBJECT_SECURITY, Delete),
        Body::Misstated { .. } => alert(codes::NODE_AUTHENTICATION, Execute),
        // What an institution may get depends on its score.
        Body::IncidentDecided { .. } | Body::ChargeReversed { .. } | Body::CeilingLifted { .. } => {
            alert(codes::USER_SECURITY, Update)
        }
        Body::Equivocated { .. }
        | Body::ReviewReasoned { .. }
        | Body::ReviewOverdue { .. }
        | Body::ReviewClosed { .. }
        | Body::IncidentReported { .. }
        | Body::Alert { .. } => basic(codes::SECURITY_ALERT, None, Execute),
    };
    vec![one]
}

/// A disclosure is of one patient: the profiles have one patient entity, no more and no less.
fn disclosed(record: &Record) -> bool {
    record.patients().len() == 1
}

const fn source(subtype: Option<Coding>) -> Plan {
    Plan {
        profile: Profile::DisclosureSource,
        kind: codes::EXPORT,
        subtype,
        action: Action::Read,
    }
}

const fn recipient(subtype: Option<Coding>) -> Plan {
    Plan {
        profile: Profile::DisclosureRecipient,
        kind: codes::IMPORT,
        subtype,
        action: Action::Create,
    }
}

/// A decision: how it was judged, and that images begin to go out.
fn of_decision(record: &Record) -> Vec<Plan> {
    let (Some(request), Some(decision)) = (record.request(), record.decision()) else {
        return Vec::new();
    };
    let judged = if weighed_consents(record) {
        Some(Plan {
            profile: Profile::AuthzConsent,
            kind: codes::SECURITY_ALERT,
            subtype: None,
            action: Action::Execute,
        })
    } else if decision.verdict == Verdict::Deny {
        Some(alert(codes::RESTRICTED_FUNCTION, Action::Execute))
    } else if record.is_break_glass() {
        Some(alert(codes::EMERGENCY_STARTED, Action::Execute))
    } else {
        None
    };
    // A query's matches are told by its own entry.
    let begins = decision.releases() && request.verb != Verb::Query;
    let begun = basic(codes::BEGIN_TRANSFERRING, None, Action::Execute);
    judged.into_iter().chain(begins.then_some(begun)).collect()
}

/// Whether the ledger says that consents decided: a permit that names them; or a denial of which neither rule nor
/// error was the cause, but "no consent". That text is the contract's own only where no rule has spoken
/// (`contract::decide`). Not where the permit is break-glass, which does not rest on consent, nor where the denial was
/// only observed: then images go out all the same. The patient's objection is a rule as others are, with a name of
/// the site's choice, so a denial by it is told as by any rule.
fn weighed_consents(record: &Record) -> bool {
    let Some(decision) = record.decision() else {
        return false;
    };
    if record.patients().len() != 1 {
        return false;
    }
    match decision.verdict {
        Verdict::Permit => !decision.consents.is_empty() && !record.is_break_glass(),
        Verdict::Deny => {
            !decision.observed
                && decision.reasons.is_empty()
                && decision.errors.is_empty()
                && decision.obligations.is_empty()
                && decision.short_reason() == "no consent"
        }
    }
}

/// Images that went out, and the end of break-glass.
fn of_transfer(site: &Site, record: &Record) -> Vec<Plan> {
    let Body::TransferClosed {
        sender,
        recipient: to,
        instances,
        is_final,
        ..
    } = record.body()
    else {
        return Vec::new();
    };
    let moved = Some(codes::INSTANCES_TRANSFERRED);
    let one = match crossing(site, sender, to) {
        Some(disclosure) if *instances > 0 && disclosed(record) => disclosure(moved),
        _ => basic(codes::INSTANCES_TRANSFERRED, None, Action::Execute),
    };
    let over = *is_final && record.is_break_glass();
    let ended = over.then_some(alert(codes::EMERGENCY_STOPPED, Action::Execute));
    [one].into_iter().chain(ended).collect()
}

/// Matches that were told.
fn of_query(site: &Site, record: &Record) -> Plan {
    let told = record.counts().matches.is_some_and(|matches| matches > 0);
    let disclosure = record
        .request()
        .and_then(|request| crossing(site, &request.custodian, &request.recipient));
    match disclosure {
        Some(disclosure) if told && disclosed(record) => disclosure(Some(codes::QUERY)),
        _ => basic(codes::QUERY, None, Action::Execute),
    }
}

/// What went wrong with a receipt. When nothing did, it is no event: papers between gateways about a transfer that has
/// its own.
const fn of_receipt(standing: ReceiptStanding) -> Option<Plan> {
    match standing {
        ReceiptStanding::Disputed | ReceiptStanding::Missing => {
            Some(basic(codes::SECURITY_ALERT, None, Action::Execute))
        }
        ReceiptStanding::Due | ReceiptStanding::Drafted | ReceiptStanding::Agreed => None,
    }
}

/// What was done to images that wait, or to whether they are delivered.
const fn of_queue(act: QueueAct) -> Plan {
    match act {
        QueueAct::Dropped => basic(codes::INSTANCES_ACCESSED, None, Action::Delete),
        QueueAct::Released | QueueAct::Retried => {
            basic(codes::INSTANCES_ACCESSED, None, Action::Update)
        }
        QueueAct::Paused | QueueAct::Resumed => {
            basic(codes::APPLICATION_ACTIVITY, None, Action::Execute)
        }
    }
}

/// What was done to an account of the console.
const fn of_account(act: AccountAct) -> Plan {
    let action = match act {
        AccountAct::Added => Action::Create,
        AccountAct::Removed => Action::Delete,
        AccountAct::RolesSet
        | AccountAct::PasscodeSet
        | AccountAct::Disabled
        | AccountAct::Enabled
        | AccountAct::TokenMade
        | AccountAct::TokenRevoked => Action::Update,
    };
    alert(codes::USER_SECURITY, action)
}

/// The disclosure that it is when data went `from` one institution `to` another, one of which is ours.
fn crossing(
    site: &Site,
    from: &InstitutionSlug,
    to: &InstitutionSlug,
) -> Option<fn(Option<Coding>) -> Plan> {
    match (*from == site.own, *to == site.own) {
        (true, false) => Some(source),
        (false, true) => Some(recipient),
        (true, true) | (false, false) => None,
    }
}
