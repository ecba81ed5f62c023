//! `fixtures/audit/AuditEvent.ndjson` is what the tests of other tongues read, too (tests/interop/test_audit_fhir.py).
//! To write it anew: `CREDENCE_AUDIT_WRITE=1 cargo test --lib audit`.

mod bodies;
mod samples;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::AuditEventBundle;
use super::AuditEvents;
use super::events;
use crate::audit::Format;
use crate::audit::Identity;
use crate::audit::Record;
use crate::contract::Body;
use crate::contract::User;
use crate::contract::UserProof;
use samples::decided;
use samples::denial;
use samples::emergency;
use samples::identified;
use samples::identity;
use samples::permit;
use samples::pull;
use samples::record;
use samples::site;

fn written(format: &mut dyn Format, records: &[Record]) -> String {
    let mut out = Vec::new();
    format.begin(&mut out).unwrap();
    for record in records {
        format.record(&mut out, record).unwrap();
    }
    format.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn lines(records: &[Record]) -> String {
    written(&mut AuditEvents::new(site()), records)
}

fn values(record: &Record) -> Vec<Value> {
    let values = events(&site(), record)
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect::<Vec<_>>();
    assert!(values.len() <= 2);
    values
}

/// Types and subtypes by their codes.
fn codes(record: &Record) -> Vec<String> {
    let code = |coding: &Value| coding["code"].as_str().unwrap().to_owned();
    let of = |event: &Value| {
        let subtypes = event["subtype"].as_array().unwrap();
        let subtypes: Vec<String> = subtypes.iter().map(code).collect();
        format!("{} {}", code(&event["type"]), subtypes.join("+"))
    };
    values(record).iter().map(of).collect()
}

#[test]
fn the_events_of_every_kind_are_these_to_the_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/audit/AuditEvent.ndjson");
    let now = lines(&samples::all());
    if std::env::var_os("CREDENCE_AUDIT_WRITE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (now, golden) in now.lines().zip(golden.lines()) {
        assert_eq!(now, golden);
    }
    assert_eq!(now, golden);
}

#[test]
fn the_samples_are_of_every_kind() {
    let source = include_str!("../../contract/body/kind.rs");
    let kind = |line: &str| {
        let (body, kind) = line.trim().split_once(" { .. } => \"")?;
        body.strip_prefix("Self::")?;
        Some(kind.strip_suffix("\",")?.to_owned())
    };
    let kinds: BTreeSet<String> = source.lines().filter_map(kind).collect();
    let told: BTreeSet<String> = samples::all()
        .iter()
        .map(|record| record.body().kind().to_owned())
        .collect();
    assert_eq!(told, kinds);
    assert!(kinds.len() >= 40);
}

#[test]
fn an_id_is_of_one_event_and_fhir_takes_it() {
    let mut seen = BTreeMap::new();
    for record in samples::all() {
        let entry = record.entry.seq;
        for event in values(&record) {
            let id = event["id"].as_str().unwrap().to_owned();
            assert!((1..=64).contains(&id.len()));
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
            assert!(id.chars().all(fits), "{id}");
            assert_eq!(id.split('-').nth(1), Some(entry.to_string().as_str()));
            assert_eq!(seen.insert(id, entry), None);
        }
    }
    let mut last = record(
        u64::MAX / 2_000_000_000_000,
        bodies::alone().remove(0),
        None,
    );
    last.entry.seq = u64::MAX;
    assert!(events(&site(), &last)[0].id().len() <= 64);
}

#[test]
fn what_a_decision_is_told_by_depends_on_what_decided() {
    let of = |decision| codes(&decided(40, pull(), decision));
    let begun = || "110102 decision".to_owned();
    let refused = || "110113 110132+decision".to_owned();
    let authz = || "110113 AuthZ-Consent".to_owned();
    assert_eq!(of(permit(&[6])), [authz(), begun()]);
    assert_eq!(of(permit(&[])), [begun()]);
    assert_eq!(of(denial(None, "no consent")), [authz()]);
    assert_eq!(of(denial(Some("a-rule"), "no consent")), [refused()]);
    assert_eq!(of(denial(None, "no rule permits it")), [refused()]);
    let mut observed = denial(None, "no consent");
    observed.observed = true;
    assert_eq!(of(observed), [refused(), begun()]);
    let glass = |consents: &[u64]| codes(&decided(40, emergency(pull()), permit(consents)));
    assert_eq!(glass(&[]), ["110113 110127+decision", "110102 decision"]);
    assert_eq!(glass(&[6]), glass(&[]));
}

#[test]
fn a_decision_about_nobody_is_none_about_consents() {
    let mut request = pull();
    request.patient = None;
    let record = decided(40, request, denial(None, "no consent"));
    assert_eq!(codes(&record), ["110113 110132+decision"]);
}

#[test]
fn a_disclosure_is_of_one_patient() {
    let told = |patient| {
        let mut request = samples::question();
        request.patient = patient;
        codes(&record(50, samples::query(3), Some((request, permit(&[])))))
    };
    assert_eq!(
        told(Some(samples::PATIENT)),
        ["110106 disclose+110112+query"]
    );
    assert_eq!(told(None), ["110112 query"]);
}

