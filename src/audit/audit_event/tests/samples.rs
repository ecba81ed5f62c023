//! Records of every kind of entry: St. Anna is our own institution, Lakeside another one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use super::bodies;
use crate::audit::Identity;
use crate::audit::Judged;
use crate::audit::Record;
use crate::audit::Site;
use crate::contract::Body;
use crate::contract::ConsentId;
use crate::contract::Decision;
use crate::contract::Event;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::Signature;
use crate::contract::SopClasses;
use crate::contract::StudyFacts;
use crate::contract::TransportFacts;
use crate::contract::User;
use crate::contract::UserProof;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::dicom::Uid;
use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::time::UtcMicros;

/// 2026-01-31, 12:00:00.123456.
pub(super) const START: UtcMicros = UtcMicros(1_769_860_800_123_456);

pub(super) const PATIENT: Pseudonym = Pseudonym::from_bytes([0xa1; 16]);

pub(super) fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}

pub(super) fn site() -> Site {
    let names = [("st-anna", "St. Anna"), ("lakeside", "Lakeside Clinic")];
    Site {
        own: slug("st-anna"),
        names: BTreeMap::from(names.map(|(of, name)| (slug(of), name.to_owned()))),
        addresses: BTreeMap::new(),
        host: "gateway.st-anna.example".to_owned(),
        aes: ["CREDENCE", "CREDENCE_ER"]
            .map(|ae| ae.parse().unwrap())
            .into(),
    }
}

/// Lakeside fetches one of our CT studies for treatment.
pub(super) fn pull() -> Request {
    Request {
        verb: Verb::Retrieve,
        purpose: Purpose::Treatment,
        requester: slug("lakeside"),
        requester_ae: "LAKE_WS".parse().unwrap(),
        user: None,
        again: None,
        through: None,
        custodian: slug("st-anna"),
        recipient: slug("lakeside"),
        recipient_ae: "LAKE_WS".parse().unwrap(),
        patient: Some(PATIENT),
        study: Some(StudyFacts {
            modalities: BTreeSet::from(["CT".to_owned()]),
            date: None,
            uid_digest: Sha256::of(&[b"study"]),
        }),
        question: false,
        transport: TransportFacts {
            tls: true,
            mutual: true,
            address_checked: true,
            certificate: None,
        },
        received_at: START,
    }
}

/// Our own modality stores into our own archive.
pub(super) fn acquisition() -> Request {
    Request {
        verb: Verb::Store,
        requester: slug("st-anna"),
        requester_ae: "CT1".parse().unwrap(),
        recipient: slug("st-anna"),
        recipient_ae: "PACS".parse().unwrap(),
        ..pull()
    }
}

/// Lakeside stores into our archive.
pub(super) fn import() -> Request {
    Request {
        requester: slug("lakeside"),
        requester_ae: "LAKE_PACS".parse().unwrap(),
        custodian: slug("lakeside"),
        ..acquisition()
    }
}

/// One of our users has a study of Lakeside sent to our archive.
pub(super) fn fetch() -> Request {
    Request {
        requester: slug("st-anna"),
        requester_ae: "ANNA_WS".parse().unwrap(),
        user: Some(User {
            name: "weber".to_owned(),
            proof: UserProof::Token,
        }),
        custodian: slug("lakeside"),
        recipient: slug("st-anna"),
        recipient_ae: "PACS".parse().unwrap(),
        ..pull()
    }
}

/// Lakeside asks what there is.
pub(super) fn question() -> Request {
    Request {
        verb: Verb::Query,
        study: None,
        ..pull()
    }
}

pub(super) fn emergency(request: Request) -> Request {
    Request {
        purpose: Purpose::Emergency,
        ..request
    }
}

pub(super) fn permit(consents: &[u64]) -> Decision {
    Decision {
        verdict: Verdict::Permit,
        reasons: vec!["permit-with-consent".to_owned()],
        errors: Vec::new(),
        obligations: BTreeSet::new(),
        consents: consents.iter().map(|number| ConsentId(*number)).collect(),
        requester_score: 500,
        recipient_score: 500,
        valid_until: START.next_midnight(),
        policy: Sha256::of(&[b"policy"]),
        schema: Sha256::of(&[b"schema"]),
        engine: "cedar".to_owned(),
        contract_version: 2,
        state_root: Sha256::ZERO,
        observed: false,
        short_reason: String::new(),
    }
}

pub(super) fn denial(rule: Option<&str>, reason: &str) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        reasons: rule.map(str::to_owned).into_iter().collect(),
        short_reason: reason.to_owned(),
        ..permit(&[])
    }
}

/// 20 CT images, three of a private class; one of the 24 was counted in none.
pub(super) fn classes() -> SopClasses {
    let [ct, private] = ["1.2.840.10008.5.1.4.1.1.2", "1.3.46.670589.11.0.0.12.1"]
        .map(|class| class.parse::<Uid>().unwrap());
    let images = iter::repeat_n(&ct, 20);
    images.chain(iter::repeat_n(&private, 3)).collect()
}

