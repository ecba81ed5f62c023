//! Every shape that is read, in the manner of IHE PCF's own examples, and every refusal.

mod refused;

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::Purpose;
use crate::time::Day;
use crate::time::UtcMicros;

const BASIC_TREAT: &str = include_str!("../../fixtures/fhir/basic-treat.json");
const ALONE: &str = include_str!("../../fixtures/fhir/recipient-and-modality.json");
const TWO: &str = include_str!("../../fixtures/fhir/two.ndjson");

const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// Treatment, payment, operations.
const TPO: [Purpose; 3] = [Purpose::Treatment, Purpose::Payment, Purpose::Operations];

fn one(text: &str) -> Directive {
    let mut directives = read(text).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(directives.len(), 1);
    directives.remove(0)
}

/// The only grant or denial of a text.
fn only(text: &str) -> Terms {
    let mut terms = one(text).terms;
    assert_eq!(terms.len(), 1);
    terms.remove(0)
}

fn day(digits: &str) -> Option<Day> {
    Some(Day::from_dicom(digits).unwrap())
}

fn set<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    values.into_iter().collect()
}

/// The Consent that stands alone, with the value at a JSON pointer replaced; `null` removes it.
fn but(changes: &[(&str, Value)]) -> String {
    let mut consent: Value = serde_json::from_str(ALONE).unwrap();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = consent.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(object), Value::Null) => drop(object.remove(key)),
            (Value::Object(object), value) => drop(object.insert(key.to_owned(), value.clone())),
            (Value::Array(items), value) => items[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("{pointer}"),
        }
    }
    consent.to_string()
}

