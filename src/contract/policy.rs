//! Policies: Cedar rules under a strict schema. The one door to the engine.
//!
//! The *canonical text* holds schema, parameters and rules in one piece: for each part a line
//! `name SP length-in-bytes LF`, then the text itself, then `LF`; the schema first, under the name
//! `schema.cedarschema`, then the parameters, `credit.toml`, then the rules by rising name. Its
//! SHA-256 names the policy set.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;

use cedar_policy::Authorizer;
use cedar_policy::Effect;
use cedar_policy::Entities;
use cedar_policy::EntityTypeName;
use cedar_policy::PolicyId;
use cedar_policy::Schema;
use cedar_policy::ValidationMode;
use cedar_policy::Validator;
use miette::Diagnostic;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::contract::credit::Parameters;
use crate::contract::credit::ParametersError;
use crate::contract::decision::Obligation;
use crate::contract::decision::SHORT_REASON_CHARACTERS_MAX;
use crate::contract::request::Action;
use crate::digest::Sha256;

mod backtest;
mod evaluate;
mod form;
mod lint;
mod parts;
mod scope;

pub use backtest::Backtest;
pub use backtest::Contrast;
pub(crate) use evaluate::Evaluation;
pub use lint::Remark;
pub use lint::RemarkKind;
pub use parts::Place;
pub use parts::PolicyParts;
pub use parts::RuleFile;
pub use parts::RuleText;

use scope::Scope;

/// Name of the schema within the canonical text.
pub const SCHEMA_NAME: &str = "schema.cedarschema";

/// Name of the parameters within the canonical text.
pub const CREDIT_NAME: &str = "credit.toml";

/// Bytes of the longest canonical text. Written as JSON within an entry of at most 65,535 bytes,
/// most of its line ends and quotes take two.
pub const POLICY_TEXT_BYTES_MAX: usize = 56 * 1024;

/// Characters of the longest policy id.
const POLICY_ID_CHARACTERS_MAX: usize = 64;

/// Stands in a `@reason` for the score that counted.
pub(crate) const SCORE_PLACEHOLDER: &str = "{score}";

/// Everything that is wrong with a set of policies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// Each fault by itself.
    pub faults: Vec<PolicyFault>,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with a set of policies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// A part has a name that the canonical text cannot hold, or two have the same.
    #[error("{0:?} is no name of a policy file: letters, digits, '.', '_' and '-', each name once")]
    Name(String),
    /// Too much text.
    #[error("policies, schema and parameters have {bytes} bytes, limit {POLICY_TEXT_BYTES_MAX}")]
    TooLong {
        /// How much.
        bytes: usize,
    },
    /// Not laid out as a canonical text.
    #[error("not the canonical text of a policy set")]
    NotCanonical,
    /// The parameters cannot be used.
    #[error("{CREDIT_NAME}: {0}")]
    Parameters(#[from] ParametersError),
    /// The schema cannot be read.
    #[error("schema{}: {message}", at_line(*line))]
    Schema {
        /// Where, counted from 1; `None`: the engine does not say.
        line: Option<usize>,
        /// What the engine says.
        message: String,
    },
    /// A file cannot be read as Cedar.
    #[error("{file}{}: {message}", at_line(*line))]
    Syntax {
        /// Which.
        file: String,
        /// Where, counted from 1; `None`: the engine does not say.
        line: Option<usize>,
        /// What the engine says.
        message: String,
    },
    /// A rule with a slot, which nothing would ever fill.
    #[error("{file}: templates (?principal, ?resource) are not used here")]
    Template {
        /// Which.
        file: String,
    },
    /// A rule without a usable `@id`.
    #[error("{file}: each rule needs an @id of 1 to 64 printable ASCII characters")]
    NoId {
        /// Which.
        file: String,
    },
    /// Two rules with one `@id`.
    #[error("{file}: @id({id:?}) is used twice")]
    SameId {
        /// The second file.
        file: String,
        /// The id.
        id: String,
    },
    /// An annotation that does not belong there.
    #[error(
        "{id}: @{key} is unknown there: permits take @obligation, forbids @reason, both @id and @description"
    )]
    Annotation {
        /// The rule.
        id: String,
        /// The annotation.
        key: String,
    },
    /// A word that is no obligation.
    #[error(
        "{id}: unknown obligation {word:?}; known are deidentify, review, require_tls, notify, wait_for_finality"
    )]
    Obligation {
        /// The rule.
        id: String,
        /// The word.
        word: String,
    },
    /// A reason that does not fit an Error Comment.
    #[error("{id}: @reason needs 1 to 64 printable ASCII characters without backslash")]
    Reason {
        /// The rule.
        id: String,
    },
    /// The rule does not fit the schema, or can never apply.
    #[error("{message}")]
    Validation {
        /// The rule.
        id: String,
        /// What the engine says; it names the rule.
        message: String,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

/// What a rule's annotations say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) description: Option<String>,
    pub(crate) obligations: BTreeSet<Obligation>,
    pub(crate) reason: Option<String>,
}

