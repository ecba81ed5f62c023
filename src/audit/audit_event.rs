//! The ledger as AuditEvent resources of FHIR R4 (4.0.1), with the profiles of IHE Basic Audit Log Patterns (BALP)
//! where an entry has what they demand. See `docs/audit-fhir.md`.

mod agents;
mod codes;
mod entities;
mod plan;
mod resource;
#[cfg(test)]
mod tests;
mod write;

pub use resource::AuditEvent;
pub use write::AuditEventBundle;
pub use write::AuditEvents;

use self::plan::Plan;
use self::plan::Profile;
use self::resource::Coding;
use self::resource::Meta;
use self::resource::Period;
use self::resource::Source;
use self::resource::text;
use crate::audit::Record;
use crate::audit::Severity;
use crate::audit::Site;
use crate::contract::Body;

/// The events that tell a record: none, one or two, and of the same record always the same.
pub fn events<'a>(site: &'a Site, record: &'a Record) -> Vec<AuditEvent<'a>> {
    let plans = plan::plans(site, record);
    let event = |plan: &Plan| event(site, record, plan);
    plans.iter().map(event).collect()
}

fn event<'a>(site: &'a Site, record: &'a Record, plan: &Plan) -> AuditEvent<'a> {
    let Plan { profile, kind, .. } = *plan;
    let url = profile.url();
    AuditEvent {
        resource_type: "AuditEvent",
        id: id(record, kind),
        meta: url.map(|url| Meta { profile: [url] }),
        kind,
        subtype: subtypes(record, plan),
        action: plan.action.code(),
        period: period(record),
        recorded: record.at().instant(),
        outcome: outcome(record.severity()),
        outcome_desc: text(&record.text()).map(|text| text.into_owned().into()),
        purpose_of_event: record.purpose().map(|purpose| [agents::purpose(purpose)]),
        agent: agents::agents(site, record, profile),
        source: Source {
            site: text(site.name(&site.own)),
            observer: agents::gateway(site),
            kind: [match profile {
                Profile::AuthzConsent => codes::SECURITY_SERVER,
                Profile::Basic | Profile::DisclosureSource | Profile::DisclosureRecipient => {
                    codes::APPLICATION_SERVER
                }
            }],
        },
        entity: entities::entities(site, record, profile),
    }
}

/// Which start of the gateway wrote the entry, the entry's number, and the type of event, of which an entry has no two
/// alike. A ledger that was restored from a backup may have given a number twice, but not by the same start.
fn id(record: &Record, kind: Coding) -> String {
    let entry = &record.entry;
    format!("{}-{}-{}", entry.boot, entry.seq, kind.code)
}

/// What the profile demands, the code of DICOM, and the kind of entry, by which all events of a kind can be found.
/// The profile of decisions about consents takes its own subtypes only.
fn subtypes(record: &Record, plan: &Plan) -> Vec<Coding> {
    let demanded = match plan.profile {
        Profile::AuthzConsent => return vec![codes::AUTHZ_CONSENT],
        Profile::DisclosureSource | Profile::DisclosureRecipient => Some(codes::DISCLOSE),
        Profile::Basic => None,
    };
    let kind = Coding {
        system: codes::ENTRY_KIND,
        code: record.body().kind(),
        display: None,
    };
    let codes = [demanded, plan.subtype, Some(kind)];
    codes.into_iter().flatten().collect()
}

/// When it happened, where that is longer than a moment.
fn period(record: &Record) -> Option<Period> {
    let Body::Bypassed { from, until, .. } = record.body() else {
        return None;
    };
    Some(Period {
        start: from.instant(),
        end: until.instant(),
    })
}

const fn outcome(severity: Severity) -> &'static str {
    match severity {
        Severity::Success => "0",
        Severity::Minor => "4",
        Severity::Serious => "8",
        Severity::Major => "12",
    }
}
