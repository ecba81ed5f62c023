//! What entries are found by.

use crate::contract::Body;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::contract::Request;
use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::time::Day;

/// What an entry has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facet {
    /// A study, by the digest that stands for its UID.
    Study(Sha256),
    /// A patient.
    Patient(Pseudonym),
    /// An institution that takes part.
    Institution(InstitutionSlug),
    /// The day of its ledger time.
    Day(Day),
    /// The kind of its event, as in the line: `decision`, `transfer-closed` …
    Kind(String),
    /// An earlier entry, such as the decision that a transfer belongs to.
    About(u64),
}

impl Facet {
    /// Its bytes in the index. None is the beginning of another.
    pub(super) fn key(&self) -> Vec<u8> {
        let (tag, value) = match self {
            Self::Study(digest) => (b's', digest.as_bytes().to_vec()),
            Self::Patient(pseudonym) => (b'p', pseudonym.as_bytes().to_vec()),
            Self::Institution(slug) => (b'i', [slug.as_str().as_bytes(), &[0]].concat()),
            Self::Day(day) => (b'd', day.0.to_be_bytes().to_vec()),
            Self::Kind(kind) => (b'k', [kind.as_bytes(), &[0]].concat()),
            Self::About(about) => (b'a', about.to_be_bytes().to_vec()),
        };
        [&[tag], &value[..]].concat()
    }
}

/// Everything that an entry is found by.
pub(super) fn facets_of(entry: &Entry) -> Vec<Facet> {
    let body = &entry.event.body;
    let mut facets = vec![
        Facet::Day(entry.ledger_time.day()),
        Facet::Kind(body.kind().to_owned()),
    ];
    match body {
        Body::Genesis { institution, .. } => facets.push(Facet::Institution(institution.clone())),
        Body::ConsentGranted { consent, .. } => {
            facets.push(Facet::Patient(consent.patient));
            if let Grantees::Named(named) = &consent.grantees {
                facets.extend(named.iter().cloned().map(Facet::Institution));
            }
        }
        Body::ConsentRevoked {
            consent, patient, ..
        } => {
            facets.push(Facet::Patient(*patient));
            facets.push(Facet::About(consent.0));
        }
        Body::Decision { request, .. } => facets.extend(facets_of_request(request)),
        Body::TransferClosed { .. } | Body::Receipt { .. } => {
            facets.extend(facets_of_transfers(body));
        }
        Body::Query { .. }
        | Body::ProcedureStep { .. }
        | Body::Commitment { .. }
        | Body::QueueChanged { .. }
        | Body::DetailsShown { .. } => facets.extend(facets_of_services(body)),
        Body::ParcelSealed { .. } | Body::ParcelOpened { .. } => {
            facets.extend(facets_of_parcels(body));
        }
        Body::DisclosuresSuspended { .. } | Body::DisclosuresResumed { .. } => {
            facets.extend(facets_of_suspensions(body));
        }
        Body::Alert { about, .. } => facets.extend(about.map(Facet::About)),
        Body::PatientErased { .. }
        | Body::HoldPlaced { .. }
        | Body::HoldLifted { .. }
        | Body::Equivocated { .. }
        | Body::Misstated { .. }
        | Body::PatientLinked { .. }
        | Body::PatientUnlinked { .. }
        | Body::GuardianNamed { .. }
        | Body::GuardianEnded { .. }
        | Body::StandingNoted { .. }
        | Body::ReviewReasoned { .. }
        | Body::ReviewOverdue { .. }
        | Body::ReviewClosed { .. }
        | Body::RevocationHonoured { .. }
        | Body::IncidentReported { .. }
        | Body::IncidentDecided { .. }
        | Body::ChargeReversed { .. }
        | Body::CeilingLifted { .. } => facets.extend(facets_of_accounts(body)),
        Body::Restored { .. }
        | Body::DetailsDropped { .. }
        | Body::PolicyProposed { .. }
        | Body::PolicyApproved { .. }
        | Body::PolicyWithdrawn { .. }
        | Body::PolicyActivated { .. }
        | Body::Bypassed { .. }
        | Body::AuditExported { .. }
        | Body::AuditSearched { .. }
        | Body::UserAuthenticated { .. }
        | Body::AccountChanged { .. }
        | Body::SignedIn { .. }
        | Body::SignedOut { .. }
        | Body::Started { .. }
        | Body::Stopped { .. } => {}
    }
    facets
}

/// What followed a decision: which one, and with whom.
fn facets_of_transfers(body: &Body) -> Vec<Facet> {
    let with = |decision: u64, institutions: &[&InstitutionSlug]| {
        let institutions = institutions.iter().copied().cloned();
        std::iter::once(Facet::About(decision))
            .chain(institutions.map(Facet::Institution))
            .collect()
    };
    match body {
        Body::TransferClosed {
            decision,
            sender,
            recipient,
            ..
        } => with(*decision, &[sender, recipient]),
        Body::Receipt {
            decision,
            institution,
            patient,
            ..
        } => {
            let mut facets = with(*decision, &[institution]);
            facets.push(Facet::Patient(*patient));
            facets
        }
        _ => Vec::new(),
    }
}

fn of_patients<'a>(patients: impl IntoIterator<Item = &'a Pseudonym>) -> Vec<Facet> {
    patients.into_iter().copied().map(Facet::Patient).collect()
}

