//! One record of every kind, as St. Anna's ledger could hold them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::audit::format::Site;
use crate::audit::record::Identity;
use crate::audit::record::Judged;
use crate::audit::record::Record;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::Event;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::Signature;
use crate::contract::StudyFacts;
use crate::contract::TransportFacts;
use crate::contract::User;
use crate::contract::UserProof;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::time::UtcMicros;

/// 2026-02-02T02:40:00Z.
pub(in crate::audit) const START: UtcMicros = UtcMicros(1_770_000_000_000_000);
pub(in crate::audit) const PATIENT: Pseudonym = Pseudonym::from_bytes([0xa1; 16]);
const OTHER: Pseudonym = Pseudonym::from_bytes([0xb2; 16]);

pub(in crate::audit) fn site() -> Site {
    let names = [("st-anna", "St. Anna"), ("lakeside", "Lakeside Clinic")];
    let names = names.map(|(slug, name)| (slug.parse().unwrap(), name.to_owned()));
    Site {
        own: "st-anna".parse().unwrap(),
        names: BTreeMap::from(names),
        addresses: BTreeMap::new(),
        host: "gateway.st-anna.example".to_owned(),
        aes: ["CREDENCE", "CREDENCE_ER"]
            .map(|ae| ae.parse().unwrap())
            .into(),
    }
}

pub(in crate::audit) fn digest() -> Sha256 {
    Sha256::of(&[b"study"])
}

/// Lakeside fetches a CT study of St. Anna.
pub(in crate::audit) fn pull() -> Request {
    Request {
        verb: Verb::Retrieve,
        purpose: Purpose::Treatment,
        requester: "lakeside".parse().unwrap(),
        requester_ae: "LAKE_WS".parse().unwrap(),
        user: None,
        again: None,
        custodian: "st-anna".parse().unwrap(),
        recipient: "lakeside".parse().unwrap(),
        recipient_ae: "LAKE_WS".parse().unwrap(),
        patient: Some(PATIENT),
        study: Some(StudyFacts {
            modalities: BTreeSet::from(["CT".to_owned()]),
            date: None,
            uid_digest: digest(),
        }),
        question: false,
        transport: TransportFacts {
            tls: false,
            mutual: false,
            address_checked: true,
            certificate: None,
        },
        through: None,
        received_at: START,
    }
}

/// St. Anna's CT stores into its archive.
pub(in crate::audit) fn store() -> Request {
    Request {
        verb: Verb::Store,
        requester: "st-anna".parse().unwrap(),
        requester_ae: "CT1".parse().unwrap(),
        recipient: "st-anna".parse().unwrap(),
        recipient_ae: "PACS".parse().unwrap(),
        ..pull()
    }
}

/// Lakeside asks what there is.
pub(in crate::audit) fn question() -> Request {
    Request {
        verb: Verb::Query,
        patient: None,
        study: None,
        question: true,
        ..pull()
    }
}

/// Dr. Weber of Lakeside breaks the glass.
pub(in crate::audit) fn emergency() -> Request {
    let user = User {
        name: "weber".to_owned(),
        proof: UserProof::Passcode,
    };
    Request {
        purpose: Purpose::Emergency,
        user: Some(user),
        ..pull()
    }
}

pub(in crate::audit) fn decision(verdict: Verdict) -> Decision {
    let reason = match verdict {
        Verdict::Permit => "",
        Verdict::Deny => "no consent",
    };
    Decision {
        verdict,
        reasons: Vec::new(),
        errors: Vec::new(),
        obligations: BTreeSet::new(),
        consents: Vec::new(),
        requester_score: 500,
        recipient_score: 500,
        valid_until: START,
        policy: Sha256::ZERO,
        schema: Sha256::ZERO,
        engine: "engine".to_owned(),
        contract_version: 2,
        state_root: Sha256::ZERO,
        observed: false,
        short_reason: reason.to_owned(),
    }
}

/// The record of an entry that is, or follows from, no decision.
pub(in crate::audit) fn record(body: Body) -> Record {
    let event = Event {
        author: "st-anna".parse().unwrap(),
        author_seq: 7,
        body,
        signature: Signature::from_bytes([0; 64]),
    };
    let entry = Entry {
        seq: 7,
        prev: Sha256::ZERO,
        ledger_time: START,
        wall: START,
        mono_us: 17,
        boot: "00112233445566ff".to_owned(),
        sealed_sha256: None,
        event,
    };
    Record {
        entry,
        judged: None,
        identity: None,
    }
}

/// The record of a decision.
pub(in crate::audit) fn decided(request: Request, decision: Decision) -> Record {
    let body = Body::Decision {
        request: Box::new(request.clone()),
        decision: Box::new(decision.clone()),
    };
    follows(body, 7, request, decision)
}

/// The record of what follows from a permit.
pub(in crate::audit) fn after(request: Request, body: Value) -> Record {
    follows(read(body), 3, request, decision(Verdict::Permit))
}

fn follows(body: Body, entry: u64, request: Request, decision: Decision) -> Record {
    let judged = Judged {
        entry,
        request,
        decision,
        identity: None,
    };
    Record {
        judged: Some(Arc::new(judged)),
        ..record(body)
    }
}

