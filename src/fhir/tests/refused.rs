//! What is not understood, element by element, and where it is told.

use super::*;

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding(system, code)] })
}

/// The Consent that stands alone is refused at `path` when `value` stands at `pointer`.
fn assert_refused(table: &[(&str, Value, &str)]) {
    for (pointer, value, path) in table {
        let paths = refused(&but(&[(pointer, value.clone())]));
        let path = format!("Consent.{path}");
        assert!(
            paths.contains(&path),
            "{pointer} = {value}: {paths:?}, not {path}"
        );
    }
}

#[test]
fn what_is_not_understood_of_a_consent_is_refused_where_it_stands() {
    let privacy = "http://terminology.hl7.org/CodeSystem/consentscope";
    assert_refused(&[
        (
            "/modifierExtension",
            json!([{ "url": "x" }]),
            "modifierExtension",
        ),
        ("/implicitRules", json!("http://x"), "implicitRules"),
        ("/decision", json!("permit"), "decision"),
        ("/_status", json!({}), "_status"),
        ("/status", json!("draft"), "status"),
        ("/status", json!("inactive"), "status"),
        ("/status", json!(1), "status"),
        ("/scope", concept(privacy, "research"), "scope"),
        ("/scope", json!({ "text": "patient-privacy" }), "scope"),
        (
            "/category/1",
            concept("http://loinc.org", "57016-8"),
            "category[1]",
        ),
        ("/category", json!([]), "category"),
        ("/patient", Value::Null, "patient"),
        (
            "/patient",
            json!({ "reference": "Patient/unknown" }),
            "patient",
        ),
        ("/patient", json!({ "reference": "Group/1" }), "patient"),
        ("/patient/type", json!("Group"), "patient"),
        ("/patient/identifier/value", Value::Null, "patient"),
        ("/dateTime", json!("yesterday"), "dateTime"),
        (
            "/organization",
            json!([{ "reference": "#nobody" }]),
            "organization[0]",
        ),
        ("/policy", Value::Null, "policy"),
        (
            "/policy",
            json!([{ "authority": "http://x" }]),
            "policy[0].uri",
        ),
        ("/policyRule", concept("http://x", "regular"), "policyRule"),
        (
            "/verification/0/verified",
            json!(false),
            "verification[0].verified",
        ),
        ("/provision", Value::Null, "provision"),
        ("/provision", json!([{ "type": "permit" }]), "provision"),
    ]);
}

#[test]
fn what_is_not_understood_of_a_provision_is_refused_where_it_stands() {
    assert_refused(&[
        (
            "/provision/modifierExtension",
            json!([]),
            "provision.modifierExtension",
        ),
        ("/provision/_type", json!({}), "provision._type"),
        ("/provision/type", Value::Null, "provision.type"),
        ("/provision/type", json!("allow"), "provision.type"),
        ("/provision/purpose", Value::Null, "provision.purpose"),
        ("/provision/purpose", json!([]), "provision.purpose"),
        (
            "/provision/purpose/0",
            coding(REASON, "MARKT"),
            "provision.purpose[0]",
        ),
        (
            "/provision/purpose/0",
            coding("http://x", "TREAT"),
            "provision.purpose[0]",
        ),
        (
            "/provision/purpose/0/system",
            Value::Null,
            "provision.purpose[0]",
        ),
        (
            "/provision/provision",
            json!([{ "type": "permit", "purpose": [coding(REASON, "HRESCH")] }]),
            "provision.provision[0].type",
        ),
        (
            "/provision/provision",
            json!([{ "type": "deny", "provision": [{ "type": "permit" }] }]),
            "provision.provision[0].provision",
        ),
    ]);
}

#[test]
fn a_recipient_that_is_not_understood_is_refused_where_it_stands() {
    let cst = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    assert_refused(&[
        (
            "/provision/actor/0/role",
            concept(cst, "CST"),
            "provision.actor[0].role",
        ),
        (
            "/provision/actor/0/role",
            Value::Null,
            "provision.actor[0].role",
        ),
        (
            "/provision/actor/0/reference",
            json!({ "reference": "Practitioner/1" }),
            "provision.actor[0].reference",
        ),
        (
            "/provision/actor/0/reference",
            json!({ "type": "Organization", "reference": "Device/1" }),
            "provision.actor[0].reference",
        ),
        (
            "/provision/actor/0/reference",
            json!({}),
            "provision.actor[0].reference",
        ),
        ("/provision/actor", json!([]), "provision.actor"),
    ]);
}

#[test]
fn a_restriction_that_is_not_understood_is_refused_where_it_stands() {
    let dcm = "http://dicom.nema.org/resources/ontology/DCM";
    let types = "http://hl7.org/fhir/resource-types";
    let action = "http://terminology.hl7.org/CodeSystem/consentaction";
    assert_refused(&[
        (
            "/provision/action/0",
            concept(action, "correct"),
            "provision.action[0]",
        ),
        (
            "/provision/action/0",
            concept(action, "use"),
            "provision.action",
        ),
        (
            "/provision/class/0",
            coding(types, "Observation"),
            "provision.class",
        ),
        (
            "/provision/code/0",
            concept(dcm, "113014"),
            "provision.code[0]",
        ),
        (
            "/provision/code/0",
            concept("http://loinc.org", "18748-4"),
            "provision.code[0]",
        ),
        ("/provision/period", json!({}), "provision.period"),
        (
            "/provision/period/end",
            json!("2026-02-30"),
            "provision.period.end",
        ),
        ("/provision/period/end", json!("2025"), "provision.period"),
        (
            "/provision/dataPeriod",
            json!({ "start": "2026-01-01T00:00:00Z" }),
            "provision.dataPeriod.start",
        ),
        (
            "/provision/data",
            json!([{ "meaning": "instance", "reference": { "reference": "Observation/1" } }]),
            "provision.data[0].reference",
        ),
        (
            "/provision/data",
            json!([{ "meaning": "instance", "reference": { "reference": "ImagingStudy/1" } }]),
            "provision.data[0].reference",
        ),
    ]);
}
