//! A rule's JSON form, as the engine gives it: what the rule reads.

use std::collections::BTreeSet;

use serde_json::Value;

/// The facts of a context that some rules can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Also the context as a whole, so that every fact counts.
    everything: bool,
    names: BTreeSet<String>,
}

impl Reads {
    /// What `policies` can read. What cannot be said of a rule counts as everything.
    pub(super) fn of<'a>(policies: impl Iterator<Item = &'a cedar_policy::Policy>) -> Self {
        let mut reads = Self::default();
        for policy in policies {
            match policy.to_json() {
                Ok(form) => reads.look(&form),
                Err(_) => reads.everything = true,
            }
        }
        reads
    }

    #[cfg(test)]
    pub(super) fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Whether they can read the fact of this name.
    pub(super) fn include(&self, name: &str) -> bool {
        self.everything || self.names.contains(name)
    }

    fn look(&mut self, form: &Value) {
        match form {
            Value::Object(members) => {
                for (operator, operands) in members {
                    match (operator.as_str(), attribute_of_context(operands)) {
                        ("." | "has", Some(name)) => {
                            self.names.insert(name.to_owned());
                        }
                        ("Var", _) if operands == "context" => self.everything = true,
                        _ => self.look(operands),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The attribute, where the operands of `.` or `has` are the context and an attribute's name. Any
/// other form of them is looked into, and what it says of the context as a whole is found there.
fn attribute_of_context(operands: &Value) -> Option<&str> {
    let left = operands.get("left")?.get("Var")?;
    let attribute = operands.get("attr")?;
    (left == "context").then(|| attribute.as_str()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(conditions: &str) -> Reads {
        let rule = format!("permit (principal, action, resource) {conditions};");
        let set: cedar_policy::PolicySet = rule.parse().unwrap();
        Reads::of(set.policies())
    }

    fn names(conditions: &str) -> Vec<String> {
        let reads = reads(conditions);
        assert!(!reads.everything, "{conditions}");
        reads.names.into_iter().collect()
    }

    #[test]
    fn a_rule_reads_the_facts_that_it_names() {
        assert_eq!(names(""), [""; 0]);
        assert_eq!(
            names(
                "when { context.within && !context.consent.granted } unless { 3 < context.score + 1 }"
            ),
            ["consent", "score", "within"]
        );
        assert_eq!(
            names(r#"when { context has user && context["user"] == "context" }"#),
            ["user"]
        );
        assert_eq!(
            names(r#"when { [context.purpose, "x"].contains(if context.tls then "x" else "y") }"#),
            ["purpose", "tls"]
        );
        assert_eq!(names(r#"when { { a: context.score }.a > 3 }"#), ["score"]);
    }

    #[test]
    fn a_rule_that_speaks_of_the_whole_context_reads_everything() {
        for conditions in [
            "when { context == {} }",
            "when { context == context }",
            "when { [context].contains({ a: 1 }) }",
            "when { (if true then context else context).within }",
            "when { { a: context }.a.within }",
        ] {
            assert!(reads(conditions).include("anything"), "{conditions}");
        }
        // Several attributes at once are left to the engine.
        assert!(reads("when { context has consent.granted }").include("consent"));
    }
}