/// The body with this JSON.
pub(in crate::audit) fn read(body: Value) -> Body {
    serde_json::from_value(body).unwrap()
}

pub(in crate::audit) fn closed(outcome: &str, is_final: bool) -> Value {
    json!({"kind": "transfer-closed", "decision": 3, "sender": "st-anna", "recipient": "lakeside",
        "instances": 10, "failed": 2, "warned": 0, "spooled": 0, "bytes": 5_000_000, "manifest_root": null,
        "outcome": outcome, "fault": null, "final": is_final,
        "classes": {"1.2.840.10008.5.1.4.1.1.2": 7, "1.2.840.10008.5.1.4.1.1.4": 2}})
}

pub(in crate::audit) fn opened(verdict: &str) -> Value {
    json!({"kind": "parcel-opened", "parcel": "00".repeat(16), "sealed": 4, "decision": 3,
        "recipient": "lakeside", "verdict": verdict, "request_sha256": digest()})
}

pub(in crate::audit) fn queue(act: &str) -> Value {
    json!({"kind": "queue-changed", "queue": "PACS", "act": act, "objects": 4, "patient": PATIENT,
        "study": digest(), "reason": "sent twice", "by": "admin"})
}

pub(in crate::audit) fn alert(code: &str, text: &str) -> Body {
    Body::Alert {
        code: code.to_owned(),
        text: text.to_owned(),
        about: None,
    }
}

pub(in crate::audit) fn sealed() -> Value {
    json!({"kind": "parcel-sealed", "parcel": "00".repeat(16), "decision": 3, "recipient": "lakeside",
        "instances": 24, "bytes": 9_000, "manifest_sha256": digest(), "release": "online"})
}

pub(in crate::audit) fn bypassed() -> Value {
    json!({"kind": "bypassed", "first": "ada", "second": "ben", "reason": "repair", "associations": 3,
        "bytes": 70, "sha256": digest(), "from": START.0 - 2_000_000, "until": START.0 - 1_000_000})
}

/// Bodies that stand alone.
fn alone() -> Vec<Value> {
    let consent = json!({"effect": "grant", "given_by": "patient", "grantees": "any", "modalities": null,
        "patient": PATIENT, "purposes": ["TREATMENT"], "study_from": null, "study_uid_digest": null,
        "study_until": null, "valid_from": START, "valid_until": null});
    let (sha256, by, patient) = (digest(), "officer", PATIENT);
    let (key, log_origin) = ("st-anna.example+00000000+AA==", "st-anna.example/ledger");
    let institution = "lakeside";
    vec![
        json!({"kind": "genesis", "institution": "st-anna", "log_origin": log_origin, "key": key,
            "statement_key": key, "created": START}),
        json!({"kind": "restored", "log_origin": log_origin, "key": key, "checkpoint": null, "by": by}),
        json!({"kind": "policy-proposed", "sha256": sha256, "schema_sha256": sha256, "text": "", "by": by}),
        json!({"kind": "policy-approved", "sha256": sha256, "by": by}),
        json!({"kind": "policy-withdrawn", "sha256": sha256, "by": by}),
        json!({"kind": "policy-activated", "sha256": sha256, "by": by}),
        json!({"kind": "consent-granted", "consent": consent, "by": by}),
        json!({"kind": "consent-revoked", "consent": 2, "patient": patient, "by": by}),
        json!({"kind": "revocation-honoured", "revocation": 5, "institution": institution, "by": by}),
        json!({"kind": "patient-linked", "patient": patient, "into": OTHER, "by": by}),
        json!({"kind": "patient-unlinked", "patient": patient, "from": OTHER, "by": by}),
        json!({"kind": "guardian-named", "patient": patient, "until": null, "by": by}),
        json!({"kind": "guardian-ended", "patient": patient, "by": by}),
        json!({"kind": "patient-erased", "patients": [patient, OTHER], "reason": "unlawful", "by": by}),
        json!({"kind": "hold-placed", "patients": null, "reference": "A-12", "from_year": null,
            "until_year": null, "by": by}),
        json!({"kind": "hold-lifted", "hold": 5, "by": by}),
        json!({"kind": "details-dropped", "epoch": "2020/default", "by": by}),
        json!({"kind": "disclosures-suspended", "patient": patient, "recipient": institution,
            "until": 1_800_000_000_000_000_i64, "statement": "oral", "reference": "C-5", "by": by}),
        json!({"kind": "disclosures-resumed", "suspension": 5, "by": by}),
        json!({"kind": "equivocated", "institution": institution, "key": key, "first": "a", "second": "b"}),
        json!({"kind": "misstated", "institution": institution, "key": key, "statement": "a"}),
        json!({"kind": "standing-noted", "patient": patient, "evidence": "grant-kept", "proof": [1], "by": by}),
        json!({"kind": "incident-reported", "incident": "purpose-misuse", "institution": institution,
            "proof": [1], "reference": "B-3", "by": by}),
        json!({"kind": "incident-decided", "report": 4, "institution": institution, "upheld": true, "by": by}),
        json!({"kind": "incident-decided", "report": 4, "institution": institution, "upheld": false, "by": by}),
        json!({"kind": "charge-reversed", "charge": 4, "institution": institution, "by": by}),
        json!({"kind": "ceiling-lifted", "charge": 4, "institution": institution, "by": by}),
        json!({"kind": "commitment", "transaction": sha256, "act": "asked", "asker": null,
            "destination": "PACS", "decision": null, "instances": 4, "failed": 0, "status": 0}),
        queue("paused"),
        queue("dropped"),
        bypassed(),
        json!({"kind": "user-authenticated", "user": {"name": "weber", "proof": "passcode"}, "institution": institution,
            "ae": "LAKE_WS"}),
        json!({"kind": "signed-in", "account": "weber", "means": "passcode", "address": "192.0.2.7"}),
        json!({"kind": "signed-in", "account": "ada", "means": "setup-link", "address": null}),
        json!({"kind": "signed-out", "account": "weber", "end": "idle"}),
        json!({"kind": "account-changed", "account": "weber", "act": "added", "roles": ["patient-desk", "auditor"],
            "token": null, "by": "ada"}),
        json!({"kind": "account-changed", "account": "weber", "act": "token-made", "roles": ["auditor"],
            "token": "nightly report", "by": "ada"}),
        json!({"kind": "details-shown", "patients": [patient, OTHER], "what": "consents", "about": null, "by": "desk"}),
        json!({"kind": "details-shown", "patients": [], "what": "decision", "about": 3, "by": "desk"}),
        json!({"kind": "audit-searched", "from": 0, "until": null, "parameters": ["outcome"], "identified": true,
            "by": "dns:reader.example"}),
        json!({"kind": "audit-exported", "manifest_sha256": sha256, "from": 0, "until": 9, "records": 4,
            "filter": "{}", "identified": false, "by": by}),
        json!({"kind": "started", "version": "0.1.0", "boot": "00112233445566ff"}),
        json!({"kind": "stopped", "version": "0.1.0", "boot": "00112233445566ff", "state_root": sha256}),
    ]
}

