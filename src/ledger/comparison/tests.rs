use super::*;
use crate::contract::Verdict;
use crate::ledger::fixtures::Scribe;
use crate::ledger::fixtures::founding;
use crate::ledger::fixtures::own;
use crate::ledger::fixtures::request;

fn genesis() -> Body {
    Body::Genesis {
        institution: own(),
        log_origin: "st-anna.example/ledger".to_owned(),
        key: "st-anna.example/ledger+00000000+AA==".to_owned(),
        statement_key: "st-anna.example/ledger+00000000+AA==".to_owned(),
        created: UtcMicros(1_770_000_000_000_000),
    }
}

/// A ledger that is compared as it is written.
struct Books {
    scribe: Scribe,
    comparison: Comparison,
}

impl Books {
    fn begun() -> Self {
        let mut books = Self {
            scribe: Scribe::new(),
            comparison: Comparison::new(),
        };
        for body in std::iter::once(genesis()).chain(founding()) {
            assert_eq!(books.say(body), []);
        }
        books
    }

    fn say(&mut self, body: Body) -> Vec<Finding> {
        let event = self.scribe.signed(body);
        let line = self.scribe.write(event, None).unwrap().line;
        self.comparison.push(&line).unwrap()
    }

    /// Records what the contract says, changed.
    fn decide(&mut self, change: impl FnOnce(&mut Decision)) -> Vec<Finding> {
        self.comparison.state.settle_root();
        let mut decision = decide(&self.comparison.state, &request());
        change(&mut decision);
        self.say(Body::Decision {
            request: Box::new(request()),
            decision: Box::new(decision),
        })
    }
}

fn only_difference(findings: &[Finding]) -> &Difference {
    match findings {
        [Finding::Different(difference)] => difference,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ledger_as_it_was_written_has_no_differences() {
    let mut books = Books::begun();
    assert_eq!(books.decide(|_| {}), []);
    assert_eq!(books.decide(|decision| decision.observed = true), []);
    let expected = Compared {
        entries: 5,
        decisions: 2,
        same: 2,
        ..Compared::default()
    };
    assert_eq!(*books.comparison.counts(), expected);
    assert!(expected.is_clean());
}

#[test]
fn every_difference_is_told_and_none_ends_the_comparison() {
    let mut books = Books::begun();
    let findings = books.decide(|decision| {
        decision.verdict = Verdict::Deny;
        decision.short_reason = "no".to_owned();
    });
    let difference = only_difference(&findings);
    assert_eq!((difference.entry, difference.class), (3, Class::Different));
    assert_eq!(difference.members(), ["short_reason", "verdict"]);
    assert_eq!(difference.recorded.verdict, Verdict::Deny);
    assert_eq!(difference.reached.verdict, Verdict::Permit);
    assert_eq!(books.decide(|_| {}), []);
    let findings = books.decide(|decision| decision.recipient_score += 1);
    assert_eq!(only_difference(&findings).members(), ["recipient_score"]);
    let counts = books.comparison.counts();
    assert_eq!((counts.same, counts.different), (1, 2));
    assert!(!counts.is_clean());
}

#[test]
fn what_another_version_reached_is_compared_by_its_answer() {
    let mut books = Books::begun();
    let other = |decision: &mut Decision| {
        decision.contract_version += 1;
        decision.state_root = crate::digest::Sha256::ZERO;
    };
    assert_eq!(books.decide(other), []);
    assert_eq!(books.decide(|decision| decision.engine.push('0')), []);
    assert!(books.comparison.counts().is_clean());
    let findings = books.decide(|decision| {
        other(decision);
        decision.reasons.clear();
    });
    let difference = only_difference(&findings);
    assert_eq!(difference.class, Class::OtherVersionDifferent);
    let counts = books.comparison.counts();
    assert_eq!(
        (counts.other_version_same, counts.other_version_different),
        (2, 1)
    );
    assert_eq!((counts.same, counts.different), (0, 0));
}

#[test]
fn an_event_that_the_contract_does_not_take_is_told() {
    let mut books = Books::begun();
    let findings = books.say(genesis());
    assert!(matches!(
        findings.as_slice(),
        [Finding::Rejected { entry: 3, .. }]
    ));
    assert_eq!(books.decide(|_| {}), []);
    assert!(!books.comparison.counts().is_clean());
}

#[test]
fn a_line_that_is_no_entry_ends_the_comparison_and_is_named() {
    let mut books = Books::begun();
    let damage = books.comparison.push("{}").unwrap_err();
    assert_eq!(damage.entry, 3);
    assert!(matches!(damage.harm, Harm::Unreadable(_)));
}
