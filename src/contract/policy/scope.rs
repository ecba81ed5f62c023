//! Which rules can speak of an action at all, found out once and not at each request.
//!
//! A rule of which the action is out of scope is not satisfied, whatever its conditions say, and
//! cannot err: the engine looks at the scope first (principal, action, resource; none of these can
//! fail) and then no further. To leave such a rule out changes no answer.

use std::collections::BTreeMap;

use cedar_policy::ActionConstraint;
use cedar_policy::Entities;
use cedar_policy::EntityUid;
use cedar_policy::Schema;

use super::PolicyError;
use super::PolicyFault;
use super::form::Reads;
use crate::contract::request::Action;

/// An action in the engine's terms, and the rules whose scope admits it.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) action: EntityUid,
    pub(super) policies: cedar_policy::PolicySet,
    /// What these rules can read: other facts need not be put to the engine.
    pub(super) reads: Reads,
}

/// For every action of the gateway, its rules among `policies`. `entities` are the actions and
/// their groups.
///
/// # Errors
/// When the schema lacks an action.
pub(super) fn by_action(
    policies: &cedar_policy::PolicySet,
    schema: &Schema,
    entities: &Entities,
) -> Result<BTreeMap<Action, Scope>, PolicyError> {
    let wrong = |message: String| PolicyError {
        faults: vec![PolicyFault::Schema {
            line: None,
            message,
        }],
    };
    let mut scopes = BTreeMap::new();
    for action in Action::ALL {
        let name = action.as_str();
        let uid = format!("Action::\"{name}\"").parse::<EntityUid>();
        let uid = uid.map_err(|error| wrong(error.to_string()))?;
        if !schema.actions().any(|known| *known == uid) {
            return Err(wrong(format!("action {name} is missing")));
        }
        let theirs = policies
            .policies()
            .filter(|policy| admits(policy, &uid, entities));
        let theirs = cedar_policy::PolicySet::from_policies(theirs.cloned());
        let policies = theirs.map_err(|error| wrong(error.to_string()))?;
        let reads = Reads::of(policies.policies());
        let scope = Scope {
            action: uid,
            policies,
            reads,
        };
        scopes.insert(action, scope);
    }
    Ok(scopes)
}

/// Whether the action is in the rule's scope.
fn admits(policy: &cedar_policy::Policy, action: &EntityUid, entities: &Entities) -> bool {
    let within = |group: &EntityUid| group == action || entities.is_ancestor_of(group, action);
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *action,
        ActionConstraint::In(groups) => groups.iter().any(within),
    }
}

#[cfg(test)]
impl Scope {
    /// The same, with every fact put to the engine.
    pub(super) fn with_everything(&self) -> Self {
        Self {
            reads: Reads::everything(),
            ..self.clone()
        }
    }
}
