//! Other policies put to what was asked before.

use super::PolicySet;
use crate::contract::body::Body;
use crate::contract::decide::decide_by;
use crate::contract::decision::Decision;
use crate::contract::decision::Verdict;
use crate::contract::event::Event;
use crate::contract::state::Applied;
use crate::contract::state::Rejection;
use crate::contract::state::State;

/// Folds a ledger, and asks other policies what was asked: with the consents and scores as they
/// were then, and with those that followed from what was decided then.
#[derive(Debug)]
pub struct Backtest<'a> {
    state: State,
    policy: &'a PolicySet,
}

/// How two answers to one request differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// The same verdict, reason and obligations.
    Same,
    /// Refused instead of permitted.
    Refused,
    /// Permitted instead of refused.
    Permitted,
    /// The same verdict for another reason, or with other obligations.
    Otherwise,
}

impl<'a> Backtest<'a> {
    /// Before the first event.
    pub fn new(policy: &'a PolicySet) -> Self {
        Self {
            state: State::new(),
            policy,
        }
    }

    /// After the events that `state` is the fold of.
    pub const fn after(state: State, policy: &'a PolicySet) -> Self {
        Self { state, policy }
    }

    /// Takes the next event; for a decision, what the other policies would have said.
    ///
    /// # Errors
    /// When the contract does not take the event.
    pub fn push(&mut self, at: Applied, event: &Event) -> Result<Option<Decision>, Rejection> {
        let other = match &event.body {
            Body::Decision { request, decision } => Some(Decision {
                observed: decision.observed,
                ..decide_by(&self.state, Some(self.policy), request)
            }),
            _ => None,
        };
        self.state.apply(at, event)?;
        Ok(other)
    }
}

impl Contrast {
    /// Compares what was recorded with another answer. Names of rules do not count: a rule may be
    /// called otherwise and say the same.
    pub fn of(recorded: &Decision, other: &Decision) -> Self {
        match (recorded.verdict, other.verdict) {
            (Verdict::Permit, Verdict::Deny) => Self::Refused,
            (Verdict::Deny, Verdict::Permit) => Self::Permitted,
            (Verdict::Permit, Verdict::Permit) | (Verdict::Deny, Verdict::Deny) => {
                if recorded.short_reason == other.short_reason
                    && recorded.obligations == other.obligations
                    && recorded.errors == other.errors
                {
                    Self::Same
                } else {
                    Self::Otherwise
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fixtures::CREDIT;
    use crate::contract::fixtures::Ledger;
    use crate::contract::fixtures::SCHEMA;
    use crate::contract::fixtures::acquisition;
    use crate::contract::fixtures::default_files;
    use crate::contract::fixtures::grant;
    use crate::contract::fixtures::pull;
    use crate::contract::fixtures::with_rule;

    /// What other policies would have said to each decision of a ledger, and to those only.
    fn contrasts(ledger: &Ledger, policy: &PolicySet) -> Vec<Contrast> {
        let mut backtest = Backtest::new(policy);
        let mut contrasts = Vec::new();
        for (at, event) in &ledger.events {
            let other = backtest.push(*at, event).unwrap();
            match (&event.body, other) {
                (Body::Decision { decision, .. }, Some(other)) => {
                    contrasts.push(Contrast::of(decision, &other));
                }
                (Body::Decision { .. }, None) => panic!("a decision was not asked again"),
                (_, other) => assert_eq!(other, None),
            }
        }
        contrasts
    }

    /// A refusal for want of consent, a permit by consent, and one at home.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new();
        let ask = |ledger: &mut Ledger, request| {
            let decision = Box::new(ledger.decide(&request));
            let request = Box::new(request);
            ledger.say(Body::Decision { request, decision });
        };
        ask(&mut ledger, pull());
        ledger.consent(grant());
        ask(&mut ledger, pull());
        ask(&mut ledger, acquisition());
        ledger
    }

    #[test]
    fn the_same_policies_say_the_same() {
        let policy = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
        assert_eq!(contrasts(&ledger(), &policy), [Contrast::Same; 3]);
    }

    #[test]
    fn other_policies_differ_where_they_speak() {
        let stricter = with_rule(
            r#"@id("x") @reason("encrypted transport required")
               forbid (principal, action, resource) when { !context.within && !context.tls };"#,
        );
        let expected = [Contrast::Otherwise, Contrast::Refused, Contrast::Same];
        assert_eq!(contrasts(&ledger(), &stricter), expected);
        let wider = with_rule(r#"@id("x") permit (principal, action, resource);"#);
        let expected = [Contrast::Permitted, Contrast::Same, Contrast::Same];
        assert_eq!(contrasts(&ledger(), &wider), expected);
        let noting =
            with_rule(r#"@id("x") @obligation("notify") permit (principal, action, resource);"#);
        let expected = [
            Contrast::Permitted,
            Contrast::Otherwise,
            Contrast::Otherwise,
        ];
        assert_eq!(contrasts(&ledger(), &noting), expected);
    }

    #[test]
    fn other_parameters_count_where_they_are_looked_at() {
        let credit = CREDIT.replacen("overrides_denial = true", "overrides_denial = false", 1);
        assert_ne!(credit, CREDIT);
        let policy = PolicySet::parse(&default_files(), SCHEMA, &credit).unwrap();
        let mut ledger = ledger();
        ledger.consent(crate::contract::Consent {
            effect: crate::contract::Effect::Deny,
            purposes: crate::contract::Purpose::ALL.into(),
            ..grant()
        });
        let emergency = crate::contract::Request {
            purpose: crate::contract::Purpose::Emergency,
            ..pull()
        };
        let decision = Box::new(ledger.decide(&emergency));
        assert_eq!(decision.verdict, Verdict::Permit);
        let request = Box::new(emergency);
        ledger.say(Body::Decision { request, decision });
        assert_eq!(contrasts(&ledger, &policy)[3], Contrast::Refused);
    }
}