/// The paths at which `text` is refused.
fn refused(text: &str) -> Vec<String> {
    let faults = read(text).unwrap_err();
    assert!(!faults.is_empty());
    for fault in &faults {
        assert!(!fault.problem.is_empty() && !fault.remedy.is_empty());
        assert!(!fault.to_string().contains("DEMO-0001"), "{fault}");
    }
    faults.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn a_basic_permit_is_a_grant_to_anybody_for_its_purposes() {
    let directive = one(BASIC_TREAT);
    let entry = "Bundle.entry[3].resource";
    assert_eq!(directive.path, entry);
    assert_eq!(directive.patient.path, format!("{entry}.patient"));
    assert_eq!(directive.given_by, Giver::Patient);
    let ids: Vec<_> = directive.patient.identifiers.iter().collect();
    let names: Vec<_> = ids.iter().map(|id| (&*id.system, &*id.value)).collect();
    let ada = ("urn:oid:2.999.1.1", "DEMO-0001");
    assert_eq!(names, [ada, ("urn:oid:2.999.9.9", "insurance-77")]);
    let policy = "http://example.org/policies/basePrivacyConsentPolicy.txt";
    let policies = [(format!("{entry}.policy[0].uri"), policy.to_owned())];
    assert_eq!(directive.policies, policies);
    let url = "https://fhir.example.org/Organization/st-anna";
    let names = set(["Organization/st-anna".to_owned(), url.to_owned()]);
    assert_eq!(directive.enforcers[0].names, names);
    let expected = Terms {
        path: format!("{entry}.provision"),
        effect: Effect::Grant,
        recipients: None,
        purposes: set(TPO),
        modalities: BTreeSet::new(),
        study: None,
        study_from: None,
        study_until: None,
        valid_from: None,
        valid_until: None,
    };
    assert_eq!(directive.terms, [expected]);
}

#[test]
fn a_basic_denial_is_a_denial() {
    let terms = only(include_str!("../../fixtures/fhir/basic-reject.json"));
    assert_eq!((terms.effect, terms.purposes), (Effect::Deny, set(TPO)));
}

#[test]
fn a_denial_without_purpose_is_for_every_purpose() {
    let denial = [
        ("/provision/type", json!("deny")),
        ("/provision/purpose", Value::Null),
    ];
    assert_eq!(only(&but(&denial)).purposes, set(Purpose::ALL));
}

#[test]
fn a_period_ends_with_its_last_day() {
    let terms = only(include_str!("../../fixtures/fhir/basic-expiring.json"));
    let until = UtcMicros(1_830_297_600_000_000);
    assert_eq!(until.to_string(), "2028-01-01T00:00:00.000000Z");
    assert_eq!((terms.valid_from, terms.valid_until), (None, Some(until)));
}

#[test]
fn a_data_period_is_the_days_of_studies() {
    let terms = only(include_str!(
        "../../fixtures/fhir/intermediate-timeframe.json"
    ));
    assert_eq!(terms.study_from, day("20260101"));
    assert_eq!(terms.study_until, day("20261231"));
}

#[test]
fn a_denial_within_a_permit_is_a_second_consent_which_stands_first() {
    let text = include_str!("../../fixtures/fhir/intermediate-not-timeframe.json");
    let terms = one(text).terms;
    let effects: Vec<Effect> = terms.iter().map(|terms| terms.effect).collect();
    assert_eq!(effects, [Effect::Deny, Effect::Grant]);
    assert_eq!(terms[0].purposes, set(TPO));
    assert_eq!(terms[0].study_from, day("20220101"));
    assert_eq!(terms[0].study_until, day("20221231"));
    assert_eq!(terms[1].study_from, None);
    assert!(terms[0].path.ends_with("provision.provision[0]"));
}

#[test]
fn an_exception_has_the_restrictions_of_its_base_rule_where_it_has_none() {
    let exception = json!([{ "type": "deny", "purpose": [
        { "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "ETREAT" }] }]);
    let terms = one(&but(&[("/provision/provision", exception)])).terms;
    let (denial, grant) = (&terms[0], &terms[1]);
    assert_eq!((denial.effect, grant.effect), (Effect::Deny, Effect::Grant));
    assert_eq!(denial.purposes, set([Purpose::Emergency]));
    assert_eq!(denial.recipients, grant.recipients);
    assert_eq!(denial.modalities, grant.modalities);
    assert_eq!(denial.valid_from, grant.valid_from);
    assert_eq!(denial.valid_until, grant.valid_until);
}

#[test]
fn single_studies_are_a_consent_each() {
    let terms = one(include_str!("../../fixtures/fhir/intermediate-data.json")).terms;
    let studies: Vec<_> = terms
        .iter()
        .filter_map(|terms| terms.study.as_ref())
        .collect();
    let uids: Vec<&str> = studies.iter().map(|uid| uid.as_str()).collect();
    assert_eq!(uids, ["2.25.40", "2.25.41"]);
    let terms = one(include_str!(
        "../../fixtures/fhir/intermediate-not-data.json"
    ))
    .terms;
    assert_eq!(terms[0].effect, Effect::Deny);
    assert_eq!(terms[0].study.as_ref().unwrap().as_str(), "2.25.40");
    assert_eq!(terms[1].study, None);
}

#[test]
fn a_permit_within_a_denial_takes_its_purposes_out_of_it() {
    let terms = one(include_str!("../../fixtures/fhir/dissent-break-glass.json")).terms;
    let (denial, grant) = (&terms[0], &terms[1]);
    assert_eq!((denial.effect, grant.effect), (Effect::Deny, Effect::Grant));
    let emergency = set([Purpose::Emergency]);
    assert_eq!(grant.purposes, emergency);
    assert_eq!(denial.purposes, &set(Purpose::ALL) - &emergency);
}

#[test]
fn a_consent_alone_names_everybody_by_identifier() {
    let directive = one(ALONE);
    assert_eq!(directive.path, "Consent");
    let anna = set([
        "Organization/custodian".to_owned(),
        "urn:oid:2.999.1|ANNA".to_owned(),
    ]);
    assert_eq!(directive.enforcers[0].names, anna);
    let terms = &directive.terms[0];
    let lake = &terms.recipients.as_ref().unwrap()[0];
    assert_eq!(lake.path, "Consent.provision.actor[0].reference");
    assert_eq!(lake.names, set(["urn:oid:2.999.1|LAKE".to_owned()]));
    assert_eq!(
        terms.purposes,
        set([Purpose::Treatment, Purpose::Emergency])
    );
    assert_eq!(terms.modalities, set(["CT".to_owned(), "MR".to_owned()]));
    let moments = [terms.valid_from.unwrap(), terms.valid_until.unwrap()];
    assert_eq!(
        moments.map(|at| at.to_string()),
        ["2026-07-01T00:00:00.000000Z", "2026-12-31T23:00:00.000000Z"]
    );
}

#[test]
fn a_related_person_speaks_as_the_guardian() {
    let infant = include_str!("../../fixtures/fhir/basic-treat-infant.json");
    assert_eq!(one(infant).given_by, Giver::Guardian);
    let by = |performers: Value| read(&but(&[("/performer", performers)]));
    let ada = json!({ "identifier": { "system": "urn:oid:2.999.1.1", "value": "DEMO-0001" },
        "type": "Patient" });
    let mother = json!({ "reference": "RelatedPerson/mother" });
    assert_eq!(
        by(json!([ada, mother])).unwrap()[0].given_by,
        Giver::Patient
    );
    assert_eq!(by(json!([mother])).unwrap()[0].given_by, Giver::Guardian);
    let other = json!({ "identifier": { "system": "urn:oid:2.999.1.1", "value": "DEMO-0002" },
        "type": "Patient" });
    for performer in [
        other,
        json!({ "reference": "Practitioner/1" }),
        json!({ "display": "Ada" }),
    ] {
        let paths = refused(&but(&[("/performer", json!([performer]))]));
        assert!(
            paths.contains(&"Consent.performer[0]".to_owned()),
            "{paths:?}"
        );
    }
}

#[test]
fn resources_may_stand_one_a_line() {
    let directives = read(TWO).unwrap();
    let paths: Vec<&str> = directives.iter().map(|one| &*one.path).collect();
    assert_eq!(paths, ["line 5: Consent", "line 6: Consent"]);
    assert_eq!(directives[0].terms[0].purposes, set([Purpose::Research]));
    assert_eq!(directives[1].patient.identifiers[0].value, "DEMO-0002");
    let lake = &directives[1].terms[0].recipients.as_ref().unwrap()[0];
    assert!(lake.names.contains("urn:oid:2.999.1|LAKE"));
    assert!(lake.names.contains("Organization/lakeside"));
}

#[test]
fn what_pcf_can_say_beyond_the_contract_is_refused_where_it_says_it() {
    let entry = |number: usize, path: &str| format!("Bundle.entry[{number}].resource.{path}");
    for (text, path) in [
        (
            include_str!("../../fixtures/fhir/refused/advanced-normal.json"),
            entry(3, "provision.securityLabel"),
        ),
        (
            include_str!("../../fixtures/fhir/refused/intermediate-purpose.json"),
            entry(4, "provision.purpose[0]"),
        ),
        (
            include_str!("../../fixtures/fhir/refused/intermediate-authoredby.json"),
            entry(3, "provision.data[0].meaning"),
        ),
        (
            include_str!("../../fixtures/fhir/refused/intermediate-encounter.json"),
            entry(3, "provision.data[0].meaning"),
        ),
    ] {
        assert_eq!(refused(text), [path]);
    }
    let group = include_str!("../../fixtures/fhir/refused/dissent-break-glass-group.json");
    let exception = entry(3, "provision.provision[0]");
    assert_eq!(
        refused(group),
        [format!("{exception}.actor[0].reference"), exception]
    );
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

#[test]
fn a_denial_is_refused_where_its_exceptions_would_have_to_outweigh_it() {
    let purpose = |code: &str| json!([coding(REASON, code)]);
    for (exception, path) in [
        (json!({ "type": "permit" }), ""),
        (
            json!({ "type": "permit", "purpose": purpose("TREAT"), "dataPeriod": { "start": "2026" } }),
            "",
        ),
        (
            json!({ "type": "deny", "purpose": purpose("TREAT") }),
            ".type",
        ),
    ] {
        let denial = [
            ("/provision/type", json!("deny")),
            ("/provision/provision", json!([exception])),
        ];
        let expected = format!("Consent.provision.provision[0]{path}");
        assert_eq!(refused(&but(&denial)), [expected]);
    }
    let all = [
        ("/provision/type", json!("deny")),
        ("/provision/purpose", purpose("TREAT")),
        (
            "/provision/provision",
            json!([{ "type": "permit", "purpose": purpose("TREAT") }]),
        ),
    ];
    assert_eq!(refused(&but(&all)), ["Consent.provision"]);
}

#[test]
fn a_policy_rule_may_repeat_what_the_provision_says() {
    let rule = |code: &str| {
        let system = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
        json!({ "coding": [{ "system": system, "code": code }] })
    };
    assert!(
        read(&but(&[
            ("/policyRule", rule("OPTIN")),
            ("/policy", Value::Null)
        ]))
        .is_ok()
    );
    assert_eq!(
        refused(&but(&[("/policyRule", rule("OPTOUT"))])),
        ["Consent.policyRule"]
    );
}

#[test]
fn a_text_that_is_no_list_of_consents_is_refused() {
    for (text, path) in [
        ("", "the text"),
        ("[]", "the text"),
        ("{}", "the text"),
        (r#"{"resourceType": "Patient"}"#, "the text"),
        (
            r#"{"resourceType": "Bundle", "type": "collection"}"#,
            "the text",
        ),
        (
            r#"{"resourceType": "Bundle", "type": "transaction", "entry": [{}]}"#,
            "Bundle.type",
        ),
        (
            "{\"resourceType\": \"Patient\"}\n{\"resourceType\": ",
            "line 2",
        ),
    ] {
        assert_eq!(refused(text), [path], "{text}");
    }
}

#[test]
fn nothing_of_a_text_with_one_fault_is_read() {
    let text = TWO
        .replace("\"deny\"", "\"permit\"")
        .replace("HRESCH", "HMARKT");
    assert_eq!(refused(&text), ["line 5: Consent.provision.purpose[0]"]);
}

#[test]
fn a_reference_that_could_be_two_resources_is_none() {
    let mut bundle: Value = serde_json::from_str(BASIC_TREAT).unwrap();
    let entries = bundle["entry"].as_array_mut().unwrap();
    let twin = entries[0].clone();
    entries.push(twin);
    let paths = ["patient", "performer[0]"].map(|path| format!("Bundle.entry[3].resource.{path}"));
    assert_eq!(refused(&bundle.to_string()), paths);
}

#[test]
fn everything_has_a_limit() {
    assert_eq!(refused(&" ".repeat(TEXT_BYTES_MAX + 1)), ["the text"]);
    let patients = "{\"resourceType\":\"Patient\"}\n".repeat(RESOURCES_MAX + 1);
    assert!(refused(&patients).contains(&"the text".to_owned()));
    let denials = vec![json!({ "type": "deny" }); PROVISIONS_MAX + 1];
    let many = but(&[("/provision/provision", json!(denials))]);
    assert_eq!(refused(&many), ["Consent.provision.provision"]);
    let consent: Value = serde_json::from_str(ALONE).unwrap();
    let lines = format!("{consent}\n").repeat(TERMS_MAX + 1);
    assert_eq!(refused(&lines), ["the text"]);
    let faulty = but(&[("/status", json!("draft"))]);
    let lines = format!("{faulty}\n").repeat(FAULTS_MAX + 1);
    assert_eq!(refused(&lines).len(), FAULTS_MAX);
    let long = but(&[("/policy/0/uri", json!("x".repeat(1_025)))]);
    assert!(refused(&long).contains(&"Consent.policy[0].uri".to_owned()));
}

#[test]
fn a_patient_is_not_shown_by_debug() {
    assert!(!format!("{:?}", one(BASIC_TREAT)).contains("DEMO-0001"));
}
