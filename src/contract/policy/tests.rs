use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prop_assert_eq;
use proptest::proptest;
use proptest::sample::select;

use super::*;
use crate::contract::facts::Facts;
use crate::contract::fixtures::CREDIT;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::SCHEMA;
use crate::contract::fixtures::acquisition;
use crate::contract::fixtures::default_files;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::contract::request::StudyFacts;
use crate::contract::request::TransportFacts;
use crate::contract::request::Verb;
use crate::contract::user::User;
use crate::contract::user::UserProof;
use crate::time::Day;

impl PolicySet {
    /// One rule that is not checked against any schema.
    pub(crate) fn unvalidated(rule: &str) -> Self {
        let mut faults = Vec::new();
        let files = vec![("unchecked.cedar".to_owned(), rule.to_owned())];
        let loaded = load(&files, &mut faults);
        assert_eq!(faults, []);
        let mut checked = Self::parse(&default_files(), SCHEMA, CREDIT).unwrap();
        for policy in loaded.policies.policies() {
            checked.policies.add(policy.clone()).unwrap();
        }
        checked.notes.extend(loaded.notes);
        checked.scopes =
            scope::by_action(&checked.policies, &checked.schema, &checked.entities).unwrap();
        checked
    }
}

fn faults(rule: &str) -> Vec<PolicyFault> {
    let files = vec![("test.cedar".to_owned(), rule.to_owned())];
    match PolicySet::parse(&files, SCHEMA, CREDIT) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults,
    }
}

#[test]
fn the_policies_as_delivered_are_valid_and_fit_an_entry() {
    let policy = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
    assert!(policy.ids().count() > 8);
    let as_json = serde_json::to_string(policy.canonical_text()).unwrap();
    assert!(as_json.len() < 48_000, "{} bytes", as_json.len());
}

#[test]
fn canonical_text_is_the_same_whatever_order_the_files_come_in() {
    let mut reversed = default_files();
    reversed.reverse();
    let one = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
    let other = PolicySet::parse(&reversed, SCHEMA, CREDIT).unwrap();
    assert_eq!(one.canonical_text(), other.canonical_text());
    assert_eq!(one, other);
    assert!(one.canonical_text().starts_with(&format!(
        "schema.cedarschema {}\n{SCHEMA}\ncredit.toml {}\n{CREDIT}\n10-permits.cedar ",
        SCHEMA.len(),
        CREDIT.len()
    )));
}

#[test]
fn canonical_text_reads_back() {
    let policy = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
    let again = PolicySet::from_canonical(policy.canonical_text()).unwrap();
    assert_eq!(again.canonical_text(), policy.canonical_text());
    assert_eq!(again.sha256(), policy.sha256());
    assert_eq!(again.schema_sha256(), Sha256::of(&[SCHEMA.as_bytes()]));
}

#[test]
fn what_is_not_a_canonical_text_is_refused() {
    let good = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
    let good = good.canonical_text();
    let schema_only = format!("schema.cedarschema {}\n{SCHEMA}\n", SCHEMA.len());
    let no_rules = format!("{schema_only}credit.toml {}\n{CREDIT}\n", CREDIT.len());
    assert!(PolicySet::from_canonical(&no_rules).is_ok());
    let twice = format!("{no_rules}b 0\n\na 0\n\n");
    let padded = no_rules.replacen("schema ", "schema 0", 1);
    for bad in [
        "",
        "schema.cedarschema",
        "schema.cedarschema 5\n",
        "schema.cedarschema 99999999999999999999\n",
        "other 0\n\n",
        good.strip_prefix('s').unwrap(),
        good.strip_suffix('\n').unwrap(),
        &format!("{good}x"),
        &schema_only,
        &twice,
        &padded,
    ] {
        let error = PolicySet::from_canonical(bad).unwrap_err();
        assert_eq!(error.faults, [PolicyFault::NotCanonical], "{bad:.40}");
    }
}

#[test]
fn a_care_rule_that_weighs_the_patients_standing_is_not_valid() {
    for action in Action::ALL {
        let rule = format!(
            r#"@id("standing") permit (principal, action == Action::"{}", resource)
               when {{ context.standing > 300 }};"#,
            action.as_str()
        );
        let found = faults(&rule);
        let refused = matches!(found.as_slice(), [PolicyFault::Validation { message, .. }, ..] if message.contains("standing"));
        assert_eq!(refused, !action.weighs_standing(), "{action:?} {found:?}");
    }
    let any = r#"@id("x") permit (principal, action, resource) when { context.standing > 3 };"#;
    assert!(!faults(any).is_empty());
    let group = r#"@id("x") permit (principal, action in Action::"Care", resource)
                   when { context has standing && context.standing > 3 };"#;
    assert!(!faults(group).is_empty());
}