/// A checked set of policies, ready to decide. Two are equal when their canonical texts are.
#[derive(Clone)]
pub struct PolicySet {
    text: String,
    sha256: Sha256,
    schema_sha256: Sha256,
    parameters: Parameters,
    policies: cedar_policy::PolicySet,
    notes: BTreeMap<String, Notes>,
    authorizer: Authorizer,
    /// The actions and their groups, from the schema: all the entities there are.
    entities: Entities,
    scopes: BTreeMap<Action, Scope>,
    institution: EntityTypeName,
    #[cfg(test)]
    schema: Schema,
}

impl PolicySet {
    /// Checks `policies` (name and text of each file) against `schema`, strictly, and the
    /// parameters of `credit`.
    ///
    /// # Errors
    /// Every fault that was found.
    pub fn parse(
        policies: &[(String, String)],
        schema: &str,
        credit: &str,
    ) -> Result<Self, PolicyError> {
        let mut faults = Vec::new();
        let text = canonical_text(policies, schema, credit, &mut faults);
        let parameters = Parameters::parse(credit);
        let parameters = parameters.map_err(|error| faults.push(error.into())).ok();
        let loaded = load(policies, &mut faults);
        let (schema_sha256, schema) = (Sha256::of(&[schema.as_bytes()]), read_schema(schema));
        let schema = schema.map_err(|fault| faults.push(fault)).ok();
        if let Some(schema) = &schema {
            let validator = Validator::new(schema.clone());
            let result = validator.validate(&loaded.policies, ValidationMode::Strict);
            let errors = result
                .validation_errors()
                .map(|error| (error.policy_id().to_string(), error.to_string()));
            let warnings = result
                .validation_warnings()
                .map(|warning| (warning.policy_id().to_string(), warning.to_string()));
            let found = errors.chain(warnings);
            faults.extend(found.map(|(id, message)| PolicyFault::Validation { id, message }));
        }
        match (schema, parameters) {
            (Some(schema), Some(parameters)) if faults.is_empty() => {
                Self::ready(text, schema_sha256, &schema, parameters, loaded)
            }
            _ => Err(PolicyError { faults }),
        }
    }

    /// Reads and checks a canonical text, as a ledger entry holds it.
    ///
    /// # Errors
    /// When it is not laid out so, or for every fault of [`PolicySet::parse`].
    pub fn from_canonical(text: &str) -> Result<Self, PolicyError> {
        let parsed = match PolicyParts::of(text) {
            Some(parts) => parts.parse()?,
            None => return Err(not_canonical()),
        };
        if parsed.text == text {
            Ok(parsed)
        } else {
            Err(not_canonical())
        }
    }

    fn ready(
        text: String,
        schema_sha256: Sha256,
        schema: &Schema,
        parameters: Parameters,
        loaded: Loaded,
    ) -> Result<Self, PolicyError> {
        let wrong = |message: String| PolicyError {
            faults: vec![PolicyFault::Schema {
                line: None,
                message,
            }],
        };
        let entities = schema.action_entities();
        let entities = entities.map_err(|error| wrong(error.to_string()))?;
        let institution = "Institution".parse::<EntityTypeName>();
        Ok(Self {
            sha256: Sha256::of(&[text.as_bytes()]),
            schema_sha256,
            text,
            parameters,
            scopes: scope::by_action(&loaded.policies, schema, &entities)?,
            policies: loaded.policies,
            notes: loaded.notes,
            authorizer: Authorizer::new(),
            entities,
            institution: institution.map_err(|error| wrong(error.to_string()))?,
            #[cfg(test)]
            schema: schema.clone(),
        })
    }

    /// Digest of the canonical text: the name of this set.
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Digest of the schema's text.
    pub const fn schema_sha256(&self) -> Sha256 {
        self.schema_sha256
    }

    /// The numbers of the contract.
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Schema, parameters and policies in one text.
    pub fn canonical_text(&self) -> &str {
        &self.text
    }

    /// What the rule with this id is for, by its own words.
    pub fn description(&self, id: &str) -> Option<&str> {
        self.notes.get(id)?.description.as_deref()
    }

    /// The rule with this id, in Cedar, as it was written.
    pub fn rule(&self, id: &str) -> Option<String> {
        let rule = self.policies.policy(&PolicyId::new(id))?;
        Some(rule.to_string())
    }

    /// The ids of its rules, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.notes.keys().map(String::as_str)
    }
}

impl PartialEq for PolicySet {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for PolicySet {}

impl fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicySet({})", self.sha256)
    }
}

/// As its canonical text.
impl Serialize for PolicySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for PolicySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_canonical(&text).map_err(serde::de::Error::custom)
    }
}

fn not_canonical() -> PolicyError {
    PolicyError {
        faults: vec![PolicyFault::NotCanonical],
    }
}

