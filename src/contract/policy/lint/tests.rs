use super::*;
use crate::contract::fixtures::CREDIT;
use crate::contract::fixtures::SCHEMA;
use crate::contract::fixtures::default_files;

fn remarks(rule: &str) -> Vec<Remark> {
    let files = [("test.cedar".to_owned(), rule.to_owned())];
    PolicySet::parse(&files, SCHEMA, CREDIT).unwrap().lint()
}

/// What is said of `forbid (principal, action, resource) when { <condition> };`.
fn of_forbid(condition: &str) -> Vec<RemarkKind> {
    let rule = format!(r#"@id("x") forbid (principal, action, resource) when {{ {condition} }};"#);
    remarks(&rule)
        .into_iter()
        .map(|remark| remark.kind)
        .collect()
}

fn failing(condition: &str) -> Vec<String> {
    let kinds = of_forbid(condition).into_iter();
    let operations = kinds.filter_map(|kind| match kind {
        RemarkKind::MayFail { operation, .. } => Some(operation),
        RemarkKind::NeverMatched { .. } | RemarkKind::Unmeetable { .. } => None,
    });
    operations.collect()
}

#[test]
fn nothing_is_doubtful_about_the_policies_as_delivered() {
    let policies = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
    assert_eq!(policies.lint(), []);
}

#[test]
fn arithmetic_that_can_overflow_is_told() {
    for (condition, operation) in [
        (
            "context.score * 9223372036854775807 > 0",
            "context.score * 9223372036854775807",
        ),
        (
            "9223372036854775807 + context.requester_score > 0",
            "9223372036854775807 + context.requester_score",
        ),
        (
            "-9223372036854775807 - context.score < 0",
            "-9223372036854775807 - context.score",
        ),
        (
            "context has study_age_days && context.study_age_days * 4000000000 > 5",
            "context.study_age_days * 4000000000",
        ),
        (
            "(if context.tls then 9223372036854775807 else 1) + 1 > 0",
            "(if-then-else ...) + 1",
        ),
    ] {
        assert_eq!(failing(condition), [operation], "{condition}");
    }
}

#[test]
fn arithmetic_within_the_facts_bounds_is_in_order() {
    for condition in [
        "context.score + 50 > 500",
        "2 * context.score - context.requester_score < -3",
        "context has study_age_days && context.study_age_days > 10 * 365",
        "(if context.tls then context.score else 0) * 1000000 > 5",
        "-context.score < -400",
    ] {
        assert_eq!(of_forbid(condition), [], "{condition}");
    }
}

#[test]
fn functions_that_can_fail_are_told() {
    let condition = r#"datetime("2026-01-01").offset(duration("1d")) > datetime("2020-01-01")"#;
    assert_eq!(failing(condition).len(), 1);
    let literal = r#"ip("10.0.0.1").isInRange(ip("10.0.0.0/8")) && context.tls"#;
    assert_eq!(failing(literal), [""; 0]);
    // The strict validator refuses these by itself; here the form alone is looked at.
    let rule = "forbid (principal, action, resource) when { ip(context.user).isLoopback() };";
    let set: cedar_policy::PolicySet = rule.parse().unwrap();
    let form = set.policies().next().unwrap().to_json().unwrap();
    let found = arithmetic::operations_that_may_fail(&form);
    assert_eq!(found, ["ip(context.user)"]);
}

#[test]
fn a_forbid_that_can_fail_is_a_fault_and_a_permit_a_warning() {
    for (effect, fault) in [("forbid", true), ("permit", false)] {
        let rule = format!(
            r#"@id("x") {effect} (principal, action, resource)
               when {{ context.score * 9223372036854775807 > 0 || context.tls }};"#
        );
        let remarks = remarks(&rule);
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert_eq!(remarks[0].is_fault(), fault);
        assert!(remarks[0].to_string().contains("context.score * 9223"));
    }
}

#[test]
fn a_rule_that_contradicts_itself_matches_nothing() {
    for condition in [
        "context.score > 700 && context.score < 500",
        "context.within && !context.requester_own",
        r#"context.purpose == "TREATEMENT""#,
        "context.score > 1000",
        "context has user && context has user_claimed",
        r#"context has user && context.user_proof == "none""#,
        r#"context.question && context.purpose == "TREATMENT" && action in Action::"Store""#,
    ] {
        assert!(
            matches!(of_forbid(condition).as_slice(), [RemarkKind::NeverMatched { requests }] if *requests > 0),
            "{condition}: {:?}",
            of_forbid(condition)
        );
    }
}

#[test]
fn narrow_rules_are_matched() {
    for condition in [
        "context.score == 449 && context.tls && !context.mutual_tls && context.question",
        "context.requester_score == 451 && context.recipient_score == 701",
        r#"context.modalities.containsAll(["US", "XA"])"#,
        r#"context.modalities == ["US"]"#,
        r#"context.requester_ae like "HILL*" && context.recipient_ae == "ARCHIVE""#,
        r#"context has user && context.user like "dr.*@hill.example""#,
        r#"context has user_claimed && context.user_claimed == "dr.hill" && !(context has user)"#,
        r#"context has user && context.user == "dr.hill" && context.user_proof == "token""#,
        r#"context.user_proof == "none" && !(context has user_claimed)"#,
        "context has study_age_days && context.study_age_days == 3651",
        "!(context has study_age_days) && context.consent.denied",
        r#"context.recipient == Institution::"hill-clinic" && principal == Institution::"lakeside""#,
        "context == context && !context.has_patient",
        "context.break_glass.patients == 1234 && !context.break_glass.overrides_denial",
    ] {
        assert_eq!(of_forbid(condition), [], "{condition}");
    }
}

#[test]
fn a_permit_on_what_cannot_be_done_is_a_warning() {
    let rule = r#"@id("x") @obligation("review deidentify") permit (principal, action, resource);"#;
    let remarks = remarks(rule);
    let obligation = Obligation::Deidentify;
    assert_eq!(remarks.len(), 1);
    assert_eq!(remarks[0].kind, RemarkKind::Unmeetable { obligation });
    assert!(!remarks[0].is_fault());
}