/// One record of every kind and of every case that a kind has, numbered from 0.
pub(in crate::audit) fn every() -> Vec<Record> {
    let match_of = |request: Request| Request {
        verb: Verb::Query,
        ..request
    };
    let third_party = Request {
        recipient_ae: "LAKE_PACS".parse().unwrap(),
        ..emergency()
    };
    let observed = Decision {
        observed: true,
        ..decision(Verdict::Deny)
    };
    let permit = || decision(Verdict::Permit);
    let query = json!({"kind": "query", "decision": 3, "matches": 5, "withheld": 2, "status": 0});
    let step = |act| json!({"kind": "procedure-step", "decision": 3, "act": act, "step": digest(), "status": 0});
    let receipt = json!({"kind": "receipt", "decision": 3, "institution": "lakeside", "patient": PATIENT,
        "standing": "agreed"});
    let review = |justified| {
        json!({"kind": "review-closed", "review": 3, "institution": "lakeside", "justified": justified,
            "by": "officer"})
    };
    let overdue = json!({"kind": "review-overdue", "review": 3, "institution": "lakeside"});
    let mut records: Vec<Record> = alone().into_iter().map(|body| record(read(body))).collect();
    let alerts = [
        "log-forked",
        "no-room",
        "room-again",
        "tls-refused",
        "user-refused",
        "dead-letter",
        "bypassed",
    ];
    records.extend(alerts.map(|code| record(alert(code, "something happened"))));
    records.extend([
        decided(store(), permit()),
        decided(pull(), permit()),
        decided(pull(), decision(Verdict::Deny)),
        decided(pull(), observed),
        decided(third_party.clone(), permit()),
        decided(question(), permit()),
        decided(match_of(store()), permit()),
        decided(match_of(pull()), permit()),
        after(question(), query),
        after(store(), closed("completed", true)),
        after(pull(), closed("failed", false)),
        after(third_party, closed("stopped", true)),
        after(store(), step("created")),
        after(store(), step("set")),
        after(pull(), receipt),
        after(pull(), sealed()),
        after(pull(), opened("permit")),
        after(pull(), opened("deny")),
        after(
            emergency(),
            json!({"kind": "review-reasoned", "review": 3, "by": "weber"}),
        ),
        after(emergency(), overdue),
        after(emergency(), review(true)),
        after(emergency(), review(false)),
        // Of an entry whose decision is not there.
        record(read(closed("interrupted", false))),
        Record {
            identity: Some(told()),
            ..decided(pull(), permit())
        },
    ]);
    for (seq, record) in (0..).zip(&mut records) {
        record.entry.seq = seq;
        record.entry.ledger_time = START.plus(i64::try_from(seq).unwrap() * 1_500_001);
    }
    records
}

/// What identifies, for those who may know.
pub(in crate::audit) fn told() -> Identity {
    Identity {
        patient_id: Some("DEMO-0001".to_owned()),
        issuer_of_patient_id: Some("CREDENCE-DEMO".to_owned()),
        study_instance_uid: Some("2.25.4711".to_owned()),
        ..Identity::default()
    }
}
