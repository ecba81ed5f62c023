use super::*;
use crate::contract::Body;
use crate::contract::Grantees;
use crate::contract::Purpose;
use crate::contract::StudyFacts;
use crate::contract::consent::Effect;
use crate::contract::credit::Incident;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::PATIENT;
use crate::contract::fixtures::START;
use crate::contract::fixtures::acquisition;
use crate::contract::fixtures::grant;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::fixtures::study_digest;
use crate::contract::fixtures::with_rule;
use crate::contract::policy::PolicySet;
use crate::dicom::AeTitle;
use crate::time::Day;

use Remedy::Consent as AnyConsent;
use Remedy::ConsentNamingInstitution as Naming;
use Remedy::ConsentNamingInstitutionAndStudy as NamingStudy;
use Remedy::DenialWithdrawn;
use Remedy::EncryptedTransport;

fn way(changes: &[Remedy], score: Option<u16>) -> Way {
    Way {
        changes: changes.to_vec(),
        score,
    }
}

fn ids(explanation: &Explanation) -> Vec<&str> {
    explanation.rules.iter().map(|rule| &*rule.id).collect()
}

/// Charges Lakeside with so many upheld misuses of a purpose, each of which weighs 20.
fn misuses(ledger: &mut Ledger, count: usize) {
    for _ in 0..count {
        let report = ledger.say(Body::IncidentReported {
            incident: Incident::PurposeMisuse,
            institution: slug("lakeside"),
            proof: vec![0],
            reference: String::new(),
            by: "weber".to_owned(),
        });
        ledger.say(Body::IncidentDecided {
            report,
            institution: slug("lakeside"),
            upheld: true,
            by: "arbiter".to_owned(),
        });
    }
}

/// What would help, of a request about whom nothing is recorded, under these rules.
fn remedies_under(rule: &str, request: &Request) -> Vec<Way> {
    let explanation = explain(&Ledger::with(&with_rule(rule)).state, request);
    assert_eq!(explanation.decision.verdict, Verdict::Deny);
    explanation.remedies
}

#[test]
fn an_explanation_has_the_decision_that_the_contract_gives() {
    let mut ledger = Ledger::new();
    for _ in 0..2 {
        for request in [pull(), acquisition()] {
            let explanation = explain(&ledger.state, &request);
            assert_eq!(explanation.decision, ledger.decide(&request));
            assert_eq!(explanation.request, request);
        }
        ledger.consent(grant());
    }
}

#[test]
fn a_permit_is_explained_by_its_rules_and_its_consents() {
    let mut ledger = Ledger::new();
    let consent = ledger.consent(grant());
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.decision.verdict, Verdict::Permit);
    assert_eq!(ids(&explanation), ["exchange-with-consent"]);
    let description = explanation.rules[0].description.as_deref().unwrap();
    assert!(description.starts_with("Other institutions take part when the patient agreed"));
    assert_eq!(explanation.remedies, []);
    let [considered] = &explanation.consents[..] else {
        panic!("{:?}", explanation.consents);
    };
    assert_eq!(considered.consent, ConsentId(consent));
    assert_eq!(considered.mismatches, []);
    let facts = explanation.facts.unwrap();
    assert_eq!(facts.granted, [ConsentId(consent)]);
    assert!(facts.names_institution && !facts.names_institution_and_study && !facts.denied);
}

#[test]
fn without_a_contract_nothing_but_the_refusal_is_explained() {
    let explanation = explain(&State::new(), &pull());
    assert_eq!(explanation.decision.short_reason(), "no contract is active");
    assert_eq!(explanation.facts, None);
    assert_eq!(explanation.remedies, []);
}

#[test]
fn a_consent_that_does_not_speak_says_why_not() {
    let mut ledger = Ledger::new();
    let other = Consent {
        grantees: Grantees::Named([slug("hill")].into()),
        purposes: [Purpose::Research].into(),
        modalities: Some(["MR".to_owned()].into()),
        study_from: Some(Day(20_491)),
        valid_from: START.plus(1),
        ..grant()
    };
    ledger.consent(other);
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(
        explanation.consents[0].mismatches,
        [
            Mismatch::Purpose,
            Mismatch::Time,
            Mismatch::Institution,
            Mismatch::Modality,
            Mismatch::StudyDate
        ]
    );
    assert_eq!(ids(&explanation), [""; 0]);
}

#[test]
fn without_a_consent_a_narrow_one_helps_at_once_and_a_wide_one_with_a_better_score() {
    let ledger = Ledger::new();
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.decision.short_reason(), "no consent");
    assert_eq!(
        explanation.remedies,
        [way(&[Naming], None), way(&[AnyConsent], Some(700))]
    );
}

#[test]
fn research_needs_a_consent_and_a_score() {
    let ledger = Ledger::new();
    let request = Request {
        purpose: Purpose::Research,
        ..pull()
    };
    let explanation = explain(&ledger.state, &request);
    assert_eq!(explanation.remedies, [way(&[AnyConsent], Some(700))]);
}

#[test]
fn with_a_low_score_the_score_that_suffices_is_named_or_a_narrower_consent() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    // 1000 · 50 / (100 + 40) = 357.
    misuses(&mut ledger, 2);
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.decision.short_reason(), "score 357 below 450");
    assert_eq!(
        explanation.remedies,
        [way(&[], Some(450)), way(&[NamingStudy], None)]
    );
    // 1000 · 50 / (100 + 80) = 277.
    misuses(&mut ledger, 2);
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.decision.short_reason(), "score 277 below 300");
    assert_eq!(
        explanation.remedies,
        [way(&[], Some(450)), way(&[NamingStudy], Some(300))]
    );
}