fn read_schema(text: &str) -> Result<Schema, PolicyFault> {
    match Schema::from_cedarschema_str(text) {
        Ok((schema, warnings)) => {
            let warnings: Vec<String> = warnings.map(|warning| warning.to_string()).collect();
            if warnings.is_empty() {
                Ok(schema)
            } else {
                Err(PolicyFault::Schema {
                    line: None,
                    message: warnings.join("; "),
                })
            }
        }
        Err(error) => Err(PolicyFault::Schema {
            line: line_of(text, &error),
            message: chain(&error),
        }),
    }
}

/// The line that the engine points to, counted from 1.
fn line_of(text: &str, error: &dyn Diagnostic) -> Option<usize> {
    let offset = error.labels()?.next()?.offset();
    let before = text.as_bytes().get(..offset)?;
    let ends = before.iter().filter(|byte| **byte == b'\n').count();
    Some(ends.saturating_add(1))
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

fn canonical_text(
    policies: &[(String, String)],
    schema: &str,
    credit: &str,
    faults: &mut Vec<PolicyFault>,
) -> String {
    let mut parts = BTreeMap::new();
    for (name, text) in policies {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let good = !name.is_empty() && name.bytes().all(fits);
        let good = good && name != SCHEMA_NAME && name != CREDIT_NAME;
        if !good || parts.insert(name.as_str(), text.as_str()).is_some() {
            faults.push(PolicyFault::Name(name.clone()));
        }
    }
    let mut canonical = String::new();
    let first = [(SCHEMA_NAME, schema), (CREDIT_NAME, credit)];
    for (name, text) in first.into_iter().chain(parts) {
        let _ = writeln!(canonical, "{name} {}\n{text}", text.len());
    }
    if canonical.len() > POLICY_TEXT_BYTES_MAX {
        faults.push(PolicyFault::TooLong {
            bytes: canonical.len(),
        });
    }
    canonical
}

/// Rules under their own ids, and what their annotations say.
#[derive(Default)]
struct Loaded {
    policies: cedar_policy::PolicySet,
    notes: BTreeMap<String, Notes>,
}

fn load(files: &[(String, String)], faults: &mut Vec<PolicyFault>) -> Loaded {
    let mut loaded = Loaded::default();
    for (file, text) in files {
        let set = match text.parse::<cedar_policy::PolicySet>() {
            Ok(set) => set,
            Err(error) => {
                faults.extend(error.iter().map(|error| PolicyFault::Syntax {
                    file: file.clone(),
                    line: line_of(text, error),
                    message: chain(error),
                }));
                continue;
            }
        };
        if set.num_of_templates() > 0 {
            faults.push(PolicyFault::Template { file: file.clone() });
        }
        for policy in set.policies() {
            if let Err(fault) = loaded.add(file, policy, faults) {
                faults.push(fault);
            }
        }
    }
    loaded
}

impl Loaded {
    fn add(
        &mut self,
        file: &str,
        policy: &cedar_policy::Policy,
        faults: &mut Vec<PolicyFault>,
    ) -> Result<(), PolicyFault> {
        let file = file.to_owned();
        let id = match policy.annotation("id") {
            Some(id) if printable(id, POLICY_ID_CHARACTERS_MAX) => id.to_owned(),
            Some(_) | None => return Err(PolicyFault::NoId { file }),
        };
        let notes = read_notes(&id, policy, faults);
        let policy = policy.new_id(PolicyId::new(&id));
        if self.policies.add(policy).is_err() {
            return Err(PolicyFault::SameId { file, id });
        }
        self.notes.insert(id, notes);
        Ok(())
    }
}

/// 1 to `max` characters that an LO value may hold.
fn printable(text: &str, max: usize) -> bool {
    let fits = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b'\\';
    !text.is_empty() && text.len() <= max && text.bytes().all(fits)
}

fn read_notes(id: &str, policy: &cedar_policy::Policy, faults: &mut Vec<PolicyFault>) -> Notes {
    let mut notes = Notes::default();
    for (key, value) in policy.annotations() {
        match (key, policy.effect()) {
            ("id", _) => {}
            ("description", _) => notes.description = Some(value.to_owned()),
            ("obligation", Effect::Permit) => {
                for word in value.split_ascii_whitespace() {
                    match word.parse() {
                        Ok(obligation) => {
                            notes.obligations.insert(obligation);
                        }
                        Err(_) => faults.push(PolicyFault::Obligation {
                            id: id.to_owned(),
                            word: word.to_owned(),
                        }),
                    }
                }
            }
            // A score has at most four digits, the placeholder seven characters.
            ("reason", Effect::Forbid) if printable(value, SHORT_REASON_CHARACTERS_MAX) => {
                notes.reason = Some(value.to_owned());
            }
            ("reason", Effect::Forbid) => {
                faults.push(PolicyFault::Reason { id: id.to_owned() });
            }
            (key, Effect::Permit | Effect::Forbid) => faults.push(PolicyFault::Annotation {
                id: id.to_owned(),
                key: key.to_owned(),
            }),
        }
    }
    notes
}

#[cfg(test)]
mod tests;
