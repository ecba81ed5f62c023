//! Reads FHIR elements property by property, and keeps every fault instead of stopping at the
//! first.

use serde_json::Map;
use serde_json::Value;

use crate::fhir::fault::Fault;

/// Faults that are told of one text; further ones would be of no help.
pub const FAULTS_MAX: usize = 100;
/// Characters in the longest text that is read; FHIR's own limit for an id is 64, for the rest
/// there is none.
const TEXT_CHARACTERS_MAX: usize = 1_024;
/// Characters of a property's name that are told.
const NAME_CHARACTERS_TOLD: usize = 40;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) faults: Vec<Fault>,
}

impl Reading {
    /// Notes a fault.
    pub(super) fn fault(
        &mut self,
        path: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault {
                path: path.into(),
                problem: problem.into(),
                remedy: remedy.into(),
            });
        }
    }
}

/// A JSON object at a path.
#[derive(Clone, Debug)]
pub(super) struct Element<'v> {
    pub(super) path: String,
    object: &'v Map<String, Value>,
}

impl<'v> Element<'v> {
    /// The object `value`; any other value is a fault.
    pub(super) fn of(path: String, value: &'v Value, reading: &mut Reading) -> Option<Self> {
        match value.as_object() {
            Some(object) => Some(Self { path, object }),
            None => {
                reading.fault(path, "is no JSON object", "give a FHIR R4 element");
                None
            }
        }
    }

    /// Path of a property.
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// Holds the element to `known` properties; `id` and `extension` may always be there: an
    /// extension does not change what an element means (FHIR R4 §2.4), a modifier extension does.
    pub(super) fn only(&self, known: &[&str], reading: &mut Reading) {
        for key in self.object.keys().map(String::as_str) {
            match key {
                "id" | "extension" => {}
                "modifierExtension" | "implicitRules" => reading.fault(
                    self.at(key),
                    "changes what the resource means in a way that is not known here",
                    "record what it says with `credence consent grant` or `deny`",
                ),
                _ if known.contains(&key) => {}
                _ if key.starts_with('_') => reading.fault(
                    self.at(&shortened(key)),
                    "stands beside a value or for a missing one, and is not read",
                    "give the value itself, without extensions of it",
                ),
                _ => reading.fault(
                    self.at(&shortened(key)),
                    "is no element of FHIR R4 in this place",
                    "export the Consent as FHIR R4 (not STU3 or R5)",
                ),
            }
        }
    }

    /// A property that is refused when it is there.
    pub(super) fn refuse(&self, key: &str, problem: &str, remedy: &str, reading: &mut Reading) {
        if self.has(key) {
            reading.fault(self.at(key), problem, remedy);
        }
    }

    /// A string, if there is one.
    pub(super) fn text(&self, key: &str, reading: &mut Reading) -> Option<&'v str> {
        let value = self.object.get(key)?;
        let text = value
            .as_str()
            .filter(|text| !text.trim().is_empty())
            .filter(|text| text.chars().count() <= TEXT_CHARACTERS_MAX);
        if text.is_none() {
            reading.fault(
                self.at(key),
                format!("is no text of 1 to {TEXT_CHARACTERS_MAX} characters"),
                "give one",
            );
        }
        text
    }

    /// `true` or `false`, if there is one.
    pub(super) fn flag(&self, key: &str, reading: &mut Reading) -> Option<bool> {
        let value = self.object.get(key)?;
        if value.as_bool().is_none() {
            reading.fault(self.at(key), "is neither true nor false", "give one");
        }
        value.as_bool()
    }

    /// A property that is an object, if there is one.
    pub(super) fn child(&self, key: &str, reading: &mut Reading) -> Option<Self> {
        let value = self.object.get(key)?;
        Self::of(self.at(key), value, reading)
    }

    /// The objects of a list; none where there is no list. An empty list is a fault, as in FHIR:
    /// it must not read as "no restriction".
    pub(super) fn children(&self, key: &str, reading: &mut Reading) -> Vec<Self> {
        let Some(value) = self.object.get(key) else {
            return Vec::new();
        };
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            reading.fault(self.at(key), "is no list, or an empty one", "give a list");
        }
        let element =
            |(number, item)| Self::of(format!("{}[{number}]", self.at(key)), item, reading);
        items.iter().enumerate().filter_map(element).collect()
    }
}

fn shortened(key: &str) -> String {
    key.chars().take(NAME_CHARACTERS_TOLD).collect()
}
