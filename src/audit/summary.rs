//! A ledger entry in one line, for people.

use crate::contract::Body;
use crate::contract::Effect;
use crate::contract::SopClasses;
use crate::contract::Verdict;
use crate::dicom::sop_class_name;
use crate::ledger::Entry;

/// Number, time, kind, and what it says.
pub fn of(entry: &Entry) -> String {
    let body = &entry.event.body;
    let who = body
        .person()
        .map(|by| format!(", by {by}"))
        .unwrap_or_default();
    format!(
        "{:>8}  {}  {:<19} {}{who}",
        entry.seq,
        entry.ledger_time,
        body.kind(),
        what(body)
    )
}

pub(super) fn what(body: &Body) -> String {
    match body {
        Body::Genesis { institution, .. } => format!("of {institution}"),
        Body::PolicyProposed { sha256, .. }
        | Body::PolicyApproved { sha256, .. }
        | Body::PolicyWithdrawn { sha256, .. }
        | Body::PolicyActivated { sha256, .. } => sha256.to_string(),
        Body::ConsentGranted { consent, .. } => match consent.effect {
            Effect::Grant => format!("grant of {}", consent.patient),
            Effect::Deny => format!("denial of {}", consent.patient),
        },
        Body::ConsentRevoked { consent, .. } => format!("consent {consent}"),
        Body::RevocationHonoured {
            revocation,
            institution,
            ..
        } => format!("{institution} answered revocation {revocation}"),
        Body::PatientLinked { patient, into, .. } => format!("{patient} into {into}"),
        Body::PatientUnlinked { patient, from, .. } => format!("{patient} from {from}"),
        Body::GuardianNamed { patient, .. } => format!("of {patient}"),
        Body::GuardianEnded { patient, .. } => format!("of {patient}"),
        Body::PatientErased { .. }
        | Body::HoldPlaced { .. }
        | Body::HoldLifted { .. }
        | Body::DetailsDropped { .. }
        | Body::DisclosuresSuspended { .. }
        | Body::DisclosuresResumed { .. }
        | Body::Restored { .. }
        | Body::AuditExported { .. }
        | Body::AuditSearched { .. } => of_keeping(body),
        Body::StandingNoted {
            patient, evidence, ..
        } => format!("{evidence} of {patient}"),
        Body::ReviewReasoned { review, .. } => format!("of decision {review}"),
        Body::ReviewOverdue {
            review,
            institution,
        } => format!("of decision {review}, owed by {institution}"),
        Body::ReviewClosed {
            review, justified, ..
        } => {
            let found = match *justified {
                true => "justified",
                false => "unjustified",
            };
            format!("of decision {review}: {found}")
        }
        Body::IncidentReported { .. }
        | Body::IncidentDecided { .. }
        | Body::ChargeReversed { .. }
        | Body::CeilingLifted { .. } => of_incidents(body),
        Body::QueueChanged { .. } | Body::ProcedureStep { .. } | Body::Commitment { .. } => {
            of_services(body)
        }
        Body::ParcelSealed { .. } | Body::ParcelOpened { .. } => of_parcels(body),
        Body::Equivocated { .. } | Body::Misstated { .. } | Body::Receipt { .. } => {
            of_other_gateways(body)
        }
        Body::AccountChanged { .. }
        | Body::DetailsShown { .. }
        | Body::SignedIn { .. }
        | Body::SignedOut { .. } => of_the_console(body),
        Body::UserAuthenticated { .. }
        | Body::Bypassed { .. }
        | Body::Decision { .. }
        | Body::TransferClosed { .. }
        | Body::Query { .. }
        | Body::Alert { .. }
        | Body::Started { .. }
        | Body::Stopped { .. } => of_the_gateway(body),
    }
}

/// What was reported, and what it cost.
fn of_incidents(body: &Body) -> String {
    match body {
        Body::IncidentReported {
            incident,
            institution,
            ..
        } => format!("{incident} by {institution}"),
        Body::IncidentDecided { report, upheld, .. } => {
            let decided = if *upheld { "upheld" } else { "dismissed" };
            format!("report {report}: {decided}")
        }
        Body::ChargeReversed {
            charge,
            institution,
            ..
        }
        | Body::CeilingLifted {
            charge,
            institution,
            ..
        } => format!("of entry {charge} on {institution}"),
        _ => String::new(),
    }
}

/// What services that move no images came to.
fn of_services(body: &Body) -> String {
    match body {
        Body::QueueChanged {
            queue,
            act,
            objects,
            ..
        } => format!("{queue}: {objects} {}", act.as_str()),
        Body::ProcedureStep {
            decision,
            act,
            status,
            ..
        } => format!(
            "of decision {decision}: {}, status {status:04X}H",
            act.as_str()
        ),
        Body::Commitment {
            act,
            asker,
            destination,
            instances,
            failed,
            ..
        } => {
            let asker = asker.as_deref().unwrap_or("the gateway");
            let act = act.as_str();
            format!("{asker} of {destination}: {act}, {instances} instances, {failed} failed")
        }
        _ => String::new(),
    }
}

/// What was sealed for another gateway, and what became of it.
fn of_parcels(body: &Body) -> String {
    match body {
        Body::ParcelSealed {
            parcel,
            recipient,
            instances,
            classes,
            release,
            ..
        } => {
            let (classes, release) = (named(classes), release.as_str());
            format!("{parcel} for {recipient}: {instances} instances{classes}, {release} release")
        }
        Body::ParcelOpened {
            parcel,
            recipient,
            verdict,
            ..
        } => {
            let became = match verdict {
                Verdict::Permit => "permitted",
                Verdict::Deny => "refused",
            };
            format!("{parcel} by {recipient}: {became}")
        }
        _ => String::new(),
    }
}

