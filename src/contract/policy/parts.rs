//! A set of policies as people write it: files, rules, and where in them something stands.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use cedar_policy::Effect;
use cedar_policy::PolicyId;

use super::CREDIT_NAME;
use super::PolicyError;
use super::PolicyFault;
use super::PolicySet;
use super::Remark;
use super::SCHEMA_NAME;
use crate::contract::decision::Obligation;

/// A file of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Its name, such as `10-permits.cedar`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The files of a set of policies. Nothing is known of what they say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyParts {
    /// The text of `schema.cedarschema`.
    pub schema: String,
    /// The text of `credit.toml`.
    pub credit: String,
    /// The files of rules, by rising name.
    pub rules: Vec<RuleFile>,
}

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// The file; `None`: the set as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The `@id` of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The line in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// A rule as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// Its `@id`.
    pub id: String,
    /// It forbids; else it permits.
    pub forbids: bool,
    /// Its `@description`.
    pub description: Option<String>,
    /// Its `@reason`.
    pub reason: Option<String>,
    /// Its `@obligation`s.
    pub obligations: Vec<Obligation>,
    /// All of it, as it was written.
    pub text: String,
}

impl PolicyParts {
    /// Takes a canonical text apart; `None`: it is not laid out as one.
    pub fn of(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (head, after) = rest.split_once('\n')?;
            let (name, length) = head.split_once(' ')?;
            let (part, after) = after.split_at_checked(length.parse().ok()?)?;
            parts.push((name, part));
            rest = after.strip_prefix('\n')?;
        }
        let [(SCHEMA_NAME, schema), (CREDIT_NAME, credit), policies @ ..] = parts.as_slice() else {
            return None;
        };
        let rules = policies.iter().map(|(name, text)| RuleFile {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        });
        Some(Self {
            schema: (*schema).to_owned(),
            credit: (*credit).to_owned(),
            rules: rules.collect(),
        })
    }

    /// Checks them.
    ///
    /// # Errors
    /// As [`PolicySet::parse`].
    pub fn parse(&self) -> Result<PolicySet, PolicyError> {
        let rules = self.rules.iter();
        let rules: Vec<_> = rules
            .map(|file| (file.name.clone(), file.text.clone()))
            .collect();
        PolicySet::parse(&rules, &self.schema, &self.credit)
    }

    /// Every file with its name, in the order of the canonical text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let first = [
            (SCHEMA_NAME, self.schema.as_str()),
            (CREDIT_NAME, self.credit.as_str()),
        ];
        let rules = self.rules.iter();
        first
            .into_iter()
            .chain(rules.map(|file| (file.name.as_str(), file.text.as_str())))
    }

    /// Where the rule with this `@id` stands.
    pub fn place_of(&self, id: &str) -> Place {
        let annotation = format!("@id({id:?})");
        let found = self.rules.iter().find_map(|file| {
            let mut lines = file.text.lines().zip(1..);
            let (_, line) = lines.find(|(line, _)| line.contains(&annotation))?;
            Some((file.name.clone(), line))
        });
        let (file, line) = found.unzip();
        Place {
            file,
            rule: Some(id.to_owned()),
            line,
        }
    }

    /// Where a fault is.
    pub fn place_of_fault(&self, fault: &PolicyFault) -> Place {
        let at = |file: &str, line: Option<usize>| Place {
            file: Some(file.to_owned()),
            rule: None,
            line,
        };
        match fault {
            PolicyFault::TooLong { .. } | PolicyFault::NotCanonical => Place::default(),
            PolicyFault::Parameters(_) => at(CREDIT_NAME, None),
            PolicyFault::Schema { line, .. } => at(SCHEMA_NAME, *line),
            PolicyFault::Syntax { file, line, .. } => at(file, *line),
            PolicyFault::Name(file)
            | PolicyFault::Template { file }
            | PolicyFault::NoId { file } => at(file, None),
            PolicyFault::SameId { file, id } => Place {
                file: Some(file.clone()),
                rule: Some(id.clone()),
                line: None,
            },
            PolicyFault::Annotation { id, .. }
            | PolicyFault::Obligation { id, .. }
            | PolicyFault::Reason { id }
            | PolicyFault::Validation { id, .. } => self.place_of(id),
        }
    }

    /// Where a doubtful rule stands.
    pub fn place_of_remark(&self, remark: &Remark) -> Place {
        self.place_of(&remark.id)
    }
}

impl PolicySet {
    /// The files that it was read from.
    pub fn parts(&self) -> PolicyParts {
        PolicyParts::of(&self.text).unwrap_or_default()
    }

    /// Its rules, by rising id.
    pub fn rules(&self) -> impl Iterator<Item = RuleText> {
        self.notes.iter().filter_map(|(id, notes)| {
            let rule = self.policies.policy(&PolicyId::new(id))?;
            Some(RuleText {
                id: id.clone(),
                forbids: rule.effect() == Effect::Forbid,
                description: notes.description.clone(),
                reason: notes.reason.clone(),
                obligations: notes.obligations.iter().copied().collect(),
                text: rule.to_string(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fixtures::CREDIT;
    use crate::contract::fixtures::SCHEMA;
    use crate::contract::fixtures::default_files;

    fn parts(rules: &str) -> PolicyParts {
        PolicyParts {
            schema: SCHEMA.to_owned(),
            credit: CREDIT.to_owned(),
            rules: vec![RuleFile {
                name: "test.cedar".to_owned(),
                text: rules.to_owned(),
            }],
        }
    }

    /// The lines of the faults that are found.
    fn lines(parts: &PolicyParts) -> Vec<Option<usize>> {
        let faults = parts.parse().unwrap_err().faults;
        let places = faults.iter().map(|fault| parts.place_of_fault(fault));
        places.map(|place| place.line).collect()
    }

    #[test]
    fn the_parts_of_a_set_make_the_same_set() {
        let set = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
        assert_eq!(set.parts().parse().unwrap(), set);
        assert_eq!(set.parts().files().count(), default_files().len() + 2);
    }

    #[test]
    fn a_fault_is_found_in_its_line() {
        let rules = "// nothing\n\npermit (principal, action resource);\n";
        assert_eq!(lines(&parts(rules)), [Some(3)]);
        let rules =
            "\n@id(\"x\")\npermit (principal, action, resource)\nwhen { context.scroe > 3 };";
        // Once for each kind of request that the rule is about.
        let found = lines(&parts(rules));
        assert!(!found.is_empty() && found.iter().all(|line| *line == Some(2)));
        let mut schema = parts("");
        schema.schema.push_str("\nentity;\n");
        let line = SCHEMA.lines().count() + 2;
        assert_eq!(lines(&schema), [Some(line)]);
    }

    #[test]
    fn every_rule_is_told_with_its_own_words() {
        let set = PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap();
        let rules: Vec<RuleText> = set.rules().collect();
        assert_eq!(rules.len(), set.ids().count());
        for rule in &rules {
            assert!(
                rule.text.contains(&format!("@id({:?})", rule.id)),
                "{}",
                rule.text
            );
            let place = set.parts().place_of(&rule.id);
            assert!(place.file.is_some() && place.line.is_some(), "{}", rule.id);
        }
    }
}