#[test]
fn without_an_identity_no_patient_data_is_told() {
    let canaries = [
        "CANARY-ID",
        "CANARY-ISSUER",
        "2.25.77",
        "CANARY-WHY",
        "CANARY-GUARD",
    ];
    let [patient_id, issuer, uid, reason, guardian] = canaries.map(|text| Some(text.to_owned()));
    let told = Identity {
        patient_id,
        issuer_of_patient_id: issuer,
        study_instance_uid: uid,
        reason,
        guardian,
    };
    let record = decided(40, pull(), permit(&[6]));
    let named = lines(&[identified(40, told, record.clone())]);
    assert!(canaries.iter().all(|canary| named.contains(canary)));
    assert!(!named.contains("urn:credence:pseudonym"));
    let unnamed = lines(&[record]);
    assert!(!canaries.iter().any(|canary| unnamed.contains(canary)));
    assert!(unnamed.contains("urn:credence:pseudonym"));
    assert!(!unnamed.contains("StudyInstanceUID"));
}

#[test]
fn of_several_patients_none_is_named() {
    let body = Body::PatientLinked {
        patient: samples::PATIENT,
        into: crate::contract::Pseudonym::from_bytes([0xb2; 16]),
        by: "desk".to_owned(),
    };
    let text = lines(&[identified(9, identity(), record(9, body, None))]);
    assert!(!text.contains("DEMO-0001"));
    assert_eq!(text.matches("urn:credence:pseudonym").count(), 2);
}

#[test]
fn hostile_texts_stay_strings_of_fhir() {
    let hostile =
        "\u{0}\u{1b}[31m\"}\n{\"resourceType\":\"Patient\"}\u{2028}\u{202e}<script>\u{7f}";
    let mut request = pull();
    request.user = Some(User {
        name: hostile.to_owned(),
        proof: UserProof::None,
    });
    let identity = Identity {
        patient_id: Some(hostile.to_owned()),
        issuer_of_patient_id: Some(hostile.to_owned()),
        study_instance_uid: Some(hostile.to_owned()),
        reason: Some(hostile.to_owned()),
        guardian: Some("  \t".to_owned()),
    };
    let decision = denial(Some(hostile), hostile);
    let alert = Body::Alert {
        code: hostile.to_owned(),
        text: hostile.to_owned(),
        about: None,
    };
    let mut hostile_site = site();
    hostile_site.host = hostile.to_owned();
    let records = [
        identified(3, identity, decided(3, request, decision)),
        record(4, alert, None),
    ];
    let text = written(&mut AuditEvents::new(hostile_site), &records);
    assert_eq!(text.lines().count(), 2);
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["resourceType"], "AuditEvent");
        each_string(&event, &mut |string| {
            assert!(!string.trim().is_empty());
            let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\r' | '\n');
            assert!(!string.contains(bad), "{string:?}");
        });
    }
    // A UID that is none is no UID.
    assert!(text.contains("urn:credence:study-digest"));
    assert!(!text.contains("Guardian"));
}

#[test]
fn a_name_that_cannot_be_read_is_no_person() {
    let mut request = pull();
    request.user = Some(User {
        name: "  ".to_owned(),
        proof: UserProof::None,
    });
    let record = decided(3, request, denial(None, "no consent"));
    let mut nameless = site();
    nameless.host.clear();
    let events = events(&nameless, &record);
    let event = serde_json::to_value(&events[0]).unwrap();
    let agents = event["agent"].as_array().unwrap();
    let is_named = |agent: &Value| agent["who"]["identifier"].is_object();
    assert!(agents.iter().all(is_named));
    let asks = |agent: &&Value| agent["requestor"] == true;
    let asking: Vec<&Value> = agents.iter().filter(asks).collect();
    assert_eq!(asking.len(), 1);
    assert_eq!(asking[0]["who"]["identifier"]["value"], "LAKE_WS");
}

fn each_string(value: &Value, take: &mut impl FnMut(&str)) {
    match value {
        Value::String(string) => take(string),
        Value::Array(values) => values.iter().for_each(|value| each_string(value, take)),
        Value::Object(members) => members.values().for_each(|value| each_string(value, take)),
        Value::Null => panic!("FHIR knows no null"),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn the_bundle_holds_the_same_events() {
    let records = samples::all();
    let mut format = AuditEventBundle::new(site());
    let text = written(&mut format, &records);
    let bundle: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bundle["type"], "collection");
    let entries = bundle["entry"].as_array().unwrap();
    let urls: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry["fullUrl"].as_str().unwrap())
        .collect();
    assert_eq!(urls.len(), entries.len());
    let told = lines(&records);
    let lines = told.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let resources: Vec<Value> = entries
        .iter()
        .map(|entry| entry["resource"].clone())
        .collect();
    assert_eq!(resources, lines);
    // A format may be written again, and of nothing.
    assert_eq!(written(&mut format, &records), text);
    let empty: Value = serde_json::from_str(&written(&mut format, &[])).unwrap();
    assert!(empty.get("entry").is_none());
}

#[test]
fn a_full_url_is_a_uuid_of_version_8() {
    let url = super::write::full_url("00112233445566ff-7-110113");
    let uuid = url.strip_prefix("urn:uuid:").unwrap();
    assert_eq!(uuid.len(), 36);
    assert_eq!(uuid.as_bytes()[14], b'8');
    assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
}