fn joined<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    let texts: Vec<String> = values.into_iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// What is kept, and what is forgotten.
fn of_keeping(body: &Body) -> String {
    match body {
        Body::PatientErased {
            patients, reason, ..
        } => format!("{}: {reason}", joined(patients)),
        Body::HoldPlaced {
            patients,
            reference,
            ..
        } => {
            let whom = patients
                .as_ref()
                .map_or_else(|| "everybody".to_owned(), joined);
            format!("on {whom}, reference {reference}")
        }
        Body::HoldLifted { hold, .. } => format!("hold {hold}"),
        Body::DetailsDropped { epoch, .. } => format!("of {epoch}"),
        Body::DisclosuresSuspended {
            patient,
            recipient,
            until,
            statement,
            reference,
            by: _,
        } => format!(
            "to {recipient} of {patient} until {until}, {statement} statement, reference {reference}"
        ),
        Body::DisclosuresResumed { suspension, .. } => format!("suspension {suspension}"),
        Body::Restored { log_origin, .. } => format!("goes on as {log_origin}"),
        Body::AuditExported {
            from,
            until,
            records,
            identified,
            ..
        } => {
            let named = if *identified {
                ", with patients named"
            } else {
                ""
            };
            format!("{records} of entries {from} to {until}{named}")
        }
        Body::AuditSearched {
            parameters,
            identified,
            ..
        } => {
            let named = if *identified {
                ", with patients named"
            } else {
                ""
            };
            let by = match parameters.is_empty() {
                true => "date".to_owned(),
                false => parameters.join(", "),
            };
            format!("by {by}{named}")
        }
        _ => String::new(),
    }
}

/// SOP classes in brackets, by their names where the standard has one.
fn named(classes: &SopClasses) -> String {
    if classes.is_empty() {
        return String::new();
    }
    let each = classes.iter().map(|(class, instances)| {
        let name = sop_class_name(class).unwrap_or_else(|| class.as_str());
        format!("{instances} {name}")
    });
    format!(" ({})", each.collect::<Vec<_>>().join(", "))
}

/// What other gateways signed.
fn of_other_gateways(body: &Body) -> String {
    match body {
        Body::Equivocated { institution, .. } | Body::Misstated { institution, .. } => {
            format!("by {institution}")
        }
        Body::Receipt {
            decision,
            institution,
            standing,
            ..
        } => format!(
            "of decision {decision}, with {institution}: {}",
            standing.as_str()
        ),
        _ => String::new(),
    }
}

/// Who uses the console, and what they were shown.
fn of_the_console(body: &Body) -> String {
    match body {
        Body::AccountChanged {
            account,
            act,
            roles,
            token,
            ..
        } => {
            let token = token.as_ref().map(|token| format!(" {token}"));
            let roles = match roles.is_empty() {
                true => String::new(),
                false => format!(", {}", joined(roles)),
            };
            let token = token.unwrap_or_default();
            format!("{account}: {}{token}{roles}", act.as_str())
        }
        Body::DetailsShown {
            patients,
            what,
            about,
            ..
        } => {
            let about = about.map(|entry| format!(" of entry {entry}"));
            let whom = match patients.is_empty() {
                true => "nobody whom the gateway has met".to_owned(),
                false => joined(patients),
            };
            format!("{}{}: {whom}", what.as_str(), about.unwrap_or_default())
        }
        Body::SignedIn { means, address, .. } => {
            let from = address.as_ref().map(|address| format!(" from {address}"));
            format!("by {}{}", means.as_str(), from.unwrap_or_default())
        }
        Body::SignedOut { end, .. } => end.as_str().to_owned(),
        _ => String::new(),
    }
}

/// What the gateway says by itself.
fn of_the_gateway(body: &Body) -> String {
    match body {
        Body::Decision { request, decision } => {
            let verdict = decision.verdict.as_str();
            let action = request.action().as_str();
            let asked = format!(
                "{verdict} {action} {} -> {}",
                request.requester, request.recipient
            );
            match decision.short_reason() {
                "" => asked,
                reason => format!("{asked}: {reason}"),
            }
        }
        Body::TransferClosed {
            decision,
            instances,
            classes,
            failed,
            spooled,
            outcome,
            ..
        } => {
            let spooled = match spooled {
                0 => String::new(),
                spooled => format!(", {spooled} spooled"),
            };
            let classes = named(classes);
            format!(
                "of decision {decision}: {outcome:?}, {instances} delivered{classes}, {failed} failed{spooled}"
            )
        }
        Body::Query {
            decision,
            matches,
            withheld,
            ..
        } => format!("of decision {decision}: {matches} matches, {withheld} withheld"),
        Body::UserAuthenticated {
            user,
            institution,
            ae,
        } => format!(
            "{} at {ae} of {institution}, by {}",
            user.name,
            user.proof.as_str()
        ),
        Body::Bypassed {
            associations,
            first,
            second,
            ..
        } => format!("{associations} associations, by {first} and {second}"),
        Body::Alert { code, text, .. } => format!("{code}: {text}"),
        Body::Started { version, boot }
        | Body::Stopped {
            version,
            boot,
            state_root: _,
        } => format!("{version}, boot {boot}"),
        _ => String::new(),
    }
}
