//! What each kind of entry becomes, read back as XML.

mod element;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use self::element::Element;
use super::fixtures;
use super::*;
use crate::contract::Decision;
use crate::contract::Verb;
use crate::contract::Verdict;

fn told(record: &Record) -> Vec<Element> {
    let messages = messages(&fixtures::site(), record);
    messages.iter().map(|text| Element::read(text)).collect()
}

fn events(record: &Record) -> Vec<String> {
    told(record).iter().map(Element::event).collect()
}

const GATEWAY: &str = "110150 00112233445566ff@gateway.st-anna.example";

fn study() -> String {
    format!("urn:credence:study:{}", fixtures::digest())
}

fn pseudonym() -> String {
    format!("urn:credence:pseudonym:{}", fixtures::PATIENT)
}

fn denied() -> Record {
    fixtures::decided(fixtures::pull(), fixtures::decision(Verdict::Deny))
}

fn permitted(request: crate::contract::Request) -> Record {
    fixtures::decided(request, fixtures::decision(Verdict::Permit))
}

#[test]
fn a_permitted_store_begins_between_who_sends_and_who_gets() {
    let message = &told(&permitted(fixtures::store()))[0];
    assert_eq!(message.event(), "110102 - E 0");
    assert_eq!(
        message.participants(),
        ["110153 CT1@st-anna!", "110152 PACS@st-anna", GATEWAY]
    );
    let source = message.all("ActiveParticipant")[0];
    assert_eq!(source.attribute("AlternativeUserID"), Some("AETITLES=CT1"));
    assert_eq!(source.attribute("UserName"), Some("St. Anna"));
    let gateway = message.all("ActiveParticipant")[2];
    let titles = gateway.attribute("AlternativeUserID");
    assert_eq!(titles, Some("AETITLES=CREDENCE;CREDENCE_ER"));
    assert_eq!(message.object_ids(), [study(), pseudonym()]);
    let kinds = message.objects().into_iter().map(|object| {
        let number = |name| object.attribute(name).unwrap();
        format!(
            "{} {} {}",
            number("ParticipantObjectTypeCode"),
            number("ParticipantObjectTypeCodeRole"),
            object.code("ParticipantObjectIDTypeCode").unwrap()
        )
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["2 3 110180", "1 1 2"]);
    for (kind, value) in [
        ("LedgerEntry", "7"),
        ("Decision", "7"),
        ("Verdict", "permit"),
        ("Purpose", "TREATMENT"),
        ("Modality", "CT"),
    ] {
        assert_eq!(message.detail(kind).as_deref(), Some(value), "{kind}");
    }
    let event = message.all("EventIdentification")[0];
    let at = "2026-02-02T02:40:00.000000+00:00";
    assert_eq!(event.attribute("EventDateTime"), Some(at));
    let source = message.all("AuditSourceIdentification")[0];
    assert_eq!(source.attribute("AuditEnterpriseSiteID"), Some("st-anna"));
}

#[test]
fn a_retrieve_comes_from_the_custodian_and_a_person_outranks_the_peer_as_requestor() {
    let pull = &told(&permitted(fixtures::pull()))[0];
    assert_eq!(
        pull.participants(),
        ["110153 st-anna", "110152 LAKE_WS@lakeside!", GATEWAY]
    );
    let third_party = crate::contract::Request {
        recipient_ae: "LAKE_PACS".parse().unwrap(),
        ..fixtures::pull()
    };
    assert_eq!(
        told(&permitted(third_party))[0].participants(),
        [
            "110153 st-anna",
            "110152 LAKE_PACS@lakeside",
            "- LAKE_WS@lakeside!",
            GATEWAY
        ]
    );
    let emergency = &told(&permitted(fixtures::emergency()))[0];
    assert_eq!(
        emergency.participants(),
        [
            "110153 st-anna",
            "110152 LAKE_WS@lakeside",
            GATEWAY,
            "- weber!"
        ]
    );
    assert_eq!(emergency.detail("UserProof").as_deref(), Some("passcode"));
}

#[test]
fn a_denial_is_a_use_of_a_restricted_function() {
    let messages = told(&denied());
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!(message.event(), "110113 110132 E 4");
    // Who performed is never the requestor of an alert (Table A.5.3.11).
    let gateway = format!("{GATEWAY}!");
    assert_eq!(
        message.participants(),
        [&gateway, "110153 st-anna", "110152 LAKE_WS@lakeside"]
    );
    let entry = "urn:credence:entry:st-anna:7".to_owned();
    assert_eq!(message.object_ids(), [entry, study(), pseudonym()]);
    let text = "deny CareRetrieve lakeside -> lakeside: no consent";
    for object in message.objects() {
        let details = object.all("ParticipantObjectDetail");
        assert_eq!(details[0].attribute("type"), Some("Alert Description"));
    }
    assert_eq!(message.detail("Alert Description").as_deref(), Some(text));
    let event = message.all("EventIdentification")[0];
    assert_eq!(event.all("EventOutcomeDescription")[0].text, text);
}

#[test]
fn what_is_only_observed_is_refused_and_released() {
    let observed = Decision {
        observed: true,
        ..fixtures::decision(Verdict::Deny)
    };
    let record = fixtures::decided(fixtures::pull(), observed);
    assert_eq!(events(&record), ["110102 - E 0", "110113 110132 E 4"]);
    assert_eq!(told(&record)[0].detail("Observed").as_deref(), Some("true"));
}

#[test]
fn a_broken_glass_is_an_override_from_its_permit_to_its_last_transfer() {
    assert_eq!(
        events(&permitted(fixtures::emergency())),
        ["110102 - E 0", "110113 110127 E 0"]
    );
    let closed = |outcome, is_final| {
        let body = fixtures::closed(outcome, is_final);
        events(&fixtures::after(fixtures::emergency(), body))
    };
    assert_eq!(closed("completed", false), ["110104 - C 0"]);
    assert_eq!(
        closed("failed", true),
        ["110104 - C 8", "110113 110138 E 0"]
    );
    // A query has no end of its own: nothing would ever stop what it started.
    let asked = crate::contract::Request {
        verb: Verb::Query,
        ..fixtures::emergency()
    };
    assert_eq!(events(&permitted(asked)), ["110112 - E 0"]);
}

#[test]
fn a_transfer_tells_how_much_and_how_it_went() {
    for (outcome, code) in [
        ("completed", "0"),
        ("cancelled", "4"),
        ("stopped", "4"),
        ("failed", "8"),
        ("interrupted", "8"),
    ] {
        let record = fixtures::after(fixtures::pull(), fixtures::closed(outcome, true));
        assert_eq!(events(&record), [format!("110104 - C {code}")], "{outcome}");
    }
    let record = fixtures::after(fixtures::pull(), fixtures::closed("completed", true));
    let message = &told(&record)[0];
    let study = message.objects()[0];
    let description = study.all("ParticipantObjectDescription")[0];
    // Of ten, one was counted in no class.
    assert_eq!(
        sop_classes(description),
        [
            (Some("1.2.840.10008.5.1.4.1.1.2"), "7"),
            (Some("1.2.840.10008.5.1.4.1.1.4"), "2"),
            (None, "1")
        ]
    );
    assert_eq!(message.detail("Decision").as_deref(), Some("3"));
    assert_eq!(message.detail("Failed").as_deref(), Some("2"));
}

fn sop_classes(description: &Element) -> Vec<(Option<&str>, &str)> {
    let classes = description.all("SOPClass").into_iter();
    let each = classes.map(|class| {
        let instances = class.attribute("NumberOfInstances").unwrap();
        (class.attribute("UID"), instances)
    });
    each.collect()
}

#[test]
fn an_entry_of_an_older_version_names_no_class_and_neither_does_what_is_no_oid() {
    let mut body = fixtures::closed("completed", true);
    for classes in [json!({}), json!({"1.2.03": 4})] {
        body["classes"] = classes;
        let record = fixtures::after(fixtures::pull(), body.clone());
        let message = &told(&record)[0];
        let description = message.objects()[0].all("ParticipantObjectDescription")[0];
        assert_eq!(sop_classes(description), [(None, "10")]);
    }
}

#[test]
fn a_transfer_without_its_decision_names_what_it_knows() {
    let record = fixtures::record(fixtures::read(fixtures::closed("completed", true)));
    let message = &told(&record)[0];
    assert_eq!(
        message.participants(),
        ["110153 st-anna!", "110152 lakeside", GATEWAY]
    );
    assert_eq!(
        message.object_ids(),
        [
            "urn:credence:study:unknown",
            "urn:credence:pseudonym:unknown"
        ]
    );
}

#[test]
fn a_query_tells_its_result_and_a_match_what_it_disclosed() {
    let query =
        json!({"kind": "query", "decision": 3, "matches": 5, "withheld": 2, "status": 0xA700});
    let record = fixtures::after(fixtures::question(), query);
    let message = &told(&record)[0];
    assert_eq!(message.event(), "110112 - E 8");
    assert_eq!(
        message.participants(),
        ["110153 LAKE_WS@lakeside!", "110152 st-anna", GATEWAY]
    );
    assert_eq!(message.object_ids(), ["urn:credence:entry:st-anna:7"]);
    assert_eq!(message.objects()[0].all("ParticipantObjectQuery").len(), 1);
    for (kind, value) in [("Matches", "5"), ("Withheld", "2"), ("Status", "A700H")] {
        assert_eq!(message.detail(kind).as_deref(), Some(value));
    }
    // The question itself discloses nothing, and neither does a match within one institution.
    assert!(told(&permitted(fixtures::question())).is_empty());
    let matched = |request| crate::contract::Request {
        verb: Verb::Query,
        ..request
    };
    assert!(told(&permitted(matched(fixtures::store()))).is_empty());
    let message = &told(&permitted(matched(fixtures::pull())))[0];
    assert_eq!(message.event(), "110112 - E 0");
    assert_eq!(message.object_ids()[1..], [study(), pseudonym()]);
}

#[test]
fn a_parcel_is_exported_when_it_is_sealed_and_when_it_can_be_opened() {
    let sealed = told(&fixtures::after(fixtures::pull(), fixtures::sealed()));
    assert_eq!(sealed[0].event(), "110106 - R 0");
    let parcel = format!("110154 urn:credence:parcel:{}", "00".repeat(16));
    let exporter = "110153 00112233445566ff@gateway.st-anna.example";
    assert_eq!(
        sealed[0].participants(),
        [
            "110152 LAKE_WS@lakeside",
            &format!("{exporter}!"),
            parcel.as_str()
        ]
    );
    let medium = sealed[0].all("ActiveParticipant")[2].all("MediaIdentifier")[0];
    assert_eq!(medium.code("MediaType"), Some("110037"));
    let description = sealed[0].objects()[0].all("ParticipantObjectDescription")[0];
    assert_eq!(description.all("Encrypted")[0].text, "true");
    let opened = told(&fixtures::after(
        fixtures::pull(),
        fixtures::opened("permit"),
    ));
    assert_eq!(opened[0].event(), "110106 - R 0");
    assert_eq!(
        opened[0].participants(),
        ["110152 LAKE_WS@lakeside!", exporter, parcel.as_str()]
    );
    assert!(told(&fixtures::after(fixtures::pull(), fixtures::opened("deny"))).is_empty());
}

/// By kind, for those that stand alone.
#[test]
fn every_other_kind_has_its_code_action_and_outcome() {
    let expected = [
        ("genesis", "110113 110134 E 0"),
        ("restored", "110113 110135 E 0"),
        ("policy-proposed", "110113 110129 E 0"),
        ("policy-approved", "110113 110129 E 0"),
        ("policy-withdrawn", "110113 110129 E 0"),
        ("policy-activated", "110113 110129 E 0"),
        ("consent-granted", "110110 consent-granted C 0"),
        ("consent-revoked", "110110 consent-revoked U 0"),
        ("revocation-honoured", "110110 revocation-honoured U 0"),
        ("patient-linked", "110110 patient-linked U 0"),
        ("patient-unlinked", "110110 patient-unlinked U 0"),
        ("guardian-named", "110110 guardian-named C 0"),
        ("guardian-ended", "110110 guardian-ended U 0"),
        ("patient-erased", "110110 patient-erased D 0"),
        ("hold-placed", "110110 hold-placed C 0"),
        ("hold-lifted", "110110 hold-lifted U 0"),
        ("details-dropped", "110110 details-dropped D 0"),
        ("disclosures-suspended", "110110 disclosures-suspended C 0"),
        ("disclosures-resumed", "110110 disclosures-resumed U 0"),
        ("standing-noted", "110110 standing-noted U 0"),
        ("equivocated", "110113 110135 E 12"),
        ("misstated", "110113 110135 E 12"),
        ("incident-reported", "110113 incident-reported E 0"),
        ("incident-decided", "110113 110137 E 0"),
        ("incident-decided", "110113 incident-decided E 0"),
        ("charge-reversed", "110113 110137 E 0"),
        ("ceiling-lifted", "110113 110137 E 0"),
        ("queue-changed", "110105 - D 0"),
        ("bypassed", "110113 110133 E 8"),
        ("bypassed", "110113 110134 E 8"),
        ("started", "110100 110120 E 0"),
        ("stopped", "110100 110121 E 0"),
        ("alert", "110113 110135 E 12"),
        ("alert", "110113 110133 E 8"),
        ("alert", "110113 110134 E 0"),
        ("alert", "110113 110126 E 4"),
        ("alert", "110113 110143 E 4"),
        ("alert", "110113 dead-letter E 8"),
        ("audit-exported", "110101 - R 0"),
        ("audit-searched", "110101 - R 0"),
        ("user-authenticated", "110114 110122 E 0"),
        ("signed-in", "110114 110122 E 0"),
        ("signed-out", "110114 110123 E 0"),
        ("account-changed", "110113 110137 E 0"),
        ("details-shown", "110110 details-shown R 0"),
        ("procedure-step", "110111 - C 0"),
        ("procedure-step", "110111 - U 0"),
        ("review-closed", "110113 110132 E 0"),
    ];
    let mut found = BTreeSet::new();
    for record in fixtures::every() {
        let kind = record.body().kind();
        found.extend(events(&record).into_iter().map(|event| (kind, event)));
    }
    let elsewhere = [
        "decision",
        "transfer-closed",
        "query",
        "parcel-sealed",
        "parcel-opened",
    ];
    found.retain(|(kind, _)| !elsewhere.contains(kind));
    let expected = expected.map(|(kind, event)| (kind, event.to_owned()));
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn who_changed_the_rules_reports_it_and_the_gateway_beside_them() {
    let body = json!({"kind": "policy-activated", "sha256": fixtures::digest(), "by": "officer"});
    let message = &told(&fixtures::record(fixtures::read(body)))[0];
    assert_eq!(message.participants(), ["- officer!", GATEWAY]);
    let policy = format!("urn:credence:policy:{}", fixtures::digest());
    assert_eq!(message.object_ids(), [policy]);
}

#[test]
fn a_bypass_is_told_by_its_own_two_moments_and_persons() {
    let messages = told(&fixtures::record(fixtures::read(fixtures::bypassed())));
    let moments = messages.iter().map(|message| {
        let event = message.all("EventIdentification")[0];
        event.attribute("EventDateTime").unwrap()
    });
    assert_eq!(
        moments.collect::<Vec<_>>(),
        [
            "2026-02-02T02:39:58.000000+00:00",
            "2026-02-02T02:39:59.000000+00:00"
        ]
    );
    assert_eq!(messages[0].participants(), ["- ada!", GATEWAY, "- ben"]);
}

#[test]
fn a_merge_names_both_and_a_hold_on_everybody_says_so() {
    let of = |kind: &str| {
        let mut records = fixtures::every().into_iter();
        let record = records.find(|record| record.body().kind() == kind);
        told(&record.unwrap()).remove(0)
    };
    assert_eq!(of("patient-linked").objects().len(), 2);
    assert_eq!(of("patient-linked").participants(), ["- officer!", GATEWAY]);
    assert_eq!(
        of("hold-placed").object_ids(),
        ["urn:credence:pseudonym:all"]
    );
    assert_eq!(
        of("hold-lifted").object_ids(),
        ["urn:credence:pseudonym:unknown"]
    );
}

#[test]
fn identifiers_stand_in_a_message_only_where_they_are_told() {
    const CANARY: &str = "CANARY-0815";
    let identity = super::super::record::Identity {
        patient_id: Some(CANARY.to_owned()),
        issuer_of_patient_id: Some(CANARY.to_owned()),
        study_instance_uid: Some(CANARY.to_owned()),
        reason: Some(CANARY.to_owned()),
        guardian: Some(CANARY.to_owned()),
    };
    let encoded = STANDARD.encode(CANARY);
    let is_in = |text: &String| text.contains(CANARY) || text.contains(&encoded);
    for mut record in fixtures::every() {
        record.identity = None;
        let silent = messages(&fixtures::site(), &record);
        assert!(!silent.iter().any(is_in));
        record.identity = Some(identity.clone());
        let telling = messages(&fixtures::site(), &record);
        assert_eq!(silent.len(), telling.len());
        if record.patients().len() == 1 {
            assert!(telling.iter().all(is_in), "{}", record.body().kind());
        }
    }
    let message = &told(&Record {
        identity: Some(fixtures::told()),
        ..permitted(fixtures::pull())
    })[0];
    assert_eq!(message.object_ids(), ["2.25.4711", "DEMO-0001"]);
    let digest = fixtures::digest().to_string();
    assert_eq!(message.detail("StudyDigest"), Some(digest));
    let issuer = message.detail("IssuerOfPatientID");
    assert_eq!(issuer.as_deref(), Some("CREDENCE-DEMO"));
}

#[test]
fn no_text_breaks_out_of_its_place() {
    const HOSTILE: &str = "a'\"/><x y=\"&amp;]]>\0\u{1B}\u{FFFE}\n<!--";
    const READ: &str = "a'\"/><x y=\"&amp;]]>��� <!--";
    let request = crate::contract::Request {
        user: Some(crate::contract::User {
            name: HOSTILE.to_owned(),
            proof: crate::contract::UserProof::None,
        }),
        requester_ae: "\"'<&>".parse().unwrap(),
        ..fixtures::store()
    };
    let deny = Decision {
        short_reason: HOSTILE.to_owned(),
        ..fixtures::decision(Verdict::Deny)
    };
    let message = &told(&fixtures::decided(request, deny))[0];
    assert_eq!(
        message.participants()[1..],
        [
            "110153 \"'<&>@st-anna".to_owned(),
            "110152 PACS@st-anna".to_owned(),
            format!("- {READ}")
        ]
    );
    let event = message.all("EventIdentification")[0];
    let text = &event.all("EventOutcomeDescription")[0].text;
    assert!(text.ends_with(READ), "{text}");
    // In base64, it stays as it is.
    let text = message.detail("Alert Description").unwrap();
    assert!(text.ends_with(HOSTILE), "{text}");
    let alert = fixtures::record(fixtures::alert(HOSTILE, HOSTILE));
    let message = &told(&alert)[0];
    assert_eq!(message.event(), format!("110113 {READ} E 8"));
    let mut site = fixtures::site();
    site.host = HOSTILE.to_owned();
    let names = site.names.values_mut();
    names.for_each(|name| HOSTILE.clone_into(name));
    for record in fixtures::every() {
        for message in messages(&site, &record) {
            assert_eq!(Element::read(&message).name, "AuditMessage");
        }
    }
}

#[test]
fn a_moment_beyond_the_calendar_is_still_a_moment() {
    for (at, text) in [
        (i64::MIN, "1970-01-01T00:00:00.000000+00:00"),
        (i64::MAX, "9999-12-30T00:00:00.000000+00:00"),
    ] {
        assert_eq!(DateTime(UtcMicros(at)).to_string(), text);
    }
}

#[test]
fn exactly_one_participant_asks() {
    for record in fixtures::every() {
        for message in told(&record) {
            let participants = message.participants();
            let asking = participants.iter().filter(|told| told.ends_with('!'));
            assert_eq!(asking.count(), 1, "{participants:?}");
        }
    }
}

fn file_of(records: &[Record]) -> Vec<u8> {
    let mut format = DicomAudit::new(fixtures::site());
    let mut out = Vec::new();
    format.begin(&mut out).unwrap();
    for record in records {
        format.record(&mut out, record).unwrap();
    }
    format.end(&mut out).unwrap();
    out
}

fn golden() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("fixtures/audit/audit-messages.xml")
}

#[test]
fn every_kind_is_written_as_the_golden_file_has_it() {
    let records = fixtures::every();
    let kinds: BTreeSet<_> = records.iter().map(|record| record.body().kind()).collect();
    let known = include_str!("../../contract/body/kind.rs").matches("{ .. } => \"");
    assert_eq!(kinds.len(), known.count());
    let written = file_of(&records);
    if std::env::var_os("CREDENCE_AUDIT_WRITE").is_some() {
        std::fs::write(golden(), &written).unwrap();
    }
    assert_eq!(
        String::from_utf8(written.clone()).unwrap(),
        std::fs::read_to_string(golden()).unwrap(),
        "if this is meant: CREDENCE_AUDIT_WRITE=1 cargo test --lib audit"
    );
    // Alone they are the same as in the file.
    let alone = records
        .iter()
        .flat_map(|record| messages(&fixtures::site(), record));
    let root = Element::read(std::str::from_utf8(&written).unwrap());
    assert_eq!(root.name, "AuditMessages");
    assert_eq!(root.children.len(), alone.count());
}

#[test]
fn many_records_take_no_more_room_than_the_longest_of_them() {
    let records = fixtures::every();
    let mut format = DicomAudit::new(fixtures::site());
    let mut longest = 0;
    for record in records.iter().cycle().take(2_000) {
        format.record(&mut io::sink(), record).unwrap();
        longest = longest.max(format.xml.as_str().len());
    }
    assert!(longest < 6_000, "{longest} bytes");
}
