//! What it was about.

use super::agents::organization;
use super::codes;
use super::plan::Profile;
use super::resource::Coding;
use super::resource::Detail;
use super::resource::Entity;
use super::resource::Identifier;
use super::resource::Reference;
use super::resource::Text;
use super::resource::text;
use crate::audit::Identity;
use crate::audit::Record;
use crate::audit::Site;
use crate::audit::oid::is_oid;
use crate::contract::Body;
use crate::contract::ConsentId;
use crate::contract::SopClasses;
use crate::digest::Sha256;

/// See the module. The profile of decisions about consents takes no entities but one patient and consents: there,
/// what else is to be told stands in the patient's details.
pub(super) fn entities<'a>(
    site: &'a Site,
    record: &'a Record,
    profile: Profile,
) -> Vec<Entity<'a>> {
    let mut entities = patients(record);
    if profile == Profile::AuthzConsent {
        if let Some(patient) = entities.first_mut() {
            patient.detail = details(record);
            patient.detail.extend(study_detail(record));
        }
        entities.extend(weighed(site, record));
        return entities;
    }
    entities.extend(study(record));
    entities.extend(consents(site, record));
    entities.extend(institutions(site, record));
    entities.extend(policy(record));
    entities.extend(account(site, record));
    entities.push(Entity {
        what: None,
        kind: codes::SYSTEM_OBJECT,
        role: Some(codes::ROLE_SECURITY_RESOURCE),
        detail: details(record),
    });
    entities
}

fn entity<'a>(what: Reference<'a>, kind: Coding, role: Option<Coding>) -> Entity<'a> {
    Entity {
        what: Some(what),
        kind,
        role,
        detail: Vec::new(),
    }
}

fn reference<'a>(
    kind: Option<&'static str>,
    system: &'static str,
    value: Text<'a>,
) -> Reference<'a> {
    Reference {
        kind,
        identifier: Some(Identifier {
            system: Some(system.into()),
            value,
            assigner: None,
        }),
        display: None,
    }
}

/// By Patient ID where that is told, else by pseudonym. Of several patients, nobody says which of them the sealed
/// details name.
fn patients(record: &Record) -> Vec<Entity<'_>> {
    let known = record.patients();
    let named = record.identity().and_then(patient_id);
    let of = |what| entity(what, codes::PERSON, Some(codes::ROLE_PATIENT));
    match named {
        Some(named) if known.len() <= 1 => vec![of(named)],
        Some(_) | None => {
            let what = |pseudonym: &_| {
                let value = format!("{pseudonym}");
                reference(Some("Patient"), codes::PSEUDONYM, value.into())
            };
            known.iter().map(what).map(of).collect()
        }
    }
}

/// The issuer is the system where it is an OID, and the assigner's name where it is something else.
fn patient_id(identity: &Identity) -> Option<Reference<'_>> {
    let value = text(identity.patient_id.as_deref()?)?;
    let issuer = identity.issuer_of_patient_id.as_deref().and_then(text);
    let (system, assigner) = match issuer {
        Some(issuer) if is_oid(&issuer) => (Some(format!("urn:oid:{issuer}").into()), None),
        Some(issuer) => (
            None,
            Some(Box::new(Reference {
                kind: Some("Organization"),
                identifier: None,
                display: Some(issuer),
            })),
        ),
        None => (None, None),
    };
    Some(Reference {
        kind: Some("Patient"),
        identifier: Some(Identifier {
            system,
            value,
            assigner,
        }),
        display: None,
    })
}

/// The Study Instance UID, where it is told.
fn study_uid(record: &Record) -> Option<&str> {
    let uid = record.identity()?.study_instance_uid.as_deref()?;
    is_oid(uid).then_some(uid)
}

fn study_digest(record: &Record) -> Option<Sha256> {
    match record.body() {
        Body::QueueChanged { study, .. } => *study,
        _ => record.study().map(|study| study.uid_digest),
    }
}

fn study(record: &Record) -> Option<Entity<'_>> {
    let kind = Some("ImagingStudy");
    let what = match (study_uid(record), study_digest(record)) {
        (Some(uid), _) => reference(kind, codes::DICOM_UID, format!("urn:oid:{uid}").into()),
        (None, Some(digest)) => reference(kind, codes::STUDY_DIGEST, digest.to_string().into()),
        (None, None) => return None,
    };
    Some(entity(what, codes::SYSTEM_OBJECT, Some(codes::ROLE_REPORT)))
}

/// The study, where no entity may be one.
fn study_detail(record: &Record) -> Option<Detail<'_>> {
    match (study_uid(record), study_digest(record)) {
        (Some(uid), _) => Some(Detail {
            kind: "StudyInstanceUID",
            value_string: uid.into(),
        }),
        (None, Some(digest)) => Some(Detail {
            kind: "StudyDigest",
            value_string: digest.to_string().into(),
        }),
        (None, None) => None,
    }
}

fn consent<'a>(site: &'a Site, consent: ConsentId) -> Entity<'a> {
    let what = Reference {
        kind: Some("Consent"),
        identifier: Some(Identifier {
            system: Some(format!("{}{}", codes::CONSENTS_OF, site.own).into()),
            value: consent.to_string().into(),
            assigner: None,
        }),
        display: None,
    };
    entity(what, codes::CONSENT, None)
}

/// Those that a decision rests on, or that the entry is about.
fn consents<'a>(site: &'a Site, record: &'a Record) -> Vec<Entity<'a>> {
    let own = match record.body() {
        Body::ConsentGranted { .. } => Some(ConsentId(record.entry.seq)),
        Body::ConsentRevoked { consent, .. } => Some(*consent),
        _ => None,
    };
    let decided = record
        .decision()
        .map_or(&[][..], |decision| &decision.consents);
    let all = own.into_iter().chain(decided.iter().copied());
    all.map(|number| consent(site, number)).collect()
}

