//! What is doubtful about a set of policies that parses and fits its schema.

use std::fmt;

use cedar_policy::Effect;

use super::PolicySet;
use crate::contract::decision::Obligation;

mod arithmetic;
mod grid;

/// Something doubtful about one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The rule's `@id`.
    pub id: String,
    /// What it is.
    pub kind: RemarkKind,
}

/// What can be doubtful about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemarkKind {
    /// Its evaluation can fail. The engine skips a rule that fails, also one that forbids; here a
    /// failure is a refusal of whatever was asked, also of what has nothing to do with the rule.
    MayFail {
        /// The rule forbids: what should stop some requests would stop all.
        forbids: bool,
        /// Where: `context.score * 9223372036854775807`, such as.
        operation: String,
    },
    /// It matched no request that the check could think of.
    NeverMatched {
        /// How many were tried.
        requests: usize,
    },
    /// It permits only on a condition that this version cannot meet: a refusal in effect.
    Unmeetable {
        /// The condition.
        obligation: Obligation,
    },
}

impl Remark {
    /// Whether the rules must not be activated so; else it is a warning.
    pub const fn is_fault(&self) -> bool {
        matches!(self.kind, RemarkKind::MayFail { forbids: true, .. })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match &self.kind {
            RemarkKind::MayFail { operation, .. } => write!(
                f,
                "{id}: {operation} can fail (beyond 64 bits, or no such value); a rule that fails \
                 refuses every request of its actions"
            ),
            RemarkKind::NeverMatched { requests } => {
                write!(f, "{id}: matched none of {requests} made-up requests")
            }
            RemarkKind::Unmeetable { obligation } => write!(
                f,
                "{id}: this version cannot {obligation}, so what the rule permits is refused"
            ),
        }
    }
}

impl PolicySet {
    /// Looks for rules that can fail, that never match, or that permit what cannot be done; by
    /// rising id. Takes up to a second.
    pub fn lint(&self) -> Vec<Remark> {
        let mut rules: Vec<&cedar_policy::Policy> = self.policies.policies().collect();
        rules.sort_unstable_by_key(|rule| rule.id());
        let mut remarks = Vec::new();
        for rule in rules {
            let id: &str = rule.id().as_ref();
            let kinds = self.remarks_on(rule);
            remarks.extend(kinds.into_iter().map(|kind| Remark {
                id: id.to_owned(),
                kind,
            }));
        }
        remarks
    }

    fn remarks_on(&self, rule: &cedar_policy::Policy) -> Vec<RemarkKind> {
        // A rule without JSON form cannot have been parsed from text.
        let Ok(form) = rule.to_json() else {
            return Vec::new();
        };
        let forbids = rule.effect() == Effect::Forbid;
        let failing = arithmetic::operations_that_may_fail(&form);
        let mut kinds: Vec<RemarkKind> = failing
            .into_iter()
            .map(|operation| RemarkKind::MayFail { forbids, operation })
            .collect();
        let id: &str = rule.id().as_ref();
        let obligations = self.notes.get(id).map(|notes| &notes.obligations);
        for obligation in obligations.into_iter().flatten() {
            if !obligation.can_be_met() {
                kinds.push(RemarkKind::Unmeetable {
                    obligation: *obligation,
                });
            }
        }
        if let Err(requests) = self.find_match(rule, &form) {
            kinds.push(RemarkKind::NeverMatched { requests });
        }
        kinds
    }
}

#[cfg(test)]
mod tests;