/// Of what was sealed for another gateway, and of what became of it.
fn facets_of_parcels(body: &Body) -> Vec<Facet> {
    match body {
        Body::ParcelSealed {
            decision,
            recipient,
            ..
        } => vec![
            Facet::About(*decision),
            Facet::Institution(recipient.clone()),
        ],
        Body::ParcelOpened {
            sealed,
            decision,
            recipient,
            ..
        } => vec![
            Facet::About(*sealed),
            Facet::About(*decision),
            Facet::Institution(recipient.clone()),
        ],
        _ => Vec::new(),
    }
}

/// What services came to, and what somebody was shown.
fn facets_of_services(body: &Body) -> Vec<Facet> {
    match body {
        Body::Query { decision, .. } | Body::ProcedureStep { decision, .. } => {
            vec![Facet::About(*decision)]
        }
        Body::Commitment { decision, .. } => decision.iter().copied().map(Facet::About).collect(),
        Body::QueueChanged { patient, study, .. } => {
            let patient = patient.iter().copied().map(Facet::Patient);
            patient.chain(study.map(Facet::Study)).collect()
        }
        Body::DetailsShown {
            patients, about, ..
        } => {
            let about = about.iter().copied().map(Facet::About);
            about.chain(of_patients(patients)).collect()
        }
        _ => Vec::new(),
    }
}

/// Of what a patient is not told for a while.
fn facets_of_suspensions(body: &Body) -> Vec<Facet> {
    match body {
        Body::DisclosuresSuspended {
            patient, recipient, ..
        } => vec![
            Facet::Patient(*patient),
            Facet::Institution(recipient.clone()),
        ],
        Body::DisclosuresResumed { suspension, .. } => vec![Facet::About(*suspension)],
        _ => Vec::new(),
    }
}

/// What people say of patients and institutions: whom and which entries it is about.
fn facets_of_accounts(body: &Body) -> Vec<Facet> {
    match body {
        Body::PatientLinked {
            patient,
            into: other,
            ..
        }
        | Body::PatientUnlinked {
            patient,
            from: other,
            ..
        } => [*patient, *other].map(Facet::Patient).to_vec(),
        Body::GuardianNamed { patient, .. } | Body::GuardianEnded { patient, .. } => {
            vec![Facet::Patient(*patient)]
        }
        Body::PatientErased { patients, .. } => of_patients(patients),
        Body::HoldPlaced { patients, .. } => of_patients(patients.iter().flatten()),
        Body::HoldLifted { hold, .. } => vec![Facet::About(*hold)],
        Body::Equivocated { institution, .. } | Body::Misstated { institution, .. } => {
            vec![Facet::Institution(institution.clone())]
        }
        Body::StandingNoted { patient, proof, .. } => {
            let proof = proof.iter().copied().map(Facet::About);
            proof.chain([Facet::Patient(*patient)]).collect()
        }
        Body::RevocationHonoured {
            revocation: about,
            institution,
            ..
        }
        | Body::ReviewOverdue {
            review: about,
            institution,
        }
        | Body::ReviewClosed {
            review: about,
            institution,
            ..
        }
        | Body::IncidentDecided {
            report: about,
            institution,
            ..
        }
        | Body::ChargeReversed {
            charge: about,
            institution,
            ..
        }
        | Body::CeilingLifted {
            charge: about,
            institution,
            ..
        } => {
            vec![
                Facet::About(*about),
                Facet::Institution(institution.clone()),
            ]
        }
        Body::IncidentReported {
            institution, proof, ..
        } => {
            let proof = proof.iter().copied().map(Facet::About);
            proof
                .chain([Facet::Institution(institution.clone())])
                .collect()
        }
        Body::ReviewReasoned { review, .. } => vec![Facet::About(*review)],
        _ => Vec::new(),
    }
}

fn facets_of_request(request: &Request) -> impl Iterator<Item = Facet> {
    let parties = [&request.requester, &request.custodian, &request.recipient];
    let parties = parties.map(|party| Facet::Institution(party.clone()));
    let study = request.study.as_ref();
    parties
        .into_iter()
        .chain(request.patient.map(Facet::Patient))
        .chain(study.map(|study| Facet::Study(study.uid_digest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::Scribe;

    #[test]
    fn a_kind_is_named_as_in_the_line() {
        let scribe = Scribe::new();
        let version = || "1".to_owned();
        for body in [
            scribe.event("alert").body,
            Body::Stopped {
                state_root: Sha256::ZERO,
                version: version(),
                boot: version(),
            },
            Body::Query {
                decision: 1,
                matches: 0,
                withheld: 0,
                status: 0,
            },
        ] {
            let json = serde_json::to_value(&body).unwrap();
            assert_eq!(json["kind"], body.kind());
        }
    }

    #[test]
    fn what_somebody_was_shown_is_found_by_each_patient_and_by_the_entry() {
        let [one, other] = [1, 2].map(|byte| Pseudonym::from_bytes([byte; 16]));
        let body = Body::DetailsShown {
            patients: [one, other].into(),
            what: crate::contract::DetailsOf::Decision,
            about: Some(3),
            by: "desk".to_owned(),
        };
        let expected = [Facet::About(3), Facet::Patient(one), Facet::Patient(other)];
        assert_eq!(facets_of_services(&body), expected);
    }

    #[test]
    fn no_key_is_the_beginning_of_another() {
        let institution = |slug: &str| Facet::Institution(slug.parse().unwrap()).key();
        let (one, other) = (institution("st"), institution("st-anna"));
        assert!(!other.starts_with(&one) && !one.starts_with(&other));
        let kind = |kind: &str| Facet::Kind(kind.to_owned()).key();
        assert!(!kind("decision-more").starts_with(&kind("decision")));
    }
}