/// The consents that a decision weighed; in a denial for want of one, that there is none.
fn weighed<'a>(site: &'a Site, record: &'a Record) -> Vec<Entity<'a>> {
    let found = consents(site, record);
    if !found.is_empty() {
        return found;
    }
    let none = Reference {
        kind: Some("Consent"),
        identifier: None,
        display: Some("no consent covers the request".into()),
    };
    vec![entity(none, codes::CONSENT, None)]
}

/// Other institutions that the entry is about; those of a request are agents.
fn institutions<'a>(site: &'a Site, record: &'a Record) -> Vec<Entity<'a>> {
    let asked = record.request();
    let is_agent = |slug: &_| {
        asked.is_some_and(|request| {
            [&request.requester, &request.recipient, &request.custodian].contains(&slug)
        })
    };
    let named = record.institutions().into_iter();
    let others = named.filter(|slug| **slug != site.own && !is_agent(*slug));
    others
        .map(|slug| entity(organization(site, slug), codes::ORGANIZATION, None))
        .collect()
}

fn policy(record: &Record) -> Option<Entity<'_>> {
    let (Body::PolicyProposed { sha256, .. }
    | Body::PolicyApproved { sha256, .. }
    | Body::PolicyWithdrawn { sha256, .. }
    | Body::PolicyActivated { sha256, .. }) = record.body()
    else {
        return None;
    };
    let what = reference(None, codes::POLICY, sha256.to_string().into());
    let role = Some(codes::ROLE_SECURITY_RESOURCE);
    Some(entity(what, codes::SYSTEM_OBJECT, role))
}

/// The account of the console that was changed.
fn account<'a>(site: &'a Site, record: &'a Record) -> Option<Entity<'a>> {
    let Body::AccountChanged { account, .. } = record.body() else {
        return None;
    };
    let what = Reference {
        kind: None,
        identifier: Some(Identifier {
            system: Some(codes::USER.into()),
            value: text(account)?,
            assigner: Some(Box::new(organization(site, &site.own))),
        }),
        display: None,
    };
    Some(entity(what, codes::PERSON, Some(codes::ROLE_SECURITY_USER)))
}

/// Who came, by what, and what people did with accounts and details.
fn of_the_console(body: &Body) -> Vec<Detail<'_>> {
    let detail = |kind, value_string| Detail { kind, value_string };
    match body {
        Body::UserAuthenticated { ae, .. } => vec![detail("AETitle", ae.to_string().into())],
        Body::SignedIn { means, .. } => vec![detail("UserProof", means.as_str().into())],
        Body::SignedOut { end, .. } => vec![detail("End", end.as_str().into())],
        Body::AccountChanged {
            act, roles, token, ..
        } => {
            let act = detail("Act", act.as_str().into());
            let roles = roles
                .iter()
                .map(|role| detail("Role", role.as_str().into()));
            let token = token.as_deref().and_then(text);
            let token = token.map(|token| detail("Token", token));
            [act].into_iter().chain(roles).chain(token).collect()
        }
        Body::DetailsShown { what, about, .. } => {
            let shown = detail("Shown", what.as_str().into());
            let about = about.map(|entry| detail("About", entry.to_string().into()));
            [shown].into_iter().chain(about).collect()
        }
        _ => Vec::new(),
    }
}

/// What has no element of its own.
fn details<'a>(record: &'a Record) -> Vec<Detail<'a>> {
    let mut details = Vec::with_capacity(8);
    let mut tell = |kind: &'static str, value: Option<Text<'a>>| {
        details.extend(value.map(|value_string| Detail { kind, value_string }));
    };
    let number = |number: u64| Text::from(number.to_string());
    tell("LedgerEntry", Some(number(record.entry.seq)));
    let judged = record.judged.as_deref();
    tell("Decision", judged.map(|judged| number(judged.entry)));
    if let Some(decision) = record.decision() {
        tell("Verdict", Some(decision.verdict.as_str().into()));
        tell("Observed", decision.observed.then(|| "true".into()));
        for rule in &decision.reasons {
            tell("Rule", text(rule));
        }
        tell("Policy", Some(decision.policy.to_string().into()));
    }
    tell(
        "UserProof",
        record.user().map(|user| user.proof.as_str().into()),
    );
    for Detail { kind, value_string } in of_the_console(record.body()) {
        tell(kind, Some(value_string));
    }
    if let Some(study) = record.study() {
        for modality in &study.modalities {
            tell("Modality", text(modality));
        }
        tell("StudyDate", study.date.map(|day| day.to_string().into()));
    }
    let counts = record.counts();
    tell("Instances", counts.instances.map(number));
    tell("Failed", counts.failed.map(number));
    tell("Bytes", counts.bytes.map(number));
    for (class, instances) in record.classes().into_iter().flat_map(SopClasses::iter) {
        tell("SOPClass", Some(format!("{class}={instances}").into()));
    }
    tell("Matches", counts.matches.map(number));
    tell("Withheld", counts.withheld.map(number));
    let said = match record.body() {
        Body::QueueChanged { reason, .. } | Body::Bypassed { reason, .. } => text(reason),
        Body::PatientErased { reason, .. } => Some(reason.as_str().into()),
        _ => None,
    };
    tell("Reason", said);
    if let Some(identity) = record.identity() {
        tell("Reason", identity.reason.as_deref().and_then(text));
        tell("Guardian", identity.guardian.as_deref().and_then(text));
    }
    details
}