pub(super) fn closed(sender: &str, recipient: &str, outcome: Outcome) -> Body {
    let went = outcome == Outcome::Completed;
    Body::TransferClosed {
        decision: 40,
        sender: slug(sender),
        recipient: slug(recipient),
        instances: if went { 24 } else { 0 },
        classes: if went {
            classes()
        } else {
            SopClasses::default()
        },
        failed: if went { 0 } else { 24 },
        statuses: Default::default(),
        warned: 0,
        spooled: 0,
        bytes: if went { 12_582_912 } else { 0 },
        manifest_root: None,
        outcome,
        fault: None,
        is_final: true,
    }
}

pub(super) fn query(matches: u64) -> Body {
    Body::Query {
        decision: 40,
        matches,
        withheld: 1,
        status: 0,
    }
}

/// The record of `body` in the entry `seq`.
pub(super) fn record(seq: u64, body: Body, judged: Option<(Request, Decision)>) -> Record {
    let after = i64::try_from(seq).unwrap() * 1_000_000;
    let judged = judged.map(|(request, decision)| Judged {
        entry: if matches!(body, Body::Decision { .. }) {
            seq
        } else {
            40
        },
        request,
        decision,
        identity: None,
    });
    Record {
        entry: Entry {
            seq,
            prev: Sha256::ZERO,
            ledger_time: START.plus(after),
            wall: START.plus(after),
            mono_us: seq,
            boot: "00112233445566ff".to_owned(),
            sealed_sha256: None,
            event: Event {
                author: slug("st-anna"),
                author_seq: seq,
                body,
                signature: Signature::from_bytes([0; 64]),
            },
        },
        judged: judged.map(Arc::new),
        identity: None,
    }
}

pub(super) fn decided(seq: u64, request: Request, decision: Decision) -> Record {
    let body = Body::Decision {
        request: Box::new(request.clone()),
        decision: Box::new(decision.clone()),
    };
    record(seq, body, Some((request, decision)))
}

pub(super) fn identified(seq: u64, identity: Identity, of: Record) -> Record {
    Record {
        entry: Entry { seq, ..of.entry },
        identity: Some(identity),
        ..of
    }
}

pub(super) fn identity() -> Identity {
    Identity {
        patient_id: Some("DEMO-0001".to_owned()),
        issuer_of_patient_id: Some("CREDENCE-DEMO".to_owned()),
        study_instance_uid: Some("2.25.1234".to_owned()),
        reason: Some("unconscious after a fall".to_owned()),
        guardian: None,
    }
}

/// One record of every kind, more of those that are told in several ways, and some with an identity.
pub(super) fn all() -> Vec<Record> {
    let mut all: Vec<Record> = bodies::alone()
        .into_iter()
        .enumerate()
        .map(|(seq, body)| record(seq as u64, body, None))
        .collect();
    all.extend(decisions());
    all.extend(followers());
    let named = [
        identified(90, identity(), decided(0, pull(), permit(&[6]))),
        identified(
            91,
            identity(),
            decided(0, pull(), denial(None, "no consent")),
        ),
        identified(
            92,
            Identity {
                issuer_of_patient_id: Some("2.999.1.1".to_owned()),
                ..identity()
            },
            record(
                0,
                closed("st-anna", "lakeside", Outcome::Completed),
                Some((pull(), permit(&[6]))),
            ),
        ),
        identified(
            93,
            Identity {
                guardian: Some("Phantom^Eve".to_owned()),
                ..identity()
            },
            record(
                0,
                Body::GuardianNamed {
                    patient: PATIENT,
                    until: None,
                    by: "desk".to_owned(),
                },
                None,
            ),
        ),
    ];
    all.extend(named);
    all
}

fn decisions() -> Vec<Record> {
    let observed = |decision| Decision {
        observed: true,
        ..decision
    };
    let objection = || denial(Some("denied-by-patient"), "denied by the patient");
    vec![
        decided(40, pull(), permit(&[6, 8])),
        decided(41, pull(), denial(None, "no consent")),
        decided(42, fetch(), denial(None, "no consent")),
        decided(43, pull(), objection()),
        decided(44, pull(), observed(denial(None, "no consent"))),
        decided(45, emergency(pull()), permit(&[])),
        decided(46, emergency(pull()), permit(&[6])),
        decided(47, acquisition(), permit(&[])),
        decided(48, question(), permit(&[])),
        decided(49, question(), permit(&[6])),
    ]
}

fn followers() -> Vec<Record> {
    let pulled = || Some((pull(), permit(&[6])));
    let done = Outcome::Completed;
    let mut seq = 50;
    let mut all = Vec::new();
    let mut tell = |body, judged| {
        all.push(record(seq, body, judged));
        seq += 1;
    };
    tell(closed("st-anna", "lakeside", done), pulled());
    tell(
        closed("st-anna", "lakeside", done),
        Some((emergency(pull()), permit(&[]))),
    );
    tell(
        closed("lakeside", "st-anna", done),
        Some((import(), permit(&[]))),
    );
    tell(
        closed("lakeside", "st-anna", done),
        Some((fetch(), permit(&[6]))),
    );
    tell(
        closed("st-anna", "st-anna", done),
        Some((acquisition(), permit(&[]))),
    );
    tell(closed("st-anna", "lakeside", Outcome::Failed), pulled());
    tell(query(3), Some((question(), permit(&[6]))));
    tell(query(0), Some((question(), permit(&[6]))));
    tell(
        query(2),
        Some((
            Request {
                verb: Verb::Query,
                ..fetch()
            },
            permit(&[6]),
        )),
    );
    for body in bodies::following() {
        tell(body, pulled());
    }
    all
}