#[test]
fn rules_are_checked_strictly() {
    for rule in [
        r#"@id("typo") permit (principal, action, resource) when { context.scroe > 3 };"#,
        r#"@id("type") permit (principal, action, resource) when { context.score > "3" };"#,
        r#"@id("maybe") permit (principal, action, resource) when { context.user == "x" };"#,
        r#"@id("action") permit (principal, action == Action::"Print", resource);"#,
        r#"@id("never") permit (principal, action, resource) when { false };"#,
    ] {
        let found = faults(rule);
        assert!(
            matches!(found.as_slice(), [PolicyFault::Validation { .. }, ..]),
            "{rule}: {found:?}"
        );
    }
}

#[test]
fn every_fault_is_named() {
    let one = faults(
        r#"permit (principal, action, resource);
           @id("a") @obligation("review reveiw") permit (principal, action, resource);
           @id("a") permit (principal, action, resource);
           @id("b") @obligations("review") permit (principal, action, resource);
           @id("c") @obligation("review") forbid (principal, action, resource);
           @id("d") @reason("") forbid (principal, action, resource);
           @id("e") @reason("x") permit (principal, action, resource);
           @id("f") permit (principal == ?principal, action, resource);"#,
    );
    let file = || "test.cedar".to_owned();
    for fault in [
        PolicyFault::NoId { file: file() },
        PolicyFault::SameId {
            file: file(),
            id: "a".into(),
        },
        PolicyFault::Obligation {
            id: "a".into(),
            word: "reveiw".into(),
        },
        PolicyFault::Annotation {
            id: "b".into(),
            key: "obligations".into(),
        },
        PolicyFault::Annotation {
            id: "c".into(),
            key: "obligation".into(),
        },
        PolicyFault::Reason { id: "d".into() },
        PolicyFault::Annotation {
            id: "e".into(),
            key: "reason".into(),
        },
        PolicyFault::Template { file: file() },
    ] {
        assert!(one.contains(&fault), "{fault} not in {one:?}");
    }
    assert!(matches!(
        faults("permit (").as_slice(),
        [PolicyFault::Syntax { .. }]
    ));
}

#[test]
fn a_schema_that_lacks_what_the_gateway_says_is_refused() {
    for schema in ["", "entity Institution", "entity Institution;"] {
        let error = PolicySet::parse(&[], schema, CREDIT).unwrap_err();
        assert!(matches!(
            error.faults.as_slice(),
            [PolicyFault::Schema { .. }, ..]
        ));
    }
}

#[test]
fn names_and_sizes_are_checked() {
    let text = String::new;
    for name in ["", "a b", "a\nb", "../x/y", SCHEMA_NAME] {
        let error = PolicySet::parse(&[(name.to_owned(), text())], SCHEMA, CREDIT).unwrap_err();
        assert_eq!(error.faults, [PolicyFault::Name(name.to_owned())]);
    }
    let twice = [("a".to_owned(), text()), ("a".to_owned(), text())];
    assert!(PolicySet::parse(&twice, SCHEMA, CREDIT).is_err());
    let long = [("a".to_owned(), format!("//{}", "x".repeat(60_000)))];
    let error = PolicySet::parse(&long, SCHEMA, CREDIT).unwrap_err();
    assert!(matches!(
        error.faults.as_slice(),
        [PolicyFault::TooLong { .. }]
    ));
}

/// The hot path does not check requests against the schema; this test does, for every shape.
#[test]
fn every_request_conforms_to_the_schema() {
    let ledger = Ledger::new();
    let policy = ledger.state.policy().unwrap();
    for verb in [Verb::Store, Verb::Query, Verb::Retrieve] {
        for purpose in Purpose::ALL {
            for base in [pull(), acquisition()] {
                for (bare, proof) in [
                    (false, UserProof::None),
                    (false, UserProof::Passcode),
                    (false, UserProof::Token),
                    (true, UserProof::None),
                ] {
                    let full = Request {
                        verb,
                        purpose,
                        user: Some(User {
                            name: "dr".into(),
                            proof,
                        }),
                        ..base.clone()
                    };
                    let request = Request {
                        user: full.user.clone().filter(|_| !bare),
                        study: full.study.clone().filter(|_| !bare),
                        patient: full.patient.filter(|_| !bare),
                        ..full
                    };
                    conforms(&ledger, policy, &request);
                }
            }
        }
    }
}