#[test]
fn a_consent_cannot_name_a_study_that_the_request_does_not() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    misuses(&mut ledger, 2);
    let request = Request {
        study: None,
        ..pull()
    };
    let explanation = explain(&ledger.state, &request);
    assert_eq!(explanation.remedies, [way(&[], Some(450))]);
}

#[test]
fn the_score_named_is_the_least_that_suffices() {
    let mut ledger = Ledger::new();
    ledger.consent(Consent {
        study_uid_digest: Some(study_digest()),
        ..grant()
    });
    misuses(&mut ledger, 5);
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.remedies, [way(&[], Some(300))]);
    let (policy, facts) = (ledger.state.policy().unwrap(), explanation.facts.unwrap());
    assert!(permits(policy, &pull(), &at_least(300, &facts)));
    assert!(!permits(policy, &pull(), &at_least(299, &facts)));
}

#[test]
fn an_objection_must_be_withdrawn_and_what_else_is_missing_added() {
    let mut ledger = Ledger::new();
    let objection = Consent {
        effect: Effect::Deny,
        ..grant()
    };
    ledger.consent(objection);
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(ids(&explanation), ["denied-by-patient"]);
    assert_eq!(
        explanation.remedies,
        [
            way(&[DenialWithdrawn, Naming], None),
            way(&[DenialWithdrawn, AnyConsent], Some(700))
        ]
    );
    ledger.consent(grant());
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.remedies, [way(&[DenialWithdrawn], None)]);
    assert_eq!(explanation.consents.len(), 2);
}

#[test]
fn encryption_helps_where_a_rule_or_an_obligation_demands_it() {
    let forbids = r#"@id("tls") @reason("encrypted transport required")
        forbid (principal, action, resource) when { !context.within && !context.tls };"#;
    assert_eq!(
        remedies_under(forbids, &pull()),
        [
            way(&[EncryptedTransport, Naming], None),
            way(&[EncryptedTransport, AnyConsent], Some(700))
        ]
    );
    let obliges = r#"@id("open-over-tls") @obligation("require_tls")
        permit (principal, action, resource) when { context.recipient_ae == "LAKE_WS" };"#;
    assert_eq!(
        remedies_under(obliges, &pull()),
        [way(&[EncryptedTransport], None)]
    );
}

#[test]
fn where_nothing_helps_nothing_is_promised() {
    let board = r#"@id("board") @reason("no contract with this institution")
        forbid (principal == Institution::"lakeside", action, resource);"#;
    assert_eq!(remedies_under(board, &pull()), []);
    let unknown = Request {
        patient: None,
        ..pull()
    };
    assert_eq!(
        remedies_under("", &unknown),
        [],
        "whose consent would it be?"
    );
}

#[test]
fn the_limit_of_emergencies_is_explained_with_its_count() {
    let mut ledger = Ledger::new();
    let emergency = |patient: u8| Request {
        purpose: Purpose::Emergency,
        patient: Some(crate::contract::Pseudonym::from_bytes([patient; 16])),
        ..pull()
    };
    for patient in 1..=10 {
        ledger.open(&emergency(patient));
    }
    let explanation = explain(&ledger.state, &emergency(11));
    assert_eq!(
        explanation.decision.short_reason(),
        "limit of emergency access reached"
    );
    assert!(ids(&explanation).contains(&"emergency-limit"));
    let break_glass = explanation.facts.unwrap().break_glass;
    assert_eq!((break_glass.patients, break_glass.patients_max), (11, 10));
    assert_eq!(explanation.remedies, [way(&[AnyConsent], None)]);
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_told_and_has_no_remedy() {
    let policy: PolicySet = with_rule(
        r#"@id("sum") forbid (principal, action, resource)
           when { context.score * 9223372036854775807 > 0 };"#,
    );
    let mut ledger = Ledger::with(&policy);
    ledger.consent(grant());
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.decision.short_reason(), "rule error");
    assert_eq!(explanation.decision.errors.len(), 1);
    assert_eq!(explanation.remedies, []);
}

#[test]
fn consents_under_every_id_of_a_merged_patient_are_considered() {
    let mut ledger = Ledger::new();
    let other = crate::contract::Pseudonym::from_bytes([7; 16]);
    ledger.consent(Consent {
        patient: other,
        ..grant()
    });
    assert_eq!(explain(&ledger.state, &pull()).consents, []);
    ledger.say(Body::PatientLinked {
        patient: other,
        into: PATIENT,
        by: "desk".to_owned(),
    });
    let explanation = explain(&ledger.state, &pull());
    assert_eq!(explanation.decision.verdict, Verdict::Permit);
    assert_eq!(explanation.consents.len(), 1);
    assert_eq!(explanation.consents[0].terms.patient, other);
}

#[test]
fn an_explanation_reads_back_from_json() {
    let mut ledger = Ledger::new();
    ledger.consent(grant());
    let request = Request {
        requester_ae: "OTHER".parse::<AeTitle>().unwrap(),
        study: Some(StudyFacts {
            modalities: std::collections::BTreeSet::new(),
            date: None,
            uid_digest: study_digest(),
        }),
        ..pull()
    };
    let explanation = explain(&ledger.state, &request);
    let text = serde_json::to_string(&explanation).unwrap();
    let again: Explanation = serde_json::from_str(&text).unwrap();
    assert_eq!(again, explanation);
}