fn conforms(ledger: &Ledger, policy: &PolicySet, request: &Request) {
    let facts = Facts::gather(&ledger.state, &slug("st-anna"), request);
    let scope = policy.scopes[&request.action()].with_everything();
    let question = policy.question(request, &facts, &scope).unwrap();
    let checked = cedar_policy::Request::new(
        question.principal().unwrap().clone(),
        question.action().unwrap().clone(),
        question.resource().unwrap().clone(),
        question.context().unwrap().clone(),
        Some(&policy.schema),
    );
    assert!(checked.is_ok(), "{request:?}: {}", checked.unwrap_err());
}

/// Rules of every shape of scope, with conditions that hold, do not, or err.
const SCOPES: &str = r#"
@id("any") permit (principal, action, resource) when { context.tls };
@id("one") forbid (principal, action == Action::"CareStore", resource) when { context.mutual_tls };
@id("group") permit (principal, action in Action::"Research", resource);
@id("groups") forbid (principal, action in [Action::"Care", Action::"ResearchQuery"], resource)
    when { context.score < 500 };
@id("verb") permit (principal, action in Action::"Retrieve", resource == Institution::"st-anna");
@id("who") forbid (principal == Institution::"hill", action in Action::"Store", resource);
@id("is") permit (principal is Institution, action, resource in Institution::"hill");
@id("errs") forbid (principal == Institution::"lakeside", action in Action::"SelfService", resource)
    when { context.standing * 9223372036854775807 > 0 };
@id("all-err") permit (principal, action in Action::"Operations", resource)
    when { context.score * 9223372036854775807 > 0 };
"#;

fn any_party() -> impl Strategy<Value = crate::contract::InstitutionSlug> {
    select(vec!["st-anna", "lakeside", "hill"]).prop_map(slug)
}

fn any_study() -> impl Strategy<Value = StudyFacts> {
    let modality = select(vec!["CT", "MR", "US"]).prop_map(str::to_owned);
    let date = option::of((20_000..20_600_i32).prop_map(Day));
    (btree_set(modality, 0..3), date).prop_map(|(modalities, date)| StudyFacts {
        modalities,
        date,
        uid_digest: Sha256::of(&[b"study"]),
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    let verb = select(vec![Verb::Store, Verb::Query, Verb::Retrieve]);
    let what = (verb, select(Purpose::ALL.to_vec()), any::<bool>());
    let parties = (any_party(), any_party(), any_party());
    let study = option::of(any_study());
    let facts = (study, any::<[bool; 4]>());
    (what, parties, facts).prop_map(|(what, parties, (study, [patient, tls, mutual, known]))| {
        Request {
            verb: what.0,
            purpose: what.1,
            question: what.2,
            requester: parties.0,
            custodian: parties.1,
            recipient: parties.2,
            patient: pull().patient.filter(|_| patient),
            study,
            transport: TransportFacts {
                tls,
                mutual,
                address_checked: known,
                certificate: None,
            },
            ..pull()
        }
    })
}

proptest! {
    /// What the rules left out would have said is nothing.
    #[test]
    fn rules_chosen_by_action_answer_as_all_of_them_do(
        request in any_request(), scores in any::<[u16; 3]>(), consent in any::<[bool; 4]>(),
    ) {
        static POLICIES: std::sync::LazyLock<[PolicySet; 2]> = std::sync::LazyLock::new(|| {
            let scopes = vec![("scopes.cedar".to_owned(), SCOPES.to_owned())];
            let all = [default_files(), scopes.clone()].concat();
            [scopes, all].map(|files| PolicySet::parse(&files, SCHEMA, CREDIT).unwrap())
        });
        let state = crate::contract::State::new();
        let mut facts = Facts::gather(&state, &slug("st-anna"), &request);
        [facts.requester_score, facts.recipient_score, facts.score] = scores.map(|n| n % 1001);
        facts.granted = vec![crate::contract::ConsentId(2); usize::from(consent[0])];
        [_, facts.denied, facts.names_institution, facts.names_institution_and_study] = consent;
        for policy in POLICIES.iter() {
            let scope = &policy.scopes[&request.action()];
            let question = policy
                .question(&request, &facts, &scope.with_everything())
                .unwrap();
            let whole = policy.answer(&question, &policy.policies);
            let chosen = policy.evaluate(&request, &facts);
            let ids = |answer: &Evaluation<'_>| -> BTreeSet<String> {
                answer.reasons.iter().map(|(id, _)| (*id).to_owned()).collect()
            };
            prop_assert_eq!(chosen.allowed, whole.allowed);
            prop_assert_eq!(ids(&chosen), ids(&whole));
            prop_assert_eq!(chosen.errors, whole.errors);
        }
    }
}
